show ruleset

lst ruleset

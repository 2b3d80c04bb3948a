# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Reads `list ruleset`: the rules by their handles, and their counters."""

import re
from dataclasses import dataclass

TABLE = re.compile(r"table (\S+) (\S+) \{")
BLOCK = re.compile(r"\t(\w+) (\S+) \{")
RULE_END = re.compile(r" # handle (\d+)$")
COUNTS = re.compile(r"counter packets (\d+) bytes (\d+)")
CHAIN_PROPERTIES = ("\t\ttype ", "\t\tcomment ", "\t\tflags ")
COMMENT = re.compile(r' comment "[^"]*"')


@dataclass
class Rule:
    """A rule as it is listed."""

    family: str
    table: str
    chain: str
    handle: int
    line: str

    def text(self):
        """The rule without what changes by itself and without its comment."""
        return COMMENT.sub("", COUNTS.sub("counter", self.line)).strip()

    def counts(self):
        """Packets and bytes of its counter, or None."""
        found = COUNTS.search(self.line)
        return (int(found[1]), int(found[2])) if found else None


def read_rules(listing):
    """All rules of a listing with handles (`list -a`), in order.

    A rule may go over several lines; it ends where its handle stands.
    """
    rules, family, table, chain, pending = [], None, None, None, ""
    for line in listing.splitlines():
        if found := TABLE.match(line):
            family, table = found.groups()
        elif found := BLOCK.match(line):
            chain = found[2] if found[1] == "chain" else None
        elif line.startswith("\t}"):
            chain = None
        elif chain and not pending and line.startswith(CHAIN_PROPERTIES):
            continue
        elif chain:
            pending += " " + line.strip()
            if found := RULE_END.search(pending):
                text = pending[: found.start()].strip()
                rules.append(Rule(family, table, chain, int(found[1]), text))
                pending = ""
    return rules

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Loads the same rules with gate and with Debian's nft, each in a namespace of its own, and
compares what the kernel then holds (byte code and listing as nft prints them) and what gate lists.
"""
import dataclasses
import re

CHAINS = {
    "ip": "type filter hook prerouting priority 0;",
    "ip6": "type filter hook prerouting priority 0;",
    "inet": "type filter hook prerouting priority 0;",
    "arp": "type filter hook input priority 0;",
    "bridge": "type filter hook prerouting priority 0;",
    "netdev": "type filter hook ingress device lo priority 0;",
}

PRELUDE = """table {family} t {{
	set s4 {{ type ipv4_addr; }}
	set d4 {{ type ipv4_addr; flags dynamic,timeout; }}
	set i4 {{ type ipv4_addr; flags interval; }}
	set p {{ type inet_service; }}
	map m4 {{ type ipv4_addr : mark; }}
	map vm {{ type ipv4_addr . inet_service : verdict; }}
	counter cnt {{ }}
	quota q {{ over 10 mbytes }}
	limit lim {{ rate 10/second }}
	chain d {{ }}
	chain c {{ {chain} }}
}}
"""


@dataclasses.dataclass
class Result:
    """What one tool made of one rule: None when it was refused."""
    bytecode: str | None
    listing: str | None
    message: str = ""


def prelude(family, chain=None):
    return PRELUDE.format(family=family, chain=chain or CHAINS[family])


def _load(ns, tool, family, chain, rules):
    text = "flush ruleset\n" + prelude(family, chain)
    text += "".join(f"add rule {family} t c {rule}\n" for rule in rules)
    return ns.run([tool, "-f", "-"], input=text)


def bytecode_by_rule(ns):
    """`nft --debug=netlink list ruleset`, one text a rule of chain c: elements sorted, handles
    out, the sets that the rules name before them."""
    text = ns.run(["nft", "--debug=netlink", "list", "ruleset"], check=True,
                  errors="replace").stdout  # nft prints bytes that are no text of some keys
    sets, rules, name = {}, [], None
    for line in text.splitlines():
        if re.match(r"(\w+) t (@?__)", line):
            name = line.split()[2].lstrip("@")
            sets[name] = []
        elif line.startswith("\telement") and name:
            sets[name].append(re.sub(r"\s+", " ", line))
        elif re.match(r"\w+ t c \d+", line):
            name = None
            rules.append([])
        elif line.startswith("  ") and rules and name is None:
            rules[-1].append(line.strip())
        elif line.startswith("table "):
            break
    return ["\n".join(_with_sets(rule, sets)) for rule in rules]


def _with_sets(lines, sets):
    out = []
    for line in lines:
        for name in re.findall(r"__(?:set|map|objmap)\d+", line):
            out += sorted(sets.get(name, []))
        out.append(re.sub(r"__(set|map|objmap)\d+", r"__\1", line))
    return out


def listing_by_rule(ns, tool="nft"):
    text = ns.run([tool, "-s", "list", "chain", *_only_table(ns), "c"], check=True,
                  errors="replace").stdout
    lines = text.split("\n\tchain c {\n")[-1].split("\n")
    lines = text[text.index("\tchain c {"):].split("\n")[2:]
    rules, current = [], None
    for line in lines:
        if line.startswith("\t}"):
            break
        if line.startswith("\t\t") and not line.startswith("\t\t\t"):
            rules.append(line.strip())
        elif rules:
            rules[-1] += "\n" + line
    return rules


def _only_table(ns):
    table = ns.run(["nft", "list", "tables"], check=True).stdout.split()
    return table[1:3]


class Comparer:
    """Two namespaces, kept over many rules."""

    def __init__(self, gate, ours, theirs):
        self.gate, self.ours, self.theirs = str(gate), ours, theirs

    def compare(self, family, rules, chain=None):
        """Yields (rule, kind, ours, theirs) for each rule that differs; kind is accept,
        bytecode, listing (nft lists what gate loaded) or own (gate lists it)."""
        if len(rules) > 1 and self._same(family, rules, chain):
            return
        if len(rules) > 1:
            half = len(rules) // 2
            yield from self.compare(family, rules[:half], chain)
            yield from self.compare(family, rules[half:], chain)
            return
        yield from self._single(family, rules[0], chain)

    def _same(self, family, rules, chain):
        a = _load(self.ours, self.gate, family, chain, rules)
        b = _load(self.theirs, "nft", family, chain, rules)
        if a.returncode or b.returncode:
            return False
        return (bytecode_by_rule(self.ours) == bytecode_by_rule(self.theirs)
                and listing_by_rule(self.ours) == listing_by_rule(self.theirs)
                == listing_by_rule(self.ours, self.gate))

    def _single(self, family, rule, chain):
        a = _load(self.ours, self.gate, family, chain, [rule])
        b = _load(self.theirs, "nft", family, chain, [rule])
        if bool(a.returncode) != bool(b.returncode):
            yield rule, "accept", a.stderr or "accepted", b.stderr or "accepted"
            return
        if a.returncode:
            return
        pairs = [("bytecode", bytecode_by_rule(self.ours), bytecode_by_rule(self.theirs)),
                 ("listing", listing_by_rule(self.ours), listing_by_rule(self.theirs)),
                 ("own", listing_by_rule(self.ours, self.gate), listing_by_rule(self.theirs))]
        for kind, x, y in pairs:
            if x != y:
                yield rule, kind, "\n".join(x), "\n".join(y)

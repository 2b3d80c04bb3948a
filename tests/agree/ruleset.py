# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random rulesets that load: tables, sets, maps, chains that jump to each other, rules of
matches, statements and verdicts. A rule is a line, so that a case can be cut down line by line."""
import random
import re

from agree import announced

SETS = """
	set addrs { type ipv4_addr; flags interval; elements = { 198.51.100.0/24, 10.9.0.5 } }
	set addrs6 { type ipv6_addr; elements = { fd00:5::7, fd09::5 } }
	set ports { type inet_service; elements = { 22, 53 } }
	set conc { type ipv4_addr . inet_service; elements = { 198.51.100.7 . 22, 203.0.113.5 . 53, 192.168.1.12 . 99 } }
	set ranges { type ipv4_addr . inet_service; flags interval; elements = { 198.51.100.0-198.51.100.9 . 1-40, 203.0.113.5 . 50-1000, 10.9.0.0/24 . 22 } }
	set dyn { type ipv4_addr; size 3; flags dynamic; }
	set dynports { type inet_service; size 2; flags dynamic, timeout; timeout 1h; }
	map marks { type ipv4_addr : mark; elements = { 198.51.100.7 : 1, 192.168.1.12 : 2, 10.9.0.5 : 3 } }
	map portmarks { type inet_service : mark; flags interval; elements = { 0-30 : 5, 50-60 : 6 } }
"""

MATCHES = (
    "ip saddr 198.51.100.7", "ip saddr != 198.51.100.7", "ip daddr 192.168.1.12", "ip daddr 10.9.0.0/24",
    "ip saddr @addrs", "ip daddr != @addrs", "ip saddr { 198.51.100.7, 203.0.113.5 }",
    "ip saddr 198.51.100.0-198.51.100.9", "ip protocol tcp", "ip ttl 64", "ip ttl < 64",
    "ip length > 60", "ip dscp cs0", "ip frag-off & 0x1fff == 0", "ip version 4",
    "ip6 saddr fd00:5::7", "ip6 daddr fd00::/16", "ip6 saddr @addrs6", "ip6 hoplimit 64",
    "ip6 nexthdr tcp", "ip6 length > 30",
    "tcp dport 22", "tcp dport != 22", "tcp dport { 22, 99 }", "tcp sport 1000-1001", "tcp dport @ports",
    "tcp flags syn", "tcp flags & (fin | syn | rst | ack) == syn", "tcp flags ! syn", "tcp flags { ack, syn | ack }",
    "tcp window > 1000", "tcp sequence 1000", "tcp doff 5", "tcp option maxseg missing",
    "udp dport 53", "udp dport != 53", "udp sport { 1000, 53 }", "udp length > 20", "udp dport 50-60",
    "icmp type echo-request", "icmp type { echo-reply, destination-unreachable }", "icmp code 3", "icmp id 1",
    "icmpv6 type echo-request", "icmpv6 type { nd-neighbor-advert, echo-reply }",
    "meta l4proto { tcp, udp } th dport 22-53", "meta l4proto tcp", "meta l4proto != udp",
    "meta nfproto ipv4", "meta nfproto ipv6", "meta length > 60", "meta length 40-44",
    "meta protocol ip", "meta mark 0", "meta mark 1", "meta mark & 3 == 1", "meta mark > 1",
    'iifname "eth0"', 'oifname "eth0"', "iif eth1", "iif lo", "oif lo", 'iifname "eth*"', "meta pkttype host",
    "meta iiftype ether", "meta iif eth0",
    "ct state new", "ct state established", "ct state { new, related }", "ct state != invalid",
    "ct state established,related", "ct state invalid", "ct status seen-reply", "ct status assured",
    "ct status confirmed", "ct status & (snat | dnat) != 0", "ct direction reply", "ct direction original",
    "ct mark 0", "ct mark 1", "ct mark & 1 == 1", "ct protocol tcp", "ct original proto-dst 22",
    "ct reply proto-src 22", "ct original ip saddr 198.51.100.7", "ct l3proto ipv4",
    "ct status confirmed ct expiration > 60s", "ct status confirmed ct expiration < 40s", "ct zone 0",
    "fib daddr type local", "fib saddr type unicast", "fib daddr type { local, unicast }",
    "ip saddr . tcp dport @conc", "ip daddr . tcp dport @conc", "ip saddr . udp dport @ranges",
    "ip saddr . tcp dport @ranges", "ip saddr . ip daddr { 198.51.100.7 . 192.168.1.12, 10.9.0.5 . 198.51.100.7 }",
    "numgen inc mod 3 0", "numgen inc mod 2 1", "jhash ip saddr . ip daddr mod 4 seed 0x17 < 2",
    "jhash ip6 saddr mod 3 seed 0x5 1", "exthdr frag exists", "rt ip nexthop 192.168.1.1",
    "@th,0,16 1000", "@nh,8,8 64", "@ll,0,8 2",
)
STATEMENTS = (
    "counter", "counter", "counter", "meta mark set 1", "meta mark set 2", "meta mark set meta mark | 0x4",
    "ct mark set 1", "ct mark set meta mark", "meta mark set ct mark", "meta mark set ip saddr map @marks",
    "meta mark set tcp dport map @portmarks", "add @dyn { ip saddr }", "update @dyn { ip daddr }",
    "add @dynports { tcp dport }", "add @dyn { ip saddr limit rate 1/hour burst 2 packets }",
    "limit rate 3/hour burst 2 packets", "limit rate over 2/day burst 3 packets", "limit rate 1/hour",
    "quota 300 bytes", "quota over 200 bytes", "limit rate over 100 bytes/hour burst 200 bytes",
    "ip dscp set cs1", "ip ttl set 33", "ip6 hoplimit set 33", "meta priority set 1:2",
    "tcp option maxseg size set 1000", "delete @dyn { ip saddr }",
)
# Of frames, for the families that see them.
FRAME_MATCHES = (
    "ether saddr 02:00:00:00:04:10", "ether daddr 02:00:00:00:04:11", "ether daddr != ff:ff:ff:ff:ff:ff",
    "ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00", "ether daddr 02:00:00:00:06:01",
    "ether saddr { 02:00:00:00:04:11, 02:00:00:00:00:fe }", "ether type ip", "ether type arp", "ether type != ip6",
    "meta pkttype host", "meta pkttype other", "meta pkttype { broadcast, multicast }", "meta protocol arp",
    "arp operation request", "arp saddr ip 192.168.5.10", "arp daddr ip 192.168.5.0/24", "arp saddr ether 02:00:00:00:04:10",
    'iifname "p0"', 'oifname "p1"', 'iifname "br0"', 'oifname "br0"', "iif p1", "oif p0", "iif 0", "oif 0", 'iifname "p*"',
    "meta iifgroup 0", "meta iiftype ether", "ip saddr 192.168.5.0/24", "ip daddr 192.168.5.11", "ip6 saddr fd05::/64",
    "ether saddr . ip saddr { 02:00:00:00:04:10 . 192.168.5.10 }", 'iifname . oifname { "p0" . "p1", "p1" . "p0" }',
    "@ll,0,48 0x020000000411", "@ll,96,16 0x0806",
)
ARP_MATCHES = ("arp operation request", "arp operation reply", "arp saddr ip 192.168.5.10", "arp htype 1", "arp plen 4",
               "arp daddr ip { 192.168.5.11, 192.168.5.12 }", "arp daddr ether 00:00:00:00:00:00", 'iifname "br0"', "iif eth0",
               "ether saddr 02:00:00:00:04:10", "meta pkttype broadcast", "meta length 28", "meta mark 1", "@nh,48,16 1")
# What each family of frames does not take of the other phrases.
FOREIGN = {"bridge": ("ct ", "fib ", "rt ", "nfproto", "maxseg size set"),
           "netdev": ("ct ", "fib ", "rt ", "nfproto", "maxseg size set"),
           "arp": ("",)}
FRAME_HOOKS = {
    "bridge": [(hook, "", priority) for hook in ("prerouting", "input", "forward", "output", "postrouting")
               for priority in (-300, -10, 0, 10, 300)],
    "netdev": [(hook, f"device {device} ", priority) for hook in ("ingress", "egress")
               for device in ("eth0", "eth1", "p0", "p1", "br0", "lo") for priority in (-10, 0, 10)],
    "arp": [(hook, "", priority) for hook in ("input", "output") for priority in (-10, 0)],
}
FRAME_FAMILIES = (("bridge", 0.6), ("netdev", 0.5), ("arp", 0.3))
VERDICTS = ("accept", "drop", "return", "continue", "accept")
VMAPS = (
    "tcp dport vmap { 22 : VERDICT, 53 : VERDICT }", "ct state vmap { new : VERDICT, established : VERDICT, invalid : VERDICT }",
    "meta l4proto vmap { tcp : VERDICT, udp : VERDICT, icmp : VERDICT }", "ip saddr vmap { 198.51.100.0/24 : VERDICT, 10.9.0.5 : VERDICT }",
    "udp dport vmap { 0-52 : VERDICT, 53 : VERDICT }",
)
RAW_ONLY = ("notrack",)
REJECTS = ("reject", "reject with tcp reset", "reject with icmpx admin-prohibited", "reject with icmpx no-route",
           "reject with icmpx host-unreachable")
HOOKS = (("raw_in", "prerouting", -300), ("pre", "prerouting", -150), ("pre2", "prerouting", -50),
         ("in1", "input", 0), ("in2", "input", 0), ("fwd1", "forward", 0), ("fwd2", "forward", 10),
         ("raw_out", "output", -300), ("out1", "output", 0), ("post1", "postrouting", 0),
         ("post2", "postrouting", 150))
HOOK_OF = {name: hook for name, hook, _ in HOOKS}
FIB_HOOKS = ("prerouting", "input", "forward", "ingress")
NAT = {
    "prerouting": ("tcp dport 22 redirect to :2222", "udp dport 53 dnat ip to 192.168.1.12:5353",
                   "tcp dport 99 dnat ip to 10.9.0.5:80", "udp dport 99 dnat ip to 10.9.0.6",
                   "tcp dport 53 dnat ip6 to [fd09::5]:54"),
    "output": ("tcp dport 22 dnat ip to 203.0.113.5:2022", "udp dport 53 redirect to :5454",
               "tcp dport 99 dnat ip to 10.9.0.5"),
    "input": ("tcp dport 2222 snat ip to 192.168.1.77", "counter"),
    "postrouting": ('oifname "eth0" ip saddr 10.9.0.0/24 masquerade', "udp dport 53 snat ip to 192.168.1.12:7000",
                    "tcp sport 1000 snat ip to 192.168.1.99", "ip6 saddr fd09::/64 masquerade", "counter"),
}
SYSCTLS = (("nf_conntrack_tcp_loose", 0), ("nf_conntrack_tcp_be_liberal", 1),
           ("nf_conntrack_tcp_ignore_invalid_rst", 1), ("nf_conntrack_acct", 1),
           ("nf_conntrack_checksum", 0), ("bridge-nf-call-iptables", 0), ("bridge-nf-call-ip6tables", 0),
           ("bridge-nf-filter-vlan-tagged", 1))
BRIDGES_CALL = ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables")
# Which header a phrase wants; two of one layer are never in one rule.
LAYERS = (
    (("arp", r"\barp |ether type arp|protocol arp"), ("ip", r"\bip [a-z]|nfproto ipv4|meta protocol ip\b|ether type ip\b|\bicmp [a-z]|rt ip nexthop|l3proto ipv4"),
     ("ip6", r"\bip6 |nfproto ipv6|\bicmpv6 |exthdr")),
    (("arp", r"\barp |ether type arp|protocol arp"), ("tcp", r"\btcp (?!reset)[a-z]|l4proto tcp|protocol tcp|reject with tcp|@th,0,16|nexthdr tcp"),
     ("udp", r"\budp [a-z]|l4proto != udp"), ("icmp", r"\bicmp [a-z]"), ("icmpv6", r"\bicmpv6 [a-z]"),
     ("sctp", r"\bsctp |protocol sctp"), ("gre", r"l4proto gre"),
     ("th", r"\bth dport|l4proto \{")),
)
# What every ruleset has, so that each packet's connection shows in full.
WITNESS = """
	chain witness_in { type filter hook input priority 200; policy accept;
		ct state invalid counter
		ct status assured counter
		ct status confirmed ct expiration > 200s counter
		ct status confirmed ct expiration > 90s counter
		ct status confirmed ct expiration > 40s counter
		ct status confirmed ct expiration > 20s counter
		ct status confirmed ct expiration > 5s counter
	}
"""


def with_sets(chains):
    """The chains behind the sets and maps that they name."""
    sets = [line for line in SETS.splitlines()
            if line and re.search(rf"@{line.split()[1]}\b", chains)]
    return "\n".join([*sets, chains])


class Ruleset:
    """One ruleset; `text` is it, `sysctls` what belongs to it. `phrases`: those of phrases.py, or
    None. `at_bridge`: the kernel tracks connections at a bridge, and a table of bridge asks for
    them."""

    def __init__(self, seed, phrases=None, at_bridge=False):
        self.random = random.Random(f"ruleset {seed}")
        self.phrases = phrases
        self.family = self.random.choice(("inet", "inet", "inet", "ip"))
        self.regular = [f"r{n}" for n in range(self.random.randrange(4))]
        self.sysctls = [row for row in SYSCTLS if self.random.random() < 0.06]
        self.frames = [family for family, often in FRAME_FAMILIES if self.random.random() < often]
        self.foreign = FOREIGN
        if at_bridge:
            self.foreign = {**FOREIGN, "bridge": FOREIGN["bridge"][1:]}
            self.frames = list({"bridge": True, **dict.fromkeys(self.frames)})
            self.sysctls = list({*self.sysctls, *((name, 0) for name in BRIDGES_CALL
                                                  if self.random.random() < 0.5)})
        self.announces = self.random.random() < 0.5
        self.text = self.write()

    def fits(self, words):
        """Whether the family's table takes it."""
        if self.family == "inet":
            return True
        return not any(word in words for word in
                       ("ip6", "icmpv6", "nfproto", "@addrs6", "icmpx", "ct original ip ",
                        "dnat ip ", "snat ip ", "exthdr"))

    def pick(self, pool):
        while True:
            words = self.random.choice(pool)
            if self.fits(words):
                return words

    def join(self, parts):
        """The phrases that go together, in order."""
        found, kept = [None] * len(LAYERS), []
        for words in parts:
            wants = [next((name for name, pattern in layer
                           if re.search(pattern, words)), None)
                     for layer in LAYERS]
            if all(not want or not have or want == have for want, have in zip(wants, found)):
                found = [want or have for want, have in zip(wants, found)]
                kept.append(words)
        return " ".join(kept)

    def verdict(self, below):
        """`below`: the regular chains that may be gone to without a circle."""
        if below and self.random.random() < 0.35:
            return f"{self.random.choice(('jump', 'jump', 'goto'))} {self.random.choice(below)}"
        return self.random.choice(VERDICTS)

    def phrase_rule(self, family, hook, verdicts):
        """A match out of the schema's tables."""
        parts = [self.random.choice(self.phrases[family]), "counter"]
        while "fib" in parts[0] and hook not in FIB_HOOKS:
            parts[0] = self.random.choice(self.phrases[family])
        if self.random.random() < 0.3:
            parts.append(self.random.choice(verdicts))
        return " ".join(parts)

    def rule(self, hook, below):
        draw = self.random.random
        if self.phrases and draw() < 0.25:
            return self.phrase_rule(self.family, HOOK_OF.get(hook), (*VERDICTS, "meta mark set 1", "ct mark set 2"))
        if draw() < 0.12:
            words = self.pick(VMAPS)
            while "VERDICT" in words:
                words = words.replace("VERDICT", self.verdict(below), 1)
            return words
        matches = MATCHES + announced.MATCHES * self.announces
        matches += announced.ROUTES * (hook in announced.ARRIVES)
        statements = STATEMENTS + announced.STATEMENTS * self.announces
        parts = [self.pick(matches) for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3)))]
        parts += [self.pick(statements) for _ in range(self.random.choice((0, 1, 1, 2)))]
        if draw() < 0.0006:
            parts.append("ct count over 2")  # such cases are slow: see agree_driver.c
        if hook in ("raw_in", "raw_out") and draw() < 0.1:
            parts.append("notrack")
        elif self.announces and hook in ("raw_in", "raw_out") and draw() < 0.1:
            parts.append(self.pick(announced.ZONES))
        elif hook in ("pre", "pre2", "in1", "in2", "fwd1", "out1") and draw() < 0.06:
            parts.append(self.pick(REJECTS))
        elif parts and draw() < 0.35:
            parts.append(self.verdict(below))
        return self.join(parts) or "counter"

    def chain(self, name, head, below, count):
        lines = [f"\tchain {name} {{"]
        if head:
            lines.append(f"\t\t{head}")
        lines += [f"\t\t{self.rule(name, below)}" for _ in range(count)]
        return "\n".join([*lines, "\t}"])

    def nat_chains(self):
        order = list(NAT)
        self.random.shuffle(order)
        for hook in order:
            if self.random.random() < 0.4:
                continue
            priority = self.random.choice((-100, 100, 0, 50))
            lines = [f"\tchain nat_{hook} {{", f"\t\ttype nat hook {hook} priority {priority}; policy accept;"]
            rules = [words for words in NAT[hook] if self.random.random() < 0.5]
            if self.family == "ip":
                rules = [words.replace("dnat ip to", "dnat to").replace("snat ip to", "snat to")
                         for words in rules if "ip6" not in words]
            lines += [f"\t\t{words}" for words in rules]
            yield "\n".join([*lines, "\t}"])

    def frame_rule(self, family, hook):
        if self.phrases and self.random.random() < 0.35:
            return self.phrase_rule(family, hook, (*VERDICTS, "meta mark set 1"))
        pool = ARP_MATCHES if family == "arp" else FRAME_MATCHES
        parts = [self.random.choice(pool) for _ in range(self.random.choice((0, 1, 1, 2)))]
        for others in (MATCHES, STATEMENTS):
            words = self.random.choice(others)
            if self.random.random() < 0.5 and not any(foreign in words for foreign in self.foreign[family]):
                parts.append(words)
        parts.append("counter")
        if self.random.random() < 0.15:
            parts.append(self.random.choice(VERDICTS))
        elif family == "netdev" and hook == "ingress" and self.random.random() < 0.06 and "arp" not in " ".join(parts):
            parts.append(self.random.choice(REJECTS[1:]))
        return self.join(parts)

    def frame_table(self, family):
        """A table of bridge, netdev or arp."""
        lines = []
        hooks = self.random.sample(FRAME_HOOKS[family], min(6, len(FRAME_HOOKS[family])))
        for number, (hook, device, priority) in enumerate(hooks):
            policy = "drop" if self.random.random() < 0.04 else "accept"
            lines.append(f"\tchain c{number} {{")
            lines.append(f"\t\ttype filter hook {hook} {device}priority {priority}; policy {policy};")
            lines += [f"\t\t{self.frame_rule(family, hook)}" for _ in range(self.random.randrange(1, 6))]
            lines.append("\t}")
        return f"table {family} f {{\n" + with_sets("\n".join(lines)) + "\n}\n"

    def write(self):
        chains = []
        for at, name in enumerate(self.regular):
            chains.append(self.chain(name, "", self.regular[:at], self.random.randrange(1, 5)))
        hooks = [row for row in HOOKS if self.random.random() < 0.55]
        self.random.shuffle(hooks)
        for name, hook, priority in hooks:
            policy = "drop" if self.random.random() < 0.08 else "accept"
            head = f"type filter hook {hook} priority {priority}; policy {policy};"
            chains.append(self.chain(name, head, self.regular, self.random.randrange(1, 7)))
        if self.random.random() < 0.4:
            chains += self.nat_chains()
        objects = announced.OBJECTS if self.announces else ""
        text = f"table {self.family} t {{{objects}\n" + with_sets("\n".join(chains)) + WITNESS + "}\n"
        return text + "".join(self.frame_table(family) for family in self.frames)

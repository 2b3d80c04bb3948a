# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random statements that suit a family and a chain (and now and then do not)."""

from .vocabulary import BITMASKS

OBJECTS = """add counter {family} t cnt
add quota {family} t quo {{ over 10 mbytes }}
add limit {family} t lim {{ rate 10/second }}
add set {family} t dyn4 {{ type ipv4_addr; flags dynamic,timeout; timeout 1h; }}
add set {family} t dyn6 {{ type ipv6_addr; flags dynamic,timeout; timeout 1h; }}
add set {family} t dynp {{ type inet_service . inet_proto; flags dynamic; }}
add map {family} t dynm {{ type ipv4_addr : mark; flags dynamic,timeout; timeout 1h; }}
add map {family} t objs {{ type inet_service : counter; elements = {{ 22 : "cnt" }}; }}
add chain {family} t d
"""
ROUTED_OBJECTS = """add synproxy {family} t syn {{ mss 1460; wscale 7; }}
add ct helper {family} t hlp {{ type "ftp" protocol tcp; }}
"""
ROUTED = ("ip", "ip6", "inet")


def objects(family):
    """What the statements refer to by name."""
    text = OBJECTS + (ROUTED_OBJECTS if family in ROUTED else "")
    return text.format(family=family)


class Statements:
    """Draws statements for one generator. `ended` is set when the last one ends a rule."""

    def __init__(self, generator):
        self.generator, self.rng, self.values = generator, generator.rng, generator.values
        self.ended = False
        self.family = generator.family
        self.routed = self.family in ROUTED

    def some(self, count):
        self.ended = False
        words = []
        for _ in range(count):
            if not self.ended:
                words.append(self.rng.choice(self._choices())())
        return words

    def _choices(self):
        choices = [self.counter, self.counter, self.limit, self.limit, self.quota, self.log,
                   self.log, self.meta_set, self.meta_set, self.payload_set, self.payload_set,
                   self.update, self.update, self.named, self.ct_count, self.queue]
        if self.routed:
            choices += [self.ct_set, self.ct_set, self.notrack, self.dup, self.option_set,
                        self.reject, self.reject, self.helper, self.tproxy, self.synproxy]
        if self.family in ("bridge", "netdev"):
            choices += [self.reject]
        if self.family == "netdev":
            choices += [self.fwd, self.fwd, self.dup]
        if self.generator.type == "nat":
            choices += [self.nat] * 12
        return choices

    def _maybe(self, text, chance=0.4):
        return text if self.rng.random() < chance else ""

    def _join(self, *words):
        return " ".join(word for word in words if word)

    def _number(self):
        return self.rng.choice([1, 2, 5, 10, 100, 1000, 1024, 4294967295,
                                self.rng.randrange(1, 100000)])

    # ---- state ----

    def counter(self):
        return "counter" + self._maybe(f" packets {self._number()} bytes {self._number()}", 0.2)

    def limit(self):
        over = self.rng.choice(["", "", "over ", "until "])
        per = self.rng.choice(["second", "minute", "hour", "day", "week"])
        if self.rng.random() < 0.3:
            unit = self.rng.choice(["bytes", "kbytes", "mbytes"])
            count = self.rng.randrange(1, 2000)
            return f"limit rate {over}{count} {unit}/{per}" + \
                self._maybe(f" burst {self.rng.randrange(1, 99)} {self.rng.choice(['bytes', 'kbytes'])}")
        return f"limit rate {over}{self.rng.randrange(1, 5000)}/{per}" + \
            self._maybe(f" burst {self.rng.randrange(0, 200)} packets")

    def quota(self):
        unit = self.rng.choice(["bytes", "kbytes", "mbytes"])
        return f"quota {self.rng.choice(['', 'over ', 'until '])}{self._number() % 100000 + 1} {unit}" + \
            self._maybe(f" used {self.rng.randrange(1, 1000)} bytes", 0.2)

    def ct_count(self):
        return f"ct count {self.rng.choice(['', 'over '])}{self.rng.randrange(1, 100)}"

    def named(self):
        return self.rng.choice(['counter name "cnt"', 'quota name "quo"', 'limit name "lim"',
                                "counter name tcp dport map @objs",
                                'counter name tcp dport map { 22 : "cnt", 80 : "cnt" }'])

    def log(self):
        if self.rng.random() < 0.3:
            return self._join("log", self._maybe('prefix "grp: "'), f"group {self.rng.randrange(9)}",
                              self._maybe(f"snaplen {self.rng.randrange(1, 2000)}"),
                              self._maybe(f"queue-threshold {self.rng.randrange(1, 99)}"))
        level = self.rng.choice(["emerg", "alert", "crit", "err", "warn", "notice", "info",
                                 "debug", "audit"])
        flags = self.rng.choice(["tcp sequence", "tcp options", "tcp sequence,options",
                                 "ip options", "skuid", "ether", "all"])
        if level == "audit":
            return "log level audit"
        return self._join("log", self._maybe('prefix "dropped: "'), self._maybe(f"level {level}"),
                          self._maybe(f"flags {flags}"))

    # ---- setting ----

    def meta_set(self):
        selector = self.generator.selector(lambda s: s.kind == "meta" and s.can_set
                                           and s.words != "meta secmark")
        return f"{selector.words} set {self._new_value(selector)}"

    def ct_set(self):
        selector = self.generator.selector(lambda s: s.kind == "ct" and s.can_set
                                           and s.words != "ct secmark")
        if self.rng.random() < 0.3 and selector.type in BITMASKS:
            symbols = self.generator.vocabulary.symbols[selector.type]
            if symbols:
                return f"{selector.words} set {','.join(self.rng.sample(symbols, 2))}"
        return f"{selector.words} set {self._new_value(selector)}"

    def _new_value(self, selector):
        draw = self.rng.random()
        if selector.type == 19 and draw < 0.25:
            sign = self.rng.choice(["&", "|", "^", "and", "or", "xor", "<<", ">>"])
            operand = self.rng.randrange(1, 16) if sign in ("<<", ">>") else self.values.number(32)
            return f"{self.rng.choice(['meta', 'ct'])} mark {sign} {operand}"
        if selector.type == 19 and draw < 0.3:
            return f"meta mark & {self.values.number(32)} | {self.values.number(32)}"
        if selector.type == 19 and draw < 0.5:
            return self.rng.choice(["meta mark", "ct mark", "tcp dport", "ip dscp", "ip saddr",
                                    "numgen inc mod 8", "symhash mod 3", "ip ttl",
                                    "jhash ip saddr . ip daddr mod 4 seed 1 offset 7",
                                    "meta cpu", "meta length", "ip saddr map @dynm"])
        if draw < 0.7:
            return self.values.one(selector)
        named = self.generator.named_map(self.rng.choice(["mark", "mark", "ipv4_addr"]))
        if named and draw < 0.8:
            return named
        keys = self.generator.selector(lambda s: s.kind in ("payload", "meta", "ct")
                                       and s.bits >= 8 and "@" not in s.words)
        pairs = [f"{key} : {self.values.one(selector)}"
                 for key in self.generator.elements([keys])]
        return f"{keys.words} map {{ {', '.join(pairs)} }}"

    def payload_set(self):
        selector = self.generator.selector(lambda s: s.kind == "payload" and s.can_set)
        return f"{selector.words} set {self.values.one(selector)}"

    def option_set(self):
        if self.rng.random() < 0.4:
            return self.rng.choice(["tcp option maxseg size set rt mtu",
                                    "tcp option maxseg size set 1360",
                                    "reset tcp option sack-perm", "reset tcp option timestamp",
                                    "reset tcp option fastopen"])
        selector = self.generator.selector(lambda s: s.kind == "exthdr" and s.can_set)
        return f"{selector.words} set {self.values.one(selector)}"

    def notrack(self):
        return "notrack"

    def helper(self):
        return 'ct helper set "hlp"'

    # ---- sets ----

    def update(self):
        verb = self.rng.choice(["add", "update", "update", "delete"])
        if self.rng.random() < 0.1:
            return (f"meter m{self.rng.randrange(100000)} "
                    f"{self._maybe('size 1024 ')}{{ ip saddr {self.limit()} }}")
        if self.rng.random() < 0.15:
            key = self._maybe(f" timeout {self.values.duration()}")
            return f"{verb} @dynm {{ ip saddr{key} : {self.rng.choice(['meta mark', '0x5', 'ct mark'])} }}"
        name, key = self.rng.choice([
            ("dyn4", "ip saddr"), ("dyn4", "ip daddr"), ("dyn6", "ip6 saddr"),
            ("dynp", "tcp dport . ip protocol"), ("dynp", "th sport . meta l4proto"),
            ("dyn4", "ip saddr & 255.255.255.0"), ("dyn4", "ct original ip saddr"),
            ("dyn4", "meta mark"), ("dyn6", "ct original ip6 saddr"),
            ("dynp", "tcp dport . ip ttl"), ("dyn4", "@th,32,32")])
        if name != "dynp":
            key += self._maybe(f" timeout {self.values.duration()}", 0.3)
        if verb != "delete":
            key += self.rng.choice(["", "", f" {self.limit()}", " counter", f" {self.ct_count()}",
                                    f" {self.quota()}", f" counter {self.limit()}"])
        return f"{verb} @{name} {{ {key} }}"

    # ---- verdict-like ----

    def queue(self):
        self.ended = True
        first = self.rng.randrange(9)
        numbers = self.rng.choice([str(first), f"{first}-{first + 3}"])
        flags = self.rng.choice(["", "bypass", "fanout", "bypass,fanout"])
        return self.rng.choice([
            "queue", f"queue num {numbers} {flags}".strip(), f"queue to {numbers}",
            f"queue flags {flags} to {numbers}" if flags else "queue num 3",
            "queue to numgen inc mod 4", "queue flags bypass to symhash mod 4",
            "queue to tcp dport map { 22 : 1, 80 : 2 }"])

    def reject(self):
        self.ended = True
        symbols = self.generator.vocabulary.symbols
        return self.rng.choice([
            "reject", "reject", "reject with tcp reset",
            f"reject with icmp {self.rng.choice(symbols[32])}",
            f"reject with icmp type {self.rng.choice(symbols[32])}",
            f"reject with icmpv6 {self.rng.choice(symbols[33])}",
            f"reject with icmpx {self.rng.choice(symbols[34])}",
            f"reject with icmpx type {self.rng.randrange(4)}"])

    # ---- other places ----

    def _address(self):
        six = self.family == "ip6" or (self.family in ("inet", "netdev") and
                                       self.rng.random() < 0.5)
        return ("ip6", self.values.ipv6) if six else ("ip", self.values.ipv4)

    def dup(self):
        if self.family == "netdev":
            return "dup to lo"
        _, address = self._address()
        return f"dup to {address()}" + self._maybe(' device "lo"')

    def fwd(self):
        self.ended = True
        family, address = self._address()
        return self.rng.choice(["fwd to lo", 'fwd to "lo"',
                                f'fwd {family} to {address()} device "lo"',
                                "fwd to iifname map { lo : lo }"])

    def tproxy(self):
        family, address = self._address()
        text = f"[{address()}]" if family == "ip6" else address()
        named = f"{family} " if self.family == "inet" else self._maybe(f"{family} ")
        port = self.rng.randrange(1, 65536)
        target = self.rng.choice([f"{named}to {text}:{port}", f"to :{port}", f"{named}to {text}"])
        return f"meta l4proto {self.rng.choice(['tcp', 'udp'])} tproxy {target}"

    def synproxy(self):
        if self.rng.random() < 0.3:
            return 'synproxy name "syn"'
        return self._join("synproxy", self._maybe(f"mss {self.rng.randrange(500, 1500)}"),
                          self._maybe(f"wscale {self.rng.randrange(15)}"),
                          self._maybe("timestamp"), self._maybe("sack-perm"))

    # ---- address translation ----

    def nat(self):
        self.ended = True
        source = self.generator.hook in ("postrouting", "input")
        flags = self.rng.choice(["", "", "random", "persistent", "fully-random",
                                 "random,persistent", "fully-random,persistent"])
        if self.rng.random() < 0.3:
            return self._local(source, flags)
        family, _ = self._address()
        named = family if self.family == "inet" else ""
        verb = "snat" if source else "dnat"
        ports, target = self._target(family)
        if ports and self.rng.random() < 0.9:
            verb = f"meta l4proto {self.rng.choice(['tcp', 'udp'])} {verb}"
        if target.startswith("prefix "):
            return self._join(verb, named, "prefix to", target.removeprefix("prefix "))
        return self._join(verb, named, f"to {target}", flags)

    def _local(self, source, flags):
        verb = "masquerade" if source else "redirect"
        low = self.rng.randrange(1, 60000)
        to = self.rng.choice(["", f"to :{low}", f"to :{low}-{low + 99}"])
        if not source and self.rng.random() < 0.2:
            to = "to :tcp dport map { 80 : 8080, 443 : 8443 }"
        if to:
            verb = f"meta l4proto {self.rng.choice(['tcp', 'udp'])} {verb}"
        return self._join(verb, to, flags)

    def _target(self, family):
        """(whether it has ports, the words after `to`)"""
        six = family == "ip6"
        kind = self.generator.vocabulary
        chosen = next(s for s in kind.selectors if s.words == f"{family} saddr")
        one, low = self.values.one(chosen), self.rng.randrange(1, 60000)
        among, bracketed = self.values.range(chosen), f"[{one}]" if six else one
        pairs = [f"{self.values.one(chosen)} : {self.values.one(chosen)}" for _ in range(2)]
        ranges = [f"{self.values.one(chosen)} : {self.values.range(chosen)}" for _ in range(2)]
        both = [f"{self.rng.randrange(65536)} : {self.values.one(chosen)} . {self.rng.randrange(65536)}"
                for _ in range(2)]
        named = [self.generator.named_map(data) or "ip saddr map @dynm"
                 for data in ("ipv4_addr", "inet_service")]
        net = "2001:db8:1::/64 : 2001:db8:2::/64" if six else "10.0.0.0/24 : 10.9.0.0/24"
        return self.rng.choice([
            (False, one), (False, one), (False, among), (True, f"{bracketed}:{low}"),
            (True, f"{bracketed}:{low}-{low + 9}"),
            (True, f":{low}"), (True, f"{bracketed}:{low}"),
            (False, f"{family} saddr map {{ {', '.join(pairs)} }}"),
            (False, f"{family} daddr map {{ {', '.join(ranges)} }}"),
            (True, f"tcp dport map {{ {', '.join(both)} }}"),
            (False, f"prefix {family} saddr map {{ {net} }}"),
            (False, self.rng.choice(named)), (True, f"{bracketed} : {self.rng.choice(named)}"),
            (True, f"{bracketed} : tcp dport map {{ 22 : 2222 }}")])


# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random rules and set definitions over the schema's tables, the same for the same seed."""
import random

from . import statements
from .vocabulary import BITMASKS, ETHER, IFNAME, IPV4, IPV6, Values

FAMILY_WEIGHTS = {"ip": 4, "ip6": 3, "inet": 5, "bridge": 2, "netdev": 2, "arp": 1}
NAT_HOOKS = ("prerouting", "input", "output", "postrouting")
STRANGER = 0.03  # how often a selector is taken that is not at home in the family
CONCAT_BITS = 400


class Generator:
    """Everything for one load: a chain, named sets, and rules that go with them. Whoever wants
    less than all of the language names the family, says which selectors to take, and has values
    of his own (a class like vocabulary.Values)."""

    def __init__(self, seed, vocabulary, family=None, takes=None, values=Values):
        self.rng = random.Random(seed)
        self.vocabulary = vocabulary
        self.values = values(self.rng, vocabulary)
        self.takes = takes or (lambda selector: True)
        self.family = family or self.rng.choices(list(FAMILY_WEIGHTS), FAMILY_WEIGHTS.values())[0]
        self.hook = self.rng.choice([name for family, name in vocabulary.hooks
                                     if family == self.family])
        self.type = self._chain_type()
        self.named = []  # (name, is a map's data or None, selectors of the key)
        self.statements = statements.Statements(self)

    def _chain_type(self):
        if self.family in ("ip", "ip6", "inet") and self.hook in NAT_HOOKS:
            if self.rng.random() < 0.4:
                return "nat"
            if self.hook == "output" and self.rng.random() < 0.3:
                return "route"
        return "filter"

    def chain(self):
        device = "device lo " if self.hook in ("ingress", "egress") else ""
        return f"type {self.type} hook {self.hook} {device}priority {self.rng.randint(-150, 300)};"

    # ---- selectors ----

    def selector(self, wanted=lambda selector: True):
        while True:
            # By kind first: payload has ten times as many as any other.
            kind = self.rng.choices(["payload", "exthdr", "meta", "ct", "rt", "socket", "fib",
                                     "hash", "osf", "ipsec"], [12, 4, 6, 5, 1, 1, 2, 1, 0.3, 0.5])[0]
            found = self.rng.choice([s for s in self.vocabulary.selectors if s.kind == kind])
            at_home = self.family in found.homes or self.rng.random() < STRANGER
            if at_home and wanted(found) and self.takes(found):
                return found

    def concatenation(self):
        while True:
            parts = [self.selector(lambda s: s.kind not in ("osf", "hash", "fib") and
                                   s.bits >= 8 and "@" not in s.words)
                     for _ in range(self.rng.choice([2, 2, 2, 3, 4]))]
            if sum(max(32, part.bits) for part in parts) <= CONCAT_BITS:
                return parts

    # ---- values of a key ----

    def element(self, parts, intervals=True):
        return " . ".join(self._component(part, intervals, len(parts) > 1) for part in parts)

    def _component(self, selector, intervals, concatenated):
        if intervals and self.rng.random() < 0.3:
            text = (self.values.prefix(selector) if selector.type in (IPV4, IPV6)
                    and self.rng.random() < 0.6 else self.values.range(selector))
            if text:
                return text
        text = self.values.one(selector)
        return text if intervals or "*" not in text else '"eth7"'

    def elements(self, parts, intervals=True, at_most=4):
        """One to four different keys."""
        return list(dict.fromkeys(self.element(parts, intervals)
                                  for _ in range(self.rng.randint(1, at_most))))

    # ---- matches ----

    def match(self):
        draw = self.rng.random()
        if draw < 0.12:
            return self._concat_match()
        if draw < 0.17:
            return self._exists_match()
        selector = self.selector()
        forms = [self._equal] * 4 + [self._compare, self._range, self._set, self._set,
                                     self._verdict_map, self._named, self._masked]
        if selector.type in (IPV4, IPV6):
            forms += [self._prefix] * 3
        if selector.type in BITMASKS:
            forms += [self._flags] * 6
        return self.rng.choice(forms)(selector)

    def _negation(self):
        return self.rng.choice(["", "", "", "!= ", "== "])

    def _equal(self, selector):
        return f"{selector.words} {self._negation()}{self.values.one(selector)}"

    def _compare(self, selector):
        sign = self.rng.choice(["<", ">", "<=", ">="])
        return f"{selector.words} {sign} {self.values.one(selector)}"

    def _range(self, selector):
        text = self.values.range(selector)
        return f"{selector.words} {self.rng.choice(['', '!= '])}{text}" if text else \
            self._equal(selector)

    def _prefix(self, selector):
        return f"{selector.words} {self.rng.choice(['', '!= '])}{self.values.prefix(selector)}"

    def _set(self, selector):
        sign = self.rng.choice(["", "", "!= "])
        return f"{selector.words} {sign}{{ {', '.join(self.elements([selector]))} }}"

    def verdict(self):
        return self.rng.choice(["accept", "drop", "return", "continue", "jump d", "goto d"])

    def _verdict_map(self, selector):
        pairs = [f"{key} : {self.verdict()}" for key in self.elements([selector])]
        return f"{selector.words} vmap {{ {', '.join(pairs)} }}"

    def key_words(self, parts):
        """The words that ask for such a key; now and then one of the same width and another type."""
        if self.rng.random() < 0.15:
            parts = [self.selector(lambda s: s.bits == p.bits and s.kind not in ("osf", "hash"))
                     for p in parts]
        return " . ".join(part.words for part in parts)

    def named_map(self, data):
        """`KEY map @NAME` of a named map that gives these data; None when there is none."""
        maps = [(name, parts) for name, given, parts in self.named if given == data]
        if not maps:
            return None
        name, parts = self.rng.choice(maps)
        return f"{self.key_words(parts)} map @{name}"

    def _named(self, selector):
        sets = [(name, parts) for name, data, parts in self.named if data is None]
        verdicts = self.named_map("verdict")
        if verdicts and self.rng.random() < 0.3:
            return verdicts.replace(" map @", " vmap @")
        if not sets:
            return self._set(selector)
        name, parts = self.rng.choice(sets)
        return f"{self.key_words(parts)} {self.rng.choice(['', '!= '])}@{name}"

    def _masked(self, selector):
        if selector.type in (ETHER, IFNAME, 5) or selector.bits < 2:
            return self._equal(selector)
        sign = self.rng.choice(["&", "&", "&", "|", "^", "<<", ">>", "and", "or", "xor"])
        operand = (str(self.rng.randrange(1, min(selector.bits, 9))) if sign in ("<<", ">>")
                   else self.values.one(selector) if selector.type in (IPV4, IPV6)
                   else self.values.number(selector.bits))
        value = (self.values.one(selector) if selector.type in (IPV4, IPV6)
                 else self.values.number(selector.bits))
        relation = self.rng.choice(["==", "!=", "", "<"])
        if self.rng.random() < 0.1:
            value = f"{{ {value}, {self.values.one(selector)} }}"
            relation = ""
        return f"{selector.words} {sign} {operand} {relation} {value}".replace("  ", " ")

    def _flags(self, selector):
        symbols = self.vocabulary.symbols[selector.type] or ["1", "5", "7"]

        def some(glue):
            return glue.join(self.rng.sample(symbols, self.rng.randint(1, min(3, len(symbols)))))

        forms = [some(","), f"! {some(',')}", f"{some(',')} / {some(',')}", some("|"),
                 f"& ({some(' | ')}) == {some(' | ')}", f"& {symbols[0]} != 0",
                 f"!= {some(',')}", f"== {some(' | ')}", f"& ({some('|')}) != {some('|')}",
                 f"!= {some(',')} / {some(',')}", f"{{ {some(',').replace(',', ', ')} }}",
                 f"& ({some('|')}) == {{ {some('|')}, {some('|')} }}"]
        return f"{selector.words} {self.rng.choice(forms)}"

    def _concat_match(self):
        parts = self.concatenation()
        words = " . ".join(part.words for part in parts)
        if self.rng.random() < 0.4:
            pairs = [f"{key} : {self.verdict()}" for key in self.elements(parts)]
            return f"{words} vmap {{ {', '.join(pairs)} }}"
        return (f"{words} {self.rng.choice(['', '', '!= '])}"
                f"{{ {', '.join(self.elements(parts))} }}")

    def _exists_match(self):
        options = [s for s in self.vocabulary.options if self.family in s.homes]
        if not options or self.rng.random() < 0.2:
            words = self.rng.choice(["fib saddr . iif oif", "fib daddr oif", "meta ipsec"])
        else:
            words = self.rng.choice(options).words
        return f"{words} {self.rng.choice(['exists', 'missing'])}"

    # ---- rules ----

    def rule(self):
        words = [self.match() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 2, 3]))]
        has_vmap = any(" vmap " in word for word in words)
        words += self.statements.some(self.rng.choice([0, 1, 1, 2] if words else [1, 2]))
        if not has_vmap and not self.statements.ended and self.rng.random() < 0.5:
            words.append(self.verdict())
        if self.rng.random() < 0.05:
            words.append(f'comment "r{self.rng.randrange(1000)}"')
        return " ".join(words) or "counter"

    # ---- definitions ----

    def definition(self, name):
        """The text of a named set or map after `add`, remembered for rules."""
        parts = self.concatenation() if self.rng.random() < 0.4 else \
            [self.selector(lambda s: s.kind not in ("osf", "hash"))]
        data = self.rng.choice([None, None, "verdict", "mark", "ipv4_addr", "inet_service"])
        flags = [flag for flag in ("interval", "timeout", "constant", "dynamic")
                 if self.rng.random() < (0.5 if flag == "interval" else 0.12)]
        typed = all(p.type not in (4, 5, 3, 0) for p in parts) and self.rng.random() < 0.4
        key = (" . ".join(self.vocabulary.type_names[p.type] for p in parts) if typed
               else " . ".join(p.words for p in parts))
        text = f"{'map' if data else 'set'} {self.family} t {name} {{ {self._key_line(typed, key, data)};"
        if flags:
            text += f" flags {','.join(flags)};"
        text += self._set_options(flags)
        if "dynamic" not in flags and self.rng.random() < 0.8:
            text += f" elements = {{ {', '.join(self._contents(parts, data, flags))} }};"
        self.named.append((name, data, parts))
        return text + " }"

    def _key_line(self, typed, key, data):
        if typed or not data:
            return f"{'type' if typed else 'typeof'} {key}" + (f" : {data}" if data else "")
        typeof = {"verdict": "verdict", "mark": "meta mark", "ipv4_addr": "ip saddr",
                  "inet_service": "tcp dport"}[data]
        return f"typeof {key} : {typeof}"

    def _set_options(self, flags):
        options = [("timeout" in flags, f" timeout {self.values.duration()};"),
                   ("timeout" in flags, " gc-interval 10s;"),
                   ("interval" in flags, " auto-merge;"),
                   (True, f" size {self.rng.choice([10, 4096, 65535])};"),
                   (True, f' comment "set {self.rng.randrange(100)}";'),
                   (True, f" policy {self.rng.choice(['memory', 'performance'])};"),
                   (True, " counter;")]
        return "".join(text for able, text in options if able and self.rng.random() < 0.12)

    def _contents(self, parts, data, flags):
        keys = self.elements(parts, "interval" in flags)
        if self.rng.random() < 0.05:
            keys.append("*")
        contents = []
        for key in keys:
            if "timeout" in flags and self.rng.random() < 0.4:
                key += f" timeout {self.values.duration()}"
            if self.rng.random() < 0.1:
                key += f' comment "e{self.rng.randrange(100)}"'
            contents.append(key + (f" : {self._data(data)}" if data else ""))
        return contents

    def _data(self, data):
        return {"verdict": self.verdict, "ipv4_addr": self.values.ipv4,
                "mark": lambda: self.values.number(32),
                "inet_service": lambda: str(self.rng.randrange(65536))}[data]()

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The words random rules are made of: selectors out of the schema's tables (`dump_schema`), and
values of every data type."""
import dataclasses
import pathlib
import subprocess

IP_FAMILIES = ("ip", "ip6", "inet", "bridge", "netdev")
# Where a header is at home; elsewhere it must be refused, which is tried more seldom.
HOMES = {
    "ether": ("bridge", "netdev", "inet", "ip"), "vlan": ("bridge", "netdev"),
    "arp": ("arp", "bridge", "netdev"), "ip": ("ip", "inet", "bridge", "netdev"),
    "ip6": ("ip6", "inet", "bridge", "netdev"), "icmp": ("ip", "inet", "bridge", "netdev"),
    "icmpv6": ("ip6", "inet", "bridge", "netdev"), "igmp": ("ip", "inet"),
    "ct": ("ip", "ip6", "inet"), "rt": ("ip", "ip6", "inet"), "socket": ("ip", "ip6", "inet"),
    "fib": ("ip", "ip6", "inet"), "osf": ("ip", "ip6", "inet"), "ipv6": ("ip6", "inet"),
    "ipv4": ("ip", "inet"), "meta": (*IP_FAMILIES, "arp"),
}
# In the tables for what the kernel says or for later versions, and not in nft 1.0.6's grammar.
NOT_IN_NFT = {("icmpv6", "taddr"), ("icmpv6", "daddr"), ("icmpv6", "parameter-problem"),
              ("rt0", "reserved"), ("rt2", "reserved"), ("rt2", "addr"), ("meta", "broute"),
              ("meta", "ibrhwaddr"), ("udplite", "csumcov"), ("icmpv6", "packet-too-big")}
SET_FLAG, DIRECTION_MAY, DIRECTION_MUST, BY_FAMILY = 2, 4, 8, 8
INTEGER, STRING, IPV4, IPV6, ETHER, BOOLEAN, IFNAME = 4, 5, 7, 8, 9, 39, 41
BITMASKS = {15, 26, 28, 30, 40}


@dataclasses.dataclass(frozen=True)
class Selector:
    """What a match loads: its words, the number of its data type, its width."""
    words: str
    type: int
    bits: int
    kind: str      # payload, exthdr, meta, ct …
    homes: tuple
    can_set: bool = False


class Vocabulary:
    """The schema's tables."""

    def __init__(self, tool):
        self.symbols, self.type_names, self.selectors, self.options = {}, {}, [], []
        self.hooks = []
        said = subprocess.run([tool], capture_output=True, text=True, check=True).stdout
        rows = [line.split("\t") for line in said.splitlines()]
        for kind, *words in rows:
            read = getattr(self, f"_read_{kind}", None)
            if read:
                read(*words)
        self._add_functions()

    def _read_type(self, number, name, _bits, _order, _base, _hex, _text, *symbols):
        self.type_names[int(number)] = name
        self.symbols[int(number)] = [s.rsplit("=", 1)[0] for s in symbols]

    def _read_field(self, proto, name, _off, bits, kind, _number, _alias):
        if (proto, name) not in NOT_IN_NFT:
            self._add(f"{proto} {name}", int(kind), int(bits), "payload",
                      HOMES.get(proto, IP_FAMILIES), True)

    def _read_exthdr(self, op, name, _type, _alias):
        words = {"ipv6": "exthdr ", "tcp": "tcp option ", "ipv4": "ip option ",
                 "sctp": "sctp chunk "}[op]
        if name not in ("rt0", "rt2") and (op, name) != ("ipv6", "srh"):
            self.options.append(Selector(words + name, BOOLEAN, 1, "exists",
                                         HOMES.get(op, IP_FAMILIES)))

    def _read_option(self, op, header, name, _off, bits, kind, _number, _alias):
        words = {"ipv6": "", "tcp": "tcp option ", "ipv4": "ip option ", "sctp": "sctp chunk "}
        if (header, name) not in NOT_IN_NFT:
            self._add(f"{words[op]}{header} {name}", int(kind), int(bits), "exthdr",
                      HOMES.get(op, IP_FAMILIES), op in ("tcp", "ipv6"))

    def _read_key(self, table, name, _number, kind, bits, _order, flags, _alias):
        kind, bits, flags = int(kind), int(bits), int(flags)
        if (table, name) in NOT_IN_NFT or table in ("fib", "osf", "ipsec"):
            return
        homes = HOMES[table]
        if table == "ct" and flags & DIRECTION_MUST:
            self._add_ct_addresses(name, kind, bits)
            return
        if table == "rt" and name == "nexthop":
            family = "ip" if kind == IPV4 else "ip6"
            self._add(f"rt {family} nexthop", kind, bits, "rt", (family, "inet"))
            return
        if (table, name) == ("socket", "cgroupv2"):
            return  # needs a control group of the machine
        can_set = bool(flags & SET_FLAG)
        self._add(f"{table} {name}", kind, bits, table, homes, can_set)
        if table == "ct" and flags & DIRECTION_MAY:
            for direction in ("original", "reply"):
                self._add(f"ct {direction} {name}", kind, bits, table, homes, can_set)

    def _add_ct_addresses(self, name, kind, bits):
        for direction in ("original", "reply"):
            if kind:
                self._add(f"ct {direction} {name}", kind, bits, "ct", HOMES["ct"])
                continue
            for family, its, width in (("ip", IPV4, 32), ("ip6", IPV6, 128)):
                self._add(f"ct {direction} {family} {name}", its, width, "ct", (family, "inet"))

    def _add_functions(self):
        for key in ("saddr", "daddr", "saddr . iif", "daddr . oif", "saddr . mark",
                    "daddr . mark . iif"):
            for result, kind, bits in (("oif", 20, 32), ("oifname", IFNAME, 128),
                                       ("type", 38, 32)):
                self._add(f"fib {key} {result}", kind, bits, "fib", HOMES["fib"])
        for words in ("numgen inc mod 4", "numgen random mod 10 offset 3",
                      "jhash ip saddr mod 16", "jhash ip saddr . tcp dport mod 7 seed 0xabc",
                      "symhash mod 5", "symhash mod 4 offset 2",
                      "jhash ip6 daddr mod 3 offset 5"):
            self._add(words, INTEGER, 32, "hash", HOMES["meta"])
        for words in ('osf name', 'osf ttl loose name', 'osf ttl skip version'):
            self._add(words, STRING, 128, "osf", HOMES["osf"])
        for way in ("in", "out"):
            for words, kind, bits in (("reqid", INTEGER, 32), ("spnum 1 spi", INTEGER, 32),
                                      ("ip saddr", IPV4, 32), ("ip6 daddr", IPV6, 128)):
                self._add(f"ipsec {way} {words}", kind, bits, "ipsec", HOMES["fib"])
        for base in ("ll", "nh", "th"):
            for off, bits in ((0, 8), (16, 16), (96, 32), (64, 128), (4, 4), (13, 3), (8, 24)):
                self._add(f"@{base},{off},{bits}", INTEGER, bits, "payload",
                          IP_FAMILIES, bits % 8 == 0)

    def _add(self, *what):
        self.selectors.append(Selector(*what))

    def _read_hook(self, family, name, _number):
        self.hooks.append((family, name))


def load(root, gate):
    """The tables of the build that `gate` belongs to; None where the tool is not built."""
    tool = pathlib.Path(gate).absolute().parents[1] / "tests/unit/gate/schema/dump_schema"
    return Vocabulary(tool) if tool.exists() else None


class Values:
    """Random values, each as the words a rule has for it."""

    # types written in a way of their own, by their number in the kernel's userdata
    def __init__(self, rng, vocabulary):
        self.rng, self.vocabulary = rng, vocabulary
        self.special = {
            STRING: self.string, IPV4: self.ipv4, IPV6: self.ipv6, ETHER: self.ether,
            18: self.duration, 20: lambda: "lo", IFNAME: self.ifname, 23: self.classid,
            43: self.date, 44: self.hour, 45: lambda: f'"{rng.choice(DAYS)}"',
            30: lambda: str(rng.randrange(128)), 35: lambda: str(rng.randrange(9)),
            22: lambda: str(rng.randrange(300)),
        }

    def one(self, selector):
        if selector.type in self.special:
            return self.special[selector.type]()
        symbols = self.vocabulary.symbols[selector.type]
        if symbols and self.rng.random() < 0.75:
            return self.rng.choice(symbols)
        return self.number(selector.bits)

    def number(self, bits):
        top = (1 << bits) - 1
        number = self.rng.choice([0, 1, 2, top, top >> 1, self.rng.randint(0, top),
                                  self.rng.randint(0, min(top, 300)),
                                  self.rng.randint(0, min(top, 300))])
        return self.rng.choice([str, hex])(number) if bits > 8 else str(number)

    def ipv4(self):
        return self.rng.choice([f"10.{self.rng.randrange(3)}.0.{self.rng.randrange(256)}",
                                "192.168.1.1", "0.0.0.0", "255.255.255.255", "127.0.0.1",
                                ".".join(str(self.rng.randrange(256)) for _ in range(4))])

    def ipv6(self):
        return self.rng.choice(["::1", "::", "fe80::1", "::ffff:1.2.3.4", "ff02::1:ff00:0",
                                f"2001:db8::{self.rng.randrange(65536):x}",
                                ":".join(f"{self.rng.randrange(65536):x}" for _ in range(8))])

    def ether(self):
        return ":".join(f"{self.rng.randrange(256):02x}" for _ in range(6))

    def string(self):
        return self.rng.choice(['"ftp"', '"Linux"', '"sip"', '"lo"'])

    def ifname(self):
        return self.rng.choice(['"lo"', "lo", '"eth0"', "eth1", '"wg*"', '"abcdefghijklmno"'])

    def classid(self):
        return self.rng.choice(["none", "root", "1:2", "ffff:0", f"0:{self.rng.randrange(256):x}"])

    def duration(self):
        return self.rng.choice(["1s", "5m", "2h30m", "1d", "90s", "500ms", "3d4h5m6s"])

    def date(self):
        return self.rng.choice(['"2023-06-01 12:00:00"', '"2024-12-24"', '"2021-01-01 00:00"'])

    def hour(self):
        return f'"{self.rng.randrange(1, 24):02}:{self.rng.randrange(60):02}"'

    def prefix(self, selector):
        if selector.type == IPV6:
            return f"{self.ipv6()}/{self.rng.choice([0, 8, 10, 32, 48, 64, 65, 127, 128])}"
        return f"{self.ipv4()}/{self.rng.choice([0, 1, 8, 9, 16, 20, 24, 25, 31, 32])}"

    def range(self, selector):
        """Two of them in order; None where the type has no order worth a range."""
        if selector.type == IPV4:
            a = self.rng.randrange(200)
            return f"10.0.0.{a}-10.{self.rng.randrange(2)}.0.{self.rng.randint(a + 1, 255)}"
        if selector.type == IPV6:
            a = self.rng.randrange(60000)
            return f"2001:db8::{a:x}-2001:db8::{self.rng.randint(a + 1, 65535):x}"
        if selector.type == ETHER:
            return f"00:11:22:33:44:{self.rng.randrange(100):02x}-00:11:22:33:55:ff"
        if selector.type in (44,):
            return '"09:00"-"17:30"'
        if selector.type in self.special or selector.type in BITMASKS or selector.bits < 2:
            return None
        top = (1 << selector.bits) - 1
        low = self.rng.choice([0, self.rng.randrange(top), self.rng.randrange(min(top, 200))])
        high = self.rng.choice([top, self.rng.randint(low + 1, top),
                                min(top, low + self.rng.randint(1, 50))])
        return f"{low}-{high}"


DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

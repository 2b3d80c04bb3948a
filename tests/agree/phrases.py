# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random matches out of the schema's tables, by tests/differential's generator: of what the
simulator has, with values that packets of tests/agree/sequence.py have, and such as the kernel
takes."""
import re

from differential import vocabulary
from differential.generate import Generator
from differential.vocabulary import ETHER, IFNAME, IPV4, IPV6, Values

FAMILIES = ("ip", "inet", "bridge", "netdev", "arp")
EACH, BLOCK = 250, 10000
# What only a running machine knows, or another kernel, or what time it is; what the kernel fills in
# for a raw socket; what works at some hooks only.
UNKNOWN = re.compile(
    r"meta (cpu|random|cgroup|secmark|secpath|ipsec|iifkind|oifkind|skuid|skgid|time|day|hour|"
    r"ibrhwaddr|rtclassid|sdif|nftrace|broute)|ct (helper|avgpkt|label|secmark|id|event|bytes|packets|expiration|"
    r"(original|reply) (avgpkt|bytes|packets|zone))|rt (mtu|ipsec|classid)|random|symhash|"
    r"\bip (id|checksum)|@nh,(64,128|16,16|96,32)|fib \w+ \. (mark \. )?oif|jhash.*mod \d+( offset|$)")
KINDS = ("payload", "exthdr", "meta", "ct", "rt", "fib", "hash")
POOLS = {
    IPV4: ("198.51.100.7", "203.0.113.5", "192.168.1.12", "10.9.0.5", "10.9.0.6", "192.168.5.1", "192.168.5.10",
           "192.168.5.11", "192.168.1.1"),
    IPV6: ("fd00:5::7", "fd00::12", "fd09::5", "fd05::1", "fd05::10", "fd05::11", "::1"),
    ETHER: ("02:00:00:00:04:10", "02:00:00:00:04:11", "02:00:00:00:06:01", "02:00:00:00:00:fe", "ff:ff:ff:ff:ff:ff"),
    IFNAME: ('"eth0"', '"eth1"', '"p0"', '"p1"', '"br0"', '"lo"', '"p*"'),
}
NAMED = {"inet_service": ("22", "53", "99", "1000", "1001", "80"), "mark": ("0", "1", "2", "5"),
         "integer": ("0", "1", "4", "5", "20", "28", "40", "60", "64"), "iface_index": ("eth0", "p0", "br0", "lo")}
BROKEN = re.compile(r"^ *--> [^:]*:(\d+):", re.M)


class FittingValues(Values):
    """Mostly those that packets have."""

    def one(self, selector):
        pool = POOLS.get(selector.type) or NAMED.get(self.vocabulary.type_names.get(selector.type))
        if pool and self.rng.random() < 0.8:
            value = self.rng.choice(pool)
            if not value.isdigit() or int(value) < 1 << selector.bits:
                return value
        return super().one(selector)


def is_modelled(selector):
    return selector.kind in KINDS and not UNKNOWN.search(selector.words)


def draw(seed, words, family):
    """EACH matches and some more that may be refused."""
    generator = Generator(f"{family} {seed}", words, family=family, values=FittingValues,
                          takes=lambda s: family in s.homes and is_modelled(s))
    matches = []
    while len(matches) < EACH:
        match = generator.match()
        if " vmap " not in match and not UNKNOWN.search(match):
            matches.append(match)
    return matches


def taken(gate, netns, family, matches):
    """Those that the kernel loads: what gate points at goes until nothing is left to point at."""
    device = "device lo " if family == "netdev" else ""
    hook = "ingress" if family == "netdev" else "input"
    head = [f"table {family} phrases {{", f"chain c {{ type filter hook {hook} {device}priority 0;"]
    while True:
        text = "\n".join([*head, *matches, "} }", f"delete table {family} phrases", ""])
        done = netns.run([gate, "-f", "-"], input=text)
        if done.returncode == 0:
            return matches
        wrong = {int(line) - len(head) - 1 for line in BROKEN.findall(done.stdout + done.stderr)}
        assert wrong & set(range(len(matches))), done.stderr
        matches = [match for at, match in enumerate(matches) if at not in wrong]


class Phrases:
    """{family: matches} for each seed, the same for the same one; nothing where dump_schema is not
    built. They are drawn once for BLOCK seeds."""

    def __init__(self, root, gate, netns):
        self.words = vocabulary.load(root, gate)
        self.gate, self.netns = gate, netns
        self.blocks = {}

    def of(self, seed):
        block = seed // BLOCK
        if self.words and block not in self.blocks:
            self.blocks[block] = {family: taken(self.gate, self.netns, family,
                                                draw(block, self.words, family))
                                  for family in FAMILIES}
        return self.blocks.get(block)

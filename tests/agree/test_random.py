# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random sequences of packets: handshakes with mistakes in them, segments out of the window,
errors about live flows, resets that fit and that do not. $AGREE_SEEDS runs so many of them,
$AGREE_SEED begins there; what disagrees is cut down to the packets that matter."""
import os
import random

import pytest

from agree.rig import Rig, differences
from harness.netns import Netns, require, require_nft

FIRST_SEED = int(os.environ.get("AGREE_SEED", 1))
SEEDS = int(os.environ.get("AGREE_SEEDS", 6))
PACKETS, TRIES = 20, 60

RULES = """
table inet t {
	chain raw_in { type filter hook prerouting priority raw; policy accept; ct state invalid counter; }
	chain pre { type filter hook prerouting priority 0; policy accept; ct state invalid counter; }
	chain in {
		type filter hook input priority 0; policy accept;
		ct state vmap { new : continue, established : continue, related : continue, invalid : drop, untracked : accept }
		ct status seen-reply counter
		ct status assured counter
		ct status confirmed counter
		ct direction reply counter
		ct expiration > 200s counter
		ct expiration > 90s counter
		ct expiration > 40s counter
		ct expiration > 20s counter
		ct expiration > 5s counter
		udp dport 99 drop
		tcp dport 99 drop
	}
	chain out {
		type filter hook output priority 0; policy accept;
		ct state vmap { new : continue, established : continue, related : continue, invalid : drop, untracked : accept }
		ct direction reply counter
		ct status assured counter
		ct expiration > 200s counter
		ct expiration > 90s counter
		ct expiration > 40s counter
		ct expiration > 20s counter
		ct expiration > 5s counter
	}
}
"""
NAT_RULES = RULES + """
table ip n {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 22 redirect to :2222
		udp dport 53 dnat to 192.168.1.12:5353
	}
	chain in { type nat hook input priority 100; policy accept; counter; }
	chain out { type nat hook output priority -100; policy accept; tcp dport 22 dnat to 203.0.113.5:2022; }
	chain post { type nat hook postrouting priority srcnat; policy accept; udp dport 53 snat to 192.168.1.12:7000; }
}
"""

MACHINE, MACHINE6 = "192.168.1.12", "[fd00::12]"
PEERS = ("198.51.100.7", "203.0.113.5", "[fd00::7]")
FLAGS = ("syn", "syn,ack", "ack", "ack", "ack", "ack,psh", "fin,ack", "fin,ack", "rst", "rst,ack",
         "fin", "none", "syn,fin", "ack,urg", "syn,urg")
PORTS = (22, 53, 99)


class Sequence:
    """Packets of a few flows, each step likely to go on with what was begun."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.packets = []
        while len(self.packets) < PACKETS:
            self.step()

    def add(self, words):
        self.packets.append(words)

    def ends(self):
        """A flow: the peer's end, the machine's end."""
        pick = self.random.choice
        peer = pick(PEERS)
        machine = MACHINE6 if "[" in peer else MACHINE
        return f"{peer}:{pick((1000, 1001))}", f"{machine}:{pick(PORTS)}"

    def line(self, protocol, peer, machine, inward, rest=""):
        way = (f"in eth0 {protocol} {peer} > {machine}" if inward
               else f"out eth0 {protocol} {machine} > {peer}")
        self.add(f"{way} {rest}".strip())

    def segment(self, peer, machine, inward, flags=None):
        choose = self.random
        rest = flags or choose.choice(FLAGS)
        if choose.random() < 0.4 and "ack" in rest:
            rest += f" len {choose.choice((1, 100, 1400))}"
        if choose.random() < 0.15:
            rest += f" seq {choose.choice((1, 900, 1001, 2500, 500001, 70000, 999999999))}"
        if choose.random() < 0.12 and "ack" in rest:
            rest += f" ackseq {choose.choice((0, 1, 1001, 1500, 500001, 499000, 999999999))}"
        if choose.random() < 0.1:
            rest += f" window {choose.choice((1, 100, 65535))}"
        if choose.random() < 0.03:
            rest += " bad-checksum"
        self.line("tcp", peer, machine, inward, rest)

    def handshake(self):
        peer, machine = self.ends()
        inward = self.random.random() < 0.7
        for flags, way in (("syn", inward), ("syn,ack", not inward), ("ack", inward)):
            if self.random.random() < 0.92:
                self.segment(peer, machine, way, flags)
        for _ in range(self.random.randrange(5)):
            self.segment(peer, machine, self.random.random() < 0.5)

    def datagrams(self):
        peer, machine = self.ends()
        for _ in range(self.random.randrange(1, 4)):
            self.line("udp", peer, machine, self.random.random() < 0.6,
                      f"len {self.random.randrange(60)}")

    def ping(self):
        peer, machine = (end.rsplit(":", 1)[0].strip("[]") for end in self.ends())
        protocol = "icmpv6" if ":" in peer else "icmp"
        kind = self.random.choice(("echo-request", "echo-request", "echo-reply"))
        self.line(protocol, peer, machine, self.random.random() < 0.6,
                  f"{kind} id {self.random.choice((1, 2))}")

    def error(self):
        """About the packet before, from whom it went to or from a router between."""
        if not self.packets or "[" in self.packets[-1] or "icmp" in self.packets[-1] or \
                "about" in self.packets[-1]:
            return
        inward = self.packets[-1].startswith("out")
        source = self.random.choice(("192.168.1.1", "198.51.100.7"))
        kind = self.random.choice(("destination-unreachable code 3", "time-exceeded"))
        if inward:
            self.add(f"in eth0 icmp {source} > {MACHINE} {kind} about last")
        else:
            peer = self.packets[-1].split()[3].rsplit(":", 1)[0]
            self.add(f"out eth0 icmp {MACHINE} > {peer} {kind} about last")

    def step(self):
        self.random.choices((self.handshake, self.datagrams, self.ping, self.error),
                            (5, 2, 1, 2))[0]()


def disagreement(gate, path, packets):
    """What kernel and simulator disagree about, on fresh machines."""
    machine, far = Netns(), Netns()
    try:
        rig = Rig(gate, machine, far)
        try:
            return differences(rig, path, packets)
        finally:
            rig.close()
    finally:
        far.close()
        machine.close()


def shrink(gate, path, packets):
    """The fewest packets that still disagree, as far as leaving single ones out can find."""
    tries = 0
    at = 0
    while at < len(packets) and tries < TRIES:
        fewer = packets[:at] + packets[at + 1:]
        tries += 1
        needs_last = at + 1 < len(packets) and "last" in packets[at + 1]
        if not needs_last and fewer and disagreement(gate, path, fewer):
            packets = fewer
        else:
            at += 1
    return packets


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_random_sequences_agree(gate, tmp_path, seed):
    require()
    require_nft()
    path = tmp_path / "rules.nft"
    path.write_text(NAT_RULES if seed % 2 else RULES)
    packets = Sequence(seed).packets
    found = disagreement(gate, path, packets)
    if found:
        small = shrink(gate, path, packets)
        pytest.fail(f"seed {seed}:\n" + "\n".join(small) + "\n---\n"
                    + "\n".join(disagreement(gate, path, small) or found), pytrace=False)

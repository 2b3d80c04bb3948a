# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random sequences of packets, biased to be interesting: handshakes with mistakes in them,
segments out of the window, errors about live flows, fragments, resets that fit and do not."""
import random

from agree import announced
from agree.frames import DESTINATION, HOP_BY_HOP, pieces6

MACHINE, MACHINE6 = "192.168.1.12", "[fd00::12]"
PEERS = ("198.51.100.7", "203.0.113.5", "[fd00:5::7]")
INSIDE, INSIDE6 = ("10.9.0.5", "10.9.0.6"), "[fd09::5]"
STATIONS = (("p0", "192.168.5.10"), ("p1", "192.168.5.11"), ("p2", "192.168.5.12"), ("p2", "192.168.5.13"))
STATIONS6 = (("p0", "[fd05::10]"), ("p1", "[fd05::11]"), ("p2", "[fd05::12]"))
MACHINE_BRIDGED, MACHINE_BRIDGED6 = "192.168.5.1", "[fd05::1]"
MACS = ("02:00:00:00:04:11", "02:00:00:00:04:12", "02:00:00:00:06:01", "02:00:00:00:06:10", "02:00:00:00:06:11",
        "02:00:00:00:09:09", "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00", "01:80:c2:00:00:01", "01:80:c2:00:00:03",
        "01:80:c2:00:00:0e", "01:00:5e:00:00:01", "33:33:00:00:00:01")
FLAGS = ("syn", "syn,ack", "ack", "ack", "ack", "ack,psh", "fin,ack", "fin,ack", "rst", "rst,ack",
         "fin", "none", "syn,fin", "ack,urg", "syn,urg")
PORTS = (22, 53, 99)


class Sequence:
    """Packets of a few flows, each step likely to go on with what was begun."""

    def __init__(self, seed, length=20):
        self.random = random.Random(f"packets {seed}")
        self.seed = seed
        self.fragments = 0
        self.packets = []
        while len(self.packets) < length:
            self.step()
        del self.packets[length:]

    def add(self, words):
        self.packets.append(words)

    def ends(self):
        """A flow: the peer's end, the near end, and the words for both directions."""
        pick = self.random.choice
        peer = pick(PEERS)
        kind = self.random.random()
        if kind < 0.35:
            return self.bridged_ends(kind)
        if kind < 0.4:
            near, far = ("[::1]", "[::1]") if "[" in peer else ("127.0.0.1", "127.0.0.1")
            ways = ("out lo", "out lo")
            peer = far
        elif kind < 0.55:
            near = INSIDE6 if "[" in peer else pick(INSIDE)
            ways = ("in eth0", "in eth1")
        else:
            near = MACHINE6 if "[" in peer else MACHINE
            ways = ("in eth0", "out eth0")
        return f"{peer}:{pick((1000, 1001))}", f"{near}:{pick(PORTS)}", ways

    def bridged_ends(self, kind):
        """Between stations of the bridge, from one to the machine, or to one from outside."""
        pick = self.random.choice
        six = self.random.random() < 0.2
        (port, peer), (other, near) = self.random.sample(
            STATIONS6 if six else STATIONS, 2)
        ways = (f"in {port}", f"in {other}")
        if kind < 0.1:
            near, ways = MACHINE_BRIDGED6 if six else MACHINE_BRIDGED, (ways[0], "out br0")
        elif kind < 0.17:
            peer, ways = PEERS[2] if six else PEERS[0], ("in eth0", ways[1])
        return f"{peer}:{pick((1000, 1001))}", f"{near}:{pick(PORTS)}", ways

    def frame(self):
        """Of a bridge: ARP, tags, groups, and hardware addresses of whoever."""
        pick = self.random.choice
        (port, peer), (_, near) = self.random.sample(STATIONS, 2)
        kind = self.random.random()
        if kind < 0.3:
            self.add(f"in {port} arp {peer} > {near} {pick(('request', 'answer'))}")
        elif kind < 0.4:
            self.add(pick((f"in {port} arp {peer} > {MACHINE_BRIDGED} request", f"in eth0 arp 192.168.1.77 > {MACHINE} request")))
        elif kind < 0.5:
            self.add(f"in {port} udp {peer}:1000 > {near}:53 vlan {pick((5, 6))}")
        elif kind < 0.6:
            self.add(f"in {port} udp {peer}:1000 > {pick(('192.168.5.255', '224.0.0.251'))}:53"
                     f"{pick(('', ' ether > ff:ff:ff:ff:ff:ff'))}")
        else:
            self.add(f"in {port} udp {peer}:1000 > {pick((near, MACHINE_BRIDGED))}:53 ether "
                     f"{pick(('', '', '02:00:00:00:04:10 ', '03:00:00:00:00:01 '))}> {pick(MACS)}")

    def line(self, protocol, flow, inward, rest=""):
        peer, near, ways = flow
        words = (f"{ways[0]} {protocol} {peer} > {near}" if inward
                 else f"{ways[1]} {protocol} {near} > {peer}")
        self.add(f"{words} {rest}".strip())

    def segment(self, flow, inward, flags=None, answers=False):
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
        if answers and choose.random() < 0.6:
            self.add(f"reply {rest}")
        else:
            self.line("tcp", flow, inward, rest)

    def handshake(self):
        flow = self.ends()
        inward = self.random.random() < 0.6
        for flags, way in (("syn", inward), ("syn,ack", not inward), ("ack", inward)):
            if self.random.random() < 0.92:
                self.segment(flow, way, flags, answers=flags != "syn")
        for _ in range(self.random.randrange(5)):
            self.segment(flow, self.random.random() < 0.5, answers=True)

    def close(self):
        """All of a connection, to its end, sometimes with something in between."""
        flow = self.ends()
        inward = self.random.random() < 0.6
        first = self.random.random() < 0.5
        steps = [("syn", inward), ("syn,ack", not inward), ("ack", inward), ("ack,psh len 9", inward),
                 ("fin,ack", first), ("ack", not first), ("fin,ack", not first), ("ack", first)]
        if self.random.random() < 0.3:
            steps[1:1] = [("syn", not inward), ("syn,ack", inward)]
        for _ in range(self.random.randrange(3)):
            at = self.random.randrange(1, len(steps) + 1)
            steps.insert(at, (self.random.choice(FLAGS), self.random.random() < 0.5))
        for flags, way in steps:
            self.line("tcp", flow, way, flags)

    def datagrams(self):
        flow = self.ends()
        for _ in range(self.random.randrange(1, 4)):
            if self.packets and self.random.random() < 0.3:
                self.add(f"reply len {self.random.randrange(60)}")
            else:
                self.line("udp", flow, self.random.random() < 0.6,
                          f"len {self.random.randrange(60)}")

    def ping(self):
        peer, near, ways = self.ends()
        flow = tuple(end.rsplit(":", 1)[0].strip("[]") for end in (peer, near)) + (ways,)
        protocol = "icmpv6" if ":" in flow[0] else "icmp"
        kind = self.random.choice(("echo-request", "echo-request", "echo-reply"))
        self.line(protocol, flow, self.random.random() < 0.6,
                  f"{kind} id {self.random.choice((1, 2))}")
        if self.random.random() < 0.5:
            self.add("reply")

    def neighbours(self):
        kind = self.random.choice(("nd-neighbor-advert", "nd-router-advert", "mld-listener-query"))
        self.add(f"in eth0 icmpv6 fe80::7 > fd00::12 {kind}")

    def sizes(self):
        """Of the pieces of a datagram: all multiples of 8 but the last."""
        pick = self.random.choice
        steps = pick(((8, 16, 40, 72), (72, 72, 40), (400, 800, 1200), (1376, 1384, 1440, 1480)))
        return [pick(steps) for _ in range(self.random.choice((1, 1, 1, 2, 2, 3)))] + [pick((*steps, 8, 20, 501))]

    def shuffled(self, pieces):
        """Sometimes one is lost, comes twice or before another, or all come backwards."""
        fate = self.random.random()
        if fate < 0.12:
            del pieces[self.random.randrange(len(pieces))]
        elif fate < 0.24:
            pieces.insert(self.random.randrange(len(pieces) + 1), self.random.choice(pieces))
        elif fate < 0.36:
            pieces.reverse()
        elif fate < 0.5:
            self.random.shuffle(pieces)
        return pieces

    def fragmented(self):
        """A datagram in pieces."""
        flow = self.ends()
        self.fragments += 1
        number = self.fragments  # the driver makes it one that was never there
        inward = self.random.random() < 0.6
        forbids = self.random.choice(("", "", "", "df"))
        offset, pieces, sizes = 0, [], self.sizes()
        for n, size in enumerate(sizes):
            length = size if offset else size - 8
            more = " more" if n < len(sizes) - 1 else ""
            if self.random.random() < 0.02:
                length += self.random.choice((-3, 3, 8))
            place = f" frag {offset}" if offset else ""
            one = forbids if self.random.random() < 0.9 else "df"
            pieces.append(f"len {max(length, 0)}{more}{place} id {number} {one}".rstrip())
            offset += size
        for piece in self.shuffled(pieces):
            self.line("udp", flow, inward, piece)

    def extended(self):
        """The same of IPv6 with other extension headers."""
        pick = self.random.choice
        before = pick(((), (HOP_BY_HOP,), (DESTINATION,), (HOP_BY_HOP, DESTINATION)))
        behind = pick(((), (DESTINATION,))) if before != (DESTINATION,) else ()
        sizes = [size if size < 1400 else 1376 for size in self.sizes()]
        sizes[0] = max(sizes[0], 16)
        self.fragments += 1
        for frame in self.shuffled(pieces6(sizes, self.fragments, before, behind, near=pick(("fd09::5", "fd00::12")))):
            self.add(frame)

    def error(self):
        """About the packet before, from whom it went to or from a router between."""
        last = self.packets[-1] if self.packets else "["
        if any(word in last for word in ("[", "icmp", "gre", "about", "reply", "lo ", "arp", "frame")):
            return
        kind = self.random.choice(("destination-unreachable code 3", "time-exceeded"))
        if last.startswith("out"):
            source = self.random.choice(("192.168.1.1", "198.51.100.7"))
            self.add(f"in eth0 icmp {source} > {MACHINE} {kind} about last")
        elif last.startswith("in p"):
            self.add(f"in {self.random.choice(('p0', 'p1', 'p2'))} icmp "
                     f"{self.random.choice(('192.168.5.11', last.split()[5].rsplit(':', 1)[0]))} > "
                     f"{last.split()[3].rsplit(':', 1)[0]} {kind} about last")
        elif last.startswith("in eth1"):
            inner = last.split()[3].rsplit(":", 1)[0]
            self.add(f"in eth0 icmp 192.168.1.1 > {inner} {kind} about last")
        else:
            peer = last.split()[3].rsplit(":", 1)[0]
            self.add(f"out eth0 icmp {MACHINE} > {peer} {kind} about last")

    def step(self):
        steps = (Sequence.handshake, Sequence.close, Sequence.datagrams, Sequence.ping, Sequence.error,
                 Sequence.fragmented, Sequence.extended, Sequence.neighbours, Sequence.frame, *announced.STEPS)
        self.random.choices(steps, (7, 6, 3, 2, 3, 1.5, 0.5, 1, 2, *announced.WEIGHTS))[0](self)


def in_ticks(seed, packets):
    """The same, some of them in one of the kernel's ticks: see agree_driver.c."""
    draw = random.Random(f"ticks {seed}").random
    lines, together = [], 0
    for packet in packets:
        if not together and draw() < 0.4:
            together = 2 + int(draw() * 4)
            lines.append(f"tick {together}")
        together = max(together - 1, 0)
        lines.append(packet)
    return lines

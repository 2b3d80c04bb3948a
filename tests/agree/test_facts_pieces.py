# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the kernel does with packets that are larger than a link, and with those it put together
from pieces: what leaves is compared byte by byte, and the lengths are what egress chains see."""
import socket
import struct

import pytest

from agree.driver import NARROW, Driver
from agree.facts import check_fact, need_br_netfilter, need_bridge_tracking
from agree.frames import DESTINATION, HOP_BY_HOP, UDP, checksum
from agree.frames import pieces6 as frames6
from agree.rig import BRIDGE_MAC, PORTS
from harness.netns import require, require_nft

HEADER = 14  # of Ethernet, which egress counts
PEER, INSIDE = "198.51.100.7", "10.9.0.5"
PEER6, INSIDE6 = "fd00:5::7", "fd09::5"
V4 = f"in eth0 udp {PEER}:1000 > {INSIDE}:53"
V6 = f"in eth0 udp [{PEER6}]:1000 > [{INSIDE6}]:53"
BRIDGED = "in p0 udp 192.168.5.10:1000 > 192.168.5.11:53"
BRIDGED6 = "in p0 udp [fd05::10]:1000 > [fd05::11]:53"
TO_SECOND = "ether 02:00:00:00:04:10 > 02:00:00:00:04:11"
KNOWN = ("in p1 udp 192.168.5.11:9 > 192.168.5.10:9 ether 02:00:00:00:04:11 > 02:00:00:00:04:10", "accept")
TO_ALL = "ether 02:00:00:00:04:10 > ff:ff:ff:ff:ff:ff"
TCP = 6


def machine(mtus):
    def mtu(name):
        return f" mtu {mtus[name]}" if name in mtus else ""
    return ('use "rules.nft"\nrouter\ninterface eth0 192.168.1.12/24 fd00::12/64\n'
            f"interface eth1 10.9.0.1/24 fd09::1/64{mtu('eth1')}\n"
            f"interface br0 192.168.5.1/24 fd05::1/64 mac {BRIDGE_MAC}{mtu('br0')}\n"
            + "".join(f"interface {port} mac 02:00:00:00:06:1{n}{mtu(port)}\n" for n, port in enumerate(PORTS))
            + "bridge br0 " + " ".join(PORTS) + "\nroute default via 192.168.1.1\nroute default via fd00::1\n")


def leaves(device, *lengths, extra=""):
    """A ruleset that tracks, and says of what leaves by the device how long it is."""
    rules = "".join(f'meta length {n + HEADER} counter comment "{n}"\n' for n in sorted(set(lengths)))
    return (f"table inet t {{ chain c {{ type filter hook forward priority 0; ct state invalid counter; }}\n{extra} }}\n"
            f"table netdev e {{ chain c {{ type filter hook egress device {device} priority 0;\n{rules} }} }}\n")


def passed(*lengths):
    return "accept" + "".join(f' through "{n}"' for n in lengths)


def cut(words, sizes, number, order=None, rest=""):
    """A datagram in pieces of those sizes; the first has 8 bytes of header."""
    offset, found = 0, []
    for n, size in enumerate(sizes):
        length = size - 8 if offset == 0 else size
        more = " more" if n < len(sizes) - 1 else ""
        found.append(f"{words} len {length}{more}{f' frag {offset}' if offset else ''} id {number}{rest}")
        offset += size
    return [found[n] for n in order or range(len(found))]


def whole(packets, expected):
    """All but the last wait."""
    return [(packet, "stolen") for packet in packets[:-1]] + [(packets[-1], expected)]


def packet4(offset, more, content, number, options=b"", tos=0, flags=0, protocol=UDP):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos, 20 + len(options) + len(content), number,
                       offset // 8 | more << 13 | flags << 14, 64, protocol, 0, socket.inet_aton(PEER), socket.inet_aton(INSIDE))
    head += options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return "in eth0 frame " + "0200000000010200000000fe0800" + (head + content).hex()


def datagram4(length):
    return struct.pack("!HHHH", 1000, 53, length, 0) + bytes(n % 251 for n in range(length - 8))


def pieces4(sizes, number, options=b"", tos=(), flags=()):
    content, offset, found = datagram4(sum(sizes)), 0, []
    for n, size in enumerate(sizes):
        found.append(packet4(offset, n < len(sizes) - 1, content[offset:offset + size], number, options,
                             tos[n] if tos else 0, flags[n] if flags else 0))
        offset += size
    return found


def tcp4():
    """A segment of 88 bytes."""
    segment = struct.pack("!HHIIBBHHH", 1000, 53, 1, 0, 0x50, 2, 1000, 0, 0) + bytes(68)
    sums = socket.inet_aton(PEER) + socket.inet_aton(INSIDE) + struct.pack("!HH", TCP, len(segment))
    return segment[:16] + struct.pack("!H", checksum(sums + segment)) + segment[18:]


NOT_COPIED = bytes([0x1e, 4, 1, 2, 0x9e, 3, 7, 0])  # an option for the first piece, one for all, the end
EGRESS_ID = """table netdev i { chain c { type filter hook egress device eth1 priority 1;
    frag id 7 drop } }
"""

# name: (ruleset, (packet, expectation)…)
FACTS = {
    "pieces leave as they came": (
        leaves("eth1", 92, 60, 84, 40),
        *whole(cut(V4, (72, 40, 64, 20), 1), passed(92, 60, 84, 40))),
    "in whatever order that was": (
        leaves("eth1", 92, 60, 84, 40),
        *whole(cut(V4, (72, 40, 64, 20), 2, (3, 1, 2, 0)), passed(92, 60, 84, 40))),
    "also when they forbade to be cut": (
        leaves("eth1", 92, 60), *whole(cut(V4, (72, 40), 3, rest=" df"), passed(92, 60))),
    "what a piece has too much over a multiple of 8 goes": (
        leaves("eth1", 92, 60, 40), *whole(pieces4((72, 40), 4)[:1] + [
            packet4(72, 1, datagram4(135)[72:115], 4), packet4(112, 0, bytes(20), 4)], passed(92, 60, 40))),
    "a second piece within the first ones is there already": (
        leaves("eth1", 92, 60, 40),
        *[(packet, "stolen") for packet in cut(V4, (72, 40, 20), 5)[:2]],
        (f"{V4} len 24 more frag 56 id 5", "drop"), (cut(V4, (72, 40, 20), 5)[2], passed(92, 60, 40))),
    "but one within a piece and another that came earlier overlaps them": (
        leaves("eth1", 92),
        *[(packet, "stolen") for packet in cut(V4, (72, 40, 20), 6, (1, 0))],
        (f"{V4} len 24 more frag 56 id 6", "drop"), (cut(V4, (72, 40, 20), 6)[2], "stolen")),
    "options that are for the first piece only are no more than padding in the others": (
        leaves("eth1", 100, 68, 48), *whole(pieces4((72, 40, 20), 7, NOT_COPIED), passed(100, 68, 48))),
    "congestion that one piece met the whole has met": (
        leaves("eth1", 92, 60, extra='chain d { type filter hook forward priority 1; ip ecn ce counter comment "met"; }'),
        *whole(pieces4((72, 40), 8, tos=(2, 3)), passed("met", 92, 60))),
    "congestion where nobody announces it is a mistake": (
        leaves("eth1", 92, 60), (pieces4((72, 40), 9)[0], "stolen"), (pieces4((72, 40), 9, tos=(0, 3))[1], "drop")),
    "where a translated header lies in two pieces they are cut anew": (
        leaves("eth1", 76, 52, extra="chain n { type nat hook postrouting priority 100; masquerade; }"),
        (packet4(0, 1, tcp4()[:16], 10, protocol=TCP), "stolen"), (packet4(16, 1, tcp4()[16:72], 10, protocol=TCP), "stolen"),
        (packet4(72, 0, tcp4()[72:], 10, protocol=TCP), passed(76, 52))),
    "pieces that loop back are put together again": (
        leaves("lo", 92, 60, extra='chain d { type filter hook input priority 0; iif lo meta length 132 counter comment "whole"; }'),
        *whole(cut("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", (72, 40), 27), passed("whole", 92, 60))),
    "of IPv6 they stay what they are": (
        leaves("lo", 120, 88, extra='chain d { type filter hook input priority 0; iif lo meta length 88 counter comment "second"; }'),
        *whole(cut("out lo udp [::1]:1000 > [::1]:53", (72, 40), 28), passed("second", 120, 88))),
    "what is not to be tracked is not put together": (
        leaves("eth1", 92, 60, extra="chain r { type filter hook prerouting priority -450; notrack; }"),
        (cut(V4, (72, 40), 29)[0], "untracked accept"), (cut(V4, (72, 40), 29)[1], passed(60).replace("accept", "untracked accept")),
        (cut(V6, (72, 40), 30)[0], "untracked accept")),
    "IPv6: pieces leave as they came": (
        leaves("eth1", 120, 88, 112, 68), *whole(cut(V6, (72, 40, 64, 20), 11, (3, 1, 0, 2)), passed(120, 88, 112, 68))),
    "IPv6: what is no longer than its largest piece leaves whole": (
        leaves("eth1", 120), *whole(cut(V6, (72, 8), 12), passed(120))),
    "IPv6: and a bridge that it leaves by does not cut it either": (
        leaves("p2", 120), *whole(cut("out br0 udp [fd05::1]:53 > [fd05::12]:1000", (72, 8), 64), passed(120))),
    "IPv6: the only piece leaves without its header": (
        leaves("eth1", 112), (frames6((72,), 13)[0], passed(112))),
    "IPv6: the fragment's header stands behind hop-by-hop options": (
        leaves("eth1", 128, 96, 76), *whole(frames6((72, 40, 20), 14, (HOP_BY_HOP,)), passed(128, 96, 76))),
    "IPv6: and behind destination options": (
        leaves("eth1", 128, 96, 76), *whole(frames6((72, 40, 20), 15, (DESTINATION,)), passed(128, 96, 76))),
    "IPv6: even if it came before them, and then all is cut anew": (
        leaves("eth1", 180), *whole(frames6((72, 40, 20), 16, (), (DESTINATION,)), passed(180))),
    "IPv6: anew means no larger than the largest that came": (
        leaves("eth1", 1448, 464), *whole(frames6((1400, 800, 1000), 17, (), (DESTINATION,)), passed(1448, 464))),
    "IPv6: a piece that is no multiple of 8 is let be": (
        leaves("eth1", 91), (cut(V6, (72, 40), 18)[0], "stolen"), (f"{V6} len 43 more frag 72 id 18", passed(91))),
    "IPv6: and so is one that lacks a part of the headers": (
        leaves("eth1", 64), (frames6((16, 40), 19)[0].replace("110000011d1d", "060000011d1d"), passed(64))),
    "nobody knows the identification of IPv6's pieces": (
        leaves("eth1", 120) + EGRESS_ID, *whole(cut(V6, (72, 40), 20), "sometimes")),
}
# eth1 takes 1400 bytes.
NARROW_FACTS = {
    "what is larger than the link is cut": (
        leaves("eth1", 1396, 124), (f"{V4} len 1472", passed(1396, 124))),
    "unless it forbids that": (
        leaves("eth1"), (f"{V4} len 1472 df", "drop by stack")),
    "nobody but its sender cuts IPv6": (
        leaves("eth1"), (f"{V6} len 1400", "drop by stack")),
    "pieces larger than the link are cut anew": (
        leaves("eth1", 1396, 924), *whole(cut(V4, (1480, 800), 21), passed(1396, 924))),
    "unless they forbid that": (
        leaves("eth1"), *whole(cut(V4, (1480, 800), 22, rest=" df"), "drop by stack")),
    "one small piece that forbids it does not count": (
        leaves("eth1", 1396, 924), *whole(pieces4((1480, 800), 23, flags=(0, 1)), passed(1396, 924))),
    "pieces that fit leave as they came, though all together are larger": (
        leaves("eth1", 1220, 1220, 420), *whole(cut(V4, (1200, 1200, 400), 24, rest=" df"), passed(1220, 420))),
    "IPv6: pieces larger than the link leave nowhere": (
        leaves("eth1"), *whole(cut(V6, (1400, 800), 25), "drop by stack")),
    "IPv6: those that fit do": (
        leaves("eth1", 1248, 1248, 448), *whole(cut(V6, (1200, 1200, 400), 26), passed(1248, 448))),
    "a bridge does not send a frame larger than the link of the port": (
        leaves("p1"), KNOWN, (f"{BRIDGED} len 1400 {TO_SECOND}", "drop by stack")),
    "but one that is no longer than a tag would make it": (
        leaves("p1", 1404), (f"{BRIDGED} len 1376 {TO_SECOND}", passed(1404))),
    "nor do chains of ip, which see it, have it cut": (
        leaves("p1"), KNOWN, (f"{BRIDGED} len 1377 {TO_SECOND}", "drop by stack")),
}
BRIDGED_FACTS = {
    "br_netfilter gives pieces on as they came": (
        leaves("p1", 92, 60, 84), *whole(cut(BRIDGED, (72, 40, 64), 31, rest=f" {TO_SECOND}"), passed(92, 60, 84))),
    "IPv6's too": (
        leaves("p1", 120, 88, 112), *whole(cut(BRIDGED6, (72, 40, 64), 32, rest=f" {TO_SECOND}"), passed(120, 88, 112))),
    "but copies it cuts anew": (
        leaves("p2", 92, 52), *whole(cut(BRIDGED.replace("5.11", "5.255"), (72, 40, 64), 33, rest=f" {TO_ALL}"),
                                        passed(92, 52))),
    "copies of pieces that forbade it are cut without a word of that": (
        leaves("p2", 92, 52), *whole(cut(BRIDGED.replace("5.11", "5.255"), (72, 40, 64), 34, rest=f" df {TO_ALL}"), passed(92, 52))),
}


HERE = V4.replace(INSIDE, "192.168.1.12")
SEEN = """table inet t {
    chain p { type filter hook prerouting priority 0; meta length 92 counter comment "first"
        meta length 60 counter comment "second"; }
    chain f { type filter hook forward priority 0; meta length 60 counter comment "forwarded"; }
    chain i { type filter hook input priority 0; meta length 132 udp dport 53 counter comment "whole"
        meta length 88 counter comment "a piece"; } }
"""
# Where no rule asks for a connection.
UNTRACKED = {
    "input sees IPv4 as one, and nothing else does": (
        SEEN, (cut(HERE, (72, 40), 61)[0], 'stolen through "first"'),
        (cut(HERE, (72, 40), 61)[1], 'accept through "second" through "whole"')),
    "what is passed on stays in pieces": (
        SEEN, (cut(V4, (72, 40), 62)[1], 'accept through "second" through "forwarded"')),
    "of IPv6 input sees the pieces": (
        SEEN, (cut(V6.replace(INSIDE6, "fd00::12"), (72, 40), 63)[1], 'accept through "a piece"')),
}
AT_BRIDGE = """table bridge b { chain f { type filter hook forward priority -200; ct state invalid counter; } }
"""
ALONE = {
    "a bridge that tracks gives pieces on as they came": (
        AT_BRIDGE + leaves("p1", 92, 60, 84), *whole(cut(BRIDGED, (72, 40, 64), 41, rest=f" {TO_SECOND}"), passed(92, 60, 84))),
    "but copies it cuts anew": (
        AT_BRIDGE + leaves("p2", 92, 52),
        *whole(cut(BRIDGED.replace("5.11", "5.255"), (72, 40, 64), 42, rest=f" df {TO_ALL}"), passed(92, 52))),
    "IPv6's too": (
        AT_BRIDGE + leaves("p1", 1344, 848, 448),
        *whole(cut(BRIDGED6, (1296, 800, 400), 43, rest=f" {TO_SECOND}"), passed(1344, 848, 448))),
    "it looks at no piece but the link": (
        AT_BRIDGE + leaves("p1", 1396, 84), KNOWN,
        *whole(cut(BRIDGED, (1376, 64), 44, rest=f" {TO_SECOND}"), passed(1396, 84))),
    "of which a piece may be larger than that": (
        AT_BRIDGE + leaves("p1", 1404, 84), KNOWN,
        *whole(cut(BRIDGED, (1384, 64), 45, rest=f" {TO_SECOND}"), passed(1404, 84))),
    "if only a little": (
        AT_BRIDGE + leaves("p1", 84), KNOWN,
        *whole(cut(BRIDGED, (1392, 64), 46, rest=f" {TO_SECOND}"), passed(84))),
    "and else goes nowhere, with the others": (
        AT_BRIDGE + leaves("p1"), KNOWN,
        *whole(cut(BRIDGED, (1408, 64), 47, rest=f" {TO_SECOND}"), "drop by stack")),
    "IPv6: what has a piece larger than the link goes nowhere": (
        AT_BRIDGE + leaves("p1"), KNOWN,
        *whole(cut(BRIDGED6, (1392, 800), 48, rest=f" {TO_SECOND}"), "drop by stack")),
}
WITH_IP = {
    "for ip's chains it forgets the pieces, and what the link takes leaves whole": (
        AT_BRIDGE + leaves("p1", 196), *whole(cut(BRIDGED, (72, 40, 64), 51, rest=f" {TO_SECOND}"), passed(196))),
    "what it does not take leaves in the pieces as they came": (
        AT_BRIDGE + leaves("p1", 1020, 820, 420), KNOWN,
        *whole(cut(BRIDGED, (1000, 800, 400), 52, rest=f" {TO_SECOND}"), passed(1020, 820, 420))),
    "but copies are cut for the bridge": (
        AT_BRIDGE + leaves("p2", 1500, 740),
        *whole(cut(BRIDGED.replace("5.11", "5.255"), (1000, 800, 400), 53, rest=f" {TO_ALL}"), passed(1500, 740))),
    "so are those of IPv6": (
        AT_BRIDGE + leaves("p2", 1496, 800),
        *whole(cut(BRIDGED6.replace("[fd05::11]", "[ff02::7]"), (1000, 800, 400), 54,
                   rest=" ether 02:00:00:00:04:10 > 33:33:00:00:00:07"), passed(1496, 800))),
}


def driver_of(gate, mtus, tracks=("inet",)):
    require()
    require_nft()
    return Driver(gate, tracks, mtus)


@pytest.fixture(scope="module")
def driver(gate):
    driver = driver_of(gate, {})
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def narrow(gate):
    driver = driver_of(gate, NARROW)
    yield driver
    driver.close()


@pytest.mark.parametrize("fact", FACTS)
def test_fact(gate, driver, tmp_path, fact):
    check_fact(gate, driver, tmp_path, machine({}), FACTS[fact])


@pytest.mark.parametrize("fact", NARROW_FACTS)
def test_narrow_fact(gate, narrow, tmp_path, fact):
    check_fact(gate, narrow, tmp_path, machine(NARROW), NARROW_FACTS[fact])


@pytest.mark.parametrize("fact", BRIDGED_FACTS)
def test_bridged_fact(gate, driver, tmp_path, fact):
    need_br_netfilter()
    check_fact(gate, driver, tmp_path, machine({}), BRIDGED_FACTS[fact])


@pytest.fixture(scope="module")
def tracking(gate):
    need_bridge_tracking()
    driver = driver_of(gate, NARROW, ("inet", "bridge"))
    yield driver
    driver.close()


@pytest.mark.parametrize("calls,name", [(0, name) for name in ALONE] + [(1, name) for name in WITH_IP])
def test_fact_of_a_bridge_that_tracks(gate, tracking, tmp_path, calls, name):
    check_fact(gate, tracking, tmp_path, machine(NARROW), (WITH_IP if calls else ALONE)[name],
               [(f"bridge-nf-call-ip{six}tables", calls) for six in ("", "6")])


@pytest.fixture(scope="module")
def untracked(gate):
    driver = driver_of(gate, {}, ())
    yield driver
    driver.close()


@pytest.mark.parametrize("fact", UNTRACKED)
def test_untracked_fact(gate, untracked, tmp_path, fact):
    check_fact(gate, untracked, tmp_path, machine({}), UNTRACKED[fact])

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The kernel's ways with connection tracking at a bridge, which Debian's kernel has (tests/vm)."""
import pytest

from agree.driver import Driver
from agree.facts import check_fact, need_bridge_tracking
from agree.test_facts_bridge import (MACHINE, TO_ALL, TO_FIRST, TO_MACHINE, TO_SECOND, chain, nat,
                                     table)

FORWARD = -200  # `filter`
KNOWN = ('ct state new counter comment "new"', 'ct state established counter comment "known"',
         'ct state invalid counter comment "invalid"', 'ct state untracked counter comment "untracked"')
TCP = "in p0 tcp 192.168.5.10:1000 > 192.168.5.11:21 ether 02:00:00:00:04:10 > 02:00:00:00:04:11"
BACK = "in p1 tcp 192.168.5.11:21 > 192.168.5.10:1000 ether 02:00:00:00:04:11 > 02:00:00:00:04:10"
IN6 = "in p0 udp [fd05::10]:1000 > [fd05::11]:53 ether 02:00:00:00:04:10 > 02:00:00:00:04:11"


@pytest.fixture(scope="module")
def driver(gate):
    need_bridge_tracking()
    driver = Driver(gate, ("inet", "bridge"))
    yield driver
    driver.close()


def bridge(*chains):
    return table("bridge", *chains)


def forward(*rules):
    return bridge(chain("f", "forward", FORWARD, *rules))


# name: (ruleset, (packet, expectation)…), whether ip chains see bridged frames or not
FACTS = {
    "a port's bridge has a name, and all else an empty one": (
        bridge(chain("p", "prerouting", 0, 'meta ibrname "br0" meta obrname "" counter comment "in"'),
               chain("f", "forward", FORWARD, 'ct state new meta ibrname "br0" meta obrname "br0" counter comment "both"',
                     'meta obrname "br1" counter'),
               chain("o", "postrouting", 0, 'meta ibrname "" meta obrname != "br1" counter comment "out"')),
        (TO_SECOND, 'accept through "in" through "both" through "out"')),
    "a bridge that filters no VLANs has none for what has no tag": (
        forward('meta ibrpvid != 4000 counter comment "pvid"', 'meta ibrvproto != 0x9999 counter comment "proto"'),
        (TO_SECOND, "accept")),
    "a bridge tracks what passes from station to station": (
        forward(*KNOWN),
        (TO_SECOND, 'new accept through "new"'), (TO_FIRST, 'established accept through "known"'),
        (TO_SECOND, 'established accept through "known"')),
    "it does so at priority -200 of prerouting": (
        bridge(chain("b", "prerouting", -201, 'ct state invalid counter comment "before"'),
               chain("a", "prerouting", -199, 'ct state new counter comment "behind"')),
        (TO_SECOND, 'new accept through "before" through "behind"')),
    "what is not of IP is untracked": (
        forward(*KNOWN), ("in p0 arp 192.168.5.10 > 192.168.5.11 request", 'accept through "untracked"')),
    "a limit on connections drops what is in none": (
        forward('ct count over 9 drop', 'counter comment "counted"'),
        (TO_SECOND, 'accept through "counted"'), ("in p0 arp 192.168.5.10 > 192.168.5.11 answer ether > 02:00:00:00:04:11", "drop"),
        (TO_SECOND + " bad-checksum", "invalid drop")),
    "a tag does not hide the connection": (
        forward(*KNOWN), (TO_SECOND + " vlan 5", 'accept through "new"'), (TO_FIRST, 'accept through "known"')),
    "a frame that is dropped leaves no entry": (
        forward("ct state new drop"), (TO_SECOND, "new drop"), (TO_SECOND, "new drop"), (TO_FIRST, "new drop")),
    "a new connection is confirmed behind the chains of postrouting": (
        bridge(chain("p", "postrouting", 2147483646, 'ct status confirmed counter comment "there"',
                     'ct status ! confirmed counter comment "not yet"')),
        (TO_SECOND, 'accept through "not yet"'), (TO_SECOND, 'accept through "there"')),
    "a wrong checksum makes a frame invalid": (
        forward(*KNOWN), (TO_SECOND + " bad-checksum", 'invalid accept through "invalid"')),
    "an error is related to what it quotes": (
        forward('ct state related counter comment "related"'),
        (TO_SECOND, "accept"),
        ("in p1 icmp 192.168.5.11 > 192.168.5.10 destination-unreachable code 3 about last", 'accept through "related"')),
    "what is for the machine is in the connection that the bridge found": (
        bridge(chain("p", "prerouting", 0, "ct mark set 7")) +
        table("ip", chain("i", "input", 0, 'ct state new ct mark 7 counter comment "the same"')),
        (TO_MACHINE, 'new accept through "the same"')),
    "what the machine sends comes to the bridge with its connection": (
        bridge(chain("o", "output", 0, 'ct state new ct status confirmed counter comment "output"'),
               chain("p", "postrouting", 0, 'ct state new ct status confirmed counter comment "postrouting"')),
        ("out br0 udp 192.168.5.1:2 > 192.168.5.12:1", 'new accept through "output" through "postrouting"')),
    "the copies of a frame for a group share a connection": (
        bridge(chain("p", "prerouting", 0, 'ct mark 7 counter comment "kept"', "ct mark set 7")),
        (TO_ALL, "new accept"), (TO_ALL, 'accept through "kept"')),
    "a frame for a group is one connection for the stations and the machine": (
        bridge(chain("p", "prerouting", 0, "ct mark set 7")) +
        table("ip", chain("i", "input", 0, 'ct mark 7 counter comment "the same"')),
        (TO_ALL, 'accept through "the same"')),
    "notrack in raw prerouting leaves a frame untracked": (
        bridge(chain("r", "prerouting", -300, "udp dport 53 notrack"), chain("f", "forward", FORWARD, *KNOWN)),
        (TO_SECOND, 'untracked accept through "untracked"'), (TO_SECOND.replace(":53", ":54"), 'accept through "new"')),
    "a zone that is set in raw prerouting is the connection's": (
        bridge(chain("r", "prerouting", -300, "ct zone set 5"),
               chain("f", "forward", FORWARD, 'ct zone 5 counter comment "zone"')),
        (TO_SECOND, 'new accept through "zone"')),
    "a helper of a bridge's table announces what is related": (
        """table bridge t { ct helper ftp { type "ftp" protocol tcp; }
            chain f { type filter hook forward priority -200
                ct state related accept comment "related"
                tcp dport 21 ct helper set "ftp" } }""",
        (TCP + " syn", "new accept"), (BACK + " syn,ack seq 500000 ackseq 1001", "accept"),
        (TCP + " ack seq 1001 ackseq 500001", "accept"),
        (BACK + ' ack,psh seq 500001 ackseq 1001 data "220 hi\\r\\n"', "accept"),
        (BACK + ' ack,psh seq 500009 ackseq 1001 data "227 Entering Passive Mode (192,168,5,11,200,10)\\r\\n"', "accept"),
        (TCP.replace(":1000", ":1001").replace(":21", ":51210") + " syn", 'related accept by "related"')),
}
WITH_IP = {
    "fragments pass the chains as one, and leave whole where the link takes it": (
        forward('ct state new meta length 132 udp dport 53 counter comment "whole"'),
        (TO_SECOND + " len 64 more id 1", "stolen"), (TO_SECOND + " len 40 frag 72 id 1", 'accept through "whole"')),
    "so do fragments of IPv6, however small they were": (
        forward('ct state new meta length 152 udp dport 53 counter comment "whole"'),
        (IN6 + " len 64 more id 1", "stolen"), (IN6 + " len 40 frag 72 id 1", 'accept through "whole"')),
    "a new destination of ip's nat chains is bridged": (
        nat("prerouting", "udp dport 53 dnat to 192.168.5.12") + forward(*KNOWN),
        (TO_SECOND, 'new accept to 192.168.5.12:53 out p2 through "new"')),
    "the source of a bridged packet is not translated: its connection is confirmed before": (
        nat("postrouting", 'masquerade comment "asked"') + forward(*KNOWN),
        (TO_SECOND, 'new accept from 192.168.5.10:1000 through "asked"'),
        (TO_SECOND, 'new accept from 192.168.5.10:1000 through "asked"')),
    "a frame for a group that no station gets is in no connection here": (
        bridge(chain("f", "forward", FORWARD, "ct state new drop")) + table("ip", chain("i", "input", 0, *KNOWN)),
        (TO_ALL, 'accept through "invalid"')),
}
ALONE = {
    "fragments pass the chains as one, and leave as they came": (
        bridge(chain("r", "prerouting", -201, 'meta length < 100 counter comment "piece"'),
               chain("f", "forward", FORWARD, 'ct state new meta length 132 udp dport 53 counter comment "whole"')),
        (TO_SECOND + " len 64 more id 1", 'stolen through "piece"'),
        (TO_SECOND + " len 40 frag 72 id 1", 'accept through "piece" through "whole"')),
    "fragments of IPv6 pass the chains as one, and leave as they came": (
        forward('ct state new meta length 1488 udp dport 53 counter comment "whole"'),
        (IN6 + " len 1400 more id 1", "stolen"),
        (IN6 + " len 40 frag 1408 id 1", 'accept through "whole"')),
    "smaller fragments of IPv6 than every link must take do not leave": (
        forward('ct state new meta length 152 udp dport 53 counter comment "whole"'),
        (IN6 + " len 64 more id 1", "stolen"),
        (IN6 + " len 40 frag 72 id 1", 'drop by stack through "whole"')),
    "a frame for a group that no station gets is in a connection of its own here": (
        bridge(chain("p", "prerouting", 0, "ct mark set 7"), chain("f", "forward", FORWARD, "drop")) +
        table("ip", chain("i", "input", 0, 'ct state new ct mark 0 counter comment "another"')),
        (TO_ALL, 'new accept through "another"')),
}
CALLS = {"alone": 0, "with ip": 1}
CASES = [(name, calls, fact) for facts, settings in ((FACTS, CALLS), (WITH_IP, ["with ip"]), (ALONE, ["alone"]))
         for name, fact in facts.items() for calls in settings]


@pytest.mark.parametrize("calls,fact", [pytest.param(CALLS[calls], fact, id=f"{name}, {calls}")
                                        for name, calls, fact in CASES])
def test_fact(gate, driver, tmp_path, calls, fact):
    check_fact(gate, driver, tmp_path, MACHINE, fact,
               [(f"bridge-nf-call-ip{six}tables", calls) for six in ("", "6")])

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The kernel's ways with bridges, and with what devices' own chains see."""
import platform

import pytest

from agree.facts import check_fact, driver, need_br_netfilter  # noqa: F401  (a fixture)
from agree.rig import BRIDGE_MAC, PORTS, STATIONS

MACHINE = f"""use "rules.nft"
kernel {platform.release()}
router
interface eth0 192.168.1.12/24 fd00::12/64
interface eth1 10.9.0.1/24 fd09::1/64
interface br0 192.168.5.1/24 fd05::1/64 mac {BRIDGE_MAC}
""" + "".join(f"interface {port} mac 02:00:00:00:06:1{n}\n" for n, port in enumerate(PORTS)) + \
    "bridge br0 " + " ".join(PORTS) + "\nroute default via 192.168.1.1\n" + \
    "station 02:00:00:00:04:12 p2 192.168.5.12\n"
THIRD = f"ether {list(STATIONS)[2]} >"
TO_SECOND = "in p0 udp 192.168.5.10:1000 > 192.168.5.11:53 ether 02:00:00:00:04:10 > 02:00:00:00:04:11"
TO_FIRST = "in p1 udp 192.168.5.11:53 > 192.168.5.10:1000 ether 02:00:00:00:04:11 > 02:00:00:00:04:10"
TO_MACHINE = f"in p0 udp 192.168.5.10:1000 > 192.168.5.1:53 ether 02:00:00:00:04:10 > {BRIDGE_MAC}"
TO_ALL = "in p0 udp 192.168.5.10:1000 > 192.168.5.255:53 ether 02:00:00:00:04:10 > ff:ff:ff:ff:ff:ff"


def chain(name, hook, priority, *rules, kind="filter", device=""):
    return "\n".join([f"chain {name} {{ type {kind} hook {hook} {device}priority {priority};", *rules, "}"])


def table(family, *chains):
    return "\n".join([f"table {family} {family}s {{", *chains, "}"])


def nat(hook, rule):
    return table("ip", chain("n", hook, 0, rule, kind="nat"))


@pytest.fixture(scope="module", autouse=True)
def ip_sees_frames():
    need_br_netfilter()


# name: (ruleset, (packet, expectation)…)
FACTS = {
    "ip prerouting stands between bridge chains of priority 0 and 1": (
        table("ip", chain("c", "prerouting", 0, "meta mark set 7")) + table(
            "bridge", chain("b", "prerouting", 0, 'meta mark 0 counter comment "before"'),
            chain("a", "prerouting", 1, 'meta mark 7 counter comment "behind"')),
        (TO_SECOND, 'accept through "before" through "behind"')),
    "ip forward stands between bridge chains of priority -1 and 1": (
        table("ip", chain("c", "forward", 0, "meta mark set 7")) + table(
            "bridge", chain("b", "forward", -1, 'meta mark 0 counter comment "before"'),
            chain("a", "forward", 1, 'meta mark 7 counter comment "behind"')),
        (TO_SECOND, 'accept through "before" through "behind"')),
    "ip postrouting stands behind all bridge chains and sees no device the frame came by": (
        table("ip", chain("c", "postrouting", 0, 'iif 0 oifname "br0" meta mark 8 counter comment "last"')) +
        table("bridge", chain("b", "postrouting", 2147483647, "iif 0 meta mark set 8")),
        (TO_SECOND, 'accept through "last"')),
    "ip chains see the bridge, bridge chains its ports": (
        table("ip", chain("c", "forward", 0, 'iifname "br0" oifname "br0" counter comment "ip"')) +
        table("bridge", chain("b", "forward", -200, 'iifname "p0" oifname "p1" counter comment "bridge"')),
        (TO_SECOND, 'accept through "ip" through "bridge"')),
    "a frame for another station is `other` to the bridge and `host` to ip": (
        table("ip", chain("c", "forward", 0, 'meta pkttype host counter comment "ip"')) +
        table("bridge", chain("b", "forward", -200, 'meta pkttype other counter comment "bridge"')) +
        table("netdev", chain("d", "ingress", 0, 'meta pkttype other counter comment "device"', device="device p0 ")),
        (TO_SECOND, 'accept through "ip" through "bridge" through "device"')),
    "ip prerouting runs once for what the bridge hands to the machine": (
        table("ip", chain("c", "prerouting", 0, 'meta mark 1 drop comment "again"', "meta mark set 1"),
              chain("i", "input", 0, 'iifname "br0" counter comment "input"')) +
        table("bridge", chain("b", "input", 0, 'iifname "p0" counter comment "bridge"')),
        (TO_MACHINE, 'accept through "bridge" through "input"')),
    "ingress runs at the port and again at the bridge": (
        table("netdev", chain("p", "ingress", 0, 'counter comment "port"', device="device p0 "),
              chain("b", "ingress", 0, 'iifname "br0" counter comment "bridge"', device="device br0 ")),
        (TO_MACHINE, 'accept through "port" through "bridge"')),
    "kernels before 6.7 pass by what has priority 0 where ip sees a frame": (
        table("bridge", chain("c", "forward", 0, 'counter comment "zero"')),
        ("in p0 arp 192.168.5.10 > 192.168.5.11 request", 'accept through "zero"'),
        (TO_SECOND, "accept")),
    "what the machine sends passes the bridge's egress, output, postrouting and the port's egress": (
        table("bridge", chain("o", "output", 0, 'iif 0 oifname "p2" counter comment "output"'),
              chain("p", "postrouting", 0, 'ether saddr 02:00:00:00:06:01 counter comment "postrouting"')) +
        table("netdev", chain("e", "egress", 0, 'ether daddr 02:00:00:00:04:12 counter comment "bridge"', device="device br0 "),
              chain("f", "egress", 0, 'counter comment "port"', device="device p2 ")),
        (f"in p2 udp 192.168.5.12:1 > 192.168.5.1:2 {THIRD}", "accept"),
        ("out br0 udp 192.168.5.1:2 > 192.168.5.12:1",
         'accept out p2 through "bridge" through "output" through "postrouting" through "port"')),
    "an unknown station's frame goes to all other ports, a known one's to its own": (
        table("ip", chain("c", "forward", 0, "counter")),
        (TO_SECOND, "accept out p1 out p2"), (TO_FIRST, "accept out p0"), (TO_SECOND, "accept out p1")),
    "a frame dropped in prerouting teaches nothing, one dropped in forward does": (
        table("bridge", chain("c", "prerouting", 0, "udp sport 1000 drop"), chain("f", "forward", -200, "udp dport 99 drop")),
        (TO_SECOND, "drop"), (TO_FIRST, "accept out p0 out p2"),
        (TO_SECOND.replace(":1000", ":1001").replace(":53", ":99"), "drop"), (TO_FIRST, "accept out p0")),
    "a frame dropped in ip prerouting teaches nothing": (
        table("ip", chain("c", "prerouting", 0, "udp sport 1000 drop")),
        (TO_SECOND, "drop"), (TO_FIRST, "accept out p0 out p2")),
    "a frame for the port it came by goes nowhere": (
        table("ip", chain("c", "forward", 0, "counter")),
        (TO_FIRST, "accept"), (TO_FIRST.replace("> 02:00:00:00:04:10", "> 02:00:00:00:04:11"), "drop by stack")),
    "the bridge takes frames for any of its ports, its stack only those for itself": (
        table("bridge", chain("c", "input", 0, 'counter comment "taken"')),
        (TO_MACHINE.replace(BRIDGE_MAC, "02:00:00:00:06:10"), 'accept through "taken"'),
        (TO_MACHINE.replace(BRIDGE_MAC, "02:00:00:00:06:11"), 'drop by stack through "taken"')),
    "a group's frame goes to all ports and to the machine": (
        table("ip", chain("i", "input", 0, 'counter comment "here"')),
        (TO_ALL, 'accept out p1 out p2 through "here"')),
    "a group's connection is confirmed though ip drops each copy": (
        table("ip", chain("p", "postrouting", 0, "ct state new drop"), chain("i", "input", 0, "ct state new drop")),
        (TO_ALL, "new drop")),
    "no router passes on what came for a group of the link": (
        table("ip", chain("i", "forward", 0, "counter")),
        ("in p0 udp 192.168.5.10:1 > 10.9.0.5:53 ether 02:00:00:00:04:10 > ff:ff:ff:ff:ff:ff", "accept out p1 out p2")),
    "groups of the link go no further than the port": (
        table("bridge", chain("p", "prerouting", 0, "drop"), chain("i", "input", 0, 'counter comment "port"')),
        (TO_ALL.replace("ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:03"), 'accept through "port"'),
        (TO_ALL.replace("ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:01"), "drop by stack")),
    "spanning tree's group is forwarded where there is no spanning tree": (
        table("bridge", chain("f", "forward", -200, 'counter comment "forward"')),
        (TO_ALL.replace("ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00"), 'accept through "forward"')),
    "tagged frames are not shown to ip chains": (
        table("ip", chain("c", "prerouting", 0, "drop")) +
        table("bridge", chain("b", "forward", 0, 'vlan id 5 meta protocol ip counter comment "tagged"')),
        (TO_SECOND + " vlan 5", 'accept through "tagged"'), (TO_SECOND, "drop")),
    "a tagged frame goes no further without a device for its VLAN": (
        table("ip", chain("c", "prerouting", 0, "counter")),
        ("in eth0 udp 198.51.100.7:1 > 192.168.1.12:2 vlan 5", "drop by stack")),
    "ARP passes the chains of a bridge": (
        table("bridge", chain("f", "forward", 0, "arp operation request drop")),
        ("in p0 arp 192.168.5.10 > 192.168.5.11 request", "accept"),
        ("in p0 arp 192.168.5.10 > 192.168.5.11 answer ether > 02:00:00:00:04:11", "accept out p1")),
    "a new destination on the bridge's network is bridged to its station": (
        nat("prerouting", "udp dport 53 dnat to 192.168.5.12"),
        (TO_SECOND, "accept to 192.168.5.12:53 out p2")),
    "a new destination elsewhere is routed": (
        nat("prerouting", "udp dport 53 dnat to 10.9.0.5"), (TO_SECOND, "accept to 10.9.0.5:53 out eth1")),
    "redirect takes a bridged packet up to the machine": (
        nat("prerouting", "udp dport 53 redirect to :5353") +
        table("bridge", chain("i", "input", 0, 'counter comment "up"')),
        (TO_SECOND, 'accept to 192.168.5.1:5353 through "up"')),
    "masquerade of a bridged packet is by the bridge's address": (
        nat("postrouting", "masquerade"), (TO_SECOND, "accept from 192.168.5.1:1000")),
    "at egress the Ethernet header counts, and there is no device the packet came by": (
        table("netdev", chain("e", "egress", 0, 'meta length 47 iif 0 counter comment "frame"', device="device eth1 ")),
        ("in eth0 udp 198.51.100.7:1 > 10.9.0.5:53 len 5", 'accept out eth1 through "frame"')),
    "on lo the Ethernet header is all zeros": (
        table("netdev", chain("e", "egress", 0, '@ll,48,48 0 counter comment "egress"', device="device lo "),
              chain("i", "ingress", 0, '@ll,0,48 0 counter comment "ingress"', device="device lo ")),
        ("out lo udp 127.0.0.1:1 > 127.0.0.1:2", 'accept through "egress" through "ingress"')),
    "fib gives no device for the machine's own addresses": (
        table("ip", chain("c", "prerouting", 0, 'fib daddr oif missing counter comment "own"'),
              chain("f", "forward", 0, 'fib daddr oifname "eth1" counter comment "route"')),
        ("in eth0 udp 198.51.100.7:1 > 192.168.1.12:2", 'accept through "own"'),
        ("in eth0 udp 198.51.100.7:1 > 10.9.0.5:2", 'accept through "route"')),
}
# With settings of net.bridge.
SET_FACTS = {
    "without bridge-nf-call-iptables bridged frames do not meet ip chains": (
        ("bridge-nf-call-iptables", 0), (
            table("ip", chain("c", "prerouting", 0, "udp sport 1000 drop"), chain("f", "forward", 0, "drop")),
            (TO_SECOND.replace(":1000", ":1001"), "accept"), (TO_MACHINE, "drop"))),
    "with bridge-nf-filter-vlan-tagged tagged frames meet ip chains": (
        ("bridge-nf-filter-vlan-tagged", 1), (
            table("ip", chain("c", "prerouting", 0, "drop")), (TO_SECOND + " vlan 5", "drop"))),
}


@pytest.mark.parametrize("fact", FACTS)
def test_fact(gate, driver, tmp_path, fact):
    check_fact(gate, driver, tmp_path, MACHINE, FACTS[fact])


@pytest.mark.parametrize("fact", SET_FACTS)
def test_fact_of_a_setting(gate, driver, tmp_path, fact):
    setting, steps = SET_FACTS[fact]
    check_fact(gate, driver, tmp_path, MACHINE, steps, (setting,))


def test_for_a_bridged_packet_the_mtu_is_the_bridges(gate, driver, tmp_path):
    rules = table("ip", chain("f", "forward", 0, 'rt mtu 1360 counter comment "forward"'),
                  chain("o", "postrouting", 0, 'rt mtu 1360 counter comment "postrouting"'))
    driver.machine.run(["ip", "link", "set", "br0", "mtu", "1400"], check=True)
    try:
        check_fact(gate, driver, tmp_path, MACHINE.replace(f"mac {BRIDGE_MAC}", f"mac {BRIDGE_MAC} mtu 1400"),
                   (rules, (TO_SECOND, 'accept through "forward" through "postrouting"')))
    finally:
        driver.machine.run(["ip", "link", "set", "br0", "mtu", "1500"], check=True)

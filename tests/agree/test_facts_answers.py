# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What a rule answers, and when the kernel keeps silent."""
import socket
import time

import pytest

from agree.facts import check_fact, driver, need_br_netfilter  # noqa: F401  (a fixture)
from agree.rig import in_namespace
from agree.test_facts import MACHINE as ROUTER
from agree.test_facts_bridge import MACHINE, TO_ALL, TO_FIRST, TO_MACHINE, TO_SECOND, chain, table
from harness import kernel
from harness.netns import Netns

SYN = "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:22 syn"
SYN6 = "in eth0 tcp [fd00:5::7]:1000 > [fd00::12]:22 syn"
UDP = "in eth0 udp 198.51.100.7:1000 > 192.168.1.12:53"
BRIDGED_SYN = TO_SECOND.replace("udp", "tcp").replace(" ether", " syn ether")
RELATED = chain("o", "output", 0, 'ct state related counter accept comment "related"', "drop")
ALL_OUT = chain("o", "output", 0, 'counter comment "out"')


def reject(what, hook="input", family="inet"):
    device = 'device "eth0" ' if family == "netdev" else ""
    return chain("r", hook, 0, what, device=device)


# name: (ruleset, (packet, expectation)…)
FACTS = {
    "a reset belongs to the connection, as something related": (
        table("inet", reject("tcp dport 22 reject with tcp reset"), RELATED),
        (SYN, 'reject answer accept, counter of "related" packets 1'), (SYN6, "reject answer accept")),
    "so does an error": (
        table("inet", reject("udp dport 53 reject"), RELATED),
        (UDP, 'reject answer accept, counter of "related" packets 1')),
    "of what is in no connection, neither is the answer": (
        table("inet", reject("tcp dport 22 reject with tcp reset"), RELATED),
        (SYN.replace("syn", "syn,fin"), 'invalid reject answer drop, counter of "related" packets 0')),
    "the answer to what a socket sends comes back by lo": (
        table("inet", chain("o", "output", 0, "tcp dport 22 reject with tcp reset"),
              chain("i", "input", 0, 'iif lo tcp flags rst counter comment "heard"')),
        ("out eth0 tcp 192.168.1.12:1000 > 198.51.100.7:22 syn", 'reject answer accept, counter of "heard" packets 1')),
    "an answer that is rejected is answered in turn": (
        table("inet", reject("tcp dport 22 reject with tcp reset", "forward"),
              chain("o", "output", 0, "tcp flags rst reject", 'meta l4proto icmp oif eth1 counter comment "in turn"')),
        (SYN.replace("192.168.1.12", "10.9.0.5"), 'reject answer reject, counter of "in turn" packets 1')),
    "by lo it comes in when what it answers is through": (
        table("inet", reject("tcp dport 22 reject with tcp reset"),
              chain("o", "output", 0, "tcp flags rst reject"), chain("i", "input", 0, 'iif lo counter comment "lo"')),
        (SYN, 'reject answer reject, counter of "lo" packets 1')),
    "a reset is not answered by a reset": (
        table("inet", reject("tcp dport 22 reject with tcp reset"), ALL_OUT),
        (SYN.replace("syn", "rst"), 'reject no answer, counter of "out" packets 0')),
    "what is for a group is not answered": (
        table("inet", reject("reject"), ALL_OUT),
        ("in eth0 udp 192.168.1.77:1000 > 192.168.1.255:53", "reject no answer"),
        ("in eth0 udp 192.168.1.77:1000 > 224.0.0.1:53", 'reject no answer, counter of "out" packets 0')),
    "an error is not answered by another": (
        table("inet", reject("ct state invalid reject"), ALL_OUT),
        ("in eth0 icmp 198.51.100.7 > 192.168.1.12 destination-unreachable code 3",
         'reject no answer, counter of "out" packets 0')),
    "what has a wrong checksum is not answered": (
        table("inet", reject("reject"), ALL_OUT),
        (f"{UDP} bad-checksum", 'reject no answer, counter of "out" packets 0')),
    "a router answers with its own address": (
        table("inet", reject("reject with icmpx admin-prohibited", "forward"),
              chain("o", "output", 0, 'ip saddr 192.168.1.12 counter comment "own"')),
        ("in eth0 udp 198.51.100.7:1000 > 10.9.0.5:53", 'reject answer accept, counter of "own" packets 1')),
    "an error has the precedence of errors and the sender's other bits": (
        table("inet", reject("reject"), chain("o", "output", 0, '@nh,8,8 0xd8 counter comment "tos"')),
        (f"{UDP} dscp 14", 'reject answer accept, counter of "tos" packets 1')),
    "translation goes back with the answer": (
        table("ip", chain("n", "prerouting", -100, "udp dport 53 dnat to 10.9.0.5", kind="nat"),
              reject("reject", "forward")) +
        table("netdev", chain("e", "egress", 0, '@nh,96,64 0xc0a8010cc6336407 @th,192,32 0xc0a8010c counter comment "back"', device='device "eth0" ')),
        (UDP, 'reject answer accept, counter of "back" packets 1')),
}
IN_NETDEV = {
    "in netdev the answer meets nothing but egress": (
        table("netdev", reject("meta protocol ip reject with icmpx no-route", "ingress", "netdev"),
              chain("e", "egress", 0, 'ip protocol icmp counter comment "egress"', device='device "eth0" ')) +
        table("inet", ALL_OUT),
        (UDP, 'reject answer accept, counter of "egress" packets 1, counter of "out" packets 0')),
    "in netdev an error is answered unless it says the same": (
        table("netdev", reject("meta protocol ip reject with icmpx no-route", "ingress", "netdev")),
        ("in eth0 icmp 198.51.100.7 > 192.168.1.12 time-exceeded", "reject answer accept"),
        ("in eth0 icmp 198.51.100.7 > 192.168.1.12 destination-unreachable", "reject no answer")),
}
BRIDGED = {
    "a reset to a bridged packet goes straight back by its port": (
        table("inet", reject("tcp dport 53 reject with tcp reset", "forward"), ALL_OUT) +
        table("netdev", chain("e", "egress", 0, 'tcp flags rst counter comment "port"', device='device "p0" ')),
        (TO_FIRST, "accept"),  # so the bridge learns where the second station is
        (BRIDGED_SYN, 'reject answer accept, counter of "port" packets 1, counter of "out" packets 0')),
    "an error to a bridged packet is the machine's": (
        table("inet", reject("udp dport 53 reject", "forward"),
              chain("o", "output", 0, 'ip saddr 192.168.5.1 oifname "br0" counter comment "own"')),
        (TO_FIRST, "accept"), (TO_SECOND, 'reject answer accept, counter of "own" packets 1')),
}
AT_BRIDGE = {
    "a rule of a bridge answers out of the port, through output and postrouting": (
        table("bridge", chain("r", "prerouting", 0, "udp dport 53 reject with icmpx no-route",
                              "tcp dport 53 reject with tcp reset"),
              chain("o", "output", 0, 'oifname "p0" counter comment "output"'),
              chain("p", "postrouting", 0, 'oifname "p0" counter comment "post"')) + table("inet", ALL_OUT),
        (TO_SECOND, 'reject answer accept, counter of "output" packets 1, counter of "post" packets 1'),
        (BRIDGED_SYN, 'reject answer accept, counter of "output" packets 2, counter of "out" packets 0')),
    "at input as well, and what is for all is not answered": (
        table("bridge", chain("r", "input", 0, "udp dport 53 reject")),
        (TO_MACHINE, "reject answer accept"), (TO_ALL, "accept no answer")),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_kernel_answers_so(gate, driver, tmp_path, name):
    check_fact(gate, driver, tmp_path, ROUTER, FACTS[name])


@pytest.mark.parametrize("name", IN_NETDEV)
def test_the_kernel_answers_in_netdev_so(gate, driver, tmp_path, name):
    kernel.need("reject netdev")
    check_fact(gate, driver, tmp_path, ROUTER, IN_NETDEV[name])


@pytest.mark.parametrize("name", BRIDGED)
def test_the_kernel_answers_bridged_packets_so(gate, driver, tmp_path, name):
    need_br_netfilter()
    check_fact(gate, driver, tmp_path, MACHINE, BRIDGED[name])


@pytest.mark.parametrize("name", AT_BRIDGE)
def test_the_kernel_answers_at_a_bridge_so(gate, driver, tmp_path, name):
    kernel.need("reject bridge")
    check_fact(gate, driver, tmp_path, MACHINE, AT_BRIDGE[name])


def errors_heard(family, dst, sent):
    """How many errors come back for so many datagrams at once."""
    protocol, at, unreachable = (1, 20, 3) if family == socket.AF_INET else (58, 0, 1)
    raw = socket.socket(family, socket.SOCK_RAW, protocol)
    raw.settimeout(0.3)
    for _ in range(sent):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", (dst, 9))
    heard = 0
    try:
        while True:
            heard += raw.recv(2000)[at] == unreachable
    except TimeoutError:
        raw.close()
        return heard


def test_one_host_is_told_six_times_at_once_and_then_once_a_second():
    """As tests/scenario/test_answers.py expects it of the simulator."""
    machine, peer = Netns(), Netns()
    try:
        machine.run(["sh", "-c", f"ip link add e type veth peer name f netns {peer.name}; ip link set e up; "
                     "ip address add 10.0.0.1/24 dev e"], check=True)
        peer.run(["sh", "-c", "ip link set f up; ip address add 10.0.0.2/24 dev f; ping -c 1 -W 5 10.0.0.1"], check=True)
        machine.nft(input=table("inet", reject("udp dport 9 reject")))
        assert in_namespace(peer.name, lambda: errors_heard(socket.AF_INET, "10.0.0.1", 9)) == 6
        time.sleep(0.9)
        assert in_namespace(peer.name, lambda: errors_heard(socket.AF_INET, "10.0.0.1", 3)) == 1
    finally:
        machine.close()
        peer.close()

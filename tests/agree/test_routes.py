# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Policy routing: the same packets through a kernel with rules and tables, through `gate explain
--live` on that kernel, and through `gate test` with the same rules and tables as a scenario's."""
import json
import subprocess

import pytest
from scapy.all import IP, TCP, Ether, IPv6

from agree.rig import MACHINE_MAC, MARK, OTHER_MAC, RIG_TABLE, Rig, simulated_path
from harness.netns import require_nft

# In iproute2's words, which are also the scenario's.
SETUP = """
route 8.8.8.0/24 dev eth1 table 100
route local 9.9.9.9 dev lo table 100
route throw 8.8.9.0/24 table 100
route default via 10.9.0.6 table 200 mtu 1400
route 7.7.7.0/24 dev eth1 table 201
route blackhole 203.0.113.1
route unreachable 203.0.113.2
route prohibit 203.0.113.3
route local 203.0.113.64/26 dev lo
route 198.18.0.0/16 via 10.9.0.5 metric 10
route blackhole 198.18.0.0/16 metric 20
route blackhole 2001:db8:f::1
route prohibit 2001:db8:f::3
route 2001:db8:a::/48 via fd09::5 table 100
rule ip pref 40 iif lo fwmark 0x7/0xf table 200
rule ip pref 50 fwmark 5 table 100
rule ip6 pref 50 fwmark 5 table 100
rule ip pref 52 from 198.51.100.7 ipproto udp dport 4000-4001 prohibit
rule pref 60 to 6.6.7.0/24 prohibit
rule pref 61 to 6.6.8.0/24 blackhole
rule pref 70 to 7.7.7.0/24 table 201
rule pref 71 to 5.5.5.0/24 table main suppress_prefixlength 0
rule pref 72 to 5.5.5.0/24 prohibit
rule ip pref 80 not from 198.51.100.0/24 iif eth0 goto 32766
rule ip pref 81 to 6.6.9.0/24 unreachable
""".strip().splitlines()

RULES = """table inet t {
	chain pre {
		type filter hook prerouting priority -100
		ip dscp 1 meta mark set 5
		ip6 dscp 1 meta mark set 5
		fib daddr oif eth0 counter
		fib daddr oif eth1 counter
		fib daddr . mark oif eth1 counter
		fib daddr . iif oif eth0 counter
		fib saddr . iif oif 0 counter
		fib saddr . mark . iif oif eth0 counter
		fib saddr oif eth1 counter
		fib daddr type local counter
		fib daddr . iif type unicast counter
		fib daddr type unreachable counter
		fib daddr type { blackhole, prohibit } counter
		fib daddr . mark type local counter
	}
	chain in { type filter hook input priority 0; accept; }
	chain forw {
		type filter hook forward priority 0
		oif eth1 rt ip nexthop 10.9.0.6 accept comment "by 10.9.0.6"
		oif eth1 accept comment "eth1"
		oif eth0 accept comment "eth0"
	}
	chain out { type route hook output priority -150; udp dport 4007 meta mark set 7; }
	chain post { type filter hook postrouting priority 0; oif eth1 counter; }
}
"""
HOST = "in eth0 udp 198.51.100.7:1000 > "

# `rp_filter`: what the setting of all interfaces is from here on.
PACKETS = [
    (HOST + "192.168.1.12:53", "accept"),
    (HOST + "8.8.8.8:53", "accept out eth0"),
    (HOST + "8.8.8.8:53 dscp 1", "accept out eth1"),
    (HOST + "8.8.9.8:53 dscp 1", "accept out eth0"),
    (HOST + "9.9.9.9:53 dscp 1", "accept"),
    (HOST + "203.0.113.1:53", "drop by stack"),
    (HOST + "203.0.113.2:53", "drop by stack"),
    (HOST + "203.0.113.3:53", "drop by stack"),
    (HOST + "203.0.113.65:53", "accept"),
    (HOST + "198.18.1.1:53", 'accept out eth1 by "eth1"'),
    (HOST + "5.5.5.5:53", "drop by stack"),
    (HOST + "7.7.7.7:53", "accept out eth1"),
    (HOST + "192.168.1.12:4000", "accept"),
    (HOST + "8.8.8.8:4000", "drop by stack"),
    (HOST + "6.6.7.1:53", "drop by stack"),
    (HOST + "6.6.8.1:53", "drop by stack"),
    (HOST + "6.6.9.1:53", "drop by stack"),
    (HOST.replace("198.51", "198.52") + "6.6.9.1:53", "accept out eth0"),
    ("in eth1 udp 7.7.7.7:1000 > 192.168.1.12:53", "accept"),
    ("in eth0 udp 7.7.7.7:1000 > 192.168.1.12:53", "accept"),
    ("in eth0 udp [fd00:5::7]:1000 > [fd09::5]:53", "accept out eth1"),
    ("in eth0 udp [fd00:5::7]:1000 > [2001:db8:f::1]:53", "drop by stack"),
    ("in eth0 udp [fd00:5::7]:1000 > [2001:db8:f::3]:53", "drop by stack"),
    ("in eth0 udp [fd00:5::7]:1000 > [2001:db8:a::3]:53 dscp 1", "accept out eth1"),
    ("out eth0 udp 192.168.1.12:1000 > 198.51.100.9:4007", "accept out eth1"),
    ("out eth0 udp 192.168.1.12:1000 > 198.51.100.9:4008", "accept out eth0"),
    ("rp_filter", 1),
    (HOST + "192.168.1.12:54", "accept"),
    ("in eth0 udp 7.7.7.7:1000 > 192.168.1.12:54", "drop by stack"),
    ("in eth1 udp 198.51.100.7:1000 > 192.168.1.12:54", "drop by stack"),
    ("in eth0 udp 203.0.113.1:1000 > 192.168.1.12:54", "drop by stack"),
    ("rp_filter", 2),
    ("in eth0 udp 7.7.7.7:1000 > 192.168.1.12:55", "accept"),
    ("in eth0 udp 203.0.113.1:1000 > 192.168.1.12:55", "drop by stack"),
]


def commands(six):
    """SETUP for `ip -batch`, of one family."""
    for line in SETUP:
        what, *words = line.split()
        family = words.pop(0) if words[0] in ("ip", "ip6") else None
        if six == (family == "ip6" or any(":" in word for word in words)):
            yield f"{what} add {' '.join(words)}\n"


@pytest.fixture
def rig(gate, netns, make_netns):
    require_nft()
    rig = Rig(gate, netns, make_netns())
    for six in (False, True):
        netns.run(["ip", "-6" if six else "-4", "-batch", "-"], input="".join(commands(six)), check=True)
    yield rig
    rig.close()


def live(rig, words):
    """`gate explain --live`; the rig's own output chain lets pass what bears its mark."""
    if words.startswith("out"):
        words += f" mark {MARK}"
    done = rig.netns.run([rig.gate, "explain", "--live", "-j", words], check=True)
    return json.loads(done.stdout)


def own_path(packet):
    return [step for step in simulated_path(packet) if not step[0].startswith(f"inet {RIG_TABLE} ")]


def test_a_kernel_with_rules_and_tables_is_read_as_it_is(rig, tmp_path):
    path = tmp_path / "rules.nft"
    path.write_text(RULES)
    rig.load(path)
    found = []
    for words, expected in PACKETS:
        if words == "rp_filter":
            rig.netns.run(["sysctl", "-qw", f"net.ipv4.conf.all.rp_filter={expected}"], check=True)
            continue
        answer = live(rig, words)
        rig.send(answer)
        kernel = rig.kernel_path(rig.events())
        if kernel != own_path(answer):
            found.append(f"{words}\n  kernel    {kernel}\n  simulator {own_path(answer)}\n"
                         f"  {answer['sentence']}")
    assert not found, "\n".join(found)


def test_a_scenario_with_the_same_rules_and_tables_says_the_same(gate, tmp_path):
    (tmp_path / "rules.nft").write_text(RULES)
    machine = """use "rules.nft"
router
interface eth0 192.168.1.12/24 fd00::12/64
interface eth1 10.9.0.1/24 fd09::1/64
route default via 192.168.1.1
route default via fd00::1
""" + "\n".join(SETUP) + "\n"
    rp_filter, files = 0, {}
    for words, expected in PACKETS:
        if words == "rp_filter":
            rp_filter = expected
        else:
            files.setdefault(rp_filter, []).append(f"{words} expect {expected}\n")
    for setting, lines in files.items():
        (tmp_path / f"{setting}.test").write_text(
            machine + f"sysctl net.ipv4.conf.all.rp_filter {setting}\n" + "".join(lines))
    done = subprocess.run([gate, "test", *(f"{setting}.test" for setting in files)], text=True,
                          capture_output=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_rule_asks_and_nobody_knows_makes_it_sometimes(rig):
    rig.netns.nft(input="table ip t { chain f { type filter hook forward priority 0; oif eth1 drop; }\n}")
    rig.netns.run(["ip", "rule", "add", "pref", "30", "uidrange", "0-10", "to", "8.8.7.0/24", "lookup",
                   "201"], check=True)
    rig.netns.run(["ip", "route", "add", "8.8.7.0/24", "dev", "eth1", "table", "201"], check=True)
    rig.netns.run(["ip", "route", "add", "8.8.6.0/24", "nexthop", "dev", "eth1", "nexthop", "via",
                   "192.168.1.77"], check=True)
    uid, multipath = live(rig, HOST + "8.8.7.7:53"), live(rig, HOST + "8.8.6.6:53")
    assert (uid["verdict"], uid["doubt"]) == ("sometimes", "a routing rule asks for the sender's uid")
    assert (multipath["verdict"], multipath["doubt"]) == ("sometimes", "which way of a multipath route")


SEGMENT_SIZES = """table inet t {
	chain forw {
		type filter hook forward priority 0
		udp dport 1 counter
		tcp dport 80 tcp option maxseg size set rt mtu
		tcp option maxseg size 1460 accept
		tcp option maxseg size 1260 accept
		tcp option maxseg size 1240 accept
		tcp option maxseg size 960 accept
	}
}
"""
CLAMP = "-A FORWARD -p tcp --dport 81 --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"


def test_the_segment_size_is_what_the_smaller_of_both_ways_takes(rig, tmp_path):
    """`rt mtu` of nftables and TCPMSS of iptables, with the option in the segment."""
    for words in ("route add 198.19.0.0/16 via 10.9.0.5 mtu 1300", "link set eth1 mtu 1400",
                  "route add 198.20.0.0/16 via 192.168.1.77 mtu 1000",
                  "-6 route add 2001:db8:b::/48 via fd09::5 mtu 1300"):
        rig.netns.run(["ip", *words.split()], check=True)
    rig.netns.run(["iptables-nft-restore"], check=True,
                  input=f"*mangle\n:FORWARD ACCEPT [0:0]\n{CLAMP}\nCOMMIT\n")
    (tmp_path / "rules.nft").write_text(SEGMENT_SIZES)
    rig.load(tmp_path / "rules.nft")
    ends = [("192.168.1.77", "198.19.0.7"), ("198.20.0.7", "10.9.0.5"), ("192.168.1.77", "10.9.0.5")]
    packets = [IP(src=src, dst=dst) / TCP(sport=1, dport=port, flags="S", options=[("MSS", 1460)])
               for src, dst in ends for port in (80, 81, 82)]
    packets.append(IPv6(src="fd00::77", dst="2001:db8:b::7") /
                   TCP(sport=1, dport=80, flags="S", options=[("MSS", 1460)]))
    seen = []
    for packet in packets:
        frame = bytes(Ether(src=OTHER_MAC, dst=MACHINE_MAC) / packet).hex()
        answer = live(rig, f"in eth0 frame {frame}")
        rig.send(answer)
        kernel = [step for step in rig.kernel_path(rig.events()) if step[0].startswith("inet t")]
        assert kernel == [step for step in own_path(answer) if step[0].startswith("inet t")]
        seen.append([step[1] for step in kernel][-1])
    # 1300, 1000, and 1400, which no rule has a word for; port 82 is left as it is.
    assert seen == [3, 3, 2, 5, 5, 2, "policy", "policy", 2, 4]

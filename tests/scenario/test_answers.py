# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What a rule answers goes its own way: `answer` and `no answer` in scenarios, explain, replay."""
import json
import struct
import subprocess

import pytest

RULES = """table inet t {
	chain in { type filter hook input priority 0; policy drop;
		ct state established,related accept
		tcp dport 23 reject with tcp reset
		meta l4proto { tcp, udp } reject
	}
	chain out { type filter hook output priority 0; policy drop;
		tcp flags rst counter drop comment "no resets"
		ip daddr 198.51.100.9 numgen random mod 2 0 drop
		ct state related accept
	}
	chain forward { type filter hook forward priority 0; reject with icmpx admin-prohibited; }
}
"""
MACHINE = "interface eth0 192.168.1.12/24 fd00::12/64\ninterface eth1 10.9.0.1/24\n"
UDP = "in eth0 udp 198.51.100.7:1000 > 192.168.1.12:53"
UDP6 = "in eth0 udp [fd00::7]:1000 > [fd00::12]:53"
SYN = "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:23 syn"


@pytest.fixture
def run(gate, tmp_path):
    """Runs a scenario on RULES."""
    def run(steps, machine=MACHINE):
        (tmp_path / "rules.nft").write_text(RULES)
        (tmp_path / "x.test").write_text(f'use "rules.nft"\n{machine}{steps}\n')
        return subprocess.run([gate, "test", tmp_path / "x.test"], capture_output=True, text=True, check=False,
                              timeout=60)
    return run


HOLDS = (
    f"{UDP} expect reject answer accept",
    f"{SYN} expect reject answer drop",
    # One host is told six times at once, and then once a second (net.ipv4.icmp_ratelimit).
    f"repeat 8 at 10s every 1ms {UDP} expect 6 reject answer accept, then 2 reject no answer\n"
    f"at 10900ms {UDP} expect reject no answer\nat 11s {UDP} expect reject answer accept",
    # IPv6 once in 100 ms, and through a /64 four times as often; before Linux 6.18 in 1000 ms.
    f"repeat 9 {UDP6} expect 6 reject answer accept, then reject no answer\nat 25ms {UDP6} expect reject answer accept",
    f"kernel 6.1\nrepeat 9 {UDP6} expect 6 reject answer accept, then reject no answer\n"
    f"at 25ms {UDP6} expect reject no answer\nat 250ms {UDP6} expect reject answer accept",
    f"sysctl net.ipv4.icmp_ratelimit 0\nrepeat 20 {UDP} expect reject answer accept",
    "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:23 rst expect reject no answer",
    f"{UDP} bad-checksum expect reject no answer",
    "in eth0 udp 198.51.100.7:1000 > 192.168.1.255:53 expect reject no answer",
    f"{UDP} len 64 more id 1 expect stolen no answer",
    "router\nin eth0 udp 192.168.1.7:1000 > 10.9.0.5:53 expect reject answer accept",
    f"{UDP} expect reject, counter of \"no resets\" packets 0\n{SYN}\nexpect counter of \"no resets\" packets 1",
)


@pytest.mark.parametrize("steps", HOLDS)
def test_what_is_answered_can_be_expected(run, steps):
    done = run(steps)
    assert done.returncode == 0, done.stdout + done.stderr


FAILS = (
    ("in eth0 udp 198.51.100.9:1000 > 192.168.1.12:53 expect answer accept", "it is not known what becomes of the answer"),
    (f"{SYN} expect reject answer accept", "its answer was dropped by `tcp flags rst counter drop"),
    (f"{UDP} expect reject no answer", "its answer was accepted"),
    (f"{UDP} bad-checksum expect answer accept", "it was not answered: what has a wrong checksum"),
    (f"route 10.0.0.0/8 via 10.9.0.2\n{UDP} expect answer accept", "there is no way back to the sender"),
)


@pytest.mark.parametrize("steps, message", FAILS)
def test_what_does_not_hold_is_said(run, steps, message):
    done = run(steps)
    assert done.returncode == 1 and message in done.stdout, done.stdout + done.stderr


def test_an_answer_has_a_fate_or_the_word_is_marked(run):
    done = run(f"{UDP} expect reject answer acept")
    assert done.returncode != 0
    assert "`acept` is nothing that becomes of an answer" in done.stderr and "did you mean `accept`?" in done.stderr


def explain(gate, *words):
    return subprocess.run([gate, "explain", "--interfaces", "lo,eth0", "-f", "-", *words], input=RULES,
                          capture_output=True, text=True, check=True, timeout=60).stdout


def test_explain_shows_the_answers_way_behind_the_packets(gate):
    text = explain(gate, SYN)
    assert text.index("tcp dport 23 reject") < text.index("  answer: tcp reset, 192.168.1.12:23 > 198.51.100.7:1000")
    assert text.index("answer:") < text.index("tcp flags rst counter drop")
    assert text.rstrip().split("\n")[-1].startswith(
        "Rejected by rule `tcp dport 23 reject with tcp reset` (standard input:4); the sender is not told, for the answer "
        "is stopped by rule `tcp flags rst counter drop comment \"no resets\"`"), text
    assert explain(gate, UDP).rstrip().endswith(", and the sender is told.")


def test_explain_tells_programs_of_the_answer(gate):
    answer = json.loads(explain(gate, "-j", SYN))
    assert (answer["verdict"], answer["answer"]["packet"]) == ("reject", "tcp reset")
    assert (answer["answer"]["verdict"], answer["answer"]["rule"]["line"]) == ("drop", 8)
    assert [hook["hook"] for hook in answer["answer"]["hooks"] if hook["steps"]] == ["output"]
    assert not [hook for hook in answer["hooks"] if hook["hook"] == "output"]
    unsure = json.loads(explain(gate, "-j", UDP.replace("100.7", "100.9")))
    assert (unsure["verdict"], unsure["answer"]["verdict"]) == ("reject", "sometimes")
    assert unsure["sentence"].endswith("; whether the sender is told depends on numgen random."), unsure["sentence"]
    silent = json.loads(explain(gate, "-j", SYN.replace("syn", "rst")))
    assert (silent["silence"], "answer" in silent) == ("a reset is not answered by a reset", False)


def ip4(src, dst, proto, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, bytes(map(int, src.split("."))),
                       bytes(map(int, dst.split("."))))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:] + payload


def test_replay_sends_a_captured_answer_once(gate, tmp_path):
    """The reset that the rule sends is in the capture too: it is the one that was related."""
    here, there = "192.168.1.12", "198.51.100.7"
    syn = ip4(there, here, 6, struct.pack("!HHIIBBHHH", 1000, 23, 7, 0, 0x50, 2, 64240, 0, 0))
    reset = ip4(here, there, 6, struct.pack("!HHIIBBHHH", 23, 1000, 0, 8, 0x50, 0x14, 0, 0, 0))
    other = ip4(here, there, 6, struct.pack("!HHIIBBHHH", 23, 1000, 0, 9, 0x50, 0x14, 0, 0, 0))
    capture = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for frame in (syn, reset, other):
        capture += struct.pack("<IIII", 1_700_000_000, 0, len(frame), len(frame)) + frame
    (tmp_path / "in.pcap").write_bytes(capture)
    (tmp_path / "r.nft").write_text("""table inet t {
	chain in { type filter hook input priority 0; tcp dport 23 reject with tcp reset; }
	chain out { type filter hook output priority 0; ct state related accept; drop; }
}
""")
    done = subprocess.run([gate, "replay", "-j", "-f", tmp_path / "r.nft", "--local", f"eth0={here}/24",
                           tmp_path / "in.pcap"], capture_output=True, text=True, check=True, timeout=60)
    verdicts = {name: n for name, n in json.loads(done.stdout)["verdicts"].items() if n}
    assert verdicts == {"accept": 1, "reject": 1, "drop": 1}

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`./dev run`: the lab shows what a ruleset does, can say no, and leaves nothing behind."""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from harness import netns as namespaces

pytestmark = pytest.mark.release_only  # the lab is the same with sanitizers

# In the lab's own process namespace the leak checker does not find itself in /proc.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab" / "lab.py"
SERVER = ROOT / "examples" / "server.nft"
PYTHON = "/usr/bin/python3"
ONCE_S, WAIT_S = 60, 20

# Each row and the rule that decides it in examples/server.nft.
RULES = {
    "TCP to itself over loopback": 'iif "lo" accept',
    "ping out, to the internet": "ct state established counter accept",
    "ping in, from the internet": "icmp type echo-request limit rate 10/second",
    "SSH from the internet": "tcp dport 22 ct state new limit rate 5/minute",
    "its replies: the server's banner": "ct state established counter accept",
    "more from the same client": "ct state established counter accept",
    "much data over a line of small MTU": "ct state related counter accept",
    "four more SSH connections at once": "tcp dport 22 ct state new limit rate 5/minute",
    "a sixth within the minute": "tcp dport 22 counter drop",
    "SSH from the LAN all the same": "tcp dport 22 ip saddr @admins ct state new counter accept",
    "SSH from a banned address": "ip saddr @banned counter drop",
    "a SYN+ACK out of nowhere": "ct state invalid counter drop",
    "an ACK out of nowhere": "tcp flags != syn / fin,syn,rst,ack ct state new counter drop",
    "a closed port": "policy drop of inet chain input",
    "XMPP login on 5222, STARTTLS": "tcp dport { 5222, 5223 } ct state new counter accept",
    "XMPP login on 5223, direct TLS": "tcp dport { 5222, 5223 } ct state new counter accept",
    "XMPP on 5269, a closed port": "policy drop of inet chain input",
    "IPv6 neighbour discovery": "icmpv6 type { nd-router-advert, nd-neighbor-solicit",
    "a burst of 200 ARP questions": "arp operation request limit rate over 20/second",
}


@pytest.fixture(scope="module", autouse=True)
def able():
    namespaces.require()


def run_once(gate, *arguments, **environment):
    return subprocess.run([PYTHON, LAB, "--once", *arguments], capture_output=True, text=True,
                          timeout=ONCE_S, check=False,
                          env=os.environ | {"GATE": str(gate)} | environment)


def read_table(text):
    """The rows by what was tried: (mark, expected, happened, rule)."""
    rows = {}
    for line in text.splitlines():
        cells = re.split(r" {2,}", line)
        if cells[0] in ("ok", "NO") and len(cells) == 5:
            rows[cells[1]] = (cells[0], *cells[2:])
    return rows


@pytest.fixture(scope="module")
def once(gate):
    """One run of the lab as it comes, shared by the tests that read it."""
    return run_once(gate)


def test_every_row_happens_as_expected(once):
    rows = read_table(once.stdout)
    assert once.returncode == 0, once.stdout + once.stderr
    assert list(rows) == list(RULES)
    assert {mark for mark, *_ in rows.values()} == {"ok"}
    assert once.stderr == ""
    assert "\033" not in once.stdout


def test_each_row_names_the_rule_that_decided(once):
    rows = read_table(once.stdout)
    wrong = {tried: row[3] for tried, row in rows.items() if RULES[tried] not in row[3]}
    assert rows and not wrong


def test_the_states_that_surprise_are_told(once):
    rows = read_table(once.stdout)
    assert rows["an ACK out of nowhere"][2] == "no answer, new, drop"
    assert rows["a SYN+ACK out of nowhere"][2] == "no answer, invalid, drop"
    assert rows["IPv6 neighbour discovery"][2] == "answered, untracked, accept"
    assert "the kernel picks up connections" in once.stdout


def test_a_weakened_ruleset_is_found_out(gate, tmp_path):
    """Without the related rule, with too wide an SSH limit and no ARP limit: three rows say no."""
    text = SERVER.read_text()
    for old, new in (("\t\tct state related counter accept\n", ""),
                     ("5/minute burst 5 packets", "500/minute burst 50 packets"),
                     ("limit rate over 20/second burst 40 packets counter drop", "counter accept")):
        assert old in text
        text = text.replace(old, new)
    weak = tmp_path / "weak.nft"
    weak.write_text(text)
    result = run_once(gate, str(weak))
    rows = read_table(result.stdout)
    assert result.returncode == 1, result.stdout + result.stderr
    failed = {tried: row[2].partition(" (")[0] for tried, row in rows.items() if row[0] == "NO"}
    assert failed == {
        "much data over a line of small MTU": "stuck, related, drop",
        "a sixth within the minute": "open, new, accept",
        "a burst of 200 ARP questions": "not cut, accept",
    }


@pytest.mark.parametrize("gate_path, said", [
    ("/bin/false", "failed"),
    ("/does/not/exist", "run ./dev build"),
])
def test_a_lab_that_cannot_be_raised_says_why(gate_path, said):
    result = run_once(gate_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert said in result.stderr and "Traceback" not in result.stderr


def test_a_machine_without_namespaces_is_named(gate, tmp_path):
    refuses = tmp_path / "unshare"
    refuses.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refuses.chmod(0o755)
    result = run_once(gate, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 2
    assert "lets you make no namespaces" in result.stderr
    assert "Operation not permitted" in result.stderr


def descendants(pid):
    """All processes below this one."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it ended meanwhile
            continue
    found = {pid}
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def lab_namespaces(pids):
    """The network namespaces of the lab, as its innermost process has them by name."""
    found = set()
    for pid in pids:
        for name in ("server", "neighbour", "router", "internet"):
            path = pathlib.Path("/proc", str(pid), "root", "run/netns", name)
            try:
                found.add(path.stat().st_ino)
            except OSError:
                continue
    return found


def users_of(inodes):
    """Processes in one of these network namespaces, or with a mount that holds one."""
    users = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            inside = (process / "ns" / "net").stat().st_ino in inodes
            mounts = re.findall(r"net:\[(\d+)\]", (process / "mountinfo").read_text())
        except OSError:
            continue
        if inside or inodes & set(map(int, mounts)):
            users.append(process.name)
    return users


def read_until(stream, wanted, seconds=WAIT_S):
    """What a descriptor gives, up to the wanted bytes."""
    data, deadline = b"", time.monotonic() + seconds
    while not re.search(wanted, data):
        left = deadline - time.monotonic()
        assert left > 0 and select.select([stream], [], [], left)[0], data.decode()
        part = os.read(stream, 1 << 16)
        assert part, data.decode()
        data += part
    return data.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_lab_that_is_ended_leaves_nothing(gate, number):
    before = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []
    with subprocess.Popen([PYTHON, LAB], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=os.environ | {"GATE": str(gate)}) as lab:
        read_until(lab.stdout.fileno(), rb"SSH from the internet")
        pids, inodes = descendants(lab.pid), lab_namespaces(descendants(lab.pid))
        assert len(pids) >= 2 and len(inodes) == 4
        assert users_of(inodes)  # or else the check below could not fail
        os.kill(lab.pid, number)
        code = lab.wait(WAIT_S)
        assert lab.stderr.read() == b""
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    # Only the kill that no program can answer is answered by the kernel, a moment later.
    deadline = time.monotonic() + (WAIT_S if number == signal.SIGKILL else 0)
    while left := [p for p in pids if os.path.exists(f"/proc/{p}")] + users_of(inodes):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    after = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []
    assert not {"server", "neighbour", "router", "internet"} & set(after) - set(before)


def test_on_a_terminal_it_stays_up_and_counts(gate):
    ours, theirs = pty.openpty()
    environment = os.environ | {"GATE": str(gate), "TERM": "xterm", "COLUMNS": "150"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([PYTHON, LAB], stdout=theirs, env=environment) as lab:
        os.close(theirs)
        text = read_until(ours, rb"(?s)stays up.*(\+1 +inet input: icmp type echo-req.*){2}")
        os.kill(lab.pid, signal.SIGINT)
        lab.wait(WAIT_S)
    os.close(ours)
    assert "\033[32mok" in text  # colour
    assert re.search(r"\033\[\d+F\033\[J", text)  # redrawn
    counts = list(map(int, re.findall(r"(\d+) +\d+ +\+1 +inet input: icmp type echo-req", text)))
    assert counts == sorted(set(counts))


def test_a_rule_over_several_lines_is_read_whole():
    sys.path.insert(0, str(LAB.parent))
    try:
        from listing import read_rules
    finally:
        sys.path.remove(str(LAB.parent))
    rules = read_rules("""table inet f { # handle 1
	set s { # handle 2
		type ipv4_addr
		elements = { 192.0.2.1 counter packets 1 bytes 2 }
	}

	chain c { # handle 3
		type filter hook input priority filter; policy drop;
		tcp dport vmap { 1 : accept,
				 2 : drop } # handle 4
		counter packets 5 bytes 6 drop comment "no" # handle 5
	}
}
""")
    assert [(r.chain, r.handle, r.text(), r.counts()) for r in rules] == [
        ("c", 4, "tcp dport vmap { 1 : accept, 2 : drop }", None),
        ("c", 5, "counter drop", (5, 6)),
    ]

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate test`: scenario files, their results in all forms, coverage, mistakes."""
import json
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest

RULES = """table inet t {
    counter web { }
    set banned { type ipv4_addr; flags interval; elements = { 203.0.113.0/24 } }
    set seen { type ipv4_addr; flags dynamic, timeout; timeout 1m; size 100; }
    map ports { type inet_service : verdict; elements = { 22 : accept, 23 : drop } }
    chain input {
        type filter hook input priority 0; policy drop;
        ip saddr @banned counter drop comment "banned"
        ct state established accept comment "answers"
        tcp dport 80 counter name web add @seen { ip saddr } accept comment "web"
        tcp dport 25 limit rate 1/minute burst 2 packets log prefix "mail: " accept comment "mail"
        tcp dport vmap @ports
        udp dport 9 meta mark set 7 ct mark set 8 accept
        udp dport 10 meta random < 1000 accept comment "luck"
        tcp dport 99 reject comment "go away"
    }
    chain forward { type filter hook forward priority 0; policy accept; }
    chain dnats { type nat hook prerouting priority dstnat; policy accept; tcp dport 8080 dnat ip to 10.0.0.5:80; }
    chain snats { type nat hook postrouting priority srcnat; policy accept; oifname "eth1" meta l4proto tcp masquerade to :1024-2000; }
}
"""
MACHINE = """use "rules.nft"
router
interface eth0 192.0.2.1/24 2001:db8::1/64
interface eth1 10.0.0.1/24
route default via 192.0.2.254
"""


@pytest.fixture
def run(gate, tmp_path):
    """Runs `gate test` on a scenario with the ruleset and the machine above."""
    (tmp_path / "rules.nft").write_text(RULES)

    def run(steps, *options, machine=MACHINE, name="x.test"):
        (tmp_path / name).write_text(machine + steps)
        return subprocess.run([gate, "test", *options, name], capture_output=True, text=True,
                              check=False, timeout=60, cwd=tmp_path)
    return run


@pytest.mark.parametrize("example,rules", (("server", 16), ("router", 16), ("bridge", 12)))
def test_the_examples_hold_and_nothing_of_them_is_left_untested(gate, root, example, rules):
    done = subprocess.run([gate, "test", "--coverage", "-j", f"examples/{example}.test"],
                          capture_output=True, text=True, check=False, timeout=60, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    coverage = json.loads(done.stdout)["coverage"]
    assert len(coverage["rules"]) >= rules
    assert [r["place"] for r in coverage["rules"] if not r["matched"]] == []
    assert [e["element"] for e in coverage["elements"] if not e["found"]] == []
    assert [p["chain"] for p in coverage["policies"] if not p["decided"]] == []


HOLDS = """
in eth0 tcp 198.51.100.7:1000 > 192.0.2.1:80 syn     expect new accept by "web"
out eth0 reply syn,ack                               expect established accept
in eth0 reply ack                                    expect accept by "answers"
in eth0 tcp 203.0.113.9 > 192.0.2.1:80               expect drop by line 8
in eth0 tcp 203.0.113.9 > 192.0.2.1:80               expect drop by rules.nft:8
in eth0 tcp 198.51.100.7 > 192.0.2.1:23              expect drop by line 12
in eth0 tcp 198.51.100.7 > 192.0.2.1:24              expect drop by policy of input no log
in eth0 tcp 198.51.100.7 > 192.0.2.1:99              expect reject by "go away"
in eth0 tcp 127.0.0.1 > 192.0.2.1:80                 expect drop by stack
in eth0 udp 198.51.100.7 > 192.0.2.1:9               expect accept mark 7 ct mark 8 through line 13
in eth0 udp 198.51.100.7 > 192.0.2.1:10              expect sometimes
in eth0 tcp 198.51.100.7 > 192.0.2.1:8080            expect accept to 10.0.0.5:80 from 10.0.0.1:1024-2000 out eth1
in eth0 tcp 198.51.100.7 > 192.0.2.1:80 syn,fin      expect invalid
expect counter inet t web packets 2, counter web bytes > 60, counter of "banned" packets 2
expect @seen has 198.51.100.7, set inet t seen lacks 198.51.100.8, @banned has 203.0.113.77
at 2m expect @seen lacks 198.51.100.7
repeat 4 every 1s in eth0 tcp 198.51.100.7 > 192.0.2.1:25   expect 2 accept log "mail: ", then drop no log
connection tcp 198.51.100.7 > 192.0.2.1:22           expect accept
connection tcp 198.51.100.7 > 192.0.2.1:23           expect drop
connection udp 198.51.100.7 > 192.0.2.1:9            expect new accept
in eth0 tcp 198.51.100.0/24 > 192.0.2.1:80-81 syn    expect accept, then drop, then accept
never in eth0 tcp any > [2001:db8::1]:1-21           expect drop
never in eth0 udp any > 192.0.2.1:11-65535
""".strip().splitlines()


def test_every_kind_of_expectation_holds(run):
    done = run("seed 3\n" + "\n".join(line for line in HOLDS if "80-81" not in line))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"x\.test: {len(HOLDS) - 1} steps, 0 failed \(seed 3\)", done.stdout)


FAILS = (
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect drop", "it was accepted by `tcp dport 80"),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect established", "its connection is new"),
    ('in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect accept by "mail"', "it was accepted by `tcp"),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:24 expect drop by stack", "by the policy of chain input"),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:9 expect mark 1", "its mark is 0x7"),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:9 expect ct mark 1", "mark is 0x8"),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:9 expect log", "nothing was logged"),
    ('in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect log "x"', 'it was logged with "mail: "'),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect no log", 'it was logged with "mail: "'),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:9 expect out eth1", "it stays on this machine"),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:10 expect accept", "drop"),
    ("in eth0 udp 198.51.100.7 > 192.0.2.1:9 expect sometimes", "it was accepted"),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:8080 expect to 10.0.0.6", "its destination is 10.0.0.5:80"),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:8080 expect from 10.0.0.1:80", "its source is 10.0.0.1:"),
    ("in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect through \"mail\"", "it did not match that rule"),
    ("expect counter web packets 1", "it has counted 0 packets"),
    ("expect @banned has 1.2.3.4", "it is not in the set"),
    ("expect @banned lacks 203.0.113.1", "it is in the set"),
    ("expect @banned has eth0", "cannot be in this set"),
    ("repeat 3 in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect accept", "packet 3 of 3"),
    ("repeat 3 in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect 1 accept, then drop", "packet 2 of 3"),
    ("repeat 3 in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect accept, then drop, then accept",
     "it did not come to that"),
    ("repeat 2 in eth0 tcp 198.51.100.7 > 192.0.2.1:25 expect 3 accept", "but there were 2"),
    ("repeat 3 in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect 2 accept", "one more than expected"),
    ("connection tcp 198.51.100.7 > 192.0.2.1:23 expect accept", "packet 1 of the connection was dropped"),
    ("never in eth0 tcp any > 192.0.2.1:23-80 expect drop", "it was accepted"),
    ("never in eth0 tcp any > 192.0.2.1:any", "it was accepted"),
)


@pytest.mark.parametrize("step, message", FAILS)
def test_what_does_not_hold_fails_and_says_what_came(run, step, message):
    done = run(step + "\n")
    assert done.returncode == 1
    assert done.stderr == ""
    assert "FAILED x.test:6:" in done.stdout
    assert message in done.stdout


def test_a_failing_step_shows_the_way_of_its_packet(run):
    out = run("in eth0 tcp 198.51.100.7 > 192.0.2.1:80 expect drop\n").stdout
    assert "chain inet t input (priority filter, policy drop)" in out
    assert "rules.nft:8" in out and "<- not `ip saddr @banned`" in out


def test_helpers_make_data_connections_related(run, tmp_path):
    rules = """table inet t {
        ct helper ftp { type "ftp" protocol tcp; }
        ct helper tftp { type "tftp" protocol udp; }
        ct helper irc { type "irc" protocol tcp; }
        ct helper sip { type "sip" protocol udp; }
        chain pre { type filter hook prerouting priority 0;
            tcp dport 21 ct helper set "ftp"; udp dport 69 ct helper set "tftp"
            udp dport 5060 ct helper set "sip" }
        chain mine { type filter hook output priority 0; tcp dport 6667 ct helper set "irc"; }
        chain input { type filter hook input priority 0; policy drop;
            ct state { established, related } accept; tcp dport 21 accept; udp dport { 69, 5060 } accept; } }
    """
    (tmp_path / "helpers.nft").write_text(rules)
    machine = MACHINE.replace("rules.nft", "helpers.nft")
    done = run("""
connection ftp 198.51.100.7 > 192.0.2.1:21 passive data 40123  expect related accept
connection ftp 198.51.100.7 > 192.0.2.1:21 active data 40124   expect related accept
connection ftp 2001:db8::7 > [2001:db8::1]:21 passive          expect related accept
connection ftp 2001:db8::7 > [2001:db8::1]:21 active           expect related accept
connection tftp 198.51.100.7 > 192.0.2.1:69                    expect related accept
connection out eth0 irc 192.0.2.1 > 198.51.100.7:6667          expect related accept
connection sip 198.51.100.7 > 192.0.2.1:5060 data 40200        expect related accept
connection ftp 198.51.100.7 > 192.0.2.1:2121                   expect drop
""", machine=machine)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_ruleset_without_helpers_does_not_know_the_data_connection(run):
    done = run("connection ftp 198.51.100.7 > 192.0.2.1:80 data 40123 expect related\n")
    assert done.returncode == 1
    assert "its connection is new" in done.stdout


def test_sockets_and_owners_come_from_the_scenario(run, tmp_path):
    (tmp_path / "sockets.nft").write_text("""table ip t {
        chain in { type filter hook input priority 0; policy drop;
            socket transparent 1 accept comment "transparent"
            socket wildcard 1 accept comment "wildcard"
            socket mark 5 accept comment "marked" }
        chain out { type filter hook output priority 0; policy drop; meta skuid 33 accept; } }
    """)
    machine = MACHINE.replace("rules.nft", "sockets.nft")
    done = run("""
socket tcp :22
socket tcp 192.0.2.1:80 uid 33 gid 33
socket tcp 192.0.2.1:90 transparent
socket tcp 192.0.2.1:91 mark 5
in eth0 tcp 198.51.100.7 > 192.0.2.1:22                  expect accept by "wildcard"
in eth0 tcp 198.51.100.7 > 192.0.2.1:90                  expect accept by "transparent"
in eth0 tcp 198.51.100.7 > 192.0.2.1:91                  expect accept by "marked"
in eth0 tcp 198.51.100.7 > 192.0.2.1:80                  expect drop
in eth0 tcp 198.51.100.7 > 192.0.2.1:81                  expect drop
out eth0 tcp 192.0.2.1:80 > 198.51.100.7:9 syn,ack       expect accept
out eth0 tcp 192.0.2.1:5000 > 198.51.100.7:9 uid 34      expect drop
""", machine=machine)
    assert done.returncode == 0, done.stdout + done.stderr


TRANSLATED = """table inet t {
	ct helper ftp-all { type "ftp" protocol tcp; }
	ct helper irc-all { type "irc" protocol tcp; }
	ct helper tftp-all { type "tftp" protocol udp; }
	ct helper sip-all { type "sip" protocol udp; }
	chain pre {
		type nat hook prerouting priority dstnat
		iif eth0 tcp dport 21 dnat ip to 10.9.0.5
		iif eth0 udp dport 69 dnat ip to 10.9.0.5
	}
	chain post { type nat hook postrouting priority srcnat; oif eth0 masquerade; }
	chain f {
		type filter hook forward priority filter; policy drop
		tcp dport 21 ct helper set "ftp-all"
		tcp dport 6667 ct helper set "irc-all"
		udp dport 69 ct helper set "tftp-all"
		udp dport 5060 ct helper set "sip-all"
		ct state established,related accept
		ct state new tcp dport { 21, 6667 } accept
		ct state new udp dport { 69, 5060 } accept
	}
}
"""


def test_connections_follow_what_a_helper_wrote_about_them(gate, tmp_path):
    (tmp_path / "nat.nft").write_text(TRANSLATED)
    (tmp_path / "nat.test").write_text("""use "nat.nft"
router
interface eth0 192.168.1.12/24
interface eth1 10.9.0.1/24
route default via 192.168.1.1
connection ftp 198.51.100.7 > 192.168.1.12:21 passive data 40123 expect related accept to 10.9.0.5:40123
connection ftp 198.51.100.7 > 192.168.1.12:21 active data 40124 expect related accept to 198.51.100.7:40124
connection in eth1 ftp 10.9.0.5 > 198.51.100.7:21 passive data 40123 expect related accept
connection in eth1 ftp 10.9.0.5 > 198.51.100.7:21 active data 40123 expect related accept to 10.9.0.5:40123
connection in eth1 irc 10.9.0.5 > 198.51.100.7:6667 data 4000 expect related accept
connection tftp 198.51.100.7 > 192.168.1.12:69 expect related accept
connection in eth1 tftp 10.9.0.5 > 198.51.100.7:69 expect related accept
connection in eth1 sip 10.9.0.5 > 198.51.100.7:5060 data 4002 expect related accept
""")
    done = subprocess.run([gate, "test", "nat.test"], capture_output=True, text=True, check=False,
                          cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("at,expected", [("0s", "accept"), ("3ms", "sometimes"), ("10ms", "drop")])
def test_what_hangs_on_the_kernels_ticks_is_sometimes(run, tmp_path, at, expected):
    """What is dropped counts until the kernel looks again, once a tick."""
    (tmp_path / "count.nft").write_text("""table ip t { chain c { type filter hook input priority 0;
    tcp dport 22 ct count over 1 accept
    tcp dport 22 drop
    tcp dport 23 ct count over 1 drop
    tcp dport 23 drop } }""")
    packet = "in eth0 tcp 1.2.3.4 > 192.0.2.1"
    done = run(f"""{packet}:22 syn expect drop
{packet}:23 syn expect drop
at {at} {packet}:22 syn expect {expected}
at {at} {packet}:23 syn expect drop
""", machine=MACHINE.replace("rules", "count"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_clock_and_the_sysctls_are_the_scenarios(run, tmp_path):
    (tmp_path / "time.nft").write_text("""table ip t { chain c { type filter hook input priority 0; policy drop
        ct state invalid drop
        meta day "Wednesday" meta hour "22:00"-"23:00" accept } }""")
    machine = MACHINE.replace("rules.nft", "time.nft")
    packet = "in eth0 tcp 198.51.100.7 > 192.0.2.1:22"
    done = run(f"""
clock 2026-11-25 22:30
sysctl nf_conntrack_tcp_loose 0
{packet} expect accept
at 31m {packet} expect drop
{packet} ack expect invalid drop
""", machine=machine)
    assert done.returncode == 0, done.stdout + done.stderr


MISTAKES = (
    ("interfce eth2 10.0.0.1/8", 6, 1, "did you mean `interface`?"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect acept", 6, 38, "did you mean `accept`?"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect", 6, 37, "what is expected is missing"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect accept, then", 6, 46, "nothing is expected here"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect 0 accept", 6, 38, "0 times is never"),
    ("in eth2 tcp 1.2.3.4 > 5.6.7.8 expect accept", 6, 4, "did you mean `eth0`?"),
    ("at 1s in eth0 out eth9 tcp 1.2.3.4 > 5.6.7.8 expect accept", 6, 19, "no interface `eth9`"),
    ("connection in eth2 tcp 1.2.3.4 > 5.6.7.8 expect accept", 6, 15, "did you mean `eth0`?"),
    ("kernel six", 6, 8, "kernel 6.1, or what `uname -r` prints there"),
    ("kernel 4.19", 6, 8, "from 5.10 on"),
    ("kernel", 6, 7, "the version is missing"),
    ("in eth0 tpc 1.2.3.4 > 5.6.7.8 expect accept", 6, 9, "did you mean `tcp`?"),
    ("at 5s in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop\nat 4s expect counter web packets 1", 7, 4,
     "time does not go back"),
    ("at noon expect counter web packets 1", 6, 4, "`at` wants a time"),
    ('in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop by "bannd"', 6, 43, "did you mean `banned`?"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop by line 8000", 6, 43, "the nearest rule begins at"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop by policy of inptu", 6, 43, "did you mean `input`?"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop by banned", 6, 46, "a rule's comment has quotes"),
    ("expect counter wbe packets 1", 6, 8, "did you mean `web`?"),
    ("expect counter web", 6, 19, "`packets` or `bytes`"),
    ("expect @bannde has 1.2.3.4", 6, 8, "did you mean `banned`?"),
    ("expect accept", 6, 8, "without a packet only"),
    ("route 10.0.0.0/8", 6, 17, "`via` or `dev` is missing"),
    ("route 10.0.0.0/8 via 172.16.0.1", 6, 22, "in no network of an interface"),
    ("route blackhole 10.0.0.0/8 via 1.2.3.4", 6, 28, "such a route leads nowhere"),
    ("route 10.0.0.0/8 dve eth0", 6, 18, "did you mean `dev`?"),
    ("route default via 1.2.3.4 table many", 6, 33, "`table` wants a number"),
    ("route 10.0.0.0/8 via fd00::1", 6, 29, "network and gateway are not of one family"),
    ("rule from 10.0.0.0/8", 6, 21, "what the rule does is missing"),
    ("rule from 10.0.0.0/8 to fd00::/8 table 5", 6, 25, "this rule is not of that family"),
    ("rule form 10.0.0.0/8 table 5", 6, 6, "did you mean `from`?"),
    ("rule fwmark 0x5/x table 5", 6, 13, "`fwmark` wants a mark, or a mark and a mask"),
    ("rule pref 5 goto 5", 6, 18, "`goto` leads on to a later rule: here above 5"),
    ("rule dport 9-8 table 5", 6, 12, "a rule's ports are PORT or PORT-PORT"),
    ("rule iif eht0 table 5", 6, 10, "did you mean `eth0`?"),
    ("rule table 5 goto 7", 6, 14, "`goto` is one word too many"),
    ("sysctl net.ipv4.conf.all.rp_filter 3", 6, 36, "this setting cannot have that value"),
    ("sysctl net.ipv4.conf.eth9.rp_filter 1", 6, 8, "there is no such setting here"),
    ("interface eth0 10.0.0.1/8", 6, 11, "this interface is there already"),
    ("interface eth3 10.0.0.1/33", 6, 16, "is no address of an interface"),
    ("sysctl nf_conntrack_tcp_lose 0", 6, 8, "did you mean `nf_conntrack_tcp_loose`?"),
    ("clock 2026-13-01 10:00", 6, 7, "this is no date"),
    ("clock 2026-12-01 25:00", 6, 18, "clock 2026-11-25 22:00"),
    ("clock 2026-12-01", 6, 17, "this is no time of day"),
    ("socket tpc :22", 6, 8, "did you mean `tcp`?"),
    ("connection pptp 1.2.3.4 > 5.6.7.8 expect accept", 6, 12, "is no kind of connection"),
    ("connection tcp 1.2.3.4 > 5.6.7.8 passive expect accept", 6, 34, "only `ftp` has"),
    ("connection tcp 1.2.3.4 > 5.6.7.8", 6, 33, "`expect` is missing"),
    ("connection udp 1.2.3.4 > 5.6.7.8 data 5 expect accept", 6, 34, "announces no other"),
    ("repeat 0 in eth0 tcp 1.2.3.4 > 5.6.7.8 expect drop", 6, 8, "0 times is never"),
    ("in eth0 tcp 1.2.3.4 > fd00::1:22-23 expect drop", 6, 23, "with a port it has brackets"),
    ("router now", 6, 8, "`now` is one word too many"),
    ("use", 6, 4, "the ruleset's file is missing"),
)


@pytest.mark.parametrize("text, line, column, message", MISTAKES)
def test_mistakes_are_shown_by_line_and_column_with_a_suggestion(run, text, line, column, message):
    done = run(text + "\nexpect counter web packets 0\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"x.test:{line}:{column}" in done.stderr, done.stderr
    assert message in done.stderr


def test_a_missing_ruleset_and_a_file_without_steps_are_errors(run):
    done = run("expect counter web packets 0\n", machine='use "none.nft"\n')
    assert done.returncode == 1 and "none.nft" in done.stderr and "x.test:1:5" in done.stderr
    assert "names no ruleset" in run("in eth0 tcp > :1 expect drop\n", machine="").stderr
    assert "tests nothing" in run("").stderr


def test_the_same_seed_draws_the_same_values(run):
    step = "in eth0 tcp any > 192.0.2.1:any expect drop\n"
    first, again = (run(step, "--seed", "7", "-j").stdout for _ in range(2))
    assert first == again
    seeds = {json.loads(run(step, "-j", "--seed", str(n)).stdout)["files"][0]["steps"][0]["message"]
             for n in range(8)}
    assert len(seeds) > 1


def test_results_as_tap(run):
    lines = run("in eth0 tcp 1.2.3.4 > 192.0.2.1:22 expect accept # yes\n"
                "in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect accept\n",
                "--format", "tap").stdout.splitlines()
    assert lines[:2] == ["TAP version 13", "1..2"]
    assert lines[3] == "ok 1 - x.test:6: in eth0 tcp 1.2.3.4 > 192.0.2.1:22 expect accept"
    assert lines[4].startswith("not ok 2 - x.test:7: ")
    assert all(line.startswith("#") for line in lines[5:]) and len(lines) > 10


def test_results_as_junit(run):
    out = run('in eth0 tcp 1.2.3.4 > 192.0.2.1:80 expect accept by "web"\n'
              "in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect accept\n", "--format", "junit").stdout
    suite = xml.fromstring(out)[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = suite.findall("testcase")
    assert cases[0].get("name").endswith('expect accept by "web"')
    assert cases[0].find("failure") is None
    assert "it was dropped" in cases[1].find("failure").get("message")
    assert "chain inet t input" in cases[1].find("failure").text


def test_results_as_json(run):
    answer = json.loads(run("in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect accept\n", "-j").stdout)
    assert answer["passed"] is False
    step = answer["files"][0]["steps"][0]
    assert (step["place"], step["passed"], step["packets"]) == ("x.test:6", False, 1)


def test_coverage_names_what_no_packet_reached(run):
    done = run("in eth0 tcp 1.2.3.4 > 192.0.2.1:22 expect accept\n", "--coverage")
    assert done.returncode == 0
    tail = done.stdout.split("coverage: ")[1]
    assert tail.startswith("1 of 10 rules matched, 1 of 3 set elements found, ")
    assert "never matched" in tail and "never looked at  rules.nft:13" in tail
    assert "inet t banned: 203.0.113.0/24" in tail
    assert "inet t ports: 23 : drop" in tail
    assert "inet t input: policy drop" in tail


def test_coverage_as_a_page_colours_the_ruleset(run, tmp_path):
    assert run("in eth0 tcp 1.2.3.4 > 192.0.2.1:22 expect accept\n",
               "--coverage-html", "c.html").returncode == 0
    page = (tmp_path / "c.html").read_text()
    spans = re.findall(r'<span class="(met|unmatched|unseen)" title=[^>]*>([^<]*)', page)
    assert ("met", "tcp dport vmap @ports") in spans
    assert ("unseen", "udp dport 9 meta mark set 7 ct mark set 8 accept") in spans
    assert any(kind == "unmatched" and "ip saddr @banned" in text for kind, text in spans)
    text = re.sub(r'<span class="n">[^<]*</span>|<[^>]*>', "",
                  page[page.index("<pre>") + 5:page.index("</pre>")])
    assert text.replace("&quot;", '"').replace("&lt;", "<") == RULES


def test_several_files_and_a_ruleset_of_the_command_line(gate, run, tmp_path):
    (tmp_path / "open.nft").write_text("table ip t { chain c { type filter hook input priority 0; } }")
    (tmp_path / "y.test").write_text(MACHINE + "in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect drop\n")
    done = run("in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect accept\n", "-f", "open.nft", "y.test")
    assert done.returncode == 1
    assert "y.test: 1 steps, 1 failed" in done.stdout
    assert "x.test: 1 steps, 0 failed" in done.stdout
    assert "2 steps, 1 failed" in done.stdout


def test_the_ruleset_in_the_kernel_can_be_tested(gate, netns, tmp_path):
    netns.nft(input='table ip t { chain c { type filter hook input priority 0; policy drop; '
                    'tcp dport 22 accept comment "ssh"; }; }')
    path = tmp_path / "live.test"
    path.write_text('interface eth0 192.0.2.1/24\n'
                    'in eth0 tcp 1.2.3.4 > 192.0.2.1:22 expect accept by "ssh"\n'
                    'in eth0 tcp 1.2.3.4 > 192.0.2.1:23 expect drop by policy\n')
    done = netns.run([gate, "test", "--live", "--coverage", str(path)], check=True)
    assert "2 steps, 0 failed" in done.stdout
    assert "1 of 1 rules matched" in done.stdout


def test_options_that_make_no_sense_are_refused(run):
    assert "people, tap, junit, or json" in run("", "--format", "xml").stderr
    assert "`--seed` wants a number" in run("", "--seed", "x").stderr
    assert "exclude each other" in run("", "--live", "-f", "rules.nft").stderr


@pytest.mark.release_only
def test_tens_of_thousands_of_steps_run_and_their_speed_is_told(run):
    done = run("repeat 50000 in eth0 tcp 198.51.100.7 > 192.0.2.1:80-90 expect accept, then drop\n"
               .replace("80-90", "80").replace(", then drop", ""))
    assert done.returncode == 0
    assert re.search(r"\(\d+ a second\)", done.stdout)


BRIDGE_RULES = """table bridge b {
    chain f { type filter hook forward priority filter; policy accept;
        ether saddr 02:00:00:00:00:66 drop comment "banned"
        ct state new counter comment "tracked"
    }
    chain p { type filter hook prerouting priority 0; policy accept;
        meta ibrname "br0" counter comment "name"
        iifname "eth2" meta ibrname "br1" drop comment "no such"
    }
}
table ip t {
    chain f { type filter hook forward priority 0; policy drop;
        iifname "br0" oifname "br0" udp dport 53 accept comment "dns" }
    chain o { type filter hook output priority 0; policy accept; }
}
table bridge o {
    chain o { type filter hook output priority 0; policy accept; oifname "eth1" udp dport 9 drop comment "second" }
}
"""
BRIDGE = """use "bridge.nft"
interface eth0
interface eth1 mac 02:00:00:00:00:b1
interface eth2
interface br0 192.168.5.1/24
bridge br0 eth0 eth1 eth2
station 02:00:00:00:00:11 eth1 192.168.5.11
"""
UNTRACKED = BRIDGE_RULES.replace('ct state new counter comment "tracked"', "")


@pytest.mark.parametrize("step", [
    'in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect accept by "dns" through "name" out eth1',
    "in br0 udp 192.168.5.10 > 192.168.5.11:53 expect accept out eth1",
    "in eth0 udp 192.168.5.10 > 192.168.5.12:53 expect accept out eth1 out eth2",
    "in eth0 out eth2 udp 192.168.5.10 > 192.168.5.11:53 expect accept out eth2",
    'in eth0 udp 192.168.5.10 > 192.168.5.11:53 ether 02:00:00:00:00:66 > expect drop by "banned"',
    "in eth0 udp 192.168.5.10 > 192.168.5.11:54 expect drop by policy of f",
    "sysctl net.bridge.bridge-nf-call-iptables = 0\nin eth0 udp 192.168.5.10 > 192.168.5.11:54 expect accept",
    "in eth0 udp 192.168.5.10 > 192.168.5.1:54 expect accept",
    "out br0 udp 192.168.5.1 > 192.168.5.11:9 expect drop by \"second\"",
    "out eth0 udp 192.168.5.1 > 192.168.5.11:9 expect drop by \"second\"",
    "out br0 udp 192.168.5.1 > 192.168.5.12:9 expect sometimes",
    "out br0 udp 192.168.5.1 > 192.168.5.12:8 expect accept",
    "sysctl net.bridge.bridge-nf-call-iptables = 0\nin eth0 igmp 192.168.5.10 > 224.0.0.22 expect unknown",
    "at 0s in eth2 udp 192.168.5.12 > 192.168.5.11:53 expect accept out eth1\n"
    "in eth0 udp 192.168.5.10 > 192.168.5.12:53 expect accept out eth2\n"
    "at 301s in eth0 udp 192.168.5.10:7 > 192.168.5.12:53 expect accept out eth1 out eth2",
])
def test_a_bridge_forwards_and_its_chains_are_met(run, tmp_path, step):
    (tmp_path / "bridge.nft").write_text(UNTRACKED)
    done = run(step + "\n", machine=BRIDGE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("machine,expected", [
    ("interface eth0\ninterface eth0.5\n", 'accept by "vlan"'),
    ("interface eth0\n", "drop by stack"),
    ("", 'accept by "trunk"'),  # whatever devices there are
])
def test_a_tagged_frame_is_taken_by_the_device_of_its_vlan(run, tmp_path, machine, expected):
    (tmp_path / "vlan.nft").write_text("""table ip t { chain i { type filter hook input priority 0;
        iifname "eth0.5" accept comment "vlan"
        iifname "eth0" accept comment "trunk"
    }
}
""")
    done = run(f"in eth0 udp 192.168.5.10 > 192.168.5.1:53 vlan 5 expect {expected}\n",
               machine=f'use "vlan.nft"\n{machine}')
    assert done.returncode == 0, done.stdout + done.stderr


TRACKED = """table bridge b {
    chain f { type filter hook forward priority filter; policy drop
        ct state established accept comment "known"
        ct state new udp dport 53 accept comment "dns"
        ct state untracked accept comment "arp"
        ct state invalid drop comment "invalid" }
    chain o { type filter hook output priority filter; policy accept
        meta obrname "br0" meta ibrname "" accept comment "own" }
    chain p { type filter hook postrouting priority 2147483646; policy accept
        ct status confirmed counter comment "there"; ct status ! confirmed counter comment "fresh" }
}
"""
SMALL6 = "in eth0 udp [fd05::10]:7 > [fd05::11]:53"


@pytest.mark.parametrize("calls", [0, 1], ids=["alone", "with ip"])
@pytest.mark.parametrize("steps", [
    ('in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect new accept by "dns" through "fresh"',
     'reply expect established accept by "known" through "there"'),
    ("in eth0 udp 192.168.5.10 > 192.168.5.11:54 expect new drop by policy of f",
     "in eth0 udp 192.168.5.10 > 192.168.5.11:54 expect new drop by policy of f"),
    ('in eth0 arp 192.168.5.10 > 192.168.5.11 request expect untracked accept by "arp"',),
    ('in eth0 udp 192.168.5.10 > 192.168.5.11:53 bad-checksum expect invalid drop by "invalid"',),
    ('in eth0 udp 192.168.5.10:7 > 192.168.5.11:53 vlan 5 expect new accept by "dns"',
     'in eth1 udp 192.168.5.11:53 > 192.168.5.10:7 expect established accept by "known"'),
    ("in eth0 udp 192.168.5.10:7 > 192.168.5.11:53 len 64 more id 1 expect stolen",
     'in eth0 udp 192.168.5.10:7 > 192.168.5.11:53 len 40 frag 72 id 1 expect new accept by "dns"'),
    ('out br0 udp 192.168.5.1 > 192.168.5.11:9 expect new accept by "own"',),
])
def test_a_bridge_tracks_connections_where_its_chains_ask_for_them(run, tmp_path, steps, calls):
    (tmp_path / "bridge.nft").write_text(TRACKED)
    done = run("".join(f"{step}\n" for step in steps),
               machine=f"{BRIDGE}sysctl net.bridge.bridge-nf-call-iptables = {calls}\n")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("calls,expected", [(0, "drop by stack"), (1, "accept")])
def test_a_bridge_cuts_no_packet_into_smaller_pieces_than_ipv6_has(run, tmp_path, calls, expected):
    (tmp_path / "bridge.nft").write_text(TRACKED)
    done = run(f"{SMALL6} len 64 more id 1 expect stolen\n{SMALL6} len 40 frag 72 id 1 expect {expected}\n",
               machine=f"{BRIDGE}sysctl net.bridge.bridge-nf-call-ip6tables = {calls}\n")
    assert done.returncode == 0, done.stdout + done.stderr


ZERO = """table bridge b { chain f { type filter hook forward priority 0; udp dport 53 drop; } }"""


@pytest.mark.parametrize("line,expected", [
    ("kernel 6.1", "accept"), ("kernel 6.7", "drop"), ("kernel 6.12.1-amd64", "drop"), ("", "sometimes"),
    ("sysctl bridge-nf-call-iptables = 0", "drop")])
def test_old_kernels_pass_by_priority_0_at_the_bridges_forward(run, tmp_path, line, expected):
    (tmp_path / "bridge.nft").write_text(ZERO)
    done = run(f"in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect {expected}\n", machine=f"{BRIDGE}{line}\n")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version,wrong", [("x", "`x` is no version of a kernel"), ("4.19", "from 5.10 on, not on `4.19`")])
def test_a_kernel_that_is_none_is_told_with_its_place(run, tmp_path, version, wrong):
    (tmp_path / "bridge.nft").write_text(ZERO)
    done = run("in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect drop\n", machine=f"{BRIDGE}kernel {version}\n")
    assert done.returncode == 1 and wrong in done.stderr and f"kernel {version}" in done.stderr


def test_meta_broute_is_not_known(run, tmp_path):
    (tmp_path / "bridge.nft").write_text("""table bridge b {
    chain p { type filter hook prerouting priority 0; policy accept; meta broute set 1 } }""")
    done = run("in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect unknown\n"
               "in eth0 udp 192.168.5.10 > 192.168.5.11:53 expect accept\n", machine=BRIDGE)
    assert "it meets meta broute: whether the frame is bridged or routed" in done.stdout


@pytest.mark.parametrize("line,wrong", [
    ("bridge", "the interface is missing"),
    ("bridge br1", "the interface is missing"),
    ("bridge br1 eth9", "there is no interface `eth9` in this scenario"),
    ("bridge br1 eth0", "`eth0` cannot be a port of `br1`: it is one already"),
    ("bridge br1 br0", "`br0` cannot be a port of `br1`: it is a bridge itself"),
    ("bridge br1 lo", "`lo` cannot be a port of `br1`: it is no device of a wire"),
    ("station", "the hardware address is missing"),
    ("station 02:00:00:00:00:1", "`02:00:00:00:00:1` is no hardware address"),
    ("station 03:00:00:00:00:01 eth0", "is the address of a group, not of a station"),
    ("station 02:00:00:00:00:01 eth0 192.168.5.300", "`192.168.5.300` is no address"),
    ("in eth0 udp 192.168.5.10 > 192.168.5.11:53 ether 02: > expect accept", "`02:` is no hardware address"),
])
def test_mistakes_about_bridges_are_told_with_their_place(run, tmp_path, line, wrong):
    (tmp_path / "bridge.nft").write_text(UNTRACKED)
    done = run(f"{line}\nin eth0 udp 192.168.5.10 > 192.168.5.11:53 expect accept\n", machine=BRIDGE)
    assert done.returncode == 1
    assert wrong in done.stderr
    assert "x.test:8:" in done.stderr

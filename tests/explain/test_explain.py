# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate explain`: what becomes of packets, told to people and to programs."""
import json
import re
import struct
import subprocess

import pytest

from agree.lab_packets import LAB

SSH = "in eth0 tcp 198.51.100.7:40000 > 192.168.1.12:22 syn"


@pytest.fixture
def explain(gate, root):
    """Runs `gate explain -f`; examples/server.nft unless a text is given."""
    def run(*words, text=None, check=True):
        source = ["-f", "-"] if text else ["-f", "examples/server.nft"]
        done = subprocess.run([gate, "explain", "--interfaces", "lo,eth0", *source, *words],
                              input=text, capture_output=True, text=True, check=False,
                              timeout=60, cwd=root)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done
    return run


def test_every_packet_of_the_lab_meets_the_labs_verdict_and_rule(explain):
    answers = json.loads(explain("-j", *(row[0] for row in LAB)).stdout)
    for (words, verdict, rule), answer in zip(LAB, answers):
        by = answer["rule"]["text"] if answer["by"] == "rule" else answer["by"]
        assert (answer["verdict"], rule in by) == (verdict, True), f"{words}: {answer['sentence']}"


def test_the_way_is_told_with_place_and_failing_part(explain):
    lines = explain(SSH).stdout.splitlines()
    assert lines[0] == SSH
    assert "    connection tracking: new" in lines
    assert "    chain inet filter input (priority filter, policy drop)" in lines
    assert any("examples/server.nft:52" in line and line.endswith("<- not `ip saddr @banned`")
               for line in lines)
    assert lines[-1].startswith("Accepted by rule `tcp dport $ssh_port ct state new limit")
    assert lines[-1].endswith("(examples/server.nft:81).")


def test_json_names_the_rule_by_file_and_line(explain):
    answer = json.loads(explain("-j", SSH).stdout)
    assert (answer["verdict"], answer["by"], answer["conntrack"]) == ("accept", "rule", "new")
    assert answer["rule"]["file"] == "examples/server.nft"
    assert answer["rule"]["line"] == 81
    assert answer["nat"] is None
    assert [hook["hook"] for hook in answer["hooks"]] == ["ingress", "prerouting", "input"]


def test_what_is_left_out_is_filled_in_and_said(explain):
    answer = json.loads(explain("-j", "tcp 198.51.100.7 > :22").stdout)
    assert answer["verdict"] == "accept"
    assert answer["filled_in"] == ("in eth0, destination 192.0.2.1, source port 40000, "
                                   "flags syn")


def test_routes_say_where_a_packet_goes(explain):
    text = 'table ip t { chain c { type filter hook forward priority 0; policy drop; oifname "eth1" accept; }; }'
    options = ("-j", "--router", "--address", "eth0=192.168.1.12/24", "--route", "10.0.0.0/8=eth1")
    words = "in eth0 tcp 198.51.100.7 > 10.1.2.3:22"
    assert json.loads(explain(*options, words, text=text).stdout)["verdict"] == "accept"
    answer = json.loads(explain(*options, words.replace("10.1", "172.1"), text=text).stdout)
    assert (answer["verdict"], answer["reason"]) == ("drop", "there is no route to the destination")
    done = explain(*options[:4], "--route", "10.0.0.0=", words, text=text, check=False)
    assert "is no route" in done.stderr


def test_a_random_number_makes_it_sometimes(explain):
    text = """table ip t { chain c { type filter hook input priority 0; policy drop
        meta random < 1000 accept } }"""
    answer = json.loads(explain("-j", SSH, text=text).stdout)
    assert (answer["verdict"], answer["doubt"]) == ("sometimes", "meta random")
    assert "meta random" in answer["sentence"]


def test_the_time_of_a_connection_that_only_begins_hangs_on_the_uptime(explain):
    """The kernel takes its clock off a time that does not run yet: nf_ct_expires()."""
    text = """table ip t { chain c { type filter hook input priority 0; policy drop
        ct expiration > 5s accept } }"""
    answer = json.loads(explain("-j", SSH, text=text).stdout)
    assert (answer["verdict"], answer["doubt"]) == ("sometimes",
                                                    "ct expiration of a connection that only begins")


def test_bridge_chains_are_not_passed_over_in_silence(explain):
    text = """table bridge b { chain c { type filter hook forward priority 0; policy drop; } }
        table ip t { chain c { type filter hook input priority 0; policy accept; } }"""
    answer = json.loads(explain("-j", SSH, text=text).stdout)
    doubt = "the bridge chain `b c`, if eth0 is a port of a bridge"
    assert (answer["verdict"], answer["doubt"]) == ("unknown", doubt)
    assert answer["sentence"] == f"Not known: it meets {doubt}; gate cannot say what that does."
    idle = text.replace("policy drop", "policy accept")
    assert json.loads(explain("-j", SSH, text=idle).stdout)["verdict"] == "accept"


def test_time_passes_as_the_packets_say(explain):
    text = """table ip t { chain c { type filter hook input priority 0; policy drop
        limit rate 1/minute burst 1 packets accept } }"""
    packets = [f"at {when} {SSH}" for when in ("0s", "59s", "60s", "1m1s")]
    answers = json.loads(explain("-j", *packets, text=text).stdout)
    assert [a["verdict"] for a in answers] == ["accept", "drop", "accept", "drop"]


def test_the_ip_stack_has_its_say(explain):
    answer = json.loads(explain("-j", "in eth0 tcp 127.0.0.1 > 192.168.1.12:22").stdout)
    assert (answer["verdict"], answer["by"]) == ("drop", "stack")
    assert "martian" in answer["reason"]


@pytest.mark.parametrize("words, message", [
    ("in eth0 tpc 1.2.3.4 > 5.6.7.8", "did you mean `tcp`?"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 syn,akc", "`syn,akc` says nothing about a packet"),
    ("in eth0 tcp 1.2.3.4 > fd00::1", "source and destination are not of one family"),
    ("in eth0 tcp 1.2.3.4.5 > 5.6.7.8", "`1.2.3.4.5` is no address"),
    ("in eth0 reply", "there is no packet before to reply to"),
    ("at noon in eth0 tcp 1.2.3.4 > 5.6.7.8", "`noon` is no time"),
    ("in eth0 tcp 1.2.3.4 > 5.6.7.8 ttl 256", "`ttl` wants a number up to 255"),
])
def test_mistakes_in_a_packet_are_shown_where_they_are(explain, words, message):
    done = explain(words, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "^" in done.stderr


def test_a_ruleset_with_a_mistake_is_refused_as_ever(explain):
    done = explain(SSH, text="table ip t { chain c { tcp dprot 22 } }", check=False)
    assert done.returncode == 1
    assert "did you mean `dport`?" in done.stderr
    assert done.stdout == ""


def test_a_missing_chain_is_an_error_of_the_file(explain):
    done = explain(SSH, text="table ip t { chain c { type filter hook input priority 0; "
                             "jump nowhere } }", check=False)
    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_why_not_names_the_rule_that_came_nearest(explain):
    text = """table ip t { chain c { type filter hook input priority 0; policy drop
        tcp dport 80 accept
        tcp dport 22 ip saddr 10.0.0.0/8 accept
        tcp dport 443 accept
        limit rate 5/second icmp type echo-request accept } }"""
    answer = json.loads(explain("-j", "--why-not", "accept", SSH, text=text).stdout)
    assert answer["nearest"]["rule"]["text"] == "tcp dport 22 ip saddr 10.0.0.0/8 accept"
    assert answer["nearest"]["missing"] == ["ip saddr 10.0.0.0/8"]
    lines = explain("--why-not", "accept", SSH, text=text).stdout.splitlines()
    assert lines[-1].startswith("Nearest to accept came `tcp dport 22 ip saddr 10.0.0.0/8 accept`")


def test_why_not_names_all_that_is_missing(explain):
    """And a rule of another protocol is not near, nor is what is missing counted as used."""
    text = """table inet t {
        set hosts { type ipv4_addr; flags dynamic; elements = { 10.0.0.1 counter }; }
        chain c { type filter hook input priority 0; policy drop
            icmp type echo-request accept
            tcp dport 80 ip saddr @hosts ct state established accept
            udp dport { 53, 123 } accept comment "names" } }"""
    why = ("-j", "--why-not=accept")
    nearest = json.loads(explain(*why, "in eth0 udp 198.51.100.7 > 192.168.1.12:99", text=text).stdout)["nearest"]
    assert nearest["missing"] == ["udp dport { 53, 123 }"]
    text = text.replace("icmp type echo-request accept", "").replace("udp dport { 53, 123 } accept", "")
    nearest = json.loads(explain(*why, SSH, text=text).stdout)["nearest"]
    assert nearest["missing"] == ["tcp dport 80", "ip saddr @hosts", "ct state established"]
    assert nearest["sentence"].endswith("`tcp dport 80`, `ip saddr @hosts` and `ct state established`.")


def test_why_not_knows_what_stands_far_behind_in_a_rule(explain):
    marks = " ".join(f"meta mark != {n}" for n in range(1, 60))
    text = f"""table ip t {{ chain c {{ type filter hook input priority 0; policy drop
        {marks} tcp dport 80 ip ttl 1 accept }} }}"""
    nearest = json.loads(explain("-j", "--why-not=accept", SSH, text=text).stdout)["nearest"]
    assert nearest["missing"] == ["tcp dport 80", "ip ttl 1"]


def test_why_not_asks_for_a_verdict_there_is(explain):
    done = explain("--why-not=maybe", SSH, check=False)
    assert done.returncode == 1
    assert "asks for accept or drop" in done.stderr


@pytest.fixture
def machine(netns):
    """A namespace with the address of SSH, and a way out."""
    netns.run(["sh", "-c", "ip link add eth0 type veth peer name far; ip link set far up; ip address add 192.168.1.12/24 dev eth0; "
               "ip link set eth0 up; ip route add default via 192.168.1.1"], check=True)
    return netns


def test_open_connections_of_the_kernel_are_known(gate, machine):
    machine.nft(input="""table inet t { chain c { type filter hook input priority 0; policy drop;
        ct state established accept; ct mark 7 counter; }; }""")
    for words in ("-p tcp -s 198.51.100.7 -d 192.168.1.12 --sport 40000 --dport 22 --state ESTABLISHED "
                  "-u ASSURED,SEEN_REPLY -t 100 -m 7",
                  "-p udp -s 198.51.100.7 -d 192.168.1.12 --sport 5000 --dport 53 -u SEEN_REPLY -t 100"):
        machine.run(["conntrack", "-I", *words.split()], check=True)
    done = machine.run([gate, "explain", "--live", "-j",
                        "in eth0 udp 198.51.100.7:5000 > 192.168.1.12:53 len 3",
                        "in eth0 udp 198.51.100.7:5001 > 192.168.1.12:53 len 3",
                        "in eth0 tcp 198.51.100.7:40000 > 192.168.1.12:22 ack"], check=True)
    udp, stranger, tcp = json.loads(done.stdout)
    assert (udp["verdict"], udp["conntrack"]) == ("accept", "established")
    assert (stranger["verdict"], stranger["conntrack"]) == ("drop", "new")
    assert (tcp["verdict"], tcp["verdicts"]) == ("sometimes", ["accept", "drop"])
    assert tcp["doubt"] == "the TCP window of the open connection"


def test_addresses_routes_and_settings_of_a_live_machine_are_its_own(gate, machine):
    machine.nft(input="""table inet t { chain c { type filter hook forward priority 0; policy drop; }
        chain in { type filter hook input priority 0; policy accept; ct state invalid drop; }; }""")
    machine.run(["sh", "-c", "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose; "
                 "echo 0 > /proc/sys/net/ipv4/ip_forward"], check=True)

    def ask(words):
        return json.loads(machine.run([gate, "explain", "--live", "-j", words], check=True).stdout)
    assert ask(SSH)["verdict"] == "accept"
    assert ask(SSH.replace(" syn", " ack"))["conntrack"] == "invalid"
    elsewhere = SSH.replace("192.168.1.12", "192.0.2.5")
    assert ask(elsewhere)["reason"] == "this machine does not forward"
    machine.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"], check=True)
    assert ask(elsewhere)["by"] == "policy"


def test_the_kernels_own_ruleset_is_explained_whoever_loaded_it(gate, machine):
    machine.nft(input="""table inet t {
        set s { type ipv4_addr; flags timeout; elements = { 198.51.100.7 timeout 1h } }
        map m { type inet_service : verdict; elements = { 22 : jump x } }
        chain x { counter ip saddr @s accept; }
        chain c { type filter hook input priority 0; policy drop; tcp dport vmap @m; }
        }""")
    done = machine.run([gate, "explain", "--live", "-j", SSH, SSH.replace("100.7", "100.8")],
                     check=True)
    first, second = json.loads(done.stdout)
    assert first["verdict"] == "accept"
    assert first["rule"]["text"] == "counter packets 0 bytes 0 ip saddr @s accept"
    assert first["rule"]["handle"] > 0
    assert "TCP windows" in first["note"]
    assert (second["verdict"], second["by"]) == ("drop", "policy")


def test_a_bridge_named_on_the_command_line(explain):
    text = """table bridge b { chain c { type filter hook forward priority 0; policy accept
        iifname "eth0" oifname "eth2" drop; } }"""
    words = "in eth0 udp 192.168.5.10 > 192.168.5.11:53"
    answer = json.loads(explain("-j", "--bridge", "br0=eth0,eth1,eth2", words, text=text).stdout)
    assert answer["verdict"] == "accept"
    sent = [step["text"] for hook in answer["hooks"] for step in hook["steps"] if step["step"] == "sent"]
    assert sent == ["eth1"]
    for wrong in ("br0", "=eth0", "br0=", "br0=br0", "br0=eth0,eth0", "br0=eth0,,eth1"):
        done = explain("--bridge", wrong, words, text=text, check=False)
        assert done.returncode == 1
        assert f"`{wrong}` is no bridge with ports of its own" in done.stderr


def test_bridges_of_a_live_machine_and_what_they_learnt_are_its_own(gate, netns):
    netns.run(["sh", "-c", "ip link add br0 address 02:00:00:00:00:b0 type bridge; for n in 0 1 2; do "
               "ip link add p$n type veth peer name f$n; ip link set p$n master br0; ip link set p$n up; ip link set f$n up; done; "
               "ip link set br0 up; ip address add 192.168.5.1/24 dev br0; "
               "bridge fdb add 02:00:00:00:00:11 dev p1 master static; "
               "ip neigh add 192.168.5.11 lladdr 02:00:00:00:00:11 dev br0"], check=True)
    netns.nft(input="""table bridge b { chain c { type filter hook forward priority 0; policy accept
        oifname "p2" drop; }; }""")

    def ask(words):
        answer = json.loads(netns.run([gate, "explain", "--live", "-j", words], check=True).stdout)
        return answer, [step["text"] for hook in answer["hooks"] for step in hook["steps"]
                        if step["step"] == "sent"]
    assert ask("in p0 udp 192.168.5.10 > 192.168.5.11:53")[1] == ["p1"]
    assert ask("in p0 udp 192.168.5.10 > 192.168.5.12:53")[1] == ["p1"]
    assert ask("out br0 udp 192.168.5.1 > 192.168.5.11:53")[1] == ["p1"]
    assert ask("in p1 udp 192.168.5.11 > 192.168.5.1:53")[0]["verdict"] == "accept"
    netns.run(["ip", "link", "set", "p1", "type", "bridge_slave", "isolated", "on"], check=True)
    answer, _ = ask("in p0 udp 192.168.5.10 > 192.168.5.11:53")
    assert (answer["verdict"], answer["doubt"]) == ("unknown", "a port of the bridge that is isolated")


def test_limits_of_a_live_ruleset_make_it_sometimes(gate, machine):
    machine.nft(input="""table ip t { chain c { type filter hook input priority 0; policy drop
        limit rate 1/minute accept; }; }""")
    done = machine.run([gate, "explain", "--live", "-j", SSH], check=True)
    answer = json.loads(done.stdout)
    assert (answer["verdict"], answer["doubt"]) == ("sometimes",
                                                    "limit: how much of it is used up")


def test_a_file_and_the_kernel_exclude_each_other(explain):
    done = explain("--live", SSH, check=False)
    assert done.returncode == 1
    assert "`-f` and `--live` exclude each other" in done.stderr


# ---- packets as bytes ----

def words_as_bytes(explain, words):
    answer = json.loads(explain("-j", words).stdout)
    return answer, answer.get("frame") or answer["network_packet"]


@pytest.mark.parametrize("words, form", [
    (SSH, "in eth0 frame "), ("in eth0 icmp 198.51.100.7 > 192.168.1.12 echo-request",
                              "in eth0 frame "),
    ("out eth0 udp 192.168.1.12:53 > 198.51.100.7:5000 len 9", "out eth0 packet ")])
def test_a_packet_may_be_given_in_hexadecimal(explain, words, form):
    by_words, digits = words_as_bytes(explain, words)
    for text in (digits, ":".join(re.findall("..", digits)).upper()):
        by_bytes = json.loads(explain("-j", form + text).stdout)
        for key in ("verdict", "by", "sentence", "conntrack", "hooks"):
            assert by_bytes.get(key) == by_words.get(key)


def test_a_frame_of_a_capture_may_be_asked_about(explain, tmp_path):
    made = json.loads(explain("-j", SSH, "reply syn,ack").stdout)
    packets = [bytes.fromhex(made[0]["frame"]), bytes.fromhex(made[1]["network_packet"])]
    heads = [struct.pack("!HHH8sH", kind, 1, 6, bytes(8), 0x0800) for kind in (0, 4)]
    frames = [heads[0] + packets[0][14:], heads[1] + packets[1]]
    capture = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 113) + b"".join(
        struct.pack("<IIII", 1, 0, len(f), len(f)) + f for f in frames)
    path = tmp_path / "day.pcap"
    path.write_bytes(capture)
    answers = json.loads(explain("-j", f"capture {path} 1", f"capture {path} 2").stdout)
    assert [(a["verdict"], a["conntrack"], a.get("in"), a.get("out")) for a in answers] == [
        ("accept", "new", "eth0", None), ("accept", "established", None, "eth0")]
    done = explain(f"capture {path} 3", check=False)
    assert done.returncode == 1 and "has fewer frames" in done.stderr
    done = explain("capture /nowhere 1", check=False)
    assert done.returncode == 1 and "cannot read `/nowhere`" in done.stderr


@pytest.mark.parametrize("words, message", [
    ("in eth0 frame 012", "`012` is no packet in hexadecimal digits"),
    ("in eth0 frame zz", "`zz` is no packet in hexadecimal digits"),
    ("in eth0 packet", "is no packet in hexadecimal digits"),
    ("in eth0 packet 45 syn", "`syn` cannot stand behind a packet's bytes"),
    ("in eth0 capture x 0", "frames count from 1"),
    ("in eth0 capture x", "wants a number"),
])
def test_bytes_that_are_none_are_refused(explain, words, message):
    done = explain(words, check=False)
    assert done.returncode == 1 and message in done.stderr


@pytest.mark.parametrize("words", ["in eth0 packet 45", "out eth0 packet 45", "in eth0 frame 00",
                                   "out eth0 packet 60ff", "out eth0 packet " + "4f" * 20])
def test_malformed_bytes_are_dropped_by_the_stack(explain, words):
    answer = json.loads(explain("-j", words).stdout)
    assert (answer["verdict"], answer["by"]) == ("drop", "stack")


def test_a_reply_to_bytes_must_be_bytes(explain):
    done = explain("in eth0 frame " + words_as_bytes(explain, SSH)[1], "reply", check=False)
    assert done.returncode == 1 and "must be given as bytes too" in done.stderr


LOCAL = """table ip t {
    chain p { type filter hook prerouting priority 0; fib daddr type local counter comment "ours"; }
    chain i { type filter hook input priority 0; policy drop;
        fib saddr type local drop comment "own source"
        fib daddr type local accept comment "for us" }
    chain f { type filter hook forward priority 0; fib daddr type local drop; }
    chain o { type filter hook output priority 0; policy drop;
        fib saddr type local fib daddr type != local accept comment "from us" }
}
"""


@pytest.mark.parametrize("packet,verdict,said", [
    ("in eth0 tcp 1.2.3.4 > 192.168.1.12:22 syn", "Accepted by rule `fib daddr type local accept", "the destination is this machine"),
    ("in eth0 out eth1 tcp 1.2.3.4 > 192.168.1.12:22 syn", "Accepted: no rule took it", "the destination is another machine"),
    ("out eth0 tcp 192.168.1.12 > 1.2.3.4:22 syn", "Accepted by rule `fib saddr type local", "the source is this machine"),
])
def test_fib_and_the_route_take_the_same_for_granted_and_say_it_once(gate, tmp_path, packet, verdict, said):
    (tmp_path / "local.nft").write_text(LOCAL)
    done = subprocess.run([gate, "explain", "-f", "local.nft", packet], capture_output=True, text=True,
                          check=False, timeout=60, cwd=tmp_path)
    assert verdict in done.stdout, done.stdout + done.stderr
    assert done.stdout.count(said) == 1
    assert "not known" not in done.stdout and "is taken to be this machine" not in done.stdout


def test_fib_at_input_of_what_loops_back_hangs_on_the_kernel(gate, tmp_path):
    (tmp_path / "lo.nft").write_text("""table inet t { chain i { type filter hook input priority 0; policy drop;
        fib saddr oif lo accept } }""")
    for packet in ("in lo udp 127.0.0.1 > 127.0.0.1:53", "in lo udp ::1 > [::1]:53"):
        for kernel, verdict in (("6.1", "drop"), ("6.12", "accept"), ("6.18", "accept"), (None, "sometimes")):
            done = subprocess.run([gate, "explain", "-j", "-f", "lo.nft", *(["--kernel", kernel] if kernel else []), packet],
                                  capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
            assert json.loads(done.stdout)["verdict"] == verdict, done.stdout + done.stderr


@pytest.mark.parametrize("table, hook", (
    ('netdev f { chain c { type filter hook egress device "eth0" priority 0; reject; }', "egress"),
    ("bridge f { chain c { type filter hook output priority 0; reject; }", "output"),
    ("inet f { chain x { reject; }\nchain c { type filter hook postrouting priority 0; jump x; }", "postrouting")))
def test_a_rule_that_no_kernel_takes_at_its_hook_is_refused(explain, table, hook):
    """It was run, and an answer without a device ended gate."""
    done = explain("out eth0 tcp 192.168.1.12:1000 > 198.51.100.7:22 syn", text=f"table {table}\n}}\n", check=False)
    assert done.returncode == 1 and f"`reject` does not work at the {hook} hook" in done.stderr, done.stderr

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate replay`: captures through rulesets; whose frames are whose, and what is told of them."""
import gzip
import json
import os
import struct
import subprocess

import pytest

ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276
SERVER, ADMIN, STRANGER = "192.168.1.12", "192.168.1.5", "198.51.100.7"
SYN, SYN_ACK, ACK, RST = 2, 0x12, 0x10, 4
LOCAL = ["--local", f"eth0={SERVER}/24"]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(src, dst, proto, payload, length=None):
    addr = [bytes(map(int, a.split("."))) for a in (src, dst)]
    total = 20 + len(payload) if length is None else length
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, 0, 0x4000, 64, proto, 0, *addr)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(src, sport, dst, dport, flags, seq=0, ack=0, data=b"", length=None):
    """With a checksum of 0, as a card would still have to fill it in."""
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 64240, 0, 0)
    return ip(src, dst, 6, segment + data, length)


def ethernet(packet):
    return bytes.fromhex("020000000001020000000002") + b"\x08\x00" + packet


def sll(packet, kind):
    """`kind`: 0 came in, 3 is another host's, 4 went out."""
    return struct.pack("!HHH8sH", kind, 1, 6, b"\2\0\0\0\0\2\0\0", 0x0800) + packet


def pcap(frames, link=ETHERNET, snap=65535, gap=0.01, order="<"):
    out = struct.pack(order + "IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, snap, link)
    for i, frame in enumerate(frames):
        us = int(i * gap * 1e6)
        kept = frame[:snap]
        out += struct.pack(order + "IIII", 1_700_000_000 + us // 10**6, us % 10**6,
                           len(kept), len(frame)) + kept
    return out


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def pcapng(frames, names=("eth0",), link=ETHERNET):
    """`frames`: (bytes, device's number, 1 in or 2 out)."""
    out = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    for name in names:
        text = name.encode()
        option = struct.pack("<HH", 2, len(text)) + text + bytes(-len(text) % 4)
        out += block(1, struct.pack("<HHI", link, 0, 0) + option + bytes(4))
    for i, (frame, device, way) in enumerate(frames):
        us = 1_700_000_000_000_000 + i * 1000
        body = struct.pack("<IIIII", device, us >> 32, us & 0xffffffff, len(frame), len(frame))
        body += frame + bytes(-len(frame) % 4) + struct.pack("<HHII", 2, 4, way, 0)
        out += block(6, body)
    return out


def handshake(client, sport, server, dport):
    return [tcp(client, sport, server, dport, SYN, 10),
            tcp(server, dport, client, sport, SYN_ACK, 50, 11),
            tcp(client, sport, server, dport, ACK, 11, 51)]


SSH = handshake(ADMIN, 40000, SERVER, 22)
TELNET = [tcp(STRANGER, 41000, SERVER, 23, SYN)] * 3


@pytest.fixture
def replay(gate, root, tmp_path):
    """Runs `gate replay` on a capture's bytes; examples/server.nft unless a text is given."""
    def run(capture, *words, rules=None, check=True, interfaces="lo,eth0", live=False):
        path = tmp_path / "in.pcap"
        path.write_bytes(capture)
        source = ["-f", "examples/server.nft"]
        if rules is not None:
            (tmp_path / "rules.nft").write_text(rules)
            source = ["-f", str(tmp_path / "rules.nft")]
        if live:
            source = ["--live"]
        done = subprocess.run([gate, "replay", "--interfaces", interfaces, *source, *words,
                               str(path)], capture_output=True, text=True, check=False,
                              timeout=60, cwd=root)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done
    return run


@pytest.fixture
def told(replay):
    """As `replay`, with the answer as JSON."""
    def run(capture, *words, **options):
        return json.loads(replay(capture, "-j", *words, **options).stdout)
    return run


def verdicts(answer):
    return {name: n for name, n in answer["verdicts"].items() if n}


# ---- what is told ---------------------------------------------------------------------------

def test_the_summary_counts_by_verdict_and_by_rule(told):
    answer = told(pcap(map(ethernet, SSH + TELNET)), *LOCAL)
    assert verdicts(answer) == {"accept": 3, "drop": 3}
    decided = {d.get("rule", d.get("chain")): (d["verdict"], d["packets"])
               for d in answer["decided"]}
    assert decided["inet filter input"] == ("drop", 3)
    assert [n for rule, n in decided.items() if "ssh_port ip saddr @admins" in rule] == [
        ("accept", 1)]
    assert sum(n for _, n in decided.values()) == 6


def test_flows_that_are_stopped_are_listed_with_what_stops_them(replay, told):
    capture = pcap(map(ethernet, SSH + TELNET))
    flow, = told(capture, *LOCAL)["stopped"]
    assert flow["flow"] == f"tcp {STRANGER}:41000 > {SERVER}:23"
    assert (flow["packets"], flow["now"]["by"]) == (3, "policy")
    assert flow["first"] == "2023-11-14T22:13:20.030000Z"
    text = replay(capture, *LOCAL).stdout
    assert "  drop                3 packets   50.0 %" in text
    assert "Flows that are stopped (1):\n  tcp 198.51.100.7:41000 > 192.168.1.12:23\n" in text
    assert "      drop: policy of inet filter input\n" in text


def test_both_directions_of_a_flow_are_one(told):
    rules = "table ip t { chain i { type filter hook input priority 0; policy drop; }\n" \
            "chain o { type filter hook output priority 0; policy drop; } }"
    answer = told(pcap(map(ethernet, SSH)), *LOCAL, rules=rules)
    assert [f["packets"] for f in answer["stopped"]] == [3]


def test_many_flows_are_cut_in_the_text_but_not_in_json(replay, told):
    capture = pcap([ethernet(tcp(STRANGER, 1000 + i, SERVER, 23, SYN)) for i in range(30)])
    assert "  and 28 more (--flows NUMBER lists them)" in \
        replay(capture, *LOCAL, "--flows", "2").stdout
    assert len(told(capture, *LOCAL)["stopped"]) == 30


def test_two_rulesets_are_compared_on_one_capture(told, replay, tmp_path):
    old = tmp_path / "old.nft"
    old.write_text("table ip t { chain i { type filter hook input priority 0; policy accept;\n"
                   "tcp dport 22 drop } }")
    capture = pcap(map(ethernet, SSH + TELNET))
    answer = told(capture, *LOCAL, "--against", str(old))
    assert {f["flow"]: (f["before"]["verdict"], f["now"]["verdict"], f["packets"])
            for f in answer["changed"]} == {
        f"tcp {ADMIN}:40000 > {SERVER}:22": ("drop", "accept", 2),
        f"tcp {STRANGER}:41000 > {SERVER}:23": ("accept", "drop", 3)}
    text = replay(capture, *LOCAL, "--against", str(old)).stdout
    assert "      before: drop    " in text and "old.nft:2  tcp dport 22 drop" in text
    same = replay(capture, *LOCAL, "--against", "examples/server.nft").stdout
    assert "No flow's fate changes." in same


def test_frames_that_pass_and_those_that_do_not_are_written(told, tmp_path):
    passed, stopped = tmp_path / "passed", tmp_path / "stopped"
    told(pcap(map(ethernet, SSH + TELNET)), *LOCAL, "--passed", str(passed), "--stopped",
         str(stopped))
    assert verdicts(told(passed.read_bytes(), *LOCAL)) == {"accept": 3}
    answer = told(stopped.read_bytes(), *LOCAL)
    assert verdicts(answer) == {"drop": 3}
    assert answer["stopped"][0]["first"] == "2023-11-14T22:13:20.030000Z"


def test_limits_run_by_the_captures_clock(told):
    syns = [ethernet(tcp(STRANGER, 1000 + i, SERVER, 22, SYN)) for i in range(10)]
    assert verdicts(told(pcap(syns, gap=0.1), *LOCAL)) == {"accept": 5, "drop": 5}
    assert verdicts(told(pcap(syns, gap=12), *LOCAL)) == {"accept": 10}


def test_a_pipe_is_read_as_well(gate, root):
    done = subprocess.run([gate, "replay", "--interfaces", "lo,eth0", "-f",
                           "examples/server.nft", *LOCAL, "-j", "-"],
                          input=pcap(map(ethernet, SSH)), capture_output=True, check=True,
                          cwd=root, timeout=60)
    assert verdicts(json.loads(done.stdout)) == {"accept": 3}


# ---- whose frames ---------------------------------------------------------------------------

def test_a_capture_that_does_not_tell_wants_an_address_and_guesses_it(replay):
    done = replay(pcap(map(ethernet, SSH + TELNET)), check=False)
    assert done.returncode == 1
    assert "error[E0941]: nothing tells which of the frames this machine sent" in done.stderr
    assert f"most frames here have to do with {SERVER}" in done.stderr


@pytest.mark.parametrize("capture", [
    pcap([sll(SSH[0], 0), sll(SSH[1], 4), sll(SSH[2], 0)], SLL),
    pcap([sll(SSH[0], 0), sll(SSH[1], 4), sll(SSH[2], 0)], SLL, order=">"),
    pcapng([(ethernet(SSH[0]), 0, 1), (ethernet(SSH[1]), 0, 2), (ethernet(SSH[2]), 0, 1)]),
], ids=["sll", "sll, big-endian", "pcapng"])
def test_captures_that_tell_need_no_address(told, capture):
    answer = told(capture)
    assert verdicts(answer) == {"accept": 3}
    assert any("our answers" in d.get("rule", "") and d["packets"] == 1
               for d in answer["decided"])


def test_a_raw_capture_has_no_frames_but_packets(told):
    assert verdicts(told(pcap(SSH, RAW), *LOCAL)) == {"accept": 3}


def test_packets_between_others_are_not_sent_through(told):
    other = handshake("192.168.1.77", 1, "192.168.1.78", 2)
    answer = told(pcap(map(ethernet, SSH + other)), *LOCAL)
    assert verdicts(answer) == {"accept": 3}
    assert answer["not_sent"]["packets between other hosts"] == 3
    assert told(pcap([sll(other[0], 3)], SLL))["packets"] == 0


ROUTER = """table ip t {
chain f { type filter hook forward priority 0; policy drop;
iifname lan oifname wan accept
iifname wan oifname lan ct state established accept }
chain n { type nat hook postrouting priority srcnat; oifname wan masquerade } }"""
WAN, CLIENT, SITE = "203.0.113.1", "10.0.0.5", "198.51.100.80"
ROUTES = ["--router", "--in", "wan", "--in", "lan=10.0.0.0/24", "--local", f"wan={WAN}/24",
          "--local", "lan=10.0.0.1/24"]


def test_a_router_sends_on_by_the_networks_of_its_devices(told):
    """Captured inside: what comes back is behind translation already."""
    frames = [(ethernet(p), 0, way) for p, way in zip(handshake(CLIENT, 5000, SITE, 80),
                                                      (1, 2, 1))]
    stranger = [(ethernet(tcp(SITE, 1, CLIENT, 2, SYN)), 0, 2)]
    answer = told(pcapng(frames + stranger, ["lan"]), *ROUTES, rules=ROUTER,
                  interfaces="lo,lan,wan")
    assert verdicts(answer) == {"accept": 3, "drop": 1}


BOTH = ["--router", "--in", "lan=10.0.0.0/24", "--in", "wan=0.0.0.0/0", "--local", f"wan={WAN}/32"]
INSIDE, OUTSIDE = handshake(CLIENT, 5000, SITE, 80), handshake(WAN, 5000, SITE, 80)
# What a router passes on, on both its devices: packet, device, 1 in or 2 out.
TWICE = [(INSIDE[0], 0, 1), (OUTSIDE[0], 1, 2), (OUTSIDE[1], 1, 1), (INSIDE[1], 0, 2),
         (INSIDE[2], 0, 1), (OUTSIDE[2], 1, 2)]


@pytest.mark.parametrize("capture", [
    pcap([sll(p, 0 if way == 1 else 4) for p, _, way in TWICE], SLL),
    pcapng([(ethernet(p), device, way) for p, device, way in TWICE], ["lan", "wan"]),
    pcapng([(ethernet(p), device, 0) for p, device, _ in TWICE], ["lan", "wan"]),
], ids=["any", "two devices", "two devices, no directions"])
def test_of_a_packet_that_is_passed_on_one_capture_of_two_counts(told, capture):
    """`-i any` does not say where the answer comes in; its device is found by its source."""
    answer = told(capture, *BOTH, rules=ROUTER, interfaces="lo,lan,wan")
    assert verdicts(answer) == {"accept": 3}
    assert answer["not_sent"]["packets that were captured a second time"] == 3


@pytest.mark.parametrize("way", [2, 0], ids=["told", "by addresses"])
def test_what_a_router_passed_on_came_with_one_hop_more(told, way):
    """Captured when it left; what came in is as it was."""
    rules = """table inet t { chain f { type filter hook forward priority 0; policy drop
  ip ttl 64 ip saddr 10.0.0.5 accept; ip ttl 1 ip saddr 10.0.0.6 accept; ip6 hoplimit 9 accept; } }"""

    def packet(src, ttl):
        raw = bytearray(udp(src, 1, SITE, 2))
        raw[8:12] = bytes([ttl, 17, 0, 0])
        return bytes(raw[:10]) + struct.pack("!H", checksum(bytes(raw[:20]))) + bytes(raw[12:])

    six = struct.pack("!IHBB", 6 << 28, 8, 17, 9) + bytes.fromhex("fd00" + "00" * 13 + "05") + \
        bytes.fromhex("fd01" + "00" * 13 + "05") + struct.pack("!HHHH", 1, 2, 8, 0)
    frames = [ethernet(packet(CLIENT, 64)), ethernet(packet("10.0.0.6", 1)),
              bytes.fromhex("020000000001020000000002") + b"\x86\xdd" + six]
    routes = [*ROUTES, "--in", "lan=fd00::/64", "--in", "wan=fd01::/64"]
    answer = told(pcapng([(f, 0, way) for f in frames], ["wan"]), *routes, rules=rules,
                  interfaces="lo,lan,wan")
    assert verdicts(answer) == {"accept": 3}, answer["decided"]
    came = [ethernet(packet(CLIENT, 65))]
    answer = told(pcapng([(came[0], 0, 1 if way else 0)], ["lan"]), *routes, rules=rules,
                  interfaces="lo,lan,wan")
    assert verdicts(answer) == {"accept": 1}, answer["decided"]


def test_what_is_of_a_link_is_not_passed_on(told):
    """The router's own address of a link need not be told."""
    own, host = bytes.fromhex("fe80" + "00" * 13 + "01"), bytes.fromhex("fe80" + "00" * 13 + "02")

    def frame(src, dst):
        return bytes.fromhex("020000000001020000000002") + b"\x86\xdd" + \
            struct.pack("!IHBB", 6 << 28, 8, 17, 255) + src + dst + struct.pack("!HHHH", 1, 2, 8, 0)

    rules = """table ip6 t { chain i { type filter hook input priority 0; udp dport 2 counter accept; }
chain f { type filter hook forward priority 0; policy drop; }
chain o { type filter hook output priority 0; udp dport 2 accept; } }"""
    words = [*ROUTES, "--in", "lan=fd00::/64", "--local", "lan=fd00::1/64"]
    told_ways = pcapng([(frame(own, host), 0, 2), (frame(host, own), 0, 1)], ["lan"])
    answer = told(told_ways, *words, rules=rules, interfaces="lo,lan,wan")
    assert sorted(d["rule"] for d in answer["decided"]) == ["udp dport 2 accept",
                                                            "udp dport 2 counter accept"]
    answer = told(pcap([frame(own, host)]), *words, rules=rules, interfaces="lo,lan,wan")
    assert answer["not_sent"]["packets between other hosts"] == 1


def test_an_answer_behind_translation_is_not_translated_twice(told):
    rules = """table ip t {
chain n { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080 }
chain i { type filter hook input priority 0; policy drop; tcp dport 8080 accept }
chain o { type filter hook output priority 0; policy drop; tcp sport 8080 ct state established accept } }"""
    answer = told(pcap(map(ethernet, handshake(STRANGER, 4000, SERVER, 80))), *LOCAL,
                  rules=rules)
    assert verdicts(answer) == {"accept": 3}


def icmp(src, dst, kind, code, quoted):
    body = struct.pack("!BBHI", kind, code, 0, 0) + quoted[:28]
    return ip(src, dst, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:])


def udp(src, sport, dst, dport, data=b"ab"):
    return ip(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)


def echo(src, dst, kind, number):
    body = struct.pack("!BBHHH", kind, 0, 0, number, 1)
    return ip(src, dst, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:])


ERRORS = """table ip t {
chain pre { type nat hook prerouting priority dstnat; iifname wan udp dport 53 dnat to 10.0.0.5 }
chain f { type filter hook forward priority 0; policy drop; ct state invalid drop
  iifname lan ct state new accept
  iifname wan udp dport 53 accept
  icmp type destination-unreachable ct state related ip daddr 10.0.0.5 accept
  icmp type destination-unreachable ct state related ip saddr 10.0.0.5 accept
  icmp type echo-reply ct state established accept
  meta l4proto != icmp ct state established accept }
chain n { type nat hook postrouting priority srcnat; oifname wan masquerade } }"""


def test_errors_and_echoes_behind_translation_are_put_back(told):
    """Captured inside on lan, and outside on wan; nobody sees what it was before."""
    syn, ping = handshake(CLIENT, 5000, SITE, 80)[0], echo(CLIENT, SITE, 8, 7)
    inside = [(syn, 1), (icmp("203.0.113.9", CLIENT, 3, 4, syn), 2), (ping, 1),
              (echo(SITE, CLIENT, 0, 7), 2)]
    question = udp(SITE, 4000, WAN, 53)
    outside = [(question, 1), (icmp(WAN, SITE, 3, 3, question), 2)]
    for frames, name in ((inside, "lan"), (outside, "wan")):
        answer = told(pcapng([(ethernet(p), 0, way) for p, way in frames], [name]), *ROUTES,
                      rules=ERRORS, interfaces="lo,lan,wan")
        assert verdicts(answer) == {"accept": len(frames)}, answer["decided"]


def test_what_a_helper_wrote_is_put_back(told):
    """The server is inside; its announcement is captured outside, three bytes longer."""
    said = b"227 Entering Passive Mode (%s,200,10)\r\n" % WAN.replace(".", ",").encode()
    end = 59 + len(said)
    frames = [*zip(handshake(SITE, 5000, WAN, 21), (1, 2, 1)),
              (tcp(WAN, 21, SITE, 5000, ACK, 51, 11, b"220 hi\r\n"), 2),
              (tcp(SITE, 5000, WAN, 21, ACK, 11, 59, b"PASV\r\n"), 1),
              (tcp(WAN, 21, SITE, 5000, ACK, 59, 17, said), 2),
              (tcp(SITE, 5000, WAN, 21, ACK, 17, end), 1),
              (tcp(SITE, 5001, WAN, 51210, SYN), 1),
              (tcp(WAN, 21, SITE, 5000, ACK, end, 17, b"150 ok\r\n"), 2)]
    rules = f"""table ip t {{
ct helper ftp {{ type "ftp" protocol tcp; }}
chain r {{ type filter hook prerouting priority -150; tcp dport 21 ct helper set "ftp" }}
chain n {{ type nat hook prerouting priority dstnat; iifname wan tcp dport 21 dnat to {CLIENT} }}
chain f {{ type filter hook forward priority 0; policy drop
  iifname wan tcp dport 21 accept
  iifname wan ip daddr {CLIENT} tcp dport 51210 ct state related accept
  tcp sport 21 tcp sequence {{ 50, 51, 59, {end - 3} }} accept }} }}"""
    answer = told(pcapng([(ethernet(p), 0, way) for p, way in frames], ["wan"]), *ROUTES,
                  rules=rules, interfaces="lo,lan,wan")
    assert verdicts(answer) == {"accept": len(frames)}, answer["decided"]


# ---- what nobody knows ----------------------------------------------------------------------

RANDOM = """table ip t {
chain i { type filter hook input priority 0; policy accept
  tcp dport 22 numgen random mod 2 0 counter
  tcp dport 80 numgen random mod 2 0 drop
  tcp dport 443 numgen random mod 2 0 accept
  tcp dport 443 meta random 7 drop
  ct state established accept
  tcp dport 8080 drop } }"""


def test_what_a_doubt_decides_is_sometimes(told, replay, tmp_path):
    frames = [ethernet(tcp(STRANGER, 4000 + n, SERVER, port, SYN))
              for n, port in enumerate((22, 80, 80, 443, 8080, 25))]
    ok, bad = tmp_path / "ok.pcap", tmp_path / "bad.pcap"
    answer = told(pcap(frames), *LOCAL, "--passed", ok, "--stopped", bad, rules=RANDOM)
    assert verdicts(answer) == {"accept": 2, "sometimes": 3, "drop": 1}
    assert [doubt["packets"] for doubt in answer["not_known"]] == [4]
    sometimes = [judge for judge in answer["decided"] if judge["verdict"] == "sometimes"]
    assert sometimes[0]["verdicts"] == ["accept", "drop"]
    assert "numgen" in sometimes[0]["doubt"]
    flows = {flow["flow"]: flow["sometimes"] for flow in answer["stopped"]}
    assert flows == {f"tcp {STRANGER}:{4000 + n} > {SERVER}:{port}": some
                     for n, port, some in ((1, 80, 1), (2, 80, 1), (3, 443, 1), (4, 8080, 0))}
    # Both files have what passes sometimes; each frame is in them once.
    assert [told(path.read_bytes(), *LOCAL)["frames"] for path in (ok, bad)] == [5, 4]
    done = replay(pcap(frames), *LOCAL, rules=RANDOM)
    assert "sometimes           3 packets   50.0 %" in done.stdout
    assert "sometimes accept or drop: it depends on" in done.stdout
    assert "1 of them only sometimes" in done.stdout


@pytest.mark.parametrize("number", [1, 2, 3, 6])
def test_all_doubts_of_a_packet_may_have_to_come_true(told, number):
    rules = "table ip t { chain i { type filter hook input priority 0\n" + "".join(
        f"numgen random mod 2 0 meta mark set meta mark | {1 << n}\n" for n in range(number)) + \
        f"meta mark {(1 << number) - 1} drop }} }}"
    answer = told(pcap([ethernet(tcp(STRANGER, 4000, SERVER, 80, SYN))]), *LOCAL, rules=rules)
    assert verdicts(answer) == {"sometimes": 1}


def test_a_pipe_tells_the_same_of_doubts(gate, root, told, tmp_path):
    frames = pcap([ethernet(tcp(STRANGER, 4000, SERVER, 80, SYN))])
    (tmp_path / "pipe.nft").write_text(RANDOM)
    done = subprocess.run([gate, "replay", "-j", "-f", tmp_path / "pipe.nft", *LOCAL, "-"],
                          input=frames, capture_output=True, check=True)
    assert verdicts(json.loads(done.stdout)) == verdicts(told(frames, *LOCAL, rules=RANDOM))


def test_what_follows_a_doubt_is_sometimes_too(told):
    """The answer is established only where the question came through."""
    rules = """table ip t {
chain i { type filter hook input priority 0; policy drop; tcp dport 80 meta random > 7 accept }
chain o { type filter hook output priority 0; policy drop; ct state established accept } }"""
    answer = told(pcap(map(ethernet, handshake(STRANGER, 4000, SERVER, 80)[:2])), *LOCAL,
                  rules=rules)
    assert verdicts(answer) == {"sometimes": 2}
    assert [flow["sometimes"] for flow in answer["stopped"]] == [2]


# ---- what captures do to packets ------------------------------------------------------------

def test_sums_that_the_card_makes_are_not_wrong_unless_asked(told):
    capture = pcap(map(ethernet, SSH))
    assert verdicts(told(capture, *LOCAL)) == {"accept": 3}
    assert verdicts(told(capture, *LOCAL, "--checksums")) == {"accept": 1, "drop": 2}


def test_frames_cut_by_the_snap_length_are_whole_packets(told):
    data = tcp(ADMIN, 40000, SERVER, 22, ACK, 11, 51, bytes(1400))
    answer = told(pcap(map(ethernet, SSH + [data]), snap=60), *LOCAL)
    assert verdicts(answer) == {"accept": 4}
    assert sum(d["bytes"] for d in answer["decided"]) == 3 * 40 + 1440
    answer = told(pcap(map(ethernet, SSH), snap=40), *LOCAL)
    assert answer["not_sent"]["frames cut before their ports could be read"] == 3


def test_large_segments_without_a_length_pass(told):
    data = tcp(ADMIN, 40000, SERVER, 22, ACK, 11, 51, bytes(60000), length=0)
    assert verdicts(told(pcap(map(ethernet, SSH + [data])), *LOCAL)) == {"accept": 4}


def test_times_that_go_back_do_not_turn_the_clock(replay):
    frames = pcap(map(ethernet, SSH), gap=-1)
    frames = frames[:24] + pcap(map(ethernet, SSH[:1]), gap=0)[24:] + frames[24:]
    later = bytearray(pcap(map(ethernet, SSH)))
    struct.pack_into("<I", later, 24 + 16 + len(ethernet(SSH[0])), 1_600_000_000)
    assert "Times go back in 1 place;" in replay(bytes(later), *LOCAL).stdout


# ---- bad input ------------------------------------------------------------------------------

@pytest.mark.parametrize("capture, message", [
    (b"table ip t { }", "is no capture file"),
    (b"", "is empty"),
    (gzip.compress(pcap(map(ethernet, SSH))), "is compressed"),
    (pcap(map(ethernet, SSH))[:24 + 8] + b"\xff" * 8, "is damaged at byte 24: a frame claims"),
], ids=["a ruleset", "nothing", "gzip", "an impossible frame"])
def test_what_is_no_capture_is_refused(replay, capture, message):
    done = replay(capture, *LOCAL, check=False)
    assert done.returncode == 1
    assert "error[E0940]" in done.stderr and message in done.stderr


def test_a_capture_that_ends_within_a_frame_is_read_so_far(replay):
    assert "The capture ends within a frame." in \
        replay(pcap(map(ethernet, SSH))[:-3], *LOCAL).stdout


def test_link_types_nobody_knows_are_named(told, replay):
    head = pcapng([], ["eth0"])
    wireless = pcapng([], ["wlan0"], 105)[28:]
    frames = pcapng([(ethernet(SSH[0]), 0, 1), (b"radio", 1, 1)], ())[28:]
    answer = told(head + wireless + frames)
    assert (answer["packets"], answer["not_sent"]["unknown link type"]) == (1, 1)
    assert "Not sent through: frames of link type 105, which gate does not know (1)." in \
        replay(head + wireless + frames).stdout


def test_a_capture_that_has_only_such_frames_is_refused(replay):
    done = replay(pcap([b"radio"], 105), *LOCAL, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[E0944]: gate does not know the link type of the frames: 105 (802.11)" in \
        done.stderr


def test_a_capture_is_not_written_over(gate, root, tmp_path):
    """Neither is the output that is there already, before the new one is whole."""
    path, out = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    capture = pcap(map(ethernet, SSH + TELNET))
    path.write_bytes(capture)
    out.write_bytes(b"before")
    base = [gate, "replay", "--interfaces", "lo,eth0", "-f", "examples/server.nft", *LOCAL]

    def run(*words):
        return subprocess.run([*base, *words], capture_output=True, text=True, check=False, cwd=root)

    for words, message in ((["--passed", path], "is the capture itself"),
                           (["--passed", out, "--stopped", out], "name the same file"),
                           (["--stopped", "-"], "frames cannot go to standard output")):
        done = run(*words, path)
        assert done.returncode == 1 and message in done.stderr
    assert path.read_bytes() == capture
    for signal in (2, 15):
        with subprocess.Popen([*base, "--passed", out, "-"], stdin=subprocess.PIPE, cwd=root,
                              stdout=subprocess.PIPE) as child:
            child.stdin.write(capture + capture[24:] * 10_000)
            child.stdin.flush()
            child.send_signal(signal)
            assert child.wait(10) == -signal
    assert out.read_bytes() == b"before" and sorted(os.listdir(tmp_path)) == ["in.pcap", "out.pcapng"]
    assert run("--passed", out, path).returncode == 0
    assert out.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert sorted(os.listdir(tmp_path)) == ["in.pcap", "out.pcapng"]
    link = tmp_path / "link"
    link.symlink_to(out)
    assert run("--stopped", link, path).returncode == 0 and link.is_symlink()


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(gate, root, replay, tmp_path):
    done = subprocess.run([gate, "replay", "-f", "examples/server.nft", str(tmp_path / "no")],
                          capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 1 and "cannot read" in done.stderr
    done = replay(pcap(map(ethernet, SSH)), *LOCAL, "--passed", "/dev/full", check=False)
    assert done.returncode == 1 and "cannot write `/dev/full`: No space left" in done.stderr


@pytest.mark.parametrize("words, message", [
    (["--in", "eth0="], "nothing for `--in`"),
    (["--in", "eth0=300.1.1.1/8"], "nothing for `--in`"),
    (["--local", "nobody"], "nothing for `--local`"),
    (["--local", "a_name_too_long_for_linux=10.0.0.1"], "nothing for `--local`"),
    (["--flows", "some"], "`--flows` wants a number"),
])
def test_options_are_checked(replay, words, message):
    done = replay(pcap(map(ethernet, SSH)), *words, check=False)
    assert done.returncode == 1 and message in done.stderr
    assert "--local" not in words or "E0941" not in done.stderr


# ---- large and live -------------------------------------------------------------------------

def test_memory_does_not_grow_with_the_capture(gate, root, tmp_path):
    """A new flow and a new element of a set with each packet, and both run out again."""
    rules = tmp_path / "rules.nft"
    rules.write_text("table ip t { set s { type ipv4_addr . inet_service; flags dynamic; timeout 1s;\n"
                     "size 65535; } chain i { type filter hook input priority 0;\n"
                     "add @s { ip saddr . udp sport limit rate 10/second }\n"
                     "ct state new udp dport 53 accept } }")
    frame = bytearray(ethernet(ip(STRANGER, SERVER, 17, struct.pack("!HHHH", 1, 53, 8, 0))))

    def peak(n):
        path = tmp_path / "in.pcap"
        with path.open("wb") as out:
            out.write(pcap([]))
            for i in range(n):
                struct.pack_into("!H", frame, 34, i % 60000)
                out.write(struct.pack("<IIII", 1_700_000_000 + i // 500, i % 500 * 2000,
                                      len(frame), len(frame)) + frame)
        child = subprocess.Popen([gate, "replay", "--interfaces", "lo,eth0", "-f", str(rules),
                                  *LOCAL, str(path)], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = status
        assert status == 0
        return used.ru_maxrss

    assert peak(100_000) < peak(25_000) * 1.15 + 2048


def test_the_ruleset_in_the_kernel_is_replayed_on(gate, root, netns, tmp_path):
    path = tmp_path / "in.pcap"
    path.write_bytes(pcap(map(ethernet, SSH + TELNET)))
    netns.run([gate, "-f", "-"], input="table ip t { chain i { type filter hook input priority 0;\n"
                                       "tcp dport 23 reject } }")
    netns.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "far0"],
              check=True)
    netns.run(["ip", "address", "add", f"{SERVER}/24", "dev", "eth0"], check=True)
    netns.run(["ip", "link", "set", "eth0", "up"], check=True)
    done = netns.run([gate, "replay", "--live", str(path)], check=True)
    assert "tcp dport 23 reject" in done.stdout
    assert "  reject              3 packets" in done.stdout

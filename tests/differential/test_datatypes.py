# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Words of every data type as Debian's nft lists them back, and as our tables do: what one
refuses the other must refuse, but for the rows of KINDER."""
import os
import pathlib
import re
import subprocess

import pytest

from harness.netns import require_nft

NUMBERS = "0 1 2 3 7 8 9 10 13 0x10 017 63 64 100 127 128 200 255 256"
# (the match, our type's name, bits, words)
WORDS = [
    ("icmp type", "icmp_type", 8, NUMBERS + " echo-request echo-reply redirect ping foo"),
    ("icmp code", "icmp_code", 8, NUMBERS + " host-unreachable frag-needed admin-prohibited foo"),
    ("icmpv6 type", "icmpv6_type", 8,
     NUMBERS + " 132 133 137 143 mld-listener-reduction nd-redirect packet-too-big"),
    ("icmpv6 code", "icmpv6_code", 8, NUMBERS + " no-route policy-fail reject-route"),
    ("ip protocol", "inet_proto", 8, NUMBERS + " tcp udp icmpv6 ipv6-icmp esp ah sctp udplite gre"),
    ("meta nfproto", "nf_proto", 8, NUMBERS + " ipv4 ipv6 ipx"),
    ("meta protocol", "ether_type", 16, "ip ip6 arp vlan 8021q 8021ad 0x0800 0x1234 5 65535 65536"),
    ("ip dscp", "dscp", 6, NUMBERS + " cs0 cs7 af11 af43 ef va lephb df be af99"),
    ("ip ecn", "ecn", 2, "0 1 2 3 4 not-ect ect0 ect1 ce"),
    ("tcp flags", "tcp_flag", 8, NUMBERS + " fin syn rst psh ack urg ecn cwr foo"),
    ("tcp dport", "inet_service", 16, NUMBERS + " 22 022 ssh http 65535 65536 1:2 99999999999"),
    ("dccp type", "dccp_pkttype", 4, "0 1 9 10 15 16 request syncack"),
    ("mh type", "mh_type", 8, NUMBERS + " binding-update home-test-init"),
    ("meta mark", "mark", 32, NUMBERS + " 0xffffffff 4294967295 4294967296"),
    ("meta iif", "iface_index", 32, "0 77 4000000000"),
    ("meta iiftype", "iface_type", 16, NUMBERS + " ether ppp loopback sit 772 65536"),
    ("rt classid", "realm", 32, "7 0x10000 4294967296"),
    ("meta priority", "classid", 32, "none root 1:2 ffff:ffff 0:1 0 12 0x10 0xffffffff"),
    ("meta skuid", "uid", 32, NUMBERS + " root 4294967295 4294967296"),
    ("meta skgid", "gid", 32, NUMBERS + " root 4294967295"),
    ("ct state", "ct_state", 32, NUMBERS + " new established related invalid untracked NEW"),
    ("ct direction", "ct_dir", 8, NUMBERS + " original reply"),
    ("ct status", "ct_status", 32, NUMBERS + " snat dnat assured expected dying 0x400 0x406"),
    ("ct label", "ct_label", 128, "0 1 5 0x5 010 63"),
    ("ct event set", "ct_event", 32, NUMBERS + " new destroy label 0x800"),
    ("meta pkttype", "pkt_type", 8, NUMBERS + " host unicast broadcast multicast other"),
    ("fib saddr type", "fib_addrtype", 32, NUMBERS + " unicast local blackhole prohibit"),
    ("exthdr frag", "boolean", 1, "exists missing"),
    ("igmp type", "igmp_type", 8, NUMBERS + " membership-query leave-group"),
    ("meta iifgroup", "devgroup", 32, "5 0x10 4294967296"),
    ("ip saddr", "ipv4_addr", 32,
     "0.0.0.0 1.2.3.4 255.255.255.255 1 0x01020304 192.168.001.001 256.1.1.1"),
    ("ip6 saddr", "ipv6_addr", 128,
     ":: ::1 1:: 1:0:0:2:0:0:0:3 1:0:2:3:4:5:6:7 ::1.2.3.4 ::ffff:1.2.3.4 fe80::1 1:2:3"),
    ("ether saddr", "ether_addr", 48, "01:02:03:04:05:06 1:2:3:4:5:6 5 1:2:3:4:5 1:2:3:4:5:666"),
    ("ct expiration", "time", 32,
     "1 30s 500ms 90 5000 1h30m 1d2h3m4s5ms 25h61m 100h 1s2d 1d1d 3000000000s foo"),
    ("meta length", "integer", 32, NUMBERS + " 010 0x1F 4294967295 4294967296 09 foo"),
    ("ct bytes", "integer", 64, "18446744073709551615 18446744073709551616"),
    ("ip length", "integer", 16, "65535 65536"),
]
# Wholly quoted words; the zone of the test is the one the program runs in.
QUOTED = [
    ("meta day", "day", 8, ["Sunday", "Monday", "Saturday", "monday", "Mon"]),
    ("meta hour", "hour", 32, ["00:00", "00:30", "12:00", "12:34:56", "23:59:59", "1:2", "24:00"]),
    ("meta iifname", "ifname", 128, ["lo", "abcdefghijklmno", "abcdefghijklmnop"]),
    ("meta time", "date", 64, ["2023-01-01 12:00:00", "2023-06-01 12:00", "2023-6-1 3:4:5",
                               "2023-12-24", "1685613600", "now"]),
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
# nft lists nothing for a time of 0, `!= 0x0` for all bits of a mask, a time of day that does not
# exist where it ends a day before UTC's, and takes no interface number above 2^31.
KINDER = {("ct expiration", "0"), ("tcp flags", "255"), ("meta hour", "23:59:59"),
          ("meta iif", "4000000000")}
# Words that depend on tables of the machine that the tool does not have.
NEED_MACHINE = {("meta skuid", "root"), ("meta skgid", "root")}


@pytest.fixture(scope="module")
def tool(root):
    gate = pathlib.Path(os.environ.get("GATE", root / "build/bin/gate")).absolute()
    path = gate.parents[1] / "tests/unit/gate/schema/dump_schema"
    if not path.exists():
        pytest.skip(f"needs {path}, which is not built")
    require_nft()
    return path


def answers(tool, verb, number, bits, words, env=None):
    """{word: what the tool says}; None where it refuses."""
    out = subprocess.run([tool, verb, number, str(bits), *words], capture_output=True, text=True,
                         check=True, env=env).stdout
    said = [line.split("\t") for line in out.splitlines()]
    return {line[0]: None if line[1] == "!" else line[1] for line in said}


def ours(tool, name, bits, words, env=None):
    """{word: its listing}; numbers of over 64 bits are not told apart."""
    rows = subprocess.run([tool], capture_output=True, text=True, check=True).stdout
    types = re.findall(r"^type\t(\d+)\t(\S+)\t", rows, re.MULTILINE)
    called = "time" if name == "date" else name  # nft gives two types the name
    number = [at for at, its in types if its == called][-1 if name == "date" else 0]
    read = answers(tool, "parse", number, bits, words, env)
    shown = answers(tool, "print", number, bits, sorted(set(filter(None, read.values()))), env)
    return {word: value and shown[value] for word, value in read.items()}


def theirs(netns, match, words, env=None):
    """{word: its listing}; a comment in each rule says whose it is."""
    table = "bridge" if match.startswith("ether") else "inet"
    netns.nft(input=f"flush ruleset\nadd table {table} t\nadd chain {table} t c\n")
    found = {}
    for i, word in enumerate(words):
        text = f'add rule {table} t c {match} {word} comment "w{i}"\n'
        if netns.run(["nft", "-f", "-"], input=text, env=env).returncode != 0:
            found[f"w{i}"] = None
    listing = netns.run(["nft", "list", "ruleset"], env=env, check=True).stdout
    for line, at in re.findall(r'^\s*(.*) comment "(w\d+)"$', listing, re.MULTILINE):
        found[at] = line.split(f"{match.removeprefix('meta ')} ", 1)[-1]
    return {word: found[f"w{i}"] for i, word in enumerate(words)}


def differences(match, mine, nfts):
    return [f"{match} {word}: `{mine[word]}`, nft `{nfts[word]}`" for word in mine
            if mine[word] != nfts[word] and (match, word) not in KINDER | NEED_MACHINE]


@pytest.mark.parametrize("match, name, bits, words", WORDS, ids=[row[0] for row in WORDS])
def test_words_are_listed_like_nft(tool, netns, match, name, bits, words):
    words = words.split()
    mine = ours(tool, name, bits, words)
    if bits > 64:  # the tool's numbers end there: only what is read is compared
        nfts = theirs(netns, match, words)
        assert {w: v is None for w, v in mine.items()} == {w: v is None for w, v in nfts.items()}
        return
    assert not differences(match, mine, theirs(netns, match, words))


@pytest.mark.parametrize("match, name, bits, words", QUOTED, ids=[row[0] for row in QUOTED])
@pytest.mark.parametrize("zone", ZONES)
def test_quoted_words_are_listed_like_nft(tool, netns, zone, match, name, bits, words):
    env = {**os.environ, "TZ": zone}
    mine = ours(tool, name, bits, words, env)
    nfts = theirs(netns, match, [f'"{word}"' for word in words], env)
    nfts = {word.strip('"'): listed for word, listed in nfts.items()}
    if bits > 64:
        assert {w: v is None for w, v in mine.items()} == {w: v is None for w, v in nfts.items()}
        return
    assert not differences(match, mine, nfts)

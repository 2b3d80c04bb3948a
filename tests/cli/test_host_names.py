# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Names of hosts in rules: resolved while loading, by a hosts file of the test's own."""
import json
import re
import shutil

import pytest

HOSTS = """\
127.0.0.1 localhost
192.0.2.1 one.test
192.0.2.1 two.test
192.0.2.2 two.test
2001:db8::1 six.test
2001:db8::2 six.test
"""


@pytest.fixture
def load(gate, netns, tmp_path):
    """load(rule, options): (what gate found, the listed rules of a chain with that rule)."""
    hosts = tmp_path / "hosts"
    hosts.write_text(HOSTS)

    def load_rule(rule):
        path = tmp_path / "rules.nft"
        path.write_text(f"table inet t {{\n\tset s {{ type ipv4_addr; }}\n\tchain c {{\n"
                        f"\t\t{rule}\n\t}}\n}}\n")
        result = netns.run(["unshare", "-m", "sh", "-c",
                            'mount --bind "$1" /etc/hosts && exec "$2" --errors json -f "$3"',
                            "sh", hosts, gate, path])
        listed = netns.run([gate, "list", "ruleset"]).stdout
        return (json.loads(result.stderr or "[]"),
                [rule for rule in re.findall(r"^\t\t(.*)$", listed, re.M) if "type" not in rule])
    return load_rule


@pytest.mark.parametrize("rule, listed", [
    ("ip saddr one.test accept", "ip saddr 192.0.2.1 accept"),
    ("ip saddr two.test accept", "ip saddr { 192.0.2.1, 192.0.2.2 } accept"),
    ("ip saddr != two.test accept", "ip saddr != { 192.0.2.1, 192.0.2.2 } accept"),
    ("ip saddr { two.test, 192.0.2.9 } accept",
     "ip saddr { 192.0.2.1, 192.0.2.2, 192.0.2.9 } accept"),
    ("ip6 daddr six.test accept", "ip6 daddr { 2001:db8::1, 2001:db8::2 } accept"),
    ("ip saddr . tcp dport { one.test . 22 } accept", "ip saddr . tcp dport { 192.0.2.1 . 22 } accept"),
    ("meta mark set 1 ip saddr set one.test", "meta mark set 0x00000001 ip saddr set 192.0.2.1"),
])
def test_a_name_stands_for_its_addresses(load, rule, listed):
    assert load(rule) == ([], [listed])


@pytest.mark.parametrize("rule", [
    "type nat hook prerouting priority 0; dnat ip to two.test",
    "ip saddr set two.test",
    "ip saddr . tcp dport { two.test . 22 } accept",
    "ip daddr . ip saddr two.test . 192.0.2.1 accept",
])
def test_where_one_address_is_wanted_several_are_refused_by_name(load, rule):
    found, rules = load(rule)
    assert [item["code"] for item in found] == ["E0228"]
    assert found[0]["notes"] == ["they are 192.0.2.1, 192.0.2.2"]
    assert rules == []


@pytest.mark.parametrize("word", ["10.0.0.300", "10.0.0", "1.2.3.4.5", "300.1.1.1",
                                  "2001:db8::1"])
def test_what_looks_like_an_address_is_never_sent_to_a_name_server(gate, netns, tmp_path, word):
    """Not a packet, not even a look at the files that say where one is."""
    if not shutil.which("strace"):
        pytest.skip("needs strace (package strace)")
    path = tmp_path / "rules.nft"
    path.write_text(f"table ip t {{ chain c {{ ip saddr {word} accept; }}; }}\n")
    trace = tmp_path / "trace"
    result = netns.run(["strace", "-f", "-o", trace, "-e", "trace=openat,connect,sendto", gate,
                        "-f", path], env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert "E0221" in result.stderr and result.returncode == 1
    asked = trace.read_text()
    assert "rules.nft" in asked
    assert not re.search(r"resolv\.conf|nsswitch|/etc/hosts|AF_INET|AF_UNIX", asked), asked

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Tables that iptables-nft keeps in the same kernel: listed, left whole, never in the way."""
import shutil

import pytest

RULES = [
    "-A INPUT -p tcp -m multiport --dports 22,80 -m conntrack --ctstate NEW -j ACCEPT",
    "-A INPUT -m addrtype --dst-type LOCAL -m limit --limit 5/min -j LOG --log-prefix x",
    "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
]


@pytest.fixture
def with_iptables(netns):
    if not shutil.which("iptables-nft"):
        pytest.skip("needs iptables-nft (package iptables)")
    for rule in RULES:
        netns.run(["iptables-nft", *rule.split()], check=True)
    return netns


def test_matches_and_targets_are_named(gate, with_iptables):
    said = with_iptables.run([gate, "-s", "list", "ruleset"])
    assert said.returncode == 0
    rules = [line.strip() for line in said.stdout.splitlines() if "counter" in line]
    assert rules == [
        'meta l4proto tcp xt match "multiport" xt match "conntrack" counter accept',
        'xt match "addrtype" limit rate 5/minute counter xt target "LOG"',
        'oifname != "docker0" ip saddr 172.17.0.0/16 counter xt target "MASQUERADE"',
    ]


def test_a_rule_beside_them_leaves_them_as_they_are(gate, with_iptables):
    before = with_iptables.run(["iptables-save"], check=True).stdout
    with_iptables.run([gate, "insert rule ip filter INPUT tcp dport 5222 accept"], check=True)
    with_iptables.run([gate, "delete rule ip filter INPUT tcp dport 5222 accept"], check=True)
    after = with_iptables.run(["iptables-save"], check=True).stdout
    assert rules_of(before) == rules_of(after) and len(rules_of(before)) == len(RULES)


def rules_of(saved):
    return [line for line in saved.splitlines() if line.startswith("-A")]


def test_what_it_prints_of_them_is_refused_by_name(gate, netns):
    netns.run([gate, "add table ip t; add chain ip t c"], check=True)
    said = netns.run([gate, 'add rule ip t c xt match "multiport" accept'])
    assert said.returncode == 1
    assert "iptables" in said.stderr

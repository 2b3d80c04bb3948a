# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The kernel engine against Debian's nft: what both read of one ruleset, and what nft reads
after the engine has taken everything out and written it back."""
import os
import pathlib
import re

import pytest

from kernel import netlink_dump
from kernel.rules import FAMILIES, rules, things

# Of each family's rules, so that the test notices when it tests nothing any more. The others
# are not for the family, or for features that not every kernel has.
LOADED_AT_LEAST = {"ip": 320, "ip6": 255, "inet": 330, "arp": 10, "bridge": 15, "netdev": 15}

HOOKS = """
add table inet dormant { comment "asleep"; flags dormant; }
add chain inet dormant base { type filter hook input priority 5; }
add table ip t
add chain ip t in { type filter hook input priority -5; policy drop; comment "in"; }
add chain ip t out { type route hook output priority mangle; }
add chain ip t pre { type nat hook prerouting priority dstnat; }
add chain ip t post { type nat hook postrouting priority 2147483647; policy accept; }
add chain ip t forward { type filter hook forward priority -2147483648; }
add chain ip t free
add table ip6 t
add chain ip6 t in { type filter hook input priority 0; policy accept; }
add table inet t
add chain inet t ingress { type filter hook ingress device "lo" priority 0; }
add chain inet t in { type filter hook input priority security; }
add table arp t
add chain arp t in { type filter hook input priority 0; }
add table bridge t
add chain bridge t in { type filter hook prerouting priority dstnat; policy drop; }
add table netdev t
add chain netdev t one { type filter hook ingress device "lo" priority 1; policy drop; }
add chain netdev t two { type filter hook ingress devices = { lo, v0 } priority 2; }
add chain netdev t out { type filter hook egress devices = { v0, v1 } priority 3; }
add table ip objects
add counter ip objects c { comment "with comment"; packets 5 bytes 6; }
add quota ip objects q { over 10 mbytes used 5 kbytes; }
add limit ip objects l { rate 5/day; }
add ct timeout ip objects to { protocol tcp; policy = { established: 100, close: 5, syn_sent: 3 }; }
add ct helper ip objects h { type "tftp" protocol udp; l3proto ip; }
add synproxy ip objects s { mss 536; wscale 0; }
"""


@pytest.fixture(scope="module")
def tool(root):
    gate = pathlib.Path(os.environ.get("GATE", root / "build/bin/gate")).absolute()
    path = gate.parents[1] / "tests/kernel/dump_program"
    if not path.exists():
        pytest.skip(f"needs {path}, which is not built")
    return path


def load(ns, family):
    """Loads what the kernel takes; returns how many rules those were."""
    ns.nft("-f", "-", input=f"add table {family} t\nadd chain {family} t c\n"
                            f"add chain {family} t d {{ comment \"for jumps\"; }}\n")
    load_some(ns, things(family))
    return load_some(ns, [f"add rule {family} t c {rule}" for rule in rules(family)])


def load_some(ns, commands):
    """Loads those of `commands` that can be, with few calls: what is refused stands together.
    Returns their number."""
    if not ns.nft("-f", "-", input="\n".join(commands) + "\n", check=False).returncode:
        return len(commands)
    half = len(commands) // 2
    return load_some(ns, commands[:half]) + load_some(ns, commands[half:]) if half else 0


def blocks(text):
    """Debug text as a list: each rule with its expressions, each set with its elements sorted
    (hash sets come in any order)."""
    found = []
    for line in text.splitlines():
        if line.startswith("table ") or "(null)" in line:
            continue # nft's listing; what nft prints of chains is meaningless
        if line.startswith(("\t", "  ")):
            found[-1].append(line)
        elif re.match(r"\w+ t ", line):
            found.append([line])
    return [block[:1] + sorted(block[1:]) if "@" in block[0] else block for block in found]


def nft_debug(ns):
    text = ns.nft("--debug=netlink", "list", "ruleset").stdout
    return blocks(text[:text.index("\ntable ")])


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_print_as_nft_prints_them_and_are_written_back(netns, tool, family):
    assert load(netns, family) >= LOADED_AT_LEAST[family]
    ours, theirs = blocks(netns.run([tool], check=True).stdout), nft_debug(netns)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        assert one == other
    before, raw_before = steady(netns.ruleset()), netlink_dump.dump(netns)
    netns.run([tool, "reload"], check=True)
    assert steady(netns.ruleset()) == before
    assert netlink_dump.dump(netns) == raw_before


def test_writes_back_tables_chains_and_objects(netns, tool):
    netns.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"], check=True)
    for command in HOOKS.strip().splitlines():
        netns.nft("-f", "-", input=command + "\n")
    before, raw_before = netns.ruleset(), netlink_dump.dump(netns)
    netns.run([tool, "reload"], check=True)
    assert netns.ruleset() == before
    assert netlink_dump.dump(netns) == raw_before


def steady(listing):
    """Without what time changes."""
    return re.sub(r" expires \w+", "", listing)

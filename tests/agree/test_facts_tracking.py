# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What makes the kernel track connections at all, and what does not."""
import subprocess

import pytest

from agree.driver import Driver
from harness.netns import require, require_nft

PACKETS = ["in eth0 udp 198.51.100.7:1000 > 192.168.1.12:53", "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:22 syn"]
CHAIN = "chain c {{ type {} hook prerouting priority {}; {} }}"

# What stands in the table, and whether it has connections tracked.
RULESETS = {
    "nothing": (CHAIN.format("filter", 0, "counter"), False),
    "notrack": (CHAIN.format("filter", -300, "notrack"), False),
    "a nat chain, which then sees nothing": (CHAIN.format("nat", -100, "counter"), False),
    "a rule no packet comes to": ("chain c { ct state new; }", True),
    "nat": (CHAIN.format("nat", -100, "tcp dport 22 redirect to :2222"), True),
    "a helper that is not set": ('ct helper h { type "ftp" protocol tcp; }', True),
    "a timeout that is not set": ("ct timeout h { protocol udp; policy = { unreplied : 5 }; }", True),
    "an expectation that is not set": ("ct expectation h { protocol udp; dport 9; timeout 1m; size 2; l3proto ip; }", True),
    "a synproxy that is not used": ("synproxy s { mss 1460; wscale 7; }", True),
    "ct count": (CHAIN.format("filter", 0, "ct count 4"), True),
    "ct count of a set": ("set s { type inet_service; size 9; flags dynamic; ct count over 3; }", True),
    "ct count of what a rule adds": (
        "set s { type inet_service; size 9; flags dynamic; }\n"
        + CHAIN.format("filter", 0, "add @s { udp dport ct count over 3 }"), True),
}


@pytest.mark.parametrize("case", RULESETS)
def test_the_kernel_tracks_where_the_simulator_does(gate, tmp_path, case):
    body, tracks = RULESETS[case]
    rules = f"table ip t {{\n{body}\n}}"
    (tmp_path / "rules.nft").write_text(rules + "\n")
    shown = subprocess.run([gate, "explain", "-f", "rules.nft", PACKETS[0]], capture_output=True, text=True,
                           check=False, timeout=60, cwd=tmp_path)
    assert ("connection tracking: new" in shown.stdout) == tracks, shown.stdout + shown.stderr
    require()
    require_nft()
    driver = Driver(gate, ())
    try:
        assert driver.run(rules, PACKETS) == "ok 2\n"  # so the tables of connections are alike
    finally:
        driver.close()

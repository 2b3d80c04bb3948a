# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random rulesets times random packets, through the kernel and through the simulator.

$AGREE_PAIRS pairs are tried, from seed $AGREE_SEED on: the same in each run of the tests, unless it is
given. A failure tells its seed and what it was cut down to; the seeds and the rows of TCP's table
that were visited are printed: `pytest -rP`."""
import os

import pytest

from agree.driver import NARROW, Driver, differs, shrink
from agree.facts import need_bridge_tracking
from agree.phrases import Phrases
from agree.ruleset import Ruleset
from agree.sequence import Sequence, in_ticks
from harness.netns import require, require_nft

PARTS = 4  # each a machine of its own, for as many processors
SANITIZED = "asan" in os.environ.get("GATE", "")
PAIRS = int(os.environ.get("AGREE_PAIRS", 400 if SANITIZED else 2000))
AT_BRIDGE = int(os.environ.get("AGREE_PAIRS", 20))
FIRST_SEED = int(os.environ.get("AGREE_SEED", "1"))
ROWS_WANTED = 78  # of 95, by each part; 85 to 92 in twelve parts of other seeds
REFUSED_MAX = 0.005  # one of a part's 500; the seeds of the tests make none


def run_pairs(root, gate, seeds, at_bridge=False):
    """How many were tried and refused by both; the rows of TCP's table that were visited, and the
    others."""
    require()
    require_nft()
    driver = Driver(gate, ("inet", "bridge") if at_bridge else ("inet",), NARROW)
    refused = tried = 0
    try:
        phrases = Phrases(root, gate, driver.machine)
        for seed in seeds:
            rules = Ruleset(seed, phrases.of(seed), at_bridge)
            packets = Sequence(seed).packets
            if "ct count" in rules.text:
                packets = in_ticks(seed, packets)
            answer = driver.run(rules.text, packets, rules.sysctls)
            tried += 1
            refused += answer.startswith("refused")
            if differs(answer):
                small, fewer = shrink(driver, rules.text, packets, rules.sysctls)
                pytest.fail(f"AGREE_SEED={seed} {rules.sysctls}\n{small}\n" + "\n".join(fewer)
                            + "\n---\n" + driver.run(small, fewer, rules.sysctls)
                            + "\nat first:\n" + answer, pytrace=False)
        visited, unvisited = driver.rows()
        print(f"{tried} pairs from seed {seeds[0]}; {refused} refused by both; "
              f"{len(visited)} of {len(visited | unvisited)} rows of TCP's table")
        print("not visited:", ", ".join(sorted(unvisited)) or "none")
    finally:
        driver.close()
    return tried, refused, visited


@pytest.mark.parametrize("part", range(PARTS))
def test_random_rulesets_and_packets_agree(root, gate, part):
    tried, refused, visited = run_pairs(root, gate, range(FIRST_SEED + part, FIRST_SEED + PAIRS, PARTS))
    assert refused <= tried * REFUSED_MAX, "the generator makes too many bad rulesets"
    assert tried < 400 or len(visited) >= ROWS_WANTED


def test_random_rulesets_that_track_at_a_bridge_agree(root, gate):
    """On Debian's kernel: tests/vm."""
    need_bridge_tracking()
    run_pairs(root, gate, range(FIRST_SEED, FIRST_SEED + AT_BRIDGE), at_bridge=True)

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What gate says about typical mistakes, word for word, and that it then does nothing."""
import pytest

from golden.cases import cases

CASES = cases()


def test_there_are_enough_mistakes():
    assert len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_explained_and_nothing_is_applied(gate, netns, case):
    option = case.kernel_has()
    if option:
        pytest.skip(f"this kernel may have {option}")
    case.prepare(netns, gate)
    before = netns.ruleset()
    said = case.run(netns, gate)
    assert said.stderr == case.text(".err")
    assert said.returncode == 1
    assert said.stdout == ""
    assert netns.ruleset() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nft_refuses_it_too_or_the_case_says_why_not(gate, netns, case):
    option = case.kernel_has()
    if option:
        pytest.skip(f"this kernel may have {option}")
    case.prepare(netns, gate)
    refused = case.run(netns, "nft").returncode != 0
    assert refused != case.path(".why").exists()


def test_every_answer_belongs_to_a_mistake():
    names = {case.name for case in CASES}
    folder = CASES[0].source.parent
    assert {path.stem for path in folder.iterdir()} == names

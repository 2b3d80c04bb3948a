# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Whole files: gate and nft load the same one; the kernel holds the same, each lists the other's
as its own, and the listing loads again."""
import pathlib

import pytest

from differential.held import held, listing, without_expiry
from harness.netns import require_nft

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
# (tutorial.nft names hosts that must resolve: e2e/test_tutorial.py has it)
FILES = [*sorted((HERE / "files").glob("*.nft")), EXAMPLES / "router.nft", EXAMPLES / "server.nft"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_like_nft(file, gate, make_netns):
    require_nft()
    ours, theirs = make_netns(), make_netns()
    ours.run([gate, "-f", file], check=True)
    theirs.run(["nft", "-f", file], check=True)
    assert listing(ours, "nft") == listing(theirs, "nft")
    assert held(ours) == held(theirs)
    assert listing(ours, gate) == listing(theirs, "nft")
    assert listing(theirs, gate) == listing(theirs, "nft")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_own_listing_loads_again(file, gate, make_netns):
    first, second = make_netns(), make_netns()
    first.run([gate, "-f", file], check=True)
    text = first.run([gate, "list", "ruleset"], check=True).stdout
    second.run([gate, "-f", "-"], input=text, check=True)
    again = second.run([gate, "list", "ruleset"], check=True).stdout
    assert without_expiry(again) == without_expiry(text)

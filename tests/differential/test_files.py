# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Whole files: gate and nft load the same one; the kernel holds the same, each lists the other's
as its own, and the listing loads again."""
import pathlib

import pytest

from differential.held import held, listing, without_expiry
from harness.netns import require_nft

FILES = pathlib.Path(__file__).parent / "files"
NAMES = sorted(path.stem for path in FILES.glob("*.nft"))


@pytest.mark.parametrize("name", NAMES)
def test_file_like_nft(name, gate, make_netns):
    require_nft()
    ours, theirs = make_netns(), make_netns()
    ours.run([gate, "-f", FILES / f"{name}.nft"], check=True)
    theirs.run(["nft", "-f", FILES / f"{name}.nft"], check=True)
    assert listing(ours, "nft") == listing(theirs, "nft")
    assert held(ours) == held(theirs)
    assert listing(ours, gate) == listing(theirs, "nft")
    assert listing(theirs, gate) == listing(theirs, "nft")


@pytest.mark.parametrize("name", NAMES)
def test_own_listing_loads_again(name, gate, make_netns):
    first, second = make_netns(), make_netns()
    first.run([gate, "-f", FILES / f"{name}.nft"], check=True)
    text = first.run([gate, "list", "ruleset"], check=True).stdout
    second.run([gate, "-f", "-"], input=text, check=True)
    again = second.run([gate, "list", "ruleset"], check=True).stdout
    assert without_expiry(again) == without_expiry(text)

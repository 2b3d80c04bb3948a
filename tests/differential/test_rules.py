# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Rules written by hand, for gate and Debian's nft alike: the kernel holds the same byte code,
and both list it as nft lists its own. What may differ stands in known.py with its reason."""
import pathlib

import pytest

from differential.compare import Comparer
from differential.known import is_known
from harness.netns import require_nft

HERE = pathlib.Path(__file__).parent
NAT = {"prerouting": "type nat hook prerouting priority -100;",
       "postrouting": "type nat hook postrouting priority 100;"}
FILES = sorted(path.stem for path in (HERE / "rules").glob("*.txt"))


def chain_of(name):
    """`inet`, `nat_ip_prerouting` or `forward_inet`: the family, and the chain if it is not the
    usual one."""
    if name.startswith("forward_"):
        return name.removeprefix("forward_"), "type filter hook forward priority 0;"
    if not name.startswith("nat_"):
        return name, None
    _, family, hook = name.split("_")
    return family, NAT[hook]


@pytest.mark.parametrize("name", FILES)
def test_rules_like_nft(name, gate, make_netns):
    require_nft()
    family, chain = chain_of(name)
    rules = (HERE / "rules" / f"{name}.txt").read_text().splitlines()
    comparer = Comparer(gate, make_netns(), make_netns())
    differ = [d for d in comparer.compare(family, rules, chain) if not is_known(family, *d)]
    text = "\n".join(f"== {kind}: {rule}\n-- gate\n{us}\n-- nft\n{them}"
                     for rule, kind, us, them in differ)
    assert not differ, f"{len(differ)} of {len(rules)} rules differ\n{text}"

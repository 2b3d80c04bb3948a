# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random rules out of the schema's tables: gate and Debian's nft refuse the same, would send the
same byte code, leave the same in the kernel and list it alike; and gate's listing loads again to
the same listing. What may differ stands in known.py; of the rest, what is left is counted and
must not grow, and a crash of gate is never let pass.

GATEHOUSE_RULES says how many (20000), GATEHOUSE_SEED the first load's seed; explore.py does the
same by hand and shows what differs."""
import os

import pytest

from differential import random_load, vocabulary
from differential.batch import Batch
from differential.known import why
from harness.netns import require_nft

SHARDS = 20
# What nobody has explained or mended yet: 111 of 20000 when this was written, none of them in what
# the files beside this one hold. Lower it with each that goes.
UNEXPLAINED_PER_THOUSAND = 15
RULES = int(os.environ.get("GATEHOUSE_RULES", "20000"))
SEED = int(os.environ.get("GATEHOUSE_SEED", "1"))
pytestmark = pytest.mark.release_only


@pytest.fixture(scope="module")
def words(root, gate):
    found = vocabulary.load(root, gate)
    if not found:
        pytest.skip("needs dump_schema, which is not built")
    require_nft()
    return found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_rules_like_nft(shard, words, gate, make_netns, record_property):
    seeds = random_load.seeds(SEED, RULES)[shard::SHARDS]
    batch = Batch(gate, make_netns(), make_netns(), why)
    text = []
    for seed in seeds:
        load, chain = random_load.make(seed, words)
        for d in batch.compare(load, chain):
            if not why(d.family, d.rule, d.kind, d.theirs):
                text.append(f"== seed {seed}, {d.kind}: {d.family} ({chain}) {d.rule}\n"
                            f"-- gate\n{d.ours}\n-- nft\n{d.theirs}")
    summary = f"seeds {list(seeds)}: {batch.summary()}"
    record_property("compared", summary)
    shown = f"{len(text)} not explained; {summary}\n" + "\n".join(text)
    print(shown)
    assert not any(", crash: " in each for each in text), shown
    assert len(text) <= max(3, UNEXPLAINED_PER_THOUSAND * len(seeds) / 10), shown
    assert not seeds or batch.compared > 20 * len(seeds), summary

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Random rules out of the schema's tables: gate and Debian's nft refuse the same, would send the
same byte code, leave the same in the kernel and list it alike; and gate's listing loads again to
the same listing. What may differ stands in known.py with its reason; anything else fails, with
its seed.

GATEHOUSE_RULES says how many (20000: a good minute of processor; a tenth where gate was built
with sanitizers, which are slow to start), GATEHOUSE_SEED the first load's seed; explore.py does
the same by hand and shows what differs."""
import os

import pytest

from differential import random_load, vocabulary
from differential.batch import Batch
from differential.known import why
from harness.netns import require_nft

SHARDS = 10
RULES, RULES_SANITIZED = "20000", "1000"
SEED = int(os.environ.get("GATEHOUSE_SEED", "1"))


@pytest.fixture(scope="module")
def rules(gate):
    """How many are compared."""
    sanitized = b"__asan_init" in gate.read_bytes()
    return int(os.environ.get("GATEHOUSE_RULES", RULES_SANITIZED if sanitized else RULES))


@pytest.fixture(scope="module")
def words(root, gate):
    found = vocabulary.load(root, gate)
    if not found:
        pytest.skip("needs dump_schema, which is not built")
    require_nft()
    return found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_rules_like_nft(shard, rules, words, gate, make_netns, record_property):
    seeds = random_load.seeds(SEED, rules)[shard::SHARDS]
    batch = Batch(gate, make_netns(), make_netns(), why)
    text = []
    for seed in seeds:
        load, chain = random_load.make(seed, words)
        for d in batch.compare(load, chain):
            if not why(d.family, d.rule, d.kind, d.ours, d.theirs):
                text.append(f"== seed {seed}, {d.kind}: {d.family} ({chain}) {d.rule}\n"
                            f"-- gate\n{d.ours}\n-- nft\n{d.theirs}")
    summary = f"seeds {list(seeds)}: {batch.summary()}"
    record_property("compared", summary)
    shown = f"{len(text)} not explained; {summary}\n" + "\n".join(text)
    print(shown)
    assert not text, shown
    assert not seeds or batch.compared > 20 * len(seeds), summary

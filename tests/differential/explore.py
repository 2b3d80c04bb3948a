#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""By hand: compares generated rules with nft and shows what differs.

    GATE=build/bin/gate python3 tests/differential/explore.py --seed 1 --rules 2000 [--all]
"""
import argparse
import collections
import difflib
import os
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from differential import random_load, vocabulary  # noqa: E402
from differential.batch import Batch  # noqa: E402
from differential.known import why  # noqa: E402
from harness import netns  # noqa: E402


def shown(difference):
    """The lines that differ; gate's start with `-`, nft's with `+`."""
    lines = difflib.unified_diff(difference.ours.splitlines(), difference.theirs.splitlines(),
                                 n=20 if difference.kind == "code" else 0, lineterm="")
    text = "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))
    return (f"== {difference.kind}: {difference.family} ({difference.chain}) {difference.rule}\n"
            f"{text}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--all", action="store_true", help="those of known.py too")
    args = parser.parse_args()
    gate = os.environ.get("GATE", ROOT / "build/bin/gate")
    words, started, counts = vocabulary.load(ROOT, gate), time.time(), collections.Counter()
    with netns.fresh() as ours, netns.fresh() as theirs:
        batch = Batch(gate, ours, theirs, (lambda *_: None) if args.all else why)
        for seed in random_load.seeds(args.seed, args.rules):
            load, chain = random_load.make(seed, words)
            for d in batch.compare(load, chain):
                reason = why(d.family, d.rule, d.kind, d.ours, d.theirs)
                counts[d.kind, reason] += 1
                if args.all or not reason:
                    print(f"{shown(d)}   {reason}\n" if reason else shown(d), flush=True)
    print(f"{batch.summary()}, {time.time() - started:.1f} s")
    for (kind, reason), count in counts.most_common():
        print(f"{count:5} {kind}: {reason or 'UNKNOWN'}")


if __name__ == "__main__":
    main()

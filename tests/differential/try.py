#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""By hand: compares rules from the command line or a file (one a line) and shows what differs.

    python3 tests/differential/try.py inet 'tcp dport 22' …
    python3 tests/differential/try.py ip --chain 'type nat hook prerouting priority -100;' < rules
"""
import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from differential.compare import Comparer  # noqa: E402
from harness import netns  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("family")
    parser.add_argument("rules", nargs="*")
    parser.add_argument("--chain")
    args = parser.parse_args()
    rules = args.rules or [line.strip() for line in sys.stdin if line.strip()]
    gate = os.environ.get("GATE", ROOT / "build/bin/gate")
    with netns.fresh() as ours, netns.fresh() as theirs:
        count = 0
        for rule, kind, us, them in Comparer(gate, ours, theirs).compare(args.family, rules,
                                                                         args.chain):
            count += 1
            print(f"== {kind}: {rule}\n-- gate\n{us}\n-- nft\n{them}\n")
        print(f"{len(rules)} rules, {count} differ")


if __name__ == "__main__":
    main()

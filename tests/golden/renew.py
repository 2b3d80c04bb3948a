#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Writes the expected answers anew: renew.py [PATTERN...]. Read `git diff` afterwards."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from golden.cases import cases, nft_says  # noqa: E402
from harness import netns as namespaces  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def renew(case, gate):
    with namespaces.fresh() as ns:
        case.prepare(ns, gate)
        said = case.run(ns, gate)
        case.path(".err").write_bytes(said.stderr.encode())
        if said.returncode == 0:
            print(f"{case.name}: gate takes it")
    with namespaces.fresh() as ns:
        case.prepare(ns, gate)
        nft = case.run(ns, "nft")
        case.path(".nft-says").write_bytes(nft_says(nft).encode())
        if nft.returncode == 0 and not case.path(".why").exists():
            print(f"{case.name}: nft takes it, and there is no .why")


def main(patterns):
    gate = pathlib.Path(os.environ.get("GATE", ROOT / "build/bin/gate")).absolute()
    for case in cases():
        if not patterns or any(pattern in case.name for pattern in patterns):
            renew(case, gate)


if __name__ == "__main__":
    main(sys.argv[1:])

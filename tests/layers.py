#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Fail when a source file includes a header that its folder may not see (src/LAYERS)."""
import pathlib
import re
import sys


def read_rules(path, problems):
    """folder -> the folders it may include; each must stand above it in the file."""
    rules = {}
    for line in path.read_text().splitlines():
        folder, colon, allowed = line.split("#")[0].partition(":")
        if colon:
            for lower in sorted(set(allowed.split()) - set(rules)):
                problems.append(f"LAYERS: {folder} names {lower}, which does not stand above it")
            rules[folder.strip()] = set(allowed.split())
    return rules


def folder_of(path, rules):
    """The longest folder named in LAYERS that holds `path` (relative to src/)."""
    return max((f for f in rules if path.startswith(f + "/")), key=len, default=None)


def check(root):
    """All problems under `root`, the src folder."""
    problems = []
    rules = read_rules(root / "LAYERS", problems)
    for file in sorted(root.rglob("*.[ch]")):
        name = file.relative_to(root).as_posix()
        home = folder_of(name, rules)
        if home is None:
            problems.append(f"{name}: its folder is not in LAYERS")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            target = folder_of(match[1], rules)
            if target is None:
                problems.append(f"{name}:{number}: write {match[1]} as a path from src/")
            elif target != home and target not in rules[home]:
                problems.append(f"{name}:{number}: {home} may not include {match[1]}")
    return problems


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]) / "src")
    print("\n".join(found))
    sys.exit(bool(found))

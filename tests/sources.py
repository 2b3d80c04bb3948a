#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Fail when a file breaks a rule that holds for all sources: the licence lines, no path of the
machine it was written on, and every unit test and fuzz target named where it is built."""
import os
import pathlib
import re
import sys

SKIP = {".git", "__pycache__", ".pytest_cache"}
SPDX = "SPDX-License-Identifier: MIT"
C_HEAD = ["/* SPDX-License-Identifier: MIT */", "/* Copyright (c) 2026 Gatehouse founders */"]
# Folders of people's machines.
FOREIGN_PATH = re.compile(r"""(?:^|[\s"'`(=:,<>])/(?:work|home|Users|root)""" r"/[A-Za-z0-9_.]")
PATH_FREE = {".c", ".h", ".py", ".sh", ".md", ".build", ".txt", ".nft", ".json", ""}


def project_files(root):
    """Every file of the project, build folders left out."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in SKIP and
                          not (folder == str(root) and name.startswith("build")))
        for name in sorted(set(names) - SKIP):
            yield pathlib.Path(folder, name)


def check_licence(name, text, problems):
    lines = text.split("\n", 3)
    if name.endswith((".c", ".h")):
        if lines[:2] != C_HEAD:
            problems.append(f"{name}:1: the first two lines must be {' and '.join(C_HEAD)}")
    elif name.endswith((".py", ".sh", "meson.build")) or text.startswith("#!"):
        if not any(SPDX in line for line in lines[:3]):
            problems.append(f"{name}:1: no `{SPDX}` in its first lines")


def check_paths(name, text, problems):
    for number, line in enumerate(text.splitlines(), 1):
        if FOREIGN_PATH.search(line):
            problems.append(f"{name}:{number}: an absolute path of somebody's machine")


def check_registered(root, problems):
    """A test that no build file names would never run, and nobody would notice."""
    for path in sorted((root / "tests/unit").rglob("test_*.c")):
        build = path.parent / "meson.build"
        word = f"'{path.stem.removeprefix('test_')}'"
        if not build.exists() or word not in build.read_text():
            problems.append(f"{path.relative_to(root)}: not in a row of its folder's meson.build")
    for path in sorted((root / "fuzz").glob("fuzz_*.c")):
        target = path.stem.removeprefix("fuzz_")
        if f"'{target}'" not in (root / "fuzz/meson.build").read_text():
            problems.append(f"{path.relative_to(root)}: not in a row of fuzz/meson.build")
        if not list((root / "fuzz/corpus" / target).glob("*")):
            problems.append(f"{path.relative_to(root)}: no corpus in fuzz/corpus/{target}")


def check(root):
    """All problems of the repository at `root`."""
    problems = []
    for path in project_files(root):
        name = path.relative_to(root).as_posix()
        if path.suffix not in PATH_FREE or "/corpus/" in name:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        check_licence(name, text, problems)
        check_paths(name, text, problems)
    check_registered(root, problems)
    return problems


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(bool(found))

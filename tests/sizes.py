#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Fail when a C file has over 900 lines or a function over 100 (needs universal-ctags)."""
import json
import pathlib
import subprocess
import sys

FILE_MAX, FUNCTION_MAX = 900, 100  # lines


def functions(root, files):
    """(file, name, first line, last line) of every C function."""
    command = ["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "-f", "-", "-L", "-"]
    tags = subprocess.run(command, input="\n".join(files), text=True, capture_output=True,
                          check=True, cwd=root).stdout
    for line in tags.splitlines():
        tag = json.loads(line)
        if tag.get("kind") == "function" and "end" in tag:
            yield tag["path"], tag["name"], tag["line"], tag["end"]


def check(root):
    problems = []
    files = [path.relative_to(root).as_posix() for folder in ("src", "tests", "fuzz", "bench")
             for path in sorted((root / folder).rglob("*.[ch]"))]
    for name in files:
        lines = len((root / name).read_text().splitlines())
        if lines > FILE_MAX:
            problems.append(f"{name}: {lines} lines; split it (at most {FILE_MAX})")
    for name, function, first, last in functions(root, files):
        if last - first + 1 > FUNCTION_MAX:
            problems.append(f"{name}:{first}: {function}() has {last - first + 1} lines "
                            f"(at most {FUNCTION_MAX})")
    return problems


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(bool(found))

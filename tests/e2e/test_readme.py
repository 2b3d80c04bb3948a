# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The README's tour, typed line by line. In its `console` blocks a line `$ …` is a command, what
stands below is its whole answer, and `...` stands for anything within a line."""
import re
import subprocess

import pytest


def read_tour(text):
    """(line number, command, expected answer) of every command in the console blocks."""
    steps, in_block = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_block = line == "```console"
        elif in_block and line.startswith("$ "):
            steps.append((number, line[2:], []))
        elif in_block:
            steps[-1][2].append(line)
    return steps


def matches(expected, got):
    pattern = ".*".join(re.escape(piece) for piece in expected.split("..."))
    return re.fullmatch(pattern, got)


def compare(expected, got):
    lines = got.splitlines()
    return len(lines) == len(expected) and all(map(matches, expected, lines))


def test_the_tour_happens_as_it_says(gate, netns, root):
    steps = read_tour((root / "README.md").read_text())
    assert len(steps) > 10
    for number, command, expected in steps:
        shell = f'PATH="{gate.parent}:$PATH"; {command}'
        result = netns.run(["sh", "-c", shell], cwd=root)
        got = result.stdout + result.stderr
        assert compare(expected, got), f"README.md:{number}: {command}\n{got}"
        is_error = any(line.startswith("error") for line in expected)
        assert (result.returncode != 0) == is_error, f"README.md:{number}: {command}"


@pytest.mark.parametrize("expected, got, same", [
    (["a ... c"], "a b c\n", True), (["a ... c"], "a b d\n", False), ([], "", True),
    ([], "x\n", False), (["x"], "", False), (["f(x)"], "f(x)\n", True),
])
def test_an_answer_must_be_the_whole_answer(expected, got, same):
    assert compare(expected, got) == same


@pytest.mark.parametrize("page", ["README.md", "HACKING.md", "ARCHITECTURE.md"])
def test_the_commands_of_dev_that_it_names_exist(root, page):
    known = subprocess.run([root / "dev", "help"], capture_output=True, text=True, check=True)
    named = set(re.findall(r"\./dev ([a-z]+)", (root / page).read_text()))
    missing = named - set(re.findall(r"^  ([a-z]+)", known.stdout, re.M))
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "HACKING.md", "ARCHITECTURE.md", "CHANGELOG.md",
                                  "docs/language.md"])
def test_the_files_that_it_names_exist(root, page):
    here = (root / page).parent
    links = re.findall(r"\]\(([^)#:]+)\)", (root / page).read_text())
    paths = re.findall(r"`((?:src|tests|docs|examples|fuzz|bench)/[^`<\s*]*)`",
                       (root / page).read_text())
    gone = [link for link in links if not (here / link).exists()]
    gone += [path for path in paths if not (root / path).exists()]
    assert not [path for path in gone if "NAME" not in path]

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`reset rule` and `reset rules`: what was counted is shown once, then counting starts anew."""
import platform
import re

import pytest

RULES = """\
table inet t {
	chain c {
		type filter hook output priority filter
		counter
		counter accept
	}
	chain d { counter; }
}
"""


@pytest.fixture
def run(gate, netns):
    """run(words): (exit code, output, errors) after four packets were counted."""
    if tuple(map(int, platform.release().split(".")[:2])) < (6, 2):
        pytest.skip("needs resetting of rules: Linux 6.2")
    netns.run([gate, "-f", "-"], input=RULES, check=True)
    netns.run(["ping", "-q", "-c", "2", "-i", "0.01", "127.0.0.1"], check=True)

    def run_words(words):
        result = netns.run([gate, *words.split()])
        return result.returncode, result.stdout, result.stderr
    return run_words


def counts(text):
    return [int(n) for n in re.findall(r"packets (\d+)", text)]


def test_one_rule_is_shown_and_reset(run):
    handle = re.search(r"accept # handle (\d+)", run("-a list chain inet t c")[1]).group(1)
    code, shown, _ = run(f"reset rule inet t c handle {handle}")
    assert code == 0
    assert counts(shown) == [4] and shown.startswith("table inet t {\n\tchain c {\n")
    assert counts(run("list ruleset")[1]) == [4, 0, 0]


@pytest.mark.parametrize("words, shown, left", [
    ("reset rules", [4, 4, 0], [0, 0, 0]),
    ("reset rules inet t", [4, 4, 0], [0, 0, 0]),
    ("reset rules chain inet t c", [4, 4], [0, 0, 0]),
    ("reset rules chain inet t d", [0], [4, 4, 0]),
    ("reset rules table ip t", None, [4, 4, 0]),
])
def test_rules_are_shown_and_reset(run, words, shown, left):
    code, out, err = run(words)
    assert code == (1 if shown is None else 0), err
    assert counts(out) == (shown or [])
    assert counts(run("list ruleset")[1]) == left


def test_a_handle_that_is_not_there_is_said_and_nothing_shown(run):
    code, out, err = run("reset rule inet t c handle 99")
    assert (code, out) == (1, "")
    assert "error[E0114]" in err

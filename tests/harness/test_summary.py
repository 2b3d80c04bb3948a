# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The last line of `./dev test` is only worth something when nothing escapes it."""
import json

import pytest

from harness import summary


@pytest.fixture
def add_up(tmp_path, capsys):
    """A function: file contents by name -> (exit code, last line, everything printed)."""
    results, sanitizer = tmp_path / "results", tmp_path / "sanitizer"
    results.mkdir()
    sanitizer.mkdir()

    def run(**files):
        for name, text in files.items():
            folder = sanitizer if name.startswith("asan") else results
            (folder / name.replace("_", ".")).write_text(text)
        code = summary.main(results, sanitizer)
        out = capsys.readouterr().out
        return code, out.splitlines()[-1], out
    return run


def meson(result, stdout="", stderr="", code=0):
    return json.dumps({"name": "gatehouse:unit / base_map", "result": result, "stdout": stdout,
                       "stderr": stderr, "returncode": code}) + "\n"


MESON_ROWS = [
    ("OK", "1..2\nok 1 - a\nok 2 - b\n# ok - tests\n", "2 passed, 0 failed, 0 skipped"),
    ("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n# 1 != 2\n", "1 passed, 1 failed, 0 skipped"),
    ("ERROR", "1..2\nok 1 - a\n", "1 passed, 1 failed, 0 skipped"),  # died on the way
    ("TIMEOUT", "", "0 passed, 1 failed, 0 skipped"),
    ("OK", "1..1\nok 1 - a # SKIP no kernel\n", "0 passed, 0 failed, 1 skipped"),
    ("OK", "a script without TAP\n", "1 passed, 0 failed, 0 skipped"),
    ("SKIP", "", "0 passed, 0 failed, 1 skipped"),
]


@pytest.mark.parametrize("result, stdout, line", MESON_ROWS)
def test_a_unit_test_counts_as_its_subtests(add_up, result, stdout, line):
    code, last, _ = add_up(unit_json=meson(result, stdout))
    assert last == line
    assert code == (0 if " 0 failed" in line and not line.startswith("0 passed") else 1)


def test_pytest_results_are_added(add_up):
    junit = ('<testsuites><testsuite><testcase classname="t" name="a"/>'
             '<testcase classname="t" name="b"><skipped message="needs root"/></testcase>'
             '<testcase classname="t" name="c"><failure>assert 1 == 2</failure></testcase>'
             '</testsuite></testsuites>')
    code, last, out = add_up(run_xml=junit, steps_tsv="passed\tbuild\t\nfailed\tfuzz\ta\\nb\n")
    assert (code, last) == (1, "2 passed, 2 failed, 1 skipped")
    assert "assert 1 == 2" in out and "skipped 1: needs root" in out and "    a\n    b" in out


def test_a_sanitizer_report_is_a_failure_whatever_the_test_thought(add_up):
    code, last, out = add_up(unit_json=meson("OK", "ok 1 - a\n"), asan_77="heap-buffer-overflow")
    assert (code, last) == (1, "1 passed, 1 failed, 0 skipped")
    assert "heap-buffer-overflow" in out


def test_a_broken_file_is_a_failure(add_up):
    assert add_up(run_xml="<testsuites>")[0] == 1
    assert add_up(unit_json="{")[0] == 1


def test_nothing_at_all_is_no_success(add_up):
    assert add_up()[:2] == (1, "0 passed, 0 failed, 0 skipped")

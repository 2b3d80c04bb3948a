#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Adds up what `./dev test` did. Usage: summary.py RESULTS SANITIZER

RESULTS holds a file per run, named after it: Meson's testlog.json or pytest's JUnit file; and
steps.tsv: a line `passed|failed|skipped <tab> name <tab> text` for each other step. SANITIZER
holds the reports of AddressSanitizer and UBSan: each is a failure, whatever its test thought
of it. The last line printed is `N passed, N failed, N skipped`."""
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

Result = collections.namedtuple("Result", "outcome name text")
TEXT_LINES = 60  # of a failure


def from_junit(path):
    """Every test case of pytest's JUnit file."""
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            name = f"[{path.stem}] {case.get('classname', '')} {case.get('name')}"
            bad = [e for tag in ("failure", "error") for e in case.findall(tag)]
            skipped = case.find("skipped")
            if bad:
                said = [case.find("system-out"), case.find("system-err")]
                texts = [e.text or "" for e in bad + [e for e in said if e is not None]]
                yield Result("failed", name, "\n".join(texts))
            elif skipped is not None:
                yield Result("skipped", name, skipped.get("message") or "no reason")
            else:
                yield Result("passed", name, "")


TAP_LINE = re.compile(r"(not )?ok\b *\d* *-? *([^#]*)(?:# *(SKIP|TODO)\S* *(.*))?", re.IGNORECASE)


def from_tap(name, text):
    """Every test of a TAP stream; the lines behind a failed one say why."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = TAP_LINE.match(line)
        if not match:
            continue
        full = f"{name} {match[2].strip()}"
        if match[3]:
            yield Result("skipped", full, match[4] or "no reason")
        elif match[1]:
            after = lines[number + 1:number + 8]
            why = [word for word in after if word.startswith("#")]
            yield Result("failed", full, "\n".join(why))
        else:
            yield Result("passed", full, "")


def from_meson(path):
    """Every test of Meson's testlog.json, a JSON object a line; one that is TAP counts as its
    subtests, and once more as failed where the program ended badly without a failed one."""
    for line in path.read_text().splitlines():
        run = json.loads(line)
        name = f"[{path.stem}] {run['name'].split(' / ')[-1]}"
        said = f"{run.get('stdout') or ''}\n{run.get('stderr') or ''}".strip()
        subtests = list(from_tap(name, run.get("stdout") or ""))
        yield from subtests
        if run["result"] == "SKIP":
            yield from [] if subtests else [Result("skipped", name, said or "no reason")]
        elif run["result"] != "OK" and all(r.outcome != "failed" for r in subtests):
            yield Result("failed", name, f"{run['result']}, exit code {run['returncode']}\n{said}")
        elif run["result"] == "OK" and not subtests:
            yield Result("passed", name, "")


def from_steps(path):
    for line in path.read_text().splitlines():
        outcome, name, text = line.split("\t", 2)
        yield Result(outcome, name, text.replace("\\n", "\n"))


def collect(results, sanitizer):
    for read, pattern in ((from_meson, "*.json"), (from_junit, "*.xml")):
        for path in sorted(results.glob(pattern)):
            try:
                yield from read(path)
            except (ValueError, xml.ParseError) as error:
                yield Result("failed", path.name, f"cannot be read: {error}")
    if (results / "steps.tsv").exists():
        yield from from_steps(results / "steps.tsv")
    for path in sorted(sanitizer.glob("*")):
        yield Result("failed", f"[sanitizers] {path.name}", path.read_text(errors="replace"))


def main(results, sanitizer):
    by_outcome = collections.defaultdict(list)
    for result in collect(pathlib.Path(results), pathlib.Path(sanitizer)):
        by_outcome[result.outcome].append(result)
    reasons = collections.Counter(r.text.strip() for r in by_outcome["skipped"])
    for reason, count in sorted(reasons.items()):
        print(f"skipped {count}: {reason}")
    for result in by_outcome["failed"]:
        lines = result.text.strip().splitlines()
        cut = [f"… {len(lines) - TEXT_LINES} more lines"] if len(lines) > TEXT_LINES else []
        print(f"\nFAILED {result.name}")
        print("\n".join("    " + line for line in lines[:TEXT_LINES] + cut))
    counts = {outcome: len(by_outcome[outcome]) for outcome in ("passed", "failed", "skipped")}
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

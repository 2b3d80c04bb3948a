# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Prints the lab's results and its live counters.

On a terminal: colour (unless NO_COLOR is set), columns that fit, notes, a screen that is
redrawn. Elsewhere: one line a row, columns two spaces or more apart, for other programs.
"""

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass

COLOURS = {"good": "32", "bad": "1;31", "dim": "2", "head": "1"}
HEADINGS = ("", "tried", "expected", "happened", "the rule that decided")
MARK_WIDTH, WIDTHS, RULE_WIDTH = 4, (36, 32, 32), 44
NOTE_WIDTH_LEAST = 30
GAP = 2
MARKS = {True: ("ok", "good"), False: ("NO", "bad")}


@dataclass
class Row:
    """A result, ready to be printed."""

    good: bool
    tried: str
    expected: str
    happened: str
    rule: str
    note: str = ""


def column_widths(columns):
    """Share out a terminal's columns: a narrow one shrinks all, a wide one widens the rule."""
    room = columns - MARK_WIDTH - 1
    share = min(1, room / (sum(WIDTHS) + RULE_WIDTH))
    widths = [int(width * share) for width in WIDTHS]
    return (MARK_WIDTH, *widths, room - sum(widths))


class Screen:
    """Where it is printed."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = self.terminal and not os.environ.get("NO_COLOR")
        self.drawn = 0  # lines of the live part that stand on the terminal now

    def paint(self, text, colour):
        """The text in a colour, where there are colours."""
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        """Print a line at once: a row shows when it has happened."""
        print(text, file=self.stream, flush=True)

    def cells(self, texts, colours):
        """Print one row of the table, wrapped inside its columns on a terminal."""
        if self.terminal:
            widths = column_widths(shutil.get_terminal_size().columns)
            parts = [textwrap.wrap(t, w - GAP, break_on_hyphens=False) or [""]
                     for t, w in zip(texts, widths)]
        else:
            widths = (MARK_WIDTH, *WIDTHS, 0)
            parts = [[t] for t in texts]
        for i in range(max(map(len, parts))):
            row = [(part[i] if i < len(part) else "").ljust(w - GAP) + " " * GAP
                   for part, w in zip(parts, widths)]
            painted = [self.paint(t, c) if c else t for t, c in zip(row, colours)]
            self.line("".join(painted).rstrip())

    def headings(self):
        """Print the table's head."""
        self.cells(HEADINGS, ("head",) * len(HEADINGS))

    def row(self, row):
        """Print a result."""
        mark, colour = MARKS[row.good]
        self.cells((mark, row.tried, row.expected, row.happened, row.rule),
                   (colour, None, None, None if row.good else colour, None))
        if row.note:
            self.note(row.note)

    def note(self, text):
        """Print a remark under a row."""
        width = shutil.get_terminal_size().columns if self.terminal else 1 << 16
        for line in textwrap.wrap(text, max(width - 8, NOTE_WIDTH_LEAST)):
            self.line(self.paint("    ^ " + line, "dim"))

    def redraw(self, lines):
        """Replace the live part of the screen; where there is none, just print it."""
        if self.terminal:
            size = shutil.get_terminal_size()
            lines = lines[: size.lines - 1]
            lines = [line[: size.columns - 1] for line in lines]
            if self.drawn:
                self.stream.write(f"\033[{self.drawn}F\033[J")
            self.drawn = len(lines)
        self.line("\n".join(lines))


def counter_lines(rules, before):
    """The live part: each rule's counter and what it gained since the counts before."""
    lines = [f"{'packets':>10} {'bytes':>12} {'+/s':>6}  rule"]
    for rule in rules:
        counts = rule.counts()
        if counts:
            gained = counts[0] - before.get((rule.family, rule.table, rule.handle), counts)[0]
            lines.append(f"{counts[0]:>10} {counts[1]:>12} {f'+{gained}' if gained else '':>6}"
                         f"  {rule.family} {rule.chain}: {rule.text()}")
    return lines

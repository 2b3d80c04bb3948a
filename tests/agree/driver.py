# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""tests/agree/agree_driver.c in its namespaces: cases go in, differences come out."""
import os
import re

from agree.rig import prepare
from harness.netns import Netns

TRIES = 400
TICKS_TRIED = 50  # to have some packets in one of the kernel's ticks
# The kernel stops tracking some time after the last rule that wants it is gone, and the next case
# begins at once: so one stands there for good, in each family that is to be tracked.
TRACKS = "table {} rig {{ chain tracks {{ ct state new continue; }}; }}\n"
FRAGMENT = re.compile(r"(more|frag \d+) id (\d+)")
FRAME_ID = re.compile(r"1d1d1d(\d\d)")  # frames.py's
IDS = 20  # of one case, at most
# Links that take less than others.
NARROW = {"eth1": 1400, "p1": 1400, "br0": 1500}


class Driver:
    """A machine with its two wires, and the driver in it."""

    def __init__(self, gate, tracks=("inet",), mtus=None):
        self.machine, self.far = Netns(), Netns()
        prepare(self.machine, self.far, answers=True)
        for name, mtu in (mtus or {}).items():
            self.machine.run(["ip", "link", "set", name, "mtu", str(mtu)], check=True)
        standing = "".join(map(TRACKS.format, tracks))
        self.machine.nft(input=standing)
        self.runs = 0
        path = gate.parents[1] / "tests/agree/agree_driver"
        self.process = self.machine.popen([path, self.far.name, standing])

    def fresh_id(self, found):
        """Pieces of a run before must not meet those of this one."""
        return f"{found[1]} id {(self.runs * IDS + int(found[2])) & 0xffff}"

    def fresh_frame(self, words):
        if " frame " not in words:
            return words
        return FRAME_ID.sub(lambda found: f"{self.runs * IDS + int(found[1], 16):08x}", words, count=1)

    def close(self):
        self.machine.close()
        self.far.close()

    def run(self, rules, packets, sysctls=()):
        """`ok`, `refused`, `late` where this machine gets the packets of a `tick` into none, or what
        differs."""
        if "GATE_VM" in os.environ and any(words.startswith("tick") for words in packets):
            return "late"  # the ticks of an emulated processor
        for _ in range(TICKS_TRIED):
            answer = self.run_once(rules, packets, sysctls)
            if answer != "again\n":
                return answer
        return "late"

    def run_once(self, rules, packets, sysctls):
        """The same; `again` when the packets of a `tick` came in two."""
        self.runs += 1
        packets = [self.fresh_frame(FRAGMENT.sub(self.fresh_id, words)) for words in packets]
        settings = "".join(f"sysctl {name} {value}\n" for name, value in sysctls)
        self.process.stdin.write(f"case x\n{settings}{rules.strip()}\n.\n" +
                                 "".join(f"{words}\n" for words in packets) + ".\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == ".\n":
                return "".join(lines)
            lines.append(line)
        raise AssertionError("the driver ended: " + "".join(lines) + self.process.stderr.read())

    def rows(self):
        """The rows of TCP's table that were visited; ends the driver."""
        out, errors = self.process.communicate()
        assert self.process.returncode == 0, errors
        return set(re.findall(r"^visited (.*)$", out, re.M)), \
            set(re.findall(r"^unvisited (.*)$", out, re.M))


def differs(answer):
    return not answer.startswith(("ok ", "refused", "late"))


def without_chain(lines, at):
    """Without the chain that begins there."""
    end = lines.index("\t}", at)
    return lines[:at] + lines[end + 1:]


def shrink(driver, rules, packets, sysctls):
    """The fewest packets, then rules, that still differ, as far as leaving out one can find."""
    tries = 0

    def still(fewer_rules, fewer_packets):
        nonlocal tries
        tries += 1
        return tries < TRIES and differs(driver.run("\n".join(fewer_rules), fewer_packets, sysctls))

    def cut(at, what):
        """Goes on behind what is needed, stays where something went."""
        nonlocal lines, packets
        if what == "packet":
            fewer = packets[:at] + packets[at + 1:]
            if fewer and still(lines, fewer):
                packets = fewer
                return at
        elif what == "chain" and lines[at].startswith("\tchain"):
            fewer = without_chain(lines, at)
            if still(fewer, packets):
                lines = fewer
                return at
        elif what == "line" and lines[at].startswith("\t") and lines[at] != "\t}" and \
                not lines[at].startswith("\tchain"):
            fewer = lines[:at] + lines[at + 1:]
            if still(fewer, packets):
                lines = fewer
                return at
        return at + 1

    lines = [line for line in rules.splitlines() if line.strip()]
    for what in ("packet", "chain", "line", "chain", "packet"):
        at = 0
        while at < (len(packets) if what == "packet" else len(lines)):
            at = cut(at, what)
    return "\n".join(lines), packets

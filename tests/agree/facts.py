# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A fact is a ruleset, then packets with what is expected of each: of the simulator by
`gate test`, of the kernel by agreeing with it (the agreement driver)."""
import os
import pathlib
import subprocess

import pytest

from agree.driver import Driver
from harness import kernel
from harness.netns import require, require_nft

TICK_MS = 12  # longer than any kernel's tick


def need_br_netfilter():
    """Skips where bridged frames cannot meet the chains of ip. No rule loads that module, and it
    changes what all bridges of a machine do: we load it in the virtual machine only."""
    if pathlib.Path("/proc/sys/net/bridge").exists():
        return
    if not os.environ.get("GATE_VM"):
        pytest.skip("br_netfilter is not loaded here")
    modprobe = pathlib.Path("/proc/sys/kernel/modprobe").read_text().strip()
    subprocess.run([modprobe, "br_netfilter"], check=True)


def need_bridge_tracking():
    """Skips where the kernel tracks no connections at a bridge."""
    kernel.need("ct bridge")
    need_br_netfilter()


@pytest.fixture(scope="module")
def driver(gate):
    require()
    require_nft()
    driver = Driver(gate)
    yield driver
    driver.close()


def scenario_lines(steps):
    """What `gate test` reads. A step that is one text is the driver's: `tick 3`, the next three
    packets come in one of the kernel's ticks; `wait 1200`, milliseconds go by. Where there is one,
    all other packets come ticks apart."""
    if not any(isinstance(step, str) for step in steps):
        return [f"{packet} expect {expected}" for packet, expected in steps]
    lines, now, together = [], 0, 0
    for step in steps:
        if isinstance(step, str):
            word, number = step.split()
            now += int(number) if word == "wait" else TICK_MS
            together = int(number) if word == "tick" else together
            continue
        packet, expected = step
        now += 0 if together else TICK_MS
        together = max(together - 1, 0)
        lines.append(f"at {now}ms {packet} expect {expected}")
    return lines


def check_fact(gate, driver, tmp_path, machine, fact, sysctls=()):
    rules, *steps = fact
    (tmp_path / "rules.nft").write_text(rules + "\n")
    kernel_line = "" if "kernel " in machine else f"kernel {os.uname().release}\n"
    (tmp_path / "x.test").write_text(machine + kernel_line + "".join(
        f"sysctl {name} {value}\n" for name, value in sysctls) + "".join(
        f"{line}\n" for line in scenario_lines(steps)))
    done = subprocess.run([gate, "test", "x.test"], capture_output=True, text=True, check=False,
                          timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    packets = [step if isinstance(step, str) else step[0] for step in steps]
    answer = driver.run(rules, packets, sysctls)
    if answer == "late":
        pytest.skip("this machine is too slow to get these packets into one of the kernel's ticks")
    assert answer == f"ok {sum(not isinstance(step, str) for step in steps)}\n", answer

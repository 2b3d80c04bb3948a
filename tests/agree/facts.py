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


def check_fact(gate, driver, tmp_path, machine, fact, sysctls=()):
    rules, *steps = fact
    (tmp_path / "rules.nft").write_text(rules + "\n")
    (tmp_path / "x.test").write_text(machine + "".join(
        f"sysctl {name} {value}\n" for name, value in sysctls) + "".join(
        f"{packet} expect {expected}\n" for packet, expected in steps))
    done = subprocess.run([gate, "test", "x.test"], capture_output=True, text=True, check=False,
                          timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = driver.run(rules, [packet for packet, _ in steps], sysctls)
    assert answer == f"ok {len(steps)}\n", answer

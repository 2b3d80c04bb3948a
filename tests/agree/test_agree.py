# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The simulator does what the kernel does: packet for packet the same rules, verdicts, states."""
import pathlib

import pytest

from agree.rig import Rig, differences
from harness.netns import require_nft

CASES = pathlib.Path(__file__).parent / "cases"


def read_cases():
    """(name, ruleset, packets): `# packet: WORDS` lines in each file are the packets."""
    for path in sorted(CASES.glob("*.nft")):
        lines = path.read_text().splitlines()
        packets = [line.removeprefix("# packet: ") for line in lines
                   if line.startswith("# packet: ")]
        assert packets, f"{path.name} has no packets"
        yield pytest.param(path, packets, id=path.stem)


@pytest.fixture
def rig(gate, netns, make_netns):
    require_nft()
    rig = Rig(gate, netns, make_netns())
    yield rig
    rig.close()


@pytest.mark.parametrize("path, packets", read_cases())
def test_the_kernel_and_the_simulator_agree(rig, path, packets):
    found = differences(rig, path, packets)
    assert not found, "\n".join(found)


def test_the_server_example_agrees_on_the_labs_packets(rig, root):
    from agree.lab_packets import LAB

    found = differences(rig, root / "examples" / "server.nft", [row[0] for row in LAB])
    assert not found, "\n".join(found)

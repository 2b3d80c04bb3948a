# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The harness itself: what all other tests lean on."""
import subprocess

import pytest

from harness import kernel, netns as namespaces


def test_a_namespace_is_empty_and_has_only_lo(netns):
    assert netns.ruleset() == ""
    links = netns.run(["ip", "-o", "link"], check=True).stdout.splitlines()
    assert [line.split(": ")[1] for line in links if "lo:" in line] == ["lo"]
    assert "UP" in links[0]


def test_rules_stay_in_their_namespace(netns, make_netns):
    other = make_netns()
    netns.nft(input="table inet here { }\n")
    assert "table inet here" in netns.ruleset()
    assert other.ruleset() == ""


def test_a_failed_command_shows_what_it_said(netns):
    with pytest.raises(namespaces.Failed, match="No such file"):
        netns.run(["ls", "/does/not/exist"], check=True)
    assert netns.run(["false"]).returncode == 1


def test_what_still_runs_is_ended_with_the_namespace():
    with namespaces.fresh() as ns:
        child = ns.popen(["sleep", "1000"])
        assert child.poll() is None
    assert child.returncode is not None
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert ns.name not in names.stdout


def test_abandoned_namespaces_are_removed():
    namespaces.require()
    gone = subprocess.Popen(["true"])
    gone.wait()
    name = f"gh-{gone.pid}-0"
    subprocess.run(["ip", "netns", "add", name], check=True)
    namespaces.remove_abandoned()
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert name not in names.stdout


def test_the_kernel_is_asked_what_it_can_do():
    assert kernel.kernel_has("nf_tables")
    with pytest.raises(KeyError):
        kernel.kernel_has("no such feature")


@pytest.mark.parametrize("feature", [f for f, row in kernel.FEATURES.items() if row[1]])
def test_every_probe_is_a_ruleset_that_nft_can_read(feature, netns):
    result = netns.nft("-f", "-", input=kernel.FEATURES[feature][1], check=False)
    assert "syntax error" not in result.stderr and "unexpected" not in result.stderr

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the virtual machine is for: Debian 12's kernel, with all that the kernel of a build
machine may lack. Were a module missing here, tests would skip in silence."""
import os
import pathlib
import platform
import subprocess

import pytest

from harness import kernel

CONFIG = pathlib.Path(os.environ["GATE_VM"], "config")  # as Debian built it


def is_built(option):
    return any(f"CONFIG_{option}={how}\n" in CONFIG.read_text() for how in "ym")


def test_this_is_debians_kernel():
    assert platform.release().startswith("6.1.0-") and platform.release().endswith("-amd64")


@pytest.mark.parametrize("feature", sorted(f for f, row in kernel.FEATURES.items() if row[1]))
def test_a_feature_is_there_where_its_option_is(feature):
    assert kernel.kernel_has(feature) == is_built(kernel.FEATURES[feature][0])


@pytest.mark.parametrize("option", ["NF_CONNTRACK_BRIDGE", "NFT_QUEUE", "NFT_FLOW_OFFLOAD",
                                    "NF_FLOW_TABLE", "NETFILTER_EGRESS", "NFT_BRIDGE_REJECT"])
def test_what_we_came_for_is_built(option):
    assert is_built(option)


def test_rules_of_every_family_are_loaded_and_listed(netns):
    text = """\
table inet t {
	flowtable f {
		hook ingress priority filter
		devices = { lo }
	}

	chain c {
		type filter hook forward priority filter; policy accept;
		meta l4proto tcp flow add @f
		queue flags bypass to 1-2
	}
}
table bridge t {
	chain c {
		type filter hook input priority filter; policy accept;
		ct state established accept
		reject with icmpx admin-prohibited
	}
}
"""
    netns.nft(input=text)
    assert netns.ruleset() == text


def test_connections_are_tracked(netns):
    netns.nft(input="table inet t { chain c { type filter hook input priority 0; "
                    "ct state new counter; }; }")
    netns.run(["ping", "-c", "1", "-W", "5", "127.0.0.1"], check=True)
    assert "counter packets 1 " in netns.ruleset()
    assert "src=127.0.0.1" in netns.run(["conntrack", "-L"], check=True).stdout


@pytest.mark.parametrize("kind", ["bridge", "dummy", "veth", "ifb", "wireguard", "vrf table 5"])
def test_an_interface_of(kind, netns):
    netns.run(["ip", "link", "add", "x0", "type", *kind.split()], check=True)


def test_a_vlan_interface(netns):
    netns.run(["ip", "link", "add", "x0", "type", "dummy"], check=True)
    netns.run(["ip", "link", "add", "link", "x0", "x0.5", "type", "vlan", "id", "5"], check=True)


def test_a_user_namespace_may_be_made():
    subprocess.run(["unshare", "-Urnm", "true"], check=True, timeout=60)

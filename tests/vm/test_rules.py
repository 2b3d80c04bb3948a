# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Rules that the kernel of a build machine may refuse, so that only their encoding could be
compared there: loaded for real, by gate and by nft."""
import pytest

from differential.compare import Comparer

RULES = {
    "ip": ["queue", "queue to 3", "queue flags bypass,fanout to 1-4", "queue to numgen inc mod 4"],
    "inet": ["queue flags bypass to 65535", "fib daddr type local queue to 2",
             "meta l4proto dccp dccp dport 22 accept", "ct state new queue to jhash ip saddr mod 8"],
    "bridge": ["ct state established,related accept", "ct state invalid drop", "ct mark 7 accept",
               "ct state new meta mark set 5", "reject", "reject with icmpx type no-route",
               "ip protocol tcp reject with tcp reset", "ip6 nexthdr 58 reject with icmpv6 type no-route"],
    "arp": ["log prefix \"arp: \"", "arp operation request log level info"],
    "netdev": ["reject", "ip daddr 192.0.2.1 reject with icmp type host-unreachable"],
}


@pytest.mark.parametrize("family", RULES)
def test_rules_like_nft(family, gate, make_netns):
    chain = "type filter hook input priority 0;" if family == "bridge" else None
    comparer = Comparer(gate, make_netns(), make_netns())
    differ = list(comparer.compare(family, RULES[family], chain))
    assert not differ, "\n".join(f"== {kind}: {rule}\n-- gate\n{us}\n-- nft\n{them}"
                                 for rule, kind, us, them in differ)


FLOWTABLE = """\
table inet t {
	flowtable fast {
		hook ingress priority filter
		devices = { lo }
		counter
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established flow add @fast
	}
}
"""


def test_a_flow_table_is_made_listed_and_deleted(gate, netns):
    netns.run([gate, "-f", "-"], input=FLOWTABLE, check=True)
    assert netns.run([gate, "list", "ruleset"], check=True).stdout == netns.ruleset() == FLOWTABLE
    said = netns.run([gate, "delete flowtable inet t fast"])
    assert said.returncode == 1 and "still used" in said.stderr
    netns.run([gate, "flush chain inet t forward; delete flowtable inet t fast"], check=True)
    assert "flowtable" not in netns.ruleset()

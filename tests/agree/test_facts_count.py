# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What `ct count` counts within a tick of the kernel and beyond, a fact each: of the simulator by
`gate test`, of the kernel by agreeing with it. `tick 3`: the next three packets come in one tick."""
import pytest

from agree.facts import check_fact, driver  # noqa: F401  (a fixture)

MACHINE = """use "rules.nft"
interface eth0 192.168.1.12/24 fd00::12/64
route default via 192.168.1.1
"""


def syn(port):
    return f"in eth0 tcp 198.51.100.7:{port} > 192.168.1.12:22"


def count(limit, *rest, first=()):
    """Whether there are more than the limit is told by the policy or by a rule that drops."""
    lines = "\n\t\t".join((*first, f'ct count over {limit} drop comment "over"', *rest))
    return f"table ip t {{\n\tchain c {{\n\t\ttype filter hook input priority 0;\n\t\t{lines}\n\t}}\n}}"


def opened(port):
    """A connection's beginning."""
    return ((f"{syn(port)} syn", "accept"), (f"out eth0 tcp 192.168.1.12:22 > 198.51.100.7:{port} syn,ack", "accept"),
            (f"{syn(port)} ack", "accept"))


REPLY = "out eth0 tcp 192.168.1.12:22 > 198.51.100.7:1000"
RESET = "rst seq 1001"

FACTS = {
    "new connections of one tick are counted each": (
        count(2), "tick 4", (f"{syn(1000)} syn", "accept"), (f"{syn(1001)} syn", "accept"),
        (f"{syn(1002)} syn", 'drop by "over"'), (f"{syn(1003)} syn", 'drop by "over"')),
    "a connection's second packet counts nothing, also in the same tick": (
        count(1), "tick 3", (f"{syn(1000)} syn", "accept"), (f"{syn(1000)} syn", "accept"),
        (f"{syn(1000)} syn", "accept")),
    "what another rule drops is counted again as often as it comes in one tick": (
        count(2, "drop"), "tick 3", (f"{syn(1000)} syn", "drop"), (f"{syn(1000)} syn", "drop"),
        (f"{syn(1000)} syn", 'drop by "over"')),
    "what another rule drops counts no longer in the next tick": (
        count(1, 'drop comment "other"'), (f"{syn(1000)} syn", 'drop by "other"'), (f"{syn(1001)} syn", 'drop by "other"'),
        "tick 2", (f"{syn(1002)} syn", 'drop by "other"'), (f"{syn(1003)} syn", 'drop by "over"')),
    "a connection that is closed makes room in the next tick": (
        count(1), *opened(1000), (f"{syn(1000)} {RESET}", "accept"), "wait 20",
        (f"{syn(1001)} syn", "accept")),
    "and none in the tick in which the kernel has looked before": (
        count(1, first=("tcp flags != syn accept",)), *opened(1000), "tick 3", (f"{syn(1001)} syn", 'drop by "over"'),
        (f"{syn(1000)} {RESET}", "accept"), (f"{syn(1002)} syn", 'drop by "over"')),
    "but where nobody has looked in that tick it makes room at once": (
        count(1, first=("tcp flags != syn accept",)), *opened(1000), "tick 2",
        (f"{syn(1000)} {RESET}", "accept"), (f"{syn(1002)} syn", "accept")),
    "where the packet's connection is not looked up yet, its two directions count for themselves": (
        """table ip t {
	chain i {
		type filter hook prerouting priority -300;
		jump both
	}
	chain o {
		type filter hook output priority -300;
		jump both
	}
	chain both {
		ct count over 1 drop comment "over"
	}
}""", (f"{syn(1000)} syn", "accept"), (f"{REPLY} syn,ack", 'drop by "over"'),
        (f"{syn(1000)} ack", 'drop by "over"')),
    "the look for a packet of a connection that only begins ends where that is found": (
        count(2, first=("tcp sport 1001 tcp flags != syn accept",)),
        (f"{syn(1000)} syn", "accept"), *opened(1001), (f"{syn(1001)} {RESET}", "accept"), "wait 20",
        (f"{syn(1000)} syn", "accept"), "tick 1", (f"{syn(1002)} syn", "accept")),
}


@pytest.mark.parametrize("fact", FACTS)
def test_fact(gate, driver, tmp_path, fact):
    check_fact(gate, driver, tmp_path, MACHINE, FACTS[fact])


@pytest.mark.parametrize("limit", [63, 64])
def test_the_65th_new_connection_of_a_tick_has_the_dropped_forgotten(gate, driver, tmp_path, limit):
    steps = [(f"{syn(1000 + i)} syn", 'drop by "over"' if i == limit and limit < 64 else "drop") for i in range(66)]
    check_fact(gate, driver, tmp_path, MACHINE, (count(limit, "drop"), "tick 66", *steps))

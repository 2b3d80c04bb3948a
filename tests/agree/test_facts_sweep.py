# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What has left a full set takes room until the kernel sweeps it: of the simulator by `gate test`,
of the kernel by agreeing with it where that is sure. `wait 2300`: so many milliseconds go by."""
import subprocess

import pytest

from agree.facts import check_fact, driver  # noqa: F401  (a fixture)

MACHINE = """use "rules.nft"
interface eth0 192.168.1.12/24
route default via 192.168.1.1
"""
# A sweep is up to two seconds late; here it comes each 100 ms.
SWEPT = "wait 2300"


def udp(source, port=53):
    return f"in eth0 udp 198.51.100.{source}:1000 > 192.168.1.12:{port}"


def rules(more, body):
    return f"""table ip t {{
	set s {{
		type ipv4_addr
		size 1
		{more}
	}}
	chain c {{
		type filter hook input priority 0; policy accept;
		{body}
	}}
}}"""


FLAGS = "flags dynamic,timeout; timeout 1h; gc-interval 100ms;"
ADD = 'udp dport 53 add @s { ip saddr } accept comment "added"\n\t\tudp dport 53 drop comment "full"'
DELETE = ADD + "\n\t\tudp dport 54 delete @s { ip saddr } accept"
COUNT = ('udp dport 53 add @s { ip saddr ct count 9 } accept\n\t\t'
         'udp dport 55 ip saddr @s accept comment "there"\n\t\tudp dport 55 drop comment "gone"')

FACTS = {
    "what a rule deleted makes room when it is swept": (
        rules(FLAGS, DELETE), (udp(1), 'accept by "added"'), (udp(2), 'drop by "full"'), (udp(1, 54), "accept"),
        SWEPT, (udp(2), 'accept by "added"'), (udp(3), 'drop by "full"')),
    "what has run out makes room when it is swept": (
        rules(FLAGS.replace("1h", "200ms"), ADD), (udp(1), 'accept by "added"'), (udp(2), 'drop by "full"'),
        "wait 2600", (udp(2), 'accept by "added"')),
    "before it is gone it takes room, however often the set was swept": (
        rules(FLAGS, DELETE), (udp(1), 'accept by "added"'), "wait 300", (udp(2), 'drop by "full"'), (udp(1), 'accept by "added"')),
}


@pytest.mark.parametrize("fact", FACTS)
def test_fact(gate, driver, tmp_path, fact):
    check_fact(gate, driver, tmp_path, MACHINE, FACTS[fact])


DOUBTS = {
    "deleted": (rules("flags dynamic;", DELETE), f"""{udp(1)} expect accept
at 1s {udp(1, 54)} expect accept
{udp(2)} expect sometimes
{udp(1)} expect sometimes
at 5s {udp(3)} expect sometimes
"""),
    "run out": (rules("flags dynamic,timeout; timeout 10s;", ADD), f"""{udp(1)} expect accept
at 9s {udp(2)} expect drop
at 10s {udp(1)} expect sometimes
at 30s {udp(3)} expect accept
"""),
    "not full": (rules("flags dynamic,timeout; timeout 10s;", ADD).replace("size 1", "size 2"), f"""{udp(1)} expect accept
at 10s {udp(1)} expect accept
at 10s {udp(2)} expect sometimes
"""),
    # It is not told when: the sweep is sure three seconds after it was seen.
    "the last connection ended": (rules("flags dynamic;", COUNT), f"""sysctl nf_conntrack_udp_timeout 1
{udp(1)} expect accept
{udp(1, 55)} expect accept
at 2s {udp(1, 55)} expect sometimes
at 10s {udp(1, 55)} expect drop by "gone"
at 11s {udp(2)} expect accept
{udp(2, 55)} expect accept by "there"
"""),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_between_the_end_and_the_sweep_it_is_not_known_and_matters_only_in_a_full_set(gate, tmp_path, case):
    text, steps = DOUBTS[case]
    (tmp_path / "rules.nft").write_text(text)
    (tmp_path / "x.test").write_text(MACHINE + steps)
    done = subprocess.run([gate, "test", "x.test"], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

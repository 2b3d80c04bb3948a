# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Rules named by their text or by `index N`: loaded ones, and those of the same transaction."""
import json
import re

import pytest

RULES = """\
table inet t {
	set s { type ipv4_addr; }
	chain other { counter; }
	chain c {
		tcp dport 22 counter accept
		ip saddr 10.0.0.0/8 drop
		tcp dport { 80, 443 } accept comment "web"
		ip saddr @s limit rate 10/second accept
		ip daddr vmap { 10.0.0.1 : accept, 10.0.0.2 : jump other }
		meta l4proto udp jump { udp dport 53 accept; counter drop; }
		quota 10 mbytes accept
		udp dport 53 accept
		udp dport 53 accept comment "dns"
	}
}
"""


class Chain:
    """The chain `inet t c` and commands on it."""

    def __init__(self, gate, netns):
        self.gate, self.netns = gate, netns
        self.load(RULES)

    def load(self, text):
        self.netns.run([self.gate, "-f", "-"], input=text, check=True)

    def run(self, text):
        """Runs a file of commands: the codes of its errors, their places and candidates."""
        result = self.netns.run([self.gate, "--errors", "json", "-f", "-"], input=text)
        found = json.loads(result.stderr or "[]")
        assert result.returncode == (1 if found else 0), result.stderr
        return found

    def rules(self):
        text = self.netns.run([self.gate, "-s", "list", "chain", "inet", "t", "c"],
                              check=True).stdout
        return re.findall(r"^\t\t(.*)$", text, re.M)


@pytest.fixture
def chain(gate, netns):
    return Chain(gate, netns)


TEXTS = [
    "tcp dport 22 counter accept",
    "tcp dport ssh counter packets 5 bytes 300 accept",
    "ip saddr 10.0.0.0/8 drop",
    'tcp dport { 443, 80 } accept comment "web"',
    "tcp dport { 80, 443 } accept",
    "ip saddr @s limit rate 10/second accept",
    "ip saddr @s limit rate 10/second burst 5 packets accept",
    "ip daddr vmap { 10.0.0.1 : accept, 10.0.0.2 : jump other }",
    "meta l4proto udp jump { udp dport 53 accept; counter drop; }",
    "quota 10 mbytes used 3 mbytes accept",
    'udp dport 53 accept comment "dns"',
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_rule_is_deleted_by_its_text(chain, text):
    before = chain.rules()
    assert chain.run(f"delete rule inet t c {text}\n") == []
    after = chain.rules()
    # A chain in braces is printed over several lines.
    assert len(after) < len(before) and all(rule in before for rule in after)


@pytest.mark.parametrize("text", TEXTS)
def test_a_rule_is_replaced_by_its_text(chain, text):
    before = chain.rules()
    assert chain.run(f"replace rule inet t c {text} with tcp dport 9 drop\n") == []
    after = chain.rules()
    assert "tcp dport 9 drop" in after and len(after) <= len(before)


@pytest.mark.parametrize("text", TEXTS)
def test_a_rule_is_put_before_another(chain, text):
    before = chain.rules()
    assert chain.run(f"insert rule inet t c tcp dport 9 drop before {text}\n") == []
    after = chain.rules()
    at = after.index("tcp dport 9 drop")
    assert after[:at] + after[at + 1:] == before
    assert chain.run(f"delete rule inet t c {text}\n") == []
    assert chain.rules()[at] == "tcp dport 9 drop"
    assert chain.rules()[:at] == before[:at]


@pytest.mark.parametrize("text", [
    "tcp dport 23 counter accept",
    "tcp dport 22 accept",                             # a counter is there or not
    'tcp dport { 80, 443 } accept comment "wave"',     # a comment counts when given
    "meta l4proto udp jump { udp dport 54 accept; counter drop; }",
    "ip saddr @s limit rate 11/second accept",
])
def test_what_is_not_there_is_not_found(chain, text):
    before = chain.rules()
    (found,) = chain.run(f"delete rule inet t c {text}\n")
    assert found["code"] == "E0113" and "no rule" in found["message"]
    assert chain.rules() == before
    assert chain.run(f"destroy rule inet t c {text}\n") == []
    assert chain.rules() == before


def test_of_several_the_candidates_are_shown_with_their_handles(chain):
    (found,) = chain.run("delete rule inet t c udp dport 53 accept\n")
    assert found["code"] == "E0113" and "2 rules" in found["message"]
    notes = "\n".join(found["notes"])
    assert len(re.findall(r"udp dport 53 accept.* # handle \d+", notes)) == 2


def test_near_misses_are_shown(chain):
    (found,) = chain.run("delete rule inet t c tcp dport 222 counter accept\n")
    assert any("tcp dport 22 counter accept # handle" in note for note in found["notes"])


def test_rules_that_list_alike_are_told_apart_by_their_byte_code(chain):
    """Which header tells the protocol is not listed, as by nft."""
    chain.load("table bridge b { chain c { ether type ip ip saddr 192.0.2.1 accept; }; }\n")
    (found,) = chain.run("delete rule bridge b c ip saddr 192.0.2.1 accept\n")
    assert found["code"] == "E0113" and "another byte code" in found["message"]
    assert any("ip saddr 192.0.2.1 accept # handle" in note for note in found["notes"])
    chain.load("add rule bridge b c ip saddr 192.0.2.1 accept\n")
    assert chain.run("insert rule bridge b c drop before ip saddr 192.0.2.1 accept\n") == []
    listed = chain.netns.run([chain.gate, "list", "chain", "bridge", "b", "c"]).stdout
    assert re.findall(r"^\t\t(.*)$", listed, re.M)[1] == "drop"
    assert chain.run("delete rule bridge b c ether type ip ip saddr 192.0.2.1 accept\n") == []
    listed = chain.netns.run([chain.gate, "list", "chain", "bridge", "b", "c"]).stdout
    assert re.findall(r"^\t\t(.*)$", listed, re.M)[0] == "drop"


def test_rules_of_the_same_transaction_count(chain):
    assert chain.run(
        "flush chain inet t c\n"
        "add rule inet t c tcp dport 1 accept\n"
        "add rule inet t c tcp dport 2 accept\n"
        "insert rule inet t c tcp dport 3 accept before tcp dport 2 accept\n"
        "replace rule inet t c tcp dport 1 accept with tcp dport 4 drop\n"
        "add set inet t new { type ipv4_addr; }\n"
        "add rule inet t c ip saddr @new drop\n"
        "insert rule inet t c tcp dport 5 accept before ip saddr @new drop\n"
        "delete rule inet t c tcp dport 2 accept\n") == []
    assert chain.rules() == ["tcp dport 4 drop", "tcp dport 3 accept", "tcp dport 5 accept",
                             "ip saddr @new drop"]


def test_a_rule_of_a_block_is_deleted_in_the_same_file(chain):
    assert chain.run("table inet n { chain c { tcp dport 1 accept; tcp dport 2 accept; }; }\n"
                     "delete rule inet n c tcp dport 1 accept\n") == []
    listed = chain.netns.run([chain.gate, "list", "chain", "inet", "n", "c"]).stdout
    assert "dport 2" in listed and "dport 1" not in listed


def test_a_rule_can_be_deleted_once(chain):
    (found,) = chain.run("delete rule inet t c ip saddr 10.0.0.0/8 drop\n" * 2)
    assert (found["code"], found["line"]) == ("E0113", 2)
    (found,) = chain.run("add rule inet t c tcp dport 7 drop\n"
                         + "delete rule inet t c tcp dport 7 drop\n" * 2)
    assert (found["code"], found["line"]) == ("E0113", 3)
    (found,) = chain.run("flush chain inet t c\ndelete rule inet t c tcp dport 22 counter accept\n")
    assert (found["code"], found["line"]) == ("E0113", 2)


def test_a_candidate_of_the_same_transaction_is_shown_where_it_is_made(chain):
    (found,) = chain.run("add rule inet t c tcp dport 7 drop\nadd rule inet t c tcp dport 7 drop\n"
                         "delete rule inet t c tcp dport 7 drop\n")
    assert found["code"] == "E0113"
    assert [place["line"] for place in found["related"]] == [1, 2]


def test_an_index_counts_the_rules_of_the_same_transaction(chain):
    assert chain.run("flush chain inet t c\n"
                     "add rule inet t c tcp dport 1 accept\n"
                     "add rule inet t c tcp dport 2 accept\n"
                     "add rule inet t c index 0 tcp dport 3 accept\n"
                     "insert rule inet t c index 2 tcp dport 4 accept\n"
                     "insert rule inet t c tcp dport 5 accept\n") == []
    assert chain.rules() == [f"tcp dport {port} accept" for port in (5, 1, 3, 4, 2)]
    assert chain.run("add rule inet t c index 1 tcp dport 6 accept\n") == []
    assert chain.rules()[2] == "tcp dport 6 accept"
    (found,) = chain.run("add rule inet t c index 6 accept\n")
    assert found["code"] == "E0112" and "6 rules" in found["message"]


def test_a_meter_is_named_without_being_made(chain):
    meter = "tcp dport 9 meter m { ip saddr limit rate 5/second } accept"
    chain.load(f"add rule inet t c {meter}\n")
    assert chain.run(f"delete rule inet t c {meter.replace('m {', 'm size 65535 {')}\n") == []
    assert "meter m" not in "".join(chain.rules())

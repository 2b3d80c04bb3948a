# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate check`: offline, and for another machine's kernel, interfaces and ruleset."""
import json
import re
import subprocess

import pytest

from golden.cases import cases


@pytest.fixture
def check(gate, tmp_path):
    """check(text, *options): what `gate check` finds in a file of this text, as a list of
    (code, the words it points at, message); no privilege, no kernel."""
    def run(text, *options, status=None):
        path = tmp_path / "rules.nft"
        path.write_text(text)
        result = subprocess.run([gate, "check", "--errors", "json", *options, path],
                                capture_output=True, text=True, timeout=20, check=False)
        found = json.loads(result.stderr or "[]")
        errors = [item for item in found if item["level"] == "error"]
        assert result.returncode == (1 if errors else 0), result.stderr
        assert result.stdout == ""
        return [(e["code"], words(text, e), e["message"]) for e in errors]
    return run


def words(text, found):
    """What a finding underlines, when it is in one line of the text."""
    if found["file"] is None or found["line"] != found["end_line"]:
        return None
    line = text.splitlines()[found["line"] - 1]
    return line[found["column"] - 1:found["end_column"] - 1]


# --- for another kernel ----------------------------------------------------------------------

def in_chain(rule, table="inet f", hook="input"):
    device = "device lo " if table.startswith("netdev") or hook == "ingress" else ""
    return (f"table {table} {{\n\tchain c {{\n\t\ttype filter hook {hook} {device}priority 0\n"
            f"\t\t{rule}\n\t}}\n}}\n")


# text, the kernel that has it first, the words pointed at
FEATURES = [
    (in_chain("ip saddr 1.1.1.1 reject", "netdev f", "ingress"), "5.11", "reject"),
    (in_chain("ip saddr 1.1.1.1 reject", hook="ingress"), "5.11", "reject"),
    ("table inet f {\n\tset s { type ipv4_addr; flags dynamic; counter quota 5 bytes; }\n}\n",
     "5.11", "s"),
    ("table inet f { flags owner; }\n", "5.12", "f"),
    ("table inet f {\n\tset s { type ipv4_addr; elements = { 1.2.3.4, * } }\n}\n", "5.13", "*"),
    (in_chain("ip saddr { 1.2.3.4, * } drop"), "5.13", "*"),
    (in_chain("socket cgroupv2 level 1 \"/\" accept"), "5.13", None),
    (in_chain("last accept"), "5.14", "last"),
    (in_chain("counter last accept"), "5.14", "last"),
    (in_chain("sctp chunk data exists drop"), "5.14", None),
    ("list hooks\n", "5.14", "list hooks"),
    (in_chain("drop", "netdev f", "egress"), "5.16", "egress"),
    (in_chain("@ih,0,8 5 drop"), "5.16", None),
    (in_chain("ip saddr 1.1.1.1 fwd to lo", "netdev f", "egress"), "5.17", None),
    (in_chain("reset tcp option sack-perm"), "5.18", "reset tcp option sack-perm"),
    ("reset rules\n", "6.2", "reset rules"),
    (in_chain("meta broute set 1", "bridge f", "prerouting"), "6.4", "meta broute set 1"),
    ("table inet f { flags persist, owner; }\n", "6.9", "f"),
    ("table netdev f { chain c { type filter hook ingress device \"eth*\" priority 0; }; }\n",
     "6.17", "ingress"),
]


def before(version):
    """The release before."""
    major, minor = map(int, version.split("."))
    return f"{major}.{minor - 1}" if minor else "5.19"


@pytest.mark.parametrize("text, since, place", FEATURES)
def test_a_feature_is_refused_for_older_kernels_at_its_place(check, text, since, place):
    assert check(text, "--kernel", since) == []
    assert check(text) == []
    found = check(text, "--kernel", before(since))
    assert [code for code, _, _ in found] == ["E0417"]
    assert f"kernel {before(since)} is too old" in found[0][2]
    if place:
        assert found[0][1] == place


def test_every_feature_of_a_file_is_named_at_once(check):
    text = in_chain("last accept\n\t\t@ih,0,8 5 drop\n\t\tmeta l4proto tcp accept")
    assert [code for code, _, _ in check(text, "--kernel", "5.10.0-28-amd64")] == ["E0417"] * 2


@pytest.mark.parametrize("version, words_of_it", [
    ("5.4", "from 5.10 on"), ("bookworm", "no version"), ("", "no version")])
def test_a_version_that_is_none_is_refused(check, version, words_of_it):
    ((code, _, message),) = check("", f"--kernel={version}")
    assert code == "E0903" and words_of_it in message


# --- for other interfaces ----------------------------------------------------------------------

@pytest.mark.parametrize("rule", ["iif wan0 accept", "oif { lan0, wan0 } accept",
                                  "fib daddr . iif type local iif wan0 accept"])
def test_interfaces_that_a_rule_stores_by_number_must_be_among_those_given(check, rule):
    text = in_chain(rule)
    assert check(text, "--interfaces", "lan0,wan0") == []
    assert [found[:2] for found in check(text, "--interfaces", "lan0")] == [("E0120", "wan0")]


def test_a_name_is_only_compared_and_need_not_exist(check):
    assert check(in_chain('iifname "wan0" accept'), "--interfaces", "lan0") == []


def test_devices_of_chains_and_flow_tables_must_exist_for_older_kernels(check):
    chain = ("table netdev f { chain c { type filter hook ingress devices = { lan0, wan0 } "
             "priority 0; }; }\n")
    flow = "table inet f { flowtable t { hook ingress priority 0; devices = { wan0 }; }; }\n"
    for text in (chain, flow):
        assert check(text, "--interfaces", "lan0,wan0", "--kernel", "6.1") == []
        assert check(text, "--interfaces", "lan0", "--kernel", "6.16") == []
        assert [found[:2] for found in check(text, "--interfaces", "lan0", "--kernel", "6.1")] \
            == [("E0120", "wan0")]


# --- added to another ruleset -------------------------------------------------------------------

STATE = """\
table inet f {
	counter hits { }
	set bad { type ipv4_addr; elements = { 192.0.2.1 } }
	set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.0/24 } }
	set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 80-90 } }
	set few { type mark; size 2; elements = { 1 } }
	map ports { type inet_service : verdict; elements = { 22 : jump ssh } }
	chain input {
		type filter hook input priority filter; policy drop;
		tcp dport vmap @ports
		ip saddr @bad counter name hits drop
		tcp dport { 80, 443 } accept comment "web"
	}
	chain ssh { accept; }
	chain free { counter; counter; }
}
table ip g { set mine { type ipv4_addr; }; }
"""


@pytest.fixture
def added(check, tmp_path):
    """added(text): what is found when the text is added to STATE."""
    state = tmp_path / "state.nft"
    state.write_text(STATE)
    return lambda text, *options: check(text, "--state", state, *options)


FITS = [
    "add rule inet f input tcp dport 25 drop",
    "add rule inet f input jump free",
    "add element inet f bad { 192.0.2.2 }",
    "add element inet f bad { 192.0.2.1 }",
    "add element inet f few { 2 }",
    "add element inet f few { 1 }",
    "delete element inet f bad { 192.0.2.1 }",
    "add element inet f nets { 172.16.0.0/12 }",
    "delete element inet f nets { 10.0.0.0/8 }\nadd element inet f nets { 10.1.0.0/16 }",
    "add element inet f pairs { 10.0.0.0/8 . 443 }",
    "delete chain inet f free",
    "flush chain inet f input\ndelete set inet f bad",
    "flush chain inet f input\ndelete map inet f ports\ndelete chain inet f ssh",
    "create table inet h",
    "flush ruleset\ncreate table inet f",
    "delete table inet f\ncreate table inet f",
    "rename chain inet f free spare\nadd rule inet f spare accept",
    'delete rule inet f input tcp dport { 80, 443 } accept comment "web"',
    "delete rule inet f input ip saddr @bad counter name hits drop",
    "insert rule inet f input accept before tcp dport { 80, 443 } accept",
    "replace rule inet f input tcp dport { 443, 80 } accept with tcp dport 80 accept",
    "add rule inet f input index 2 accept",
    "destroy chain inet f nosuch",
    "table inet f { chain input { type filter hook input priority filter; policy accept; }; }",
    "table inet f { chain new { counter name hits; ip saddr @nets jump free; }; }",
]


@pytest.mark.parametrize("text", FITS)
def test_what_fits_the_other_ruleset(added, text):
    assert added(text + "\n") == []


# text, code, the words pointed at
CLASHES = [
    ("add rule inet f inpt accept", "E0101", "inpt"),
    ("add rule inet x input accept", "E0100", "x"),
    ("add rule inet f input jump nosuch", "E0101", "nosuch"),
    ("add rule inet f free jump input", "E0411", "jump input"),
    ("add rule inet f input ip saddr @mine drop", "E0102", "@mine"),
    ("add rule inet f input counter name misses", "E0105", "misses"),
    ("add rule inet f ssh jump ssh", "E0412", "jump ssh"),
    ("create table inet f", "E0111", None),
    ("create chain inet f input", "E0111", "input"),
    ("add chain inet f input { type filter hook output priority 0; }", "E0111", "input"),
    ("create set inet f bad { type ipv4_addr; }", "E0111", "bad"),
    ("add set inet f bad { type ipv6_addr; }", "E0111", "bad"),
    ("create element inet f bad { 192.0.2.1 }", "E0541", "192.0.2.1"),
    ("add element inet f nets { 10.1.0.0/16 }", "E0541", "10.1.0.0/16"),
    ("add element inet f nets { 8.0.0.0/5 }", "E0541", "8.0.0.0/5"),
    ("add element inet f pairs { 10.1.0.0/16 . 85 }", "E0541", None),
    ("add element inet f few { 2, 3, 4 }", "E0542", "3"),
    ("add element inet f ports { 22 : drop }", "E0541", None),
    ("delete element inet f bad { 192.0.2.9 }", "E0540", "192.0.2.9"),
    ("delete element inet f nets { 10.1.0.0/16 }", "E0540", "10.1.0.0/16"),
    ("delete chain inet f ssh", "E0110", "ssh"),
    ("delete set inet f bad", "E0110", "bad"),
    ("delete counter inet f hits", "E0110", "hits"),
    ("delete chain inet f nosuch", "E0101", "nosuch"),
    ("delete table inet x", "E0100", "x"),
    ("rename chain inet f free ssh", "E0111", "free"),
    ("delete rule inet f input handle 99", "E0114", "99"),
    ("delete rule inet f input udp dport 1 accept", "E0113", "udp dport 1 accept"),
    ("delete rule inet f free counter", "E0113", "counter"),
    ("flush ruleset\nadd rule inet f input accept", "E0100", "f"),
    ("delete chain inet f free\nadd rule inet f input jump free", "E0101", "free"),
]


@pytest.mark.parametrize("text, code, place", CLASHES)
def test_what_does_not_fit_the_other_ruleset_is_said_at_its_place(added, text, code, place):
    found = added(text + "\n")
    assert [code_found for code_found, _, _ in found] == [code]
    if place:
        assert found[0][1] == place


def test_without_a_ruleset_names_may_be_anywhere(check):
    assert check("add rule inet f input jump nosuch\ndelete chain inet f nosuch\n") == []


def test_mistakes_in_the_state_are_said_too(check, tmp_path):
    state = tmp_path / "state.nft"
    state.write_text("table inet f { chain c { tcp dprt 1; }; }\n")
    ((_, _, message),) = check("add table inet x\n", "--state", state)
    assert "dprt" in message


def test_a_state_that_cannot_be_read_is_an_error(check):
    ((code, _, message),) = check("add table inet x\n", "--state", "/nonexistent.nft")
    assert code == "E0905" and "No such file" in message


# --- as the kernel judges -----------------------------------------------------------------------

# What only a kernel can know: its modules, its name server, its extended acknowledgements.
KERNEL_ONLY = ("053-", "058-", "059-", "065-", "153-", "182-", "183-")


@pytest.mark.parametrize("case", [c for c in cases() if c.source.suffix == ".nft"],
                         ids=lambda case: case.name)
def test_a_check_finds_what_the_kernel_finds(gate, netns, case):
    """Every mistake of tests/golden/errors, whose answers are the kernel's. In a namespace, for
    want of a name server."""
    state = case.path(".setup") if case.path(".setup").exists() else "/dev/null"
    result = netns.run([gate, "check", "--state", state, case.source])
    if case.name.startswith(KERNEL_ONLY):
        assert result.returncode == 0
        return

    def codes(text):
        return re.findall(r"^error\[(\w+)\]", text, re.M)

    assert codes(result.stderr) == codes(case.text(".err"))


# --- what cannot be checked -----------------------------------------------------------------------

def notes(gate, tmp_path, text):
    """The notes of a check without a state: exit code, and what stands in them."""
    path = tmp_path / "rules.nft"
    path.write_text(text)
    result = subprocess.run([gate, "check", "--errors", "json", path], capture_output=True,
                            text=True, timeout=20, check=False)
    found = json.loads(result.stderr or "[]")
    return result.returncode, [note for item in found for note in item["notes"]]


def test_names_that_only_the_kernel_knows_are_listed(gate, tmp_path):
    text = ("add rule inet f input ip saddr @bad drop\nadd rule inet f input jump more\n"
            "add element ip g s { 192.0.2.1 }\ndelete chain inet f old\n")
    assert notes(gate, tmp_path, text) == (0, [
        "chain `input` of table `inet f`", "set `bad` of table `inet f`",
        "chain `more` of table `inet f`", "set `s` of table `ip g`",
        "chain `old` of table `inet f`"])


@pytest.mark.parametrize("before", ["flush ruleset\ntable inet f { chain input { }; }\n",
                                    "create table inet f\nadd chain inet f input\n",
                                    "delete table inet f\ntable inet f { chain input { }; }\n"])
def test_names_of_a_table_that_is_made_anew_are_checked(check, before):
    found = check(before + "add rule inet f input ip saddr @bad drop\n"
                  "add rule inet f input jump more\n")
    assert [item[:2] for item in found] == [("E0102", "@bad"), ("E0101", "more")]


@pytest.mark.parametrize("text", [
    "table inet f\ndelete table inet f\ntable inet f { chain input { accept; }; }\n",
    "add table inet f\nadd chain inet f a\nadd set inet f s { type mark; }\n"
    "delete chain inet f a\ndelete set inet f s\n",
    "destroy table inet f\ntable inet f { }\ndestroy set inet f old\n"])
def test_what_the_run_made_or_need_not_be_there_is_no_question_to_the_kernel(
        gate, tmp_path, text):
    assert notes(gate, tmp_path, text) == (0, [])


def test_what_the_run_has_deleted_is_gone_in_a_check_too(gate, check, tmp_path):
    text = "delete chain inet f a\nadd rule inet f b jump a\n"
    whole = "table inet f\ndelete table inet f\ntable inet f { chain a { }; chain b { }; }\n"
    assert [item[:2] for item in check(whole + text)] == [("E0101", "a")]
    text = "table inet f\ndelete table inet f\ndelete table inet f\n"
    assert notes(gate, tmp_path, text) == (0, ["table `inet f`"])


def test_a_complete_file_leaves_nothing_unchecked(gate, tmp_path):
    assert notes(gate, tmp_path, "flush ruleset\n" + STATE) == (0, [])

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`gate check`: offline, and for another machine's kernel, interfaces and ruleset."""
import json
import subprocess

import pytest


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

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The command line: options, what excludes what, exit codes; beside Debian's nft where the
meaning is nft's."""
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile

import pytest

from harness import netns as namespaces

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
TABLE = "table ip t {\n\tchain c {\n\t\tcounter\n\t}\n}\n"


def run(argv, **options):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=20,
                          check=False, **options)


@pytest.fixture
def nft_link(gate, tmp_path):
    """gate under nft's name."""
    link = tmp_path / "nft"
    link.symlink_to(gate)
    return link


@pytest.fixture
def rules(tmp_path):
    """Writes a file of rules and returns its path."""
    def write(text, name="rules.nft"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path
    return write


def codes(result):
    """The error codes that a run with --errors json found."""
    return [found["code"] for found in json.loads(result.stderr)]


# --- mistakes: all are found, none starts anything ------------------------------------------

# words, codes, words in the text form
WRONG = {
    "unknown long option": (["--foo"], ["E0900"], ["`--foo`", "--help"]),
    "nearly an option": (["--hndle", "list", "ruleset"], ["E0900"], ["did you mean `--handle`?"]),
    "unknown letter": (["-Z", "list", "ruleset"], ["E0900"], ["`-Z`"]),
    "unknown letter among known": (["-anZ", "list", "ruleset"], ["E0900"], ["`-Z`"]),
    "unknown option behind the command": (["list", "ruleset", "--foo"], ["E0900"], ["`--foo`"]),
    "ambiguous beginning": (["--num", "list", "ruleset"], ["E0901"], ["`--numeric-priority`"]),
    "missing file": (["-f"], ["E0902"], ["FILE"]),
    "missing argument of a long option": (["--define"], ["E0902"], ["NAME=VALUE"]),
    "value for a flag": (["--handle=1", "list", "ruleset"], ["E0902"], ["no value"]),
    "definition without value": (["-D", "x", "-f", "/dev/null"], ["E0903"], ["name=value"]),
    "definition without name": (["-D", "=1", "-f", "/dev/null"], ["E0903"], ["name=value"]),
    "definition with code in its name": (["-D", "a;flush ruleset=1", "-f", "/dev/null"],
                                         ["E0903"], []),
    "unknown debug topic": (["-d", "netlnk", "list", "ruleset"], ["E0904"],
                            ["did you mean `netlink`?"]),
    "empty debug topic": (["-d", "netlink,", "list", "ruleset"], ["E0904"], []),
    "debug topic of nft's": (["-d", "eval,mnl", "list", "ruleset"], ["E0909"],
                             ["not supported by gate yet", "eval"]),
    "unknown form of errors": (["--errors", "xml", "list", "ruleset"], ["E0904"], ["xml"]),
    "no such file": (["-f", "/nonexistent.nft"], ["E0905"], ["No such file"]),
    "a folder": (["-f", "/tmp"], ["E0905"], ["Is a directory"]),
    "JSON": (["-j", "list", "ruleset"], ["E0909"], ["not supported by gate yet: JSON"]),
    "optimize": (["-o", "-f", "/dev/null"], ["E0909"], ["not supported by gate yet"]),
    "command and file": (["-f", "/dev/null", "list", "ruleset"], ["E0907"], ["exclude"]),
    "command and terminal": (["-i", "list", "ruleset"], ["E0907"], ["exclude"]),
    "file and terminal": (["-i", "-f", "/dev/null"], ["E0907"], ["exclude"]),
    "definition without file": (["-D", "x=1", "list", "ruleset"], ["E0907"], ["`-f`"]),
    "standard input twice": (["-f", "-", "-f", "-"], ["E0907"], ["once"]),
    "nothing to do": ([], ["E0908"], ["--help"]),
    "only options": (["-a", "-n"], ["E0908"], ["--help"]),
    "a verb that is planned": (["apply", "x.nft"], ["E0909"], ["not supported by gate yet",
                                                              "`gate apply`"]),
    "check without a file": (["check"], ["E0908"], ["file"]),
    "check with an option of list": (["check", "-a", "/dev/null"], ["E0907"], ["--handle"]),
    "check for no kernel": (["check", "--kernel", "x", "/dev/null"], ["E0903"], ["uname -r"]),
    "check with bad interface": (["check", "--interfaces", "a/b", "/dev/null"], ["E0903"],
                                 ["a/b"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_line_is_refused_with_its_reason(gate, case):
    words, wanted, texts = WRONG[case]
    # Refused before any rule is touched, so no namespace is needed.
    result = run([gate, *words])
    assert (result.returncode, result.stdout) == (1, ""), result
    for text in texts + [f"error[{code}]" for code in wanted]:
        assert text in result.stderr
    if "--errors" not in words:
        result = run([gate, "--errors", "json", *words])
        assert result.returncode == 1
        assert set(codes(result)) == set(wanted)


def test_all_mistakes_are_shown_at_once(gate):
    result = run([gate, "--errors=json", "--foo", "-Z", "-d", "x", "list"])
    assert codes(result) == ["E0900", "E0900", "E0904"]


def test_a_mistake_is_shown_at_its_place(gate):
    result = run([gate, "list", "--foo"])
    lines = result.stderr.splitlines()
    shown = next(i for i, line in enumerate(lines) if line.endswith("list --foo"))
    assert lines[shown + 1].index("^") == lines[shown].index("--foo")
    assert lines[shown + 1].count("^") == len("--foo")


def test_errors_in_colour_only_where_wanted(gate):
    escape = "\033["
    assert escape not in run([gate, "--foo"]).stderr
    assert escape in run([gate, "--color", "--foo"]).stderr
    assert escape not in run([gate, "--color", "--no-color", "--foo"]).stderr


# --- what answers at once -------------------------------------------------------------------

def test_help_names_every_option_of_nft(gate):
    namespaces.require_nft()
    ours = run([gate, "--help"])
    theirs = run(["nft", "--help"])
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr) == (0, "")
    options = [word.strip(",") for line in theirs.stdout.splitlines()
               for word in line.split()[:2] if word.startswith("-")]
    assert len(options) > 30
    for option in options:
        assert option in ours.stdout.replace(",", " ").split(), option


def test_the_manual_names_every_option_and_verb(gate, root):
    manual = "".join((root / "docs" / page).read_text(encoding="utf-8")
                     for page in ("gate.8", "gate-replay.8"))
    words = re.split(r"[],|\s[]+", run([gate, "--help"]).stdout)
    options = {word for word in words if word.startswith("-") and word.strip("-")}
    assert len(options) > 40
    for option in options:
        assert "Fl " + option[1:] in manual, option
    for verb in re.findall(r"^  gate (\w+)", run([gate, "--help"]).stdout, re.M):
        assert f".It Cm {verb} " in manual, verb


@pytest.mark.parametrize("words", [["-v"], ["--version"], ["--vers"], ["-V"], ["-vh"],
                                   ["-c", "-v"], ["list", "-v"], ["-v", "--foo"]])
def test_version(gate, nft_link, words):
    result = run([gate, *words])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("gate v")
    result = run([nft_link, *words])
    assert result.returncode == 0
    assert result.stdout.startswith("nftables v1.0.6 (")


def test_the_first_of_help_and_version_counts(gate):
    assert run([gate, "-hv"]).stdout.startswith("Usage:")
    assert run([gate, "-vh"]).stdout.startswith("gate v")


# --- nft beside us --------------------------------------------------------------------------

# Command lines whose exit code and standard output are nft's; {f} is a file with TABLE.
SAME = [
    [], ["-h"], ["-f"], ["--foo"], ["-Z"], ["--num", "list", "ruleset"],
    ["--handle=1", "list", "ruleset"], ["-d"], ["-d", "foo", "list", "ruleset"],
    ["-D", "x", "-f", "{f}"], ["-D", "=x", "-f", "{f}"], ["-D", "x=1", "list", "ruleset"],
    ["-f", "/nonexistent"], ["-f", "/dev/null"], ["-f", "-"], ["-c"], ["-a", "--"],
    [""], [" "], ["-"], ["bogus"], ["list"], ["delete", "table", "ip", "nosuch"],
    ["list", "ruleset"], ["--", "list", "ruleset"], ["-nn", "list", "ruleset"],
    ["--hand", "list", "ruleset"], ["-anS", "list", "ruleset"],
    ["-I", "/nonexistent", "list", "tables"], ["-f", "{f}"], ["--file={f}"], ["-f{f}"],
    ["-c", "-f", "{f}"], ["-f", "{f}", "list", "tables"], ["-i", "-f", "{f}"],
    ["-i", "list", "tables"], ["-a", "-f", "{f}"], ["list", "table", "ip", "nosuch"],
    ["add", "table", "ip", "t2", ";", "list", "tables"],
    ["add table ip t2; list tables"],
    ["add", "chain", "ip", "base", "c2",
     "{ type filter hook input priority -300 ; }"],
    ["-a", "list", "ruleset"], ["-y", "list", "chains"],
]


@pytest.mark.parametrize("words", SAME, ids=" ".join)
def test_exit_code_and_output_are_nfts(nft_link, make_netns, rules, words):
    namespaces.require_nft()
    path = rules(TABLE)
    words = [word.replace("{f}", str(path)) for word in words]
    seen = []
    for program in ("nft", nft_link):
        ns = make_netns()
        ns.nft(input="table ip base { chain c { type filter hook input priority 0; tcp dport 22"
                     " accept; }; }")
        result = ns.run([program, *words], input="")
        stdout = result.stdout if words[:1] != ["-h"] else ""
        seen.append((result.returncode, stdout, ns.ruleset()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("words", [
    ["list", "ruleset", "-a"], ["list", "-a", "ruleset"], ["-a", "list", "ruleset"],
    ["list", "ruleset", "--handle"],
])
def test_options_may_stand_behind_the_command(gate, netns, rules, words):
    netns.run([gate, "-f", rules(TABLE)], check=True)
    listed = netns.run([gate, *words], check=True).stdout
    assert listed == netns.nft("-a", "list", "ruleset").stdout


@pytest.mark.parametrize("words", [
    ["add", "chain", "inet", "t", "c", "{ type filter hook input priority -300 ; }"],
    ["add", "chain", "inet", "t", "c",
     "{", "type", "filter", "hook", "input", "priority", "-300", ";", "}"],
    ["--", "add", "chain", "inet", "t", "c",
     "{", "type", "filter", "hook", "input", "priority", "-300", ";", "}"],
    ["add", "chain", "inet", "t", "c",
     "{", "type", "filter", "hook", "input", "priority", "filter", "-", "300", ";", "}"],
])
def test_numbers_and_a_lone_minus_are_words(gate, netns, words):
    netns.nft("add", "table", "inet", "t")
    netns.run([gate, *words], check=True)
    assert "priority raw;" in netns.ruleset()


# --- files ----------------------------------------------------------------------------------

def test_several_files_are_one_transaction_in_their_order(gate, netns, rules):
    first = rules("define port = 22\nadd table ip t\nadd chain ip t c\n", "1.nft")
    second = rules("add rule ip t c tcp dport $port accept\n", "2.nft")
    broken = rules("add rule ip t nochain accept\n", "3.nft")
    result = netns.run([gate, "-f", first, "-f", second, "-f", broken])
    assert result.returncode == 1
    assert netns.ruleset() == ""
    netns.run([gate, "-f", first, "-f", second], check=True)
    assert "tcp dport 22 accept" in netns.ruleset()


def test_standard_input_is_a_file(gate, netns):
    netns.run([gate, "-f", "-"], input=TABLE, check=True)
    assert "counter packets 0" in netns.ruleset()
    result = netns.run([gate, "-f", "-"], input="add rule ip t nochain accept\n")
    assert result.returncode == 1
    assert "standard input:1:" in result.stderr


def test_definitions_from_the_command_line(gate, netns, rules):
    path = rules("add table ip $name\n")
    netns.run([gate, "-D", "name=mine", "-f", path], check=True)
    assert netns.ruleset() == "table ip mine {\n}\n"
    assert netns.run([gate, "-f", path]).returncode == 1


def test_included_files_are_found_where_nft_finds_them(gate, make_netns, tmp_path, rules):
    """-I folders in order for a name; all of them, last first, for a pattern; a path as it is."""
    for name, table in {"d1/a.nft": "d1a", "d1/z.nft": "d1z", "d2/a.nft": "d2a",
                        "d2/b.nft": "d2b", "d2/.hidden.nft": "hidden", "x.nft": "x"}.items():
        rules(f"add table ip {table}\n", name)
    (tmp_path / "d2" / "folder.nft").mkdir()
    namespaces.require_nft()
    folders = ["-I", tmp_path / "d1", "-I", tmp_path / "d2"]
    for text in ('include "a.nft"\n', 'include "*.nft"\n', 'include "[b-z].nft"\n',
                 f'include "{tmp_path}/d2/b.nft"\n', f'include "{tmp_path}/d?/a.nft"\n',
                 'include "./x.nft"\n', 'include "none*.nft"\n', 'include "none.nft"\n'):
        main = rules(text, "main")
        seen = []
        for program in ("nft", gate):
            ns = make_netns()
            result = ns.run([program, *folders, "-f", main], cwd=tmp_path)
            seen.append((result.returncode, ns.ruleset()))
        assert seen[0] == seen[1], text


def test_an_included_file_may_stand_beside_the_file(gate, netns, rules):
    rules("add table ip beside\n", "part-of-this-test.nft")
    main = rules('include "part-of-this-test.nft"\n', "main")
    netns.run([gate, "-f", main], check=True, cwd="/")
    assert "table ip beside" in netns.ruleset()


# --- check, echo, output --------------------------------------------------------------------

def test_check_changes_nothing(gate, netns, rules):
    result = netns.run([gate, "-c", "-f", rules(TABLE)])
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert netns.ruleset() == ""


@pytest.fixture
def unprivileged(gate, netns):
    """Runs gate as nobody, from a copy that nobody may reach."""
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv (package util-linux)")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(gate, folder)
        yield lambda *words, **options: netns.run([*NOBODY, copy, *words], **options)


def test_without_privilege_nothing_is_listed(unprivileged):
    result = unprivileged("list", "ruleset")
    assert (result.returncode, result.stdout) == (1, "")
    assert "CAP_NET_ADMIN" in result.stderr


def test_without_privilege_the_mistake_comes_first(unprivileged):
    result = unprivileged("add", "tble", "ip", "x")
    assert result.returncode == 1
    assert "CAP_NET_ADMIN" not in result.stderr


def test_without_privilege_files_are_checked(unprivileged):
    result = unprivileged("-c", "-f", "-", input=TABLE)
    assert result.returncode == 0
    assert "note: " in result.stderr and "CAP_NET_ADMIN" in result.stderr
    assert unprivileged("-c", "-f", "-", input="add table").returncode == 1


def test_without_privilege_describe_answers(unprivileged):
    result = unprivileged("describe", "tcp", "dport")
    assert (result.returncode, result.stderr) == (0, "")
    assert "inet_service" in result.stdout


def test_a_verb_checks_files_offline(gate, netns, rules):
    good, bad = rules(TABLE), rules("add tble ip x\n", "bad.nft")
    assert netns.run([gate, "check", good]).returncode == 0
    assert netns.run([gate, "check", good, bad]).returncode == 1
    assert netns.run([gate, "check", "-"], input=TABLE).returncode == 0
    assert netns.ruleset() == ""
    iif = rules("table ip t { chain c { iif wan0 accept; }; }\n", "iif.nft")
    assert netns.run([gate, "check", iif]).returncode == 1
    assert netns.run([gate, "check", "--interfaces", "lan0,wan0", iif]).returncode == 0
    assert netns.run([gate, "check", "--interfaces=lan0", iif]).returncode == 1


def test_output_that_cannot_be_written_is_an_error(gate, netns, rules):
    netns.run([gate, "-f", rules(TABLE)], check=True)
    result = netns.run(["sh", "-c", f"'{gate}' list ruleset > /dev/full"])
    assert result.returncode == 1
    assert "No space left" in result.stderr


def test_a_reader_that_goes_away_ends_it_quietly(gate, netns, rules):
    many = "".join(f"add rule ip t c ip saddr 10.0.{i // 256}.{i % 256} counter\n"
                   for i in range(4000))
    netns.run([gate, "-f", rules("add table ip t\nadd chain ip t c\n" + many)], check=True)
    # SIGPIPE as the shell's commands have it, and ignored as daemons have it.
    script = f"exec 3>&1; {{ '{gate}' list ruleset; echo $? >&3; }} | head -n 1 >/dev/null"
    for signals, status in (("SIG_DFL", "141"), ("SIG_IGN", "1")):
        result = netns.run(["/usr/bin/python3", "-c",
                            "import os, signal, sys; signal.signal(signal.SIGPIPE, signal."
                            f"{signals}); os.execvp('sh', ['sh', '-c', sys.argv[1]])", script])
        assert (result.stdout.strip(), result.stderr) == (status, "")


def test_no_socket_is_exit_code_3(gate, netns, tmp_path):
    """As nft. While it waits for its file, the limit on open files leaves room for no more."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # The leak checker of the sanitizer build needs descriptors of its own.
    child = netns.popen([gate, "-f", fifo],
                        env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"})
    with open(fifo, "w", encoding="ascii") as file: # waits for the program to open it
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (3, 3))
        file.write("list ruleset\n")
    _, stderr = child.communicate(timeout=20)
    assert child.returncode == 3
    assert "netlink" in stderr


def test_environment_decides_colour(gate):
    """No terminal here: NO_COLOR must not be needed, and --color wins over it."""
    plain = run([gate, "--foo"], env=os.environ | {"TERM": "xterm"})
    assert "\033[" not in plain.stderr
    asked = run([gate, "--color", "--foo"], env=os.environ | {"NO_COLOR": "1"})
    assert "\033[" in asked.stderr

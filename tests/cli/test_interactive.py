# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""gate -i on a terminal (a pty) and on a pipe."""
import contextlib
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

WAIT_S = 20
PROMPT, MORE = "gate> ", "....> "
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def take_terminal():
    """Ctrl-C reaches who has it as the controlling terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A person at `gate -i`."""

    def __init__(self, netns, argv, home):
        # libedit 3.1 itself loses the name of a function added to it: not ours to fix.
        environment = os.environ | {"TERM": "xterm", "HOME": str(home),
                                    "ASAN_OPTIONS": "detect_leaks=0"}
        environment.pop("XDG_STATE_HOME", None)
        self.fd, other = pty.openpty()
        self.child = subprocess.Popen(netns.argv(argv), stdin=other, stdout=other,
                                      stderr=other, env=environment, start_new_session=True,
                                      preexec_fn=take_terminal)
        os.close(other)
        self.seen = ""

    def read_until(self, text):
        """What came up to and with `text`, colours and carriage returns taken out."""
        end = time.monotonic() + WAIT_S
        while text not in self.seen:
            assert time.monotonic() < end, f"waiting for {text!r}, saw {self.seen!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError: # the other end is closed
                    data = b""
                assert data, f"ended; waiting for {text!r}, saw {self.seen!r}"
                self.seen = ESCAPES.sub("", self.seen + data.decode())
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def type(self, text):
        """Types when the line is being edited: the prompt comes a moment before that."""
        end = time.monotonic() + WAIT_S
        while termios.tcgetattr(self.fd)[3] & termios.ECHO:
            assert time.monotonic() < end, "the terminal is never set up for editing"
            time.sleep(0.001)
        os.write(self.fd, text.encode())

    def line(self, text, prompt=PROMPT):
        """Types a line; returns what is shown until the next prompt."""
        self.type(text + "\n")
        return self.read_until(prompt)

    def end(self):
        return self.child.wait(WAIT_S)

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.fd)


@pytest.fixture
def terminal(gate, netns, tmp_path):
    """Opens `gate -i` with further options; several may follow each other."""
    with contextlib.ExitStack() as stack:
        def start(*options):
            opened = Terminal(netns, [gate, "-i", *options], tmp_path)
            stack.callback(opened.close)
            opened.read_until(PROMPT)
            return opened
        yield start


def test_each_line_is_a_transaction_and_mistakes_end_nothing(terminal, netns):
    session = terminal()
    session.line("add table inet t")
    assert "table inet t" in netns.ruleset()
    assert "error" in session.line("add tble inet x")
    assert "error" in session.line("delete table inet nosuch")
    assert "table inet t" in session.line("list tables")
    session.type("quit\n")
    assert session.end() == 0


def test_a_block_goes_over_several_lines(terminal, netns):
    session = terminal()
    session.line("table inet t {", MORE)
    session.line('chain c { # a comment with { in it', MORE)
    session.line('counter comment "a { in a string"', MORE)
    session.line("}", MORE)
    session.line("}")
    session.line("add chain inet t d \\", MORE)
    session.line("{ type filter hook input priority 0; }")
    listed = netns.ruleset()
    assert 'comment "a { in a string"' in listed and "hook input" in listed


def test_definitions_stay_known(terminal, netns):
    session = terminal()
    session.line("define port = 2222")
    session.line("add table ip t; add chain ip t c")
    session.line("add rule ip t c tcp dport $port accept")
    assert "tcp dport 2222 accept" in netns.ruleset()


def test_ctrl_c_gives_up_the_line_and_ctrl_d_ends(terminal, netns):
    session = terminal()
    session.line("table inet t {", MORE)
    session.type("chain c")
    session.read_until("chain c")
    session.type("\x03")
    session.read_until(PROMPT)
    assert netns.ruleset() == ""
    session.line("add table inet u")
    assert netns.ruleset() == "table inet u {\n}\n"
    session.type("\x04")
    assert session.end() == 0


def test_history_is_kept_for_the_owner_alone(terminal, tmp_path):
    session = terminal()
    session.line("add table inet t")
    session.type("quit\n")
    session.end()
    history = tmp_path / ".gate_history"
    assert history.stat().st_mode & 0o777 == 0o600
    session = terminal()
    session.type("\x1b[A\x1b[A") # up twice: `quit` was the last line
    session.read_until("add table inet t")


def test_tab_completes_from_the_grammar(terminal):
    session = terminal()
    session.type("fl\t")
    session.read_until("flush ")
    session.type("rul\t\n")
    session.read_until("ruleset")
    session.read_until(PROMPT)


def test_a_pipe_gets_no_prompts(gate, netns):
    result = netns.run([gate, "-i"],
                       input="add table ip t\nlist tables\nbogus\nlist tables\nquit\nlist tables\n")
    assert result.returncode == 0
    assert result.stdout == "table ip t\ntable ip t\n"
    assert result.stderr.count("error") == 1
    assert netns.run([gate, "-i"], input="").returncode == 0

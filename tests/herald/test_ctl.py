# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""herald's and heraldctl's command lines."""
import json
import os
import socket
import subprocess

import pytest

from chat import Client, run


def test_accounts_come_and_go(herald):
    assert herald.ctl("register", "alice", "a.example", "pw").stdout == \
        "User alice@a.example successfully registered\n"
    again = herald.ctl("register", "Alice", "A.example", "pw", check=False)
    assert (again.returncode, again.stderr) == \
        (1, "heraldctl: User alice@a.example already registered\n")
    assert herald.ctl("registered_users", "a.example").stdout == "alice\n"
    assert herald.ctl("registered_users", "b.example").stdout == ""
    assert herald.ctl("check_password", "alice", "a.example", "pw").returncode == 0
    assert herald.ctl("check_password", "alice", "a.example", "no", check=False).returncode == 1
    herald.ctl("change_password", "alice", "a.example", "new")
    assert herald.ctl("check_password", "alice", "a.example", "new").returncode == 0
    herald.ctl("unregister", "alice", "a.example")
    assert herald.ctl("check_account", "alice", "a.example", check=False).returncode == 1
    assert herald.ctl("registered_vhosts").stdout == "a.example\nb.example\n"
    assert "herald" in herald.ctl("status").stdout


@pytest.mark.parametrize("words,says", [
    (["registr", "a", "a.example", "b"], "did you mean `register`?"),
    (["register", "a"], "usage: register user host password"),
    (["register", "a", "c.example", "b"], "`c.example` is not a host of this server"),
    (["register", "a@b", "a.example", "b"], "is not an address"),
    (["register", "a", "a.example", ""], "not allowed"),
])
def test_a_wrong_command_is_explained(herald, words, says):
    done = herald.ctl(*words, check=False)
    assert done.returncode == 1 and says in done.stderr


def test_an_account_that_goes_takes_its_sessions_along(herald):
    herald.register("alice")

    async def scenario():
        alice = await Client(herald, "alice@a.example/x").login()
        assert herald.ctl("connected_users").stdout == "alice@a.example/x\n"
        herald.ctl("unregister", "alice", "a.example")
        await alice.ended

    run(scenario())
    assert herald.ctl("connected_users").stdout == ""


def test_the_socket_speaks_json_rpc(herald):
    path = f"{herald.run_dir.name}/herald.sock"
    assert os.stat(path).st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(b'{"jsonrpc":"2.0","id":7,"method":"registered_vhosts"}\nnonsense\n{}\n')
        lines = sock.makefile()
        assert json.loads(lines.readline()) == \
            {"jsonrpc": "2.0", "id": 7, "result": "a.example\nb.example"}
        assert json.loads(lines.readline())["error"]["code"] == -32700
        assert json.loads(lines.readline())["error"]["code"] == -32600


def test_stop_stops_it(herald):
    herald.ctl("stop")
    assert herald.process.wait(timeout=10) == 0
    assert herald.ctl("status", check=False).returncode == 3


def test_a_bad_configuration_is_said_whole(programs, tmp_path):
    config = tmp_path / "h.yml"
    config.write_text("host: [a]\nloglevel: loud\nacl: {}\n")
    done = subprocess.run([programs / "herald", "-c", config, "--check"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1
    for word in ("did you mean `hosts`?", f"{config}:2:11", "has not built ejabberd's option `acl`"):
        assert word in done.stderr


def test_the_example_is_good(programs, root):
    done = subprocess.run([programs / "herald", "-c", root / "examples/herald.yml", "--check"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")

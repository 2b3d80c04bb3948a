# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""herald's and heraldctl's command lines."""
import json
import os
import re
import socket
import sqlite3
import subprocess
import time

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
    config.write_text("host: [a]\nloglevel: loud\ncaptcha_cmd: x\n")
    done = subprocess.run([programs / "herald", "-c", config, "--check"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1
    for word in ("did you mean `hosts`?", f"{config}:2:11", "has not built ejabberd's option `captcha_cmd`"):
        assert word in done.stderr


def test_the_example_is_good(programs, root):
    done = subprocess.run([programs / "herald", "-c", root / "examples/herald.yml", "--check"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ---- sessions, rosters, messages ------------------------------------------------------------

def test_who_is_connected_is_told_in_columns(herald):
    herald.register("alice")

    async def scenario():
        alice = await Client(herald, "alice@a.example/desk").login()
        alice.send_presence(pshow="away", pstatus="at\ttea", ppriority=5)
        await alice.presence(lambda p: p["from"] == alice.boundjid)
        line = herald.ctl("connected_users_info").stdout.rstrip("\n").split("\t")
        assert line[:3] == ["alice@a.example/desk", "c2s_tls", "127.0.0.1"]
        assert int(line[3]) == alice.transport.get_extra_info("sockname")[1]
        assert line[4:6] == ["5", "herald"] and 0 <= int(line[6]) < 50
        assert line[7:] == ["away", "desk", "at tea"]
        assert herald.ctl("connected_users_number").stdout == "1\n"
        assert herald.ctl("user_resources", "alice", "a.example").stdout == "desk\n"
        for name, value in [("onlineusers", "1"), ("registeredusers", "1"), ("processes", "1")]:
            assert herald.ctl("stats", name).stdout == value + "\n"
        assert int(herald.ctl("stats", "uptimeseconds").stdout) < 60
        assert herald.ctl("stats_host", "onlineusers", "b.example").stdout == "0\n"
        assert herald.ctl("stats", "weather", check=False).returncode == 1
        assert herald.ctl("kick_session", "alice", "a.example", "phone", "why",
                          check=False).returncode == 1
        herald.ctl("kick_session", "alice", "a.example", "desk", "tidying up")
        await alice.ended

    run(scenario())


def test_a_banned_account_is_out_until_it_is_unbanned(herald):
    herald.register("alice")

    async def scenario():
        alice = await Client(herald, "alice@a.example/x").login()
        herald.ctl("ban_account", "alice", "a.example", "spam")
        await alice.ended
        with pytest.raises(PermissionError):
            await Client(herald, "alice@a.example", mechanism="PLAIN").login()
        herald.ctl("unban_account", "alice", "a.example")
        alice = await Client(herald, "alice@a.example/x").login()
        assert herald.ctl("kick_user", "alice", "a.example").stdout == "1\n"
        await alice.ended

    run(scenario())


def test_banned_accounts_are_listed_with_the_reason(herald):
    herald.register("alice", "bob")
    herald.ctl("ban_account", "bob", "a.example", "spam,\ttwice")
    assert herald.ctl("list_banned", "a.example").stdout == "bob\tspam, twice\n"
    assert herald.ctl("stats_host", "disabledusers", "a.example").stdout == "1\n"
    herald.ctl("unban_account", "bob", "a.example")
    assert herald.ctl("list_banned", "a.example").stdout == ""


def test_accounts_are_told_by_what_their_clients_show(herald):
    herald.register("alice", "bob", "carol")

    async def scenario():
        desk = await Client(herald, "alice@a.example/desk").login()
        phone = await Client(herald, "alice@a.example/phone").login()
        bob = await Client(herald, "bob@a.example/x").login()
        for client, show in ((desk, "away"), (phone, "dnd"), (bob, "xa")):
            client.send_presence(pshow=show, pstatus="at\ttea", ppriority=5 if client is desk else 1)
            await client.presence(lambda p, jid=client.boundjid: p["from"] == jid)
        for words, answer in [
                (["active_users", "a.example"], "alice\n"),
                (["idle_users", "a.example"], "bob\n"),
                (["idle_users", "b.example"], ""),
                (["stats_host", "activeusers", "a.example"], "1\n"),
                (["stats_host", "idleusers", "a.example"], "1\n"),
                (["status_list_host", "a.example", "xa"], "bob\ta.example\tx\t1\tat tea\n"),
                (["status_num_host", "a.example", "all"], "3\n"),
                (["status_num_host", "a.example", "chat"], "0\n"),
                (["get_presence", "alice", "a.example"], "alice@a.example/desk\taway\tat tea\n"),
                (["get_presence", "carol", "a.example"], "carol@a.example\tunavailable\t\n"),
                (["num_resources", "alice", "a.example"], "2\n"),
                (["num_resources", "carol", "a.example"], "0\n")]:
            assert herald.ctl(*words).stdout == answer, words
        assert {herald.ctl("resource_num", "alice", "a.example", n).stdout for n in "12"} == \
            {"desk\n", "phone\n"}
        for num, says in (("3", "no such session"), ("0", "is not a number from 1")):
            assert says in herald.ctl("resource_num", "alice", "a.example", num, check=False).stderr
        lines = [line.split("\t") for line in
                 herald.ctl("user_sessions_info", "alice", "a.example").stdout.splitlines()]
        assert sorted((len(line), line[0], line[6], line[7], line[8]) for line in lines) == \
            [(9, "c2s_tls", "away", "desk", "at tea"), (9, "c2s_tls", "dnd", "phone", "at tea")]
        stats = herald.ctl("user_stats", "bob", "a.example").stdout
        assert stats == "rostersize\t0\nonlineresources\tx\nipaddresses\t127.0.0.1\n"
        for client in (desk, phone, bob):
            await client.leave()

    run(scenario())


def days_ago(herald, user, days):
    """As if the account had been there last so long ago (None: never). herald does not run."""
    db = sqlite3.connect(herald.folder / "spool/herald.db")
    place = "place=(SELECT id FROM place WHERE host='a.example' AND name='last' AND user=?)"
    if days is None:
        changed = db.execute(f"DELETE FROM item WHERE {place}", (user,))
    else:
        value = f"{int(time.time()) - days * 86400} gone\tfishing".encode()
        changed = db.execute(f"UPDATE item SET value=? WHERE {place}", (value, user))
    assert changed.rowcount == 1
    db.commit()
    db.close()


def test_who_does_not_come_any_more_is_deleted(make_herald):
    herald = make_herald("acl: {admin: {user: admin@a.example}, kept: {user: dora}}\n"
                         "access_rules: {protect_old_users: {allow: kept}}\n")
    users = ["admin", "alice", "bob", "carol", "dora", "eve"]
    herald.register(*users)
    herald.register("frank", host="b.example")

    async def come_and_go(user):
        await (await (await Client(herald, f"{user}@a.example/x").login()).come()).leave()

    for user in users:
        run(come_and_go(user))
    assert herald.ctl("num_active_users", "a.example", "1").stdout == "6\n"
    herald.stop()
    for user, days in (("admin", 90), ("bob", 90), ("carol", None), ("dora", 90), ("eve", 20)):
        days_ago(herald, user, days)
    herald.start()
    assert herald.ctl("num_active_users", "a.example", "30").stdout == "2\n"
    when, text = herald.ctl("get_last", "bob", "a.example").stdout.rstrip("\n").split("\t")
    assert text == "gone fishing" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert herald.ctl("get_last", "carol", "a.example").stdout == "never\t\n"
    assert "no account" in herald.ctl("get_last", "nobody", "a.example", check=False).stderr

    async def scenario():
        carol = await (await Client(herald, "carol@a.example/x").login()).come()
        assert herald.ctl("get_last", "carol", "a.example").stdout.endswith("Z\tONLINE\n")
        assert herald.ctl("delete_old_users_vhost", "a.example", "30").stdout == \
            "Deleted 1 users: bob@a.example\n"
        await carol.leave()

    run(scenario())
    assert herald.ctl("delete_old_users", "10").stdout == \
        "Deleted 2 users: frank@b.example eve@a.example\n"
    assert herald.ctl("delete_old_users", "10").stdout == "Deleted 0 users\n"
    assert herald.ctl("registered_users", "a.example").stdout.split() == \
        ["admin", "alice", "carol", "dora"]
    assert "is not a number from 1" in herald.ctl("delete_old_users", "0", check=False).stderr


def test_nobody_is_deleted_when_nobody_knows_who_was_there(make_herald):
    herald = make_herald("host_config: {b.example: {modules: {mod_ping: {}}}}\n")
    herald.register("alice")
    for words in (["delete_old_users", "1"], ["get_last", "alice", "b.example"],
                  ["num_active_users", "b.example", "1"]):
        assert "needs the module mod_last, which is off for b.example" in \
            herald.ctl(*words, check=False).stderr
    assert herald.ctl("registered_users", "a.example").stdout == "alice\n"


def test_a_roster_is_read_and_changed_while_its_owner_looks(herald):
    herald.register("alice")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example/x").login()).come()
        await alice.pushes.get()  # the roster itself
        herald.ctl("add_rosteritem", "alice", "a.example", "bob", "b.example", "Bob & Co",
                   "Friends;Work", "both")
        push = await alice.pushes.get()
        item = push["roster"]["items"]["bob@b.example"]
        assert (item["name"], item["subscription"], sorted(item["groups"])) == \
            ("Bob & Co", "both", ["Friends", "Work"])
        await alice.leave()

    run(scenario())
    line = "bob@b.example\tBob & Co\tboth\tnone\tFriends;Work\n"
    assert herald.ctl("get_roster", "alice", "a.example").stdout == line
    herald.stop()
    herald.start()
    assert herald.ctl("get_roster", "alice", "a.example").stdout == line
    herald.ctl("delete_rosteritem", "alice", "a.example", "bob", "b.example")
    assert herald.ctl("get_roster", "alice", "a.example").stdout == ""
    for words in (["get_roster", "nobody", "a.example"],
                  ["delete_rosteritem", "alice", "a.example", "bob", "b.example"],
                  ["add_rosteritem", "alice", "a.example", "b", "b.example", "", "", "maybe"]):
        assert herald.ctl(*words, check=False).returncode == 1


def test_messages_from_the_administrator_arrive(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example/x").login()).come()
        herald.ctl("send_message", "chat", "a.example", "alice@a.example", "", "<hello>")
        got = await alice.message()
        assert (got["from"], got["type"], got["body"]) == ("a.example", "chat", "<hello>")
        assert herald.ctl("announce", "a.example", "Note", "down at 5").stdout == \
            "told 1 sessions\n"
        got = await alice.message()
        assert (got["type"], got["subject"], got["body"]) == ("headline", "Note", "down at 5")
        await alice.leave()

    run(scenario())
    herald.ctl("send_message", "chat", "a.example", "bob@a.example", "", "for later")

    async def later():
        bob = await (await Client(herald, "bob@a.example/x").login()).come()
        assert (await bob.message())["body"] == "for later"
        await bob.leave()

    run(later())
    for words in (["send_message", "shout", "a.example", "a@a.example", "", "x"],
                  ["send_message", "chat", "evil.example", "a@a.example", "", "x"],
                  ["announce", "c.example", "", "x"],
                  ["announce", "a.example", "", "bell \a"]):
        assert herald.ctl(*words, check=False).returncode == 1


# ---- the server -----------------------------------------------------------------------------

def test_help_tells_what_a_command_wants(herald):
    text = herald.ctl("help").stdout
    assert "register user host password\n    make an account\n" in text
    assert herald.ctl("help", "backup").stdout == \
        "backup file\n    write a consistent copy of the database\n"
    assert herald.ctl("help", "nothing", check=False).returncode == 1


def test_the_manual_names_every_command(herald, root):
    manual = (root / "docs/heraldctl.8").read_text()
    names = [line.split()[0] for line in herald.ctl("help").stdout.splitlines()
             if not line.startswith(" ")]
    assert len(names) > 30
    assert not [name for name in names if not re.search(rf"\b{name}\b", manual)]


def test_the_loglevel_changes(herald):
    herald.ctl("set_loglevel", "error")
    assert herald.ctl("get_loglevel").stdout == "error\n"
    assert herald.ctl("set_loglevel", "loud", check=False).returncode == 1


def test_a_backup_is_gone_back_to(herald, tmp_path):
    herald.register("alice")
    backup = tmp_path / "backup.db"
    herald.ctl("backup", str(backup))
    assert herald.ctl("backup", str(backup), check=False).returncode == 1
    herald.ctl("unregister", "alice", "a.example")
    herald.register("bob")
    said = herald.ctl("restore", "--dry-run", str(backup)).stdout
    assert "schema version 1, 1 accounts" in said
    assert not (herald.folder / "spool/herald.db.restore").exists()
    said = herald.ctl("restore", str(backup)).stdout
    assert "restart herald" in said
    assert herald.ctl("registered_users", "a.example").stdout == "bob\n"
    herald.stop()
    herald.start()
    assert herald.ctl("registered_users", "a.example").stdout == "alice\n"
    assert herald.ctl("check_password", "alice", "a.example", "secret").returncode == 0
    assert (herald.folder / "spool/herald.db.before-restore").exists()
    assert "begins with the backup" in herald.log.read_text()


@pytest.mark.parametrize("make,says", [
    (lambda path: path.write_bytes(b"no database" * 100), "damaged"),
    (lambda path: path.write_bytes(b""), "no database of herald's"),
    (lambda path: None, "backup.db"),
])
def test_what_is_no_backup_is_refused(herald, tmp_path, make, says):
    path = tmp_path / "backup.db"
    make(path)
    done = herald.ctl("restore", str(path), check=False)
    assert done.returncode == 1 and says in done.stderr
    assert not (herald.folder / "spool/herald.db.restore").exists()

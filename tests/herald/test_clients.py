# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Clients that people use: finch (Pidgin's engine), profanity and go-sendxmpp talk to slixmpp
through herald. What their screens showed is kept beside the test's files."""
import asyncio
import os
import pathlib
import shutil
import subprocess

import pytest

from authority import Authority
from chat import Client, run
from terminal import Terminal


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"needs {program}: it is not installed")


@pytest.fixture
def signed(make_herald, tmp_path):
    """A server with a certificate of a test's authority, and that authority."""
    authority = Authority(tmp_path)
    pem = authority.sign("a.example", ["DNS:a.example"])
    server = make_herald(f"certfiles: [{pem}]\nacl: {{admin: {{user: carol@a.example}}}}\n")
    server.register("alice", "bob", "carol")
    return server, authority


# ---- finch ----------------------------------------------------------------------------------

FINCH_ACCOUNTS = """<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'>
 <account>
  <protocol>prpl-jabber</protocol>
  <name>alice@a.example/finch</name>
  <password>secret</password>
  <settings>
   <setting name='connect_server' type='string'>127.0.0.1</setting>
   <setting name='port' type='int'>{port}</setting>
   <setting name='connection_security' type='string'>{security}</setting>
  </settings>
  <settings ui='gnt-purple'>
   <setting name='auto-login' type='bool'>1</setting>
  </settings>
 </account>
</account>
"""


@pytest.fixture
def finch(signed, tmp_path):
    """A function that starts finch as alice. Its certificate is in finch's own list, as after
    the question whether to trust it."""
    need("finch", "tmux")
    server, authority = signed
    started = []

    def start(security="require_tls"):
        home = tmp_path / "finch"
        peers = home / "certificates/x509/tls_peers"
        peers.mkdir(parents=True, exist_ok=True)
        # Filed under what finch connects to.
        shutil.copy(authority.folder / "a.example.pem.crt", peers / "127.0.0.1")
        port = server.tls_port if security == "old_ssl" else server.port
        (home / "accounts.xml").write_text(FINCH_ACCOUNTS.format(port=port, security=security))
        started.append(Terminal(["finch", "-c", home], tmp_path / f"finch{len(started)}.txt"))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()


@pytest.mark.parametrize("security", ["require_tls", "old_ssl"])
def test_finch_chats_both_ways(signed, finch, security):
    server, _ = signed

    async def scenario():
        bob = await (await Client(server, "bob@a.example/slix").login()).come()
        bob.send_message("alice@a.example", "kept for later", mtype="chat")
        await bob.get_roster()
        screen = finch(security)
        await screen.shows("kept for later")
        bob.send_message("alice@a.example", "are you there?", mtype="chat")
        await screen.shows("are you there?")
        screen.keys("M-2")  # from the list of buddies to the conversation
        screen.type("yes, with Pidgin's engine")
        got = await bob.message()
        assert got["body"] == "yes, with Pidgin's engine"
        assert got["from"].bare == "alice@a.example"
        await bob.leave()

    run(scenario())


# ---- profanity ------------------------------------------------------------------------------

@pytest.fixture
def profanity(signed, tmp_path):
    """A function that starts profanity logged in as a user, with commands typed behind."""
    need("profanity", "tmux")
    server, _ = signed
    started = []

    def start(user, resource, *commands):
        home = tmp_path / f"profanity-{user}-{resource}"
        (home / "data/profanity").mkdir(parents=True)
        (home / "config/profanity").mkdir(parents=True)
        (home / "data/profanity/accounts").write_text(
            f"[{user}]\nenabled=true\njid={user}@a.example\nserver=127.0.0.1\n"
            f"port={server.port}\nresource={resource}\ntls.policy=trust\npassword=secret\n")
        (home / "config/profanity/profrc").write_text(
            "[ui]\nsplash=false\n[notifications]\nmessage=false\n")
        env = {"XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config",
               "HOME": str(home)}
        terminal = Terminal(["profanity", "-a", user], tmp_path / f"{home.name}.txt", env)
        started.append(terminal)
        return terminal

    yield start
    for terminal in started:
        terminal.close()


def test_profanity_chats_and_shows_carbons(signed, profanity):
    server, _ = signed

    async def scenario():
        screen = profanity("alice", "prof")
        await screen.shows("logged in successfully")
        screen.type("/carbons on")
        await screen.shows("Message carbons preference enabled")
        bob = await (await Client(server, "bob@a.example/slix").login()).come()
        desk = await (await Client(server, "alice@a.example/desk").login()).come(priority=5)
        screen.type("/msg bob@a.example hello from profanity")
        got = await bob.message()
        assert got["body"] == "hello from profanity"
        # What bob writes to the desk alone, and the desk's answer, come as carbons.
        bob.send_message("alice@a.example/desk", "only for the desk", mtype="chat")
        assert (await desk.message())["body"] == "only for the desk"
        await screen.shows("only for the desk")
        desk.send_message("bob@a.example", "said at the desk", mtype="chat")
        await screen.shows("said at the desk")
        await bob.leave()
        await desk.leave()

    run(scenario())


def test_profanity_sees_a_contact_come_and_go(signed, profanity):
    server, _ = signed

    async def scenario():
        screen = profanity("alice", "prof")
        await screen.shows("logged in successfully")
        bob = await (await Client(server, "bob@a.example/slix").login()).come()
        screen.type("/roster add bob@a.example Bobby")
        screen.type("/sub request bob@a.example")
        await bob.presence(lambda p: p["type"] == "subscribe" and p["from"] == "alice@a.example")
        bob.send_presence(pto="alice@a.example", ptype="subscribed")
        await screen.shows("Bobby (slix) is online")
        await bob.leave()
        await screen.shows("Bobby (slix) is offline")

    run(scenario())


def test_profanity_administers(signed, profanity):
    server, _ = signed

    async def scenario():
        screen = profanity("carol", "prof")
        await screen.shows("logged in successfully")
        for left in reversed(range(10)):  # profanity learns meanwhile what the server can
            screen.type("/cmd exec http://jabber.org/protocol/admin#get-registered-users-num a.example")
            try:
                await screen.shows("Get Number of Registered Users: 3", timeout=3)
                break
            except AssertionError:
                if not left:
                    raise
        screen.type("/cmd exec http://jabber.org/protocol/admin#add-user a.example")
        await screen.shows("[field3] The password again (required)")
        for line in ("/field1 zoe@a.example", "/field2 pw", "/field3 pw", "/form submit"):
            screen.type(line)
        await screen.shows("User zoe@a.example successfully registered")

    run(scenario())
    assert server.ctl("check_password", "zoe", "a.example", "pw").returncode == 0


# ---- go-sendxmpp ----------------------------------------------------------------------------

@pytest.mark.parametrize("direct", [False, True])
def test_go_sendxmpp_sends_and_listens(signed, tmp_path, direct):
    need("go-sendxmpp")
    server, authority = signed
    port = server.tls_port if direct else server.port
    env = dict(os.environ, SSL_CERT_FILE=str(authority.cert), HOME=str(tmp_path))
    command = ["go-sendxmpp", "-u", "alice@a.example", "-p", "secret", "-j", f"127.0.0.1:{port}",
               *(["-t"] if direct else [])]

    async def scenario():
        bob = await (await Client(server, "bob@a.example").login()).come()
        done = await asyncio.to_thread(
            subprocess.run, [*command, "bob@a.example"], input="from a script\n", text=True,
            capture_output=True, timeout=20, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert (await bob.message())["body"].strip() == "from a script"
        listener = await asyncio.create_subprocess_exec(
            *command, "-l", stdout=asyncio.subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)

        async def heard():
            """What comes while it logs in it may miss, without a word (herald does not: test_im.py)."""
            while True:
                bob.send_message("alice@a.example", "to the script", mtype="chat")
                try:
                    return await asyncio.wait_for(listener.stdout.readline(), 5)
                except asyncio.TimeoutError:
                    pass

        try:
            line = await asyncio.wait_for(heard(), 30)
        finally:  # it would run on, and take a whole processor when herald is gone
            listener.kill()
            await listener.wait()
        assert b"to the script" in line
        await bob.leave()

    run(scenario())


def test_the_evidence_is_kept(tmp_path):
    """Terminal writes down what it saw."""
    need("tmux")
    terminal = Terminal(["sh", "-c", "echo seen; sleep 60"], tmp_path / "sh.txt")
    asyncio.run(terminal.shows("seen"))
    terminal.close()
    assert "seen" in pathlib.Path(tmp_path / "sh.txt").read_text()

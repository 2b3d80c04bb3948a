# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Two people log in and talk: slixmpp on STARTTLS and SCRAM, against a herald of its own."""
import ssl

import pytest

from chat import Client, run


def test_two_clients_exchange_messages(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example/desk").login()).come()
        bob = await (await Client(herald, "bob@a.example/phone").login()).come()
        assert alice.boundjid == "alice@a.example/desk"
        alice.send_message("bob@a.example", "hello <bob> & 'all' \U0001f4a9", mtype="chat")
        got = await bob.message()
        assert got["body"] == "hello <bob> & 'all' \U0001f4a9"
        assert got["from"] == "alice@a.example/desk"
        bob.send_message("alice@a.example/desk", "hi", mtype="chat")
        got = await alice.message()
        assert (got["body"], got["from"]) == ("hi", "bob@a.example/phone")
        await alice.leave()
        await bob.leave()

    run(scenario())


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256",
                                       "SCRAM-SHA-1", "PLAIN"])
def test_every_mechanism_logs_in(herald, mechanism):
    herald.register("alice")

    async def scenario():
        client = await Client(herald, "alice@a.example", mechanism=mechanism,
                              binding=mechanism.endswith("-PLUS")).login()
        assert client.boundjid.resource
        await client.leave()

    run(scenario())


def test_a_stripped_offer_of_channel_binding_is_noticed(herald):
    herald.register("alice")

    async def scenario():
        with pytest.raises(PermissionError):
            await Client(herald, "alice@a.example", mechanism="SCRAM-SHA-256").login()

    run(scenario())
    assert "the offer of channel binding did not reach the client" in herald.log.read_text()


def test_tls_1_3_logs_in_by_the_last_resort(herald):
    herald.register("alice")

    async def scenario():
        alice = Client(herald, "alice@a.example")
        alice.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_3
        await alice.login()
        assert alice.socket.version() == "TLSv1.3"
        await alice.leave()

    run(scenario())


def test_direct_tls_logs_in(herald):
    herald.register("alice")

    async def scenario():
        client = await Client(herald, "alice@a.example", direct=True).login()
        await client.leave()

    run(scenario())


@pytest.mark.parametrize("jid,password", [("alice@a.example", "geheim7"),
                                          ("nobody@a.example", "secret"),
                                          ("alice@b.example", "secret")])
def test_a_wrong_login_is_refused(herald, jid, password):
    herald.register("alice")

    async def scenario():
        with pytest.raises(PermissionError):
            await Client(herald, jid, password, mechanism="PLAIN").login()

    run(scenario())
    log = herald.log.read_text()
    assert "c2s.login.failed" in log and f"`{jid}`" in log
    assert password not in log

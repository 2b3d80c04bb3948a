# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Roster, presence, subscriptions, offline messages, carbons: RFC 6121 as clients see it."""
import asyncio
import re
import threading
import time

import pytest
from slixmpp.exceptions import IqError

from chat import Client, run
from raw import NS, Raw, name


async def pair(herald):
    alice = await (await Client(herald, "alice@a.example/desk").login()).come()
    bob = await (await Client(herald, "bob@a.example/phone").login()).come()
    return alice, bob


async def befriend(alice, bob):
    """Alice asks, Bob agrees and asks back, Alice agrees."""
    for one, other in ((alice, bob), (bob, alice)):
        one.send_presence(pto=other.boundjid.bare, ptype="subscribe")
        await other.presence(lambda p, one=one: p["type"] == "subscribe"
                             and p["from"] == one.boundjid.bare)
        other.send_presence(pto=one.boundjid.bare, ptype="subscribed")
        await one.presence(lambda p, other=other: p["type"] == "subscribed"
                           and p["from"] == other.boundjid.bare)
        await one.presence(lambda p, other=other: p["from"] == other.boundjid
                           and p["type"] == "available")


async def roster_of(client):
    client.client_roster.version = ""  # all of it
    reply = await client.get_roster()
    return {str(jid): dict(item) for jid, item in reply["roster"]["items"].items()}


def test_a_subscription_shows_presence_both_ways(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice, bob = await pair(herald)
        await befriend(alice, bob)
        assert (await roster_of(alice))["bob@a.example"]["subscription"] == "both"
        assert (await roster_of(bob))["alice@a.example"]["subscription"] == "both"
        alice.send_presence(pshow="away", pstatus="tea")
        seen = await bob.presence(lambda p: p["from"] == alice.boundjid and p["show"] == "away")
        assert seen["status"] == "tea"
        # A broken connection, too, is an unavailable.
        alice.abort()
        await bob.presence(lambda p: p["type"] == "unavailable" and p["from"] == alice.boundjid)
        # Who comes later is told who is there.
        again = Client(herald, "alice@a.example/two")
        await again.login()
        await again.get_roster()
        again.send_presence()
        await again.presence(lambda p: p["from"] == bob.boundjid and p["type"] == "available")
        await again.leave()
        await bob.leave()

    run(scenario())


def test_a_request_waits_for_who_is_not_there(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example").login()).come()
        alice.send_presence(pto="bob@a.example", ptype="subscribe")
        assert (await roster_of(alice))["bob@a.example"]["ask"] == "subscribe"
        bob = await Client(herald, "bob@a.example").login()
        assert await roster_of(bob) == {}  # only asked: no contact yet
        bob.send_presence()
        await bob.presence(lambda p: p["type"] == "subscribe" and p["from"] == "alice@a.example")
        await alice.leave()
        await bob.leave()

    run(scenario())


def test_the_roster_is_kept_over_a_restart(herald):
    herald.register("alice", "bob")

    async def change():
        alice, bob = await pair(herald)
        await befriend(alice, bob)
        await alice.update_roster("carol@b.example", name="Carol <3", groups=["one", "t&wo"])
        await alice.leave()
        await bob.leave()

    async def look():
        alice = await Client(herald, "alice@a.example").login()
        roster = await roster_of(alice)
        assert roster["carol@b.example"]["name"] == "Carol <3"
        assert sorted(roster["carol@b.example"]["groups"]) == ["one", "t&wo"]
        assert roster["bob@a.example"]["subscription"] == "both"
        await alice.del_roster_item("bob@a.example")
        assert "bob@a.example" not in await roster_of(alice)
        bob = await Client(herald, "bob@a.example").login()
        assert (await roster_of(bob))["alice@a.example"]["subscription"] == "none"
        await alice.leave()
        await bob.leave()

    run(change())
    assert herald.stop() == 0
    herald.start()
    run(look())


def test_offline_messages_come_once_with_their_time(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example").login()).come()
        for i in range(5):
            alice.send_message("bob@a.example", f"m{i}", mtype="chat")
        # An answer to something later says that all of it was handled.
        await alice.get_roster()
        bob = Client(herald, "bob@a.example")
        bob.register_plugin("xep_0203")
        await bob.login()
        bob.send_presence()
        got = [await bob.message() for _ in range(5)]
        assert [m["body"] for m in got] == [f"m{i}" for i in range(5)]
        assert all(m["delay"]["from"] == "a.example" and m["delay"]["stamp"] for m in got)
        await bob.leave()
        bob = await (await Client(herald, "bob@a.example").login()).come()
        await bob.get_roster()
        assert bob.messages.empty()
        await alice.leave()
        await bob.leave()

    run(scenario())


def test_messages_while_their_receiver_comes_and_goes_come_once(make_herald):
    """What meets a login comes at once or out of the store."""
    herald = make_herald("shaper_rules: {max_user_offline_messages: 100000}\n")
    herald.register("alice", "bob")
    bob, sent, got, stop = Raw(herald.port).session("bob", "b"), [], [], threading.Event()

    def talk():
        while not stop.is_set():
            sent.append(f"m{len(sent)}")
            bob.send(f"<message to='alice@a.example' type='chat'><body>{sent[-1]}</body></message>")
            time.sleep(0.002)
        bob.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")

    def is_last(x):
        if name(x) == "message":
            got.append(x.findtext("c:body", namespaces=NS))
        return x.get("id") == "last"

    def visit():
        alice = Raw(herald.port)
        alice.login("alice")
        alice.bind("a")
        alice.send("<presence/>")
        time.sleep(0.02)
        alice.send("<presence type='unavailable'/>"
                   "<iq type='get' id='last' to='a.example'><ping xmlns='urn:xmpp:ping'/></iq>")
        alice.until(is_last)
        alice.close()

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for _ in range(20):
            visit()
    finally:
        stop.set()
        talker.join()
    visit()
    assert sorted(got) == sorted(sent)


def test_the_other_devices_get_carbons(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice, bob = await pair(herald)
        second = Client(herald, "bob@a.example/tablet")
        second.register_plugin("xep_0280")
        await second.login()
        await second.come(priority=-1)  # so that only a carbon can reach it
        await second["xep_0280"].enable()
        alice.send_message("bob@a.example/phone", "hello", mtype="chat")
        assert (await bob.message())["body"] == "hello"
        carbon = await second.message()
        assert carbon["from"] == "bob@a.example"
        assert carbon["carbon_received"]["body"] == "hello"
        bob.send_message("alice@a.example", "hi", mtype="chat")
        assert (await alice.message())["body"] == "hi"
        assert (await second.message())["carbon_sent"]["body"] == "hi"
        for client in (alice, bob, second):
            await client.leave()

    run(scenario())


def test_what_cannot_be_delivered_comes_back(herald):
    herald.register("alice", "bob")
    cases = [("nobody@a.example", "service-unavailable"),
             ("bob@far.example", "remote-server-not-found"),
             ("a.example", "service-unavailable")]

    async def scenario():
        alice = await (await Client(herald, "alice@a.example").login()).come()
        for to, condition in cases:
            alice.send_message(to, "hello", mtype="chat")
            error = await alice.message()
            assert error["type"] == "error" and error["from"] == to
            assert error["error"]["condition"] == condition
        for to in ("nobody@a.example", "bob@a.example", "bob@a.example/gone", "a.example"):
            iq = alice.make_iq_get("urn:example:nothing", ito=to)
            with pytest.raises(IqError) as caught:
                await iq.send(timeout=10)
            assert caught.value.condition == "service-unavailable"
        await alice.leave()

    run(scenario())


def test_the_server_says_what_it_is(herald):
    herald.register("alice")

    async def scenario():
        alice = Client(herald, "alice@a.example")
        for plugin in ("xep_0030", "xep_0199", "xep_0092", "xep_0202", "xep_0054", "xep_0049"):
            alice.register_plugin(plugin)
        await alice.login()
        info = await alice["xep_0030"].get_info("a.example", timeout=10)
        features = info["disco_info"]["features"]
        assert {"http://jabber.org/protocol/disco#info", "urn:xmpp:ping", "urn:xmpp:time",
                "jabber:iq:version", "vcard-temp", "urn:xmpp:carbons:2",
                "msgoffline"} <= set(features)
        assert ("server", "im", None, "herald") in info["disco_info"]["identities"]
        await alice["xep_0030"].get_items("a.example", timeout=10)
        assert await alice["xep_0199"].ping("a.example", timeout=10) >= 0
        version = await alice["xep_0092"].get_version("a.example", timeout=10)
        assert version["software_version"]["name"] == "herald"
        time = await alice["xep_0202"].get_entity_time("a.example")
        stamp = time.xml.find("{urn:xmpp:time}time/{urn:xmpp:time}utc").text
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
        card = alice["xep_0054"].make_vcard()
        card["FN"] = "Alice <A>"
        await alice["xep_0054"].publish_vcard(card)
        got = await alice["xep_0054"].get_vcard("alice@a.example", cached=False)
        assert got["vcard_temp"]["FN"] == "Alice <A>"
        await alice.leave()

    run(scenario())


def test_nobody_speaks_for_another(herald):
    herald.register("alice", "bob")

    async def scenario():
        alice, bob = await pair(herald)
        alice.send_raw("<message to='bob@a.example' from='alice@a.example'><body>1</body></message>")
        assert (await bob.message())["from"] == "alice@a.example/desk"
        alice.send_raw("<message to='bob@a.example' from='carol@a.example'><body>2</body></message>")
        await asyncio.wait_for(alice.ended, 10)
        assert bob.messages.empty()
        await bob.leave()

    run(scenario())
    assert "invalid-from" in herald.log.read_text()


def test_a_resource_goes_to_the_newcomer(herald):
    herald.register("alice")

    async def scenario():
        first = await Client(herald, "alice@a.example/desk").login()
        second = await Client(herald, "alice@a.example/desk").login()
        await asyncio.wait_for(first.ended, 10)
        await second.get_roster()
        await second.leave()

    run(scenario())

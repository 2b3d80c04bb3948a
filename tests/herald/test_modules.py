# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What every client asks of a server, one test a standard, with bare streams."""
import base64
import hashlib
import time

import pytest

from raw import NS, Raw, name
from stream import Stream


def befriend(one, other):
    """Both see each other's presence."""
    for a, b in ((one, other), (other, one)):
        a.send(f"<presence to='{b.jid.partition('/')[0]}' type='subscribe'/>")
        b.until(lambda x: name(x) == "presence" and x.get("type") == "subscribe")
        b.send(f"<presence to='{a.jid.partition('/')[0]}' type='subscribed'/>")
        a.until(lambda x, b=b: name(x) == "presence" and x.get("from") == b.jid)


@pytest.fixture
def people(herald):
    """alice/a and bob/b, available and strangers."""
    herald.register("alice", "bob")
    two = Raw(herald.port).session("alice", "a"), Raw(herald.port).session("bob", "b")
    yield two
    for each in two:
        each.close()


def body_of(client):
    return client.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS)


# ---- XEP-0191 -------------------------------------------------------------------------------

BLOCKING = "xmlns='urn:xmpp:blocking'"


def block(client, *jids, verb="block"):
    items = "".join(f"<item jid='{jid}'/>" for jid in jids)
    assert client.ask(f"<{verb} {BLOCKING}>{items}</{verb}>", "set").get("type") == "result"


def blocked(client):
    reply = client.ask(f"<blocklist {BLOCKING}/>")
    return sorted(item.get("jid") for item in reply[0])


def test_who_is_blocked_neither_sees_nor_reaches(herald, people):
    alice, bob = people
    befriend(alice, bob)
    assert blocked(alice) == []
    block(alice, "bob@a.example")
    assert blocked(alice) == ["bob@a.example"]
    gone = bob.until(lambda x: name(x) == "presence" and x.get("type") == "unavailable")
    assert gone.get("from") == alice.jid
    bob.send("<message to='alice@a.example' id='m' type='chat'><body>hey</body></message>")
    error = bob.until(lambda x: x.get("id") == "m")
    assert error.find("c:error/stanzas:service-unavailable", NS) is not None
    assert bob.ask("<ping xmlns='urn:xmpp:ping'/>", to=alice.jid).get("type") == "error"
    bob.send("<presence><show>away</show></presence>")
    alice.send("<message to='bob@a.example' id='n' type='chat'><body>hey</body></message>")
    error = alice.next()  # bob's presence did not come
    assert error.get("id") == "n"
    assert error.find("c:error/stanzas:not-acceptable", NS) is not None
    assert error.find("c:error/{urn:xmpp:blocking:errors}blocked", NS) is not None
    block(alice, "bob@a.example", verb="unblock")
    bob.until(lambda x: name(x) == "presence" and x.get("from") == alice.jid and not x.get("type"))
    bob.send("<message to='alice@a.example' type='chat'><body>again</body></message>")
    assert body_of(alice) == "again"


@pytest.mark.parametrize("pattern", ["bob@a.example/b", "a.example/b", "a.example", "Bob@A.Example"])
def test_a_block_fits_by_its_form(herald, people, pattern):
    alice, bob = people
    block(alice, pattern)
    bob.send("<message to='alice@a.example' id='m'><body>x</body></message>")
    assert bob.until(lambda x: x.get("id") == "m").get("type") == "error"


def test_a_block_list_is_kept_and_pushed(herald, people):
    alice, _ = people
    second = Raw(herald.port).session("alice", "second")
    blocked(second)
    block(alice, "x@far.example", "bob@a.example/other")
    push = second.until(lambda x: name(x) == "iq" and x.get("type") == "set")
    assert {item.get("jid") for item in push[0]} == {"x@far.example", "bob@a.example/other"}
    second.close()
    assert herald.stop() == 0
    herald.start()
    again = Raw(herald.port).session("alice", "again")
    assert blocked(again) == ["bob@a.example/other", "x@far.example"]
    block(again, verb="unblock")
    assert blocked(again) == []
    again.close()


# ---- XEP-0012 -------------------------------------------------------------------------------

LAST = "<query xmlns='jabber:iq:last'/>"


def test_last_activity_is_for_those_who_may_see_presence(herald, people):
    alice, bob = people
    assert bob.ask(LAST, to="alice@a.example").find("c:error/stanzas:forbidden", NS) is not None
    befriend(alice, bob)
    assert bob.ask(LAST, to="alice@a.example")[0].get("seconds") == "0"
    assert int(bob.ask(LAST, to="a.example")[0].get("seconds")) < 60
    alice.send("<presence type='unavailable'><status>to the sea</status></presence></stream:stream>")
    alice.rest()
    bob.until(lambda x: x.get("type") == "unavailable")
    answer = bob.ask(LAST, to="alice@a.example")[0]
    assert answer.text == "to the sea" and int(answer.get("seconds")) < 10


# ---- XEP-0153 -------------------------------------------------------------------------------

def test_presence_names_the_picture(herald, people):
    alice, bob = people
    befriend(alice, bob)
    picture = b"\x89PNG not really"
    data = base64.b64encode(picture).decode()
    card = f"<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>\n{data}\n</BINVAL></PHOTO></vCard>"
    assert alice.ask(card, "set").get("type") == "result"
    seen = bob.until(lambda x: name(x) == "presence" and x.get("from") == alice.jid)
    photo = seen.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
    assert photo == hashlib.sha1(picture).hexdigest()
    # A client that says something about pictures is believed.
    alice.send("<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>")
    seen = bob.until(lambda x: name(x) == "presence" and x.get("from") == alice.jid)
    assert not seen.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
    assert herald.stop() == 0
    herald.start()
    alice = Raw(herald.port)
    alice.login("alice")
    alice.bind("a")
    alice.send("<presence/>")
    own = alice.until(lambda x: name(x) == "presence")
    assert own.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo") == photo
    alice.close()


# ---- XEP-0352 -------------------------------------------------------------------------------

def test_an_inactive_client_is_left_in_peace(herald, people):
    alice, bob = people
    befriend(alice, bob)
    alice.send("<inactive xmlns='urn:xmpp:csi:0'/>")
    alice.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
    for show in ("away", "xa", "dnd"):
        bob.send(f"<presence><show>{show}</show></presence>")
    bob.send("<message to='alice@a.example' type='chat'><composing "
             "xmlns='http://jabber.org/protocol/chatstates'/></message>")
    bob.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
    alice.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        alice.next()
    alice.sock.settimeout(10)
    # What cannot wait takes the rest along: the last presence only.
    bob.send("<message to='alice@a.example' type='chat'><body>wake up</body></message>")
    got = [alice.next() for _ in range(3)]
    assert [name(x) for x in got] == ["presence", "message", "message"]
    assert got[0].findtext("c:show", namespaces=NS) == "dnd"
    assert got[2].findtext("c:body", namespaces=NS) == "wake up"
    bob.send("<presence><show>away</show></presence>")
    bob.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
    alice.send("<active xmlns='urn:xmpp:csi:0'/>")
    assert alice.next().findtext("c:show", namespaces=NS) == "away"


# ---- XEP-0077 -------------------------------------------------------------------------------

REGISTER = "xmlns='jabber:iq:register'"


def test_a_password_is_changed_by_its_owner(herald, people):
    alice, _ = people
    second = Raw(herald.port).session("alice", "second")
    reply = alice.ask(f"<query {REGISTER}><username>alice</username><password>new</password></query>",
                      "set", to="a.example")
    assert reply.get("type") == "result"
    assert second.error() == "reset"  # who may know the old one only is out
    assert alice.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example").get("type") == "result"
    other = Raw(herald.port)
    other.starttls()
    assert name(other.plain("alice", "secret")) == "failure"
    assert name(other.plain("alice", "new")) == "success"
    for payload, condition in [("<username>bob</username><password>x</password>", "not-allowed"),
                               ("<username>alice</username>", "bad-request"),
                               ("<username>alice</username><password>\u0007</password>", None)]:
        if condition:
            reply = alice.ask(f"<query {REGISTER}>{payload}</query>", "set")
            assert reply.find(f"c:error/stanzas:{condition}", NS) is not None


def test_an_account_is_removed_by_its_owner(herald, people):
    alice, bob = people
    reply = alice.ask(f"<query {REGISTER}><remove/></query>", "set")
    assert reply.get("type") == "result"
    assert alice.error() == "not-authorized"
    assert herald.ctl("check_account", "alice", "a.example", check=False).returncode == 1
    # Nothing of the old account is left for a new one of that name.
    bob.send("<message to='alice@a.example' id='m'><body>x</body></message>")
    assert bob.until(lambda x: x.get("id") == "m").get("type") == "error"


def test_nobody_registers_uninvited(herald):
    stranger = Raw(herald.port)
    features = stranger.starttls()
    assert features.find("{http://jabber.org/features/iq-register}register") is None
    stranger.send(f"<iq type='set' id='r'><query {REGISTER}><username>eve</username>"
                  "<password>x</password></query></iq>")
    assert stranger.error() == "not-authorized"
    assert herald.ctl("registered_users", "a.example").stdout == ""


# ---- XEP-0030, 0115, 0157 -------------------------------------------------------------------

INFO = "http://jabber.org/protocol/disco#info"


def caps_text(query):
    """XEP-0115 section 5.1, written down a second time."""
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    parts = sorted("/".join((x.get("category"), x.get("type"), x.get(lang, ""), x.get("name", "")))
                   for x in query if name(x) == "identity")
    parts += sorted(x.get("var") for x in query if name(x) == "feature")
    for form in query.iter("{jabber:x:data}x"):
        fields = {f.get("var"): sorted(v.text for v in f) for f in form}
        parts += fields.pop("FORM_TYPE")
        for var in sorted(fields):
            parts += [var, *fields[var]]
    return "".join(part + "<" for part in parts)


def test_the_stream_says_what_the_server_can(make_herald):
    server = make_herald("""
modules:
  mod_caps: {}
  mod_ping: {}
  mod_disco:
    server_info:
      - {modules: all, name: abuse-addresses, urls: ["mailto:abuse@a.example", "xmpp:abuse@a.example"]}
      - {modules: all, name: admin-addresses, urls: ["mailto:admin@a.example"]}
""")
    server.register("alice")
    client = Raw(server.port)
    features = client.login("alice")
    caps = features.find("{http://jabber.org/protocol/caps}c")
    assert features.find("{urn:xmpp:features:rosterver}ver") is None  # the module is off
    client.bind()
    node = f"{caps.get('node')}#{caps.get('ver')}"
    answer = client.ask(f"<query xmlns='{INFO}' node='{node}'/>", to="a.example")[0]
    assert answer.get("node") == node
    text = caps_text(answer).encode()
    assert base64.b64encode(hashlib.sha1(text).digest()).decode() == caps.get("ver")
    assert b"abuse-addresses<mailto:abuse@a.example<xmpp:abuse@a.example<" in text
    error = client.ask(f"<query xmlns='{INFO}' node='{node}x'/>", to="a.example")
    assert error.find("c:error/stanzas:item-not-found", NS) is not None
    client.close()


@pytest.mark.parametrize("action", ["kill", "none"])
def test_silent_clients_are_asked_whether_they_are_there(make_herald, action):
    herald = make_herald(f"""
modules:
  mod_stream_mgmt: {{}}
  mod_ping: {{send_pings: true, ping_interval: 1 seconds, ping_ack_timeout: 500 ms,
             timeout_action: {action}}}
""")
    herald.register("alice", "bob", "carol")
    alice = Raw(herald.port).session("alice", "answers")
    bob = Raw(herald.port).session("bob", "mute")
    carol = Stream.begin(herald, "carol", "gone")
    for _ in range(2):
        x = alice.until(lambda x: x.find("{urn:xmpp:ping}ping") is not None)
        assert (x.get("type"), x.get("from"), x.get("to")) == ("get", "a.example", alice.jid)
        alice.send(f"<iq type='result' id='{x.get('id')}'/>")
    if action == "kill":
        names = bob.rest()
        assert names.count("iq") == 1
        assert "carol@a.example/gone" in herald.ctl("connected_users").stdout
        assert carol.resume(herald, "carol")  # as after a broken connection
    else:
        for _ in range(2):
            bob.until(lambda x: x.find("{urn:xmpp:ping}ping") is not None)
    sessions = herald.ctl("connected_users").stdout
    assert "alice" in sessions and ("bob" in sessions) == (action == "none")
    for each in (alice, bob, carol):
        each.close()


def test_the_stream_tells_its_limits(herald):
    herald.register("alice")
    client = Raw(herald.port)
    limit = "{urn:xmpp:stream-limits:0}limits/{urn:xmpp:stream-limits:0}max-bytes"
    before = int(client.starttls().findtext(limit))
    client.close()
    client = Raw(herald.port)
    after = int(client.login("alice").findtext(limit))
    assert (before, after) == (8192, 262144)
    client.bind()
    client.send("<message><body>" + "x" * (after - 60) + "</body></message>")
    assert client.ask("<ping xmlns='urn:xmpp:ping'/>").get("type") == "result"
    client.send("<message><body>" + "x" * after)
    assert client.error() == "policy-violation"


# ---- RFC 6121 section 2.6 -------------------------------------------------------------------

def test_a_roster_that_is_known_is_not_sent(herald, people):
    alice, _ = people
    query = "xmlns='jabber:iq:roster'"

    def get(version):
        answer = alice.ask(f"<query {query} ver='{version}'/>")
        return answer[0].get("ver") if len(answer) else None

    empty = get("")
    assert empty and get(empty) is None
    alice.ask(f"<query {query}><item jid='x@a.example' name='X'/></query>", "set")
    full = get(empty)
    assert full != empty and get(full) is None
    alice.send(f"<iq type='set' id='r'><query {query}><item jid='x@a.example' "
               "subscription='remove'/></query></iq>")
    push = alice.until(lambda x: name(x) == "iq" and x.get("type") == "set")
    assert push[0].get("ver") == empty == get(full)


# ---- limits by rules ------------------------------------------------------------------------

def test_rules_limit_sessions_and_offline_messages(make_herald):
    server = make_herald("""
shaper_rules:
  max_user_sessions: 2
  max_user_offline_messages: {3: all}
""")
    server.register("alice", "bob")
    alice = [Raw(server.port).session("alice", f"r{i}") for i in range(3)]
    assert alice[0].error() == "policy-violation"
    for i in range(5):
        alice[1].send(f"<message to='bob@a.example' id='m{i}' type='chat'><body>{i}</body></message>")
    errors = [alice[1].until(lambda x: name(x) == "message").get("id") for _ in range(2)]
    assert errors == ["m3", "m4"]
    bob = Raw(server.port).session("bob", "b")
    assert [body_of(bob) for _ in range(3)] == ["0", "1", "2"]
    for each in (*alice, bob):
        each.close()

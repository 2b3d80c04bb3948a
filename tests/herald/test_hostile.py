# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What hostile clients try. The numbers are the lines of the project's security checklist."""
import base64
import pathlib
import socket
import time

import pytest

from raw import NS, Raw, name

HEADER = (f"<stream:stream to='a.example' version='1.0' xmlns='jabber:client' "
          f"xmlns:stream='{NS['stream']}'>")


@pytest.fixture(scope="module")
def shared(programs, tmp_path_factory):
    """One server for all that leaves nothing behind."""
    from instance import Herald
    server = Herald(programs, tmp_path_factory.mktemp("hostile"))
    server.start()
    server.register("alice", "bob", "carol")
    server.register("alice", host="b.example")
    yield server
    assert server.stop() == 0, server.log.read_text()
    server.run_dir.cleanup()


def memory_kib(server):
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def cpu_s(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def before_login(server):
    client = Raw(server.port)
    client.starttls()
    return client


def logged_in(server):
    return Raw(server.port).session("carol")


# ---- 1 to 5: XML ----------------------------------------------------------------------------

XML = {
    # 1: what RFC 6120 section 11 forbids
    "doctype": ("<!DOCTYPE x>", "restricted-xml"),
    "internal subset": ("<!DOCTYPE x [<!ENTITY a 'b'>]><message/>", "restricted-xml"),
    "billion laughs": ("<message><body>&lol;</body></message>", "not-well-formed"),
    "external entity": ("<!DOCTYPE x SYSTEM 'file:///etc/passwd'>", "restricted-xml"),
    "instruction": ("<?php echo 1 ?>", "restricted-xml"),
    "comment": ("<!-- hi -->", "restricted-xml"),
    "comment inside": ("<message><!-- hi --></message>", "restricted-xml"),
    "cut name": ("<mess<![CDATA[age]]>/>", "not-well-formed"),
    "bad xml prefix": ("<message xmlns:xml='x:y'/>", "not-well-formed"),
    "xmlns prefix": ("<message xmlns:xmlns='x:y'/>", "not-well-formed"),
    "unbound prefix": ("<a:message/>", "not-well-formed"),
    # 2: too much of it
    "long attribute": ("<message a='" + "x" * 1000000 + "'/>", "policy-violation"),
    "many attributes": ("<message " + " ".join(f"a{i}=''" for i in range(1000)) + "/>", "policy-violation"),
    "many namespaces": ("<message " + " ".join(f"xmlns:a{i}='x'" for i in range(1000)) + "/>",
                        "policy-violation"),
    "deep": ("<a>" * 10000, "policy-violation"),
    "wide": ("<message>" + "<a/>" * 25001, "policy-violation"),
    "long name": ("<" + "x" * 1000000, "policy-violation"),
    "no end": ("<message " + " " * 1000000, "policy-violation"),
    # 3: characters
    "overlong": (b"<message>\xc0\xaf</message>", "not-well-formed"),
    "surrogate": (b"<message>\xed\xa0\x80</message>", "not-well-formed"),
    "too high": (b"<message>\xf4\x90\x80\x80</message>", "not-well-formed"),
    "cut short": (b"<message>\xe2\x82</message>", "not-well-formed"),
    "nul": (b"<message>\0</message>", "not-well-formed"),
    "not a character": (b"<message>\xef\xbf\xbe</message>", "not-well-formed"),
    "control": (b"<message>\x07</message>", "not-well-formed"),
    "reference to nul": ("<message>&#0;</message>", "not-well-formed"),
    "reference to surrogate": ("<message>&#xD800;</message>", "not-well-formed"),
    "utf-16": ("<message/>".encode("utf-16"), "not-well-formed"),
    # 4: namespaces and streams in streams
    "newline in namespace": ("<message xmlns='jabber:client\n'/>", "unsupported-stanza-type"),
    "stream prefix rebound": ("<message xmlns='jabber:server'/>", "unsupported-stanza-type"),
    "second header": (HEADER + "</stream:stream>", "unsupported-stanza-type"),
    "stream in stanza": ("<message></stream:stream>", "not-well-formed"),
    "same attribute twice": ("<message a='1' a='2'/>", "not-well-formed"),
    "same attribute, two prefixes": ("<message xmlns:a='x' xmlns:b='x' a:c='' b:c=''/>",
                                     "not-well-formed"),
    "bare text": ("hello", "not-well-formed"),
}


@pytest.mark.parametrize("phase", ["before login", "after login"])
@pytest.mark.parametrize("case", XML)
def test_forbidden_xml_ends_the_stream(shared, case, phase):
    data, condition = XML[case]
    if phase == "before login":
        client = before_login(shared)
        conditions = {condition, "policy-violation", "not-authorized"}
    else:
        client = logged_in(shared)
        conditions = {condition}
    memory = memory_kib(shared)
    try:
        client.send(data)
    except OSError:
        pass  # closed while it was being sent
    try:
        got = client.error()
    except ConnectionError:
        got = None  # the rest of what was sent reset the connection
    assert got in conditions or (got is None and len(data) > 100000)
    assert memory_kib(shared) - memory < 20000
    client.close()


def test_parsing_costs_what_the_bytes_cost(shared):
    """2: attributes are compared with each other; that must not be quadratic beyond the limit."""
    client = logged_in(shared)
    attributes = " ".join(f"attribute{i}='v'" for i in range(60))
    stanza = f"<iq type='result' id='x' to='a.example'><a {attributes}/></iq>"
    start = cpu_s(shared)
    for _ in range(40):
        client.send(stanza * 50)
    client.ask("<ping xmlns='urn:xmpp:ping'/>")
    assert cpu_s(shared) - start < 3  # 2.4 MB; a sanitizer's build is slow
    client.close()


def test_bytes_may_come_one_by_one(shared):
    client = logged_in(shared)
    for byte in b"<iq type='get' id='slow'><ping xmlns='urn:xmpp:ping'/></iq>":
        client.send(bytes([byte]))
    assert client.until(lambda x: x.get("id") == "slow").get("type") == "result"
    client.close()


@pytest.mark.parametrize("text", ["& < > \" '", "tab\tline\nreturn&#13;.", "]]>", "\U0001f4a9\u202e"])
def test_what_is_sent_on_is_what_was_said(shared, text):
    """5: also in attributes, where blanks are lost when they are not written as references."""
    alice, bob = Raw(shared.port).session("alice"), Raw(shared.port).session("bob")
    escaped = text.replace("&#13;", "\r").replace("&", "&amp;").replace("<", "&lt;").replace(
        ">", "&gt;").replace("'", "&apos;").replace("\t", "&#9;").replace("\n", "&#10;").replace(
        "\r", "&#xD;")
    alice.send(f"<message to='{bob.jid}' id='{escaped}'><body>{escaped}</body></message>")
    got = bob.until(lambda x: name(x) == "message")
    want = text.replace("&#13;", "\r")
    assert got.get("id") == want
    assert got.findtext("c:body", namespaces=NS) == want
    alice.close()
    bob.close()


# ---- 6: time --------------------------------------------------------------------------------

@pytest.mark.parametrize("phase", ["nothing", "header", "tls", "login"])
def test_every_phase_before_binding_has_its_end(make_herald, phase):
    server = make_herald("negotiation_timeout: 1\n")
    server.register("alice")
    client = Raw(server.port, timeout=15)
    start = time.monotonic()
    if phase == "header":
        client.open()
    elif phase == "tls":
        client.starttls()
    elif phase == "login":
        client.login("alice")
    # Blanks keep nothing alive.
    client.sock.settimeout(0.2)
    ended = False
    while not ended and time.monotonic() - start < 10:
        try:
            client.send(" ")
            data = client.sock.recv(4096)
            ended = not data or b"connection-timeout" in data
        except TimeoutError:
            continue
        except OSError:
            ended = True
    assert ended and 0.5 < time.monotonic() - start < 8
    client.close()


@pytest.mark.release_only  # a sanitizer keeps what was freed
def test_connections_leave_no_memory_behind(shared):
    def many():
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as sock:
                sock.sendall(HEADER.encode() + b"<a" * 100)
    many()
    time.sleep(0.5)
    start = memory_kib(shared)
    for _ in range(3):
        many()
    time.sleep(0.5)
    assert memory_kib(shared) - start < 3000


# ---- 7, 8 -----------------------------------------------------------------------------------

def test_a_stream_keeps_its_host_after_login(shared):
    client = Raw(shared.port)
    client.starttls()
    assert name(client.plain("alice")) == "success"
    client.host = "b.example"
    client._reset()
    client.send(HEADER.replace("a.example", "b.example"))
    assert client.error() == "not-authorized"
    client.close()


def test_compression_is_neither_offered_nor_done(shared):
    client = Raw(shared.port)
    features = client.login("alice")
    assert features.find("{http://jabber.org/features/compress}compression") is None
    assert client.sock.compression() is None
    client.send("<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>")
    assert client.error() in ("unsupported-stanza-type", "not-authorized")
    client.close()


# ---- 13, 14: SASL ---------------------------------------------------------------------------

@pytest.mark.parametrize("authzid", ["bob@a.example", "bob", "alice@b.example", "alice@a.example/x",
                                     "ALICE@a.example", "alice@A.example", "a.example", " "])
def test_nobody_becomes_another_by_authzid(shared, authzid):
    client = before_login(shared)
    assert name(client.plain("alice", authzid=authzid)) == "failure"
    client.close()


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0", b"\0alice\0", b"\0\0secret", b"alice\0secret",
                                  b"\0alice\0secret\0", b"\0alice\0sec\0ret", b"\0" * 3,
                                  b"\0alice\0secret" + b"x" * 3000, b"\0\xff\0secret"])
def test_plain_takes_no_odd_messages(shared, data):
    client = before_login(shared)
    client.send(f"<auth xmlns='{NS['sasl']}' mechanism='PLAIN'>{base64.b64encode(data).decode() or '='}</auth>")
    assert name(client.next()) == "failure"
    client.close()


@pytest.mark.parametrize("mechanism", ["ANONYMOUS", "EXTERNAL", "DIGEST-MD5", "plain", "", "PLAIN ",
                                       "HT-SHA-256-NONE", "SCRAM-SHA-512", "X" * 3000])
def test_mechanisms_that_are_not_offered_are_refused(shared, mechanism):
    client = before_login(shared)
    data = base64.b64encode(b"\0alice\0secret").decode()
    client.send(f"<auth xmlns='{NS['sasl']}' mechanism='{mechanism}'>{data}</auth>")
    failure = client.next()
    assert failure.find("sasl:invalid-mechanism", NS) is not None
    client.close()


def test_tries_are_counted(shared):
    client = before_login(shared)
    for _ in range(5):
        assert name(client.plain("alice", "wrong")) == "failure"
    client.plain("alice", "wrong")
    assert client.error() == "policy-violation"
    client.close()


def test_unknown_and_known_look_alike(shared):
    """15: the salt and count of an unknown user are the same every time, like a known one's."""
    def first(user):
        client = before_login(shared)
        data = base64.b64encode(f"n,,n={user},r=abcdefghijklmnop".encode()).decode()
        client.send(f"<auth xmlns='{NS['sasl']}' mechanism='SCRAM-SHA-1'>{data}</auth>")
        challenge = client.next()
        assert name(challenge) == "challenge"
        client.close()
        parts = dict(p.split("=", 1) for p in base64.b64decode(challenge.text).decode().split(","))
        return parts["s"], parts["i"]

    assert first("nobody") == first("nobody") != first("nobody2")
    assert first("nobody")[1] == first("alice")[1]
    assert len(first("nobody")[0]) == len(first("alice")[0])


# ---- 20 to 22: addresses --------------------------------------------------------------------

@pytest.mark.parametrize("sender", ["bob@a.example", "bob@a.example/x", "a.example", "alice@b.example",
                                    "alice@a.example/other", "@", "", "alice@a.example/"])
def test_another_sender_is_not_believed(shared, sender):
    client = Raw(shared.port).session("alice")
    client.send(f"<message from='{sender}' to='bob@a.example'><body>x</body></message>")
    assert client.error() == "invalid-from"
    client.close()


FORGED = """<delay xmlns='urn:xmpp:delay' from='a.example' stamp='2001-01-01T00:00:00Z'/>
<stanza-id xmlns='urn:xmpp:sid:0' by='bob@a.example' id='1'/>
<stanza-id xmlns='urn:xmpp:sid:0' by='b.example' id='2'/>
<received xmlns='urn:xmpp:carbons:2'/><sent xmlns='urn:xmpp:carbons:2'/>
<result xmlns='urn:xmpp:mam:2'/><occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>
<occupant-id xmlns='urn:xmpp:occupant-id:0' id='y'/>"""
HONEST = """<delay xmlns='urn:xmpp:delay' from='alice@a.example/x' stamp='2001-01-01T00:00:00Z'/>
<stanza-id xmlns='urn:xmpp:sid:0' by='far.example' id='3'/><x xmlns='my:own'/>"""


def test_what_only_servers_say_is_taken_out(shared):
    """20: all copies, not the first alone."""
    alice, bob = Raw(shared.port).session("alice"), Raw(shared.port).session("bob")
    alice.send(f"<message to='{bob.jid}' type='chat'>{FORGED}<body>x</body>{HONEST}</message>")
    got = bob.until(lambda x: name(x) == "message")
    assert [name(x) for x in got] == ["body", "delay", "stanza-id", "x"]
    assert got.find("{urn:xmpp:sid:0}stanza-id").get("by") == "far.example"
    alice.close()
    bob.close()


def test_an_answer_nobody_asked_for_moves_nothing(shared):
    """21: results and errors to the server or the own account are dropped, the roster stays."""
    alice, bob = Raw(shared.port).session("alice"), Raw(shared.port).session("bob")
    alice.send("<iq type='result' id='push1' to='a.example'/><iq type='error' id='1'/>"
               f"<iq type='set' id='r' to='{bob.jid}'><query xmlns='jabber:iq:roster'>"
               "<item jid='evil@a.example'/></query></iq>")
    got = bob.until(lambda x: name(x) == "iq")
    assert got.get("from") == alice.jid  # bob's client can see that it is no push of the server
    assert len(bob.ask("<query xmlns='jabber:iq:roster'/>")[0]) == 0
    alice.close()
    bob.close()


@pytest.mark.parametrize("to", ["a b@a.example", "@a.example", "a@", "a@a.example/", "a@b@c.example",
                                "\u2000@a.example", "a@.example", "a" * 1024 + "@a.example"])
def test_a_bad_address_is_said_to_be_one(shared, to):
    client = Raw(shared.port).session("alice")
    client.send(f"<message to='{to}' id='bad'><body>x</body></message>")
    error = client.until(lambda x: x.get("id") == "bad")
    assert error.find("c:error/stanzas:jid-malformed", NS) is not None
    client.close()


@pytest.mark.parametrize("one,other", [("STRASSE", "stra\u00dfe"), ("Kelvin", "\u212aelvin"),
                                       ("wide", "\uff57\uff49\uff44\uff45"), ("long", "\u017fong")])
def test_two_forms_of_a_name_are_one_account(herald, one, other):
    herald.register(one)
    again = herald.ctl("register", other, "a.example", "x", check=False)
    same = {"long": False}.get(one, True)  # U+017F is `s`: another word
    assert ("already registered" in again.stderr) == same


# ---- 26, 27, 28 -----------------------------------------------------------------------------

def test_presence_is_for_those_who_may_see_it(shared):
    alice, bob = Raw(shared.port).session("alice", "secret"), Raw(shared.port).session("bob")
    bob.send("<presence type='probe' to='alice@a.example'/>"
             "<presence type='probe' to='alice@a.example/secret'/>")
    for payload in ("<query xmlns='jabber:iq:last'/>",
                    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
                    "<query xmlns='http://jabber.org/protocol/disco#items'/>"):
        answer = bob.ask(payload, to="alice@a.example")
        assert answer.get("type") == "error"
    # Presence that somebody was sent ends with the session.
    alice.send(f"<presence to='{bob.jid}'/>")
    assert bob.until(lambda x: name(x) == "presence" and x.get("from") == alice.jid).get("type") is None
    alice.send("</stream:stream>")
    gone = bob.until(lambda x: name(x) == "presence" and x.get("from") == alice.jid)
    assert gone.get("type") == "unavailable"
    bob.close()


def test_a_new_account_inherits_nothing(herald):
    herald.register("eve", "bob")
    eve, bob = Raw(herald.port).session("eve"), Raw(herald.port).session("bob")
    eve.ask("<vCard xmlns='vcard-temp'><FN>Eve</FN></vCard>", "set")
    eve.ask("<query xmlns='jabber:iq:private'><x xmlns='my:own'>secret</x></query>", "set")
    eve.ask("<query xmlns='jabber:iq:roster'><item jid='bob@a.example'/></query>", "set")
    eve.ask("<block xmlns='urn:xmpp:blocking'><item jid='x@a.example'/></block>", "set")
    eve.send("</stream:stream>")
    eve.rest()
    bob.send("<message to='eve@a.example' type='chat'><body>for the old eve</body></message>")
    bob.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
    herald.ctl("unregister", "eve", "a.example")
    herald.register("eve")
    eve = Raw(herald.port).session("eve")
    assert len(eve.ask("<vCard xmlns='vcard-temp'/>")[0]) == 0
    assert len(eve.ask("<query xmlns='jabber:iq:private'><x xmlns='my:own'/></query>")[0][0]) == 0
    assert len(eve.ask("<query xmlns='jabber:iq:roster'/>")[0]) == 0
    assert len(eve.ask("<blocklist xmlns='urn:xmpp:blocking'/>")[0]) == 0
    eve.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        eve.until(lambda x: name(x) == "message")
    eve.close()
    bob.close()


def test_errors_are_not_answered(shared):
    client = Raw(shared.port).session("alice")
    for to in ("nobody@a.example", "nobody@far.example", "a.example", "alice@a.example/gone"):
        client.send(f"<message type='error' to='{to}' id='e'><body>x</body></message>"
                    f"<iq type='error' to='{to}' id='e'/><iq type='result' to='{to}' id='e'/>"
                    f"<presence type='error' to='{to}' id='e'/>")
    client.send("<iq type='get' id='end'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert client.next().get("id") == "end"
    client.close()


# ---- 44 to 48 -------------------------------------------------------------------------------

@pytest.mark.release_only
def test_a_slow_reader_is_bounded(herald):
    """45: who does not read is cut off; the server's memory stays."""
    herald.register("alice", "bob")
    alice = Raw(herald.port).session("alice")
    bob = Raw(herald.port).session("bob", "slow")
    memory = memory_kib(herald)
    body = "x" * 50000
    for i in range(400):  # 20 MB to one who reads nothing
        alice.send(f"<message type='headline' to='{bob.jid}'><body>{body}</body></message>")
    alice.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
    deadline = time.monotonic() + 10
    while "bob@a.example/slow" in herald.ctl("connected_users").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert memory_kib(herald) - memory < 24000
    alice.close()
    bob.close()


def test_others_are_served_while_one_floods(herald):
    """44: a flood of requests by one account does not make another wait long."""
    herald.register("alice", "bob")
    flood, bob = Raw(herald.port).session("alice"), Raw(herald.port).session("bob")
    stanza = "<iq type='get' id='f' to='a.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    flood.sock.setblocking(False)
    waits = []
    for _ in range(30):
        try:
            flood.sock.send((stanza * 100).encode())
        except (BlockingIOError, OSError):
            pass
        start = time.monotonic()
        assert bob.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example").get("type") == "result"
        waits.append(time.monotonic() - start)
    assert sorted(waits)[len(waits) // 2] < 0.5
    flood.close()
    bob.close()


def test_logs_hold_no_secrets_and_no_tricks(herald):
    """48: no passwords or bodies; line breaks and terminal codes are neutral."""
    herald.register("alice", password="hunter2hunter2")
    client = Raw(herald.port)
    client.starttls()
    client.plain("alice", "wrongwrong1")
    client.plain("al\u001b[31mice\nINJECTED: line", "x")
    assert name(client.plain("alice", "hunter2hunter2")) == "success"
    client.open()
    client.bind("desk")
    client.send("<message to='alice@a.example' type='chat'><body>top secret body</body></message>")
    client.ask("<ping xmlns='urn:xmpp:ping'/>")
    client.close()
    log = herald.log.read_bytes()
    for secret in (b"hunter2hunter2", b"wrongwrong1", b"top secret body", b"\x1b", b"\nINJECTED"):
        assert secret not in log

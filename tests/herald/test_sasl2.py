# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""XEP-0388, 0386 and 0484: one round trip to a bound stream, and logins by token. No client in
Debian speaks them; this one does."""
import base64
import hashlib
import hmac
import ssl
import time

import pytest

from raw import NS, Raw, name

SASL2, BIND2, FAST, SM = "urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:fast:0", NS["sm"]


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def authenticate(client, mechanism, initial, inside=""):
    """Sends it; gives what comes."""
    client.send(f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'><initial-response>"
                f"{b64(initial)}</initial-response>{inside}</authenticate>")
    return client.next()


def plain(client, inside="", user="alice", password="secret"):
    return authenticate(client, "PLAIN", f"\0{user}\0{password}", inside)


def agent(which="d4565fa7-4d72-4749-b3d3-740edbf87770"):
    return f"<user-agent id='{which}'><software>test</software></user-agent>"


@pytest.fixture
def fresh(herald):
    """A function that gives a stream behind STARTTLS."""
    herald.register("alice", "bob")
    made = []

    def make(**how):
        made.append(Raw(herald.port))
        made[-1].starttls(**how)
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_feature_names_what_can_be_asked_for(herald, fresh):
    plain_stream = Raw(herald.port)
    assert plain_stream.open().find(f"{{{SASL2}}}authentication") is None  # not in the clear
    plain_stream.close()
    feature = fresh().features.find(f"{{{SASL2}}}authentication")
    mechanisms = [m.text for m in feature.findall(f"{{{SASL2}}}mechanism")]
    assert {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"} <= set(mechanisms)
    inline = feature.find(f"{{{SASL2}}}inline")
    variables = [f.get("var") for f in inline.iter(f"{{{BIND2}}}feature")]
    assert variables == ["urn:xmpp:carbons:2", "urn:xmpp:csi:0", SM]
    tokens = [m.text for m in inline.find(f"{{{FAST}}}fast")]
    assert "HT-SHA-256-NONE" in tokens and "HT-SHA-256-EXPR" in tokens


def test_a_login_without_binding_goes_on_with_bind(fresh):
    client = fresh()
    success = plain(client)
    assert success.tag == f"{{{SASL2}}}success"
    assert success.findtext(f"{{{SASL2}}}authorization-identifier") == "alice@a.example"
    features = client.next()
    assert name(features) == "features" and features.find("bind:bind", NS) is not None
    client.bind("here")
    assert client.jid == "alice@a.example/here"


def test_one_round_trip_binds_and_turns_on(fresh):
    client = fresh()
    success = plain(client, f"<bind xmlns='{BIND2}'><tag>Gajim</tag>"
                    f"<enable xmlns='{SM}' resume='true'/><enable xmlns='urn:xmpp:carbons:2'/></bind>")
    jid = success.findtext(f"{{{SASL2}}}authorization-identifier")
    assert jid.startswith("alice@a.example/Gajim.")
    enabled = success.find(f"{{{BIND2}}}bound/{{{SM}}}enabled")
    assert enabled.get("resume") == "true"
    features = client.next()
    assert features.find("bind:bind", NS) is None and features.find("sm:sm", NS) is None
    client.send("<presence/>")
    client.until(lambda x: name(x) == "presence")
    # Carbons are on.
    second = fresh()
    success = plain(second, f"<bind xmlns='{BIND2}'/>")
    assert second.next().find("sm:sm", NS) is not None  # can still be turned on
    second.send("<message to='bob@a.example' type='chat'><body>x</body></message>")
    copy = client.until(lambda x: name(x) == "message")
    assert copy.find("{urn:xmpp:carbons:2}sent") is not None
    # And the session is resumed in one round trip, too.
    client.close()
    again = fresh()
    success = plain(again, f"<resume xmlns='{SM}' previd='{enabled.get('id')}' h='0'/>"
                    f"<bind xmlns='{BIND2}'/>")
    assert success.find(f"{{{SM}}}resumed").get("h") == "1"
    assert success.findtext(f"{{{SASL2}}}authorization-identifier") == jid
    assert again.next().find("sm:sm", NS) is None  # it is on
    assert again.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example").get("type") == "result"


def test_a_resumption_in_vain_binds_instead(fresh):
    client = fresh()
    success = plain(client, f"<resume xmlns='{SM}' previd='{'0' * 32}' h='0'/><bind xmlns='{BIND2}'/>")
    assert success.find(f"{{{SM}}}failed/stanzas:item-not-found", NS) is not None
    assert success.find(f"{{{BIND2}}}bound") is not None
    assert name(client.next()) == "features"
    assert client.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example").get("type") == "result"


def test_a_wrong_password_fails_and_may_be_tried_again(fresh):
    client = fresh()
    failure = plain(client, f"<bind xmlns='{BIND2}'/>", password="wrong")
    assert failure.tag == f"{{{SASL2}}}failure"
    assert failure.find("sasl:not-authorized", NS) is not None
    assert plain(client).tag == f"{{{SASL2}}}success"


def test_scram_with_a_challenge(fresh):
    client = fresh()
    bare = "n=alice,r=abcdefghijkl"
    challenge = authenticate(client, "SCRAM-SHA-1", "n,," + bare)
    assert challenge.tag == f"{{{SASL2}}}challenge"
    server_first = base64.b64decode(challenge.text).decode()
    parts = dict(p.split("=", 1) for p in server_first.split(","))
    salted = hashlib.pbkdf2_hmac("sha1", b"secret", base64.b64decode(parts["s"]), int(parts["i"]))
    final = f"c={b64('n,,')},r={parts['r']}"
    message = f"{bare},{server_first},{final}".encode()
    key = hmac.digest(salted, b"Client Key", "sha1")
    signature = hmac.digest(hashlib.sha1(key).digest(), message, "sha1")
    proof = bytes(a ^ b for a, b in zip(key, signature))
    client.send(f"<response xmlns='{SASL2}'>{b64(f'{final},p={b64(proof)}')}</response>")
    success = client.next()
    assert success.tag == f"{{{SASL2}}}success"
    server = hmac.digest(hmac.digest(salted, b"Server Key", "sha1"), message, "sha1")
    assert base64.b64decode(success.findtext(f"{{{SASL2}}}additional-data")).decode() == \
        f"v={b64(server)}"


# ---- FAST -----------------------------------------------------------------------------------

def tokens_of(success):
    token = success.find(f"{{{FAST}}}token")
    return None if token is None else token.get("token")


def request(mechanism="HT-SHA-256-NONE"):
    return f"<request-token xmlns='{FAST}' mechanism='{mechanism}'/>"


def by_token(client, token, count=None, user="alice", mechanism="HT-SHA-256-NONE", binding=b"",
             inside="", who=None):
    proof = hmac.digest(token.encode(), b"Initiator" + binding, "sha256")
    counted = f" count='{count}'" if count is not None else ""
    return authenticate(client, mechanism, user.encode() + b"\0" + proof,
                        f"<fast xmlns='{FAST}'{counted}/>{who or agent()}{inside}")


def is_success(x):
    return x.tag == f"{{{SASL2}}}success"


@pytest.fixture
def token(fresh):
    success = plain(fresh(), agent() + request())
    return tokens_of(success)


def test_a_token_logs_in_once_more_and_again(fresh, token):
    for _ in range(2):
        client = fresh()
        success = by_token(client, token, inside=f"<bind xmlns='{BIND2}'/>")
        assert is_success(success) and success.find(f"{{{BIND2}}}bound") is not None
        answer = base64.b64decode(success.findtext(f"{{{SASL2}}}additional-data"))
        assert answer == hmac.digest(token.encode(), b"Responder", "sha256")


def test_a_token_is_bound_to_its_channel(fresh):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = fresh(context=context)
    token = tokens_of(plain(client, agent() + request("HT-SHA-256-UNIQ")))
    client = fresh(context=context)
    binding = client.sock.get_channel_binding("tls-unique")
    assert is_success(by_token(client, token, mechanism="HT-SHA-256-UNIQ", binding=binding))
    client = fresh(context=context)
    assert not is_success(by_token(client, token, mechanism="HT-SHA-256-UNIQ", binding=binding))
    # Nor does it serve another mechanism.
    assert not is_success(by_token(client, token))


@pytest.mark.parametrize("case", ["wrong token", "other agent", "no agent", "other user",
                                  "no user", "no proof"])
def test_a_token_that_does_not_fit_is_refused(herald, fresh, token, case):
    client = fresh()
    how = {"wrong token": {"token": token[:-2] + "A="},
           "other agent": {"who": agent("another")}, "no agent": {"who": "<user-agent/>"},
           "other user": {"user": "bob"}, "no user": {"user": "nobody"}}.get(case, {})
    if case == "no proof":
        answer = authenticate(client, "HT-SHA-256-NONE", "alice\0", f"<fast xmlns='{FAST}'/>{agent()}")
    else:
        answer = by_token(client, **{"token": token, **how})
    assert answer.find("sasl:not-authorized", NS) is not None
    log = herald.log.read_text()
    assert "c2s.login.failed" in log and token not in log


def test_a_count_must_grow(fresh, token):
    assert is_success(by_token(fresh(), token, count=5))
    for count in (5, 4, None):
        assert not is_success(by_token(fresh(), token, count=count))
    assert is_success(by_token(fresh(), token, count=6))


def test_the_old_token_ends_when_the_new_one_is_used(fresh, token):
    new = tokens_of(by_token(fresh(), token, inside=request()))
    assert new and new != token
    assert is_success(by_token(fresh(), token))  # the answer may have been lost
    assert is_success(by_token(fresh(), new))
    assert not is_success(by_token(fresh(), token))


def test_a_token_ends_with_the_password_and_by_wish(herald, fresh, token):
    client = fresh()
    proof = hmac.digest(token.encode(), b"Initiator", "sha256")
    success = authenticate(client, "HT-SHA-256-NONE", b"alice\0" + proof,
                           f"<fast xmlns='{FAST}' invalidate='true'/>{agent()}")
    assert is_success(success)
    assert not is_success(by_token(fresh(), token))
    token = tokens_of(plain(fresh(), agent() + request()))
    assert is_success(by_token(fresh(), token))
    herald.ctl("change_password", "alice", "a.example", "new")
    assert not is_success(by_token(fresh(), token))


def test_a_banned_account_has_no_use_for_its_token(herald, fresh, token):
    herald.ctl("ban_account", "alice", "a.example", "spam")
    deadline = time.monotonic() + 5
    while is_success(by_token(fresh(), token)):
        assert time.monotonic() < deadline

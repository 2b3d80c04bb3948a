# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""XEP-0198: acks, resumption, also over a restart and a kill, and what becomes of a queue."""
import os
import random
import signal
import time

import pytest

from chat import Client, run
from raw import NS, Raw, name
from stream import SM, Stream

@pytest.fixture
def pair(herald):
    herald.register("alice", "bob")
    return Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")


def test_what_was_handled_is_acknowledged(herald, pair):
    alice, bob = pair
    for i in range(3):
        alice.message("bob@a.example", f"m{i}")
    alice.sync()
    assert alice.acked == 3
    assert [bob.take_message() for _ in range(3)] == ["m0", "m1", "m2"]
    alice.close()
    bob.close()


def test_a_broken_connection_is_resumed_without_loss(herald, pair):
    alice, bob = pair
    bob.close()
    for i in range(5):
        alice.message("bob@a.example/b", f"m{i}")
    alice.sync()
    assert bob.resume(herald, "bob")
    assert [bob.take_message() for _ in range(5)] == [f"m{i}" for i in range(5)]
    # Nobody was told that bob was away.
    assert "detached" in herald.log.read_text()
    bob.message("alice@a.example", "back")
    assert alice.take_message() == "back"
    alice.close()
    bob.close()


def test_a_living_connection_can_be_taken_over(herald, pair):
    _, bob = pair
    second = Stream(herald.port)
    second.id, second.h = bob.id, bob.h
    assert second.resume(herald, "bob")
    assert bob.error() == "conflict"
    bob.close()
    second.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_sessions_outlive_a_restart(herald, pair, how):
    alice, bob = pair
    bob.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    assert bob.take().get("id") == "c"
    bob.close()
    for i in range(5):
        alice.message("bob@a.example/b", f"m{i}")
    alice.sync()
    if how == "stop":
        assert herald.stop() == 0
    else:
        herald.process.kill()
        herald.process.wait()
    herald.start()
    assert bob.resume(herald, "bob")
    assert [bob.take_message() for _ in range(5)] == [f"m{i}" for i in range(5)]
    assert alice.resume(herald, "alice")
    alice.message("bob@a.example", "again")
    assert bob.take_message() == "again"  # it is still available
    # So are carbons.
    desk = Raw(herald.port).session("bob", "desk")
    desk.send("<message to='alice@a.example' type='chat'><body>from the desk</body></message>")
    while True:
        x = bob.take()
        if name(x) == "message":
            break
    assert x.find("{urn:xmpp:carbons:2}sent") is not None
    for each in (alice, bob, desk):
        each.close()


def test_who_does_not_come_back_gets_it_later(herald, pair):
    """Without resumption a broken connection is the end: what was not acknowledged waits."""
    alice, _ = pair
    bob = Stream.begin(herald, "bob", "c", resume="false")
    bob.send("<presence><priority>10</priority></presence>")
    while bob.take().findtext("c:priority", namespaces=NS) != "10":
        pass
    alice.message("bob@a.example/c", "lost?")
    alice.sync()
    bob.close()
    pair[1].send("</stream:stream>")
    pair[1].rest()
    later = None
    deadline = time.monotonic() + 10
    while later is None and time.monotonic() < deadline:
        later = Raw(herald.port).session("bob", "later")
        later.sock.settimeout(1)
        try:
            got = later.until(lambda x: name(x) == "message")
        except TimeoutError:
            later.close()
            later = None
    assert got.findtext("c:body", namespaces=NS) == "lost?"
    assert got.find("{urn:xmpp:delay}delay") is not None
    alice.close()
    later.close()


def test_an_orderly_end_sends_the_queue_to_the_other_device(herald, pair):
    alice, bob = pair
    second = Raw(herald.port).session("bob", "second")
    alice.message("bob@a.example/b", "for the first")
    alice.sync()
    bob.send("</stream:stream>")
    got = second.until(lambda x: name(x) == "message")
    assert got.findtext("c:body", namespaces=NS) == "for the first"
    for each in (alice, second):
        each.close()


@pytest.mark.parametrize("case", ["other user", "unknown", "too high", "bound", "before login"])
def test_a_resumption_that_must_not_be_is_refused(herald, pair, case):
    alice, bob = pair
    other = Raw(herald.port)
    if case == "before login":
        other.starttls()
        other.send(f"<resume {SM} previd='{bob.id}' h='0'/>")
        assert other.error() == "not-authorized"
        return
    other.login("alice" if case == "other user" else "bob")
    if case == "bound":
        other.bind("x")
    h = 1000 if case == "too high" else 0
    other.send(f"<resume {SM} previd='{'0' * 32 if case == 'unknown' else bob.id}' h='{h}'/>")
    x = other.next()
    if case == "too high":
        assert x.find("errors:undefined-condition", NS) is not None
        assert x.find("sm:handled-count-too-high", NS) is not None
    else:
        assert name(x) == "failed"
        assert name(x[0]) == ("unexpected-request" if case == "bound" else "item-not-found")
    # The session has not suffered.
    alice.message("bob@a.example/b", "still here?")
    assert bob.take_message() == "still here?"
    for each in (alice, bob, other):
        each.close()


def test_a_count_that_is_too_high_ends_the_stream(herald, pair):
    alice, bob = pair
    bob.send(f"<a {SM} h='77'/>")
    x = bob.until(lambda x: name(x) == "error")
    assert x.find("sm:handled-count-too-high", NS).get("h") == "77"
    alice.close()
    bob.close()


def test_the_answer_to_a_session_request_counts(herald, pair):
    """Pidgin's engine asks for a session behind <enable/>."""
    alice, bob = pair
    bob.send("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
    assert bob.take().get("id") == "s"
    bob.send(f"<a {SM} h='1'/>")
    alice.message("bob@a.example", "still there")
    assert bob.take_message() == "still there"
    alice.close()
    bob.close()


def test_a_session_that_nobody_came_back_to_is_gone(make_herald):
    herald = make_herald("modules: {mod_offline: {}, mod_stream_mgmt: {resume_timeout: 1}}\n")
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")
    bob.close()
    alice.message("bob@a.example/b", "later")
    alice.sync()
    deadline = time.monotonic() + 10
    while "bob@a.example/b" in herald.ctl("connected_users").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not bob.resume(herald, "bob")
    bob.bind("c")  # on the same stream
    bob.send("<presence/>")
    assert bob.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS) == "later"
    alice.close()
    bob.close()


@pytest.mark.parametrize("resend,other,where", [
    ("true", False, "waits"), ("true", True, "other"), ("if_offline", False, "waits"),
    ("if_offline", True, "error"), ("false", False, "error"), ("false", True, "error")])
def test_what_becomes_of_an_unacknowledged_message(make_herald, resend, other, where):
    herald = make_herald(f"modules: {{mod_offline: {{}}, mod_stream_mgmt: {{resend_on_timeout: {resend}}}}}\n")
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b", resume="false")
    second = Raw(herald.port).session("bob", "second") if other else None
    alice.message("bob@a.example/b", "hello")
    alice.sync()
    bob.close()
    if where == "error":
        x = alice.take()
        while name(x) != "message":
            x = alice.take()
        assert x.get("type") == "error" and x.find("c:error/stanzas:service-unavailable", NS) is not None
    else:
        deadline = time.monotonic() + 10
        while "bob@a.example/b" in herald.ctl("connected_users").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        second = second or Raw(herald.port).session("bob", "later")
        assert second.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS) == "hello"
    for each in (alice, second or alice):
        each.close()


@pytest.mark.parametrize("wish,granted", [("", "60"), ("max='5'", "5"), ("max='90'", "90"),
                                          ("max='4000'", "120"), ("max='x'", "60"), ("max='0'", "60")])
def test_a_client_says_how_long_it_would_like_to_have(make_herald, wish, granted):
    herald = make_herald("modules: {mod_stream_mgmt: {resume_timeout: 60, max_resume_timeout: 2 min}}\n")
    herald.register("bob")
    bob = Raw(herald.port).session("bob", "b")
    bob.send(f"<enable {SM} resume='true' {wish}/>")
    assert bob.until(lambda x: name(x) == "enabled").get("max") == granted
    bob.close()


def test_two_that_resume_at_once_share_nothing(herald, pair):
    """One of them has the session in the end, and all of it."""
    alice, bob = pair
    bob.close()
    bodies = [f"m{i}" for i in range(5)]
    for body in bodies:
        alice.message("bob@a.example/b", body)
    alice.sync()
    twins = [Stream(herald.port) for _ in range(2)]
    for twin in twins:
        twin.login("bob")
    for twin in twins:
        twin.send(f"<resume {SM} previd='{bob.id}' h='{bob.h}'/>")
    for twin in twins:
        twin.taken = []
        try:
            if name(twin.next()) == "resumed":
                twin.taken = [twin.take_message() for _ in bodies]
        except (EOFError, ConnectionError):
            pass
    alive = []
    for twin in twins:  # who was the first may have lost it by now
        try:
            twin.ask("<ping xmlns='urn:xmpp:ping'/>", to="a.example")
            alive.append(twin.taken)
        except (EOFError, ConnectionError):
            pass
    assert alive == [bodies]
    for each in (alice, *twins):
        each.close()


def test_a_queue_that_is_full_ends_the_session_and_loses_nothing(make_herald):
    herald = make_herald("modules: {mod_offline: {}, mod_stream_mgmt: {max_ack_queue: 10}}\n")
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")
    bodies = [f"m{i}" for i in range(30)]
    for body in bodies:
        alice.message("bob@a.example", body)
    alice.sync()
    assert bob.error() == "resource-constraint"
    bob.close()
    later = Raw(herald.port).session("bob", "c")
    got = [later.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS) for _ in bodies]
    assert got == bodies
    alice.close()
    later.close()


def test_slixmpp_resumes_by_itself(herald):
    herald.register("alice", "bob")

    async def scenario():
        import asyncio
        alice = Client(herald, "alice@a.example/x")
        alice.register_plugin("xep_0198")
        resumed = asyncio.get_event_loop().create_future()
        alice.add_event_handler("session_resumed", lambda _: resumed.set_result(None))
        await alice.login()
        await alice.come()
        bob = await (await Client(herald, "bob@a.example/y").login()).come()
        alice.abort()
        await asyncio.sleep(0.1)
        bob.send_message("alice@a.example/x", "while you were out", mtype="chat")
        alice.connect(("127.0.0.1", herald.port))
        await asyncio.wait_for(resumed, 15)
        assert (await alice.message())["body"] == "while you were out"
        await alice.leave()
        await bob.leave()

    run(scenario())


def kill_rounds():
    return int(os.environ.get("HERALD_KILLS", "12"))


def test_kills_at_random_moments_lose_and_double_nothing(herald):
    """Messages run both ways while herald is killed again and again; both ends resume. Each
    message arrives once. HERALD_KILLS says how often (12)."""
    herald.register("alice", "bob")
    ends = {"alice": Stream.begin(herald, "alice", "a"), "bob": Stream.begin(herald, "bob", "b")}
    other = {"alice": "bob@a.example/b", "bob": "alice@a.example/a"}
    got = {"alice": [], "bob": []}
    made = {"alice": 0, "bob": 0}
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)

    def pump(user, until):
        """Sends and takes for a while."""
        end = ends[user]
        end.sock.settimeout(0.02)
        while time.monotonic() < until:
            try:
                for _ in range(dice.randrange(4)):
                    if len(end.sent) < 50:
                        made[user] += 1
                        end.message(other[user], f"{user}{made[user] - 1}")
                end.send(f"<r {SM}/>")
                got[user].append(end.take_message())
            except TimeoutError:
                return
            except OSError:
                return
            except EOFError:
                return

    def talk(seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for user in ends:
                pump(user, min(until, time.monotonic() + 0.03))

    for _ in range(kill_rounds()):
        talk(dice.uniform(0.02, 0.25))
        herald.process.send_signal(signal.SIGKILL)
        herald.process.wait()
        herald.start()
        for user, end in ends.items():
            end.sock.settimeout(10)
            assert end.resume(herald, user), f"{user} was not taken back (seed {seed})"
    quiet = time.monotonic() + 2
    deadline = time.monotonic() + 20
    while time.monotonic() < min(quiet, deadline):
        for user, end in ends.items():
            end.sock.settimeout(0.2)
            try:
                end.send(f"<r {SM}/>")
                got[user].append(end.take_message())
                quiet = time.monotonic() + 1
            except TimeoutError:
                pass
    assert all(made.values())
    assert got["bob"] == [f"alice{i}" for i in range(made["alice"])], f"seed {seed}"
    assert got["alice"] == [f"bob{i}" for i in range(made["bob"])], f"seed {seed}"
    print("messages", made)
    for end in ends.values():
        end.close()

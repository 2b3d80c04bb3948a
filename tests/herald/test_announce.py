# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Messages to everybody: mod_announce's addresses, and the commands that do the same."""
import pytest

from raw import NS, Raw, name

RULES = """
acl: {admin: {user: "admin@a.example"}, crier: {user: "crier@a.example"}}
access_rules: {announce: [{allow: crier}, {allow: admin}]}
modules: {mod_offline: {}, mod_adhoc: {}, mod_configure: {}, mod_announce: {access: announce}}
host_config: {b.example: {access_rules: {announce: {allow: admin}}}}
"""


@pytest.fixture
def server(make_herald):
    server = make_herald(RULES)
    server.register("admin", "crier", "alice", "bob")
    server.register("carol", host="b.example")
    return server


def say(client, to, body, kind="normal"):
    client.send(f"<message to='{to}' type='{kind}' id='m'><subject>S</subject><body>{body}</body></message>")


def hears(client):
    x = client.until(lambda x: name(x) == "message")
    return x.get("from"), x.findtext("c:body", namespaces=NS)


def refused(client, to):
    say(client, to, "x")
    return name(client.until(lambda x: x.get("id") == "m").find("c:error", NS)[0])


def is_quiet(client):
    """No message comes before the answer to a question."""
    client.send("<iq type='get' id='ping' to='a.example'><x xmlns='nobody'/></iq>")
    return client.until(lambda x: name(x) == "message" or x.get("id") == "ping").get("id") == "ping"


def test_addresses_of_the_host_reach_its_people(server):
    admin, crier, alice = (Raw(server.port).session(user) for user in ("admin", "crier", "alice"))
    carol = Raw(server.port, host="b.example").session("carol")
    everybody = (admin, crier, alice)
    say(crier, "a.example/announce/online", "now", "headline")
    assert [hears(each) for each in everybody] == [("a.example", "now")] * 3
    say(admin, "a.example/announce/all-hosts/online", "here and there")
    assert hears(carol) == ("b.example", "here and there")
    assert [hears(each)[1] for each in everybody] == ["here and there"] * 3
    say(crier, "a.example/announce/all", "for all", "headline")
    assert [hears(each)[1] for each in everybody] == ["for all"] * 3
    assert is_quiet(carol)
    bob = Raw(server.port).session("bob")
    assert hears(bob) == ("a.example", "for all")  # it has waited
    for client, to, condition in [(alice, "a.example/announce/online", "forbidden"),
                                  (crier, "b.example/announce/online", "forbidden"),
                                  (crier, "a.example/announce/nobody", "item-not-found"),
                                  (crier, "a.example/other", "service-unavailable")]:
        assert refused(client, to) == condition
    assert is_quiet(carol) and is_quiet(bob)
    assert server.ctl("announce_all", "b.example", "", "a word").stdout == "told 1 accounts\n"
    assert hears(carol) == ("b.example", "a word")
    assert "for all" not in server.log.read_text()
    for each in (*everybody, carol, bob):
        each.close()


def test_the_message_of_the_day_is_seen_once(server):
    crier, alice = Raw(server.port).session("crier"), Raw(server.port).session("alice", "one")
    say(crier, "a.example/announce/motd", "be kind")
    assert hears(crier) == hears(alice) == ("a.example", "be kind")
    again = Raw(server.port).session("alice", "two")
    bob = Raw(server.port).session("bob", "one")
    assert hears(bob) == ("a.example", "be kind")
    assert is_quiet(again)
    assert server.stop() == 0
    server.start()
    bob = Raw(server.port).session("bob", "two")
    admin = Raw(server.port).session("admin")
    assert is_quiet(bob) and hears(admin)[1] == "be kind"
    server.ctl("edit_motd", "a.example", "News", "be quiet")
    assert is_quiet(bob)
    alice = Raw(server.port).session("alice", "three")
    assert hears(alice)[1] == "be quiet"
    say(admin, "a.example/announce/motd/delete", "")
    assert is_quiet(admin)
    crier = Raw(server.port).session("crier")
    assert is_quiet(crier)
    server.ctl("set_motd", "a.example", "", "x")
    assert hears(crier)[1] == "x"
    server.ctl("delete_motd", "a.example")
    for each in (bob, admin, alice, crier):
        each.close()


def test_without_a_rule_nobody_announces(make_herald):
    server = make_herald("modules: {mod_disco: {}}\n")
    server.register("alice")
    alice = Raw(server.port).session("alice")
    assert refused(alice, "a.example/announce/online") == "service-unavailable"
    assert "mod_announce" in server.ctl("set_motd", "a.example", "", "x", check=False).stderr
    alice.close()

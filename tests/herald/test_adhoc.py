# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Administration in the client: ad-hoc commands (XEP-0050, XEP-0133)."""
import asyncio

import pytest

from chat import Client, run
from raw import NS, Raw, name

COMMANDS = "http://jabber.org/protocol/commands"
ADMIN = "http://jabber.org/protocol/admin#"
ITEMS = "http://jabber.org/protocol/disco#items"
INFO = "http://jabber.org/protocol/disco#info"
C = {"cmd": COMMANDS, "x": "jabber:x:data", **NS}
RIGHTS = 'acl: {admin: {user: "admin@a.example"}}\n'


@pytest.fixture(scope="module")
def server(shared_herald):
    """For tests that leave the accounts admin and alice as they are."""
    server = shared_herald(RIGHTS)
    server.register("admin", "alice")
    return server


@pytest.fixture
def own_server(make_herald):
    server = make_herald(RIGHTS)
    server.register("admin", "alice")
    return server


@pytest.fixture
def admin(server):
    client = Raw(server.port).session("admin", "desk")
    yield client
    client.close()


def command(client, node, action=None, sid=None, values=None, to="a.example"):
    """A step of a command: the answer."""
    attrs = f" action='{action}'" if action else ""
    attrs += f" sessionid='{sid}'" if sid else ""
    form = ""
    if values is not None:
        fields = "".join(f"<field var='{var}'>" + "".join(f"<value>{v}</value>" for v in
                                                           ([value] if isinstance(value, str) else value)) +
                         "</field>" for var, value in values.items())
        form = f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
    return client.ask(f"<command xmlns='{COMMANDS}' node='{node}'{attrs}>{form}</command>", "set", to=to)


def step(reply, status="executing"):
    """The <command/> of an answer that went well."""
    assert reply.get("type") == "result", reply[0]
    assert reply[0].get("status") == status
    return reply[0]


def note(x):
    found = x.find("cmd:note", C)
    return found.get("type"), found.text


def condition(reply):
    error = reply.find("c:error", NS)
    return [name(x) for x in error]


def complete(client, node, values, **how):
    sid = step(command(client, node, **how)).get("sessionid")
    return command(client, node, "complete", sid, values, **how)


def nodes(client, to="a.example"):
    reply = client.ask(f"<query xmlns='{ITEMS}' node='{COMMANDS}'/>", to=to)
    return {item.get("node") for item in reply[0]}


# ---- who ------------------------------------------------------------------------------------

def test_only_administrators_see_and_run_commands(server, admin):
    alice = Raw(server.port).session("alice", "a")
    seen = nodes(admin)
    assert {ADMIN + "add-user", ADMIN + "shutdown", "api-commands/stats"} <= seen
    commands = [line.split()[0] for line in server.ctl("help").stdout.splitlines() if line[0] != " "]
    assert {f"api-commands/{each}" for each in commands} <= seen
    assert nodes(alice) == set()
    assert nodes(admin, to="b.example") == seen  # one acl for all hosts
    node = ADMIN + "get-online-users-num"
    assert condition(command(alice, node)) == ["forbidden"]
    assert condition(alice.ask(f"<query xmlns='{INFO}' node='{node}'/>", to="a.example")) == ["forbidden"]
    info = admin.ask(f"<query xmlns='{INFO}' node='{node}'/>", to="a.example")[0]
    assert (info[0].get("category"), info[0].get("type")) == ("automation", "command-node")
    assert condition(command(admin, ADMIN + "nothing")) == ["item-not-found"]
    host = admin.ask(f"<query xmlns='{INFO}'/>", to="a.example")[0]
    assert COMMANDS in {x.get("var") for x in host}
    alice.close()


def test_an_administrator_of_a_host_rules_there_alone(make_herald):
    server = make_herald("""
host_config:
  b.example:
    acl: {admin: {user: "boss@b.example"}}
""")
    server.register("boss", host="b.example")
    boss = Raw(server.port, host="b.example").session("boss", "x")
    assert nodes(boss, to="a.example") == set()
    seen = nodes(boss, to="b.example")
    assert ADMIN + "add-user" in seen
    for whole in (ADMIN + "shutdown", "api-commands/backup", "api-commands/connected_users",
                  "api-commands/reload_config", "api-commands/send_message"):
        assert whole not in seen
        assert condition(command(boss, whole, to="b.example")) == ["forbidden"]
    form = step(command(boss, "api-commands/register", to="b.example"))
    assert [o.get("label") for o in form.iter("{jabber:x:data}option")] == ["b.example"]
    reply = complete(boss, "api-commands/register", {"user": "eve", "host": "a.example", "password": "x"},
                     to="b.example")
    assert note(step(reply)) == ("error", "you are no administrator of that host")
    reply = complete(boss, ADMIN + "delete-user", {"accountjids": "eve@A.example"}, to="b.example")
    assert note(step(reply)) == ("error", "you are no administrator of that host")
    reply = complete(boss, ADMIN + "add-user", {"accountjid": "eve@b.example", "password": "x",
                                                "password-verify": "x"}, to="b.example")
    assert note(step(reply, "completed"))[0] == "info"
    boss.close()


def test_a_rule_of_its_own_says_who(make_herald):
    server = make_herald("""
acl: {staff: {user: "alice"}}
access_rules: {helpers: {allow: staff}}
modules: {mod_disco: {}, mod_adhoc: {report_commands_node: true}, mod_configure: {access: helpers}}
""")
    server.register("alice", "bob")
    alice, bob = Raw(server.port).session("alice"), Raw(server.port).session("bob")
    assert {node.partition("#")[0] + "#" for node in nodes(alice)} == {ADMIN}  # mod_adhoc_api is off
    assert nodes(bob) == set()
    for client, count in ((alice, 1), (bob, 0)):
        items = client.ask(f"<query xmlns='{ITEMS}'/>", to="a.example")[0]
        assert [item.get("node") for item in items] == [COMMANDS] * count
    alice.close()
    bob.close()


# ---- steps ----------------------------------------------------------------------------------

def test_a_form_is_filled_in_read_over_and_run(server, admin):
    node = "api-commands/register"
    first = step(command(admin, node))
    sid = first.get("sessionid")
    assert len(sid) == 32
    actions = first.find("cmd:actions", C)
    assert (actions.get("execute"), [name(x) for x in actions]) == ("complete", ["next", "complete"])
    fields = {f.get("var"): f for f in first.findall("x:x/x:field", C)}
    assert fields["password"].get("type") == "text-private"
    assert [o.findtext("x:value", namespaces=C) for o in fields["host"].findall("x:option", C)] == \
        ["a.example", "b.example"]
    assert fields["host"].findtext("x:value", namespaces=C) == "a.example"
    assert all(f.find("x:required", C) is not None for f in fields.values())
    assert condition(command(admin, node, "prev", sid)) == ["bad-request", "bad-action"]
    assert condition(command(admin, node, "complete", sid)) == ["bad-request", "bad-payload"]
    values = {"user": "new", "host": "a.example", "password": "s3cr3t"}
    review = step(command(admin, node, "next", sid, values))
    assert [name(x) for x in review.find("cmd:actions", C)] == ["prev", "complete"]
    texts = [v.text for v in review.iter("{jabber:x:data}value")]
    assert texts == ["Name of the account: new", "Host: a.example", "Password: (not shown)"]
    assert condition(command(admin, node, "next", sid)) == ["bad-request", "bad-action"]
    back = step(command(admin, node, "prev", sid))
    shown = {f.get("var"): f.findtext("x:value", namespaces=C) for f in back.findall("x:x/x:field", C)}
    assert shown == {"user": "new", "host": "a.example", "password": None}
    step(command(admin, node, "next", sid, values))
    done = step(command(admin, node, None, sid), "completed")
    assert note(done) == ("info", "User new@a.example successfully registered")
    assert server.ctl("check_password", "new", "a.example", "s3cr3t").returncode == 0
    assert condition(command(admin, node, "complete", sid, values)) == ["bad-request", "bad-sessionid"]
    log = server.log.read_text()
    assert "admin.command: admin@a.example/desk runs register" in log and "s3cr3t" not in log


def test_what_is_wrong_with_a_form_is_said_with_it(server, admin):
    node = ADMIN + "add-user"
    sid = step(command(admin, node)).get("sessionid")
    for values, says in [
            ({"accountjid": "new@a.example", "password": "x", "password-verify": "y"},
             "the two passwords are not the same"),
            ({"accountjid": "new@a.example"}, "`Password` is missing"),
            ({"accountjid": "a.example", "password": "x", "password-verify": "x"},
             "`a.example` is not the address of an account, such as alice@example.org"),
            ({"accountjid": "alice@a.example", "password": "x", "password-verify": "x"},
             "User alice@a.example already registered"),
            ({"accountjid": "new@far.example", "password": "x", "password-verify": "x"},
             "`far.example` is not a host of this server")]:
        again = step(command(admin, node, "complete", sid, values))
        assert note(again) == ("error", says)
        jid = again.find("x:x/x:field[@var='accountjid']/x:value", C)
        assert jid.text == values["accountjid"]
    assert step(command(admin, node, "cancel", sid), "canceled") is not None
    assert condition(command(admin, node, "cancel", sid)) == ["bad-request", "bad-sessionid"]


def test_sessions_are_of_one_address_and_few(server, admin):
    node = "api-commands/kick_user"
    other = Raw(server.port).session("admin", "phone")
    sids = [step(command(admin, node)).get("sessionid") for _ in range(11)]
    assert len(set(sids)) == 11
    assert condition(command(other, node, "cancel", sids[10])) == ["bad-request", "bad-sessionid"]
    assert condition(command(admin, node, "cancel", sids[0])) == ["bad-request", "bad-sessionid"]
    assert condition(command(admin, "api-commands/help", "cancel", sids[10])) == \
        ["bad-request", "bad-sessionid"]
    assert condition(command(admin, node, "cancel", sids[10], to="b.example")) == \
        ["bad-request", "bad-sessionid"]
    step(command(admin, node, "cancel", sids[10]), "canceled")
    assert condition(command(admin, node, "dance")) == ["bad-request", "malformed-action"]
    assert condition(command(admin, node, "next")) == ["bad-request", "bad-action"]
    other.close()


def test_who_is_no_administrator_any_more_cannot_go_on(own_server):
    server = own_server
    admin = Raw(server.port).session("admin", "desk")
    node = ADMIN + "delete-user"
    sid = step(command(admin, node)).get("sessionid")
    server.config.write_text(server.config.read_text().replace("admin@a.example", "root@a.example"))
    server.ctl("reload_config")
    assert condition(command(admin, node, "complete", sid, {"accountjids": "alice@a.example"})) == \
        ["forbidden"]
    assert server.ctl("check_account", "alice", "a.example").returncode == 0


# ---- results --------------------------------------------------------------------------------

def table(x):
    columns = [f.get("var") for f in x.findall("x:x/x:reported/x:field", C)]
    rows = [[f.findtext("x:value", namespaces=C) or "" for f in item] for item in x.findall("x:x/x:item", C)]
    return columns, rows


def test_answers_in_columns_are_tables(server, admin):
    server.ctl("add_rosteritem", "alice", "a.example", "bob", "b.example", "Bob &amp; Co", "", "both")
    reply = complete(admin, "api-commands/get_roster", {"user": "alice", "server": "a.example"})
    assert table(step(reply, "completed")) == (
        ["jid", "name", "subscription", "ask", "groups"],
        [["bob@b.example", "Bob &amp; Co", "both", "none", ""]])
    reply = command(admin, "api-commands/connected_users_info")
    columns, rows = table(step(reply, "completed"))
    assert columns[:2] == ["jid", "connection"] and rows[0][:2] == ["admin@a.example/desk", "c2s_tls"]
    assert len(rows[0]) == len(columns) == 10
    assert table(step(command(admin, "api-commands/registered_vhosts"), "completed")) == \
        (["host"], [["a.example"], ["b.example"]])
    status = step(command(admin, "api-commands/status"), "completed")
    lines = [v.text for v in status.findall("x:x/x:field/x:value", C)]
    assert len(lines) == 2 and "herald" in lines[1]
    reply = complete(admin, "api-commands/stats", {"name": "weather"})
    assert note(step(reply))[0] == "error"


def values(x, var):
    return [v.text for v in x.findall(f"x:x/x:field[@var='{var}']/x:value", C)]


def test_standard_commands_have_the_standards_fields(server, admin):
    users = server.ctl("registered_users", "a.example").stdout.split()
    done = step(command(admin, ADMIN + "get-registered-users-num"), "completed")
    assert values(done, "registeredusersnum") == [str(len(users))]
    assert values(done, "FORM_TYPE") == ["http://jabber.org/protocol/admin"]
    done = step(command(admin, ADMIN + "get-online-users-num"), "completed")
    assert values(done, "onlineusersnum") == ["1"]
    done = step(complete(admin, ADMIN + "get-registered-users-list", {}), "completed")
    assert values(done, "registereduserjids") == [f"{user}@a.example" for user in users]
    done = step(complete(admin, ADMIN + "get-registered-users-list", {"max_items": "1"}), "completed")
    assert values(done, "registereduserjids") == ["admin@a.example"]
    done = step(complete(admin, ADMIN + "get-online-users-list", {}), "completed")
    assert values(done, "onlineuserjids") == ["admin@a.example/desk"]


def test_what_is_known_of_users_has_the_standards_fields(own_server):
    server = own_server
    server.register("bob")
    server.ctl("ban_account", "bob", "a.example", "spam")
    admin = Raw(server.port).session("admin", "desk")
    alice = Raw(server.port).session("alice", "phone")
    alice.send("<presence><show>away</show></presence>")
    alice.until(lambda x: name(x) == "presence")
    for node, var, value in (("get-disabled-users-num", "disabledusersnum", "1"),
                             ("get-active-users-num", "activeusersnum", "1"),
                             ("get-idle-users-num", "idleusersnum", "1")):
        assert values(step(command(admin, ADMIN + node), "completed"), var) == [value]
    for node, var, value in (("get-disabled-users-list", "disableduserjids", ["bob@a.example"]),
                             ("get-active-users-list", "activeuserjids", ["admin@a.example"]),
                             ("get-idle-users-list", "idleuserjids", ["alice@a.example"])):
        assert sorted(values(step(complete(admin, ADMIN + node, {}), "completed"), var)) == value
    done = step(complete(admin, ADMIN + "user-stats", {"accountjid": "alice@a.example"}), "completed")
    assert [values(done, var) for var in ("rostersize", "onlineresources", "ipaddresses")] == \
        [["0"], ["phone"], ["127.0.0.1"]]
    done = step(complete(admin, ADMIN + "get-user-lastlogin",
                         {"accountjids": ["alice@a.example", "bob@a.example"]}), "completed")
    times = values(done, "lastlogin")
    assert len(times) == 2 and times[0].endswith("Z") and times[1] == "never"
    alice.close()
    admin.close()


def test_a_command_runs_for_several_accounts(server, admin):
    server.register("bob", "carol", "dora")
    dora = Raw(server.port).session("dora", "a")
    reply = complete(admin, ADMIN + "disable-user", {"accountjids": ["dora@a.example", "bob@a.example"]})
    assert note(step(reply, "completed")) == ("info", "It is done.")
    assert dora.error() == "not-authorized"
    banned = Raw(server.port)
    banned.starttls()
    assert name(banned.plain("dora")) == "failure"
    reply = complete(admin, ADMIN + "reenable-user", {"accountjids": ["dora@a.example", "bob@a.example"]})
    step(reply, "completed")
    assert name(banned.plain("dora")) == "success"
    reply = complete(admin, ADMIN + "delete-user", {"accountjids": ["carol@a.example", "dave@a.example"]})
    assert note(step(reply, "completed")) == ("warn", "dave@a.example: There is no account dave@a.example")
    phone, desk = (Raw(server.port).session("dora", where) for where in ("phone", "desk"))
    reply = complete(admin, ADMIN + "end-user-session", {"accountjids": phone.jid, "reason": "tidying up"})
    step(reply, "completed")
    assert phone.error() == "policy-violation"
    assert desk.ask("<x xmlns='nobody'/>", to="a.example").get("type") == "error"
    reply = complete(admin, ADMIN + "end-user-session", {"accountjids": "dora@a.example"})
    assert note(step(reply, "completed")) == ("info", "1")
    assert desk.error() == "policy-violation"
    reply = complete(admin, ADMIN + "delete-user", {"accountjids": "dora@a.example/x"})
    assert "is not the address of an account" in note(step(reply))[1]
    many = [f"u{i}@a.example" for i in range(101)]
    reply = complete(admin, ADMIN + "delete-user", {"accountjids": many})
    assert note(step(reply)) == ("error", "at most 100 accounts at once")
    reply = complete(admin, ADMIN + "delete-user", {"accountjids": many[:100]})
    assert note(step(reply))[1].count("There is no account") == 100
    users = server.ctl("registered_users", "a.example").stdout.split()
    assert {"bob", "dora"} <= set(users) and "carol" not in users


def test_the_server_is_shut_down_with_a_word(own_server):
    server = own_server
    admin = Raw(server.port).session("admin", "desk")
    alice = Raw(server.port).session("alice", "a")
    reply = complete(admin, ADMIN + "shutdown", {"announcement": ["back", "soon"]})
    step(reply, "completed")
    told = alice.until(lambda x: name(x) == "message")
    assert told.findtext("c:body", namespaces=NS) == "back\nsoon"
    assert (admin.error(), alice.error()) == ("system-shutdown",) * 2
    assert server.process.wait(timeout=10) == 0


# ---- a client's own plugins -----------------------------------------------------------------

def test_slixmpp_administers(server):
    async def scenario():
        boss = Client(server, "admin@a.example/slix")
        for plugin in ("xep_0004", "xep_0030", "xep_0050", "xep_0133"):
            boss.register_plugin(plugin)
        await boss.login()
        items = (await boss["xep_0133"].get_commands("a.example"))["disco_items"]["items"]
        assert ("a.example", ADMIN + "add-user", "Add User") in items
        finished = asyncio.get_event_loop().create_future()

        def fill(iq, session):
            form = iq["command"]["form"]
            form["type"] = "submit"
            form.set_values({"accountjid": "zoe@a.example", "password": "pw", "password-verify": "pw"})
            session["payload"] = form
            session["next"] = lambda iq, session: finished.set_result(iq)
            boss["xep_0050"].complete_command(session)

        boss["xep_0133"].add_user(jid="a.example", session={"next": fill, "error": finished.set_exception})
        iq = await asyncio.wait_for(finished, 10)
        assert iq["command"]["status"] == "completed"
        assert iq["command"]["notes"] == [("info", "User zoe@a.example successfully registered")]
        await boss.leave()

    run(scenario())
    assert server.ctl("check_password", "zoe", "a.example", "pw").returncode == 0

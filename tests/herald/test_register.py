# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Accounts that people make themselves: XEP-0077."""
import asyncio
import ssl
import subprocess
import time

import pytest
import slixmpp

from chat import run
from raw import NS, Raw, name
from test_limits import Proxied

REGISTER = "jabber:iq:register"
FEATURE = "{http://jabber.org/features/iq-register}register"
OPEN = """
acl: {good: {user_glob: "g*"}, near: {ip: "192.0.2.0/24"}, home: {ip: "127.0.0.0/8"}, admin: {user: "boss@a.example"}}
access_rules: {names: [{deny: [{user: "guru"}]}, {allow: good}], whence: [{allow: near}, {allow: home}],
               chosen: {allow: admin}}
modules:
  mod_offline: {}
  mod_register:
    access: names
    access_from: chosen
    access_remove: chosen
    ip_access: whence
    password_strength: 32
    welcome_message: {subject: Hello, body: "Welcome, friend"}
    registration_watchers: [boss@a.example]
"""


def ask(client, payload, kind="set", to=None):
    return client.ask(f"<query xmlns='{REGISTER}'>{payload}</query>", kind, to)


def wish(user, password="long enough"):
    return f"<username>{user}</username><password>{password}</password>"


def condition(reply):
    error = reply.find("c:error", NS)
    return error.get("type"), name(error[0])


@pytest.fixture(scope="module")
def server(shared_herald):
    return shared_herald(OPEN)


def test_a_stranger_makes_an_account_and_logs_in(server):
    server.register("boss", password="long enough")
    boss = Raw(server.port)
    boss.starttls()
    assert name(boss.plain("boss", "long enough")) == "success"
    boss.open()
    boss.bind("x")
    boss.send("<presence/>")
    new = Raw(server.port)
    plain = new.open()
    assert plain.find(FEATURE) is None  # nothing of it in the clear
    new.close()
    new = Raw(server.port)
    assert new.starttls().find(FEATURE) is not None
    form = ask(new, "", "get", "a.example")[0]
    assert [name(x) for x in form] == ["instructions", "username", "password"]
    for payload, error in [
            ("<username>gina</username>", ("modify", "not-acceptable")),
            (wish("gina", "short"), ("modify", "not-acceptable")),
            (wish("g na"), ("modify", "not-acceptable")),
            (wish("g&#x2603;"), ("modify", "not-acceptable")),  # a snowman
            (wish("mallory"), ("cancel", "not-allowed"))]:
        assert condition(ask(new, payload)) == error
    reply = ask(new, wish("Gina"), to="a.example")
    assert (reply.get("type"), len(reply)) == ("result", 0)
    assert name(new.plain("gina", "long enough")) == "success"
    assert new.open().find(FEATURE) is None
    new.bind("x")
    new.send("<presence/>")
    welcome = new.until(lambda x: name(x) == "message")
    assert (welcome.get("from"), welcome.findtext("c:subject", namespaces=NS),
            welcome.findtext("c:body", namespaces=NS)) == ("a.example", "Hello", "Welcome, friend")
    told = boss.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS)
    assert told == "The account gina@a.example was registered by 127.0.0.1"
    log = server.log.read_text()
    assert "account.registered: `gina@a.example` by 127.0.0.1" in log
    assert "c2s.register.failed: 127.0.0.1: The password is too weak" in log
    assert "long enough" not in log
    # Who has an account: a weak password, another account, the end, as the rules have it.
    assert condition(ask(new, wish("gina", "short"))) == ("modify", "not-acceptable")
    assert condition(ask(new, wish("greta"))) == ("cancel", "not-allowed")
    assert condition(ask(new, "<remove/>")) == ("cancel", "not-allowed")
    assert condition(ask(boss, wish("gina"))) == ("cancel", "conflict")
    assert condition(ask(boss, wish("greta", "weak"))) == ("modify", "not-acceptable")
    assert ask(boss, wish("any name is good")).get("type") == "error"
    boss.send(f"<iq type='set' id='m'><query xmlns='{REGISTER}'>{wish('mallory')}</query></iq>")
    assert boss.until(lambda x: name(x) == "message").findtext("c:body", namespaces=NS) == \
        "The account mallory@a.example was registered by boss@a.example/x"
    assert boss.until(lambda x: x.get("id") == "m").get("type") == "result"
    assert ask(boss, "<remove/>").get("type") == "result"
    users = server.ctl("registered_users", "a.example").stdout.split()
    assert {"gina", "mallory"} <= set(users) and not {"boss", "greta"} & set(users)
    new.close()


def test_a_name_that_is_taken_is_not_given_twice(server):
    server.register("glen")
    new = Raw(server.port)
    new.starttls()
    tries = [ask(new, wish("glen")) for _ in range(5)]
    assert {condition(reply) for reply in tries} == {("cancel", "conflict")}
    assert server.ctl("check_password", "glen", "a.example", "secret").returncode == 0
    new.send(f"<iq type='set' id='last'><query xmlns='{REGISTER}'>{wish('glen')}</query></iq>")
    assert new.error() == "policy-violation"


def test_an_address_makes_one_account_in_a_while(make_herald):
    server = make_herald(OPEN + "registration_timeout: 1 hour\n", options="use_proxy_protocol: true, ")

    def stranger(source):
        client = Proxied(server.port, source)
        client.starttls()
        return client

    new = stranger("192.0.2.7")
    assert condition(ask(new, wish("guru"))) == ("cancel", "not-allowed")
    server.register("gina")
    assert condition(ask(new, wish("gina"))) == ("cancel", "conflict")  # came to nothing
    assert ask(new, wish("gold")).get("type") == "result"
    assert condition(ask(new, wish("grey"))) == ("wait", "resource-constraint")
    assert condition(ask(stranger("192.0.2.7"), wish("grey"))) == ("wait", "resource-constraint")
    assert ask(stranger("192.0.2.8"), wish("grey")).get("type") == "result"
    far = stranger("198.51.100.1")
    assert far.features.find(FEATURE) is None
    assert condition(ask(far, wish("green"))) == ("cancel", "not-allowed")
    assert server.ctl("registered_users", "a.example").stdout == "gina\ngold\ngrey\n"


def test_refused_accounts_bar_an_address(make_herald):
    rules = OPEN.replace("modules:\n", "modules:\n  mod_fail2ban: {c2s_max_auth_failures: 2}\n")
    server = make_herald(rules, options="use_proxy_protocol: true, ")
    new = Proxied(server.port, "192.0.2.7")
    new.starttls()
    assert [condition(ask(new, wish("x")))[1] for _ in range(2)] == ["not-allowed"] * 2
    assert "c2s.barred: 192.0.2.7" in server.log.read_text()
    with pytest.raises((EOFError, ConnectionError)):
        Proxied(server.port, "192.0.2.7").open()


@pytest.mark.parametrize("stanza", [
    f"<iq type='set' id='r' to='b.example'><query xmlns='{REGISTER}'>{wish('gina')}</query></iq>",
    f"<iq type='result' id='r'><query xmlns='{REGISTER}'/></iq>",
    "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
    "<message to='a.example'/>"])
def test_strangers_may_ask_for_nothing_else(server, stanza):
    new = Raw(server.port)
    new.starttls()
    new.send(stanza)
    assert new.error() == "not-authorized"


def test_a_stranger_who_goes_leaves_the_account(server):
    new = Raw(server.port)
    new.starttls()
    new.send(f"<iq type='set' id='r'><query xmlns='{REGISTER}'>{wish('gone')}</query></iq>")
    new.close()
    deadline = time.monotonic() + 10
    while server.ctl("check_account", "gone", "a.example", check=False).returncode:
        assert time.monotonic() < deadline


def test_in_the_clear_nobody_registers(make_herald):
    server = make_herald(OPEN)
    config = server.config.read_text().replace("starttls_required: true", "starttls_required: false")
    server.config.write_text(config)
    assert server.stop() == 0
    server.start()
    new = Raw(server.port)
    assert new.open().find(FEATURE) is None
    new.send(f"<iq type='set' id='r'><query xmlns='{REGISTER}'>{wish('gina')}</query></iq>")
    assert new.error() == "not-authorized"
    direct = Raw(server.tls_port)
    direct.tls()
    assert direct.open().find(FEATURE) is not None
    assert ask(direct, wish("gina")).get("type") == "result"


def test_slixmpp_registers_and_logs_in(server):
    async def scenario():
        new = slixmpp.ClientXMPP("gail@a.example", "long enough")
        new.ssl_context.check_hostname, new.ssl_context.verify_mode = False, ssl.CERT_NONE
        new.ca_certs = None
        new.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        for plugin in ("xep_0004", "xep_0066", "xep_0077"):
            new.register_plugin(plugin)
        new._always_send_everything = True  # Debian's holds even this plugin's stanzas back
        started = asyncio.get_event_loop().create_future()

        async def on_form(form):
            reply = new.Iq()
            reply["type"] = "set"
            reply["register"]["username"] = "gail"
            reply["register"]["password"] = "long enough"
            await reply.send()

        new.add_event_handler("register", on_form)
        new.add_event_handler("session_start", lambda _: started.set_result(True))
        new.connect(("127.0.0.1", server.port))
        await asyncio.wait_for(started, 15)
        new.disconnect(wait=2)

    run(scenario())
    assert server.ctl("check_password", "gail", "a.example", "long enough").returncode == 0


# ---- the configuration ----------------------------------------------------------------------

def check(programs, folder, module):
    config = folder / "h.yml"
    config.write_text(f"hosts: [a.example]\nmodules:\n  mod_register:\n    {module}\n")
    return subprocess.run([programs / "herald", "-c", config, "--check"], capture_output=True,
                          text=True, timeout=30, check=False)


@pytest.mark.parametrize("module,says", [
    ("captcha_protected: true", "this must be `false`: herald has not built that"),
    ("redirect_url: http://x/", "has not built ejabberd's option of this module `redirect_url`"),
    ("allow_modules: [mod_x]", "this must be `all`: herald has no other module"),
    ("access: everybody", "there is no rule `everybody`"),
    ("ip_access: []", "this must be the name of a rule"),
    ("password_strength: 200", "bits: a number from 0 to 100"),
    ("registration_watchers: [\"@\"]", "an address, such as admin@example.org"),
    ("welcome_message: {text: x}", "there is no option of welcome_message `text`"),
])
def test_what_cannot_be_is_refused_by_name(programs, tmp_path, module, says):
    done = check(programs, tmp_path, module)
    assert done.returncode == 1 and says in done.stderr


def test_ejabberds_open_door_is_pointed_out(programs, tmp_path):
    done = check(programs, tmp_path, "ip_access: all")
    assert done.returncode == 0 and "warning" in done.stderr
    assert "`access: all` beside this would let everybody" in done.stderr
    done = check(programs, tmp_path, "access: none")
    assert (done.returncode, done.stderr) == (0, "")

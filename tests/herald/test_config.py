# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The configuration: what its rules do, and going over to another while the server runs."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

from chat import Client, run
from instance import free_ports
from raw import NS, Raw, name


def check(programs, path):
    """herald --check of a file."""
    return subprocess.run([programs / "herald", "-c", path, "--check"], capture_output=True,
                          text=True, timeout=30, check=False)


def wait_for_log(herald, text):
    deadline = time.monotonic() + 10
    while text not in herald.log.read_text():
        assert time.monotonic() < deadline, f"`{text}` is not in the log"
        time.sleep(0.02)


def edit(herald, old, new):
    text = herald.config.read_text()
    assert old in text
    herald.config.write_text(text.replace(old, new))


def can_connect(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


async def login_fails(herald, jid):
    with pytest.raises(PermissionError):
        await Client(herald, jid, mechanism="PLAIN").login()


# ---- reading --------------------------------------------------------------------------------

def test_included_files_and_macros_make_one_configuration(programs, tmp_path):
    main, part = tmp_path / "herald.yml", tmp_path / "part.yml"
    main.write_text("""\
hosts: [a.example]
define_macro:
  NETS: [127.0.0.0/8, '::1']
include_config_file:
  part.yml:
    disallow: [loglevel]
acl:
  near: {ip: NETS}
""")
    part.write_text("hosts: [b.example]\nloglevel: silly\nacl: {far: {ip: 10.0.0.0/8}}\n"
                    "access_rules: {c2s: {allow: [near, far]}}\n")
    done = check(programs, main)
    assert (done.returncode, done.stderr) == (0, "")
    part.write_text("hosts: [b.example]\nacl: {far: {ip: 10.0.0.0/80}}\n")
    done = check(programs, main)
    assert done.returncode == 1
    assert f"{part}:2:17" in done.stderr and "a prefix of it has 0 to 32 bits" in done.stderr


@pytest.mark.parametrize("text,place,says", [
    ("include_config_file: gone.yml\n", "1:22", "gone.yml: No such file"),
    ("include_config_file: herald.yml\n", "1:22", "does one include itself?"),
    ("define_macro: {A: B, B: A}\nloglevel: A\n", "2:11", "does one stand for itself?"),
    ("access_rules: {x: {alow: all}}\n", "1:20", "must be `allow` or `deny`"),
    ("acl: {x: {usr: a}}\n", "1:11", "did you mean `user`?"),
    ("acl: {x: {shared_group: a}}\n", "1:11", "has not built ejabberd's condition"),
    ("shaper_rules: {x: {fast: all}}\n", "1:20", "there is no shaper `fast`"),
    ("listen: [{port: 5222, shaper: [{slw: all}]}]\nshaper: {slow: 5}\n", "1:33",
     "did you mean `slow`?"),
    ("listen: [{port: 5222, access: [{alow: all}]}]\n", "1:33", "must be `allow` or `deny`"),
    ("modules: {mod_announce: {access: []}}\n", "1:34", "lines of a rule such as"),
    ("listen: [{port: 5222, module: ejabberd_c2s, access: x}]\n", "1:53", "no rule `x`"),
    ("host_config: {c.example: {acl: {}}}\n", "1:15", "`c.example` is not one of the `hosts`"),
    ("host_config: {a.example: {language: de}}\n", "1:27",
     "has not built ejabberd's option of a host `language`"),
    ("append_host_config: {c.example: {acl: {}}}\n", "1:22", "is not one of the `hosts`"),
    ("host_config: {a.example: {modules: {mod_roster: {versioning: false}}}}\n", "1:62",
     "herald always does that"),
    ("auth_method: sql\n", "1:14", "accounts of its own only"),
    ("auth_password_format: plain\n", "1:23", "keeps keys and never a password"),
    ("disable_sasl_mechanisms: [PLAN]\n", "1:27", "did you mean `PLAIN`?"),
    ("listen: [{port: 5222, shaper: slw}]\nshaper: {slow: 5}\n", "1:31", "there is no rule `slw`"),
    ("modules: {mod_roster: {versioning: false}}\n", "1:36", "herald always does that"),
    ("modules: {mod_offline: {access_max_user_messages: x}}\n", "1:51", "there is no rule `x`"),
    ("modules: {mod_stream_mgmt: {resend_on_timeout: maybe}}\n", "1:48", "`if_offline`"),
    ("modules: {mod_stream_mgmt: {queue_type: ram}}\n", "1:41", "always on the disk"),
    ("modules: {mod_stream_mgmt: {cache_size: 10}}\n", "1:29", "has not built ejabberd's option"),
    ("modules: {mod_ping: {timeout_action: nothing}}\n", "1:38", "`none` or `kill`"),
    ("log_format: xml\n", "1:13", "`text` or `json`"),
    ("listen: [{port: 3478, module: ejabberd_stun, transport: udp}]\n", "1:31",
     "has not built ejabberd's listener `ejabberd_stun`"),
])
def test_what_cannot_be_is_said_with_its_place(programs, tmp_path, text, place, says):
    config = tmp_path / "herald.yml"
    config.write_text(text + "hosts: [a.example]\n")
    done = check(programs, config)
    assert done.returncode == 1
    assert f"{config}:{place}\n" in done.stderr
    assert says in done.stderr


@pytest.mark.parametrize("text,place", [
    ("access_rules: {c2s: [deny: blocked, allow: all]}", "2:28"),
    ("listen: [{port: 5222, access: {deny: blocked}}]", "2:38"),
    ("modules: {mod_announce: {access: [allow: {acl: blocked}]}}", "2:48"),
])
def test_an_acl_that_nobody_defines_is_a_warning(programs, tmp_path, text, place):
    config = tmp_path / "herald.yml"
    config.write_text(f"hosts: [a]\n{text}\n")
    done = check(programs, config)
    assert done.returncode == 0 and f"{config}:{place}\n" in done.stderr
    assert "the acl `blocked` is nowhere defined: nobody is in it" in done.stderr


def test_the_manual_names_every_option(root):
    manual = (root / "docs/herald.yml.5").read_text()
    names = set()
    for path in (root / "src/herald/daemon").glob("config*.c"):
        names |= set(re.findall(r'{ "(\w+)", take_', path.read_text()))
    assert len(names) > 30
    assert not {name for name in names if not re.search(rf"\b{name}\b", manual)}


# ---- what the options do --------------------------------------------------------------------

ACCESS = """\
acl:
  blocked: {user: eve}
  near: {ip: [127.0.0.0/8]}
access_rules:
  c2s: [deny: blocked, allow: near]
host_config:
  b.example:
    access_rules: {c2s: {allow: all}}
"""


@pytest.mark.parametrize("rule", ["c2s", "[{deny: blocked}, {allow: [near, server: a.example]}, "
                                         "{allow: {server: b.example}}]"])
def test_an_access_rule_decides_who_logs_in(make_herald, rule):
    herald = make_herald(ACCESS.replace("blocked: {user: eve}", "blocked: {user: eve@a.example}"),
                         options=f"access: {rule}, ")
    for host in ("a.example", "b.example"):
        herald.register("eve", "alice", host=host)

    async def scenario():
        await login_fails(herald, "eve@a.example")
        for jid in ("alice@a.example", "eve@b.example"):
            await (await Client(herald, jid).login()).leave()

    run(scenario())
    assert "the access rule of this port does not allow it" in herald.log.read_text()


def test_disabled_mechanisms_are_not_offered(make_herald):
    herald = make_herald("disable_sasl_mechanisms: [plain, DIGEST-MD5]\n")
    herald.register("alice")

    async def scenario():
        await login_fails(herald, "alice@a.example")
        await (await Client(herald, "alice@a.example").login()).leave()

    run(scenario())


HOSTS = """
modules:
  mod_disco: {server_info: [{modules: all, name: abuse-addresses, urls: ["mailto:all@a.example"]}]}
  mod_ping: {}
  mod_stream_mgmt: {}
host_config:
  b.example:
    modules: {mod_disco: {}, mod_version: {}}
    disable_sasl_mechanisms: [SCRAM-SHA-1]
"""


def test_a_host_has_modules_of_its_own(make_herald):
    herald = make_herald(HOSTS)
    herald.register("alice")
    herald.register("alice", host="b.example")

    def look(host):
        """The features of the host and of its stream, the addresses, the mechanisms."""
        client = Raw(herald.port, host)
        client.starttls()
        mechanisms = {m.text for m in client.features.find("sasl:mechanisms", NS)}
        assert name(client.plain("alice")) == "success"
        stream = {x.tag.rpartition("}")[2] for x in client.open()}
        client.bind()
        info = client.ask("<query xmlns='http://jabber.org/protocol/disco#info'/>", to=host)
        ping = client.ask("<ping xmlns='urn:xmpp:ping'/>").get("type")
        version = client.ask("<query xmlns='jabber:iq:version'/>", to=host).get("type")
        client.close()
        features = {x.get("var") for x in info[0] if name(x) == "feature"}
        return (ping, version, "sm" in stream, "urn:xmpp:ping" in features,
                "mailto:all@a.example" in ET.tostring(info, "unicode"), "SCRAM-SHA-1" in mechanisms)

    assert look("a.example") == ("result", "error", True, True, True, True)
    assert look("b.example") == ("error", "result", False, False, False, False)
    # In addition instead, and without a restart.
    edit(herald, "host_config", "append_host_config")
    herald.ctl("reload_config")
    assert look("a.example") == ("result", "error", True, True, True, True)
    assert look("b.example") == ("result", "result", True, True, True, False)


def test_the_log_can_be_a_file_of_json(make_herald, tmp_path):
    herald = make_herald(f"log_dir: {tmp_path}/logs\nlog_format: json\n")
    log = tmp_path / "logs/herald.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(set(line) == {"time", "level", "event", "message"} for line in lines)
    assert "started" in [line["event"] for line in lines]
    assert herald.log.read_text() == ""

    moved = log.with_suffix(".1")
    log.rename(moved)
    herald.ctl("reopen_log")
    herald.register("alice")

    async def scenario():
        with pytest.raises(PermissionError):
            await Client(herald, "alice@a.example", "geheim").login()

    run(scenario())
    assert "started" not in log.read_text()
    assert "geheim" not in log.read_text()


LIMITS = """\
acl: {staff: {user: boss}}
shaper: {slow: {rate: 20000, burst_size: 30000}, free: none}
shaper_rules:
  max_user_sessions: [{3: staff}, {2: all}]
  waiting: {2: all}
  speed: {free: staff, slow: all}
modules: {mod_roster: {versioning: true}, mod_offline: {access_max_user_messages: waiting}}
"""


@pytest.mark.parametrize("waiting", ["waiting", "[{100: staff}, 2]"])
def test_rules_limit_sessions_and_waiting_messages(make_herald, waiting):
    herald = make_herald(LIMITS.replace("messages: waiting", f"messages: {waiting}"))
    herald.register("boss", "alice", "bob")

    async def scenario():
        for user, limit in (("boss", 3), ("alice", 2)):
            clients = [await Client(herald, f"{user}@a.example/{n}").login()
                       for n in range(limit + 1)]
            await clients[0].ended
            assert len(herald.ctl("user_resources", user, "a.example").stdout.split()) == limit
        for number in range(4):
            clients[-1].send_message("bob@a.example", f"{number}", mtype="chat")
        refused = [await clients[-1].message() for _ in range(2)]
        assert {each["type"] for each in refused} == {"error"}
        bob = await (await Client(herald, "bob@a.example").login()).come()
        assert [(await bob.message())["body"] for _ in range(2)] == ["0", "1"]
        await bob.leave()
        for client in clients[1:]:
            await client.leave()

    run(scenario())


@pytest.mark.parametrize("rule", ["speed", "{free: staff, slow: all}"])
def test_a_shaper_slows_down_who_it_is_for(make_herald, rule):
    herald = make_herald(LIMITS, options=f"shaper: {rule}, ")
    herald.register("boss", "alice")

    async def seconds(user):
        """How long 70,000 bytes take."""
        client = await (await Client(herald, f"{user}@a.example/x").login()).come()
        began = time.monotonic()
        for _ in range(7):
            client.send_message(client.boundjid, "x" * 10000, mtype="chat")
        for _ in range(7):
            await client.message()
        took = time.monotonic() - began
        await client.leave()
        return took

    async def scenario():
        assert await seconds("boss") < 1
        assert 1.4 < await seconds("alice") < 6

    run(scenario())


# ---- going over to another ------------------------------------------------------------------

def test_a_reload_changes_hosts_ports_and_rules(make_herald):
    herald = make_herald()
    herald.register("alice", "eve")
    herald.register("bob", host="b.example")
    third, = free_ports(1)

    async def scenario():
        alice = await (await Client(herald, "alice@a.example/x").login()).come()
        bob = await Client(herald, "bob@b.example/x").login()
        edit(herald, "hosts: [a.example, b.example]", "hosts: [a.example, c.example]")
        edit(herald, f"port: {herald.tls_port},", f"port: {third},")
        edit(herald, "starttls_required: true", "access: some")
        edit(herald, "loglevel: debug", "loglevel: info")
        rules = ACCESS.split("host_config")[0] + "  some: [deny: blocked, allow: all]\n"
        herald.config.write_text(herald.config.read_text() + rules)
        assert herald.ctl("reload_config").stderr == ""
        await bob.ended
        assert herald.ctl("registered_vhosts").stdout == "a.example\nc.example\n"
        assert herald.ctl("get_loglevel").stdout == "info\n"
        assert can_connect(third) and not can_connect(herald.tls_port)
        await login_fails(herald, "eve@a.example")
        herald.register("carol", host="c.example")
        carol = await (await Client(herald, "carol@c.example").login()).come()
        # Who was there before is still there.
        carol.send_message("alice@a.example/x", "hello", mtype="chat")
        assert (await alice.message())["body"] == "hello"
        await carol.leave()
        await alice.leave()

    run(scenario())


def test_a_bad_configuration_is_not_taken(make_herald):
    herald = make_herald()
    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    good = herald.config.read_text()
    for text, says in [
            (good + "loglvel: info\n", "did you mean `loglevel`?"),
            (good.replace("spool_dir: ", "spool_dir: /else"), "`spool_dir` can only change when"),
            (good + "certfiles: [/nowhere.pem]\n", "/nowhere.pem"),
            (good.replace(str(herald.tls_port), str(busy.getsockname()[1])), "in use"),
            (good + "log_dir: /proc/nowhere\n", "cannot write the log")]:
        herald.config.write_text(text.replace("[a.example, b.example]", "[z.example]"))
        done = herald.ctl("reload_config", check=False)
        assert done.returncode == 1 and says in done.stderr
        herald.config.write_text(good)
        assert herald.ctl("registered_vhosts").stdout == "a.example\nb.example\n"
        assert can_connect(herald.port) and can_connect(herald.tls_port)
    busy.close()
    assert herald.log.read_text().count("config.refused") == 5


def test_sighup_reloads(make_herald):
    herald = make_herald()
    edit(herald, "b.example", "c.example")
    herald.process.send_signal(signal.SIGHUP)
    wait_for_log(herald, "config.reloaded")
    assert herald.ctl("registered_vhosts").stdout == "a.example\nc.example\n"


def test_many_reloads_leave_nothing_behind(make_herald):
    herald = make_herald()
    descriptors = f"/proc/{herald.process.pid}/fd"
    herald.ctl("reload_config")
    before = len(os.listdir(descriptors))
    for _ in range(20):
        herald.ctl("reload_config")
    deadline = time.monotonic() + 5
    while len(os.listdir(descriptors)) > before:  # the last connection of heraldctl
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_configuration_in_force_can_be_written_out(make_herald, programs, tmp_path):
    herald = make_herald(ACCESS)
    text = herald.ctl("dump_config").stdout
    out = tmp_path / "out.yml"
    herald.ctl("dump_config", str(out))
    assert out.read_text() == text and out.stat().st_mode & 0o777 == 0o600
    assert check(programs, out).returncode == 0
    assert herald.ctl("dump_config", str(out), check=False).returncode == 1

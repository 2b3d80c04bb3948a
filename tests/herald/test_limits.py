# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""How many may come, how fast they may send, and who stands behind a proxy."""
import base64
import socket
import ssl
import struct
import time

import pytest

from raw import NS, Raw, name

V2 = b"\r\n\r\n\0\r\nQUIT\n"


class Proxied(Raw):
    """A client as a proxy shows it. `header` False: the proxy forgets to."""

    def __init__(self, port, source, version=2, destination="127.0.0.1"):
        super().__init__(port)
        if version == 1:
            self.send(f"PROXY TCP4 {source} {destination} 40000 5222\r\n")
        elif version == 2:
            self.send(V2 + b"\x21\x11\0\x0c" + socket.inet_aton(source) +
                      socket.inet_aton(destination) + struct.pack("!HH", 40000, 5222))


@pytest.mark.parametrize("version", [1, 2])
def test_a_proxy_says_whose_connection_it_is(make_herald, version):
    server = make_herald(options="use_proxy_protocol: true, ")
    server.register("alice")
    client = Proxied(server.port, "192.0.2.77", version)
    client.session("alice")
    assert "192.0.2.77: account `alice@a.example`" in server.log.read_text()
    assert "192.0.2.77" in server.ctl("connected_users_info").stdout
    client.close()


def test_without_its_header_nobody_comes_in(make_herald):
    server = make_herald(options="use_proxy_protocol: true, ")
    client = Raw(server.port)
    client.send("<stream:stream to='a.example'>")
    with pytest.raises((EOFError, ConnectionError)):
        client.next()
    silent = Raw(server.port)
    start = time.monotonic()
    with pytest.raises((EOFError, ConnectionError)):
        silent.next()
    assert time.monotonic() - start < 8


def test_direct_tls_comes_through_a_proxy(make_herald, tmp_path):
    server = make_herald()
    config = server.config.read_text().replace("tls: true", "tls: true, use_proxy_protocol: true")
    server.config.write_text(config)
    assert server.stop() == 0
    server.start()
    client = Proxied(server.tls_port, "192.0.2.9")
    client.tls()
    assert name(client.open()) == "features"
    client.close()


def test_an_address_and_its_neighbours_have_a_limit(make_herald):
    server = make_herald("max_connections_per_address: 3\nmax_connections_per_prefix: 5\n",
                         options="use_proxy_protocol: true, ")

    def enters(source):
        client = Proxied(server.port, source)
        try:
            client.open()
            return client
        except (EOFError, ConnectionError):
            return None

    inside = [enters("192.0.2.1") for _ in range(3)]
    assert all(inside) and enters("192.0.2.1") is None
    more = [enters("192.0.2.2") for _ in range(2)]
    assert all(more) and enters("192.0.2.3") is None  # the /24 is full
    other = enters("192.0.3.1")
    assert other
    assert "c2s.refused: 192.0.2.1" in server.log.read_text()
    inside[0].close()
    deadline = time.monotonic() + 10
    while (again := enters("192.0.2.1")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for each in (*inside, *more, other, again):
        each.close()


def test_failed_logins_count_against_the_address(make_herald):
    server = make_herald("modules: {mod_fail2ban: {c2s_max_auth_failures: 3, c2s_auth_ban_lifetime: 3}}\n",
                         options="use_proxy_protocol: true, ")
    server.register("alice", "bob")
    guesser = Proxied(server.port, "192.0.2.1")
    guesser.starttls()
    for user in ("alice", "bob", "nobody"):
        assert name(guesser.plain(user, "guess")) == "failure"
    assert "c2s.barred: 192.0.2.1" in server.log.read_text()
    with pytest.raises((EOFError, ConnectionError)):
        Proxied(server.port, "192.0.2.1").open()
    # Its victims are not locked out elsewhere, and after a while it may try again.
    client = Proxied(server.port, "192.0.2.2")
    assert name(client.login("alice")) == "features"
    time.sleep(3.1)
    again = Proxied(server.port, "192.0.2.1")
    assert name(again.login("alice")) == "features"
    for each in (guesser, client, again):
        each.close()


def test_an_address_derives_so_many_keys_at_once(make_herald):
    """Who has too many on the way is told to come again; that is no failed login."""
    server = make_herald("""
max_key_derivations_per_address: 1
modules: {mod_fail2ban: {c2s_max_auth_failures: 2}}
""", options="use_proxy_protocol: true, ")
    server.register("alice")
    crowd = [Proxied(server.port, "192.0.2.1") for _ in range(20)]
    other = Proxied(server.port, "192.0.2.2")
    for client in (*crowd, other):
        client.starttls()
    data = base64.b64encode(b"\0alice\0secret").decode()
    for client in (*crowd, other):
        client.send(f"<auth xmlns='{NS['sasl']}' mechanism='PLAIN'>{data}</auth>")
    answers = [client.next() for client in crowd]
    assert {name(x) for x in answers} == {"success", "failure"}
    assert {name(x[0]) for x in answers if name(x) == "failure"} == {"temporary-auth-failure"}
    assert name(other.next()) == "success"
    turned_away = crowd[[name(x) for x in answers].index("failure")]
    assert name(turned_away.plain("alice")) == "success"
    assert "c2s.barred" not in server.log.read_text()
    for client in (*crowd, other):
        client.close()


def test_only_so_many_tls_handshakes_are_at_once(make_herald):
    """Others wait for their turn; who dawdles loses his, who says nothing has none."""
    server = make_herald("max_tls_handshakes: 2\n")
    silent = [Raw(server.tls_port) for _ in range(5)]
    slow = [Raw(server.tls_port) for _ in range(2)]
    for client in slow:
        client.send(b"\x16\x03\x01\x02\x00\x01")  # a ClientHello begins
    time.sleep(0.2)  # so that they are first
    start = time.monotonic()
    waiting = Raw(server.tls_port)
    waiting.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        waiting.tls()
    slow[0].close()  # makes room
    client = Raw(server.tls_port)
    client.tls()
    assert name(client.open()) == "features" and time.monotonic() - start < 2.5
    slow.append(Raw(server.tls_port))
    slow[-1].send(b"\x16\x03\x01\x02\x00\x01")
    late = Raw(server.tls_port)
    late.tls()
    assert name(late.open()) == "features" and time.monotonic() - start > 2
    for each in (*silent, *slow[1:], client, late, waiting):
        each.close()


def test_the_loopback_is_exempt(make_herald):
    server = make_herald("max_connections_per_address: 2\n")
    clients = [Raw(server.port) for _ in range(10)]
    for client in clients:
        assert name(client.open()) == "features"
        client.close()


def test_the_kernel_looks_after_silent_connections(herald):
    """A peer that has vanished without a word is noticed by keepalives."""
    client = Raw(herald.port)
    client.open()
    mine = client.sock.getsockname()[1]
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table if f":{herald.port:04X} " in line.split()[1] + " "]
    timers = [row[5][:2] for row in rows if row[2].endswith(f":{mine:04X}")]
    assert timers == ["02"]  # keepalive
    client.close()


def test_a_shaper_makes_who_floods_wait(make_herald):
    server = make_herald("""
shaper:
  slow: {rate: 20000, burst_size: 30000}
shaper_rules:
  c2s_shaper:
    none: {user: bob}
    slow: all
""", options="shaper: c2s_shaper, ")
    server.register("alice", "bob")
    took = {}
    for user in ("alice", "bob"):
        client = Raw(server.port).session(user)
        start = time.monotonic()
        client.send(("<message type='headline' to='nobody@a.example'><body>" + "x" * 1000 +
                     "</body></message>") * 70)
        client.ask("<ping xmlns='urn:xmpp:ping'/>")
        took[user] = time.monotonic() - start
        client.close()
    assert took["alice"] > 1.2, took  # 75 kB: 30 at once, 20 a second
    assert took["bob"] < took["alice"] / 2

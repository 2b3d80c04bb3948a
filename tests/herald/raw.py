# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A client without manners: sends what it is told and gives back what comes, element by
element. Blocking, with a deadline for everything."""
import base64
import socket
import ssl
import xml.etree.ElementTree as ET

NS = {"stream": "http://etherx.jabber.org/streams", "c": "jabber:client",
      "sasl": "urn:ietf:params:xml:ns:xmpp-sasl", "tls": "urn:ietf:params:xml:ns:xmpp-tls",
      "bind": "urn:ietf:params:xml:ns:xmpp-bind", "sm": "urn:xmpp:sm:3",
      "stanzas": "urn:ietf:params:xml:ns:xmpp-stanzas", "errors": "urn:ietf:params:xml:ns:xmpp-streams"}


def name(x):
    """The name of an element without its namespace."""
    return x.tag.rpartition("}")[2]


class Raw:
    """A stream. `host` is its `to`."""

    def __init__(self, port, host="a.example", timeout=10, address="127.0.0.1"):
        self.host = host
        self.sock = socket.create_connection((address, port), timeout=timeout)
        self._reset()

    def _reset(self):
        self.parser = ET.XMLPullParser(["start", "end"])
        self.depth, self.root, self.ready = 0, None, []

    # ---- bytes and elements ----

    def send(self, text):
        self.sock.sendall(text.encode() if isinstance(text, str) else text)

    def _take(self, data):
        self.parser.feed(data)
        for event, x in self.parser.read_events():
            if event == "start":
                self.depth += 1
                if self.depth == 1:
                    self.root = x
                    self.ready.append(x)
            else:
                self.depth -= 1
                if self.depth == 1:
                    self.ready.append(x)
                elif self.depth == 0:
                    self.ready.append(None)

    def next(self):
        """The next element of the stream, the stream's root itself first; None at its end."""
        while not self.ready:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self._take(data)
        return self.ready.pop(0)

    def until(self, wanted):
        """Drops elements until one for which wanted(x)."""
        while True:
            x = self.next()
            if x is not None and wanted(x):
                return x

    def rest(self):
        """What comes until the connection ends: the names of the elements."""
        names = []
        try:
            while True:
                x = self.next()
                names.append("/" if x is None else name(x))
        except (EOFError, ConnectionError, ssl.SSLError, TimeoutError):
            return names

    def error(self):
        """Reads on to the stream error: its condition."""
        x = self.until(lambda x: x.tag == f"{{{NS['stream']}}}error")
        return name(x[0])

    def close(self):
        self.sock.close()

    # ---- negotiation ----

    def open(self):
        """A stream header; gives the features."""
        self._reset()
        self.send(f"<?xml version='1.0'?><stream:stream to='{self.host}' version='1.0' "
                  f"xmlns='jabber:client' xmlns:stream='{NS['stream']}'>")
        assert name(self.next()) == "stream"
        self.features = self.next()
        return self.features

    def tls(self, context=None, server_name=None):
        """Speaks TLS from here on."""
        if not context:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock, server_hostname=server_name or self.host)

    def starttls(self, **how):
        self.open()
        self.send(f"<starttls xmlns='{NS['tls']}'/>")
        assert name(self.next()) == "proceed"
        self.tls(**how)
        return self.open()

    def plain(self, user, password="secret", authzid=""):
        """The answer to SASL PLAIN."""
        data = base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()
        self.send(f"<auth xmlns='{NS['sasl']}' mechanism='PLAIN'>{data}</auth>")
        return self.next()

    def login(self, user, **how):
        """As far as the features behind the login."""
        self.starttls(**how)
        assert name(self.plain(user)) == "success"
        return self.open()

    def bind(self, resource=None):
        wish = f"<resource>{resource}</resource>" if resource else ""
        self.send(f"<iq type='set' id='bind'><bind xmlns='{NS['bind']}'>{wish}</bind></iq>")
        x = self.next()
        assert x.get("type") == "result", ET.tostring(x)
        self.jid = x.findtext("bind:bind/bind:jid", namespaces=NS)
        return self

    def session(self, user, resource=None):
        """A bound session that is available."""
        self.login(user)
        self.bind(resource)
        self.send("<presence/>")
        self.until(lambda x: name(x) == "presence" and x.get("from") == self.jid)
        return self

    def ask(self, payload, kind="get", to=None):
        """An IQ and its answer."""
        self.count = getattr(self, "count", 0) + 1
        address = f" to='{to}'" if to else ""
        self.send(f"<iq type='{kind}' id='q{self.count}'{address}>{payload}</iq>")
        return self.until(lambda x: name(x) == "iq" and x.get("id") == f"q{self.count}")

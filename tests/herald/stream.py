# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A client with XEP-0198, stanza by stanza."""
from raw import NS, Raw, name

SM = f"xmlns='{NS['sm']}'"


class Stream(Raw):
    """A client with stream management: counts, keeps what is not acknowledged."""

    def __init__(self, port):
        super().__init__(port)
        self.h, self.acked, self.sent = 0, 0, []
        self.id = None

    @classmethod
    def begin(cls, herald, user, resource, resume="true"):
        self = cls(herald.port)
        self.session(user, resource)
        self.send(f"<enable {SM} resume='{resume}'/>")
        enabled = self.until(lambda x: x.tag == f"{{{NS['sm']}}}enabled")
        self.id = enabled.get("id")
        return self

    def resume(self, herald, user):
        """A new connection goes on; gives whether the server took it."""
        self.close()
        fresh = Raw(herald.port)
        fresh.login(user)
        self.sock, self.parser = fresh.sock, fresh.parser
        self.depth, self.root, self.ready = fresh.depth, fresh.root, fresh.ready
        self.send(f"<resume {SM} previd='{self.id}' h='{self.h}'/>")
        x = self.next()
        if name(x) != "resumed":
            return False
        self._on_ack(int(x.get("h")))
        for stanza in self.sent:
            self.send(stanza)
        return True

    def _on_ack(self, h):
        assert h >= self.acked, (h, self.acked)
        self.sent = self.sent[h - self.acked:]
        self.acked = h

    def stanza(self, text):
        self.sent.append(text)
        self.send(text)

    def message(self, to, body):
        self.stanza(f"<message to='{to}' type='chat' id='{body}'><body>{body}</body></message>")

    def take(self):
        """The next stanza; answers requests and notes acks on the way."""
        while True:
            x = self.next()
            if x is None:
                raise EOFError
            kind = name(x)
            if kind == "r":
                self.send(f"<a {SM} h='{self.h}'/>")
            elif kind == "a":
                self._on_ack(int(x.get("h")))
            elif kind in ("message", "presence", "iq"):
                self.h += 1
                return x
            elif kind == "error":
                raise EOFError

    def take_message(self):
        while True:
            x = self.take()
            if name(x) == "message":
                return x.findtext("c:body", namespaces=NS)

    def sync(self):
        """Waits until all that was sent is acknowledged."""
        self.send(f"<r {SM}/>")
        while self.sent:
            x = self.next()
            assert name(x) in ("a", "r"), x.tag
            if name(x) == "a":
                self._on_ack(int(x.get("h")))

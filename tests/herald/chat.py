# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Clients on slixmpp, to be driven step by step from a test."""
import asyncio
import ssl

import slixmpp


class Client(slixmpp.ClientXMPP):
    """Logs in, and puts what comes into queues."""

    def __init__(self, herald, jid, password="secret", mechanism=None, direct=False,
                 binding=True):
        super().__init__(jid, password, sasl_mech=mechanism)
        self.herald, self.direct = herald, direct
        self.messages, self.presences = asyncio.Queue(), asyncio.Queue()
        self.pushes = asyncio.Queue()
        self.ended = asyncio.get_event_loop().create_future()
        self.started = asyncio.get_event_loop().create_future()
        # The certificate is self-signed.
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.ca_certs = None
        # Debian's slixmpp knows tls-unique alone, which TLS 1.3 does not have.
        self.ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        if not binding:
            self._forget_binding()
        self.auto_authorize = self.auto_subscribe = None
        self.add_event_handler("message", self.messages.put_nowait)
        self.add_event_handler("carbon_received", self.messages.put_nowait)
        self.add_event_handler("carbon_sent", self.messages.put_nowait)
        self.add_event_handler("roster_update", self.pushes.put_nowait)
        self.add_event_handler("message_error", self.messages.put_nowait)
        # slixmpp takes <show/> for a type.
        for kind in ("available", "away", "dnd", "xa", "unavailable", "subscribe", "subscribed", "unsubscribe",
                     "unsubscribed"):
            self.add_event_handler(f"presence_{kind}", self.presences.put_nowait)
        self.add_event_handler("session_start", lambda _: self._settle(None))
        self.add_event_handler("failed_all_auth", lambda _: self._settle("failed"))
        self.add_event_handler("disconnected", lambda _: self._end())

    def _forget_binding(self):
        mechanisms = self["feature_mechanisms"]
        credentials = mechanisms.sasl_callback

        def without(required, optional):
            return credentials(required, optional - {"channel_binding"})

        mechanisms.sasl_callback = without

    def _settle(self, problem):
        if self.started.done():
            return
        if problem:
            self.started.set_exception(PermissionError(problem))
        else:
            self.started.set_result(None)

    def _end(self):
        self._settle("the connection ended")
        if not self.ended.done():
            self.ended.set_result(None)

    async def login(self):
        port = self.herald.tls_port if self.direct else self.herald.port
        self.connect(("127.0.0.1", port), use_ssl=self.direct, disable_starttls=False)
        await asyncio.wait_for(self.started, 15)
        return self

    async def come(self, priority=0):
        """Roster and first presence; the own presence comes back."""
        await self.get_roster()
        self.send_presence(ppriority=priority)
        await self.presence(lambda p: p["from"] == self.boundjid)
        return self

    async def message(self, timeout=10):
        return await asyncio.wait_for(self.messages.get(), timeout)

    async def presence(self, wanted, timeout=10):
        """The next presence for which wanted(p) is true; others before it are dropped."""
        async def search():
            while True:
                presence = await self.presences.get()
                if wanted(presence):
                    return presence
        return await asyncio.wait_for(search(), timeout)

    async def leave(self):
        self.disconnect(wait=2)
        await asyncio.wait_for(self.ended, 10)


def run(scenario):
    """Runs a coroutine in an event loop of its own, which slixmpp finds as the current one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(asyncio.wait_for(scenario, 50))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

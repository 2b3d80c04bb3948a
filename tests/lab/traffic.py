# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The lab's traffic: what is tried against the server, and what should come of it.

Connections and pings are real ones between the hosts' own kernels, and so is the ICMP
error: the router's, for packets too large for its line. Only what no kernel sends by
itself (a stray SYN+ACK or ACK, a flood of ARP questions) is made with scapy.
"""

import itertools
import logging
import select
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import Callable, NamedTuple

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # it warns of bare interfaces
from scapy.layers.inet import IP, TCP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402

from topology import INTERNET, NEIGHBOUR, NIC, PATH_MTU, SERVER, SERVER6, VILLAIN  # noqa: E402

import xmpp  # noqa: E402

SSH_PORT, CLOSED_PORT = 22, 80
SSH_BURST = 5
BANNER = b"SSH-2.0-lab\r\n"
LARGE_BYTES = 20000
CONNECT_S = 1.2  # long enough for the kernel to try a second SYN
ANSWER_S = 0.4
ARP_QUESTIONS, ARP_BURST, ARP_SLACK = 200, 40, 20


class Outcome(NamedTuple):
    """What came of an attempt, in a word or two, and a figure to it."""

    word: str
    detail: str = ""


@dataclass(frozen=True)
class Attempt:
    """A row of the lab: what to send, and what the sender and the kernel should say."""

    tried: str
    send: Callable
    answer: str  # what the sender should see
    state: str  # the connection's state in the kernel's eyes
    verdict: str
    seen: dict  # the traced packet that this row is about
    note: str = ""


class Traffic:
    """The programs running on the lab's hosts: an SSH listener and its clients, and (with a
    folder of programs) herald."""

    patience_s = CONNECT_S

    def __init__(self, hosts, programs=None):
        self.hosts = hosts
        self.chat = xmpp.ChatServer(hosts["server"], programs) if programs else None
        self.open = []  # connections held open: closing would send packets of its own
        self.sport = itertools.count(40001)
        with hosts["server"].inside():
            self.listener = socket.create_server(("", SSH_PORT), backlog=64)

    def connect(self, host, address, port=SSH_PORT, source="", source_port=0):
        """A TCP connection: the client's end, or the word for why there is none."""
        with self.hosts[host].inside():
            try:
                client = socket.create_connection((address, port), self.patience_s,
                                                  (source, source_port))
            except TimeoutError:
                return None, "no answer"
            except ConnectionRefusedError:
                return None, "refused"
            except OSError as problem:
                return None, problem.strerror
        self.open.append(client)
        return client, "open"

    def ssh(self, host, address=SERVER, source=""):
        """An SSH connection, kept open with its server's end when it comes about."""
        client, word = self.connect(host, address, source=source)
        if client:
            self.open.append(self.listener.accept()[0])
        return Outcome(word)

    def xmpp(self, port):
        """An XMPP login from the internet."""
        client, word = self.connect("internet", SERVER, port)
        if not client:
            return Outcome(word)
        self.open.remove(client)
        return Outcome(xmpp.login(client, direct=port == xmpp.TLS_PORT))

    def ping(self, host, address):
        """One real ping."""
        with self.hosts[host].inside():
            done = subprocess.run(["ping", "-n", "-c1", "-W1", address], check=False,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return Outcome("answered" if done.returncode == 0 else "no answer")

    def first_ssh(self):
        """The connection from outside that the next rows use."""
        outcome = self.ssh("internet")
        if outcome.word == "open":
            self.client, self.peer = self.open[-2:]
        return outcome

    def send_over(self, sender, receiver, data):
        """Send data over the live connection; how much of it arrives?"""
        sender.sendall(data)
        receiver.settimeout(3)
        left = len(data)
        try:
            while left > 0 and (part := receiver.recv(1 << 16)):
                left -= len(part)
        except TimeoutError:
            return Outcome("stuck", f"{len(data) - left} of {len(data)} bytes")
        return Outcome("arrived")

    def more_ssh(self):
        """The rest of what the limit allows."""
        words = [self.ssh("internet").word for _ in range(SSH_BURST - 1)]
        return Outcome("all open" if set(words) == {"open"} else ", ".join(words))

    def stray(self, flags, sport, dport):
        """A TCP segment of no connection, from the internet; does anything come back?"""
        segment = IP(src=INTERNET, dst=SERVER) / TCP(
            sport=sport, dport=dport, flags=flags, seq=1000, ack=2000)
        with self.hosts["internet"].inside():
            receiver = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
            sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with receiver, sender:
            sender.sendto(bytes(segment), (SERVER, 0))
            deadline = time.monotonic() + ANSWER_S
            while (left := deadline - time.monotonic()) > 0:
                if not select.select([receiver], [], [], left)[0]:
                    break
                answer = IP(receiver.recv(1 << 16))[TCP]
                if (answer.sport, answer.dport) == (dport, sport):
                    return Outcome("answered", f"flags {answer.flags}")
        return Outcome("no answer")

    def discover(self):
        """IPv6 from the neighbour, who first has to ask for the server's MAC address."""
        self.hosts["neighbour"].run("ip", "-6", "neigh", "flush", "dev", NIC)
        self.ping("neighbour", SERVER6)
        entry = self.hosts["neighbour"].run("ip", "-6", "neigh", "show", SERVER6, "dev", NIC)
        return Outcome("answered" if "lladdr" in entry else "no answer")

    def arp_burst(self):
        """A flood of ARP questions; how many are answered?"""
        with self.hosts["neighbour"].inside():
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
        wire.bind((NIC, 0x0806))
        mac = wire.getsockname()[4].hex(":")
        question = bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
                         / ARP(op=1, hwsrc=mac, psrc=NEIGHBOUR, pdst=SERVER))
        answers = 0
        with wire:
            for _ in range(ARP_QUESTIONS):
                wire.send(question)
            while select.select([wire], [], [], ANSWER_S)[0]:
                frame = Ether(wire.recv(2048))
                answers += frame[ARP].op == 2 and frame[ARP].psrc == SERVER
        cut = ARP_BURST <= answers <= ARP_BURST + ARP_SLACK
        return Outcome("cut" if cut else "not cut", f"{answers} of {ARP_QUESTIONS} answered")

    def background(self, second):
        """A little life for the live counters: a ping a second, now and then an SSH."""
        self.ping("neighbour", SERVER)
        if second % 5 == 0:
            client, _ = self.connect("internet", SERVER)
            if client:
                self.listener.accept()[0].close()
                client.close()


def arriving(protocol, src=INTERNET, **fields):
    """The fields of a packet that reaches the server from src."""
    return {"hook": "input", "protocol": protocol, "src": src, **fields}


SYN = {"dport": SSH_PORT, "flags": "S"}

# In this order: the SSH rows use up the limit, the ARP row its own.
ATTEMPTS = (
    Attempt("TCP to itself over loopback", lambda t: t.ssh("server", "127.0.0.1"),
            "open", "new", "accept", arriving("tcp", "127.0.0.1", **SYN)),
    Attempt("ping out, to the internet", lambda t: t.ping("server", INTERNET),
            "answered", "established", "accept", arriving("icmp", type=0),
            note="the row is about the echo reply that comes in"),
    Attempt("ping in, from the internet", lambda t: t.ping("internet", SERVER),
            "answered", "new", "accept", arriving("icmp", type=8)),
    Attempt("SSH from the internet", lambda t: t.first_ssh(),
            "open", "new", "accept", arriving("tcp", **SYN)),
    Attempt("its replies: the server's banner", lambda t: t.send_over(t.peer, t.client, BANNER),
            "arrived", "established", "accept",
            {"hook": "output", "protocol": "tcp", "dst": INTERNET, "sport": SSH_PORT}),
    Attempt("more from the same client", lambda t: t.send_over(t.client, t.peer, BANNER),
            "arrived", "established", "accept", arriving("tcp", dport=SSH_PORT)),
    Attempt("much data over a line of small MTU",
            lambda t: t.send_over(t.peer, t.client, b"x" * LARGE_BYTES),
            "arrived", "related", "accept", arriving("icmp", "192.168.1.1", type=3, code=4),
            note=f"the router's line takes {PATH_MTU} bytes and its ICMP error says so; "
                 "were it dropped, the connection would hang"),
    Attempt("four more SSH connections at once", lambda t: t.more_ssh(),
            "all open", "new", "accept", arriving("tcp", **SYN)),
    Attempt("a sixth within the minute", lambda t: t.ssh("internet"),
            "no answer", "new", "drop", arriving("tcp", **SYN)),
    Attempt("SSH from the LAN all the same", lambda t: t.ssh("neighbour"),
            "open", "new", "accept", arriving("tcp", NEIGHBOUR, **SYN)),
    Attempt("SSH from a banned address", lambda t: t.ssh("internet", source=VILLAIN),
            "no answer", "new", "drop", arriving("tcp", VILLAIN, **SYN)),
    Attempt("a SYN+ACK out of nowhere", lambda t: t.stray("SA", 443, next(t.sport)),
            "no answer", "invalid", "drop", arriving("tcp", flags="SA", sport=443)),
    Attempt("an ACK out of nowhere", lambda t: t.stray("A", next(t.sport), SSH_PORT),
            "no answer", "new", "drop", arriving("tcp", flags="A", dport=SSH_PORT),
            note="surprising but so: the kernel picks up connections whose beginning it did "
                 "not see (nf_conntrack_tcp_loose), thus new and not invalid"),
    Attempt("a closed port", lambda t: Outcome(t.connect("internet", SERVER, CLOSED_PORT)[1]),
            "no answer", "new", "drop", arriving("tcp", dport=CLOSED_PORT)),
    Attempt("XMPP login on 5222, STARTTLS", lambda t: t.xmpp(xmpp.PORT),
            "logged in", "new", "accept", arriving("tcp", dport=xmpp.PORT, flags="S")),
    Attempt("XMPP login on 5223, direct TLS", lambda t: t.xmpp(xmpp.TLS_PORT),
            "logged in", "new", "accept", arriving("tcp", dport=xmpp.TLS_PORT, flags="S")),
    Attempt("XMPP on 5269, a closed port", lambda t: t.xmpp(xmpp.CLOSED_PORT),
            "no answer", "new", "drop", arriving("tcp", dport=xmpp.CLOSED_PORT, flags="S")),
    Attempt("IPv6 neighbour discovery", lambda t: t.discover(),
            "answered", "untracked", "accept",
            {"hook": "input", "protocol": "icmpv6", "type": 135},
            note="never established: the kernel does not track neighbour discovery"),
    Attempt(f"a burst of {ARP_QUESTIONS} ARP questions", lambda t: t.arp_burst(),
            "cut", "", "drop", {"hook": "arp", "op": 1, "src": NEIGHBOUR},
            note="ARP has no connections; the last question of the burst is shown"),
)

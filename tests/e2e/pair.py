# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A server and one neighbour, joined by a wire. The neighbour answers for everybody else too:
the router, the name server, the internet. Addresses and traffic are the lab's (tests/lab)."""
import contextlib
import os
import pathlib
import select
import socket
import time
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

import topology  # noqa: E402
import traffic  # noqa: E402
from topology import INTERNET, NEIGHBOUR, NIC, SERVER, SERVER6  # noqa: E402

ROUTER, DNS, NTP = "192.168.1.1", "1.1.1.1", ("192.0.2.1", "192.0.2.4")
NEIGHBOUR6 = "2001:db8:1::20"
SSH, WEB, CLOSED = traffic.SSH_PORT, 8080, 81
SILENCE_S = 0.5  # less than the second after which the kernel sends a SYN again
ADDRESS_S = 10

# A neighbour sends at most one ICMP error a second unless told otherwise.
SETTINGS = topology.QUIET | {"net/ipv4/icmp_ratelimit": "0"}
WIRE = f"link add {NIC} type veth peer name {NIC} netns %s"
LINKS = {
    "server": f"""
        address add {SERVER}/24 dev {NIC}
        address add {SERVER6}/64 dev {NIC} nodad
        link set {NIC} up
        route add default via {ROUTER}""",
    "neighbour": "".join(f"\naddress add {address}/24 dev {NIC}" for address in
                         (ROUTER, NEIGHBOUR, INTERNET, DNS, *NTP)) + f"""
        address add {NEIGHBOUR6}/64 dev {NIC} nodad
        link set {NIC} up""",
}


class Host(topology.Host):
    """A host of the lab in a namespace that the tests' harness has made and will remove."""

    def __init__(self, ns):
        self.ns, self.name = ns, ns.name
        self.fd = os.open(f"/run/netns/{ns.name}", os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)


class Pair(traffic.Traffic):
    """The lab's traffic between two hosts; what comes of each attempt is a word."""

    patience_s = SILENCE_S

    def __init__(self, server, neighbour):
        self.ends = contextlib.ExitStack()
        here, there = (self.ends.enter_context(contextlib.closing(Host(ns)))
                       for ns in (server, neighbour))
        for host in (here, there):
            host.configure(SETTINGS)
        here.run("ip", "-batch", "-", text=WIRE % neighbour.name + LINKS["server"] + "\n")
        there.run("ip", "-batch", "-", text=LINKS["neighbour"] + "\n")
        super().__init__({"server": here, "neighbour": there, "internet": there})
        self.ends.callback(self.listener.close)
        self.listen("server", WEB)
        for port in (SSH, 80, WEB):
            self.listen("neighbour", port)

    def close(self):
        for end in self.open:
            end.close()
        self.ends.close()

    def listen(self, host, port):
        """Takes TCP connections. Nobody accepts them, so the backlog bounds their number."""
        with self.hosts[host].inside():
            self.ends.enter_context(socket.create_server(("", port), backlog=64))

    def call(self, *arguments, **options):
        """A TCP connection: open, refused or no answer."""
        return self.connect(*arguments, **options)[1]

    def local6(self, host):
        """A host's link-local IPv6 address, which the kernel makes some time after `up`."""
        show = ("ip", "-6", "-o", "address", "show", "dev", NIC, "scope", "link")
        end = time.monotonic() + ADDRESS_S
        while not (text := self.hosts[host].run(*show)) and time.monotonic() < end:
            time.sleep(0.05)
        return text.split("inet6 ")[1].split("/")[0]

    def mac(self, host):
        return self.hosts[host].run("ip", "-o", "link", "show", NIC).split("link/ether ")[1].split()[0]

    def ask(self, address, port, source_port=0, listening=True):
        """A datagram from the server to one of the neighbour's addresses, and one back."""
        with self.hosts["neighbour"].inside():
            end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with self.hosts["server"].inside():
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with end, client:
            if listening:
                end.bind((address, port))
            client.bind(("", source_port))
            client.connect((address, port))
            client.settimeout(SILENCE_S)
            try:
                client.send(b"question")
                if select.select([end], [], [], SILENCE_S if listening else 0)[0]:
                    end.sendto(b"answer", end.recvfrom(64)[1])
                return "answered" if client.recv(64) else "empty"
            except PermissionError:
                return "forbidden"
            except ConnectionRefusedError:
                return "refused"
            except TimeoutError:
                return "no answer"

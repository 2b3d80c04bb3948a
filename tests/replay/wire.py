# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A router in a namespace between a host inside and one outside, with real sockets in both, and what
goes over its two devices captured."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import socket

INSIDE, ROUTER_IN, WAN, SITE = "10.0.0.5", "10.0.0.1", "198.51.100.1", "198.51.100.80"
ROUTES = ["--router", "--in", "wan", "--in", "lan=10.0.0.0/24", "--local", f"wan={WAN}/24",
          "--local", f"lan={ROUTER_IN}/24"]
OUTGOING = 4  # packet(7): PACKET_OUTGOING
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(netns):
    """The calling thread is in that namespace meanwhile; sockets made there stay there."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as home, \
            open(pathlib.Path("/run/netns", netns.name), encoding="ascii") as there:
        if _libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            if _libc.setns(home.fileno(), CLONE_NEWNET):
                os.abort()  # anything else would go on in the wrong namespace


class Wire:
    """`frames` of "lan" and "wan": (bytes, 0, 1 in or 2 out) as pcapng() takes them."""

    def __init__(self, make_netns):
        self.router, self.lan, self.wan = make_netns(), make_netns(), make_netns()
        self.frames, self.open = {"lan": [], "wan": []}, []
        script = []
        for name, host, own, address in (("lan", self.lan, ROUTER_IN, INSIDE),
                                         ("wan", self.wan, WAN, SITE)):
            script += [f"ip link add {name} type veth peer name eth0 netns {host.name}",
                       f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1",
                       f"ip address add {own}/24 dev {name}", f"ip link set {name} up"]
            host.run(["sh", "-ec", "true"], check=True)
            self.router.run(["sh", "-ec", "\n".join(script)], check=True)
            script = []
            host.run(["sh", "-ec", "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1\n"
                                   f"ip address add {address}/24 dev eth0\nip link set eth0 up\n"
                                   f"ip route add default via {own}"], check=True)
        self.router.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        with inside(self.router):
            self.taps = {name: self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                       socket.htons(3)))
                         for name in self.frames}
        for name, tap in self.taps.items():
            tap.bind((name, 3))
            tap.setblocking(False)

    def keep(self, sock):
        self.open.append(sock)
        sock.settimeout(2)
        return sock

    def udp(self, host, port):
        """A socket in `host` ("lan", "wan") at that port."""
        with inside(getattr(self, host)):
            sock = self.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.bind(("", port))
        return sock

    def tcp(self, host):
        with inside(getattr(self, host)):
            return self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM))

    def captured(self):
        """IPv4 frames of both devices up to now."""
        for name, tap in self.taps.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    data, (_, proto, kind, _, _) = tap.recvfrom(65536)
                    if proto == 0x0800:
                        self.frames[name].append((data, 0, 2 if kind == OUTGOING else 1))
        return self.frames

    def counted(self):
        """{comment: packets} of the kernel's rules with a counter and a comment."""
        text = self.router.run(["nft", "-j", "list", "ruleset"], check=True).stdout
        rules = [item["rule"] for item in json.loads(text)["nftables"] if "rule" in item]
        return {rule["comment"]: part["counter"]["packets"] for rule in rules if "comment" in rule
                for part in rule["expr"] if "counter" in part and part["counter"]["packets"]}

    def close(self):
        for sock in self.open:
            sock.close()


def by_comment(answer):
    """The same of what `gate replay -j` tells."""
    told = {}
    for judge in answer["decided"]:
        comment = re.search(r'comment "([^"]*)"', judge.get("rule", ""))
        name = comment[1] if comment else judge.get("chain", judge.get("reason", ""))
        told[name] = told.get(name, 0) + judge["packets"]
    return told

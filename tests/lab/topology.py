# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The lab's network: four machines, each a network namespace.

    server  192.168.1.12 ──┐
                           ├─ lan ─ router ── 203.0.113.0/24 ─ internet 203.0.113.10
    neighbour 192.168.1.20 ┘      192.168.1.1                          203.0.113.66

The router only routes (no NAT), so that an address means the same on both sides. Its
line to the internet takes packets of 1400 bytes at most, as many a real one does.
Everything here is made inside namespaces; nothing is asked of the machine's own.
"""

import contextlib
import ctypes
import os
import subprocess

SERVER, SERVER6 = "192.168.1.12", "2001:db8:1::12"
NEIGHBOUR = "192.168.1.20"
INTERNET, VILLAIN = "203.0.113.10", "203.0.113.66"
NIC = "eth0"
PATH_MTU = 1400

# What makes each machine: kernel settings first, then lines for `ip -batch`.
QUIET = {"net/ipv6/conf/default/accept_dad": "0", "net/ipv6/conf/all/accept_dad": "0"}
SETTINGS = {
    "router": {"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1"},
}
LINKS = {
    "router": f"""
        link add lan type bridge
        link add port1 type veth peer name {NIC} netns server
        link add port2 type veth peer name {NIC} netns neighbour
        link add wan type veth peer name {NIC} netns internet
        link set port1 master lan
        link set port2 master lan
        link set wan mtu {PATH_MTU}
        address add 192.168.1.1/24 dev lan
        address add 2001:db8:1::1/64 dev lan nodad
        address add 203.0.113.1/24 dev wan
        link set port1 up
        link set port2 up
        link set lan up
        link set wan up""",
    "server": f"""
        address add {SERVER}/24 dev {NIC}
        address add {SERVER6}/64 dev {NIC} nodad
        link set {NIC} up
        route add default via 192.168.1.1""",
    "neighbour": f"""
        address add {NEIGHBOUR}/24 dev {NIC}
        address add 2001:db8:1::20/64 dev {NIC} nodad
        link set {NIC} up
        route add default via 192.168.1.1""",
    "internet": f"""
        address add {INTERNET}/24 dev {NIC}
        address add {VILLAIN}/24 dev {NIC}
        link set {NIC} up
        route add default via 203.0.113.1""",
}

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


class LabError(Exception):
    """The lab could not be raised or used; the text is for the user."""


def run(*argv, text=None):
    """Run a command, give back what it printed; its failure is a LabError."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout


def enter_namespace(fd):
    """Move this thread into the network namespace that fd is open on."""
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise LabError(f"cannot enter a network namespace: {os.strerror(ctypes.get_errno())}")


class Host:
    """A machine of the lab."""

    def __init__(self, name):
        run("ip", "netns", "add", name)
        self.name = name
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    @contextlib.contextmanager
    def inside(self):
        """While this lasts, sockets and commands of this thread belong to the host."""
        back = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        enter_namespace(self.fd)
        try:
            yield self
        finally:
            enter_namespace(back)
            os.close(back)

    def run(self, *argv, text=None):
        """Run a command on this host."""
        with self.inside():
            return run(*argv, text=text)

    def configure(self, settings):
        """Write kernel settings; /proc/sys/net shows those of the namespace one is in."""
        with self.inside():
            for name, value in settings.items():
                with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
                    file.write(value)


def build():
    """Raise the network and give its hosts by name.

    /run becomes a file system of our own first, so that the names `ip netns` keeps there
    are seen by nobody else and vanish with the last process of the lab.
    """
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    hosts = {name: Host(name) for name in LINKS}
    for name, host in hosts.items():
        host.configure(QUIET | SETTINGS.get(name, {}))
    for host in hosts.values():
        host.run("ip", "-batch", "-", text="link set lo up\n" + LINKS[host.name] + "\n")
    return hosts

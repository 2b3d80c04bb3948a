# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The same packets through the kernel and through `gate explain`.

A namespace is the machine, its `eth0` a veth pair whose other end lies in a second one: frames
that are put in there arrive, packets of a raw socket leave. Whatever the machine's own stack
wants to say (resets, echo replies) is dropped before connection tracking sees it: it does not
bear the mark of the rig's socket. What the rules did is heard from nf_tables' trace messages.

Each packet is one word of `gate explain`; the bytes it made are the ones that are sent.
"""
import contextlib
import ctypes
import errno
import json
import os
import pathlib
import re
import select
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
import trace as nftrace  # noqa: E402  (tests/lab/trace.py)

ADDRESS, ADDRESS6 = "192.168.1.12", "fd00::12"
INNER, INNER6 = "10.9.0.1", "fd09::1"  # of eth1
GATEWAY, GATEWAY6 = "192.168.1.1", "fd00::1"
OTHER_MAC = "02:00:00:00:00:fe"
MACHINE_MAC = "02:00:00:00:00:01"
INNER_MAC, INNER_OTHER_MAC = "02:00:00:00:01:01", "02:00:00:00:01:fe"
PORTS, BRIDGE_MAC = ("p0", "p1", "p2"), "02:00:00:00:06:01"
BRIDGED = "192.168.5.1", "fd05::1"
STATIONS = {f"02:00:00:00:04:1{n}": (f"192.168.5.1{n}", f"fd05::1{n}") for n in range(4)}
NEIGHBOURS = ("10.9.0.5", "10.9.0.6", "fd09::5", "fd09::6")
CLONE_NEWNET = 0x40000000
SO_MARK, SO_RCVBUFFORCE = 36, 33
MARK = 0x67617465
STACK_MARK = 0x73746163
RIG_TABLE = "rig"
WAIT_S, GAP_S, SETTLE_S = 1.0, 0.2, 0.01
FAMILY_TABLES = {"ip": "ip", "ip6": "ip6", "inet": "inet", "arp": "arp"}

LINKS = f"""
link add eth0 address {MACHINE_MAC} type veth peer name wire address {OTHER_MAC} netns {{far}}
address add {ADDRESS}/24 dev eth0
address add {ADDRESS6}/64 dev eth0 nodad
link add eth1 address {INNER_MAC} type veth peer name wire1 address {INNER_OTHER_MAC} netns {{far}}
address add {INNER}/24 dev eth1
address add {INNER6}/64 dev eth1 nodad
link set eth0 up
link set eth1 up
neigh add {GATEWAY} lladdr {OTHER_MAC} dev eth0 nud permanent
neigh add {GATEWAY6} lladdr {OTHER_MAC} dev eth0 nud permanent
neigh add fe80::7 lladdr {OTHER_MAC} dev eth0 nud permanent
neigh add 192.168.1.77 lladdr {OTHER_MAC} dev eth0 nud permanent
neigh add 192.168.1.99 lladdr {OTHER_MAC} dev eth0 nud permanent
route add default via {GATEWAY}
route add default via {GATEWAY6}
""" + "".join(f"neigh add {a} lladdr {INNER_OTHER_MAC} dev eth1 nud permanent\n"
              for a in NEIGHBOURS)
BRIDGE = f"link add br0 address {BRIDGE_MAC} type bridge\n" + "".join(
    f"link add {port} address 02:00:00:00:06:1{n} type veth peer name bridged{n} netns {{far}}\n"
    f"link set {port} master br0 addrgenmode none\n"
    f"link set {port} up\n" for n, port in enumerate(PORTS)) + f"""
link set br0 up
address add {BRIDGED[0]}/24 dev br0
address add {BRIDGED[1]}/64 dev br0 nodad
""" + "".join(f"neigh add {a} lladdr {mac} dev br0 nud permanent\n"
              for mac, addresses in STATIONS.items() for a in addresses)

# `first` starts the trace; `gag` stands before defragmentation and connection tracking; `last`
# is heard when nothing else was against the packet. prepare() fills in the words in capitals.
RIG_RULES = f"""
table inet {RIG_TABLE} {{
	chain first_in {{ type filter hook prerouting priority -500; meta nftrace set 1; }}
	chain first_out {{ type filter hook output priority -500; meta mark {MARK} meta nftrace set 1; }}
	chain gag {{
		type filter hook output priority -499;
		meta mark {MARK} meta mark set 0 return
		ANSWERS
		drop
	}}
	chain answers {{ meta nftrace set 1; }}
	chain last_in {{ type filter hook input priority 2147483646; MARKS; }}
	chain last_out {{ type filter hook postrouting priority 2147483646; continue; }}
}}
table netdev {RIG_TABLE} {{
	chain sentinel {{
		type filter hook ingress device eth0 priority -510;
		ip saddr 192.0.2.250 meta nftrace set 1
		ip saddr 192.0.2.250 drop
	}}
	chain first {{
		type filter hook ingress devices = {{ eth0, eth1, {", ".join(PORTS)} }} priority -500;
		meta nftrace set 1
	}}
}}
"""


def in_namespace(name, work):
    """What work() gives when it is done by a thread inside the namespace."""
    result = []

    def run():
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            if libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(fd)
        result.append(work())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


def chain_name(name):
    """Chains of `jump { … }` are numbered by whoever makes them."""
    return re.sub(r"__chain\d+$", "__chain", name)


def rule_number(chain, index):
    """Their rules are in no listing, so they have no known place."""
    return "?" if chain.endswith("__chain") else index


# With these what a rule answers, and nothing else, goes its way and is traced: it has the mark of the
# packet (fwmark_reflect), and what came as far as the machine's own stack has another.
ANSWERS = {
    "ANSWERS": f"meta mark {STACK_MARK} drop\n" + "".join(
        f"\t\t{match} goto answers\n"
        for match in ("icmp type destination-unreachable icmp code != frag-needed",
                      "icmpv6 type destination-unreachable icmpv6 code != 2", "tcp flags & rst == rst")),
    "MARKS": f"meta mark set {STACK_MARK}",
}
NO_ANSWERS = {"ANSWERS": "", "MARKS": "continue"}
ANSWER_SETTINGS = {"ipv4/fwmark_reflect": 1, "ipv6/fwmark_reflect": 1, "ipv4/icmp_ratelimit": 0,
                   "ipv6/icmp/ratelimit": 0, "ipv4/icmp_ratemask": 0, "ipv6/auto_flowlabels": 0}


def prepare(netns, far, answers=False):
    """Makes the namespaces a router and its two wires, with the rig's rules in it."""
    netns.run(["sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; "
               "done; echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad; "
               "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; "
               "ip -6 link set dev lo up"], check=True)
    netns.run(["ip", "-batch", "-"], input=(LINKS + BRIDGE).format(far=far.name).lstrip(), check=True)
    far.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; "
             "for w in wire wire1 bridged0 bridged1 bridged2; do ip link set $w up arp off; done"],
            check=True)
    netns.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; "
               "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; "
               "echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects"], check=True)
    for name, value in ANSWER_SETTINGS.items() if answers else ():
        netns.run(["sh", "-c", f"echo {value} > /proc/sys/net/{name}"], check=True)
    rules = RIG_RULES
    for word, text in (ANSWERS if answers else NO_ANSWERS).items():
        rules = rules.replace(word, text)
    netns.nft(input=rules)


class Rig:
    """A machine that packets go through."""

    def __init__(self, gate, netns, far, *, settings=()):
        self.gate, self.netns = gate, netns
        self.handles = {}
        for key, value in settings:
            path = pathlib.Path("/proc/sys/net", key)
            netns.run(["sh", "-c", f"echo {value} > {path}"], check=True)
        prepare(netns, far)
        self.heard = in_namespace(netns.name, self._trace_socket)
        self.wires = {device: in_namespace(far.name, lambda name=wire: self._wire(name))
                      for device, wire in (("eth0", "wire"), ("eth1", "wire1"))}
        self.sender = in_namespace(netns.name, lambda: self._raw(socket.AF_INET))
        self.sender6 = in_namespace(netns.name, lambda: self._raw(socket.AF_INET6))
        time.sleep(0.05)

    @staticmethod
    def _trace_socket():
        heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, nftrace.NETLINK_NETFILTER)
        with contextlib.suppress(PermissionError):
            heard.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        heard.bind((0, 0))
        heard.setsockopt(nftrace.SOL_NETLINK, nftrace.NETLINK_ADD_MEMBERSHIP,
                         nftrace.NFNLGRP_NFTRACE)
        heard.setblocking(False)
        return heard

    @staticmethod
    def _wire(name):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        wire.bind((name, 0))
        return wire

    @staticmethod
    def _raw(family):
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setsockopt(socket.SOL_SOCKET, SO_MARK, MARK)
        return raw

    def close(self):
        for end in (self.heard, *self.wires.values(), self.sender, self.sender6):
            end.close()

    def load(self, path):
        """Loads a file with gate; rules are then known by their place in the chain."""
        self.netns.run([self.gate, "-f", path], check=True)
        listing = self.netns.run([self.gate, "-a", "list", "ruleset"], check=True).stdout
        table = chain = None
        index = 0
        for line in listing.splitlines():
            words = line.split()
            if line.startswith("table "):
                table = (words[1], words[2])
            elif words[:1] == ["chain"]:
                chain, index = words[1], 0
            elif line.startswith("\t\t") and "# handle" in line and chain:
                self.handles[(*table, chain, int(line.rsplit(" ", 1)[1]))] = index
                index += 1

    def send(self, packet):
        """Puts one packet of explain's answer on its way."""
        if "frame" in packet:
            frame = bytes.fromhex(packet["frame"])
            if not frame[0] & 1:
                mac = MACHINE_MAC if packet["in"] == "eth0" else INNER_MAC
                frame = bytes.fromhex(mac.replace(":", "")) + frame[6:]
            self.wires[packet["in"]].send(frame)
            return
        data = bytes.fromhex(packet["network_packet"])
        with contextlib.suppress(PermissionError):  # what a rule of output drops
            if data[0] >> 4 == 4:
                self.sender.sendto(data, (socket.inet_ntoa(data[16:20]), 0))
            else:
                self.sender6.sendto(data, (socket.inet_ntop(socket.AF_INET6, data[24:40]), 0))

    def events(self):
        """Trace messages of one packet: until it was dropped or came to the rig's last chain."""
        found, deadline = [], time.monotonic() + WAIT_S
        ended = False
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.heard], [], [], left)[0]:
                break
            try:
                data = self.heard.recv(1 << 16)
            except OSError as problem:
                if problem.errno == errno.ENOBUFS:
                    raise AssertionError("trace messages were lost") from problem
                raise
            for event in decode(data):
                found.append(event)
                ended |= event["verdict"] == "drop" or event["chain"].startswith("last_")
            deadline = time.monotonic() + (SETTLE_S if ended else GAP_S)
        return found

    def kernel_path(self, events):
        """The rules that matched and the policies, in order, without the rig's own."""
        path = []
        for event in events:
            if event["table"] == RIG_TABLE:
                continue
            chain = chain_name(f"{event['family']} {event['table']} {event['chain']}")
            if event["kind"] == nftrace.KIND_POLICY:
                path.append((chain, "policy", event["verdict"]))
            elif event["kind"] == 3 and "handle" in event:
                key = (event["family"], event["table"], event["chain"], event["handle"])
                path.append((chain, rule_number(chain, self.handles.get(key)), event["word"]))
        return path


TRACE_CT_STATE = 21
STATE_BITS = {1: "invalid", 2: "established", 4: "related", 8: "new", 64: "untracked"}
VERDICT_WORDS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", -1: "continue", -2: "no match",
                 -3: "jump", -4: "goto", -5: "return"}


def decode(data):
    """tests/lab/trace.py's events, with the verdict as a word and the connection's state."""
    at = 0
    for event in nftrace.decode_messages(data):
        length = struct.unpack_from("=I", data, at)[0]
        body = dict(nftrace.attributes(data[at + 20:at + length]))
        event["state"] = None
        if TRACE_CT_STATE in body:
            bits = int.from_bytes(body[TRACE_CT_STATE], "big")
            event["state"] = STATE_BITS.get(bits, bits)
        event["word"] = None
        if 5 in body:
            code = dict(nftrace.attributes(body[5])).get(1)
            number = int.from_bytes(code, "big", signed=True)
            event["word"] = VERDICT_WORDS.get(number if number < 0 else number & 0xFF)
        at += (length + 3) & ~3
        yield event


def simulated_path(packet):
    """The same of explain's answer."""
    path = []
    for hook in packet["hooks"]:
        for step in hook["steps"]:
            whole = step["rule"]["chain"] if step["step"] == "rule" else step.get("chain", "")
            if whole.split()[1:2] == [RIG_TABLE]:
                continue
            if step["step"] == "policy":
                path.append((step["chain"], "policy", step["verdict"]))
            elif step["step"] == "rule" and step["matched"]:
                chain = chain_name(step["rule"]["chain"])
                path.append((chain, rule_number(chain, step["rule"]["index"]),
                             step["verdict"]))
    return path


def explain(gate, path, packets, *options):
    """`gate explain -j` as a list, one for each packet."""
    command = [gate, "explain", "-j", "--interfaces", "lo,eth0,eth1",
               "--address", f"eth0={ADDRESS}/24", "--address", f"eth0={ADDRESS6}/64",
               "--address", f"eth1={INNER}/24", "--address", f"eth1={INNER6}/64",
               "--route", "0.0.0.0/0=eth0", "--route", "::/0=eth0", *options,
               "--router", "-f", path, *packets]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    answer = json.loads(done.stdout)
    return answer if isinstance(answer, list) else [answer]


def is_drawn(packet):
    """Whether the kernel draws a port or an address of the packet at random."""
    return any("draws" in step.get("text", "") for hook in packet["hooks"]
               for step in hook["steps"])


def minus(left, right):
    """What of a path is not in the other; all of it when they differ in order only."""
    return [step for step in left if step not in right] or (left if set(left) == set(right) else [])


def differences(rig, path, packets):
    """What kernel and simulator disagree about: lines for people, none when they agree."""
    found = []
    rig.load(path)
    for words, packet in zip(packets, explain(rig.gate, path, packets)):
        rig.send(packet)
        events = rig.events()
        kernel, simulated = rig.kernel_path(events), simulated_path(packet)
        if kernel != simulated:
            found.append(f"{words}\n  only the kernel:    {minus(kernel, simulated)}\n"
                         f"  only the simulator: {minus(simulated, kernel)}\n"
                         f"  {packet['sentence']}")
        states = [e["state"] for e in events if e["state"]]
        if states and packet["conntrack"] not in ("none", states[-1]):
            found.append(f"{words}\n  kernel state:    {states[-1]}\n"
                         f"  simulator state: {packet['conntrack']}")
        if is_drawn(packet):
            break  # from here on the packets are others than the kernel's
    return found

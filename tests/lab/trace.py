# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the kernel says about each packet it judges: nf_tables trace messages.

A small table of the lab's own stands before everything else and switches `nftrace` on;
the kernel then sends a netlink message for each rule that a packet matched to its end
and for each policy it met. The constants are those of linux/netfilter/nf_tables.h.
"""

import errno
import ipaddress
import queue
import socket
import struct
import threading
from dataclasses import dataclass, field

NETLINK_NETFILTER, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 12, 270, 1
SO_RCVBUFFORCE = 33
NFNLGRP_NFTRACE = 9
NFT_MSG_TRACE = 10 << 8 | 17
NLMSG_HEADER = struct.Struct("=IHHII")
NFGENMSG_BYTES = 4
ATTRIBUTE = struct.Struct("=HH")
ATTRIBUTE_TYPE = 0x3FFF

# NFTA_TRACE_* and how each is read.
NUMBER, TEXT, BYTES = (
    lambda b: int.from_bytes(b, "big"),
    lambda b: b.rstrip(b"\0").decode(),
    bytes,
)
TRACE_ATTRIBUTES = {
    1: ("table", TEXT),
    2: ("chain", TEXT),
    3: ("handle", NUMBER),
    4: ("kind", NUMBER),
    5: ("verdict", BYTES),
    6: ("id", NUMBER),
    8: ("network", BYTES),
    9: ("transport", BYTES),
    15: ("nfproto", NUMBER),
    16: ("policy", NUMBER),
}
KIND_POLICY = 1  # others: 2 return, 3 rule; without a handle: the end of a chain
VERDICT_CODE = 1
VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue"}
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
TCP_FLAGS = "FSRPAUEC"

# The lab's own table. The chains at -500 stand before all else and start the trace; those
# at -1 know the connection already and show its state by the one rule that matches.
LAB_TABLE = "gatehouse_lab"
STATES = ("new", "established", "related", "invalid", "untracked")
STATE_RULES = "".join(f"\t\tct state {state} continue\n" for state in STATES)
LAB_RULES = f"""
table inet {LAB_TABLE} {{
	chain arrive {{
		type filter hook prerouting priority -500;
		meta nftrace set 1
	}}
	chain leave {{
		type filter hook output priority -500;
		meta nftrace set 1
	}}
	chain input {{
		type filter hook input priority -1;
{STATE_RULES}	}}
	chain output {{
		type filter hook output priority -1;
{STATE_RULES}	}}
}}
table arp {LAB_TABLE} {{
	chain ask {{
		type filter hook input priority -500;
		meta nftrace set 1
	}}
}}
"""
LAB_UNLOAD = f"delete table inet {LAB_TABLE}\ndelete table arp {LAB_TABLE}\n"
START_CHAINS = {"arrive": "input", "leave": "output", "ask": "arp"}


@dataclass
class Packet:
    """A packet under trace: its headers as far as the kernel shows them, and its path."""

    fields: dict
    path: list = field(default_factory=list)

    def matches(self, wanted):
        """Does the packet have all the wanted field values?"""
        return all(self.fields.get(name) == value for name, value in wanted.items())

    def decision(self):
        """The last verdict outside the lab's own table: what decided the packet."""
        return next((e for e in reversed(self.path)
                     if e["table"] != LAB_TABLE and e["verdict"]), None)

    def state_event(self):
        """The event of the lab's rule that matched the connection's state."""
        return next((e for e in self.path if e["table"] == LAB_TABLE
                     and e["chain"] not in START_CHAINS and "handle" in e), None)


def attributes(data):
    """Walk netlink attributes: (type, value) pairs."""
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < ATTRIBUTE.size:
            raise ValueError("a netlink attribute shorter than its header")
        yield kind & ATTRIBUTE_TYPE, data[at + ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def verdict_name(nested):
    """The word for an NFTA_TRACE_VERDICT; a jump, continue or return has none here."""
    code = NUMBER(dict(attributes(nested)).get(VERDICT_CODE, b"\xff\xff\xff\xff"))
    return VERDICTS.get(code & 0xFF if code < 1 << 31 else None)


def decode_messages(data):
    """Take a netlink datagram apart; one dict for each trace message."""
    at = 0
    while at + NLMSG_HEADER.size <= len(data):
        length, kind, *_ = NLMSG_HEADER.unpack_from(data, at)
        if length < NLMSG_HEADER.size:
            raise ValueError("a netlink message shorter than its header")
        if kind == NFT_MSG_TRACE:
            body = data[at + NLMSG_HEADER.size : at + length]
            event = {"family": FAMILIES.get(body[0], str(body[0])), "kind": None}
            for number, value in attributes(body[NFGENMSG_BYTES:]):
                if number in TRACE_ATTRIBUTES:
                    name, read = TRACE_ATTRIBUTES[number]
                    event[name] = read(value)
            if event["kind"] == KIND_POLICY:
                event["verdict"] = VERDICTS.get(event["policy"])
            else:
                event["verdict"] = verdict_name(event.get("verdict", b""))
            yield event
        at += (length + 3) & ~3


def decode_transport(protocol, data):
    """Ports and flags, or type and code."""
    if protocol in ("tcp", "udp") and len(data) >= 4:
        found = dict(zip(("sport", "dport"), struct.unpack_from("!HH", data)))
        if protocol == "tcp" and len(data) >= 14:
            found["flags"] = "".join(c for i, c in enumerate(TCP_FLAGS) if data[13] >> i & 1)
        return found
    if protocol in ("icmp", "icmpv6") and len(data) >= 2:
        return {"type": data[0], "code": data[1]}
    return {}


def decode_headers(event):
    """The packet's fields from the headers in the first message about it."""
    network = event.get("network", b"")
    family = FAMILIES.get(event.get("nfproto"))
    fields = {"hook": START_CHAINS[event["chain"]]}
    if family == "ip" and len(network) >= 20:
        protocol, addresses = network[9], (network[12:16], network[16:20])
    elif family == "ip6" and len(network) >= 40:
        protocol, addresses = network[6], (network[8:24], network[24:40])
    elif family == "arp" and len(network) >= 28:
        fields |= {"op": network[7], "src": str(ipaddress.ip_address(network[14:18]))}
        return fields
    else:
        return fields
    fields["protocol"] = PROTOCOLS.get(protocol, str(protocol))
    fields["src"], fields["dst"] = (str(ipaddress.ip_address(a)) for a in addresses)
    return fields | decode_transport(fields["protocol"], event.get("transport", b""))


class Tracer:
    """Listens to a host's trace messages from now on."""

    def __init__(self, host):
        with host.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        except PermissionError:  # in a user namespace the thread below must keep up alone
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE)
        self.events = queue.SimpleQueue()
        self.lost = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except OSError as problem:
                if problem.errno == errno.ENOBUFS:
                    self.lost = True
                    continue
                return
            for event in decode_messages(data):
                self.events.put(event)

    def forget(self):
        """Drop what was heard so far."""
        self.collect(0.02)

    def collect(self, quiet_s=0.1):
        """The packets heard since the last call, once nothing came for a moment."""
        packets, current = [], {}
        while True:
            try:
                event = self.events.get(timeout=quiet_s)
            except queue.Empty:
                return packets
            # The kernel reuses ids, so a packet begins with our own first rule.
            if (event["table"] == LAB_TABLE and event["chain"] in START_CHAINS
                    and "handle" in event):
                current[event["id"]] = Packet(decode_headers(event))
                packets.append(current[event["id"]])
            elif event["id"] in current:
                current[event["id"]].path.append(event)

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A router in a namespace between hosts a and b, and the same router made of the tracker. The
kernel tells what it thinks of each packet in the DSCP bits of the packet that it forwards."""
import contextlib
import ipaddress
import json
import pathlib
import re
import subprocess
import sys
import time

from scapy.all import (ICMP, IP, TCP, UDP, Ether, GRE, ICMPv6DestUnreach, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPv6, Raw)
from scapy.layers.sctp import SCTP

from harness import netns

STATES = {1: "invalid", 2: "new", 3: "established", 4: "related", 5: "untracked"}
SEEN_REPLY, ASSURED = 2, 4
AGENT = pathlib.Path(__file__).with_name("agent.py")
MAC = {"a": "02:00:00:00:00:0a", "b": "02:00:00:00:00:0b"}
ROUTER_MAC = {"a": "02:00:00:00:01:0a", "b": "02:00:00:00:01:0b"}
NET4 = {"a": "10.0.1", "b": "10.0.2"}
NET6 = {"a": "fd00:1:", "b": "fd00:2:"}
TCP_STATES = ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
              "TIME_WAIT", "CLOSE", "SYN_SENT2"]
SCTP_STATES = ["NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
               "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT"]


def marking_rules():
    """Rules that write what ct says into the DSCP field."""
    for ip in ("ip", "ip6"):
        for code, state in STATES.items():
            if state in ("invalid", "untracked"):
                yield f"ct state {state} {ip} dscp set {code}"
                continue
            for reply in (0, 1):
                for status in (0, SEEN_REPLY, ASSURED, SEEN_REPLY | ASSURED):
                    dscp = code | reply << 3 | bool(status & ASSURED) << 4 | \
                        bool(status & SEEN_REPLY) << 5
                    yield (f"ct state {state} ct direction {('original', 'reply')[reply]} "
                           f"ct status & 6 == {status} {ip} dscp set {dscp}")


class Rig:
    """rules: further nft tables. sysctls: names without net.netfilter."""

    def __init__(self, make_netns, rules="", sysctls=None):
        self.router, self.hosts = make_netns(), make_netns()
        script = [f"ip link add r{x} address {ROUTER_MAC[x]} type veth peer name {x} "
                  f"address {MAC[x]} netns {self.hosts.name}" for x in "ab"]
        for x in "ab":
            script += [f"ip addr add {NET4[x]}.1/24 dev r{x}",
                       f"ip -6 addr add {NET6[x]}:1/64 dev r{x} nodad",
                       f"ip link set dev r{x} up"]
            script += [f"ip neigh add {NET4[x]}.{n} lladdr {MAC[x]} dev r{x}" for n in (2, 3, 4)]
            script += [f"ip -6 neigh add {NET6[x]}:{n} lladdr {MAC[x]} dev r{x}" for n in (2, 3)]
            script += [f"sysctl -qw net.ipv4.conf.r{x}.rp_filter=0"]
        script += ["sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"]
        self.router.run(["sh", "-ec", "\n".join(script)], check=True)
        up = [f"sysctl -qw net.ipv6.conf.{x}.disable_ipv6=1; ip link set dev {x} arp off; ip link set dev {x} up" for x in "ab"]
        self.hosts.run(["sh", "-ec", "\n".join(up)], check=True)
        marking = "\n".join(marking_rules())
        self.router.nft(input=f"table inet tell {{\nchain forward {{\n type filter hook forward "
                              f"priority 0;\n{marking}\n}}\n}}\n{rules}")
        for name, value in (sysctls or {}).items():
            self.router.run(["sysctl", "-qw", f"net.netfilter.{name}={value}"], check=True)
        self.agent = self.hosts.popen([sys.executable, AGENT, "a", "b"])
        self.number = 0
        self.sent = None  # when the last packets went out, by the monotonic clock

    def send(self, packets):
        """Sends packets (dicts, see words()) and returns a dict for each: what the kernel made
        of it; None for those that did not come out."""
        frames, ids = [], {}
        for packet in packets:
            self.number = self.number % 65000 + 1
            ids[self.number] = len(frames)
            frames.append([packet["from"], bytes(build(packet, self.number)).hex()])
        self.agent.stdin.write(json.dumps({"frames": frames, "numbers": list(ids)}) + "\n")
        self.agent.stdin.flush()
        results = [None] * len(frames)
        answer = json.loads(self.agent.stdout.readline())
        self.sent = answer["sent"]
        for _, frame in answer["frames"]:
            number, result = dissect(bytes.fromhex(frame))
            if number in ids:
                results[ids[number]] = result
        return results

    def table(self):
        """{(proto, src, sport, dst, dport) of the original direction: row} from conntrack -L."""
        rows = {}
        for family in ("ipv4", "ipv6"):
            text = self.router.run(["conntrack", "-L", "-f", family], check=True).stdout
            for line in text.splitlines():
                key, row = parse_entry(line)
                rows[key] = row
        return rows


    def expected(self):
        """Rows of `conntrack -L expect` as Model.expected gives them."""
        text = "".join(
            self.router.run(["conntrack", "-L", "expect", "-f", family], check=True).stdout
            for family in ("ipv4", "ipv6"))
        return sorted(parse_expected(line) for line in text.splitlines())


def parse_expected(line):
    first = {}
    for name, value in re.findall(r"([\w-]+)=(\S+)", line):
        first.setdefault(name, value)
    source = canonical(first["src"])
    wild = int(ipaddress.ip_address(first["mask-src"])) == 0
    return (int(first["proto"]), int(first["class"]), "any" if wild else source,
            canonical(first["dst"]), int(first["dport"]))


def parse_entry(line):
    words = line.split()
    pairs = re.findall(r"(\w+)=(\S+)", line)
    first, second = {}, {}
    for name, value in pairs:
        (second if name in first and name not in second else first).setdefault(name, value)
    state = words[3] if "=" not in words[3] else "NONE"
    proto = int(words[1])

    def port(of, name):
        if proto in (1, 58):
            return int(of.get("id", first["id"]))
        return int(of.get(name, "0"), 0)
    key = (proto, canonical(first["src"]), port(first, "sport"), canonical(first["dst"]),
           int(first["type"]) if proto in (1, 58) else port(first, "dport"))
    return key, {"state": state, "timeout": int(words[2]), "assured": "[ASSURED]" in line,
                 "seen": "[UNREPLIED]" not in line,
                 "reply": (canonical(second["src"]), port(second, "sport"),
                           canonical(second["dst"]), port(second, "dport"))}


def canonical(address):
    return str(ipaddress.ip_address(address))


def dissect(data):
    """(identification, what the packet says) of a forwarded frame."""
    frame = Ether(data)
    if IP in frame:
        ip, number, dscp = frame[IP], frame[IP].id, frame[IP].tos >> 2
    elif IPv6 in frame:
        ip, number, dscp = frame[IPv6], frame[IPv6].fl, frame[IPv6].tc >> 2
    else:
        return None, None
    body = bytes(ip.payload)
    ports = (int.from_bytes(body[0:2], "big"), int.from_bytes(body[2:4], "big"))
    proto = ip.proto if IP in frame else ip.nh
    quoted = quoted_tuple(body) if proto in (1, 58) else None
    return number, {"state": STATES.get(dscp & 7, "?"), "reply": bool(dscp & 8),
                    "assured": bool(dscp & 16), "seen": bool(dscp & 32),
                    "src": canonical(ip.src), "dst": canonical(ip.dst), "ports": ports,
                    "quoted": quoted, **segment(proto, body)}


def segment(proto, body):
    """The numbers of a TCP segment (an acknowledgement only where there is one), and its text."""
    if proto == 17:
        return {"numbers": None, "text": body[8:].hex()}
    if proto != 6:
        return {"numbers": None, "text": ""}
    seq, ack = (int.from_bytes(body[at:at + 4], "big") for at in (4, 8))
    return {"numbers": (seq, ack if body[13] & 16 else 0), "text": body[(body[12] >> 4) * 4:].hex()}


def quoted_tuple(body):
    """Of the packet inside an ICMP or ICMPv6 error: source, port, destination, port."""
    quoted = body[8:]
    if len(quoted) < 28:
        return None
    if quoted[0] >> 4 == 4:
        addresses, at = quoted[12:20], (quoted[0] & 15) * 4
    else:
        addresses, at = quoted[8:40], 40
    half = len(addresses) // 2
    return (canonical(addresses[:half]), int.from_bytes(quoted[at:at + 2], "big"),
            canonical(addresses[half:]), int.from_bytes(quoted[at + 2:at + 4], "big"))


# ---- packets: a dict has "from" (a or b), "ip" (4 or 6), and the driver's words --------------

def address(packet, name):
    return packet[name]


def build(packet, number):
    x = packet["from"]
    lower = Ether(src=MAC[x], dst=ROUTER_MAC[x])
    if ":" in packet["src"]:
        ip = IPv6(src=packet["src"], dst=packet["dst"], fl=number, nh=packet["proto"])
    else:
        ip = IP(src=packet["src"], dst=packet["dst"], id=number, proto=packet["proto"],
                ttl=64)
    return lower / ip / transport(packet)


def transport(packet):
    proto = packet["proto"]
    extra = {"chksum": 0x1234} if packet.get("bad") else {}
    if proto == 6:
        options = []
        if "ws" in packet:
            options.append(("WScale", packet["ws"]))
        if packet.get("sackok"):
            options.append(("SAckOK", b""))
        if "sack" in packet:
            options.append(("SAck", ((packet["sack"] - 1) & 0xffffffff, packet["sack"])))
        return TCP(sport=packet["sport"], dport=packet["dport"], flags=packet["flags"],
                   seq=packet["seq"], ack=packet["ack"], window=packet["win"], options=options,
                   **extra) / Raw(content(packet))
    if proto in (17, 136):
        return UDP(sport=packet["sport"], dport=packet["dport"], **extra) / Raw(content(packet))
    if proto == 1:
        return ICMP(type=packet["type"], code=packet["code"], id=packet.get("id", 0), **extra) / \
            Raw(inner(packet))
    if proto == 58:
        return icmpv6(packet)
    if proto == 132:
        return SCTP(sport=packet["sport"], dport=packet["dport"], tag=packet["vtag"]) / \
            Raw(chunks(packet))
    if proto == 47:
        return GRE(proto=0x0800) / Raw(b"x" * 8)
    return Raw(content(packet))


def icmpv6(packet):
    if packet["type"] == 128:
        return ICMPv6EchoRequest(id=packet["id"], code=packet["code"])
    if packet["type"] == 129:
        return ICMPv6EchoReply(id=packet["id"], code=packet["code"])
    return ICMPv6DestUnreach(type=packet["type"], code=packet["code"]) / Raw(inner(packet))


def content(packet):
    if "hex" in packet:
        return bytes.fromhex(packet["hex"])
    return b"x" * packet.get("size", 0)


def chunks(packet):
    out = b""
    for chunk in packet["chunks"].split(","):
        chunk = int(chunk)
        flags = packet.get("t", 0) if chunk in (6, 14) else 3 if chunk == 0 else 0
        body = b""
        if chunk in (1, 2):
            body = packet.get("tag", 0).to_bytes(4, "big") + b"\0\0\xff\xff\0\1\0\1\0\0\0\1"
        elif chunk == 0:
            body = b"\0\0\0\1\0\0\0\0\0\0\0\0data"
        elif chunk in (4, 5):
            body = b"\0\1\0\4"
        out += bytes([chunk, flags]) + (4 + len(body)).to_bytes(2, "big") + body
    return out


def inner(packet):
    """The packet inside an ICMP error."""
    if "isrc" not in packet:
        return b"x" * packet.get("size", 0)
    quoted = {"src": packet["isrc"], "dst": packet["idst"], "proto": packet["iproto"],
              "sport": packet["isport"], "dport": packet["idport"], "flags": 16, "seq": 1, "ack": 1,
              "win": 1, "id": packet["isport"], "type": packet.get("itype", 8),
              "code": packet.get("icode", 0), "size": 8}
    if ":" in packet["isrc"]:
        ip = IPv6(src=quoted["src"], dst=quoted["dst"], nh=quoted["proto"])
    else:
        ip = IP(src=quoted["src"], dst=quoted["dst"], proto=quoted["proto"], id=0)
    return bytes(ip / transport(quoted))


BATCH = 100  # packets whose answers fit in a pipe


# ---- the tracker ---------------------------------------------------------------------------


@contextlib.contextmanager
def raised(rules=""):
    """A rig whose namespaces end with it, for the tests of a file."""
    netns.require()
    made = []

    def make():
        made.append(netns.Netns())
        return made[-1]

    try:
        yield Rig(make, rules=rules)
    finally:
        for ns in made:
            ns.close()


class Model:
    """The driver program, fed with the same packets."""

    def __init__(self, gate, setup=()):
        path = gate.parents[1] / "tests/track/track_driver"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        for line in setup:
            self._write(line)
        self.began = None

    def _write(self, line):
        self.process.stdin.write(line + "\n")

    def at(self, when):
        """Sets the clock, to a time of time.monotonic()."""
        if self.began is None:
            self.began = when
        self._write(f"at {when - self.began:.6f}")

    def send(self, packets):
        answers = []
        for start in range(0, len(packets), BATCH):
            batch = packets[start:start + BATCH]
            for packet in batch:
                self._write("pkt " + words(packet))
            self.process.stdin.flush()
            answers += [self._answer(packet) for packet in batch]
        return answers

    def _answer(self, packet):
        verdict, state, direction, status, src, sport, dst, dport, *rest = \
            self.process.stdout.readline().split()
        if verdict == "drop":
            return None
        status = int(status)
        ports = (int(sport), int(dport))
        quoted = None
        if "isrc" in packet:
            quoted = (canonical(rest[0]), int(rest[1]), canonical(rest[2]), int(rest[3]))
            rest = rest[4:]
        choice, seq, ack, text, *rest = rest
        if packet["proto"] not in (6, 17, 132, 136):
            ports = None
        if direction == "-":
            status = 0
        return {"state": state, "reply": direction == "reply", "assured": bool(status & ASSURED),
                "seen": bool(status & SEEN_REPLY), "src": canonical(src), "dst": canonical(dst),
                "ports": ports, "quoted": quoted, "why": " ".join(rest),
                "numbers": (int(seq), int(ack)) if packet["proto"] == 6 else None,
                "text": text.replace("-", "") if "hex" in packet else None,
                "choice": None if choice == "-" else tuple(map(int, choice.split("-")))}

    def table(self):
        self.at(time.monotonic())
        self._write("list")
        self.process.stdin.flush()
        rows = {}
        while line := self.process.stdout.readline().split():
            proto, status, state, timeout = int(line[0]), int(line[1]), int(line[2]), line[3]
            src, sport, dst, dport, rsrc, rsport, rdst, rdport = line[4:]
            names = {6: TCP_STATES, 132: SCTP_STATES}.get(proto, ["NONE"])
            icmp = proto in (1, 58)
            key = (proto, canonical(src), int(sport), canonical(dst),
                   int(dport) >> 8 if icmp else int(dport))
            rows[key] = {"state": names[state], "timeout": float(timeout),
                         "assured": bool(status & ASSURED), "seen": bool(status & SEEN_REPLY),
                         "reply": (canonical(rsrc), int(rsport), canonical(rdst),
                                   int(rsport if icmp else rdport))}
        return rows

    def expected(self):
        """(protocol, class, source or "any", destination, port) of each expectation."""
        self._write("expected")
        self.process.stdin.flush()
        rows = []
        while line := self.process.stdout.readline().split():
            proto, kind, src, _, dst, port, wild = line
            rows.append((int(proto), int(kind), "any" if wild == "any" else canonical(src),
                         canonical(dst), int(port)))
        return sorted(rows)

    def close(self):
        self.process.stdin.close()
        code = self.process.wait()
        self.process.stdout.close()
        assert code == 0


DRIVER_WORDS = ("proto", "src", "dst", "sport", "dport", "size", "flags", "seq", "ack", "win",
                "ws", "sackok", "sack", "type", "code", "id", "iproto", "isrc", "idst", "isport",
                "idport", "itype", "icode", "vtag", "tag", "t", "chunks", "bad", "hex")


def words(packet):
    return " ".join(f"{name}={packet[name]}" for name in DRIVER_WORDS if name in packet)


# ---- comparison ----------------------------------------------------------------------------

TIMEOUT_SLACK_S = 2


def flow(packet):
    """What the packets of one connection have in common, both ways."""
    return frozenset([(packet["src"], packet.get("sport")), (packet["dst"], packet.get("dport"))])


def first_story(packets, kernel, model):
    """The connection in which both disagree first, packet by packet; "" when they agree."""
    for i, (packet, k, m) in enumerate(zip(packets, kernel, model)):
        if not list(differences([packet], [k], [m])):
            continue
        return "\n".join(
            f"  {packets[j]['from']} {words(packets[j])}\n"
            f"      kernel {kernel[j] and kernel[j]['state']}, model "
            f"{model[j] and model[j]['state']} {model[j] and model[j]['why']}"
            for j in range(i + 1) if flow(packets[j]) == flow(packet))
    return ""


NAMES = ("state", "reply", "assured", "seen", "src", "dst", "ports", "quoted", "numbers", "text")


def free_choice(k, m):
    """Whether the source port is one that the kernel drew, from where the model says."""
    return m.get("choice") and m["ports"] and m["choice"][0] <= k["ports"][0] <= m["choice"][1] and \
        k["ports"][1] == m["ports"][1]


def flow(packet, seen, ports):
    """What no two connections that leave may have in common."""
    return packet["proto"], seen["src"], seen["dst"], str(ports)


def differences(packets, kernel, model):
    """Lines that say where both disagree about a packet. A port that the model keeps may be one
    that the kernel drew for an earlier connection."""
    taken = set()
    for i, (packet, k, m) in enumerate(zip(packets, kernel, model)):
        if (k is None) != (m is None):
            yield f"{i}: {words(packet)}: kernel {k and k['state']}, model {m and m['state']}"
            continue
        if k is None:
            continue
        for name in NAMES:
            if name == "ports" and (free_choice(k, m) or flow(packet, k, m["ports"]) in taken):
                continue
            if m.get(name) is not None and k[name] != m[name]:
                yield f"{i}: {words(packet)}: {name}: kernel {k[name]}, model {m[name]} ({m['why']})"
        taken.add(flow(packet, k, k["ports"]))


def table_differences(kernel, model):
    for key in sorted(set(kernel) | set(model)):
        k, m = kernel.get(key), model.get(key)
        if not k or not m:
            yield f"{key}: kernel {k}, model {m}"
            continue
        for name in ("state", "assured", "seen", "reply"):
            if k[name] != m[name]:
                yield f"{key}: {name}: kernel {k[name]}, model {m[name]}"
        if abs(k["timeout"] - m["timeout"]) > TIMEOUT_SLACK_S:
            yield f"{key}: timeout: kernel {k['timeout']}, model {m['timeout']}"

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Helpers: dialogues that announce further connections, through the kernel and the tracker. After
each packet both must expect the same, and the announced connection must be related."""
import json

import pytest

from track.rig import Model, differences, first_story, raised, table_differences

RULES = """
table inet help {
	ct helper ftp-all { type "ftp" protocol tcp; }
	ct helper tftp-all { type "tftp" protocol udp; }
	ct helper irc-all { type "irc" protocol tcp; l3proto ip; }
	ct helper sip-all { type "sip" protocol udp; }
	ct helper sip-tcp { type "sip" protocol tcp; }
	ct expectation one { protocol udp; dport 9000; timeout 60s; size 1; l3proto ip; }
	chain zones {
		type filter hook prerouting priority raw
		udp dport 8001 ct zone set 1
		udp sport 8001 ct zone set 1
		udp sport 8003 ct reply zone set 3
		udp dport 8003 ct reply zone set 3
	}
	chain f {
		type filter hook forward priority -10
		tcp dport 21 ct helper set "ftp-all"
		udp dport 69 ct helper set "tftp-all"
		meta nfproto ipv4 tcp dport 6667 ct helper set "irc-all"
		udp dport 5060 ct helper set "sip-all"
		tcp dport 5060 ct helper set "sip-tcp"
		udp dport 8500 ct expectation set "one"
	}
}
"""
SETUP = ["helper ftp proto=6 dport=21", "helper tftp proto=17 dport=69",
         "helper irc proto=6 dport=6667", "helper sip proto=17 dport=5060",
         "helper sip proto=6 dport=5060", "expect dport=8500 port=9000 size=1",
         "zone dport=8001 zone=1 way=both", "zone dport=8003 zone=3 way=reply"]
HOSTS = {4: {"a": "10.0.1.2", "b": "10.0.2.2"}, 6: {"a": "fd00:1::2", "b": "fd00:2::2"}}


class Tcp:
    """A TCP connection from a to b whose segments carry text."""

    def __init__(self, family, sport, dport):
        self.hosts, self.ports = HOSTS[family], {"a": sport, "b": dport}
        self.next = {"a": 1000, "b": 9000}

    def segment(self, end, flags, text=b""):
        other = "b" if end == "a" else "a"
        packet = {"from": end, "proto": 6, "src": self.hosts[end], "dst": self.hosts[other],
                  "sport": self.ports[end], "dport": self.ports[other], "flags": flags,
                  "seq": self.next[end], "ack": self.next[other] if flags & 16 else 0,
                  "win": 20000, "size": len(text), "hex": text.hex()}
        self.next[end] += len(text) + bool(flags & 2)
        return packet

    def open(self):
        return [self.segment("a", 2), self.segment("b", 18), self.segment("a", 16)]

    def say(self, end, text):
        return self.segment(end, 24, text.encode("latin-1"))


def udp(family, end, sport, dport, text):
    if isinstance(text, str):
        text = text.encode()
    hosts = HOSTS[family]
    return {"from": end, "proto": 17, "src": hosts[end], "dst": hosts["b" if end == "a" else "a"],
            "sport": sport, "dport": dport, "size": len(text), "hex": text.hex()}


def syn(family, end, sport, dport):
    hosts = HOSTS[family]
    return {"from": end, "proto": 6, "src": hosts[end], "dst": hosts["b" if end == "a" else "a"],
            "sport": sport, "dport": dport, "flags": 2, "seq": 1, "ack": 0, "win": 100, "size": 0}


def ftp(family, lines, sport=40000):
    """Lines "a text" or "b text", without their ends."""
    tcp = Tcp(family, sport, 21)
    return tcp.open() + [tcp.say("b", "220 hello\r\n"), tcp.say("a", "USER x\r\n")] + \
        [tcp.say(line[0], line[2:] + ("" if line.endswith("~") else "\r\n")) for line in lines]


def irc(lines):
    tcp = Tcp(4, 41000, 6667)
    return tcp.open() + [tcp.say(line[0], line[2:] + "\r\n") for line in lines]


FTP = {
    "passive": (4, ["a PASV", "b 227 Entering Passive Mode (10,0,2,2,20,5)."],
                lambda: [syn(4, "a", 50000, 20 * 256 + 5), syn(4, "a", 50001, 20 * 256 + 5)]),
    "active": (4, ["a PORT 10,0,1,2,30,9"], lambda: [syn(4, "b", 20, 30 * 256 + 9)]),
    "of another host": (4, ["a PORT 10,0,1,3,30,9"], lambda: [syn(4, "b", 20, 30 * 256 + 9)]),
    "passive of another host": (4, ["b 227 x 10,0,2,3,30,9 y"],
                                lambda: [syn(4, "a", 20, 30 * 256 + 9)]),
    "small letters": (4, ["a port 10,0,1,2,30,9"], lambda: []),
    "numbers too large": (4, ["a PORT 10,0,1,2,300,9"], lambda: []),
    "cut": (4, ["a PORT 10,0,1~"], lambda: []),
    "half a word": (4, ["a PO~"], lambda: []),
    "half a line before": (4, ["a xx~", "a PORT 10,0,1,2,30,9"], lambda: []),
    "extended active": (4, ["a EPRT |1|10.0.1.2|6275|"], lambda: [syn(4, "b", 20, 6275)]),
    "extended passive": (4, ["b 229 Entering (|||6446|)"], lambda: [syn(4, "a", 20, 6446)]),
    "extended passive 6": (6, ["b 229 Entering (|||6446|)"], lambda: [syn(6, "a", 20, 6446)]),
    "extended active 6": (6, ["a EPRT |2|fd00:1::2|6275|"], lambda: [syn(6, "b", 20, 6275)]),
    "port 0": (4, ["a EPRT |1|10.0.1.2|0|"], lambda: []),
    "other delimiter": (4, ["b 229 Entering (!!!6446!)"], lambda: [syn(4, "a", 20, 6446)]),
    "digit as delimiter": (4, ["b 229 Entering (1116446 1)"], lambda: []),
    "two in a row": (4, ["a PORT 10,0,1,2,30,9", "a PORT 10,0,1,2,30,10"],
                     lambda: [syn(4, "b", 20, 30 * 256 + 9), syn(4, "b", 21, 30 * 256 + 10)]),
    "no bracket": (4, ["b 229 Entering |||6446|"], lambda: []),
    "answer of the wrong side": (4, ["b PORT 10,0,2,2,30,9", "a 227 x (10,0,1,2,1,1)"], lambda: []),
}

IRC = {
    "send": (["a PRIVMSG bob :\1DCC SEND file.txt 167772418 5000\1"],
             lambda: [syn(4, "b", 5555, 5000)]),
    "chat": (["a PRIVMSG bob :\1DCC CHAT chat 167772418 5001\1"], lambda: [syn(4, "b", 5555, 5001)]),
    "of another host": (["a PRIVMSG bob :\1DCC SEND file.txt 167772419 5000\1"], lambda: []),
    "of the server": (["b PRIVMSG bob :\1DCC SEND file.txt 167772418 5000\1"], lambda: []),
    "not a message": (["a NOTICE bob :\1DCC SEND file.txt 167772418 5000\1"], lambda: []),
    "port 0": (["a PRIVMSG bob :\1DCC SEND file.txt 167772418 0\1"], lambda: []),
}


def sip(first, body, kind="application/sdp"):
    text = "".join(line + "\r\n" for line in body)
    head = [*first, f"Content-Type: {kind}", f"Content-Length: {len(text)}"] if body else \
        [*first, "Content-Length: 0"]
    return "".join(line + "\r\n" for line in head) + "\r\n" + text


def invite(method="INVITE", seq=1):
    return [f"{method} sip:bob@10.0.2.2 SIP/2.0", "Via: SIP/2.0/UDP 10.0.1.2:5060;branch=z9hG4bK1",
            "From: <sip:alice@10.0.1.2>;tag=1", "To: <sip:bob@10.0.2.2>", "Call-ID: 1@10.0.1.2",
            f"CSeq: {seq} {method}", "Contact: <sip:alice@10.0.1.2:5060>", "Max-Forwards: 70"]


def answered(code, method="INVITE", seq=1, contact="<sip:bob@10.0.2.2:5060>", more=()):
    return [f"SIP/2.0 {code} OK", "Via: SIP/2.0/UDP 10.0.1.2:5060;branch=z9hG4bK1",
            "From: <sip:alice@10.0.1.2>;tag=1", "To: <sip:bob@10.0.2.2>;tag=2",
            "Call-ID: 1@10.0.1.2", f"CSeq: {seq} {method}", f"Contact: {contact}", *more]


def media(host, *ports, connection=None):
    lines = ["v=0", f"o=x 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    for port in ports:
        lines.append(port if isinstance(port, str) else f"m=audio {port} RTP/AVP 0")
        if connection:
            lines.append(f"c=IN IP4 {connection}")
    return lines


def from_a(text):
    return udp(4, "a", 5060, 5060, text)


def from_b(text):
    return udp(4, "b", 5060, 5060, text)


REGISTER = [line.replace("Max-Forwards", "Expires: 100\r\nMax-Forwards") for line in invite("REGISTER")]

SIP = {
    "offer": [from_a(sip(invite(), media("10.0.1.2", 6000))),
              from_b(sip(answered(200), media("10.0.2.2", 7000))),
              udp(4, "b", 7000, 6000, "rtp"), udp(4, "a", 6001, 7001, "rtcp")],
    "two streams": [from_a(sip(invite(), media("10.0.1.2", 6000, "m=video 6002 RTP/AVP 31")))],
    "odd port": [from_a(sip(invite(), media("10.0.1.2", 6001)))],
    "low port": [from_a(sip(invite(), media("10.0.1.2", 100)))],
    "image": [from_a(sip(invite(), media("10.0.1.2", "m=image 6004 udptl t38")))],
    "unknown stream": [from_a(sip(invite(), media("10.0.1.2", "m=text 6006 RTP/AVP 98")))],
    "stream's own address": [from_a(sip(invite(), media("10.0.1.2", 6000,
                                                        connection="10.0.1.2")))],
    "another host's address": [from_a(sip(invite(), media("10.0.1.9", 6000)))],
    "no body": [from_a(sip(invite(), []))],
    "ringing": [from_a(sip(invite(), media("10.0.1.2", 6000))),
                from_b(sip(answered(180), [])),
                from_b(sip(answered(183), media("10.0.2.2", 7000)))],
    "refused": [from_a(sip(invite(), media("10.0.1.2", 6000))), from_b(sip(answered(486), []))],
    "other sequence": [from_a(sip(invite(), media("10.0.1.2", 6000))),
                       from_b(sip(answered(200, seq=7), media("10.0.2.2", 7000)))],
    "bye": [from_a(sip(invite(), media("10.0.1.2", 6000))),
            from_b(sip(answered(200), media("10.0.2.2", 7000))), from_a(sip(invite("BYE", 2), []))],
    "update": [from_a(sip(invite("UPDATE"), media("10.0.1.2", 6000)))],
    "ack": [from_a(sip(invite("ACK"), media("10.0.1.2", 6000)))],
    "prack": [from_a(sip(invite("PRACK"), media("10.0.1.2", 6000)))],
    "register": [from_a(sip(REGISTER, [])),
                 from_b(sip(answered(200, "REGISTER", contact="<sip:alice@10.0.1.2:5060>;expires=60"),
                            []))],
    "register refused": [from_a(sip(REGISTER, [])), from_b(sip(answered(403, "REGISTER"), []))],
    "from b": [from_b(sip(invite(), media("10.0.2.2", 7000)))],
    "not sip": [from_a("hello\r\n\r\n")],
    "short header names": [from_a(sip([line.replace("Content-Type", "c").replace("CSeq", "CSeq")
                                       .replace("Contact", "m").replace("Via", "v")
                                       for line in invite()], media("10.0.1.2", 6000)))],
}


def sip_tcp(*messages):
    tcp = Tcp(4, 43000, 5060)
    return tcp.open() + [tcp.say(message[0], message[2:]) for message in messages]


SIP_TCP = {
    "offer": ["a " + sip(invite(), media("10.0.1.2", 6000))],
    "two messages in a segment": ["a " + sip(invite("BYE", 2), []) +
                                  sip(invite(), media("10.0.1.2", 6000))],
    "half a message": ["a " + sip(invite(), media("10.0.1.2", 6000))[:-5]],
}

ZONES = {
    "no zone": [udp(4, "a", 1111, 8000, "x"), udp(4, "b", 8000, 1111, "y")],
    "both ways": [udp(4, "a", 1111, 8001, "x"), udp(4, "b", 8001, 1111, "y"),
                  udp(4, "a", 1111, 8001, "x")],
    "reply only": [udp(4, "a", 1111, 8003, "x"), udp(4, "b", 8003, 1111, "y"),
                   udp(4, "a", 1111, 8003, "x")],
}


def expectations():
    """`ct expectation set`, on the first and on later packets of both ways."""
    first, reply = udp(4, "a", 1111, 8500, "x"), udp(4, "b", 8500, 1111, "y")
    data = udp(4, "b", 2222, 9000, "d")
    yield "first", [first, data, data, udp(4, "b", 2223, 9000, "d")]
    yield "twice", [first, first, data, first]
    yield "later", [first, data, reply, first, udp(4, "b", 2224, 9000, "d")]
    yield "other way", [first, udp(4, "a", 2222, 9000, "d")]


def dialogues():
    for name, packets in expectations():
        yield "expectation " + name, packets
    for name, packets in ZONES.items():
        yield "zone " + name, packets
    for name, messages in SIP_TCP.items():
        yield "sip over tcp " + name, sip_tcp(*messages)
    for name, (family, lines, data) in FTP.items():
        yield "ftp " + name, ftp(family, lines) + data()
    for name, (lines, data) in IRC.items():
        yield "irc " + name, irc(lines) + data()
    yield "tftp read", [udp(4, "a", 42000, 69, b"\0\1file\0octet\0"), udp(4, "b", 3333, 42000, "d"),
                        udp(4, "b", 3334, 42000, "d")]
    yield "tftp write 6", [udp(6, "a", 42000, 69, b"\0\2file\0octet\0"),
                           udp(6, "b", 3333, 42000, "d")]
    yield "tftp data", [udp(4, "a", 42000, 69, b"\0\3file"), udp(4, "b", 3333, 42000, "d")]
    for name, packets in SIP.items():
        yield "sip " + name, packets


@pytest.fixture(scope="module")
def rig():
    with raised(rules=RULES) as made:
        yield made


@pytest.mark.parametrize("name,packets", dialogues(), ids=lambda x: x if isinstance(x, str) else "")
def test_dialogue(gate, rig, name, packets):
    rig.router.run(["conntrack", "-F"], check=True)
    rig.router.run(["conntrack", "-F", "expect"], check=True)
    model = Model(gate, SETUP)
    found, want, got = [], [], []
    for packet in packets:
        want += rig.send([packet])
        model.at(rig.sent)
        got += model.send([packet])
        if rig.expected() != model.expected():
            found.append(f"{len(want)}: kernel expects {rig.expected()}, model {model.expected()}")
    found += differences(packets, want, got)
    found += table_differences(rig.table(), model.table())
    model.close()
    assert not found, "\n".join(found) + "\n" + first_story(packets, want, got)


def test_what_a_kernel_expects_is_known_to_live(gate, rig):
    rig.router.run(["conntrack", "-F"], check=True)
    rig.send(ftp(4, ["a PASV", "b 227 Entering Passive Mode (10,0,2,2,20,5)."]))
    rig.send([from_a(sip(invite(), media("10.0.1.2", 6000)))])
    done = rig.router.run([gate, "explain", "--live", "-j",
                           "in ra tcp 10.0.1.2:50000 > 10.0.2.2:5125 syn",
                           "in ra tcp 10.0.1.2:50001 > 10.0.2.2:5125 syn",
                           "in ra tcp 10.0.1.3:50000 > 10.0.2.2:5125 syn",
                           "in rb udp 10.0.2.2:7000 > 10.0.1.2:6001"], check=True)
    states = [packet["conntrack"] for packet in json.loads(done.stdout)]
    assert states == ["related", "new", "new", "related"]

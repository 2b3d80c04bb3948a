# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Helpers of translated connections: the kernel writes the address that the other side knows into
the announcement, counts the bytes that came or went, and sends the announced connection on. Each
end here speaks of what it has seen; after each packet kernel and tracker must agree."""
import ipaddress
import re

import pytest

from track.rig import Model, differences, raised, table_differences

SOURCE, TARGET, INNER = "10.0.2.109", "10.0.1.101", "10.0.2.2"
SOURCE6 = "fd00:2::1:9"
RULES = f"""
table inet help {{
	ct helper ftp-all {{ type "ftp" protocol tcp; }}
	ct helper tftp-all {{ type "tftp" protocol udp; }}
	ct helper irc-all {{ type "irc" protocol tcp; l3proto ip; }}
	ct helper sip-all {{ type "sip" protocol udp; }}
	ct helper sip-tcp {{ type "sip" protocol tcp; }}
	chain f {{
		type filter hook forward priority -10
		meta l4proto tcp ct original proto-dst {{ 21, 2021, 2121, 2122 }} ct helper set "ftp-all"
		meta l4proto udp ct original proto-dst {{ 69, 2069 }} ct helper set "tftp-all"
		meta l4proto udp ct original proto-dst {{ 5060, 5070 }} ct helper set "sip-all"
		tcp dport 5060 ct helper set "sip-tcp"
		meta nfproto ipv4 tcp dport 6667 ct helper set "irc-all"
	}}
}}
table ip nat {{
	chain pre {{
		type nat hook prerouting priority dstnat
		tcp dport {{ 2121, 2122 }} dnat to {INNER}:21
		udp dport 2069 dnat to {INNER}:69
		udp dport 5070 dnat to {INNER}:5060
	}}
	chain post {{
		type nat hook postrouting priority srcnat
		tcp dport 6667 snat to {SOURCE}
		meta l4proto {{ tcp, udp }} ct original proto-dst 5060 snat to {SOURCE}
		meta l4proto tcp ct original proto-dst {{ 21, 2122 }} snat to {SOURCE}
		meta l4proto udp ct original proto-dst 69 snat to {SOURCE}:7000
	}}
}}
table ip6 nat {{
	chain post {{
		type nat hook postrouting priority srcnat
		tcp dport 2021 snat to {SOURCE6}
	}}
}}
"""
# The driver's rules go by the port that the packet has at the hook, once it is translated.
SETUP = ["helper ftp proto=6 dport=21", "helper ftp proto=6 dport=2021",
         "helper ftp proto=6 dport=2121", "helper ftp proto=6 dport=2122",
         "helper tftp proto=17 dport=69", "helper tftp proto=17 dport=2069",
         "helper irc proto=6 dport=6667",
         "helper sip proto=17 dport=5060", "helper sip proto=17 dport=5070",
         "helper sip proto=6 dport=5060",
         f"nat dnat dport=5070 flags=3 addr={INNER} min=5060 max=5060",
         f"nat snat original=5060 flags=1 addr={SOURCE}",
         f"nat dnat dport=2121 flags=3 addr={INNER} min=21 max=21",
         f"nat dnat dport=2122 flags=3 addr={INNER} min=21 max=21",
         f"nat dnat dport=2069 flags=3 addr={INNER} min=69 max=69",
         f"nat snat dport=6667 flags=1 addr={SOURCE}",
         f"nat snat original=21 proto=6 flags=1 addr={SOURCE}",
         f"nat snat original=2122 proto=6 flags=1 addr={SOURCE}",
         f"nat snat original=69 proto=17 flags=3 addr={SOURCE} min=7000 max=7000",
         f"nat snat dport=2021 flags=1 addr={SOURCE6}"]


class End:
    """What one end knows of a connection."""

    def __init__(self, own, peer, seq):
        self.own, self.peer = own, peer  # (address, port)
        self.next, self.expects = seq, 0
        self.heard = ""


class Dialogue:
    """Packets through both, one after the other."""

    def __init__(self, rig, model):
        self.rig, self.model = rig, model
        self.packets, self.want, self.got, self.found = [], [], [], []

    def send(self, packet):
        """What the kernel made of it."""
        self.packets.append(packet)
        self.want += self.rig.send([packet])
        self.model.at(self.rig.sent)
        self.got += self.model.send([packet])
        if self.rig.expected() != self.model.expected():
            self.found.append(f"{len(self.packets)}: kernel expects {self.rig.expected()}, "
                              f"model {self.model.expected()}")
        return self.want[-1]

    def problems(self):
        return self.found + list(differences(self.packets, self.want, self.got)) + \
            list(table_differences(self.rig.table(), self.model.table()))


class Tcp:
    """A connection between the two ends, begun by `first`."""

    def __init__(self, dialogue, first, own, peer):
        self.dialogue, self.first = dialogue, first
        self.ends = {first: End(own, peer, 1000), other(first): End(None, None, 500000)}

    def segment(self, at, flags, text="", again=False, **more):
        end = self.ends[at]
        data = text.encode("latin-1")
        seq = end.next - len(data) if again else end.next
        made = self.dialogue.send({
            "from": at, "proto": 6, "src": end.own[0], "dst": end.peer[0], "sport": end.own[1],
            "dport": end.peer[1], "flags": flags, "seq": seq, "win": 20000, "size": len(data),
            "ack": end.expects if flags & 16 else 0, "hex": data.hex(), **more})
        if not again:
            end.next += len(data) + bool(flags & 2)
        if made:
            there = self.ends[other(at)]
            there.own, there.peer = (made["dst"], made["ports"][1]), (made["src"], made["ports"][0])
            there.heard = bytes.fromhex(made["text"]).decode("latin-1")
            there.expects = made["numbers"][0] + len(made["text"]) // 2 + bool(flags & 2)
        return made

    def open(self):
        self.segment(self.first, 2)
        self.segment(other(self.first), 18)
        self.segment(self.first, 16)

    def say(self, at, text, **more):
        self.segment(at, 24, text + "\r\n", **more)

    def own(self, at):
        return self.ends[at].own

    def heard(self, at):
        return self.ends[at].heard


def other(end):
    return "b" if end == "a" else "a"


def commas(address, port):
    return address.replace(".", ",") + f",{port >> 8},{port & 255}"


def numbers(text):
    """The address and port of `227` and PORT."""
    found = list(map(int, re.search(r"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", text).groups()))
    return ".".join(map(str, found[:4])), found[4] * 256 + found[5]


def data_connection(dialogue, at, own, target):
    data = Tcp(dialogue, at, (own, 5555), target)
    data.open()
    data.segment(at, 24, "data")
    data.segment(other(at), 24, "more data")


def ftp(dialogue, ways, host="10.0.1.2", server=INNER, dport=21):
    control = Tcp(dialogue, "a", (host, 40000), (server, dport))
    control.open()
    control.say("b", "220 hello")
    control.say("a", "USER x")
    for way in ways:
        way(dialogue, control)
        control.say("a", "NOOP")
        control.say("b", "200 fine")
        control.say("a", "LIST")
        control.say("b", "150 here it comes")
    # A hole in what b has of a: the edges of SACK are moved too.
    control.segment("b", 16, sack=control.ends["b"].expects + 4, sackok=1)


def passive(dialogue, control, port=20 * 256 + 5):
    control.say("a", "PASV")
    control.say("b", f"227 Entering Passive Mode ({commas(control.own('b')[0], port)}).")
    data_connection(dialogue, "a", control.own("a")[0], numbers(control.heard("a")))


def active(dialogue, control, port=30 * 256 + 9):
    control.say("a", f"PORT {commas(control.own('a')[0], port)}")
    data_connection(dialogue, "b", control.own("b")[0], numbers(control.heard("b")))


def active_of_two(dialogue):
    """Two clients announce the same port of the address both have: the kernel draws for one."""
    for host in ("10.0.1.2", "10.0.1.3"):
        control = Tcp(dialogue, "a", (host, 40000 + int(host[-1])), (INNER, 21))
        control.open()
        control.say("a", "USER x")
        control.say("a", f"PORT {commas(host, 7777)}")
    heard, drawn = (numbers(bytes.fromhex(end[-1]["text"]).decode()) for end in
                    (dialogue.want, dialogue.got))
    assert heard[0] == drawn[0] == SOURCE and heard[1] != 7777 and drawn[1] != 7777
    assert dialogue.got[-1]["why"].endswith("draws another")
    assert not dialogue.found[:-1] and "model" in dialogue.found[-1]
    dialogue.packets, dialogue.want, dialogue.got, dialogue.found = [], [], [], []


def active_again(dialogue, control):
    """The announcement is sent twice: it counts once."""
    control.say("a", f"PORT {commas(control.own('a')[0], 7777)}")
    control.say("a", f"PORT {commas(control.own('a')[0], 7777)}", again=True)


def extended_passive(dialogue, control):
    control.say("a", "EPSV")
    control.say("b", "229 Entering (!!!6446!)")
    port = int(re.search(r"\d{4}", control.heard("a"))[0])
    data_connection(dialogue, "a", control.own("a")[0], (control.ends["a"].peer[0], port))


def extended_active(dialogue, control):
    own = control.own("a")[0]
    control.say("a", f"EPRT |{2 if ':' in own else 1}|{own}|6275|")
    address, port = re.search(r"\|([^|]{3,})\|(\d+)\|", control.heard("b")).groups()
    data_connection(dialogue, "b", control.own("b")[0],
                    (str(ipaddress.ip_address(address)), int(port)))


def irc(dialogue):
    control = Tcp(dialogue, "a", ("10.0.1.2", 41000), (INNER, 6667))
    control.open()
    number = int(ipaddress.ip_address("10.0.1.2"))
    control.say("a", f"PRIVMSG bob :\1DCC SEND file.txt {number} 5000 99\1")
    address, port = re.search(r"txt (\d+) (\d+)", control.heard("b")).groups()
    control.say("a", "PRIVMSG bob :did you get it?")
    control.say("b", ":bob PRIVMSG alice :yes")
    data_connection(dialogue, "b", INNER, (str(ipaddress.ip_address(int(address))), int(port)))


def tftp(dialogue, server, dport):
    def udp(at, own, peer, data):
        return dialogue.send({"from": at, "proto": 17, "src": own[0], "sport": own[1], "dst": peer[0],
                              "dport": peer[1], "size": len(data), "hex": data.hex()})
    made = udp("a", ("10.0.1.2", 42000), (server, dport), b"\0\1file\0octet\0")
    block = udp("b", (INNER, 3333), (made["src"], made["ports"][0]), b"\0\3\0\1data")
    udp("a", ("10.0.1.2", 42000), (block["src"], block["ports"][0]), b"\0\4\0\1")


class Phone:
    """An end that speaks SIP over UDP; `heard` is the message it got last."""

    def __init__(self, dialogue, at, own, peer, via=None):
        self.dialogue, self.at, self.own, self.peer = dialogue, at, own, peer
        self.via = via or (own and own[1])
        self.heard, self.other = "", None

    def send(self, text):
        data = text.replace("\n", "\r\n").encode()
        made = self.dialogue.send({
            "from": self.at, "proto": 17, "src": self.own[0], "sport": self.own[1],
            "dst": self.peer[0], "dport": self.peer[1], "size": len(data), "hex": data.hex()})
        if made:
            there = self.other
            there.own, there.peer = (made["dst"], made["ports"][1]), (made["src"], made["ports"][0])
            there.heard = bytes.fromhex(made["text"]).decode()

    def ask(self, method, cseq=1, body="", more=""):
        host, port = self.own[0], self.via
        self.send(f"{method} sip:bob@{self.peer[0]}:{self.peer[1]} SIP/2.0\n"
                  f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{cseq}{more}\n"
                  f"From: <sip:alice@{host}:{port}>;tag=1\nTo: <sip:bob@{self.peer[0]}:{self.peer[1]}>\n"
                  f"Call-ID: 1@example\nCSeq: {cseq} {method}\n"
                  f"Contact: <sip:alice@{host}:{port}>;expires=60\nMax-Forwards: 70\n{with_body(body)}")

    def answer(self, code=200, body="", more="", contact=None):
        """Copies what an answer copies, RFC 3261 section 8.2.6.2."""
        copied = "".join(line + "\n" for line in self.heard.splitlines()
                         if line.startswith(("From", "To", "Call-ID", "CSeq")))
        via = next(line for line in self.heard.splitlines() if line.startswith("Via"))
        own = contact or f"<sip:bob@{self.own[0]}:{self.own[1]}>"
        self.send(f"SIP/2.0 {code} OK\n{via}{more}\n{copied}Contact: {own}\n{with_body(body)}")


def with_body(body):
    if not body:
        return "Content-Length: 0\n\n"
    return f"Content-Type: application/sdp\nContent-Length: {len(body) + body.count(chr(10))}\n\n{body}"


def session(host, *media, connection=True):
    return (f"v=0\no=me 1 1 IN IP4 {host}\ns=-\n" + (f"c=IN IP4 {host}\n" if connection else "") +
            "t=0 0\n" + "".join(f"m={line}\n" for line in media))


def phones(dialogue, host="10.0.1.2", port=5060, server=(INNER, 5060), via=None):
    a = Phone(dialogue, "a", (host, port), server, via)
    b = Phone(dialogue, "b", (INNER, 5060), None)
    a.other, b.other = b, a
    return a, b


def rtp(dialogue, at, own, port_own, text):
    """A packet to the stream that a heard description names."""
    address = re.search(r"c=IN IP4 (\S+)", text)[1]
    port = int(re.search(r"m=audio (\d+)", text)[1])
    for step in (0, 1):
        dialogue.send({"from": at, "proto": 17, "src": own, "sport": port_own + step, "dst": address,
                       "dport": port + step, "size": 4, "hex": "72747020"})


def call(dialogue, **how):
    a, b = phones(dialogue, **how)
    a.ask("INVITE", body=session(a.own[0], "audio 6000 RTP/AVP 0", "video 6002 RTP/AVP 31"),
          more=f";maddr={a.own[0]};rport")
    b.answer(180)
    b.answer(200, body=session(INNER, "audio 7000 RTP/AVP 0"),
             more=f";received={a.other.peer[0]};rport={a.other.peer[1]}")
    rtp(dialogue, "a", a.own[0], 6000, a.heard)
    rtp(dialogue, "b", INNER, 7000, session(a.other.peer[0], "audio 6000 RTP/AVP 0"))
    a.ask("ACK")
    a.ask("BYE", cseq=2)


def own_addresses(dialogue):
    """Each stream has its own `c=` line; only the first one is of the sender."""
    a, b = phones(dialogue)
    body = session("10.0.1.2", "audio 6000 RTP/AVP 0\nc=IN IP4 10.0.1.2",
                   "video 6002 RTP/AVP 31\nc=IN IP4 10.0.1.2", connection=False)
    a.ask("INVITE", body=body)
    b.answer(200, body=session(INNER, "audio 7000 RTP/AVP 0\nc=IN IP4 10.0.2.2"))
    rtp(dialogue, "b", INNER, 7000, session(a.other.peer[0], "audio 6000 RTP/AVP 0"))


def two_calls(dialogue):
    """Both want the same ports of the same address: the second is not let through."""
    for host in ("10.0.1.2", "10.0.1.3"):
        a, _ = phones(dialogue, host=host, port=5060 if host.endswith("2") else 5062)
        a.ask("INVITE", body=session(host, "audio 6000 RTP/AVP 0"))


def register(dialogue, **how):
    a, b = phones(dialogue, **how)
    a.ask("REGISTER")
    contact = re.search(r"Contact: (<\S+>)", b.heard)[1]
    b.answer(200, contact=f"<sip:carol@192.0.2.5>, {contact};expires=90")
    address, port = re.search(r"@([\d.]+):(\d+)", contact).groups()
    caller, called = Phone(dialogue, "b", (INNER, 5066), (address, int(port))), Phone(dialogue, "a", None, None)
    caller.other, called.other = called, caller
    caller.ask("INVITE", body=session(INNER, "audio 7100 RTP/AVP 0"))
    called.answer(200, body=session(called.own[0], "audio 6100 RTP/AVP 0"))
    rtp(dialogue, "b", INNER, 7100, caller.heard)


def sip_tcp(dialogue):
    control = Tcp(dialogue, "a", ("10.0.1.2", 43000), (INNER, 5060))
    control.open()
    text = ("OPTIONS sip:bob@10.0.2.2:5060 SIP/2.0\nVia: SIP/2.0/TCP 10.0.1.2:43000;branch=1\n"
            "From: <sip:alice@10.0.1.2:43000>\nTo: <sip:bob@10.0.2.2>\nCSeq: 1 OPTIONS\n"
            "m: <sip:alice@10.0.1.2:43000>,<sip:al@10.0.1.2:43000>\nContent-Length: 0\n\n").replace("\n", "\r\n")
    invite = text.replace("OPTIONS", "INVITE").replace("Content-Length: 0\r\n\r\n", with_body(
        session("10.0.1.2", "audio 6000 RTP/AVP 0")).replace("\n", "\r\n"))
    control.segment("a", 24, text + invite)
    control.segment("b", 16)
    control.segment("a", 24, text)


SIX = {"host": "fd00:1::2", "server": "fd00:2::2", "dport": 2021}
DNAT, BOTH = {"server": TARGET, "dport": 2121}, {"server": TARGET, "dport": 2122}
DIALOGUES = {
    "ftp, source": lambda d: ftp(d, [passive, active, extended_passive]),
    "ftp, destination": lambda d: ftp(d, [passive, active, extended_active], **DNAT),
    "ftp, both": lambda d: ftp(d, [extended_active, passive, active], **BOTH),
    "ftp, IPv6": lambda d: ftp(d, [extended_active, extended_passive], **SIX),
    "ftp, sent again": lambda d: ftp(d, [active_again, active]),
    "ftp, the same port twice": active_of_two,
    "irc": irc,
    "tftp, source and port": lambda d: tftp(d, INNER, 69),
    "tftp, destination": lambda d: tftp(d, TARGET, 2069),
    "sip, source": call,
    "sip, destination": lambda d: call(d, server=(TARGET, 5070)),
    "sip, answered elsewhere": lambda d: call(d, port=50000, via=5060),
    "sip, streams with addresses": own_addresses,
    "sip, two calls": two_calls,
    "sip, registered": register,
    "sip, registered elsewhere": lambda d: register(d, port=50000, via=5060),
    "sip, registered at a translated server": lambda d: register(d, server=(TARGET, 5070)),
    "sip over tcp": sip_tcp,
}


@pytest.fixture(scope="module")
def rig():
    with raised(rules=RULES) as made:
        yield made


@pytest.mark.parametrize("name", DIALOGUES)
def test_what_a_translated_connection_announces(gate, rig, name):
    rig.router.run(["conntrack", "-F"], check=True)
    rig.router.run(["conntrack", "-F", "expect"], check=True)
    model = Model(gate, SETUP)
    dialogue = Dialogue(rig, model)
    DIALOGUES[name](dialogue)
    problems = dialogue.problems()
    model.close()
    assert not problems, "\n".join(problems)

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What the kernel's helpers wrote into payloads, captured behind it: each rule must decide as many
packets of the capture as it decided in the kernel."""
import json
import re
import socket
import subprocess

import pytest

from replay.test_replay import ethernet, pcapng, udp
from replay.wire import INSIDE, ROUTES, SITE, WAN, Wire, by_comment


@pytest.fixture
def wire(make_netns):
    made = Wire(make_netns)
    yield made
    made.close()


@pytest.fixture
def same(wire, gate, tmp_path):
    """Captures of these devices, each alone, are judged as the kernel judged the packets."""
    def check(*names, rules):
        want, frames = wire.counted(), wire.captured()
        (tmp_path / "rules.nft").write_text(rules)
        for name in names:
            (tmp_path / "in.pcapng").write_bytes(pcapng(frames[name], [name]))
            told = json.loads(subprocess.run(
                [gate, "replay", "-j", "--interfaces", "lo,lan,wan", "-f", tmp_path / "rules.nft",
                 *ROUTES, tmp_path / "in.pcapng"], check=True, capture_output=True).stdout)
            got = {by: n for by, n in by_comment(told).items() if not by.startswith("a fragment")}
            assert got == want, (name, told)
            assert not told["not_known"]
    return check


class Phone:
    """Speaks SIP over UDP: says what `own` tells of itself, wherever it really is."""

    def __init__(self, wire, host, own, via=None, port=None):
        self.own, self.via = own, via or own[1]
        self.host, self.wire = host, wire
        self.socket = wire.udp(host, port or own[1])
        self.listens = wire.udp(host, via) if via else self.socket
        self.heard, self.peer = "", None

    def hear(self, port=None):
        data, self.peer = self.listens.recvfrom(65536)
        self.heard = data.decode()

    def send(self, text, to):
        self.socket.sendto(text.replace("\n", "\r\n").encode(), to)

    def ask(self, method, to, cseq=1, body="", more=""):
        own = f"<sip:a@{self.own[0]}:{self.via}>"
        self.send(f"{method} sip:b@{to[0]}:{to[1]} SIP/2.0\n"
                  f"Via: SIP/2.0/UDP {self.own[0]}:{self.via};branch=z9hG4bK{cseq}{more}\n"
                  f"From: {own};tag=1\nTo: <sip:b@{to[0]}:{to[1]}>\nCall-ID: 1@example\n"
                  f"CSeq: {cseq} {method}\nContact: {own};expires=60\n{with_body(body)}", to)

    def answer(self, code=200, body="", more="", contact=None, to=None):
        """Copies what an answer copies, RFC 3261 section 8.2.6.2."""
        lines = self.heard.splitlines()
        via = next(line for line in lines if line.startswith("Via"))
        copied = "".join(line + "\n" for line in lines
                         if line.startswith(("From", "To", "Call-ID", "CSeq")))
        own = contact or f"<sip:b@{self.own[0]}:{self.own[1]}>"
        self.send(f"SIP/2.0 {code} OK\n{via}{more}\n{copied}Contact: {own}\n{with_body(body)}",
                  to or self.peer)


def with_body(body):
    return ("Content-Type: application/sdp\n" if body else "") + \
        f"Content-Length: {len(body) + body.count(chr(10))}\n\n{body}"


def session(host, *media):
    return f"v=0\no=me 1 1 IN IP4 {host}\ns=-\nc=IN IP4 {host}\nt=0 0\n" + \
        "".join(f"m={line}\n" for line in media)


def stream(text):
    """Where a description that was heard wants its audio."""
    return re.search(r"c=IN IP4 (\S+)", text)[1], int(re.search(r"m=audio (\d+)", text)[1])


def talk(wire, host, port, to, other):
    """A packet to a stream, which must come to that port of the other host."""
    wire.udp(host, port).sendto(b"media", to)
    other.recvfrom(100)


FORWARD = """ chain f { type filter hook forward priority 0; policy drop
  ct state established counter accept comment "established"
  ct state related counter accept comment "related"
  %s
  counter drop comment "rest"
 }
}
"""
HELPERS = """table ip t {
 ct helper sip { type "sip" protocol udp; }
 ct helper sip-tcp { type "sip" protocol tcp; }
 ct helper irc { type "irc" protocol tcp; }
 ct helper ftp { type "ftp" protocol tcp; }
 chain r { type filter hook prerouting priority -150; udp dport { 5060, 5070 } ct helper set "sip"
  tcp dport 5060 ct helper set "sip-tcp"; tcp dport 6667 ct helper set "irc"
  tcp dport 21 ct helper set "ftp"; }
"""
OUT = HELPERS + """ chain n { type nat hook postrouting priority srcnat; oifname wan counter masquerade comment "masquerade"; }
""" + FORWARD % 'iifname lan ct state new accept'
IN = HELPERS + f""" chain n {{ type nat hook prerouting priority dstnat
  iifname wan meta l4proto {{ tcp, udp }} th dport 5060 dnat to {INSIDE}; }}
""" + FORWARD % 'iifname wan th dport 5060 ct state new counter accept comment "to the server"'


@pytest.mark.parametrize("via", [None, 5062], ids=["", "answers elsewhere"])
def test_a_phone_behind_masquerade(wire, same, via):
    """It registers, is called, and both speak; captured inside."""
    wire.router.nft(input=OUT)
    phone = Phone(wire, "lan", (INSIDE, 5060), via=via, port=5060 if not via else 5070)
    server = Phone(wire, "wan", (SITE, 5060))
    phone.ask("REGISTER", (SITE, 5060))
    server.hear()
    contact = re.search(r"Contact: (<\S+>)", server.heard)[1]
    assert WAN in contact
    server.answer(contact=contact + ";expires=60")
    phone.hear()
    assert f"Contact: <sip:a@{INSIDE}:{phone.via}>" in phone.heard
    server.ask("INVITE", server.peer, body=session(SITE, "audio 7000 RTP/AVP 0"))
    phone.hear()
    phone.answer(body=session(INSIDE, "audio 6000 RTP/AVP 0"))
    server.hear()
    talk(wire, "wan", 7000, stream(server.heard), wire.udp("lan", 6000))
    talk(wire, "wan", 7001, (WAN, 6001), wire.udp("lan", 6001))
    # Another line of the registrar's calls where the phone is known.
    caller = Phone(wire, "wan", (SITE, 5066))
    caller.ask("INVITE", (WAN, int(re.search(r":(\d+)>", contact)[1])), cseq=7)
    phone.hear()
    same("lan", rules=OUT)


@pytest.mark.parametrize("first", ["caller", "called"])
def test_a_server_inside(wire, same, first):
    """It is called from outside; captured outside, where its answers name the router."""
    wire.router.nft(input=IN)
    server = Phone(wire, "lan", (INSIDE, 5060))
    caller = Phone(wire, "wan", (SITE, 5090))
    caller.ask("INVITE", (WAN, 5060), body=session(SITE, "audio 7000 RTP/AVP 0"), more=";rport")
    server.hear()
    server.answer(180)
    caller.hear()
    server.answer(body=session(INSIDE, "audio 6000 RTP/AVP 0", "video 6002 RTP/AVP 31"))
    caller.hear()
    assert stream(caller.heard) == (WAN, 6000) and INSIDE not in caller.heard
    if first == "caller":
        talk(wire, "wan", 7000, (WAN, 6000), wire.udp("lan", 6000))
        talk(wire, "wan", 7002, (WAN, 6003), wire.udp("lan", 6003))
    else:
        talk(wire, "lan", 6000, (SITE, 7000), wire.udp("wan", 7000))
    caller.ask("ACK", (WAN, 5060))
    server.hear()
    server.ask("BYE", server.peer, cseq=2)
    caller.hear()
    same("wan", rules=IN)


class Stream:
    """A TCP connection; each end reads what the other one said."""

    def __init__(self, wire, at, to, port, address):
        listener = wire.tcp(to)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen()
        self.ends = {at: wire.tcp(at)}
        self.ends[at].connect((address, port))
        self.ends[to] = wire.keep(listener.accept()[0])
        self.own = self.ends[at].getsockname()

    def say(self, at, text):
        """What the other end read."""
        self.ends[at].sendall(text.replace("\n", "\r\n").encode())
        other, = (end for name, end in self.ends.items() if name != at)
        return other.recv(65536).decode().replace("\r\n", "\n")


def test_sip_over_tcp(wire, same):
    """What follows a longer message is moved: numbers are those from before again."""
    wire.router.nft(input=IN)
    line = Stream(wire, "wan", "lan", 5060, WAN)
    for cseq in (1, 2):
        heard = line.say("wan", f"INVITE sip:b@{WAN}:5060 SIP/2.0\nVia: SIP/2.0/TCP {SITE}:5090\n"
                         f"To: <sip:b@{WAN}:5060>\nCSeq: {cseq} INVITE\n" +
                         with_body(session(SITE, "audio 7000 RTP/AVP 0")))
        assert f"To: <sip:b@{INSIDE}:5060>" in heard
        said = (f"SIP/2.0 200 OK\nVia: SIP/2.0/TCP {SITE}:5090\nContact: <sip:b@{INSIDE}:5060>\n"
                f"CSeq: {cseq} INVITE\n" + with_body(session(INSIDE, "audio 6000 RTP/AVP 0")))
        heard = line.say("lan", said)
        assert f"Contact: <sip:b@{WAN}:5060>" in heard and len(heard) > len(said)
    talk(wire, "wan", 7000, stream(heard), wire.udp("lan", 6000))
    same("wan", rules=IN)


def test_what_is_expected_inside_comes_to_the_translated_address(wire, same):
    """FTP's server and who answers an offer in IRC call the router; captured inside."""
    wire.router.nft(input=OUT)
    ftp = Stream(wire, "lan", "wan", 21, SITE)
    ftp.say("wan", "220 hello\n")
    ftp.say("lan", "USER me\n")
    assert ftp.say("lan", f"PORT {INSIDE.replace('.', ',')},200,10\n") == \
        f"PORT {WAN.replace('.', ',')},200,10\n"
    irc = Stream(wire, "lan", "wan", 6667, SITE)
    number = int.from_bytes(socket.inet_aton(INSIDE), "big")
    heard = irc.say("lan", f"PRIVMSG eve :\1DCC SEND file.txt {number} 51211\1\n")
    assert f"file.txt {int.from_bytes(socket.inet_aton(WAN), 'big')} 51211\1" in heard
    for port in (51210, 51211):
        listener = wire.tcp("lan")
        listener.bind(("", port))
        listener.listen()
        caller = wire.tcp("wan")
        caller.connect((WAN, port))
        wire.keep(listener.accept()[0])
    ftp.say("wan", "200 fine\n")
    irc.say("lan", "PRIVMSG eve :there you are\n")
    same("lan", rules=OUT)


def test_an_offer_in_irc_is_the_same_before_and_behind_translation(wire, same):
    """The one who offers is reached by `dnat`; captured outside."""
    rules = IN.replace("th dport 5060 dnat", "th dport { 5060, 6667 } dnat").replace(
        "th dport 5060 ct state new", "th dport 6667 ct state new")
    wire.router.nft(input=rules)
    irc = Stream(wire, "wan", "lan", 6667, WAN)
    number = int.from_bytes(socket.inet_aton(SITE), "big")
    irc.say("wan", f"PRIVMSG eve :\1DCC SEND file.txt {number} 51211\1\n")
    listener = wire.tcp("wan")
    listener.bind(("", 51211))
    listener.listen()
    wire.tcp("lan").connect((SITE, 51211))
    same("wan", rules=rules)


def test_fragments_behind_translation(wire, same):
    """Only the first one has ports; captured inside and outside, whichever is behind it. (What is cut
    already when it comes in would be written over before the capture is read here.)"""
    rules = OUT.replace("chain n {", f"""chain d {{ type nat hook prerouting priority dstnat
  iifname wan udp dport 53 dnat to {INSIDE}; }}
 chain n {{""").replace(
        "ct state new accept", 'ct state new accept\n iifname wan udp dport 53 counter accept '
        'comment "asked from outside"')
    rules = rules.replace("oifname wan counter", "oifname wan udp dport 54 counter")
    wire.router.nft(input=rules)
    for client, server, port, name in (("lan", "wan", 54, "lan"), ("wan", "lan", 53, "wan")):
        asks, answers = wire.udp(client, 4000), wire.udp(server, port)
        for _ in range(3):
            asks.sendto(b"?", (SITE if client == "lan" else WAN, port))
            _, peer = answers.recvfrom(65536)
            answers.sendto(b"!" * 5000, peer)
            assert len(asks.recvfrom(65536)[0]) == 5000
        same(name, rules=rules)
        wire.router.nft(input="flush ruleset\n" + rules)
        for frames in wire.frames.values():
            frames.clear()


def test_a_message_that_cannot_have_been_so_is_not_known(gate, tmp_path):
    """Two servers announce one port of the router, which the kernel does not let through: something
    is missing in the capture."""
    rules = IN.replace("chain n {", f"""chain n2 {{ type nat hook prerouting priority -101
  iifname wan udp dport 5070 dnat to 10.0.0.6:5060; }}
 chain n {{""")
    frames = []
    for port in (5060, 5070):
        via = f"Via: SIP/2.0/UDP {SITE}:{port}\nCSeq: 1 INVITE\n"
        asks = f"INVITE sip:b@{WAN}:{port} SIP/2.0\n{via}" + \
            with_body(session(SITE, "audio 7000 RTP/AVP 0"))
        answers = f"SIP/2.0 200 OK\n{via}" + with_body(session(WAN, "audio 6000 RTP/AVP 0"))
        for text, ends, way in ((asks, (SITE, port, WAN, port), 1),
                                (answers, (WAN, port, SITE, port), 2)):
            frames.append((ethernet(udp(*ends, text.replace("\n", "\r\n").encode())), 0, way))
    (tmp_path / "rules.nft").write_text(rules)
    (tmp_path / "in.pcapng").write_bytes(pcapng(frames, ["wan"]))
    told = json.loads(subprocess.run(
        [gate, "replay", "-j", "--interfaces", "lo,lan,wan", "-f", tmp_path / "rules.nft", *ROUTES,
         tmp_path / "in.pcapng"], check=True, capture_output=True).stdout)
    assert (told["verdicts"]["accept"], told["verdicts"]["drop"]) == (3, 1)
    assert told["not_known"] == [
        {"what": "what a message said before a helper wrote into it", "packets": 1}]

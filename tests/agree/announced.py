# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""What random rulesets and packets know of helpers, expectations, zones, labels, SCTP and GRE, and
of `fib` for devices."""

OBJECTS = """
	ct helper ftp { type "ftp" protocol tcp; }
	ct helper tftp { type "tftp" protocol udp; }
	ct expectation announced { protocol udp; dport 53; timeout 1h; size 2; l3proto ip; }
"""
MATCHES = ("ct helper \"ftp\"", "ct label 2", "ct label 3", "ct zone 1", "ct zone 2", "ct status expected",
           "ct state related", "ct state related", "sctp dport 99", "sctp sport 1000-1001",
           "sctp chunk init exists", "sctp chunk data exists", "sctp vtag 1", "meta l4proto gre",
           "meta l4proto { gre, sctp }", "ct protocol sctp", "ct status confirmed ct expiration > 100s", "ct original zone 2")
# Only of what arrives.
ROUTES = ("fib daddr oif eth0", "fib daddr oif 0", "fib saddr . iif oif 0", "fib saddr . iif oif != 0",
          "fib saddr . mark oif eth1", "fib daddr . iif type local", "fib daddr . iif type unicast")
ARRIVES = ("raw_in", "pre", "pre2", "in1", "in2", "fwd1", "fwd2")
STATEMENTS = ("tcp dport 21 ct helper set \"ftp\"", "tcp dport 21 ct helper set \"ftp\"",
              "udp dport 69 ct helper set \"tftp\"", "ct expectation set \"announced\"",
              "ct label set 2", "ct label set 3")
ZONES = ("ct zone set 1", "ct zone set 2", "ct original zone set 2", "ct reply zone set 1")

CHUNKS = ("init", "init-ack", "cookie-echo", "cookie-ack", "data", "sack", "heartbeat",
          "heartbeat-ack", "shutdown", "shutdown-ack", "shutdown-complete", "abort", "error")
ASSOCIATION = (("init", True), ("init-ack", False), ("cookie-echo", True), ("cookie-ack", False),
               ("data", True), ("sack", False), ("shutdown", True), ("shutdown-ack", False),
               ("shutdown-complete", True))


def association(s):
    """SCTP from its beginning on, sometimes with what does not belong there."""
    flow = s.ends()
    inward = s.random.random() < 0.6
    steps = list(ASSOCIATION[:s.random.randrange(1, len(ASSOCIATION) + 1)])
    for _ in range(s.random.randrange(3)):
        steps.insert(s.random.randrange(len(steps) + 1),
                     (s.random.choice(CHUNKS), s.random.random() < 0.5))
    for chunk, forth in steps:
        tag = f" vtag {s.random.choice((0, 2))}" if s.random.random() < 0.06 else ""
        s.line("sctp", flow, inward == forth, f"chunk {chunk}{tag}")


def tunnel(s):
    peer, near, ways = s.ends()
    flow = tuple(end.rsplit(":", 1)[0].strip("[]") for end in (peer, near)) + (ways,)
    for _ in range(s.random.randrange(1, 4)):
        s.line("gre", flow, s.random.random() < 0.6, "len 8")


def numbers(end, port):
    return end.rsplit(":", 1)[0].replace(".", ",") + f",{port >> 8},{port & 255}"


def login(s):
    """FTP, and the connection that is announced; sometimes the announcement is wrong."""
    peer, near, ways = s.ends()
    if "[" in peer or "lo" in ways[0]:
        return
    server = near.rsplit(":", 1)[0] + ":21"
    flow = (peer, server, ways)
    s.line("tcp", flow, True, "syn")
    for words in ("syn,ack", "ack", r'ack,psh data "220 hi\r\n"', r'ack,psh data "USER x\r\n"',
                  r'ack,psh data "331 who\r\n"'):
        s.add(f"reply {words}")
    port = s.random.choice((1500, 22))
    passive = s.random.random() < 0.5
    host = s.random.choice((server if passive else peer, "10.9.0.7:1"))
    if passive:
        s.add(r'reply ack,psh data "PASV\r\n"')
        s.add(rf'reply ack,psh data "227 at ({numbers(host, port)})\r\n"')
    else:
        s.add(rf'reply ack,psh data "PORT {numbers(host, port)}\r\n"')
    data = (peer.rsplit(":", 1)[0] + (":1002" if passive else f":{port}"),
            near.rsplit(":", 1)[0] + (f":{port}" if passive else ":20"), ways)
    s.line("tcp", data, passive, "syn")
    s.add("reply syn,ack")


def request(s):
    """TFTP: the answer comes from another port."""
    peer, near, ways = s.ends()
    near = near.rsplit(":", 1)[0]
    s.line("udp", (peer, f"{near}:69", ways), True, 'data "\\0\1file\\0octet\\0"')
    s.line("udp", (peer, f"{near}:1500", ways), False, "len 20")


STEPS = (association, tunnel, login, request)
WEIGHTS = (1, 0.5, 1, 0.4)

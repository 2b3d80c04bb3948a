# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The kernel's ways that surprise, a test each: what is said of them is expected of the simulator
(`gate test`), and the kernel does the same with the same packets (the agreement driver)."""
import pytest

from agree.facts import check_fact, driver  # noqa: F401  (a fixture)

MACHINE = """use "rules.nft"
router
interface eth0 192.168.1.12/24 fd00::12/64
interface eth1 10.9.0.1/24 fd09::1/64
route default via 192.168.1.1
route default via fd00::1
"""
SYN = "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:22 syn"
UDP = "in eth0 udp 198.51.100.7:1000 > 192.168.1.12:53"
HOOK = "type filter hook input priority 0; policy accept;"

FTP = "in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:21"
DATA = "in eth0 tcp 198.51.100.7:1001 > 192.168.1.12:5125 syn"


def ftp(*, data="related accept", control="accept"):
    """A login, and the data connection that the server announces."""
    return ((f"{FTP} syn", control), ("reply syn,ack", "accept"), (f"{FTP} ack", "accept"),
            ('reply ack,psh data "220 ready\\r\\n"', "accept"),
            (f'{FTP} ack,psh data "PASV\\r\\n"', "accept"),
            ('reply ack,psh data "227 Here (192,168,1,12,20,5)\\r\\n"', "accept"), (DATA, data))


FORWARD = "type filter hook forward priority 0;"
SCTP = "in eth0 sctp 198.51.100.7:1000 > 192.168.1.12:99"

# name: (ruleset, (packet, expectation)…)
FACTS = {
    # ---- connections ----
    "a rule that reads how much went over connections has it counted": (
        f"""table ip t {{ chain c {{ {HOOK}
            ct original packets > 1 drop comment "more"
            ct bytes 40 accept comment "first" }} }}""",
        (SYN, 'accept by "first"'), ("reply syn,ack", "accept"), (f"{SYN.replace('syn', 'ack')}",
                                                                  'drop by "more"')),
    # ---- routes ----
    "what loops back keeps the route it left by": (
        """table ip t { chain c { type filter hook prerouting priority 0;
            iif lo rt nexthop 127.0.0.1 accept comment "has one"
            drop } }""",
        ("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", 'accept by "has one"')),
    # ---- helpers ----
    "a helper acts only where a rule has set it": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain c {{ {HOOK} tcp dport 5125 ct state new drop }} }}""",
        *ftp(data="new drop")),
    "what a helper expects is related": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain c {{ {HOOK} tcp dport 21 ct helper set "ftp"
            tcp dport 5125 ct state new drop }} }}""",
        *ftp()),
    "`ct helper` names the helper whose announcement a connection follows, not its own": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain c {{ {HOOK} tcp dport 21 ct helper set "ftp"
            ct helper "ftp" accept comment "follows" }} }}""",
        *ftp(data='related accept by "follows"', control="accept by policy")),
    "a helper that is set before the lookup does nothing": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain r {{ type filter hook prerouting priority -300; tcp dport 21 ct helper set "ftp" }}
            chain c {{ {HOOK} tcp dport 5125 ct state new drop }} }}""",
        *ftp(data="new drop")),
    "behind `ct expectation set` a helper is not set": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            ct expectation e {{ protocol udp; dport 53; timeout 1h; size 2; l3proto ip; }}
            chain p {{ type filter hook prerouting priority 0; tcp dport 21 ct expectation set "e" }}
            chain c {{ {HOOK} tcp dport 21 ct helper set "ftp"
            tcp dport 5125 ct state new drop }} }}""",
        *ftp(data="new drop")),
    "a helper of another protocol is not set, and the rule goes on": (
        f"""table ip t {{ ct helper tftp {{ type "tftp" protocol udp; }}
            chain c {{ {HOOK} tcp dport 22 ct helper set "tftp" drop comment "goes on" }} }}""",
        (SYN, 'drop by "goes on"')),
    "the announced connection has the mark of the one that announced it": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain c {{ {HOOK} tcp dport 21 ct helper set "ftp" ct mark set 7
            tcp dport 5125 ct mark 7 accept comment "marked" }} }}""",
        *ftp(data='related accept by "marked"')),
    "an expectation of IPv4 has four bytes of a connection of IPv6, and the next is like it": (
        f"""table inet t {{ ct expectation e {{ protocol udp; dport 9000; timeout 60s; size 2; l3proto ip; }}
            chain c {{ {HOOK} udp dport 53 ct expectation set "e" accept comment "set" }}
            chain o {{ type filter hook output priority 0; ct state new drop; }} }}""",
        ("in eth0 udp [fd00::7]:1000 > [fd00::12]:53", 'accept by "set"'),
        ("in eth0 udp [fd00::8]:1000 > [fd00::12]:53", 'drop by "set"')),
    "an expectation that a rule sets counts once, and breaks the rule from the second packet on": (
        f"""table ip t {{ ct expectation e {{ protocol udp; dport 9000; timeout 60s; size 1; l3proto ip; }}
            chain c {{ {HOOK} udp dport 53 ct expectation set "e" accept comment "set"
            udp dport 53 accept comment "not set" }}
            chain o {{ type filter hook output priority 0; ct state new drop; }} }}""",
        (UDP, 'accept by "set"'), (UDP, 'accept by "not set"'),
        ("out eth0 udp 192.168.1.12:2000 > 198.51.100.7:9000", "related accept"),
        ("out eth0 udp 192.168.1.12:2001 > 198.51.100.7:9000", "new drop")),
    "a client behind masquerade announces the outside's address": (
        f"""table ip t {{ ct helper ftp {{ type "ftp" protocol tcp; }}
            chain f {{ {FORWARD} tcp dport 21 ct helper set "ftp"
            iif eth0 ct state related accept comment "data"
            iif eth0 ct state new drop }}
            chain n {{ type nat hook postrouting priority 100; oif eth0 masquerade; }} }}""",
        ("in eth1 tcp 10.9.0.5:1000 > 198.51.100.7:21 syn", "accept"),
        ("reply syn,ack", "accept"), ("reply ack", "accept"),
        ('reply ack,psh data "220 hi\\r\\n"', "accept"), ('reply ack,psh data "USER x\\r\\n"', "accept"),
        ('reply ack,psh data "331 who?\\r\\n"', "accept"),
        ('reply ack,psh data "PORT 10,9,0,5,30,9\\r\\n"', "accept"),
        ('reply ack,psh data "200 ok\\r\\n"', "established accept"),
        ('reply ack,psh data "LIST\\r\\n"', "established accept"),
        ("in eth0 tcp 198.51.100.7:20 > 192.168.1.12:7689 syn",
         'related accept by "data" to 10.9.0.5:7689 out eth1'),
        ("reply syn,ack", "established accept from 192.168.1.12:7689")),
    # ---- zones, labels ----
    "connections of two zones do not know each other": (
        """table ip t { chain r { type filter hook prerouting priority -300; iif eth0 ct zone set 5; }
            chain c { type filter hook input priority 0; ct zone 5 ct state new counter comment "zone" }
            chain o { type filter hook output priority 0; ct zone 0 ct state new drop; } }""",
        (UDP, 'new accept through "zone"'), ("reply", "new drop")),
    "a zone that both ways set is one connection": (
        """table ip t { chain r { type filter hook prerouting priority -300; ct zone set 5; }
            chain s { type filter hook output priority -300; ct zone set 5; }
            chain c { type filter hook input priority 0; ct zone 5 accept; drop; } }""",
        (UDP, "new accept"), ("reply", "established accept"), (UDP, "established accept")),
    "a zone for the original direction leaves replies in zone 0": (
        """table ip t { chain r { type filter hook prerouting priority -300; ct original zone set 5; }
            chain c { type filter hook input priority 0; ct original zone 5 accept; drop; } }""",
        (UDP, "new accept"), ("reply", "established accept")),
    "a zone set behind the lookup does nothing": (
        """table ip t { chain r { type filter hook prerouting priority -100; ct zone set 5; }
            chain c { type filter hook input priority 0; ct zone 0 accept; drop; } }""",
        (UDP, "new accept")),
    "of two zones that are set the first counts, and notrack behind one does nothing": (
        """table ip t { chain r { type filter hook prerouting priority -300
            notrack; ct zone set 5 ct zone set 6; notrack; }
            chain c { type filter hook input priority 0; ct zone 5 ct state new accept; drop; } }""",
        (UDP, "new accept")),
    "with a zone set a packet is new before the lookup, and nothing else is known of it": (
        """table ip t { chain r { type filter hook prerouting priority -300; ct zone set 5
            ct state new counter comment "new"
            ct zone 5 drop
            ct mark 0 drop } }""",
        (UDP, 'new accept through "new"')),
    "labels stay with the connection, bit by bit": (
        f"""table ip t {{ chain c {{ {HOOK} ct label 3 ct label 5 drop comment "both"
            ct label 3 ct label set 5 accept comment "one"
            ct label set 3 accept comment "none" }} }}""",
        (UDP, 'accept by "none"'), (UDP, 'accept by "one"'), (UDP, 'drop by "both"')),
    # ---- SCTP, GRE ----
    "an SCTP association goes through its states, each with its time": (
        """table ip t { chain c { type filter hook input priority 0; policy drop
            ct state new accept comment "first"
            ct expiration > 200s accept comment "established"
            ct expiration > 25s accept comment "heartbeat"
            ct expiration > 2s accept comment "cookie or shutdown" }
            chain o { type filter hook output priority 0; ct expiration < 4s counter comment "3 s"; } }""",
        (f"{SCTP} chunk init", 'new accept by "first"'),
        ("reply", 'established accept through "3 s"'),
        (f"{SCTP} chunk cookie-echo", 'accept by "cookie or shutdown"'), ("reply", "accept"),
        (f"{SCTP} chunk data", 'accept by "established"'), ("reply", "accept"),
        (f"{SCTP} chunk shutdown", 'accept by "cookie or shutdown"'), ("reply", "accept"),
        (f"{SCTP} chunk shutdown-complete", "accept")),
    "chunks in the middle of nothing, and of another association, are invalid": (
        f"""table ip t {{ chain c {{ {HOOK} ct state invalid drop }} }}""",
        (f"{SCTP} chunk data", "invalid drop"), (f"{SCTP} chunk cookie-echo", "invalid drop"),
        (f"{SCTP} chunk init tag 7", "new accept"), ("reply tag 9 vtag 7", "established accept"),
        (f"{SCTP} chunk cookie-echo vtag 8", "invalid drop"),
        (f"{SCTP} chunk cookie-echo vtag 9", "established accept"),
        (f"{SCTP} chunk init vtag 9", "invalid drop")),
    "a heartbeat alone begins an association of half a minute": (
        f"""table ip t {{ chain c {{ {HOOK} ct status confirmed ct expiration > 25s ct expiration <= 30s drop comment "30 s" }} }}""",
        (f"{SCTP} chunk heartbeat", "new accept"), (f"{SCTP} chunk heartbeat", 'drop by "30 s"')),
    "GRE is one connection for two hosts": (
        f"""table ip t {{ chain c {{ {HOOK} ct state new accept comment "new"
            ct state established accept comment "known" }}
            chain o {{ type filter hook output priority 0; ct expiration > 100s counter comment "stream" }} }}""",
        ("in eth0 gre 198.51.100.7 > 192.168.1.12 len 8", 'new accept by "new"'),
        ("out eth0 gre 192.168.1.12 > 198.51.100.7 len 8", "established accept"),
        ("in eth0 gre 198.51.100.7 > 192.168.1.12 len 8", 'established accept by "known"'),
        ("out eth0 gre 192.168.1.12 > 198.51.100.7 len 8", 'established accept through "stream"'),
        ("in eth0 gre 198.51.100.8 > 192.168.1.12 len 8", "new accept")),
    # ---- fib ----
    "an address of this machine is reached by no device": (
        f"""table inet t {{ chain c {{ {HOOK} fib daddr oif eth0 drop
            fib daddr oif != 0 drop
            fib daddr type local accept comment "local" }} }}""",
        (UDP, 'accept by "local"'), ("in eth0 udp [fd00:5::7]:1 > [fd00::12]:53", 'accept by "local"')),
    "what comes by another way than it would be answered is seen by fib": (
        """table ip t { chain c { type filter hook prerouting priority -300; fib saddr . iif oif 0 drop; } }""",
        (UDP, "accept"), ("in eth1 udp 198.51.100.7:1000 > 192.168.1.12:53", "drop"),
        ("in eth1 udp 10.9.0.5:1000 > 192.168.1.12:53", "accept"),
        ("in eth0 udp 10.9.0.5:1000 > 192.168.1.12:53", "drop")),
    "what loops back has come by the device it should": (
        """table ip t { chain c { type filter hook input priority 0; fib saddr . iif oif lo accept; drop; } }""",
        ("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", "accept"), (UDP, "drop")),
    "a type that is bound to a device is local only with that device's address": (
        """table inet t { chain c { type filter hook prerouting priority 0
            fib daddr . iif type local accept comment "own"
            fib daddr type local accept comment "another's"
            drop } }""",
        (UDP, 'accept by "own"'), (UDP.replace("192.168.1.12", "10.9.0.1"), 'accept by "another\'s"'),
        ("in eth0 udp [fd00:5::7]:1 > [fd09::1]:53", 'accept by "another\'s"'),
        (UDP.replace("192.168.1.12", "8.8.8.8"), "drop")),
    # ---- synproxy ----
    "synproxy answers a SYN itself, and lets a reset be": (
        f"""table ip t {{ chain r {{ type filter hook prerouting priority -300; tcp dport 22 tcp flags syn notrack; }}
            chain c {{ {HOOK} tcp dport 22 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
            ct state invalid drop comment "rest" }} }}""",
        (SYN, "untracked stolen"), (SYN.replace("syn", "rst"), 'invalid drop by "rest"'),
        (UDP, "new accept")),
    # ---- the rest ----
    "of equal priority the chain registered last runs first": (
        f"""table ip t {{ chain a {{ {HOOK} tcp dport 22 drop comment "a" }}
            chain b {{ {HOOK} tcp dport 22 drop comment "b" }} }}""",
        (SYN, 'drop by "b"')),
    "ip and inet chains interleave by priority": (
        f"""table inet i {{ chain c {{ type filter hook input priority 5; tcp dport 22 drop comment "inet" }} }}
            table ip t {{ chain c {{ type filter hook input priority 4; tcp dport 22 drop comment "ip" }} }}""",
        (SYN, 'drop by "ip"')),
    "destination nat happens at -100 whatever the chain's priority": (
        """table ip t {
            chain nat { type nat hook prerouting priority 50; tcp dport 22 redirect to :2222; }
            chain before { type filter hook prerouting priority -101; tcp dport 22 counter comment "old port" }
            chain after { type filter hook prerouting priority 0; tcp dport 2222 counter comment "new port" } }""",
        (SYN, 'accept through "old port" through "new port"')),
    "nat chains see only the first packet of a connection": (
        """table ip t { chain nat { type nat hook prerouting priority 0; counter comment "seen" }
            chain c { type filter hook input priority 0; ct state new,established accept; } }""",
        (SYN, 'accept through "seen"'), ("reply syn,ack", "accept"),
        ("in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:22 ack", "established accept"),),
    "before connection tracking every packet is invalid": (
        """table ip t { chain raw { type filter hook prerouting priority -300; ct state invalid counter comment "raw" }
            chain c { type filter hook input priority 0; ct state new counter comment "new" } }""",
        (SYN, 'new accept through "raw" through "new"')),
    "what loops back is known already in raw prerouting": (
        """table ip t { chain raw { type filter hook prerouting priority -300; ct state new counter comment "new" } }""",
        ("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", 'accept through "new"')),
    "a packet that is dropped leaves no entry": (
        f"""table ip t {{ chain c {{ {HOOK} ct state new drop; }} }}""",
        (UDP, "new drop"), (UDP, "new drop"), (UDP, "new drop")),
    "on loopback a drop in input leaves the entry that output confirmed": (
        f"""table ip t {{ chain c {{ {HOOK} udp dport 53 drop; }}
            chain o {{ type filter hook output priority 0; ct status confirmed counter comment "there" }} }}""",
        ("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", "new drop"),
        ("out lo udp 127.0.0.1:1000 > 127.0.0.1:53", 'new drop through "there"')),
    "the second packet without an answer is new, the answer established": (
        f"""table ip t {{ chain c {{ {HOOK} ct state new,established accept; }} }}""",
        (SYN, "new accept"), (SYN, "new accept"), ("reply syn,ack", "established accept")),
    "return in a base chain leaves it to the policy": (
        """table ip t { chain c { type filter hook input priority 0; policy drop; return; accept; } }""",
        (SYN, "drop by policy of c")),
    "goto does not come back: the policy of the base chain decides": (
        f"""table ip t {{ chain side {{ counter comment "side" }}
            chain c {{ type filter hook input priority 0; policy drop; goto side; accept; }} }}""",
        (SYN, 'drop by policy of c through "side"')),
    "accept leaves only its own base chain": (
        f"""table ip t {{ chain a {{ {HOOK} accept comment "yes" }}
            chain b {{ type filter hook input priority 1; tcp dport 22 drop comment "no" }} }}""",
        (SYN, 'drop by "no"')),
    "drop is final at once": (
        f"""table ip t {{ chain a {{ {HOOK} tcp dport 22 drop comment "no" }}
            chain b {{ type filter hook input priority 1; counter comment "late" }} }}""",
        (SYN, 'drop by "no"')),
    "fifteen jumps deep is deep enough": (
        "table ip t { chain c15 { drop; }\n" +
        "\n".join(f"chain c{n} {{ jump c{n + 1}; }}" for n in range(14, 0, -1)) +
        "\nchain c { type filter hook input priority 0; jump c1; } }",
        (SYN, "drop")),
    "nothing after a part that does not match happens": (
        f"""table ip t {{ chain c {{ {HOOK} tcp dport 23 limit rate 1/hour burst 1 packets accept comment "a"
            tcp dport 22 limit rate 1/hour burst 1 packets accept comment "b"
            drop }} }}""",
        (SYN, 'accept by "b"'), (SYN, "drop")),
    "everything before it has happened": (
        f"""table ip t {{ chain c {{ {HOOK} meta mark set 7 tcp dport 23 drop
            meta mark 7 drop comment "set" }} }}""",
        (SYN, 'drop by "set" mark 7')),
    "what a rule writes it can read": (
        f"""table ip t {{ chain c {{ {HOOK} meta mark set 1 meta mark 1 drop comment "same rule" }} }}""",
        (SYN, 'drop by "same rule"')),
    "a verdict map without the key goes on": (
        f"""table ip t {{ chain c {{ {HOOK} tcp dport vmap {{ 23 : drop }}
            accept comment "next" }} }}""",
        (SYN, 'accept by "next"')),
    "a map without the key breaks the rule": (
        f"""table ip t {{ chain c {{ {HOOK} meta mark set tcp dport map {{ 23 : 1 }} drop
            accept comment "next" }} }}""",
        (SYN, 'accept by "next" mark 0')),
    "a missing header breaks the rule": (
        f"""table inet t {{ chain c {{ {HOOK} udp dport != 1 drop comment "udp"
            tcp option maxseg size != 1 drop comment "maxseg"
            @th,160,8 != 1 drop comment "behind the end"
            accept comment "none" }} }}""",
        (SYN, 'accept by "none"')),
    "a limit takes tokens while there are, and `over` turns its answer round": (
        f"""table ip t {{ chain c {{ {HOOK} limit rate over 1/hour burst 2 packets drop
            accept }} }}""",
        (UDP, "accept"), (UDP, "accept"), (UDP, "drop")),
    "without a burst a limit has five": (
        f"""table ip t {{ chain c {{ {HOOK} limit rate 1/hour accept
            drop }} }}""",
        *[(UDP, "accept")] * 5, (UDP, "drop")),
    "a quota adds the packet first": (
        f"""table ip t {{ chain c {{ {HOOK} quota 60 bytes accept
            drop }} }}""",
        (UDP, "accept"), (UDP, "accept"), (UDP, "drop")),
    "a full set breaks the rule that adds": (
        f"""table ip t {{ set s {{ type inet_service; size 2; flags dynamic; }}
            chain c {{ {HOOK} add @s {{ udp dport }} drop
            accept comment "full" }} }}""",
        (UDP, "drop"), (UDP.replace(":53", ":54"), "drop"), (UDP, "drop"),
        (UDP.replace(":53", ":55"), 'accept by "full"')),
    "add leaves an element's time as it is": (
        f"""table ip t {{ set s {{ type inet_service; flags dynamic, timeout; timeout 1h; }}
            chain c {{ {HOOK} add @s {{ udp dport timeout 2h }} drop }} }}""",
        (UDP, "drop"), (UDP, "drop")),
    "numgen inc is one counter for all packets": (
        f"""table ip t {{ chain c {{ {HOOK} numgen inc mod 2 0 drop
            accept }} }}""",
        (UDP, "drop"), (SYN, "accept"), (UDP, "drop")),
    "neighbour discovery is untracked": (
        f"""table ip6 t {{ chain c {{ {HOOK} ct state untracked accept
            drop }} }}""",
        ("in eth0 icmpv6 fe80::7 > fd00::12 nd-neighbor-advert", "untracked accept"),
        ("in eth0 icmpv6 fd00:5::7 > fd00::12 echo-request", "new drop")),
    "an error about a live flow is related, about none invalid": (
        f"""table ip t {{ chain c {{ {HOOK} ct state related accept
            ct state invalid drop }} }}""",
        ("out eth0 udp 192.168.1.12:1000 > 198.51.100.7:53", "accept"),
        ("in eth0 icmp 192.168.1.1 > 192.168.1.12 destination-unreachable about last", "related accept"),
        ("in eth0 icmp 192.168.1.1 > 192.168.1.12 time-exceeded", "invalid drop")),
    "combinations of TCP flags that do not exist are invalid": (
        f"""table ip t {{ chain c {{ {HOOK} ct state invalid drop }} }}""",
        (SYN.replace("syn", "syn,fin"), "invalid drop"), (SYN.replace("syn", "none"), "invalid drop"),
        (SYN.replace("syn", "fin"), "invalid drop")),
    "an ACK out of nowhere is new, a SYN-ACK is not": (
        f"""table ip t {{ chain c {{ {HOOK} ct state invalid drop
            ct state new accept }} }}""",
        (SYN.replace("syn", "ack"), "new accept"),
        (SYN.replace(":22 syn", ":23 syn,ack"), "invalid drop")),
    "a wrong checksum is invalid": (
        f"""table ip t {{ chain c {{ {HOOK} ct state invalid drop }} }}""",
        (SYN + " bad-checksum", "invalid drop")),
    "notrack after the lookup does nothing": (
        """table ip t { chain late { type filter hook prerouting priority 0; notrack; }
            chain c { type filter hook input priority 0; ct state new accept; ct state untracked drop; } }""",
        (SYN, "new accept")),
    "notrack before it does": (
        """table ip t { chain raw { type filter hook prerouting priority -300; notrack; }
            chain c { type filter hook input priority 0; ct state new drop; ct state untracked accept; } }""",
        (SYN, "untracked accept")),
    "marks of connections last, marks of packets do not": (
        f"""table ip t {{ chain c {{ {HOOK} ct mark 5 meta mark 6 drop comment "both"
            ct mark 5 accept comment "ct"
            ct mark set 5 meta mark set 6 accept comment "first" }} }}""",
        (UDP, 'accept by "first" ct mark 5'), (UDP, 'accept by "ct" mark 0')),
    "a null binding keeps an untranslated connection as it is": (
        """table ip t { chain nat { type nat hook prerouting priority 0; udp dport 54 redirect to :55; } }""",
        (UDP, "accept to 192.168.1.12:53"), (UDP, "accept to 192.168.1.12:53")),
    "replies are translated back": (
        """table ip t { chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; } }""",
        ("in eth1 udp 10.9.0.5:1000 > 198.51.100.7:53", "accept from 192.168.1.12:1000 out eth0"),
        ("reply", "established accept to 10.9.0.5:1000 out eth1")),
    "nat of the other family does nothing": (
        """table inet t { chain nat { type nat hook prerouting priority 0; tcp dport 22 dnat ip6 to [fd09::5]:80; } }""",
        (SYN, "accept to 192.168.1.12:22")),
    "interval sets hold their ends": (
        f"""table ip t {{ set s {{ type inet_service; flags interval; elements = {{ 10-20 }} }}
            chain c {{ {HOOK} udp dport @s drop
            accept }} }}""",
        (UDP.replace(":53", ":9"), "accept"), (UDP.replace(":53", ":10"), "drop"),
        (UDP.replace(":53", ":20"), "drop"), (UDP.replace(":53", ":21"), "accept")),
    "of overlapping concatenations the first inserted counts": (
        f"""table ip t {{ map m {{ type ipv4_addr . inet_service : verdict; flags interval
            elements = {{ 198.51.100.0/24 . 50-60 : accept }} }}
            chain c {{ {HOOK} ip saddr . udp dport vmap @m
            drop }} }}""",
        (UDP, "accept"), (UDP.replace(":53", ":61"), "drop")),
    "a list of bits means any of them, a set exactly one": (
        f"""table ip t {{ chain c {{ {HOOK} tcp flags syn,ack drop comment "any"
            accept }} }}
            table ip u {{ chain c {{ type filter hook input priority -1; tcp flags {{ ack, psh }} drop comment "exact" }} }}""",
        (SYN, 'drop by "any"'), (SYN.replace("syn", "ack"), 'drop by "exact"'),
        (SYN.replace("syn", "fin,ack"), 'drop by "any"')),
    "the catch-all element comes last": (
        f"""table ip t {{ map m {{ type inet_service : verdict; elements = {{ * : drop, 53 : accept }} }}
            chain c {{ {HOOK} udp dport vmap @m }} }}""",
        (UDP, "accept"), (UDP.replace(":53", ":54"), "drop")),
    "names of interfaces are compared whole unless a star stands behind": (
        f"""table ip t {{ chain c {{ {HOOK} iifname "eth" drop
            iifname "et*" accept comment "star" }} }}""",
        (SYN, 'accept by "star"')),
    "without tracking, what stands first in a second fragment is read as its ports": (
        f"""table ip t {{ chain c {{ {HOOK.replace("input", "prerouting")} udp dport 53 drop comment "53"
            udp dport 0 counter comment "zeros"
            @th,0,64 0 drop comment "longer loads"
            accept }} }}""",
        (UDP.replace("192.168.1.12", "10.9.0.5") + " len 40 frag 72 id 1", 'accept through "zeros"')),
    "without tracking, input sees what came in fragments as one": (
        f"""table ip t {{ chain c {{ {HOOK} meta length 132 udp dport 53 accept comment "whole"
            drop }}
            chain p {{ type filter hook prerouting priority 0; meta length 60 accept comment "second"; }} }}""",
        (UDP + " len 64 more id 5", "stolen"), (UDP + " len 40 frag 72 id 5", 'accept by "whole" through "second"')),
    "of a second fragment of IPv6 the start of the packet is read as its ports": (
        f"""table ip6 t {{ chain c {{ {HOOK} udp sport 0x6000 accept comment "version and class"
            drop }} }}""",
        ("in eth0 udp [fd00:5::7]:1000 > [fd00::12]:53 len 40 frag 72 id 3", 'accept by "version and class"')),
    "tracking puts fragments together": (
        f"""table ip t {{ chain c {{ {HOOK} ct state new udp dport 53 meta length 132 accept
            drop }} }}""",
        (UDP + " len 64 more id 2", "stolen"), (UDP + " len 40 frag 72 id 2", "accept")),
    "iiftype in postrouting is the type of the device the packet leaves by": (
        """table ip t { chain c { type filter hook postrouting priority 0; meta iif 0 meta iiftype ether drop; } }""",
        ("out eth0 udp 192.168.1.12:1000 > 198.51.100.7:53", "drop")),
    "an RST that acknowledges the end of an ignored ACK closes, whichever side had sent that": (
        f"""table ip t {{ chain c {{ {HOOK} ct state new,established accept; }} }}""",
        ("in eth0 tcp 198.51.100.7:1000 > 10.9.0.5:53 syn", "new accept"),
        ("in eth1 tcp 10.9.0.5:53 > 198.51.100.7:1000 ack len 100 seq 1001", "established accept"),
        ("in eth0 tcp 198.51.100.7:1000 > 10.9.0.5:53 ack len 100", "invalid accept"),
        ("in eth1 tcp 10.9.0.5:53 > 198.51.100.7:1000 rst,ack", "established accept")),
    "a router gives what it forwards the priority of its type of service": (
        """table ip t { chain raw { type filter hook prerouting priority -300; meta priority set 1:2; }
            chain c { type filter hook forward priority 0; meta priority 0:6 drop comment "interactive"
            meta priority 0:0 accept comment "normal" } }""",
        (UDP.replace("192.168.1.12", "10.9.0.5"), 'accept by "normal"'),
        (UDP.replace("192.168.1.12", "10.9.0.5") + " dscp 4", 'drop by "interactive"')),
    "reject with tcp reset closes the connection": (
        """table ip t { chain c { type filter hook input priority 0; tcp dport 22 ct state established reject with tcp reset; }
            chain o { type filter hook output priority 0; ct expiration < 11s drop comment "closed" } }""",
        (SYN, "accept"), ("reply syn,ack", "accept"),
        ("in eth0 tcp 198.51.100.7:1000 > 192.168.1.12:22 ack", "reject"),
        ("out eth0 tcp 192.168.1.12:22 > 198.51.100.7:1000 ack", 'drop by "closed"')),
}


def test_a_syn_without_options_leaves_what_is_not_acknowledged(driver):
    """The connection then ends sooner, which only the table in the end shows."""
    rules = "table ip t {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\tct state new\n\t}\n}"
    ours = "out eth0 tcp 192.168.1.12:53 > 203.0.113.5:1001"
    packets = [f"{ours} syn", "in eth0 tcp 203.0.113.5:1001 > 192.168.1.12:53 syn",
               f"{ours} syn,ack", f"{ours} syn,ack", f"{ours} ack"]
    assert driver.run(rules, packets, [("nf_conntrack_tcp_be_liberal", 1)]) == "ok 5\n"


@pytest.mark.parametrize("fact", FACTS)
def test_fact(gate, driver, tmp_path, fact):
    check_fact(gate, driver, tmp_path, MACHINE, FACTS[fact])

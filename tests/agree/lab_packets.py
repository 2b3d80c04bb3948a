# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The lab's table (tests/lab/traffic.py) as packets in words: each with the verdict and a piece
of the rule that the lab expects of examples/server.nft."""

SSH = "192.168.1.12:22"
LIMITED = "ct state new limit rate 5/minute"
ESTABLISHED = "ct state established counter accept"

LAB = (
    ("out lo tcp 127.0.0.1:40001 > 127.0.0.1:22 syn", "accept", "iif lo accept"),
    ("out eth0 icmp 192.168.1.12 > 198.51.100.7 echo-request", "accept", "ct state new"),
    ("in eth0 reply", "accept", ESTABLISHED),
    ("in eth0 icmp 198.51.100.7 > 192.168.1.12 echo-request id 9", "accept",
     "icmp type echo-request limit rate 10/second"),
    (f"in eth0 tcp 198.51.100.7:40001 > {SSH} syn", "accept", LIMITED),
    ("out eth0 reply syn,ack", "accept", ESTABLISHED),
    ("in eth0 reply ack", "accept", ESTABLISHED),
    ("out eth0 reply ack,psh len 13", "accept", ESTABLISHED),
    ("in eth0 reply ack,psh len 13", "accept", ESTABLISHED),
    ("out eth0 reply ack len 1400", "accept", ESTABLISHED),
    ("in eth0 icmp 192.168.1.1 > 192.168.1.12 destination-unreachable code 4 about last",
     "accept", "ct state related counter accept"),
    (f"in eth0 tcp 198.51.100.7:40002 > {SSH} syn", "accept", LIMITED),
    (f"in eth0 tcp 198.51.100.7:40003 > {SSH} syn", "accept", LIMITED),
    (f"in eth0 tcp 198.51.100.7:40004 > {SSH} syn", "accept", LIMITED),
    (f"in eth0 tcp 198.51.100.7:40005 > {SSH} syn", "accept", LIMITED),
    (f"in eth0 tcp 198.51.100.7:40006 > {SSH} syn", "drop", "counter drop comment"),
    (f"in eth0 tcp 192.168.1.20:40007 > {SSH} syn", "accept", "ip saddr @admins"),
    (f"in eth0 tcp 203.0.113.66:40008 > {SSH} syn", "drop", "ip saddr @banned counter drop"),
    ("in eth0 tcp 198.51.100.7:443 > 192.168.1.12:40009 syn,ack", "drop",
     "ct state invalid counter drop"),
    (f"in eth0 tcp 198.51.100.7:40010 > {SSH} ack", "drop", "tcp flags"),
    ("in eth0 tcp 198.51.100.7:40011 > 192.168.1.12:80 syn", "drop", "policy"),
    ("in eth0 icmpv6 fd00::20 > ff02::1:ff00:12 nd-neighbor-solicit", "accept",
     "icmpv6 type { nd-router-advert, nd-neighbor-solicit"),
)

# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Where gate differs from nft 1.0.6 on purpose, each with its reason. Read in review."""
import re

# (family or "", kind, pattern of the rule, reason)
KNOWN = [
    ("", "accept", r"^ct (original|reply) proto-(src|dst)",
     "nft wants a transport match before it; the kernel compares without one just as well"),
    ("", "accept", r"^meta secmark \d", "nft refuses a constant for lack of names; the kernel takes it"),
    ("ip6", "accept", r"icmpv6 packet-too-big", "a later spelling of `icmpv6 mtu`"),
    ("inet", "own", r"^ip dscp \. ", "nft 1.0.6 lists the shift it added itself"),
    ("inet", "bytecode", r"^ip6 dscp \. ",
     "nft 1.0.6 shifts two bytes in network order as if in host order, which matches nothing"),
    ("inet", "listing", r"^ip6 dscp \. ", "nft 1.0.6 lists the shift as it stands"),
    ("inet", "own", r"^ip6 dscp \. ", "nft 1.0.6 lists the shift it added itself"),
    ("", "bytecode", r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", "listing", r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", "own", r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", "accept", r"^meta mark >> ", "nft 1.0.6 loses the type of a shifted mark"),
    ("", "own", r"^tcp flags \{ syn, syn\|ack \}", "another order of the elements"),
    ("", "own", r"^icmp type set", "nft 1.0.6 lists the rewritten bytes of another header"),
]


def is_known(family, rule, kind):
    return any(fam in ("", family) and kind == k and re.search(pattern, rule)
               for fam, k, pattern, _ in KNOWN)

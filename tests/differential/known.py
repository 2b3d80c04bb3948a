# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Where gate differs from nft 1.0.6 on purpose, each with its reason. Read in review."""
import re

ANY = "accept|bytecode|code|held|listing|own|again"
SHOWN = "listing|own"
BYTES = "bytecode|code|held|listing|own"

# (family or "", kinds, pattern of the rule, reason)
KNOWN = [
    # ---- nft refuses what the kernel takes ----
    ("", "accept", r"\bct (original|reply) proto-(src|dst)",
     "nft wants a transport match before it; the kernel compares without one just as well"),
    ("", "accept", r"\b(meta|ct) secmark ", "nft refuses a constant for lack of names; the kernel takes it"),
    ("ip6", "accept", r"icmpv6 packet-too-big", "a later spelling of `icmpv6 mtu`"),
    ("inet", "accept", r"^ip6 dscp \. ",
     "nft 1.0.6 shifts two bytes in network order as if in host order, which matches nothing"),
    ("", "accept", r"\blimit rate until ", "nft's lexer does not know `until` after `limit rate`"),
    ("", "accept", r"\bct event set .*(mark|helper|secmark)",
     "nft's lexer takes these flags for keywords"),
    ("", "accept", r"\bfib .* oifname (!= )?@", "nft takes the name for any string, and then for an interface's"),
    ("", "accept", r"^set .*\btype [^;]*\bhour\b", "nft's lexer takes the name of the type for a keyword"),
    ("", "accept", r"\bip6? .* vlan ", "nft wants the link layer matched first; the bytes are the same"),
    # ---- nft takes what can never match ----
    ("bridge", "accept", r"\bip .*\bicmpv6 ", "nft accepts ICMPv6 in IPv4, which matches nothing"),
    # ---- other byte code ----
    ("", BYTES, r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", BYTES, r"(counter|limit|quota|log|notrack|set|count|[{}] ).*reject with (tcp|icmp)",
     "nft 1.0.6 moves the protocol's match across statements, which then see other packets"),
    ("", ANY, r"(<<|>>) \d", "nft 1.0.6 moves a shift to the constants, and wrongly where they get "
     "wider than the field; it loses the type of what is shifted"),
    ("", BYTES, r" (\^|xor) \S+ \{", "nft moves the xor into the set; it matches the same"),
    ("", BYTES, r"\bct (original |reply )?protocol (== )?\w+ ",
     "nft takes the connection's protocol for the packet's, which an ICMP error belies"),
    ("", "accept", r"\bct (original |reply )?protocol (== )?\w+ ", "likewise"),
    ("", BYTES, r"\bct (original |reply )?l3proto ", "nft takes the connection's family for the packet's"),
    # ---- other listings ----
    ("", SHOWN, r"\bigmp .*\bip ", "nft keeps `meta nfproto ipv4` before IGMP even where a match of IPv4 follows"),
    ("inet", "own", r"^ip dscp \. ", "nft 1.0.6 lists the shift it added itself"),
    ("", SHOWN, r"^tcp flags \{ syn, syn\|ack \}", "another order of the elements"),
    ("", SHOWN, r"\b(icmp|icmpv6|igmp) \w+ set", "nft 1.0.6 lists the rewritten bytes of another header"),
    ("", SHOWN + "|again", r"@(ll|nh|th),", "nft 1.0.6 lists raw bytes as the fields they cover, wrongly after `!=`"),
    ("", SHOWN, r"\. .*\{[^}]*[-/]", "nft 1.0.6 keeps the types of a literal's first parts only, "
     "and lists the numbers of the others as 0"),
    ("", SHOWN, r"\bct (original|reply) proto-(src|dst).*\{", "nft 1.0.6 drops ports of connections from the elements"),
    ("", SHOWN, r"\bmap \{", "nft 1.0.6 drops the map where its key has names from /etc/iproute2"),
    ("", SHOWN, r"\bmeta [io]iftype (<|>|<=|>=) ", "nft 1.0.6 loses the names where it turned the bytes"),
]

# Listings that load to more than they say.
KNOWN += [
    ("", "again", r"\bicmp(v6)? (id|sequence) ", "as in nft, each load adds the types that have the field"),
    ("", "again", r"\{[^}]*-[^}]*,|\{[^}]*, [^}]*-|ecn (!= )?\{", "a literal merged into one interval loses its braces"),
]

# (pattern of nft's message, reason)
REFUSED = [
    (r"Could not resolve service", "gate has the names of services built in, nft asks /etc/services"),
]


def is_known(family, rule, kind):
    return why(family, rule, kind) is not None


def why(family, rule, kind, said=""):
    """The reason that stands for a difference; None where it is none we know."""
    for fam, kinds, pattern, reason in KNOWN:
        if fam in ("", family) and kind in kinds.split("|") and re.search(pattern, rule):
            return reason
    for pattern, reason in REFUSED:
        if kind == "accept" and re.search(pattern, said):
            return reason
    return None

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
    ("", "accept", r"\blimit rate until ", "nft's lexer does not know `until` after `limit rate`"),
    ("", "accept", r"\bct event set .*(mark|helper|secmark)",
     "nft's lexer takes these flags for keywords"),
    ("", "accept", r"\bfib .* oifname (!= )?@", "nft takes the name for any string, and then for an interface's"),
    ("", "accept", r"\btype [^;]*\b(hour|day)\b", "nft's lexer takes the name of the type for a keyword"),
    ("", "accept", r"\bset (ah|esp|comp|udplite|ip|ip6|arp|vlan|tcp|udp)\b|\{ [^}]*tproxy|== tproxy|\btime : |- time", "nft's lexer takes the name of the protocol for a header"),
    ("", "accept", r"^map .*\bgc-interval ", "nft reads it in maps since 1.0.9"),
    ("", "accept", r"\b[io]if\b.*\d{8}", "nft looks for the interface of a number that may be a mask"),
    ("", "accept", r"\btype [^;]*\bct_(label|event)", "nft 1.0.6 does not know its own name of the type"),
    ("", "accept", r"\btypeof [^;]*\bcomp flags", "nft knows no width of `comp flags` in a set"),
    ("", "accept", r" / [a-z,]+ dup ", "nft's grammar goes on with the list of flags"),
    ("", "accept", r"\b(ip6?|icmp|icmpv6|igmp|arp) .* vlan ", "nft wants the link layer matched first; the bytes are the same"),
    # ---- nft takes what can never match ----
    ("", "accept", r"\bip .*\bicmpv6 |\bip6 .*\b(icmp|igmp) ",
     "nft accepts ICMPv6 in IPv4 and the reverse, which matches nothing"),
    ("ip", "accept", r"\bicmpv6 ", "likewise"),
    ("ip6", "accept", r"\b(icmp|igmp) ", "likewise"),
    # ---- other byte code ----
    ("", BYTES, r"\. (frag frag-off|ip6 flowlabel|ip6 dscp)|(frag frag-off|ip6 flowlabel|ip6 dscp) \.",
     "nft 1.0.6 shifts two bytes in network order as if in host order, which matches nothing"),
    ("", "bytecode|code|held", r"\budplite \w+ set ", "nft 1.0.6 leaves UDP-Lite's checksum as it was"),
    ("", BYTES, r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", BYTES, r"(counter|limit|quota|log|notrack|set|count|vmap|numgen|dup|add|delete|update|[{}] ).*reject with (tcp|icmp)",
     "nft 1.0.6 moves the protocol's match across statements, which then see other packets"),
    ("", ANY, r"(<<|>>) \d", "nft 1.0.6 moves a shift to the constants, and wrongly where they get "
     "wider than the field; it loses the type of what is shifted"),
    ("", BYTES, r" (\^|xor) ", "nft moves the xor to the constants, also across `<`, where that is wrong"),
    ("", BYTES, r"\bct (original |reply )?protocol (== )?\w+ ",
     "nft takes the connection's protocol for the packet's, which an ICMP error belies"),
    ("", "accept", r"\bct (original |reply )?l3proto ", "likewise"),
    ("", "accept", r"\bct (original |reply )?protocol (== )?\w+ ", "likewise"),
    ("", BYTES, r"\bct (original |reply )?l3proto ", "nft takes the connection's family for the packet's"),
    ("", BYTES + "|again", r"\b(ecn|dscp|version|flowlabel|pcp|cfi|dei|id|doff|reserved2?|more-fragments"
     r"|hdrlength|frag-off|subtype|type) (&|\||or|and) ", "nft shifts the field down first; it matches the same"),
    ("", "held", r"\btypeof [^;]*proto-(src|dst)", "nft drops the type of a connection's port"),
    ("", BYTES, r"(vmap|counter|limit|quota|log|set|notrack|delete|update|add) .*\b(hbh|rt0?|rt2|srh|frag|dst|mh|"
     r"exthdr|ip option) ", "nft moves the family's match across statements, which then see other packets"),
    ("", BYTES, r"\b(version|ecn|dscp|pcp|hdrlength|flowlabel|doff|reserved2?|vlan id|type) (!= )?\{.*-",
     "nft joins what touches before it shifts, gate after; it matches the same"),
    ("", BYTES, r"\bether type \{", "nft takes a set of types with vlan for vlan"),
    ("", "held", r"\btype ct_dir\b", "nft gives the type no byte order"),
    ("", "held", r"\btype [^;]*\btime\b", "nft 1.0.6 gives the type 4 bytes, and `ct expiration` 8"),
    # ---- other listings ----
    ("", SHOWN, r"\bth [sd]port", "gate lists `@th,…` where the rule's protocol has no ports, nft either field"),
    ("", SHOWN, r"\bvlan type \.", "nft 1.0.6 drops `ether type vlan`, which `vlan type` alone does not say"),
    ("", SHOWN, r"\bmeta protocol ", "nft 1.0.6 drops the match of a protocol it does not know"),
    ("", SHOWN, r"\brtclassid (&|and) ", "nft 1.0.6 lists the mask as a prefix"),
    ("", SHOWN, r" (<|>|<=|>=) [a-z]", "nft 1.0.6 loses the names where it turned the bytes"),
    ("", SHOWN, r"\b(mh|rt|srh|rt2|frag|hbh|dst) [a-z-]+ (&|and) ", "nft 1.0.6 loses the field under a mask"),
    ("", SHOWN, r"\bcomp nexthdr ", "nft 1.0.6 drops the match"),
    ("", SHOWN, r"\bmeta iiftype (== )?\w+ ", "nft 1.0.6 drops the match before one of IP"),
    ("", SHOWN, r"\bvlan type (!=|>|<|>=|<=) ", "nft 1.0.6 drops `ether type vlan`, which `vlan type` alone does not say"),
    ("", SHOWN, r"\* :|, \*|\* \}", "nft 1.0.6 sorts the catch-all by what is left of another element"),
    ("", SHOWN, r"\bct expiration ", "nft 1.0.6 lists no time of 0"),
    ("", SHOWN + "|again", r"\bct label", "nft 1.0.6 drops some matches of labels, and lists bits as numbers"),
    ("", "accept", r"\bct (label|status) (!= )?[\w,]+ / ", "nft's grammar has the form for header fields"),
    ("", "accept", r"\btypeof [^;]*\bct (event|label)", "nft knows no literal of the type in a set"),
    ("", SHOWN, r"\brtclassid|\brt classid", "nft 1.0.6 sorts realms as bytes lie in memory"),
    ("", SHOWN, r"\bcomp flags ", "nft 1.0.6 lists a number, without the `==` it needs"),
    ("", BYTES, r"\b(srh sid|rt0 addr|ip option \w+ addr|rt2 addr).*/", "nft shortens the load where it must not"),
    ("", SHOWN, r"\bct status (== |!= )?0x7fffffff", "nft 1.0.6 drops the `==`, and reads another rule back"),
    ("", SHOWN, r"\bigmp .*\bip ", "nft keeps `meta nfproto ipv4` before IGMP even where a match of IPv4 follows"),
    ("inet", "own", r"^ip dscp \. ", "nft 1.0.6 lists the shift it added itself"),
    ("", SHOWN, r"^tcp flags \{ syn, syn\|ack \}", "another order of the elements"),
    ("", SHOWN, r"\b(icmp|icmpv6|igmp) \w+ set", "nft 1.0.6 lists the rewritten bytes of another header"),
    ("", SHOWN + "|again", r"@(ll|nh|th),", "nft 1.0.6 lists raw bytes as the fields they cover, wrongly after `!=`"),
    ("", SHOWN, r"\. .*\{[^}]*[-/]", "nft 1.0.6 keeps the types of a literal's first parts only, "
     "and lists the numbers of the others as 0"),
    ("", SHOWN, r"\bct (original|reply) proto-(src|dst).*\{", "nft 1.0.6 drops ports of connections from the elements"),
    ("", SHOWN, r"\bmeta l4proto \S+ tcp option", "nft 1.0.6 drops the match of another protocol"),
    ("", SHOWN, r"\bmap \{", "nft 1.0.6 drops the map where its key has names from /etc/iproute2"),
]

# Listings that load to more than they say.
KNOWN += [
    ("", "again", r"\bicmp(v6)? (id|sequence) ", "as in nft, each load adds the types that have the field"),
    ("", "again", r"\{ [^}]*, [^}]* \}", "a literal of which one element is left loses its braces"),
]

# (pattern of nft's message, reason)
REFUSED = [
    (r"Could not resolve service", "gate has the names of services built in, nft asks /etc/services"),
    (r"conflicting protocols specified: unknown vs", "nft takes a set of device types for one it does not know"),
    (r"Could not resolve protocol name", "as for services: nft asks /etc/protocols"),
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

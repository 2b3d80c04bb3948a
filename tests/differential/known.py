# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Where gate differs from nft 1.0.6 on purpose, each with its reason. Read in review.

REFUSED and KNOWN explain by what is said and by the rule. A listing is never explained by its
rule alone: CHANGES undo in both texts what nft is known to do, and what is left must be equal."""
import re

CODE = "bytecode|code|held"
SHOWN = "listing|own"
BYTES = CODE + "|listing|own"

# (pattern of what the side that refuses says, pattern of the rule, reason)
REFUSED = [
    # ---- gate refuses what can never match or work ----
    (r"\[E0221\]$", r"\b(hour|time) ", "gate refuses a time of day, or a date, that never comes"),
    (r"a packet cannot be both (ip6?|arp) and (ip6?|arp) \[E0302\]", "", "it matches nothing, and nft takes it"),
    (r"this (table|chain) only sees \w+ \[E0301\]", r"\bicmpv6 |\bicmp |\bigmp |\brt ip6? |\bip6? ",
     "it matches nothing, and nft takes it"),
    # ---- nft refuses what the kernel takes ----
    (r"Could not resolve service", "", "gate has the names of services built in, nft asks /etc/services"),
    (r"Could not resolve protocol name", "", "as for services: nft asks /etc/protocols"),
    (r"Interface does not exist", r"\b[io]if\b|sdif\b", "nft looks for the interface of a number that may be a mask"),
    (r"only TCP can be reset; this rule sees \w+ \[E0304\]", r"meta l4proto tcp ",
     "of protocols that exclude each other nft takes the last for the packet's, gate the first"),
    (r"cannot use exthdr with ip$", r"\bmeta nfproto \{", "nft takes the first of a set for all"),
    (r"conflicting protocols specified: ip6? vs\. ip6?\. You must specify", r"\bether type |meta protocol ",
     "the rule matches nothing, and gate takes it"),
    (r"conflicting protocols specified: ip6? vs ip6?$", r"\bct (original |reply )?l3proto (== )?(\w+|\{) ",
     "nft takes the connection's family for the packet's"),
    (r"cannot use exthdr with unknown$", r"\bmeta nfproto (== )?\d+ ", "the rule matches nothing, and gate takes it"),
    (r"cannot use tcp reset with this protocol", r"\b(l4proto|protocol|nexthdr) ",
     "gate knows no number of the protocol to tell it from TCP"),
    (r"Could not process rule: Invalid argument", r"\b(dscp|flowlabel|frag-off) (&|and|\||or) ",
     "nft shifts the field down, and the kernel takes no such shift"),
    (r"unexpected comma", r"ct event set ", "nft's lexer takes these flags for keywords"),
    (r"protocols specified: unknown vs", r"iftype|oiftype|ether type|meta protocol|meta nfproto",
     "nft takes a set of device types for one it does not know"),
    (r"protocols specified: \w+ vs\. vlan", r"\bvlan ",
     "nft wants the link layer matched first; the bytes are the same"),
    (r"protocols specified: vlan vs\. ", r"8021q|8021ad|vlan ", "nft knows nothing behind a tag"),
    (r"protocols specified: \w+ vs\. (tcp|udp|udplite|sctp|dccp|icmp|icmpv6|igmp|ah|esp|comp)$", "",
     "of protocols that exclude each other nft takes the last for the packet's, gate the first"),
    (r"syntax error, unexpected [@\w-]+(, expecting comma)?$", r" / [\w,|-]+ [a-z@]",
     "nft's grammar goes on with the list of flags"),
    (r"syntax error, unexpected (time|redirect|tproxy|dup|hour|day|mark|helper|secmark|label|log|quota|limit|counter|"
     r"reject|set|map)\b", r"\b(time|redirect|tproxy|dup|hour|day|mark|helper|secmark|label)\b",
     "nft's lexer takes a value's name for a keyword"),
    (r"\[E0303\]$", r"\bct (original |reply )?l3proto ", "nft takes the connection's family for the packet's"),
    (r"incompatible icmp match: rule has", r"\bicmp(v6)? type \{", "nft takes the last of a set for all"),
    (r"syntax error, unexpected fib$", r" : fib ", "nft's grammar takes no `fib` for a port"),
    (r"mapping expression has type string", r"\bfib .* oifname ", "nft takes the name for any string"),
    (r"cannot reject this network family", r"8021q|\bvlan ", "nft knows no network behind a tag"),
    (r"\[E0522\]$", r"\bct expiration (!= |vmap )?@", "nft 1.0.6 gives the type 4 bytes, and `ct expiration` 8"),
]

# (family or "", kinds, pattern of the rule, reason)
KNOWN = [
    # ---- nft refuses what the kernel takes ----
    ("", "accept", r"\bct (original|reply) proto-(src|dst)",
     "nft wants a transport match before it; the kernel compares without one just as well"),
    ("", "accept", r"\b(meta|ct) secmark ", "nft refuses a constant for lack of names; the kernel takes it"),
    ("ip6", "accept", r"icmpv6 packet-too-big", "a later spelling of `icmpv6 mtu`"),
    ("", "accept", r"\blimit rate until ", "nft's lexer does not know `until` after `limit rate`"),
    ("", "accept", r"\bfib .* oifname (!= )?@", "nft takes the name for any string, and then for an interface's"),
    ("", "accept", r"\bset (ah|esp|comp|udplite|ip|ip6|arp|vlan|tcp|udp|icmp|igmp|icmpv6|sctp|dccp|gre)\b",
     "nft's lexer takes the name of the protocol for a header"),
    ("", "accept", r"^map .*\bgc-interval ", "nft reads it in maps since 1.0.9"),
    ("", "accept", r"\btype [^;]*\bct_(label|event)", "nft 1.0.6 does not know its own name of the type"),
    ("", "accept", r"\btypeof [^;]*\bct (event|label)", "nft knows no literal of the type in a set"),
    ("", "accept", r"\btypeof [^;]*\bcomp flags", "nft knows no width of `comp flags` in a set"),
    ("", "accept", r"(<<|>>) \d", "nft 1.0.6 moves a shift to the constants and loses the type of what is shifted"),
    ("", "accept", r"\bct (original |reply )?(l3)?proto(col)? (== )?\w+ ",
     "nft takes the connection's protocol for the packet's, which an ICMP error belies"),
    # ---- other byte code ----
    ("", BYTES, r"\. (frag frag-off|ip6 flowlabel|ip6 dscp)|(frag frag-off|ip6 flowlabel|ip6 dscp) (\.|(!= |vmap )?@)",
     "nft 1.0.6 shifts two bytes in network order as if in host order, which matches nothing"),
    ("", CODE, r"\budplite \w+ set ", "nft 1.0.6 leaves UDP-Lite's checksum as it was"),
    ("", BYTES, r"counter udp dport", "nft 1.0.6 moves a match across the counter"),
    ("", BYTES, r"(counter|limit|quota|log|notrack|set|count|vmap|numgen|dup|add|delete|update|synproxy|[{}] ).*reject with (tcp|icmp)",
     "nft 1.0.6 moves the protocol's match across statements, which then see other packets"),
    ("", BYTES, r"(<<|>>) \d", "nft 1.0.6 moves a shift to the constants, and wrongly where they get wider than the field"),
    ("", BYTES, r" (\^|xor) ", "nft moves the xor to the constants, also across `<`, where that is wrong"),
    ("", CODE, r"\bct (original |reply )?protocol (== )?\w+ ",
     "nft takes the connection's protocol for the packet's, which an ICMP error belies"),
    ("", BYTES, r"\bct (original |reply )?l3proto (== )?(\w+|\{) ", "nft takes the connection's family for the packet's"),
    ("", BYTES, r"\b(ecn|dscp|version|flowlabel|pcp|cfi|dei|id|doff|reserved2?|more-fragments"
     r"|hdrlength|frag-off|subtype|type) (&|\||or|and) ", "nft shifts the field down first; it matches the same"),
    ("", "held", r"\btypeof [^;]*proto-(src|dst)", "nft drops the type of a connection's port"),
    ("", CODE, r"(vmap|counter|limit|quota|log|set|notrack|delete|update|add) .*\b(hbh|rt0?|rt2|srh|frag|dst|mh|"
     r"exthdr|ip option) ", "nft moves the family's match across statements, which then see other packets"),
    ("", BYTES, r"\b(version|ecn|dscp|pcp|hdrlength|flowlabel|doff|reserved2?|vlan id|type) (!= )?\{.*-",
     "nft joins what touches before it shifts, gate after; it matches the same"),
    ("netdev", BYTES, r"\bether [sd]addr (== )?[0-9a-f:]{17} ",
     "nft 1.0.6 joins it with the implied `ether type` that stands behind others"),
    ("ip", CODE, r"\bmeta protocol (== )?ip ", "nft leaves out what the table says already"),
    ("ip6", CODE, r"\bmeta protocol (== )?ip6 ", "likewise"),
    ("", BYTES, r"\b(udp|tcp|ip|ip6|icmp|icmpv6|ah|sctp|dccp|ether|arp|udplite) \w+ (== )?[^ {@]+ .*@(ll|nh|th),.* \1 \w+ (== )?[^ {@]+ ",
     "nft 1.0.6 joins fields that touch, also across what stands between them"),
    ("", BYTES, r"@(ll|nh|th),\d+,\d+ (== )?[^ {@]+ (.* )?(ether|udp|tcp|ip|ip6|icmp|icmpv6|igmp) \w+ (== )?[^ {@]+ ",
     "nft 1.0.6 joins fields that touch, also across the match that says they are there"),
    ("", BYTES, r"\bth [sd]port (== )?[^ {@]+ (udp|tcp|dccp|sctp|udplite) [sd]port (== )?[^ {@]+( |$)",
     "nft 1.0.6 joins fields that touch, also across the match that says they are there"),
    ("", "again", r"@(ll|nh|th|ih),", "as in nft, raw bytes are listed as the field they cover, which has a type "
     "once it is loaded"),
    ("", SHOWN, r"\bmeta protocol (arp|8021ad|8021q|vlan)\b", "nft 1.0.6 drops a protocol that it does not know"),
    ("", "again", r"\bfrag (frag-off|reserved2|more-fragments) (&|and|or|xor|\||\^) ",
     "as in nft, the bits around the field have no words"),
    ("", BYTES, r"(\bvlan |8021q).*reject with icmp", "nft reads the type behind the tag before it looks for one"),
    ("", SHOWN, r"\btcp option mptcp subtype .*\{|\bfrag (reserved2|frag-off|more-fragments) .*[{@]",
     "nft 1.0.6 does not know the field under its own mask"),
    ("", BYTES, r"\bmeta (nfproto|iiftype) \{[^}]*\} .*\b(snat|dnat|ip option)\b", "nft takes the last of a set for all"),
    ("", SHOWN, r"\bicmp(v6)? .*\bth [sd]port != ", "nft 1.0.6 lists the port as two fields of ICMP, which reads otherwise"),
    ("", CODE, r"\bether type \{", "nft takes a set of types with vlan for vlan"),
    ("", "held", r"\btype ct_dir\b", "nft gives the type no byte order"),
    ("", "held", r"\btype [^;]*\btime\b", "nft 1.0.6 gives the type 4 bytes, and `ct expiration` 8"),
    ("", BYTES, r"\b(srh sid|rt0 addr|ip option \w+ addr|rt2 addr).*/", "nft shortens the load where it must not"),
]

# Definitions and rules that nft 1.0.6 cannot list: it forgets them and the literals behind them.
UNREADABLE = re.compile(r"^(set|map) .*\btypeof [^;]*\bct (label|event)|\bct (event|label) set .*map \{|\bct label map|"
                        r"\bct label ((&|\||and|or) (\([^)]*\)|\S+) )?((==|!=|vmap) )?[{@]")


def sub(pattern, to):
    """Both texts with each `pattern` replaced."""
    return lambda ours, theirs: (re.sub(pattern, to, ours), re.sub(pattern, to, theirs))


def drops(pattern):
    """nft leaves out some of gate's `pattern`."""
    def change(ours, theirs):
        found = list(re.finditer(pattern, ours))[:6]
        for which in range(1, 1 << len(found)):
            text = ours
            for i in reversed(range(len(found))):
                if which >> i & 1:
                    text = text[:found[i].start()] + text[found[i].end():]
            if text.strip() == theirs.strip():
                return theirs, theirs
        return ours, theirs
    return change


def each_braces(to):
    return lambda ours, theirs: tuple(re.sub(r"\{ ([^{}]*) \}", lambda m: "{" + to(m[1]) + "}", text)
                                      for text in (ours, theirs))


def decimal(ours, theirs):
    return tuple(re.sub(r"\b0x([0-9a-f]+)", lambda m: str(int(m[1], 16)), text)
                 for text in (ours, theirs))


def ports(ours, theirs):
    return ours.replace("@th,0,16", "th sport").replace("@th,16,16", "th dport"), theirs


def both_refuse(ours, theirs):
    return (theirs, theirs) if re.match(r"a packet cannot be both ip6? and ip6? \[E0302\]$", ours) else (ours, theirs)


def once(ours, theirs):
    def lines(text):
        return sorted(set(re.sub(r" size \d+$", "", text, flags=re.M).splitlines()))
    return tuple("\n".join(lines(text)) for text in (ours, theirs))


def collides(ours, theirs):
    return (theirs, theirs) if re.match(r"set `\w+` has .* already.*\[E0541\]$", ours) else (ours, theirs)


def twice(ours, theirs):
    """The size in the description (attribute 9): of an interval given twice nft counts both ends."""
    sizes = [re.search(r"(?m)^9=08000100([0-9a-f]{8})$", text) for text in (ours, theirs)]
    more = int(sizes[1][1], 16) - int(sizes[0][1], 16) if all(sizes) else 0
    return (ours.replace(sizes[0][0], sizes[1][0]), theirs) if more in (2, 4, 6) else (ours, theirs)


def xor_moved(ours, theirs):
    """`x ^ 92 == 1`, which nothing but a set of one element leaves, is `x 93`."""
    def moved(m):
        value = {"exists": 1, "missing": 0}.get(m[3])
        value = int(m[3], 0) if value is None else value
        return f"{m[2] or ''}{int(m[1], 0) ^ value}"

    return decimal(ours, re.sub(r"\^ (\w+) (?:== |(!= ))(exists|missing|0x[0-9a-f]+|\d+)\b", moved, theirs))


def garbled(ours, theirs):
    whole = theirs.count('"') % 2 == 0  # a line break among the bytes cuts the line in a name
    if whole and all(" " <= letter <= "~" or letter in "\t\n" for letter in theirs):
        return ours, theirs
    return ours.split("{")[0], theirs.split("{")[0]


def shifted(ours, theirs):
    return (theirs, theirs) if ") >> " in theirs and ") >> " not in ours else (ours, theirs)


def as_fields(ours, theirs):
    def raw(text):
        return sorted(re.findall(r"@(?:ll|nh|th),\d+,\d+", text))
    return (theirs, theirs) if raw(theirs) != raw(ours) else (ours, theirs)


UNORDERED = each_braces(lambda text: ", ".join(sorted(re.split(r",\s+", text))))
COUNTED = each_braces(lambda text: str(len(re.split(r",\s+", text))))

# (kinds, pattern of the rule, change, reason), tried in this order one after the other
CHANGES = [
    ("again", r"\{", sub(r"\{ ([^{},]*) \}", r"\1"), "a literal of which one element is left loses its braces"),
    ("again", r"(\^|xor) .*\{", xor_moved, "then, as in nft, the xor moves to the constant"),
    ("again", r"\b(icmp|icmpv6) |@", sub(r"(icmp(?:v6)? type \{[^}]*\} )\1", r"\1"),
     "as in nft, each load adds the types that have the field"),
    ("again", r"\bether |vlan ", sub(r"(@ll,96,16 \S+ )\1", r"\1"),
     "as in nft, each load adds the family before what says that there is Ethernet"),
    ("again", r"reject", sub(r"reject with icmp(v6)? port-unreachable", "reject"),
     "as in nft, `reject` alone is of the family that a match says"),
    ("code|bytecode", r"map \{", once, "nft sends an element twice that is given twice"),
    ("held", r"map \{", sub(r"(?m)^9=.*\n?", ""), "nft counts an element twice that is given twice"),
    ("held", r"^(set|map) .*interval.*comment \"e", sub(r"(?m) 6=\w+$", ""), "of comments of an element given twice nft keeps the last"),
    ("held", r"^(set|map) .*flags interval,constant", twice, "nft counts an element twice that is given twice"),
    (SHOWN, r"^(set|map) .*interval.*comment \"e", sub(r' comment "e\d+"', ""), "of comments of an element given twice nft keeps the last"),
    ("again", r"^(set|map) ", collides, "the kernel takes an element for a duplicate, from nft too"),
    ("again", r"\. .*\{", UNORDERED, "as in nft, intervals of concatenations are in the dump's order"),
    ("again", r"", both_refuse, "the rule matches nothing"),
    (SHOWN, r"\. .*\{", garbled, "nft 1.0.6 lists bytes of another part as text"),
    (SHOWN, r"\bigmp ", sub(r"meta nfproto ipv4 (igmp|th)", r"\1"), "nft keeps IPv4 before IGMP where a statement stands before"),
    (SHOWN, r"\becn\b|\bboolean\b", sub(r"\b(?:ce|exists)\b", "0x3"), "nft 1.0.6 lists the top of a field of less than a byte as 255"),
    (SHOWN, r"\becn\b|\bboolean\b", sub(r"(\b1|0x3)-(255|0xff)", "0x3"), "nft 1.0.6 lists the top of a field of less than a byte as 255"),
    (SHOWN, r"\b\w+ [\w-]+ (!= |vmap )?@s\d", shifted, "nft 1.0.6 loses the name of a field that is shifted for a set"),
    (SHOWN, r"\bth [sd]port|@th,", ports, "gate lists `@th,…` where the rule's protocol has no ports, nft either field"),
    (SHOWN, r"@|\b(dscp|ecn|doff|reserved|hdrlength|version|pcp|cfi|dei|vlan id|flowlabel|frag-off|more-fragments|subtype|dccp_pkttype|dccp type)\b",
     sub(r"-(0x[37f]|0x[37]f|0xff|0xffffff|0xfffff|3|7|15|63|255|4095|65535|1048575|16777215)\b", ""), "nft 1.0.6 lists the top of a field of less than a byte as 255"),
    (SHOWN, r"\b(mh|rt0?|srh|rt2|frag|hbh|dst) [\w-]+(\[\d\])? (&|and) ", sub(r"\b(mh|rt0?|srh|rt2|frag|hbh|dst) [\w-]+(\[\d\])? & ", "& "),
     "nft 1.0.6 loses the field under a mask"),
    (SHOWN, r"\bct label ", sub(r"\bct label (== )?(& \([^)]*\) )?(\| )?[\d,]+( \| \d+)*", "ct label"),
     "nft 1.0.6 lists labels under a mask in a form that reads otherwise"),
    (SHOWN, r"\bether .*\bexthdr |\bexthdr .*\bether ", sub(r"^@ll,96,16 0x\w+ ", ""),
     "nft 1.0.6 lists the type that it matched before what says there is Ethernet"),
    (SHOWN, r"\bct label ", sub(r"\bct label (!= )?(& )?(\([^)]*\)|[\w,]+)( / \S+)?( (==|!=) \S+)?( \| \S+)*", "ct label"),
     "nft 1.0.6 lists labels under a mask in a form that reads otherwise"),
    (SHOWN, r"@(ll|nh|th|ih),|\bth [sd]port", decimal, "nft 1.0.6 lists values of raw bytes in hexadecimal only beside `==`"),
    (SHOWN, r"\. .*\{[^}]*[-/*]", COUNTED, "nft 1.0.6 keeps the types of a literal's first parts only, "
     "and lists the numbers of the others as 0"),
    (SHOWN, r"\bct (original|reply) proto-(src|dst)", COUNTED, "nft 1.0.6 drops ports of connections from the elements"),
    (SHOWN, r"\b(tcp flags|ct state|ct status|ct event|ct_state|ct_status|ct_event|tcp_flag|rtclassid|rt classid|realm)\b|\*",
     UNORDERED, "nft leaves elements of flags, realms, and `*` in the dump's order"),
    (SHOWN, r"\bct (state|status) ", sub(r"\b(ct \w+) ((\w[\w-]*,)+0x80000000|!= 0x0)", r"\1"),
     "nft 1.0.6 lists all flags as any"),
    (SHOWN, r"\b(state|status|flags) (\||or) ", sub(r" & \([^)]*\) \|", " |"), "nft 1.0.6 leaves the mask out"),
    (SHOWN, r"\bct expiration ", sub(r"\bct expiration & \S* ?", "ct expiration & "), "nft 1.0.6 lists no time of 0"),
    (SHOWN, r"\bct (state|status|event) ", sub("== ", ""), "nft 1.0.6 drops the `==`, and reads another rule back"),
    (SHOWN, r"\b(flags|state|status|event|iiftype|oiftype|fib .*type|pkttype|classid)\b[^{]* (<|>|<=|>=) ", sub(r"(<=|>=|<|>) \S+( \| \S+)*", "<"),
     "nft 1.0.6 loses the names where it turned the bytes"),
    (SHOWN, r"\b(mark|iifgroup|oifgroup|rtclassid|classid|[sd]addr|group|nexthop|addr(\[\d\])?) (&|and) ",
     sub(r" & \S+( ==)?|/\d+", ""), "nft 1.0.6 lists any mask of leading bits as a prefix"),
    (SHOWN, r"\b(icmp|icmpv6|igmp) \w+ set",
     sub(r"\b(icmp|icmpv6|igmp|th) [\w-]+ set (th \w+( & \d+)?( \| \d+)?|\S+)", "set"),
     "nft 1.0.6 lists the rewritten bytes of another header"),
    (SHOWN, r"\b(ip6?|ether|vlan|tcp|frag) [\w-]+ \.", sub(r" >> \d+ \.", " ."), "nft 1.0.6 lists the shift it added itself"),
    (SHOWN, r"@(ll|nh|th),|\bvlan .*\. ether ", as_fields, "nft 1.0.6 lists raw bytes as the fields they cover"),
    (SHOWN, r"", drops(r"\b(meta (l4proto|protocol|nfproto|iiftype)|iiftype|ct (l3)?proto(col)?|(ah|comp|esp) nexthdr|icmp(v6)? type|"
     r"ip protocol|ip6 nexthdr|ether type|vlan type) (!= )?(\{[^}]*\}|\S+) ?"),
     "nft 1.0.6 drops a protocol's match by what follows"),
]


def is_known(family, rule, kind, ours="", theirs=""):
    return why(family, rule, kind, ours, theirs) is not None


def _refused(rule, said):
    for pattern, words, reason in REFUSED:
        if re.search(pattern, said) and re.search(words, rule):
            return reason
    return None


def _changed(rule, kind, ours, theirs):
    reasons = []
    for kinds, pattern, change, reason in CHANGES:
        if kind not in kinds.split("|") or not re.search(pattern, rule):
            continue
        before, (ours, theirs) = (ours, theirs), change(ours, theirs)
        if (ours, theirs) != before:
            reasons.append(reason)
        if ours.strip() == theirs.strip():
            return "; ".join(reasons)
    return None


def why(family, rule, kind, ours="", theirs=""):
    """The reason that stands for a difference; None where it is none we know."""
    for fam, kinds, pattern, reason in KNOWN:
        if fam in ("", family) and kind in kinds.split("|") and re.search(pattern, rule):
            return reason
    if kind == "accept":
        return _refused(rule, ours if theirs == "accepted" else theirs)
    return _changed(rule, kind, ours, theirs)

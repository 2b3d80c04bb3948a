/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The words that nft 1.0.6 keeps for itself everywhere: unquoted they name no table,
 * chain, set or object, so that a listing which used one could not be read back. Found by
 * trying.
 */
#include "gate/lang/parse.h"

#include <stdlib.h>

// clang-format off
static const char *const reserved[] = {
	"accept", "add", "ah", "all", "and", "arp", "auto-merge", "bridge", "cgroup",
	"chain", "comment", "comp", "constant", "continue", "counter", "cpu", "create",
	"ct", "day", "dccp", "define", "delete", "describe", "device", "devices",
	"dnat", "drop", "dst", "dup", "dynamic", "ecn", "element", "elements", "eq",
	"esp", "ether", "exists", "expires", "export", "exthdr", "fib", "flags", "flow",
	"flowtable", "flush", "frag", "fwd", "gc-interval", "ge", "get", "goto", "gt",
	"handle", "hbh", "hook", "hour", "ibriport", "ibrname", "icmp", "icmpv6",
	"igmp", "iif", "iifgroup", "iifname", "iiftype", "import", "include", "index",
	"inet", "insert", "interval", "ip", "ip6", "ipsec", "jhash", "jump", "le",
	"limit", "list", "log", "lshift", "lt", "map", "mark", "masquerade", "meta",
	"meter", "mh", "missing", "monitor", "ne", "netdev", "nftrace", "not",
	"notrack", "numgen", "obriport", "obrname", "offload", "oif", "oifgroup",
	"oifname", "oiftype", "or", "osf", "pkttype", "policy", "position", "priority",
	"queue", "quota", "random", "redefine", "redirect", "reject", "rename",
	"replace", "reset", "return", "rshift", "rt", "rtclassid", "rule", "ruleset",
	"sctp", "secmark", "set", "size", "skgid", "skuid", "snat", "socket", "srh",
	"symhash", "synproxy", "table", "tcp", "th", "time", "timeout", "tproxy",
	"type", "typeof", "udp", "udplite", "undefine", "update", "vlan", "vmap", "xor",
	"xt",
};
// clang-format on

static int compare_word(const void *word, const void *row)
{
	return str_cmp(*(const struct str *)word, str_from(*(const char *const *)row));
}

bool word_is_reserved(struct str word)
{
	return bsearch(&word, reserved, ARRAY_LEN(reserved), sizeof(reserved[0]),
	               compare_word);
}

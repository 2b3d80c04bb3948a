/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Types of what packets carry: addresses, protocols, ports, ICMP types. What looks like an
 * address is never sent to a name server, so that a typing error stays a typing error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "gate/schema/types.h"

// clang-format off
/* uapi/linux/netfilter.h: NFPROTO_* */
const struct symbol nf_protos[] = {
	{ "ipv4", 2 },
	{ "ipv6", 10 },
	{ 0 },
};

/* IEEE 802 Numbers: EtherType */
const struct symbol ether_types[] = {
	{ "ip",     0x0800 },
	{ "arp",    0x0806 },
	{ "ip6",    0x86dd },
	{ "8021q",  0x8100 },
	{ "8021ad", 0x88a8 },
	{ "vlan",   0x8100 },
	{ 0 },
};

/* IANA arp-parameters: operation codes */
const struct symbol arp_ops[] = {
	{ "request",   0x01 },
	{ "reply",     0x02 },
	{ "rrequest",  0x03 },
	{ "rreply",    0x04 },
	{ "inrequest", 0x08 },
	{ "inreply",   0x09 },
	{ "nak",       0x0a },
	{ 0 },
};

/* IANA protocol-numbers. The last rows are second names, which are read but not listed */
const struct symbol inet_protos[] = {
	{ "ip",              0 },
	{ "icmp",            1 },
	{ "igmp",            2 },
	{ "ggp",             3 },
	{ "ipencap",         4 },
	{ "st",              5 },
	{ "tcp",             6 },
	{ "egp",             8 },
	{ "igp",             9 },
	{ "pup",             12 },
	{ "udp",             17 },
	{ "hmp",             20 },
	{ "xns-idp",         22 },
	{ "rdp",             27 },
	{ "iso-tp4",         29 },
	{ "dccp",            33 },
	{ "xtp",             36 },
	{ "ddp",             37 },
	{ "idpr-cmtp",       38 },
	{ "ipv6",            41 },
	{ "ipv6-route",      43 },
	{ "ipv6-frag",       44 },
	{ "idrp",            45 },
	{ "rsvp",            46 },
	{ "gre",             47 },
	{ "esp",             50 },
	{ "ah",              51 },
	{ "skip",            57 },
	{ "ipv6-icmp",       58 },
	{ "ipv6-nonxt",      59 },
	{ "ipv6-opts",       60 },
	{ "rspf",            73 },
	{ "vmtp",            81 },
	{ "eigrp",           88 },
	{ "ospf",            89 },
	{ "ax.25",           93 },
	{ "ipip",            94 },
	{ "etherip",         97 },
	{ "encap",           98 },
	{ "pim",             103 },
	{ "ipcomp",          108 },
	{ "vrrp",            112 },
	{ "l2tp",            115 },
	{ "isis",            124 },
	{ "sctp",            132 },
	{ "fc",              133 },
	{ "mobility-header", 135 },
	{ "udplite",         136 },
	{ "mpls-in-ip",      137 },
	{ "manet",           138 },
	{ "hip",             139 },
	{ "shim6",           140 },
	{ "wesp",            141 },
	{ "rohc",            142 },
	{ "ethernet",        143 },
	{ "icmpv6",          58 },
	{ "udp-lite",        136 },
	{ 0 },
};

/* IANA icmp-parameters: types */
const struct symbol icmp_types[] = {
	{ "echo-reply",              0 },
	{ "destination-unreachable", 3 },
	{ "source-quench",           4 },
	{ "redirect",                5 },
	{ "echo-request",            8 },
	{ "router-advertisement",    9 },
	{ "router-solicitation",     10 },
	{ "time-exceeded",           11 },
	{ "parameter-problem",       12 },
	{ "timestamp-request",       13 },
	{ "timestamp-reply",         14 },
	{ "info-request",            15 },
	{ "info-reply",              16 },
	{ "address-mask-request",    17 },
	{ "address-mask-reply",      18 },
	{ 0 },
};

/* RFC 792, RFC 1812 section 5.2.7.1: codes of destination unreachable */
const struct symbol icmp_codes[] = {
	{ "net-unreachable",  0 },
	{ "host-unreachable", 1 },
	{ "prot-unreachable", 2 },
	{ "port-unreachable", 3 },
	{ "net-prohibited",   9 },
	{ "host-prohibited",  10 },
	{ "admin-prohibited", 13 },
	{ "frag-needed",      4 },
	{ 0 },
};

/* IANA icmpv6-parameters: types */
const struct symbol icmpv6_types[] = {
	{ "destination-unreachable", 1 },
	{ "packet-too-big",          2 },
	{ "time-exceeded",           3 },
	{ "parameter-problem",       4 },
	{ "echo-request",            128 },
	{ "echo-reply",              129 },
	{ "mld-listener-query",      130 },
	{ "mld-listener-report",     131 },
	{ "mld-listener-done",       132 },
	{ "mld-listener-reduction",  132 },
	{ "nd-router-solicit",       133 },
	{ "nd-router-advert",        134 },
	{ "nd-neighbor-solicit",     135 },
	{ "nd-neighbor-advert",      136 },
	{ "nd-redirect",             137 },
	{ "router-renumbering",      138 },
	{ "ind-neighbor-solicit",    141 },
	{ "ind-neighbor-advert",     142 },
	{ "mld2-listener-report",    143 },
	{ 0 },
};

/* RFC 4443 section 3.1: codes of destination unreachable */
const struct symbol icmpv6_codes[] = {
	{ "no-route",         0 },
	{ "admin-prohibited", 1 },
	{ "addr-unreachable", 3 },
	{ "port-unreachable", 4 },
	{ "policy-fail",      5 },
	{ "reject-route",     6 },
	{ 0 },
};

/* nf_tables.h: enum nft_reject_inet_code */
const struct symbol icmpx_codes[] = {
	{ "port-unreachable", 1 },
	{ "admin-prohibited", 3 },
	{ "no-route",         0 },
	{ "host-unreachable", 2 },
	{ 0 },
};

/* IANA igmp-type-numbers */
const struct symbol igmp_types[] = {
	{ "membership-query",     17 },
	{ "membership-report-v1", 18 },
	{ "membership-report-v2", 22 },
	{ "membership-report-v3", 34 },
	{ "leave-group",          23 },
	{ 0 },
};

/* RFC 9293 section 3.1, RFC 3168 section 23.2 */
const struct symbol tcp_flags[] = {
	{ "fin", 0x01 },
	{ "syn", 0x02 },
	{ "rst", 0x04 },
	{ "psh", 0x08 },
	{ "ack", 0x10 },
	{ "urg", 0x20 },
	{ "ecn", 0x40 },
	{ "cwr", 0x80 },
	{ 0 },
};

/* RFC 4340 section 5.1 */
const struct symbol dccp_pkttypes[] = {
	{ "request",  0x00 },
	{ "response", 0x01 },
	{ "data",     0x02 },
	{ "ack",      0x03 },
	{ "dataack",  0x04 },
	{ "closereq", 0x05 },
	{ "close",    0x06 },
	{ "reset",    0x07 },
	{ "sync",     0x08 },
	{ "syncack",  0x09 },
	{ 0 },
};

/* IANA mobility-parameters: mobility header types */
const struct symbol mh_types[] = {
	{ "binding-refresh-request",      0 },
	{ "home-test-init",               1 },
	{ "careof-test-init",             2 },
	{ "home-test",                    3 },
	{ "careof-test",                  4 },
	{ "binding-update",               5 },
	{ "binding-acknowledgement",      6 },
	{ "binding-error",                7 },
	{ "fast-binding-update",          8 },
	{ "fast-binding-acknowledgement", 9 },
	{ "fast-binding-advertisement",   10 },
	{ "experimental-mobility-header", 11 },
	{ "home-agent-switch-message",    12 },
	{ 0 },
};

/* IANA dscp-registry; the names of RFC 2474, 2597, 3246, 5865, 8622 */
const struct symbol dscps[] = {
	{ "cs0",   0x00 },
	{ "cs1",   0x08 },
	{ "cs2",   0x10 },
	{ "cs3",   0x18 },
	{ "cs4",   0x20 },
	{ "cs5",   0x28 },
	{ "cs6",   0x30 },
	{ "cs7",   0x38 },
	{ "df",    0x00 },
	{ "be",    0x00 },
	{ "lephb", 0x01 },
	{ "af11",  0x0a },
	{ "af12",  0x0c },
	{ "af13",  0x0e },
	{ "af21",  0x12 },
	{ "af22",  0x14 },
	{ "af23",  0x16 },
	{ "af31",  0x1a },
	{ "af32",  0x1c },
	{ "af33",  0x1e },
	{ "af41",  0x22 },
	{ "af42",  0x24 },
	{ "af43",  0x26 },
	{ "va",    0x2c },
	{ "ef",    0x2e },
	{ 0 },
};

/* RFC 3168 section 5 */
const struct symbol ecns[] = {
	{ "not-ect", 0x00 },
	{ "ect1",    0x01 },
	{ "ect0",    0x02 },
	{ "ce",      0x03 },
	{ 0 },
};

/* uapi/linux/if_packet.h: PACKET_* */
const struct symbol pkt_types[] = {
	{ "host",      0 },
	{ "unicast",   0 },
	{ "broadcast", 1 },
	{ "multicast", 2 },
	{ "other",     3 },
	{ 0 },
};

/* uapi/linux/if_arp.h: ARPHRD_* */
const struct symbol iface_types[] = {
	{ "ether",    0x001 },
	{ "ppp",      0x200 },
	{ "ipip",     0x300 },
	{ "ipip6",    0x301 },
	{ "loopback", 0x304 },
	{ "sit",      0x308 },
	{ "ipgre",    0x30a },
	{ 0 },
};

/* uapi/linux/rtnetlink.h: RTN_* */
const struct symbol fib_addrtypes[] = {
	{ "unspec",      0 },
	{ "unicast",     1 },
	{ "local",       2 },
	{ "broadcast",   3 },
	{ "anycast",     4 },
	{ "multicast",   5 },
	{ "blackhole",   6 },
	{ "unreachable", 7 },
	{ "prohibit",    8 },
	{ 0 },
};
// clang-format on

/* ---- Internet addresses ---- */

/* Asks the name server, for what cannot be an address. */
static int host_parse(const struct datatype *t, const struct names *names,
                      struct str word, struct arena *a, struct value *v, struct str *why)
{
	struct value addrs[64];
	size_t n = ARRAY_LEN(addrs);
	bool ip6 = t->id == TYPE_IPV6_ADDR;

	if (!names || !names->host)
		return types_not_a(t, word, a, why);
	int r = names->host(names->ctx, str_dup_c(a, word), ip6, addrs, &n);
	if (r == -EAGAIN)
		return types_refuse(a, why, "no name server answers for `" STR_FMT "`",
		                    STR_ARG(word));
	if (r == -E2BIG)
		return types_refuse(a, why, "`" STR_FMT "` has more than %zu addresses",
		                    STR_ARG(word), ARRAY_LEN(addrs));
	if (r < 0 || n == 0)
		return types_refuse(a, why,
		                    "no host called `" STR_FMT "` has an IPv%d address",
		                    STR_ARG(word), ip6 ? 6 : 4);
	if (n > 1) {
		(void)types_refuse(a, why, "`" STR_FMT "` has %zu addresses",
		                   STR_ARG(word), n);
		return -EMLINK;
	}
	*v = addrs[0];
	return 0;
}

/* The name of the address with -N, else nothing. */
static bool host_print(const struct names *names, const struct format *fmt,
                       const struct value *v, struct buf *out)
{
	char name[256];

	if (!fmt->names_dns || !names || !names->host_name ||
	    names->host_name(names->ctx, v, name, sizeof(name)) < 0)
		return false;
	buf_cstr(out, name);
	return true;
}

/* Four decimal parts, as nearly all addresses are written. */
static bool ipv4_read(struct str word, uint8_t b[4])
{
	const char *p = word.p, *end = word.p + word.n;

	for (unsigned part = 0; part < 4; part++) {
		const char *start = p;
		unsigned n = 0, digit;

		for (; p < end && (digit = (unsigned char)*p - (unsigned)'0') < 10; p++)
			n = n * 10 + digit;
		if (p == start || p - start > 3 || n > 255 ||
		    (*start == '0' && p > start + 1))
			return false;
		if (part < 3 ? p == end || *p++ != '.' : p != end)
			return false;
		b[part] = (uint8_t)n;
	}
	return true;
}

/* Whether only digits and dots stand there, with at least one dot. */
static bool is_dotted(struct str word)
{
	size_t dots = 0;

	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] != '.' && (word.p[i] < '0' || word.p[i] > '9'))
			return false;
		dots += word.p[i] == '.';
	}
	return dots > 0;
}

/* One part of an address that ipv4_read() did not take; *why is set when it is at fault. A
 * leading 0 means octal to the C library: it is taken where both readings agree. */
static int ipv4_part(struct str word, struct str part, uint8_t *n, struct arena *a,
                     struct str *why)
{
	uint64_t decimal;
	int r = str_to_u64(part, 10, &decimal);

	if (part.n == 0)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not an IPv4 address: a number is "
		                    "missing at a dot",
		                    STR_ARG(word));
	if (r < 0 || decimal > 255)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not an IPv4 address: " STR_FMT
		                    " is over 255",
		                    STR_ARG(word), STR_ARG(part));
	if (part.p[0] == '0' && decimal > 7)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not an IPv4 address: " STR_FMT
		                    " with its leading 0 could be octal",
		                    STR_ARG(word), STR_ARG(part));
	*n = (uint8_t)decimal;
	return 0;
}

static int ipv4_slow(struct str word, uint8_t b[4], struct arena *a, struct str *why)
{
	struct str rest = word;

	for (unsigned i = 0;; i++) {
		size_t dot = str_find(rest, '.');
		uint8_t n = 0;
		int r = ipv4_part(word, str_sub(rest, 0, dot), &n, a, why);

		if (r < 0)
			return r;
		if (i < 4)
			b[i] = n;
		if (dot == rest.n && i == 3)
			return 0;
		if (dot == rest.n || i > 3)
			return types_refuse(
				a, why,
				"`" STR_FMT "` is not an IPv4 address: it has "
				"%s four numbers",
				STR_ARG(word), i < 3 ? "less than" : "more than");
		rest = str_sub(rest, dot + 1, rest.n);
	}
}

TYPE_PARSE(ipv4_addr_parse)
{
	uint8_t b[4];

	if (ipv4_read(word, b)) {
		*v = (struct value){ .bits = 32 };
		memcpy(v->b, b, sizeof(b));
		return 0;
	}
	int r = types_number(t, word, bits, a, v, why);
	if (r != -ENOENT)
		return r;
	if (str_find(word, ':') < word.n)
		return types_refuse(a, why,
		                    "`" STR_FMT
		                    "` is not an IPv4 address: colons are for "
		                    "IPv6",
		                    STR_ARG(word));
	if (!is_dotted(word))
		return host_parse(t, names, word, a, v, why);
	r = ipv4_slow(word, b, a, why);
	if (r < 0)
		return r;
	*v = (struct value){ .bits = 32 };
	memcpy(v->b, b, sizeof(b));
	return 0;
}

/* A number of one byte in decimal; returns where the text goes on. */
static char *put_byte(char *to, uint8_t v)
{
	if (v >= 100)
		*to++ = (char)('0' + v / 100);
	if (v >= 10)
		*to++ = (char)('0' + v / 10 % 10);
	*to++ = (char)('0' + v % 10);
	return to;
}

/* Set listings are made of these. */
static void ipv4_put(const uint8_t b[4], struct buf *out)
{
	char *to = buf_reserve(out, 15);

	for (unsigned i = 0; i < 4; i++) {
		to = put_byte(to, b[i]);
		*to++ = '.';
	}
	*--to = 0;
	out->n = (size_t)(to - out->p);
}

TYPE_PRINT(ipv4_addr_print)
{
	(void)t;
	if (host_print(names, fmt, v, out))
		return;
	ipv4_put(v->b, out);
}

/* How often `::` stands there; `:::` is two. */
static unsigned gap_count(struct str word)
{
	unsigned n = 0;

	for (size_t i = 1; i < word.n; i++)
		n += word.p[i] == ':' && word.p[i - 1] == ':';
	return n;
}

/* Says what is wrong with a word with colons that inet_pton() does not take. */
static int ipv6_refuse(struct str word, struct arena *a, struct str *why)
{
	struct str rest = word;
	const char *what = "it has less than eight groups and no `::`";
	unsigned groups = 0;

	for (;;) {
		size_t colon = str_find(rest, ':');
		struct str group = str_sub(rest, 0, colon);
		uint64_t n;

		groups++;
		if (is_dotted(group)) {
			uint8_t b[4];

			if (!ipv4_read(group, b))
				what = "the IPv4 address at its end is wrong";
			groups++;
		} else if (str_find(group, '%') < group.n) {
			what = "an interface has no place in it (match `iif`)";
		} else if (group.n && str_to_u64(group, 16, &n) < 0) {
			return types_refuse(a, why,
			                    "`" STR_FMT
			                    "` is not an IPv6 address: `" STR_FMT
			                    "` is not hexadecimal",
			                    STR_ARG(word), STR_ARG(group));
		} else if (group.n > 4) {
			return types_refuse(a, why,
			                    "`" STR_FMT
			                    "` is not an IPv6 address: `" STR_FMT
			                    "` has over four digits",
			                    STR_ARG(word), STR_ARG(group));
		}
		if (colon == rest.n)
			break;
		rest = str_sub(rest, colon + 1, rest.n);
	}
	if (groups > 8)
		what = "it has more than eight groups";
	else if (gap_count(word) > 1)
		what = "`::` can stand there only once";
	return types_refuse(a, why, "`" STR_FMT "` is not an IPv6 address: %s",
	                    STR_ARG(word), what);
}

TYPE_PARSE(ipv6_addr_parse)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t b[16];

	if (word.n < sizeof(text)) {
		memcpy(text, word.n ? word.p : "", word.n);
		text[word.n] = '\0';
		if (inet_pton(AF_INET6, text, b) == 1) {
			*v = (struct value){ .bits = 128 };
			memcpy(v->b, b, sizeof(b));
			return 0;
		}
	}
	if (str_find(word, ':') < word.n)
		return ipv6_refuse(word, a, why);
	if (is_dotted(word))
		return types_refuse(
			a, why, "`" STR_FMT "` is not an IPv6 address, but IPv4's kind",
			STR_ARG(word));
	int r = types_number(t, word, bits, a, v, why);
	return r == -ENOENT ? host_parse(t, names, word, a, v, why) : r;
}

TYPE_PRINT(ipv6_addr_print)
{
	char text[INET6_ADDRSTRLEN];

	(void)t;
	if (!host_print(names, fmt, v, out) &&
	    inet_ntop(AF_INET6, v->b, text, sizeof(text)))
		buf_cstr(out, text);
}

/* ---- link layer ---- */

/* One or two hexadecimal digits per byte, with colons between. */
static size_t ll_addr_read(struct str word, uint8_t b[16])
{
	struct str rest = word;

	for (size_t n = 0; n < 16; n++) {
		size_t colon = str_find(rest, ':');
		uint64_t byte;

		if (colon > 2 || str_to_u64(str_sub(rest, 0, colon), 16, &byte) < 0)
			return 0;
		b[n] = (uint8_t)byte;
		if (colon == rest.n)
			return n + 1;
		rest = str_sub(rest, colon + 1, rest.n);
	}
	return 0;
}

TYPE_PARSE(ll_addr_parse)
{
	uint8_t b[16] = { 0 };

	(void)names;
	if (str_find(word, ':') == word.n) {
		int r = types_number(t, word, bits, a, v, why);

		return r == -ENOENT ? types_not_a(t, word, a, why) : r;
	}
	size_t n = ll_addr_read(word, b), want = (bits ? bits : t->bits) / 8u;

	if (n == 0)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is not %s: its bytes are one or two "
		                    "hexadecimal digits each",
		                    STR_ARG(word), t->noun);
	if (want && n != want)
		return types_refuse(a, why,
		                    "`" STR_FMT
		                    "` is not %s: it has %zu bytes in place of "
		                    "%zu",
		                    STR_ARG(word), t->noun, n, want);
	*v = (struct value){ .bits = (uint16_t)(n * 8) };
	memcpy(v->b, b, sizeof(b));
	return 0;
}

TYPE_PRINT(ll_addr_print)
{
	(void)t, (void)names, (void)fmt;
	for (unsigned i = 0; i < (v->bits + 7u) / 8 && i < sizeof(v->b); i++)
		buf_fmt(out, i ? ":%02x" : "%02x", v->b[i]);
}

/* ---- protocols and ports ---- */

TYPE_PARSE(inet_proto_parse)
{
	uint8_t number;
	int r = types_constant(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (!names || !names->protocol ||
	    names->protocol(names->ctx, str_dup_c(a, word), &number) < 0)
		return types_not_a(t, word, a, why);
	value_from_u64(v, number, bits ? bits : t->bits);
	return 0;
}

TYPE_PRINT(inet_proto_print)
{
	const char *name = symbol_name(t->symbols, value_to_u64(v));

	(void)names;
	if (name && !fmt->numeric_proto && !fmt->numeric_all)
		buf_cstr(out, name);
	else
		types_put_number(t, v, out);
}

TYPE_PARSE(inet_service_parse)
{
	uint16_t port;
	int r = types_constant(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (str_find(word, ':') < word.n)
		return types_refuse(a, why, "port ranges are written with `-`");
	if (names && names->service &&
	    names->service(names->ctx, str_dup_c(a, word), &port) == 0) {
		value_from_u64(v, port, bits ? bits : t->bits);
		return 0;
	}
	struct str hint = types_hint(t->symbols, word, a);

	return types_refuse(a, why, "no service is called `" STR_FMT "`" STR_FMT,
	                    STR_ARG(word), STR_ARG(hint));
}

TYPE_PRINT(inet_service_print)
{
	char buf[64];
	const char *name = NULL;
	uint16_t port = (uint16_t)value_to_u64(v);

	/* The machine's names, where there are any: others may not be read there by nft. */
	if (fmt->names_service && !(names && names->service_name))
		name = symbol_name(t->symbols, port);
	else if (fmt->names_service &&
	         names->service_name(names->ctx, port, buf, sizeof(buf)) == 0)
		name = buf;
	if (name)
		types_put_quoted(str_from(name), out);
	else
		types_put_number(t, v, out);
}

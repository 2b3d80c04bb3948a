/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The table of data types, and the way most of them are read and printed: as a number or by a
 * symbol of the type's own table. A type with another form has its own functions in
 * types_net.c, types_misc.c or types_time.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "gate/schema/types.h"

// clang-format off
/* nft's names, words, sizes and byte orders (nft describe), in the order of enum type_id. The
 * order of bytes is NONE where it makes no difference and nft leaves it open too. */
static const struct datatype rows[TYPE_COUNT] = {
	[TYPE_VERDICT] = { TYPE_VERDICT, TYPE_INVALID, "verdict",
		"netfilter verdict", "a verdict", 0, ORDER_NONE,
		NULL, false, false, false, verdict_parse, verdict_print },
	[TYPE_NF_PROTO] = { TYPE_NF_PROTO, TYPE_INTEGER, "nf_proto",
		"netfilter protocol", "an address family", 8, ORDER_NONE,
		nf_protos, true, false, false, NULL, NULL },
	[TYPE_BITMASK] = { TYPE_BITMASK, TYPE_INTEGER, "bitmask",
		"bitmask", "a bit mask", 0, ORDER_NONE,
		NULL, false, false, false, NULL, NULL },
	[TYPE_INTEGER] = { TYPE_INTEGER, TYPE_INVALID, "integer",
		"integer", "a number", 0, ORDER_NONE,
		NULL, false, false, false, NULL, NULL },
	[TYPE_STRING] = { TYPE_STRING, TYPE_INVALID, "string",
		"string", "a text", 0, ORDER_NONE,
		NULL, false, false, false, string_parse, string_print },
	[TYPE_LL_ADDR] = { TYPE_LL_ADDR, TYPE_INTEGER, "ll_addr",
		"link layer address", "a link layer address", 0, ORDER_BIG,
		NULL, false, false, false, ll_addr_parse, ll_addr_print },
	[TYPE_IPV4_ADDR] = { TYPE_IPV4_ADDR, TYPE_INTEGER, "ipv4_addr",
		"IPv4 address", "an IPv4 address", 32, ORDER_BIG,
		NULL, false, false, false, ipv4_addr_parse, ipv4_addr_print },
	[TYPE_IPV6_ADDR] = { TYPE_IPV6_ADDR, TYPE_INTEGER, "ipv6_addr",
		"IPv6 address", "an IPv6 address", 128, ORDER_BIG,
		NULL, false, false, false, ipv6_addr_parse, ipv6_addr_print },
	[TYPE_ETHER_ADDR] = { TYPE_ETHER_ADDR, TYPE_LL_ADDR, "ether_addr",
		"Ethernet address", "an Ethernet address", 48, ORDER_BIG,
		NULL, false, false, false, ll_addr_parse, ll_addr_print },
	[TYPE_ETHER_TYPE] = { TYPE_ETHER_TYPE, TYPE_INTEGER, "ether_type",
		"Ethernet protocol", "an Ethernet protocol", 16, ORDER_BIG,
		ether_types, true, true, false, NULL, NULL },
	[TYPE_ARP_OP] = { TYPE_ARP_OP, TYPE_INTEGER, "arp_op",
		"ARP operation", "an ARP operation", 16, ORDER_BIG,
		arp_ops, true, false, false, NULL, NULL },
	[TYPE_INET_PROTO] = { TYPE_INET_PROTO, TYPE_INTEGER, "inet_proto",
		"Internet protocol", "a protocol", 8, ORDER_NONE,
		inet_protos, true, false, false, inet_proto_parse, inet_proto_print },
	[TYPE_INET_SERVICE] = { TYPE_INET_SERVICE, TYPE_INTEGER, "inet_service",
		"internet network service", "a port", 16, ORDER_BIG,
		services, false, false, false, inet_service_parse, inet_service_print },
	[TYPE_ICMP_TYPE] = { TYPE_ICMP_TYPE, TYPE_INTEGER, "icmp_type",
		"ICMP type", "an ICMP type", 8, ORDER_BIG,
		icmp_types, true, false, false, NULL, NULL },
	[TYPE_TCP_FLAG] = { TYPE_TCP_FLAG, TYPE_BITMASK, "tcp_flag",
		"TCP flag", "a TCP flag", 8, ORDER_BIG,
		tcp_flags, true, false, false, NULL, NULL },
	[TYPE_DCCP_PKTTYPE] = { TYPE_DCCP_PKTTYPE, TYPE_INTEGER, "dccp_pkttype",
		"DCCP packet type", "a DCCP packet type", 4, ORDER_NONE,
		dccp_pkttypes, true, false, false, NULL, NULL },
	[TYPE_MH_TYPE] = { TYPE_MH_TYPE, TYPE_INTEGER, "mh_type",
		"Mobility Header Type", "a mobility header type", 8, ORDER_BIG,
		mh_types, true, false, false, NULL, NULL },
	[TYPE_TIME] = { TYPE_TIME, TYPE_INTEGER, "time",
		"relative time", "a time", 64, ORDER_HOST,
		NULL, false, false, false, time_parse, time_print },
	[TYPE_MARK] = { TYPE_MARK, TYPE_INTEGER, "mark",
		"packet mark", "a mark", 32, ORDER_HOST,
		NULL, true, true, false, tabled_parse, tabled_print },
	[TYPE_IFACE_INDEX] = { TYPE_IFACE_INDEX, TYPE_INTEGER, "iface_index",
		"network interface index", "an interface number", 32, ORDER_HOST,
		NULL, true, false, false, iface_index_parse, iface_index_print },
	[TYPE_IFACE_TYPE] = { TYPE_IFACE_TYPE, TYPE_INTEGER, "iface_type",
		"network interface type", "an interface type", 16, ORDER_HOST,
		iface_types, true, false, false, NULL, NULL },
	[TYPE_REALM] = { TYPE_REALM, TYPE_INTEGER, "realm",
		"routing realm", "a routing realm", 32, ORDER_HOST,
		NULL, true, false, false, tabled_parse, tabled_print },
	[TYPE_CLASSID] = { TYPE_CLASSID, TYPE_INTEGER, "classid",
		"TC classid", "a traffic class", 32, ORDER_HOST,
		NULL, false, false, false, classid_parse, classid_print },
	[TYPE_UID] = { TYPE_UID, TYPE_INTEGER, "uid",
		"user ID", "a user number", 32, ORDER_HOST,
		NULL, false, false, false, uid_parse, uid_print },
	[TYPE_GID] = { TYPE_GID, TYPE_INTEGER, "gid",
		"group ID", "a group number", 32, ORDER_HOST,
		NULL, false, false, false, gid_parse, gid_print },
	[TYPE_CT_STATE] = { TYPE_CT_STATE, TYPE_BITMASK, "ct_state",
		"conntrack state", "a connection state", 32, ORDER_HOST,
		ct_states, true, false, false, NULL, NULL },
	[TYPE_CT_DIR] = { TYPE_CT_DIR, TYPE_INTEGER, "ct_dir",
		"conntrack direction", "a connection's direction", 8, ORDER_HOST,
		ct_dirs, true, false, false, NULL, NULL },
	[TYPE_CT_STATUS] = { TYPE_CT_STATUS, TYPE_BITMASK, "ct_status",
		"conntrack status", "a connection status", 32, ORDER_HOST,
		ct_statuses, true, false, false, ct_status_parse, NULL },
	[TYPE_ICMPV6_TYPE] = { TYPE_ICMPV6_TYPE, TYPE_INTEGER, "icmpv6_type",
		"ICMPv6 type", "an ICMPv6 type", 8, ORDER_BIG,
		icmpv6_types, true, false, false, NULL, NULL },
	[TYPE_CT_LABEL] = { TYPE_CT_LABEL, TYPE_BITMASK, "ct_label",
		"conntrack label", "a connection label", 128, ORDER_HOST,
		NULL, true, false, false, ct_label_parse, ct_label_print },
	[TYPE_PKT_TYPE] = { TYPE_PKT_TYPE, TYPE_INTEGER, "pkt_type",
		"packet type", "a packet type", 8, ORDER_HOST,
		pkt_types, true, false, false, NULL, NULL },
	[TYPE_ICMP_CODE] = { TYPE_ICMP_CODE, TYPE_INTEGER, "icmp_code",
		"icmp code", "an ICMP code", 8, ORDER_BIG,
		icmp_codes, true, false, false, NULL, NULL },
	[TYPE_ICMPV6_CODE] = { TYPE_ICMPV6_CODE, TYPE_INTEGER, "icmpv6_code",
		"icmpv6 code", "an ICMPv6 code", 8, ORDER_BIG,
		icmpv6_codes, true, false, false, NULL, NULL },
	[TYPE_ICMPX_CODE] = { TYPE_ICMPX_CODE, TYPE_INTEGER, "icmpx_code",
		"icmpx code", "an ICMPX code", 8, ORDER_BIG,
		icmpx_codes, true, false, false, NULL, NULL },
	[TYPE_DEVGROUP] = { TYPE_DEVGROUP, TYPE_INTEGER, "devgroup",
		"devgroup name", "an interface group", 32, ORDER_HOST,
		NULL, true, false, false, tabled_parse, tabled_print },
	[TYPE_DSCP] = { TYPE_DSCP, TYPE_INTEGER, "dscp",
		"Differentiated Services Code Point", "a DSCP value", 6, ORDER_BIG,
		dscps, true, true, false, NULL, NULL },
	[TYPE_ECN] = { TYPE_ECN, TYPE_INTEGER, "ecn",
		"Explicit Congestion Notification", "an ECN value", 2, ORDER_BIG,
		ecns, true, true, false, NULL, NULL },
	[TYPE_FIB_ADDRTYPE] = { TYPE_FIB_ADDRTYPE, TYPE_INTEGER, "fib_addrtype",
		"fib address type", "an address type", 32, ORDER_HOST,
		fib_addrtypes, true, false, false, NULL, NULL },
	[TYPE_BOOLEAN] = { TYPE_BOOLEAN, TYPE_INTEGER, "boolean",
		"boolean type", "`exists` or `missing`", 1, ORDER_NONE,
		booleans, true, false, false, NULL, NULL },
	[TYPE_CT_EVENT] = { TYPE_CT_EVENT, TYPE_BITMASK, "ct_event",
		"conntrack event bits", "a connection event", 32, ORDER_HOST,
		ct_events, true, false, false, NULL, NULL },
	[TYPE_IFNAME] = { TYPE_IFNAME, TYPE_STRING, "ifname",
		"network interface name", "an interface name", 128, ORDER_NONE,
		NULL, false, false, false, string_parse, string_print },
	[TYPE_IGMP_TYPE] = { TYPE_IGMP_TYPE, TYPE_INTEGER, "igmp_type",
		"IGMP type", "an IGMP type", 8, ORDER_BIG,
		igmp_types, true, false, false, NULL, NULL },
	[TYPE_TIME_DATE] = { TYPE_TIME_DATE, TYPE_INTEGER, "time",
		"Relative time of packet reception", "a date", 64, ORDER_HOST,
		NULL, false, false, false, time_date_parse, time_date_print },
	[TYPE_TIME_HOUR] = { TYPE_TIME_HOUR, TYPE_INTEGER, "hour",
		"Hour of day of packet reception", "a time of day", 64, ORDER_HOST,
		NULL, false, false, false, time_hour_parse, time_hour_print },
	[TYPE_TIME_DAY] = { TYPE_TIME_DAY, TYPE_INTEGER, "day",
		"Day of week of packet reception", "a day of the week", 8, ORDER_HOST,
		days, true, false, true, time_day_parse, NULL },
	[TYPE_CGROUPV2] = { TYPE_CGROUPV2, TYPE_INTEGER, "cgroupsv2",
		"cgroupsv2 path", "a control group", 64, ORDER_HOST,
		NULL, false, false, false, cgroup_parse, cgroup_print },
};

#define ROW(id) [id] = &rows[id]
const struct datatype *const datatypes[TYPE_COUNT] = {
	ROW(TYPE_VERDICT), ROW(TYPE_NF_PROTO), ROW(TYPE_BITMASK), ROW(TYPE_INTEGER),
	ROW(TYPE_STRING), ROW(TYPE_LL_ADDR), ROW(TYPE_IPV4_ADDR), ROW(TYPE_IPV6_ADDR),
	ROW(TYPE_ETHER_ADDR), ROW(TYPE_ETHER_TYPE), ROW(TYPE_ARP_OP),
	ROW(TYPE_INET_PROTO), ROW(TYPE_INET_SERVICE), ROW(TYPE_ICMP_TYPE),
	ROW(TYPE_TCP_FLAG), ROW(TYPE_DCCP_PKTTYPE), ROW(TYPE_MH_TYPE), ROW(TYPE_TIME),
	ROW(TYPE_MARK), ROW(TYPE_IFACE_INDEX), ROW(TYPE_IFACE_TYPE), ROW(TYPE_REALM),
	ROW(TYPE_CLASSID), ROW(TYPE_UID), ROW(TYPE_GID), ROW(TYPE_CT_STATE),
	ROW(TYPE_CT_DIR), ROW(TYPE_CT_STATUS), ROW(TYPE_ICMPV6_TYPE),
	ROW(TYPE_CT_LABEL), ROW(TYPE_PKT_TYPE), ROW(TYPE_ICMP_CODE),
	ROW(TYPE_ICMPV6_CODE), ROW(TYPE_ICMPX_CODE), ROW(TYPE_DEVGROUP), ROW(TYPE_DSCP),
	ROW(TYPE_ECN), ROW(TYPE_FIB_ADDRTYPE), ROW(TYPE_BOOLEAN), ROW(TYPE_CT_EVENT),
	ROW(TYPE_IFNAME), ROW(TYPE_IGMP_TYPE), ROW(TYPE_TIME_DATE), ROW(TYPE_TIME_HOUR),
	ROW(TYPE_TIME_DAY), ROW(TYPE_CGROUPV2),
};
// clang-format on

const struct datatype *datatype_by_name(struct str name)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (datatypes[i] && str_is(name, datatypes[i]->name))
			return datatypes[i];
	return NULL;
}

/* ---- sentences ---- */

int types_refuse(struct arena *a, struct str *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*why = arena_vfmt(a, fmt, args);
	va_end(args);
	return -EINVAL;
}

struct str types_hint(const struct symbol *symbols, struct str word, struct arena *a)
{
	size_t n = 0;

	while (symbols && symbols[n].name)
		n++;
	struct str *words = arena_array(a, struct str, n);

	for (size_t i = 0; i < n; i++)
		words[i] = str_from(symbols[i].name);
	struct str near = str_nearest(word, words, n);

	return near.n ? arena_fmt(a, "; did you mean `" STR_FMT "`?", STR_ARG(near))
	              : near;
}

/* Words that other tools have taught people, which no spelling leads to ours. */
static const struct {
	enum type_id type;
	const char *word, *ours;
} habits[] = {
	{ TYPE_ICMP_TYPE, "ping", "echo-request" },
	{ TYPE_ICMP_TYPE, "pong", "echo-reply" },
	{ TYPE_ICMP_TYPE, "ttl-exceeded", "time-exceeded" },
	{ TYPE_ICMPV6_TYPE, "ping", "echo-request" },
	{ TYPE_ICMPV6_TYPE, "pong", "echo-reply" },
	{ TYPE_ICMPV6_TYPE, "router-solicitation", "nd-router-solicit" },
	{ TYPE_ICMPV6_TYPE, "router-advertisement", "nd-router-advert" },
	{ TYPE_ICMPV6_TYPE, "neighbour-solicitation", "nd-neighbor-solicit" },
	{ TYPE_ICMPV6_TYPE, "neighbor-solicitation", "nd-neighbor-solicit" },
	{ TYPE_ICMPV6_TYPE, "neighbour-advertisement", "nd-neighbor-advert" },
	{ TYPE_ICMPV6_TYPE, "neighbor-advertisement", "nd-neighbor-advert" },
};

static struct str habit_hint(const struct datatype *t, struct str word, struct arena *a)
{
	for (size_t i = 0; i < ARRAY_LEN(habits); i++)
		if (habits[i].type == t->id && str_is(word, habits[i].word))
			return arena_fmt(a, "; did you mean `%s`?", habits[i].ours);
	return (struct str){ 0 };
}

enum { SHORT_TABLE = 12 };

/* All words of a table that is quickly read: " (original, reply)". */
static struct str choice_hint(const struct datatype *t, struct arena *a)
{
	auto_buf text = { 0 };
	size_t n = 0;

	for (const struct symbol *s = t->symbols; s && s->name; s++, n++)
		buf_fmt(&text, "%s%s", n ? ", " : " (", s->name);
	if (n == 0 || n > SHORT_TABLE || t->id == TYPE_BOOLEAN)
		return (struct str){ 0 };
	buf_char(&text, ')');
	return arena_str(a, buf_as_str(&text));
}

int types_not_a(const struct datatype *t, struct str word, struct arena *a,
                struct str *why)
{
	struct str hint = habit_hint(t, word, a);

	if (!hint.n)
		hint = types_hint(t->symbols, word, a);
	if (!hint.n)
		hint = choice_hint(t, a);
	return types_refuse(a, why, "`" STR_FMT "` is not %s" STR_FMT, STR_ARG(word),
	                    t->noun, STR_ARG(hint));
}

int types_over(const struct datatype *t, struct str word, uint64_t max, struct arena *a,
               struct str *why)
{
	if (t->id == TYPE_BOOLEAN)
		return types_not_a(t, word, a, why);
	return types_refuse(a, why, STR_FMT " is over %llu, the largest %s",
	                    STR_ARG(word), (unsigned long long)max,
	                    t->bits ? strchr(t->noun, ' ') + 1 : "number that fits");
}

/* ---- numbers and symbols ---- */

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* v * base + digit, in place; false when it is over 128 bits. */
static bool push_digit(uint8_t b[16], unsigned base, unsigned digit)
{
	unsigned carry = digit;

	for (unsigned i = 16; i-- > 0;) {
		carry += b[i] * base;
		b[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

/* Numbers that 64 bits may not hold. The digits are known to be such. */
static bool read_long(struct str digits, unsigned base, uint16_t bits, struct value *v)
{
	struct value full = { .bits = 128 }, cut, back;

	for (size_t i = 0; i < digits.n; i++)
		if (!push_digit(full.b, base, digit_of(digits.p[i])))
			return false;
	cut = full;
	value_resize(&cut, bits);
	back = cut;
	value_resize(&back, full.bits);
	if (value_cmp(&back, &full) != 0)
		return false;
	*v = cut;
	return true;
}

static bool are_digits(struct str s, unsigned base)
{
	for (size_t i = 0; i < s.n; i++)
		if (digit_of(s.p[i]) >= base)
			return false;
	return s.n > 0;
}

static int too_large(const struct datatype *t, struct str word, uint16_t bits,
                     struct arena *a, struct str *why)
{
	if (bits < 64)
		return types_over(t, word, (UINT64_C(1) << bits) - 1, a, why);
	if (bits == 64)
		return types_over(t, word, UINT64_MAX, a, why);
	return types_refuse(a, why, STR_FMT " does not fit into %u bits", STR_ARG(word),
	                    bits);
}

/* The width a constant gets: at most what a value has room for. */
static uint16_t width_of(const struct datatype *t, uint16_t bits)
{
	if (bits == 0)
		bits = t->bits ? t->bits : 64;
	return bits < 128 ? bits : 128;
}

/* 18 decimal digits, the usual case, without anything else. */
static bool read_short(struct str word, uint64_t *n)
{
	uint64_t sum = 0;

	if (word.n == 0 || word.n > 18 || (word.p[0] == '0' && word.n > 1))
		return false;
	for (size_t i = 0; i < word.n; i++) {
		unsigned digit = (unsigned char)word.p[i] - (unsigned)'0';

		if (digit > 9)
			return false;
		sum = sum * 10 + digit;
	}
	*n = sum;
	return true;
}

int types_number(const struct datatype *t, struct str word, uint16_t bits,
                 struct arena *a, struct value *v, struct str *why)
{
	unsigned base = 10;
	struct str digits = word;
	uint64_t n;

	bits = width_of(t, bits);
	if (read_short(word, &n)) {
		if (bits < 64 && n >> bits)
			return too_large(t, word, bits, a, why);
		value_from_u64(v, n, bits);
		return 0;
	}
	if (word.n > 1 && word.p[0] == '-' && are_digits(str_sub(word, 1, word.n), 10))
		return types_refuse(a, why, STR_FMT " is negative: numbers start at 0",
		                    STR_ARG(word));
	if (str_starts(word, STR("0x")) || str_starts(word, STR("0X"))) {
		base = 16;
		digits = str_sub(word, 2, word.n);
	} else if (word.n > 1 && word.p[0] == '0') {
		base = 8;
		if (are_digits(word, 10) && !are_digits(word, 8))
			return types_refuse(a, why,
			                    "`" STR_FMT "` is no number: a leading 0 "
			                    "means octal, with digits up to 7",
			                    STR_ARG(word));
	}
	if (!are_digits(digits, base))
		return -ENOENT;
	return read_long(digits, base, bits, v) ? 0 : too_large(t, word, bits, a, why);
}

int types_constant(const struct datatype *t, struct str word, uint16_t bits,
                   struct arena *a, struct value *v, struct str *why)
{
	int r = types_number(t, word, bits, a, v, why);

	if (r != -ENOENT || !t->symbols)
		return r;
	const struct symbol *s = symbol_by_name(t->symbols, word);

	if (!s)
		return -ENOENT;
	value_from_u64(v, s->value, width_of(t, bits));
	return 0;
}

int types_tabled(const struct datatype *t, const struct names *names, struct str word,
                 uint16_t bits, struct arena *a, struct value *v, struct str *why)
{
	uint64_t n;
	int r = types_constant(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (!names || !names->table_value ||
	    names->table_value(names->ctx, t->id, str_dup_c(a, word), &n) < 0)
		return -ENOENT;
	bits = width_of(t, bits);
	if (bits < 64 && n >> bits)
		return too_large(t, word, bits, a, why);
	value_from_u64(v, n, bits);
	return 0;
}

int datatype_parse(const struct datatype *t, const struct names *names, struct str word,
                   uint16_t bits, struct arena *a, struct value *v, struct str *why)
{
	if (t->parse)
		return t->parse(t, names, word, bits, a, v, why);
	int r = types_constant(t, word, bits, a, v, why);

	return r == -ENOENT ? types_not_a(t, word, a, why) : r;
}

/* ---- printing ---- */

static unsigned divide_by_ten(uint8_t b[16])
{
	unsigned rest = 0;

	for (unsigned i = 0; i < 16; i++) {
		rest = rest << 8 | b[i];
		b[i] = (uint8_t)(rest / 10);
		rest %= 10;
	}
	return rest;
}

static void put_decimal(const struct value *v, struct buf *out)
{
	char digits[40]; /* 2^128 has 39 */
	size_t n = sizeof(digits);
	struct value left = *v;

	if (v->bits <= 64) {
		buf_u64(out, value_to_u64(v));
		return;
	}
	value_resize(&left, 128);
	do
		digits[--n] = (char)('0' + divide_by_ten(left.b));
	while (!value_is_zero(&left));
	buf_put(out, digits + n, sizeof(digits) - n);
}

/* With 0x and at least `digits` digits. */
static void put_hex(uint64_t n, unsigned digits, struct buf *out)
{
	while (digits < 16 && n >> (4 * digits))
		digits++;
	char *to = buf_reserve(out, digits + 2);

	to[0] = '0';
	to[1] = 'x';
	for (unsigned i = digits; i > 0; i--, n >>= 4)
		to[1 + i] = "0123456789abcdef"[n & 15];
	to[2 + digits] = 0;
	out->n += digits + 2;
}

/* In hexadecimal without leading zeros, of any width. */
static void put_mask(const struct value *v, struct buf *out)
{
	size_t n = (v->bits + 7u) / 8, i = 0;

	while (i + 1 < n && v->b[i] == 0)
		i++;
	buf_fmt(out, "0x%x", n ? v->b[i] : 0);
	while (++i < n)
		buf_fmt(out, "%02x", v->b[i]);
}

void types_put_number(const struct datatype *t, const struct value *v, struct buf *out)
{
	int bits = t->bits && t->bits < v->bits ? t->bits : v->bits;

	if (t->hex)
		put_hex(value_to_u64(v), ((unsigned)bits + 3) / 4, out);
	else if (t->id == TYPE_BITMASK)
		put_mask(v, out);
	else
		put_decimal(v, out);
}

void types_put_quoted(struct str s, struct buf *out)
{
	buf_char(out, '"');
	buf_str(out, s);
	buf_char(out, '"');
}

/* The names of the bits that are set, from the lowest on; unnamed ones as numbers. */
static void put_flags(const struct datatype *t, const struct format *fmt,
                      const struct value *v, struct buf *out)
{
	uint64_t left = value_to_u64(v);
	const char *separator = "";

	if (left == 0)
		buf_cstr(out, "0x0");
	while (left) {
		uint64_t bit = left & -left;
		const char *name = fmt->numeric_all ? NULL : symbol_name(t->symbols, bit);

		buf_cstr(out, separator);
		if (name)
			buf_cstr(out, name);
		else
			buf_fmt(out, "0x%llx", (unsigned long long)bit);
		left ^= bit;
		separator = ",";
	}
}

void datatype_print(const struct datatype *t, const struct names *names,
                    const struct format *fmt, const struct value *v, struct buf *out)
{
	static const struct format usual = { 0 };
	const char *name = NULL;

	if (!fmt)
		fmt = &usual;
	if (t->print) {
		t->print(t, names, fmt, v, out);
		return;
	}
	if (t->base == TYPE_BITMASK && t->symbols) {
		put_flags(t, fmt, v, out);
		return;
	}
	if (t->symbols && t->symbols_first && !fmt->numeric_all)
		name = symbol_name(t->symbols, value_to_u64(v));
	if (name && t->quoted)
		types_put_quoted(str_from(name), out);
	else if (name)
		buf_cstr(out, name);
	else
		types_put_number(t, v, out);
}

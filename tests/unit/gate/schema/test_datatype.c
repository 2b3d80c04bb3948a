/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Data types: words to values, values to what a listing shows, and why a word is refused. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "gate/schema/schema.h"

/* ---- a machine that knows a few names ---- */

struct known {
	const char *name;
	uint64_t value;
};

static int value_of(const struct known *rows, const char *name, uint64_t *value)
{
	for (; rows->name; rows++) {
		if (strcmp(rows->name, name) == 0) {
			*value = rows->value;
			return 0;
		}
	}
	return -ENOENT;
}

static int name_of(const struct known *rows, uint64_t value, char *buf, size_t n)
{
	for (; rows->name; rows++)
		if (rows->value == value)
			return snprintf(buf, n, "%s", rows->name) < (int)n ? 0 : -ERANGE;
	return -ENOENT;
}

static const struct known links[] = { { "lo", 1 }, { "eth0", 2 }, { 0 } };
static const struct known users[] = { { "root", 0 }, { "www-data", 33 }, { 0 } };
static const struct known marks[] = { { "vpn", 0x10 }, { 0 } };
static const struct known labels[] = { { "bulk", 3 }, { 0 } };
static const struct known groups[] = { { "default", 0 }, { 0 } };
static const struct known none[] = { { 0 } };
static const struct known cgroups[] = { { "user.slice", 4096 }, { 0 } };

static int find_link(void *ctx, const char *name, uint32_t *index)
{
	uint64_t v;
	int r = value_of(links, name, &v);

	(void)ctx;
	if (r == 0)
		*index = (uint32_t)v;
	return r;
}

static int link_name(void *ctx, uint32_t index, char name[16])
{
	(void)ctx;
	return name_of(links, index, name, 16);
}

static int find_user(void *ctx, const char *name, uint32_t *uid)
{
	uint64_t v;
	int r = value_of(users, name, &v);

	(void)ctx;
	if (r == 0)
		*uid = (uint32_t)v;
	return r;
}

static int user_name(void *ctx, uint32_t uid, char *buf, size_t n)
{
	(void)ctx;
	return name_of(users, uid, buf, n);
}

static const struct known *table_of(enum type_id type)
{
	return type == TYPE_MARK       ? marks
	       : type == TYPE_CT_LABEL ? labels
	       : type == TYPE_DEVGROUP ? groups
	                               : none;
}

static int table_value(void *ctx, enum type_id type, const char *name, uint64_t *value)
{
	(void)ctx;
	return value_of(table_of(type), name, value);
}

static int table_name(void *ctx, enum type_id type, uint64_t value, char *buf, size_t n)
{
	(void)ctx;
	return name_of(table_of(type), value, buf, n);
}

static int find_cgroup(void *ctx, const char *path, uint64_t *id)
{
	(void)ctx;
	return value_of(cgroups, path, id);
}

static int cgroup_name(void *ctx, uint64_t id, char *buf, size_t n)
{
	(void)ctx;
	return name_of(cgroups, id, buf, n);
}

static int find_service(void *ctx, const char *name, uint16_t *port)
{
	static const struct known rows[] = { { "backup", 7777 }, { 0 } };
	uint64_t v;
	int r = value_of(rows, name, &v);

	(void)ctx;
	if (r == 0)
		*port = (uint16_t)v;
	return r;
}

/* Counts how often it is asked; "two" has two addresses, "one" has one. */
static int find_host(void *ctx, const char *name, bool ip6, struct value *addrs,
                     size_t *n)
{
	int *asked = ctx;

	++*asked;
	if (strcmp(name, "two") != 0 && strcmp(name, "one") != 0)
		return strcmp(name, "later") == 0 ? -EAGAIN : -ENOENT;
	*n = strcmp(name, "two") == 0 ? 2 : 1;
	for (size_t i = 0; i < *n; i++)
		value_from_u64(&addrs[i], 0x0a000001 + i, ip6 ? 128 : 32);
	return 0;
}

static struct names machine(int *asked)
{
	return (struct names){
		.ctx = asked,
		.ifindex = find_link,
		.ifname = link_name,
		.user = find_user,
		.user_name = user_name,
		.host = find_host,
		.service = find_service,
		.table_value = table_value,
		.table_name = table_name,
		.cgroup = find_cgroup,
		.cgroup_path = cgroup_name,
	};
}

/* ---- reading and printing ---- */

static const struct format plain = { 0 };
static const struct format numeric = { .numeric_all = true };
static const struct format named = { .names_service = true, .names_guid = true };

/* `word` as `fmt` lists it, or why it is refused. */
static struct str listed(struct arena *a, enum type_id type, const char *word,
                         const struct format *fmt)
{
	int asked = 0;
	struct names names = machine(&asked);
	struct value v = { .bits = 999 };
	struct str why = { 0 };
	auto_buf out = { 0 };

	int r = datatype_parse(datatypes[type], &names, str_from(word),
	                       datatypes[type]->bits, a, &v, &why);
	if (r < 0) {
		assert_int_equal(v.bits, 999);
		return why;
	}
	datatype_print(datatypes[type], &names, fmt, &v, &out);
	return arena_str(a, buf_as_str(&out));
}

struct row {
	enum type_id type;
	const char *word, *text;
};

static void assert_rows(const struct row *rows, size_t n, const struct format *fmt)
{
	for (size_t i = 0; i < n; i++) {
		auto_arena a = { 0 };

		assert_str(listed(&a, rows[i].type, rows[i].word, fmt), rows[i].text);
	}
}

static void the_table_is_in_the_order_of_its_numbers(void **state)
{
	(void)state;
	assert_null(datatypes[TYPE_INVALID]);
	for (size_t i = TYPE_INVALID + 1; i < TYPE_COUNT; i++) {
		assert_int_equal(datatypes[i]->id, i);
		assert_non_null(datatypes[i]->name);
		assert_non_null(datatypes[i]->desc);
		assert_non_null(strchr(datatypes[i]->noun, ' '));
		if (i != TYPE_TIME_DATE)
			assert_ptr_equal(datatype_by_name(str_from(datatypes[i]->name)),
			                 datatypes[i]);
	}
	assert_null(datatype_by_name(STR("invalid")));
	assert_null(datatype_by_name(STR("")));
	assert_int_equal(datatype_by_name(STR("time"))->id, TYPE_TIME);
}

static void values_are_listed_as_nft_lists_them(void **state)
{
	static const struct row rows[] = {
		{ TYPE_INTEGER, "010", "8" },
		{ TYPE_INTEGER, "0x1F", "31" },
		{ TYPE_INTEGER, "18446744073709551615", "18446744073709551615" },
		{ TYPE_INET_SERVICE, "ssh", "22" },
		{ TYPE_INET_SERVICE, "022", "18" },
		{ TYPE_INET_SERVICE, "backup", "7777" },
		{ TYPE_INET_PROTO, "6", "tcp" },
		{ TYPE_INET_PROTO, "icmpv6", "ipv6-icmp" },
		{ TYPE_INET_PROTO, "200", "200" },
		{ TYPE_ICMP_TYPE, "8", "echo-request" },
		{ TYPE_ICMP_TYPE, "200", "200" },
		{ TYPE_ICMP_CODE, "3", "port-unreachable" },
		{ TYPE_ICMPV6_TYPE, "mld-listener-reduction", "mld-listener-done" },
		{ TYPE_ETHER_TYPE, "vlan", "8021q" },
		{ TYPE_ETHER_TYPE, "0x0806", "arp" },
		{ TYPE_ETHER_TYPE, "0x1234", "0x1234" },
		{ TYPE_ARP_OP, "77", "77" },
		{ TYPE_DSCP, "be", "cs0" },
		{ TYPE_DSCP, "5", "0x05" },
		{ TYPE_ECN, "1", "ect1" },
		{ TYPE_TCP_FLAG, "3", "fin,syn" },
		{ TYPE_TCP_FLAG, "0", "0x0" },
		{ TYPE_CT_STATE, "0x9", "invalid,new" },
		{ TYPE_CT_STATUS, "0x406", "seen-reply,assured,0x400" },
		{ TYPE_CT_STATUS, "offload", "0x4000" },
		{ TYPE_CT_DIR, "1", "reply" },
		{ TYPE_CT_LABEL, "5", "5" },
		{ TYPE_CT_LABEL, "bulk", "\"bulk\"" },
		{ TYPE_CT_LABEL, "127", "127" },
		{ TYPE_PKT_TYPE, "unicast", "host" },
		{ TYPE_IFACE_TYPE, "32", "32" },
		{ TYPE_IFACE_INDEX, "lo", "\"lo\"" },
		{ TYPE_IFACE_INDEX, "77", "77" },
		{ TYPE_IFACE_INDEX, "0", "0" },
		{ TYPE_IFNAME, "eth0", "\"eth0\"" },
		{ TYPE_IFNAME, "eth*", "\"eth\\*\"" },
		{ TYPE_MARK, "10", "0x0000000a" },
		{ TYPE_MARK, "vpn", "\"vpn\"" },
		{ TYPE_DEVGROUP, "0", "\"default\"" },
		{ TYPE_REALM, "7", "7" },
		{ TYPE_CLASSID, "ffff:1", "ffff:1" },
		{ TYPE_CLASSID, "12", "0:c" },
		{ TYPE_CLASSID, "none", "none" },
		{ TYPE_CLASSID, "0xffffffff", "root" },
		{ TYPE_UID, "root", "0" },
		{ TYPE_BOOLEAN, "1", "exists" },
		{ TYPE_BOOLEAN, "missing", "missing" },
		{ TYPE_CGROUPV2, "user.slice", "\"user.slice\"" },
		{ TYPE_CGROUPV2, "5", "5" },
		{ TYPE_TIME_DAY, "Monday", "\"Monday\"" },
		{ TYPE_TIME, "90", "1m30s" },
		{ TYPE_TIME, "1d2h3m4s5ms", "1d2h3m4s5ms" },
		{ TYPE_TIME, "25h61m", "1d2h1m" },
		{ TYPE_TIME, "0", "0s" },
		{ TYPE_ETHER_ADDR, "1:2:3:4:5:f", "01:02:03:04:05:0f" },
		{ TYPE_LL_ADDR, "02:00", "02:00" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows), &plain);
}

static void numbers_are_listed_when_asked_for(void **state)
{
	static const struct row rows[] = {
		{ TYPE_INET_PROTO, "tcp", "6" },
		{ TYPE_ICMP_TYPE, "echo-request", "8" },
		{ TYPE_ETHER_TYPE, "ip", "0x0800" },
		{ TYPE_DSCP, "cs1", "0x08" },
		{ TYPE_ECN, "ect1", "0x1" },
		{ TYPE_TCP_FLAG, "3", "0x1,0x2" },
		{ TYPE_CT_LABEL, "bulk", "3" },
		{ TYPE_MARK, "vpn", "0x00000010" },
		{ TYPE_BOOLEAN, "exists", "1" },
		{ TYPE_TIME_DAY, "Monday", "1" },
		{ TYPE_TIME, "1h", "3600s" },
		{ TYPE_TIME, "500ms", "500ms" },
		{ TYPE_IFACE_INDEX, "lo", "\"lo\"" },
		{ TYPE_CLASSID, "none", "none" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows), &numeric);
}

static void names_are_listed_when_asked_for(void **state)
{
	static const struct row rows[] = {
		{ TYPE_INET_SERVICE, "22", "\"ssh\"" },
		{ TYPE_INET_SERVICE, "31337", "31337" },
		{ TYPE_UID, "33", "\"www-data\"" },
		{ TYPE_UID, "12345", "12345" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows), &named);
}

static void a_refusal_says_why(void **state)
{
	static const struct row rows[] = {
		{ TYPE_INET_SERVICE, "65536", "65536 is over 65535, the largest port" },
		{ TYPE_INET_SERVICE, "99999999999999999999999999999999999999999999",
		  "99999999999999999999999999999999999999999999 is over 65535, the largest port" },
		{ TYPE_INET_SERVICE, "htpp",
		  "no service is called `htpp`; did you mean `http`?" },
		{ TYPE_INET_SERVICE, "1000:2000", "port ranges are written with `-`" },
		{ TYPE_INET_SERVICE, "-1", "-1 is negative: numbers start at 0" },
		{ TYPE_INET_SERVICE, "09",
		  "`09` is no number: a leading 0 means octal, with digits up to 7" },
		{ TYPE_INET_SERVICE, "0x", "no service is called `0x`" },
		{ TYPE_ICMP_TYPE, "256", "256 is over 255, the largest ICMP type" },
		{ TYPE_ICMP_TYPE, "echo-requst",
		  "`echo-requst` is not an ICMP type; did you mean `echo-request`?" },
		{ TYPE_DSCP, "64", "64 is over 63, the largest DSCP value" },
		{ TYPE_CT_STATE, "establised",
		  "`establised` is not a connection state; did you mean `established`?" },
		{ TYPE_CT_STATE, "open",
		  "`open` is not a connection state (invalid, new, established, related, "
		  "untracked)" },
		{ TYPE_ICMP_TYPE, "ping",
		  "`ping` is not an ICMP type; did you mean `echo-request`?" },
		{ TYPE_CT_LABEL, "128", "128 is over 127, the largest connection label" },
		{ TYPE_BOOLEAN, "2", "`2` is not `exists` or `missing`" },
		{ TYPE_IFACE_INDEX, "eth9", "there is no interface `eth9` now" },
		{ TYPE_IFNAME, "abcdefghijklmnop",
		  "`abcdefghijklmnop` is too long: an interface name has at most 15 bytes" },
		{ TYPE_UID, "nobody?", "there is no user `nobody?`" },
		{ TYPE_MARK, "wrong", "`wrong` is not a mark" },
		{ TYPE_TIME_DAY, "7", "7 is over 6, the largest day of the week" },
		{ TYPE_TIME_DAY, "monday",
		  "`monday` is not a day of the week; did you mean `Monday`?" },
		{ TYPE_TIME, "1s2d",
		  "`1s2d` is not a time: it is written like 1d2h3m4s5ms, "
		  "or as a number of seconds" },
		{ TYPE_TIME_HOUR, "86400",
		  "86400 is over 86399, the last second of a day" },
		{ TYPE_CGROUPV2, "nowhere", "there is no control group `nowhere` now" },
		{ TYPE_ETHER_ADDR, "1:2:3:4:5",
		  "`1:2:3:4:5` is not an Ethernet address: it has 5 bytes in place of 6" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows), &plain);
}

static void a_span_that_does_not_fit_is_refused(void **state)
{
	auto_arena a = { 0 };
	struct value v;
	struct str why = { 0 };

	(void)state;
	assert_int_equal(datatype_parse(datatypes[TYPE_TIME], NULL, STR("3000000000s"),
	                                32, &a, &v, &why),
	                 -EINVAL);
	assert_str(why, "3000000000s is over 49d17h2m47s295ms, the longest time");
	assert_int_equal(datatype_parse(datatypes[TYPE_TIME], NULL,
	                                STR("99999999999999999999d"), 64, &a, &v, &why),
	                 -EINVAL);
}

static void addresses_are_read_and_listed(void **state)
{
	static const struct row rows[] = {
		{ TYPE_IPV4_ADDR, "0.0.0.0", "0.0.0.0" },
		{ TYPE_IPV4_ADDR, "255.255.255.255", "255.255.255.255" },
		{ TYPE_IPV4_ADDR, "192.168.001.001", "192.168.1.1" },
		{ TYPE_IPV4_ADDR, "0x01020304", "1.2.3.4" },
		{ TYPE_IPV4_ADDR, "127", "0.0.0.127" },
		{ TYPE_IPV6_ADDR, "::1", "::1" },
		{ TYPE_IPV6_ADDR, "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ TYPE_IPV6_ADDR, "::FFFF:1.2.3.4", "::ffff:1.2.3.4" },
		{ TYPE_IPV4_ADDR, "10.0.0.300",
		  "`10.0.0.300` is not an IPv4 address: 300 is over 255" },
		{ TYPE_IPV4_ADDR, "10.0.0",
		  "`10.0.0` is not an IPv4 address: it has less than four numbers" },
		{ TYPE_IPV4_ADDR, "10.0.0.0.1",
		  "`10.0.0.0.1` is not an IPv4 address: it has more than four numbers" },
		{ TYPE_IPV4_ADDR, "10..0.1",
		  "`10..0.1` is not an IPv4 address: a number is missing at a dot" },
		{ TYPE_IPV4_ADDR, "10.0.0.010",
		  "`10.0.0.010` is not an IPv4 address: 010 with "
		  "its leading 0 could be octal" },
		{ TYPE_IPV4_ADDR, "::1",
		  "`::1` is not an IPv4 address: colons are for IPv6" },
		{ TYPE_IPV6_ADDR, "1.2.3.4",
		  "`1.2.3.4` is not an IPv6 address, but IPv4's kind" },
		{ TYPE_IPV6_ADDR, "1::2::3",
		  "`1::2::3` is not an IPv6 address: `::` can stand there only once" },
		{ TYPE_IPV6_ADDR, "1:2:3",
		  "`1:2:3` is not an IPv6 address: it has less than eight groups and no `::`" },
		{ TYPE_IPV6_ADDR, "1:2:3:4:5:6:7:8:9",
		  "`1:2:3:4:5:6:7:8:9` is not an IPv6 address: it has more than eight groups" },
		{ TYPE_IPV6_ADDR, "::12345",
		  "`::12345` is not an IPv6 address: `12345` has over four digits" },
		{ TYPE_IPV6_ADDR, "::xyz",
		  "`::xyz` is not an IPv6 address: `xyz` is not hexadecimal" },
		{ TYPE_IPV6_ADDR, "fe80::1%lo",
		  "`fe80::1%lo` is not an IPv6 address: an "
		  "interface has no place in it (match `iif`)" },
		{ TYPE_IPV6_ADDR, "::1.2.3.300",
		  "`::1.2.3.300` is not an IPv6 address: the "
		  "IPv4 address at its end is wrong" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows), &plain);
}

static void only_host_names_are_sent_to_the_resolver(void **state)
{
	static const struct {
		enum type_id type;
		const char *word;
		int result, asked;
	} rows[] = {
		{ TYPE_IPV4_ADDR, "10.0.0.300", -EINVAL, 0 },
		{ TYPE_IPV4_ADDR, "1.2.3", -EINVAL, 0 },
		{ TYPE_IPV4_ADDR, "a::b", -EINVAL, 0 },
		{ TYPE_IPV4_ADDR, "4294967296", -EINVAL, 0 },
		{ TYPE_IPV6_ADDR, "10.0.0.1", -EINVAL, 0 },
		{ TYPE_IPV6_ADDR, "bad::g", -EINVAL, 0 },
		{ TYPE_IPV4_ADDR, "one", 0, 1 },
		{ TYPE_IPV6_ADDR, "one", 0, 1 },
		{ TYPE_IPV4_ADDR, "two", -EMLINK, 1 },
		{ TYPE_IPV4_ADDR, "later", -EINVAL, 1 },
		{ TYPE_IPV4_ADDR, "nowhere.example", -EINVAL, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		int asked = 0;
		struct names names = machine(&asked);
		const struct datatype *t = datatypes[rows[i].type];
		struct value v = { 0 };
		struct str why = { 0 };

		assert_int_equal(datatype_parse(t, &names, str_from(rows[i].word),
		                                t->bits, &a, &v, &why),
		                 rows[i].result);
		assert_int_equal(asked, rows[i].asked);
		assert_int_equal(why.n > 0, rows[i].result < 0);
		if (rows[i].result == 0)
			assert_int_equal(value_to_u64(&v), 0x0a000001);
	}
}

static void without_a_machine_numbers_are_left(void **state)
{
	(void)state;
	for (size_t i = TYPE_INVALID + 1; i < TYPE_COUNT; i++) {
		auto_arena a = { 0 };
		auto_buf out = { 0 };
		const struct datatype *t = datatypes[i];
		struct str why = { 0 };
		struct value v;

		if (i == TYPE_VERDICT || i == TYPE_STRING || i == TYPE_IFNAME)
			continue;
		assert_int_equal(datatype_parse(t, NULL, STR("no such word"), t->bits, &a,
		                                &v, &why),
		                 -EINVAL);
		assert_true(why.n > 0);
		assert_int_equal(datatype_parse(t, NULL, STR("1"), t->bits, &a, &v, &why),
		                 0);
		datatype_print(t, NULL, &named, &v, &out);
		assert_true(out.n > 0);
	}
}

static void times_of_day_and_dates_are_local(void **state)
{
	static const struct {
		const char *zone, *word;
		enum type_id type;
		uint64_t value; /* seconds, or nanoseconds of a date */
		const char *text;
	} rows[] = {
		{ "UTC", "00:30", TYPE_TIME_HOUR, 1800, "\"00:30\"" },
		{ "XST-1", "00:30", TYPE_TIME_HOUR, 84600, "\"00:30\"" },
		{ "XST-1", "12", TYPE_TIME_HOUR, 12, "\"01:00:12\"" },
		{ "XST5", "23:00:01", TYPE_TIME_HOUR, 14401, "\"23:00:01\"" },
		{ "UTC", "2023-01-01 12:00", TYPE_TIME_DATE, 1672574400000000000,
		  "\"2023-01-01 12:00:00\"" },
		{ "XST-2", "2023-06-01 12:00:00", TYPE_TIME_DATE, 1685613600000000000,
		  "\"2023-06-01 12:00:00\"" },
		{ "XST-2", "1685613600", TYPE_TIME_DATE, 1685613600000000000,
		  "\"2023-06-01 12:00:00\"" },
		{ "UTC", "2023-1-2", TYPE_TIME_DATE, 1672617600000000000,
		  "\"2023-01-02 00:00:00\"" },
	};
	static const char *const wrong[] = { "2023-02-31",    "1960-01-01",
		                             "2023-01-01 12", "2023-01-01 12:00:00 x",
		                             "now",           "99999999999" };
	auto_arena a = { 0 };
	struct str why = { 0 };
	struct value v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = { 0 };
		const struct datatype *t = datatypes[rows[i].type];

		setenv("TZ", rows[i].zone, 1);
		tzset();
		assert_int_equal(
			datatype_parse(t, NULL, str_from(rows[i].word), 64, &a, &v, &why),
			0);
		assert_true(value_to_u64(&v) == rows[i].value);
		datatype_print(t, NULL, &plain, &v, &out);
		assert_str(buf_as_str(&out), rows[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(datatype_parse(datatypes[TYPE_TIME_DATE], NULL,
		                                str_from(wrong[i]), 64, &a, &v, &why),
		                 -EINVAL);
}

/* What is listed is read back as the same value, for each number of the small types. */
static void listings_are_read_back(void **state)
{
	(void)state;
	for (size_t i = TYPE_INVALID + 1; i < TYPE_COUNT; i++) {
		const struct datatype *t = datatypes[i];

		if (t->bits == 0 || t->bits > 16 || i == TYPE_TIME_DAY)
			continue;
		for (unsigned n = 0; n < 1u << t->bits; n++) {
			auto_arena a = { 0 };
			auto_buf out = { 0 };
			struct str why = { 0 };
			struct value v, back;

			value_from_u64(&v, n, t->bits);
			if (t->base == TYPE_BITMASK && (n & (n - 1)))
				continue; /* a list of words */
			datatype_print(t, NULL, &plain, &v, &out);
			assert_int_equal(datatype_parse(t, NULL, buf_as_str(&out),
			                                t->bits, &a, &back, &why),
			                 0);
			assert_int_equal(value_cmp(&v, &back), 0);
		}
	}
}

static void numbers_of_more_than_64_bits(void **state)
{
	static const struct {
		const char *word, *text;
	} rows[] = {
		{ "340282366920938463463374607431768211455",
		  "340282366920938463463374607431768211455" },
		{ "0xffffffffffffffffffffffffffffffff",
		  "340282366920938463463374607431768211455" },
		{ "18446744073709551616", "18446744073709551616" },
		{ "0", "0" },
	};
	auto_arena a = { 0 };
	struct str why = { 0 };
	struct value v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = { 0 };

		assert_int_equal(datatype_parse(datatypes[TYPE_INTEGER], NULL,
		                                str_from(rows[i].word), 128, &a, &v,
		                                &why),
		                 0);
		datatype_print(datatypes[TYPE_INTEGER], NULL, &plain, &v, &out);
		assert_str(buf_as_str(&out), rows[i].text);
	}
	assert_int_equal(datatype_parse(datatypes[TYPE_INTEGER], NULL,
	                                STR("340282366920938463463374607431768211456"),
	                                128, &a, &v, &why),
	                 -EINVAL);
	assert_str(why,
	           "340282366920938463463374607431768211456 does not fit into 128 bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(the_table_is_in_the_order_of_its_numbers),
		UNIT(values_are_listed_as_nft_lists_them),
		UNIT(numbers_are_listed_when_asked_for),
		UNIT(names_are_listed_when_asked_for),
		UNIT(a_refusal_says_why),
		UNIT(a_span_that_does_not_fit_is_refused),
		UNIT(addresses_are_read_and_listed),
		UNIT(only_host_names_are_sent_to_the_resolver),
		UNIT(without_a_machine_numbers_are_left),
		UNIT(times_of_day_and_dates_are_local),
		UNIT(listings_are_read_back),
		UNIT(numbers_of_more_than_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

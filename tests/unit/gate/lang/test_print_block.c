/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Heads of chains and sets, elements, objects and flow tables to text, as nft 1.0.6 lists them.
 */
#include "unit.h"

#include <linux/netfilter/nf_tables.h>

#include "gate/lang/print.h"

static const struct format plain = { 0 };

static const struct datatype *type(const char *name)
{
	const struct datatype *t = datatype_by_name(str_from(name));

	assert_non_null(t);
	return t;
}

static void a_chain_head_has_comment_and_type_line(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr lo = { .kind = EXPR_STRING, .word = STR("lo") };
	struct chain_block c = {
		.ref.name = STR("in"),
		.is_base = true,
		.type = STR("filter"),
		.policy = STR("drop"),
		.comment = STR("yy"),
	};
	struct chain_block plain_chain = { .ref.name = STR("ch") };

	(void)state;
	print_chain_head(&p, &c, FAMILY_INET, 1, 5, true, 0);
	assert_str(buf_as_str(&out),
	           "\tchain in {\n\t\tcomment \"yy\"\n"
	           "\t\ttype filter hook input priority filter + 5; policy drop;\n");
	buf_reset(&out);
	print_chain_head(&p, &plain_chain, FAMILY_INET, 0, 0, true, 7);
	assert_str(buf_as_str(&out), "\tchain ch { # handle 7\n");
	buf_reset(&out);
	c.devices = &lo;
	c.policy = c.comment = (struct str){ 0 };
	print_chain_head(&p, &c, FAMILY_NETDEV, 0, -500, true, 0);
	assert_str(
		buf_as_str(&out),
		"\tchain in {\n\t\ttype filter hook ingress device \"lo\" priority -500; "
		"policy accept;\n");
}

static void a_set_head_has_its_lines_in_nfts_order(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct stmt counter = { .kind = STMT_COUNTER };
	struct stmt *stmts[] = { &counter };
	struct set_block s = {
		.ref.name = STR("a"),
		.key_types = { type("ipv4_addr") },
		.n_key_types = 1,
		.flags = NFT_SET_TIMEOUT | NFT_SET_INTERVAL,
		.has_timeout = true,
		.timeout_ms = 3600000,
		.has_gc = true,
		.gc_interval_ms = 3000,
		.has_size = true,
		.size = 5,
		.has_policy = true,
		.policy = NFT_SET_POL_MEMORY,
		.auto_merge = true,
		.stmts = { stmts, 1, 1 },
		.comment = STR("cm"),
	};

	(void)state;
	print_set_head(&p, &s, 0);
	assert_str(buf_as_str(&out),
	           "\tset a {\n\t\ttype ipv4_addr\n\t\tpolicy memory\n\t\tsize 5\n"
	           "\t\tflags interval,timeout\n\t\tcounter\n\t\tauto-merge\n"
	           "\t\ttimeout 1h\n\t\tgc-interval 3s\n\t\tcomment \"cm\"\n");
	buf_reset(&out);
	s = (struct set_block){
		.ref.name = STR("m"),
		.is_map = true,
		.key_types = { type("inet_service"), type("mark") },
		.n_key_types = 2,
		.data_types = { type("ipv4_addr") },
		.n_data_types = 1,
		.data_interval = true,
		.flags = NFT_SET_TIMEOUT,
		.has_timeout = true,
		.timeout_ms = 30000,
	};
	print_set_head(&p, &s, 9);
	assert_str(
		buf_as_str(&out),
		"\tmap m { # handle 9\n\t\ttype inet_service . mark : interval ipv4_addr\n"
		"\t\ttimeout 30s\n");
}

static void check_elements(const char *key, size_t n, const char *listing)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr word = { .kind = EXPR_SYMBOL, .word = STR("x") };
	struct expr elem = { .kind = EXPR_ELEM, .elem.key = &word };
	struct elems_printer ep;

	elems_begin(&ep, &p, key ? type(key) : NULL);
	while (n--)
		elems_put(&ep, &elem);
	elems_end(&ep);
	assert_str(buf_as_str(&out), listing);
}

static void elements_break_lines_by_the_keys_type(void **state)
{
	(void)state;
	check_elements("ipv4_addr", 0, "");
	check_elements("ipv4_addr", 3, "\t\telements = { x, x,\n\t\t\t     x }\n");
	check_elements("inet_service", 6,
	               "\t\telements = { x, x, x, x, x,\n\t\t\t     x }\n");
	check_elements("ipv6_addr", 2, "\t\telements = { x,\n\t\t\t     x }\n");
	check_elements(NULL, 2, "\t\telements = { x,\n\t\t\t     x }\n");
}

static void objects_print_whole(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct stmt counter = { .kind = STMT_COUNTER, .counter = { 5, 6 } };
	struct expr tcp = { .kind = EXPR_SYMBOL, .word = STR("tcp") };
	struct obj_block o = {
		.ref = { .family = FAMILY_INET, .name = STR("c1") },
		.type = NFT_OBJECT_COUNTER,
		.stmt = &counter,
		.comment = STR("cm"),
	};

	(void)state;
	print_obj(&p, &o, 0);
	assert_str(buf_as_str(&out),
	           "\tcounter c1 {\n\t\tcomment \"cm\"\n\t\tpackets 5 bytes 6\n\t}\n");
	buf_reset(&out);
	o = (struct obj_block){
		.ref = { .family = FAMILY_INET, .name = STR("h") },
		.type = NFT_OBJECT_CT_HELPER,
		.helper = STR("ftp"),
		.l4proto = &tcp,
	};
	print_obj(&p, &o, 4);
	assert_str(buf_as_str(&out),
	           "\tct helper h { # handle 4\n\t\ttype \"ftp\" protocol tcp\n"
	           "\t\tl3proto inet\n\t}\n");
	buf_reset(&out);
	o = (struct obj_block){
		.ref = { .family = FAMILY_INET, .name = STR("t") },
		.type = NFT_OBJECT_CT_TIMEOUT,
		.l4proto = &tcp,
		.l3proto = FAMILY_IP,
		.n_policy = 2,
		.policy = { { .state = STR("established"), .seconds = 120 },
		            { .state = STR("close"), .seconds = 20 } },
	};
	print_obj(&p, &o, 0);
	assert_str(buf_as_str(&out),
	           "\tct timeout t {\n\t\tprotocol tcp\n\t\tl3proto ip\n"
	           "\t\tpolicy = { established : 120, close : 20 }\n\t}\n");
}

static void a_flow_table_prints_whole(void **state)
{
	auto_buf out = { 0 };
	struct printer p = { .out = &out, .fmt = &plain };
	struct expr filter = { .kind = EXPR_SYMBOL, .word = STR("filter") };
	struct expr eth0 = { .kind = EXPR_STRING, .word = STR("eth0") };
	struct flowtable_block f = {
		.ref.name = STR("ft"),
		.hook = STR("ingress"),
		.priority = &filter,
		.priority_offset = 5,
		.devices = &eth0,
		.counter = true,
	};

	(void)state;
	print_flowtable(&p, &f, 0);
	assert_str(buf_as_str(&out),
	           "\tflowtable ft {\n\t\thook ingress priority filter + 5\n"
	           "\t\tdevices = { eth0 }\n\t\tcounter\n\t}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_chain_head_has_comment_and_type_line),
		UNIT(a_set_head_has_its_lines_in_nfts_order),
		UNIT(elements_break_lines_by_the_keys_type),
		UNIT(objects_print_whole),
		UNIT(a_flow_table_prints_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Keys of meta, ct, rt, socket, fib, osf and ipsec, and the words of statements.
 * tests/differential/test_schema.py compares their numbers and byte orders with nft. */
#include "unit.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>

#include "gate/schema/schema.h"

static const struct key *const tables[] = { meta_keys,   ct_keys,  rt_keys,   socket_keys,
	                                    fib_results, osf_keys, ipsec_keys };

static void rows_of_keys_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		for (const struct key *k = tables[i]; k->name; k++) {
			const struct datatype *t = datatypes[k->type];
			bool is_text =
				t && (t->id == TYPE_STRING || t->base == TYPE_STRING);

			if (key_by_number(tables[i], k->number) != k)
				fail_msg("%s: its number stands there twice", k->name);
			if (k->alias)
				assert_ptr_equal(
					key_by_name(tables[i], str_from(k->alias)), k);
			if (is_text != (k->order == ORDER_NONE))
				fail_msg("%s: only texts have no byte order", k->name);
			if (!t && !(k->flags & KEY_DIR_NEEDED))
				fail_msg("%s: no type", k->name);
			if ((k->flags & KEY_LIST_BARE) && !(k->flags & KEY_BARE))
				fail_msg("%s: listed in a way that is not read", k->name);
		}
	}
}

static void keys_are_found_by_name_and_number(void **state)
{
	(void)state;
	assert_int_equal(key_by_name(meta_keys, STR("iifname"))->number,
	                 NFT_META_IIFNAME);
	assert_int_equal(key_by_name(meta_keys, STR("ibriport"))->number,
	                 NFT_META_BRI_IIFNAME);
	assert_string_equal(key_by_name(meta_keys, STR("secpath"))->name, "ipsec");
	assert_string_equal(key_by_number(ct_keys, NFT_CT_ID)->name, "id");
	assert_int_equal(key_by_name(rt_keys, STR("nexthop"))->number, NFT_RT_NEXTHOP4);
	assert_int_equal(key_by_number(rt_keys, NFT_RT_NEXTHOP6)->bits, 128);
	assert_null(key_by_name(meta_keys, STR("iifnam")));
	assert_null(key_by_name(ct_keys, STR("")));
	assert_null(key_by_number(ct_keys, NFT_CT_SRC_IP));
}

static void what_can_be_set_is_marked(void **state)
{
	static const char *const meta[] = { "priority", "mark",   "nftrace", "secmark",
		                            "pkttype",  "broute", NULL };
	static const char *const ct[] = { "mark", "secmark", "label",
		                          "zone", "event",   NULL };
	const struct {
		const struct key *table;
		const char *const *names;
	} rows[] = { { meta_keys, meta }, { ct_keys, ct } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = 0, wanted = 0;

		for (const struct key *k = rows[i].table; k->name; k++)
			n += (k->flags & KEY_SET) != 0;
		for (; rows[i].names[wanted]; wanted++)
			assert_true(key_by_name(rows[i].table,
			                        str_from(rows[i].names[wanted]))
			                    ->flags &
			            KEY_SET);
		assert_int_equal(n, wanted);
	}
}

static void symbols_are_found_by_name_and_number(void **state)
{
	(void)state;
	assert_int_equal(symbol_by_name(log_levels, STR("warn"))->value,
	                 NFT_LOGLEVEL_WARNING);
	assert_string_equal(symbol_name(log_levels, NFT_LOGLEVEL_AUDIT), "audit");
	assert_null(symbol_by_name(log_levels, STR("warning")));
	assert_null(symbol_name(log_levels, 9));
	assert_null(symbol_by_name(NULL, STR("x")));
	assert_null(symbol_name(NULL, 0));
	assert_int_equal(
		symbol_by_name(reject_icmp_codes, STR("admin-prohibited"))->value, 13);
	assert_int_equal(
		symbol_by_name(reject_icmpv6_codes, STR("admin-prohibited"))->value, 1);
	assert_int_equal(
		symbol_by_name(reject_icmpx_codes, STR("admin-prohibited"))->value, 3);
}

static void timeouts_count_from_the_first_attribute(void **state)
{
	(void)state;
	assert_int_equal(symbol_by_name(ct_timeout_tcp, STR("syn_sent"))->value, 0);
	assert_int_equal(symbol_by_name(ct_timeout_tcp, STR("unack"))->value,
	                 CTA_TIMEOUT_TCP_UNACK - 1);
	assert_int_equal(symbol_by_name(ct_timeout_udp, STR("replied"))->value, 1);
	assert_string_equal(symbol_name(ct_timeout_sctp, 3), "established");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(rows_of_keys_are_sound),
		UNIT(keys_are_found_by_name_and_number),
		UNIT(what_can_be_set_is_marked),
		UNIT(symbols_are_found_by_name_and_number),
		UNIT(timeouts_count_from_the_first_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

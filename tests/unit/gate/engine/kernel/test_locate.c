/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From an offset in a message to the piece that was refused. */
#include "unit.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/tx.h"

struct built {
	struct kernel k;
	struct tx *tx;
	struct arena a;
	struct tx_error err;
};

static void begin(struct built *b)
{
	*b = (struct built){ 0 };
	assert_int_equal(kernel_tx_begin(&b->k.engine, 0, &b->tx), 0);
}

static void finish(struct built *b)
{
	kernel_tx_abort(b->tx);
	arena_fini(&b->a);
}

/* Looks at the last message, where `bytes` stand in it. */
static void locate_bytes(struct built *b, const void *bytes, size_t n, uint32_t first)
{
	const uint8_t *msg = (const uint8_t *)b->tx->w.buf.p + b->tx->last;
	size_t len = b->tx->w.buf.n - b->tx->last;
	const uint8_t *at = memmem(msg, len, bytes, n);

	assert_non_null(at);
	tx_locate(msg, len, (uint32_t)(at - msg), first, &b->a, &b->err);
}

static void locate_text(struct built *b, const char *text)
{
	locate_bytes(b, text, strlen(text), 0);
}

static void names_of_a_rule_are_told_apart(void **state)
{
	struct prog_rule r = { .table = STR("the table"),
		               .chain = STR("the chain"),
		               .handle = 0x1234567890abcdef };
	static const uint8_t handle[] = {
		0x12, 0x34, 0x56, 0x78, 0x90, 0xab, 0xcd, 0xef
	};
	struct built b;

	(void)state;
	begin(&b);
	kernel_tx_rule(b.tx, TX_REPLACE, &r, 1);
	locate_text(&b, "the table");
	assert_int_equal(b.err.part, PART_TABLE);
	locate_text(&b, "the chain");
	assert_int_equal(b.err.part, PART_CHAIN);
	locate_bytes(&b, handle, sizeof(handle), 0);
	assert_int_equal(b.err.part, PART_HANDLE);
	finish(&b);
}

static void an_expression_is_numbered(void **state)
{
	struct prog_rule r = { .table = STR("t"), .chain = STR("c") };
	struct built b;

	(void)state;
	begin(&b);
	for (size_t i = 0; i < 5; i++)
		program_add(&r.prog, &b.a, INSN_COUNTER)->counter.bytes = 1;
	program_add(&r.prog, &b.a, INSN_FOREIGN)->foreign.name = STR("strange");
	program_add(&r.prog, &b.a, INSN_NOTRACK);
	kernel_tx_rule(b.tx, TX_ADD, &r, 1);
	b.err.err = ENOENT;
	locate_text(&b, "strange");
	assert_int_equal(b.err.part, PART_INSN);
	assert_int_equal(b.err.index, 5);
	assert_str(b.err.missing, "strange");
	locate_text(&b, "notrack");
	assert_int_equal(b.err.index, 6);
	finish(&b);
}

static void a_chains_hook_is_taken_apart(void **state)
{
	const struct str devs[] = { STR("dev-one"), STR("dev-two"), STR("dev-three") };
	struct prog_chain c = { .table = STR("t"),
		                .name = STR("the name"),
		                .is_base = true,
		                .hook = 0x01020304,
		                .priority = 0x05060708,
		                .type = STR("the type"),
		                .devs = devs,
		                .n_devs = 3,
		                .has_policy = true,
		                .policy = 0x0a0b0c0d };
	static const struct {
		const char *bytes;
		enum tx_part part;
		uint32_t index;
	} rows[] = {
		{ "the name", PART_NAME, 0 },
		{ "the type", PART_TYPE, 0 },
		{ "\1\2\3\4", PART_HOOK, 0 },
		{ "\5\6\7\x08", PART_PRIORITY, 0 },
		{ "\x0a\x0b\x0c\x0d", PART_POLICY, 0 },
		{ "dev-one", PART_DEV, 0 },
		{ "dev-two", PART_DEV, 1 },
		{ "dev-three", PART_DEV, 2 },
	};
	struct built b;

	(void)state;
	begin(&b);
	kernel_tx_chain(b.tx, TX_ADD, &c, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		b.err = (struct tx_error){ 0 };
		locate_text(&b, rows[i].bytes);
		assert_int_equal(b.err.part, rows[i].part);
		assert_int_equal(b.err.index, rows[i].index);
	}
	finish(&b);
}

static void an_element_is_numbered_from_the_messages_first(void **state)
{
	struct prog_set s = { .table = STR("t"), .name = STR("the set"), .id = 1 };
	struct prog_elem e = { .has_key = true, .key = { .n = 4 } };
	struct built b;
	uint32_t first, tag;

	(void)state;
	begin(&b);
	kernel_tx_elems_begin(b.tx, TX_ADD, &s, 1);
	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(e.key.b, &i, sizeof(i));
		kernel_tx_elem(b.tx, &e);
	}
	kernel_tx_elems_end(b.tx);
	assert_int_equal(b.tx->n_messages, 2);
	tx_find(b.tx, 1, &tag, &first);
	assert_int_equal(tag, 1);
	assert_true(first > 4000 && first < 4200);
	locate_text(&b, "the set");
	assert_int_equal(b.err.part, PART_SET);
	e.key.n = 4;
	uint32_t wanted = 4999;
	locate_bytes(&b, &wanted, sizeof(wanted), first);
	assert_int_equal(b.err.part, PART_ELEM);
	assert_int_equal(b.err.index, 4999);
	finish(&b);
}

static void an_offset_outside_says_nothing(void **state)
{
	struct prog_table t = { .name = STR("t") };
	static const uint32_t offs[] = { 0, 16, 20 + 64, UINT32_MAX };
	struct built b;

	(void)state;
	begin(&b);
	kernel_tx_table(b.tx, TX_ADD, &t, 1);
	for (size_t i = 0; i < ARRAY_LEN(offs); i++) {
		tx_locate((const uint8_t *)b.tx->w.buf.p + b.tx->last,
		          b.tx->w.buf.n - b.tx->last, offs[i], 0, &b.a, &b.err);
		assert_int_equal(b.err.part, PART_NONE);
	}
	finish(&b);
}

static void each_message_has_its_tag(void **state)
{
	/* As in a file: a table, two rules of one block, another table, three rules. */
	static const uint32_t tags[] = { 1, 5, 6, 3, 100, 101, 102 };
	struct prog_table t = { .name = STR("t") };
	struct built b;

	(void)state;
	begin(&b);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		kernel_tx_table(b.tx, TX_ADD, &t, tags[i]);
	assert_int_equal(b.tx->n_messages, ARRAY_LEN(tags));
	for (uint32_t i = 0; i < ARRAY_LEN(tags); i++) {
		uint32_t tag, first;

		tx_find(b.tx, i, &tag, &first);
		assert_int_equal(tag, tags[i]);
		assert_int_equal(first, 0);
	}
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(names_of_a_rule_are_told_apart),
		UNIT(an_expression_is_numbered),
		UNIT(a_chains_hook_is_taken_apart),
		UNIT(an_element_is_numbered_from_the_messages_first),
		UNIT(each_message_has_its_tag),
		UNIT(an_offset_outside_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

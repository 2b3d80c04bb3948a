/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The engine in memory by itself: all or nothing, what is copied, which part an error names. */
#include "gate/engine/engine.h"
#include "unit.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum { INET = 1, TAG_TABLE = 1, TAG_CHAIN, TAG_SET, TAG_ELEMS, TAG_RULE };

struct world {
	struct engine *e;
	struct arena a;
	struct tx_error *errors;
	size_t n_errors;
};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->e = engine_memory_new();
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	w->e->ops->close(w->e);
	arena_fini(&w->a);
	free(w);
	return 0;
}

static struct tx *begin(struct world *w)
{
	struct tx *tx;

	assert_int_equal(w->e->ops->tx_begin(w->e, 0, &tx), 0);
	return tx;
}

static int commit(struct world *w, struct tx *tx, bool check)
{
	w->errors = NULL;
	w->n_errors = 0;
	return w->e->ops->tx_commit(tx, check, &w->a, &w->errors, &w->n_errors, NULL,
	                            NULL);
}

static void put_table(struct world *w, struct tx *tx)
{
	char name[] = "t"; /* gone after the call, as a parser's memory is */
	struct prog_table t = { .family = INET, .name = { name, 1 } };

	w->e->ops->tx_table(tx, TX_ADD, &t, TAG_TABLE);
	name[0] = '?';
}

static struct prog_set interval_set(void)
{
	return (struct prog_set){ .family = INET,
		                  .table = STR("t"),
		                  .name = STR("s"),
		                  .flags = NFT_SET_INTERVAL,
		                  .key_len = 1 };
}

/* An interval of one-byte keys as the wire has it: where it starts, and where it has ended. */
static void put_interval(struct world *w, struct tx *tx, uint8_t from, uint8_t end)
{
	struct prog_elem e = { .has_key = true, .key = { 1, { from } } };

	w->e->ops->tx_elem(tx, &e);
	e.key.b[0] = end;
	e.flags = NFT_SET_ELEM_INTERVAL_END;
	w->e->ops->tx_elem(tx, &e);
}

static int add_interval(struct world *w, enum tx_op op, uint8_t from, uint8_t end)
{
	struct prog_set s = interval_set();
	struct tx *tx = begin(w);

	w->e->ops->tx_elems_begin(tx, op, &s, TAG_ELEMS);
	put_interval(w, tx, from, end);
	w->e->ops->tx_elems_end(tx);
	return commit(w, tx, false);
}

static void load(struct world *w)
{
	struct prog_set s = interval_set();
	struct tx *tx = begin(w);

	put_table(w, tx);
	w->e->ops->tx_set(tx, TX_ADD, &s, TAG_SET);
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(add_interval(w, TX_ADD, 10, 20), 0);
}

static int count_table(void *ctx, const struct prog_table *t)
{
	assert_true(str_is(t->name, "t"));
	++*(size_t *)ctx;
	return 0;
}

static size_t tables(struct world *w)
{
	static const struct dump_ops ops = { .table = count_table };
	struct dump_filter all = { 0 };
	size_t n = 0;

	assert_int_equal(w->e->ops->dump(w->e, DUMP_TABLES, &all, &ops, NULL, &n), 0);
	return n;
}

static void a_check_changes_nothing(void **state)
{
	struct world *w = *state;
	struct tx *tx = begin(w);

	put_table(w, tx);
	assert_int_equal(commit(w, tx, true), 0);
	assert_int_equal(tables(w), 0);
	tx = begin(w);
	put_table(w, tx);
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(tables(w), 1);
}

static void one_failure_undoes_all_and_every_failure_is_named(void **state)
{
	struct world *w = *state;
	struct tx *tx = begin(w);
	struct prog_chain c = { .family = INET, .table = STR("x"), .name = STR("c") };
	struct prog_rule r = { .family = INET, .table = STR("t"), .chain = STR("c") };

	put_table(w, tx);
	w->e->ops->tx_chain(tx, TX_ADD, &c, TAG_CHAIN);
	w->e->ops->tx_rule(tx, TX_ADD, &r, TAG_RULE);
	assert_int_equal(commit(w, tx, false), -ENOENT);
	assert_int_equal(w->n_errors, 2);
	assert_int_equal(w->errors[0].tag, TAG_CHAIN);
	assert_int_equal(w->errors[0].part, PART_TABLE);
	assert_int_equal(w->errors[1].tag, TAG_RULE);
	assert_int_equal(w->errors[1].part, PART_CHAIN);
	assert_int_equal(tables(w), 0);
}

static void intervals_may_touch_and_not_overlap(void **state)
{
	static const struct {
		uint8_t from, end;
		int result;
	} cases[] = {
		{ 10, 20, 0 },       { 20, 30, 0 },       { 5, 10, 0 },
		{ 10, 19, -EEXIST }, { 11, 20, -EEXIST }, { 12, 13, -EEXIST },
		{ 9, 11, -EEXIST },  { 19, 21, -EEXIST }, { 1, 200, -EEXIST },
		{ 40, 50, 0 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tx *tx = begin(w);
		struct prog_table t = { .family = 0 };

		w->e->ops->tx_table(tx, TX_DELETE, &t, TAG_TABLE);
		assert_int_equal(commit(w, tx, false), 0);
		load(w);
		assert_int_equal(add_interval(w, TX_ADD, cases[i].from, cases[i].end),
		                 cases[i].result);
		if (cases[i].result < 0)
			assert_int_equal(w->errors[0].part, PART_ELEM);
	}
}

static void only_a_whole_interval_can_be_deleted(void **state)
{
	struct world *w = *state;

	load(w);
	assert_int_equal(add_interval(w, TX_DELETE, 10, 15), -ENOENT);
	assert_int_equal(add_interval(w, TX_DELETE, 11, 20), -ENOENT);
	assert_int_equal(add_interval(w, TX_DESTROY, 11, 20), 0);
	assert_int_equal(add_interval(w, TX_DELETE, 10, 20), 0);
	assert_int_equal(add_interval(w, TX_DELETE, 10, 20), -ENOENT);
}

struct ends {
	int from, end;
};

static int take_end(void *ctx, const struct prog_elem *e)
{
	struct ends *ends = ctx;

	if (e->flags & NFT_SET_ELEM_INTERVAL_END)
		ends->end = e->key.b[0];
	else
		ends->from = e->key.b[0];
	return 0;
}

static void an_interval_is_found_by_any_of_its_values(void **state)
{
	static const struct dump_ops ops = { .elem = take_end };
	struct world *w = *state;
	struct prog_set s = interval_set();
	struct ends ends = { -1, -1 };
	size_t bad = 0;

	load(w);
	for (unsigned key = 0; key < 256; key++) {
		struct prog_elem ask[2] = { { .has_key = true,
			                      .key = { 1, { (uint8_t)key } } } };
		ask[1] = ask[0];
		ask[1].flags = NFT_SET_ELEM_INTERVAL_END;
		int r = w->e->ops->get_elems(w->e, &s, ask, 2, false, &ops, &ends, &bad);
		assert_int_equal(r, key >= 10 && key < 20 ? 0 : -ENOENT);
	}
	assert_int_equal(ends.from, 10);
	assert_int_equal(ends.end, 20);
}

/* ---- sets ---- */

static int add_flags(void *ctx, const struct prog_set *s)
{
	*(uint32_t *)ctx = *(uint32_t *)ctx << 8 | s->flags;
	return 0;
}

static void only_the_set_named_becomes_dynamic(void **state)
{
	static const struct dump_ops ops = { .set = add_flags };
	struct world *w = *state;
	struct prog_set first = interval_set(), second = first;
	struct dump_filter all = { 0 };
	struct tx *tx = begin(w);
	uint32_t flags = 0;

	first.id = 7;
	first.flags = NFT_SET_TIMEOUT;
	second.id = 8;
	second.name = STR("u");
	put_table(w, tx);
	w->e->ops->tx_set(tx, TX_ADD, &first, TAG_SET);
	w->e->ops->tx_set(tx, TX_ADD, &second, TAG_SET);
	w->e->ops->tx_set_dynamic(tx, 7);
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(w->e->ops->dump(w->e, DUMP_SETS, &all, &ops, NULL, &flags), 0);
	assert_int_equal(flags, (NFT_SET_TIMEOUT | NFT_SET_EVAL) << 8 | NFT_SET_INTERVAL);
}

/* ---- elements ---- */

static int add_elems(struct world *w, const struct prog_set *s, const struct prog_elem *e,
                     size_t n)
{
	struct tx *tx = begin(w);

	w->e->ops->tx_elems_begin(tx, TX_ADD, s, TAG_ELEMS);
	for (size_t i = 0; i < n; i++)
		w->e->ops->tx_elem(tx, &e[i]);
	w->e->ops->tx_elems_end(tx);
	return commit(w, tx, false);
}

static void make_set(struct world *w, const struct prog_set *s)
{
	struct tx *tx = begin(w);

	put_table(w, tx);
	w->e->ops->tx_set(tx, TX_ADD, s, TAG_SET);
	assert_int_equal(commit(w, tx, false), 0);
}

static int keep_bytes(void *ctx, const struct prog_elem *e)
{
	struct buf *out = ctx;

	buf_fmt(out, "%s%u", e->flags & NFT_SET_ELEM_INTERVAL_END ? "-" : " ",
	        e->key.b[0]);
	return 0;
}

static void expect_elems(struct engine *e, const char *text)
{
	static const struct dump_ops ops = { .elem = keep_bytes };
	struct dump_filter all = { 0 };
	auto_buf out = { 0 };

	assert_int_equal(e->ops->dump(e, DUMP_ELEMS, &all, &ops, NULL, &out), 0);
	assert_true(str_is(buf_as_str(&out), text));
}

static struct prog_elem start_of(uint8_t key)
{
	return (struct prog_elem){ .has_key = true, .key = { 1, { key } } };
}

static void in_a_literal_an_interval_ends_where_the_next_begins(void **state)
{
	struct world *w = *state;
	struct prog_set s = interval_set();
	struct prog_elem e[] = { start_of(10), start_of(20), start_of(30) };

	e[2].flags = NFT_SET_ELEM_INTERVAL_END;
	s.flags |= NFT_SET_ANONYMOUS;
	make_set(w, &s);
	assert_int_equal(add_elems(w, &s, e, ARRAY_LEN(e)), 0);
	expect_elems(w->e, " 10-20 20-30");
}

/* Two fields of a byte each: from, to. */
static struct prog_elem ranges(uint8_t a, uint8_t b, uint8_t a_end, uint8_t b_end)
{
	return (struct prog_elem){ .has_key = true,
		                   .has_key_end = true,
		                   .key = { 8, { a, 0, 0, 0, b } },
		                   .key_end = { 8, { a_end, 0, 0, 0, b_end } } };
}

static void of_ranges_the_ends_of_the_new_one_may_not_be_in_another(void **state)
{
	static const uint8_t fields[] = { 1, 1 };
	static const struct {
		uint8_t from[2], to[2];
		int result;
	} cases[] = {
		{ { 5, 5 }, { 5, 5 }, 0 },
		{ { 5, 5 }, { 5, 5 }, 0 },         /* there already */
		{ { 1, 1 }, { 9, 9 }, 0 },         /* around it */
		{ { 9, 9 }, { 12, 12 }, -EEXIST }, /* begins in the last one */
		{ { 0, 0 }, { 2, 2 }, -EEXIST },   /* ends there */
		{ { 10, 1 }, { 12, 9 }, 0 },
	};
	struct world *w = *state;
	struct prog_set s = interval_set();

	s.flags |= NFT_SET_CONCAT;
	s.key_len = 8;
	s.field_len = fields;
	s.n_fields = 2;
	make_set(w, &s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct prog_elem e = ranges(cases[i].from[0], cases[i].from[1],
		                            cases[i].to[0], cases[i].to[1]);
		assert_int_equal(add_elems(w, &s, &e, 1), cases[i].result);
	}
	expect_elems(w->e, " 5 1 10"); /* as they came */
}

/* ---- rules and chains ---- */

static void put_chain(struct world *w, struct tx *tx, struct prog_chain c)
{
	c.family = INET;
	c.table = STR("t");
	w->e->ops->tx_chain(tx, TX_ADD, &c, TAG_CHAIN);
}

static void put_jump(struct world *w, struct tx *tx, struct verdict to)
{
	struct prog_rule r = { .family = INET, .table = STR("t"), .chain = STR("c") };
	auto_arena a = { 0 };
	struct insn *in = program_add(&r.prog, &a, INSN_IMMEDIATE);

	in->dreg = REG_VERDICT;
	in->immediate.verdict = to;
	w->e->ops->tx_rule(tx, TX_ADD, &r, TAG_RULE);
}

static int count_chain(void *ctx, const struct prog_chain *c)
{
	(void)c;
	++*(size_t *)ctx;
	return 0;
}

static size_t chains(struct engine *e)
{
	static const struct dump_ops ops = { .chain = count_chain };
	struct dump_filter all = { 0 };
	size_t n = 0;

	assert_int_equal(e->ops->dump(e, DUMP_CHAINS, &all, &ops, NULL, &n), 0);
	return n;
}

static void a_rule_takes_the_chain_that_was_made_for_it_along(void **state)
{
	struct world *w = *state;
	struct prog_rule all = { .family = INET, .table = STR("t"), .chain = STR("c") };
	struct tx *tx = begin(w);

	put_table(w, tx);
	put_chain(w, tx, (struct prog_chain){ .name = STR("c") });
	put_chain(w, tx, (struct prog_chain){ .id = 7, .flags = NFT_CHAIN_BINDING });
	put_jump(w, tx, (struct verdict){ .code = NFT_JUMP, .chain_id = 7 });
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(chains(w->e), 2);
	tx = begin(w);
	w->e->ops->tx_rule(tx, TX_DELETE, &all, TAG_RULE);
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(chains(w->e), 1);
}

static int expect_jump(void *ctx, const struct prog_rule *r)
{
	assert_true(str_is(r->prog.p[0].immediate.verdict.chain, ctx));
	return 0;
}

static void rules_follow_a_chain_that_is_renamed(void **state)
{
	static const struct dump_ops ops = { .rule = expect_jump };
	struct dump_filter all = { 0 };
	struct world *w = *state;
	struct tx *tx = begin(w);
	char name[] = "y";

	put_table(w, tx);
	put_chain(w, tx, (struct prog_chain){ .name = STR("x") }); /* handle 1 */
	put_chain(w, tx, (struct prog_chain){ .name = STR("c") });
	put_jump(w, tx, (struct verdict){ .code = NFT_JUMP, .chain = STR("x") });
	put_chain(w, tx, (struct prog_chain){ .handle = 1, .new_name = STR("y") });
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(w->e->ops->dump(w->e, DUMP_RULES, &all, &ops, NULL, name), 0);
}

/* ---- taking over ---- */

static int keep_handle(void *ctx, const struct prog_chain *c)
{
	*(uint64_t *)ctx = c->handle;
	return 0;
}

static void what_another_engine_holds_is_taken_over_with_its_handles(void **state)
{
	static const struct dump_ops ops = { .chain = keep_handle };
	struct dump_filter all = { 0 };
	struct world *w = *state;
	struct engine *copy = engine_memory_new();
	struct prog_chain gone = { .family = INET, .table = STR("t"), .name = STR("x") };
	uint64_t handle = 0;

	load(w); /* the set has handle 1 */
	struct tx *tx = begin(w);
	put_chain(w, tx, (struct prog_chain){ .name = STR("x") });
	put_chain(w, tx, (struct prog_chain){ .name = STR("c") });
	w->e->ops->tx_chain(tx, TX_DELETE, &gone, TAG_CHAIN);
	put_jump(w, tx, (struct verdict){ .code = NFT_RETURN });
	assert_int_equal(commit(w, tx, false), 0);
	assert_int_equal(engine_memory_load(copy, w->e), 0);
	expect_elems(copy, " 10-20");
	assert_int_equal(copy->ops->dump(copy, DUMP_CHAINS, &all, &ops, NULL, &handle),
	                 0);
	assert_int_equal(handle, 3);
	copy->ops->close(copy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)
	const struct CMUnitTest tests[] = {
		TEST(only_the_set_named_becomes_dynamic),
		TEST(in_a_literal_an_interval_ends_where_the_next_begins),
		TEST(of_ranges_the_ends_of_the_new_one_may_not_be_in_another),
		TEST(a_rule_takes_the_chain_that_was_made_for_it_along),
		TEST(rules_follow_a_chain_that_is_renamed),
		TEST(what_another_engine_holds_is_taken_over_with_its_handles),
		cmocka_unit_test_setup_teardown(a_check_changes_nothing, make_world,
		                                end_world),
		cmocka_unit_test_setup_teardown(
			one_failure_undoes_all_and_every_failure_is_named, make_world,
			end_world),
		cmocka_unit_test_setup_teardown(intervals_may_touch_and_not_overlap,
		                                make_world, end_world),
		cmocka_unit_test_setup_teardown(only_a_whole_interval_can_be_deleted,
		                                make_world, end_world),
		cmocka_unit_test_setup_teardown(an_interval_is_found_by_any_of_its_values,
		                                make_world, end_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The contract of store.h, for every backend. */
#include <errno.h>

#include "ask.h"

#define HOST STR("example.org")
#define ROSTER                                                                  \
	{                                                                       \
		STR_INIT("example.org"), STR_INIT("juliet"), STR_INIT("roster") \
	}
#define SPOOL                                                                    \
	{                                                                        \
		STR_INIT("example.org"), STR_INIT("juliet"), STR_INIT("offline") \
	}

static const struct store_place roster = ROSTER, spool = SPOOL;
static const struct store_place romeo = { STR_INIT("example.org"), STR_INIT("romeo"),
	                                  STR_INIT("roster") };
static const struct store_place own = { STR_INIT("example.org"),
	                                { 0 },
	                                STR_INIT("roster") };
static const struct store_place elsewhere = { STR_INIT("other.example"),
	                                      STR_INIT("juliet"), STR_INIT("roster") };

static int setup_memory(void **state)
{
	static struct ask a;

	ask_init(&a, false);
	ask_open(&a);
	*state = &a;
	return 0;
}

static int setup_sqlite(void **state)
{
	static struct ask a;

	ask_init(&a, true);
	ask_open(&a);
	*state = &a;
	return 0;
}

static int teardown(void **state)
{
	ask_fini(*state);
	return 0;
}

static void put(struct ask *a, const struct store_place *at, struct str key,
                struct str value)
{
	struct store_tx *tx = tx_begin(a->store);

	tx_put(tx, at, key, value);
	assert_int_equal(ask_commit(a, tx), 0);
}

static void a_value_is_kept_replaced_and_deleted(void **state)
{
	struct ask *a = *state;

	assert_int_equal(ask_get(a, &roster, STR("k")), 0);
	assert_int_equal(a->n, 0);
	put(a, &roster, STR("k"), STR("one"));
	ask_get(a, &roster, STR("k"));
	assert_str(ask_text(a), "k=one");
	put(a, &roster, STR("k"), STR("a longer one"));
	put(a, &roster, STR(""), STR(""));
	ask_list(a, &roster);
	assert_str(ask_text(a), "= k=a longer one");
	struct store_tx *tx = tx_begin(a->store);
	tx_del(tx, &roster, STR("k"));
	tx_del(tx, &roster, STR("never there"));
	assert_int_equal(ask_commit(a, tx), 0);
	ask_list(a, &roster);
	assert_str(ask_text(a), "=");
}

static void keys_and_values_are_bytes(void **state)
{
	struct ask *a = *state;

	put(a, &roster, STR("\0\xff"), STR("\xff\0\n"));
	put(a, &roster, STR("\0"), STR("short"));
	put(a, &roster, STR("\xff"), STR("last"));
	ask_list(a, &roster);
	assert_int_equal(a->n, 3);
	assert_true(str_eq(a->rows[0].key, STR("\0")));
	assert_true(str_eq(a->rows[1].key, STR("\0\xff")));
	assert_true(str_eq(a->rows[1].value, STR("\xff\0\n")));
	assert_true(str_eq(a->rows[2].key, STR("\xff")));
}

static void places_do_not_mix(void **state)
{
	struct ask *a = *state;
	static const struct store_place tricky[] = {
		{ STR_INIT("example.org"), STR_INIT("j"), STR_INIT("ulietroster") },
		{ STR_INIT("example.org"), STR_INIT("julietroster"), { 0 } },
	};

	put(a, &roster, STR("k"), STR("juliet"));
	put(a, &romeo, STR("k"), STR("romeo"));
	put(a, &own, STR("k"), STR("host"));
	put(a, &elsewhere, STR("k"), STR("other"));
	ask_list(a, &roster);
	assert_str(ask_text(a), "k=juliet");
	ask_list(a, &own);
	assert_str(ask_text(a), "k=host");
	for (size_t i = 0; i < ARRAY_LEN(tricky); i++) {
		ask_list(a, &tricky[i]);
		assert_int_equal(a->n, 0);
	}
}

static void a_failed_condition_leaves_everything_as_it_was(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx;

	put(a, &roster, STR("k"), STR("v"));

	tx = tx_begin(a->store);
	tx_put(tx, &roster, STR("new"), STR("x"));
	tx_expect_absent(tx, &roster, STR("k"));
	assert_int_equal(ask_commit(a, tx), -EEXIST);

	tx = tx_begin(a->store);
	tx_append(tx, &spool, 1, STR(""), STR("x"));
	tx_expect_present(tx, &roster, STR("k"));
	tx_expect_present(tx, &roster, STR("none"));
	assert_int_equal(ask_commit(a, tx), -ENOENT);

	tx = tx_begin(a->store);
	tx_put(tx, &roster, STR("k"), STR("w"));
	tx_expect_value(tx, &roster, STR("k"), STR("u"));
	assert_int_equal(ask_commit(a, tx), -ESTALE);

	tx = tx_begin(a->store);
	tx_expect_value(tx, &roster, STR("none"), STR(""));
	assert_int_equal(ask_commit(a, tx), -ESTALE);

	ask_list(a, &roster);
	assert_str(ask_text(a), "k=v");
	assert_int_equal(ask_count(a, &spool, (struct store_range){ 0 }), 0);
}

static void conditions_that_hold_let_the_rest_happen(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx = tx_begin(a->store);

	put(a, &roster, STR("k"), STR("v"));
	tx_put(tx, &roster, STR("k"), STR("w"));
	tx_put(tx, &roster, STR("new"), STR("x"));
	tx_expect_value(tx, &roster, STR("k"), STR("v"));
	tx_expect_absent(tx, &roster, STR("new"));
	assert_int_equal(ask_commit(a, tx), 0);
	ask_list(a, &roster);
	assert_str(ask_text(a), "k=w new=x");
}

static uint64_t append(struct ask *a, int64_t stamp, const char *with, const char *value)
{
	struct store_tx *tx = tx_begin(a->store);
	uint64_t id = tx_append(tx, &spool, stamp, str_from(with), str_from(value));

	assert_int_equal(ask_commit(a, tx), 0);
	return id;
}

/* Five entries, their stamps not in their order. */
static void fill(struct ask *a, uint64_t *ids)
{
	static const struct {
		int64_t stamp;
		const char *with, *value;
	} rows[] = {
		{ 100, "x@a", "A" }, { 300, "y@a", "B" }, { 200, "x@a", "C" },
		{ 400, "", "D" },    { 500, "x@a", "E" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		ids[i] = append(a, rows[i].stamp, rows[i].with, rows[i].value);
}

static void entries_come_in_order_with_all_they_have(void **state)
{
	struct ask *a = *state;
	uint64_t ids[5];

	fill(a, ids);
	assert_int_equal(ask_find(a, &spool, (struct store_range){ 0 }), 0);
	assert_str(ask_text(a), "A B C D E");
	assert_false(a->more);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(a->rows[i].id, ids[i]);
		assert_true(ids[i] > (i ? ids[i - 1] : 0));
	}
	assert_int_equal(a->rows[1].stamp_us, 300);
	assert_str(a->rows[1].with, "y@a");
	assert_str(a->rows[3].with, "");
}

struct range_case {
	size_t after, before, id; /* 1 + index in ids, 0: none */
	struct store_range range;
	const char *found;
	uint64_t count; /* without the limit */
	bool more;
};

static const struct range_case range_cases[] = {
	{ 1, 0, 0, { 0 }, "B C D E", 4, false },
	{ 0, 3, 0, { 0 }, "A B", 2, false },
	{ 1, 5, 0, { 0 }, "B C D", 3, false },
	{ 0, 0, 2, { 0 }, "B", 1, false },
	{ 2, 0, 2, { 0 }, "", 0, false },
	{ 5, 0, 0, { 0 }, "", 0, false },
	{ 0, 0, 0, { .from_us = 200 }, "B C D E", 4, false },
	{ 0, 0, 0, { .to_us = 300 }, "A C", 2, false },
	{ 0, 0, 0, { .from_us = 200, .to_us = 400 }, "B C", 2, false },
	{ 2, 0, 0, { .from_us = 200, .to_us = 400 }, "C", 1, false },
	{ 0, 0, 0, { .from_us = 900 }, "", 0, false },
	{ 0, 0, 0, { .with = STR_INIT("x@a") }, "A C E", 3, false },
	{ 1, 0, 0, { .with = STR_INIT("x@a"), .to_us = 300 }, "C", 1, false },
	{ 0, 0, 0, { .with = STR_INIT("z@a") }, "", 0, false },
	{ 0, 0, 0, { .limit = 2 }, "A B", 5, true },
	{ 0, 0, 0, { .limit = 5 }, "A B C D E", 5, false },
	{ 0, 0, 0, { .limit = 2, .newest_first = true }, "E D", 5, true },
	{ 0, 4, 0, { .limit = 2, .newest_first = true }, "C B", 3, true },
	{ 0,
	  0,
	  0,
	  { .with = STR_INIT("x@a"), .limit = 1, .newest_first = true },
	  "E",
	  3,
	  true },
	{ 0, 0, 0, { .from_us = 200, .limit = 2, .newest_first = true }, "E D", 4, true },
	{ 0, 0, 0, { .from_us = 200, .limit = 2 }, "B C", 4, true },
};

static struct store_range range_of(const struct range_case *c, const uint64_t *ids)
{
	struct store_range range = c->range;

	range.after_id = c->after ? ids[c->after - 1] : 0;
	range.before_id = c->before ? ids[c->before - 1] : 0;
	range.id = c->id ? ids[c->id - 1] : 0;
	return range;
}

static void ranges_choose_entries(void **state)
{
	struct ask *a = *state;
	uint64_t ids[5];

	fill(a, ids);
	for (size_t i = 0; i < ARRAY_LEN(range_cases); i++) {
		const struct range_case *c = &range_cases[i];
		ask_find(a, &spool, range_of(c, ids));
		if (!str_is(ask_text(a), c->found) || a->more != c->more)
			fail_msg("row %zu: " STR_FMT " more %d", i, STR_ARG(ask_text(a)),
			         a->more);
		if (ask_count(a, &spool, range_of(c, ids)) != c->count)
			fail_msg("row %zu: count %d", i, (int)a->count);
	}
}

static void purging_takes_what_is_in_the_range(void **state)
{
	static const struct {
		struct store_range range;
		const char *left;
	} steps[] = {
		{ { .to_us = 200 }, "B C D E" },
		{ { .with = STR_INIT("y@a"), .limit = 1 }, "C D E" },
		{ { .from_us = 500 }, "C D" },
		{ { 0 }, "" },
	};
	struct ask *a = *state;
	uint64_t ids[5];

	fill(a, ids);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct store_tx *tx = tx_begin(a->store);
		tx_purge(tx, &spool, &steps[i].range);
		assert_int_equal(ask_commit(a, tx), 0);
		ask_find(a, &spool, (struct store_range){ 0 });
		assert_str(ask_text(a), steps[i].left);
	}
	assert_true(append(a, 1, "", "again") > ids[4]);
}

static void one_transaction_does_all_kinds_in_order(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx = tx_begin(a->store);

	tx_put(tx, &roster, STR("k"), STR("1"));
	tx_clear(tx, &roster);
	tx_put(tx, &roster, STR("l"), STR("2"));
	uint64_t first = tx_append(tx, &spool, 1, STR(""), STR("A"));
	tx_append(tx, &spool, 2, STR(""), STR("B"));
	tx_purge(tx, &spool, &(struct store_range){ .id = first });
	assert_int_equal(ask_commit(a, tx), 0);
	ask_list(a, &roster);
	assert_str(ask_text(a), "l=2");
	ask_find(a, &spool, (struct store_range){ 0 });
	assert_str(ask_text(a), "B");
}

static void forgetting_a_user_leaves_nothing_of_him_alone(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx;
	uint64_t ids[5];

	fill(a, ids);
	put(a, &roster, STR("k"), STR("juliet"));
	put(a, &romeo, STR("k"), STR("romeo"));
	put(a, &own, STR("k"), STR("host"));
	put(a, &elsewhere, STR("k"), STR("other"));
	tx = tx_begin(a->store);
	tx_forget(tx, HOST, STR("juliet"));
	assert_int_equal(ask_commit(a, tx), 0);
	ask_list(a, &roster);
	assert_int_equal(a->n, 0);
	assert_int_equal(ask_count(a, &spool, (struct store_range){ 0 }), 0);
	ask_list(a, &romeo);
	assert_str(ask_text(a), "k=romeo");
	ask_list(a, &own);
	assert_str(ask_text(a), "k=host");
	ask_list(a, &elsewhere);
	assert_str(ask_text(a), "k=other");
	put(a, &roster, STR("k"), STR("again"));
	ask_list(a, &roster);
	assert_str(ask_text(a), "k=again");
}

static void users_are_listed_by_the_key_they_have(void **state)
{
	static const char *const names[] = { "carol", "alice", "bob", "dave" };
	struct ask *a = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct store_place at = { HOST, str_from(names[i]), STR("roster") };
		put(a, &at, STR("k"), at.user);
		if (i < 2)
			put(a, &at, STR("other"), STR("x"));
	}
	put(a, &own, STR("k"), STR("the host is no user"));
	put(a, &elsewhere, STR("k"), STR("other host"));
	ask_users(a, &own, STR("k"), STR(""), 0);
	assert_str(ask_text(a), "alice:k=alice bob:k=bob carol:k=carol dave:k=dave");
	assert_false(a->more);
	ask_users(a, &own, STR("k"), STR("alice"), 2);
	assert_str(ask_text(a), "bob:k=bob carol:k=carol");
	assert_true(a->more);
	ask_users(a, &own, STR("other"), STR(""), 2);
	assert_str(ask_text(a), "alice:other=x carol:other=x");
	assert_false(a->more);
	assert_int_equal(ask_user_count(a, &own, STR("k")), 4);
	assert_int_equal(ask_user_count(a, &own, STR("other")), 2);
	assert_int_equal(ask_user_count(a, &own, STR("none")), 0);
}

static void commits_take_effect_in_their_order(void **state)
{
	struct ask *a = *state;
	enum { N = 500 };

	for (int i = 0; i < N; i++) {
		auto_arena text = { 0 };
		struct store_tx *tx = tx_begin(a->store);
		tx_put(tx, &roster, STR("k"), arena_fmt(&text, "%d", i));
		tx_append(tx, &spool, i, STR(""), arena_fmt(&text, "%d", i));
		tx_commit(tx, &a->inbox, ask_on_done, a);
	}
	while (a->answers < N)
		ask_wait(a);
	ask_get(a, &roster, STR("k"));
	assert_str(a->rows[0].value, "499");
	ask_find(a, &spool, (struct store_range){ 0 });
	assert_int_equal(a->n, N);
	for (int i = 0; i < N; i++)
		assert_int_equal(a->rows[i].stamp_us, i);
}

static void nobody_needs_to_wait_for_a_commit(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx = tx_begin(a->store);

	tx_put(tx, &roster, STR("k"), STR("v"));
	tx_commit(tx, NULL, NULL, NULL);
	put(a, &roster, STR("l"), STR("w"));
	ask_list(a, &roster);
	assert_str(ask_text(a), "k=v l=w");
}

static void an_aborted_transaction_does_nothing(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx = tx_begin(a->store);

	tx_put(tx, &roster, STR("k"), STR("v"));
	tx_abort(tx);
	ask_list(a, &roster);
	assert_int_equal(a->n, 0);
}

static void reads_that_are_held_come_together(void **state)
{
	struct ask *a = *state;

	put(a, &roster, STR("k"), STR("v"));
	store_hold(a->store);
	store_hold(a->store); /* somebody else */
	size_t before = a->answers;
	for (int i = 0; i < 20; i++)
		store_get(a->store, &roster, STR("k"), &a->inbox, ask_on_rows, a);
	store_let_go(a->store);
	store_let_go(a->store);
	while (a->answers < before + 20)
		ask_wait(a);
	assert_int_equal(a->n, 1);
	store_hold(a->store);
	store_get(a->store, &roster, STR("k"), &a->inbox, ask_on_rows, a);
	ask_close(a); /* answers what is held too */
	assert_int_equal(a->answers, before + 21);
}

static void closing_answers_everything(void **state)
{
	struct ask *a = *state;

	for (int i = 0; i < 20; i++) {
		struct store_tx *tx = tx_begin(a->store);
		tx_put(tx, &roster, STR("k"), STR("v"));
		tx_commit(tx, &a->inbox, ask_on_done, a);
		store_get(a->store, &roster, STR("k"), &a->inbox, ask_on_rows, a);
	}
	ask_close(a);
	assert_int_equal(a->answers, 40);
}

static void big_values_are_kept_whole(void **state)
{
	struct ask *a = *state;
	auto_buf big = { 0 };

	buf_repeat(&big, 'x', 3 << 20);
	put(a, &roster, STR("k"), buf_as_str(&big));
	ask_get(a, &roster, STR("k"));
	assert_true(str_eq(a->rows[0].value, buf_as_str(&big)));
}

static void the_status_counts(void **state)
{
	struct ask *a = *state;
	struct store_status status;

	put(a, &roster, STR("k"), STR("v"));
	ask_get(a, &roster, STR("k"));
	store_status(a->store, &status);
	assert_int_equal(status.transactions, 1);
	assert_int_equal(status.commits, 1);
	assert_int_equal(status.reads, 1);
	assert_int_equal(status.failed, 0);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(status.trouble, 0);
}

// clang-format off
#define BOTH(test)                                                                \
	{ "memory: " #test, test, setup_memory, teardown, NULL },                 \
	{ "sqlite: " #test, test, setup_sqlite, teardown, NULL }
// clang-format on

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_value_is_kept_replaced_and_deleted),
		BOTH(keys_and_values_are_bytes),
		BOTH(places_do_not_mix),
		BOTH(a_failed_condition_leaves_everything_as_it_was),
		BOTH(conditions_that_hold_let_the_rest_happen),
		BOTH(entries_come_in_order_with_all_they_have),
		BOTH(ranges_choose_entries),
		BOTH(purging_takes_what_is_in_the_range),
		BOTH(one_transaction_does_all_kinds_in_order),
		BOTH(forgetting_a_user_leaves_nothing_of_him_alone),
		BOTH(users_are_listed_by_the_key_they_have),
		BOTH(commits_take_effect_in_their_order),
		BOTH(nobody_needs_to_wait_for_a_commit),
		BOTH(an_aborted_transaction_does_nothing),
		BOTH(reads_that_are_held_come_together),
		BOTH(closing_answers_everything),
		BOTH(big_values_are_kept_whole),
		BOTH(the_status_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rounds of a worker, ended by hand: what goes into one transaction, who is told, and what becomes
 * of it all when a transaction fails (here by a condition that does not hold; a full disk is the
 * same to effects.c).
 */
#include "unit.h"

#include <errno.h>

#include "herald/route/worker.h"
#include "io/loop.h"

struct world {
	struct loop loop;
	struct server server;
	struct worker worker;
	struct buf notes; /* what happened, in order */
};

/* Notes its name; `joins` and `leaves` are done while it is told. */
struct note {
	struct effect effect; /* first */
	struct world *world;
	const char *name;
	struct note *joins, *leaves;
};

static const struct store_place place = { STR_INIT("h"), STR_INIT("u"), STR_INIT("m") };

static int setup(void **state)
{
	static struct world w;
	auto_diags ds = { 0 };
	struct store_config c = { 0 };

	w = (struct world){ 0 };
	assert_int_equal(loop_init(&w.loop), 0);
	assert_int_equal(store_open(&c, &ds, &w.server.store), 0);
	w.worker.server = &w.server;
	w.worker.loop = &w.loop;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	worker_finish(&w->worker);
	store_close(w->server.store);
	loop_fini(&w->loop);
	buf_fini(&w->notes);
	return 0;
}

/* ---- steps -------------------------------------------------------------------------------- */

static void before(struct effect *e, struct store_tx *tx)
{
	struct note *n = (struct note *)e;

	buf_fmt(&n->world->notes, "before %s, ", n->name);
	tx_put(tx, &place, str_from(n->name), STR("1"));
}

static void after(struct effect *e, int result)
{
	struct note *n = (struct note *)e;

	buf_fmt(&n->world->notes, "after %s %d, ", n->name, result);
	if (n->joins)
		worker_join(&n->world->worker, &n->joins->effect);
	if (n->leaves)
		worker_unjoin(&n->world->worker, &n->leaves->effect);
}

static struct note note(struct world *w, const char *name)
{
	return (struct note){ .effect = { .before = before, .after = after },
		              .world = w,
		              .name = name };
}

static void then(void *arg, int result)
{
	struct world *w = arg;

	buf_fmt(&w->notes, "then %d, ", result);
}

/* The end of a round: what gathered goes off, if nothing is on its way. */
static void end_round(struct world *w)
{
	struct loop_late *late = &w->worker.effects.late;

	if (!late->link)
		return;
	loop_forget(late);
	late->fn(late);
}

static void wait_for_commit(struct world *w)
{
	while (!inbox_wait(&w->loop.inbox, 30000))
		continue;
}

static void on_get(void *arg, int result, const struct store_rows *rows)
{
	size_t *n = arg;

	assert_int_equal(result, 0);
	*n = rows->n;
}

static bool is_stored(struct world *w, const char *key)
{
	size_t n = SIZE_MAX;

	store_get(w->server.store, &place, str_from(key), &w->loop.inbox, on_get, &n);
	while (n == SIZE_MAX)
		inbox_wait(&w->loop.inbox, 30000);
	return n == 1;
}

/* A transaction of this round that cannot be. */
static void spoil(struct world *w)
{
	tx_expect_present(worker_tx(&w->worker), &place, STR("nothing"));
}

/* ---- tests -------------------------------------------------------------------------------- */

static void a_round_is_one_transaction(void **state)
{
	struct world *w = *state;
	struct note a = note(w, "a"), b = note(w, "b");

	worker_join(&w->worker, &a.effect);
	worker_join(&w->worker, &b.effect);
	worker_join(&w->worker, &a.effect); /* twice is once */
	tx_put(worker_tx(&w->worker), &place, STR("c"), STR("1"));
	worker_then(&w->worker, then, w);
	assert_true(worker_is_storing(&w->worker) && !is_stored(w, "c"));
	end_round(w);
	assert_true(a.effect.flying && !a.effect.joined);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes),
	           "before a, before b, after a 0, after b 0, then 0, ");
	assert_true(is_stored(w, "a") && is_stored(w, "b") && is_stored(w, "c"));
	assert_false(worker_is_storing(&w->worker));
}

static void what_comes_meanwhile_gathers_for_the_next(void **state)
{
	struct world *w = *state;
	struct note a = note(w, "a"), b = note(w, "b");

	worker_join(&w->worker, &a.effect);
	end_round(w);
	worker_join(&w->worker, &a.effect); /* while it is on its way */
	worker_join(&w->worker, &b.effect);
	end_round(w); /* not yet */
	assert_str(buf_as_str(&w->notes), "before a, ");
	wait_for_commit(w);
	end_round(w);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes), "before a, after a 0, before a, before b, "
	                                  "after a 0, after b 0, ");
}

/* Nothing is stored that builds on what is not; then it goes on as if nothing had been. */
static void a_failure_fails_what_gathered_meanwhile(void **state)
{
	struct world *w = *state;
	struct note a = note(w, "a"), b = note(w, "b"), c = note(w, "c");

	worker_join(&w->worker, &a.effect);
	worker_then(&w->worker, then, w);
	spoil(w);
	end_round(w);
	worker_join(&w->worker, &b.effect);
	worker_then(&w->worker, then, w);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes),
	           "before a, after a -2, then -2, after b -2, then -2, ");
	assert_false(worker_is_storing(&w->worker) || b.effect.joined || b.effect.flying);
	assert_true(!is_stored(w, "a") && !is_stored(w, "b"));
	buf_reset(&w->notes);
	worker_join(&w->worker, &c.effect);
	end_round(w);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes), "before c, after c 0, ");
	assert_true(is_stored(w, "c"));
}

/* What those who are told begin anew is no part of what failed. */
static void who_is_told_of_a_failure_may_begin_again(void **state)
{
	struct world *w = *state;
	struct note a = note(w, "a"), b = note(w, "b"), c = note(w, "c"),
		    d = note(w, "d");

	a.joins = &c;
	b.joins = &d;
	worker_join(&w->worker, &a.effect);
	spoil(w);
	end_round(w);
	worker_join(&w->worker, &b.effect);
	wait_for_commit(w);
	end_round(w);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes), "before a, after a -2, after b -2, before c, "
	                                  "before d, after c 0, after d 0, ");
	assert_true(is_stored(w, "c") && is_stored(w, "d") && !is_stored(w, "b"));
}

static void who_goes_is_told_nothing(void **state)
{
	for (int fails = 0; fails < 2; fails++) {
		struct world *w = *state;
		struct note a = note(w, "a"), b = note(w, "b"), c = note(w, "c"),
			    d = note(w, "d");
		buf_reset(&w->notes);
		a.leaves = &b; /* while they are told */
		worker_join(&w->worker, &a.effect);
		worker_join(&w->worker, &b.effect);
		worker_join(&w->worker, &c.effect);
		worker_join(&w->worker, &d.effect);
		worker_unjoin(&w->worker, &d.effect); /* before it goes off */
		if (fails)
			spoil(w);
		end_round(w);
		worker_unjoin(&w->worker, &c.effect); /* on its way */
		wait_for_commit(w);
		assert_str(buf_as_str(&w->notes),
		           fails ? "before a, before b, before c, after a -2, "
		                 : "before a, before b, before c, after a 0, ");
		assert_false(worker_is_storing(&w->worker));
	}
}

/* The one that goes had gathered behind the transaction that failed. */
static void who_goes_while_others_fail_is_told_nothing(void **state)
{
	struct world *w = *state;
	struct note a = note(w, "a"), b = note(w, "b"), c = note(w, "c");

	a.leaves = &b;
	worker_join(&w->worker, &a.effect);
	spoil(w);
	end_round(w);
	worker_join(&w->worker, &b.effect);
	worker_join(&w->worker, &c.effect);
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes), "before a, after a -2, after c -2, ");
	assert_false(worker_is_storing(&w->worker));
}

static void settled_is_now_or_when_it_is_stored(void **state)
{
	struct world *w = *state;

	worker_settled(&w->worker, then, w);
	assert_str(buf_as_str(&w->notes), "then 0, ");
	buf_reset(&w->notes);
	tx_put(worker_tx(&w->worker), &place, STR("a"), STR("1"));
	worker_settled(&w->worker, then, w);
	assert_int_equal(w->notes.n, 0);
	end_round(w);
	worker_settled(&w->worker, then, w); /* behind what is on its way */
	wait_for_commit(w);
	assert_str(buf_as_str(&w->notes), "then 0, ");
	worker_finish(&w->worker);
	assert_str(buf_as_str(&w->notes), "then 0, then 0, ");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_round_is_one_transaction),
		CASE(what_comes_meanwhile_gathers_for_the_next),
		CASE(a_failure_fails_what_gathered_meanwhile),
		CASE(who_is_told_of_a_failure_may_begin_again),
		CASE(who_goes_is_told_nothing),
		CASE(who_goes_while_others_fail_is_told_nothing),
		CASE(settled_is_now_or_when_it_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

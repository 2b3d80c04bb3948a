/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Gathering, committing, telling. */
#include "herald/route/effects.h"

#include <errno.h>

#include "herald/route/worker.h"

static bool is_idle(const struct effects_part *p)
{
	return !p->tx;
}

/* Tells those who joined, then those who wait, each once. The part is one of the worker's, so that
 * one who goes meanwhile is taken out; who is told may begin the next transaction. */
static void tell(struct effects_part *p, int result)
{
	p->tx = NULL;
	for (size_t i = 0; i < p->joined.n; i++) {
		struct effect *e = p->joined.p[i];
		if (e)
			e->after(e, result);
	}
	vec_for_each(then, &p->thens)
		then->fn(then->arg, result);
	vec_fini(&p->joined);
	vec_fini(&p->thens);
}

static void set_landed(const struct effects_part *flying)
{
	vec_for_each(e, &flying->joined) {
		if (*e)
			(*e)->flying = false;
	}
}

/* What gathered meanwhile builds on what has failed: it fails too. */
static void fail_next(struct effects *all)
{
	tx_abort(all->now.tx);
	all->failing = all->now;
	all->now = (struct effects_part){ 0 };
	vec_for_each(e, &all->failing.joined) {
		if (*e)
			(*e)->joined = false;
	}
}

static void on_committed(void *arg, int result)
{
	struct worker *w = arg;
	struct effects *all = &w->effects;

	set_landed(&all->flying);
	if (result < 0 && !is_idle(&all->now))
		fail_next(all);
	tell(&all->flying, result);
	tell(&all->failing, result);
	if (!is_idle(&all->now))
		loop_finally(w->loop, &w->effects.late);
}

static void commit(struct worker *w)
{
	struct effects *all = &w->effects;

	if (is_idle(&all->now) || !is_idle(&all->flying))
		return;
	for (size_t i = 0; i < all->now.joined.n; i++) {
		struct effect *e = all->now.joined.p[i];
		if (!e)
			continue;
		e->before(e, all->now.tx);
		e->joined = false;
		e->flying = true;
	}
	all->flying = all->now;
	all->now = (struct effects_part){ 0 };
	tx_commit(all->flying.tx, worker_inbox(w), on_committed, w);
}

static void on_late(struct loop_late *late)
{
	struct effects *all =
		(struct effects *)(void *)((char *)late - offsetof(struct effects, late));

	commit((struct worker *)(void *)((char *)all - offsetof(struct worker, effects)));
}

struct store_tx *worker_tx(struct worker *w)
{
	struct effects *all = &w->effects;

	if (is_idle(&all->now)) {
		all->now.tx = tx_begin(w->server->store);
		all->late.fn = on_late;
		loop_finally(w->loop, &all->late);
	}
	return all->now.tx;
}

void worker_then(struct worker *w, store_done_fn fn, void *arg)
{
	worker_tx(w);
	vec_push(&w->effects.now.thens, (struct effects_then){ fn, arg });
}

void worker_settled(struct worker *w, store_done_fn fn, void *arg)
{
	if (worker_is_storing(w))
		worker_then(w, fn, arg);
	else
		fn(arg, 0);
}

void worker_join(struct worker *w, struct effect *e)
{
	if (e->joined)
		return;
	worker_tx(w);
	vec_push(&w->effects.now.joined, e);
	e->joined = true;
}

static void take_out(struct effects_part *p, const struct effect *e)
{
	vec_for_each(at, &p->joined) {
		if (*at == e)
			*at = NULL;
	}
}

void worker_unjoin(struct worker *w, struct effect *e)
{
	if (e->joined)
		take_out(&w->effects.now, e);
	take_out(&w->effects.flying, e);
	take_out(&w->effects.failing, e);
	e->joined = e->flying = false;
}

bool worker_is_storing(const struct worker *w)
{
	return !is_idle(&w->effects.now) || !is_idle(&w->effects.flying);
}

void worker_finish(struct worker *w)
{
	while (worker_is_storing(w)) {
		commit(w);
		inbox_wait(worker_inbox(w), 1000);
	}
}

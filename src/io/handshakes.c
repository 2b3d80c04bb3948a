/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Taking turns. */
#include "io/handshakes.h"

#include <stddef.h>

enum { LOOK_MS = 500 };

static void run_next(struct handshakes *all)
{
	struct handshake *h;

	while (all->n < all->max && (h = TAILQ_FIRST(&all->waiting))) {
		TAILQ_REMOVE(&all->waiting, h, entry);
		TAILQ_INSERT_TAIL(&all->running, h, entry);
		h->state = HANDSHAKE_RUNS;
		h->since_ms = uv_now(all->timer.loop);
		all->n++;
		h->begin(h);
	}
	if (TAILQ_EMPTY(&all->waiting))
		uv_timer_stop(&all->timer);
}

/* Those that run are in the order in which they began. */
static void on_timer(uv_timer_t *timer)
{
	struct handshakes *all = timer->data;
	struct handshake *h;

	while (!TAILQ_EMPTY(&all->waiting) && (h = TAILQ_FIRST(&all->running)) &&
	       uv_now(timer->loop) - h->since_ms >= HANDSHAKE_MS)
		h->expire(h);
}

void handshakes_init(struct handshakes *all, uv_loop_t *loop)
{
	TAILQ_INIT(&all->running);
	TAILQ_INIT(&all->waiting);
	all->n = 0;
	all->max = SIZE_MAX;
	uv_timer_init(loop, &all->timer);
	all->timer.data = all;
}

void handshakes_close(struct handshakes *all)
{
	uv_close((uv_handle_t *)&all->timer, NULL);
}

void handshakes_enter(struct handshakes *all, struct handshake *h)
{
	if (h->state != HANDSHAKE_NONE)
		return;
	h->state = HANDSHAKE_WAITS;
	TAILQ_INSERT_TAIL(&all->waiting, h, entry);
	run_next(all);
	if (h->state == HANDSHAKE_WAITS && !uv_is_active((uv_handle_t *)&all->timer))
		uv_timer_start(&all->timer, on_timer, LOOK_MS, LOOK_MS);
}

void handshakes_leave(struct handshakes *all, struct handshake *h)
{
	switch (h->state) {
	case HANDSHAKE_NONE:
		return;
	case HANDSHAKE_WAITS:
		TAILQ_REMOVE(&all->waiting, h, entry);
		break;
	case HANDSHAKE_RUNS:
		TAILQ_REMOVE(&all->running, h, entry);
		all->n--;
		break;
	}
	h->state = HANDSHAKE_NONE;
	run_next(all);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * TLS handshakes of a loop: a connection takes several times the memory of an idle one while it is
 * at it, so only so many are at once. The others wait in the order they came, without a TLS object;
 * whoever takes longer than HANDSHAKE_MS loses its turn when others wait.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <uv.h>

#define HANDSHAKE_MS 3000

/* Part of a connection. */
struct handshake {
	TAILQ_ENTRY(handshake) entry;
	uint64_t since_ms; /* of the loop's clock, once it is running */
	enum { HANDSHAKE_NONE, HANDSHAKE_WAITS, HANDSHAKE_RUNS } state;
	void (*begin)(struct handshake *h); /* its turn has come */
	void (*expire)(
		struct handshake *h); /* it has lost it: to call handshakes_leave */
};

TAILQ_HEAD(handshake_list, handshake);

struct handshakes {
	struct handshake_list running, waiting;
	size_t n, max; /* running; SIZE_MAX: no limit */
	uv_timer_t timer;
};

/* No limit at first. */
void handshakes_init(struct handshakes *all, uv_loop_t *loop);

/* Closes its timer; the loop must run once more. */
void handshakes_close(struct handshakes *all);

/* Begins now or later; harmless when it is in. */
void handshakes_enter(struct handshakes *all, struct handshake *h);

/* It is done, or given up; whoever waits longest begins. Harmless when it is not in. */
void handshakes_leave(struct handshakes *all, struct handshake *h);

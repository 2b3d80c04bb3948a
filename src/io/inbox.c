/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "io/inbox.h"

#include <errno.h>
#include <time.h>

void inbox_init(struct inbox *in, void (*wake)(void *arg), void *arg)
{
	pthread_condattr_t attr;

	*in = (struct inbox){ .wake = wake, .arg = arg };
	in->last = &in->first;
	pthread_mutex_init(&in->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&in->filled, &attr);
	pthread_condattr_destroy(&attr);
}

void inbox_fini(struct inbox *in)
{
	pthread_cond_destroy(&in->filled);
	pthread_mutex_destroy(&in->lock);
}

void inbox_post_chain(struct inbox *in, struct inbox_item *first, struct inbox_item *last)
{
	last->next = NULL;
	pthread_mutex_lock(&in->lock);
	bool was_empty = !in->first;
	*in->last = first;
	in->last = &last->next;
	/* Under the lock: the owner may release the inbox once it has run what was posted, and
	 * must find nobody still on the way to waking it. */
	if (was_empty) {
		pthread_cond_signal(&in->filled);
		if (in->wake)
			in->wake(in->arg);
	}
	pthread_mutex_unlock(&in->lock);
}

void inbox_post(struct inbox *in, struct inbox_item *item)
{
	inbox_post_chain(in, item, item);
}

/* Takes all items; the lock is held. */
static struct inbox_item *take_all(struct inbox *in)
{
	struct inbox_item *first = in->first;

	in->first = NULL;
	in->last = &in->first;
	return first;
}

static size_t run(struct inbox_item *item)
{
	size_t n = 0;

	for (struct inbox_item *next; item; item = next, n++) {
		next = item->next; /* fn may free the item */
		item->fn(item);
	}
	return n;
}

size_t inbox_run(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	struct inbox_item *first = take_all(in);
	pthread_mutex_unlock(&in->lock);
	return run(first);
}

static struct timespec deadline(uint32_t timeout_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout_ms / 1000;
	t.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

size_t inbox_wait(struct inbox *in, uint32_t timeout_ms)
{
	struct timespec end = deadline(timeout_ms);

	pthread_mutex_lock(&in->lock);
	while (!in->first &&
	       pthread_cond_timedwait(&in->filled, &in->lock, &end) != ETIMEDOUT)
		;
	struct inbox_item *first = take_all(in);
	pthread_mutex_unlock(&in->lock);
	return run(first);
}

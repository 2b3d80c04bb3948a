/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The event loop: libuv's, with an inbox and a list for the end of the round. */
#include "io/loop.h"

#include <stdlib.h>

#include "base/oom.h"

static void on_wake(uv_async_t *async)
{
	struct loop *l = async->data;

	inbox_run(&l->inbox);
}

static void wake(void *arg)
{
	uv_async_send(arg);
}

/* What is added while it runs is for this round too. */
static void run_late(struct loop *l)
{
	while (l->late || l->last) {
		struct loop_late *late = l->late ? l->late : l->last;
		loop_forget(late);
		late->fn(late);
	}
}

static void on_check(uv_check_t *check)
{
	run_late(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
	run_late(prepare->data);
}

int loop_init(struct loop *l)
{
	*l = (struct loop){ 0 };
	int r = uv_loop_init(&l->uv);
	if (r < 0)
		return r;
	l->read_buf = base_realloc(NULL, LOOP_READ_MAX, 1);
	uv_async_init(&l->uv, &l->wake, on_wake);
	uv_check_init(&l->uv, &l->check);
	uv_prepare_init(&l->uv, &l->prepare);
	handshakes_init(&l->handshakes, &l->uv);
	l->wake.data = l->check.data = l->prepare.data = l;
	uv_check_start(&l->check, on_check);
	uv_prepare_start(&l->prepare, on_prepare);
	inbox_init(&l->inbox, wake, &l->wake);
	return 0;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_fini(struct loop *l)
{
	run_late(l);
	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	handshakes_close(&l->handshakes);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_loop_close(&l->uv);
	inbox_fini(&l->inbox);
	free(l->read_buf);
}

static void put(struct loop_late **list, struct loop_late *late)
{
	if (late->link)
		return;
	late->next = *list;
	if (late->next)
		late->next->link = &late->next;
	late->link = list;
	*list = late;
}

void loop_later(struct loop *l, struct loop_late *late)
{
	put(&l->late, late);
}

void loop_finally(struct loop *l, struct loop_late *late)
{
	put(&l->last, late);
}

void loop_forget(struct loop_late *late)
{
	if (!late->link)
		return;
	*late->link = late->next;
	if (late->next)
		late->next->link = late->link;
	late->link = NULL;
	late->next = NULL;
}

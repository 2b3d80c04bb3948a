/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Elements kept for accounts. */
#include "herald/modules/kept.h"

#include "base/oom.h"

struct asking {
	struct arena arena;
	struct worker *w;
	struct user *user;
	const char *name;
	struct str key;
	struct xml *x; /* what was asked */
	struct xml *wrap, *empty;
};

static void answer(struct asking *ask, struct stanza *st, const struct store_rows *rows)
{
	static const struct xml_limits limits = { SIZE_MAX, SIZE_MAX, SIZE_MAX,
		                                  XML_ATTRS_MAX };
	struct xml *reply = stanza_result(st), *found = ask->empty;

	if (rows->n && xml_parse(arena_str(st->a, rows->p[0].value), NULL, &limits, st->a,
	                         &found) != XML_OK) {
		im_fail(st, ERROR_INTERNAL_SERVER_ERROR);
		return;
	}
	if (!found) {
		im_fail(st, ERROR_ITEM_NOT_FOUND);
		return;
	}
	if (ask->wrap)
		xml_append(reply, ask->wrap);
	xml_append(ask->wrap ? ask->wrap : reply, found);
	im_route(st->w, reply, st->a);
}

static void on_got(void *arg, int result, const struct store_rows *rows)
{
	struct asking *ask = arg;
	struct stanza st = { .w = ask->w, .a = &ask->arena, .x = ask->x };

	if (stanza_read(&st) == 0) {
		if (result < 0)
			im_fail(&st, ERROR_RESOURCE_CONSTRAINT);
		else
			answer(ask, &st, rows);
	}
	user_unref(ask->user);
	arena_fini(&ask->arena);
	free(ask);
}

static void ask_store(void *arg, int result)
{
	struct asking *ask = arg;
	struct store_place at = user_place(ask->user, ask->name);

	(void)result;
	store_get(ask->w->server->store, &at, ask->key, worker_inbox(ask->w), on_got,
	          ask);
}

void kept_get(struct stanza *st, struct user *u, const char *name, struct str key,
              struct xml *wrap, struct xml *empty)
{
	struct asking *ask = base_calloc(1, sizeof(*ask));

	ask->w = st->w;
	ask->user = u;
	user_ref(u);
	ask->name = name;
	ask->key = arena_str(&ask->arena, key);
	ask->x = xml_copy(&ask->arena, st->x);
	ask->wrap = wrap ? xml_copy(&ask->arena, wrap) : NULL;
	ask->empty = empty ? xml_copy(&ask->arena, empty) : NULL;
	worker_settled(st->w, ask_store, ask);
}

void kept_set(struct stanza *st, struct user *u, const char *name, struct str key,
              const struct xml *x)
{
	auto_buf text = { 0 };
	struct store_place at = user_place(u, name);

	xml_write(&text, x, STR(""));
	tx_put(worker_tx(st->w), &at, key, buf_as_str(&text));
	im_reply_when_stored(st, stanza_result(st));
}

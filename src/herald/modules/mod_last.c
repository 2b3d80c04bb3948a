/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0012: Last Activity, version 2.0. Of the server since when it runs; of an account when it
 * was last there, and with which words it went.
 */
#include "herald/modules/last.h"

#include <errno.h>
#include <time.h>

#include "base/oom.h"
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "io/loop.h"

#define NS_LAST "jabber:iq:last"

struct asking {
	struct arena arena;
	struct worker *w;
	struct xml *x;
	struct user *user;
};

static void answer(struct stanza *st, uint64_t seconds, struct str status)
{
	struct xml *reply = stanza_result(st);
	struct xml *query = xml_add(st->a, reply, "query", NS_LAST);

	xml_set(st->a, query, "seconds",
	        arena_fmt(st->a, "%llu", (unsigned long long)seconds));
	if (status.n)
		xml_put_text(st->a, query, status);
	im_route(st->w, reply, st->a);
}

static void on_host(struct stanza *st, struct xml *payload, struct user *u)
{
	(void)payload, (void)u;
	answer(st, (loop_now_ms(st->w->loop) - st->w->started_ms) / 1000, STR(""));
}

/* The number, a blank, the words. */
int last_read(struct str value, int64_t *seconds, struct str *status)
{
	size_t space = str_find(value, ' ');
	uint64_t n;

	if (str_to_u64(str_sub(value, 0, space), 10, &n) < 0 || n > INT64_MAX)
		return -EINVAL;
	*seconds = (int64_t)n;
	*status = str_sub(value, space + 1, value.n);
	return 0;
}

static void on_got(void *arg, int result, const struct store_rows *rows)
{
	struct asking *ask = arg;
	struct stanza st = { .w = ask->w, .a = &ask->arena, .x = ask->x };
	int64_t since, now = time(NULL);
	struct str status;

	if (stanza_read(&st) == 0) {
		struct str value = result == 0 && rows->n ? rows->p[0].value : STR("");
		if (result < 0)
			im_fail(&st, ERROR_RESOURCE_CONSTRAINT);
		else if (last_read(value, &since, &status) < 0)
			im_fail(&st, ERROR_ITEM_NOT_FOUND);
		else
			answer(&st, now > since ? (uint64_t)(now - since) : 0, status);
	}
	user_unref(ask->user);
	arena_fini(&ask->arena);
	free(ask);
}

static void ask_store(void *arg, int result)
{
	struct asking *ask = arg;
	struct store_place at = user_place(ask->user, LAST_MAP);

	(void)result;
	store_get(ask->w->server->store, &at, STR(""), worker_inbox(ask->w), on_got, ask);
}

/* Section 4: only who may see the presence may know this. */
static void on_user(struct stanza *st, struct xml *payload, struct user *u)
{
	const struct roster_item *item = roster_find(&u->roster, st->from);

	(void)payload;
	if (!jid_bare_eq(st->from, u->jid) && !(item && item->from)) {
		im_fail(st, ERROR_FORBIDDEN);
		return;
	}
	if (u->sessions) {
		answer(st, 0, STR(""));
		return;
	}
	struct asking *ask = base_calloc(1, sizeof(*ask));
	ask->w = st->w;
	ask->x = xml_copy(&ask->arena, st->x);
	ask->user = u;
	user_ref(u);
	worker_settled(st->w, ask_store, ask);
}

static void on_unavailable(struct session *s, const struct xml *x, struct arena *a)
{
	struct store_place at = user_place(s->user, LAST_MAP);
	struct str status = xml_text(xml_child(x, "status", NS_CLIENT), a);

	tx_put(worker_tx(s->worker), &at, STR(""),
	       arena_fmt(a, "%lld " STR_FMT, (long long)time(NULL), STR_ARG(status)));
}

extern const struct module mod_last;
const struct module mod_last = {
	.name = "mod_last",
	.host_features = NAMES(NS_LAST),
	.user_features = NAMES(NS_LAST),
	.iq = LIST(struct iq_handler, { TYPE_GET, TO_HOST, NS_LAST, "query", on_host },
	           { TYPE_GET, TO_SELF | TO_USER, NS_LAST, "query", on_user }),
	.on_unavailable = on_unavailable,
};

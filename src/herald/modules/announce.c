/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Announcing to those who are connected, and to all accounts of a host. */
#include "herald/modules/announce.h"

#include "base/oom.h"
#include "herald/auth/accounts.h"
#include "herald/im/im.h"

#define NS_HINTS "urn:xmpp:hints"

enum { PAGE = 100 }; /* accounts that are loaded at once */

struct xml *announce_message(struct arena *a, struct str subject, struct str body)
{
	struct jid none = { 0 };

	return stanza_message(a, "headline", none, none, subject, body);
}

size_t announce_online(struct worker *w, struct str host, struct xml *x, struct arena *a)
{
	size_t n = 0;

	xml_set(a, x, "from", arena_str(a, host));
	map_for_each(it, &w->users) {
		const struct user *u = it->value;
		if (!str_eq(jid_domain(u->jid), host))
			continue;
		for (struct session *s = u->sessions; s; s = s->next, n++) {
			xml_set(a, x, "to", jid_str(s->jid));
			s->ops->send(s, x);
		}
	}
	return n;
}

/* ---- all accounts ------------------------------------------------------------------------- */

struct telling {
	struct arena arena;
	struct worker *w;
	struct str host;
	struct xml *x;
	struct arena page; /* the names that are told now */
	VEC(struct str) names;
	size_t due; /* of them are not told yet */
	bool more;
	int error;
	size_t n;
	announce_done_fn done;
	void *arg;
};

static void ask_page(struct telling *t);

static void telling_ends(struct telling *t)
{
	if (t->done)
		t->done(t->arg, t->error, t->n);
	vec_fini(&t->names);
	arena_fini(&t->page);
	arena_fini(&t->arena);
	free(t);
}

static void told(struct telling *t)
{
	if (--t->due)
		return;
	if (t->more && !t->error)
		ask_page(t);
	else
		telling_ends(t);
}

/* The account is in memory, so the message goes to its sessions or to the store at once. */
static void on_loaded(void *arg, struct user *u)
{
	struct telling *t = arg;
	auto_arena a = { 0 };
	struct xml *x = xml_copy(&a, t->x);

	if (!u->load_error) {
		xml_set(&a, x, "to", arena_str(&a, jid_str(u->jid)));
		im_route(t->w, x, &a);
		t->n++;
	}
	told(t);
}

static void on_page(void *arg, int result, const struct store_rows *rows)
{
	struct telling *t = arg;
	struct jid jid;

	t->error = result;
	t->more = result == 0 && rows->more;
	arena_reset(&t->page);
	t->names.n = 0;
	for (size_t i = 0; result == 0 && i < rows->n; i++)
		vec_push(&t->names, arena_str(&t->page, rows->p[i].user));
	t->due = t->names.n + 1;
	for (size_t i = 0, n = t->names.n; i < n; i++) {
		if (jid_make(t->names.p[i], t->host, STR(""), &t->page, &jid) == 0)
			user_with(t->w, jid, on_loaded, t);
		else
			t->due--;
	}
	told(t);
}

static void ask_page(struct telling *t)
{
	struct str after = t->names.n ? t->names.p[t->names.n - 1] : STR("");

	accounts_list(t->w->server->accounts, t->host, after, PAGE, worker_inbox(t->w),
	              on_page, t);
}

void announce_all(struct worker *w, struct str host, const struct xml *x,
                  announce_done_fn done, void *arg)
{
	struct telling *t = base_calloc(1, sizeof(*t));

	t->w = w;
	t->host = arena_str(&t->arena, host);
	t->x = xml_copy(&t->arena, x);
	t->done = done;
	t->arg = arg;
	xml_set(&t->arena, t->x, "from", t->host);
	/* It waits, whatever type it was of (RFC 6121 section 8.5.2.2, XEP-0334). */
	if (!str_is(xml_get(t->x, "type"), "chat"))
		xml_set(&t->arena, t->x, "type", (struct str){ NULL, 0 });
	if (!xml_child(t->x, "store", NS_HINTS))
		xml_add(&t->arena, t->x, "store", NS_HINTS);
	ask_page(t);
}

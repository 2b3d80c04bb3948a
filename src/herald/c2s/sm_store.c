/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sessions in the store, and back at the start. */
#include <errno.h>

#include "base/oom.h"
#include "herald/c2s/client.h"
#include "herald/c2s/sm.h"

enum { RESTORE_MAX = 100000 };

static struct store_place host_place(struct str host)
{
	return (struct store_place){ host, STR(""), STR("sm") };
}

struct store_place sm_queue_place(const struct client *c)
{
	return (struct store_place){ jid_domain(c->session.jid),
		                     jid_local(c->session.jid), STR("sm") };
}

/* ---- writing ------------------------------------------------------------------------------ */

static void put_attr(struct buf *out, const char *name, struct str value)
{
	buf_fmt(out, " %s='", name);
	xml_escape(out, value);
	buf_char(out, '\'');
}

static void put_flag(struct buf *out, const char *name, bool on)
{
	if (on)
		buf_fmt(out, " %s='true'", name);
}

/* The session as it would have to be made again. */
static void put_session(struct buf *out, const struct client *c)
{
	const struct session *s = &c->session;

	buf_cstr(out, "<sm xmlns='" NS_CLIENT "'");
	put_attr(out, "user", jid_local(s->jid));
	put_attr(out, "resource", jid_resource(s->jid));
	put_flag(out, "resume", c->sm->resumable);
	put_flag(out, "carbons", s->carbons);
	put_flag(out, "roster", s->wants_roster);
	put_flag(out, "blocks", s->wants_blocks);
	buf_fmt(out, " priority='%d' max='%u'>", s->priority, c->sm->max_s);
	buf_str(out, buf_as_str(&s->presence));
	vec_for_each(to, &s->directed) {
		buf_cstr(out, "<to>");
		xml_escape(out, str_from(*to));
		buf_cstr(out, "</to>");
	}
	buf_cstr(out, "</sm>");
}

static struct str count_key(const struct sm *sm, struct arena *a)
{
	return arena_fmt(a, "%s h", sm->id);
}

void sm_store_state(struct client *c, struct store_tx *tx)
{
	struct store_place at = host_place(jid_domain(c->session.jid));
	struct sm *sm = c->sm;
	auto_arena a = { 0 };
	auto_buf text = { 0 };

	if (!sm->saved || c->session.unsaved) {
		put_session(&text, c);
		tx_put(tx, &at, str_from(sm->id), buf_as_str(&text));
		c->session.unsaved = false;
	}
	if (!sm->saved || sm->h != sm->h_stored)
		tx_put(tx, &at, count_key(sm, &a), arena_fmt(&a, "%u", sm->h));
	sm->saved = true;
}

void sm_store_entry(struct client *c, struct sm_entry *e)
{
	struct store_place at = sm_queue_place(c);
	auto_buf value = { 0 };

	if (e->numbered)
		buf_fmt(&value, "%u ", e->seq);
	else
		buf_cstr(&value, "- ");
	buf_str(&value, (struct str){ e->text, e->n });
	e->store_id = tx_append(worker_tx(c->session.worker), &at, e->stamp_us,
	                        str_from(c->sm->id), buf_as_str(&value));
}

void sm_store_forget(struct client *c)
{
	struct store_place at = host_place(jid_domain(c->session.jid));
	struct store_tx *tx = worker_tx(c->session.worker);
	auto_arena a = { 0 };

	tx_del(tx, &at, str_from(c->sm->id));
	tx_del(tx, &at, count_key(c->sm, &a));
	at = sm_queue_place(c);
	tx_purge(tx, &at, &(struct store_range){ .with = str_from(c->sm->id) });
}

/* ---- back --------------------------------------------------------------------------------- */

/* A session that is being made again. */
struct restoring {
	struct arena arena;
	struct c2s *c2s;
	struct str id;
	uint32_t h;
	struct xml *x;
	struct str host;
};

static void done(struct c2s *all)
{
	all->restoring--;
}

static bool flag(const struct xml *x, const char *name)
{
	return str_is(xml_get(x, name), "true");
}

static void forget(struct restoring *r)
{
	struct store_place at = host_place(r->host);
	struct store_tx *tx = worker_tx(r->c2s->worker);

	tx_del(tx, &at, r->id);
	tx_del(tx, &at, arena_fmt(&r->arena, STR_FMT " h", STR_ARG(r->id)));
}

static void restore_session(struct restoring *r, struct client *c)
{
	struct session *s = &c->session;
	struct xml *presence = xml_child(r->x, "presence", NS_CLIENT);
	struct str priority = xml_get(r->x, "priority");
	bool negative = str_starts(priority, STR("-"));
	uint64_t v = 0;

	if (str_to_u64(str_sub(priority, negative, priority.n), 10, &v) == 0 && v <= 128)
		s->priority = (int8_t)(negative ? -(int)v : (int)v);
	s->carbons = flag(r->x, "carbons");
	s->wants_roster = flag(r->x, "roster");
	s->wants_blocks = flag(r->x, "blocks");
	s->has_been_available = presence != NULL;
	session_set_presence(s, presence);
	s->unsaved = false;
	xml_for_each(to, r->x)
	{
		struct str text = xml_text(to, &r->arena);
		if (str_is(to->name, "to"))
			vec_push(&s->directed, strndup(text.p, text.n));
	}
}

static void add_entry(struct sm *sm, const struct store_row *row)
{
	size_t space = str_find(row->value, ' ');
	struct str text = str_sub(row->value, space + 1, row->value.n);
	uint64_t seq = 0;

	if (text.n == 0)
		return;
	struct sm_entry *e = vec_add(&sm->queue);
	e->text = base_realloc(NULL, text.n, 1);
	memcpy(e->text, text.p, text.n);
	e->n = text.n;
	e->numbered = str_to_u64(str_sub(row->value, 0, space), 10, &seq) == 0;
	e->seq = (uint32_t)seq;
	e->store_id = row->id;
	e->stamp_us = row->stamp_us;
}

static void on_queue(void *arg, int result, const struct store_rows *rows)
{
	struct client *c = arg;
	struct sm *sm = c->sm;

	for (size_t i = 0; result == 0 && i < rows->n; i++)
		add_entry(sm, &rows->p[i]);
	sm->stored = sm->flying = sm->queue.n;
	done(c->c2s);
}

static void restore_stream(struct restoring *r, struct client *c)
{
	uint64_t max = 0;

	struct sm *sm = sm_new(c, str_dup_c(&r->arena, r->id));
	sm->h = sm->h_flying = sm->h_stored = r->h;
	sm->resumable = flag(r->x, "resume");
	if (str_to_u64(xml_get(r->x, "max"), 10, &max) == 0)
		sm->max_s = (uint32_t)max;
	sm->saved = sm->restored = sm->is_stored = sm->announced = true;
	sm->deadline_ms = loop_now_ms(c->session.worker->loop);
	if (sm->resumable)
		sm->deadline_ms += (uint64_t)sm->max_s * 1000;
	struct store_place at = sm_queue_place(c);
	struct store_range range = { .with = str_from(sm->id), .limit = RESTORE_MAX };
	store_find(c->session.worker->server->store, &at, &range,
	           worker_inbox(c->session.worker), on_queue, c);
}

static void on_user(void *arg, struct user *u)
{
	struct restoring *r = arg;
	struct jid full;

	if (u->load_error ||
	    jid_with_resource(u->jid, xml_get(r->x, "resource"), &r->arena, &full) < 0) {
		if (u->load_error == -ENOENT || u->load_error == 0)
			forget(r);
		done(r->c2s);
	} else {
		struct client *c = client_new(r->c2s);
		session_set_jid(&c->session, full);
		c->session.connection = "c2s_detached";
		c->session.address = c->address;
		restore_session(r, c);
		user_add_session(u, &c->session);
		restore_stream(r, c);
	}
	arena_fini(&r->arena);
	free(r);
}

static void restore(struct c2s *all, struct str host, const struct store_row *row,
                    uint32_t h)
{
	struct restoring *r = base_calloc(1, sizeof(*r));
	struct jid jid;

	r->c2s = all;
	r->h = h;
	r->host = arena_str(&r->arena, host);
	r->id = arena_str(&r->arena, row->key);
	r->x = xml_parse_kept(arena_str(&r->arena, row->value), &r->arena);
	if (!r->x ||
	    jid_make(xml_get(r->x, "user"), r->host, STR(""), &r->arena, &jid) < 0) {
		forget(r);
		arena_fini(&r->arena);
		free(r);
		return;
	}
	all->restoring++;
	user_with(all->worker, jid, on_user, r);
}

struct listing {
	struct c2s *c2s;
	struct str host;
};

/* "ID" comes before "ID h". */
static void on_list(void *arg, int result, const struct store_rows *rows)
{
	struct listing *l = arg;

	for (size_t i = 0; result == 0 && i < rows->n; i++) {
		const struct store_row *row = &rows->p[i], *next = row + 1;
		uint64_t h = 0;
		if (str_find(row->key, ' ') < row->key.n)
			continue;
		if (i + 1 < rows->n && str_starts(next->key, row->key) &&
		    str_to_u64(next->value, 10, &h) < 0)
			h = 0;
		restore(l->c2s, l->host, row, (uint32_t)h);
	}
	if (result < 0)
		log_line(&l->c2s->worker->server->log, LOG_LEVEL_ERROR, "c2s.unrestored",
		         "cannot read the sessions of " STR_FMT ": %s", STR_ARG(l->host),
		         strerror(-result));
	done(l->c2s);
	free(l);
}

void c2s_restore(struct c2s *c)
{
	vec_for_each(host, &c->worker->server->hosts) {
		struct listing *l = base_calloc(1, sizeof(*l));
		struct store_place at = host_place(host->name);
		l->c2s = c;
		l->host = host->name;
		c->restoring++;
		store_list(c->worker->server->store, &at, worker_inbox(c->worker),
		           on_list, l);
	}
}

bool c2s_is_restoring(const struct c2s *c)
{
	return c->restoring > 0;
}

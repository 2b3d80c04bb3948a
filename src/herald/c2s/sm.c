/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting, acknowledging, and the queue of what is not acknowledged. */
#include "herald/c2s/sm.h"

#include <sys/time.h>
#include <time.h>

#include "base/oom.h"
#include "herald/c2s/client.h"
#include "herald/im/im.h"
#include "herald/im/module.h"
#include "io/random.h"

#define NS_DELAY   "urn:xmpp:delay"
#define NS_CARBONS "urn:xmpp:carbons:2"

static int64_t now_us(void)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* ---- life --------------------------------------------------------------------------------- */

static struct sm *sm_of(struct effect *e)
{
	return (struct sm *)(void *)((char *)e - offsetof(struct sm, effect));
}

static void before(struct effect *e, struct store_tx *tx)
{
	struct sm *sm = sm_of(e);

	sm->h_flying = sm->h;
	sm->flying = sm->queue.n;
	sm_store_state(sm->client, tx);
}

static void entry_free(struct sm_entry *e)
{
	free(e->text);
}

/* Who sent a message that cannot be kept is told. */
static void bounce(struct client *c, const struct sm_entry *e)
{
	auto_arena a = { 0 };
	struct stanza st = { .w = c->session.worker,
		             .a = &a,
		             .x = xml_parse_kept((struct str){ e->text, e->n }, &a) };

	if (st.x && stanza_read(&st) == 0)
		im_fail(&st, ERROR_RESOURCE_CONSTRAINT);
}

/* Nothing of what was to be stored is: it was neither written to the client nor acknowledged. */
static void store_failed(struct client *c)
{
	struct sm *sm = c->sm;
	size_t n = sm->queue.n;

	sm->queue.n = sm->stored;
	for (size_t i = sm->stored; i < n; i++) {
		struct sm_entry e = sm->queue.p[i];
		bounce(c, &e);
		entry_free(&e);
	}
	sm->flying = sm->stored;
	if (sm->h != sm->h_stored || !sm->is_stored)
		c->session.ops->close(&c->session, STREAM_RESOURCE_CONSTRAINT,
		                      "The server cannot store anything");
}

static void after(struct effect *e, int result)
{
	struct sm *sm = sm_of(e);
	struct client *c = sm->client;

	if (result == 0) {
		sm->is_stored = true;
		sm->h_stored = sm->h_flying;
		sm->stored = sm->flying;
	} else {
		store_failed(c);
	}
	if (sm->resumer)
		client_later(sm->resumer);
	client_later(c);
}

struct sm *sm_new(struct client *c, const char *id)
{
	struct sm *sm = base_calloc(1, sizeof(*sm));
	uint8_t bytes[16];

	random_fill(bytes, sizeof(bytes));
	for (size_t i = 0; !id && i < sizeof(bytes); i++)
		snprintf(sm->id + 2 * i, 3, "%02x", bytes[i]);
	if (id)
		snprintf(sm->id, sizeof(sm->id), "%s", id);
	sm->effect.before = before;
	sm->effect.after = after;
	sm->client = c;
	c->sm = sm;
	map_put(&c->session.worker->streams, str_from(sm->id), c);
	return sm;
}

void sm_free(struct client *c)
{
	struct sm *sm = c->sm;

	if (!sm)
		return;
	worker_unjoin(c->session.worker, &sm->effect);
	map_del(&c->session.worker->streams, str_from(sm->id));
	if (sm->resumer)
		client_later(sm->resumer); /* it will not find us */
	vec_for_each(e, &sm->queue)
		entry_free(e);
	vec_fini(&sm->queue);
	free(sm);
	c->sm = NULL;
}

bool sm_may_detach(const struct client *c)
{
	return c->sm && c->sm->resumable && c->session.user;
}

/* ---- what the client sends ---------------------------------------------------------------- */

static void fail(struct client *c, const char *condition)
{
	buf_fmt(&c->stream.out,
	        "<failed xmlns='" NS_SM "'><%s xmlns='" NS_STANZAS "'/></failed>",
	        condition);
}

static bool is_true(struct str s)
{
	return str_is(s, "true") || str_is(s, "1");
}

/* Section 3: the client may say how long it would like to have, in seconds. */
static uint32_t max_of(const struct client *c, const struct xml *enable)
{
	const struct tuning *t = &client_setup(c)->tuning;
	uint64_t most = t->max_resume_timeout_ms > t->resume_timeout_ms
	                        ? t->max_resume_timeout_ms
	                        : t->resume_timeout_ms;
	uint64_t wish;

	if (str_to_u64(xml_get(enable, "max"), 10, &wish) < 0 || !wish)
		return (uint32_t)(t->resume_timeout_ms / 1000);
	return (uint32_t)(wish < most / 1000 ? wish : most / 1000);
}

void sm_enable(struct client *c, const struct xml *enable)
{
	struct sm *sm = sm_new(c, NULL);

	sm->max_s = max_of(c, enable);
	sm->resumable = is_true(xml_get(enable, "resume")) && sm->max_s;
	worker_join(c->session.worker, &sm->effect);
}

void sm_put_enabled(struct client *c, struct buf *out)
{
	const struct sm *sm = c->sm;

	buf_cstr(out, "<enabled xmlns='" NS_SM "'");
	if (sm->resumable)
		buf_fmt(out, " id='%s' resume='true' max='%u'", sm->id, sm->max_s);
	buf_cstr(out, "/>");
	c->sm->announced = true;
}

static void on_enable(struct client *c, const struct xml *x)
{
	if (c->stream.phase == STREAM_OPEN && c->session.user && !c->sm)
		sm_enable(c, x);
	else
		fail(c, "unexpected-request");
}

static void on_request(struct client *c)
{
	c->sm->ack_asked = true;
	c->sm->ack_h = c->sm->h;
	if (c->sm->h != c->sm->h_stored)
		worker_join(c->session.worker, &c->sm->effect);
}

static void on_ack(struct client *c, const struct xml *x)
{
	enum stream_error bad = STREAM_BAD_FORMAT;
	auto_buf condition = { 0 };
	uint64_t h;

	if (str_to_u64(xml_get(x, "h"), 10, &h) < 0 || h > UINT32_MAX) {
		stream_close(&c->stream, &bad, STR(""));
		return;
	}
	c->sm->asking = false;
	if (sm_acked(c, (uint32_t)h))
		return;
	buf_fmt(&condition,
	        "<handled-count-too-high xmlns='" NS_SM "' h='%u' send-count='%u'/>",
	        (unsigned)h, c->sm->acked + (uint32_t)c->sm->sent);
	buf_char(&condition, '\0');
	stream_close_with(&c->stream, STREAM_UNDEFINED_CONDITION, condition.p);
}

void sm_on_element(struct client *c, struct xml *x)
{
	if (str_is(x->name, "enable"))
		on_enable(c, x);
	else if (str_is(x->name, "resume"))
		sm_on_resume(c, x);
	else if (!c->sm || c->stream.phase != STREAM_OPEN)
		fail(c, "unexpected-request");
	else if (str_is(x->name, "r"))
		on_request(c);
	else if (str_is(x->name, "a"))
		on_ack(c, x);
	else
		fail(c, "bad-request");
}

void sm_on_handled(struct client *c)
{
	struct sm *sm = c->sm;

	if (!sm)
		return;
	sm->h++;
	/* What the stanza changed is on its way: its count goes along. */
	if (worker_is_storing(c->session.worker) || sm->ack_asked || c->session.unsaved)
		worker_join(c->session.worker, &sm->effect);
}

/* ---- the queue ---------------------------------------------------------------------------- */

static void remove_front(struct sm *sm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		entry_free(&sm->queue.p[i]);
	sm->queue.n -= n;
	if (sm->queue.n)
		memmove(sm->queue.p, sm->queue.p + n, sm->queue.n * sizeof(*sm->queue.p));
	else
		vec_fini(&sm->queue);
	sm->sent -= n < sm->sent ? n : sm->sent;
	sm->stored -= n < sm->stored ? n : sm->stored;
	sm->flying -= n < sm->flying ? n : sm->flying;
}

bool sm_acked(struct client *c, uint32_t h)
{
	struct sm *sm = c->sm;
	uint32_t n = h - sm->acked;
	uint64_t last = 0;

	if (n > sm->stored)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (sm->queue.p[i].store_id)
			last = sm->queue.p[i].store_id;
	}
	if (last) {
		struct store_place at = sm_queue_place(c);
		tx_purge(worker_tx(c->session.worker), &at,
		         &(struct store_range){ .before_id = last + 1,
		                                .with = str_from(sm->id) });
	}
	remove_front(sm, n);
	sm->acked = h;
	return true;
}

static void overflow(struct client *c)
{
	c->session.ops->close(&c->session, STREAM_RESOURCE_CONSTRAINT,
	                      "Too many stanzas are not acknowledged");
}

void sm_push(struct client *c, const struct xml *x)
{
	struct sm *sm = c->sm;
	auto_buf text = { 0 };
	bool all_stored = sm->stored == sm->queue.n;

	/* What comes until the round ends goes elsewhere with the rest of the queue. */
	if (sm->queue.n >= client_setup(c)->tuning.max_ack_queue && !c->over)
		overflow(c);
	xml_write(&text, x, STR(NS_CLIENT));
	struct sm_entry *e = vec_add(&sm->queue);
	e->text = base_realloc(NULL, text.n, 1);
	memcpy(e->text, text.p, text.n);
	e->n = text.n;
	e->numbered = !sm->restored;
	e->seq = sm->acked + (uint32_t)sm->queue.n;
	e->stamp_us = now_us();
	if (!str_is(x->name, "presence"))
		sm_store_entry(c, e);
	else if (all_stored)
		sm->stored++;
	if (sm->stored < sm->queue.n)
		worker_join(c->session.worker, &sm->effect);
	client_later(c);
}

/* The client is asked when it has something to acknowledge, once at a time. */
static void ask(struct client *c)
{
	struct sm *sm = c->sm;

	if (sm->asking || sm->sent == 0)
		return;
	buf_cstr(&c->stream.out, "<r xmlns='" NS_SM "'/>");
	sm->asking = true;
	sm->asking_ms = loop_now_ms(c->session.worker->loop);
}

void sm_write(struct client *c)
{
	struct sm *sm = c->sm;

	if (c->stream.phase != STREAM_OPEN || !sm->is_stored)
		return;
	if (!sm->announced)
		sm_put_enabled(c, &c->stream.out);
	if (sm->ack_asked && (int32_t)(sm->h_stored - sm->ack_h) >= 0) {
		buf_fmt(&c->stream.out, "<a xmlns='" NS_SM "' h='%u'/>", sm->h_stored);
		sm->ack_asked = false;
	}
	for (; sm->sent < sm->stored; sm->sent++) {
		const struct sm_entry *e = &sm->queue.p[sm->sent];
		buf_str(&c->stream.out, (struct str){ e->text, e->n });
	}
	ask(c);
}

/* ---- the end ------------------------------------------------------------------------------ */

static bool is_carbon(const struct xml *x)
{
	return xml_child(x, "received", NS_CARBONS) || xml_child(x, "sent", NS_CARBONS);
}

static void add_delay(struct stanza *st, int64_t stamp_us, struct str host)
{
	time_t seconds = (time_t)(stamp_us / 1000000);
	struct xml *delay;
	struct tm tm;
	char text[32];

	if (xml_child(st->x, "delay", NS_DELAY))
		return;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	delay = xml_add(st->a, st->x, "delay", NS_DELAY);
	xml_set(st->a, delay, "from", host);
	xml_set(st->a, delay, "stamp", arena_str(st->a, str_from(text)));
}

static bool may_resend(const struct client *c)
{
	const struct worker *w = c->session.worker;
	const struct user *u = user_get(w, jid_bare(c->session.jid));

	switch (server_setup(w->server, jid_domain(c->session.jid))->tuning.resend) {
	case RESEND_ALWAYS:
		return true;
	case RESEND_IF_OFFLINE:
		return !u || !u->sessions;
	case RESEND_NEVER:
		return false;
	}
	return true;
}

/* Messages look for another resource or wait, where they may; otherwise, as who asks something,
 * their senders are told that nobody is there. */
static void send_elsewhere(struct client *c, const struct sm_entry *e, struct arena *a)
{
	struct str text = arena_str(a, (struct str){ e->text, e->n });
	struct stanza st = { .w = c->session.worker,
		             .a = a,
		             .x = xml_parse_kept(text, a) };

	if (!st.x || stanza_read(&st) < 0 || jid_is_none(st.from))
		return;
	if (st.kind == STANZA_PRESENCE || is_carbon(st.x))
		return;
	if (st.kind == STANZA_IQ || !may_resend(c)) {
		im_fail(&st, ERROR_SERVICE_UNAVAILABLE);
		return;
	}
	add_delay(&st, e->stamp_us, jid_domain(c->session.jid));
	im_route(st.w, st.x, a);
}

void sm_keep(struct client *c)
{
	if (c->sm->effect.joined || c->session.unsaved)
		sm_store_state(c, worker_tx(c->session.worker));
}

void sm_end(struct client *c, struct arena *a)
{
	struct sm *sm = c->sm;

	worker_unjoin(c->session.worker, &sm->effect);
	sm_store_forget(c);
	vec_for_each(e, &sm->queue)
		send_elsewhere(c, e, a);
}

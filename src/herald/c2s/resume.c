/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A session changes its connection. The client that was made for the new connection gives
 * connection and stream to the one that has the session, and goes.
 */
#include "base/oom.h"
#include "herald/c2s/client.h"
#include "herald/c2s/csi.h"
#include "herald/c2s/sasl2.h"
#include "herald/c2s/sm.h"
#include "herald/im/im.h"

void sm_detach(struct client *c)
{
	if (c->conn)
		conn_close(c->conn);
	c->conn = NULL;
	client_uncount(c);
	stream_fini(&c->stream);
	c->over = c->lost = false;
	c->sm->sent = 0;
	c->sm->asking = c->sm->ack_asked = false;
	c->sm->deadline_ms =
		loop_now_ms(c->session.worker->loop) + (uint64_t)c->sm->max_s * 1000;
	log_line(&c->session.worker->server->log, LOG_LEVEL_INFO, "c2s.detached",
	         "%s: the connection of " STR_FMT " is gone, the session waits",
	         c->address, STR_ARG(jid_str(c->session.jid)));
}

/* Whether it was asked inside SASL2: then what becomes of it is said in the success. */
static bool is_inline(const struct client *c)
{
	return c->negotiation && c->negotiation->wish;
}

static void refuse(struct client *c, const char *condition)
{
	if (is_inline(c)) {
		sasl2_on_resume_failed(c, condition);
		return;
	}
	buf_fmt(&c->stream.out,
	        "<failed xmlns='" NS_SM "'><%s xmlns='" NS_STANZAS "'/></failed>",
	        condition);
}

void sm_on_resume(struct client *c, const struct xml *x)
{
	struct str id = xml_get(x, "previd");
	uint64_t h;

	if (c->stream.phase != (is_inline(c) ? STREAM_AUTH : STREAM_BIND)) {
		refuse(c, "unexpected-request");
		return;
	}
	if (str_to_u64(xml_get(x, "h"), 10, &h) < 0 || h > UINT32_MAX || id.n == 0 ||
	    id.n >= sizeof(c->sm->id)) {
		refuse(c, "bad-request");
		return;
	}
	c->resume = base_calloc(1, sizeof(*c->resume));
	memcpy(c->resume->id, id.p, id.n);
	c->resume->h = (uint32_t)h;
	stream_hold(&c->stream);
	client_later(c);
}

/* The session that may be taken over, or NULL. */
static struct client *find(const struct client *c)
{
	struct client *old =
		map_get(&c->session.worker->streams, str_from(c->resume->id));

	if (!old || !old->sm->resumable || old->over || !old->session.user ||
	    !str_is(jid_local(old->session.jid), c->account) ||
	    !str_eq(jid_domain(old->session.jid), c->stream.host))
		return NULL;
	return old;
}

static void end_resume(struct client *c)
{
	free(c->resume);
	c->resume = NULL;
}

void sm_forget_resume(struct client *c)
{
	struct client *old =
		map_get(&c->session.worker->streams, str_from(c->resume->id));

	if (old && old->sm->resumer == c)
		old->sm->resumer = NULL;
	end_resume(c);
}

static void not_found(struct client *c)
{
	auto_arena a = { 0 };

	end_resume(c);
	c->stream.held = false;
	refuse(c, "item-not-found");
	stream_release(&c->stream, &a);
	client_later(c);
}

/* The numbers of what is in the queue go on from what the client has; only when that is on the
 * disk is it written to the client, for its next count will be by these numbers. */
static void renumber(struct client *c, uint32_t h)
{
	struct store_place at = sm_queue_place(c);
	struct sm *sm = c->sm;
	size_t n = 0;

	while (n < sm->queue.n && sm->queue.p[n].numbered &&
	       (int32_t)(sm->queue.p[n].seq - h) <= 0)
		n++;
	sm->acked = h - (uint32_t)n;
	sm_acked(c, h);
	sm->restored = false;
	if (sm->queue.n == 0)
		return;
	tx_purge(worker_tx(c->session.worker), &at,
	         &(struct store_range){ .with = str_from(sm->id) });
	for (size_t i = 0; i < sm->queue.n; i++) {
		sm->queue.p[i].numbered = true;
		sm->queue.p[i].seq = h + 1 + (uint32_t)i;
		sm_store_entry(c, &sm->queue.p[i]);
	}
	sm->stored = sm->flying = 0;
	worker_join(c->session.worker, &sm->effect);
}

static void end_old_connection(struct client *old)
{
	enum stream_error conflict = STREAM_CONFLICT;

	if (!old->conn)
		return;
	stream_close(&old->stream, &conflict, STR("The session was resumed elsewhere"));
	client_flush(old);
	conn_close(old->conn);
	old->conn = NULL;
}

static void move(struct client *old, struct client *c)
{
	end_old_connection(old);
	stream_fini(&old->stream);
	old->conn = c->conn;
	c->conn = NULL;
	conn_set_ctx(old->conn, old);
	old->stream = c->stream;
	old->stream.ctx = old;
	stream_init(&c->stream, &c->c2s->config, c, false);
	c->stream.phase = STREAM_CLOSED;
	client_unlink(old);
	client_link(old, c->c2s);
	memcpy(old->address, c->address, sizeof(old->address));
	old->port = c->port;
	old->session.heard_ms = c->session.heard_ms;
	old->session.is_asked = false;
	old->session.connection = conn_tls(old->conn) ? "c2s_tls" : "c2s";
	client_uncount(old);
	old->place = c->place;
	c->place = (struct crowd_place){ 0 };
	client_shape(old, jid_bare(old->session.jid));
	old->over = old->lost = false;
	end_resume(c);
	c->over = true;
	client_later(c);
}

static void resume(struct client *old, struct client *c)
{
	bool restored = old->sm->restored;
	uint32_t h = c->resume->h;
	auto_arena a = { 0 };
	auto_buf text = { 0 };

	if (restored)
		renumber(old, h);
	move(old, c);
	old->sm->sent = 0;
	old->sm->asking = false;
	buf_fmt(&text, "<resumed xmlns='" NS_SM "' previd='%s' h='%u'/>", old->sm->id,
	        old->sm->h_stored);
	old->stream.held = false;
	if (is_inline(c)) {
		sasl2_put_resumed(c, old, buf_as_str(&text));
	} else {
		buf_str(&old->stream.out, buf_as_str(&text));
		old->stream.phase = STREAM_OPEN;
	}
	log_line(&old->session.worker->server->log, LOG_LEVEL_INFO, "c2s.resumed",
	         "%s: " STR_FMT " goes on", old->address,
	         STR_ARG(jid_str(old->session.jid)));
	if (restored)
		im_session_resumed(&old->session, &a);
	stream_release(&old->stream, &a);
	client_later(old);
}

static void too_high(struct client *c, const struct client *old)
{
	auto_buf condition = { 0 };

	buf_fmt(&condition,
	        "<handled-count-too-high xmlns='" NS_SM "' h='%u' send-count='%u'/>",
	        c->resume->h, old->sm->acked + (uint32_t)old->sm->stored);
	buf_char(&condition, '\0');
	end_resume(c);
	stream_close_with(&c->stream, STREAM_UNDEFINED_CONDITION, condition.p);
}

void sm_try_resume(struct client *c)
{
	struct client *old = find(c);

	if (!old) {
		not_found(c);
		return;
	}
	/* What the client will not send again must be stored. */
	if (old->session.holds || old->sm->h != old->sm->h_stored) {
		if (old->sm->resumer && old->sm->resumer != c) {
			not_found(c);
			return;
		}
		old->sm->resumer = c;
		worker_join(c->session.worker, &old->sm->effect);
		return;
	}
	old->sm->resumer = NULL;
	csi_release(old); /* XEP-0352 section 5.1: the state is not resumed */
	csi_free(old->csi);
	old->csi = NULL;
	if (!old->sm->restored && !sm_acked(old, c->resume->h))
		too_high(c, old);
	else
		resume(old, c);
}

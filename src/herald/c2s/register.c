/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * IQs before the login, which modules answer: the stream waits meanwhile. What comes of them
 * counts for the address, also when the client has gone before.
 */
#include "base/oom.h"
#include "herald/c2s/client.h"
#include "herald/im/module.h"

/* One IQ that is being answered. */
struct asking {
	struct stranger stranger; /* first: the stranger is it */
	struct client *client;    /* NULL: gone */
	struct crowd *crowd;      /* NULL: nobody counts */
	struct crowd_place place;
	char address[46];
	bool has_place; /* taken for an account */
};

static uint64_t now_of(const struct asking *ask)
{
	return loop_now_ms(ask->stranger.w->loop);
}

static bool may_register(struct stranger *s)
{
	struct asking *ask = (struct asking *)s;

	if (!ask->crowd)
		return true;
	ask->has_place = crowd_may_register(ask->crowd, &ask->place, now_of(ask));
	return ask->has_place;
}

static void count(struct asking *ask, enum stranger_outcome outcome, const char *reason)
{
	const struct logger *log = &ask->stranger.w->server->log;

	if (outcome == STRANGER_ANSWERED || outcome == STRANGER_REGISTERED)
		return;
	log_line(log, LOG_LEVEL_WARNING, "c2s.register.failed", "%s: %s", ask->address,
	         reason);
	if (ask->has_place)
		crowd_not_registered(ask->crowd, &ask->place);
	if (outcome == STRANGER_REFUSED &&
	    fails_once_too_often(ask->crowd, &ask->place, ask->stranger.w,
	                         ask->stranger.host))
		log_line(log, LOG_LEVEL_WARNING, "c2s.barred",
		         "%s: too many logins have failed", ask->address);
}

static void answer(struct client *c, enum stranger_outcome outcome,
                   const struct xml *reply)
{
	enum stream_error enough = STREAM_POLICY_VIOLATION;
	auto_arena a = { 0 };

	c->negotiation->asking = NULL;
	if (c->stream.phase == STREAM_CLOSED)
		return;
	stream_send(&c->stream, reply);
	c->negotiation->refused += outcome == STRANGER_REFUSED;
	if (c->negotiation->refused >= CLIENT_TRIES)
		stream_close(&c->stream, &enough, STR("Too many refused accounts"));
	else
		stream_release(&c->stream, &a);
	client_later(c);
}

static void done(struct stranger *s, enum stranger_outcome outcome,
                 const struct xml *reply, const char *reason)
{
	struct asking *ask = (struct asking *)s;

	count(ask, outcome, reason);
	if (ask->client)
		answer(ask->client, outcome, reply);
	free(ask);
}

static const struct stranger_ops ops = { may_register, done };

static struct asking *asking_new(struct client *c)
{
	struct asking *ask = base_calloc(1, sizeof(*ask));

	ask->client = c;
	ask->crowd = c->c2s->options.crowd;
	ask->place = c->place;
	memcpy(ask->address, c->address, sizeof(ask->address));
	ask->stranger =
		(struct stranger){ c->c2s->worker, c->stream.host, ask->address, &ops };
	return ask;
}

bool client_stranger(void *ctx, struct xml *x, struct arena *a)
{
	struct client *c = ctx;
	struct asking *ask = asking_new(c);

	c->negotiation->asking = ask;
	stream_hold(&c->stream);
	for_each_module(m, client_setup(c))
	{
		if (m->on_stranger && m->on_stranger(&ask->stranger, x, a))
			return true;
	}
	c->stream.held = false;
	c->negotiation->asking = NULL;
	free(ask);
	return false;
}

void client_forget_asking(struct client *c)
{
	if (c->negotiation->asking)
		c->negotiation->asking->client = NULL;
	c->negotiation->asking = NULL;
}

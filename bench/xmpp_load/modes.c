/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the clients do once they are logged in. Results are lines of JSON on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define FILLER \
	"The quick brown fox jumps over the lazy dog, as every message of this bench does."

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static double seconds_since(uint64_t ns)
{
	return (double)(now_ns() - ns) / 1e9;
}

/* Keeps `parallel` logins going until all are there. */
static void connect_more(struct load *l, unsigned *next, unsigned until)
{
	while (*next < until && l->connecting < l->o->parallel)
		client_connect(&l->clients[(*next)++]);
}

static void ignore(struct client *c, struct str name, struct str text)
{
	(void)c, (void)name, (void)text;
}

/* ---- idle: so many clients, in stages of one and ten tenths ------------------------------- */

struct staged {
	unsigned next, until;
};

static void idle_start(struct load *l)
{
	struct staged *s = l->own = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->until = l->o->count / 10;
	connect_more(l, &s->next, s->until);
}

static void idle_ready(struct client *c)
{
	struct load *l = c->load;
	struct staged *s = l->own;

	connect_more(l, &s->next, s->until);
	if (l->ready == s->until)
		say("ready");
}

/* The driver has measured: the next stage, or the end. */
static void idle_line(struct load *l)
{
	struct staged *s = l->own;

	if (s->until == l->o->count) {
		l->over = true;
		return;
	}
	s->until = l->o->count;
	connect_more(l, &s->next, s->until);
}

/* ---- login: as many logins as there is time for -------------------------------------------- */

static void login_start(struct load *l)
{
	l->began_ns = now_ns();
	for (unsigned i = 0; i < l->o->parallel; i++)
		client_connect(&l->clients[i]);
}

static void login_ready(struct client *c)
{
	struct load *l = c->load;

	l->count++;
	client_disconnect(c);
	if (seconds_since(l->began_ns) < l->o->seconds) {
		client_connect(c);
		return;
	}
	if (l->connecting)
		return;
	printf("{\"count\": %llu, \"seconds\": %.3f}\n", (unsigned long long)l->count,
	       seconds_since(l->began_ns));
	l->over = true;
}

/* ---- pairs: each sends to its other half, so many on their way ----------------------------- */

struct pairs {
	unsigned next;
	bool running, ending;
	uint64_t due_ns, *latency; /* of the open loop: when the next is to be sent */
	size_t n_latency, cap_latency;
	unsigned turn;
};

static void pairs_start(struct load *l)
{
	struct pairs *p = l->own = calloc(1, sizeof(*p));

	if (!p)
		abort();
	for (unsigned i = 0; i < l->o->count; i++)
		l->clients[i].peer = &l->clients[i ^ 1];
	connect_more(l, &p->next, l->o->count);
}

/* Body: sequence, time, filler. Put into the buffer; flushed by the caller. */
static void put_message(struct client *c)
{
	const struct options *o = c->load->o;

	buf_fmt(&c->out,
	        "<message type='chat' id='m%llu' to='u%05u@%s/bench'><body>%llu %llu " FILLER
	        "</body></message>",
	        (unsigned long long)c->sent, c->peer->index, o->domain,
	        (unsigned long long)c->sent, (unsigned long long)now_ns());
	c->sent++;
	if (o->acks && c->sent % 5 == 0)
		buf_cstr(&c->out, "<r xmlns='urn:xmpp:sm:3'/>");
}

static void pairs_ready(struct client *c)
{
	struct load *l = c->load;
	struct pairs *p = l->own;

	connect_more(l, &p->next, l->o->count);
	if (l->ready == l->o->count)
		say("ready");
}

static void begin(struct load *l)
{
	struct pairs *p = l->own;

	p->running = true;
	l->began_ns = p->due_ns = now_ns();
	for (unsigned i = 0; i < l->o->count && !l->o->rate; i += 2) {
		for (unsigned w = 0; w < l->o->window; w++)
			put_message(&l->clients[i]);
		client_flush(&l->clients[i]);
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double percentile(const struct pairs *p, double share)
{
	size_t at = (size_t)((double)p->n_latency * share);

	return p->n_latency
	               ? (double)p->latency[at < p->n_latency ? at : p->n_latency - 1] /
	                         1e6
	               : 0;
}

static void finish(struct load *l)
{
	struct pairs *p = l->own;

	if (p->n_latency)
		qsort(p->latency, p->n_latency, sizeof(*p->latency), by_value);
	printf("{\"count\": %llu, \"seconds\": %.3f, \"errors\": %llu, \"p50_ms\": %.3f, "
	       "\"p99_ms\": %.3f}\n",
	       (unsigned long long)l->count, seconds_since(l->began_ns),
	       (unsigned long long)l->errors, percentile(p, 0.5), percentile(p, 0.99));
	l->over = true;
}

static void note_latency(struct pairs *p, uint64_t ns)
{
	if (p->n_latency == p->cap_latency) {
		p->cap_latency = p->cap_latency ? 2 * p->cap_latency : 4096;
		p->latency = realloc(p->latency, p->cap_latency * sizeof(*p->latency));
		if (!p->latency)
			abort();
	}
	p->latency[p->n_latency++] = ns;
}

/* Whether the body is the next one of the sender, whole. */
static bool is_whole(struct client *c, struct str text, uint64_t *sent_ns)
{
	const char *body = memmem(text.p, text.n, "<body>", 6);
	char *end;

	if (!body)
		return false;
	unsigned long long number = strtoull(body + 6, &end, 10);
	*sent_ns = strtoull(end, &end, 10);
	return number == c->received &&
	       strncmp(end, " " FILLER "</body>", sizeof(FILLER) + 7) == 0;
}

static void pairs_stanza(struct client *c, struct str name, struct str text)
{
	struct load *l = c->load;
	struct pairs *p = l->own;
	uint64_t sent_ns = 0;

	if (!str_is(name, "message"))
		return;
	if (!is_whole(c, text, &sent_ns)) {
		l->errors++;
		fprintf(stderr, "xmpp_load: not the message that was due: " STR_FMT "\n",
		        STR_ARG(text));
	}
	c->received++;
	l->count++;
	if (l->o->rate)
		note_latency(p, now_ns() - sent_ns);
	else if (!p->ending) {
		put_message(c->peer);
		client_flush(c->peer);
	}
}

/* All that was sent has come. */
static bool is_quiet(const struct load *l)
{
	for (unsigned i = 0; i < l->o->count; i += 2) {
		if (l->clients[i].sent != l->clients[i + 1].received)
			return false;
	}
	return true;
}

/* An open loop sends at its times, whatever the server does. */
static void send_due(struct load *l)
{
	struct pairs *p = l->own;
	uint64_t now = now_ns(), step = 1000000000 / l->o->rate;

	while (p->due_ns <= now) {
		struct client *c =
			&l->clients[(size_t)2 * (p->turn++ % (l->o->count / 2))];
		put_message(c);
		client_flush(c);
		p->due_ns += step;
	}
}

static void pairs_tick(struct load *l)
{
	struct pairs *p = l->own;
	double seconds = seconds_since(l->began_ns);

	if (!p->running)
		return;
	if (l->o->rate && !p->ending)
		send_due(l);
	if (seconds >= l->o->seconds)
		p->ending = true;
	if (p->ending && is_quiet(l))
		finish(l);
	if (seconds > l->o->seconds + 10)
		give_up("messages are lost", STR(""));
}

/* ---- presence: one is seen by all others ---------------------------------------------------- */

struct presences {
	unsigned next, friends, seen;
	uint64_t round;
	bool running;
};

static void presence_start(struct load *l)
{
	struct presences *p = l->own = calloc(1, sizeof(*p));

	if (!p)
		abort();
	connect_more(l, &p->next, l->o->count);
}

static void befriend(struct client *c, unsigned index, const char *type)
{
	buf_fmt(&c->out, "<presence to='u%05u@%s' type='%s'/>", index, c->load->o->domain,
	        type);
	client_flush(c);
}

static void presence_ready(struct client *c)
{
	struct load *l = c->load;
	struct presences *p = l->own;

	connect_more(l, &p->next, l->o->count);
	if (l->ready < l->o->count)
		return;
	for (unsigned i = 1; i < l->o->count; i++)
		befriend(&l->clients[i], l->clients[0].index, "subscribe");
}

static void next_round(struct load *l)
{
	struct presences *p = l->own;

	p->seen = 0;
	buf_fmt(&l->clients[0].out, "<presence><status>round %llu</status></presence>",
	        (unsigned long long)++p->round);
	client_flush(&l->clients[0]);
}

static bool says(struct str text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static unsigned sender_of(struct str text)
{
	const char *from = memmem(text.p, text.n, "from=", 5);

	return from ? (unsigned)strtoul(from + 7, NULL, 10) : 0;
}

static void saw_round(struct load *l, struct str text)
{
	struct presences *p = l->own;
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "round %llu<", (unsigned long long)p->round);
	if (!says(text, wanted)) {
		l->errors++;
		return;
	}
	l->count++;
	if (++p->seen < l->o->count - 1)
		return;
	if (seconds_since(l->began_ns) < l->o->seconds) {
		next_round(l);
		return;
	}
	printf("{\"count\": %llu, \"seconds\": %.3f, \"errors\": %llu}\n",
	       (unsigned long long)l->count, seconds_since(l->began_ns),
	       (unsigned long long)l->errors);
	l->over = true;
}

static void presence_stanza(struct client *c, struct str name, struct str text)
{
	struct load *l = c->load;
	struct presences *p = l->own;

	if (!str_is(name, "presence"))
		return;
	if (c == &l->clients[0] &&
	    (says(text, "type='subscribe'") || says(text, "type=\"subscribe\"")))
		befriend(c, sender_of(text), "subscribed");
	else if (says(text, "type='subscribed'") || says(text, "type=\"subscribed\"")) {
		if (++p->friends == l->o->count - 1)
			say("ready");
	} else if (p->running && c != &l->clients[0] && says(text, "<status>"))
		saw_round(l, text);
}

static void presence_line(struct load *l)
{
	struct presences *p = l->own;

	p->running = true;
	l->began_ns = now_ns();
	next_round(l);
}

const struct mode modes[] = {
	{ "idle", idle_start, idle_ready, ignore, NULL, idle_line },
	{ "login", login_start, login_ready, ignore, NULL, NULL },
	{ "pairs", pairs_start, pairs_ready, pairs_stanza, pairs_tick, begin },
	{ "presence", presence_start, presence_ready, presence_stanza, NULL,
	  presence_line },
	{ 0 },
};

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* IRC: a client offers a direct connection to itself, "PRIVMSG nick :\1DCC SEND name address port". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "gate/track/helper.h"

enum { OFFER_MIN = 24 }; /* bytes of the shortest offer, with its marks and line end */

static const struct str offers[] = {
	STR_INIT("SEND "),  STR_INIT("CHAT "),  STR_INIT("MOVE "),
	STR_INIT("TSEND "), STR_INIT("SCHAT "),
};

static struct str skip(struct str s, size_t n)
{
	return str_sub(s, n, s.n);
}

/* An address and a port, and where they stand. */
struct offer {
	uint32_t address;
	uint16_t port;
	struct str text;
};

/* "name address port": both numbers decimal, the address as one number. */
static bool read_offer(struct str s, struct offer *o)
{
	uint64_t a = 0, p = 0;
	size_t n = str_find(s, ' ');

	s = skip(s, n + 1);
	o->text = s;
	n = track_helper_number(s, UINT32_MAX, &a);
	s = skip(s, n);
	if (!n)
		return false;
	while (s.n && s.p[0] == ' ')
		s = skip(s, 1);
	n = track_helper_number(s, UINT16_MAX, &p);
	if (!n)
		return false;
	o->text.n = (size_t)(s.p + n - o->text.p);
	o->address = (uint32_t)a;
	o->port = (uint16_t)p;
	return true;
}

/* The offer in a message, behind "\1DCC ". */
static bool find_offer(struct str s, struct offer *o)
{
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		if (str_starts(s, offers[i]) && read_offer(skip(s, offers[i].n), o))
			return true;
	return false;
}

/* The outside knows the client by another address. */
static enum track_verdict announce(struct track_reading *r, const struct offer *o)
{
	const struct track_addr *known = &r->e->tuple[TRACK_REPLY].dst;
	struct track_expect x = {
		.tuple = { .dst = *known, .dst_port = o->port, .proto = IPPROTO_TCP },
		.any_src = true
	};
	char text[32];

	if (track_helper_add(r, &x, o->port))
		return TRACK_DROP;
	if (track_helper_translates(r)) {
		int n = snprintf(text, sizeof(text), "%u %u", ntohl(known->w[0]),
		                 x.tuple.dst_port);
		track_helper_replace(r, (size_t)(o->text.p - r->p->payload.p), o->text.n,
		                     (struct str){ text, (size_t)n });
	}
	return TRACK_ACCEPT;
}

enum track_verdict track_irc(struct track_reading *r)
{
	const struct str mark = STR("\1DCC "), message = STR("PRIVMSG ");
	const struct track_tuple *own = &r->e->tuple[TRACK_ORIGINAL];
	const struct track_tuple *reply = &r->e->tuple[TRACK_REPLY];
	struct str s = r->p->payload;

	if (r->dir == TRACK_REPLY || r->state != TRACK_ESTABLISHED)
		return TRACK_ACCEPT;
	if (s.n < OFFER_MIN || strncasecmp(s.p, message.p, message.n) != 0)
		return TRACK_ACCEPT;
	for (s = skip(s, message.n); s.n >= mark.n; s = skip(s, 1)) {
		struct offer o;
		if (!str_starts(s, mark) || !find_offer(skip(s, mark.n), &o))
			continue;
		/* Only its own address, as it or as the outside knows it. */
		if ((own->src.w[0] != htonl(o.address) &&
		     reply->dst.w[0] != htonl(o.address)) ||
		    !o.port)
			continue;
		return announce(r, &o);
	}
	return TRACK_ACCEPT;
}

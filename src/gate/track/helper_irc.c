/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* IRC: a client offers a direct connection to itself, "PRIVMSG nick :\1DCC SEND name address port". */
#include <arpa/inet.h>
#include <netinet/in.h>
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

/* "name address port": both numbers decimal, the address as one number. */
static bool read_offer(struct str s, uint32_t *address, uint16_t *port)
{
	uint64_t a = 0, p = 0;
	size_t n = str_find(s, ' ');

	s = skip(s, n + 1);
	n = track_helper_number(s, UINT32_MAX, &a);
	s = skip(s, n);
	if (!n)
		return false;
	while (s.n && s.p[0] == ' ')
		s = skip(s, 1);
	if (!track_helper_number(s, UINT16_MAX, &p))
		return false;
	*address = (uint32_t)a;
	*port = (uint16_t)p;
	return true;
}

/* The offer in a message, behind "\1DCC ". */
static bool find_offer(struct str s, uint32_t *address, uint16_t *port)
{
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		if (str_starts(s, offers[i]) &&
		    read_offer(skip(s, offers[i].n), address, port))
			return true;
	return false;
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
		uint32_t address;
		uint16_t port;
		if (!str_starts(s, mark) || !find_offer(skip(s, mark.n), &address, &port))
			continue;
		/* Only its own address, as it or as the outside knows it. */
		if ((own->src.w[0] != htonl(address) &&
		     reply->dst.w[0] != htonl(address)) ||
		    !port)
			continue;
		return track_helper_expect(r, IPPROTO_TCP, NULL, &reply->dst, port);
	}
	return TRACK_ACCEPT;
}

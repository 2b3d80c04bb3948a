/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting connections. */
#include "herald/c2s/crowd.h"

#include <netinet/in.h>

#include "base/oom.h"

enum { REMEMBERED_MAX = 100000 }; /* addresses, of each kind */

/* What an address did lately. */
struct record {
	struct crowd_place place; /* the key */
	uint64_t n;
	uint64_t over_ms; /* when it is forgotten */
	bool barred;
};

/* Which place an address is; false: it is not counted. */
static bool place_of(const struct sockaddr_storage *peer, struct crowd_place *out)
{
	const struct sockaddr_in6 *six = (const void *)peer;
	const struct sockaddr_in *four = (const void *)peer;
	const uint8_t *bytes = six->sin6_addr.s6_addr;

	*out = (struct crowd_place){ 0 };
	if (peer->ss_family == AF_INET) {
		out->kind = 4;
		memcpy(out->bytes, &four->sin_addr, 4);
	} else if (peer->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		out->kind = 4;
		memcpy(out->bytes, bytes + 12, 4);
	} else if (peer->ss_family == AF_INET6 &&
	           !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr)) {
		out->kind = 6;
		memcpy(out->bytes, bytes, 8);
	}
	if (out->kind == 4 && out->bytes[0] == 127)
		out->kind = 0;
	return out->kind;
}

struct str crowd_key(const struct crowd_place *place)
{
	if (!place->kind)
		return STR("");
	return (struct str){ (const char *)place, place->kind == 4 ? 5 : 9 };
}

static struct str prefix_of(const struct crowd_place *place)
{
	return (struct str){ (const char *)place, place->kind == 4 ? 4 : 7 };
}

bool crowd_enter(struct crowd *c, const struct sockaddr_storage *peer,
                 struct crowd_place *out)
{
	if (!place_of(peer, out))
		return true;
	struct str address = crowd_key(out), prefix = prefix_of(out);
	if (tally_get(&c->addresses, address) >= c->address_max ||
	    tally_get(&c->prefixes, prefix) >= c->prefix_max) {
		out->kind = 0;
		return false;
	}
	tally_add(&c->addresses, address);
	tally_add(&c->prefixes, prefix);
	return true;
}

void crowd_leave(struct crowd *c, struct crowd_place *place)
{
	if (!place->kind)
		return;
	tally_take(&c->addresses, crowd_key(place));
	tally_take(&c->prefixes, prefix_of(place));
	place->kind = 0;
}

/* ---- what is remembered of addresses ------------------------------------------------------ */

static struct record *add(struct map *m, struct str key)
{
	struct record *r = base_calloc(1, sizeof(*r));

	memcpy(&r->place, key.p, key.n);
	map_put(m, (struct str){ (const char *)&r->place, key.n }, r);
	return r;
}

static void forget_old(struct map *m, uint64_t now_ms)
{
	map_for_each(it, m) {
		struct record *r = it->value;
		if (now_ms < r->over_ms)
			continue;
		map_del(m, it->key);
		free(r);
	}
}

/* One more, counted from 1 when the last is over; NULL: there is no room for the address. */
static struct record *remember(struct map *m, struct str key, uint64_t life_ms,
                               uint64_t now_ms)
{
	struct record *r;

	if (m->n >= REMEMBERED_MAX)
		forget_old(m, now_ms);
	r = map_get(m, key);
	if (!r && m->n >= REMEMBERED_MAX)
		return NULL;
	if (!r)
		r = add(m, key);
	if (now_ms >= r->over_ms) {
		r->n = 0;
		r->barred = false;
	}
	r->n++;
	r->over_ms = now_ms + life_ms;
	return r;
}

/* ---- failed logins ------------------------------------------------------------------------ */

bool crowd_failed(struct crowd *c, const struct crowd_place *place, uint64_t max,
                  uint64_t barred_ms, uint64_t now_ms)
{
	struct record *r;

	if (!place->kind)
		return false;
	r = remember(&c->failures, crowd_key(place), barred_ms, now_ms);
	if (!r)
		return false;
	bool is_news = !r->barred && r->n >= max;
	r->barred = r->barred || is_news;
	return is_news;
}

bool crowd_is_barred(const struct crowd *c, const struct crowd_place *place,
                     uint64_t now_ms)
{
	const struct record *r;

	if (!place->kind)
		return false;
	r = map_get(&c->failures, crowd_key(place));
	return r && r->barred && now_ms < r->over_ms;
}

/* ---- new accounts ------------------------------------------------------------------------- */

bool crowd_may_register(struct crowd *c, const struct crowd_place *place, uint64_t now_ms)
{
	const struct record *r;

	if (!place->kind || !c->registration_ms)
		return true;
	r = map_get(&c->registrations, crowd_key(place));
	if (r && now_ms < r->over_ms)
		return false;
	return remember(&c->registrations, crowd_key(place), c->registration_ms, now_ms);
}

void crowd_not_registered(struct crowd *c, const struct crowd_place *place)
{
	if (place->kind)
		free(map_del(&c->registrations, crowd_key(place)));
}

void crowd_fini(struct crowd *c)
{
	map_for_each(it, &c->failures)
		free(it->value);
	map_fini(&c->failures);
	map_for_each(it, &c->registrations)
		free(it->value);
	map_fini(&c->registrations);
	tally_fini(&c->addresses);
	tally_fini(&c->prefixes);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting connections. */
#include "herald/c2s/crowd.h"

#include <netinet/in.h>

#include "base/oom.h"

enum { FAILURES_MAX = 100000 }; /* addresses that are remembered */

struct failures {
	struct crowd_place place; /* the key */
	uint64_t n;
	uint64_t over_ms; /* when they are forgotten */
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

/* ---- failed logins ------------------------------------------------------------------------ */

static struct failures *add(struct map *m, struct str key)
{
	struct failures *f = base_calloc(1, sizeof(*f));

	memcpy(&f->place, key.p, key.n);
	map_put(m, (struct str){ (const char *)&f->place, key.n }, f);
	return f;
}

static void forget_old(struct crowd *c, uint64_t now_ms)
{
	map_for_each(it, &c->failures) {
		struct failures *count = it->value;
		if (now_ms < count->over_ms)
			continue;
		map_del(&c->failures, it->key);
		free(count);
	}
}

bool crowd_failed(struct crowd *c, const struct crowd_place *place, uint64_t max,
                  uint64_t barred_ms, uint64_t now_ms)
{
	struct str key = crowd_key(place);
	struct failures *count;

	if (!place->kind)
		return false;
	if (c->failures.n >= FAILURES_MAX)
		forget_old(c, now_ms);
	count = map_get(&c->failures, key);
	if (!count && c->failures.n >= FAILURES_MAX)
		return false;
	if (count && now_ms >= count->over_ms) {
		count->n = 0;
		count->barred = false;
	}
	if (!count)
		count = add(&c->failures, key);
	count->n++;
	count->over_ms = now_ms + barred_ms;
	bool is_news = !count->barred && count->n >= max;
	count->barred = count->barred || is_news;
	return is_news;
}

bool crowd_is_barred(const struct crowd *c, const struct crowd_place *place,
                     uint64_t now_ms)
{
	const struct failures *count;

	if (!place->kind)
		return false;
	count = map_get(&c->failures, crowd_key(place));
	return count && count->barred && now_ms < count->over_ms;
}

void crowd_fini(struct crowd *c)
{
	map_for_each(it, &c->failures)
		free(it->value);
	map_fini(&c->failures);
	tally_fini(&c->addresses);
	tally_fini(&c->prefixes);
}

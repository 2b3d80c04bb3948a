/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Counting connections. */
#include "herald/c2s/crowd.h"

#include <netinet/in.h>

#include "base/oom.h"

enum { FAILURES_MAX = 100000 }; /* addresses that are remembered */

struct count {
	char key[9];
	uint32_t n;
	uint64_t over_ms; /* failures: when they are forgotten */
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

static struct str key_of(const struct crowd_place *place, bool prefix, char out[9])
{
	size_t whole = place->kind == 4 ? 4 : 8, part = place->kind == 4 ? 3 : 6;

	out[0] = (char)place->kind;
	memcpy(out + 1, place->bytes, 8);
	return (struct str){ out, 1 + (prefix ? part : whole) };
}

static uint32_t count_of(const struct map *m, struct str key)
{
	const struct count *c = map_get(m, key);

	return c ? c->n : 0;
}

static struct count *add(struct map *m, struct str key)
{
	struct count *c = map_get(m, key);

	if (!c) {
		c = base_calloc(1, sizeof(*c));
		memcpy(c->key, key.p, key.n);
		map_put(m, (struct str){ c->key, key.n }, c);
	}
	c->n++;
	return c;
}

static void subtract(struct map *m, struct str key)
{
	struct count *c = map_get(m, key);

	if (!c || --c->n)
		return;
	map_del(m, key);
	free(c);
}

bool crowd_enter(struct crowd *c, const struct sockaddr_storage *peer,
                 struct crowd_place *out)
{
	char address[9], prefix[9];

	if (!place_of(peer, out))
		return true;
	struct str a = key_of(out, false, address), p = key_of(out, true, prefix);
	if (count_of(&c->addresses, a) >= c->address_max ||
	    count_of(&c->prefixes, p) >= c->prefix_max) {
		out->kind = 0;
		return false;
	}
	add(&c->addresses, a);
	add(&c->prefixes, p);
	return true;
}

void crowd_leave(struct crowd *c, struct crowd_place *place)
{
	char text[9];

	if (!place->kind)
		return;
	subtract(&c->addresses, key_of(place, false, text));
	subtract(&c->prefixes, key_of(place, true, text));
	place->kind = 0;
}

/* ---- failed logins ------------------------------------------------------------------------ */

static void forget_old(struct crowd *c, uint64_t now_ms)
{
	map_for_each(it, &c->failures) {
		struct count *count = it->value;
		if (now_ms < count->over_ms)
			continue;
		map_del(&c->failures, it->key);
		free(count);
	}
}

bool crowd_failed(struct crowd *c, const struct crowd_place *place, uint64_t max,
                  uint64_t barred_ms, uint64_t now_ms)
{
	char text[9];
	struct str key = key_of(place, false, text);
	struct count *count;

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
	count = add(&c->failures, key);
	count->over_ms = now_ms + barred_ms;
	bool is_news = !count->barred && count->n >= max;
	count->barred = count->barred || is_news;
	return is_news;
}

bool crowd_is_barred(const struct crowd *c, const struct crowd_place *place,
                     uint64_t now_ms)
{
	char text[9];
	const struct count *count;

	if (!place->kind)
		return false;
	count = map_get(&c->failures, key_of(place, false, text));
	return count && count->barred && now_ms < count->over_ms;
}

void crowd_fini(struct crowd *c)
{
	map_for_each(it, &c->failures)
		free(it->value);
	map_fini(&c->failures);
	map_for_each(it, &c->addresses)
		free(it->value);
	map_for_each(it, &c->prefixes)
		free(it->value);
	map_fini(&c->addresses);
	map_fini(&c->prefixes);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "base/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

struct count {
	uint64_t n;
	char key[];
};

uint64_t tally_get(const struct tally *t, struct str key)
{
	const struct count *c = map_get(&t->counts, key);

	return c ? c->n : 0;
}

void tally_add(struct tally *t, struct str key)
{
	struct count *c = map_get(&t->counts, key);

	if (!c) {
		c = base_calloc(1, sizeof(*c) + key.n);
		memcpy(c->key, key.p, key.n);
		map_put(&t->counts, (struct str){ c->key, key.n }, c);
	}
	c->n++;
}

void tally_take(struct tally *t, struct str key)
{
	struct count *c = map_get(&t->counts, key);

	if (!c || --c->n)
		return;
	map_del(&t->counts, key);
	free(c);
}

void tally_fini(struct tally *t)
{
	map_for_each(it, &t->counts)
		free(it->value);
	map_fini(&t->counts);
}

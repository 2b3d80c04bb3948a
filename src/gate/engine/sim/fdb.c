/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A map from bridge and hardware address to a port. */
#include "gate/engine/sim/fdb.h"

#include "base/map.h"
#include "base/oom.h"

static const uint64_t ageing_ns = UINT64_C(300) * 1000000000;

struct fdb_key {
	uint32_t bridge; /* its index */
	uint8_t mac[6], zero[2];
};

struct fdb_entry {
	struct fdb_key key;
	const struct sim_dev *port;
	bool is_told; /* it does not age */
	uint64_t heard_ns;
};

struct fdb {
	struct arena a;
	struct map entries;
};

static struct fdb_key key_of(const struct sim_dev *bridge, const uint8_t mac[6])
{
	struct fdb_key key = { .bridge = bridge->index };

	memcpy(key.mac, mac, sizeof(key.mac));
	return key;
}

static struct fdb_entry *entry_of(const struct fdb *f, const struct sim_dev *bridge,
                                  const uint8_t mac[6])
{
	struct fdb_key key = key_of(bridge, mac);

	return map_get(&f->entries, (struct str){ (const char *)&key, sizeof(key) });
}

void fdb_learn(struct fdb *f, const struct sim_dev *port, const uint8_t mac[6],
               uint64_t now_ns)
{
	struct fdb_entry *e = entry_of(f, port->bridge, mac);

	if (!e) {
		e = arena_new(&f->a, struct fdb_entry);
		e->key = key_of(port->bridge, mac);
		map_put(&f->entries,
		        (struct str){ (const char *)&e->key, sizeof(e->key) }, e);
	}
	e->port = port;
	e->heard_ns = now_ns;
}

const struct sim_dev *fdb_find(const struct fdb *f, const struct sim_dev *bridge,
                               const uint8_t mac[6], uint64_t now_ns)
{
	const struct fdb_entry *e = entry_of(f, bridge, mac);

	return e && (e->is_told || now_ns - e->heard_ns < ageing_ns) ? e->port : NULL;
}

struct fdb *fdb_new(const struct sim_machine *m)
{
	struct fdb *f = base_calloc(1, sizeof(*f));

	vec_for_each(it, &m->stations) {
		if (!it->port->bridge)
			continue;
		fdb_learn(f, it->port, it->mac, 0);
		entry_of(f, it->port->bridge, it->mac)->is_told = true;
	}
	return f;
}

void fdb_free(struct fdb *f)
{
	if (!f)
		return;
	map_fini(&f->entries);
	arena_fini(&f->a);
	free(f);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Drawing values. */
#include "gate/scenario/draw.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/machine.h"

enum { TRIES = 64, PORTS_MAX = 4096 };

void draw_init(struct draw *d, uint64_t seed, const struct sim_machine *machine)
{
	*d = (struct draw){ .state = seed, .machine = machine };
}

void draw_fini(struct draw *d)
{
	vec_fini(&d->addrs);
	vec_fini(&d->ports);
	map_fini(&d->known);
	arena_fini(&d->a);
}

void draw_seed(struct draw *d, uint64_t seed, uint64_t number)
{
	d->state = seed * UINT64_C(0x9e3779b97f4a7c15) + number;
	d->turn = 0;
	d->next_addr = d->addrs.n ? draw_next(d) % d->addrs.n : 0;
	d->next_port = d->ports.n ? draw_next(d) % d->ports.n : 0;
}

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t draw_next(struct draw *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- what the ruleset speaks of ---- */

static void step_addr(uint8_t *addr, size_t n, int by)
{
	for (size_t i = n; i-- > 0;) {
		addr[i] = (uint8_t)(addr[i] + by);
		if (addr[i] != (by > 0 ? 0 : 0xff))
			return;
	}
}

/* The address, and the ones beside it. */
static void learn_addr(struct draw *d, const uint8_t *addr, size_t n)
{
	for (int by = -1; by <= 1; by++) {
		struct draw_addr a = { .family = n == 4 ? FAMILY_IP : FAMILY_IP6 };
		memcpy(a.addr, addr, n);
		if (by)
			step_addr(a.addr, n, by);
		struct str key = { (const char *)&a, sizeof(a) };
		if (map_has(&d->known, key))
			continue;
		vec_push(&d->addrs, a);
		map_put(&d->known, arena_str(&d->a, key), d);
	}
}

static void learn_port(struct draw *d, const uint8_t *b)
{
	uint16_t port = (uint16_t)(b[0] << 8 | b[1]);

	for (int by = -1; by <= 1; by++) {
		bool known = false;
		vec_for_each(it, &d->ports)
			known |= *it == (uint16_t)(port + by);
		if (!known && d->ports.n < PORTS_MAX)
			vec_push(&d->ports, (uint16_t)(port + by));
	}
}

static void learn_data(struct draw *d, const struct data *v)
{
	if (v->n == 4 || v->n == 16)
		learn_addr(d, v->b, v->n);
	else if (v->n == 2)
		learn_port(d, v->b);
}

/* Fields of a concatenation stand at multiples of four; their lengths are not told for plain
 * sets, so each word is taken for what it could be. */
static void learn_key(struct draw *d, const struct data *key)
{
	if (key->n <= 4 || key->n == 16) {
		learn_data(d, key);
		return;
	}
	for (size_t at = 0; at + 4 <= key->n; at += 4) {
		learn_addr(d, key->b + at, 4);
		if (key->b[at + 2] == 0 && key->b[at + 3] == 0)
			learn_port(d, key->b + at);
	}
}

static void learn_rule(struct draw *d, const struct program *prog)
{
	for (size_t i = 0; i < prog->n; i++) {
		const struct insn *in = &prog->p[i];
		if (in->kind == INSN_CMP) {
			learn_data(d, &in->cmp.data);
		} else if (in->kind == INSN_RANGE) {
			learn_data(d, &in->range.from);
			learn_data(d, &in->range.to);
		}
	}
}

static void learn_set(struct draw *d, const struct sim_set *set)
{
	vec_for_each(it, &set->elems) {
		if ((*it)->dead)
			continue;
		learn_key(d, &(*it)->e.key);
		if ((*it)->e.has_key_end)
			learn_key(d, &(*it)->e.key_end);
	}
}

void draw_learn(struct draw *d, const struct sim_store *store)
{
	vec_for_each(table, &store->tables) {
		vec_for_each(chain, &(*table)->chains)
			vec_for_each(rule, &(*chain)->rules)
				learn_rule(d, &(*rule)->r.prog);
		vec_for_each(set, &(*table)->sets)
			learn_set(d, *set);
	}
}

/* ---- values ---- */

static void random_bytes(struct draw *d, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(draw_next(d) >> 32);
}

/* Addresses as numbers, the most significant byte first. */
static unsigned __int128 load(const uint8_t *b, size_t n)
{
	unsigned __int128 v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

static void store(uint8_t *b, size_t n, unsigned __int128 v)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

/* A number from 0 to `max`. */
static unsigned __int128 random_below(struct draw *d, unsigned __int128 max)
{
	unsigned __int128 mask = max, v;

	for (unsigned by = 1; by < 128; by *= 2)
		mask |= mask >> by;
	do
		v = ((unsigned __int128)draw_next(d) << 64 | draw_next(d)) & mask;
	while (v > max);
	return v;
}

/* Whether somebody else could have it: no network's own, no group's, none of this machine. */
static bool is_hosts(const struct draw *d, uint8_t family, const uint8_t *a)
{
	static const uint8_t zero[16];
	size_t n = family == FAMILY_IP ? 4 : 16;

	vec_for_each(it, &d->machine->addrs)
		if (it->family == family && memcmp(it->addr, a, n) == 0)
			return false;
	if (family == FAMILY_IP)
		return a[0] != 0 && a[0] != 127 && a[0] < 224;
	return a[0] != 0xff && memcmp(a, zero, 15) != 0;
}

/* RFC 4291 section 2.4: most addresses of IPv6 are in 2000::/3. */
static void random_addr(struct draw *d, uint8_t family, uint8_t *out)
{
	random_bytes(d, out, family == FAMILY_IP ? 4 : 16);
	if (family == FAMILY_IP6 && draw_next(d) % 4)
		out[0] = (uint8_t)(0x20 | (out[0] & 0x1f));
}

/* Every second value is the next of the known ones that fit; false: none does. */
static bool known_addr(struct draw *d, uint8_t family, const struct addr_range *r,
                       uint8_t *out)
{
	for (size_t i = 0; d->turn % 2 == 0 && i < d->addrs.n; i++) {
		const struct draw_addr *a = &d->addrs.p[d->next_addr++ % d->addrs.n];
		if (a->family != family || !addr_range_has(r, family, a->addr) ||
		    !is_hosts(d, family, a->addr))
			continue;
		memcpy(out, a->addr, 16);
		return true;
	}
	return false;
}

static void draw_any(struct draw *d, const struct addr_range *r, uint8_t family,
                     uint8_t *out)
{
	memset(out, 0, 16);
	if (known_addr(d, family, r, out))
		return;
	for (int tries = 0; tries < TRIES; tries++) {
		random_addr(d, family, out);
		if (is_hosts(d, family, out))
			return;
	}
}

/* Its ends come up more often than the rest: they are where mistakes are. */
static void draw_from(struct draw *d, const struct addr_range *r, uint8_t *out)
{
	size_t n = r->family == FAMILY_IP ? 4 : 16;
	uint64_t which = draw_next(d) % 8;

	if (known_addr(d, r->family, r, out))
		return;
	memcpy(out, which == 0 ? r->from : r->to, 16);
	if (which < 2)
		return;
	unsigned __int128 from = load(r->from, n);
	memset(out, 0, 16);
	store(out, n, from + random_below(d, load(r->to, n) - from));
}

static uint16_t draw_port(struct draw *d, const struct port_range *r)
{
	uint32_t from = r->any ? 1 : r->from, to = r->any ? 65535 : r->to;

	for (size_t i = 0; d->turn % 2 == 0 && i < d->ports.n; i++) {
		uint16_t port = d->ports.p[d->next_port++ % d->ports.n];
		if (port >= from && port <= to)
			return port;
	}
	return (uint16_t)(from + draw_next(d) % (to - from + 1));
}

static void draw_end(struct draw *d, struct packet_line *line, enum packet_end which,
                     uint8_t family)
{
	const struct endpoint *e = &line->ends[which];
	uint8_t *addr = which == END_SRC ? line->desc.src : line->desc.dst;
	uint16_t *port = which == END_SRC ? &line->desc.sport : &line->desc.dport;

	if (e->addr.any)
		draw_any(d, &e->addr, family, addr);
	else if (addr_range_is_drawn(&e->addr))
		draw_from(d, &e->addr, addr);
	if (port_range_is_drawn(&e->port))
		*port = draw_port(d, &e->port);
}

void draw_line(struct draw *d, const struct packet_line *line, struct packet_line *out)
{
	*out = *line;
	if (!out->desc.family)
		out->desc.family = FAMILY_IP;
	uint8_t family = out->desc.family == FAMILY_IP6 ? FAMILY_IP6 : FAMILY_IP;
	draw_end(d, out, END_SRC, family);
	draw_end(d, out, END_DST, family);
	d->turn++;
}

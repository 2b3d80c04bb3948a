/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Matches that remember: limit, recent, hashlimit. The kernel counts in jiffies, we in
 * nanoseconds. Lists are shared by name in a ruleset and bounded as in the kernel.
 */
#include <limits.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_recent.h>
#include <string.h>

#include "gate/engine/sim/xt.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* ip_list_tot of xt_recent, and its largest count of stamps; hashlimit's default bound. */
enum { RECENT_MAX = 100, STAMPS_MAX = 256, HASHLIMIT_MAX = 65536, KEY_BYTES = 40 };

struct xt_item {
	uint8_t key[KEY_BYTES];
	uint64_t credit_ns, seen_ns, expires_ns; /* hashlimit */
	uint64_t refills; /* by bytes: how often the bucket is filled at once */
	uint64_t counted; /* by rate: in this interval */
	bool was_over;    /* in the one before */
	uint64_t *stamps; /* recent: a ring of STAMPS_MAX */
	uint32_t n_stamps, next_stamp;
	uint8_t ttl;
	struct xt_item *next_spare;
};

struct xt_list {
	struct str name;
	bool is_recent, has_mask;
	uint8_t family;
	uint8_t mask[16]; /* recent: of the rule that made the list, for all its rules */
	struct map items; /* by key */
	VEC(struct xt_item *) order; /* recent: the longest unused first */
	struct xt_list *next;
	struct xt_item
		*spare; /* those that ran out or were taken out, to be used again */
	uint64_t swept_ns;
};

static void list_fini(void *arg)
{
	struct xt_list *l = arg;

	map_fini(&l->items);
	vec_fini(&l->order);
}

static struct xt_list *list_of(struct exec *x, struct xt *m, const char *name, size_t max,
                               bool is_recent)
{
	struct sim_store *s = x->pass->sim->store;
	struct str wanted = { name, strnlen(name, max) };
	uint8_t family = x->pass->pkt->family;

	if (m->list)
		return m->list;
	for (struct xt_list *l = s->xt_lists; l; l = l->next)
		if (l->is_recent == is_recent && str_eq(l->name, wanted) &&
		    (is_recent || l->family == family))
			return m->list = l;
	struct xt_list *l = arena_new(&s->a, struct xt_list);
	*l = (struct xt_list){ .name = arena_str(&s->a, wanted),
		               .is_recent = is_recent,
		               .family = family,
		               .next = s->xt_lists };
	arena_defer(&s->a, list_fini, l);
	s->xt_lists = l;
	return m->list = l;
}

static struct str key_of(const uint8_t key[KEY_BYTES])
{
	return (struct str){ (const char *)key, KEY_BYTES };
}

/* ---- buckets ---- */

/* A bucket as of limit and hashlimit: `cost` a packet, at most `max`. */
static bool bucket_pass(uint64_t *credit_ns, uint64_t *seen_ns, uint64_t now_ns,
                        uint64_t cost, uint64_t max)
{
	uint64_t passed = now_ns - *seen_ns;

	*credit_ns = passed > max - *credit_ns ? max : *credit_ns + passed;
	*seen_ns = now_ns;
	if (*credit_ns < cost)
		return false;
	*credit_ns -= cost;
	return true;
}

static bool is_hidden(struct exec *x, const char *what, bool *answer)
{
	if (!x->pass->sim->is_live)
		return false;
	*answer = sim_doubt(x->pass, what);
	return true;
}

enum xt_answer xt_limit(struct exec *x, struct xt *m)
{
	const struct xt_rateinfo *i = m->info;
	uint64_t now = x->pass->sim->now_ns;
	uint64_t cost = i->avg * (NS_PER_S / XT_LIMIT_SCALE), max = cost * i->burst;
	bool answer;

	if (is_hidden(x, "limit: how much of it is used up", &answer))
		return xt_bool(answer);
	if (!m->is_begun) {
		m->credit_ns = max;
		m->seen_ns = now;
		m->is_begun = true;
	}
	return xt_bool(bucket_pass(&m->credit_ns, &m->seen_ns, now, cost, max));
}

/* ---- hashlimit ---- */

struct hash_view {
	uint64_t avg, cost_ns, burst;
	uint32_t mode, max, expire_ms, interval_s;
	uint8_t src_len, dst_len;
};

static void mask_address(uint8_t *addr, size_t size, unsigned prefix)
{
	for (size_t k = 0; k < size; k++) {
		unsigned bits = prefix > k * 8 ? prefix - (unsigned)k * 8 : 0;
		addr[k] &= bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
	}
}

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP || l4 == IPPROTO_DCCP;
}

/* False: the ports are wanted and not there. */
static bool hash_key(struct exec *x, const struct hash_view *v, uint8_t key[KEY_BYTES])
{
	struct packet *p = x->pass->pkt;
	size_t size = packet_address_size(p);

	memset(key, 0, KEY_BYTES);
	if (v->mode & XT_HASHLIMIT_HASH_SIP) {
		memcpy(key, packet_source(p), size);
		mask_address(key, size, v->src_len);
	}
	if (v->mode & XT_HASHLIMIT_HASH_DIP) {
		memcpy(key + 16, packet_destination(p), size);
		mask_address(key + 16, size, v->dst_len);
	}
	if (!(v->mode & (XT_HASHLIMIT_HASH_SPT | XT_HASHLIMIT_HASH_DPT)) ||
	    !has_ports(p->l4))
		return true;
	const uint8_t *b = xt_transport(x, 4);
	if (!b)
		return false;
	if (v->mode & XT_HASHLIMIT_HASH_SPT)
		memcpy(key + 32, b, 2);
	if (v->mode & XT_HASHLIMIT_HASH_DPT)
		memcpy(key + 34, b + 2, 2);
	return true;
}

/* The kernel takes away once a second what has run out. */
static void hash_sweep(struct xt_list *l, uint64_t now_ns)
{
	if (now_ns - l->swept_ns < NS_PER_S)
		return;
	l->swept_ns = now_ns;
	map_for_each(it, &l->items) {
		struct xt_item *e = it->value;
		if (e->expires_ns > now_ns)
			continue;
		map_del(&l->items, it->key);
		e->next_spare = l->spare;
		l->spare = e;
	}
}

static struct xt_item *hash_item(struct exec *x, struct xt_list *l,
                                 const struct hash_view *v, const uint8_t key[KEY_BYTES])
{
	uint64_t now = x->pass->sim->now_ns;

	hash_sweep(l, now);
	struct xt_item *e = map_get(&l->items, key_of(key));
	if (e)
		return e;
	if (l->items.n >= (v->max ? v->max : HASHLIMIT_MAX))
		return NULL;
	e = l->spare;
	if (e)
		l->spare = e->next_spare;
	else
		e = arena_new(&x->pass->sim->store->a, struct xt_item);
	*e = (struct xt_item){ .credit_ns = v->mode & XT_HASHLIMIT_BYTES
		                                    ? NS_PER_S
		                                    : v->cost_ns * v->burst,
		               .refills = v->burst,
		               .seen_ns = now };
	memcpy(e->key, key, KEY_BYTES);
	map_put(&l->items, key_of(e->key), e);
	return e;
}

enum { CHUNK_SHIFT = 4 }; /* the kernel counts bytes in sixteens */

/* The bucket holds a second's worth; when it is empty, it is filled so often at once. */
static bool pass_bytes(struct xt_item *e, const struct hash_view *v, uint64_t now_ns,
                       uint32_t length)
{
	uint64_t chunk_ns = (v->avg * NS_PER_S) >> 32;
	uint64_t cost = ((length >> CHUNK_SHIFT) + 1) * chunk_ns;
	uint64_t passed = now_ns - e->seen_ns;

	cost = cost > NS_PER_S ? NS_PER_S : cost;
	e->credit_ns =
		passed > NS_PER_S - e->credit_ns ? NS_PER_S : e->credit_ns + passed;
	e->seen_ns = now_ns;
	if (e->credit_ns < cost && e->refills) {
		e->refills--;
		e->credit_ns = NS_PER_S;
	}
	if (e->credit_ns < cost)
		return false;
	e->credit_ns -= cost;
	return true;
}

/* What may come in a second, and how far it may be exceeded. */
static void rate_of(const struct hash_view *v, uint64_t *rate, uint64_t *burst)
{
	if (v->mode & XT_HASHLIMIT_BYTES) {
		uint64_t chunks = v->avg ? UINT32_MAX / (uint32_t)v->avg : UINT32_MAX;
		*rate = (chunks - 1) << CHUNK_SHIFT;
		*burst = v->burst ? v->burst * *rate : *rate;
	} else {
		*rate = v->avg ? XT_HASHLIMIT_SCALE_v2 / v->avg : 0;
		*burst = v->burst + *rate;
	}
}

/* --hashlimit-rate-match: whole intervals are counted, and one that was over spoils the next. */
static bool pass_rate(struct xt_item *e, const struct hash_view *v, uint64_t now_ns,
                      uint32_t length)
{
	uint64_t delta = now_ns - e->seen_ns, interval = v->interval_s * NS_PER_S;
	uint64_t rate, burst;

	rate_of(v, &rate, &burst);
	if (delta && delta >= interval) {
		e->seen_ns = now_ns;
		/* In milliseconds, so that the products fit. */
		e->was_over =
			e->counted * (interval / NS_PER_MS) > delta / NS_PER_MS * rate;
		e->counted = 0;
	}
	e->counted += v->mode & XT_HASHLIMIT_BYTES ? length : 1;
	return !e->was_over && e->counted <= burst;
}

static enum xt_answer hashlimit(struct exec *x, struct xt *m, const struct hash_view *v,
                                const char *name, size_t max)
{
	bool invert = v->mode & XT_HASHLIMIT_INVERT, answer;
	uint64_t now = x->pass->sim->now_ns;
	uint8_t key[KEY_BYTES];

	if (is_hidden(x, "hashlimit: how much of it is used up", &answer))
		return xt_bool(answer);
	if (!hash_key(x, v, key))
		return XT_HOTDROP;
	struct xt_list *l = list_of(x, m, name, max, false);
	struct xt_item *e = hash_item(x, l, v, key);
	if (!e)
		return XT_HOTDROP; /* the table is full */
	e->expires_ns = now + v->expire_ms * NS_PER_MS;
	uint32_t length = packet_length(x->pass->pkt);
	bool below = v->mode & XT_HASHLIMIT_RATE_MATCH ? pass_rate(e, v, now, length)
	             : v->mode & XT_HASHLIMIT_BYTES
	                     ? pass_bytes(e, v, now, length)
	                     : bucket_pass(&e->credit_ns, &e->seen_ns, now, v->cost_ns,
	                                   v->cost_ns * v->burst);
	return xt_bool(below != invert);
}

#define HASH_VIEW(cfg, scale)                                                  \
	{                                                                      \
		.avg = (cfg).avg, .cost_ns = (cfg).avg * (NS_PER_S / (scale)), \
		.burst = (cfg).burst, .mode = (cfg).mode, .max = (cfg).max,    \
		.expire_ms = (cfg).expire, .src_len = (cfg).srcmask,           \
		.dst_len = (cfg).dstmask                                       \
	}

enum xt_answer xt_hashlimit1(struct exec *x, struct xt *m)
{
	const struct xt_hashlimit_mtinfo1 *i = m->info;
	struct hash_view v = HASH_VIEW(i->cfg, XT_HASHLIMIT_SCALE);

	return hashlimit(x, m, &v, i->name, sizeof(i->name));
}

enum xt_answer xt_hashlimit2(struct exec *x, struct xt *m)
{
	const struct xt_hashlimit_mtinfo2 *i = m->info;
	struct hash_view v = HASH_VIEW(i->cfg, XT_HASHLIMIT_SCALE_v2);

	return hashlimit(x, m, &v, i->name, sizeof(i->name));
}

enum xt_answer xt_hashlimit3(struct exec *x, struct xt *m)
{
	const struct xt_hashlimit_mtinfo3 *i = m->info;
	struct hash_view v = HASH_VIEW(i->cfg, XT_HASHLIMIT_SCALE_v2);

	v.interval_s = i->cfg.interval;

	return hashlimit(x, m, &v, i->name, sizeof(i->name));
}

/* ---- recent ---- */

/* Whether the instruction is of that list; then what it says of the mask. */
static bool recent_mask(const struct insn *in, struct str list, uint8_t mask[16])
{
	struct xt_recent_mtinfo_v1 info = { 0 };
	uint32_t revision;

	if (!str_is(xt_name(in), "recent"))
		return false;
	struct str bytes = xt_info(in, &revision);
	memcpy(&info, bytes.p, bytes.n < sizeof(info) ? bytes.n : sizeof(info));
	if (!str_eq(list,
	            (struct str){ info.name, strnlen(info.name, sizeof(info.name)) }))
		return false;
	memset(mask, 0xff, 16);
	if (revision)
		memcpy(mask, &info.mask, 16);
	return true;
}

static void chain_mask(const struct sim_chain *c, struct xt_list *l, uint64_t *oldest)
{
	vec_for_each(rule, &c->rules) {
		const struct program *prog = &(*rule)->r.prog;
		if ((*rule)->r.handle >= *oldest)
			continue;
		for (size_t i = 0; i < prog->n; i++)
			if (recent_mask(&prog->p[i], l->name, l->mask))
				*oldest = (*rule)->r.handle;
	}
}

/* The list was made by the first rule that named it: the one with the lowest number. */
static void find_mask(const struct sim_store *s, struct xt_list *l)
{
	uint64_t oldest = UINT64_MAX;

	vec_for_each(table, &s->tables)
		vec_for_each(chain, &(*table)->chains)
			chain_mask(*chain, l, &oldest);
	l->has_mask = true;
}

static void recent_remove(struct xt_list *l, struct xt_item *e)
{
	size_t at = 0;

	map_del(&l->items, key_of(e->key));
	while (l->order.p[at] != e)
		at++;
	memmove(l->order.p + at, l->order.p + at + 1,
	        (l->order.n - at - 1) * sizeof(*l->order.p));
	l->order.n--;
}

/* Takes it out; its memory is used again. */
static void recent_drop(struct xt_list *l, struct xt_item *e)
{
	recent_remove(l, e);
	e->next_spare = l->spare;
	l->spare = e;
}

static void recent_stamp(struct xt_item *e, uint64_t now_ns)
{
	e->stamps[e->next_stamp++ % STAMPS_MAX] = now_ns;
	if (e->n_stamps < STAMPS_MAX)
		e->n_stamps++;
}

/* As if it were new in the list: its last use is now. */
static void recent_touch(struct xt_list *l, struct xt_item *e)
{
	recent_remove(l, e);
	map_put(&l->items, key_of(e->key), e);
	vec_push(&l->order, e);
}

/* The list is full: the longest unused makes room, and its memory is used again. */
static struct xt_item *recent_add(struct exec *x, struct xt_list *l,
                                  const uint8_t key[KEY_BYTES])
{
	struct arena *a = &x->pass->sim->store->a;
	struct xt_item *e = l->order.n >= RECENT_MAX ? l->order.p[0] : l->spare;

	if (l->order.n >= RECENT_MAX) {
		recent_remove(l, e);
	} else if (e) {
		l->spare = e->next_spare;
	} else {
		e = arena_new(a, struct xt_item);
		e->stamps = arena_array(a, uint64_t, STAMPS_MAX);
	}
	memcpy(e->key, key, KEY_BYTES);
	e->n_stamps = e->next_stamp = 0;
	map_put(&l->items, key_of(e->key), e);
	vec_push(&l->order, e);
	return e;
}

static bool recent_hits(const struct xt_item *e, const struct xt_recent_mtinfo_v1 *i,
                        uint64_t now_ns)
{
	uint64_t window = i->seconds * NS_PER_S;
	uint32_t hits = 0;

	for (uint32_t k = 0; k < e->n_stamps; k++) {
		if (i->seconds && now_ns > window && e->stamps[k] < now_ns - window)
			continue;
		if (!i->hit_count || ++hits >= i->hit_count)
			return true;
	}
	return false;
}

/* --reap: a list's entry whose stamps are all too old goes. */
static bool recent_reap(struct xt_list *l, struct xt_item *e,
                        const struct xt_recent_mtinfo_v1 *i, uint64_t now_ns)
{
	uint64_t window = i->seconds * NS_PER_S;
	uint32_t last = (e->next_stamp - 1) % STAMPS_MAX;

	if (!(i->check_set & XT_RECENT_REAP) || now_ns <= window ||
	    e->stamps[last] >= now_ns - window)
		return false;
	recent_drop(l, e);
	return true;
}

static uint8_t ttl_of(const struct pass *p)
{
	const uint8_t *b = packet_at(
		p->pkt, p->pkt->nh + (p->pkt->family == NFPROTO_IPV4 ? 8 : 7), 1);

	return b ? *b : 0;
}

/* xt_recent.c: recent_mt(). */
static bool recent(struct exec *x, struct xt_list *l, const struct xt_recent_mtinfo_v1 *i,
                   const uint8_t key[KEY_BYTES])
{
	uint64_t now = x->pass->sim->now_ns;
	struct xt_item *e = map_get(&l->items, key_of(key));
	bool set = i->check_set & XT_RECENT_SET, ret = i->invert;
	uint8_t ttl = ttl_of(x->pass);

	if (e && (i->check_set & XT_RECENT_TTL) && e->ttl != ttl)
		e = NULL;
	if (!e && !set)
		return ret;
	if (!e) {
		e = recent_add(x, l, key);
		recent_stamp(e, now);
		e->ttl = ttl;
		return !ret;
	}
	if (i->check_set & XT_RECENT_REMOVE) {
		recent_drop(l, e);
		return !ret;
	}
	if (set || recent_hits(e, i, now))
		ret = !ret;
	bool updates = set || ((i->check_set & XT_RECENT_UPDATE) && ret);
	if (!updates && recent_reap(l, e, i, now))
		return ret;
	if (updates) {
		recent_stamp(e, now);
		recent_touch(l, e);
		e->ttl = ttl;
	}
	return ret;
}

enum xt_answer xt_recent1(struct exec *x, struct xt *m)
{
	const struct xt_recent_mtinfo_v1 *i = m->info;
	struct packet *p = x->pass->pkt;
	size_t size = packet_address_size(p);
	uint8_t key[KEY_BYTES] = { 0 };
	bool answer;

	if (is_hidden(x, "recent: who is in the list", &answer))
		return xt_bool(answer);
	key[KEY_BYTES - 1] = p->family;
	memcpy(key, i->side == XT_RECENT_DEST ? packet_destination(p) : packet_source(p),
	       size);
	struct xt_list *l = list_of(x, m, i->name, sizeof(i->name), true);
	if (!l->has_mask)
		find_mask(x->pass->sim->store, l);
	for (size_t k = 0; k < size; k++)
		key[k] &= l->mask[k];
	return xt_bool(recent(x, l, i, key));
}

enum xt_answer xt_recent0(struct exec *x, struct xt *m)
{
	struct xt_recent_mtinfo_v1 one;
	struct xt like = *m;

	memcpy(&one, m->info, sizeof(struct xt_recent_mtinfo));
	memset(&one.mask, 0xff, sizeof(one.mask)); /* all of the address counts */
	like.info = &one;
	enum xt_answer answer = xt_recent1(x, &like);
	m->list = like.list;
	return answer;
}

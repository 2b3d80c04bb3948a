/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Dumps and single requests. A dump that a change interrupted, or that tally.h finds wrong,
 * is made anew.
 */
#include "gate/engine/kernel/dump.h"

#include <errno.h>
#include <time.h>

#include "gate/engine/kernel/codec.h"
#include "gate/engine/kernel/elem.h"
#include "gate/engine/kernel/message.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/tally.h"

enum {
	TRIES = 60, /* of a dump; with the pauses between them some ten seconds */
	PAUSE_MS_MAX = 250,
	TRUSTED = 200,    /* elements that come in one piece, however large */
	MOVING_TRIES = 3, /* of two equal dumps of a set that packets change … */
	MOVING_TRIES_MAX =
		10,      /* … and of one that is right: then it is taken as it comes */
	GET_ELEMS = 128, /* keys a request: each is answered by a message of its own */
};

/* One dump or request being answered. */
struct reading {
	struct kernel *k;
	const struct dump_filter *filter;
	const struct dump_ops *ops;
	void *ctx;
	size_t calls;
	struct tally *tally; /* elements are counted here, or NULL */
};

static struct kernel *kernel_of(struct engine *e)
{
	return (struct kernel *)e;
}

static int on_message(const struct nlmsghdr *h, void *ctx)
{
	struct reading *rd = ctx;

	arena_reset(&rd->k->arena);
	rd->calls++;
	return message_get(cursor_of(h, h->nlmsg_len), rd->filter, &rd->k->arena, rd->ops,
	                   rd->ctx);
}

static int on_generation(const struct nlmsghdr *h, void *ctx)
{
	struct cursor c = cursor_of(h, h->nlmsg_len);
	struct attr a;
	uint64_t v;

	cursor_skip(&c, sizeof(*h) + sizeof(struct nfgenmsg));
	while (attr_next(&c, &a))
		if (a.type == NFTA_GEN_ID && attr_number(&a, 4, &v))
			*(uint32_t *)ctx = (uint32_t)v;
	return 0;
}

int kernel_generation(struct engine *e, uint32_t *gen)
{
	struct kernel *k = kernel_of(e);
	size_t request = kernel_request(k, NFT_MSG_GETGEN, NLM_F_ACK, 0);
	uint32_t found = 0;
	int r = kernel_ask(k, request, on_generation, &found, NULL);

	if (r < 0)
		return r;
	*gen = found;
	return 0;
}

static void pause_before(unsigned try)
{
	long ms = try * 5 < PAUSE_MS_MAX ? (long)try * 5 : PAUSE_MS_MAX;
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

static uint8_t request_type(enum dump_kind kind, bool reset)
{
	const struct message_kind *m = message_kind(kind);

	return reset && m->reset ? m->reset : m->get;
}

static int dump_once(struct reading *rd, enum dump_kind kind)
{
	const struct dump_filter *f = rd->filter;
	uint8_t type = request_type(kind, f->reset);
	size_t request = kernel_request(rd->k, type, NLM_F_DUMP, f->family);

	message_put_filter(&rd->k->request, kind, f);
	return kernel_ask(rd->k, request, on_message, rd, NULL);
}

/* Counts on the way to the caller. */
static int count_elem(void *ctx, const struct prog_elem *e)
{
	struct reading *rd = ctx;

	if (!(e->flags & NFT_SET_ELEM_CATCHALL))
		tally_add(rd->tally, elem_hash(e));
	if (rd->tally->repeated)
		return -EINTR; /* no use reading on */
	return rd->ops && rd->ops->elem ? rd->ops->elem(rd->ctx, e) : 0;
}

static const struct dump_ops counting = { .elem = count_elem };

/* Dumps the elements into rd->ops (NULL: nowhere) and t. */
static int count_once(struct reading *rd, struct tally *t)
{
	struct reading counted = {
		.k = rd->k, .filter = rd->filter, .ops = &counting, .ctx = rd
	};
	int r;

	rd->tally = t;
	r = dump_once(&counted, DUMP_ELEMS);
	tally_finish(t);
	return r == 0 && t->repeated ? -EINTR : r;
}

struct set_facts {
	uint32_t flags, count;
	bool has_size;
};

static int on_set(void *ctx, const struct prog_set *s)
{
	*(struct set_facts *)ctx = (struct set_facts){ s->flags, s->count, s->has_size };
	return 0;
}

/* Packets add to it and time takes from it. */
static bool is_moving(const struct set_facts *s)
{
	return s->flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL);
}

/* Only hash tables that grow are dumped wrong: not trees, not tables of a fixed size. */
static bool is_shaky(const struct set_facts *s)
{
	if (s->flags & NFT_SET_INTERVAL)
		return false;
	return !s->has_size || is_moving(s);
}

/* Whether the dump that `t` counted is right. May dump again, to nowhere. */
static int confirm(struct reading *rd, const struct set_facts *s, const struct tally *t,
                   unsigned try, bool *right)
{
	struct reading silent = { .k = rd->k, .filter = rd->filter };
	struct tally second;
	int r;

	if (s->count) {
		*right = is_moving(s) || t->n == s->count;
		return 0;
	}
	if (t->n <= TRUSTED || (is_moving(s) && try >= MOVING_TRIES)) {
		*right = true;
		return 0;
	}
	tally_init(&second, 0, 0);
	r = count_once(&silent, &second);
	if (r == -EINTR) /* then the first one may be old, too */
		r = 0;
	else
		*right = r == 0 && tally_equal(t, &second);
	tally_fini(&second);
	return r;
}

/* One try of a dump of elements. *right: it is complete. */
static int dump_elems(struct reading *rd, unsigned try, bool *right)
{
	static const struct dump_ops on_set_ops = { .set = on_set };
	struct set_facts s = { 0 };
	struct tally t;
	int r = kernel_get(&rd->k->engine, DUMP_SETS, rd->filter, &on_set_ops, &s);

	if (r < 0)
		return r;
	if (!is_shaky(&s) || (is_moving(&s) && try > MOVING_TRIES_MAX) ||
	    rd->filter->reset) { /* what was reset cannot be read again */
		*right = true;
		return dump_once(rd, DUMP_ELEMS);
	}
	tally_init(&t, s.count, try);
	r = count_once(rd, &t);
	if (r == 0)
		r = confirm(rd, &s, &t, try, right);
	tally_fini(&t);
	return r;
}

int kernel_dump(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
                const struct dump_ops *ops, void (*restart)(void *ctx), void *ctx)
{
	struct reading rd = { .k = kernel_of(e), .filter = f, .ops = ops, .ctx = ctx };

	if (kind == DUMP_ELEMS && (!f->table.n || !f->name.n || !f->family))
		return -EINVAL; /* an element does not say whose it is */
	for (unsigned try = 1; try <= TRIES; try++) {
		bool right = true;
		int r;
		if (restart)
			restart(ctx);
		r = kind == DUMP_ELEMS ? dump_elems(&rd, try, &right)
		                       : dump_once(&rd, kind);
		if (r == -EINTR && f->reset)
			return 0; /* the values are gone from the kernel: what came is the best */
		if (r < 0 && r != -EINTR)
			return r;
		if (r == 0 && right)
			return 0;
		pause_before(try);
	}
	return -EAGAIN;
}

int kernel_get(struct engine *e, enum dump_kind kind, const struct dump_filter *f,
               const struct dump_ops *ops, void *ctx)
{
	struct kernel *k = kernel_of(e);
	struct reading rd = { .k = k, .filter = f, .ops = ops, .ctx = ctx };
	size_t request;
	int r;

	if (kind == DUMP_ELEMS)
		return -EINVAL; /* get_elems */
	request = kernel_request(k, request_type(kind, f->reset), NLM_F_ACK, f->family);
	message_put_filter(&k->request, kind, f);
	r = kernel_ask(k, request, on_message, &rd, NULL);
	if (r < 0)
		return r;
	return rd.calls ? 0 : -ENOENT;
}

/* The number of the key in the request that the kernel's offset points into. */
static size_t bad_key(const struct wire *w, size_t list, uint32_t off)
{
	struct cursor c =
		cursor_of(w->buf.p + list + NLA_HDRLEN, w->buf.n - list - NLA_HDRLEN);
	struct attr a;
	size_t i = 0;

	while (attr_next(&c, &a)) {
		if ((size_t)(a.p + a.n - (const uint8_t *)w->buf.p) > off)
			return i;
		i++;
	}
	return 0;
}

/* Asks for keys[0] to keys[n - 1]: no more than fit into a request. */
static int get_some(struct reading *rd, const struct prog_set *set,
                    const struct prog_elem *keys, size_t n, bool reset, size_t *bad)
{
	struct kernel *k = rd->k;
	size_t request = kernel_request(k, request_type(DUMP_ELEMS, reset), NLM_F_ACK,
	                                set->family);
	struct ack ack = { 0 };
	size_t list;
	int r;

	codec_put(&k->request, message_kind(DUMP_ELEMS)->attrs, set);
	list = wire_nest(&k->request, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < n; i++)
		elem_put(&k->request, &keys[i]);
	wire_end(&k->request, list);
	r = kernel_ask(k, request, on_message, rd, &ack);
	if (r < 0 && ack.has_off)
		*bad = bad_key(&k->request, list, ack.off);
	return r;
}

int kernel_get_elems(struct engine *e, const struct prog_set *set,
                     const struct prog_elem *keys, size_t n, bool reset,
                     const struct dump_ops *ops, void *ctx, size_t *bad)
{
	struct reading rd = { .k = kernel_of(e), .ops = ops, .ctx = ctx };

	for (size_t done = 0; done < n;) {
		size_t some = n - done < GET_ELEMS ? n - done : GET_ELEMS, first_bad = 0;
		int r = get_some(&rd, set, keys + done, some, reset, &first_bad);
		if (r < 0) {
			*bad = done + first_bad;
			return r;
		}
		done += some;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Expectations are few at a time: one list, in the order of their making. */
#include "gate/track/expect.h"

#include <errno.h>

#include "gate/track/expectations.h"
#include "gate/track/nat.h"

/* ---- the list ----------------------------------------------------------------------------- */

static uint8_t *counter(struct track *t, const struct track_pending *pending)
{
	return &track_entry_extra(t, pending->master)->expecting[pending->x.class];
}

void track_expectations_remove(struct track *t, size_t i)
{
	struct track_pending gone = t->expected.p[i];

	(*counter(t, &gone))--;
	memmove(&t->expected.p[i], &t->expected.p[i + 1],
	        (--t->expected.n - i) * sizeof(*t->expected.p));
	track_entry_drop(t, gone.master);
}

void track_expectations_expire(struct track *t)
{
	for (size_t i = 0; i < t->expected.n;)
		if (t->expected.p[i].x.deadline_ns <= t->now_ns)
			track_expectations_remove(t, i);
		else
			i++;
}

void track_expectations_forget(struct track *t, const struct track_entry *master)
{
	for (size_t i = 0; i < t->expected.n;)
		if (t->expected.p[i].master == master)
			track_expectations_remove(t, i);
		else
			i++;
}

uint32_t track_expectations_of(const struct track *t, const struct track_entry *master)
{
	uint32_t n = 0;

	vec_for_each(it, &t->expected)
		n += it->master == master;
	return n;
}

void track_expect_each(struct track *t,
                       bool (*fn)(const struct track_expect *x, void *arg), void *arg)
{
	for (size_t i = 0; i < t->expected.n; i++)
		if (!fn(&t->expected.p[i].x, arg))
			return;
}

/* ---- meeting ------------------------------------------------------------------------------ */

static bool fits(const struct track_expect *x, const struct track_tuple *tuple)
{
	const struct track_tuple *want = &x->tuple;

	return want->family == tuple->family && want->proto == tuple->proto &&
	       want->dst_port == tuple->dst_port &&
	       track_addr_eq(&want->dst, &tuple->dst) && want->zone == tuple->zone &&
	       (x->any_src || track_addr_eq(&want->src, &tuple->src)) &&
	       (x->any_src_port || want->src_port == tuple->src_port);
}

static struct track_nat_range to_end(const struct track_addr *addr, uint16_t port)
{
	return (struct track_nat_range){ .flags = TRACK_NAT_ADDRS |
		                                  (port ? TRACK_NAT_PORTS : 0),
		                         .addr_min = *addr,
		                         .addr_max = *addr,
		                         .port_min = port,
		                         .port_max = port };
}

/* The stream of the master's that comes from there: both ways of it are translated alike. */
static const struct track_expect *paired(const struct track *t,
                                         const struct track_entry *e)
{
	const struct track_tuple *own = &e->tuple[TRACK_ORIGINAL];

	vec_for_each(it, &t->expected)
		if (it->master == e->master && it->x.nat &&
		    it->x.tuple.family == own->family &&
		    it->x.tuple.proto == own->proto &&
		    track_addr_eq(&it->x.saved_addr, &own->src) &&
		    it->x.saved_port == own->src_port)
			return &it->x;
	return NULL;
}

/* Calls and their streams: the source is another only where it is the master's. */
static void follow_call(struct track *t, struct track_entry *e,
                        const struct track_expect *x)
{
	struct track_ref ref = { .entry = e };
	struct track_nat_range range = to_end(&x->saved_addr, x->saved_port);
	const struct track_expect *pair = x->class ? paired(t, e) : NULL;

	(void)!track_nat_setup(t, &ref, TRACK_HOOK_PREROUTING, &range);
	if (pair)
		range = to_end(&pair->tuple.dst, pair->tuple.dst_port);
	else if (track_addr_eq(&e->tuple[TRACK_ORIGINAL].src,
	                       &e->master->tuple[x->dir].src))
		range = to_end(&e->master->tuple[!x->dir].dst, 0);
	else
		return;
	(void)!track_nat_setup(t, &ref, TRACK_HOOK_POSTROUTING, &range);
}

/* The new connection goes where the master's NAT sends its like. */
static void follow_master(struct track *t, struct track_entry *e,
                          const struct track_expect *x)
{
	const struct track_tuple *other = &e->master->tuple[!x->dir];
	struct track_ref ref = { .entry = e };
	struct track_nat_range source = to_end(&other->dst, 0),
			       target = to_end(&x->saved_addr, x->saved_port);

	(void)!track_nat_setup(t, &ref, TRACK_HOOK_POSTROUTING, &source);
	(void)!track_nat_setup(t, &ref, TRACK_HOOK_PREROUTING, &target);
}

static void fulfil(struct track *t, struct track_entry *e,
                   const struct track_pending *pending)
{
	e->master = pending->master;
	track_entry_hold(e->master);
	e->status |= TRACK_S_EXPECTED;
	e->mark = e->master->mark;
	e->secmark = e->master->secmark;
	e->helper = pending->x.helper;
	if (pending->x.nat && e->master->helper == TRACK_HELPER_SIP)
		follow_call(t, e, &pending->x);
	else if (pending->x.nat)
		follow_master(t, e, &pending->x);
}

const struct track_pending *track_expectations_find(const struct track *t,
                                                    const struct track_tuple *tuple)
{
	vec_for_each(it, &t->expected)
		if (fits(&it->x, tuple))
			return it;
	return NULL;
}

void track_expectations_meet(struct track *t, struct track_entry *e)
{
	struct track_tuple tuple = e->tuple[TRACK_ORIGINAL];

	tuple.zone = track_entry_zone(e);
	for (size_t i = 0; i < t->expected.n; i++) {
		struct track_pending pending = t->expected.p[i];
		if (pending.x.flags & TRACK_X_INACTIVE || !fits(&pending.x, &tuple))
			continue;
		/* Nobody outside can know of it before the master's packet left. */
		if (!track_entry_confirmed(pending.master))
			return;
		fulfil(t, e, &pending);
		if (!(pending.x.flags & TRACK_X_PERMANENT))
			track_expectations_remove(t, i);
		return;
	}
}

/* ---- back --------------------------------------------------------------------------------- */

/* The end of the master's stream that is known as this one. */
static void source_back(const struct track *t, const struct track_pending *pending,
                        struct track_tuple *came)
{
	const struct track_entry *master = pending->master;
	const struct track_expect *x = &pending->x;

	vec_for_each(it, &t->expected)
		if (x->class && it->master == master && it->x.nat &&
		    it->x.tuple.proto == came->proto &&
		    it->x.tuple.dst_port == came->src_port &&
		    track_addr_eq(&it->x.tuple.dst, &came->src)) {
			came->src = it->x.saved_addr;
			came->src_port = it->x.saved_port;
			return;
		}
	/* Whoever came left with the master's address; where anybody could, it was its end most likely. */
	if (track_addr_eq(&came->src, &master->tuple[!x->dir].dst))
		came->src = x->any_src ? master->tuple[x->dir].src : x->tuple.src;
}

bool track_expected_from(const struct track *t, const struct track_tuple *left,
                         struct track_tuple *came)
{
	vec_for_each(it, &t->expected) {
		const struct track_expect *x = &it->x;
		if (!x->nat || x->flags & TRACK_X_INACTIVE ||
		    x->saved_port != left->dst_port ||
		    !track_addr_eq(&x->saved_addr, &left->dst))
			continue;
		struct track_tuple c = *left;
		c.dst = x->tuple.dst;
		c.dst_port = x->tuple.dst_port;
		source_back(t, it, &c);
		bool changed = !track_tuple_eq(&c, left);
		c.zone = x->tuple.zone;
		if (!changed || !fits(x, &c))
			continue;
		*came = c;
		return true;
	}
	return false;
}

/* ---- making ------------------------------------------------------------------------------- */

static bool alike(const struct track_expect *a, const struct track_expect *b)
{
	return track_tuple_eq(&a->tuple, &b->tuple) && a->any_src == b->any_src &&
	       a->any_src_port == b->any_src_port;
}

/* Whether one packet could fulfil both. */
static bool overlap(const struct track_expect *a, const struct track_expect *b)
{
	struct track_expect wide = *a;

	wide.any_src |= b->any_src;
	wide.any_src_port |= b->any_src_port;
	return fits(&wide, &b->tuple);
}

/* Room among the master's own: the oldest of the class gives way. */
static void make_room(struct track *t, const struct track_entry *master,
                      const struct track_expect *x, uint8_t max)
{
	size_t n = 0, oldest = SIZE_MAX;

	for (size_t i = 0; i < t->expected.n; i++) {
		const struct track_pending *pending = &t->expected.p[i];
		if (pending->master != master || pending->x.class != x->class)
			continue;
		n++;
		if (oldest == SIZE_MAX)
			oldest = i;
	}
	if (max && n >= max)
		track_expectations_remove(t, oldest);
}

int track_expect_add(struct track *t, struct track_entry *master,
                     const struct track_expect *x)
{
	struct track_expect_policy policy = track_helper_policy(master->helper, x->class);
	struct track_pending *pending;

	for (size_t i = 0; i < t->expected.n; i++) {
		const struct track_pending *other = &t->expected.p[i];
		if (alike(&other->x, x)) {
			if (other->master != master && !x->shared)
				return -EEXIST;
			if (other->master != master || other->x.class != x->class)
				return -EALREADY;
			track_expectations_remove(t, i);
			break;
		}
		if (overlap(&other->x, x))
			return -EEXIST;
	}
	make_room(t, master, x, policy.max);
	if (t->expected.n >= t->sysctl.expect_max)
		return -ENOSPC;
	pending = vec_add(&t->expected);
	pending->x = *x;
	pending->x.deadline_ns += t->now_ns;
	pending->x.master = master->id;
	pending->master = master;
	track_entry_hold(master);
	(*counter(t, pending))++;
	return 0;
}

int track_import_expected(struct track *t, const struct track_tuple *master,
                          const struct track_expect *like)
{
	enum track_dir dir;
	struct track_entry *e = track_lookup(t, master, 1u << TRACK_ORIGINAL, &dir);

	if (!e)
		return -ENOENT;
	struct track_expect x = *like;
	/* Only SIP keeps the address; else it is the one of who announced it. */
	if (x.nat && track_addr_eq(&x.saved_addr, &(struct track_addr){ 0 }))
		x.saved_addr = e->tuple[!x.dir].src;
	return track_expect_add(t, e, &x);
}

/* The object's family says how much of an address counts, whatever the connection's is: measured. */
static struct track_addr cut(const struct track_addr *a, uint8_t family)
{
	struct track_addr r = *a;

	if (family == 4)
		memset(r.b + 4, 0, sizeof(r.b) - 4);
	return r;
}

enum track_expect_result track_expect_set(struct track *t, struct track_ref *ref,
                                          uint8_t family, uint8_t proto,
                                          uint16_t dst_port, uint32_t timeout_ms,
                                          uint8_t size)
{
	struct track_entry *e = ref->entry;
	struct track_expect x = { .any_src_port = true,
		                  .deadline_ns = timeout_ms * 1000000ull,
		                  .dir = !ref->dir };

	if (!e || track_entry_confirmed(e))
		return TRACK_EXPECT_BREAK;
	e->has_expected = true;
	if (track_entry_extra(t, e)->expecting[0] >= size)
		return TRACK_EXPECT_BREAK;
	x.tuple = (struct track_tuple){ .src = cut(&e->tuple[!ref->dir].src, family),
		                        .dst = cut(&e->tuple[!ref->dir].dst, family),
		                        .dst_port = dst_port,
		                        .zone = track_entry_zone(e),
		                        .family = family ? family : e->tuple[0].family,
		                        .proto = proto };
	return track_expect_add(t, e, &x) ? TRACK_EXPECT_DROP : TRACK_EXPECT_SET;
}

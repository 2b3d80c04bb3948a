/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kernel keeps a list of tuples and looks through it now and then: it drops those whose
 * connection is not in its table, or closed. It does not look a second time in a tick (a jiffy),
 * unless many came meanwhile, and it stops looking where it finds the packet's own connection.
 *
 * A tick has 1 to 10 ms. Where two packets are closer than that and not of one moment, the kernel
 * has looked or not: what such a look would drop is kept as `maybe`, until a look that was
 * certain drops it or somebody decides (track_counter_settle()).
 *
 * As if all packets came on one CPU: what another CPU has just added is not dropped at once.
 */
#include "gate/track/count.h"

#include <netinet/in.h>

#include "base/oom.h"
#include "gate/track/in.h"
#include "gate/track/proto.h"
#include "gate/track/table.h"

#define TICK_MAX_NS UINT64_C(10000000) /* HZ is 100 at least */

/* So many more than at the last look are worth another in the same tick, and more that are
 * dropped end a look. */
enum { COLLECT_MAX = 64 };

/* A connection: its tuple in original direction, or as it came of a packet the tracker had not
 * seen. */
struct seen {
	struct track_tuple tuple;
	bool maybe; /* it is still there if no look was due */
};

struct track_counter {
	VEC(struct seen) seen;
	bool has_looked;
	uint64_t looked_ns; /* in the tick of this moment was the last look */
	size_t looked_n;    /* so many were left, or fewer: */
	bool is_unsure;     /* that hangs on whether there was a look */
};

/* Whether a look is due. */
enum due { DUE_NO, DUE_YES, DUE_MAYBE };

struct track_counter *track_counter_new(void)
{
	return base_calloc(1, sizeof(struct track_counter));
}

void track_counter_free(struct track_counter *c)
{
	if (!c)
		return;
	vec_fini(&c->seen);
	free(c);
}

static const struct track_entry *find_either(struct track *t,
                                             const struct track_tuple *tuple)
{
	enum track_dir dir;

	return track_lookup(t, tuple, 1u << TRACK_ORIGINAL | 1u << TRACK_REPLY, &dir);
}

static bool is_closed(const struct track_entry *e)
{
	return e->tuple[TRACK_ORIGINAL].proto == IPPROTO_TCP &&
	       (e->tcp.state == TRACK_TCP_TIME_WAIT || e->tcp.state == TRACK_TCP_CLOSE);
}

static enum due due_now(const struct track_counter *c, uint64_t now_ns)
{
	if (!c->has_looked || now_ns - c->looked_ns >= TICK_MAX_NS)
		return DUE_YES;
	return now_ns == c->looked_ns ? DUE_NO : DUE_MAYBE;
}

/* A packet that is to be added asks for a look also where many came since the last. */
static enum due due_for_new(const struct track_counter *c, uint64_t now_ns)
{
	enum due due = due_now(c, now_ns);

	if (due == DUE_YES || c->seen.n < c->looked_n + COLLECT_MAX)
		return due;
	return c->is_unsure ? DUE_MAYBE : DUE_YES;
}

/* Drops what has ended, or (a look that is only DUE_MAYBE) keeps it as `maybe`. True: `own` is
 * there, and what stands behind it was not looked at. `own` NULL: all is looked at. */
static bool look(struct track *t, struct track_counter *c, const struct track_tuple *own,
                 enum due due)
{
	size_t kept = 0, dropped = 0, i = 0;
	bool found = false;

	for (; i < c->seen.n; i++) {
		struct seen *it = &c->seen.p[i];
		if (own && dropped > COLLECT_MAX)
			break;
		const struct track_entry *e = find_either(t, &it->tuple);
		bool same = own && e && track_tuple_eq(&it->tuple, own);
		if (!same && (!e || is_closed(e))) {
			dropped++;
			it->maybe = true;
			if (due == DUE_MAYBE)
				c->seen.p[kept++] = *it;
			continue;
		}
		c->seen.p[kept++] = *it;
		if (!same && (own || dropped <= COLLECT_MAX))
			continue;
		found = same;
		i++;
		if (!found || !it->maybe)
			break;
		/* If it was dropped, what is behind it was looked at. */
		c->seen.p[kept - 1].maybe = false;
		due = DUE_MAYBE;
	}
	while (i < c->seen.n)
		c->seen.p[kept++] = c->seen.p[i++];
	c->seen.n = kept;
	return found;
}

static size_t count_maybe(const struct track_counter *c)
{
	size_t n = 0;

	vec_for_each(it, &c->seen)
		n += it->maybe;
	return n;
}

/* A look came to its end. */
static void have_looked(struct track_counter *c, uint64_t now_ns, enum due due)
{
	size_t left = c->seen.n - count_maybe(c);

	c->is_unsure = left != c->seen.n || (due == DUE_MAYBE && left != c->looked_n);
	c->looked_n = due == DUE_MAYBE && c->looked_n < left ? c->looked_n : left;
	c->looked_ns = now_ns;
	c->has_looked = true;
}

/* The packet's connection; NULL: it has no entry in the table. *own: the tuple it is counted by,
 * which is the packet's where the tracker has not seen that. */
static const struct track_entry *connection_of(struct track *t,
                                               const struct track_ref *ref,
                                               const struct track_packet *p,
                                               struct track_tuple *own)
{
	const struct track_entry *e = ref->entry;

	*own = e ? e->tuple[TRACK_ORIGINAL] : p->tuple;
	if (!e && track_ref_has_template(ref) && ref->zone_original)
		own->zone = ref->zone;
	if (!e)
		e = find_either(t, own);
	return e && track_entry_confirmed(e) ? e : NULL;
}

struct track_tally track_counter_add(struct track *t, struct track_counter *c,
                                     const struct track_ref *ref,
                                     const struct track_packet *p)
{
	struct track_tuple own;
	const struct track_entry *e = connection_of(t, ref, p, &own);
	bool is_assured = e && e->status & TRACK_S_ASSURED;
	enum due due = is_assured ? due_now(c, t->now_ns)
	               : e        ? DUE_YES
	                          : due_for_new(c, t->now_ns);

	bool found = due != DUE_NO && look(t, c, is_assured ? NULL : &own, due);
	if (due != DUE_NO && !found)
		have_looked(c, t->now_ns, due);
	if (!found && !is_assured)
		vec_push(&c->seen, ((struct seen){ .tuple = own }));
	return (struct track_tally){ .least = (uint32_t)(c->seen.n - count_maybe(c)),
		                     .most = (uint32_t)c->seen.n };
}

void track_counter_settle(struct track_counter *c, bool most)
{
	size_t kept = 0;

	vec_for_each(it, &c->seen) {
		if (it->maybe && !most)
			continue;
		c->seen.p[kept] = *it;
		c->seen.p[kept++].maybe = false;
	}
	c->seen.n = kept;
}

bool track_counter_is_over(struct track *t, const struct track_counter *c)
{
	vec_for_each(it, &c->seen) {
		const struct track_entry *e = find_either(t, &it->tuple);
		if (e && !is_closed(e))
			return false;
	}
	return true;
}

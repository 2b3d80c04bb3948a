/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/count.h"

#include <netinet/in.h>

#include "base/oom.h"
#include "gate/track/in.h"
#include "gate/track/proto.h"

/* The tuples of the connections it met with their zones: in original direction, and as it came of a
 * packet that had no entry yet. */
struct track_counter {
	VEC(struct track_tuple) seen;
};

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

/* Whether a connection that was met lives on. */
static bool lives(struct track *t, const struct track_tuple *tuple)
{
	const struct track_entry *e = find_either(t, tuple);

	if (!e)
		return false;
	return tuple->proto != IPPROTO_TCP ||
	       (e->tcp.state != TRACK_TCP_TIME_WAIT && e->tcp.state != TRACK_TCP_CLOSE);
}

uint32_t track_counter_add(struct track *t, struct track_counter *c,
                           const struct track_ref *ref, const struct track_packet *p)
{
	struct track_tuple own = p->tuple;
	const struct track_entry *e = ref->entry ? ref->entry : find_either(t, &own);
	size_t kept = 0;
	bool met = false;

	bool known = e && e->status & TRACK_S_ASSURED;
	if (ref->entry)
		own = ref->entry->tuple[TRACK_ORIGINAL];
	for (size_t i = 0; i < c->seen.n; i++) {
		bool same = !known && track_tuple_eq(&c->seen.p[i], &own);
		if (!same && !lives(t, &c->seen.p[i]))
			continue;
		met |= same;
		c->seen.p[kept++] = c->seen.p[i];
	}
	c->seen.n = kept;
	if (!met && !known)
		vec_push(&c->seen, own);
	return (uint32_t)c->seen.n;
}

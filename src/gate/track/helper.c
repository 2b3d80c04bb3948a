/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/helper.h"

#include <netinet/in.h>

typedef enum track_verdict read_fn(struct track_reading *r);

enum { CLASSES = 4, MINUTE = 60 };

struct row {
	struct str name;
	read_fn *read;
	uint8_t protos[2];
	bool ipv4_only;
	bool writes; /* puts translated addresses into the payload */
	struct track_expect_policy policies[CLASSES];
};

// clang-format off
static const struct row rows[TRACK_HELPERS] = {
	[TRACK_HELPER_FTP]  = { STR_INIT("ftp"),  track_ftp,  { IPPROTO_TCP }, false, true, { { 5 * MINUTE, 1 } } },
	[TRACK_HELPER_TFTP] = { STR_INIT("tftp"), track_tftp, { IPPROTO_UDP }, false, false, { { 5 * MINUTE, 1 } } },
	[TRACK_HELPER_IRC]  = { STR_INIT("irc"),  track_irc,  { IPPROTO_TCP }, true, true,  { { 5 * MINUTE, 8 } } },
	[TRACK_HELPER_SIP]  = { STR_INIT("sip"),  track_sip,  { IPPROTO_UDP, IPPROTO_TCP }, false, true,
		{ { 3 * MINUTE, 1 }, { 3 * MINUTE, 4 }, { 3 * MINUTE, 4 }, { 3 * MINUTE, 2 } } },
};
// clang-format on

enum track_helper track_helper_find(struct str name)
{
	for (unsigned i = 1; i < TRACK_HELPERS; i++)
		if (str_eq(rows[i].name, name))
			return i;
	return TRACK_HELPER_NONE;
}

struct str track_helper_name(enum track_helper helper)
{
	return helper < TRACK_HELPERS ? rows[helper].name : (struct str){ 0 };
}

void track_helper_set(struct track_ref *ref, enum track_helper helper, uint8_t proto)
{
	struct track_entry *e = ref->entry;
	const struct row *row = &rows[helper];

	if (!e || track_entry_confirmed(e) || e->helper || e->tuple[0].proto != proto ||
	    (proto != row->protos[0] && proto != row->protos[1]) ||
	    (row->ipv4_only && e->tuple[0].family != 4))
		return;
	e->helper = helper;
	e->status |= TRACK_S_HELPER;
}

struct track_expect_policy track_helper_policy(enum track_helper helper, uint8_t class)
{
	if (helper >= TRACK_HELPERS || class >= CLASSES)
		return (struct track_expect_policy){ 0 };
	return rows[helper].policies[class];
}

enum track_verdict track_helper_run(struct track *t, const struct track_packet *p,
                                    struct track_ref *ref)
{
	struct track_reading r = {
		t, ref->entry, p, ref->dir, track_state_of(ref), false
	};
	const struct row *row = &rows[ref->entry->helper];
	enum track_verdict verdict;

	if (!row->read)
		return TRACK_ACCEPT;
	verdict = row->read(&r);
	if (verdict == TRACK_DROP)
		ref->why = TRACK_WHY_SHORT_HELPER;
	else if (r.rewritten && row->writes)
		ref->why = TRACK_WHY_HELPER_REWRITES;
	return verdict;
}

int track_helper_add(struct track_reading *r, struct track_expect x)
{
	const struct track_tuple *original = &r->e->tuple[TRACK_ORIGINAL];

	x.tuple.zone = original->zone;
	x.tuple.family = original->family;
	x.any_src_port = true;
	x.dir = !r->dir;
	if (!x.deadline_ns)
		x.deadline_ns = track_helper_policy(r->e->helper, x.class).seconds *
		                TRACK_NS_PER_S;
	if (r->e->status & (TRACK_S_SRC_NAT | TRACK_S_DST_NAT)) {
		x.nat = true;
		x.saved_addr = r->e->tuple[r->dir].src;
		x.saved_port = x.tuple.dst_port;
		r->rewritten = true;
	}
	return track_expect_add(r->t, r->e, &x);
}

enum track_verdict track_helper_expect(struct track_reading *r, uint8_t proto,
                                       const struct track_addr *src,
                                       const struct track_addr *dst, uint16_t port)
{
	struct track_expect x = {
		.tuple = { .dst = *dst, .dst_port = port, .proto = proto },
		.any_src = !src,
	};

	if (src)
		x.tuple.src = *src;
	return track_helper_add(r, x) ? TRACK_DROP : TRACK_ACCEPT;
}

size_t track_helper_number(struct str s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; n < s.n && s.p[n] >= '0' && s.p[n] <= '9'; n++) {
		v = v * 10 + (uint64_t)(s.p[n] - '0');
		if (v > max)
			return 0;
	}
	if (n)
		*value = v;
	return n;
}

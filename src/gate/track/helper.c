/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/helper.h"

#include <errno.h>
#include <netinet/in.h>

#include "gate/track/tcp.h"

typedef enum track_verdict read_fn(struct track_reading *r);

enum { CLASSES = 4, MINUTE = 60 };

struct row {
	struct str name;
	read_fn *read;
	uint8_t protos[2];
	bool ipv4_only;
	struct track_expect_policy policies[CLASSES];
};

// clang-format off
static const struct row rows[TRACK_HELPERS] = {
	[TRACK_HELPER_FTP]  = { STR_INIT("ftp"),  track_ftp,  { IPPROTO_TCP }, false, { { 5 * MINUTE, 1 } } },
	[TRACK_HELPER_TFTP] = { STR_INIT("tftp"), track_tftp, { IPPROTO_UDP }, false, { { 5 * MINUTE, 1 } } },
	[TRACK_HELPER_IRC]  = { STR_INIT("irc"),  track_irc,  { IPPROTO_TCP }, true,  { { 5 * MINUTE, 8 } } },
	[TRACK_HELPER_SIP]  = { STR_INIT("sip"),  track_sip,  { IPPROTO_UDP, IPPROTO_TCP }, false,
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

	if (!e || track_entry_confirmed(e) || e->helper || e->has_expected ||
	    e->tuple[0].proto != proto ||
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

/* ---- numbers that move -------------------------------------------------------------------- */

/* From `seq` on what this direction says lies `shift` further for the other one. */
static void shift_from(struct track *t, struct track_entry *e, enum track_dir dir,
                       uint32_t seq, int32_t shift)
{
	struct track_seq_adjust *a = &track_entry_extra(t, e)->seq_adjust[dir];

	e->status |= TRACK_S_SEQ_ADJUST;
	if (a->before != a->after && !tcp_before(a->position, seq))
		return; /* sent again: it counts already */
	a->position = seq;
	a->before = a->after;
	a->after += shift;
}

int32_t track_seq_shift(const struct track_entry *e, enum track_dir dir, uint32_t seq)
{
	const struct track_seq_adjust *a;

	if (!(e->status & TRACK_S_SEQ_ADJUST))
		return 0;
	a = &e->extra->seq_adjust[dir];
	return tcp_after(seq, a->position) ? a->after : a->before;
}

int32_t track_ack_shift(const struct track_entry *e, enum track_dir acked, uint32_t ack)
{
	const struct track_seq_adjust *a;

	if (!(e->status & TRACK_S_SEQ_ADJUST))
		return 0;
	a = &e->extra->seq_adjust[acked];
	return tcp_after(ack - (uint32_t)a->before, a->position) ? a->after : a->before;
}

uint32_t track_seq_back(const struct track_entry *e, enum track_dir dir, uint32_t seq)
{
	const struct track_seq_adjust *a;
	uint32_t was;

	if (!(e->status & TRACK_S_SEQ_ADJUST))
		return seq;
	a = &e->extra->seq_adjust[dir];
	was = seq - (uint32_t)a->after;
	return tcp_after(was, a->position) ? was : seq - (uint32_t)a->before;
}

uint32_t track_ack_back(const struct track_entry *e, enum track_dir acked, uint32_t ack)
{
	const struct track_seq_adjust *a;
	uint32_t was;

	if (!(e->status & TRACK_S_SEQ_ADJUST))
		return ack;
	a = &e->extra->seq_adjust[acked];
	was = ack + (uint32_t)a->after;
	return tcp_after(was - (uint32_t)a->before, a->position)
	               ? was
	               : ack + (uint32_t)a->before;
}

/* ---- reading ------------------------------------------------------------------------------ */

enum track_verdict track_helper_run(struct track *t, const struct track_packet *p,
                                    struct track_ref *ref, struct track_rewrite *rewrite)
{
	struct track_reading r = { .t = t,
		                   .e = ref->entry,
		                   .p = p,
		                   .dir = ref->dir,
		                   .state = track_state_of(ref),
		                   .rewrite = rewrite };
	const struct row *row = &rows[ref->entry->helper];
	enum track_verdict verdict;

	if (!row->read)
		return TRACK_ACCEPT;
	verdict = row->read(&r);
	if (verdict == TRACK_DROP)
		ref->why = TRACK_WHY_SHORT_HELPER;
	else if (r.drew_port)
		ref->why = TRACK_WHY_HELPER_PORT;
	if (rewrite->changed && p->tuple.proto == IPPROTO_TCP &&
	    rewrite->payload.n != p->payload.n)
		shift_from(t, r.e, r.dir, p->tcp.seq,
		           (int32_t)(rewrite->payload.n - p->payload.n));
	return verdict;
}

struct str track_helper_text(const struct track_reading *r)
{
	return r->rewrite->changed ? buf_as_str(&r->rewrite->payload) : r->p->payload;
}

void track_helper_splice(struct buf *out, struct str whole, struct str part,
                         struct str text)
{
	size_t at = (size_t)(part.p - whole.p);

	buf_str(out, str_sub(whole, 0, at));
	buf_str(out, text);
	buf_str(out, str_sub(whole, at + part.n, whole.n));
}

bool track_helper_restore(struct track_entry *e, enum track_dir dir, struct str payload,
                          struct buf *out)
{
	if (!payload.n || !(e->status & (TRACK_S_SRC_NAT | TRACK_S_DST_NAT)))
		return false;
	if (e->helper == TRACK_HELPER_SIP)
		return track_sip_restore(e, dir, payload, out);
	return e->helper == TRACK_HELPER_FTP &&
	       !track_addr_eq(&e->tuple[dir].src, &e->tuple[!dir].dst) &&
	       track_ftp_restore(e, dir, payload, out);
}

void track_helper_replace(struct track_reading *r, size_t at, size_t n, struct str text)
{
	struct str old = track_helper_text(r);
	struct buf new = { 0 };

	track_helper_splice(&new, old, str_sub(old, at, n), text);
	buf_fini(&r->rewrite->payload);
	r->rewrite->payload = new;
	r->rewrite->changed = true;
}

/* ---- expecting ---------------------------------------------------------------------------- */

bool track_helper_translates(const struct track_reading *r)
{
	return r->e->status & (TRACK_S_SRC_NAT | TRACK_S_DST_NAT);
}

/* nf_nat_exp_find_port: the port itself, else so many that are drawn. */
static int add_translated(struct track_reading *r, struct track_expect *x)
{
	enum { PORT_FIRST = 1024, PORTS = 64512, TRIES = 128 };
	int e = track_expect_add(r->t, r->e, x);

	for (unsigned i = 0; e == -EEXIST && i < TRIES; i++) {
		x->tuple.dst_port = (uint16_t)(PORT_FIRST + track_random(r->t) % PORTS);
		e = track_expect_add(r->t, r->e, x);
		r->drew_port = true;
	}
	return e;
}

void track_helper_prepare(struct track_reading *r, struct track_expect *x,
                          uint16_t saved_port)
{
	const struct track_tuple *original = &r->e->tuple[TRACK_ORIGINAL];

	x->tuple.zone = track_entry_zone(r->e);
	x->tuple.family = original->family;
	x->any_src_port = true;
	x->dir = !r->dir;
	if (!x->deadline_ns)
		x->deadline_ns = track_helper_policy(r->e->helper, x->class).seconds *
		                 TRACK_NS_PER_S;
	if (!track_helper_translates(r))
		return;
	x->nat = true;
	x->saved_addr = r->e->tuple[r->dir].src;
	x->saved_port = saved_port;
}

int track_helper_add(struct track_reading *r, struct track_expect *x, uint16_t saved_port)
{
	track_helper_prepare(r, x, saved_port);
	return x->nat ? add_translated(r, x) : track_expect_add(r->t, r->e, x);
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

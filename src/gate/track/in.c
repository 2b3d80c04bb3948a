/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The tracker's hook: a packet finds or makes its entry, and the protocol's tracker decides
 * whether it may keep it. */
#include "gate/track/in.h"

#include <netinet/in.h>

#include "gate/track/expectations.h"
#include "gate/track/proto.h"

typedef enum track_outcome protocol_fn(struct track_step *s);

static protocol_fn *protocol(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return track_tcp;
	case IPPROTO_UDP:
		return track_udp;
	case IPPROTO_UDPLITE:
		return track_udplite;
	case IPPROTO_ICMP:
		return track_icmp;
	case IPPROTO_ICMPV6:
		return track_icmpv6;
	case IPPROTO_SCTP:
		return track_sctp;
	case IPPROTO_GRE:
		return track_gre;
	default:
		return track_generic;
	}
}

/* ---- tuples ------------------------------------------------------------------------------- */

bool track_tuple_invert(const struct track_tuple *tuple, struct track_tuple *reply)
{
	struct track_tuple r = {
		.src = tuple->dst,
		.dst = tuple->src,
		.src_port = tuple->dst_port,
		.dst_port = tuple->src_port,
		.family = tuple->family,
		.proto = tuple->proto,
	};

	if (tuple->proto == IPPROTO_ICMP || tuple->proto == IPPROTO_ICMPV6) {
		uint8_t family = tuple->proto == IPPROTO_ICMP ? 4 : 6, answer;
		if (!track_icmp_answer(family, (uint8_t)(tuple->dst_port >> 8), &answer))
			return false;
		r.src_port = tuple->src_port;
		r.dst_port = (uint16_t)(answer << 8 | (tuple->dst_port & 0xff));
	}
	*reply = r;
	return true;
}

struct track_entry *track_lookup_zoned(struct track *t, const struct track_ref *ref,
                                       struct track_tuple tuple, enum track_dir *dir)
{
	uint16_t original = track_ref_zone(ref, TRACK_ORIGINAL);
	uint16_t reply = track_ref_zone(ref, TRACK_REPLY);
	struct track_entry *e;

	tuple.zone = original;
	if (original == reply)
		return track_lookup(t, &tuple, 1u << TRACK_ORIGINAL | 1u << TRACK_REPLY,
		                    dir);
	e = track_lookup(t, &tuple, 1u << TRACK_ORIGINAL, dir);
	if (e)
		return e;
	tuple.zone = reply;
	return track_lookup(t, &tuple, 1u << TRACK_REPLY, dir);
}

/* ---- a new entry -------------------------------------------------------------------------- */

/* The oldest entry that nobody would miss. */
static struct track_entry *unassured(const struct track *t)
{
	struct track_entry *oldest = NULL;

	for (size_t slot = 0; slot < TRACK_WHEEL; slot++)
		for (struct track_entry *e = t->wheel[slot]; e; e = e->timer_next)
			if (!(e->status & TRACK_S_ASSURED) &&
			    (!oldest || e->id < oldest->id))
				oldest = e;
	return oldest;
}

/* Room for one more; false when the table is full. */
static bool make_room(struct track *t, struct track_ref *ref)
{
	struct track_entry *victim;

	if (!t->sysctl.max || t->alive < t->sysctl.max)
		return true;
	victim = unassured(t);
	if (!victim) {
		ref->why = TRACK_WHY_TABLE_FULL;
		return false;
	}
	ref->why = TRACK_WHY_EARLY_DROP;
	track_entry_kill(t, victim, t->now_ns);
	return true;
}

/* Makes the packet's entry; NULL when it cannot have one (*verdict tells whether it goes on). */
static struct track_entry *entry_begin(struct track *t, const struct track_packet *p,
                                       struct track_ref *ref, enum track_verdict *verdict)
{
	struct track_tuple original = p->tuple, reply;
	struct track_entry *e;

	*verdict = TRACK_ACCEPT;
	if (!track_tuple_invert(&original, &reply)) {
		ref->why = TRACK_WHY_ICMP_TYPE;
		return NULL;
	}
	if (!make_room(t, ref)) {
		*verdict = TRACK_DROP;
		return NULL;
	}
	original.zone = track_ref_zone(ref, TRACK_ORIGINAL);
	reply.zone = track_ref_zone(ref, TRACK_REPLY);
	e = track_entry_new(t, &original, &reply);
	track_expectations_meet(t, e);
	return e;
}

/* ---- the hook ----------------------------------------------------------------------------- */

static enum track_state state_of(const struct track_entry *e, enum track_dir dir)
{
	if (dir == TRACK_REPLY || e->status & TRACK_S_SEEN_REPLY)
		return TRACK_ESTABLISHED;
	return e->status & TRACK_S_EXPECTED ? TRACK_RELATED : TRACK_NEW;
}

static enum track_verdict invalid(struct track_ref *ref, enum track_reason why)
{
	ref->entry = NULL;
	ref->state = TRACK_INVALID;
	ref->why = why;
	return TRACK_ACCEPT;
}

/* The packet's entry, found or new; held for the packet. */
static enum track_verdict resolve(struct track *t, const struct track_packet *p,
                                  struct track_ref *ref)
{
	enum track_verdict verdict = TRACK_ACCEPT;
	enum track_dir dir = TRACK_ORIGINAL;

	ref->entry = track_lookup_zoned(t, ref, p->tuple, &dir);
	if (ref->entry)
		track_entry_hold(ref->entry);
	else
		ref->entry = entry_begin(t, p, ref, &verdict);
	if (!ref->entry)
		return verdict;
	ref->dir = dir;
	ref->state = state_of(ref->entry, dir);
	return TRACK_ACCEPT;
}

static enum track_verdict lookup(struct track *t, const struct track_packet *p,
                                 struct track_ref *ref)
{
	protocol_fn *track = protocol(p->tuple.proto);

	for (;;) {
		struct track_step s = { .t = t, .p = p };
		enum track_verdict verdict = resolve(t, p, ref);
		enum track_outcome outcome;

		if (!ref->entry) {
			invalid(ref, ref->why);
			return verdict;
		}
		s.e = ref->entry;
		s.dir = ref->dir;
		s.why = ref->why;
		outcome = track(&s);
		ref->why = s.why;
		if (outcome == TRACK_OK)
			break;
		track_entry_drop(t, ref->entry);
		if (outcome == TRACK_REFUSED)
			return invalid(ref, s.why);
		ref->why = TRACK_WHY_NONE;
	}
	if (ref->dir == TRACK_REPLY && !(ref->entry->status & TRACK_S_SEEN_REPLY)) {
		ref->entry->status |= TRACK_S_SEEN_REPLY;
		track_event(t, ref->entry, TRACK_E_REPLY);
	}
	return TRACK_ACCEPT;
}

/* An ICMP error rides on the entry of the packet that it quotes. */
static enum track_verdict error_in(struct track *t, const struct track_packet *p,
                                   struct track_ref *ref)
{
	struct track_tuple answer;
	struct track_entry *e;
	enum track_dir dir;

	if (!p->icmp.has_inner || !track_tuple_invert(&p->icmp.inner, &answer))
		return invalid(ref, TRACK_WHY_ICMP_INNER);
	e = track_lookup_zoned(t, ref, answer, &dir);
	if (!e)
		return invalid(ref, TRACK_WHY_ICMP_NO_ENTRY);
	/* It must be on its way to who sent the quoted packet. */
	if (!track_addr_eq(&p->tuple.dst, &e->tuple[dir].dst))
		return invalid(ref, TRACK_WHY_ICMP_ADDRESS);
	track_entry_hold(e);
	ref->entry = e;
	ref->dir = dir;
	ref->state = TRACK_RELATED;
	ref->icmp_error = true;
	return TRACK_ACCEPT;
}

/* Whether the packet is one of ICMP of its own family. */
static bool is_icmp(const struct track_tuple *tuple)
{
	return tuple->proto == (tuple->family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static enum track_verdict find(struct track *t, const struct track_packet *p,
                               enum track_hook hook, struct track_ref *ref)
{
	uint8_t type = (uint8_t)(p->tuple.dst_port >> 8);

	ref->why = TRACK_WHY_NONE;
	if (p->flags & TRACK_P_FRAGMENT)
		return invalid(ref, TRACK_WHY_FRAGMENT);
	if (p->flags & TRACK_P_TRUNCATED)
		return invalid(ref, TRACK_WHY_TRUNCATED);
	/* What this machine sends has its checksum from the network card. */
	if (p->flags & TRACK_P_BAD_CHECKSUM && t->sysctl.checksum &&
	    hook == TRACK_HOOK_PREROUTING)
		return invalid(ref, TRACK_WHY_CHECKSUM);
	if (is_icmp(&p->tuple) && p->tuple.family == 6 && track_icmpv6_is_local(type)) {
		ref->state = TRACK_UNTRACKED;
		ref->why = TRACK_WHY_ICMPV6_UNTRACKED;
		return TRACK_ACCEPT;
	}
	if (is_icmp(&p->tuple) && track_icmp_is_error(p->tuple.family, type))
		return error_in(t, p, ref);
	return lookup(t, p, ref);
}

enum track_verdict track_in(struct track *t, const struct track_packet *p,
                            enum track_hook hook, struct track_ref *ref)
{
	enum track_verdict verdict;

	if (ref->entry || ref->state == TRACK_UNTRACKED)
		return TRACK_ACCEPT;
	verdict = find(t, p, hook, ref);
	if (!ref->entry) /* the template is used up */
		ref->zone_original = ref->zone_reply = false;
	return verdict;
}

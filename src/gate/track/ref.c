/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What a packet carries of its connection, and the end of its way. */
#include "gate/track/in.h"

#include <netinet/in.h>

#include "gate/track/helper.h"
#include "gate/track/proto.h"

const char *track_state_name(unsigned state)
{
	static const struct {
		enum track_state state;
		const char *name;
	} names[] = {
		{ TRACK_INVALID, "invalid" },     { TRACK_ESTABLISHED, "established" },
		{ TRACK_RELATED, "related" },     { TRACK_NEW, "new" },
		{ TRACK_UNTRACKED, "untracked" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].state == state)
			return names[i].name;
	return "none";
}

// clang-format off
static const struct str reasons[TRACK_WHY_REASONS] = {
	[TRACK_WHY_TRUNCATED] = STR_INIT("the transport header is cut or its length is wrong"),
	[TRACK_WHY_CHECKSUM] = STR_INIT("the checksum is wrong"),
	[TRACK_WHY_FRAGMENT] = STR_INIT("it is a fragment"),
	[TRACK_WHY_TCP_FLAGS] = STR_INIT("no segment has these flags"),
	[TRACK_WHY_TCP_FIRST] = STR_INIT("no connection begins with this segment"),
	[TRACK_WHY_TCP_NOT_LOOSE] = STR_INIT("it is not the beginning, and nf_conntrack_tcp_loose is 0"),
	[TRACK_WHY_TCP_STATE] = STR_INIT("the connection's state allows no such segment"),
	[TRACK_WHY_TCP_WINDOW] = STR_INIT("it lies outside of the window"),
	[TRACK_WHY_TCP_RST] = STR_INIT("the reset is older than what the peer acknowledged"),
	[TRACK_WHY_TCP_IGNORED] = STR_INIT("it passes without changing the connection"),
	[TRACK_WHY_ICMP_TYPE] = STR_INIT("this ICMP type begins nothing"),
	[TRACK_WHY_ICMP_NO_ENTRY] = STR_INIT("the ICMP error quotes an unknown connection"),
	[TRACK_WHY_ICMP_ADDRESS] = STR_INIT("the ICMP error goes to another host than the quoted packet came from"),
	[TRACK_WHY_ICMP_INNER] = STR_INIT("the packet quoted by the ICMP error cannot be read"),
	[TRACK_WHY_ICMPV6_UNTRACKED] = STR_INIT("neighbour discovery and multicast listening are never tracked"),
	[TRACK_WHY_SCTP_STATE] = STR_INIT("the association's state allows no such chunk"),
	[TRACK_WHY_SCTP_TAG] = STR_INIT("the verification tag is not the association's"),
	[TRACK_WHY_SCTP_CHUNKS] = STR_INIT("these chunks may not stand together"),
	[TRACK_WHY_SHORT_HELPER] = STR_INIT("the helper cannot read the announcement"),
	[TRACK_WHY_HELPER_PORT] = STR_INIT("the port it announces is in use: the kernel draws another"),
	[TRACK_WHY_TABLE_FULL] = STR_INIT("the connection table is full"),
	[TRACK_WHY_EARLY_DROP] = STR_INIT("the connection table is full, another connection was given up"),
	[TRACK_WHY_CLASH] = STR_INIT("another packet made the same connection first"),
	[TRACK_WHY_NO_NAT] = STR_INIT("it cannot be translated"),
};
// clang-format on

struct str track_why(enum track_reason why)
{
	return why < TRACK_WHY_REASONS ? reasons[why] : (struct str){ 0 };
}

void track_notrack(struct track_ref *ref)
{
	if (!ref->entry && !track_ref_has_template(ref))
		ref->state = TRACK_UNTRACKED;
}

void track_zone_set(struct track_ref *ref, uint16_t zone, bool original, bool reply)
{
	if (ref->entry || track_ref_has_template(ref))
		return;
	ref->state = 0; /* a packet with a template is tracked, also behind notrack */
	ref->zone = zone;
	ref->zone_original = original;
	ref->zone_reply = reply;
}

void track_ref_copy(const struct track_ref *from, struct track_ref *to)
{
	*to = *from;
	if (to->entry)
		track_entry_hold(to->entry);
}

void track_release(struct track *t, struct track_ref *ref)
{
	struct track_entry *e = ref->entry;

	*ref = (struct track_ref){ 0 };
	if (!e)
		return;
	/* Nobody can answer to a connection that does not come to be. */
	if (!track_entry_confirmed(e) && e->extra &&
	    e->refs == 1 + track_expectations_of(t, e))
		track_expectations_forget(t, e);
	track_entry_drop(t, e);
}

void track_timeout_set(struct track_ref *ref, const struct track_timeout_policy *policy)
{
	struct track_entry *e = ref->entry;

	if (!e || track_entry_confirmed(e) || e->tuple[0].proto != policy->proto ||
	    (policy->family && policy->family != e->tuple[0].family))
		return;
	e->timeouts = policy;
}

/* The entry that took one of the new entry's tuples, or NULL. */
static struct track_entry *taken(struct track *t, const struct track_entry *e)
{
	/* Directions with zones of their own are compared each with its like. */
	bool apart = e->tuple[0].zone != e->tuple[1].zone;
	enum track_dir dir;
	struct track_entry *other =
		track_lookup(t, &e->tuple[0], apart ? 1u << TRACK_ORIGINAL : 3, &dir);

	return other ? other
	             : track_lookup(t, &e->tuple[1], apart ? 1u << TRACK_REPLY : 3, &dir);
}

/* Two packets of one connection were on their way at once: the second joins the first's entry.
 * Anything else that clashes is lost. */
static enum track_verdict clash(struct track *t, struct track_ref *ref,
                                struct track_entry *first)
{
	struct track_entry *e = ref->entry;

	if (!track_tuple_eq(&e->tuple[0], &first->tuple[0]) ||
	    !track_tuple_eq(&e->tuple[1], &first->tuple[1])) {
		ref->why = TRACK_WHY_CLASH;
		return TRACK_DROP;
	}
	track_entry_hold(first);
	track_entry_drop(t, e);
	ref->entry = first;
	return TRACK_ACCEPT;
}

enum track_verdict track_confirm(struct track *t, const struct track_packet *p,
                                 struct track_ref *ref, struct track_rewrite *rewrite)
{
	struct track_entry *e = ref->entry, *first;

	if (!e)
		return TRACK_ACCEPT;
	if (e->helper && !ref->icmp_error &&
	    track_helper_run(t, p, ref, rewrite) == TRACK_DROP)
		return TRACK_DROP;
	if (track_entry_confirmed(e) || ref->dir != TRACK_ORIGINAL ||
	    e->status & TRACK_S_DYING)
		return TRACK_ACCEPT;
	first = taken(t, e);
	if (first)
		return clash(t, ref, first);
	track_entry_insert(t, e);
	track_event(t, e,
	            (e->master ? TRACK_E_RELATED : TRACK_E_NEW) |
	                    (e->helper ? TRACK_E_HELPER : 0));
	return TRACK_ACCEPT;
}

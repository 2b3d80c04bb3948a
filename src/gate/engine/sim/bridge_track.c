/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Frames and their connections. */
#include "gate/engine/sim/bridge_track.h"

#include <linux/netfilter.h>

#include "gate/engine/sim/hook.h"

/* A header that cannot be read is let be; a wrong checksum, or a source that no host has, is not
 * looked at. */
static bool is_readable(const struct packet *p)
{
	return p->fault == FAULT_NONE || p->fault == FAULT_CHECKSUM ||
	       p->fault == FAULT_SOURCE;
}

bool bridge_track(struct pass *p)
{
	if (p->pkt->family != NFPROTO_IPV4 && p->pkt->family != NFPROTO_IPV6) {
		p->ref = (struct track_ref){ .state = TRACK_UNTRACKED };
		return true;
	}
	if (!is_readable(p->pkt))
		return true;
	return (!p->pkt->is_fragment || hook_defrag(p)) && hook_track(p);
}

bool bridge_confirm(struct pass *p)
{
	const struct track_entry *e = p->ref.entry;

	if (p->hook == NF_INET_POST_ROUTING)
		return hook_confirm(p);
	if (p->pkt->type != PKT_HOST && e && !(e->status & TRACK_S_CONFIRMED))
		track_release(p->sim->track, &p->ref);
	return true;
}

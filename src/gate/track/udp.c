/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* UDP, UDP-Lite, GRE and what has no tracker of its own: a timeout, and a longer one for what
 * looks like a conversation. */
#include "gate/track/proto.h"

enum { STREAM_AFTER_S = 2 };

void track_assure(struct track_step *s)
{
	if (s->e->status & TRACK_S_ASSURED)
		return;
	s->e->status |= TRACK_S_ASSURED;
	track_event(s->t, s->e, TRACK_E_ASSURED);
}

static void refresh(struct track_step *s, unsigned index, uint32_t sysctl)
{
	track_entry_refresh(s->t, s->e, track_entry_timeout(s->e, index, sysctl));
	track_entry_account(s->e, s->dir, s->p->length);
}

enum track_outcome track_udp(struct track_step *s)
{
	const uint32_t *sysctl = s->t->sysctl.udp;
	bool stream = false;

	if (!track_entry_confirmed(s->e))
		s->e->stream_from_ns = s->t->now_ns + STREAM_AFTER_S * TRACK_NS_PER_S;
	if (s->e->status & TRACK_S_SEEN_REPLY)
		stream = s->t->now_ns > s->e->stream_from_ns;
	refresh(s, stream, sysctl[stream]);
	if (stream)
		track_assure(s);
	return TRACK_OK;
}

/* Here the first answer makes a stream. */
enum track_outcome track_udplite(struct track_step *s)
{
	bool stream = s->e->status & TRACK_S_SEEN_REPLY;

	refresh(s, stream, s->t->sysctl.udp[stream]);
	if (stream)
		track_assure(s);
	return TRACK_OK;
}

enum track_outcome track_gre(struct track_step *s)
{
	struct track_gre_info *gre = &s->e->gre;
	const uint32_t *sysctl = s->t->sysctl.gre;
	bool stream = s->e->status & TRACK_S_SEEN_REPLY;

	if (!track_entry_confirmed(s->e)) {
		gre->timeout_s = track_entry_timeout(s->e, TRACK_T_UNREPLIED,
		                                     sysctl[TRACK_T_UNREPLIED]);
		gre->stream_timeout_s = track_entry_timeout(s->e, TRACK_T_REPLIED,
		                                            sysctl[TRACK_T_REPLIED]);
	}
	track_entry_refresh(s->t, s->e, stream ? gre->stream_timeout_s : gre->timeout_s);
	track_entry_account(s->e, s->dir, s->p->length);
	if (stream)
		track_assure(s);
	return TRACK_OK;
}

enum track_outcome track_generic(struct track_step *s)
{
	refresh(s, 0, s->t->sysctl.generic_timeout);
	return TRACK_OK;
}

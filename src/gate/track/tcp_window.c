/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Windows after Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter": four bounds
 * from what both sides said so far. A segment beyond the upper ones is invalid; one below the
 * lower ones is an old one on its way, which passes.
 */
#include "gate/track/tcp.h"

/* An acknowledgement may be this much older than the newest data. */
enum { ACK_WINDOW_MIN = 66000 };

/* A segment as the checks see it. */
struct segment {
	const struct track_tcp *tcp;
	struct track_tcp_side *sender, *receiver;
	uint32_t seq, end, ack, sack, window;
};

uint32_t tcp_end(const struct track_tcp *tcp)
{
	return tcp->seq + tcp->payload + !!(tcp->flags & TCP_SYN) +
	       !!(tcp->flags & TCP_FIN);
}

/* A header without options leaves the side as it is (measured). */
void tcp_options(struct track_tcp_side *side, const struct track_tcp *tcp)
{
	if (!tcp->has_options && !tcp->has_window_scale && !tcp->sack_permitted)
		return;
	side->scale = 0;
	side->flags &= SIDE_LIBERAL;
	if (tcp->sack_permitted)
		side->flags |= SIDE_SACK;
	if (!tcp->has_window_scale)
		return;
	side->scale =
		tcp->window_scale > TCP_SCALE_MAX ? TCP_SCALE_MAX : tcp->window_scale;
	side->flags |= SIDE_SCALE;
}

static uint32_t at_least_one(uint32_t window)
{
	return window ? window : 1;
}

void tcp_window_begin(struct track_tcp_info *info, const struct track_tcp *tcp)
{
	struct track_tcp_side *sender = &info->side[TRACK_ORIGINAL];

	*info = (struct track_tcp_info){ .last_index = EVENT_NONE };
	sender->end = tcp_end(tcp);
	sender->max_win = at_least_one(tcp->window);
	sender->max_end = sender->end;
	if (tcp->flags & TCP_SYN) {
		tcp_options(sender, tcp);
		return;
	}
	/* Picked up in the middle: the scale is not known, so nothing can be checked. */
	sender->max_end += sender->max_win;
	info->side[0].flags = info->side[1].flags = SIDE_SACK | SIDE_LIBERAL;
}

/* The side's first SYN, or one that replaces it. */
static void side_begin(const struct segment *g, enum track_dir dir)
{
	g->sender->end = g->sender->max_end = g->end;
	g->sender->max_win = at_least_one(g->window);
	tcp_options(g->sender, g->tcp);
	/* RFC 7323 section 2.2: both must offer it. */
	if (dir == TRACK_REPLY && !(g->sender->flags & g->receiver->flags & SIDE_SCALE))
		g->sender->scale = g->receiver->scale = 0;
}

/* The first segment of a side is not a SYN: what was before is guessed. */
static void side_guess(const struct segment *g)
{
	g->sender->end = g->end;
	g->sender->max_win = at_least_one(g->window << g->sender->scale);
	g->sender->max_end = g->end + g->sender->max_win;
	if (!g->receiver->max_win)
		g->receiver->end = g->receiver->max_end = g->sack;
	else if (g->sack == g->receiver->end + 1)
		g->receiver->end++; /* the answer to a keep-alive */
}

/* Prepares the sender's side; true when nothing is left to check. */
static bool side_prepare(const struct segment *g, const struct track_tcp_info *info,
                         enum track_dir dir)
{
	bool syn = g->tcp->flags & TCP_SYN, ack = g->tcp->flags & TCP_ACK;

	if (!g->sender->max_win) {
		if (!syn) {
			side_guess(g);
			return false;
		}
		side_begin(g, dir);
		return !ack; /* simultaneous open */
	}
	if (syn && tcp_after(g->end, g->sender->end) &&
	    (info->state == TRACK_TCP_SYN_SENT || info->state == TRACK_TCP_SYN_RECV)) {
		side_begin(g, dir); /* begun anew with other numbers */
		return dir == TRACK_REPLY && !ack;
	}
	return false;
}

/* The right edge of what the segment acknowledges, selectively too. */
static uint32_t segment_sack(const struct track_tcp *tcp,
                             const struct track_tcp_side *receiver)
{
	uint32_t sack = tcp->ack;

	if (receiver->flags & SIDE_SACK)
		for (unsigned i = 0; i < tcp->sacks && i < TRACK_SACK_MAX; i++)
			if (tcp_after(tcp->sack_end[i], sack))
				sack = tcp->sack_end[i];
	return sack;
}

/* Segments that say nothing of an acknowledgement, or nonsense, are taken as if they agreed. */
static void segment_complete(struct segment *g, const struct track_tcp_info *info)
{
	uint8_t flags = g->tcp->flags;

	if (!(flags & TCP_ACK) || (flags & TCP_RST && g->tcp->ack == 0))
		g->ack = g->sack = g->receiver->end;
	/* An RST that answers a SYN counts from 0. */
	if (flags & TCP_RST && g->seq == 0 && info->state == TRACK_TCP_SYN_SENT)
		g->seq = g->end = g->sender->end;
}

static uint32_t ack_window(const struct track_tcp_side *sender)
{
	return sender->max_win > ACK_WINDOW_MIN ? sender->max_win : ACK_WINDOW_MIN;
}

static bool ack_not_old(const struct segment *g)
{
	return tcp_after(g->sack, g->receiver->end - ack_window(g->sender) - 1);
}

static bool data_not_old(const struct segment *g)
{
	return !g->receiver->max_win ||
	       tcp_after(g->end, g->sender->end - g->receiver->max_win - 1);
}

/* Data beyond the window, by no more than a window: it passes, and as the peer may take it, its
 * acknowledgement must be known. */
static enum tcp_fit segment_overshot(const struct segment *g)
{
	uint32_t overshot = g->end - g->sender->max_end + 1;

	if (!g->receiver->max_win || !data_not_old(g) || !ack_not_old(g) ||
	    overshot > g->receiver->max_win || tcp_after(g->sack, g->receiver->end))
		return FIT_OUT;
	g->sender->end = g->end;
	g->sender->flags |= SIDE_UNACKED;
	return FIT_IGNORE;
}

static enum tcp_fit segment_fit(const struct segment *g)
{
	if (tcp_after(g->seq, g->sender->max_end))
		return segment_overshot(g);
	if (tcp_after(g->sack, g->receiver->end))
		return FIT_OUT;
	return data_not_old(g) && ack_not_old(g) ? FIT_IN : FIT_IGNORE;
}

static void windows_move(const struct segment *g)
{
	struct track_tcp_side *sender = g->sender, *receiver = g->receiver;
	uint32_t window =
		g->tcp->flags & TCP_SYN ? g->window : g->window << sender->scale;
	uint32_t told = window + (g->sack - g->ack);

	if (sender->max_win < told)
		sender->max_win = told;
	if (tcp_after(g->end, sender->end)) {
		sender->end = g->end;
		sender->flags |= SIDE_UNACKED;
	}
	if (g->tcp->flags & TCP_ACK &&
	    (!(sender->flags & SIDE_MAX_ACK) || tcp_after(g->ack, sender->max_ack))) {
		sender->max_ack = g->ack;
		sender->flags |= SIDE_MAX_ACK;
	}
	if (receiver->max_win && tcp_after(g->end, sender->max_end))
		receiver->max_win += g->end - sender->max_end;
	if (!tcp_before(g->sack + window, receiver->max_end))
		receiver->max_end = g->sack + window + !window;
	if (g->ack == receiver->end)
		receiver->flags &= (uint8_t)~SIDE_UNACKED;
}

static void count_retransmissions(struct track_tcp_info *info, const struct segment *g,
                                  enum track_dir dir)
{
	if (info->last_dir == dir && info->last_seq == g->seq &&
	    info->last_ack == g->ack && info->last_end == g->end &&
	    info->last_win == g->tcp->window) {
		info->retrans++;
		return;
	}
	info->last_dir = dir;
	info->last_seq = g->seq;
	info->last_ack = g->ack;
	info->last_end = g->end;
	info->last_win = g->tcp->window;
	info->retrans = 0;
}

enum tcp_fit tcp_window(struct track_step *s, enum tcp_event event)
{
	struct track_tcp_info *info = &s->e->tcp;
	const struct track_tcp *tcp = &s->p->tcp;
	struct segment g = {
		.tcp = tcp,
		.sender = &info->side[s->dir],
		.receiver = &info->side[!s->dir],
		.seq = tcp->seq,
		.end = tcp_end(tcp),
		.ack = tcp->ack,
		.window = tcp->window,
	};
	enum tcp_fit fit;

	g.sack = segment_sack(tcp, g.receiver);
	if (s->e->status & TRACK_S_SEQ_ADJUST) { /* as the receiver numbered it */
		uint32_t shift = (uint32_t)track_seq_shift(s->e, !s->dir, g.ack - 1);
		g.ack -= shift;
		g.sack -= shift;
	}
	if (side_prepare(&g, info, s->dir))
		return FIT_IN;
	segment_complete(&g, info);
	fit = segment_fit(&g);
	if (fit != FIT_IN) {
		s->why = fit == FIT_OUT ? TRACK_WHY_TCP_WINDOW : TRACK_WHY_TCP_IGNORED;
		return s->t->sysctl.tcp_be_liberal || g.sender->flags & SIDE_LIBERAL
		               ? FIT_IN
		               : fit;
	}
	windows_move(&g);
	if (event == EVENT_ACK)
		count_retransmissions(info, &g, s->dir);
	return FIT_IN;
}

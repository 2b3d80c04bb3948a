/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Which rows of the transition table of TCP the packets of all cases have met. */
#pragma once

#include "gate/engine/sim/packet.h"
#include "gate/track/track.h"

enum { TCP_EVENTS = 5 };

struct tcp_rows {
	bool visited[2][TCP_EVENTS][TRACK_TCP_STATES]; /* [enum track_dir] */
};

/* The packet will meet that table next. */
void tcp_rows_visit(struct tcp_rows *r, struct track *t, const struct packet *p);
/* `visited DIRECTION EVENT STATE` and `unvisited …`, a line each, and how many of how many. */
void tcp_rows_print(const struct tcp_rows *r);

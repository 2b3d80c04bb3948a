/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "agree_tcp_rows.h"

#include <netinet/in.h>
#include <stdio.h>

#include "gate/engine/sim/build.h"
#include "gate/engine/sim/view.h"

static int event_of(uint8_t flags)
{
	return flags & TCP_RST   ? 4
	       : flags & TCP_SYN ? (flags & TCP_ACK ? 1 : 0)
	       : flags & TCP_FIN ? 2
	       : flags & TCP_ACK ? 3
	                         : -1;
}

void tcp_rows_visit(struct tcp_rows *r, struct track *t, const struct packet *p)
{
	struct track_packet view;
	enum track_dir dir = TRACK_ORIGINAL;

	if (p->l4 != IPPROTO_TCP || !p->has_l4 || p->fault != FAULT_NONE)
		return;
	view_packet(p, &view);
	int event = event_of(view.tcp.flags);
	bool odd = (view.tcp.flags & TCP_SYN && view.tcp.flags & (TCP_FIN | TCP_RST)) ||
	           (view.tcp.flags & TCP_FIN && !(view.tcp.flags & TCP_ACK));
	if (event < 0 || odd || view.flags)
		return;
	const struct track_entry *e = track_find(t, &view.tuple, &dir);
	r->visited[dir][event][e ? e->tcp.state : TRACK_TCP_NONE] = true;
}

void tcp_rows_print(const struct tcp_rows *r)
{
	static const char *const events[] = { "syn", "syn,ack", "fin", "ack", "rst" };
	unsigned visited = 0, all = 0;

	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned e = 0; e < TCP_EVENTS; e++) {
			for (unsigned s = 0; s < TRACK_TCP_STATES; s++) {
				if (dir == TRACK_REPLY && s == TRACK_TCP_NONE)
					continue; /* no entry, no reply */
				all++;
				visited += r->visited[dir][e][s];
				if (!r->visited[dir][e][s])
					printf("unvisited %s %s %u\n",
					       dir ? "reply" : "original", events[e], s);
				else
					printf("visited %s %s %u\n",
					       dir ? "reply" : "original", events[e], s);
			}
		}
	}
	printf("rows %u of %u\n", visited, all);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* TCP's parts: the machine of states is tcp.c, the windows are tcp_window.c. */
#pragma once

#include "gate/track/proto.h"

/* Bits of a header's flags byte. */
enum {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128
};

/* What a segment means to the machine. */
enum tcp_event {
	EVENT_SYN,
	EVENT_SYN_ACK,
	EVENT_FIN,
	EVENT_ACK,
	EVENT_RST,
	EVENT_NONE,
	TCP_EVENTS = EVENT_NONE
};

/* track_tcp_side.flags */
enum {
	SIDE_SCALE = 1 << 0,      /* its SYN had a window scale */
	SIDE_SACK = 1 << 1,       /* and permitted SACK */
	SIDE_CLOSE_INIT = 1 << 2, /* closed first */
	SIDE_LIBERAL = 1 << 3,    /* no check of windows */
	SIDE_UNACKED = 1 << 4,    /* sent data that is not acknowledged */
	SIDE_MAX_ACK = 1 << 5,    /* max_ack is known */
};

/* track_tcp_info.last_flags, beside SIDE_SCALE and SIDE_SACK */
enum {
	LAST_CHALLENGE = 1 << 6,    /* a challenge ACK may follow, RFC 5961 section 4 */
	LAST_SIMULTANEOUS = 1 << 7, /* both sent a SYN */
};

enum { TCP_SCALE_MAX = 14 }; /* RFC 7323 section 2.3 */

enum tcp_fit {
	FIT_IN,
	FIT_OUT,    /* invalid */
	FIT_IGNORE, /* old: passes and changes nothing */
};

static inline bool tcp_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool tcp_after(uint32_t a, uint32_t b)
{
	return tcp_before(b, a);
}

/* The number behind the segment's last byte. */
uint32_t tcp_end(const struct track_tcp *tcp);

/* Reads a SYN's options into a side; its other flags are lost, except SIDE_LIBERAL. */
void tcp_options(struct track_tcp_side *side, const struct track_tcp *tcp);

/* The sender's window from the first segment of a connection. */
void tcp_window_begin(struct track_tcp_info *info, const struct track_tcp *tcp);

/* Checks the segment against both windows and moves them when it fits. */
enum tcp_fit tcp_window(struct track_step *s, enum tcp_event event);

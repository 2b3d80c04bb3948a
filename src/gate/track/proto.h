/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The trackers of single protocols: each decides whether a packet belongs to its connection. */
#pragma once

#include "gate/track/table.h"

/* One packet that meets its entry. */
struct track_step {
	struct track *t;
	struct track_entry *e;
	const struct track_packet *p;
	enum track_dir dir;
	enum track_reason why; /* set with INVALID, and for packets that change nothing */
};

enum track_outcome {
	TRACK_OK,
	TRACK_REFUSED, /* the packet is invalid */
	TRACK_AGAIN,   /* the entry is gone: look the packet up anew */
};

/* A new entry is one that is not confirmed; it is asked about its first packet only. */
enum track_outcome track_tcp(struct track_step *s);
enum track_outcome track_udp(struct track_step *s);
enum track_outcome track_udplite(struct track_step *s);
enum track_outcome track_icmp(struct track_step *s);
enum track_outcome track_icmpv6(struct track_step *s);
enum track_outcome track_sctp(struct track_step *s);
enum track_outcome track_gre(struct track_step *s);
enum track_outcome track_generic(struct track_step *s);

/* Neither direction's window is looked at from now on. */
void track_tcp_liberal(struct track_entry *e);

/* Whether a full table may give up the entry: it is closing. */
bool track_tcp_closing(const struct track_entry *e);

/* ICMP types. */
bool track_icmp_is_error(uint8_t family, uint8_t type);
bool track_icmp_answer(uint8_t family, uint8_t type, uint8_t *answer);
/* ICMPv6 messages of neighbour discovery and multicast listeners, which are never tracked. */
bool track_icmpv6_is_local(uint8_t type);

/* Marks the entry as one that a full table keeps. */
void track_assure(struct track_step *s);

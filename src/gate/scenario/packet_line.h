/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A packet in words, as people write it on a command line or in a scenario:
 *
 *	in eth0 tcp 198.51.100.7:40000 > 192.168.1.12:22 syn
 *	out eth0 reply syn,ack
 *	at 10s in eth0 icmp 198.51.100.7 > 192.168.1.12 echo-request
 *	in lan0 out wan0 udp [fd00::5]:5353 > [2001:db8::1]:53 len 40
 *
 *	in eth0 packet 450000280001…
 *	in eth0 capture day.pcap 17
 *
 * First the way (`in DEV`, `out DEV`, both: forwarded), then the protocol, who to whom, and then
 * what else is to be said. What is left out is filled in where it is obvious.
 */
#pragma once

#include "base/diag.h"
#include "gate/engine/sim/build.h"
#include "gate/scenario/endpoint.h"

enum packet_word_seen {
	SEEN_SRC = 1,
	SEEN_DST = 2,
	SEEN_SPORT = 4,
	SEEN_DPORT = 8,
	SEEN_FLAGS = 16,
	SEEN_SEQ = 32,
	SEEN_ACKSEQ = 64,
	SEEN_TYPE = 128,
	SEEN_UID = 256,
	SEEN_PROTO = 512,
	SEEN_TIME = 1024,
	SEEN_MAC_SRC = 2048,
	SEEN_MAC_DST = 4096,
};

enum packet_end { END_SRC, END_DST };

/* A packet as bytes: `frame HEX` (Ethernet), `packet HEX` (IP), `capture FILE NUMBER`. */
struct packet_raw {
	struct str bytes;    /* of a capture: whoever may read files fills them in */
	struct str capture;  /* the file's path */
	uint64_t number;     /* of its frame, from 1 */
	bool has_ll;         /* an Ethernet header comes first */
	uint16_t ethertype;  /* without one */
	bool sums_are_right; /* see struct packet */
};

struct packet_line {
	struct span span;
	uint32_t seen;      /* enum packet_word_seen */
	uint64_t time_ns;   /* `at`, since the start */
	struct str in, out; /* devices; empty: not said */
	bool is_reply;      /* to the packet before, as that came out */
	bool quotes_last;   /* an ICMP error about the packet before */
	uint32_t mark, uid, gid;
	struct packet_desc desc;
	bool is_raw; /* the packet is `raw` */
	struct packet_raw raw;
	struct endpoint
		ends[2]; /* enum packet_end; with a range or `any` the description has
	                          * only one of the values */
};

/* Reads the words in `span` of its source; strings are slices of it or in `a`. -EINVAL after
 * errors in `diags`. `names` resolves ports by name. */
int packet_line_read(const struct sources *sources, struct span span,
                     const struct names *names, struct arena *a, struct diags *diags,
                     struct packet_line *out);

/* What is one value goes into the description; what is drawn waits in `ends`. */
void packet_line_end(struct packet_line *line, enum packet_end which,
                     const struct endpoint *e);
/* Whether it has several values for an address or a port. */
bool packet_line_is_drawn(const struct packet_line *line);

/* A text in quotes at the start of `text`, with \r, \n, \t, \0, \" and \\ in it, is put into
 * `out`. Returns how much of `text` it was, quotes included; 0: there is none. */
size_t quoted_read(struct str text, struct buf *out);
/* `10s`, `1m30s`, `250ms`, `2h`, `1d` in nanoseconds; a plain number is seconds. */
bool duration_read(struct str word, uint64_t *ns);

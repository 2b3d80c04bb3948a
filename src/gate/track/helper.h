/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of the helpers: each reads a packet's payload and announces what will follow. */
#pragma once

#include "gate/track/expectations.h"
#include "gate/track/table.h"

/* The entry's helper reads the packet. TRACK_DROP: it could not (ref->why). */
enum track_verdict track_helper_run(struct track *t, const struct track_packet *p,
                                    struct track_ref *ref);

/* A payload that a helper reads. */
struct track_reading {
	struct track *t;
	struct track_entry *e;
	const struct track_packet *p;
	enum track_dir dir;
	enum track_state state;
	bool rewritten; /* the kernel's helper writes other addresses into this payload */
};

/* Each gives TRACK_DROP for an announcement that cannot be read or cannot be expected. */
enum track_verdict track_ftp(struct track_reading *r);
enum track_verdict track_tftp(struct track_reading *r);
enum track_verdict track_irc(struct track_reading *r);
enum track_verdict track_sip(struct track_reading *r);

/* An expectation of a connection to `dst`:`port`; `src` NULL for any. Where it is to go when the
 * master is translated is the tracker's business. */
enum track_verdict track_helper_expect(struct track_reading *r, uint8_t proto,
                                       const struct track_addr *src,
                                       const struct track_addr *dst, uint16_t port);

/* The same with all that may be said of it: fills in zone, family, direction, translation and,
 * where deadline_ns is 0, the class's time. Errors of track_expect_add. */
MUST_USE int track_helper_add(struct track_reading *r, struct track_expect x);

/* Decimal digits at the start of `s`: their number, 0 when there is none or the value is above
 * `max`. */
size_t track_helper_number(struct str s, uint64_t max, uint64_t *value);

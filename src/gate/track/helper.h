/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of the helpers: each reads a packet's payload and announces what will follow. */
#pragma once

#include "gate/track/expectations.h"
#include "gate/track/table.h"

/* The entry's helper reads the packet. TRACK_DROP: it could not (ref->why). */
enum track_verdict track_helper_run(struct track *t, const struct track_packet *p,
                                    struct track_ref *ref, struct track_rewrite *rewrite);

/* A payload that a helper reads. */
struct track_reading {
	struct track *t;
	struct track_entry *e;
	const struct track_packet *p;
	enum track_dir dir;
	enum track_state state;
	struct track_rewrite *rewrite;
	bool drew_port; /* the kernel's is another one */
};

/* Each gives TRACK_DROP for an announcement that cannot be read or cannot be expected. */
enum track_verdict track_ftp(struct track_reading *r);
enum track_verdict track_tftp(struct track_reading *r);
enum track_verdict track_irc(struct track_reading *r);
enum track_verdict track_sip(struct track_reading *r);

/* The same announcements the other way: see track_helper_restore(). */
bool track_ftp_restore(const struct track_entry *e, enum track_dir dir,
                       struct str payload, struct buf *out);
bool track_sip_restore(struct track_entry *e, enum track_dir dir, struct str payload,
                       struct buf *out);

/* Whether addresses in the payload have to be others for who reads it. */
bool track_helper_translates(const struct track_reading *r);

/* Fills in zone, family, direction, translation (to `saved_port` of this payload's sender) and,
 * where deadline_ns is 0, the class's time. */
void track_helper_prepare(struct track_reading *r, struct track_expect *x,
                          uint16_t saved_port);

/* Expects a connection to x->tuple.dst and its port; where the master is translated, `saved_port`
 * at the sender of this payload is where it goes, and x->tuple.dst_port becomes another one when
 * that is in use. Prepares it first. Errors of track_expect_add. */
MUST_USE int track_helper_add(struct track_reading *r, struct track_expect *x,
                              uint16_t saved_port);

/* Puts `text` in place of `n` bytes at `at` of the payload as it is by now. */
void track_helper_replace(struct track_reading *r, size_t at, size_t n, struct str text);
/* The same of any text: `part` lies in it. */
void track_helper_splice(struct buf *out, struct str whole, struct str part,
                         struct str text);
/* The payload as it is by now. */
struct str track_helper_text(const struct track_reading *r);

/* Decimal digits at the start of `s`: their number, 0 when there is none or the value is above
 * `max`. */
size_t track_helper_number(struct str s, uint64_t max, uint64_t *value);

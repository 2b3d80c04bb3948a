/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Connections that are expected because another one announced them, and the helpers that read
 * the announcement. A helper acts in track_confirm on the packet's payload.
 */
#pragma once

#include "gate/track/track.h"

/* By the kernel's name ("ftp", "tftp", "irc", "sip"); TRACK_HELPER_NONE for others. */
enum track_helper track_helper_find(struct str name);
struct str track_helper_name(enum track_helper helper);

/* `ct helper set` for protocol `proto`: acts on an entry that is not confirmed, has this
 * protocol and no helper yet, else nothing. Nor behind `ct expectation set`: the kernel adds what
 * both need just once (nf_conntrack_extend.c: nf_ct_ext_add). */
void track_helper_set(struct track_ref *ref, enum track_helper helper, uint8_t proto);

enum track_expect_flag {
	TRACK_X_PERMANENT = 1 << 0,
	TRACK_X_INACTIVE = 1 << 1,
	TRACK_X_USERSPACE = 1 << 2,
};

/* An expectation as it is made or listed. */
struct track_expect {
	struct track_tuple tuple;   /* of the connection's first packet */
	bool any_src, any_src_port; /* masks: what does not matter */
	bool shared;    /* another master may expect the same: that one stays */
	uint8_t flags;  /* enum track_expect_flag */
	uint8_t class;  /* helper's own: sip 0 signalling, 1 audio, 2 video, 3 image */
	uint8_t helper; /* enum track_helper for the new connection */
	uint64_t deadline_ns;
	uint64_t master; /* id of the entry */
	/* the master is translated: where the new connection goes */
	bool nat;
	uint8_t dir; /* direction of the new connection, seen from the master */
	struct track_addr saved_addr;
	uint16_t saved_port;
};

/* What becomes of a rule and its packet. */
enum track_expect_result {
	TRACK_EXPECT_SET,
	TRACK_EXPECT_BREAK, /* no new entry, or `size` are expected already */
	TRACK_EXPECT_DROP,  /* it cannot be expected */
};

/* `ct expectation set`: new connections between the same hosts, in this packet's reverse
 * direction, to `dst_port`; at most `size` at once for one master; family 0 takes the
 * connection's own. */
enum track_expect_result track_expect_set(struct track *t, struct track_ref *ref,
                                          uint8_t family, uint8_t proto,
                                          uint16_t dst_port, uint32_t timeout_ms,
                                          uint8_t size);

/* For tests that state it (`expect` in a scenario): deadline_ns holds the timeout. Errors:
 * -EALREADY the same of another master or class, -EEXIST one packet could fulfil both, -ENOSPC
 * above nf_conntrack_expect_max. The oldest gives way above the helper's own limit. */
MUST_USE int track_expect_add(struct track *t, struct track_entry *master,
                              const struct track_expect *x);

void track_expect_each(struct track *t,
                       bool (*fn)(const struct track_expect *x, void *arg), void *arg);

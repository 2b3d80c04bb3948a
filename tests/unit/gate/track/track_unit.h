/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A router for tests of the tracker: a packet goes through prerouting and postrouting. Host c (client,
 * 10.0.0.1) talks to host s (server, 10.0.0.2). */
#pragma once

#include "unit.h"

#include <netinet/in.h>

#include "gate/track/nat.h"
#include "gate/track/track.h"

#define S(seconds) ((uint64_t)((seconds)*1000000000ull))

static const struct track_addr client = { .b = { 10, 0, 0, 1 } };
static const struct track_addr server = { .b = { 10, 0, 0, 2 } };

/* What became of a packet. The entry is looked at before its last holder lets it go. */
struct walked {
	enum track_verdict verdict;
	enum track_state state;
	enum track_reason why;
	enum track_dir dir;
	bool entry;
	uint32_t status;
	struct track_packet out;
};

static inline struct track_packet packet(uint8_t proto, bool to_server,
                                         uint16_t client_port, uint16_t server_port)
{
	return (struct track_packet){
		.tuple = { .src = to_server ? client : server,
		           .dst = to_server ? server : client,
		           .src_port = to_server ? client_port : server_port,
		           .dst_port = to_server ? server_port : client_port,
		           .family = 4,
		           .proto = proto },
		.length = 100,
	};
}

/* Through the router; `setup` is called where the rules of its forward chain would be. */
static inline struct walked walk_with(struct track *t, struct track_packet p,
                                      void (*setup)(struct track *t,
                                                    struct track_ref *ref))
{
	struct track_ref ref = { 0 };
	struct track_rewrite rewrite = { 0 };
	struct walked w = { .verdict = track_in(t, &p, TRACK_HOOK_PREROUTING, &ref) };

	w.state = track_state_of(&ref);
	w.why = ref.why;
	w.entry = ref.entry;
	w.dir = ref.dir;
	if (setup)
		setup(t, &ref);
	if (w.verdict == TRACK_ACCEPT)
		w.verdict = track_confirm(t, &p, &ref, &rewrite);
	if (!w.why)
		w.why = ref.why;
	w.status = ref.entry ? ref.entry->status : 0;
	w.out = p;
	buf_fini(&rewrite.payload);
	track_release(t, &ref);
	return w;
}

static inline struct walked walk(struct track *t, struct track_packet p)
{
	return walk_with(t, p, NULL);
}

/* As walk, but the packet is dropped behind the lookup. */
static inline enum track_state walk_dropped(struct track *t, struct track_packet p)
{
	struct track_ref ref = { 0 };
	enum track_state state;

	assert_int_equal(track_in(t, &p, TRACK_HOOK_PREROUTING, &ref), TRACK_ACCEPT);
	state = track_state_of(&ref);
	track_release(t, &ref);
	return state;
}

static inline struct track_entry *entry_of(struct track *t, struct track_packet p)
{
	return track_find(t, &p.tuple, NULL);
}

/* Seconds that the packet's entry has left; -1 without one. */
static inline long left(struct track *t, struct track_packet p)
{
	const struct track_entry *e = entry_of(t, p);

	return e ? (long)(track_expires_ns(t, e) / 1000000000) : -1;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Inside of the tracker: the table of connections, their memory and their timers. Only files of
 * this folder include it.
 *
 * An entry lives while somebody holds it: the table (from confirm on), each packet that carries
 * it, each entry it is the master of, each expectation it made.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "gate/track/expect.h"
#include "gate/track/sysctl.h"
#include "gate/track/track.h"

enum { TRACK_WHEEL = 1024 }; /* slots of one second */

#define TRACK_NS_PER_S 1000000000ull

/* What only few entries have. */
struct track_extra {
	struct track_entry *source_next; /* chain of track.sources */
	bool in_sources;
	uint32_t masquerade_ifindex;   /* 0: not masqueraded */
	struct track_choice choice[2]; /* of source, destination */
	uint8_t expecting[4];          /* expectations it has, by class */
	/* helper's own */
	struct {
		uint32_t after_newline[2][2]; /* sequence numbers behind line ends */
		uint8_t known[2];             /* used of after_newline[] */
	} ftp;
	struct {
		uint32_t register_cseq, invite_cseq;
		uint16_t forced_dst_port;
	} sip;
	struct track_seq_adjust {
		uint32_t position;
		int32_t before, after;
	} seq_adjust[2];
};

struct track_pending {
	struct track_expect x;
	struct track_entry *master;
};

struct track {
	uint64_t now_ns, wheel_s; /* wheel_s: the first second that was not swept */
	uint64_t random;          /* state of track_random() */
	uint64_t last_id;
	uintptr_t *buckets;
	size_t bucket_mask;
	uint32_t confirmed, alive; /* entries in the table; those and the unconfirmed */
	struct track_sysctls sysctl;
	struct track_entry *wheel[TRACK_WHEEL];
	struct track_entry *free; /* by timer_next */
	struct arena memory;      /* of entries and extras */
	struct track_extra *free_extra;
	struct track_entry **sources; /* hash of translated sources, see nat.c */
	size_t source_mask, source_count;
	VEC(struct track_pending) expected;
	VEC(struct track_event) events, told;
	bool events_on;
};

/* A number drawn from the table's seed. */
uint64_t track_random(struct track *t);

/* ---- entries ------------------------------------------------------------------------------ */

/* A new entry, not confirmed, with both tuples and one holder. */
struct track_entry *track_entry_new(struct track *t, const struct track_tuple *original,
                                    const struct track_tuple *reply);
void track_entry_hold(struct track_entry *e);
void track_entry_drop(struct track *t, struct track_entry *e);

/* Its extra part, made when there is none. */
struct track_extra *track_entry_extra(struct track *t, struct track_entry *e);

/* Puts the entry into the table and starts its timer. */
void track_entry_insert(struct track *t, struct track_entry *e);

/* Takes it out of the table; false when it was not in it. Told as DESTROY at time `at_ns`. */
bool track_entry_kill(struct track *t, struct track_entry *e, uint64_t at_ns);

static inline bool track_entry_confirmed(const struct track_entry *e)
{
	return e->status & TRACK_S_CONFIRMED;
}

/* The timeout starts anew; ends `seconds` from now. Nothing with TRACK_S_FIXED_TIMEOUT. */
void track_entry_refresh(struct track *t, struct track_entry *e, uint32_t seconds);

/* Sets the end, also nearer than before. */
void track_entry_deadline(struct track *t, struct track_entry *e, uint64_t deadline_ns);

/* Counts a packet, when the entry counts. */
void track_entry_account(struct track_entry *e, enum track_dir dir, uint32_t bytes);

/* The entry's own or the sysctls' timeout in seconds: `index` of the entry's policy. */
static inline uint32_t track_entry_timeout(const struct track_entry *e, unsigned index,
                                           uint32_t sysctl)
{
	uint32_t own = e->timeouts ? e->timeouts->seconds[index] : 0;

	return own ? own : sysctl;
}

/* ---- lookup ------------------------------------------------------------------------------- */

static inline bool track_tuple_eq(const struct track_tuple *a,
                                  const struct track_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool track_addr_eq(const struct track_addr *a, const struct track_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A live entry in the table that has the tuple in the direction(s) of `dirs` (1: original,
 * 2: reply), or NULL. `*dir` is set where it is found. */
struct track_entry *track_lookup(struct track *t, const struct track_tuple *tuple,
                                 unsigned dirs, enum track_dir *dir);

/* ---- events ------------------------------------------------------------------------------- */

void track_event_at(struct track *t, const struct track_entry *e, uint32_t what,
                    uint64_t at_ns);

static inline void track_event(struct track *t, const struct track_entry *e,
                               uint32_t what)
{
	if (t->events_on)
		track_event_at(t, e, what, t->now_ns);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The connection table: a model of nf_conntrack of Linux 6.18 with virtual time. A network
 * namespace is one `struct track`. A packet's way through it:
 *
 *   struct track_ref ref = { 0 };                 // rides with the packet, as skb->_nfct does
 *   …raw chains: ref reads as `invalid`; track_notrack(), track_zone_set()…
 *   track_at(t, now_ns);
 *   track_in(t, &packet, TRACK_HOOK_PREROUTING, &ref);          // priority -200
 *   …nat.h: track_nat_wants(), the nat chains, track_nat_apply()…
 *   track_confirm(t, &packet, &ref);              // input, postrouting at INT_MAX
 *   track_release(t, &ref);                       // when the packet is gone: dropped or delivered
 *
 * A packet that loops back keeps its ref: track_in leaves a ref that has an entry (or is
 * untracked) alone. An entry is deleted with its last ref when it was not confirmed.
 */
#pragma once

#include "base/buf.h"
#include "gate/track/entry.h"
#include "gate/track/packet.h"

struct track;

/* Where the packet is; the numbers are nf_tables'. */
enum track_hook {
	TRACK_HOOK_PREROUTING = 0,
	TRACK_HOOK_INPUT = 1,
	TRACK_HOOK_FORWARD = 2,
	TRACK_HOOK_OUTPUT = 3,
	TRACK_HOOK_POSTROUTING = 4,
};

enum track_verdict { TRACK_ACCEPT, TRACK_DROP };

/* Why track_in or track_confirm said what it said; for explain. */
enum track_reason {
	TRACK_WHY_NONE,
	TRACK_WHY_TRUNCATED,
	TRACK_WHY_CHECKSUM,
	TRACK_WHY_FRAGMENT,
	TRACK_WHY_TCP_FLAGS,     /* a combination of flags that does not exist */
	TRACK_WHY_TCP_FIRST,     /* no connection may begin with this packet */
	TRACK_WHY_TCP_NOT_LOOSE, /* picked up in the middle with nf_conntrack_tcp_loose=0 */
	TRACK_WHY_TCP_STATE,     /* the state allows no such packet */
	TRACK_WHY_TCP_WINDOW,    /* out of window */
	TRACK_WHY_TCP_RST,       /* RST below what the peer acknowledged */
	TRACK_WHY_TCP_IGNORED,   /* passes; the entry did not change */
	TRACK_WHY_ICMP_TYPE,     /* type cannot begin anything */
	TRACK_WHY_ICMP_NO_ENTRY,    /* error about a connection that is not there */
	TRACK_WHY_ICMP_ADDRESS,     /* error whose outer and inner addresses do not fit */
	TRACK_WHY_ICMP_INNER,       /* error whose inner header cannot be read */
	TRACK_WHY_ICMPV6_UNTRACKED, /* neighbour discovery, MLD */
	TRACK_WHY_SCTP_STATE,
	TRACK_WHY_SCTP_TAG,
	TRACK_WHY_SCTP_CHUNKS,
	TRACK_WHY_SHORT_HELPER, /* a helper could not parse what it must: packet dropped */
	TRACK_WHY_HELPER_PORT, /* passes; the kernel draws a port for what this payload announces */
	TRACK_WHY_TABLE_FULL, /* nothing could be dropped early */
	TRACK_WHY_EARLY_DROP, /* new, for which another entry was given up; the kernel looks at
	                       * eight chains only and may have dropped this packet instead */
	TRACK_WHY_CLASH,      /* another packet made the same connection first */
	TRACK_WHY_NO_NAT, /* no free tuple for the translation */
	TRACK_WHY_REASONS,
};

/* The reason as a phrase without a full stop, empty for TRACK_WHY_NONE. */
struct str track_why(enum track_reason why);

/* What rides with a packet; all zero before the tracker saw it. */
struct track_ref {
	struct track_entry *entry; /* NULL: none */
	uint8_t state;             /* enum track_state; 0 reads as TRACK_INVALID */
	uint8_t dir;               /* enum track_dir, with an entry */
	uint8_t why;               /* enum track_reason of the last call */
	bool icmp_error;           /* related by an ICMP error */
	/* `ct zone set` before the lookup: track_zone_set */
	bool zone_original, zone_reply; /* directions the zone is for */
	uint16_t zone;
};

/* `ct zone set` gave the packet a template: until the lookup its state is new, and nothing else is
 * known of it. */
static inline bool track_ref_has_template(const struct track_ref *ref)
{
	return !ref->entry && !ref->state && (ref->zone_original || ref->zone_reply);
}

/* What `ct state` reads. */
static inline enum track_state track_state_of(const struct track_ref *ref)
{
	return ref->state                    ? (enum track_state)ref->state
	       : track_ref_has_template(ref) ? TRACK_NEW
	                                     : TRACK_INVALID;
}

/* A table with the sysctls' defaults of 6.18. `seed` decides what is drawn by chance. */
struct track *track_new(uint64_t seed);
void track_free(struct track *t);
DEFINE_AUTO_PTR(track)

/* Sets the clock, which never goes back, and ends what is over by then. */
void track_at(struct track *t, uint64_t now_ns);

/* nf_conntrack's hook in prerouting and output. TRACK_DROP only when the table is full; `ref`
 * tells the rest. `ref` must be released in the end. */
MUST_USE enum track_verdict track_in(struct track *t, const struct track_packet *p,
                                     enum track_hook hook, struct track_ref *ref);

/* What a helper made of a payload: the addresses that the other side knows. All zero at first;
 * the caller frees `payload`. */
struct track_rewrite {
	bool changed;
	struct buf payload;
	uint16_t dst_port; /* goes there instead; 0: as it was */
};

/* The hook at the end of input and postrouting: the helper reads the packet (as NAT left it; NULL
 * will do where the entry has none), then a new entry enters the table. With TRACK_S_SEQ_ADJUST the caller then renumbers the
 * segment by track_seq_shift() and track_ack_shift(). */
MUST_USE enum track_verdict track_confirm(struct track *t, const struct track_packet *p,
                                          struct track_ref *ref,
                                          struct track_rewrite *rewrite);

/* By how much a helper moved what comes from this direction: to be added to a sequence number, and
 * to be taken from an acknowledgement (or an edge of SACK) of the other direction. */
int32_t track_seq_shift(const struct track_entry *e, enum track_dir dir, uint32_t seq);
int32_t track_ack_shift(const struct track_entry *e, enum track_dir acked, uint32_t ack);
/* What such a number was before it was moved. */
uint32_t track_seq_back(const struct track_entry *e, enum track_dir dir, uint32_t seq);
uint32_t track_ack_back(const struct track_entry *e, enum track_dir acked, uint32_t ack);

/* What the sender wrote, of a payload that the entry's helper has translated: *out, which was
 * empty; an announced port is taken as the one it was. False: it is the same. IRC's helper reads
 * what it wrote as it reads what the sender wrote. */
bool track_helper_restore(struct track_entry *e, enum track_dir dir, struct str payload,
                          struct buf *out);

/* The other way round of an expected connection's translation: `left` is the tuple of a packet that
 * begins it, *came is that from before. False: nothing is expected that would become this. */
bool track_expected_from(const struct track *t, const struct track_tuple *left,
                         struct track_tuple *came);

/* The entry of a message that SIP's helper sent to the port that the phone's Via names, where that
 * is not the one that the phone speaks from; `left` is its tuple. NULL: it is none. */
struct track_entry *track_sip_forced(struct track *t, const struct track_tuple *left);

/* A second packet (a copy, a piece) rides on the same entry. */
void track_ref_copy(const struct track_ref *from, struct track_ref *to);
/* The packet is no more. Clears `ref`; harmless on one without entry and twice. */
void track_release(struct track *t, struct track_ref *ref);

/* Statements before the lookup; without effect on a ref that has an entry. */
void track_notrack(struct track_ref *ref);
void track_zone_set(struct track_ref *ref, uint16_t zone, bool original, bool reply);

/* ---- the table ---------------------------------------------------------------------------- */

/* Entries that are confirmed. */
uint32_t track_count(const struct track *t);

/* The entry of a tuple as seen in a packet (zone set), or NULL; `dir` where not NULL. */
struct track_entry *track_find(struct track *t, const struct track_tuple *tuple,
                               enum track_dir *dir);

/* With many connections most of a look-up is waiting for memory, first for the table's, then for the
 * entry's. Who knows before that packets will come has them fetched meanwhile. */
void track_prefetch_bucket(const struct track *t, const struct track_tuple *tuple);
void track_prefetch_entry(const struct track *t, const struct track_tuple *tuple);

/* The other direction's tuple (zones are left at 0); false for what has none (ICMP types that
 * are no request and no reply). */
bool track_tuple_invert(const struct track_tuple *tuple, struct track_tuple *reply);

/* Each confirmed entry, oldest first; false from the callback stops. */
void track_each(struct track *t, bool (*fn)(struct track_entry *e, void *arg), void *arg);

/* `conntrack -D`. */
void track_delete(struct track *t, struct track_entry *e);

/* An entry of a live kernel, confirmed: tuples, status, mark, labels, zone, deadline (timeout in
 * ns), protocol state as given; what a kernel does not tell (TCP windows) is liberal then.
 * Errors: -EEXIST. */
MUST_USE int track_import(struct track *t, const struct track_entry *like);

/* What such an entry expects, when it is there: `master` is the master's original tuple,
 * deadline_ns a timeout. Errors: -ENOENT no such master; those of track_expect_add. */
struct track_expect;
MUST_USE int track_import_expected(struct track *t, const struct track_tuple *master,
                                   const struct track_expect *like);

/* Nanoseconds until `e` ends. */
uint64_t track_expires_ns(const struct track *t, const struct track_entry *e);

/* ---- entry's statements ------------------------------------------------------------------- */

/* A `ct timeout` object's values; index: the protocol's own states, see sysctl.h. A value of 0
 * takes the sysctl's. */
enum { TRACK_TIMEOUT_STATES = 16 };
struct track_timeout_policy {
	uint8_t family; /* 4, 6; 0 for both */
	uint8_t proto;
	uint32_t seconds[TRACK_TIMEOUT_STATES];
};

/* `ct timeout set`: for an entry not confirmed yet of the policy's protocol, else nothing.
 * `policy` must live as long as the table. */
void track_timeout_set(struct track_ref *ref, const struct track_timeout_policy *policy);

/* `reject with tcp reset`: the ends will close, so the entry is over soon. */
void track_tcp_close(struct track *t, struct track_ref *ref);

/* ---- sysctls ------------------------------------------------------------------------------ */

/* `name` as under /proc/sys/net/netfilter ("nf_conntrack_tcp_loose"), also with
 * "net.netfilter." before it. Errors: -ENOENT, -EINVAL out of range. */
MUST_USE int track_sysctl_set(struct track *t, struct str name, uint64_t value);

/* The i-th name, empty behind the last. */
struct str track_sysctl_name(size_t i);

/* ---- events ------------------------------------------------------------------------------- */

/* What changed: 1 << IPCT_* of the kernel. */
enum track_event_bit {
	TRACK_E_NEW = 1 << 0,
	TRACK_E_RELATED = 1 << 1,
	TRACK_E_DESTROY = 1 << 2,
	TRACK_E_REPLY = 1 << 3,
	TRACK_E_ASSURED = 1 << 4,
	TRACK_E_PROTOINFO = 1 << 5,
	TRACK_E_HELPER = 1 << 6,
	TRACK_E_MARK = 1 << 7,
	TRACK_E_SEQADJ = 1 << 8,
	TRACK_E_SECMARK = 1 << 9,
	TRACK_E_LABEL = 1 << 10,
};

struct track_event {
	uint64_t at_ns;
	uint64_t id;   /* the entry's */
	uint32_t what; /* enum track_event_bit */
	uint32_t status;
	struct track_tuple original;
};

/* Events are kept from now on (at first they are not). */
void track_events_on(struct track *t, bool on);
/* Those since the last call, `*n` of them; valid until the next call of anything. */
const struct track_event *track_events(struct track *t, size_t *n);

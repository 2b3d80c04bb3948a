/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The simulated kernel: a ruleset, a machine, connections and a clock. Packets go through it one
 * at a time; everything that happens on the way is told to a watcher.
 *
 * What cannot be known outside of a kernel (random numbers, sockets, expressions gate does not
 * know) is a doubt, and `choices` says which way it goes. Whoever wants to know all a packet could
 * come to runs it from the same start with other choices.
 */
#pragma once

#include "gate/engine/sim/defrag.h"
#include "gate/engine/sim/fdb.h"
#include "gate/engine/sim/machine.h"
#include "gate/engine/sim/packet.h"
#include "gate/engine/sim/store.h"
#include "gate/engine/sim/view.h"
#include "gate/track/track.h"

enum sim_fate {
	FATE_ACCEPT,
	FATE_DROP,
	FATE_REJECT,
	FATE_QUEUE,
	FATE_STOLEN,
	FATE_UNKNOWN
};
const char *fate_name(enum sim_fate f);

/* Who decided. */
enum sim_by { BY_END, BY_RULE, BY_POLICY, BY_STACK, BY_CONNTRACK, BY_NAT };

struct sim_result {
	enum sim_fate fate;
	enum sim_by by;                /* BY_END: nothing was against it */
	const struct sim_rule *rule;   /* BY_RULE; also the last that accepted */
	const struct sim_chain *chain; /* BY_POLICY: its base chain */
	const char *reason;            /* BY_STACK, BY_CONNTRACK, BY_NAT; or the doubt */
	const char *doubt;             /* the first thing that was not known, or NULL */
	const struct sim_dev
		*out; /* the device it leaves by, or was to leave by; NULL: none */
	/* What became of what the machine answered to it, until the next packet; NULL: it did not
	 * answer, and where a rule wanted it to, `silence` says why not. */
	const struct sim_result *answer;
	const char *silence;
};

enum sim_event_kind {
	EVENT_HOOK,      /* the packet comes to a hook that has something registered */
	EVENT_CHAIN,     /* a base chain begins */
	EVENT_RULE,      /* a rule was looked at */
	EVENT_JUMP,      /* it goes into a chain */
	EVENT_RETURN,    /* it comes back from one */
	EVENT_POLICY,    /* a base chain ended without a verdict */
	EVENT_CONNTRACK, /* the connection was looked up */
	EVENT_CONFIRM,   /* a new connection was entered into the table */
	EVENT_NAT,       /* addresses were rewritten */
	EVENT_ROUTE,     /* a route was chosen */
	EVENT_DEFRAG, /* a fragment waits for the others, or the packet is whole again */
	EVENT_STACK,  /* the IP stack has its say: text */
	EVENT_SENT,   /* it leaves by a device (pass->out), as it is now */
	EVENT_LOG,
	EVENT_ASSUMED, /* something was not told, and is taken to be so: text */
	EVENT_DOUBT,   /* something was not known: text */
	EVENT_ANSWER, /* the machine answers: text; pass->is_answer until EVENT_ANSWERED */
	EVENT_ANSWERED, /* pass->result says what became of it */
	EVENT_SILENCE,  /* it does not: text */
};

struct sim_event {
	enum sim_event_kind kind;
	const struct pass *pass;
	const struct sim_chain *chain;
	const struct sim_rule *rule;
	bool matched;  /* EVENT_RULE: to its end, or to a verdict */
	uint32_t insn; /* EVENT_RULE: the one that did not match, or gave the verdict */
	uint64_t
		unmet; /* EVENT_RULE: all that did not (bit n: instruction insn + n), if asked for */
	int32_t verdict; /* EVENT_RULE, EVENT_POLICY: NF_ACCEPT …, NFT_CONTINUE */
	const char *text;
};

/* Where packets come from and what they meet. */
enum sim_way { WAY_IN, WAY_OUT };

/* What the outside must say of a packet. */
struct sim_arrival {
	enum sim_way way;
	const struct sim_dev *in, *out; /* out with WAY_IN: it is forwarded there */
	bool has_uid;
	uint32_t uid, gid; /* of the socket that sent it */
};

struct sim {
	struct sim_store *store;
	struct sim_machine *machine;
	struct track *track; /* its connections */
	struct defrag *defrag;
	struct fdb *fdb;      /* of its bridges */
	uint64_t now_ns;      /* virtual time since the start */
	uint64_t uptime_ns;   /* of the kernel at the start; 0: not known */
	int64_t epoch_s;      /* what the wall clock said at the start, UTC */
	int32_t utc_offset_s; /* the kernel's time zone (sys_tz) */
	void (*watch)(void *ctx, const struct sim_event *e);
	void *watch_ctx;
	bool asks_unmet;   /* the watcher wants to know sim_event.unmet */
	uint64_t choices;  /* bit n: the n-th doubt since the start counts as a match */
	unsigned n_doubts; /* met so far */
	struct sim_result answer; /* of the last packet; sim_result.answer points to it */
	struct answer_waiting *waiting; /* see answer.c */
	unsigned answering;           /* answers that are being made, one to the other */
	struct answer_recent *recent; /* answers that are remembered; NULL: none are */
	struct answer_limits *limits; /* what is left of how often errors are sent */
	uint64_t n_imported; /* connections with these ids, from 1, are a kernel's */
	bool is_live; /* loaded from a kernel, which does not tell all it remembers */
};

/* A packet on its way. */
struct pass {
	struct sim *sim;
	struct packet *pkt;
	const struct sim_arrival *arrival;
	struct track_ref ref; /* its connection */
	bool is_tracked;      /* the tracker has seen it, or notrack */
	uint8_t pf, hook;     /* NFPROTO_*, NF_INET_* … of the hook it is at */
	const struct sim_dev *in, *out;
	const char *way;             /* name of the hook */
	bool is_rewritten;           /* its destination is not the one it came with */
	bool has_route, is_rerouted; /* `route` is known; it changed in output */
	struct route_answer route;
	struct sim_result result;
	const char *doubt; /* the first that counted */
	bool local;        /* made here, with a socket */
	bool is_made;      /* made here, and has not come back by lo */
	bool is_answer;    /* made here, by the kernel itself */
	bool is_unrouted;  /* sent past routing: by lo it comes back without a route */
	bool sent_reject;
	bool is_unknown; /* something ran that gate cannot run */
	bool is_framed;  /* made here, and it has its Ethernet header now */
	bool is_bridged; /* br_netfilter has shown it to the chains of ip or ip6 */
	const struct sim_dev *bridged_in; /* the port by which br_netfilter saw it come */
	bool is_renamed; /* bridged to a new destination, whose hardware address is: */
	const uint8_t *next_mac; /* NULL: not known */
	uint8_t assumed;         /* which assumptions were told: see route.c */
	uint32_t nft_trace;
};

/* Whether the packet is ARP that leaves: a frame already, though no hook finds where it begins. */
static inline bool pass_is_arp_out(const struct pass *p)
{
	return p->pf == 3 /* NFPROTO_ARP */ && p->hook == 1 /* NF_ARP_OUT */;
}

/* What nf_tables calls the packet's length: at egress, and of ARP that leaves, the Ethernet header
 * counts too (measured). */
static inline uint32_t pass_length(const struct pass *p)
{
	bool leaves =
		p->pf == 5 /* NFPROTO_NETDEV */ && p->hook == 1 /* NF_NETDEV_EGRESS */;

	return packet_length(p->pkt) + (leaves || pass_is_arp_out(p) ? 14 : 0);
}

void sim_init(struct sim *s, struct sim_store *store, struct sim_machine *machine);
void sim_fini(struct sim *s);

/* Sends one packet through. It is changed as it would be on its way (NAT, marks). */
struct sim_result sim_packet(struct sim *s, const struct sim_arrival *a,
                             struct packet *p);

/* Says whether something unknown counts as a match in this run. */
bool sim_doubt(struct pass *p, const char *what);
/* `new`, `established` …; `none` before the tracker saw the packet. */
const char *sim_state_name(const struct pass *p);
/* Tells the watcher, if there is one; e->pass need not be set. */
void sim_tell_event(struct pass *p, const struct sim_event *e);
/* The same for an event that is no more than a text, or NULL. */
void sim_tell_text(struct pass *p, enum sim_event_kind kind, const char *text);
/* And where nobody watches, it costs a comparison. */
static inline void sim_tell(struct pass *p, enum sim_event_kind kind, const char *text)
{
	if (p->sim->watch)
		sim_tell_text(p, kind, text);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What `gate explain` found out: the packets, the steps of their ways, and where the rules stand
 * in the text. explain.c runs, explain_print.c and explain_json.c tell.
 */
#pragma once

#include "gate/cli/cli.h"
#include "gate/cli/live.h"
#include "gate/scenario/talk.h"

/* Where a rule stands, by its tag. */
struct explain_rule {
	struct span span;
	const struct span *pieces; /* by insn.place */
	size_t n_pieces;
};

/* One thing that happened to a packet. */
struct explain_step {
	enum sim_event_kind kind;
	const struct sim_chain *chain;
	const struct sim_rule *rule;
	bool matched;
	uint32_t insn;
	uint64_t unmet;
	int32_t verdict;
	struct str text;
	struct str hook; /* the one it happened at; empty: between hooks */
	const char *ct;
	struct str addresses; /* EVENT_NAT, EVENT_ANSWER: as they are now */
	bool is_answer;       /* it happened to what the machine answered */
};

enum { NOT_ANSWERED = FATE_UNKNOWN + 1 };
/* The bit of struct explain_packet.answers; `answer` NULL: there is none. */
static inline unsigned explain_answer_bit(const struct sim_result *answer)
{
	return 1u << (answer ? (unsigned)answer->fate : NOT_ANSWERED);
}

struct explain_packet {
	struct packet_line line;
	struct made_packet made;
	struct sim_result result, answer; /* the second of what the machine answered */
	unsigned fates;                   /* bit n: enum sim_fate n can come out */
	unsigned answers; /* the same of what is answered; bit NOT_ANSWERED: nothing is */
	VEC(struct explain_step) steps;
	const char *ct;           /* in the end */
	struct str before, after; /* addresses and ports */
	struct str bytes;         /* as it was sent */
	bool has_frame;           /* they begin with an Ethernet header */
	unsigned n_doubts;
};

struct explain {
	struct cli *c;
	bool live;       /* the ruleset is the kernel's */
	uint32_t *files; /* sources of the ruleset */
	size_t n_files;
	struct explain_packet *packets;
	size_t n_packets;
	VEC(struct explain_rule) rules; /* by tag */
	struct sim_store *store;
	struct sim_machine machine;
	struct live_entries entries; /* live: the connection table */
	struct map texts; /* live: "family table chain handle" to the rule's text */
	/* while it runs */
	struct explain_packet *now;
	struct str hooks[2]; /* where the packet is, and what is answered to it */
};

/* Reads the ruleset's files; reports those that cannot be read. */
void explain_read_files(struct explain *e, const struct str_list *files);
/* Loads the ruleset and sends the packets, again for every way a doubt could go. -EINVAL after
 * a report. */
int explain_run(struct explain *e);
void explain_fini(struct explain *e);

/* ---- for `gate test`, which runs the packets itself ---- */
/* The ruleset of the files, or the kernel's, as no packet has met it yet; read the first time. */
int explain_load(struct explain *e, struct diags *diags);
/* What came of the packet, which is gone when the simulator goes on. */
void explain_keep_result(struct explain_packet *p, const struct sim_result *r);
/* Gives the simulator what a running kernel told beside its ruleset; nothing without --live. */
void explain_import(const struct explain *e, struct sim *sim);
/* A watcher for struct sim (ctx: the explain) that adds to the steps of e->now. */
void explain_watch(void *ctx, const struct sim_event *event);
/* `192.0.2.1`; `198.51.100.7:40000`, without the port where the protocol has none. */
struct str explain_address(struct arena *a, uint8_t family, const uint8_t *addr);
struct str explain_side(struct arena *a, const struct track_tuple *t, bool src);
/* `198.51.100.7:40000 > 192.168.1.12:22`; empty for what has no addresses. */
struct str explain_addresses(struct arena *a, const struct packet *p);
/* One packet as `gate explain` shows it. */
void explain_print_packet(const struct explain *e, const struct explain_packet *packet,
                          struct buf *out);

/* The rule's text in one line, without blanks that mean nothing; in the run's arena. */
struct str explain_rule_text(const struct explain *e, const struct sim_rule *rule);
/* `server.nft:50`, or empty. */
struct str explain_rule_place(const struct explain *e, const struct sim_rule *rule);
/* The piece of the rule that the instruction is of, or empty. */
struct str explain_piece(const struct explain *e, const struct sim_rule *rule,
                         uint32_t insn);
/* --why-not: of the rules that would have said so, the one that fewest conditions were missing for;
 * NULL: none was looked at. */
const struct explain_step *explain_nearest(const struct explain *e,
                                           const struct explain_packet *p);
/* All of the step's rule that does not hold, as far as it is known; in the run's arena. */
struct str_list explain_missing(const struct explain *e, const struct explain_step *s);
/* What --why-not has to say, as a sentence. */
struct str explain_near_sentence(const struct explain *e, const struct explain_packet *p);

/* One sentence: what became of the packet, and why. */
struct str explain_sentence(const struct explain *e, const struct explain_packet *p);
/* `accept`, or `sometimes` when several fates are possible. */
struct str explain_verdict(const struct explain_packet *p);
/* `inet filter input` */
struct str explain_chain_name(const struct explain *e, const struct sim_chain *c);

/* What --live leaves out. */
#define EXPLAIN_LIVE_NOTE                                                                \
	"connections, sets and counters are the kernel's as they are now; what it does " \
	"not tell (TCP windows, how much of a limit is left, ct count, numgen) is open"

void explain_print(const struct explain *e);
void explain_json(const struct explain *e);

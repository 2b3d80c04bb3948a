/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a scenario expects: of a packet (verdict, state, who decided, addresses as it left), and
 * of the ruleset (counters, elements of sets). Read here, compared by whoever runs the packets.
 *
 *	expect accept
 *	expect 5 accept, then drop by "ssh limit"
 *	expect new accept to 10.0.0.5:80 from 203.0.113.1:1024-65535 out eth1
 *	expect drop by line 80 log "denied: " through "count all"
 *	expect reject answer accept
 *	expect counter inet filter web packets 3, @banned has 198.51.100.7
 */
#pragma once

#include "base/diag.h"
#include "gate/scenario/endpoint.h"

enum expect_kind {
	EXPECT_FATE,      /* `accept` … `unknown`, `sometimes` */
	EXPECT_STATE,     /* `new` … */
	EXPECT_BY,        /* a rule, a policy, the stack */
	EXPECT_THROUGH,   /* a rule that matched, whether it decided or not */
	EXPECT_FROM,      /* source as it left */
	EXPECT_TO,        /* destination as it left */
	EXPECT_OUT,       /* the device it left by */
	EXPECT_MARK,      /* the packet's in the end */
	EXPECT_CT_MARK,   /* its connection's */
	EXPECT_ANSWER,    /* what became of what the machine answered */
	EXPECT_NO_ANSWER, /* it did not */
	EXPECT_LOG,       /* a line with that prefix; none given: any line */
	EXPECT_NO_LOG,
	EXPECT_COUNTER,
	EXPECT_ELEMENT,
};

enum expect_by {
	EXPECT_BY_COMMENT, /* text */
	EXPECT_BY_HANDLE,  /* number */
	EXPECT_BY_LINE,    /* number; text: the file or empty */
	EXPECT_BY_POLICY,  /* text: the chain's name or empty */
	EXPECT_BY_STACK,
	EXPECT_BY_CONNTRACK,
	EXPECT_BY_NAT,
};

enum expect_compare {
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_GT,
	COMPARE_GE
};

enum { FATE_NAMES = 7, FATE_SOMETIMES = 6 }; /* behind enum sim_fate */

struct expect {
	enum expect_kind kind;
	struct span span;
	unsigned fate;   /* EXPECT_FATE, EXPECT_ANSWER: enum sim_fate or FATE_SOMETIMES */
	struct str text; /* state, comment, file, chain, device, prefix, element */
	bool has_text;
	enum expect_by by;
	uint64_t number;     /* handle, line, mark, count */
	struct endpoint end; /* EXPECT_FROM, EXPECT_TO */
	/* EXPECT_COUNTER: an object, or (by) the counter of a rule with that comment.
	 * EXPECT_ELEMENT: the set. Family and table may be empty: whichever has it. */
	struct str family, table, name;
	bool of_rule, bytes, absent;
	enum expect_compare compare;
};

/* Those that hold together; then come the next. */
struct expect_group {
	uint32_t count; /* so many packets; 0: one or more */
	struct expect *p;
	size_t n;
	struct span span;
};

struct expect_list {
	struct expect_group *p;
	size_t n;
};

/* Reads what stands behind the word `expect`. -EINVAL after an error in `diags`. */
int expect_read(const struct sources *sources, struct span span,
                const struct names *names, struct arena *a, struct diags *diags,
                struct expect_list *out);

/* Whether it is about the ruleset and not about a packet. */
static inline bool expect_is_of_ruleset(const struct expect *e)
{
	return e->kind == EXPECT_COUNTER || e->kind == EXPECT_ELEMENT;
}
bool expect_compare(enum expect_compare how, uint64_t is, uint64_t wanted);

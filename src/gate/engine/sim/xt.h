/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules of iptables-nft and Docker: matches and targets of xtables inside of nf_tables rules
 * (nft_compat.c), by name and revision, with the structures of linux/netfilter/xt_*.h. What is
 * not in the table is unknown by its name.
 */
#pragma once

#include "gate/engine/sim/eval.h"

struct xt_list; /* what recent and hashlimit remember */

/* One match or target in a rule, decoded. */
struct xt {
	const struct xt_row *row;    /* NULL: unknown */
	const void *info;            /* its structure, aligned */
	uint64_t credit_ns, seen_ns; /* limit */
	bool is_begun;
	struct xt_list *list; /* recent, hashlimit: shared by name */
};

/* What a match or target came to. XT_HOTDROP: the packet is dropped (malformed). */
enum xt_answer { XT_NO, XT_YES, XT_HOTDROP };

typedef enum xt_answer xt_fn(struct exec *x, struct xt *m);

struct xt_row {
	bool is_target;
	const char *name;
	uint8_t revision;
	uint8_t family; /* NFPROTO_*, 0: any */
	uint32_t size;  /* of its structure without what the kernel adds */
	xt_fn *run;     /* a target sets x->verdict itself and says XT_YES */
};

/* False: it is not known. Then nothing happened. */
bool eval_xt(struct exec *x, const struct insn *i, struct sim_run *run, enum step *step);

/* Whether it makes the kernel track connections. */
bool xt_tracks(const struct insn *i);
/* The name of an instruction's match or target, empty when it is neither. */
struct str xt_name(const struct insn *i);

/* Its structure, not aligned, and revision. */
struct str xt_info(const struct insn *i, uint32_t *revision);

/* ---- rows, by file ---- */
xt_fn xt_conntrack1, xt_conntrack2, xt_conntrack3, xt_state, xt_connmark; /* xt_ct.c */
xt_fn xt_tcp, xt_udp, xt_icmp, xt_multiport, xt_addrtype, xt_mark,
	xt_comment; /* xt_match.c */
xt_fn xt_limit, xt_recent0, xt_recent1, xt_hashlimit1, xt_hashlimit2,
	xt_hashlimit3; /* xt_memory.c */
xt_fn xt_reject4, xt_reject6, xt_log, xt_set_mark, xt_set_connmark1, xt_set_connmark2,
	xt_tcpmss; /* xt_target.c */
xt_fn xt_nat_old, xt_nat1, xt_nat2, xt_masquerade4, xt_masquerade6, xt_redirect4,
	xt_redirect6; /* xt_nat.c */

/* `n` bytes of the transport header, or NULL. */
const uint8_t *xt_transport(const struct exec *x, uint32_t n);
static inline enum xt_answer xt_bool(bool b)
{
	return b ? XT_YES : XT_NO;
}

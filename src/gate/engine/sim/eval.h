/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * One rule's program on one packet, as nf_tables runs it: instructions from left to right over
 * 32-bit registers; the first that does not match ends the rule and nothing behind it happens.
 */
#pragma once

#include "gate/engine/sim/sim.h"

/* The registers, and what in them is not known (bit n: word n). */
struct exec {
	struct pass *pass;
	const struct sim_chain *chain;
	const struct sim_rule *rule;
	uint8_t regs[REG_WORDS * 4 + 64]; /* a load may run past the last register */
	uint32_t unknown;
	const char *doubt;        /* the last unknown thing that was loaded */
	int32_t verdict;          /* NFT_CONTINUE until there is one */
	struct sim_chain *target; /* of a jump or goto */
};

/* What an instruction came to. */
enum step { STEP_ON, STEP_BREAK };

/* Runs the rule; x->verdict is what it gives: NFT_CONTINUE, NFT_BREAK, or a verdict. Returns the
 * number of the instruction that decided. */
uint32_t eval_rule(struct exec *x, struct sim_rule *rule);

/* Of a rule that instruction `from` ended: the tests that do not hold, as if it went on to its end
 * (bit n: instruction from + n; 64 are looked at, of which the first is one). Nothing is changed by
 * asking; what is not known, and what is no question to the packet (a limit, say), is taken to hold. */
uint64_t eval_unmet(const struct exec *x, struct sim_rule *rule, uint32_t from);

/* Drops, and tells the sender: by a reset, or by ICMP's or ICMPv6's code. */
void eval_reject_reset(struct exec *x);
void eval_reject(struct exec *x, uint8_t code);

/* eval_load.c: loads into registers. */
enum step eval_payload(struct exec *x, const struct insn *i);
enum step eval_exthdr(struct exec *x, const struct insn *i);
/* eval_meta.c */
enum step eval_meta(struct exec *x, const struct insn *i);
enum step eval_fib(struct exec *x, const struct insn *i);
enum step eval_rt(struct exec *x, const struct insn *i);
/* eval_socket.c */
enum step eval_socket(struct exec *x, const struct insn *i);
enum step eval_tproxy(struct exec *x, const struct insn *i);
/* A SYN is answered with a cookie, and an ACK must bear it. */
enum step eval_synproxy(struct exec *x);
/* The socket a packet made here was sent by, or NULL. */
const struct sim_socket *socket_of_sender(const struct pass *p);
/* eval_ct.c */
enum step eval_ct(struct exec *x, const struct insn *i);
enum step eval_connlimit(struct exec *x, const struct insn *i, union sim_state *s);
/* eval_nat.c */
enum step eval_nat(struct exec *x, const struct insn *i);
enum step nat_masquerade(struct exec *x, const struct track_nat_range *r);
enum step nat_redirect(struct exec *x, const struct track_nat_range *r);
void eval_notrack(struct exec *x);
/* eval_set.c */
enum step eval_lookup(struct exec *x, const struct insn *i, struct sim_run *run);
enum step eval_dynset(struct exec *x, const struct insn *i, struct sim_run *run);
enum step eval_objref(struct exec *x, const struct insn *i, struct sim_run *run);

/* Registers as bytes; no number leads out of them. */
static inline uint8_t *reg(struct exec *x, uint8_t number)
{
	return x->regs + (size_t)(number % REG_WORDS) * 4;
}

/* The words that `n` bytes from a register on lie in: bits of x->unknown. */
static inline uint32_t reg_words(uint8_t number, size_t n)
{
	uint64_t words = n < 128 ? (UINT64_C(1) << (n + 3) / 4) - 1 : UINT32_MAX;

	return number < 32 ? (uint32_t)(words << number) : 0;
}

/* Marks `n` bytes as something nobody outside the kernel knows. */
void reg_unknown(struct exec *x, uint8_t number, size_t n, const char *what);

static inline bool reg_is_known(const struct exec *x, uint8_t number, size_t n)
{
	return !x->unknown || !(x->unknown & reg_words(number, n));
}

/* Stores a value that is known; bytes up to the word's end become 0. */
static ALWAYS_INLINE void reg_store(struct exec *x, uint8_t number, const void *bytes,
                                    size_t n)
{
	uint8_t *to = reg(x, number);

	if (n % 4)
		memset(to + n / 4 * 4, 0, 4);
	memcpy(to, bytes, n);
	if (x->unknown)
		x->unknown &= ~reg_words(number, n);
}

static ALWAYS_INLINE void reg_store32(struct exec *x, uint8_t number, uint32_t v)
{
	reg_store(x, number, &v, sizeof(v));
}

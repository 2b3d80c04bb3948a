/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The interpreter's heart: comparisons, arithmetic on registers, verdicts. */
#include "gate/engine/sim/eval.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/engine/sim/answer.h"
#include "gate/engine/sim/data.h"
#include "gate/engine/sim/jhash.h"
#include "gate/engine/sim/set.h"
#include "gate/engine/sim/state.h"
#include "gate/engine/sim/xt.h"

void reg_unknown(struct exec *x, uint8_t number, size_t n, const char *what)
{
	memset(reg(x, number), 0, (n + 3) / 4 * 4);
	x->unknown |= reg_words(number, n);
	x->doubt = what;
}

/* What was made of registers is known as far as they were. */
static void reg_follows(struct exec *x, uint8_t number, size_t n, bool known)
{
	uint32_t words = reg_words(number, n);

	x->unknown = known ? x->unknown & ~words : x->unknown | words;
}

static enum step step_of(bool goes_on)
{
	return goes_on ? STEP_ON : STEP_BREAK;
}

static enum step eval_cmp(struct exec *x, const struct insn *i)
{
	int c = data_cmp(reg(x, i->sreg), i->cmp.data.b, i->cmp.data.n);

	if (!reg_is_known(x, i->sreg, i->cmp.data.n))
		return step_of(sim_doubt(x->pass, x->doubt));
	switch (i->cmp.op) {
	case NFT_CMP_EQ:
		return step_of(c == 0);
	case NFT_CMP_NEQ:
		return step_of(c != 0);
	case NFT_CMP_LT:
		return step_of(c < 0);
	case NFT_CMP_LTE:
		return step_of(c <= 0);
	case NFT_CMP_GT:
		return step_of(c > 0);
	case NFT_CMP_GTE:
		return step_of(c >= 0);
	default:
		return step_of(
			sim_doubt(x->pass, "a comparison that gate does not know"));
	}
}

static enum step eval_range(struct exec *x, const struct insn *i)
{
	const uint8_t *b = reg(x, i->sreg);
	bool inside = data_cmp(b, i->range.from.b, i->range.from.n) >= 0 &&
	              data_cmp(b, i->range.to.b, i->range.to.n) <= 0;

	if (!reg_is_known(x, i->sreg, i->range.from.n))
		return step_of(sim_doubt(x->pass, x->doubt));
	return step_of(inside == (i->range.op == NFT_RANGE_EQ));
}

/* One word after the other, also where both are the same. */
static void mask_words(uint8_t *to, const uint8_t *from, const struct insn *i, size_t n)
{
	for (size_t at = 0; at < n * 4; at += 4) {
		uint32_t word, mask, xor;
		memcpy(&word, from + at, sizeof(word));
		memcpy(&mask, i->bitwise.mask.b + at, sizeof(mask));
		memcpy(&xor, i->bitwise.xor.b + at, sizeof(xor));
		word = (word & mask) ^ xor;
		memcpy(to + at, &word, sizeof(word));
	}
}

/* The words before the shift may be those behind it. */
static void shift_words(uint8_t *result, const uint8_t *bytes, const struct insn *i,
                        size_t n, bool left)
{
	uint32_t from[16], to[16], by, carry = 0;

	memcpy(from, bytes, n * 4);
	memcpy(&by, i->bitwise.shift.b, sizeof(by));
	by &= 31;
	for (size_t k = 0; k < n; k++) {
		size_t at = left ? n - 1 - k : k;
		uint32_t v = from[at];
		to[at] = (left ? v << by : v >> by) | carry;
		carry = by == 0 ? 0 : left ? v >> (32 - by) : v << (32 - by);
	}
	memcpy(result, to, n * 4);
}

static enum step eval_bitwise(struct exec *x, const struct insn *i)
{
	enum { BOOL, LSHIFT, RSHIFT };
	size_t n = (i->bitwise.len + 3) / 4;
	bool known = reg_is_known(x, i->sreg, i->bitwise.len);

	if (n > 16 || i->bitwise.op > RSHIFT) {
		reg_unknown(x, i->dreg, i->bitwise.len,
		            "a bit operation that gate does not know");
		return STEP_ON;
	}
	if (i->bitwise.op == BOOL)
		mask_words(reg(x, i->dreg), reg(x, i->sreg), i, n);
	else
		shift_words(reg(x, i->dreg), reg(x, i->sreg), i, n,
		            i->bitwise.op == LSHIFT);
	reg_follows(x, i->dreg, n * 4, known);
	return STEP_ON;
}

/* Both directions do the same on a little-endian machine, and nothing on a big-endian one. */
static enum step eval_byteorder(struct exec *x, const struct insn *i)
{
	uint8_t to[64];
	uint32_t size = i->byteorder.size, len = i->byteorder.len;
	bool known = reg_is_known(x, i->sreg, len);

	if (len > sizeof(to) || size == 0)
		return STEP_ON;
	memcpy(to, reg(x, i->sreg), sizeof(to));
	for (uint32_t at = 0;
	     __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && at + size <= len; at += size)
		for (uint32_t k = 0; k < size; k++)
			to[at + k] = reg(x, i->sreg)[at + size - 1 - k];
	memcpy(reg(x, i->dreg), to, len);
	reg_follows(x, i->dreg, len, known);
	return STEP_ON;
}

static enum step eval_immediate(struct exec *x, const struct insn *i,
                                const struct sim_run *run)
{
	if (i->dreg != REG_VERDICT) {
		reg_store(x, i->dreg, i->immediate.data.b, i->immediate.data.n);
		return STEP_ON;
	}
	x->verdict = i->immediate.verdict.code;
	x->target = run->chain;
	return STEP_ON;
}

static uint32_t scale(uint32_t v, uint32_t modulus)
{
	return (uint32_t)((uint64_t)v * modulus >> 32);
}

static enum step eval_hash(struct exec *x, const struct insn *i)
{
	bool known = i->hash.type == NFT_HASH_JENKINS && i->hash.has_seed &&
	             i->sreg < REG_WORDS && reg_is_known(x, i->sreg, i->hash.len);

	if (known)
		reg_store32(x, i->dreg,
		            scale(jhash(reg(x, i->sreg), i->hash.len, i->hash.seed),
		                  i->hash.modulus) +
		                    i->hash.offset);
	else
		reg_unknown(x, i->dreg, 4,
		            i->hash.type == NFT_HASH_SYM ? "symhash"
		                                         : "jhash without a seed");
	return STEP_ON;
}

static enum step eval_numgen(struct exec *x, const struct insn *i, struct sim_run *run)
{
	if (i->numgen.type != NFT_NG_INCREMENTAL || x->pass->sim->is_live) {
		reg_unknown(x, i->dreg, 4,
		            i->numgen.type == NFT_NG_INCREMENTAL ? "numgen inc"
		                                                 : "numgen random");
		return STEP_ON;
	}
	reg_store32(x, i->dreg, run->state.numgen.count + i->numgen.offset);
	run->state.numgen.count++;
	if (run->state.numgen.count >= i->numgen.modulus)
		run->state.numgen.count = 0;
	return STEP_ON;
}

static void decide(struct exec *x, int32_t verdict)
{
	x->verdict = verdict;
}

static enum step unknown_load(struct exec *x, const struct insn *i, const char *what)
{
	if (i->dreg < REG_WORDS)
		reg_unknown(x, i->dreg, 16, what);
	return STEP_ON;
}

/* What gate cannot run: it may match or not, and may do anything. */
static enum step eval_foreign(struct exec *x, const struct insn *i, struct sim_run *run)
{
	struct str xt = xt_name(i);
	enum step step;

	if (eval_xt(x, i, run, &step))
		return step;
	if (!run->doubt)
		run->doubt = arena_fmt(&x->pass->sim->store->a, "the %s `" STR_FMT "`",
		                       !xt.n                              ? "expression"
		                       : str_is(i->foreign.name, "match") ? "match"
		                                                          : "target",
		                       STR_ARG(xt.n ? xt : i->foreign.name))
		                     .p;
	x->pass->is_unknown = true;
	return step_of(sim_doubt(x->pass, run->doubt));
}

void eval_reject_reset(struct exec *x)
{
	x->pass->sent_reject = true;
	answer_reset(x->pass, x->chain->table->t.family);
	decide(x, NF_DROP);
}

void eval_reject(struct exec *x, uint8_t code)
{
	x->pass->sent_reject = true;
	answer_unreachable(x->pass, x->chain->table->t.family, code);
	decide(x, NF_DROP);
}

/* enum nft_reject_inet_code, as the two protocols say it. */
static uint8_t icmpx_code(const struct pass *p, uint8_t code)
{
	static const uint8_t codes[NFT_REJECT_ICMPX_MAX + 1][2] = {
		[NFT_REJECT_ICMPX_NO_ROUTE] = { ICMP_NET_UNREACH, ICMPV6_NOROUTE },
		[NFT_REJECT_ICMPX_PORT_UNREACH] = { ICMP_PORT_UNREACH,
		                                    ICMPV6_PORT_UNREACH },
		[NFT_REJECT_ICMPX_HOST_UNREACH] = { ICMP_HOST_UNREACH,
		                                    ICMPV6_ADDR_UNREACH },
		[NFT_REJECT_ICMPX_ADMIN_PROHIBITED] = { ICMP_PKT_FILTERED,
		                                        ICMPV6_ADM_PROHIBITED },
	};

	return codes[code <= NFT_REJECT_ICMPX_MAX ? code : NFT_REJECT_ICMPX_PORT_UNREACH]
		    [p->pkt->family == NFPROTO_IPV6];
}

static void eval_reject_statement(struct exec *x, const struct insn *i)
{
	if (i->reject.type == NFT_REJECT_TCP_RST)
		eval_reject_reset(x);
	else
		eval_reject(x, i->reject.type == NFT_REJECT_ICMPX_UNREACH
		                       ? icmpx_code(x->pass, i->reject.code)
		                       : i->reject.code);
}

/* Statements that let the packet go another way. */
static enum step eval_statement(struct exec *x, const struct insn *i)
{
	struct pass *p = x->pass;

	switch (i->kind) {
	case INSN_LOG:
		sim_tell_event(p, &(struct sim_event){ .kind = EVENT_LOG,
		                                       .chain = x->chain,
		                                       .rule = x->rule });
		return STEP_ON;
	case INSN_REJECT:
		eval_reject_statement(x, i);
		return STEP_ON;
	case INSN_QUEUE:
		decide(x, NF_QUEUE);
		return STEP_ON;
	case INSN_FWD:
		decide(x, NF_STOLEN);
		return STEP_ON;
	case INSN_DUP:
	case INSN_FLOW_OFFLOAD:
		return STEP_ON; /* a copy leaves; a flow is noted */
	case INSN_TPROXY:
		return eval_tproxy(x, i);
	case INSN_SYNPROXY:
		return eval_synproxy(x);
	default: /* eval_insn() has the others */
		return STEP_ON;
	}
}

/* What fewer rules have. */
static NOINLINE enum step eval_other(struct exec *x, const struct insn *i,
                                     struct sim_run *run)
{
	switch (i->kind) {
	case INSN_EXTHDR:
		return eval_exthdr(x, i);
	case INSN_RT:
		return eval_rt(x, i);
	case INSN_FIB:
		return eval_fib(x, i);
	case INSN_SOCKET:
		return eval_socket(x, i);
	case INSN_OSF:
		return unknown_load(x, i, "osf");
	case INSN_XFRM:
		return unknown_load(x, i, "ipsec");
	case INSN_TUNNEL:
		return unknown_load(x, i, "tunnel");
	case INSN_NUMGEN:
		return eval_numgen(x, i, run);
	case INSN_HASH:
		return eval_hash(x, i);
	case INSN_RANGE:
		return eval_range(x, i);
	case INSN_BYTEORDER:
		return eval_byteorder(x, i);
	case INSN_DYNSET:
		return eval_dynset(x, i, run);
	case INSN_OBJREF:
		return eval_objref(x, i, run);
	case INSN_LIMIT:
		if (x->pass->sim->is_live)
			return step_of(
				sim_doubt(x->pass, "limit: how much of it is used up"));
		return step_of(state_pass(i, &run->state, x->pass->sim->now_ns,
		                          pass_length(x->pass)));
	case INSN_QUOTA:
	case INSN_LAST:
		return step_of(state_pass(i, &run->state, x->pass->sim->now_ns,
		                          pass_length(x->pass)));
	case INSN_NAT:
	case INSN_MASQ:
	case INSN_REDIR:
		return eval_nat(x, i);
	case INSN_CONNLIMIT:
		return eval_connlimit(x, i, &run->state);
	case INSN_NOTRACK:
		eval_notrack(x);
		return STEP_ON;
	case INSN_LOG:
	case INSN_REJECT:
	case INSN_QUEUE:
	case INSN_FWD:
	case INSN_DUP:
	case INSN_FLOW_OFFLOAD:
	case INSN_TPROXY:
	case INSN_SYNPROXY:
		return eval_statement(x, i);
	case INSN_FOREIGN:
		return eval_foreign(x, i, run);
	case INSN_CMP: /* eval_insn() has these */
	case INSN_PAYLOAD:
	case INSN_META:
	case INSN_IMMEDIATE:
	case INSN_LOOKUP:
	case INSN_CT:
	case INSN_BITWISE:
	case INSN_COUNTER:
		break;
	}
	return STEP_ON;
}

/* What nearly all rules are made of is a part of the loop over them. */
static ALWAYS_INLINE enum step eval_insn(struct exec *x, const struct insn *i,
                                         struct sim_run *run)
{
	switch (i->kind) {
	case INSN_CMP:
		return eval_cmp(x, i);
	case INSN_PAYLOAD:
		return eval_payload(x, i);
	case INSN_META:
		return eval_meta(x, i);
	case INSN_IMMEDIATE:
		return eval_immediate(x, i, run);
	case INSN_LOOKUP:
		return eval_lookup(x, i, run);
	case INSN_CT:
		return eval_ct(x, i);
	case INSN_BITWISE:
		return eval_bitwise(x, i);
	case INSN_COUNTER:
		state_count(&run->state, pass_length(x->pass));
		return STEP_ON;
	default: /* there no kind is forgotten */
		return eval_other(x, i, run);
	}
}

uint32_t eval_rule(struct exec *x, struct sim_rule *rule)
{
	const struct insn *insn = rule->r.prog.p;
	struct sim_run *run = rule->runs;
	uint32_t i = 0, n = (uint32_t)rule->r.prog.n;

	x->rule = rule;
	x->verdict = NFT_CONTINUE;
	x->unknown = 0;
	for (; i < n; i++, insn++, run++) {
		if (eval_insn(x, insn, run) == STEP_BREAK)
			x->verdict = NFT_BREAK;
		if (x->verdict != NFT_CONTINUE)
			return i;
	}
	return n ? n - 1 : 0;
}

/* ---- all that does not hold ---- */

/* Whether running it changes nothing but registers. */
static bool is_question(const struct insn *i)
{
	switch (i->kind) {
	case INSN_PAYLOAD:
	case INSN_EXTHDR:
	case INSN_META:
	case INSN_CT:
	case INSN_RT:
	case INSN_FIB:
	case INSN_SOCKET:
	case INSN_IMMEDIATE:
	case INSN_BITWISE:
	case INSN_BYTEORDER:
		return i->dreg < REG_WORDS;
	case INSN_CMP:
	case INSN_RANGE:
	case INSN_LOOKUP:
		return true;
	default:
		return false;
	}
}

/* How many bytes of i->sreg a test compares; 0: it is none. */
static size_t tested_bytes(const struct insn *i, const struct sim_run *run)
{
	return i->kind == INSN_CMP      ? i->cmp.data.n
	       : i->kind == INSN_RANGE  ? i->range.from.n
	       : i->kind == INSN_LOOKUP ? run->set->set.key_len
	                                : 0;
}

/* Statements of the element are not run, and what it gives is not looked at. */
static enum step ask_set(struct exec *x, const struct insn *i, struct sim_set *set)
{
	bool hit = set_find(set, reg(x, i->sreg), x->pass->sim->now_ns);

	if (i->dreg < REG_WORDS)
		reg_unknown(x, i->dreg, set->set.data_len, NULL);
	return step_of(hit != !!(i->lookup.flags & NFT_LOOKUP_F_INV));
}

static enum step ask(struct exec *x, const struct insn *i, struct sim_run *run)
{
	size_t n = tested_bytes(i, run);

	if (!is_question(i) || (n && !reg_is_known(x, i->sreg, n)))
		return STEP_ON;
	return i->kind == INSN_LOOKUP ? ask_set(x, i, run->set) : eval_insn(x, i, run);
}

uint64_t eval_unmet(const struct exec *x, struct sim_rule *rule, uint32_t from)
{
	struct sim *sim = x->pass->sim;
	struct pass pass = *x->pass;
	struct exec asked = *x;
	unsigned doubts = sim->n_doubts;
	void (*watch)(void *, const struct sim_event *) = sim->watch;
	uint64_t unmet = 1;

	asked.pass = &pass;
	sim->watch = NULL;
	for (uint32_t n = 1; n < 64 && from + n < rule->r.prog.n; n++) {
		const struct insn *i = &rule->r.prog.p[from + n];
		if (ask(&asked, i, &rule->runs[from + n]) == STEP_BREAK)
			unmet |= UINT64_C(1) << n;
	}
	sim->watch = watch;
	sim->n_doubts = doubts;
	return unmet;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* --why-not: the rule that came nearest to a verdict, and all that it misses in the packet. */
#include "gate/cli/explain.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* Whether the rule can end with the verdict that is asked for. */
static bool rule_may_say(const struct sim_rule *rule, int32_t verdict)
{
	for (size_t i = 0; i < rule->r.prog.n; i++) {
		const struct insn *in = &rule->r.prog.p[i];
		if (in->kind == INSN_IMMEDIATE && in->dreg == REG_VERDICT &&
		    in->immediate.verdict.code == verdict)
			return true;
		if (in->kind != INSN_LOOKUP || in->dreg != REG_VERDICT)
			continue;
		vec_for_each(it, &rule->runs[i].set->elems)
			if (!(*it)->dead && (*it)->e.is_verdict &&
			    (*it)->e.verdict.code == verdict)
				return true;
	}
	return false;
}

const struct explain_step *explain_nearest(const struct explain *e,
                                           const struct explain_packet *p)
{
	int32_t verdict = str_is(e->c->options.why_not, "accept") ? NF_ACCEPT : NF_DROP;
	const struct explain_step *best = NULL;

	vec_for_each(it, &p->steps) {
		if (it->kind != EVENT_RULE || it->matched ||
		    !rule_may_say(it->rule, verdict))
			continue;
		int more = best ? __builtin_popcountll(it->unmet) -
		                           __builtin_popcountll(best->unmet)
		                : -1;
		if (more < 0 || (more == 0 && it->insn > best->insn))
			best = it;
	}
	return best;
}

static bool is_among(const struct str_list *list, struct str text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->p[i], text))
			return true;
	}
	return false;
}

/* Several instructions are of one piece: the protocol that a field implies, say. */
struct str_list explain_missing(const struct explain *e, const struct explain_step *s)
{
	struct str_list missing = { .p = arena_array(
					    &e->c->arena, struct str,
					    (size_t)__builtin_popcountll(s->unmet)) };

	for (uint64_t left = s->unmet; left; left &= left - 1) {
		uint32_t insn = s->insn + (uint32_t)__builtin_ctzll(left);
		struct str piece = explain_piece(e, s->rule, insn);
		if (piece.n && !is_among(&missing, piece))
			missing.p[missing.n++] = piece;
	}
	return missing;
}

/* `a`, `b` and `c` */
static struct str and_list(struct arena *a, const struct str_list *list)
{
	auto_buf out = { 0 };

	for (size_t i = 0; i < list->n; i++)
		buf_fmt(&out, "%s`" STR_FMT "`",
		        i == 0            ? ""
		        : i + 1 < list->n ? ", "
		                          : " and ",
		        STR_ARG(list->p[i]));
	return arena_str(a, buf_as_str(&out));
}

struct str explain_near_sentence(const struct explain *e, const struct explain_packet *p)
{
	struct arena *a = &e->c->arena;
	struct str wanted = e->c->options.why_not;

	if (str_eq(explain_verdict(p), wanted))
		return arena_fmt(a, "It is: nothing is missing for " STR_FMT ".",
		                 STR_ARG(wanted));
	const struct explain_step *near = explain_nearest(e, p);
	if (!near)
		return arena_fmt(
			a, "No rule that the packet met would have said " STR_FMT ".",
			STR_ARG(wanted));
	struct str_list missing = explain_missing(e, near);
	struct str text = explain_rule_text(e, near->rule);
	struct str place = explain_rule_place(e, near->rule);
	struct str pieces = and_list(a, &missing);
	return arena_fmt(a,
	                 "Nearest to " STR_FMT " came `" STR_FMT "` (" STR_FMT
	                 "): what was missing is " STR_FMT ".",
	                 STR_ARG(wanted), STR_ARG(text), STR_ARG(place), STR_ARG(pieces));
}

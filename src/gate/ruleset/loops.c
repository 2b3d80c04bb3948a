/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The kernel says "too many links" and points at one rule. Here the jumps of the table are put
 * together, those of this run and those of the kernel, and followed until one leads back.
 */
#include "gate/ruleset/loops.h"

#include <linux/netfilter/nf_tables.h>

struct jump {
	struct str from, to;
	struct span span; /* none: a rule of the kernel */
};

struct graph {
	struct session *s;
	const struct tag *t;
	VEC(struct jump) jumps;
	VEC(const struct jump *) path;
	VEC(struct str) done; /* chains that lead to no loop */
};

/* Enough for every table that a person has written. */
enum { JUMPS_MAX = 10000 };

static void add_jumps(struct graph *g, struct str chain, const struct program *p,
                      struct span span)
{
	for (size_t i = 0; i < p->n && g->jumps.n < JUMPS_MAX; i++) {
		const struct insn *in = &p->p[i];

		if (in->kind != INSN_IMMEDIATE || in->dreg != REG_VERDICT ||
		    in->immediate.verdict.chain.n == 0)
			continue;
		struct jump j = { arena_str(&g->s->a, chain),
			          arena_str(&g->s->a, in->immediate.verdict.chain),
			          span };

		vec_push(&g->jumps, j);
	}
}

static int kernel_rule(void *ctx, const struct prog_rule *r)
{
	add_jumps(ctx, r->chain, &r->prog, SPAN_NONE);
	return 0;
}

static void restart(void *ctx)
{
	((struct graph *)ctx)->jumps.n = 0;
}

static void collect(struct graph *g)
{
	static const struct dump_ops ops = { .rule = kernel_rule };
	struct session *s = g->s;
	struct dump_filter f = { .family = (uint8_t)g->t->family, .table = g->t->table };
	struct tag rule;

	if (!s->flushed)
		s->engine->ops->dump(s->engine, DUMP_RULES, &f, &ops, restart, g);
	for (uint32_t i = 1; i < s->next_tag && g->jumps.n < JUMPS_MAX; i++) {
		struct program prog = { 0 };
		struct lower L;

		if (tag_find(s, i, &rule) && rule.object == OBJ_RULE &&
		    rule.rule.span.len && rule.family == g->t->family &&
		    str_eq(rule.table, g->t->table) && rule_relower(s, &rule, &L, &prog))
			add_jumps(g, rule.name, &prog, rule.span);
	}
}

static bool is_done(const struct graph *g, struct str chain)
{
	for (size_t i = 0; i < g->done.n; i++)
		if (str_eq(g->done.p[i], chain))
			return true;
	return false;
}

/* Where in the path the chain is left; path.n when it is not in it. */
static size_t find_in_path(const struct graph *g, struct str chain)
{
	size_t i = 0;

	while (i < g->path.n && !str_eq(g->path.p[i]->from, chain))
		i++;
	return i;
}

/* The next jump to follow out of the path's end; NULL when there is none. */
static const struct jump *next_jump(const struct graph *g, struct str chain)
{
	for (size_t i = 0; i < g->jumps.n; i++)
		if (str_eq(g->jumps.p[i].from, chain) && !is_done(g, g->jumps.p[i].to))
			return &g->jumps.p[i];
	return NULL;
}

/* Leaves the loop at the end of the path; gives its first jump there, or path.n for no loop. */
static size_t find_loop(struct graph *g, struct str start)
{
	struct str chain = start;

	for (;;) {
		const struct jump *j = next_jump(g, chain);

		if (j) {
			vec_push(&g->path, j);
			chain = j->to;
			size_t back = find_in_path(g, chain);
			if (back < g->path.n)
				return back;
			continue;
		}
		vec_push(&g->done, chain);
		if (g->path.n == 0)
			return 0;
		chain = g->path.p[--g->path.n]->from;
	}
}

bool explain_loop(struct session *s, const struct tag *t, struct diag *d)
{
	struct graph g = { .s = s, .t = t };

	collect(&g);
	size_t first = find_loop(&g, t->name);

	for (size_t i = first; i < g.path.n; i++) {
		const struct jump *j = g.path.p[i];

		if (span_is_none(j->span))
			diag_note(s->diags, d,
			          "chain `" STR_FMT "` leads to `" STR_FMT
			          "`, by a rule that is "
			          "loaded",
			          STR_ARG(j->from), STR_ARG(j->to));
		else
			diag_related(s->diags, d, j->span,
			             "chain `" STR_FMT "` leads to `" STR_FMT "`",
			             STR_ARG(j->from), STR_ARG(j->to));
	}
	bool found = first < g.path.n;

	vec_fini(&g.jumps);
	vec_fini(&g.path);
	vec_fini(&g.done);
	return found;
}

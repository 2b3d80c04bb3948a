/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules: read, lowered, and put into the transaction one at a time.
 */
#include "gate/ruleset/session.h"

#include <string.h>

#include "gate/ruleset/hooks_of.h"
#include "gate/ruleset/kernels.h"
#include "gate/ruleset/rules.h"
#include "gate/ruleset/udata.h"

const struct chain_info *chain_of_rule(struct session *s, enum family f, struct str table,
                                       struct str chain)
{
	struct str key = session_key(s, f, table, chain);
	struct chain_info *info = map_get(&s->chains, key);
	struct prog_chain c;

	if (info || s->flushed || session_get_chain(s, f, table, chain, &c) < 0)
		return info;
	info = arena_new(&s->a, struct chain_info);
	info->name = chain;
	info->is_base = c.is_base;
	info->type = c.type;
	info->hook = (int)c.hook;
	session_put(s, &s->chains, key, info);
	return info;
}

static uint32_t rule_tag(struct session *s, const struct rule_place *at,
                         const struct rule_text *text)
{
	struct tag tag = { .verb = tx_verb(at->op),
		           .object = OBJ_RULE,
		           .family = at->family,
		           .span = text->span,
		           .table = at->table,
		           .name = at->chain,
		           .rule = *text };

	tag.rule_handle = at->op == TX_REPLACE ? at->handle : at->position;
	tag.rule_id = at->position_id;
	tag.place = at->place;
	return tag_add(s, &tag);
}

static bool send_rule(struct session *s, const struct rule_place *at,
                      const struct rule_text *text, struct prog_rule *out)
{
	struct rule_env env = { .family = at->family, .table = at->table };
	struct rule *rule;
	struct lower L;

	if (parse_rule(s->parser, text, &s->scratch, &rule) < 0)
		return false;
	session_lower(s, &env, &L, &out->prog, &s->scratch);
	L.chain = at->info;
	if (!at->info && !at->chain_id)
		L.chain = chain_of_rule(s, at->family, at->table, at->chain);
	if (!L.chain && !at->chain_id && session_is_blind(s, at->family, at->table))
		session_unchecked(s, "chain", at->family, at->table, at->chain);
	env.tag = at->tag ? at->tag : rule_tag(s, at, text);
	out->id = env.tag; /* a later command may name it */
	bool looks = s->opt->check || s->opt->simulates;
	if (!lower_rule(&L, rule) || !kernel_takes_rule(s, &L, out) ||
	    (looks && !hooks_take_rule(&L, out)))
		return false;
	if (looks && !(L.chain && L.chain->is_base))
		s->follow_jumps |= hooks_matter(&L, out);
	if (rule->comment.n > 128)
		return fail(&L, "E0255", text->span,
		            "the comment has %zu characters; at most 128 fit",
		            rule->comment.n);
	if (rule->comment.p)
		out->userdata = udata_comment(&s->scratch, rule->comment);
	if (s->opt->debug_netlink)
		debug_rule(s, out);
	if (s->opt->placed)
		s->opt->placed(s->opt->placed_ctx, env.tag, text->span, L.places,
		               L.n_places);
	if (s->engine)
		s->engine->ops->tx_rule(s->tx, at->op, out, env.tag);
	return true;
}

bool add_rule_text(struct session *s, const struct rule_place *at,
                   const struct rule_text *text)
{
	struct prog_rule out = { .family = (uint8_t)at->family,
		                 .table = at->table,
		                 .chain = at->chain,
		                 .chain_id = at->chain_id,
		                 .position = at->position,
		                 .position_id = at->position_id,
		                 .handle = at->handle };
	struct program spare = s->spare;

	out.prog = (struct program){ .p = spare.p, .cap = spare.cap };
	s->spare = (struct program){ 0 }; /* a rule inside of this one makes its own */
	bool ok = send_rule(s, at, text, &out);

	s->spare = spare;
	return ok;
}

static bool relower(struct session *s, const struct tag *t, struct rule_env *env,
                    struct lower *L, struct program *prog)
{
	struct engine *engine = s->engine;
	struct rule *rule;
	bool ok;

	env->family = t->family;
	env->table = t->table;
	env->reread = true;
	if (parse_rule(s->parser, &t->rule, &s->a, &rule) < 0)
		return false;
	session_lower(s, env, L, prog, &s->a);
	L->chain = chain_of_rule(s, t->family, t->table, t->name);
	s->engine = NULL; /* nothing is sent, nothing is asked */
	ok = lower_rule(L, rule);
	s->engine = engine;
	return ok;
}

bool rule_relower(struct session *s, const struct tag *t, struct lower *L,
                  struct program *prog)
{
	return relower(s, t, arena_new(&s->a, struct rule_env), L, prog);
}

bool rule_explain_twice(struct session *s, const struct tag *t)
{
	struct rule_env env = { .find_twice = true };
	struct program prog = { 0 };
	struct lower L;

	if (!t->rule.span.len || !relower(s, t, &env, &L, &prog) ||
	    span_is_none(env.twice))
		return false;
	struct diag *d =
		diag_error(s->diags, "E0502", env.twice, "this key is there twice");

	diag_related(s->diags, d, env.first, "%s", "");
	diag_help(s->diags, d, "a packet can only go one way: remove one of them");
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `add`, `create`, `insert`, and the block form.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/kernels.h"
#include "gate/ruleset/objects.h"
#include "gate/ruleset/rules.h"
#include "gate/ruleset/udata.h"

enum command_verb tx_verb(enum tx_op op)
{
	return op == TX_CREATE    ? CMD_CREATE
	       : op == TX_INSERT  ? CMD_INSERT
	       : op == TX_REPLACE ? CMD_REPLACE
	                          : CMD_ADD;
}

bool name_fits(struct session *s, const char *what, struct str name, struct span span)
{
	if (name.n < NFT_NAME_MAXLEN)
		return true;
	diag_error(s->diags, "E0419", span,
	           "a %s's name has at most %d bytes, this one has %zu", what,
	           NFT_NAME_MAXLEN - 1, name.n);
	return false;
}

static bool add_table(struct session *s, const struct table_block *t, enum tx_op op)
{
	struct prog_table out = { .family = (uint8_t)t->ref.family,
		                  .name = t->ref.table,
		                  .flags = t->flags };
	struct tag tag = { .verb = tx_verb(op),
		           .object = OBJ_TABLE,
		           .family = t->ref.family,
		           .span = t->ref.table_span,
		           .table = t->ref.table };
	struct span *kept = arena_new(&s->a, struct span);

	if (!name_fits(s, "table", t->ref.table, t->ref.table_span) ||
	    !kernel_takes_table(s, &out, t->ref.table_span))
		return false;
	if (op == TX_CREATE)
		session_put(s, &s->fresh,
		            session_key(s, t->ref.family, t->ref.table, STR("")), s);
	out.userdata = udata_comment(&s->scratch, t->comment);
	*kept = t->ref.table_span;
	session_put(s, &s->tables, session_key(s, t->ref.family, t->ref.table, STR("")),
	            kept);
	if (s->engine)
		s->engine->ops->tx_table(s->tx, op, &out, tag_add(s, &tag));
	return true;
}

static bool add_obj_block(struct session *s, const struct obj_block *b, enum tx_op op)
{
	struct rule_env env = { .family = b->ref.family, .table = b->ref.table };
	struct program unused = { 0 };
	struct prog_obj out = { 0 };
	struct lower L;
	struct tag tag = { .verb = tx_verb(op),
		           .object = OBJ_NAMED,
		           .family = b->ref.family,
		           .span = b->ref.name_span,
		           .table = b->ref.table,
		           .name = b->ref.name,
		           .obj_type = b->type };

	if (b->is_broken || !name_fits(s, "object", b->ref.name, b->ref.name_span))
		return false;
	session_lower(s, &env, &L, &unused, &s->scratch);
	if (!object_lower(&L, b, &out))
		return false;
	if (s->engine)
		s->engine->ops->tx_obj(s->tx, op, &out, tag_add(s, &tag));
	return true;
}

/* ---- the block form ---- */

static bool add_rules(struct session *s, const struct chain_block *c)
{
	struct rule_place at = { .family = c->ref.family,
		                 .table = c->ref.table,
		                 .chain = c->ref.name,
		                 .op = TX_ADD };
	struct tag tag = { .verb = CMD_ADD,
		           .object = OBJ_RULE,
		           .family = at.family,
		           .table = at.table,
		           .name = at.chain,
		           .rules = &c->rules };
	size_t n = c->rules.list.n;
	bool ok = true;

	if (n == 0 || !c->ref.name.p)
		return true;
	uint32_t first = tag_add(s, &tag);

	struct span left = rule_texts_get(&c->rules, 0).span,
		    end = rule_texts_get(&c->rules, n - 1).span;

	if (end.file == left.file &&
	    end.off > left.off) /* the parser has found where rules end */
		sources_passed(s->sources,
		               (struct span){ left.file, left.off, end.off - left.off });
	at.info = chain_of_rule(s, at.family, at.table, at.chain);
	for (size_t i = 0; i < n; i++) {
		struct rule_text text = rule_texts_get(&c->rules, i);

		at.tag = first + (uint32_t)i;
		if (text.span.file == left.file)
			session_passed(s, &left, text.span.off);
		ok &= add_rule_text(s, &at, &text);
		arena_reset(&s->scratch);
	}
	return ok;
}

static bool add_table_block(struct session *s, const struct table_block *t, enum tx_op op)
{
	bool ok = add_table(s, t, op);

	for (size_t i = 0; i < t->n_chains; i++)
		ok &= add_chain_block(s, t->chains[i], op);
	for (size_t i = 0; i < t->n_objs; i++)
		ok &= add_obj_block(s, t->objs[i], op);
	for (size_t i = 0; i < t->n_sets; i++)
		ok &= add_set_block(s, t->sets[i], op);
	for (size_t i = 0; i < t->n_flowtables; i++)
		ok &= add_flowtable_block(s, t->flowtables[i], op);
	for (size_t i = 0; i < t->n_chains; i++)
		ok &= add_rules(s, t->chains[i]);
	return ok;
}

static bool add_chain_command(struct session *s, const struct command *c, enum tx_op op)
{
	return add_chain_block(s, c->chain, op) && add_rules(s, c->chain);
}

static bool add_element_command(struct session *s, const struct command *c, enum tx_op op)
{
	const struct set_info *info = session_set(s, c->ref.family, c->ref.table,
	                                          c->ref.name, c->ref.name_span);

	return info && add_elems(s, c->ref.family, c->ref.table, info, &c->elems, op,
	                         c->ref.name_span);
}

static bool add_rule_command(struct session *s, const struct command *c, enum tx_op op,
                             const struct rule_ref *at_rule)
{
	struct rule_place at = { .family = c->ref.family,
		                 .table = c->ref.table,
		                 .chain = c->ref.name,
		                 .op = op,
		                 .position = at_rule->handle,
		                 .position_id = at_rule->id,
		                 .place = c->position_span };

	return add_rule_text(s, &at, &c->rule);
}

bool run_add(struct session *s, const struct command *c)
{
	enum tx_op op = c->verb == CMD_CREATE   ? TX_CREATE
	                : c->verb == CMD_INSERT ? TX_INSERT
	                                        : TX_ADD;
	struct rule_ref position = { .handle = c->has_position ? c->position : 0 };

	if (!session_tx(s))
		return false;
	s->changes++;
	switch (c->object) {
	case OBJ_TABLE:
		return add_table_block(s, c->table, op);
	case OBJ_CHAIN:
		return add_chain_command(s, c, op);
	case OBJ_RULE:
		if (c->has_index && !rule_by_index(s, c, &position))
			return false;
		if (c->rule_ref.span.len && !rule_by_text(s, c, &c->rule_ref, &position))
			return false;
		return add_rule_command(s, c, op, &position);
	case OBJ_SET:
	case OBJ_MAP:
		return add_set_block(s, c->set, op);
	case OBJ_ELEMENT:
		return add_element_command(s, c, op);
	case OBJ_FLOWTABLE:
		return add_flowtable_block(s, c->flowtable, op);
	case OBJ_NAMED:
		return add_obj_block(s, c->obj, op);
	default: /* the parser gives no other */
		diag_error(s->diags, "E0002", c->span, "this cannot be added");
		return false;
	}
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `delete`, `destroy`, `flush`, `rename`, `replace`.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/elem_log.h"
#include "gate/ruleset/rules.h"
#include "gate/ruleset/session.h"

/* `at` none: the name, the table, or the whole command. */
static uint32_t command_tag_at(struct session *s, const struct command *c, struct span at)
{
	struct tag tag = { .verb = c->verb,
		           .object = c->object,
		           .family = c->ref.family,
		           .table = c->ref.table,
		           .name = c->ref.name,
		           .obj_type = c->obj_type };

	tag.span = c->ref.name.n    ? c->ref.name_span
	           : c->ref.table.n ? c->ref.table_span
	                            : c->span;
	if (c->ref.handle)
		tag.span = c->ref.handle_span;
	if (!span_is_none(at))
		tag.span = at;
	return tag_add(s, &tag);
}

static uint32_t command_tag(struct session *s, const struct command *c)
{
	return command_tag_at(s, c, SPAN_NONE);
}

static void forget(struct session *s, struct map *map, const struct command *c)
{
	map_del(map, session_key(s, c->ref.family, c->ref.table, c->ref.name));
}

static void delete_table(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_table t = { .family = (uint8_t)c->ref.family,
		                .name = c->ref.table,
		                .handle = c->ref.handle };

	elem_log_gone(s, c->ref.family, c->ref.table);
	s->engine->ops->tx_table(s->tx, op, &t, command_tag(s, c));
}

static void delete_chain(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_chain chain = { .family = (uint8_t)c->ref.family,
		                    .table = c->ref.table,
		                    .name = c->ref.name,
		                    .handle = c->ref.handle };

	forget(s, &s->chains, c);
	s->engine->ops->tx_chain(s->tx, op, &chain, command_tag(s, c));
}

static void send_deleted_rule(struct session *s, const struct command *c, enum tx_op op,
                              const struct prog_rule *r, struct span at)
{
	uint32_t tag = command_tag_at(s, c, at);

	s->tags.p[s->tags.n - 1].rule_handle = r->handle;
	s->tags.p[s->tags.n - 1].rule_id = r->id;
	s->tags.p[s->tags.n - 1].verb = CMD_DELETE; /* a replaced rule too */
	s->engine->ops->tx_rule(s->tx, op, r, tag);
}

static bool delete_rule(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_rule r = { .family = (uint8_t)c->ref.family,
		               .table = c->ref.table,
		               .chain = c->ref.name };
	struct span at = c->has_position ? c->position_span : SPAN_NONE;

	struct rule_ref ref = { 0 };

	if (c->rule.span.len) {
		if (!rule_by_text(s, c, &c->rule, &ref))
			return false;
		if (!ref.handle && !ref.id)
			return true; /* destroy, and there is none */
		r.handle = ref.handle;
		r.id = ref.id;
	} else if (c->has_position) {
		r.handle = c->position;
	} else if (c->ref.handle) {
		r.handle = c->ref.handle;
	} else {
		diag_error(s->diags, "E0004", c->span,
		           "say which rule: `handle N`, or its text");
		return false;
	}
	send_deleted_rule(s, c, op, &r, at);
	return true;
}

static void delete_set(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_set set = { .family = (uint8_t)c->ref.family,
		                .table = c->ref.table,
		                .name = c->ref.name,
		                .handle = c->ref.handle };

	forget(s, &s->sets, c);
	if (set.name.n)
		elem_log_emptied(s, &set);
	else /* by its handle: it may be any */
		elem_log_gone(s, c->ref.family, c->ref.table);
	s->engine->ops->tx_set(s->tx, op, &set, command_tag(s, c));
}

static void delete_obj(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_obj o = { .family = (uint8_t)c->ref.family,
		              .table = c->ref.table,
		              .name = c->ref.name,
		              .handle = c->ref.handle,
		              .type = c->obj_type };

	s->engine->ops->tx_obj(s->tx, op, &o, command_tag(s, c));
}

static void delete_flowtable(struct session *s, const struct command *c, enum tx_op op)
{
	struct prog_flowtable f = { .family = (uint8_t)c->ref.family,
		                    .table = c->ref.table,
		                    .name = c->ref.name,
		                    .handle = c->ref.handle };

	s->engine->ops->tx_flowtable(s->tx, op, &f, command_tag(s, c));
}

static bool delete_elements(struct session *s, const struct command *c, enum tx_op op)
{
	const struct set_info *info = session_set(s, c->ref.family, c->ref.table,
	                                          c->ref.name, c->ref.name_span);

	return info && add_elems(s, c->ref.family, c->ref.table, info, &c->elems, op,
	                         c->ref.name_span);
}

/* The table, chain, set or map has been made in this run. */
static bool made_in_run(struct session *s, const struct command *c)
{
	struct str key = session_key(s, c->ref.family, c->ref.table, c->ref.name);

	return map_has(&s->tables, key) || map_has(&s->chains, key) ||
	       map_has(&s->sets, key);
}

static bool is_there(struct session *s, const struct command *c)
{
	static const struct {
		enum command_object object;
		enum dump_kind kind;
	} kinds[] = {
		{ OBJ_TABLE, DUMP_TABLES },
		{ OBJ_CHAIN, DUMP_CHAINS },
		{ OBJ_SET, DUMP_SETS },
		{ OBJ_MAP, DUMP_SETS },
		{ OBJ_FLOWTABLE, DUMP_FLOWTABLES },
		{ OBJ_NAMED, DUMP_OBJS },
	};
	static const struct dump_ops none;
	struct dump_filter f = { .family = (uint8_t)c->ref.family,
		                 .table = c->ref.table,
		                 .name = c->ref.name,
		                 .obj_type = c->obj_type };

	if (made_in_run(s, c))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].object == c->object)
			return s->engine->ops->get(s->engine, kinds[i].kind, &f, &none,
			                           NULL) == 0;
	return true;
}

/* Without an engine: what is not there by what the run says only the kernel knows. */
static void delete_offline(struct session *s, const struct command *c)
{
	bool is_part = c->object == OBJ_RULE || c->object == OBJ_ELEMENT;

	if (is_part || (c->verb != CMD_DESTROY && !made_in_run(s, c)))
		session_unchecked(s, object_name(c->object), c->ref.family, c->ref.table,
		                  c->ref.name);
	if (c->object == OBJ_TABLE)
		forget(s, &s->tables, c);
	else if (c->object == OBJ_CHAIN)
		forget(s, &s->chains, c);
	else if (c->object == OBJ_SET || c->object == OBJ_MAP)
		forget(s, &s->sets, c);
}

bool run_delete(struct session *s, const struct command *c)
{
	enum tx_op op = c->verb == CMD_DESTROY ? TX_DESTROY : TX_DELETE;

	if (!session_tx(s))
		return false;
	s->changes++;
	if (c->object == OBJ_TABLE && c->ref.table.n)
		session_put(s, &s->fresh,
		            session_key(s, c->ref.family, c->ref.table, STR("")), s);
	if (!s->engine) {
		delete_offline(s, c);
		return true;
	}
	if (op == TX_DESTROY && !s->engine->ops->destroys(s->engine)) {
		if (!is_there(s, c))
			return true;
		op = TX_DELETE;
	}
	switch (c->object) {
	case OBJ_TABLE:
		delete_table(s, c, op);
		return true;
	case OBJ_CHAIN:
		delete_chain(s, c, op);
		return true;
	case OBJ_RULE:
		return delete_rule(s, c, op);
	case OBJ_SET:
	case OBJ_MAP:
	case OBJ_METER:
		delete_set(s, c, op);
		return true;
	case OBJ_ELEMENT:
		return delete_elements(s, c, op);
	case OBJ_FLOWTABLE:
		delete_flowtable(s, c, op);
		return true;
	case OBJ_NAMED:
		delete_obj(s, c, op);
		return true;
	default: /* the parser gives no other */
		diag_error(s->diags, "E0002", c->span, "this cannot be deleted");
		return false;
	}
}

static bool flush_set(struct session *s, const struct command *c)
{
	struct prog_set set = { .family = (uint8_t)c->ref.family,
		                .table = c->ref.table,
		                .name = c->ref.name };

	elem_log_emptied(s, &set);
	s->engine->ops->tx_elems_begin(s->tx, TX_DELETE, &set, command_tag(s, c));
	s->engine->ops->tx_elems_end(s->tx);
	return true;
}

bool run_flush(struct session *s, const struct command *c)
{
	struct prog_rule all = { .family = (uint8_t)c->ref.family,
		                 .table = c->ref.table };
	struct prog_table tables = { .family = (uint8_t)(c->has_family ? c->ref.family
		                                                       : 0) };

	if (!session_tx(s))
		return false;
	s->changes++;
	if (c->object == OBJ_RULESET && !c->has_family)
		s->flushed = true;
	if (!s->engine)
		return true;
	switch (c->object) {
	case OBJ_RULESET:
		elem_log_gone(s, (enum family)tables.family, STR(""));
		s->engine->ops->tx_table(s->tx, TX_DELETE, &tables, command_tag(s, c));
		return true;
	case OBJ_TABLE:
		s->engine->ops->tx_rule(s->tx, TX_DELETE, &all, command_tag(s, c));
		return true;
	case OBJ_CHAIN:
		all.chain = c->ref.name;
		s->engine->ops->tx_rule(s->tx, TX_DELETE, &all, command_tag(s, c));
		return true;
	case OBJ_SET:
	case OBJ_MAP:
	case OBJ_METER:
		return flush_set(s, c);
	default: /* the parser gives no other */
		diag_error(s->diags, "E0002", c->span, "this cannot be flushed");
		return false;
	}
}

bool run_rename(struct session *s, const struct command *c)
{
	struct prog_chain chain = { .family = (uint8_t)c->ref.family,
		                    .table = c->ref.table };
	struct prog_chain found;

	s->changes++;
	if (!session_tx(s) || !s->engine)
		return s->engine == NULL;
	int r = session_get_chain(s, c->ref.family, c->ref.table, c->ref.name, &found);

	if (r < 0) {
		diag_error(s->diags, r == -ENOENT ? "E0101" : "E0602", c->ref.name_span,
		           r == -ENOENT
		                   ? "table `%s " STR_FMT "` has no chain `" STR_FMT "`"
		                   : "cannot read chain `%s " STR_FMT " " STR_FMT "`",
		           family_name(c->ref.family), STR_ARG(c->ref.table),
		           STR_ARG(c->ref.name));
		return false;
	}
	chain.handle = found.handle;
	chain.name = c->ref.name;
	chain.new_name = c->new_name;
	s->engine->ops->tx_chain(s->tx, TX_ADD, &chain, command_tag(s, c));
	return true;
}

/* The kernel replaces by handle only: a rule of this transaction goes, and the new one comes before
 * it. */
static bool replace_new_rule(struct session *s, const struct command *c, uint32_t id)
{
	struct rule_place at = { .family = c->ref.family,
		                 .table = c->ref.table,
		                 .chain = c->ref.name,
		                 .op = TX_INSERT,
		                 .position_id = id };
	struct prog_rule old = { .family = (uint8_t)c->ref.family,
		                 .table = c->ref.table,
		                 .chain = c->ref.name,
		                 .id = id };

	if (!add_rule_text(s, &at, &c->rule))
		return false;
	send_deleted_rule(s, c, TX_DELETE, &old, SPAN_NONE);
	return true;
}

bool run_replace(struct session *s, const struct command *c)
{
	struct rule_ref old = { .handle = c->has_position ? c->position : c->ref.handle };

	if (!session_tx(s))
		return false;
	s->changes++;
	if (c->rule_ref.span.len && !rule_by_text(s, c, &c->rule_ref, &old))
		return false;
	if (old.id)
		return replace_new_rule(s, c, old.id);
	struct rule_place at = { .family = c->ref.family,
		                 .table = c->ref.table,
		                 .chain = c->ref.name,
		                 .op = TX_REPLACE,
		                 .handle = old.handle,
		                 .place = c->position_span };

	return add_rule_text(s, &at, &c->rule);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Commands that read: which listing each asks for.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/describe.h"
#include "gate/ruleset/elem_list.h"
#include "gate/ruleset/kernels.h"
#include "gate/ruleset/lister.h"
#include "gate/ruleset/udata.h"

int lister_open(struct lister *l, struct session *s, enum family f, struct str table)
{
	static const struct prog_table none;

	*l = (struct lister){ .s = s };
	l->printer = (struct printer){ .out = &l->out,
		                       .names = s->opt->names,
		                       .fmt = s->opt->format };
	lister_env_init(l);
	arena_init(&l->scratch);
	int r = snapshot_read(&l->snap, &s->scratch, s->engine, (uint8_t)f, table,
	                      SNAP_CHAINS | SNAP_SETS | SNAP_OBJS | SNAP_FLOWTABLES,
	                      NULL);

	if (r >= 0)
		r = lister_prefetch(l);
	l->table = &none;
	for (size_t i = 0; i < l->snap.tables.n; i++)
		if (l->snap.tables.p[i].family == f &&
		    str_eq(l->snap.tables.p[i].name, table))
			l->table = &l->snap.tables.p[i];
	return r;
}

void lister_close(struct lister *l)
{
	vec_fini(&l->bound);
	snapshot_fini(&l->snap);
	arena_fini(&l->scratch);
	buf_fini(&l->out);
}

static bool list_one(struct session *s, const struct command *c, unsigned kinds,
                     struct want w)
{
	w.family = (uint8_t)c->ref.family;
	w.table = c->ref.table;
	w.name = c->ref.name;
	w.kinds = kinds;
	w.show_sets = kinds & SNAP_SETS;
	w.reset = c->verb == CMD_RESET;
	return list_wanted(s, c, &w);
}

static bool list_all(struct session *s, const struct command *c, unsigned kinds,
                     struct want w)
{
	w.family = (uint8_t)(c->has_family || c->ref.table.n ? c->ref.family : 0);
	w.table = c->ref.table;
	w.kinds = kinds;
	w.show_sets = kinds & SNAP_SETS;
	w.reset = c->verb == CMD_RESET;
	return list_wanted(s, c, &w);
}

enum { SNAP_ALL = SNAP_CHAINS | SNAP_SETS | SNAP_OBJS | SNAP_FLOWTABLES };

static bool get_failed(struct session *s, struct span at, int r)
{
	if (r == -ENOENT)
		diag_error(s->diags, "E0540", at, "no such element in the set");
	else
		diag_error(s->diags, "E0602", at, "cannot read the element: %s",
		           strerror(-r));
	return false;
}

/* The keys of `get element` as the kernel wants them: intervals ask with one key. */
struct key_collector {
	struct arena *a;
	VEC(struct prog_elem) keys;
	bool interval; /* a set of plain intervals: each key is asked for twice */
};

static void collect_key(void *ctx, const struct prog_elem *e)
{
	struct key_collector *k = ctx;

	vec_push(&k->keys, *e);
	if (!k->interval)
		return;
	struct prog_elem end = *e; /* and where the interval around the key ends */

	end.flags |= NFT_SET_ELEM_INTERVAL_END;
	vec_push(&k->keys, end);
}

static bool collect_keys(struct session *s, const struct command *c,
                         const struct set_info *info, struct key_collector *out,
                         struct expr **first)
{
	struct rule_env env = { .family = c->ref.family, .table = c->ref.table };
	struct program unused = { 0 };
	struct set_info plain = *info;
	struct elem_builder b;
	struct elems_iter it;
	struct expr *elem;
	struct lower L;
	bool ok = true;
	int r;

	session_lower(s, &env, &L, &unused, &s->scratch);
	elem_builder_init(&b, &L, &plain, collect_key, out);
	b.keys_only = true;
	b.single_keys = true;
	elems_open(&it, s->parser, &c->elems);
	while ((r = elems_next(&it, &s->scratch, &elem)) != 0) {
		if (r > 0 && !*first)
			*first = elem;
		ok &= r > 0 && elem_builder_add(&b, elem);
	}
	elem_builder_fini(&b);
	return ok;
}

static bool get_elements(struct session *s, const struct command *c)
{
	const struct set_info *info = session_set(s, c->ref.family, c->ref.table,
	                                          c->ref.name, c->ref.name_span);
	struct key_collector keys = { .a = &s->scratch };
	struct expr *first = NULL;
	struct lister l;
	struct elem_list list;
	size_t bad = 0;

	if (!info)
		return false;
	keys.interval =
		(info->flags & NFT_SET_INTERVAL) && !(info->flags & NFT_SET_CONCAT);
	if (!collect_keys(s, c, info, &keys, &first) ||
	    lister_open(&l, s, c->ref.family, c->ref.table) < 0)
		return false;
	const struct snapshot_set *set = snapshot_find_set(
		&l.snap, (uint8_t)c->ref.family, c->ref.table, c->ref.name);
	static const struct dump_ops ops = { .elem = elem_list_add };

	elem_list_init(&list, &s->scratch, info);
	int r = set ? s->engine->ops->get_elems(s->engine, &set->set, keys.keys.p,
	                                        keys.keys.n, c->verb == CMD_RESET, &ops,
	                                        &list, &bad)
	            : -ENOENT;
	if (r >= 0) {
		elem_list_sort(&list);
		lister_elements(&l, set, &list);
		session_write(s, &l.out);
	}
	elem_list_fini(&list);
	vec_fini(&keys.keys);
	lister_close(&l);
	return r >= 0 || get_failed(s, first ? first->span : c->span, r);
}

static bool run_list(struct session *s, const struct command *c)
{
	switch (c->object) {
	case OBJ_TABLES:
		return list_all(s, c, 0, (struct want){ .only_names = true });
	case OBJ_TABLE:
		return list_one(s, c, SNAP_ALL,
		                (struct want){ .rules = true,
		                               .elems = true,
		                               .whole_table = true });
	case OBJ_RULESET:
		return list_all(s, c, SNAP_ALL,
		                (struct want){ .rules = true,
		                               .elems = true,
		                               .whole_table = true });
	case OBJ_CHAIN:
		return list_one(s, c, SNAP_CHAINS, (struct want){ .rules = true });
	case OBJ_CHAINS:
		return list_all(s, c, SNAP_CHAINS, (struct want){ .rules = false });
	case OBJ_RULES:
		return c->ref.name.n ? list_one(s, c, SNAP_CHAINS,
		                                (struct want){ .rules = true })
		                     : list_all(s, c, SNAP_CHAINS,
		                                (struct want){ .rules = true });
	case OBJ_SET:
		return list_one(s, c, SNAP_SETS,
		                (struct want){ .elems = true, .only_sets = true });
	case OBJ_SETS:
		return list_all(s, c, SNAP_SETS,
		                (struct want){ .elems = true, .only_sets = true });
	case OBJ_MAP:
		return list_one(s, c, SNAP_SETS,
		                (struct want){ .elems = true, .maps = true });
	case OBJ_MAPS:
		return list_all(s, c, SNAP_SETS,
		                (struct want){ .elems = true, .maps = true });
	case OBJ_METER:
		return list_one(s, c, SNAP_SETS,
		                (struct want){ .elems = true, .meters = true });
	case OBJ_METERS:
		return list_all(s, c, SNAP_SETS, (struct want){ .meters = true });
	case OBJ_ELEMENT:
		return get_elements(s, c);
	case OBJ_FLOWTABLE:
		return list_one(s, c, SNAP_FLOWTABLES, (struct want){ 0 });
	case OBJ_FLOWTABLES:
		return list_all(s, c, SNAP_FLOWTABLES, (struct want){ 0 });
	case OBJ_NAMED:
		return list_one(s, c, SNAP_OBJS,
		                (struct want){ .obj_type = c->obj_type });
	case OBJ_NAMED_ALL:
		return list_all(s, c, SNAP_OBJS,
		                (struct want){ .obj_type = c->obj_type });
	case OBJ_RULE:
		return list_one(s, c, SNAP_CHAINS,
		                (struct want){ .rules = true, .handle = c->position });
	case OBJ_HOOKS:
		return list_hooks(s, c);
	case OBJ_EXPR:
		break;
	}
	return false;
}

bool run_read(struct session *s, const struct command *c)
{
	if (c->verb == CMD_DESCRIBE)
		return describe(s, c);
	if (!s->engine)
		return true;
	return kernel_answers_read(s, c) && run_list(s, c);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `list`, `reset`, `get`: the kernel's ruleset as text, in nft's layout.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "gate/lang/print.h"
#include "gate/ruleset/elem_list.h"
#include "gate/ruleset/lister.h"
#include "gate/ruleset/near.h"
#include "gate/ruleset/objects.h"
#include "gate/ruleset/udata.h"

/* ---- what lifting asks ---- */

static const struct set_info *lister_set(void *ctx, struct str name)
{
	struct lister *l = ctx;
	const struct snapshot_set *set =
		snapshot_find_set(&l->snap, l->table->family, l->table->name, name);

	return set && set->known ? &set->info : NULL;
}

static struct expr *lister_elems(void *ctx, struct arena *a, const struct set_info *info)
{
	struct lister *l = ctx;
	const struct snapshot_set *set =
		snapshot_find_set(&l->snap, l->table->family, l->table->name, info->name);
	struct expr *out = expr_make(a, EXPR_SET, SPAN_NONE, NULL), *e;
	size_t at = 0;

	if (!set || !set->elems)
		return NULL;
	struct elem_list elems = *(const struct elem_list *)set->elems;

	elems.info = info; /* the rule may know the key better */
	while ((e = elem_list_next(&elems, &at, a)))
		expr_list_add(&out->list, a, e);
	return out;
}

static void free_elems(void *elems)
{
	elem_list_fini(elems);
}

static int keep_bound_rule(void *ctx, const struct prog_rule *r)
{
	struct bound_chain *b = ctx;
	struct lister *l = b->lister;
	struct rule *rule = arena_new(l->snap.a, struct rule);
	struct str comment = udata_get_comment(r->userdata, UDATA_COMMENT);

	lift_rule(l->snap.a, &l->env, r->family, &r->prog, rule);
	if (comment.p)
		rule->comment = arena_str(l->snap.a, comment);
	vec_push(&b->rules, rule);
	return 0;
}

static void restart_bound(void *ctx)
{
	((struct bound_chain *)ctx)->rules.n = 0;
}

static void free_bound(void *ctx)
{
	vec_fini(&((struct bound_chain *)ctx)->rules);
}

/* The chains of `jump { … }`: read and lifted, since they are printed inside another rule. */
static int prefetch_chains(struct lister *l)
{
	static const struct dump_ops ops = { .rule = keep_bound_rule };
	const struct prog_table *table = l->table;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->snap.chains.n; i++) {
		const struct prog_chain *c = &l->snap.chains.p[i];
		struct dump_filter f = { .family = c->family,
			                 .table = c->table,
			                 .name = c->name };
		struct prog_table in = { .family = c->family, .name = c->table };

		if (!(c->flags & NFT_CHAIN_BINDING))
			continue;
		struct bound_chain *b = arena_new(l->snap.a, struct bound_chain);

		*b = (struct bound_chain){ .family = c->family,
			                   .table = c->table,
			                   .name = c->name,
			                   .lister = l };
		arena_defer(l->snap.a, free_bound, b);
		l->table = &in;
		r = l->s->engine->ops->dump(l->s->engine, DUMP_RULES, &f, &ops,
		                            restart_bound, b);
		vec_push(&l->bound, b);
	}
	l->table = table;
	return r;
}

static bool bound_rules(void *ctx, struct str chain, const struct rule *const **rules,
                        size_t *n)
{
	struct lister *l = ctx;

	for (size_t i = 0; i < l->bound.n; i++) {
		const struct bound_chain *b = l->bound.p[i];

		if (b->family != l->table->family || !str_eq(b->table, l->table->name) ||
		    !str_eq(b->name, chain))
			continue;
		*rules = b->rules.p;
		*n = b->rules.n;
		return true;
	}
	return false;
}

/* Rules are printed while they are dumped, and a socket carries one dump at a time: the literals
 * they name are read before. */
int lister_prefetch(struct lister *l)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < l->snap.sets.n; i++) {
		struct snapshot_set *s = l->snap.sets.p[i];

		if (!(s->set.flags & NFT_SET_ANONYMOUS) || !s->known || s->elems ||
		    (s->set.flags & NFT_SET_EVAL))
			continue;
		s->elems = arena_new(l->snap.a, struct elem_list);
		elem_list_init(s->elems, l->snap.a, &s->info);
		arena_defer(l->snap.a, free_elems, s->elems);
		r = elem_list_read(s->elems, l->s->engine, &s->set, false);
	}
	return r < 0 ? r : prefetch_chains(l);
}

void lister_env_init(struct lister *l)
{
	l->env = (struct lift_env){ .ctx = l, .set = lister_set, .elems = lister_elems };
	l->printer.anonymous = bound_rules;
	l->printer.ctx = l;
}

static void lister_init(struct lister *l, struct session *s)
{
	*l = (struct lister){ .s = s };
	l->printer = (struct printer){ .out = &l->out,
		                       .names = s->opt->names,
		                       .fmt = s->opt->format };
	lister_env_init(l);
}

/* ---- rules ---- */

static void print_handle(struct lister *l, uint64_t handle)
{
	if (l->s->opt->format->handles)
		buf_fmt(&l->out, " # handle %llu", (unsigned long long)handle);
}

void lister_rule(struct lister *l, const struct prog_rule *r, struct arena *a)
{
	struct rule rule;
	struct str comment = udata_get_comment(r->userdata, UDATA_COMMENT);

	lift_rule(a, &l->env, r->family, &r->prog, &rule);
	if (comment.p)
		rule.comment = comment;
	print_rule(&l->printer, &rule);
}

static int list_rule(void *ctx, const struct prog_rule *r)
{
	struct lister *l = ctx;

	if (l->s->opt->debug_netlink) {
		buf_fmt(&l->out, "%s " STR_FMT " " STR_FMT " %llu\n",
		        family_name(r->family), STR_ARG(r->table), STR_ARG(r->chain),
		        (unsigned long long)r->handle);
		program_dump(&r->prog, &l->out);
		buf_char(&l->out, '\n');
	}
	buf_cstr(&l->out, "\t\t");
	lister_rule(l, r, &l->scratch);
	print_handle(l, r->handle);
	buf_char(&l->out, '\n');
	arena_reset(&l->scratch);
	return 0;
}

static void restart_rules(void *ctx)
{
	struct lister *l = ctx;

	l->out.n = l->mark;
}

static int list_rules(struct lister *l, const struct prog_chain *c, const struct want *w)
{
	static const struct dump_ops ops = { .rule = list_rule };
	struct dump_filter f = { .family = c->family,
		                 .table = c->table,
		                 .name = c->name,
		                 .handle = w->handle,
		                 .reset = w->reset };

	l->mark = l->out.n;
	if (w->handle) {
		struct session *s = l->s;

		return s->engine->ops->get(s->engine, DUMP_RULES, &f, &ops, l);
	}
	return l->s->engine->ops->dump(l->s->engine, DUMP_RULES, &f, &ops, restart_rules,
	                               l);
}

/* ---- chains ---- */

static int compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static const struct str *sorted_names(struct arena *a, const struct str *names, size_t n)
{
	struct str *out = arena_copy(a, names, n * sizeof(*names));

	qsort(out, n, sizeof(*out), compare_names);
	return out;
}

static void chain_to_block(struct arena *a, const struct prog_chain *c,
                           struct chain_block *b)
{
	struct str comment = udata_get_comment(c->userdata, UDATA_COMMENT);
	struct part dev = { datatypes[TYPE_IFNAME], 128, ORDER_NONE, 0 };

	*b = (struct chain_block){ .is_base = c->is_base,
		                   .type = c->type,
		                   .flags = c->flags };
	b->ref.family = c->family;
	b->ref.table = c->table;
	b->ref.name = c->name;
	b->hook = str_from(hook_name(c->family, c->hook));
	if (b->hook.n == 0)
		b->hook = arena_fmt(a, "%u", c->hook); /* newer than this gate */
	b->policy = !c->has_policy         ? (struct str){ 0 }
	            : c->policy == NF_DROP ? STR("drop")
	                                   : STR("accept");
	if (comment.p)
		b->comment = comment;
	if (c->n_devs == 0)
		return;
	const struct str *devs = sorted_names(a, c->devs, c->n_devs);

	b->devices =
		expr_make(a, c->n_devs == 1 ? EXPR_STRING : EXPR_SET, SPAN_NONE, NULL);
	if (c->n_devs == 1)
		b->devices->word = devs[0];
	for (size_t i = 0; c->n_devs > 1 && i < c->n_devs; i++) {
		struct expr *e = expr_make(a, EXPR_STRING, SPAN_NONE, &dev);

		e->word = devs[i];
		expr_list_add(&b->devices->list, a, e);
	}
}

static int list_chain(struct lister *l, const struct prog_chain *c, const struct want *w)
{
	struct chain_block b;
	int r = 0;

	chain_to_block(&l->scratch, c, &b);
	print_chain_head(&l->printer, &b, c->family, (int)c->hook, c->priority, true,
	                 l->s->opt->format->handles ? c->handle : 0);
	if (w->rules)
		r = list_rules(l, c, w);
	buf_cstr(&l->out, "\t}\n");
	return r;
}

/* ---- sets ---- */

static void set_to_block(struct arena *a, const struct snapshot_set *s,
                         struct set_block *b)
{
	struct udata_set u;

	udata_set_read(a, s->set.userdata, &u);
	*b = (struct set_block){ .is_map = s->info.is_map, .flags = s->set.flags };
	b->flags &= NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_INTERVAL |
	            NFT_SET_TIMEOUT | NFT_SET_EVAL;
	b->ref.family = s->set.family;
	b->ref.table = s->set.table;
	b->ref.name = s->set.name;
	b->key_typeof = s->info.key_expr;
	b->data_typeof = s->info.data_expr;
	for (unsigned i = 0; i < s->info.key.n; i++)
		b->key_types[b->n_key_types++] = s->info.key.p[i].type;
	for (unsigned i = 0; i < s->info.data.n; i++)
		b->data_types[b->n_data_types++] = s->info.data.p[i].type;
	b->data_interval = s->info.data_interval;
	b->data_verdict = s->info.data_verdict;
	b->data_obj = s->info.obj_type;
	b->auto_merge = u.auto_merge;
	b->comment = u.comment;
	b->has_timeout = s->set.timeout_ms != 0;
	b->timeout_ms = s->set.timeout_ms;
	b->has_gc = s->set.has_gc && s->set.gc_interval_ms;
	b->gc_interval_ms = s->set.gc_interval_ms;
	/* of a constant set it is the number of its elements */
	b->has_size =
		s->set.has_size && s->set.size && !(s->set.flags & NFT_SET_CONSTANT);
	b->size = s->set.size;
	b->has_policy = s->set.has_policy;
	b->policy = s->set.policy;
	for (size_t i = 0; i < s->set.exprs.n; i++) {
		struct stmt *st = lift_simple(a, &s->set.exprs.p[i]);

		if (st)
			stmt_list_add(&b->stmts, a, st);
	}
}

/* The type that says how many elements stand in a line: raw bytes are numbers. */
static const struct datatype *per_line_type(const struct set_info *info)
{
	if (info->key.n > 1)
		return NULL;
	return info->key_expr && is_raw(info->key_expr) ? datatypes[TYPE_INTEGER]
	                                                : info->key.p[0].type;
}

/* Bytes of a long list that are written at once. */
enum { PIECE = 64 << 10 };

static void print_elems(struct lister *l, const struct snapshot_set *s,
                        struct elem_list *elems)
{
	struct elems_printer ep;
	struct expr *e;
	size_t at = 0;
	bool bare = elem_list_is_bare(elems);
	struct bare_elem b;
	auto_arena one = { 0 };

	arena_init(&one);
	elems_begin(&ep, &l->printer, per_line_type(&s->info));
	for (;;) {
		if (bare && elem_list_next_bare(elems, &at, &b)) {
			elems_put_bare(&ep, s->info.key.p[0].type, &b.from, b.len);
			if (elems->data_n)
				elems_put_data(&ep, s->info.data.p[0].type, &b.data);
		} else if ((e = elem_list_next(elems, &at, &one))) {
			elems_put(&ep, e);
			arena_reset(&one);
		} else {
			break;
		}
		if (l->out.n > PIECE)
			session_write(l->s, &l->out);
	}
	elems_end(&ep);
}

static int list_set(struct lister *l, const struct snapshot_set *s, bool elems,
                    bool reset)
{
	struct set_block b;
	struct elem_list list;
	int r = 0;

	if (!s->known) {
		buf_fmt(&l->out,
		        "\t# unknown set \"" STR_FMT "\": gate does not know its type\n",
		        STR_ARG(s->set.name));
		return 0;
	}
	set_to_block(&l->scratch, s, &b);
	print_set_head(&l->printer, &b, l->s->opt->format->handles ? s->set.handle : 0);
	if (elems && !l->s->opt->format->terse) {
		elem_list_init(&list, &l->scratch, &s->info);
		r = elem_list_read(&list, l->s->engine, &s->set, reset);
		if (r == 0)
			print_elems(l, s, &list);
		elem_list_fini(&list);
	}
	buf_cstr(&l->out, "\t}\n");
	return r;
}

/* ---- tables ---- */

static void begin_table(struct lister *l, const struct prog_table *t, bool whole)
{
	struct str comment = udata_get_comment(t->userdata, UDATA_COMMENT);
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ NFT_TABLE_F_DORMANT, "dormant" },
		{ NFT_TABLE_F_OWNER, "owner" },
		{ 4, "persist" },
	};
	const char *delim = "\tflags ";

	l->table = t;
	l->delim = "";
	buf_fmt(&l->out, "table %s ", family_name(t->family));
	print_name(&l->printer, t->name);
	buf_cstr(&l->out, " {");
	if (whole)
		print_handle(l, t->handle);
	buf_char(&l->out, '\n');
	if (!whole)
		return;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (t->flags & flags[i].flag) {
			buf_fmt(&l->out, "%s%s", delim, flags[i].name);
			delim = ",";
		}
	}
	if (*delim == ',') {
		buf_cstr(&l->out, "\n");
		l->delim = "\n";
	}
	if (comment.p) {
		buf_cstr(&l->out, "\tcomment ");
		print_string(&l->out, comment);
		buf_char(&l->out, '\n');
	}
}

/* nft leaves a line between the things of a table, but not where only one kind is listed. */
static void begin_item(struct lister *l, const struct want *w)
{
	if (w->whole_table)
		buf_cstr(&l->out, l->delim);
	l->delim = "\n";
}

static bool same_table(const struct prog_table *t, uint8_t family, struct str table)
{
	return t->family == family && str_eq(t->name, table);
}

static bool wanted(struct str want, struct str name)
{
	return want.n == 0 || str_eq(want, name);
}

static void list_obj(struct lister *l, const struct prog_obj *o)
{
	struct obj_block b;

	if (object_lift(&l->scratch, o, &b) == 0)
		print_obj(&l->printer, &b, l->s->opt->format->handles ? o->handle : 0);
	else
		buf_fmt(&l->out, "\t# unknown object \"" STR_FMT "\" of type %u\n",
		        STR_ARG(o->name), o->type);
}

static int list_objs(struct lister *l, const struct want *w)
{
	for (size_t i = 0; i < l->snap.objs.n; i++) {
		const struct prog_obj *o = &l->snap.objs.p[i];

		if (!same_table(l->table, o->family, o->table) ||
		    !wanted(w->name, o->name) || (w->obj_type && o->type != w->obj_type))
			continue;
		begin_item(l, w);
		list_obj(l, o);
		l->found = true;
	}
	return 0;
}

static int list_sets(struct lister *l, const struct want *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->snap.sets.n; i++) {
		const struct snapshot_set *s = l->snap.sets.p[i];

		if (!same_table(l->table, s->set.family, s->set.table) ||
		    !wanted(w->name, s->set.name) || (w->maps && !s->info.is_map) ||
		    (w->only_sets && s->info.is_map && s->known))
			continue;
		if (w->meters ? !(s->set.flags & NFT_SET_EVAL)
		              : (s->set.flags & NFT_SET_ANONYMOUS) != 0)
			continue;
		begin_item(l, w);
		r = list_set(l, s, w->elems, w->reset);
		l->found = true;
		session_write(l->s, &l->out);
	}
	return r;
}

static void list_flowtable(struct lister *l, const struct prog_flowtable *f)
{
	struct prog_chain as_chain = { .devs = f->devs, .n_devs = f->n_devs };
	struct chain_block devices;
	struct flowtable_block b = { .flags = f->flags &
		                              ~(uint32_t)NFT_FLOWTABLE_COUNTER };

	chain_to_block(&l->scratch, &as_chain, &devices);
	b.ref.name = f->name;
	b.ref.table = f->table;
	b.ref.family = f->family;
	b.hook = STR("ingress");
	b.priority_offset = f->priority;
	b.devices = devices.devices;
	b.counter = f->flags & NFT_FLOWTABLE_COUNTER;
	print_flowtable(&l->printer, &b, l->s->opt->format->handles ? f->handle : 0);
}

static void list_flowtables(struct lister *l, const struct want *w)
{
	for (size_t i = 0; i < l->snap.flowtables.n; i++) {
		const struct prog_flowtable *f = &l->snap.flowtables.p[i];

		if (!same_table(l->table, f->family, f->table) ||
		    !wanted(w->name, f->name))
			continue;
		begin_item(l, w);
		list_flowtable(l, f);
		l->found = true;
	}
}

static int list_chains(struct lister *l, const struct want *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->snap.chains.n; i++) {
		const struct prog_chain *c = &l->snap.chains.p[i];

		if (!same_table(l->table, c->family, c->table) ||
		    !wanted(w->name, c->name) || (c->flags & NFT_CHAIN_BINDING))
			continue;
		begin_item(l, w);
		r = list_chain(l, c, w);
		l->found = true;
		if (r == 0)
			session_write(l->s, &l->out);
	}
	return r;
}

static int list_table(struct lister *l, const struct prog_table *t, const struct want *w)
{
	int r = 0;

	begin_table(l, t, w->whole_table);
	if (w->kinds & SNAP_OBJS)
		r = list_objs(l, w);
	if (r == 0 && w->kinds & SNAP_SETS && w->show_sets)
		r = list_sets(l, w);
	if (r == 0 && w->kinds & SNAP_FLOWTABLES)
		list_flowtables(l, w);
	if (r == 0 && w->kinds & SNAP_CHAINS)
		r = list_chains(l, w);
	buf_cstr(&l->out, "}\n");
	if (r < 0 || (w->name.n && !l->found))
		l->out.n = 0; /* report() says that it is not there */
	session_write(l->s, &l->out);
	return r;
}

void lister_elements(struct lister *l, const struct snapshot_set *set,
                     struct elem_list *list)
{
	struct set_block b;

	begin_table(l, l->table, false);
	set_to_block(&l->scratch, set, &b);
	print_set_head(&l->printer, &b, l->s->opt->format->handles ? set->set.handle : 0);
	print_elems(l, set, list);
	buf_cstr(&l->out, "\t}\n}\n");
}

bool lister_block(struct lister *l, enum dump_kind kind, struct str name)
{
	for (size_t i = 0; kind == DUMP_SETS && i < l->snap.sets.n; i++)
		if (str_eq(l->snap.sets.p[i]->set.name, name))
			return list_set(l, l->snap.sets.p[i], false, false) == 0;
	for (size_t i = 0; kind == DUMP_OBJS && i < l->snap.objs.n; i++) {
		if (str_eq(l->snap.objs.p[i].name, name)) {
			list_obj(l, &l->snap.objs.p[i]);
			return true;
		}
	}
	for (size_t i = 0; kind == DUMP_FLOWTABLES && i < l->snap.flowtables.n; i++) {
		if (str_eq(l->snap.flowtables.p[i].name, name)) {
			list_flowtable(l, &l->snap.flowtables.p[i]);
			return true;
		}
	}
	return false;
}

static bool report(struct session *s, const struct command *c, const struct want *w,
                   int r)
{
	if (r == -ENOENT && w->handle) {
		diag_error(s->diags, "E0114", c->position_span,
		           "chain `" STR_FMT "` has no rule with "
		           "this handle",
		           STR_ARG(w->name));
		return false;
	}
	if (r < 0 && (r != -ENOENT || w->table.n == 0 || w->found_table)) {
		diag_error(s->diags, "E0602", c->span, "cannot read the ruleset: %s",
		           strerror(-r));
		return false;
	}
	if (w->table.n == 0 || w->found_table) {
		if (w->name.n == 0 || w->found)
			return true;
		no_such_object(s, c);
		return false;
	}
	no_such_table(s, w->family, w->table, c->ref.table_span);
	return false;
}

static bool has_objs(const struct snapshot *s, const struct prog_table *t)
{
	for (size_t i = 0; i < s->objs.n; i++)
		if (same_table(t, s->objs.p[i].family, s->objs.p[i].table))
			return true;
	return false;
}

bool list_wanted(struct session *s, const struct command *c, struct want *w)
{
	struct lister l;

	lister_init(&l, s);
	arena_init(&l.scratch);
	struct dump_filter reset = { .family = w->family,
		                     .table = w->table,
		                     .name = w->name,
		                     .obj_type = w->obj_type,
		                     .reset = true };
	int r = snapshot_read(&l.snap, &s->scratch, s->engine, w->family, w->table,
	                      w->kinds | (w->rules ? SNAP_SETS : 0),
	                      w->reset ? &reset : NULL);

	if (r == 0 && w->rules)
		r = lister_prefetch(&l);

	for (size_t i = 0; r == 0 && i < l.snap.tables.n; i++) {
		const struct prog_table *t = &l.snap.tables.p[i];

		if (!wanted(w->table, t->name) || (w->family && t->family != w->family))
			continue;
		w->found_table = true;
		if (w->kinds == SNAP_OBJS && w->name.n == 0 && !has_objs(&l.snap, t))
			continue; /* as nft; of other kinds the empty table is shown */
		if (w->only_names)
			buf_fmt(&l.out, "table %s " STR_FMT "\n", family_name(t->family),
			        STR_ARG(t->name));
		else
			r = list_table(&l, t, w);
		session_write(s, &l.out);
	}
	w->found = l.found;
	vec_fini(&l.bound);
	snapshot_fini(&l.snap);
	arena_fini(&l.scratch);
	buf_fini(&l.out);
	return report(s, c, w, r);
}

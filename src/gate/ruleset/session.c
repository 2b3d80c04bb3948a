/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Runs commands: changes fill one transaction, reads wait until it is committed.
 */
#include "gate/ruleset/session.h"
#include "gate/ruleset/echo.h"
#include "gate/ruleset/elem_log.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/hooks_of.h"
#include "gate/ruleset/kernels.h"
#include "gate/ruleset/near.h"

uint32_t tag_add(struct session *s, const struct tag *t)
{
	uint32_t first = s->next_tag;

	vec_push(&s->tags, *t);
	s->tags.p[s->tags.n - 1].first = first;
	s->next_tag += t->rules ? (uint32_t)t->rules->list.n : 1;
	return first;
}

bool tag_find(const struct session *s, uint32_t number, struct tag *out)
{
	size_t low = 0, high = s->tags.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->tags.p[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || number >= s->next_tag)
		return false;
	*out = s->tags.p[low - 1];
	if (out->rules) {
		out->rule = rule_texts_get(out->rules, number - out->first);
		out->span = out->rule.span;
	}
	return true;
}

enum { PASS_BYTES = 256 << 10 }; /* given back at once */

void session_passed(struct session *s, struct span *left, uint32_t off)
{
	if (off < left->off || off - left->off < PASS_BYTES)
		return;
	sources_passed(s->sources,
	               (struct span){ left->file, left->off, off - left->off });
	left->off = off;
}

bool session_tx(struct session *s)
{
	if (s->tx || !s->engine)
		return true;
	int r = s->engine->ops->tx_begin(s->engine, s->generation, &s->tx);

	if (r < 0)
		diag_error(s->diags, "E0600", SPAN_NONE, "cannot start a transaction: %s",
		           strerror(-r));
	return r >= 0;
}

struct str session_key(struct session *s, enum family f, struct str table,
                       struct str name)
{
	char *p = arena_alloc(&s->scratch, table.n + name.n + 3);
	size_t n = 0;

	p[n++] = (char)f;
	if (table.n)
		memcpy(p + n, table.p, table.n);
	n += table.n;
	p[n++] = 0; /* no name holds one */
	if (name.n)
		memcpy(p + n, name.p, name.n);
	return (struct str){ p, n + name.n };
}

void session_put(struct session *s, struct map *map, struct str key, void *value)
{
	map_put(map, map_has(map, key) ? key : arena_str(&s->a, key), value);
}

void session_write(struct session *s, struct buf *out)
{
	s->opt->write(s->opt->write_ctx, buf_as_str(out));
	buf_reset(out);
}

static int copy_chain(void *ctx, const struct prog_chain *c)
{
	*(struct prog_chain *)ctx = *c;
	return 0;
}

int session_get_chain(struct session *s, enum family f, struct str table, struct str name,
                      struct prog_chain *out)
{
	struct dump_ops ops = { .chain = copy_chain };
	struct dump_filter filter = { .family = (uint8_t)f,
		                      .table = table,
		                      .name = name };

	if (!s->engine)
		return -ENOENT;
	int r = s->engine->ops->get(s->engine, DUMP_CHAINS, &filter, &ops, out);

	if (r == 0) { /* the strings are the engine's, and gone by now */
		out->type = str_is(out->type, "nat")     ? STR("nat")
		            : str_is(out->type, "route") ? STR("route")
		                                         : STR("filter");
		out->table = table;
		out->name = name;
	}
	return r;
}

bool session_is_blind(struct session *s, enum family f, struct str table)
{
	return s->offline && !s->flushed &&
	       !map_has(&s->fresh, session_key(s, f, table, STR("")));
}

void session_unchecked(struct session *s, const char *what, enum family f,
                       struct str table, struct str name)
{
	struct str text =
		name.n ? arena_fmt(&s->a, "%s `" STR_FMT "` of table `%s " STR_FMT "`",
	                           what, STR_ARG(name), family_name(f), STR_ARG(table))
		       : arena_fmt(&s->a, "table `%s " STR_FMT "`", family_name(f),
	                           STR_ARG(table));

	for (size_t i = 0; i < s->unchecked.n; i++)
		if (str_eq(s->unchecked.p[i], text))
			return;
	vec_push(&s->unchecked, text);
}

enum { UNCHECKED_SHOWN = 10 };

static void note_unchecked(struct session *s)
{
	struct diag *d;

	if (s->unchecked.n == 0)
		return;
	d = diag_add(s->diags, DIAG_NOTE, "", SPAN_NONE,
	             "not checked, since only the kernel knows:");
	for (size_t i = 0; i < s->unchecked.n && i < UNCHECKED_SHOWN; i++)
		diag_note(s->diags, d, STR_FMT, STR_ARG(s->unchecked.p[i]));
	if (s->unchecked.n > UNCHECKED_SHOWN)
		diag_note(s->diags, d, "and %zu more", s->unchecked.n - UNCHECKED_SHOWN);
	diag_help(s->diags, d,
	          "`gate check --state FILE` checks against the ruleset in FILE");
}

struct set_get {
	struct session *s;
	struct set_info *info;
	int err;
};

static int keep_set(void *ctx, const struct prog_set *set)
{
	struct set_get *g = ctx;

	g->info = arena_new(&g->s->a, struct set_info);
	g->err = set_info_from_kernel(&g->s->a, set, g->info);
	return 0;
}

const struct set_info *session_set(struct session *s, enum family f, struct str table,
                                   struct str name, struct span span)
{
	struct str key = session_key(s, f, table, name);
	struct set_info *info = map_get(&s->sets, key);
	struct set_get g = { .s = s };
	struct dump_ops ops = { .set = keep_set };
	struct dump_filter filter = { .family = (uint8_t)f,
		                      .table = table,
		                      .name = name };

	if (info)
		return info->is_broken ? NULL : info;
	if (session_is_blind(s, f, table)) {
		session_unchecked(s, "set", f, table, name);
		return NULL;
	}
	int r = s->engine && !s->flushed
	                ? s->engine->ops->get(s->engine, DUMP_SETS, &filter, &ops, &g)
	                : -ENOENT;

	if (r < 0 || !g.info) {
		no_such_name(s, DUMP_SETS, "set", f, table, name, 0, span);
		return NULL;
	}
	if (g.err < 0) {
		diag_error(s->diags, "E0902", span,
		           "set `" STR_FMT "` has a type that gate does not "
		           "know",
		           STR_ARG(name));
		return NULL;
	}
	session_put(s, &s->sets, key, g.info);
	return g.info;
}

static bool refuse(struct session *s, const struct command *c, const char *what)
{
	diag_error(s->diags, "E0900", c->span, "not supported by gate yet: %s", what);
	return false;
}

static bool keep_read(struct session *s, const struct command *c)
{
	vec_push(&s->reads, *c);
	return kernel_takes_read(s, c);
}

static bool run_command(struct session *s, const struct command *c)
{
	switch (c->verb) {
	case CMD_ADD:
	case CMD_CREATE:
	case CMD_INSERT:
		return run_add(s, c);
	case CMD_REPLACE:
		return run_replace(s, c);
	case CMD_DELETE:
	case CMD_DESTROY:
		return run_delete(s, c);
	case CMD_FLUSH:
		return run_flush(s, c);
	case CMD_RENAME:
		return run_rename(s, c);
	case CMD_LIST:
	case CMD_RESET:
	case CMD_GET:
	case CMD_DESCRIBE:
		return keep_read(s, c);
	case CMD_MONITOR:
		return refuse(s, c, "`monitor`");
	case CMD_EXPORT:
		return refuse(s, c, "`export` (use `list ruleset`)");
	case CMD_IMPORT:
		return refuse(s, c, "`import`");
	}
	return false;
}

static void session_fini(struct session *s)
{
	vec_fini(&s->tags);
	vec_fini(&s->reads);
	map_fini(&s->sets);
	map_fini(&s->chains);
	map_fini(&s->tables);
	map_fini(&s->fresh);
	elem_log_fini(s);
	vec_fini(&s->unchecked);
	arena_fini(&s->scratch);
	arena_fini(&s->a);
}

static int commit(struct session *s)
{
	struct tx_error *errors = NULL;
	size_t n = 0;
	struct tx *tx = s->tx;

	s->tx = NULL;
	if (!tx)
		return 0;
	struct echo *echo = s->opt->format->echo && !s->opt->check ? echo_new(s) : NULL;
	int r = s->engine->ops->tx_commit(tx, s->opt->check, &s->a, &errors, &n,
	                                  echo ? &echo_ops : NULL, echo);
	if (r < 0 && r != -ERESTART)
		explain_errors(s, errors, n, r);
	if (r == 0 && echo)
		echo_print(echo);
	return r;
}

static int run_all(struct session *s)
{
	struct command *c;
	int r = 0;

	while (parser_next(s->parser, &c) == 1) {
		run_command(s, c);
		arena_reset(&s->scratch);
	}
	send_held_elems(s, NULL);
	if (s->follow_jumps && !diags_failed(s->diags))
		hooks_take_jumps(s);
	if (diags_failed(s->diags)) {
		if (s->tx)
			s->engine->ops->tx_abort(s->tx);
		s->tx = NULL;
		return -EINVAL;
	}
	r = commit(s);
	s->flushed &= s->opt->check;     /* the kernel is what the reads are about now */
	if (s->opt->check && s->changes) /* what the reads ask about was never made */
		return r;
	for (size_t i = 0; r == 0 && i < s->reads.n; i++) {
		if (!run_read(s, &s->reads.p[i]))
			r = -EINVAL;
		arena_reset(&s->scratch);
	}
	return r;
}

int ruleset_run(struct engine *engine, struct parser *parser,
                const struct sources *sources, struct diags *diags,
                const struct ruleset_options *options)
{
	struct session s = { .engine = engine,
		             .parser = parser,
		             .sources = sources,
		             .diags = diags,
		             .opt = options };

	s.offline = !engine;
	arena_init(&s.a);
	arena_init(&s.scratch);
	tag_add(&s, &(struct tag){
			    .object = OBJ_RULESET }); /* 0: the transaction as a whole */
	s.spare.cap = 128;                            /* more the kernel does not take */
	s.spare.p = arena_array(&s.a, struct insn, s.spare.cap);
	/* What is read on the way must still hold at the commit. */
	int r = engine ? engine->ops->generation(engine, &s.generation) : 0;

	if (r < 0)
		diag_error(diags, "E0602", SPAN_NONE, "cannot read the ruleset: %s",
		           strerror(-r));
	else
		r = run_all(&s);
	note_unchecked(&s);
	session_fini(&s);
	return r;
}

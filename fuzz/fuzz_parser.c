/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The parser on any text: commands, the rules and elements they hold, printing what was
 * understood, and completion at the text's end. Includes resolve to the text itself or
 * nothing, so that cycles and depth are tried too.
 */
#include "fuzz.h"

#include <errno.h>

#include "gate/lang/parser.h"
#include "gate/lang/print.h"

/* What an include may find. */
struct world {
	struct str text;
	unsigned opened;
};

enum { OPEN_MAX = 40, COMPLETE_MAX = 400 };

static int expand(void *ctx, struct str pattern, struct arena *a, struct str **paths,
                  size_t *n)
{
	struct str *list = arena_array(a, struct str, 2);

	(void)ctx;
	if (str_is(pattern, "*"))
		pattern = STR("a");
	list[0] = pattern;
	list[1] = STR("b");
	*paths = list;
	*n = pattern.n % 3;
	return pattern.n > 5 ? -ENOENT : 0;
}

static int open_again(void *ctx, struct str path, struct sources *sources, uint32_t *file)
{
	struct world *w = ctx;

	if (w->opened++ == OPEN_MAX)
		return -EMFILE;
	*file = sources_add(sources, path, w->text);
	return 0;
}

/* All that a run needs. */
struct run {
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct parser *parser;
	struct buf out;
};

static void run_rule(struct run *r, const struct rule_text *text)
{
	const struct format format = { 0 };
	const struct printer printer = { .out = &r->out, .fmt = &format };
	auto_arena a = { 0 };
	struct rule *rule;

	if (text->span.len == 0 || parse_rule(r->parser, text, &a, &rule) < 0)
		return;
	buf_reset(&r->out);
	print_rule(&printer, rule);
}

static void run_elems(struct run *r, const struct elems_text *text)
{
	auto_arena a = { 0 };
	struct elems_iter it;
	struct expr *elem;

	if (text->span.len == 0)
		return;
	elems_open(&it, r->parser, text);
	while (elems_next(&it, &a, &elem) != 0)
		arena_reset(&a);
}

static void run_chain(struct run *r, const struct chain_block *c)
{
	for (size_t i = 0; c && i < c->rules.list.n; i++) {
		struct rule_text text = rule_texts_get(&c->rules, i);

		run_rule(r, &text);
	}
}

static void run_command(struct run *r, const struct command *cmd)
{
	run_rule(r, &cmd->rule);
	run_rule(r, &cmd->rule_ref);
	run_elems(r, &cmd->elems);
	run_chain(r, cmd->chain);
	if (cmd->set)
		run_elems(r, &cmd->set->elems);
	for (size_t i = 0; cmd->table && i < cmd->table->n_chains; i++)
		run_chain(r, cmd->table->chains[i]);
	for (size_t i = 0; cmd->table && i < cmd->table->n_sets; i++)
		run_elems(r, &cmd->table->sets[i]->elems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world world = { { (const char *)data, n }, 0 };
	const struct reader reader = { &world, expand, open_again };
	const struct str defines[] = { STR("x=1"), STR("s={ 1, 2-3 }") };
	const struct parser_options options = {
		.reader = &reader,
		.defines = defines,
		.n_defines = ARRAY_LEN(defines),
		.keep_broken = n % 2,
	};
	struct run r = { 0 };
	struct command *cmd;

	r.parser = parser_new(&r.a, &r.sources, &r.diags, &options);
	parser_add_source(r.parser, sources_add(&r.sources, STR("input"), world.text));
	while (parser_next(r.parser, &cmd) == 1)
		run_command(&r, cmd);
	buf_reset(&r.out);
	diags_print(&r.diags, &r.sources, &r.out, false);
	buf_reset(&r.out);
	if (n <= COMPLETE_MAX)
		parser_complete(world.text, &r.out);
	buf_fini(&r.out);
	diags_fini(&r.diags);
	arena_fini(&r.a);
	sources_fini(&r.sources);
	return 0;
}

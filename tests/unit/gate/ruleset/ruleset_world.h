/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A ruleset in memory for tests: text goes in, is lowered and committed; the listing, lifted
 * from what the engine holds, comes out.
 */
#pragma once

#include "gate/ruleset/ruleset.h"
#include "unit.h"

struct world {
	struct engine *e;
	struct buf out;  /* what the last run printed */
	struct buf said; /* codes and messages of its errors, a line each */
};

static void world_keep(void *ctx, struct str text)
{
	buf_str(ctx, text);
}

/* Runs commands. Returns what ruleset_run does; `check`: changes nothing. */
static int world_run(struct world *w, const char *commands)
{
	static const struct names names;
	static const struct format format = { .stateless = true };
	struct arena a = { 0 };
	struct sources sources = { 0 };
	struct diags diags = { 0 };
	const struct parser_options parsing = { .names = &names };
	struct parser *p = parser_new(&a, &sources, &diags, &parsing);
	const struct ruleset_options options = { .names = &names,
		                                 .format = &format,
		                                 .write = world_keep,
		                                 .write_ctx = &w->out };

	buf_reset(&w->out);
	buf_reset(&w->said);
	parser_add_source(p, sources_add(&sources, STR("test"), str_from(commands)));
	int r = ruleset_run(w->e, p, &sources, &diags, &options);

	for (size_t i = 0; i < diags.list.n; i++)
		if (diags.list.p[i]->level == DIAG_ERROR)
			buf_fmt(&w->said, "%s " STR_FMT "\n", diags.list.p[i]->code,
			        STR_ARG(diags.list.p[i]->message));
	diags_fini(&diags);
	sources_fini(&sources);
	arena_fini(&a);
	return r;
}

static inline int world_begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->e = engine_memory_new();
	*state = w;
	return 0;
}

static inline int world_end(void **state)
{
	struct world *w = *state;

	w->e->ops->close(w->e);
	buf_fini(&w->out);
	buf_fini(&w->said);
	free(w);
	return 0;
}

/* Runs commands that must work. */
static inline void world_do(struct world *w, const char *commands)
{
	if (world_run(w, commands) < 0)
		fail_msg("%s\nsays: %s", commands, w->said.p ? w->said.p : "nothing");
}

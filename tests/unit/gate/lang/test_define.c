/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Definitions and their scopes, includes, elements out of texts and variables. */
#include "commands.h"

#include <errno.h>

/* Files by name, for includes. `dir/` and something that begins so lists all of it. */
struct files {
	const char *rows[8][2];
};

static int expand(void *ctx, struct str pattern, struct arena *a, struct str **paths,
                  size_t *n)
{
	const struct files *files = ctx;
	bool wild = str_ends(pattern, STR("*"));
	struct str prefix = str_sub(pattern, 0, pattern.n - wild);

	*paths = arena_array(a, struct str, ARRAY_LEN(files->rows));
	*n = 0;
	for (size_t i = 0; i < ARRAY_LEN(files->rows) && files->rows[i][0]; i++) {
		struct str name = str_from(files->rows[i][0]);

		if (wild ? str_starts(name, prefix) : str_eq(name, pattern))
			(*paths)[(*n)++] = name;
	}
	return *n || wild ? 0 : -ENOENT;
}

static int open_file(void *ctx, struct str path, struct sources *sources, uint32_t *file)
{
	const struct files *files = ctx;

	for (size_t i = 0; i < ARRAY_LEN(files->rows) && files->rows[i][0]; i++) {
		if (!str_is(path, files->rows[i][0]))
			continue;
		*file = sources_add(sources, path, str_from(files->rows[i][1]));
		return 0;
	}
	return -ENOENT;
}

/* Everything that can be read of a command's kept text: rules' statements, elements. */
static void put_rule(struct commands *c, const struct rule_text *text, struct buf *out)
{
	auto_arena a = { 0 };
	struct rule *rule;

	if (text->span.len && parse_rule(c->parser, text, &a, &rule) == 0)
		buf_fmt(out, " rule:%zu", rule->stmts.n);
}

static void put_elems(struct commands *c, const struct elems_text *text, struct buf *out)
{
	auto_arena a = { 0 };
	struct elems_iter it;
	struct expr *e;
	int r;

	if (text->span.len == 0)
		return;
	elems_open(&it, c->parser, text);
	while ((r = elems_next(&it, &a, &e)) != 0) {
		if (r < 0)
			buf_cstr(out, " !");
		else
			buf_fmt(out, " [" STR_FMT "]",
			        STR_ARG(sources_text(&c->sources, e->span)));
		arena_reset(&a);
	}
}

static void put_table(struct commands *c, const struct table_block *t, struct buf *out)
{
	for (size_t i = 0; i < t->n_chains; i++)
		for (size_t j = 0; j < t->chains[i]->rules.list.n; j++) {
			struct rule_text text = rule_texts_get(&t->chains[i]->rules, j);

			put_rule(c, &text, out);
		}
	for (size_t i = 0; i < t->n_sets; i++)
		put_elems(c, &t->sets[i]->elems, out);
}

/* Commands with what their texts give, then findings. */
static void read_all(const struct files *files, const char *text, struct buf *out)
{
	struct files none = { 0 };
	union {
		const struct files *in;
		void *ctx;
	} world = { files ? files : &none };
	struct reader reader = { world.ctx, expand, open_file };
	struct commands c;
	struct command *cmd;

	commands_open(&c, &reader);
	commands_add(&c, "main", text);
	while (parser_next(c.parser, &cmd) == 1) {
		buf_fmt(out, "%s%s", out->n ? "\n" : "", object_word(cmd));
		put_word(out, "", cmd->ref.table);
		put_rule(&c, &cmd->rule, out);
		put_elems(&c, &cmd->elems, out);
		if (cmd->table)
			put_table(&c, cmd->table, out);
	}
	put_diags(&c, out);
	commands_close(&c);
}

static void check_all(const struct files *files, const char *const rows[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_buf got = { 0 };

		read_all(files, rows[i][0], &got);
		if (!str_is(buf_as_str(&got), rows[i][1]))
			fail_msg("%s\ngot:\n" STR_FMT "\nwant:\n%s", rows[i][0],
			         STR_ARG(buf_as_str(&got)), rows[i][1]);
	}
}

static void text_sees_the_definitions_made_before_it(void **state)
{
	static const char *const rows[][2] = {
		{ "define a = 22\nadd rule t c tcp dport $a accept", "rule t rule:2" },
		{ "add rule t c tcp dport $a accept\ndefine a = 22",
		  "rule t\nE0006@1:24: `$a` is not defined" },
		{ "table t { chain c { tcp dport $a accept; define a = 1; tcp dport $a accept; } }",
		  "table t rule:2\nE0006@1:31: `$a` is not defined" },
		{ "table t { define a = 1; chain c { tcp dport $a accept; } }\nadd rule t c tcp dport $a drop",
		  "table t rule:2\nrule t\nE0006@2:24: `$a` is not defined" },
		{ "define a = 1\ntable t { chain c { define a = { 2, 3 }\n tcp dport $a drop; } }",
		  "table t rule:2" },
		{ "define a = 1\ndefine a = 2", "E0010@2:8: `a` is defined already" },
		{ "define a = 1\nredefine a = 2\nundefine a\nadd rule t c tcp dport $a drop",
		  "rule t\nE0006@4:24: `$a` is not defined" },
		{ "undefine a", "W0006@1:10: `a` is not defined here" },
		{ "define WEB = 80\nadd rule t c tcp dport $WBE drop\nadd rule t c tcp dport $WEB/8 drop",
		  "rule t\nrule t\nE0006@2:24: `$WBE` is not defined\nE0006@3:24: `$WEB/8` is not defined" },
		{ "define $a = 1\ndefine 5 = 1\ndefine a 1\ndefine a =",
		  "E0001@1:8: the name is written without `$` here\n"
		  "E0001@2:8: expected the variable's name, found `5`\n"
		  "E0001@3:10: expected `=`, found `1`\nE0001@4:11: expected a value, found the end" },
		{ "define a = 1 2", "E0001@1:14: expected a newline or `;` before `2`" },
	};

	(void)state;
	check_all(NULL, rows, ARRAY_LEN(rows));
}

static void elements_come_one_by_one(void **state)
{
	static const char *const rows[][2] = {
		{ "add element t s { 1.1.1.1, 10.0.0.0/8,\n 1.1.1.1-1.1.1.9 , ::1,22 }",
		  "element t [1.1.1.1] [10.0.0.0/8] [1.1.1.1-1.1.1.9] [::1] [22]" },
		{ "add element t s { 1.1.1.1 . 80 timeout 5s, # { , }\n 22:accept, eth* : jump x, \"a,b\" }",
		  "element t [1.1.1.1 . 80] [22:accept] [eth* : jump x] [\"a,b\"]" },
		{ "add element t s { 1.1.1.1 comment \"a, b\", * : drop, }",
		  "element t [1.1.1.1] [* : drop]" },
		{ "add element t s { 1.1.1.1 \\\n, 2 }\nadd element t s { }",
		  "element t [1.1.1.1] [2]\nelement t" },
		{ "define a = { 1, 2-3 }\ndefine b = { $a, 4 }\nadd element t s { $b, 5, $a }\nadd element t s $b",
		  "element t [1] [2-3] [4] [5] [1] [2-3]\nelement t [1] [2-3] [4]" },
		{ "define a = 5\nadd element t s { $a }\nadd element t s $a",
		  "element t [5]\nelement t [5]" },
		{ "add element t s { { 1, 2 }, 3 }", "element t [1] [2] [3]" },
		{ "table t { set s { type mark; elements = { 1, 2 }; } }",
		  "table t [1] [2]" },
		{ "add element t s { 1.1.1.1, 2 3, 4 : , 5, , 6 }",
		  "element t [1.1.1.1] ! ! [5] ! [6]\nE0208@1:29: expected a comma before `3`\n"
		  "E0001@1:37: expected a value, found `,`\nE0001@1:42: expected a value, found `,`" },
		{ "add element t s { $x, 5 }",
		  "element t ! [5]\nE0006@1:19: `$x` is not defined" },
		{ "add element t s { 1, 2", "E0003@1:17: `{` is never closed" },
	};

	(void)state;
	check_all(NULL, rows, ARRAY_LEN(rows));
}

static const struct files tree = { {
	{ "defs", "define a = 22\ndefine b = { 1, 2 }\n" },
	{ "rules", "tcp dport $a accept; drop\n" },
	{ "chain", "chain x { accept\n}" },
	{ "self", "add table s\ninclude \"self\"\nadd table u" },
	{ "d/1", "add table one\ninclude \"defs\"" },
	{ "d/2", "add table two\nadd rule t c tcp dport $a accept" },
	{ "bad", "add tbl x\n}" },
	{ "open", "chain y { accept" },
} };

static void files_are_included_everywhere(void **state)
{
	static const char *const rows[][2] = {
		{ "include \"defs\"\nadd rule t c tcp dport $a accept", "rule t rule:2" },
		{ "include \"d/*\"\nadd table three",
		  "table one\ntable two\nrule t rule:2\ntable three" },
		{ "table t { include \"defs\"; chain c { include \"rules\"\n accept; }\n include \"chain\" }",
		  "table t rule:2 rule:1 rule:1 rule:1" },
		{ "include \"none/*\"\nadd table t", "table t" },
		{ "include \"none\"\nadd table t",
		  "table t\nE0015@1:9: cannot include \"none\": No such file or directory" },
		{ "include \"self\"",
		  "table s\ntable u\nE0015@2:9: \"self\" includes itself" },
		{ "include \"bad\"\nadd table t",
		  "table t\nE0011@1:5: `tbl` is not something to add\nE0001@2:1: `}` closes nothing" },
		{ "table t { include \"open\"\n }\nadd table u",
		  "table u\nE0003@1:9: `{` is never closed" },
		{ "include defs",
		  "E0001@1:9: expected the file's name in quotes, found `defs`" },
		{ "include \"defs\" \"rules\"",
		  "E0001@1:16: expected a newline or `;` before `rules`" },
	};

	(void)state;
	check_all(&tree, rows, ARRAY_LEN(rows));
}

static void options_define_too(void **state)
{
	const struct str defines[] = { STR("a=22"), STR("s={ 1, 2 }"), STR("broken") };
	struct parser_options options = { .defines = defines, .n_defines = 3 };
	struct commands c = { 0 };
	struct command *cmd;
	struct rule *rule;

	(void)state;
	c.parser = parser_new(&c.a, &c.sources, &c.diags, &options);
	commands_add(&c, "test", "add rule t c tcp dport $a tcp sport $s accept");
	assert_int_equal(c.diags.errors, 1);
	assert_str(c.diags.list.p[0]->message, "-D broken: expected name=value");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_int_equal(parse_rule(c.parser, &cmd->rule, &c.a, &rule), 0);
	assert_int_equal(rule->stmts.n, 3);
	commands_close(&c);
}

static void later_sources_know_earlier_definitions(void **state)
{
	struct commands c;
	struct command *cmd;
	struct rule *rule;

	(void)state;
	commands_open(&c, NULL);
	commands_add(&c, "one", "define a = 22");
	assert_int_equal(parser_next(c.parser, &cmd), 0);
	commands_add(&c, "two", "add rule t c tcp dport $a accept");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_int_equal(parse_rule(c.parser, &cmd->rule, &c.a, &rule), 0);
	commands_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(text_sees_the_definitions_made_before_it),
		UNIT(elements_come_one_by_one),
		UNIT(files_are_included_everywhere),
		UNIT(options_define_too),
		UNIT(later_sources_know_earlier_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Where included files are found, in which order. */
#include "gate/cli/reader.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Folders d1, d2, base with files that name themselves; the names are this test's own, so
 * that /etc has none of them. */
struct tree {
	struct arena a;
	char root[32];
	struct str dirs[2], base;
};

static const char *const files[] = { "d1/gt-a.x", "d1/gt-c.x",   "d2/gt-a.x",
	                             "d2/gt-b.x", "base/gt-a.x", "base/gt-z.x" };

static int make_tree(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	strcpy(t->root, "/tmp/gate-reader-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	t->dirs[0] = arena_fmt(&t->a, "%s/d1", t->root);
	t->dirs[1] = arena_fmt(&t->a, "%s/d2", t->root);
	t->base = arena_fmt(&t->a, "%s/base", t->root);
	mkdir(t->dirs[0].p, 0700);
	mkdir(t->dirs[1].p, 0700);
	mkdir(t->base.p, 0700);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		FILE *f = fopen(arena_fmt(&t->a, "%s/%s", t->root, files[i]).p, "w");
		assert_non_null(f);
		fputs(files[i], f);
		fclose(f);
	}
	*state = t;
	return 0;
}

static int remove_tree(void **state)
{
	struct tree *t = *state;

	assert_int_equal(system(arena_fmt(&t->a, "rm -r %s", t->root).p), 0);
	arena_fini(&t->a);
	free(t);
	return 0;
}

/* What a pattern stands for, below the root and joined with blanks; "-" and the errno when it
 * fails. */
static struct str expand(struct tree *t, bool has_base, const char *pattern)
{
	struct include_path path = { .a = &t->a, .dirs = t->dirs, .n_dirs = 2 };
	struct str *found, joined = STR("");
	struct reader reader;
	size_t n;

	if (has_base)
		path.base = t->base;
	reader_init(&reader, &path);
	int r = reader.expand(reader.ctx, str_from(pattern), &t->a, &found, &n);
	if (r < 0)
		return arena_fmt(&t->a, "%d", r);
	for (size_t i = 0; i < n; i++) {
		struct str name = str_sub(found[i], strlen(t->root) + 1, found[i].n);
		joined = arena_fmt(&t->a, STR_FMT "%s" STR_FMT, STR_ARG(joined),
		                   i ? " " : "", STR_ARG(name));
	}
	return joined;
}

static void a_name_is_the_first_file_found(void **state)
{
	struct tree *t = *state;

	assert_str(expand(t, true, "gt-a.x"), "d1/gt-a.x");
	assert_str(expand(t, true, "gt-b.x"), "d2/gt-b.x");
	assert_str(expand(t, true, "gt-z.x"), "base/gt-z.x");
	assert_str(expand(t, false, "gt-z.x"), arena_fmt(&t->a, "%d", -ENOENT).p);
	assert_str(expand(t, true, "./gt-a.x"), arena_fmt(&t->a, "%d", -ENOENT).p);
}

static void a_pattern_takes_all_folders_the_last_first(void **state)
{
	struct tree *t = *state;

	assert_str(expand(t, true, "gt-*.x"), "d2/gt-a.x d2/gt-b.x d1/gt-a.x d1/gt-c.x");
	assert_str(expand(t, true, "gt-[y-z].x"), "base/gt-z.x");
	assert_str(expand(t, false, "gt-[y-z].x"), "");
}

static void a_path_is_taken_as_it_is(void **state)
{
	struct tree *t = *state;

	assert_str(expand(t, true, arena_fmt(&t->a, "%s/d?/gt-a.x", t->root).p),
	           "d1/gt-a.x d2/gt-a.x");
	assert_str(expand(t, true, arena_fmt(&t->a, "%s/base/gt-z.x", t->root).p),
	           "base/gt-z.x");
	assert_str(expand(t, true, arena_fmt(&t->a, "%s/base/none", t->root).p),
	           arena_fmt(&t->a, "%d", -ENOENT).p);
}

static void an_opened_file_becomes_a_source(void **state)
{
	struct tree *t = *state;
	struct include_path path = { .a = &t->a };
	struct sources sources = { 0 };
	struct str name = arena_fmt(&t->a, "%s/d1/gt-c.x", t->root);
	struct reader reader;
	uint32_t file = 77;

	reader_init(&reader, &path);
	assert_int_equal(reader.open(reader.ctx, name, &sources, &file), 0);
	assert_int_equal(file, 1);
	assert_str(sources_get(&sources, file)->name, name.p);
	assert_str(sources_get(&sources, file)->text, "d1/gt-c.x");
	assert_int_equal(reader.open(reader.ctx, STR("/nonexistent"), &sources, &file),
	                 -ENOENT);
	assert_int_equal(file, 1);
	sources_fini(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_name_is_the_first_file_found),
		UNIT(a_pattern_takes_all_folders_the_last_first),
		UNIT(a_path_is_taken_as_it_is),
		UNIT(an_opened_file_becomes_a_source),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}

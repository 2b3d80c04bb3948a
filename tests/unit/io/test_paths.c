/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Patterns: order, what is left out, and folders that are not there. */
#include "io/paths.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static void touch(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static void clean(const char *folder)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

/* Expands folder/pattern and joins the names found with blanks. */
static struct str expand(struct arena *a, const char *folder, const char *pattern)
{
	struct str *paths, joined = STR("");
	size_t n;

	assert_int_equal(
		paths_expand(a, arena_fmt(a, "%s/%s", folder, pattern), &paths, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct str name = str_sub(paths[i], strlen(folder) + 1, paths[i].n);
		joined = arena_fmt(a, STR_FMT "%s" STR_FMT, STR_ARG(joined), i ? " " : "",
		                   STR_ARG(name));
	}
	return joined;
}

static void matches_come_in_byte_order_without_dot_files_and_folders(void **state)
{
	char folder[] = "/tmp/gate-paths-XXXXXX", sub[64];
	auto_arena a = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	touch(folder, "b.nft");
	touch(folder, "B.nft");
	touch(folder, "a.nft");
	touch(folder, "10.nft");
	touch(folder, "9.nft");
	touch(folder, ".hidden.nft");
	touch(folder, "a.txt");
	snprintf(sub, sizeof(sub), "%s/sub.nft", folder);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_str(expand(&a, folder, "*.nft"), "10.nft 9.nft B.nft a.nft b.nft");
	assert_str(expand(&a, folder, "[ab].nft"), "a.nft b.nft");
	assert_str(expand(&a, folder, "?.nft"), "9.nft B.nft a.nft b.nft");
	assert_str(expand(&a, folder, "a.nft"), "a.nft");
	assert_str(expand(&a, folder, "sub.nft"), "");
	assert_str(expand(&a, folder, "none*"), "");
	assert_str(expand(&a, folder, "missing.nft"), "");
	assert_str(expand(&a, folder, "nowhere/*.nft"), "");
	clean(folder);
}

static void wildcards_are_seen_unless_a_backslash_is_before_them(void **state)
{
	static const struct {
		const char *pattern;
		bool is_wild;
	} rows[] = {
		{ "a.nft", false }, { "*.nft", true },     { "a?.nft", true },
		{ "[ab]", true },   { "a\\*.nft", false }, { "\\\\*", true },
		{ "", false },      { "a\\", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (path_has_wildcard(str_from(rows[i].pattern)) != rows[i].is_wild)
			fail_msg("%s", rows[i].pattern);
}

static void a_path_knows_its_folder(void **state)
{
	(void)state;
	assert_str(path_folder(STR("/etc/nftables.conf")), "/etc");
	assert_str(path_folder(STR("rules/web.nft")), "rules");
	assert_str(path_folder(STR("web.nft")), ".");
	assert_str(path_folder(STR("/web.nft")), "/");
	assert_str(path_folder(STR("")), ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(matches_come_in_byte_order_without_dot_files_and_folders),
		UNIT(wildcards_are_seen_unless_a_backslash_is_before_them),
		UNIT(a_path_knows_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

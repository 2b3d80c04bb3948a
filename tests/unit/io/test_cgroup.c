/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Groups of this machine, whatever they are called: path to number and back. */
#include "io/cgroup.h"
#include "unit.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Where the tree of the second kind is, or NULL. */
static const char *group_tree(void)
{
	static const char *const trees[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_LEN(trees); i++)
		if (statfs(trees[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return trees[i];
	return NULL;
}

static void a_group_is_found_by_path_and_by_number(void **state)
{
	char folder[128], path[128];
	const char *tree = group_tree();
	uint64_t id = 0;

	(void)state;
	if (!tree)
		skip(); /* no cgroup2 mounted */
	snprintf(folder, sizeof(folder), "%s/gate-test-%d", tree, (int)getpid());
	if (mkdir(folder, 0755) < 0)
		skip(); /* read-only, or not root */
	const char *name = strrchr(folder, '/') + 1;
	int to_id = cgroup_id(name, &id);
	int to_path = cgroup_path(id, path, sizeof(path));
	int short_path = cgroup_path(id, path, 3);
	rmdir(folder);
	assert_int_equal(to_id, 0);
	assert_true(id > 0);
	assert_int_equal(short_path, -ERANGE);
	assert_int_equal(to_path, 0);
	assert_true(str_ends(str_from(folder), str_from(path)));
}

static void what_is_no_group_is_not_found(void **state)
{
	char path[64];
	uint64_t id = 77;

	(void)state;
	assert_true(cgroup_id("no/such/group", &id) < 0);
	assert_int_equal(cgroup_path(UINT64_MAX, path, sizeof(path)), -ENOENT);
	assert_int_equal(id, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_group_is_found_by_path_and_by_number),
		UNIT(what_is_no_group_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

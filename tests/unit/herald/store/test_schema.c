/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include <errno.h>
#include <fcntl.h>

#include "ask.h"
#include "herald/store/db.h"
#include "herald/store/schema.h"

static const char *const steps[] = {
	"CREATE TABLE a(x); INSERT INTO a VALUES(7);",
	"CREATE TABLE b(x); INSERT INTO b SELECT x + 1 FROM a;",
	"CREATE TABLE broken(",
};

static const struct schema first = { steps, 1 }, second = { steps, 2 },
			   broken = { steps, 3 };

/* A folder with an empty file, opened. */
struct file {
	struct ask ask; /* for its folder */
	struct db db;
};

static void file_open(struct file *f)
{
	auto_close int fd = open(f->ask.path, O_CREAT | O_RDWR, 0600);

	assert_true(fd >= 0);
	assert_int_equal(db_open(&f->db, f->ask.path, 50), 0);
}

static int setup(void **state)
{
	static struct file f;

	ask_init(&f.ask, true);
	file_open(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct file *f = *state;

	db_close(&f->db);
	ask_fini(&f->ask);
	return 0;
}

static int64_t number(struct file *f, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(db_number(&f->db, sql, &n), 0);
	return n;
}

static bool has_copy(struct file *f, const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", f->ask.path, suffix);
	return access(path, F_OK) == 0;
}

static void an_empty_file_gets_the_newest_version(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(schema_bring(&f->db, f->ask.path, &second, &ds), 0);
	assert_int_equal(number(f, "SELECT x FROM b"), 8);
	assert_int_equal(number(f, "PRAGMA user_version"), 2);
	assert_int_equal(number(f, "PRAGMA application_id"), SCHEMA_APPLICATION);
	assert_false(has_copy(f, ".v0"));
	assert_int_equal(schema_bring(&f->db, f->ask.path, &second, &ds), 0);
}

static void an_older_version_is_copied_and_migrated(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };
	char path[128];

	assert_int_equal(schema_bring(&f->db, f->ask.path, &first, &ds), 0);
	assert_int_equal(schema_bring(&f->db, f->ask.path, &second, &ds), 0);
	assert_int_equal(number(f, "SELECT x FROM b"), 8);
	assert_true(has_copy(f, ".v1"));
	assert_false(has_copy(f, ".v1.part"));
	db_close(&f->db);
	snprintf(path, sizeof(path), "%s.v1", f->ask.path);
	assert_int_equal(db_open(&f->db, path, 50), 0);
	assert_int_equal(number(f, "PRAGMA user_version"), 1);
	assert_int_equal(number(f, "SELECT x FROM a"), 7);
}

static void a_copy_is_never_overwritten(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(schema_bring(&f->db, f->ask.path, &first, &ds), 0);
	assert_int_equal(db_exec(&f->db, "CREATE TABLE b(x)"),
	                 0); /* in the way of step 2 */
	assert_true(schema_bring(&f->db, f->ask.path, &second, &ds) < 0);
	assert_true(schema_bring(&f->db, f->ask.path, &second, &ds) < 0);
	assert_true(has_copy(f, ".v1"));
	assert_true(has_copy(f, ".v1.2"));
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(schema_bring(&f->db, f->ask.path, &first, &ds), 0);
	assert_true(schema_bring(&f->db, f->ask.path, &broken, &ds) < 0);
	assert_int_equal(ds.errors, 1);
	assert_int_equal(number(f, "PRAGMA user_version"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM sqlite_master"), 1);
}

static void a_newer_version_is_refused(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(schema_bring(&f->db, f->ask.path, &second, &ds), 0);
	assert_int_equal(schema_bring(&f->db, f->ask.path, &first, &ds), -ENOTSUP);
	assert_int_equal(schema_check(&f->db, f->ask.path, &first, &ds), -ENOTSUP);
	assert_true(str_ends(
		ds.list.p[0]->message,
		STR("has schema version 2, this herald knows versions up to 1")));
	assert_int_equal(number(f, "SELECT x FROM b"), 8);
}

static void another_programs_database_is_refused(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(db_exec(&f->db, "CREATE TABLE theirs(x)"), 0);
	assert_int_equal(schema_bring(&f->db, f->ask.path, &second, &ds), -EINVAL);
	assert_int_equal(number(f, "SELECT count(*) FROM sqlite_master"), 1);
}

static void the_present_schema_can_be_made(void **state)
{
	struct file *f = *state;
	auto_diags ds = { 0 };

	assert_int_equal(schema_bring(&f->db, f->ask.path, &schema_current, &ds), 0);
	assert_int_equal(number(f, "PRAGMA user_version"), schema_current.n);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_file_gets_the_newest_version),
		CASE(an_older_version_is_copied_and_migrated),
		CASE(a_copy_is_never_overwritten),
		CASE(a_migration_that_fails_changes_nothing),
		CASE(a_newer_version_is_refused),
		CASE(another_programs_database_is_refused),
		CASE(the_present_schema_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What only a database on a disk has: crashes, locks, a full disk, damage, backups. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include <sqlite3.h>

#include "ask.h"

static const struct store_place counter = { STR_INIT("example.org"), STR_INIT("juliet"),
	                                    STR_INIT("counter") };
static const struct store_place spool = { STR_INIT("example.org"), STR_INIT("juliet"),
	                                  STR_INIT("offline") };

static int setup(void **state)
{
	static struct ask a;

	ask_init(&a, true);
	*state = &a;
	return 0;
}

static int teardown(void **state)
{
	ask_fini(*state);
	return 0;
}

/* Number `i` goes to the end of the archive and into the counter, or into neither. */
static struct store_tx *numbered(struct ask *a, int64_t i, size_t padding)
{
	struct store_tx *tx = tx_begin(a->store);
	auto_buf value = { 0 };
	auto_arena text = { 0 };

	buf_repeat(&value, 'x', padding);
	tx_append(tx, &spool, i + 1, STR(""), buf_as_str(&value));
	tx_put(tx, &counter, STR(""), arena_fmt(&text, "%d", (int)i));
	return tx;
}

/* The numbers in the archive are 0, 1, … without a gap, and the counter is the last of them;
 * how many there are. */
static int64_t check_numbers(struct ask *a)
{
	assert_int_equal(ask_find(a, &spool, (struct store_range){ .limit = 1000000 }),
	                 0);
	int64_t n = (int64_t)a->n;
	for (int64_t i = 0; i < n; i++)
		assert_int_equal(a->rows[i].stamp_us, i + 1);
	assert_int_equal(ask_get(a, &counter, STR("")), 0);
	assert_int_equal(a->n, n > 0);
	if (n) {
		char last[24];
		snprintf(last, sizeof(last), "%d", (int)(n - 1));
		assert_str(a->rows[0].value, last);
	}
	return n;
}

/* ---- SIGKILL ---------------------------------------------------------------------------- */

enum { IN_FLIGHT = 8, KILLS = 20 };

struct writer {
	struct ask *ask;
	int64_t next;
	int pipe;
};

static void write_one(struct writer *w);

/* The acknowledgement goes out, and the next number in. */
static void on_acked(void *arg, int result)
{
	struct writer *w = arg;

	if (result != 0 || write(w->pipe, "x", 1) != 1)
		_exit(1);
	write_one(w);
}

static void write_one(struct writer *w)
{
	tx_commit(numbered(w->ask, w->next++, 300), &w->ask->inbox, on_acked, w);
}

/* In a process of its own, until it is killed. */
static void write_for_ever(struct ask *a, int64_t first, int pipe)
{
	struct writer w = { a, first, pipe };
	auto_diags ds = { 0 };

	if (ask_try_open(a, &ds) < 0)
		_exit(2);
	for (int i = 0; i < IN_FLIGHT; i++)
		write_one(&w);
	for (;;)
		inbox_wait(&a->inbox, 1000);
}

static int64_t count_until_eof(int fd)
{
	char bytes[4096];
	int64_t total = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		total += n;
	return total;
}

/* Kills a writer after `delay_us` from its first acknowledgement; how many it gave. */
static int64_t kill_a_writer(struct ask *a, int64_t first, unsigned delay_us)
{
	int fds[2], status;
	char one;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		write_for_ever(a, first, fds[1]);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &one, 1), 1);
	usleep(delay_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	int64_t acked = 1 + count_until_eof(fds[0]);
	close(fds[0]);
	return acked;
}

static void what_was_acknowledged_survives_sigkill(void **state)
{
	struct ask *a = *state;
	unsigned seed = (unsigned)time(NULL);
	int64_t before = 0;

	for (int i = 0; i < KILLS; i++) {
		int64_t acked = kill_a_writer(a, before, (unsigned)rand_r(&seed) % 20000);
		ask_open(a);
		int64_t n = check_numbers(a);
		ask_close(a);
		/* At most what was in flight may be there unacknowledged. */
		if (n < before + acked || n > before + acked + IN_FLIGHT)
			fail_msg("round %d: %d acknowledged, %d there", i,
			         (int)(before + acked), (int)n);
		before = n;
	}
	assert_true(before > KILLS);
}

/* ---- a torn log ------------------------------------------------------------------------- */

enum { TORN_WRITES = 30, TEARS = 60 };

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* Commits one by one, and leaves the log as it is then: sizes[i] is its length when number i
 * was acknowledged. */
static void write_log(struct ask *a, off_t *sizes)
{
	int fds[2];
	char log[128];

	snprintf(log, sizeof(log), "%s-wal", a->path);
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		auto_diags ds = { 0 };
		if (ask_try_open(a, &ds) < 0)
			_exit(2);
		for (int i = 0; i < TORN_WRITES; i++) {
			if (ask_commit(a, numbered(a, i, 2000)) != 0)
				_exit(3);
			off_t size = size_of(log);
			if (write(fds[1], &size, sizeof(size)) != sizeof(size))
				_exit(4);
		}
		kill(getpid(), SIGKILL);
	}
	close(fds[1]);
	for (int i = 0; i < TORN_WRITES; i++)
		assert_int_equal(read(fds[0], &sizes[i], sizeof(sizes[i])),
		                 sizeof(sizes[i]));
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[65536];
	auto_close int in = open(from, O_RDONLY);
	auto_close int out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
}

/* What a power loss may leave of the part that was not synced: nothing, zeros, garbage, or
 * one wrong byte. */
static void tear(const char *log, off_t cut, unsigned kind)
{
	auto_close int fd = open(log, O_RDWR);
	off_t size = size_of(log);
	char bytes[8192];

	assert_true(fd >= 0);
	memset(bytes, kind == 2 ? 0x5a : 0, sizeof(bytes));
	if (kind == 3) {
		assert_int_equal(pread(fd, bytes, 1, cut), cut < size);
		bytes[0] = (char)~bytes[0];
		assert_int_equal(pwrite(fd, bytes, 1, cut), 1);
		return;
	}
	assert_int_equal(ftruncate(fd, cut), 0);
	if (kind > 0)
		assert_int_equal(pwrite(fd, bytes, sizeof(bytes), cut), sizeof(bytes));
}

static void a_torn_log_loses_only_what_was_not_synced(void **state)
{
	struct ask *a = *state;
	struct ask torn;
	unsigned seed = (unsigned)time(NULL);
	off_t sizes[TORN_WRITES];
	char from[128], to[128];

	write_log(a, sizes);
	snprintf(from, sizeof(from), "%s-wal", a->path);
	assert_int_equal(size_of(from), sizes[TORN_WRITES - 1]);
	for (int i = 0; i < TEARS; i++) {
		off_t cut = (off_t)((unsigned)rand_r(&seed) %
		                    (unsigned)sizes[TORN_WRITES - 1]);
		int64_t synced = 0;
		ask_init(&torn, true);
		copy_file(a->path, torn.path);
		snprintf(to, sizeof(to), "%s-wal", torn.path);
		copy_file(from, to);
		tear(to, cut, (unsigned)i % 4);
		while (synced < TORN_WRITES && sizes[synced] <= cut)
			synced++;
		/* Nothing that was acknowledged is in the first part: not even the tables. */
		auto_diags ds = { 0 };
		assert_int_equal(ask_try_open(&torn, &ds), 0);
		int64_t n = check_numbers(&torn);
		if (n < synced || n > synced + 1)
			fail_msg("cut at %d of kind %d: %d synced, %d there", (int)cut,
			         i % 4, (int)synced, (int)n);
		ask_fini(&torn);
	}
}

/* ---- trouble ---------------------------------------------------------------------------- */

static void a_second_opener_is_told_that_it_is_in_use(void **state)
{
	struct ask *a = *state;
	struct store_config c = { .path = a->path };
	struct store *second = NULL;
	auto_diags ds = { 0 };

	ask_open(a);
	assert_int_equal(store_open(&c, &ds, &second), -EBUSY);
	assert_null(second);
	assert_true(str_ends(ds.list.p[0]->message, STR("is in use")));
}

static void a_lock_fails_writing_and_nothing_else(void **state)
{
	struct ask *a = *state;
	sqlite3 *other;

	ask_open(a);
	assert_int_equal(ask_commit(a, numbered(a, 0, 1)), 0);
	assert_int_equal(sqlite3_open(a->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(ask_commit(a, numbered(a, 1, 1)), -EBUSY);
	assert_int_equal(check_numbers(a), 1);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(ask_commit(a, numbered(a, 1, 1)), 0);
	assert_int_equal(check_numbers(a), 2);
}

static void open_fails(struct ask *a, int error)
{
	auto_diags ds = { 0 };

	assert_int_equal(ask_try_open(a, &ds), error);
	assert_int_equal(ds.errors, 1);
	assert_null(a->store);
}

static void what_is_no_database_is_refused(void **state)
{
	struct ask *a = *state;
	auto_close int fd = open(a->path, O_CREAT | O_WRONLY, 0600);
	char text[4096];

	memset(text, 'x', sizeof(text));
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	open_fails(a, -EUCLEAN);
}

static void a_missing_folder_is_named(void **state)
{
	struct ask *a = *state;
	char good[sizeof(a->path)];

	memcpy(good, a->path, sizeof(good));
	snprintf(a->path, sizeof(a->path), "%s/none/herald.db", a->folder);
	open_fails(a, -ENOENT);
	memcpy(a->path, good, sizeof(good));
}

/* All pages but the first are overwritten. */
static void damage_is_told_and_not_answered_around(void **state)
{
	struct ask *a = *state;
	char garbage[4096];
	auto_diags ds = { 0 };

	ask_open(a);
	for (int i = 0; i < 50; i++)
		assert_int_equal(ask_commit(a, numbered(a, i, 3000)), 0);
	ask_close(a);
	auto_close int fd = open(a->path, O_RDWR);
	off_t size = size_of(a->path);
	memset(garbage, 0x55, sizeof(garbage));
	for (off_t at = 4096; at < size; at += 4096)
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), at),
		                 sizeof(garbage));
	int r = ask_try_open(a, &ds);
	if (r == 0)
		r = ask_find(a, &spool, (struct store_range){ 0 });
	assert_int_equal(r, -EUCLEAN);
}

/* ---- a full disk ------------------------------------------------------------------------ */

struct troubles {
	int n, last;
};

static void on_trouble(void *arg, const struct store_trouble *t)
{
	struct troubles *all = arg;

	all->n++;
	all->last = t->error;
}

static int mount_small(const char *folder, const char *options, unsigned long flags)
{
	return mount("tmpfs", folder, "tmpfs", flags, options);
}

#define NEED(condition)                             \
	do {                                        \
		if (!(condition))                   \
			_exit(10 + __LINE__ % 200); \
	} while (0)

/* Fills the disk, sees the error once, makes room, and goes on. In a process with mounts of
 * its own; ends it with 0 when all was as it should be, 77 when it may not mount. */
static void fill_the_disk(struct ask *a)
{
	struct troubles troubles = { 0 };
	struct store_config c = { .path = a->path,
		                  .inbox = &a->inbox,
		                  .on_trouble = on_trouble,
		                  .arg = &troubles };
	auto_diags ds = { 0 };
	struct store_status status;
	int64_t i = 0;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount_small(a->folder, "size=1m", 0) < 0)
		_exit(77);
	NEED(store_open(&c, &ds, &a->store) == 0);
	while (ask_commit(a, numbered(a, i, 20000)) == 0)
		NEED(++i < 1000);
	NEED(a->result == -ENOSPC && i > 3);
	NEED(ask_commit(a, numbered(a, i, 20000)) == -ENOSPC);
	inbox_run(&a->inbox);
	NEED(troubles.n == 1 && troubles.last == -ENOSPC);
	store_status(a->store, &status);
	NEED(status.trouble == -ENOSPC && status.failed == 2);
	NEED(ask_count(a, &spool, (struct store_range){ 0 }) == (uint64_t)i);
	NEED(mount_small(a->folder, "size=8m", MS_REMOUNT) == 0);
	NEED(ask_commit(a, numbered(a, i, 20000)) == 0);
	inbox_run(&a->inbox);
	NEED(troubles.n == 2 && troubles.last == 0);
	ask_close(a);
	_exit(0);
}

static void a_full_disk_is_told_once_and_loses_nothing(void **state)
{
	struct ask *a = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		fill_the_disk(a);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- speed and backups ------------------------------------------------------------------ */

static void commits_that_come_together_are_synced_together(void **state)
{
	struct ask *a = *state;
	struct store_status status;

	ask_open(a);
	for (int i = 0; i < 300; i++)
		tx_commit(numbered(a, i, 10), &a->inbox, ask_on_done, a);
	while (a->answers < 300)
		ask_wait(a);
	store_status(a->store, &status);
	assert_int_equal(status.transactions, 300);
	assert_in_range(status.commits, 1, 100);
	assert_int_equal(check_numbers(a), 300);
}

static void too_many_requests_are_refused(void **state)
{
	struct ask *a = *state;
	struct store_config c = { .path = a->path, .max_waiting = 4 };
	auto_diags ds = { 0 };
	bool refused = false;

	assert_int_equal(store_open(&c, &ds, &a->store), 0);
	for (int i = 0; i < 50; i++)
		tx_commit(numbered(a, i, 10), &a->inbox, ask_on_done, a);
	while (a->answers < 50) {
		ask_wait(a);
		refused |= a->result == -ENOBUFS;
	}
	assert_true(refused);
	assert_int_equal(ask_commit(a, numbered(a, 0, 10)), 0);
}

static void a_backup_is_one_moment_of_a_busy_store(void **state)
{
	struct ask *a = *state;
	struct ask copy = { 0 };
	int64_t i = 0;

	ask_open(a);
	for (; i < 200; i++)
		assert_int_equal(ask_commit(a, numbered(a, i, 500)), 0);
	ask_init(&copy, true);
	size_t before = a->answers;
	store_backup(a->store, copy.path, &a->inbox, ask_on_done, a);
	for (int more = 0; more < 100; more++, i++)
		tx_commit(numbered(a, i, 500), &a->inbox, ask_on_done, a);
	while (a->answers < before + 101) {
		ask_wait(a);
		assert_int_equal(a->result, 0);
	}
	ask_open(&copy);
	assert_in_range(check_numbers(&copy), 200, 300);
	store_backup(a->store, copy.path, &a->inbox, ask_on_done, a);
	ask_wait(a);
	assert_int_equal(a->result, -EEXIST);
	ask_fini(&copy);
}

static void ids_are_not_given_out_again_after_a_restart(void **state)
{
	struct ask *a = *state;
	struct store_tx *tx;

	ask_open(a);
	tx = tx_begin(a->store);
	uint64_t id = tx_append(tx, &spool, 1, STR(""), STR("x"));
	assert_int_equal(ask_commit(a, tx), 0);
	tx = tx_begin(a->store);
	tx_clear(tx, &spool);
	assert_int_equal(ask_commit(a, tx), 0);
	ask_close(a);
	ask_open(a);
	tx = tx_begin(a->store);
	assert_true(tx_append(tx, &spool, 1, STR(""), STR("x")) > id);
	tx_abort(tx);
}

static void nobody_else_may_read_the_file(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	struct ask *a = *state;

	ask_open(a);
	assert_int_equal(ask_commit(a, numbered(a, 0, 1)), 0);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[128];
		struct stat st;
		snprintf(path, sizeof(path), "%s%s", a->path, suffixes[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_was_acknowledged_survives_sigkill),
		CASE(a_torn_log_loses_only_what_was_not_synced),
		CASE(a_second_opener_is_told_that_it_is_in_use),
		CASE(a_lock_fails_writing_and_nothing_else),
		CASE(what_is_no_database_is_refused),
		CASE(a_missing_folder_is_named),
		CASE(damage_is_told_and_not_answered_around),
		CASE(a_full_disk_is_told_once_and_loses_nothing),
		CASE(commits_that_come_together_are_synced_together),
		CASE(too_many_requests_are_refused),
		CASE(a_backup_is_one_moment_of_a_busy_store),
		CASE(ids_are_not_given_out_again_after_a_restart),
		CASE(nobody_else_may_read_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Files, pipes and what lies between: the text is always the whole input. */
#include "io/file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

/* A temporary file that is gone from the folder tree already. */
static int open_temporary(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* A pipe that a child fills with `n` bytes counting up. */
static int open_counting_pipe(size_t n, pid_t *child)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*child = fork();
	if (*child == 0) {
		FILE *out = fdopen(ends[1], "w");
		close(ends[0]);
		for (size_t i = 0; i < n; i++)
			fputc((int)(i & 0xff), out);
		fclose(out);
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void a_regular_file_is_read_whole(void **state)
{
	auto_close int fd = open_temporary();
	struct str text;

	(void)state;
	assert_int_equal(write(fd, "add table t\n", 12), 12);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fd, &text), 0);
	assert_str(text, "add table t\n");
	file_release(text);
}

static void a_descriptor_is_read_from_where_it_stands(void **state)
{
	auto_close int fd = open_temporary();
	struct str text;

	(void)state;
	assert_int_equal(write(fd, "first\nsecond\n", 13), 13);
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	assert_int_equal(file_read_fd(fd, &text), 0);
	assert_str(text, "second\n");
	file_release(text);
}

static void an_empty_file_is_the_empty_text(void **state)
{
	struct str text = STR("untouched");

	(void)state;
	assert_int_equal(file_read("/dev/null", &text), 0);
	assert_int_equal(text.n, 0);
	file_release(text);
}

static void a_file_that_calls_itself_empty_is_read(void **state)
{
	struct str text;

	(void)state;
	assert_int_equal(file_read("/proc/self/status", &text), 0);
	assert_true(str_starts(text, STR("Name:")));
	file_release(text);
}

static void a_pipe_of_any_size_is_read_whole(void **state)
{
	/* Around the size up to which no temporary file is used. */
	static const size_t sizes[] = {
		0, 1, 4096, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 5
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pid_t child;
		auto_close int fd = open_counting_pipe(sizes[i], &child);
		struct str text;
		assert_int_equal(file_read_fd(fd, &text), 0);
		assert_int_equal(text.n, sizes[i]);
		for (size_t k = 0; k < text.n; k++)
			if ((unsigned char)text.p[k] != (k & 0xff))
				fail_msg("byte %zu of %zu is wrong", k, text.n);
		file_release(text);
		waitpid(child, NULL, 0);
	}
}

/* Memory of this process in KiB that files take. */
static long file_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kib = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "RssFile:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	fclose(f);
	return kib;
}

/* Where the kernel keeps the file in huge pages, reading one may map all of it; but its last
 * part must not bring back the parts that were given back. */
static void what_is_forgotten_takes_no_memory_and_can_be_read_again(void **state)
{
	enum { BYTES = 16 << 20, STEP = 256 << 10, HUGE_PAGE = 2 << 20 };
	auto_close int fd = open_temporary();
	char *bytes = malloc(BYTES);
	struct str text;
	long before, most = 0;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i >> 8);
	assert_int_equal(write(fd, bytes, BYTES), BYTES);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	before = file_kib();
	assert_int_equal(file_read_fd(fd, &text), 0);
	for (size_t at = 0; at < BYTES; at += STEP) {
		assert_memory_equal(text.p + at, bytes + at, STEP);
		long now = file_kib();

		if ((at + STEP) % HUGE_PAGE == 0)
			most = now > most ? now : most;
		file_forget(str_sub(text, at, STEP));
	}
	if (most - before > 1024)
		fail_msg("%ld KiB of the file were in memory", most - before);
	assert_memory_equal(text.p, bytes, BYTES);
	file_release(text);
	free(bytes);
}

static void what_cannot_be_read_is_an_error_and_touches_nothing(void **state)
{
	struct str text = STR("untouched");

	(void)state;
	assert_int_equal(file_read("/tmp", &text), -EISDIR);
	assert_int_equal(file_read("/nonexistent/file", &text), -ENOENT);
	assert_int_equal(file_read_fd(-1, &text), -EBADF);
	assert_str(text, "untouched");
}

static void a_source_of_4_gib_is_refused(void **state)
{
	auto_close int fd = open_temporary();
	struct str text;

	(void)state;
	if (ftruncate(fd, (off_t)1 << 32) < 0)
		skip(); /* a file system without files of that size */
	assert_int_equal(file_read_fd(fd, &text), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_regular_file_is_read_whole),
		UNIT(a_descriptor_is_read_from_where_it_stands),
		UNIT(an_empty_file_is_the_empty_text),
		UNIT(a_file_that_calls_itself_empty_is_read),
		UNIT(a_pipe_of_any_size_is_read_whole),
		UNIT(what_is_forgotten_takes_no_memory_and_can_be_read_again),
		UNIT(what_cannot_be_read_is_an_error_and_touches_nothing),
		UNIT(a_source_of_4_gib_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

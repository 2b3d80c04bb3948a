/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The writer of standard output: order, big texts, slow readers, errors. */
#include "gate/cli/output.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/oom.h"

static struct output *open_output(int fd)
{
	struct output *o = base_calloc(1, sizeof(*o));

	o->fd = fd;
	return o;
}

/* Bytes that count up, in pieces of many sizes. */
static size_t put_counting(struct output *o)
{
	static const size_t sizes[] = { 1,
		                        100,
		                        OUTPUT_ROOM - 50,
		                        3,
		                        OUTPUT_ROOM,
		                        OUTPUT_ROOM + 1,
		                        7,
		                        (size_t)5 * OUTPUT_ROOM };
	size_t total = 0;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_free char *text = malloc(sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)(total + k);
		output_put(o, (struct str){ text, sizes[i] });
		total += sizes[i];
	}
	return total;
}

static void everything_comes_in_its_order_also_over_a_slow_pipe(void **state)
{
	int ends[2], status;
	char c;
	size_t n = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		auto_free struct output *o = open_output(ends[1]);
		put_counting(o);
		_exit(output_flush(o) == 0 ? 0 : 1);
	}
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	for (; fread(&c, 1, 1, in) == 1; n++)
		if (c != (char)n)
			fail_msg("byte %zu is wrong", n);
	fclose(in);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(n, 7 * OUTPUT_ROOM + OUTPUT_ROOM - 50 + 1 + 100 + 3 + 1 + 7);
}

static void the_first_error_stays(void **state)
{
	auto_close int fd = open("/dev/full", O_WRONLY);
	auto_free struct output *o = open_output(fd);

	(void)state;
	assert_true(fd >= 0);
	put_counting(o);
	assert_int_equal(output_flush(o), -ENOSPC);
	assert_int_equal(output_flush(o), -ENOSPC);
}

static void a_reader_that_went_away_is_an_error_where_the_signal_is_ignored(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	auto_free struct output *o = open_output(ends[1]);
	output_put(o, STR("text"));
	assert_int_equal(o->err, 0);
	assert_int_equal(output_flush(o), -EPIPE);
	signal(SIGPIPE, SIG_DFL);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(everything_comes_in_its_order_also_over_a_slow_pipe),
		UNIT(the_first_error_stays),
		UNIT(a_reader_that_went_away_is_an_error_where_the_signal_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

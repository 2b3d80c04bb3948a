/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include "gate/capture/writer.h"

static int64_t read_str(void *ctx, void *to, size_t n)
{
	struct str *rest = ctx;

	n = n < rest->n ? n : rest->n;
	memcpy(to, rest->p, n);
	*rest = str_sub(*rest, n, rest->n);
	return (int64_t)n;
}

static void what_was_written_is_read_again(void **state)
{
	static const struct capture_frame frames[] = {
		{ .bytes = STR_INIT("abcde"),
		  .length = 100,
		  .at_ns = UINT64_C(1700000000123456789),
		  .link = 1,
		  .name = STR_INIT("eth0"),
		  .direction = CAPTURE_IN },
		{ .bytes = STR_INIT(""), .length = 0, .at_ns = 1, .link = 113 },
		{ .bytes = STR_INIT("abcdefgh"),
		  .length = 8,
		  .at_ns = 2,
		  .link = 1,
		  .name = STR_INIT("eth0"),
		  .direction = CAPTURE_OUT },
		{ .bytes = STR_INIT("x"),
		  .length = 1,
		  .link = 1,
		  .name = STR_INIT("wlan0") },
	};
	static const uint32_t devices[] = { 0, 1, 0, 2 };
	struct capture_writer w = { 0 };
	auto_ptr(capture) c = NULL;
	struct capture_frame f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++)
		writer_put(&w, &frames[i]);
	struct str rest = buf_as_str(&w.out);
	assert_int_equal(capture_open(read_str, &rest, &c), 0);
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		assert_int_equal(capture_next(c, &f), 1);
		assert_true(str_eq(f.bytes, frames[i].bytes));
		assert_true(str_eq(f.name, frames[i].name));
		assert_int_equal(f.length, frames[i].length);
		assert_int_equal(f.link, frames[i].link);
		assert_int_equal(f.direction, frames[i].direction);
		assert_int_equal(f.device, devices[i]);
		assert_true(f.at_ns == frames[i].at_ns);
	}
	assert_int_equal(capture_next(c, &f), 0);
	assert_false(capture_is_cut(c));
	writer_fini(&w);
}

static void a_file_without_frames_is_a_capture_file_too(void **state)
{
	struct capture_writer w = { 0 };
	auto_ptr(capture) c = NULL;
	struct capture_frame f;

	(void)state;
	writer_head(&w);
	struct str rest = buf_as_str(&w.out);
	assert_int_equal(capture_open(read_str, &rest, &c), 0);
	assert_int_equal(capture_next(c, &f), 0);
	writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_was_written_is_read_again),
		UNIT(a_file_without_frames_is_a_capture_file_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

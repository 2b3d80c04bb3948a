/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>

#include "base/buf.h"
#include "gate/capture/capture.h"

/* Bytes in pieces, as a pipe gives them. */
struct pieces {
	struct str rest;
	size_t step;
};

static int64_t read_pieces(void *ctx, void *to, size_t n)
{
	struct pieces *p = ctx;

	n = n < p->step ? n : p->step;
	n = n < p->rest.n ? n : p->rest.n;
	memcpy(to, p->rest.p, n);
	p->rest = str_sub(p->rest, n, p->rest.n);
	return (int64_t)n;
}

static void put(struct buf *b, uint64_t v, size_t n, bool swapped)
{
	for (size_t i = 0; i < n; i++)
		buf_char(b, (char)(v >> 8 * (swapped ? n - 1 - i : i)));
}

static void put_pcap(struct buf *b, uint32_t magic, bool swapped)
{
	put(b, magic, 4, swapped);
	put(b, 2, 2, swapped);
	put(b, 4, 2, swapped);
	put(b, 0, 8, swapped);
	put(b, 65535, 4, swapped);
	put(b, 1, 4, swapped);
	put(b, 1700000000, 4, swapped);
	put(b, 5, 4, swapped);
	put(b, 4, 4, swapped);
	put(b, 60, 4, swapped);
	buf_cstr(b, "abcd");
}

static void both_byte_orders_and_both_clocks_of_pcap_are_read(void **state)
{
	static const struct {
		uint32_t magic;
		uint64_t ns;
	} rows[] = { { 0xa1b2c3d4, 5000 }, { 0xa1b23c4d, 5 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		auto_buf file = { 0 };
		put_pcap(&file, rows[i / 2].magic, i % 2);
		struct pieces p = { buf_as_str(&file), 1 };
		auto_ptr(capture) c = NULL;
		struct capture_frame f;
		assert_int_equal(capture_open(read_pieces, &p, &c), 0);
		assert_int_equal(capture_next(c, &f), 1);
		assert_str(f.bytes, "abcd");
		assert_int_equal(f.length, 60);
		assert_int_equal(f.link, 1);
		assert_true(f.at_ns == UINT64_C(1700000000000000000) + rows[i / 2].ns);
		assert_int_equal(capture_next(c, &f), 0);
		assert_false(capture_is_cut(c));
	}
}

/* What was peeked at stays to be read, and what was read stays valid. */
static void the_frame_behind_is_peeked_at_where_it_is_read(void **state)
{
	auto_buf file = { 0 };
	struct capture_frame f, next;

	(void)state;
	put_pcap(&file, 0xa1b23c4d, false);
	put(&file, 1700000001, 4, false);
	put(&file, 7, 4, false);
	put(&file, 3, 4, false);
	put(&file, 3, 4, false);
	buf_cstr(&file, "xyz");
	for (size_t n = file.n - 1; n <= file.n; n++) {
		struct pieces p = { str_sub(buf_as_str(&file), 0, n), n };
		auto_ptr(capture) c = NULL;
		assert_int_equal(capture_open(read_pieces, &p, &c), 0);
		assert_int_equal(capture_next(c, &f), 1);
		assert_int_equal(capture_peek(c, &next), n == file.n);
		assert_str(f.bytes, "abcd");
		if (n < file.n)
			continue;
		assert_str(next.bytes, "xyz");
		assert_int_equal(capture_next(c, &f), 1);
		assert_ptr_equal(f.bytes.p, next.bytes.p);
		assert_true(f.at_ns == next.at_ns);
		assert_int_equal(f.length, next.length);
		assert_false(capture_peek(c, &next));
		assert_int_equal(capture_next(c, &f), 0);
	}
}

static void a_file_that_ends_within_a_frame_is_cut(void **state)
{
	auto_buf file = { 0 };
	struct capture_frame f;

	(void)state;
	put_pcap(&file, 0xa1b2c3d4, false);
	for (size_t n = 25; n < file.n; n++) {
		struct pieces p = { str_sub(buf_as_str(&file), 0, n), 64 };
		auto_ptr(capture) c = NULL;
		assert_int_equal(capture_open(read_pieces, &p, &c), 0);
		assert_int_equal(capture_next(c, &f), 0);
		assert_true(capture_is_cut(c));
	}
}

static void what_is_no_capture_is_refused(void **state)
{
	static const struct {
		struct str file;
		int error;
	} rows[] = { { STR_INIT(""), -ENODATA },
		     { STR_INIT("ab"), -EBADMSG },
		     { STR_INIT("table ip t"), -EBADMSG },
		     { STR_INIT("\xd4\xc3\xb2\xa1 short"), -EBADMSG },
		     { STR_INIT("\x1f\x8b\x08 gzip"), -EMEDIUMTYPE },
		     { STR_INIT("\x28\xb5\x2f\xfd zstd"), -EMEDIUMTYPE } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pieces p = { rows[i].file, 64 };
		auto_ptr(capture) c = NULL;
		assert_int_equal(capture_open(read_pieces, &p, &c), rows[i].error);
	}
}

static void a_frame_of_impossible_size_is_damage(void **state)
{
	auto_buf file = { 0 };
	auto_ptr(capture) c = NULL;
	struct capture_frame f;

	(void)state;
	put_pcap(&file, 0xa1b2c3d4, false);
	memset(file.p + 24 + 8, 0x7f, 4);
	struct pieces p = { buf_as_str(&file), 64 };
	assert_int_equal(capture_open(read_pieces, &p, &c), 0);
	assert_int_equal(capture_next(c, &f), -EBADMSG);
	assert_string_equal(capture_why(c), "a frame claims more bytes than any has");
}

/* A section, a device `eth1` with that resolution of times, and a frame that went out. */
static void put_pcapng(struct buf *b, bool swapped, uint8_t resolution, uint64_t time)
{
	put(b, 0x0a0d0d0a, 4, swapped);
	put(b, 28, 4, swapped);
	put(b, 0x1a2b3c4d, 4, swapped);
	put(b, 1, 2, swapped);
	put(b, 0, 2, swapped);
	put(b, UINT64_MAX, 8, swapped);
	put(b, 28, 4, swapped);
	put(b, 1, 4, swapped); /* device */
	put(b, 44, 4, swapped);
	put(b, 113, 2, swapped);
	put(b, 0, 2, swapped);
	put(b, 0, 4, swapped);
	put(b, 2, 2, swapped);
	put(b, 4, 2, swapped);
	buf_cstr(b, "eth1");
	put(b, 9, 2, swapped);
	put(b, 1, 2, swapped);
	put(b, resolution, 4, false);
	put(b, 0, 4, swapped);
	put(b, 0, 4, swapped);
	put(b, 44, 4, swapped);
	put(b, 4, 4, swapped); /* statistics of names: nothing for us */
	put(b, 12, 4, swapped);
	put(b, 12, 4, swapped);
	put(b, 6, 4, swapped); /* frame */
	put(b, 48, 4, swapped);
	put(b, 0, 4, swapped);
	put(b, time >> 32, 4, swapped);
	put(b, time & UINT32_MAX, 4, swapped);
	put(b, 3, 4, swapped);
	put(b, 3, 4, swapped);
	buf_put(b, "abc", 4);
	put(b, 2, 2, swapped);
	put(b, 4, 2, swapped);
	put(b, 2, 4, swapped);
	put(b, 0, 4, swapped);
	put(b, 48, 4, swapped);
}

static void pcapng_tells_device_direction_and_time(void **state)
{
	static const struct {
		uint8_t resolution;
		uint64_t time, ns;
	} rows[] = {
		{ 6, 3000001, UINT64_C(3000001000) },
		{ 9, 3000001, 3000001 },
		{ 3, UINT64_C(5000000001), UINT64_C(5000000001000000) },
		{ 0x81, 3, UINT64_C(1500000000) },
		{ 127, 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		auto_buf file = { 0 };
		put_pcapng(&file, i % 2, rows[i / 2].resolution, rows[i / 2].time);
		struct pieces p = { buf_as_str(&file), 7 };
		auto_ptr(capture) c = NULL;
		struct capture_frame f;
		assert_int_equal(capture_open(read_pieces, &p, &c), 0);
		assert_int_equal(capture_next(c, &f), 1);
		assert_str(f.name, "eth1");
		assert_str(f.bytes, "abc");
		assert_int_equal(f.link, 113);
		assert_int_equal(f.direction, CAPTURE_OUT);
		assert_true(f.at_ns == rows[i / 2].ns);
		assert_int_equal(capture_next(c, &f), 0);
		assert_false(capture_is_cut(c));
	}
}

/* No byte that is wrong makes it read outside: the sanitizers watch. */
static void every_damaged_byte_ends_in_an_answer(void **state)
{
	auto_buf file = { 0 };

	(void)state;
	put_pcapng(&file, false, 6, 1);
	for (size_t at = 0; at < file.n; at++) {
		auto_buf bad = { 0 };
		buf_str(&bad, buf_as_str(&file));
		bad.p[at] = (char)(bad.p[at] ^ 0xff);
		struct pieces p = { buf_as_str(&bad), 64 };
		auto_ptr(capture) c = NULL;
		struct capture_frame f;
		int r = capture_open(read_pieces, &p, &c);
		while (r >= 0 && (r = capture_next(c, &f)) > 0)
			assert_true(f.bytes.n <= f.length);
		assert_true(r == 0 || r == -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(both_byte_orders_and_both_clocks_of_pcap_are_read),
		UNIT(the_frame_behind_is_peeked_at_where_it_is_read),
		UNIT(a_file_that_ends_within_a_frame_is_cut),
		UNIT(what_is_no_capture_is_refused),
		UNIT(a_frame_of_impossible_size_is_damage),
		UNIT(pcapng_tells_device_direction_and_time),
		UNIT(every_damaged_byte_ends_in_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

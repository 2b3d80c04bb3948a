/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "io/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/buf.h"
#include "unit.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"

/* Feeds what is wanted, and tells what came out: the source and what is left. */
static void feed(struct str in, struct buf *out)
{
	struct proxy_header h = { 0 };
	char address[INET6_ADDRSTRLEN] = "";

	while (!h.done) {
		size_t n = proxy_header_wants(&h);
		if (n > in.n) {
			buf_cstr(out, "more");
			return;
		}
		if (proxy_header_take(&h, in.p, n) < 0) {
			buf_cstr(out, "bad");
			return;
		}
		in = str_sub(in, n, in.n);
	}
	const struct sockaddr_in *four = (void *)&h.source;
	const struct sockaddr_in6 *six = (void *)&h.source;
	if (h.has_source)
		inet_ntop(h.source.ss_family,
		          h.source.ss_family == AF_INET ? (const void *)&four->sin_addr
		                                        : (const void *)&six->sin6_addr,
		          address, sizeof(address));
	if (h.has_source)
		buf_fmt(out, "%s:%u", address, ntohs(four->sin_port));
	buf_fmt(out, " " STR_FMT, STR_ARG(in));
}

static void headers_are_read_to_their_end(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{ STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 4321 5222\r\n<s"),
		  "192.0.2.1:4321 <s" },
		{ STR_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
		  "2001:db8::1:1 " },
		{ STR_INIT("PROXY UNKNOWN\r\nx"), " x" },
		{ STR_INIT("PROXY UNKNOWN what ever\r\nx"), " x" },
		{ STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 4321\r\n"), "bad" },
		{ STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 4321 70000\r\n"), "bad" },
		{ STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 4321 1 2\r\n"), "bad" },
		{ STR_INIT("PROXY TCP4 2001:db8::1 198.51.100.1 4321 5222\r\n"), "bad" },
		{ STR_INIT("PROXY TCP5 192.0.2.1 198.51.100.1 4321 5222\r\n"), "bad" },
		{ STR_INIT("PROXY TCP4 192.0.2.1 198.51.100.1 4321 5222\n"), "bad" },
		{ STR_INIT("PROXY TCP4 192.0.2.1"), "more" },
		{ STR_INIT("<stream:stream to='a'>"), "bad" },
		{ STR_INIT(V2 "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x10\xe1\x14\x66<s"),
		  "192.0.2.1:4321 <s" },
		{ STR_INIT(
			  V2
			  "\x21\x21\0\x24"
			  " \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1 \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
			  "\0\1\0\2x"),
		  "2001:db8::1:1 x" },
		{ STR_INIT(
			  V2
			  "\x21\x11\0\x10\xc0\0\2\1\xc6\x33\x64\1\x10\xe1\x14\x66\4\0\1zx"),
		  "192.0.2.1:4321 x" }, /* with a TLV */
		{ STR_INIT(V2 "\x20\0\0\0x"), " x" },
		{ STR_INIT(V2 "\x21\0\0\3abcx"), " x" },
		{ STR_INIT(V2 "\x11\x11\0\0"), "bad" },
		{ STR_INIT(V2 "\x22\x11\0\0"), "bad" },
		{ STR_INIT(V2 "\x21\x11\0\4abcd"), "bad" },
		{ STR_INIT(V2 "\x21\x12\0\x0c"
		              "abcdabcdabcd"),
		  "bad" }, /* UDP */
		{ STR_INIT(V2 "\x21\x11\xff\xff"), "bad" },
		{ STR_INIT(V2 "\x21\x11\0\x0c"), "more" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf out = { 0 };
		feed(rows[i].in, &out);
		assert_str(buf_as_str(&out), rows[i].out);
	}
}

static void a_line_without_end_is_refused(void **state)
{
	struct proxy_header h = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(proxy_header_take(&h, "PROXY TCP4 1", 12), 0);
	while (proxy_header_take(&h, "1", 1) == 0)
		assert_true(++n < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(headers_are_read_to_their_end),
		UNIT(a_line_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

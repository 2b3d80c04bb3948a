/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Findings about a hostile text: whatever the bytes and wherever the spans, printing must stay
 * inside the text, and what is printed must hold nothing that a terminal obeys. The input: a
 * number of spans, the spans, the text.
 */
#include <assert.h>

#include "base/cursor.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "fuzz.h"

static struct span read_span(struct cursor *c)
{
	struct span span = { 0 };

	span.file = cursor_u8(c) % 3;
	span.off = cursor_be16(c);
	span.len = cursor_u8(c);
	return span;
}

static void check_output(struct str out)
{
	for (size_t i = 0; i < out.n;) {
		int32_t c = utf8_next(out, &i);
		assert(c == '\n' || (c >= 0x20 && c < 0x7f) || c >= 0xa0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cursor c = cursor_of(data, n);
	struct sources sources = { 0 };
	auto_diags diags = { 0 };
	auto_buf out = { 0 };
	struct span spans[16];
	size_t n_spans = cursor_u8(&c) % ARRAY_LEN(spans);

	for (size_t i = 0; i < n_spans; i++)
		spans[i] = read_span(&c);
	size_t left = cursor_left(&c);
	struct str text = { (const char *)cursor_bytes(&c, left), left };
	sources_add(&sources, STR("a"), text);
	sources_add(&sources, text, STR("b\n"));
	for (size_t i = 0; i < n_spans; i++) {
		struct diag *d =
			diag_error(&diags, "E0001", spans[i], STR_FMT, STR_ARG(text));
		diag_related(&diags, d, spans[(i + 1) % n_spans], "%zu", i);
		diag_help(&diags, d, STR_FMT, STR_ARG(text));
	}
	diags_print(&diags, &sources, &out, false);
	check_output(buf_as_str(&out));
	buf_reset(&out);
	diags_json(&diags, &sources, &out);
	check_output(buf_as_str(&out));
	sources_fini(&sources);
	return 0;
}

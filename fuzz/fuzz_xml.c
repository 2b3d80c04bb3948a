/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XML against expat. The input goes through the framer in one piece and byte by byte, which must
 * give the same items; an element we take, expat must take; an element expat takes we must
 * take too, unless RFC 6120 section 11 forbids what is in it or a limit is reached; and what we
 * write of a tree must be read as the same tree again.
 */
#include <assert.h>
#include <expat.h>

#include "fuzz.h"
#include "herald/xml/chars.h"
#include "herald/xml/frame.h"

static const struct xml_limits limits = { 1 << 16, 64, 1000, 64 };

/* Names above ASCII: expat knows the fourth edition of XML, we the fifth. Expat's own limits
 * and what it forbids beyond the standard do not matter. */
static bool has_other_names(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	}
	return false;
}

static bool expat_takes(struct str s)
{
	XML_Parser p = XML_ParserCreateNS("UTF-8", '\x01');
	bool ok = XML_Parse(p, s.n ? s.p : "", (int)s.n, 1) == XML_STATUS_OK;

	XML_ParserFree(p);
	return ok;
}

static void write_again(const struct xml *x, struct arena *a)
{
	auto_buf once = { 0 }, twice = { 0 };
	struct xml *y;

	xml_write(&once, x, STR(""));
	/* What grows by escaping may meet a limit. */
	if (xml_parse(buf_as_str(&once), NULL, &limits, a, &y) != XML_OK) {
		assert(once.n > limits.size / 16 || x->n_attrs > 16);
		return;
	}
	y->inner_stands = x->inner_stands;
	xml_write(&twice, y, STR(""));
	assert(str_eq(buf_as_str(&once), buf_as_str(&twice)));
}

static void one_element(struct str s)
{
	auto_arena a = { 0 };
	struct xml *x;
	enum xml_error e = xml_parse(s, NULL, &limits, &a, &x);

	if (e == XML_RESTRICTED || e == XML_TOO_MUCH)
		return;
	if (e == XML_OK) {
		assert(has_other_names(s) || expat_takes(s));
		write_again(x, &a);
		x->inner_stands = false;
		write_again(x, &a);
	} else if (!has_other_names(s)) {
		assert(!expat_takes(s) || s.p[0] != '<' || xml_is_space(s.p[s.n - 1]) ||
		       memmem(s.p, s.n, "<!", 2) || memmem(s.p, s.n, "<?", 2));
	}
}

static void items(struct str in, size_t piece, struct buf *out)
{
	struct xml_frame f = { 0 };
	struct xml_item item;

	for (size_t at = 0; at < in.n; at += piece) {
		xml_frame_feed(&f, str_sub(in, at, piece));
		while (xml_frame_next(&f, &limits, &item)) {
			buf_fmt(out, "%d %d ", item.kind,
			        item.kind == XML_ITEM_ERROR ? (int)item.error : 0);
			if (item.kind != XML_ITEM_ERROR)
				buf_str(out, item.text);
			if (item.kind == XML_ITEM_STANZA)
				one_element(item.text);
		}
		xml_frame_keep(&f);
	}
	xml_frame_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_buf whole = { 0 }, bytes = { 0 };
	struct str in = { (const char *)data, n };

	if (n == 0 || n > limits.size)
		return 0;
	items(in, n, &whole);
	items(in, 1, &bytes);
	assert(str_eq(buf_as_str(&whole), buf_as_str(&bytes)));
	one_element(in);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Where items end, in one piece and byte by byte. */
#include "unit.h"

#include "herald/xml/frame.h"

static const struct xml_limits limits = { 200, 5, 20, 4 };

static void take_items(struct xml_frame *f, struct buf *out)
{
	struct xml_item item;

	while (xml_frame_next(f, &limits, &item)) {
		if (item.kind == XML_ITEM_ERROR)
			buf_cstr(out, xml_error_name(item.error));
		else
			buf_fmt(out, "%c" STR_FMT "\n", "HSE"[item.kind],
			        STR_ARG(item.text));
	}
}

static const struct {
	const char *in, *want;
} rows[] = {
	{ "<s>", "H<s>\n" },
	{ "<?xml version='1.0'?><s>", "H<s>\n" },
	{ "<?xml version=\"1.0\" encoding='utf-8' standalone = 'yes' ?>\n <s a='>'>",
	  "H<s a='>'>\n" },
	{ "<s> <a/> \n<b c='/>'>x</b></s>", "H<s>\nS<a/>\nS<b c='/>'>x</b>\nE</s>\n" },
	{ "<s><a><b/><c></c></a>", "H<s>\nS<a><b/><c></c></a>\n" },
	{ "<s><a><![CDATA[</a>]]]></a><b/>", "H<s>\nS<a><![CDATA[</a>]]]></a>\nS<b/>\n" },
	{ "<s><a><![CDATA[]]></a>", "H<s>\nS<a><![CDATA[]]></a>\n" },
	{ "<s><a", "H<s>\n" },
	{ "<s><a/", "H<s>\n" },
	{ "<s></s", "H<s>\n" },
	/* refused as soon as it is seen */
	{ "x", "not-well-formed" },
	{ "</s>", "not-well-formed" },
	{ "<s>x", "H<s>\nnot-well-formed" },
	{ "<s><a <", "H<s>\nnot-well-formed" },
	{ "<!DOCTYPE", "restricted-xml" },
	{ "<s><!--", "H<s>\nrestricted-xml" },
	{ "<s><![CDATA[", "H<s>\nnot-well-formed" },
	{ "<s><a><![CDATX", "H<s>\nnot-well-formed" },
	{ "<s><a><!-", "H<s>\nrestricted-xml" },
	{ "<s><a><?", "H<s>\nrestricted-xml" },
	{ "<s><?", "H<s>\nrestricted-xml" },
	{ " <?xml version='1.0'?>", "restricted-xml" },
	{ "<?xml version='1.0'?><?xml version='1.0'?>", "restricted-xml" },
	{ "<?php version='1.0'?>", "restricted-xml" },
	{ "<?xml-stylesheet?>", "restricted-xml" },
	{ "<?xml version='2.0'?>", "not-well-formed" },
	{ "<?xml encoding='UTF-8'?>", "not-well-formed" },
	{ "<?xml version='1.0' encoding='UTF-16'?>", "unsupported-encoding" },
	{ "<?xml version='1.0' x='y'?>", "not-well-formed" },
	{ "<?xml version='1.0'>", "not-well-formed" },
	{ "\xff\xfe<\0", "unsupported-encoding" },
	{ "\xef\xbb\xbf<s>", "not-well-formed" },
	{ "<s><a><a><a><a><a><a>", "H<s>\npolicy-violation" },
	{ "<s><a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/>"
	  "<b/>",
	  "H<s>\npolicy-violation" },
};

static void items_are_cut_in_one_piece(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct xml_frame f = { 0 };
		auto_buf out = { 0 };
		xml_frame_feed(&f, str_from(rows[i].in));
		take_items(&f, &out);
		xml_frame_keep(&f);
		assert_str(buf_as_str(&out), rows[i].want);
		xml_frame_fini(&f);
	}
}

static void items_are_cut_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct xml_frame f = { 0 };
		auto_buf out = { 0 };
		for (const char *p = rows[i].in; *p; p++) {
			xml_frame_feed(&f, (struct str){ p, 1 });
			take_items(&f, &out);
			xml_frame_keep(&f);
		}
		assert_str(buf_as_str(&out), rows[i].want);
		xml_frame_fini(&f);
	}
}

static void nothing_is_kept_between_stanzas(void **state)
{
	struct xml_frame f = { 0 };
	auto_buf out = { 0 };

	(void)state;
	xml_frame_feed(&f, STR("<s><a>"));
	take_items(&f, &out);
	xml_frame_keep(&f);
	assert_true(xml_frame_is_inside(&f));
	xml_frame_feed(&f, STR("</a> \n "));
	take_items(&f, &out);
	xml_frame_keep(&f);
	assert_null(f.pending.p);
	assert_false(xml_frame_is_inside(&f));
	assert_str(buf_as_str(&out), "H<s>\nS<a></a>\n");
	xml_frame_fini(&f);
}

static void an_item_without_end_stops_at_the_limit(void **state)
{
	struct xml_frame f = { 0 };
	auto_buf out = { 0 };

	(void)state;
	xml_frame_feed(&f, STR("<s><a b='"));
	for (int i = 0; i < 1000; i++) {
		take_items(&f, &out);
		xml_frame_keep(&f);
		assert_true(f.pending.n <= limits.size);
		xml_frame_feed(&f, STR("x"));
	}
	assert_str(buf_as_str(&out), "H<s>\npolicy-violation");
	xml_frame_fini(&f);
}

/* STARTTLS injection: what stood behind <starttls/> in the clear is not the new stream's. */
static void a_restart_can_drop_what_came_too_early(void **state)
{
	struct xml_frame f = { 0 };
	struct xml_item item;
	auto_buf out = { 0 };

	(void)state;
	xml_frame_feed(&f, STR("<s><starttls/><iq/>"));
	assert_true(xml_frame_next(&f, &limits, &item) &&
	            xml_frame_next(&f, &limits, &item));
	xml_frame_restart(&f, true);
	assert_false(xml_frame_next(&f, &limits, &item));
	xml_frame_keep(&f);
	xml_frame_feed(&f, STR("<?xml version='1.0'?><s>"));
	take_items(&f, &out);
	assert_str(buf_as_str(&out), "H<s>\n");
	xml_frame_fini(&f);
}

/* go-sendxmpp writes a newline behind every element, so also between <auth/> and the header. */
static void blanks_of_the_old_stream_do_not_bother_the_new_header(void **state)
{
	struct xml_frame f = { 0 };
	struct xml_item item;
	auto_buf out = { 0 };

	(void)state;
	xml_frame_feed(&f, STR("<s><auth/>\n"));
	assert_true(xml_frame_next(&f, &limits, &item) &&
	            xml_frame_next(&f, &limits, &item));
	xml_frame_keep(&f);
	xml_frame_restart(&f, false);
	xml_frame_feed(&f, STR("\n<?xml version='1.0'?><s>"));
	take_items(&f, &out);
	assert_str(buf_as_str(&out), "H<s>\n");
	xml_frame_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(items_are_cut_in_one_piece),
		UNIT(items_are_cut_byte_by_byte),
		UNIT(nothing_is_kept_between_stanzas),
		UNIT(an_item_without_end_stops_at_the_limit),
		UNIT(a_restart_can_drop_what_came_too_early),
		UNIT(blanks_of_the_old_stream_do_not_bother_the_new_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

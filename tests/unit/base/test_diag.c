/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Findings: where they point, how they read, what is counted. */
#include "unit.h"

#include "base/diag.h"

/* A collector with one source. */
struct fixture {
	struct sources sources;
	struct diags diags;
	struct buf out;
};

static struct fixture *setup(struct fixture *f, struct str text)
{
	*f = (struct fixture){ 0 };
	assert_int_equal(sources_add(&f->sources, STR("rules.nft"), text), 1);
	return f;
}

static void teardown(struct fixture *f)
{
	sources_fini(&f->sources);
	diags_fini(&f->diags);
	buf_fini(&f->out);
}

static void printed(struct fixture *f, const char *want)
{
	buf_reset(&f->out);
	diags_print(&f->diags, &f->sources, &f->out, false);
	assert_str(buf_as_str(&f->out), want);
}

/* The span of the first `words` in the source. */
static struct span find(const struct fixture *f, const char *words)
{
	struct str text = f->sources.list.p[0].text;
	const char *at = memmem(text.p, text.n, words, strlen(words));

	assert_non_null(at);
	return (struct span){ 1, (uint32_t)(at - text.p), (uint32_t)strlen(words) };
}

static void an_error_shows_its_line_and_what_helps(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("table inet filter {}\n\nadd rule inet filter INPUT accept\n"));
	struct diag *d =
		diag_error(&f.diags, "E0101", find(&f, "INPUT"),
	                   "table `%s` has no chain `%s`", "inet filter", "INPUT");
	diag_note(&f.diags, d, "chain names are case sensitive");
	diag_help(&f.diags, d, "did you mean `input`?\nor `output`?");
	printed(&f, "error[E0101]: table `inet filter` has no chain `INPUT`\n"
	            " --> rules.nft:3:22\n"
	            "  |\n"
	            "3 | add rule inet filter INPUT accept\n"
	            "  |                      ^^^^^\n"
	            "  = note: chain names are case sensitive\n"
	            "  = help: did you mean `input`?\n"
	            "          or `output`?\n");
	teardown(&f);
}

static void related_places_of_the_line_share_its_marks(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("elements = { 10.0.0.0/8, 10.1.0.0/16 }"));
	struct diag *d = diag_error(&f.diags, "E0501", find(&f, "10.1.0.0/16"),
	                            "10.1.0.0/16 lies inside 10.0.0.0/8");
	diag_related(&f.diags, d, find(&f, "10.0.0.0/8"), "%s", "");
	printed(&f, "error[E0501]: 10.1.0.0/16 lies inside 10.0.0.0/8\n"
	            " --> rules.nft:1:26\n"
	            "  |\n"
	            "1 | elements = { 10.0.0.0/8, 10.1.0.0/16 }\n"
	            "  |              ----------  ^^^^^^^^^^^\n");
	teardown(&f);
}

static void related_places_elsewhere_get_their_own_line(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("table ip f {\n\n\n\n\n\n\n\n\n\tip6 saddr ::1 accept\n}\n"));
	struct diag *d = diag_error(&f.diags, "E0301", find(&f, "ip6 saddr"),
	                            "this chain only sees IPv4");
	diag_related(&f.diags, d, find(&f, "ip f"), "declared here");
	diag_related(&f.diags, d, SPAN_NONE, "and something without a place");
	printed(&f, "error[E0301]: this chain only sees IPv4\n"
	            "  --> rules.nft:10:2\n"
	            "   |\n"
	            "10 |         ip6 saddr ::1 accept\n"
	            "   |         ^^^^^^^^^\n"
	            "   = rules.nft:1:7: declared here\n"
	            " 1 | table ip f {\n"
	            "   |       ----\n"
	            "   = note: and something without a place\n");
	teardown(&f);
}

/* U+202E, which turns the direction of what follows, a blank, and an x. */
static const char rlo_text[] = { (char)0xe2, (char)0x80, (char)0xae, ' ', 'x' };

static void places_at_the_edges_are_shown(void **state)
{
	static const struct {
		struct str text;
		uint32_t off, len;
		const char *snippet;
	} rows[] = {
		{ STR_INIT(""), 0, 0, ":1:1\n  |\n1 |\n  | ^\n" },
		{ STR_INIT("ab\n"), 3, 0, ":2:1\n  |\n2 |\n  | ^\n" },
		{ STR_INIT("ab\n"), 2, 1, ":1:3\n  |\n1 | ab\n  |   ^\n" },
		{ STR_INIT("ab\r\ncd"), 1, 5, ":1:2\n  |\n1 | ab\n  |  ^\n" },
		{ STR_INIT("ab"), 99, 7, ":1:3\n  |\n1 | ab\n  |   ^\n" },
		{ STR_INIT("a\tb\tc"), 2, 1,
		  ":1:3\n  |\n1 | a       b       c\n  |         ^\n" },
		{ STR_INIT("\xc3\xa9\xc3\xa9 x"), 5, 1,
		  ":1:4\n  |\n1 | \xc3\xa9\xc3\xa9 x\n  |    ^\n" },
		{ { rlo_text, sizeof(rlo_text) }, 4, 1, ":1:3\n  |\n1 | ? x\n  |   ^\n" },
		{ STR_INIT("\033[2J\xff x"), 6, 1,
		  ":1:7\n  |\n1 | ?[2J? x\n  |       ^\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		auto_buf want = { 0 };
		setup(&f, rows[i].text);
		diag_error(&f.diags, "", (struct span){ 1, rows[i].off, rows[i].len },
		           "x");
		buf_fmt(&want, "error: x\n --> rules.nft%s", rows[i].snippet);
		printed(&f, want.p);
		teardown(&f);
	}
}

static void a_long_line_is_a_window_around_the_place(void **state)
{
	struct fixture f;
	auto_buf text = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_fmt(&text, "10.0.%u.1, ", i);
	setup(&f, buf_as_str(&text));
	diag_error(&f.diags, "E0221", find(&f, "10.0.500.1"), "500 is over 255");
	diags_print(&f.diags, &f.sources, &f.out, false);
	const char *line = strstr(f.out.p, "1 | "), *marks = strstr(line, "\n  | ");
	assert_true(marks - line < 200);
	assert_memory_equal(line + 4, "...", 3);
	assert_memory_equal(marks - 3, "...", 3);
	const char *caret = strchr(marks, '^');
	assert_memory_equal(line + (caret - marks - 1), "10.0.500.1, ", 12);
	assert_string_equal(caret, "^^^^^^^^^^\n");
	teardown(&f);
}

static void the_same_error_at_the_same_place_is_taken_once(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("drop"));
	struct span span = { 1, 0, 4 };
	diag_error(&f.diags, "E0001", span, "first");
	struct diag *again = diag_error(&f.diags, "E0001", span, "again");
	diag_note(&f.diags, again, "goes nowhere");
	assert_int_equal(f.diags.errors, 1);
	diag_error(&f.diags, "E0002", span, "another code");
	diag_error(&f.diags, "E0001", SPAN_NONE, "no place");
	diag_error(&f.diags, "E0001", SPAN_NONE, "no place, another cause");
	diag_warn(&f.diags, "W0001", span, "warned");
	assert_int_equal(f.diags.errors, 4);
	assert_int_equal(f.diags.warnings, 1);
	assert_true(diags_failed(&f.diags));
	assert_int_equal(f.diags.list.p[0]->notes.n, 0);
	teardown(&f);
}

static void findings_are_ordered_by_place_and_cut_at_twenty(void **state)
{
	struct fixture f;
	auto_buf text = { 0 };

	(void)state;
	buf_repeat(&text, '\n', 5000);
	setup(&f, buf_as_str(&text));
	for (uint32_t i = 3000; i > 0; i--) {
		struct diag *d = diag_error(&f.diags, "E1", (struct span){ 1, i - 1, 0 },
		                            "no. %u", i);
		diag_help(&f.diags, d, "x");
	}
	diag_error(&f.diags, "E2", SPAN_NONE, "without a place");
	diags_print(&f.diags, &f.sources, &f.out, false);
	assert_int_equal(f.diags.errors, 3001);
	assert_int_equal(f.diags.list.n, DIAGS_KEEP);
	assert_memory_equal(f.out.p, "error[E1]: no. 2001\n", 20);
	assert_non_null(strstr(f.out.p, "no. 2020\n"));
	assert_null(strstr(f.out.p, "no. 2021\n"));
	assert_true(str_ends(buf_as_str(&f.out), STR("\nand 2981 more errors\n")));
	teardown(&f);
}

static void colour_is_only_added(void **state)
{
	struct fixture f;
	auto_buf bare = { 0 };

	(void)state;
	setup(&f, STR("table x\ntable y\n"));
	struct diag *d = diag_warn(&f.diags, "W1", find(&f, "y"), "twice");
	diag_related(&f.diags, d, find(&f, "x"), "first");
	diag_help(&f.diags, d, "do not");
	diags_print(&f.diags, &f.sources, &f.out, true);
	for (const char *p = f.out.p; *p; p++) {
		if (*p == '\033')
			p = strchr(p, 'm');
		else
			buf_char(&bare, *p);
	}
	assert_true(bare.n < f.out.n);
	printed(&f, bare.p);
	teardown(&f);
}

static void json_names_every_place(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("a\nb \"c\"\n"));
	struct diag *d =
		diag_error(&f.diags, "E0001", find(&f, "\"c\""), "`\"c\"` is wrong");
	diag_note(&f.diags, d, "n1");
	diag_note(&f.diags, d, "n2");
	diag_help(&f.diags, d, "h");
	diag_related(&f.diags, d, find(&f, "a"), "r");
	diag_add(&f.diags, DIAG_NOTE, "", SPAN_NONE, "hint");
	diags_json(&f.diags, &f.sources, &f.out);
	assert_str(
		buf_as_str(&f.out),
		"[{\"code\": \"\", \"level\": \"note\", \"message\": \"hint\", \"file\": null, "
		"\"notes\": [], \"helps\": [], \"related\": []},\n"
		" {\"code\": \"E0001\", \"level\": \"error\", \"message\": \"`\\\"c\\\"` is wrong\", "
		"\"file\": \"rules.nft\", \"line\": 2, \"column\": 3, \"end_line\": 2, "
		"\"end_column\": 6, \"notes\": [\"n1\", \"n2\"], \"helps\": [\"h\"], "
		"\"related\": [{\"file\": \"rules.nft\", \"line\": 1, \"column\": 1, "
		"\"end_line\": 1, \"end_column\": 2, \"message\": \"r\"}]}]\n");
	teardown(&f);
}

static void spans_join_within_a_file(void **state)
{
	struct span a = { 1, 10, 5 }, b = { 1, 20, 2 }, other = { 2, 0, 1 };
	struct span both = span_join(b, a);

	(void)state;
	assert_int_equal(both.off, 10);
	assert_int_equal(both.len, 12);
	assert_int_equal(span_join(SPAN_NONE, b).off, 20);
	assert_int_equal(span_join(a, SPAN_NONE).off, 10);
	assert_int_equal(span_join(a, other).len, 5);
}

static void words_are_found_back_in_their_source(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, STR("tcp dport 22"));
	assert_str(sources_text(&f.sources, find(&f, "dport")), "dport");
	assert_str(sources_text(&f.sources, (struct span){ 1, 10, 99 }), "22");
	assert_str(sources_text(&f.sources, SPAN_NONE), "");
	assert_null(sources_get(&f.sources, 2));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_error_shows_its_line_and_what_helps),
		UNIT(related_places_of_the_line_share_its_marks),
		UNIT(related_places_elsewhere_get_their_own_line),
		UNIT(places_at_the_edges_are_shown),
		UNIT(a_long_line_is_a_window_around_the_place),
		UNIT(the_same_error_at_the_same_place_is_taken_once),
		UNIT(findings_are_ordered_by_place_and_cut_at_twenty),
		UNIT(colour_is_only_added),
		UNIT(json_names_every_place),
		UNIT(spans_join_within_a_file),
		UNIT(words_are_found_back_in_their_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The lexer: what is one word, what ends a statement, and what is skipped without a
 * look. */
#include "unit.h"

#include "gate/lang/lexer.h"

/* A text, and what the lexer makes of it. */
struct text {
	struct sources sources;
	struct diags diags;
	struct lexer lx;
};

static void text_open(struct text *t, const char *text)
{
	struct span all;

	*t = (struct text){ 0 };
	all = (struct span){ sources_add(&t->sources, STR("test"), str_from(text)), 0,
		             (uint32_t)strlen(text) };
	lexer_init(&t->lx, &t->sources, &t->diags, all);
}

static void text_close(struct text *t)
{
	sources_fini(&t->sources);
	diags_fini(&t->diags);
}

/* Tokens as text with blanks between: words bare, numbers with #, strings in quotes. */
static void put_token(struct buf *out, const struct token *t)
{
	static const char *const before[] = {
		[TOKEN_END] = "<end>", [TOKEN_NEWLINE] = "<nl>", [TOKEN_WORD] = "",
		[TOKEN_NUMBER] = "#",  [TOKEN_STRING] = "\"",    [TOKEN_VARIABLE] = "$",
		[TOKEN_PUNCT] = "",
	};

	if (out->n)
		buf_char(out, ' ');
	buf_cstr(out, before[t->kind]);
	if (t->kind == TOKEN_PUNCT && t->punct == PUNCT_BAD)
		buf_cstr(out, "<bad>");
	else if (t->kind != TOKEN_END && t->kind != TOKEN_NEWLINE)
		buf_str(out, t->text);
	if (t->kind == TOKEN_STRING)
		buf_char(out, '"');
}

static void check_tokens(const char *text, const char *want)
{
	auto_buf got = { 0 };
	struct text t;

	text_open(&t, text);
	while (lexer_peek(&t.lx, 0)->kind != TOKEN_END) {
		struct token token = lexer_next(&t.lx);

		put_token(&got, &token);
	}
	if (!str_is(buf_as_str(&got), want))
		fail_msg("%s\ngot:  " STR_FMT "\nwant: %s", text,
		         STR_ARG(buf_as_str(&got)), want);
	text_close(&t);
}

static void words_are_cut_as_nft_cuts_them(void **state)
{
	static const char *const rows[][2] = {
		{ "tcp dport 22 accept", "tcp dport #22 accept" },
		{ "10.0.0.1-10.0.0.9", "10.0.0.1 - 10.0.0.9" },
		{ "10.0.0.0/8", "10.0.0.0 / #8" },
		{ "1.2.3.4:80", "1.2.3.4 : #80" },
		{ "1.2.3.4. 22", "1.2.3.4 . #22" },
		{ "1.2.3.4 . 22", "1.2.3.4 . #22" },
		{ "1.2.3.4.22", "1.2.3.4.22" },
		{ "10.0.0/24", "10.0.0 / #24" },
		{ "10.0.0.300", "10.0.0.300" },
		{ "::1 :: ::/0", "::1 :: :: / #0" },
		{ "2001:db8::/32", "2001:db8:: / #32" },
		{ "fe80::1-fe80::5", "fe80::1 - fe80::5" },
		{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
		{ "::ffff:1.2.3.4", "::ffff:1.2.3.4" },
		{ "64:ff9b::1.2.3.4/96", "64:ff9b::1.2.3.4 / #96" },
		{ "fe80::1:accept", "fe80::1 : accept" },
		{ "[::1]:80", "::1 : #80" },
		{ "[2001:db8::5]:80-90", "2001:db8::5 : #80 - #90" },
		{ "addr[1]", "addr [ #1 ]" },
		{ "00:11:22:33:44:55", "00:11:22:33:44:55" },
		{ "DE:AD:BE:EF:01:01", "DE:AD:BE:EF:01:01" },
		{ "aa:bb:cc:dd:ee:ff-aa:bb:cc:dd:ee:00",
		  "aa:bb:cc:dd:ee:ff - aa:bb:cc:dd:ee:00" },
		{ "1:10 abcd:1", "1:10 abcd:1" },
		{ "80 : accept", "#80 : accept" },
		{ "22:accept", "#22 : accept" },
		{ "22:drop", "#22 : drop" },
		{ "ssh:accept", "ssh : accept" },
		{ "22 :80", "#22 : #80" },
		{ "12345:80", "#12345 : #80" },
		{ "32768-65535", "#32768 - #65535" },
		{ "0x1f-0xFF 0x", "#0x1f - #0xFF #0 x" },
		{ "007", "#007" },
		{ "ssh-http nd-router-advert", "ssh-http nd-router-advert" },
		{ "ip saddr . tcp dport", "ip saddr . tcp dport" },
		{ "1.debian.pool.ntp.org", "1.debian.pool.ntp.org" },
		{ "mbytes/second 10/second", "mbytes/second #10 / second" },
		{ "syn / syn,ack", "syn / syn , ack" },
		{ "eth* eth\\* \\* *", "eth* eth\\* \\* *" },
		{ "_x .y t-x/y", "_x .y t-x/y" },
		{ "@nh,96,32 @set", "@ nh , #96 , #32 @ set" },
		{ "a==b!=c<=d>=e<<f>>g=!<>", "a == b != c <= d >= e << f >> g = ! < >" },
		{ "-300", "- #300" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_tokens(rows[i][0], rows[i][1]);
}

static void times_are_words_and_units_are_not(void **state)
{
	static const char *const rows[][2] = {
		{ "1d2h3m4s", "1d2h3m4s" },
		{ "500ms", "500ms" },
		{ "10m", "10m" },
		{ "1s500ms", "1s500ms" },
		{ "10mbytes", "#10 mbytes" },
		{ "10kbytes", "#10 kbytes" },
		{ "5x", "#5 x" },
		{ "10s/20", "10s / #20" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_tokens(rows[i][0], rows[i][1]);
}

static void lines_join_comments_end_and_crlf_reads_as_blank(void **state)
{
	static const char *const rows[][2] = {
		{ "a # b \\\nc", "a <nl> c" },
		{ "a \\\n b", "a b" },
		{ "a \\\r\n b", "a b" },
		{ "a\r\nb\r\n", "a <nl> b <nl>" },
		{ "a; b \\; c", "a <nl> b <nl> c" },
		{ "\xef\xbb\xbf"
		  "a",
		  "a" },
		{ "\"a # b\" c", "\"a # b\" c" },
		{ "\"a\nb\"", "\"a\nb\"" },
		{ "$x $ y $a-$b $net/8 ${", "$x $y $a - $b $net/8 <bad> {" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_tokens(rows[i][0], rows[i][1]);
}

static void what_no_text_may_hold_is_reported_once(void **state)
{
	static const struct {
		const char *text, *tokens, *code, *message;
	} rows[] = {
		{ "a \xc2\xa7 b", "a <bad> b", "E0002",
		  "`\xc2\xa7` does not belong here" },
		{ "a \x01 b", "a <bad> b", "E0002", "byte 0x01 does not belong here" },
		{ "a ~ b", "a <bad> b", "E0002", "`~` does not belong here" },
		{ "a \"b\nc", "a <bad> <nl> c", "E0008", "`\"` is never closed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text t;

		check_tokens(rows[i].text, rows[i].tokens);
		text_open(&t, rows[i].text);
		while (lexer_next(&t.lx).kind != TOKEN_END)
			lexer_newlines(&t.lx, true); /* reads again what is ahead */
		assert_int_equal(t.diags.errors, 1);
		assert_string_equal(t.diags.list.p[0]->code, rows[i].code);
		assert_str(t.diags.list.p[0]->message, rows[i].message);
		text_close(&t);
	}
}

static void newlines_are_blanks_where_the_parser_says_so(void **state)
{
	struct text t;

	(void)state;
	text_open(&t, "{ 1,\n2 } \n x");
	lexer_next(&t.lx);
	assert_int_equal(lexer_peek(&t.lx, 2)->kind, TOKEN_NEWLINE);
	lexer_newlines(&t.lx, true);
	assert_str(lexer_peek(&t.lx, 2)->text, "2");
	while (lexer_next(&t.lx).punct != '}')
		;
	assert_str(lexer_peek(&t.lx, 0)->text, "x"); /* looked at too early … */
	lexer_newlines(&t.lx, false);
	assert_int_equal(lexer_peek(&t.lx, 0)->kind,
	                 TOKEN_NEWLINE); /* … and read again */
	text_close(&t);
}

static void line_ends_are_taken_as_if_one_by_one(void **state)
{
	static const struct {
		const char *text;
		size_t taken; /* bytes */
		const char *next;
	} rows[] = {
		{ "\n\n a", 2, "a" },   { "  \n\t\n", 5, "<end>" },
		{ " a\n", 0, "a" },     { "\r\n a", 2, "a" },
		{ "\n; a", 1, "<nl>" }, { "\n# c\n a", 1, "<nl>" },
		{ "", 0, "<end>" },     { " ", 0, "<end>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf next = { 0 };
		struct text t;

		text_open(&t, rows[i].text);
		lexer_skip_lines(&t.lx);
		assert_int_equal(t.lx.taken - t.lx.start, rows[i].taken);
		put_token(&next, lexer_peek(&t.lx, 0));
		assert_str(buf_as_str(&next), rows[i].next);
		lexer_skip_lines(&t.lx); /* nothing: a token was looked at */
		assert_int_equal(t.lx.taken - t.lx.start, rows[i].taken);
		text_close(&t);
	}
}

/* Only words have a key, whatever they are made of. */
static void words_have_their_key(void **state)
{
	struct text t;

	(void)state;
	text_open(&t, "tcp continue masquerade 10.0.0.1 22 \"tcp\" $tcp {");
	assert_true(lexer_next(&t.lx).key == WORD_KEY("tcp"));
	assert_true(lexer_next(&t.lx).key == WORD_KEY("continue"));
	assert_true(lexer_next(&t.lx).key == WORD_KEY("masquera"));
	assert_true(lexer_next(&t.lx).key == WORD_KEY("10.0.0.1"));
	for (int i = 0; i < 4; i++)
		assert_true(lexer_next(&t.lx).key == 0);
	text_close(&t);
}

static void a_statement_is_skipped_to_its_end(void **state)
{
	static const struct {
		const char *text, *skipped, *next;
	} rows[] = {
		{ "a b; c", "a b", "<nl>" },
		{ "  a b  \n c", "a b", "<nl>" },
		{ "a { b; c\n d } e\n f", "a { b; c\n d } e", "<nl>" },
		{ "a } b", "a", "}" },
		{ "a \"}\" # }\n", "a \"}\"", "<nl>" },
		{ "a { \"}\" # }\n } b\n", "a { \"}\" # }\n } b", "<nl>" },
		{ "a \\\n b\nc", "a \\\n b", "<nl>" },
		{ "a { b", "a { b", "<end>" },
		{ "a\r\nb", "a", "<nl>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf next = { 0 };
		struct text t;
		struct span span;

		text_open(&t, rows[i].text);
		lexer_peek(&t.lx, 3); /* tokens ahead do not matter */
		span = lexer_skip_statement(&t.lx);
		assert_str(sources_text(&t.sources, span), rows[i].skipped);
		put_token(&next, lexer_peek(&t.lx, 0));
		assert_str(buf_as_str(&next), rows[i].next);
		text_close(&t);
	}
}

static void braces_are_skipped_with_what_is_in_them(void **state)
{
	struct text t;
	struct span span;

	(void)state;
	text_open(&t, "{ a { b } \"}\" # }\n } c");
	lexer_next(&t.lx);
	span = lexer_skip_braces(&t.lx);
	assert_str(sources_text(&t.sources, span), " a { b } \"}\" # }\n ");
	assert_str(lexer_next(&t.lx).text, "c");
	text_close(&t);

	text_open(&t, "{ a { b }");
	lexer_next(&t.lx);
	assert_int_equal(lexer_skip_braces(&t.lx).len, UINT32_MAX);
	assert_int_equal(lexer_next(&t.lx).kind, TOKEN_END);
	text_close(&t);
}

static void spans_are_exact(void **state)
{
	struct text t;
	struct token token;

	(void)state;
	text_open(&t, " $ab \"cd\" [::1]");
	token = lexer_next(&t.lx);
	assert_str(sources_text(&t.sources, token.span), "$ab");
	token = lexer_next(&t.lx);
	assert_str(sources_text(&t.sources, token.span), "\"cd\"");
	assert_str(token.text, "cd");
	token = lexer_next(&t.lx);
	assert_str(sources_text(&t.sources, token.span), "[::1]");
	assert_str(token.text, "::1");
	text_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(words_are_cut_as_nft_cuts_them),
		UNIT(times_are_words_and_units_are_not),
		UNIT(lines_join_comments_end_and_crlf_reads_as_blank),
		UNIT(what_no_text_may_hold_is_reported_once),
		UNIT(newlines_are_blanks_where_the_parser_says_so),
		UNIT(a_statement_is_skipped_to_its_end),
		UNIT(line_ends_are_taken_as_if_one_by_one),
		UNIT(words_have_their_key),
		UNIT(braces_are_skipped_with_what_is_in_them),
		UNIT(spans_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

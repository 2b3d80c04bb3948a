/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The lexer. What is one word follows nft's scanner: addresses (IPv4, IPv6, MAC), times
 * and traffic class numbers are one word each, the longest reading wins, and names may
 * hold `.`, `-` and `/` inside. Where nft cuts a word in two and can do nothing with the
 * halves (`10.0.0`, `22:accept` with `22:acce` as a class number) we take the reading
 * that helps.
 */
#include "gate/lang/lexer.h"

#include <assert.h>

/* Classes of bytes, as bits. */
enum {
	C_BLANK = 1, /* also CR: files with Windows line ends read like others */
	C_WORD = 2,  /* inside a word: letters, digits, / - _ . */
	C_ALPHA = 4, /* letters and _ */
	C_DIGIT = 8,
	C_HEX = 16,
	C_STOP = 32,          /* what matters when text is skipped */
	C_EDGE = C_STOP | 64, /* … and what ends a statement */
	C_MORE = 128,         /* what a word may go on with */
};

// clang-format off
static const uint8_t class_of[256] = {
	['\t'] = C_BLANK, [' '] = C_BLANK, ['\r'] = C_BLANK,
	['\n'] = 64, [';'] = 64,
	['"'] = C_STOP, ['#'] = C_STOP, ['{'] = C_STOP, ['}'] = C_STOP, ['\\'] = C_STOP | C_MORE,
	[':'] = C_MORE, ['*'] = C_MORE,
	['/'] = C_WORD, ['-'] = C_WORD, ['.'] = C_WORD, ['_'] = C_WORD | C_ALPHA,
	['0' ... '9'] = C_WORD | C_DIGIT | C_HEX,
	['a' ... 'f'] = C_WORD | C_ALPHA | C_HEX, ['g' ... 'z'] = C_WORD | C_ALPHA,
	['A' ... 'F'] = C_WORD | C_ALPHA | C_HEX, ['G' ... 'Z'] = C_WORD | C_ALPHA,
};
// clang-format on

static bool is(const char *p, const char *end, int class)
{
	return p < end && (class_of[(uint8_t)*p] & class);
}

/* End of the run of bytes of `class` that starts at `p`. */
static inline const char *run(const char *p, const char *end, int class)
{
	for (; end - p >= 4; p += 4)
		for (int i = 0; i < 4; i++)
			if (!(class_of[(uint8_t)p[i]] & class))
				return p + i;
	while (is(p, end, class))
		p++;
	return p;
}

void lexer_init(struct lexer *lx, const struct sources *sources, struct diags *diags,
                struct span text)
{
	const struct source *source = sources_get(sources, text.file);
	struct str s = source ? source->text : STR("");

	lx->sources = sources;
	lx->diags = diags;
	lx->file = text.file;
	lx->n_ahead = 0;
	lx->skip_newlines = 0;
	lx->start = s.n ? s.p : "";
	lx->p = lx->start + (text.off < s.n ? text.off : s.n);
	lx->end = lx->p + sources_text(sources, text).n;
	lx->taken = lx->p;
	if (text.off == 0 && str_starts(s, STR("\xef\xbb\xbf")))
		lexer_seek(lx, lx->p + 3); /* a byte order mark */
}

struct span lexer_span(const struct lexer *lx, const char *from, const char *to)
{
	return (struct span){ lx->file, (uint32_t)(from - lx->start),
		              (uint32_t)(to - from) };
}

void lexer_seek(struct lexer *lx, const char *p)
{
	lx->p = lx->taken = p;
	lx->n_ahead = 0;
}

/* ---- words ------------------------------------------------------------------------- */

/* End of the dotted quad at `p`, NULL when there is none. Each part has 1 to 3 digits. */
static const char *ip4_end(const char *p, const char *end)
{
	for (int part = 0; part < 4; part++) {
		const char *from = p;

		if (part && (p == end || *p++ != '.'))
			return NULL;
		from = p;
		p = run(p, end, C_DIGIT);
		if (p == from || p - from > 3)
			return NULL;
	}
	return p;
}

/* Whether a word could go on at `p`: then what ends there is only a part of one. */
static bool goes_on(const char *p, const char *end)
{
	if (is(p, end, C_ALPHA | C_DIGIT))
		return true;
	return p < end && *p == '.' && is(p + 1, end, C_ALPHA | C_DIGIT);
}

/* A group of hex digits of at most `max`, not cut out of something longer; NULL: none. */
static const char *hex_group(const char *p, const char *end, int max)
{
	const char *to = run(p, end, C_HEX);

	return to > p && to - p <= max && !is(to, end, C_ALPHA | C_DIGIT) ? to : NULL;
}

/* End of the MAC address at `p`: six groups. NULL: none. */
static const char *mac_end(const char *p, const char *end)
{
	for (int group = 0; group < 6; group++) {
		if (group && (p == end || *p++ != ':'))
			return NULL;
		p = hex_group(p, end, 2);
		if (!p)
			return NULL;
	}
	return p < end && *p == ':' ? NULL : p;
}

/* End of the IPv6 address at `p`, RFC 4291 section 2.2: the longest one. NULL: none. */
static const char *ip6_end(const char *p, const char *end)
{
	const char *good = NULL, *to;
	bool gap = false; /* `::` was seen */
	int groups = 0;

	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		gap = true;
		p += 2;
		good = p;
	}
	while (groups < 8) {
		to = is(p, end, C_DIGIT) ? ip4_end(p, end) : NULL;
		if (to && (gap ? groups <= 5 : groups == 6))
			return to;
		to = hex_group(p, end, 4);
		if (!to)
			break;
		groups++;
		p = to;
		if (groups == 8 || gap)
			good = gap && groups == 8 ? good : p;
		if (groups == 8 || p == end || *p != ':')
			break;
		p++;
		if (p < end && *p == ':') {
			if (gap)
				break;
			gap = true;
			p++;
			good = p;
		}
	}
	return good;
}

/* End of the traffic class `1:10` at `p`. NULL: none. */
static const char *class_end(const char *p, const char *end)
{
	const char *to = hex_group(p, end, 4);

	if (!to || to == end || *to != ':')
		return NULL;
	to = hex_group(to + 1, end, 4);
	return to && !(to < end && *to == ':') ? to : NULL;
}

/* End of the longest address or class number with colons at `p`. NULL: none. */
static const char *colon_word_end(const char *p, const char *end)
{
	const char *best = class_end(p, end), *to = ip6_end(p, end);

	if (to > best)
		best = to;
	to = mac_end(p, end);
	return to > best ? to : best;
}

/* End of a time such as `1d2h3m4s` or `500ms`. NULL: none. */
static const char *time_end(const char *p, const char *end)
{
	const char *from = p;

	while (is(p, end, C_DIGIT)) {
		p = run(p, end, C_DIGIT);
		if (p == end || !memchr("dhms", *p, 4))
			return NULL;
		p += end - p >= 2 && p[0] == 'm' && p[1] == 's' ? 2 : 1;
	}
	return p > from && !is(p, end, C_ALPHA) ? p : NULL;
}

/* Behind a name: `*` makes it a pattern, `\*` stands for itself. */
static const char *wildcard_end(const char *p, const char *end)
{
	if (p < end && *p == '*')
		return p + 1;
	if (end - p >= 2 && p[0] == '\\' && p[1] == '*')
		return run(p + 2, end, C_WORD);
	return p;
}

/* A dotted word that begins with a digit: an address, or what its author took for one. */
static const char *dotted_end(const char *p, const char *end)
{
	const char *to = ip4_end(p, end);

	if (to && !goes_on(to, end))
		return to;
	while (goes_on(p, end))
		p++;
	return p;
}

/* End of a name that begins with a digit: the schema has two, Ethernet types. NULL: none. */
static const char *digit_name_end(const char *p, const char *end)
{
	static const struct str names[] = { STR("8021q"), STR("8021ad") };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((size_t)(end - p) >= names[i].n &&
		    memcmp(p, names[i].p, names[i].n) == 0 &&
		    !goes_on(p + names[i].n, end))
			return p + names[i].n;
	return NULL;
}

static size_t digit_word(const char *p, const char *end, enum token_kind *kind)
{
	const char *digits = run(p, end, C_DIGIT), *hex = digits, *to;

	*kind = TOKEN_WORD;
	if (is(digits, end, C_ALPHA) && (to = digit_name_end(p, end)))
		return (size_t)(to - p);
	if (digits < end && *digits == '.' && is(digits + 1, end, C_ALPHA | C_DIGIT))
		return (size_t)(dotted_end(p, end) - p);
	if (is(digits, end, C_HEX))
		hex = run(digits, end, C_HEX);
	if (hex < end && *hex == ':' && (to = colon_word_end(p, end)))
		return (size_t)(to - p);
	if (is(digits, end, C_ALPHA) && (to = time_end(p, end)))
		return (size_t)(to - p);
	*kind = TOKEN_NUMBER;
	if (digits == p + 1 && *p == '0' && digits < end && (*digits | 0x20) == 'x' &&
	    is(digits + 1, end, C_HEX))
		digits = run(digits + 1, end, C_HEX);
	return (size_t)(digits - p);
}

static size_t letter_word(const char *p, const char *end)
{
	const char *word = run(p, end, C_WORD), *to;

	if (!is(word, end, C_MORE))
		return (size_t)(word - p);
	if (is(p, end, C_HEX) && word < end && *word == ':' &&
	    (to = colon_word_end(p, end)) && to > word)
		return (size_t)(to - p);
	return (size_t)(wildcard_end(word, end) - p);
}

size_t lexer_word(const char *p, const char *end, enum token_kind *kind)
{
	const char *to;

	if (is(p, end, C_DIGIT))
		return digit_word(p, end, kind);
	*kind = TOKEN_WORD;
	if (is(p, end, C_ALPHA))
		return letter_word(p, end);
	if (p == end)
		return 0;
	switch (*p) {
	case '.':
		return is(p + 1, end, C_WORD) ? letter_word(p, end) : 0;
	case ':':
		to = end - p >= 2 && p[1] == ':' ? ip6_end(p, end) : NULL;
		return to ? (size_t)(to - p) : 0;
	case '\\':
		return end - p >= 2 && p[1] == '*' ? 2 : 0;
	default:
		return 0;
	}
}

/* ---- tokens ------------------------------------------------------------------------ */

/* Joined lines, and the `\;` that a shell would have made `;`, read as blanks. */
static size_t escape_blank(const char *p, const char *end)
{
	size_t n = (size_t)(end - p);

	if (n >= 2 && p[1] == '\n')
		return 2;
	if (n >= 3 && p[1] == '\r' && p[2] == '\n')
		return 3;
	return n >= 2 && p[1] == ';' ? 1 : 0;
}

static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl ? nl : end;
}

static const char *skip_more_blanks(const struct lexer *lx, const char *p)
{
	while (p < lx->end) {
		size_t n = 0;

		if (is(p, lx->end, C_BLANK) || (*p == '\n' && lx->skip_newlines > 0))
			n = 1;
		else if (*p == '#')
			n = (size_t)(line_end(p, lx->end) - p);
		else if (*p == '\\')
			n = escape_blank(p, lx->end);
		if (n == 0)
			return p;
		p += n;
	}
	return p;
}

static inline const char *skip_blanks(const struct lexer *lx, const char *p)
{
	while (p < lx->end && *p == ' ')
		p++;
	return is(p, lx->end, C_WORD | C_ALPHA) ? p : skip_more_blanks(lx, p);
}

static void set_token(const struct lexer *lx, struct token *t, enum token_kind kind,
                      const char *p, size_t n)
{
	t->kind = kind;
	t->punct = 0;
	t->span = lexer_span(lx, p, p + n);
	t->text = (struct str){ p, n };
	t->key = 0;
	t->is_line_end = false;
}

static void set_word(const struct lexer *lx, struct token *t, const char *p, size_t n)
{
	set_token(lx, t, TOKEN_WORD, p, n);
	t->key = word_key(t->text);
}

static void set_bad(const struct lexer *lx, struct token *t, const char *p, size_t n)
{
	set_token(lx, t, TOKEN_PUNCT, p, n);
	t->punct = PUNCT_BAD;
}

/* A double-quoted string. There are no escapes; it may go over several lines. */
static void scan_string(const struct lexer *lx, const char *p, struct token *t)
{
	const char *close = memchr(p + 1, '"', (size_t)(lx->end - p - 1));

	if (!close) {
		set_bad(lx, t, p, (size_t)(line_end(p, lx->end) - p));
		diag_error(lx->diags, "E0008", lexer_span(lx, p, p + 1),
		           "`\"` is never closed");
		return;
	}
	set_token(lx, t, TOKEN_STRING, p, (size_t)(close + 1 - p));
	t->text = (struct str){ p + 1, (size_t)(close - p - 1) };
}

void lexer_help_template(const struct lexer *lx, struct diag *d)
{
	diag_help(lx->diags, d,
	          "this is for a template engine or the shell: give gate what comes out");
}

/* `$name`. A `-`, `.` or `/` that ends the name belongs to what follows: `$a-$b`. */
static void scan_variable(const struct lexer *lx, const char *p, struct token *t)
{
	const char *name = run(p + 1, lx->end, C_BLANK), *to = run(name, lx->end, C_WORD);

	while (to > name && !is(to - 1, lx->end, C_ALPHA | C_DIGIT))
		to--;
	if (to == name) {
		set_bad(lx, t, p, 1);
		struct diag *d = diag_error(lx->diags, "E0001", t->span,
		                            "expected a variable's name behind `$`");

		if (name < lx->end && (*name == '{' || *name == '('))
			lexer_help_template(lx, d);
		return;
	}
	set_token(lx, t, TOKEN_VARIABLE, p, (size_t)(to - p));
	t->text = (struct str){ name, (size_t)(to - name) };
}

/* What no text may hold: reported, and skipped as far as it goes. */
static void scan_bad(const struct lexer *lx, const char *p, struct token *t)
{
	const char *to = p + 1;

	while (to < lx->end && (uint8_t)*p >= 0x80 && (uint8_t)*to >= 0x80)
		to++;
	set_bad(lx, t, p, (size_t)(to - p));
	if ((uint8_t)*p > ' ' && *p != 0x7f)
		diag_error(lx->diags, "E0002", t->span,
		           "`" STR_FMT "` does not belong here", STR_ARG(t->text));
	else
		diag_error(lx->diags, "E0002", t->span,
		           "byte 0x%02x does not belong here", (uint8_t)*p);
}

static const struct {
	char text[3];
	int punct;
} two_chars[] = {
	{ "==", PUNCT_EQ }, { "!=", PUNCT_NE },  { "<=", PUNCT_LE },
	{ ">=", PUNCT_GE }, { "<<", PUNCT_SHL }, { ">>", PUNCT_SHR },
};

static void scan_punct(const struct lexer *lx, const char *p, struct token *t)
{
	for (size_t i = 0; i < ARRAY_LEN(two_chars) && lx->end - p >= 2; i++) {
		if (memcmp(p, two_chars[i].text, 2) == 0) {
			set_token(lx, t, TOKEN_PUNCT, p, 2);
			t->punct = two_chars[i].punct;
			return;
		}
	}
	if (!*p || !strchr("{}()[],.:=!<>&|^/*@+-", *p)) {
		scan_bad(lx, p, t);
		return;
	}
	set_token(lx, t, TOKEN_PUNCT, p, 1);
	t->punct = (unsigned char)*p;
}

/* `[2001:db8::1]` is one word, an address that a port may follow. */
static bool scan_bracketed(const struct lexer *lx, const char *p, struct token *t)
{
	const char *to = ip6_end(p + 1, lx->end);

	if (!to || to == lx->end || *to != ']')
		return false;
	set_token(lx, t, TOKEN_WORD, p, (size_t)(to + 1 - p));
	t->text = (struct str){ p + 1, (size_t)(to - p - 1) };
	t->key = word_key(t->text);
	return true;
}

/* What does not begin with a letter. */
static void scan_other(const struct lexer *lx, const char *p, struct token *t)
{
	enum token_kind kind;
	size_t n;

	if (p >= lx->end) {
		set_token(lx, t, TOKEN_END, lx->end, 0);
		return;
	}
	n = lexer_word(p, lx->end, &kind);
	if (n && kind == TOKEN_WORD) {
		set_word(lx, t, p, n);
		return;
	}
	if (n) {
		set_token(lx, t, kind, p, n);
		return;
	}
	switch (*p) {
	case '\n':
	case ';':
		set_token(lx, t, TOKEN_NEWLINE, p, 1);
		t->is_line_end = *p == '\n';
		break;
	case '"':
		scan_string(lx, p, t);
		break;
	case '$':
		scan_variable(lx, p, t);
		break;
	case '[':
		if (scan_bracketed(lx, p, t))
			break;
		scan_punct(lx, p, t);
		break;
	default:
		scan_punct(lx, p, t);
		break;
	}
}

static inline void scan(const struct lexer *lx, struct token *t)
{
	const char *p = skip_blanks(lx, lx->p);

	if (is(p, lx->end, C_ALPHA))
		set_word(lx, t, p, letter_word(p, lx->end));
	else
		scan_other(lx, p, t);
}

static const char *token_end(const struct lexer *lx, const struct token *t)
{
	return lx->start + t->span.off + t->span.len;
}

void lexer_fill(struct lexer *lx, unsigned n)
{
	assert(n < ARRAY_LEN(lx->ahead));
	while (lx->n_ahead <= n) {
		struct token *t = &lx->ahead[lx->n_ahead++];

		scan(lx, t);
		lx->p = token_end(lx, t);
	}
}

void lexer_shift(struct lexer *lx)
{
	for (unsigned i = 0; i < lx->n_ahead; i++)
		lx->ahead[i] = lx->ahead[i + 1];
}

void lexer_skip_lines(struct lexer *lx)
{
	const char *p = lx->p;

	if (lx->n_ahead)
		return;
	for (; is(p, lx->end, C_BLANK) || (p < lx->end && *p == '\n'); p++)
		if (*p == '\n')
			lx->p = lx->taken = p + 1;
}

void lexer_newlines(struct lexer *lx, bool are_blanks)
{
	lx->skip_newlines += are_blanks ? 1 : -1;
	lexer_seek(lx, lx->taken);
}

/* ---- skipping ---------------------------------------------------------------------- */

/* First byte of `class` at or behind `p`. */
static const char *find_class(const char *p, const char *end, int class)
{
	while (end - p >= 4) {
		if (class_of[(uint8_t)p[0]] & class)
			return p;
		if (class_of[(uint8_t)p[1]] & class)
			return p + 1;
		if (class_of[(uint8_t)p[2]] & class)
			return p + 2;
		if (class_of[(uint8_t)p[3]] & class)
			return p + 3;
		p += 4;
	}
	while (p < end && !(class_of[(uint8_t)*p] & class))
		p++;
	return p;
}

/* At a quote, a comment or a backslash: where the text goes on behind it. */
static const char *skip_opaque(const char *p, const char *end)
{
	const char *close;

	switch (*p) {
	case '"':
		close = memchr(p + 1, '"', (size_t)(end - p - 1));
		return close ? close + 1 : line_end(p, end);
	case '#':
		return line_end(p, end);
	default: {
		size_t n = escape_blank(p, end);

		return p + (n ? n : 1);
	}
	}
}

const char *lexer_find_close(const char *p, const char *end)
{
	size_t depth = 1;

	while ((p = find_class(p, end, C_STOP)) < end) {
		if (*p == '{') {
			depth++;
			p++;
		} else if (*p == '}') {
			if (--depth == 0)
				return p;
			p++;
		} else {
			p = skip_opaque(p, end);
		}
	}
	return NULL;
}

struct span lexer_skip_statement(struct lexer *lx)
{
	const char *from = run(lx->taken, lx->end, C_BLANK), *p = from, *to, *close;

	for (;;) {
		p = find_class(p, lx->end, C_EDGE);
		if (p == lx->end || *p == '\n' || *p == ';' || *p == '}' || *p == '#')
			break;
		if (*p == '{') {
			close = lexer_find_close(p + 1, lx->end);
			p = close ? close + 1 : lx->end;
		} else {
			p = skip_opaque(p, lx->end);
		}
	}
	for (to = p; to > from && is(to - 1, lx->end, C_BLANK); to--)
		;
	lexer_seek(lx, p);
	return lexer_span(lx, from, to);
}

struct span lexer_skip_braces(struct lexer *lx)
{
	const char *from = lx->taken, *close = lexer_find_close(from, lx->end);
	struct span inner;

	if (!close) {
		lexer_seek(lx, lx->end);
		inner = lexer_span(lx, from, from);
		inner.len = UINT32_MAX;
		return inner;
	}
	lexer_seek(lx, close + 1);
	return lexer_span(lx, from, close);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Expectations in words. */
#include "gate/scenario/expect.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "gate/scenario/words.h"

/* One list while it is read. */
struct reader {
	struct words w;
	const struct names *names;
	VEC(struct expect_group) groups;
	VEC(struct expect) now; /* the group being read */
};

static const struct str fates[FATE_NAMES] = {
	STR_INIT("accept"), STR_INIT("drop"),    STR_INIT("reject"),    STR_INIT("queue"),
	STR_INIT("stolen"), STR_INIT("unknown"), STR_INIT("sometimes"),
};
static const struct str states[] = {
	STR_INIT("new"),     STR_INIT("established"), STR_INIT("related"),
	STR_INIT("invalid"), STR_INIT("untracked"),
};
static const struct str compares[] = {
	[COMPARE_EQ] = STR_INIT("=="), [COMPARE_NE] = STR_INIT("!="),
	[COMPARE_LT] = STR_INIT("<"),  [COMPARE_LE] = STR_INIT("<="),
	[COMPARE_GT] = STR_INIT(">"),  [COMPARE_GE] = STR_INIT(">="),
};
static const struct str families[] = {
	STR_INIT("ip"),  STR_INIT("ip6"),    STR_INIT("inet"),
	STR_INIT("arp"), STR_INIT("bridge"), STR_INIT("netdev"),
};

/* The word's number in a list, or n. */
static size_t find(struct str word, const struct str *list, size_t n)
{
	size_t i = 0;

	while (i < n && !str_eq(word, list[i]))
		i++;
	return i;
}

bool expect_compare(enum expect_compare how, uint64_t is, uint64_t wanted)
{
	switch (how) {
	case COMPARE_EQ:
		return is == wanted;
	case COMPARE_NE:
		return is != wanted;
	case COMPARE_LT:
		return is < wanted;
	case COMPARE_LE:
		return is <= wanted;
	case COMPARE_GT:
		return is > wanted;
	case COMPARE_GE:
		return is >= wanted;
	}
	return false;
}

static struct str text_of(struct reader *r, const char *what)
{
	struct str word = words_next(&r->w);

	if (!word.n && !r->w.quoted)
		words_error(&r->w, "E0932", "%s is missing", what);
	return word;
}

/* `by "comment"`, `by handle 7`, `by line 80`, `by server.nft:80`, `by policy`, `by stack`. */
static void read_by(struct reader *r, struct expect *e)
{
	static const struct str names[] = {
		STR_INIT("handle"),    STR_INIT("line"),       STR_INIT("policy"),
		STR_INIT("stack"),     STR_INIT("conntrack"),  STR_INIT("nat"),
		STR_INIT("FILE:LINE"), STR_INIT("\"COMMENT\"")
	};
	struct str word = words_next(&r->w);
	size_t colon = str_find(word, ':');

	e->text = word;
	if (r->w.quoted) {
		e->by = EXPECT_BY_COMMENT;
	} else if (str_is(word, "handle")) {
		e->by = EXPECT_BY_HANDLE;
		e->number = words_number(&r->w, "handle", UINT64_MAX);
	} else if (str_is(word, "line")) {
		e->by = EXPECT_BY_LINE;
		e->text = STR("");
		e->number = words_number(&r->w, "line", UINT32_MAX);
	} else if (str_is(word, "stack")) {
		e->by = EXPECT_BY_STACK;
	} else if (str_is(word, "conntrack")) {
		e->by = EXPECT_BY_CONNTRACK;
	} else if (str_is(word, "nat")) {
		e->by = EXPECT_BY_NAT;
	} else if (str_is(word, "policy")) {
		e->by = EXPECT_BY_POLICY;
		e->text = words_take(&r->w, "of") ? text_of(r, "the chain's name")
		                                  : STR("");
	} else if (colon < word.n &&
	           str_to_u64(str_sub(word, colon + 1, word.n), 10, &e->number) == 0) {
		e->by = EXPECT_BY_LINE;
		e->text = str_sub(word, 0, colon);
	} else {
		words_unknown(&r->w, "E0932", word,
		              "does not say who decides (a rule's comment has quotes)",
		              names, ARRAY_LEN(names));
	}
}

static void read_end(struct reader *r, struct expect *e)
{
	struct str word = words_next(&r->w), wrong;
	const char *what;

	if (!endpoint_read(word, r->names, &e->end, &wrong, &what))
		words_error(&r->w, "E0923", "`" STR_FMT "` is no %s", STR_ARG(wrong),
		            what);
}

/* `FAMILY TABLE NAME`, `TABLE NAME`, `NAME`: as many words as there are before `stop`. */
static void read_name(struct reader *r, struct expect *e)
{
	struct str family = words_peek(&r->w);

	if (find(family, families, ARRAY_LEN(families)) < ARRAY_LEN(families)) {
		e->family = words_next(&r->w);
		e->table = text_of(r, "the table's name");
	}
	e->name = text_of(r, "the name");
}

/* `packets 3`, `packets > 3`, `bytes 100`. */
static void read_count(struct reader *r, struct expect *e)
{
	e->bytes = words_take(&r->w, "bytes");
	if (!e->bytes && !words_take(&r->w, "packets")) {
		words_next(&r->w);
		words_error(
			&r->w, "E0932",
			"behind the counter comes `packets` or `bytes`, and a number");
		return;
	}
	size_t op = find(words_peek(&r->w), compares, ARRAY_LEN(compares));
	if (op < ARRAY_LEN(compares)) {
		words_next(&r->w);
		e->compare = (enum expect_compare)op;
	}
	e->number = words_number(&r->w, e->bytes ? "bytes" : "packets", UINT64_MAX);
}

static void read_counter(struct reader *r, struct expect *e)
{
	e->kind = EXPECT_COUNTER;
	e->of_rule = words_take(&r->w, "of");
	if (e->of_rule)
		read_by(r, e);
	else
		read_name(r, e);
	if (!r->w.failed)
		read_count(r, e);
}

/* `@banned has 198.51.100.7`, `set inet filter banned lacks 10.0.0.1 . 22`. */
static void read_element(struct reader *r, struct expect *e)
{
	auto_buf text = { 0 };

	e->kind = EXPECT_ELEMENT;
	e->absent = words_take(&r->w, "lacks");
	if (!e->absent && !words_take(&r->w, "has")) {
		words_next(&r->w);
		words_error(&r->w, "E0932", "behind the set comes `has` or `lacks`");
		return;
	}
	do {
		buf_str(&text, text_of(r, "the element"));
		buf_char(&text, ' ');
	} while (words_take(&r->w, ".") && (buf_cstr(&text, ". "), true));
	e->text = arena_str(r->w.a, str_trim(buf_as_str(&text)));
}

static void read_log(struct reader *r, struct expect *e)
{
	struct words copy = r->w;
	struct str text = words_next(&copy);

	e->kind = EXPECT_LOG;
	e->has_text = copy.quoted;
	if (!copy.quoted)
		return;
	e->text = text;
	r->w = copy;
}

static void read_answer(struct reader *r, struct expect *e)
{
	struct str word = words_next(&r->w);
	size_t fate = find(word, fates, FATE_SOMETIMES);

	e->kind = EXPECT_ANSWER;
	e->fate = (unsigned)fate;
	if (!r->w.failed && fate == FATE_SOMETIMES)
		words_unknown(&r->w, "E0932", word,
		              "is nothing that becomes of an answer", fates,
		              FATE_SOMETIMES);
}

static void read_mark(struct reader *r, struct expect *e, enum expect_kind kind)
{
	e->kind = kind;
	e->number = words_number(&r->w, "mark", UINT32_MAX);
}

/* One expectation by its first word; false: it is none. */
static bool read_one(struct reader *r, struct str word, struct expect *e)
{
	size_t fate = find(word, fates, FATE_NAMES);
	size_t state = find(word, states, ARRAY_LEN(states));

	if (fate < FATE_NAMES) {
		e->kind = EXPECT_FATE;
		e->fate = (unsigned)fate;
	} else if (state < ARRAY_LEN(states)) {
		e->kind = EXPECT_STATE;
		e->text = word;
	} else if (str_is(word, "by")) {
		e->kind = EXPECT_BY;
		read_by(r, e);
	} else if (str_is(word, "through")) {
		e->kind = EXPECT_THROUGH;
		read_by(r, e);
		if (!r->w.failed && e->by > EXPECT_BY_LINE)
			words_error(&r->w, "E0932", "behind `through` stands a rule");
	} else if (str_is(word, "from") || str_is(word, "to")) {
		e->kind = str_is(word, "to") ? EXPECT_TO : EXPECT_FROM;
		read_end(r, e);
	} else if (str_is(word, "out")) {
		e->kind = EXPECT_OUT;
		e->text = text_of(r, "the interface");
	} else if (str_is(word, "mark")) {
		read_mark(r, e, EXPECT_MARK);
	} else if (str_is(word, "ct") && words_take(&r->w, "mark")) {
		read_mark(r, e, EXPECT_CT_MARK);
	} else if (str_is(word, "log")) {
		read_log(r, e);
	} else if (str_is(word, "no") && words_take(&r->w, "log")) {
		e->kind = EXPECT_NO_LOG;
	} else if (str_is(word, "answer")) {
		read_answer(r, e);
	} else if (str_is(word, "no") && words_take(&r->w, "answer")) {
		e->kind = EXPECT_NO_ANSWER;
	} else if (str_is(word, "counter")) {
		read_counter(r, e);
	} else if (str_is(word, "set")) {
		read_name(r, e);
		read_element(r, e);
	} else if (word.n > 1 && word.p[0] == '@') {
		e->name = str_sub(word, 1, word.n);
		read_element(r, e);
	} else {
		return false;
	}
	return true;
}

static void unknown(struct reader *r, struct str word)
{
	static const struct str others[] = {
		STR_INIT("by"),      STR_INIT("from"),      STR_INIT("to"),
		STR_INIT("through"), STR_INIT("out"),       STR_INIT("mark"),
		STR_INIT("log"),     STR_INIT("no log"),    STR_INIT("counter"),
		STR_INIT("set"),     STR_INIT("@SET"),      STR_INIT("ct mark"),
		STR_INIT("answer"),  STR_INIT("no answer"), STR_INIT("then"),
	};
	struct str names[FATE_NAMES + ARRAY_LEN(states) + ARRAY_LEN(others)];

	memcpy(names, fates, sizeof(fates));
	memcpy(names + FATE_NAMES, states, sizeof(states));
	memcpy(names + FATE_NAMES + ARRAY_LEN(states), others, sizeof(others));
	words_unknown(&r->w, "E0932", word, "is nothing that can be expected", names,
	              ARRAY_LEN(names));
}

static void end_group(struct reader *r, struct span first, uint32_t count)
{
	struct expect_group *g = vec_add(&r->groups);

	g->count = count;
	g->n = r->now.n;
	g->span = r->now.n ? span_join(r->now.p[0].span, r->now.p[r->now.n - 1].span)
	                   : first;
	g->p = r->now.n ? arena_copy(r->w.a, r->now.p, r->now.n * sizeof(*r->now.p))
	                : NULL;
	r->now.n = 0;
	if (g->n == 0)
		words_error(&r->w, "E0932", "nothing is expected here");
}

/* `5 accept`: so many packets. */
static uint32_t read_times(struct reader *r)
{
	struct str word = words_peek(&r->w);
	uint64_t n;

	if (str_to_u64(word, 10, &n) < 0)
		return 0;
	n = words_number(&r->w, "expect", 1000000);
	if (n == 0 && !r->w.failed)
		words_error(&r->w, "E0932", "0 times is never");
	return (uint32_t)n;
}

/* True: there is another one. */
static bool read_group(struct reader *r)
{
	uint32_t count = read_times(r);
	struct span first = words_rest(&r->w);
	bool more = false;

	while (!r->w.failed && !words_end(&r->w)) {
		struct expect e = { .kind = EXPECT_FATE };
		bool comma = words_take(&r->w, ",");
		more = words_take(&r->w, "then");
		if (more)
			break;
		struct str word = words_next(&r->w);
		struct span at = words_span(&r->w);
		if (!comma && r->w.quoted)
			word = STR("\"");
		if (!r->w.failed && !read_one(r, word, &e))
			unknown(r, word);
		e.span = span_join(at, words_span(&r->w));
		vec_push(&r->now, e);
	}
	end_group(r, (struct span){ first.file, first.off, 0 }, count);
	return more && !r->w.failed;
}

int expect_read(const struct sources *sources, struct span span,
                const struct names *names, struct arena *a, struct diags *diags,
                struct expect_list *out)
{
	struct reader r = { .names = names };

	words_init(&r.w, sources, span, a, diags);
	while (read_group(&r))
		continue;
	if (!r.w.failed)
		*out = (struct expect_list){ arena_copy(a, r.groups.p,
			                                r.groups.n * sizeof(*r.groups.p)),
			                     r.groups.n };
	vec_fini(&r.groups);
	vec_fini(&r.now);
	return r.w.failed ? -EINVAL : 0;
}

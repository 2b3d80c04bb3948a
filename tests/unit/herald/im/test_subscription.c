/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * RFC 6121 appendix A, table for table. A state is written as its letters: t to, f from,
 * o pending out, i pending in; "" is None. `+` means that the stanza is routed or delivered.
 */
#include "unit.h"

#include "herald/im/subscription.h"

enum { STATES = 9 };

static const char *const states[STATES] = {
	"", "o", "i", "oi", "t", "ti", "f", "fo", "tf"
};

static const struct {
	const char *table;
	bool inbound;
	enum stanza_type type;
	const char *to[STATES]; /* the new state, with + before it when it is passed on */
} tables[] = {
	{ "A.2.1",
	  false,
	  TYPE_SUBSCRIBE,
	  { "+o", "+o", "+oi", "+oi", "+t", "+ti", "+fo", "+fo", "+tf" } },
	{ "A.2.2",
	  false,
	  TYPE_UNSUBSCRIBE,
	  { "+", "+", "+i", "+i", "+", "+i", "+f", "+f", "+f" } },
	{ "A.2.3",
	  false,
	  TYPE_SUBSCRIBED,
	  { "", "o", "+f", "+fo", "t", "+tf", "f", "fo", "tf" } },
	{ "A.2.4",
	  false,
	  TYPE_UNSUBSCRIBED,
	  { "", "o", "+", "+o", "t", "+t", "+", "+o", "+t" } },
	{ "A.3.1",
	  true,
	  TYPE_SUBSCRIBE,
	  { "+i", "+oi", "i", "oi", "+ti", "ti", "f", "fo", "tf" } },
	{ "A.3.2",
	  true,
	  TYPE_UNSUBSCRIBE,
	  { "", "o", "+", "+o", "t", "+t", "+", "+o", "+t" } },
	{ "A.3.3",
	  true,
	  TYPE_SUBSCRIBED,
	  { "", "+t", "i", "+ti", "t", "ti", "f", "+tf", "tf" } },
	{ "A.3.4",
	  true,
	  TYPE_UNSUBSCRIBED,
	  { "", "+", "i", "+i", "+", "+i", "f", "+f", "+f" } },
};

static struct subscription read_state(const char *text)
{
	return (struct subscription){
		.to = strchr(text, 't'),
		.from = strchr(text, 'f'),
		.ask = strchr(text, 'o'),
		.pending = strchr(text, 'i'),
		.listed = true,
	};
}

static void write_state(const struct subscription *s, char out[8])
{
	snprintf(out, 8, "%s%s%s%s%s", s->route ? "+" : "", s->to ? "t" : "",
	         s->from ? "f" : "", s->ask ? "o" : "", s->pending ? "i" : "");
}

static void every_state_takes_every_stanza(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		for (size_t j = 0; j < STATES; j++) {
			struct subscription was = read_state(states[j]);
			struct subscription now =
				tables[i].inbound ? subscription_in(was, tables[i].type)
						  : subscription_out(was, tables[i].type);
			char got[8];
			write_state(&now, got);
			if (strcmp(got, tables[i].to[j]) != 0)
				fail_msg("%s from `%s`: got `%s`, want `%s`",
				         tables[i].table, states[j], got,
				         tables[i].to[j]);
		}
	}
}

static void a_pre_approved_contact_is_answered(void **state)
{
	struct subscription s = { 0 };

	(void)state;
	s = subscription_out(s, TYPE_SUBSCRIBED);
	assert_true(s.approved && s.listed && !s.from && !s.route);
	s = subscription_in(s, TYPE_SUBSCRIBE);
	assert_true(s.from && s.answer && !s.route && !s.pending);
	s = subscription_out(s, TYPE_UNSUBSCRIBED);
	assert_false(s.approved || s.from);
}

static void the_server_answers_only_what_is_settled(void **state)
{
	struct subscription from = read_state("f"), none = read_state("");

	(void)state;
	assert_true(subscription_in(from, TYPE_SUBSCRIBE).answer);
	assert_true(subscription_in(from, TYPE_UNSUBSCRIBE).answer);
	assert_false(subscription_in(none, TYPE_SUBSCRIBE).answer);
	assert_false(subscription_in(none, TYPE_UNSUBSCRIBE).answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_state_takes_every_stanza),
		UNIT(a_pre_approved_contact_is_answered),
		UNIT(the_server_answers_only_what_is_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

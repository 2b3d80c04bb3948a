/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What was expected against what came. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>

#include "gate/cli/test.h"

enum { GROUPS_MAX = 64 };

static struct str say(struct test_file *f, const char *fmt, ...) PRINTF(2, 3);
static struct str say(struct test_file *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	struct str text = arena_vfmt(&f->c->arena, fmt, args);
	va_end(args);
	return text;
}

/* The expectation in its own words. */
static struct str words_of(struct test_file *f, const struct expect *x)
{
	return sources_text(&f->c->sources, x->span);
}

static const char *past_tense(enum sim_fate fate)
{
	switch (fate) {
	case FATE_ACCEPT:
		return "accepted";
	case FATE_DROP:
		return "dropped";
	case FATE_REJECT:
		return "rejected";
	case FATE_QUEUE:
		return "queued";
	case FATE_STOLEN:
		return "stolen";
	case FATE_UNKNOWN:
		break;
	}
	return "met by something that is not known here";
}

/* `it was dropped by …` */
static struct str fate_text(struct test_file *f, struct str who,
                            const struct sim_result *r)
{
	const char *fate = past_tense(r->fate);
	const struct sim_rule *rule = r->by == BY_RULE ? r->rule : NULL;

	if (r->by == BY_POLICY)
		return say(f, STR_FMT " was %s by the policy of chain " STR_FMT,
		           STR_ARG(who), fate, STR_ARG(r->chain->c.name));
	if (rule) {
		struct str place = explain_rule_place(&f->e, rule);
		struct str text = explain_rule_text(&f->e, rule);
		return say(f, STR_FMT " was %s by `" STR_FMT "` (" STR_FMT ")",
		           STR_ARG(who), fate, STR_ARG(text), STR_ARG(place));
	}
	return say(f, STR_FMT " was %s%s%s", STR_ARG(who), fate, r->reason ? ": " : "",
	           r->reason ? r->reason : "");
}

struct str test_was(struct test_file *f, const struct taken *taken)
{
	return fate_text(f, taken->packet.n ? taken->packet : STR("it"), &taken->result);
}

/* ---- packets ---- */

static struct str end_text(struct test_file *f, const struct taken *t, bool src)
{
	const struct track_tuple *u = &t->tuple;
	char text[INET6_ADDRSTRLEN] = "";
	bool ip6 = u->family == 6;

	inet_ntop(ip6 ? AF_INET6 : AF_INET, src ? u->src.b : u->dst.b, text,
	          sizeof(text));
	return say(f, ip6 ? "[%s]:%u" : "%s:%u", text, src ? u->src_port : u->dst_port);
}

static bool end_fits(const struct expect *x, const struct taken *t, bool src)
{
	const struct track_tuple *u = &t->tuple;
	uint8_t family = u->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	return u->family &&
	       addr_range_has(&x->end.addr, family, src ? u->src.b : u->dst.b) &&
	       port_range_has(&x->end.port, src ? u->src_port : u->dst_port);
}

static bool by_fits(const struct test_file *f, const struct expect *x,
                    const struct taken *t)
{
	const struct sim_result *r = &t->result;

	switch (x->by) {
	case EXPECT_BY_COMMENT:
	case EXPECT_BY_HANDLE:
	case EXPECT_BY_LINE:
		break;
	case EXPECT_BY_POLICY:
		return (r->by == BY_POLICY ||
		        (r->fate == FATE_ACCEPT && t->n_deciders == 0 && r->chain)) &&
		       (!x->text.n || str_eq(r->chain->c.name, x->text));
	case EXPECT_BY_STACK:
		return r->by == BY_STACK;
	case EXPECT_BY_CONNTRACK:
		return r->by == BY_CONNTRACK;
	case EXPECT_BY_NAT:
		return r->by == BY_NAT;
	}
	for (size_t i = 0; i < t->n_deciders; i++)
		if (test_is_rule(f, x, t->deciders[i]))
			return true;
	return false;
}

static bool went_through(const struct test_file *f, const struct expect *x,
                         const struct taken *t)
{
	for (size_t i = 0; i < t->n_matched && i < TEST_MATCHED; i++)
		if (test_is_rule(f, x, t->matched[i]))
			return true;
	return false;
}

static bool has_log(const struct expect *x, const struct taken *t)
{
	for (size_t i = 0; i < t->n_logs; i++)
		if (!x->has_text || str_eq(t->logs[i], x->text))
			return true;
	return false;
}

static struct str logs_text(struct test_file *f, const struct taken *t)
{
	auto_buf out = { 0 };

	if (!t->n_logs)
		return STR("nothing was logged");
	for (size_t i = 0; i < t->n_logs; i++)
		buf_fmt(&out, "%s\"" STR_FMT "\"", i ? ", " : "it was logged with ",
		        STR_ARG(t->logs[i]));
	return arena_str(&f->c->arena, buf_as_str(&out));
}

/* A bridge may have sent copies by several devices. */
static bool leaves_by(const struct taken *t, struct str dev)
{
	for (size_t i = 0; i < t->n_sent; i++)
		if (str_eq(t->sent[i]->name, dev))
			return true;
	return t->out && str_eq(t->out->name, dev);
}

static struct str look_answer(struct test_file *f, const struct expect *x,
                              const struct taken *t)
{
	const char *silence = t->result.silence;

	if (!t->has_answer && x->kind == EXPECT_ANSWER)
		return say(f, "it was not answered%s%s", silence ? ": " : "",
		           silence ? silence : "");
	if (x->kind == EXPECT_ANSWER ? t->answer.fate == x->fate : !t->has_answer)
		return STR("");
	return fate_text(f, STR("its answer"), &t->answer);
}

/* Why the packet is not as expected; empty: it is. */
static struct str look_packet(struct test_file *f, const struct expect *x,
                              const struct taken *t)
{
	struct str dev = t->out ? t->out->name : STR("");

	switch (x->kind) {
	case EXPECT_STATE:
		return str_is(x->text, t->ct) ? STR("")
		                              : say(f, "its connection is %s", t->ct);
	case EXPECT_BY:
		return by_fits(f, x, t) ? STR("") : test_was(f, t);
	case EXPECT_THROUGH:
		return went_through(f, x, t) ? STR("")
		                             : STR("it did not match that rule");
	case EXPECT_FROM:
	case EXPECT_TO: {
		bool src = x->kind == EXPECT_FROM;
		struct str end = end_text(f, t, src);
		return end_fits(x, t, src)
		               ? STR("")
		               : say(f, "its %s is " STR_FMT,
		                     src ? "source" : "destination", STR_ARG(end));
	}
	case EXPECT_OUT:
		if (leaves_by(t, x->text))
			return STR("");
		return dev.n ? say(f, "it leaves by " STR_FMT, STR_ARG(dev))
		             : STR("it stays on this machine");
	case EXPECT_MARK:
		return t->mark == x->number ? STR("")
		                            : say(f, "its mark is 0x%x", t->mark);
	case EXPECT_CT_MARK:
		if (!t->has_entry)
			return STR("it has no connection");
		return t->ct_mark == x->number
		               ? STR("")
		               : say(f, "its connection's mark is 0x%x", t->ct_mark);
	case EXPECT_ANSWER:
	case EXPECT_NO_ANSWER:
		return look_answer(f, x, t);
	case EXPECT_LOG:
		return has_log(x, t) ? STR("") : logs_text(f, t);
	case EXPECT_NO_LOG:
		return t->n_logs ? logs_text(f, t) : STR("");
	case EXPECT_FATE:
	case EXPECT_COUNTER:
	case EXPECT_ELEMENT:
		break;
	}
	return STR("");
}

/* ---- the ruleset ---- */

static const union sim_state *rule_counter(const struct test_file *f,
                                           const struct expect *x)
{
	vec_for_each(table, &f->e.store->tables) {
		vec_for_each(chain, &(*table)->chains) {
			vec_for_each(rule, &(*chain)->rules) {
				const struct program *prog = &(*rule)->r.prog;
				for (size_t i = 0;
				     test_is_rule(f, x, *rule) && i < prog->n; i++)
					if (prog->p[i].kind == INSN_COUNTER)
						return &(*rule)->runs[i].state;
			}
		}
	}
	return NULL;
}

static struct str look_counter(struct test_file *f, const struct expect *x)
{
	struct sim_obj *obj = x->of_rule ? NULL : test_find_counter(f, x);
	const union sim_state *s = obj ? &obj->run.state : NULL;

	if (x->of_rule)
		s = rule_counter(f, x);
	if (!s)
		return STR("there is no such counter now");
	uint64_t is = x->bytes ? s->counter.bytes : s->counter.packets;
	if (expect_compare(x->compare, is, x->number))
		return STR("");
	return say(f, "it has counted %llu packets, %llu bytes",
	           (unsigned long long)s->counter.packets,
	           (unsigned long long)s->counter.bytes);
}

static void ignore_text(void *ctx, struct str text)
{
	(void)ctx;
	(void)text;
}

/* The language's own `get element` says whether it is there. */
static int get_element(struct test_file *f, const struct sim_set *set, struct str text,
                       struct arena *a, struct diags *diags)
{
	struct ruleset_options options = cli_ruleset_options(f->c);
	const struct parser_options reading = { .reader = &f->c->reader,
		                                .names = &f->c->names };
	struct sources sources = { .list = { 0 } };
	struct str command = arena_fmt(
		a, "get element %s " STR_FMT " " STR_FMT " { " STR_FMT " }",
		family_name((enum family)set->table->t.family),
		STR_ARG(set->table->t.name), STR_ARG(set->set.name), STR_ARG(text));
	uint32_t file = sources_add(&sources, STR("element"), command);
	struct parser *parser = parser_new(a, &sources, diags, &reading);

	options.write = ignore_text;
	options.debug_netlink = false;
	parser_add_source(parser, file);
	int r = ruleset_run(&f->e.store->engine, parser, &sources, diags, &options);
	sources_fini(&sources);
	return r;
}

static struct str look_element(struct test_file *f, const struct expect *x)
{
	struct sim_set *set = test_find_set(f, x);
	auto_arena a = { 0 };
	auto_diags diags = { 0 };

	if (!set)
		return STR("there is no such set now");
	int r = get_element(f, set, x->text, &a, &diags);
	bool missing = diags.list.n && strcmp(diags.list.p[0]->code, "E0540") == 0;
	if (r < 0 && !missing && diags.list.n)
		return say(f, "`" STR_FMT "` cannot be in this set: " STR_FMT,
		           STR_ARG(x->text), STR_ARG(diags.list.p[0]->message));
	if ((r < 0) == x->absent)
		return STR("");
	return r < 0 ? STR("it is not in the set") : STR("it is in the set");
}

/* ---- one try ---- */

static struct str look(struct test_file *f, const struct expect *x,
                       const struct taken *taken)
{
	if (x->kind == EXPECT_COUNTER)
		return look_counter(f, x);
	if (x->kind == EXPECT_ELEMENT)
		return look_element(f, x);
	return taken ? look_packet(f, x, taken) : STR("");
}

static struct str look_group(struct test_file *f, const struct expect_group *g,
                             const struct taken *taken)
{
	for (size_t i = 0; i < g->n; i++) {
		struct str wrong = look(f, &g->p[i], taken);
		if (!wrong.n)
			continue;
		struct str words = words_of(f, &g->p[i]);
		return say(f, "expected `" STR_FMT "`, but " STR_FMT, STR_ARG(words),
		           STR_ARG(wrong));
	}
	return STR("");
}

void test_look(struct test_file *f, const struct step *step, const struct taken *taken,
               struct test_try *try)
{
	if (taken)
		try->was = test_was(f, taken);
	if (!step->expect.n)
		return;
	try->wrong = arena_array(&f->c->arena, struct str, step->expect.n);
	for (size_t g = 0; g < step->expect.n && g < GROUPS_MAX; g++) {
		try->wrong[g] = look_group(f, &step->expect.p[g], taken);
		if (!try->wrong[g].n)
			try->holds |= UINT64_C(1) << g;
	}
}

/* ---- verdicts ---- */

static bool is_several(unsigned fates)
{
	return fates & (fates - 1);
}

static bool fate_fits(const struct expect *x, unsigned fates)
{
	if (x->fate == FATE_SOMETIMES)
		return is_several(fates);
	if (x->fate == FATE_UNKNOWN && is_several(fates))
		return fates >> FATE_UNKNOWN & 1;
	return fates == 1u << x->fate;
}

static struct str fates_text(struct test_file *f, const struct test_try *try)
{
	auto_buf out = { 0 };

	if (!is_several(try->fates))
		return try->was;
	buf_cstr(&out, "it is not known what happens: ");
	for (unsigned i = 0, n = 0; i < FATE_SOMETIMES; i++)
		if (try->fates >> i & 1)
			buf_fmt(&out, "%s%s", n++ ? " or " : "",
			        fate_name((enum sim_fate)i));
	return arena_str(&f->c->arena, buf_as_str(&out));
}

/* Why the group does not fit the try; empty: it does. */
static struct str group_wrong(struct test_file *f, const struct expect_group *g,
                              size_t number, const struct test_try *try)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct expect *x = &g->p[i];
		bool is_of_answer =
			x->kind == EXPECT_ANSWER || x->kind == EXPECT_NO_ANSWER;
		if (is_of_answer ? !is_several(try->answers)
		                 : x->kind != EXPECT_FATE || fate_fits(x, try->fates))
			continue;
		struct str words = words_of(f, x);
		struct str was =
			is_of_answer ? STR("it is not known what becomes of the answer")
				     : fates_text(f, try);
		return say(f, "expected `" STR_FMT "`, but " STR_FMT, STR_ARG(words),
		           STR_ARG(was));
	}
	return try->holds >> number & 1 ? STR("") : try->wrong[number];
}

static void fail(struct test_file *f, struct test_step *s, size_t n, struct str message)
{
	const struct test_try *try = n < s->tries.n ? &s->tries.p[n] : NULL;
	struct str drawn = try ? try->drawn : STR("");

	s->failed = true;
	s->failed_try = n;
	if (s->tries.n > 1)
		message = say(f, "packet %zu of %zu%s" STR_FMT "%s: " STR_FMT, n + 1,
		              s->tries.n, drawn.n ? " (" : "", STR_ARG(drawn),
		              drawn.n ? ")" : "", STR_ARG(message));
	s->message = message;
}

/* Each group takes so many tries as it says, or at least one and all that fit. */
static void judge_step(struct test_file *f, struct test_step *s)
{
	const struct expect_list *list = &s->step->expect;
	size_t g = 0, taken = 0;

	for (size_t i = 0; i < s->tries.n; i++) {
		const struct test_try *try = &s->tries.p[i];
		bool full = list->p[g].count && taken == list->p[g].count;
		struct str wrong = full ? STR("it is one more than expected")
		                        : group_wrong(f, &list->p[g], g, try);
		bool may_go_on = taken > 0 && (!list->p[g].count || full);
		if (wrong.n && may_go_on && g + 1 < list->n) {
			struct str next = group_wrong(f, &list->p[g + 1], g + 1, try);
			if (full)
				wrong = next;
			if (!next.n) {
				g++;
				taken = 1;
				continue;
			}
		}
		if (wrong.n) {
			fail(f, s, i, wrong);
			return;
		}
		taken++;
	}
	struct str next =
		sources_text(&f->c->sources, list->p[g + (g + 1 < list->n)].span);
	if (g + 1 < list->n)
		fail(f, s, s->tries.n - 1,
		     say(f,
		         "expected in the end `" STR_FMT "`, but it did not come to that",
		         STR_ARG(next)));
	else if (list->p[g].count && taken < list->p[g].count)
		fail(f, s, s->tries.n - 1,
		     say(f, "expected %u of `" STR_FMT "`, but there were %zu",
		         list->p[g].count, STR_ARG(next), taken));
}

/* Without `expect`, what must never be is that it is accepted. */
static void judge_never(struct test_file *f, struct test_step *s)
{
	for (size_t i = 0; i < s->tries.n; i++) {
		if (!(s->tries.p[i].fates & 1u << FATE_ACCEPT))
			continue;
		struct str was = fates_text(f, &s->tries.p[i]);
		fail(f, s, i, was);
		return;
	}
}

void test_judge(struct test_file *f)
{
	f->failed = 0;
	for (size_t i = 0; i < f->n_steps; i++) {
		struct test_step *s = &f->steps[i];
		if (s->step->expect.n)
			judge_step(f, s);
		else if (s->step->kind == STEP_NEVER)
			judge_never(f, s);
		f->failed += s->failed;
	}
}

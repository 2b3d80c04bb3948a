/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `gate explain` for people. */
#include "gate/cli/explain.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

enum { PLACE_WIDTH = 18 };

/* What is printed of one packet, and which hook was named last. */
struct page {
	const struct explain *e;
	struct buf *out;
	struct str hook;
};

static void name_hook(struct page *p, const struct explain_step *s)
{
	if (str_eq(p->hook, s->hook))
		return;
	p->hook = s->hook;
	if (s->hook.n)
		buf_fmt(p->out, "  " STR_FMT "\n", STR_ARG(s->hook));
}

static const char *verdict_word(int32_t verdict)
{
	switch (verdict) {
	case NFT_JUMP:
		return "jump";
	case NFT_GOTO:
		return "goto";
	case NFT_RETURN:
		return "return";
	case NFT_CONTINUE:
		return "goes on";
	case NFT_BREAK:
		return "no";
	case NF_ACCEPT:
		return "ACCEPT";
	case NF_DROP:
		return "DROP";
	default:
		return "TAKEN";
	}
}

static void print_rule_step(struct page *p, const struct explain_step *s)
{
	struct str place = explain_rule_place(p->e, s->rule);
	struct str text = explain_rule_text(p->e, s->rule),
		   piece = explain_piece(p->e, s->rule, s->insn);

	buf_fmt(p->out, "      %-9s" STR_FMT, verdict_word(s->verdict), STR_ARG(place));
	buf_repeat(p->out, ' ', place.n < PLACE_WIDTH ? PLACE_WIDTH - place.n : 1);
	buf_str(p->out, text);
	if (!s->matched && piece.n)
		buf_fmt(p->out, "   <- not `" STR_FMT "`", STR_ARG(piece));
	buf_char(p->out, '\n');
}

static void print_chain(struct page *p, const struct explain_step *s)
{
	struct str name = explain_chain_name(p->e, s->chain);
	const struct prog_chain *c = &s->chain->c;

	buf_fmt(p->out, "    chain " STR_FMT " (priority ", STR_ARG(name));
	priority_print((enum family)s->chain->table->t.family, (int)c->hook, c->priority,
	               p->out);
	buf_fmt(p->out, ", policy %s)\n", c->policy == NF_DROP ? "drop" : "accept");
}

static void print_step(struct page *p, const struct explain_step *s)
{
	struct str name;

	if (s->kind == EVENT_HOOK || s->kind == EVENT_CONFIRM || s->kind == EVENT_SENT ||
	    s->kind == EVENT_ANSWERED || s->kind == EVENT_SILENCE)
		return;
	name_hook(p, s);
	switch (s->kind) {
	case EVENT_HOOK:
	case EVENT_CONFIRM:
	case EVENT_SENT:
	case EVENT_ANSWERED:
	case EVENT_SILENCE: /* the sentence says it */
		return;
	case EVENT_CHAIN:
		print_chain(p, s);
		return;
	case EVENT_RULE:
		print_rule_step(p, s);
		return;
	case EVENT_JUMP:
	case EVENT_RETURN:
		name = explain_chain_name(p->e, s->chain);
		buf_fmt(p->out, "    %s chain " STR_FMT "\n",
		        s->kind == EVENT_JUMP ? "into" : "back in", STR_ARG(name));
		return;
	case EVENT_POLICY:
		buf_fmt(p->out, "      %-9spolicy\n", verdict_word(s->verdict));
		return;
	case EVENT_CONNTRACK:
		buf_fmt(p->out, "    connection tracking: %s%s" STR_FMT "\n", s->ct,
		        s->text.n ? ", " : "", STR_ARG(s->text));
		return;
	case EVENT_NAT:
		buf_fmt(p->out, "    address translation: now " STR_FMT "%s" STR_FMT "\n",
		        STR_ARG(s->addresses), s->text.n ? ", " : "", STR_ARG(s->text));
		return;
	case EVENT_ROUTE:
		buf_fmt(p->out, "  route: " STR_FMT "\n", STR_ARG(s->text));
		return;
	case EVENT_DEFRAG:
	case EVENT_STACK:
		buf_fmt(p->out, "  IP stack: " STR_FMT "\n", STR_ARG(s->text));
		return;
	case EVENT_LOG:
		buf_cstr(p->out, "      (logged)\n");
		return;
	case EVENT_ASSUMED:
		buf_fmt(p->out, "      (taken to be so: " STR_FMT ")\n",
		        STR_ARG(s->text));
		return;
	case EVENT_DOUBT:
		buf_fmt(p->out, "      (not known: " STR_FMT ")\n", STR_ARG(s->text));
		return;
	case EVENT_ANSWER:
		buf_fmt(p->out, "  answer: " STR_FMT ", " STR_FMT "\n", STR_ARG(s->text),
		        STR_ARG(s->addresses));
		return;
	}
}

void explain_print_packet(const struct explain *e, const struct explain_packet *packet,
                          struct buf *out)
{
	struct page p = { .e = e, .out = out };
	struct str words = sources_text(&e->c->sources, packet->line.span);
	struct str sentence = explain_sentence(e, packet);

	buf_fmt(out, STR_FMT "\n", STR_ARG(words));
	if (packet->made.filled.n)
		buf_fmt(out, "  taken as said: " STR_FMT "\n",
		        STR_ARG(packet->made.filled));
	if (e->live)
		buf_cstr(out, "  note: " EXPLAIN_LIVE_NOTE "\n");
	vec_for_each(it, &packet->steps)
		if (!it->is_answer)
			print_step(&p, it);
	vec_for_each(it, &packet->steps) /* it began while the rule ran */
		if (it->is_answer)
			print_step(&p, it);
	buf_fmt(out, STR_FMT "\n", STR_ARG(sentence));
	if (!e->c->options.why_not.p)
		return;
	sentence = explain_near_sentence(e, packet);
	buf_fmt(out, STR_FMT "\n", STR_ARG(sentence));
}

void explain_print(const struct explain *e)
{
	auto_buf out = { 0 };

	for (size_t i = 0; i < e->n_packets; i++) {
		if (i > 0)
			buf_char(&out, '\n');
		explain_print_packet(e, &e->packets[i], &out);
	}
	output_put(&e->c->out, buf_as_str(&out));
}

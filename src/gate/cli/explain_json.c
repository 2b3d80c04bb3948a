/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `gate explain -j`: one object, or an array of them for several packets. */
#include "gate/cli/explain.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* Members of an object, with commas between. */
struct object {
	struct buf *out;
	bool any;
};

static struct object begin(struct buf *out)
{
	buf_char(out, '{');
	return (struct object){ .out = out };
}

static void key(struct object *o, const char *name)
{
	buf_fmt(o->out, "%s\"%s\":", o->any ? "," : "", name);
	o->any = true;
}

static void put_str(struct object *o, const char *name, struct str value)
{
	key(o, name);
	buf_json(o->out, value);
}

static void put_bool(struct object *o, const char *name, bool value)
{
	key(o, name);
	buf_cstr(o->out, value ? "true" : "false");
}

static void put_device(struct object *o, const char *name, const struct sim_dev *dev)
{
	if (dev)
		put_str(o, name, dev->name);
}

static void put_hex(struct object *o, const char *name, struct str bytes)
{
	key(o, name);
	buf_char(o->out, '"');
	for (size_t i = 0; i < bytes.n; i++)
		buf_fmt(o->out, "%02x", (uint8_t)bytes.p[i]);
	buf_char(o->out, '"');
}

static const char *by_name(enum sim_by by)
{
	switch (by) {
	case BY_END:
		return "end";
	case BY_RULE:
		return "rule";
	case BY_POLICY:
		return "policy";
	case BY_STACK:
		return "stack";
	case BY_CONNTRACK:
		return "conntrack";
	case BY_NAT:
		return "nat";
	}
	return "";
}

/* The rule's place in its chain, from 0: what nft calls its index. */
static size_t rule_index(const struct sim_rule *rule)
{
	size_t i = 0;

	while (i < rule->chain->rules.n && rule->chain->rules.p[i] != rule)
		i++;
	return i;
}

static void put_rule(struct object *o, const char *name, const struct explain *e,
                     const struct sim_rule *rule)
{
	struct str place = explain_rule_place(e, rule);
	size_t colon = place.n;
	uint64_t line;

	key(o, name);
	struct object r = begin(o->out);
	put_str(&r, "chain", explain_chain_name(e, rule->chain));
	put_str(&r, "text", explain_rule_text(e, rule));
	while (colon > 0 && place.p[colon - 1] != ':')
		colon--;
	if (colon > 0 && str_to_u64(str_sub(place, colon, place.n), 10, &line) == 0) {
		put_str(&r, "file", str_sub(place, 0, colon - 1));
		key(&r, "line");
		buf_u64(o->out, line);
	}
	if (e->live) {
		key(&r, "handle");
		buf_u64(o->out, rule->r.handle);
	}
	key(&r, "index");
	buf_u64(o->out, rule_index(rule));
	buf_char(o->out, '}');
}

static struct str verdict_json(int32_t verdict)
{
	switch (verdict) {
	case NFT_JUMP:
		return STR("jump");
	case NFT_GOTO:
		return STR("goto");
	case NFT_RETURN:
		return STR("return");
	case NFT_CONTINUE:
		return STR("continue");
	case NFT_BREAK:
		return STR("no match");
	case NF_ACCEPT:
		return STR("accept");
	case NF_DROP:
		return STR("drop");
	default:
		return STR("stolen");
	}
}

static const char *step_name(enum sim_event_kind kind)
{
	static const char *const names[] = {
		[EVENT_HOOK] = "hook",
		[EVENT_CHAIN] = "chain",
		[EVENT_RULE] = "rule",
		[EVENT_JUMP] = "jump",
		[EVENT_RETURN] = "return",
		[EVENT_POLICY] = "policy",
		[EVENT_CONNTRACK] = "conntrack",
		[EVENT_CONFIRM] = "confirm",
		[EVENT_NAT] = "nat",
		[EVENT_ROUTE] = "route",
		[EVENT_DEFRAG] = "defrag",
		[EVENT_STACK] = "stack",
		[EVENT_SENT] = "sent",
		[EVENT_LOG] = "log",
		[EVENT_ASSUMED] = "assumed",
		[EVENT_DOUBT] = "doubt",
		[EVENT_ANSWER] = "answer",
		[EVENT_ANSWERED] = "answered",
		[EVENT_SILENCE] = "silence",
	};

	return names[kind];
}

static void put_step(const struct explain *e, const struct explain_step *s,
                     struct buf *out)
{
	struct object o = begin(out);

	put_str(&o, "step", str_from(step_name(s->kind)));
	if (s->rule) {
		put_rule(&o, "rule", e, s->rule);
		put_bool(&o, "matched", s->matched);
	} else if (s->chain) {
		put_str(&o, "chain", explain_chain_name(e, s->chain));
	}
	if (s->kind == EVENT_RULE || s->kind == EVENT_POLICY)
		put_str(&o, "verdict", verdict_json(s->verdict));
	if (s->kind == EVENT_RULE && !s->matched)
		put_str(&o, "failed", explain_piece(e, s->rule, s->insn));
	if (s->kind == EVENT_CONNTRACK)
		put_str(&o, "state", str_from(s->ct));
	if (s->addresses.n)
		put_str(&o, "addresses", s->addresses);
	if (s->text.n && s->kind != EVENT_HOOK)
		put_str(&o, "text", s->text);
	buf_char(out, '}');
}

/* Hooks in order, each with its steps: of the packet, or of what was answered. */
static void put_hooks(struct object *o, const struct explain *e,
                      const struct explain_packet *p, bool of_answer)
{
	bool first = true, open = false, any = false;

	key(o, "hooks");
	buf_char(o->out, '[');
	vec_for_each(it, &p->steps) {
		if (it->is_answer != of_answer || it->kind == EVENT_ANSWER ||
		    it->kind == EVENT_ANSWERED)
			continue;
		if (it->kind == EVENT_HOOK || !open) {
			buf_cstr(o->out, open ? "]}" : "");
			buf_cstr(o->out, first ? "" : ",");
			buf_cstr(o->out, "{\"hook\":");
			buf_json(o->out, it->kind == EVENT_HOOK ? it->text : STR(""));
			buf_cstr(o->out, ",\"steps\":[");
			first = any = false;
			open = true;
		}
		if (it->kind == EVENT_HOOK)
			continue;
		buf_cstr(o->out, any ? "," : "");
		put_step(e, it, o->out);
		any = true;
	}
	buf_cstr(o->out, open ? "]}]" : "]");
}

static void put_nat(struct object *o, const struct explain_packet *p)
{
	key(o, "nat");
	if (str_eq(p->before, p->after)) {
		buf_cstr(o->out, "null");
		return;
	}
	struct object n = begin(o->out);
	put_str(&n, "before", p->before);
	put_str(&n, "after", p->after);
	buf_char(o->out, '}');
}

static void put_missing(struct object *o, const struct explain *e,
                        const struct explain_step *near)
{
	struct str_list missing = explain_missing(e, near);
	const char *sep = "";

	key(o, "missing");
	buf_char(o->out, '[');
	for (size_t i = 0; i < missing.n; i++, sep = ",") {
		buf_cstr(o->out, sep);
		buf_json(o->out, missing.p[i]);
	}
	buf_char(o->out, ']');
}

static void put_near(struct object *o, const struct explain *e,
                     const struct explain_packet *p)
{
	const struct explain_step *near = explain_nearest(e, p);

	key(o, "nearest");
	struct object n = begin(o->out);
	put_str(&n, "verdict", e->c->options.why_not);
	if (near) {
		put_rule(&n, "rule", e, near->rule);
		put_missing(&n, e, near);
	}
	put_str(&n, "sentence", explain_near_sentence(e, p));
	buf_char(o->out, '}');
}

/* All that can come out: several with `sometimes`. */
static void put_verdicts(struct object *o, const struct explain_packet *p)
{
	const char *sep = "";

	key(o, "verdicts");
	buf_char(o->out, '[');
	for (unsigned f = 0; f <= FATE_UNKNOWN; f++) {
		if (!(p->fates >> f & 1))
			continue;
		buf_cstr(o->out, sep);
		buf_json(o->out, str_from(fate_name((enum sim_fate)f)));
		sep = ",";
	}
	buf_char(o->out, ']');
}

/* Who decided. */
static void put_by(struct object *o, const struct explain *e, const struct sim_result *r)
{
	put_str(o, "by", str_from(by_name(r->by)));
	if (r->by == BY_RULE)
		put_rule(o, "rule", e, r->rule);
	if (r->by == BY_POLICY)
		put_str(o, "chain", explain_chain_name(e, r->chain));
	if (r->reason)
		put_str(o, "reason", str_from(r->reason));
	if (r->doubt)
		put_str(o, "doubt", str_from(r->doubt));
}

static void put_answer(struct object *o, const struct explain *e,
                       const struct explain_packet *p)
{
	const struct sim_result *r = p->result.answer;

	if (p->result.silence)
		put_str(o, "silence", str_from(p->result.silence));
	if (!r)
		return;
	key(o, "answer");
	struct object a = begin(o->out);
	vec_for_each(it, &p->steps) {
		if (it->kind != EVENT_ANSWER)
			continue;
		put_str(&a, "packet", it->text);
		put_str(&a, "addresses", it->addresses);
		break;
	}
	put_str(&a, "verdict",
	        p->answers & (p->answers - 1) ? STR("sometimes")
	                                      : str_from(fate_name(r->fate)));
	put_by(&a, e, r);
	put_device(&a, "out", r->out);
	put_hooks(&a, e, p, true);
	buf_char(o->out, '}');
}

static void put_packet(const struct explain *e, const struct explain_packet *p,
                       struct buf *out)
{
	struct object o = begin(out);

	put_str(&o, "packet", sources_text(&e->c->sources, p->line.span));
	put_str(&o, "filled_in", p->made.filled);
	put_str(&o, "verdict", explain_verdict(p));
	put_verdicts(&o, p);
	put_by(&o, e, &p->result);
	put_str(&o, "conntrack", str_from(p->ct));
	put_device(&o, "in", p->made.arrival.in);
	put_device(&o, "out", p->made.arrival.out);
	put_nat(&o, p);
	put_hex(&o, p->has_frame ? "frame" : "network_packet", p->bytes);
	put_hooks(&o, e, p, false);
	put_answer(&o, e, p);
	if (e->c->options.why_not.p)
		put_near(&o, e, p);
	if (e->live)
		put_str(&o, "note", STR(EXPLAIN_LIVE_NOTE));
	put_str(&o, "sentence", explain_sentence(e, p));
	buf_char(out, '}');
}

void explain_json(const struct explain *e)
{
	auto_buf out = { 0 };

	if (e->n_packets != 1)
		buf_char(&out, '[');
	for (size_t i = 0; i < e->n_packets; i++) {
		buf_cstr(&out, i ? "," : "");
		put_packet(e, &e->packets[i], &out);
	}
	buf_cstr(&out, e->n_packets != 1 ? "]\n" : "\n");
	output_put(&e->c->out, buf_as_str(&out));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What `gate replay` tells, for people and as JSON. */
#include <inttypes.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <time.h>

#include "gate/cli/replay.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- words ---- */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* `accept or drop` */
static struct str fates_text(struct arena *a, unsigned fates)
{
	auto_buf out = { 0 };

	for (unsigned f = 0; f < FATE_SOMETIMES; f++)
		if (fates >> f & 1)
			buf_fmt(&out, "%s%s", out.n ? " or " : "",
			        fate_name((enum sim_fate)f));
	return arena_str(a, buf_as_str(&out));
}

static struct str judge_text(const struct explain *e, const struct record_judge *j)
{
	struct arena *a = &e->c->arena;

	if (j->fate == FATE_SOMETIMES) {
		struct str fates = fates_text(a, j->fates);
		return arena_fmt(a, STR_FMT ": it depends on %s", STR_ARG(fates),
		                 j->reason);
	}
	switch (j->by) {
	case BY_RULE: {
		struct str place = explain_rule_place(e, j->rule);
		struct str text = explain_rule_text(e, j->rule);
		return arena_fmt(a, STR_FMT "  " STR_FMT, STR_ARG(place), STR_ARG(text));
	}
	case BY_POLICY: {
		struct str name = explain_chain_name(e, j->chain);
		return arena_fmt(a, "policy of " STR_FMT, STR_ARG(name));
	}
	case BY_STACK:
		return arena_fmt(a, "IP stack: %s", j->reason);
	case BY_CONNTRACK:
		return arena_fmt(a, "connection tracking: %s", j->reason);
	case BY_NAT:
		return arena_fmt(a, "address translation: %s", j->reason);
	case BY_END:
		return j->chain ? STR("policy accept") : STR("no rule is for it");
	}
	return STR("");
}

static const char *protocol_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	default:
		return NULL;
	}
}

static struct str flow_text(struct arena *a, const struct track_tuple *t)
{
	const char *proto = protocol_name(t->proto);
	struct str src = explain_side(a, t, true), dst = explain_side(a, t, false);

	if (!t->family)
		return STR("frames without IP addresses");
	if (!proto)
		return arena_fmt(a, "proto %u " STR_FMT " > " STR_FMT, t->proto,
		                 STR_ARG(src), STR_ARG(dst));
	return arena_fmt(a, "%s " STR_FMT " > " STR_FMT, proto, STR_ARG(src),
	                 STR_ARG(dst));
}

static struct str time_text(struct arena *a, uint64_t ns)
{
	time_t s = (time_t)(ns / NS_PER_S);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_fmt(a, "%s.%06uZ", text, (unsigned)(ns % NS_PER_S / 1000));
}

/* ---- order: most packets first ---- */

static int by_packets(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int judge_cmp(const void *a, const void *b)
{
	const struct record_judge *x = *(const struct record_judge *const *)a;
	const struct record_judge *y = *(const struct record_judge *const *)b;
	int c = by_packets(x->count.packets, y->count.packets);

	return c ? c : x < y ? -1 : x > y;
}

static int flow_cmp(const void *a, const void *b)
{
	const struct record_flow *x = *(const struct record_flow *const *)a;
	const struct record_flow *y = *(const struct record_flow *const *)b;
	int c = by_packets(x->count.packets, y->count.packets);

	return c ? c : x < y ? -1 : x > y;
}

static const struct record_judge **sorted_judges(struct arena *a, const struct record *t)
{
	const struct record_judge **all =
		arena_array(a, const struct record_judge *, t->judges.n);

	for (size_t i = 0; i < t->judges.n; i++)
		all[i] = &t->judges.p[i];
	if (t->judges.n)
		qsort(all, t->judges.n, sizeof(*all), judge_cmp);
	return all;
}

static const struct record_flow **sorted_flows(struct arena *a, const struct record *t)
{
	const struct record_flow **all =
		arena_array(a, const struct record_flow *, t->flows.n);

	for (size_t i = 0; i < t->flows.n; i++)
		all[i] = &t->flows.p[i];
	if (t->flows.n)
		qsort(all, t->flows.n, sizeof(*all), flow_cmp);
	return all;
}

/* ---- for people ---- */

static uint64_t sent(const struct record *t)
{
	uint64_t n = 0;

	for (unsigned f = 0; f < FATES; f++)
		n += t->fates[f].packets;
	return n;
}

static void say_fates(const struct record *t, struct buf *out)
{
	uint64_t all = sent(t);

	for (unsigned f = 0; f < FATES; f++)
		if (t->fates[f].packets)
			buf_fmt(out,
			        "  %-9s %11" PRIu64 " packets  %5.1f %%  %14" PRIu64
			        " bytes\n",
			        record_fate_name(f), t->fates[f].packets,
			        100.0 * (double)t->fates[f].packets / (double)all,
			        t->fates[f].bytes);
}

static void say_judges(const struct explain *e, const struct record *t, struct buf *out)
{
	const struct record_judge **all = sorted_judges(&e->c->arena, t);

	buf_cstr(out, "By what decided:\n");
	for (size_t i = 0; i < t->judges.n; i++) {
		struct str text = judge_text(e, all[i]);
		if (all[i]->count.packets)
			buf_fmt(out, "  %12" PRIu64 "  %-9s " STR_FMT "\n",
			        all[i]->count.packets, record_fate_name(all[i]->fate),
			        STR_ARG(text));
	}
}

static void say_one_flow(const struct replay_run *r, const struct record_flow *f,
                         bool compared, struct buf *out)
{
	struct arena *a = &r->c->arena;
	const struct record_judge *j = &r->replay.now.record.judges.p[f->judge];
	struct str flow = flow_text(a, &f->first), time = time_text(a, f->first_ns);
	struct str by = judge_text(&r->e, j);

	buf_fmt(out, "  " STR_FMT "\n      %" PRIu64 " packet%s, the first at " STR_FMT,
	        STR_ARG(flow), f->count.packets, plural(f->count.packets), STR_ARG(time));
	if (f->sometimes)
		buf_fmt(out, "; %" PRIu64 " of them only sometimes", f->sometimes);
	buf_char(out, '\n');
	if (!compared) {
		buf_fmt(out, "      %s: " STR_FMT "\n", record_fate_name(j->fate),
		        STR_ARG(by));
		return;
	}
	const struct record_judge *old = &r->replay.old.record.judges.p[f->old_judge];
	struct str was = judge_text(&r->old, old);
	buf_fmt(out, "      before: %-7s " STR_FMT "\n      now:    %-7s " STR_FMT "\n",
	        record_fate_name(old->fate), STR_ARG(was), record_fate_name(j->fate),
	        STR_ARG(by));
}

static void say_flows(const struct replay_run *r, const struct record *t, bool compared,
                      struct buf *out)
{
	const struct record_flow **all = sorted_flows(&r->c->arena, t);

	if (!t->flows.n) {
		buf_cstr(out, compared ? "No flow's fate changes.\n"
		                       : "Every packet gets through.\n");
		return;
	}
	buf_fmt(out, "%s (%zu):\n",
	        compared ? "Flows whose fate changes" : "Flows that are stopped",
	        t->flows.n);
	for (size_t i = 0; i < t->flows.n && i < r->flows_shown; i++)
		say_one_flow(r, all[i], compared, out);
	if (t->flows.n > r->flows_shown)
		buf_fmt(out, "  and %zu more (--flows NUMBER lists them)\n",
		        t->flows.n - (size_t)r->flows_shown);
	if (t->flows_lost)
		buf_fmt(out, "  and %" PRIu64 " packets of flows beyond these %d\n",
		        t->flows_lost, RECORD_FLOWS_MAX);
}

static void say_notes(const struct replay_run *r, struct buf *out)
{
	const struct replay *p = &r->replay;

	for (unsigned s = 1; s < SKIP_KINDS; s++)
		if (p->skipped[s])
			buf_fmt(out, "Not sent through: %s (%" PRIu64 ").\n",
			        replay_skip_text((enum replay_skip)s), p->skipped[s]);
	if (p->unknown_links)
		buf_fmt(out,
		        "Not sent through: frames of link type %u, which gate does not "
		        "know (%" PRIu64 ").\n",
		        p->unknown_link, p->unknown_links);
	vec_for_each(it, &p->now.record.doubts)
		buf_fmt(out, "Not known: %s, which %" PRIu64 " packet%s met.\n", it->what,
		        it->packets, plural(it->packets));
	if (p->backwards)
		buf_fmt(out,
		        "Times go back in %" PRIu64
		        " place%s; the clock stood still then.\n",
		        p->backwards, plural(p->backwards));
	if (r->is_device_assumed && r->replay.side.dev && sent(&p->now.record))
		buf_fmt(out,
		        "Frames that name no device are taken to be of " STR_FMT ".\n",
		        STR_ARG(r->replay.side.dev->name));
	if (capture_is_cut(r->capture))
		buf_cstr(out, "The capture ends within a frame.\n");
}

void replay_report(struct replay_run *r)
{
	const struct replay *p = &r->replay;
	struct str path = r->c->options.words.p[1];
	auto_buf out = { 0 };

	buf_fmt(&out, STR_FMT ": %" PRIu64 " frame%s of %.1f s, sent through in %.2f s\n",
	        STR_ARG(path), p->frames, plural(p->frames),
	        (double)(p->last_ns - p->first_ns) / 1e9, (double)r->elapsed_ns / 1e9);
	say_fates(&p->now.record, &out);
	say_notes(r, &out);
	if (sent(&p->now.record)) {
		buf_char(&out, '\n');
		say_judges(&r->e, &p->now.record, &out);
		buf_char(&out, '\n');
		say_flows(r, p->compares ? &p->changed : &p->now.record, p->compares,
		          &out);
	}
	output_put(&r->c->out, buf_as_str(&out));
}

/* ---- JSON ---- */

static void put_key(struct buf *out, const char *key)
{
	buf_fmt(out, ",\"%s\":", key);
}

static void put_number(struct buf *out, const char *key, uint64_t v)
{
	put_key(out, key);
	buf_u64(out, v);
}

static void put_text(struct buf *out, const char *key, struct str v)
{
	put_key(out, key);
	buf_json(out, v);
}

static void put_sometimes(const struct record_judge *j, struct buf *out)
{
	const char *between = "";

	buf_cstr(out, "{\"verdict\":\"sometimes\",\"verdicts\":[");
	for (unsigned f = 0; f < FATE_SOMETIMES; f++) {
		if (!(j->fates >> f & 1))
			continue;
		buf_fmt(out, "%s\"%s\"", between, fate_name((enum sim_fate)f));
		between = ",";
	}
	buf_char(out, ']');
	put_text(out, "doubt", str_from(j->reason));
}

static void put_judge(const struct explain *e, const struct record_judge *j,
                      struct buf *out)
{
	static const char *const by[] = { "end",   "rule",      "policy",
		                          "stack", "conntrack", "nat" };

	if (j->fate == FATE_SOMETIMES) {
		put_sometimes(j, out);
		return;
	}
	buf_fmt(out, "{\"verdict\":\"%s\",\"by\":\"%s\"", record_fate_name(j->fate),
	        by[j->by]);
	if (j->by == BY_RULE) {
		put_text(out, "rule", explain_rule_text(e, j->rule));
		put_text(out, "place", explain_rule_place(e, j->rule));
	}
	if (j->chain)
		put_text(out, "chain", explain_chain_name(e, j->chain));
	if (j->by == BY_STACK || j->by == BY_CONNTRACK || j->by == BY_NAT)
		put_text(out, "reason", str_from(j->reason));
}

static void put_judges(const struct explain *e, const struct record *t, struct buf *out)
{
	const struct record_judge **all = sorted_judges(&e->c->arena, t);

	put_key(out, "decided");
	buf_char(out, '[');
	for (size_t i = 0; i < t->judges.n; i++) {
		buf_cstr(out, i ? "," : "");
		put_judge(e, all[i], out);
		put_number(out, "packets", all[i]->count.packets);
		put_number(out, "bytes", all[i]->count.bytes);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void put_flows(const struct replay_run *r, const struct record *t, const char *key,
                      bool compared, struct buf *out)
{
	struct arena *a = &r->c->arena;
	const struct record_flow **all = sorted_flows(a, t);

	put_key(out, key);
	buf_char(out, '[');
	for (size_t i = 0; i < t->flows.n; i++) {
		const struct record_flow *f = all[i];
		buf_cstr(out, i ? ",{\"flow\":" : "{\"flow\":");
		buf_json(out, flow_text(a, &f->first));
		put_number(out, "packets", f->count.packets);
		put_number(out, "bytes", f->count.bytes);
		put_number(out, "sometimes", f->sometimes);
		put_text(out, "first", time_text(a, f->first_ns));
		put_key(out, "now");
		put_judge(&r->e, &r->replay.now.record.judges.p[f->judge], out);
		buf_char(out, '}');
		if (compared) {
			put_key(out, "before");
			put_judge(&r->old, &r->replay.old.record.judges.p[f->old_judge],
			          out);
			buf_char(out, '}');
		}
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void put_fates(const struct record *t, const char *key, struct buf *out)
{
	put_key(out, key);
	for (unsigned f = 0; f < FATES; f++)
		buf_fmt(out, "%s\"%s\":%" PRIu64, f ? "," : "{", record_fate_name(f),
		        t->fates[f].packets);
	buf_char(out, '}');
}

static void put_skips(const struct replay *p, struct buf *out)
{
	put_key(out, "not_sent");
	buf_fmt(out, "{\"unknown link type\":%" PRIu64, p->unknown_links);
	for (unsigned s = 1; s < SKIP_KINDS; s++)
		put_number(out, replay_skip_text((enum replay_skip)s), p->skipped[s]);
	buf_char(out, '}');
}

static void put_doubts(const struct record *t, struct buf *out)
{
	put_key(out, "not_known");
	buf_char(out, '[');
	for (size_t i = 0; i < t->doubts.n; i++) {
		buf_cstr(out, i ? ",{\"what\":" : "{\"what\":");
		buf_json(out, str_from(t->doubts.p[i].what));
		put_number(out, "packets", t->doubts.p[i].packets);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

void replay_report_json(struct replay_run *r)
{
	const struct replay *p = &r->replay;
	auto_buf out = { 0 };

	buf_cstr(&out, "{\"capture\":");
	buf_json(&out, r->c->options.words.p[1]);
	put_number(&out, "frames", p->frames);
	put_number(&out, "packets", sent(&p->now.record));
	put_number(&out, "elapsed_ns", r->elapsed_ns);
	put_text(&out, "first", time_text(&r->c->arena, p->first_ns));
	put_text(&out, "last", time_text(&r->c->arena, p->last_ns));
	put_key(&out, "is_cut");
	buf_cstr(&out, capture_is_cut(r->capture) ? "true" : "false");
	put_fates(&p->now.record, "verdicts", &out);
	if (p->compares)
		put_fates(&p->old.record, "old_verdicts", &out);
	put_judges(&r->e, &p->now.record, &out);
	put_flows(r, &p->now.record, "stopped", false, &out);
	if (p->compares)
		put_flows(r, &p->changed, "changed", true, &out);
	put_skips(p, &out);
	put_doubts(&p->now.record, &out);
	buf_cstr(&out, "}\n");
	output_put(&r->c->out, buf_as_str(&out));
}

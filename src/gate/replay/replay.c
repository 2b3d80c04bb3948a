/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Frames through rulesets. */
#include "gate/replay/replay.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/engine/sim/answer_recent.h"

#define NS_PER_S UINT64_C(1000000000)

static bool has_nat(const struct sim_store *s)
{
	vec_for_each(table, &s->tables)
		vec_for_each(it, &(*table)->chains)
			if (str_is((*it)->c.type, "nat"))
				return true;
	return false;
}

/* A capture has what the machine answered as well. */
static void start(struct sim *s, struct sim_store *store, struct sim_machine *machine)
{
	sim_init(s, store, machine);
	answer_remember(s);
}

void replay_init(struct replay *r, struct sim_machine *machine, struct sim_store *store,
                 struct sim_store *old)
{
	*r = (struct replay){ .side = { .machine = machine }, .compares = old != NULL };
	start(&r->now.sim, store, machine);
	r->translates = has_nat(store);
	if (old)
		start(&r->old.sim, old, machine);
}

/* Which doubts of a packet count as matches in a way, by their number: 0 is the way where none
 * does. */
static uint64_t choices_of(size_t way, unsigned doubts)
{
	static const uint64_t least[1 << REPLAY_DOUBTS_LEAST] = {
		0, UINT64_C(0x6db6db6db6db6db6), /* 0 1 1 0 1 1 … */
		UINT64_C(0xdb6db6db6db6db6d),    /* 1 0 1 1 0 1 … */
		UINT64_C(0xb6db6db6db6db6db),    /* 1 1 0 1 1 0 … */
	};
	uint64_t choices = 0;

	if (doubts == REPLAY_DOUBTS_LEAST)
		return least[way];
	for (unsigned i = 0; i < 64; i++)
		choices |= (uint64_t)(way >> i % doubts & 1) << i;
	return choices;
}

static void kernel_fini(struct replay_kernel *k)
{
	sim_fini(&k->sim);
	vec_for_each(it, &k->others)
		sim_fini(it);
	vec_fini(&k->others);
	packet_fini(&k->copy);
	record_fini(&k->record);
}

static void packets_fini(struct replay *r)
{
	packet_fini(&r->again);
	for (size_t i = 0; i < ARRAY_LEN(r->ahead); i++)
		packet_fini(&r->ahead[i].packet);
}

void replay_fini(struct replay *r)
{
	kernel_fini(&r->now);
	if (r->compares)
		kernel_fini(&r->old);
	record_fini(&r->changed);
	side_fini(&r->side);
	packets_fini(r);
}

static void add_way(struct replay_kernel *k, struct sim_store *store, unsigned doubts)
{
	struct sim *s = vec_add(&k->others);

	start(s, store, k->sim.machine);
	s->choices = choices_of(k->others.n, doubts);
}

void replay_add_way(struct replay *r, struct sim_store *store, struct sim_store *old)
{
	add_way(&r->now, store, r->doubts);
	if (r->compares)
		add_way(&r->old, old, r->doubts);
}

static void kernel_restart(struct replay_kernel *k)
{
	struct sim was = k->sim;

	kernel_fini(k);
	*k = (struct replay_kernel){ .others = { 0 } };
	start(&k->sim, was.store, was.machine);
	k->sim.is_live = was.is_live;
}

void replay_restart(struct replay *r, unsigned doubts)
{
	struct replay fresh = { .side = r->side,
		                .doubts = doubts,
		                .compares = r->compares,
		                .checks_sums = r->checks_sums,
		                .translates = r->translates };

	kernel_restart(&r->now);
	if (r->compares)
		kernel_restart(&r->old);
	record_fini(&r->changed);
	packets_fini(r);
	fresh.now = r->now;
	fresh.old = r->old;
	*r = fresh;
}

static bool is_sometimes(unsigned fates)
{
	return fates & (fates - 1);
}

bool replay_passed(const struct replay_fate *f)
{
	if (is_sometimes(f->fates))
		return false;
	switch (f->result.fate) {
	case FATE_ACCEPT:
	case FATE_QUEUE:
		return true;
	case FATE_STOLEN:
		return f->result.by == BY_STACK;
	case FATE_DROP:
	case FATE_REJECT:
	case FATE_UNKNOWN:
		return false;
	}
	return false;
}

/* ---- time ---- */

static void set_one(struct sim *s, uint64_t at_ns, int64_t epoch_s)
{
	uint64_t start_ns = (uint64_t)epoch_s * NS_PER_S;

	s->epoch_s = epoch_s;
	if (at_ns - start_ns > s->now_ns)
		s->now_ns = at_ns - start_ns;
}

static void set_clock(struct replay_kernel *k, uint64_t at_ns, uint64_t first_ns)
{
	int64_t epoch_s = (int64_t)(first_ns / NS_PER_S);

	set_one(&k->sim, at_ns, epoch_s);
	vec_for_each(it, &k->others)
		set_one(it, at_ns, epoch_s);
}

/* The clock begins with the first frame and never goes back. */
static void keep_time(struct replay *r, uint64_t at_ns)
{
	if (r->frames == 1)
		r->first_ns = r->last_ns = at_ns;
	if (at_ns < r->last_ns) {
		r->backwards++;
		return;
	}
	r->last_ns = at_ns;
	set_clock(&r->now, at_ns, r->first_ns);
	if (r->compares)
		set_clock(&r->old, at_ns, r->first_ns);
}

/* ---- frames ---- */

/* Doubts count from 0 with each packet. */
static void send_one_way(struct sim *s, const struct sim_arrival *a, struct packet *p,
                         struct replay_fate *f)
{
	struct sim_result r;

	s->n_doubts = 0;
	if (a->way != WAY_OUT || !answer_claim(s, p, &r))
		r = sim_packet(s, a, p);
	if (!f->fates)
		f->result = r;
	f->fates |= 1u << r.fate;
	if (!f->doubt)
		f->doubt = r.doubt;
	if (s->n_doubts > f->n_doubts)
		f->n_doubts = s->n_doubts;
}

/* What a message was before a helper wrote into it was guessed right where the same is written into
 * it again. */
static void check_payload(const struct packet *p, struct str written,
                          struct replay_fate *f)
{
	bool passed = replay_passed(f);
	struct track_packet view;

	if (!written.n || f->doubt || (!passed && f->result.by != BY_CONNTRACK))
		return;
	view_packet(p, &view);
	if (!passed || !str_eq(view.payload, written))
		f->doubt = "what a message said before a helper wrote into it";
}

/* `written` is what translation wrote into the captured packet. Returns the judge's number. */
static uint32_t run(struct replay_kernel *k, const struct sim_arrival *a,
                    struct packet *p, struct str written, struct replay_fate *f)
{
	static const char earlier[] = "what an earlier packet met";
	uint32_t length = packet_length(p);

	*f = (struct replay_fate){ .fates = 0 };
	if (k->others.n)
		packet_copy(&k->copy, p);
	send_one_way(&k->sim, a, p, f);
	check_payload(p, written, f);
	vec_for_each(it, &k->others) {
		packet_copy(p, &k->copy);
		send_one_way(it, a, p, f);
	}
	if (!f->doubt && is_sometimes(f->fates))
		f->doubt = earlier;
	return record_packet(&k->record,
	                     &(struct record_fate){ &f->result, f->fates, f->doubt },
	                     length);
}

/* Those of the packet as it was captured. */
static struct track_tuple tuple_of(const struct packet *p)
{
	struct track_packet view = { 0 };

	if (p->family == NFPROTO_IPV4 || p->family == NFPROTO_IPV6)
		view_packet(p, &view);
	return view.tuple;
}

static void send(struct replay *r, const struct capture_frame *f,
                 const struct sim_arrival *a, struct packet *p,
                 struct replay_outcome *out)
{
	struct record_seen seen = { .at_ns = f->at_ns, .length = packet_length(p) };
	struct track_tuple tuple;
	bool is_kept = r->compares;

	if (r->compares)
		packet_copy(&r->again, p);
	if (is_kept || r->translates || r->doubts)
		tuple = tuple_of(p);
	seen.judge = run(&r->now, a, p, buf_as_str(&r->side.written), &out->now);
	seen.sometimes = is_sometimes(out->now.fates);
	if (!replay_passed(&out->now)) {
		if (!is_kept && !r->translates && !r->doubts)
			tuple = tuple_of(p);
		record_flow(&r->now.record, &tuple, &seen);
	}
	if (!r->compares)
		return;
	seen.old_judge = run(&r->old, a, &r->again, STR(""), &out->old);
	if (out->old.fates != out->now.fates)
		record_flow(&r->changed, &tuple, &seen);
}

/* ---- looking ahead ---- */

static struct replay_ahead *read_frame(struct replay *r, const struct capture_frame *f,
                                       uint64_t number)
{
	struct replay_ahead *a = &r->ahead[number % ARRAY_LEN(r->ahead)];
	const struct packet *p = &a->packet;

	a->number = number;
	a->error = link_view(f, &a->view);
	a->skip = a->error < 0 ? SKIP_LINK
	                       : frame_packet(f, &a->view, r->checks_sums, &a->packet);
	a->tuple = (struct track_tuple){ 0 };
	if (a->skip == SKIP_NONE &&
	    (p->family == NFPROTO_IPV4 || p->family == NFPROTO_IPV6))
		(void)view_tuple(p, &a->tuple);
	return a;
}

void replay_expect(struct replay *r, const struct capture_frame *f)
{
	const struct replay_ahead *a = read_frame(r, f, r->frames + 2);

	track_prefetch_bucket(r->now.sim.track, &a->tuple);
}

static struct replay_ahead *take_frame(struct replay *r, const struct capture_frame *f,
                                       uint64_t number)
{
	struct replay_ahead *a = &r->ahead[number % ARRAY_LEN(r->ahead)];

	if (a->number != number)
		return read_frame(r, f, number);
	track_prefetch_entry(r->now.sim.track, &a->tuple);
	return a;
}

void replay_frame(struct replay *r, const struct capture_frame *f,
                  struct replay_outcome *out)
{
	struct sim_arrival arrival;
	struct replay_ahead *a = take_frame(r, f, ++r->frames);

	out->skip = a->skip;
	out->is_unknown_link = a->error == -EPROTONOSUPPORT;
	r->bytes += f->bytes.n;
	keep_time(r, f->at_ns);
	if (out->is_unknown_link) {
		r->unknown_links++;
		r->unknown_link = f->link;
		return;
	}
	if (out->skip == SKIP_NONE)
		out->skip = side_arrival(&r->side, f, &a->view,
		                         r->translates ? r->now.sim.track : NULL,
		                         &a->packet, &arrival);
	if (out->skip == SKIP_NONE)
		send(r, f, &arrival, &a->packet, out);
	else
		r->skipped[out->skip]++;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Frames through rulesets. */
#include "gate/replay/replay.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static bool has_nat(const struct sim_store *s)
{
	vec_for_each(table, &s->tables)
		vec_for_each(it, &(*table)->chains)
			if (str_is((*it)->c.type, "nat"))
				return true;
	return false;
}

void replay_init(struct replay *r, struct sim_machine *machine, struct sim_store *store,
                 struct sim_store *old)
{
	*r = (struct replay){ .side = { .machine = machine }, .compares = old != NULL };
	sim_init(&r->now.sim, store, machine);
	r->translates = has_nat(store);
	if (old)
		sim_init(&r->old.sim, old, machine);
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
	packet_fini(&k->packet);
	packet_fini(&k->copy);
	record_fini(&k->record);
}

void replay_fini(struct replay *r)
{
	kernel_fini(&r->now);
	if (r->compares)
		kernel_fini(&r->old);
	record_fini(&r->changed);
	side_fini(&r->side);
}

static void add_way(struct replay_kernel *k, struct sim_store *store, unsigned doubts)
{
	struct sim *s = vec_add(&k->others);

	sim_init(s, store, k->sim.machine);
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
	sim_init(&k->sim, was.store, was.machine);
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
	s->n_doubts = 0;
	struct sim_result r = sim_packet(s, a, p);
	if (!f->fates)
		f->result = r;
	f->fates |= 1u << r.fate;
	if (!f->doubt)
		f->doubt = r.doubt;
	if (s->n_doubts > f->n_doubts)
		f->n_doubts = s->n_doubts;
}

static struct replay_fate run(struct replay_kernel *k, const struct sim_arrival *a,
                              uint32_t length, uint32_t *judge)
{
	static const char earlier[] = "what an earlier packet met";
	struct replay_fate f = { .fates = 0 };

	if (k->others.n)
		packet_copy(&k->copy, &k->packet);
	send_one_way(&k->sim, a, &k->packet, &f);
	vec_for_each(it, &k->others) {
		packet_copy(&k->packet, &k->copy);
		send_one_way(it, a, &k->packet, &f);
	}
	if (!f.doubt && is_sometimes(f.fates))
		f.doubt = earlier;
	*judge = record_packet(
		&k->record, &(struct record_fate){ &f.result, f.fates, f.doubt }, length);
	return f;
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
                 const struct sim_arrival *a, struct replay_outcome *out)
{
	struct packet *p = &r->now.packet;
	struct record_seen seen = { .at_ns = f->at_ns, .length = packet_length(p) };
	struct track_tuple tuple;
	bool is_kept = r->compares;

	if (r->compares)
		packet_copy(&r->old.packet, p);
	if (is_kept || r->translates || r->doubts)
		tuple = tuple_of(p);
	out->now = run(&r->now, a, seen.length, &seen.judge);
	seen.sometimes = is_sometimes(out->now.fates);
	if (!replay_passed(&out->now)) {
		if (!is_kept && !r->translates && !r->doubts)
			tuple = tuple_of(p);
		record_flow(&r->now.record, &tuple, &seen);
	}
	if (!r->compares)
		return;
	out->old = run(&r->old, a, seen.length, &seen.old_judge);
	if (out->old.fates != out->now.fates)
		record_flow(&r->changed, &tuple, &seen);
}

void replay_frame(struct replay *r, const struct capture_frame *f,
                  struct replay_outcome *out)
{
	struct sim_arrival arrival;
	struct link_view view;
	int e = link_view(f, &view);

	out->skip = SKIP_NONE;
	out->is_unknown_link = e == -EPROTONOSUPPORT;
	r->frames++;
	r->bytes += f->bytes.n;
	keep_time(r, f->at_ns);
	if (out->is_unknown_link) {
		r->unknown_links++;
		r->unknown_link = f->link;
		return;
	}
	out->skip = e < 0 ? SKIP_LINK
	                  : frame_packet(f, &view, r->checks_sums, &r->now.packet);
	if (out->skip == SKIP_NONE)
		out->skip = side_arrival(&r->side, f, &view,
		                         r->translates ? r->now.sim.track : NULL,
		                         &r->now.packet, &arrival);
	if (out->skip == SKIP_NONE)
		send(r, f, &arrival, out);
	else
		r->skipped[out->skip]++;
}

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

static void kernel_fini(struct replay_kernel *k)
{
	sim_fini(&k->sim);
	packet_fini(&k->packet);
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

bool replay_passed(const struct sim_result *r)
{
	switch (r->fate) {
	case FATE_ACCEPT:
	case FATE_QUEUE:
		return true;
	case FATE_STOLEN:
		return r->by == BY_STACK;
	case FATE_DROP:
	case FATE_REJECT:
	case FATE_UNKNOWN:
		return false;
	}
	return false;
}

/* ---- time ---- */

static void set_clock(struct sim *s, uint64_t at_ns)
{
	uint64_t start_ns = (uint64_t)s->epoch_s * NS_PER_S;

	if (at_ns - start_ns > s->now_ns)
		s->now_ns = at_ns - start_ns;
}

/* The clock begins with the first frame and never goes back. */
static void keep_time(struct replay *r, uint64_t at_ns)
{
	if (r->frames == 1) {
		r->first_ns = r->last_ns = at_ns;
		r->now.sim.epoch_s = r->old.sim.epoch_s = (int64_t)(at_ns / NS_PER_S);
	}
	if (at_ns < r->last_ns) {
		r->backwards++;
		return;
	}
	r->last_ns = at_ns;
	set_clock(&r->now.sim, at_ns);
	if (r->compares)
		set_clock(&r->old.sim, at_ns);
}

/* ---- frames ---- */

static struct sim_result run(struct replay_kernel *k, const struct sim_arrival *a,
                             uint32_t length, uint32_t *judge)
{
	struct sim_result r = sim_packet(&k->sim, a, &k->packet);

	*judge = record_packet(&k->record, &r, length);
	return r;
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
	uint32_t length = packet_length(p), judge, old_judge = 0;
	struct track_tuple tuple;
	bool is_kept = r->compares;

	if (r->compares)
		packet_copy(&r->old.packet, p);
	if (is_kept || r->translates)
		tuple = tuple_of(p);
	out->now = run(&r->now, a, length, &judge);
	if (!replay_passed(&out->now)) {
		if (!is_kept && !r->translates)
			tuple = tuple_of(p);
		record_flow(&r->now.record, &tuple, judge, 0, f->at_ns, length);
	}
	if (!r->compares)
		return;
	out->old = run(&r->old, a, length, &old_judge);
	if (out->old.fate != out->now.fate)
		record_flow(&r->changed, &tuple, judge, old_judge, f->at_ns, length);
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

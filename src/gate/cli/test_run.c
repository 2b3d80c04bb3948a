/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sending the packets of a scenario. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/cli/test.h"

enum {
	SAMPLES = 32,     /* values drawn for a line that does not say how many */
	DOUBTS_ALL = 6,   /* so many doubts are tried in all combinations; */
	DOUBTS_MAX = 48,  /* of more, each alone */
	NEVER_PLACES = 2, /* before all other steps, and behind them */
};

/* One run of a file. */
struct run {
	struct test_file *f;
	struct sim sim;
	struct talks talks;
	struct arena scratch;         /* of one try */
	struct taken taken;           /* of the packet on its way */
	bool is_first;                /* the run that fills the tries */
	bool explains;                /* the run that shows the ways of what failed */
	struct explain_packet *shown; /* of the try that is explained, or NULL */
	uint64_t packets;
	int err;
};

/* ---- listening ---- */

static void note_log(struct taken *t, const struct sim_event *event)
{
	const struct program *prog = &event->rule->r.prog;

	for (size_t i = 0; i < prog->n; i++) {
		if (prog->p[i].kind != INSN_LOG || t->n_logs == TEST_LOGS)
			continue;
		t->logs[t->n_logs++] = prog->p[i].log.prefix;
		return;
	}
}

static void watch(void *ctx, const struct sim_event *event)
{
	struct run *r = ctx;
	struct taken *t = &r->taken;
	const struct track_entry *entry = event->pass->ref.entry;

	if (r->shown)
		explain_watch(&r->f->e, event);
	if (event->pass->is_answer)
		return;
	t->ct = sim_state_name(event->pass);
	t->out = event->pass->out;
	t->mark = event->pass->pkt->mark;
	t->has_entry = entry != NULL;
	if (entry)
		t->ct_mark = entry->mark;
	if (event->kind == EVENT_SENT && t->n_sent < TEST_SENT)
		t->sent[t->n_sent++] = event->pass->out;
	if (event->kind == EVENT_LOG)
		note_log(t, event);
	if (event->kind == EVENT_RULE && event->matched)
		t->matched[t->n_matched++ % TEST_MATCHED] = event->rule;
	if (event->kind == EVENT_RULE && event->matched && event->verdict >= 0 &&
	    t->n_deciders < TEST_DECIDERS)
		t->deciders[t->n_deciders++] = event->rule;
}

/* ---- a packet ---- */

static bool send_line(struct run *r, const struct packet_line *line)
{
	struct test_file *f = r->f;
	struct made_packet made;
	struct track_packet view;

	r->taken = (struct taken){ .ct = "none" };
	if (talk_make(&r->talks, line, &f->e.machine, &r->scratch, &f->c->diags, &made) <
	    0) {
		r->err = -EINVAL;
		return false;
	}
	if (r->shown) {
		made_build(&made, &r->talks.last);
		r->shown->line = *line;
		r->shown->made = made;
		r->shown->made.filled = arena_str(&f->c->arena, made.filled);
		r->shown->before = explain_addresses(&f->c->arena, &r->talks.last);
		r->shown->steps.n = 0;
		r->shown->ct = "none";
		f->e.now = r->shown;
		f->e.hooks[0] = STR("");
	}
	r->taken.result = talk_send(&r->talks, &r->sim, line, &made);
	r->packets++;
	r->taken.has_answer = r->taken.result.answer != NULL;
	if (r->taken.has_answer)
		r->taken.answer = *r->taken.result.answer;
	view_packet(&r->talks.last, &view);
	r->taken.tuple = view.tuple;
	if (r->shown) {
		explain_keep_result(r->shown, &r->taken.result);
		r->shown->after = explain_addresses(&f->c->arena, &r->talks.last);
	}
	return true;
}

/* All of a connection, until a packet does not come through. What is judged is the packet that
 * was stopped, else the first of the data connection, else the first of all. */
static bool send_connection(struct run *r, const struct step *step,
                            const struct packet_line *first)
{
	struct connection_run c = { .c = &step->connection, .first = first };
	struct explain_packet *shown = r->shown, kept = { .ct = NULL };
	struct packet_line line;
	struct taken subject = { .ct = NULL };
	bool has_subject = false, ok = true;

	while (ok && connection_next(&c, &r->talks, &r->scratch, &line)) {
		ok = send_line(r, &line);
		bool stopped = r->taken.result.fate != FATE_ACCEPT;
		if (!ok || (has_subject && !c.is_data && !stopped))
			continue;
		subject = r->taken;
		subject.packet =
			arena_fmt(&r->f->c->arena, "packet %u of the connection", c.at);
		has_subject = true;
		if (shown) { /* the steps stay with the packet that is judged */
			vec_fini(&kept.steps);
			kept = *shown;
			shown->steps.p = NULL;
			shown->steps.n = shown->steps.cap = 0;
		}
		if (stopped)
			break;
	}
	if (shown) {
		vec_fini(&shown->steps);
		*shown = kept;
	}
	r->taken = subject;
	return ok;
}

/* ---- a try ---- */

/* The values that were drawn, for people. */
static struct str drawn_text(struct run *r, const struct packet_line *line)
{
	if (!packet_line_is_drawn(line) || !r->talks.has_last)
		return STR("");
	return explain_addresses(&r->f->c->arena, &r->talks.last);
}

static bool is_explained(const struct run *r, const struct test_step *s, size_t n)
{
	return r->explains && s->failed && s->failed_try == n;
}

static void try_step(struct run *r, struct test_step *s, const struct packet_line *line,
                     size_t n)
{
	struct test_file *f = r->f;
	struct explain_packet shown = { .ct = "none" };
	const struct taken *taken = s->step->kind == STEP_EXPECT ? NULL : &r->taken;
	auto_buf detail = { 0 };
	bool ok = true;

	arena_reset(&r->scratch);
	r->shown = is_explained(r, s, n) ? &shown : NULL;
	if (s->step->kind == STEP_CONNECTION)
		ok = send_connection(r, s->step, line);
	else if (taken)
		ok = send_line(r, line);
	else
		f->e.store->now_ns = r->sim.now_ns; /* elements run out all the same */
	if (r->shown && taken && ok) {
		shown.fates = s->tries.p[n].fates;
		shown.answers = s->tries.p[n].answers;
		explain_print_packet(&f->e, &shown, &detail);
		s->detail = arena_str(&f->c->arena, buf_as_str(&detail));
	}
	vec_fini(&shown.steps);
	r->shown = NULL;
	if (!ok || r->explains)
		return;
	while (s->tries.n <= n)
		vec_push(&s->tries, (struct test_try){ .fates = 0 });
	struct test_try *try = &s->tries.p[n];
	if (taken) {
		try->fates |= 1u << taken->result.fate;
		try->answers |=
			explain_answer_bit(taken->has_answer ? &taken->answer : NULL);
	}
	if (!r->is_first)
		return;
	test_look(f, s->step, taken, try);
	try->drawn = drawn_text(r, &s->step->line);
}

/* ---- a step ---- */

static uint32_t times_of(const struct step *step)
{
	if (step->repeat)
		return step->repeat;
	return packet_line_is_drawn(&step->line) ? SAMPLES : 1;
}

static void run_step(struct run *r, struct test_step *s, size_t first_try)
{
	const struct step *step = s->step;
	uint32_t times = times_of(step);
	uint64_t number = (uint64_t)(s - r->f->steps) * 2 + (first_try > 0);
	struct packet_line line;

	draw_seed(&r->f->draw, r->f->seed, number);
	if (step->has_at)
		r->sim.now_ns = step->at_ns;
	for (uint32_t i = 0; r->err == 0 && i < times; i++) {
		if (i > 0)
			r->sim.now_ns += step->every_ns;
		draw_line(&r->f->draw, &step->line, &line);
		try_step(r, s, packet_line_is_drawn(&step->line) ? &line : &step->line,
		         first_try + i);
	}
}

static int begin(struct run *r, uint64_t choices)
{
	struct test_file *f = r->f;
	int err = explain_load(&f->e, &f->c->diags);

	if (err < 0)
		return err;
	sim_init(&r->sim, f->e.store, &f->e.machine);
	r->sim.choices = choices;
	explain_import(&f->e, &r->sim);
	r->sim.epoch_s = f->scenario.clock_s;
	r->sim.utc_offset_s = f->scenario.utc_offset_s;
	r->sim.watch = watch;
	r->sim.watch_ctx = r;
	r->talks = (struct talks){ .next_port = 40000 };
	return test_set_sysctls(f, r->sim.track);
}

static unsigned end(struct run *r, struct test *t)
{
	unsigned doubts = r->sim.n_doubts;

	if (!r->explains)
		coverage_take(&t->coverage, &r->f->e);
	r->f->packets += r->packets;
	r->packets = 0;
	sim_fini(&r->sim);
	talks_fini(&r->talks);
	return doubts;
}

/* What never happens is tried in a fresh world, and when all is over. */
static void run_nevers(struct run *r, size_t place)
{
	for (size_t i = 0; r->err == 0 && i < r->f->n_steps; i++) {
		struct test_step *s = &r->f->steps[i];
		if (s->step->kind == STEP_NEVER)
			run_step(r, s, place * times_of(s->step));
	}
}

static bool has_nevers(const struct test_file *f)
{
	vec_for_each(it, &f->scenario.steps)
		if (it->kind == STEP_NEVER)
			return true;
	return false;
}

/* The whole file once; *doubts counts those of the worlds. */
static int run_once_with(struct test *t, struct run *r, uint64_t choices,
                         unsigned *doubts)
{
	unsigned n;

	*doubts = 0;
	r->err = 0;
	for (int world = has_nevers(r->f) ? 0 : 1; r->err == 0 && world < NEVER_PLACES;
	     world++) {
		int err = begin(r, choices);
		if (err < 0)
			return err;
		for (size_t i = 0; world && r->err == 0 && i < r->f->n_steps; i++)
			if (r->f->steps[i].step->kind != STEP_NEVER)
				run_step(r, &r->f->steps[i], 0);
		run_nevers(r, (size_t)world);
		n = end(r, t);
		*doubts = n > *doubts ? n : *doubts;
	}
	arena_fini(&r->scratch);
	return r->err;
}

/* Few doubts in every combination, many one by one and all together. */
static int run_doubts(struct test *t, struct run *r, unsigned n)
{
	unsigned more;
	int err = 0;

	if (n <= DOUBTS_ALL) {
		for (uint64_t choices = 1; err == 0 && choices < UINT64_C(1) << n;
		     choices++)
			err = run_once_with(t, r, choices, &more);
		return err;
	}
	for (unsigned i = 0; err == 0 && i < n && i < DOUBTS_MAX; i++)
		err = run_once_with(t, r, UINT64_C(1) << i, &more);
	return err ? err : run_once_with(t, r, UINT64_MAX, &more);
}

int test_run(struct test *t, struct test_file *f)
{
	struct run r = { .f = f, .is_first = true };
	unsigned doubts;
	int err = run_once_with(t, &r, 0, &doubts);

	r.is_first = false;
	return err ? err : run_doubts(t, &r, doubts);
}

int test_explain(struct test *t, struct test_file *f)
{
	struct run r = { .f = f, .explains = true };
	unsigned doubts;
	uint64_t packets = f->packets;
	int err = run_once_with(t, &r, 0, &doubts);

	f->packets = packets;
	return err;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rulesets and packets through the kernel and through the simulator, compared packet for packet:
 * rules that matched and their verdicts, policies, the connection's state, the bytes that left;
 * and in the end the connection table and the rules' counters. It runs in the namespace that
 * tests/agree/rig.py prepares; the words of its command line are the namespace with the wires and
 * rules that stand in this one for good.
 *
 * Cases come on standard input:
 *   case NAME
 *   sysctl NAME VALUE                any number, as under /proc/sys/net/netfilter or net/bridge
 *   … the ruleset's lines …
 *   .
 *   … a packet in words a line, or `wait MILLISECONDS` …
 *   .
 * Each is answered by `ok N` (packets that were compared), `refused` (both the kernel and the
 * simulator took no such ruleset; why), or lines that say what differs; then a line `.`. At the
 * end of the input come the rows of TCP's table that were visited.
 */
#include <err.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agree_frames.h"
#include "agree_machine.h"
#include "agree_table.h"
#include "agree_tcp_rows.h"
#include "base/map.h"
#include "gate/engine/engine.h"
#include "gate/ruleset/ruleset.h"
#include "gate/scenario/talk.h"

enum { SYSCTLS_MAX = 40, TICK_NS = 12000000 /* the kernel's are shorter */ };

struct setting {
	char name[64];
	uint64_t value, was;
};

struct driver {
	struct kernel kernel;
	struct engine *engine; /* the kernel's nf_tables */
	struct names names;
	struct str standing; /* rules that are in the kernel for good */
	struct tcp_rows rows;
	struct buf old_tables; /* commands that delete the case before */
	/* one case */
	struct arena a;
	struct sources sources;
	struct diags diags;
	struct sim_store *store;
	struct sim_machine machine;
	struct sim sim;
	struct talks talks;
	struct setting settings[SYSCTLS_MAX];
	size_t n_settings;
	struct map places;        /* `FAMILY TABLE CHAIN HANDLE` to a rule's number + 1 */
	struct way way, answered; /* the simulator's */
	struct sent_frames sent;
	bool drawn, is_traced; /* what is answered, from output on */
	bool answers_arp;      /* of which the kernel tells no trace */
	bool has_template;     /* `ct zone set` gave the packet one */
	bool is_slow;      /* `ct count`: what is not of one moment comes ticks apart */
	uint64_t together; /* so many packets more are of one moment */
	uint64_t tick_ns;  /* the tick that is in, */
	uint64_t until_ns; /* and how long it lasts for sure */
	bool is_late;      /* the kernel got one of them in another tick */
	struct buf answer;
	size_t packets;
	uint64_t began_ns; /* of CLOCK_MONOTONIC */
};

/* ---- names, time ---- */

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int ifindex(void *ctx, const char *name, uint32_t *index)
{
	(void)ctx;
	*index = if_nametoindex(name);
	return *index ? 0 : -ENOENT;
}

static int ifname(void *ctx, uint32_t index, char name[16])
{
	(void)ctx;
	return if_indextoname(index, name) ? 0 : -ENOENT;
}

/* ---- loading ---- */

static void ignore_text(void *ctx, struct str text)
{
	(void)ctx;
	(void)text;
}

static int run_text(struct driver *d, struct engine *engine, struct str text)
{
	const struct parser_options reading = { .names = &d->names };
	struct format format = { .handles = false };
	struct ruleset_options options = { .names = &d->names,
		                           .format = &format,
		                           .write = ignore_text };
	struct parser *parser = parser_new(&d->a, &d->sources, &d->diags, &reading);

	parser_add_source(parser, sources_add(&d->sources, STR("case"), text));
	return ruleset_run(engine, parser, &d->sources, &d->diags, &options);
}

struct counting {
	struct driver *d;
	struct str chain;
	size_t next;
};

static int count_rule(void *ctx, const struct prog_rule *r)
{
	struct counting *c = ctx;
	struct arena *a = &c->d->a;
	struct str chain = arena_fmt(a, "%s " STR_FMT " " STR_FMT,
	                             family_name((enum family)r->family),
	                             STR_ARG(r->table), STR_ARG(r->chain));

	if (!str_eq(chain, c->chain))
		c->next = 0;
	c->chain = chain;
	struct str key = arena_fmt(a, STR_FMT " %llu", STR_ARG(chain),
	                           (unsigned long long)r->handle);
	map_put(&c->d->places, key, (void *)(uintptr_t)++c->next);
	return 0;
}

static void forget_places(void *ctx)
{
	struct counting *c = ctx;

	c->chain = STR("");
	c->next = 0;
}

static int place_of(void *ctx, struct str rule)
{
	return (int)(uintptr_t)map_get(&((struct driver *)ctx)->places, rule) - 1;
}

static void keep_tables(struct driver *d)
{
	buf_reset(&d->old_tables);
	vec_for_each(it, &d->store->tables)
		if (!str_is((*it)->t.name, "rig"))
			buf_fmt(&d->old_tables, "delete table %s " STR_FMT "\n",
			        family_name((enum family)(*it)->t.family),
			        STR_ARG((*it)->t.name));
}

/* 0, or -EINVAL when neither took it; a difference is in the answer. */
static int load(struct driver *d, struct str text)
{
	static const struct dump_ops ops = { .rule = count_rule };
	static const struct dump_filter all;
	struct counting c = { .d = d };
	auto_buf commands = { 0 };

	int sim = run_text(d, &d->store->engine, d->standing);
	if (sim == 0)
		sim = run_text(d, &d->store->engine, text);
	if (sim < 0)
		return sim;
	store_link(d->store);
	if (store_counts(d->store)) /* sim_init() saw no rules */
		(void)!track_sysctl_set(d->sim.track, STR("nf_conntrack_acct"), 1);
	buf_str(&commands, buf_as_str(&d->old_tables));
	buf_str(&commands, text);
	int kernel = run_text(d, d->engine, arena_str(&d->a, buf_as_str(&commands)));
	if (kernel < 0)
		return kernel;
	keep_tables(d);
	return d->engine->ops->dump(d->engine, DUMP_RULES, &all, &ops, forget_places, &c);
}

/* ---- the simulator's way ---- */

static const char *verdict_word(int32_t v)
{
	static const char *const below[] = { "continue", "no match", "jump", "goto",
		                             "return" };

	if (v < 0 && v >= -5)
		return below[-v - 1];
	v &= NF_VERDICT_MASK;
	return v == NF_DROP     ? "drop"
	       : v == NF_ACCEPT ? "accept"
	       : v == NF_STOLEN ? "stolen"
	                        : "queue";
}

static size_t number_of(const struct sim_rule *rule)
{
	size_t i = 0;

	while (rule->chain->rules.p[i] != rule)
		i++;
	return i;
}

static unsigned device_number(const struct sim_dev *dev)
{
	for (unsigned i = 0; dev && i < WIRES; i++)
		if (str_is(dev->name, kernel_device(i)))
			return i;
	return 0;
}

static void watch(void *ctx, const struct sim_event *e)
{
	struct driver *d = ctx;

	struct way *way = e->pass->is_answer ? &d->answered : &d->way;

	if (e->kind == EVENT_SENT)
		sent_add(&d->sent, e->pass, device_number(e->pass->out));
	if (e->kind == EVENT_ANSWER)
		d->is_traced = false;
	if (e->kind == EVENT_HOOK && e->pass->is_answer &&
	    (e->pass->pf == NFPROTO_IPV4 || e->pass->pf == NFPROTO_IPV6))
		d->is_traced = true;
	if (d->answers_arp || (e->pass->is_answer && !d->is_traced))
		return;
	if (e->kind == EVENT_NAT && e->text && strstr(e->text, "draws"))
		d->drawn = true;
	if ((e->kind != EVENT_RULE || !e->matched) && e->kind != EVENT_POLICY)
		return;
	if (e->pass->pf == NFPROTO_NETDEV && e->pass->hook == NF_NETDEV_EGRESS &&
	    e->pass->pkt->has_vlan)
		return; /* the kernel cannot write such a trace message: measured */
	struct str chain =
		arena_fmt(&d->a, "%s " STR_FMT " " STR_FMT,
	                  family_name((enum family)e->chain->table->t.family),
	                  STR_ARG(e->chain->table->t.name), STR_ARG(e->chain->c.name));
	struct str step =
		e->kind == EVENT_POLICY
			? arena_fmt(&d->a, STR_FMT " policy %s", STR_ARG(chain),
	                            verdict_word(e->verdict))
			: arena_fmt(&d->a, STR_FMT " %zu %s", STR_ARG(chain),
	                            number_of(e->rule), verdict_word(e->verdict));
	vec_push(&way->steps, step);
	/* The kernel tells none for `invalid`, and for a template sometimes. */
	const struct track_ref *ref = &e->pass->ref;
	d->has_template |= track_ref_has_template(ref);
	if (ref->entry || ref->state == TRACK_UNTRACKED)
		way->state = (uint32_t)track_state_of(ref);
}

/* ---- comparing ---- */

static void say(struct driver *d, struct str words, const char *what, struct str kernel,
                struct str simulated)
{
	buf_fmt(&d->answer,
	        STR_FMT "\n  %s\n    kernel:    " STR_FMT "\n    simulator: " STR_FMT
	                "\n",
	        STR_ARG(words), what, STR_ARG(kernel), STR_ARG(simulated));
}

static struct str join(struct arena *a, const struct way *w)
{
	auto_buf out = { 0 };

	vec_for_each(it, &w->steps)
		buf_fmt(&out, "%s" STR_FMT, out.n ? "; " : "", STR_ARG(*it));
	return arena_str(a, buf_as_str(&out));
}

/* Chains of `jump { … }` are numbered by whoever makes them. */
static struct str plain_step(struct arena *a, struct str step)
{
	size_t at = 0;

	while (at < step.n && !str_starts(str_sub(step, at, step.n), STR("__chain")))
		at++;
	if (at == step.n)
		return step;
	struct str head = str_sub(step, 0, at + strlen("__chain")), tail;
	for (at = head.n; at < step.n && step.p[at] >= '0' && step.p[at] <= '9';)
		at++;
	tail = str_sub(step, at, step.n);
	return arena_fmt(a, STR_FMT STR_FMT, STR_ARG(head), STR_ARG(tail));
}

static bool same_way(struct driver *d, const struct way *k, const struct way *s)
{
	if (k->steps.n != s->steps.n)
		return false;
	for (size_t i = 0; i < k->steps.n; i++)
		if (!str_eq(plain_step(&d->a, k->steps.p[i]),
		            plain_step(&d->a, s->steps.p[i])))
			return false;
	return true;
}

static void compare_frames(struct driver *d, struct str words)
{
	if (frames_agree(&d->kernel, &d->sent))
		return;
	say(d, words, "what leaves", frames_of_kernel(&d->kernel, &d->a),
	    frames_of_simulator(&d->sent, &d->a));
}

/* False: it differs, and the answer says so. */
static bool compare_way(struct driver *d, struct str words, const char *what,
                        const struct way *kernel, const struct way *simulated)
{
	if (!same_way(d, kernel, simulated)) {
		say(d, words, what, join(&d->a, kernel), join(&d->a, simulated));
		return false;
	}
	if (kernel->state && simulated->state && !d->has_template &&
	    kernel->state != simulated->state) {
		say(d, words, "state", str_from(track_state_name(kernel->state)),
		    str_from(track_state_name(simulated->state)));
		return false;
	}
	return true;
}

static void compare_packet(struct driver *d, struct str words)
{
	if (d->drawn) /* chains behind the translation see another port than the kernel's */
		return;
	if (compare_way(d, words, "rules and policies", &d->kernel.way, &d->way) &&
	    compare_way(d, words, "rules and policies of the answer", &d->kernel.answer,
	                &d->answered))
		compare_frames(d, words);
}

/* ---- counters in the end ---- */

static const struct sim_rule *sim_rule_of(const struct driver *d,
                                          const struct prog_rule *r, size_t number)
{
	struct sim_table *t = store_table(d->store, r->family, r->table);
	struct sim_chain *c = t ? table_chain(t, r->chain) : NULL;

	return c && number < c->rules.n ? c->rules.p[number] : NULL;
}

static int compare_counters(void *ctx, const struct prog_rule *r)
{
	struct driver *d = ctx;
	struct str key = arena_fmt(&d->a, "%s " STR_FMT " " STR_FMT " %llu",
	                           family_name((enum family)r->family), STR_ARG(r->table),
	                           STR_ARG(r->chain), (unsigned long long)r->handle);
	int number = place_of(d, key);
	const struct sim_rule *rule =
		number < 0 ? NULL : sim_rule_of(d, r, (size_t)number);

	for (size_t i = 0; rule && i < r->prog.n && i < rule->r.prog.n; i++) {
		const struct insn *in = &r->prog.p[i];
		const union sim_state *s = &rule->runs[i].state;
		if (in->kind != INSN_COUNTER || rule->r.prog.p[i].kind != INSN_COUNTER)
			continue;
		if (in->counter.packets == s->counter.packets &&
		    in->counter.bytes == s->counter.bytes)
			continue;
		say(d, arena_fmt(&d->a, STR_FMT " %d", STR_ARG(key), number), "counter",
		    arena_fmt(&d->a, "%llu packets %llu bytes",
		              (unsigned long long)in->counter.packets,
		              (unsigned long long)in->counter.bytes),
		    arena_fmt(&d->a, "%llu packets %llu bytes",
		              (unsigned long long)s->counter.packets,
		              (unsigned long long)s->counter.bytes));
	}
	return 0;
}

/* Time goes by for the simulator as it does for the kernel, however slow this machine is. */
static void set_clock(struct driver *d)
{
	d->sim.now_ns = clock_ns() - d->began_ns;
	track_at(d->sim.track, d->sim.now_ns);
}

static void no_restart(void *ctx)
{
	(void)ctx;
}

static void say_connection(void *ctx, struct str kernel, struct str simulated)
{
	say(ctx, STR("in the end"), "connection", kernel, simulated);
}

static void compare_end(struct driver *d)
{
	static const struct dump_ops ops = { .rule = compare_counters };
	static const struct dump_filter all;

	set_clock(d);
	table_compare(&d->kernel, d->sim.track, &d->a,
	              &(struct table_teller){ say_connection, d });
	d->engine->ops->dump(d->engine, DUMP_RULES, &all, &ops, no_restart, d);
}

/* ---- a case ---- */

/* A raw socket asks the routes, whatever the words say, and sends to no group, nor what is larger
 * than the link; nor would that come over a wire. */
static bool is_sensible(const struct driver *d, const struct made_packet *made,
                        uint32_t length)
{
	struct route_answer to;
	if (made->arrival.way == WAY_IN)
		return length <= made->arrival.in->mtu;
	bool link_local = made->desc.family == NFPROTO_IPV6 && made->desc.dst[0] == 0xfe;

	return !link_local && length <= made->arrival.out->mtu &&
	       machine_route(&d->machine, made->desc.family, made->desc.dst, &to) == 0 &&
	       (to.type == ROUTE_LOCAL
	                ? made->arrival.out->is_loopback
	                : to.type == ROUTE_UNICAST && to.dev == made->arrival.out);
}

/* The clock that goes by ticks, as the kernel's jiffies do. */
static uint64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void sleep_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

/* The next packets come in one tick of the kernel, which has just begun, and to the simulator at
 * one moment. */
static void begin_tick(struct driver *d, struct str packets)
{
	if (str_to_u64(packets, 10, &d->together) < 0 || !d->together)
		errx(2, "tick wants a number of packets");
	sleep_ns(TICK_NS);
	uint64_t before = coarse_ns(), began_ns;
	struct timespec tick;
	do {
		began_ns = clock_ns();
		d->tick_ns = coarse_ns();
	} while (d->tick_ns == before);
	/* That clock may miss a tick, so three quarters of one must do. */
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	d->until_ns = began_ns + (uint64_t)tick.tv_nsec / 4 * 3;
	set_clock(d);
}

static void set_moment(struct driver *d)
{
	if (d->together)
		return;
	if (d->is_slow)
		sleep_ns(TICK_NS);
	set_clock(d);
}

static void end_moment(struct driver *d)
{
	if (!d->together)
		return;
	d->together--;
	d->is_late |= coarse_ns() != d->tick_ns || clock_ns() > d->until_ns;
}

static void wait_for(struct driver *d, struct str ms)
{
	uint64_t n;

	if (str_to_u64(ms, 10, &n) < 0 || n > 60000)
		errx(2, "wait wants milliseconds");
	nanosleep(&(struct timespec){ (time_t)(n / 1000), (long)(n % 1000) * 1000000 },
	          NULL);
	set_clock(d);
}

/* RFC 826: the machine says who has its address. That is a packet of its own to the simulator. */
static void answer_arp(struct driver *d, const struct made_packet *asked,
                       const struct sim_result *result)
{
	enum { REQUEST = 1, ANSWER = 2 };
	const struct sim_dev *dev = asked->arrival.in;
	struct packet_desc desc = { .family = NFPROTO_ARP,
		                    .arp_op = ANSWER,
		                    .has_ll = true };
	struct sim_arrival arrival = { .way = WAY_OUT };
	struct packet p = { .mark = 0 };

	if (asked->desc.family != NFPROTO_ARP || asked->desc.arp_op != REQUEST ||
	    result->fate != FATE_ACCEPT || result->out ||
	    machine_type4(&d->machine, asked->desc.dst, NULL) != ROUTE_LOCAL)
		return;
	arrival.out = dev->bridge ? dev->bridge : dev;
	memcpy(desc.src, asked->desc.dst, 4);
	memcpy(desc.dst, asked->desc.src, 4);
	memcpy(desc.mac_src, arrival.out->mac, 6);
	memcpy(desc.mac_dst, asked->desc.mac_src, 6);
	packet_build(&p, &desc);
	d->answers_arp = true;
	sim_packet(&d->sim, &arrival, &p);
	d->answers_arp = false;
	packet_fini(&p);
}

/* False: nothing more can be compared. */
static bool run_packet(struct driver *d, struct str words)
{
	uint32_t file = sources_add(&d->sources, STR("packet"), words);
	struct span span = { file, 0, (uint32_t)words.n };
	struct packet_line line;
	struct made_packet made;

	if (str_starts(words, STR("wait "))) {
		wait_for(d, str_sub(words, 5, words.n));
		return true;
	}
	if (str_starts(words, STR("tick "))) {
		begin_tick(d, str_sub(words, 5, words.n));
		return true;
	}
	if (packet_line_read(&d->sources, span, &d->names, &d->a, &d->diags, &line) < 0)
		return false;
	if (talk_make(&d->talks, &line, &d->machine, &d->a, &d->diags, &made) < 0) {
		diags_fini(&d->diags); /* a reply to a packet that was cut away */
		return true;
	}
	struct packet sent = { .mark = 0 };
	if (made.arrival.way == WAY_OUT && !made.desc.ip_id)
		made.desc.ip_id = 7; /* else a raw socket draws one */
	made_build(&made, &sent);
	if (!is_sensible(d, &made, packet_length(&sent))) {
		packet_fini(&sent);
		return true;
	}
	tcp_rows_visit(&d->rows, d->sim.track, &sent);
	d->way.steps.n = d->answered.steps.n = 0;
	d->way.state = d->answered.state = 0;
	sent_reset(&d->sent);
	d->has_template = false;
	set_moment(d);
	struct sim_result result = talk_send(&d->talks, &d->sim, &line, &made);
	answer_arp(d, &made, &result);
	kernel_inject(&d->kernel, &sent, device_number(made.arrival.in));
	end_moment(d);
	packet_fini(&sent);
	compare_packet(d, words);
	d->packets++;
	return !d->drawn && !d->is_late && d->answer.n == 0;
}

static void set_sysctls(struct driver *d)
{
	for (size_t i = 0; i < d->n_settings; i++) {
		struct setting *s = &d->settings[i];
		s->was = kernel_sysctl(s->name, s->value);
		if (machine_set(&d->machine, str_from(s->name), s->value) < 0 &&
		    track_sysctl_set(d->sim.track, str_from(s->name), s->value) < 0)
			errx(2, "sysctl %s", s->name);
	}
}

static void begin(struct driver *d)
{
	d->store = store_new();
	d->drawn = d->is_late = false;
	d->packets = d->together = 0;
	d->began_ns = clock_ns();
	buf_reset(&d->answer);
	agree_machine(&d->machine, &d->kernel);
	sim_init(&d->sim, d->store, &d->machine);
	d->sim.uptime_ns = d->began_ns;
	d->sim.watch = watch;
	d->sim.watch_ctx = d;
	set_sysctls(d);
	kernel_flush(&d->kernel);
}

static void end(struct driver *d)
{
	for (size_t i = 0; i < d->n_settings; i++)
		kernel_sysctl(d->settings[i].name, d->settings[i].was);
	d->n_settings = 0;
	sim_fini(&d->sim);
	talks_fini(&d->talks);
	d->talks = (struct talks){ .has_last = false };
	store_free(d->store);
	machine_fini(&d->machine);
	map_fini(&d->places);
	vec_fini(&d->way.steps);
	vec_fini(&d->answered.steps);
	sent_fini(&d->sent);
	diags_fini(&d->diags);
	sources_fini(&d->sources);
	arena_reset(&d->a);
}

static void run_case(struct driver *d, struct str rules, struct str packets)
{
	begin(d);
	d->is_slow = memmem(rules.p, rules.n, "ct count", 8) != NULL;
	bool goes_on = load(d, rules) == 0;
	if (!goes_on) {
		auto_buf why = { 0 };
		diags_print(&d->diags, &d->sources, &why, false);
		printf("refused\n%.*s\n", (int)why.n, why.p ? why.p : "");
	}
	bool loaded = goes_on;
	while (goes_on && packets.n) {
		size_t n = str_find(packets, '\n');
		goes_on = run_packet(d, str_sub(packets, 0, n));
		packets = str_sub(packets, n + 1, packets.n);
	}
	if (loaded && diags_failed(&d->diags)) {
		auto_buf why = { 0 };
		diags_print(&d->diags, &d->sources, &why, false);
		errx(2, "%.*s", (int)why.n, why.p);
	}
	if (loaded && !d->drawn && !d->is_late && d->answer.n == 0)
		compare_end(d);
	if (d->is_late)
		printf("again\n");
	else if (d->answer.n)
		fwrite(d->answer.p, 1, d->answer.n, stdout);
	else if (loaded)
		printf("ok %zu\n", d->packets);
	printf(".\n");
	fflush(stdout);
	end(d);
}

/* ---- input ---- */

static void read_setting(struct driver *d, const char *line)
{
	struct setting *s = &d->settings[d->n_settings];
	struct str rest = str_trim(str_from(line + strlen("sysctl ")));
	size_t blank = str_find(rest, ' ');

	if (d->n_settings == SYSCTLS_MAX || blank >= sizeof(s->name) ||
	    str_to_u64(str_sub(rest, blank + 1, rest.n), 10, &s->value) < 0)
		errx(2, "bad line: %s", line);
	memcpy(s->name, rest.p, blank);
	s->name[blank] = '\0';
	d->n_settings++;
}

/* Lines until one that is a dot; false at the end of the input. */
static bool read_block(struct driver *d, struct buf *out, bool settings)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool ended = false;

	buf_reset(out);
	while (!ended && (n = getline(&line, &room, stdin)) > 0) {
		ended = strcmp(line, ".\n") == 0;
		if (ended || strncmp(line, "case ", 5) == 0)
			continue;
		if (settings && strncmp(line, "sysctl ", 7) == 0)
			read_setting(d, line);
		else
			buf_put(out, line, (size_t)n);
	}
	free(line);
	return ended;
}

int main(int argc, char **argv)
{
	struct driver d = { .names = { .ifindex = ifindex, .ifname = ifname } };
	auto_buf rules = { 0 }, packets = { 0 };

	if (argc != 3)
		errx(2, "usage: agree_driver NAMESPACE RULES");
	d.standing = str_from(argv[2]);
	kernel_open(&d.kernel, argv[1]);
	d.kernel.place = place_of;
	d.kernel.ctx = &d;
	int r = engine_kernel_open(&d.engine);
	if (r < 0)
		errx(2, "nf_tables: %s", strerror(-r));
	while (read_block(&d, &rules, true) && read_block(&d, &packets, false))
		run_case(&d, buf_as_str(&rules), buf_as_str(&packets));
	tcp_rows_print(&d.rows);
	d.engine->ops->close(d.engine);
	kernel_close(&d.kernel);
	buf_fini(&d.old_tables);
	buf_fini(&d.answer);
	arena_fini(&d.a);
	return 0;
}

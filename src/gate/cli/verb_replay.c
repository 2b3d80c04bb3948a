/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `gate replay -f FILE CAPTURE`: what a ruleset would have done to the packets of a capture. The
 * capture is read once, from a file or a pipe, and never held in memory.
 */
#include "gate/cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/cli/replay.h"

enum { FLOWS_SHOWN = 20, DEVICE_MAX = 15, LOOK_FRAMES = 1 << 14, BAR_WIDTH = 30 };
#define PROGRESS_NS    UINT64_C(200000000)
#define DEFAULT_DEVICE "eth0"

// clang-format off
const struct option_row replay_options[] = {
	{ 0, OPT_LOCAL, "local", "[DEV=]ADDR[/LEN]", "an address of this machine: it sent what comes from there" },
	{ 0, OPT_IN, "in", "DEV[=NET,...]", "the capture is DEV's; with networks: packets from there came in by DEV" },
	{ 0, OPT_ROUTER, "router", NULL, "packets between other hosts are passed on by this machine" },
	{ 0, OPT_AGAINST, "against", "OLD", "list the flows whose fate differs from that ruleset's" },
	{ 0, OPT_PASSED, "passed", "FILE", "write the frames that pass to a pcapng file" },
	{ 0, OPT_STOPPED, "stopped", "FILE", "write the frames that do not" },
	{ 0, OPT_CHECKSUMS, "checksums", NULL, "look at the checksums of TCP and its like" },
	{ 0, OPT_FLOWS, "flows", "NUMBER", "list so many flows (20)" },
	{ 0, OPT_LIVE, "live", NULL, "the ruleset in the kernel (needs CAP_NET_ADMIN)" },
	{ 0, OPT_INTERFACES, "interfaces", "NAME,...", "these interfaces exist, and those of the capture" },
	{ 0 },
};
// clang-format on

static void check_own_options(struct replay_run *r)
{
	struct cli *c = r->c;
	const struct options *o = &c->options;

	if (o->live && o->files.n)
		diag_error(&c->diags, "E0907", SPAN_NONE,
		           "`-f` and `--live` exclude each other");
	r->flows_shown = FLOWS_SHOWN;
	if (o->flows.p && str_to_u64(o->flows, 10, &r->flows_shown) < 0)
		diag_error(&c->diags, "E0904", SPAN_NONE, "`--flows` wants a number");
	if (o->interfaces.p)
		cli_set_interfaces(c, o->interfaces);
	if (o->words.n == 2 && (o->files.n || o->live))
		return;
	struct diag *d = diag_error(&c->diags, "E0908", options_word_span(o, 0),
	                            "`gate replay` wants %s",
	                            o->words.n != 2 ? "one capture" : "a ruleset");
	diag_help(&c->diags, d, "gate replay -f FILE capture.pcap");
}

/* ---- the capture ---- */

static int64_t read_fd(void *ctx, void *to, size_t n)
{
	const int *fd = ctx;
	ssize_t got;

	do
		got = read(*fd, to, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static void report_compressed(struct replay_run *r, struct str path)
{
	struct diag *d = diag_error(&r->c->diags, "E0940", SPAN_NONE,
	                            "`" STR_FMT "` is compressed", STR_ARG(path));

	diag_help(&r->c->diags, d, "zcat, xzcat or zstdcat FILE | gate replay ... -");
}

static void report_capture(struct replay_run *r, int error)
{
	struct str path = r->c->options.words.p[1];

	if (error == -ENODATA) {
		diag_error(&r->c->diags, "E0940", SPAN_NONE, "`" STR_FMT "` is empty",
		           STR_ARG(path));
		return;
	}
	if (error == -EMEDIUMTYPE) {
		report_compressed(r, path);
		return;
	}
	if (error != -EBADMSG) {
		diag_error(&r->c->diags, "E0905", SPAN_NONE,
		           "cannot read `" STR_FMT "`: %s", STR_ARG(path),
		           strerror(-error));
		return;
	}
	if (!r->capture) {
		diag_error(&r->c->diags, "E0940", SPAN_NONE,
		           "`" STR_FMT "` is no capture file", STR_ARG(path));
		return;
	}
	diag_error(&r->c->diags, "E0940", SPAN_NONE,
	           "`" STR_FMT "` is damaged at byte %" PRIu64 ": %s", STR_ARG(path),
	           capture_offset(r->capture), capture_why(r->capture));
}

static void begin_capture(struct replay_run *r)
{
	int e = capture_open(read_fd, &r->fd, &r->capture);

	if (e == 0)
		e = capture_next(r->capture, &r->first);
	if (e < 0)
		report_capture(r, e);
	r->has_first = e > 0;
}

static void open_capture(struct replay_run *r)
{
	struct str path = r->c->options.words.p[1]; /* of argv: a NUL follows */
	struct stat st;

	r->fd = str_is(path, "-") ? STDIN_FILENO : open(path.p, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0) {
		report_capture(r, -errno);
		return;
	}
	if (fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode))
		r->size = (uint64_t)st.st_size;
	r->can_rewind = lseek(r->fd, 0, SEEK_CUR) >= 0;
	begin_capture(r);
}

/* ---- the machine ---- */

static void bad_word(struct replay_run *r, const char *option, struct str word,
                     const char *example)
{
	struct diag *d =
		diag_error(&r->c->diags, "E0903", SPAN_NONE,
	                   "`" STR_FMT "` is nothing for `%s`", STR_ARG(word), option);

	diag_help(&r->c->diags, d, "%s", example);
}

static uint32_t index_of(struct cli *c, struct str name)
{
	char text[16] = { 0 };
	uint32_t index;

	memcpy(text, name.p, name.n < 15 ? name.n : 15);
	return c->names.ifindex(c->names.ctx, text, &index) < 0 ? 0 : index;
}

static struct str device_name(struct str word)
{
	size_t eq = str_find(word, '=');

	return str_sub(word, 0, eq);
}

/* Interfaces that options or the capture name exist. */
static void add_guests(struct replay_run *r)
{
	struct cli *c = r->c;
	const struct options *o = &c->options;
	struct str *guests =
		arena_array(&c->arena, struct str, o->ins.n + o->locals.n + 3);

	cli_add_guest(c, guests, STR("lo"));
	for (size_t i = 0; i < o->ins.n; i++)
		cli_add_guest(c, guests, device_name(o->ins.p[i]));
	for (size_t i = 0; i < o->locals.n; i++)
		if (str_find(o->locals.p[i], '=') < o->locals.p[i].n)
			cli_add_guest(c, guests, device_name(o->locals.p[i]));
	if (r->first.name.n && !str_is(r->first.name, "any"))
		cli_add_guest(c, guests, r->first.name);
	else if (!o->ins.n)
		cli_add_guest(c, guests, STR(DEFAULT_DEVICE));
}

static const struct sim_dev *add_dev(struct replay_run *r, struct str name)
{
	return machine_dev(&r->machine, name, index_of(r->c, name));
}

static void add_net(struct replay_run *r, const struct sim_dev *dev, struct str word)
{
	struct replay_net net = { .dev = dev };

	if (!prefix_read(word, &net.family, net.addr, &net.prefix)) {
		bad_word(r, "--in", word, "--in eth1=192.168.0.0/24,fd00::/64");
		return;
	}
	struct sim_route route = { .family = net.family,
		                   .prefix = net.prefix,
		                   .hop = { .dev = dev } };
	memcpy(route.dst, net.addr, sizeof(route.dst));
	vec_push(&r->replay.side.nets, net);
	vec_push(&r->machine.routes, route);
}

static void add_in(struct replay_run *r, struct str word)
{
	struct str name = device_name(word), nets = str_sub(word, name.n + 1, word.n);

	if (!name.n || name.n > DEVICE_MAX || (name.n < word.n && !nets.n)) {
		bad_word(r, "--in", word, "--in eth0, or --in eth1=192.168.0.0/24");
		return;
	}
	const struct sim_dev *dev = add_dev(r, name);
	if (name.n == word.n)
		r->replay.side.dev = dev;
	while (nets.n) {
		size_t comma = str_find(nets, ',');
		add_net(r, dev, str_sub(nets, 0, comma));
		nets = str_sub(nets, comma + 1, nets.n);
	}
}

/* The device of frames that name none. */
static void choose_device(struct replay_run *r)
{
	struct replay_side *s = &r->replay.side;

	if (s->dev)
		return;
	if (r->first.name.n && !str_is(r->first.name, "any"))
		s->dev = add_dev(r, r->first.name);
	else if (s->nets.n)
		s->dev = s->nets.p[0].dev;
	else
		s->dev = add_dev(r, STR(DEFAULT_DEVICE));
	r->is_device_assumed = !r->first.name.n || str_is(r->first.name, "any");
}

static void add_local(struct replay_run *r, struct str word)
{
	struct replay_side *s = &r->replay.side;
	size_t eq = str_find(word, '=');
	struct str addr = eq < word.n ? str_sub(word, eq + 1, word.n) : word;
	struct side_addr local = { 0 };
	uint8_t prefix;

	if (!prefix_read(addr, &local.family, local.addr, &prefix) || eq == 0 ||
	    (eq < word.n && eq > DEVICE_MAX)) {
		bad_word(r, "--local", word,
		         "--local 192.168.1.12, or --local eth0=192.168.1.12/24");
		return;
	}
	const struct sim_dev *dev =
		eq < word.n ? add_dev(r, str_sub(word, 0, eq)) : s->dev;
	vec_push(&s->locals, local);
	machine_add_addr(&r->machine, dev, local.family, local.addr, prefix);
}

/* Captures of all devices have cooked heads, or several devices. */
static bool is_of_all(const struct capture_frame *f)
{
	return f->link == LINK_SLL || f->link == LINK_SLL2 || str_is(f->name, "any");
}

/* --live without --local: the addresses of this machine. */
static void take_addresses(struct replay_run *r)
{
	vec_for_each(it, &r->machine.addrs) {
		struct side_addr local = { .family = it->family };
		memcpy(local.addr, it->addr, sizeof(local.addr));
		if (!it->dev->is_loopback)
			vec_push(&r->replay.side.locals, local);
	}
}

static void init_machine(struct replay_run *r)
{
	const struct options *o = &r->c->options;
	int e = 0;

	if (o->live && !o->locals.n)
		e = live_read_machine(&r->machine);
	else
		machine_init(&r->machine, index_of(r->c, STR("lo")));
	if (e < 0)
		diag_error(&r->c->diags, "E0602", SPAN_NONE,
		           "cannot read this machine's addresses: %s", strerror(-e));
	if (o->live)
		r->machine.kernel = cli_running_kernel();
	r->machine.is_complete = false; /* it need not be what it was then */
}

static void build_machine(struct replay_run *r)
{
	const struct options *o = &r->c->options;
	struct replay_side *s = &r->replay.side;

	for (size_t i = 0; i < o->ins.n; i++)
		add_in(r, o->ins.p[i]);
	choose_device(r);
	for (size_t i = 0; i < o->locals.n; i++)
		add_local(r, o->locals.p[i]);
	if (o->live && !o->locals.n)
		take_addresses(r);
	side_settle(s);
	s->forwards = o->router;
	r->machine.forwards |= o->router;
	s->sees_all = is_of_all(&r->first);
}

/* An address that is at one end of every frame is a good guess for help, not for verdicts. */
struct guess {
	uint8_t family, addr[16];
	unsigned n;
};

static void count_guess(struct guess *g, size_t *n, size_t max, uint8_t family,
                        const uint8_t *addr)
{
	size_t size = family == NFPROTO_IPV4 ? 4 : 16;

	for (size_t i = 0; i < *n; i++)
		if (g[i].family == family && memcmp(g[i].addr, addr, size) == 0) {
			g[i].n++;
			return;
		}
	if (*n == max)
		return;
	g[*n] = (struct guess){ .family = family, .n = 1 };
	memcpy(g[(*n)++].addr, addr, size);
}

static struct str guess_local(struct replay_run *r)
{
	struct guess guesses[64], *best = guesses;
	struct packet p = { 0 };
	struct capture_frame f = r->first;
	struct link_view v;
	size_t n = 0;

	for (unsigned i = 0; i < 1000; i++) {
		if (link_view(&f, &v) == 0 &&
		    frame_packet(&f, &v, false, &p) == SKIP_NONE &&
		    p.fault == FAULT_NONE && p.family != NFPROTO_ARP) {
			count_guess(guesses, &n, ARRAY_LEN(guesses), p.family,
			            packet_source(&p));
			count_guess(guesses, &n, ARRAY_LEN(guesses), p.family,
			            packet_destination(&p));
		}
		if (capture_next(r->capture, &f) <= 0)
			break;
	}
	packet_fini(&p);
	for (size_t i = 1; i < n; i++)
		if (guesses[i].n > best->n)
			best = &guesses[i];
	return n ? explain_address(&r->c->arena, best->family, best->addr) : STR("");
}

static void check_side(struct replay_run *r)
{
	struct link_view v;

	const struct options *o = &r->c->options;

	if (side_is_told(&r->replay.side) || o->ins.n || o->locals.n || !r->has_first ||
	    link_view(&r->first, &v) < 0 || v.direction != CAPTURE_ANY_WAY)
		return;
	struct diag *d =
		diag_error(&r->c->diags, "E0941", SPAN_NONE,
	                   "nothing tells which of the frames this machine sent");
	struct str guess = guess_local(r);
	if (guess.n)
		diag_help(&r->c->diags, d,
		          "--local ADDR names an address of it; most frames here have "
		          "to do with " STR_FMT,
		          STR_ARG(guess));
	diag_help(
		&r->c->diags, d,
		"if it sent none: --in DEV; captures with `tcpdump -i any` tell by themselves");
}

/* ---- running ---- */

/* A line on the terminal that is written over. */
static void show_progress(const struct replay_run *r, uint64_t from_ns, uint64_t now_ns)
{
	uint64_t offset = capture_offset(r->capture);
	double share = r->size ? (double)offset / (double)r->size : 0;
	double rate = (double)r->replay.frames * 1e9 / (double)(now_ns - from_ns + 1);
	int full = (int)(share * BAR_WIDTH);

	if (full > BAR_WIDTH)
		full = BAR_WIDTH;
	if (r->size)
		fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %.2f M frames/s ", full,
		        "##############################", BAR_WIDTH - full, "",
		        share * 100, rate / 1e6);
	else
		fprintf(stderr, "\r%" PRIu64 " frames  %.2f M frames/s ",
		        r->replay.frames, rate / 1e6);
	fflush(stderr);
}

/* Whether the packet met more than is tried in all combinations. */
static void note_doubts(struct replay_run *r, const struct replay_fate *f)
{
	unsigned n = f->n_doubts < REPLAY_DOUBTS_MAX ? f->n_doubts : REPLAY_DOUBTS_MAX;

	if (n <= r->replay.doubts || !r->can_rewind)
		return;
	r->restarts = true;
	if (n > r->doubts)
		r->doubts = n;
}

static void take_frame(struct replay_run *r, const struct capture_frame *f)
{
	struct replay_outcome out;
	struct capture_frame next;

	if (capture_peek(r->capture, &next))
		replay_expect(&r->replay, &next);
	replay_frame(&r->replay, f, &out);
	if (out.skip != SKIP_NONE || out.is_unknown_link)
		return;
	note_doubts(r, &out.now);
	if (r->replay.compares)
		note_doubts(r, &out.old);
	if (replay_passed(&out.now) || out.now.fates & (1u << FATE_ACCEPT))
		output_frame(&r->passed, f);
	if (!replay_passed(&out.now))
		output_frame(&r->stopped, f);
}

static int send_all(struct replay_run *r)
{
	struct capture_frame f = r->first;
	bool shows = isatty(STDERR_FILENO), shown = false;
	uint64_t from = cli_clock_ns(), last = from;
	int e = r->has_first;

	for (; e > 0 && !r->restarts; e = capture_next(r->capture, &f)) {
		take_frame(r, &f);
		if (!shows || r->replay.frames % LOOK_FRAMES)
			continue;
		uint64_t now = cli_clock_ns();
		if (now - last < PROGRESS_NS)
			continue;
		show_progress(r, from, now);
		last = now;
		shown = true;
	}
	if (shown)
		fprintf(stderr, "\r%*s\r", BAR_WIDTH + 40, "");
	r->elapsed_ns = cli_clock_ns() - from;
	return e;
}

static int load(struct replay_run *r)
{
	struct cli *c = r->c;

	r->e = (struct explain){ .c = c, .live = c->options.live };
	r->old = (struct explain){ .c = c };
	explain_read_files(&r->e, &c->options.files);
	if (c->options.against.p) {
		struct str_list old = { &c->options.against, 1 };
		explain_read_files(&r->old, &old);
	}
	if (diags_failed(&c->diags))
		return -EINVAL;
	int e = explain_load(&r->e, &c->diags);
	if (e == 0 && c->options.against.p)
		e = explain_load(&r->old, &c->diags);
	return e < 0 ? e : diags_failed(&c->diags) ? -EINVAL : 0;
}

/* ---- what nobody knows ---- */

static struct explain another(const struct explain *e)
{
	return (struct explain){
		.c = e->c, .live = e->live, .files = e->files, .n_files = e->n_files
	};
}

/* The rulesets once more for each way; what they say was said the first time. */
static int load_ways(struct replay_run *r)
{
	for (size_t i = 0; i + 1 < (size_t)1 << r->replay.doubts; i++) {
		if (i == r->ways.n) {
			vec_push(&r->ways, another(&r->e));
			vec_push(&r->old_ways, another(&r->old));
		}
		int e = explain_load(&r->ways.p[i], &r->c->diags);
		if (e == 0 && r->replay.compares)
			e = explain_load(&r->old_ways.p[i], &r->c->diags);
		if (e < 0)
			return e;
		replay_add_way(&r->replay, r->ways.p[i].store, r->old_ways.p[i].store);
	}
	return 0;
}

static void read_settings(struct replay_run *r)
{
	struct replay_kernel *k = &r->replay.now;

	if (!r->e.live)
		return;
	live_read_sysctls(k->sim.track);
	vec_for_each(it, &k->others)
		live_read_sysctls(it->track);
}

/* From the first frame on again, in all ways. */
static int begin_anew(struct replay_run *r)
{
	int e = explain_load(&r->e, &r->c->diags); /* linked anew */

	if (e == 0 && r->replay.compares)
		e = explain_load(&r->old, &r->c->diags);
	replay_restart(&r->replay, r->doubts);
	if (e == 0)
		e = load_ways(r);
	if (e < 0)
		return 0; /* reported */
	read_settings(r);
	capture_free(r->capture);
	r->capture = NULL;
	if (lseek(r->fd, 0, SEEK_SET) < 0)
		return -errno;
	begin_capture(r);
	output_restart(&r->passed);
	output_restart(&r->stopped);
	r->restarts = false;
	return send_all(r);
}

/* Neither is the other one, nor standard output, where the summary goes. */
static void check_outputs(struct replay_run *r)
{
	struct str passed = r->c->options.passed, stopped = r->c->options.stopped;

	if (passed.p && stopped.p && str_eq(passed, stopped))
		diag_error(&r->c->diags, "E0943", SPAN_NONE,
		           "`--passed` and `--stopped` name the same file");
	if ((passed.p && str_is(passed, "-")) || (stopped.p && str_is(stopped, "-")))
		diag_error(&r->c->diags, "E0943", SPAN_NONE,
		           "frames cannot go to standard output: the summary does");
}

/* Of a capture of which gate knows no frame there is nothing to tell. */
static bool is_foreign(struct replay_run *r)
{
	const struct replay *p = &r->replay;

	if (!p->frames || p->unknown_links < p->frames)
		return false;
	struct diag *d =
		diag_error(&r->c->diags, "E0944", SPAN_NONE,
	                   "gate does not know the link type of the frames: %u%s%s%s",
	                   p->unknown_link, link_name(p->unknown_link) ? " (" : "",
	                   link_name(p->unknown_link) ? link_name(p->unknown_link) : "",
	                   link_name(p->unknown_link) ? ")" : "");
	diag_help(&r->c->diags, d, "it knows Ethernet, Linux cooked captures and raw IP");
	return true;
}

static void run(struct replay_run *r)
{
	struct cli *c = r->c;

	add_guests(r);
	init_machine(r);
	if (load(r) < 0)
		return;
	replay_init(&r->replay, &r->machine, r->e.store, r->old.store);
	r->replay.checks_sums = c->options.checksums;
	build_machine(r);
	check_side(r);
	check_outputs(r);
	if (!diags_failed(&c->diags)) {
		output_open(r, &r->passed, c->options.passed);
		output_open(r, &r->stopped, c->options.stopped);
	}
	r->doubts = REPLAY_DOUBTS_LEAST;
	r->can_rewind &=
		output_can_restart(&r->passed) && output_can_restart(&r->stopped);
	if (!r->can_rewind) {
		r->replay.doubts = r->doubts;
		load_ways(r);
	}
	read_settings(r);
	r->is_sent = !diags_failed(&c->diags);
	int e = r->is_sent ? send_all(r) : 0;
	while (r->restarts)
		e = begin_anew(r);
	output_close(r, &r->passed);
	output_close(r, &r->stopped);
	if (e < 0)
		report_capture(r, e);
	if (is_foreign(r))
		; /* said */
	else if (r->replay.frames && c->options.json)
		replay_report_json(r);
	else if (r->replay.frames || !diags_failed(&c->diags))
		replay_report(r);
	replay_fini(&r->replay);
}

int verb_replay(struct cli *c)
{
	struct replay_run r = {
		.c = c, .fd = -1, .passed = { .fd = -1 }, .stopped = { .fd = -1 }
	};

	check_own_options(&r);
	if (!diags_failed(&c->diags))
		open_capture(&r);
	if (!diags_failed(&c->diags))
		run(&r);
	int reported = cli_report(c);
	explain_fini(&r.e);
	explain_fini(&r.old);
	vec_for_each(it, &r.ways)
		explain_fini(it);
	vec_for_each(it, &r.old_ways)
		explain_fini(it);
	vec_fini(&r.ways);
	vec_fini(&r.old_ways);
	machine_fini(&r.machine);
	capture_free(r.capture);
	if (r.fd > STDIN_FILENO)
		close(r.fd);
	return reported;
}

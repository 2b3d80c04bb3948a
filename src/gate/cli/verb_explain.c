/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * `gate explain -f FILE PACKET...`: the packets' way through the ruleset of a file, unprivileged
 * and offline. Several packets are a conversation: connections last from one to the next.
 */
#include "gate/cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "gate/cli/explain.h"
#include "gate/replay/frame.h"
#include "io/paths.h"

// clang-format off
const struct option_row explain_options[] = {
	{ 0, OPT_INTERFACES, "interfaces", "NAME,...", "these interfaces exist, and those of the packets" },
	{ 0, OPT_ADDRESS, "address", "DEV=ADDR/LEN", "an address of this machine; with one given, all are" },
	{ 0, OPT_BRIDGE, "bridge", "NAME=PORT,...", "a bridge and its ports; with one given, all are" },
	{ 0, OPT_ROUTE, "route", "ADDR/LEN=DEV", "a route; the networks of addresses have theirs" },
	{ 0, OPT_ROUTER, "router", NULL, "this machine forwards (net.ipv4.ip_forward)" },
	{ 0, OPT_KERNEL, "kernel", "VERSION", "as that kernel does it (6.1, say)" },
	{ 0, OPT_LIVE, "live", NULL, "the ruleset in the kernel, whoever loaded it (needs CAP_NET_ADMIN)" },
	{ 0, OPT_WHY_NOT, "why-not", "VERDICT", "the nearest rule that would have said accept, or drop" },
	{ 0 },
};
// clang-format on

static void check_own_options(struct cli *c)
{
	const struct options *o = &c->options;

	if (o->live && o->files.n)
		diag_error(&c->diags, "E0907", SPAN_NONE,
		           "`-f` and `--live` exclude each other");
	if (o->why_not.p && !str_is(o->why_not, "accept") && !str_is(o->why_not, "drop"))
		diag_error(&c->diags, "E0904", SPAN_NONE,
		           "`--why-not` asks for accept or drop, not `" STR_FMT "`",
		           STR_ARG(o->why_not));
	if (o->interfaces.p)
		cli_set_interfaces(c, o->interfaces);
	if (o->words.n < 2 || (!o->files.n && !o->live)) {
		struct diag *d = diag_error(&c->diags, "E0908", options_word_span(o, 0),
		                            "`gate explain` wants %s",
		                            o->words.n < 2 ? "a packet" : "a ruleset");
		diag_help(
			&c->diags, d,
			"gate explain -f FILE 'in eth0 tcp 198.51.100.7 > 192.0.2.1:22 syn'");
	}
}

static bool has_blank(struct str s)
{
	return str_find(s, ' ') < s.n || str_find(s, '\t') < s.n;
}

/* Each word is a packet; words without a blank in any of them are one together. */
static size_t packet_spans(struct cli *c, struct span *spans)
{
	const struct options *o = &c->options;
	size_t n = 0;
	bool each = false;

	for (size_t i = 1; i < o->words.n; i++)
		each |= has_blank(o->words.p[i]);
	for (size_t i = 1; i < o->words.n; i++)
		spans[n++] = options_word_span(o, i);
	if (each || n < 2)
		return n;
	spans[0] = span_join(spans[0], spans[n - 1]);
	return 1;
}

/* Interfaces that a packet or an address names exist. */
static void add_guests(struct explain *e)
{
	struct cli *c = e->c;
	struct str *guests =
		arena_array(&c->arena, struct str,
	                    2 * e->n_packets + c->options.addresses.n +
	                            c->options.routes.n + c->options.bridges.n + 2);

	cli_add_guest(c, guests, STR("lo"));
	for (size_t i = 0; i < e->n_packets; i++) {
		cli_add_guest(c, guests, e->packets[i].line.in);
		cli_add_guest(c, guests, e->packets[i].line.out);
	}
	for (size_t i = 0; i < c->options.addresses.n; i++) {
		struct str word = c->options.addresses.p[i];
		cli_add_guest(c, guests, str_sub(word, 0, str_find(word, '=')));
	}
	for (size_t i = 0; i < c->options.routes.n; i++) {
		struct str word = c->options.routes.p[i];
		cli_add_guest(c, guests, str_sub(word, str_find(word, '=') + 1, word.n));
	}
	for (size_t i = 0; i < c->options.bridges.n; i++) {
		struct str word = c->options.bridges.p[i];
		cli_add_guest(c, guests, str_sub(word, 0, str_find(word, '=')));
	}
}

static uint32_t index_of(struct cli *c, struct str name)
{
	char text[16];
	uint32_t index = 0;

	memcpy(text, name.p, name.n < 15 ? name.n : 15);
	text[name.n < 15 ? name.n : 15] = '\0';
	if (c->names.ifindex(c->names.ctx, text, &index) < 0)
		return 0;
	return index;
}

/* `eth0=192.168.1.12/24`; without a length the address alone. */
static void add_address(struct explain *e, struct str word)
{
	struct cli *c = e->c;
	size_t eq = str_find(word, '=');
	struct str name = str_sub(word, 0, eq), addr = str_sub(word, eq + 1, word.n);
	size_t slash = str_find(addr, '/');
	uint8_t family = FAMILY_IP, bytes[16];
	uint64_t prefix;
	bool ok = eq > 0 && eq < 16 &&
	          address_read(str_sub(addr, 0, slash), &family, bytes);

	prefix = family == FAMILY_IP ? 32 : 128;
	if (ok && slash < addr.n)
		ok = str_to_u64(str_sub(addr, slash + 1, addr.n), 10, &prefix) == 0 &&
		     prefix <= (family == FAMILY_IP ? 32 : 128);
	if (!ok) {
		struct diag *d = diag_error(&c->diags, "E0903", SPAN_NONE,
		                            "`" STR_FMT "` is no address of an interface",
		                            STR_ARG(word));
		diag_help(&c->diags, d, "--address eth0=192.168.1.12/24");
		return;
	}
	const struct sim_dev *dev = machine_dev(&e->machine, name, index_of(c, name));
	machine_add_addr(&e->machine, dev, family, bytes, (uint8_t)prefix);
	e->machine.is_complete = true;
}

/* `0.0.0.0/0=eth0`, `10.0.0.0/8=eth1`. */
static void add_route(struct explain *e, struct str word)
{
	struct cli *c = e->c;
	size_t eq = str_find(word, '=');
	struct str name = str_sub(word, eq + 1, word.n);
	struct sim_route route = { .family = 0 };

	if (!name.n || name.n > 15 ||
	    !prefix_read(str_sub(word, 0, eq), &route.family, route.dst, &route.prefix)) {
		struct diag *d = diag_error(&c->diags, "E0903", SPAN_NONE,
		                            "`" STR_FMT "` is no route", STR_ARG(word));
		diag_help(&c->diags, d, "--route 0.0.0.0/0=eth0");
		return;
	}
	route.hop.dev = machine_dev(&e->machine, name, index_of(c, name));
	vec_push(&e->machine.routes, route);
}

/* `br0=eth0,eth1` */
static void add_bridge(struct explain *e, struct str word)
{
	struct cli *c = e->c;
	size_t eq = str_find(word, '=');
	struct str name = str_sub(word, 0, eq), ports = str_sub(word, eq + 1, word.n);
	bool ok = eq > 0 && eq < 16 && ports.n > 0;
	const struct sim_dev *bridge =
		ok ? machine_dev(&e->machine, name, index_of(c, name)) : NULL;

	while (ok && ports.n) {
		struct str port = str_sub(ports, 0, str_find(ports, ','));
		ports = str_sub(ports, port.n + 1, ports.n);
		ok = port.n > 0 && port.n < 16 && !str_eq(port, name);
		const struct sim_dev *dev =
			ok ? machine_dev(&e->machine, port, index_of(c, port)) : NULL;
		ok = ok && machine_add_port(&e->machine, bridge, dev);
	}
	if (!ok) {
		struct diag *d =
			diag_error(&c->diags, "E0903", SPAN_NONE,
		                   "`" STR_FMT "` is no bridge with ports of its own",
		                   STR_ARG(word));
		diag_help(&c->diags, d, "--bridge br0=eth0,eth1");
	}
	e->machine.knows_devices = true;
}

static void build_machine(struct explain *e)
{
	struct cli *c = e->c;

	int r = 0;

	if (c->options.live && !c->options.addresses.n && !c->options.routes.n)
		r = live_read_machine(&e->machine);
	else
		machine_init(&e->machine, index_of(c, STR("lo")));
	if (r < 0)
		diag_error(&c->diags, "E0602", SPAN_NONE,
		           "cannot read this machine's addresses: %s", strerror(-r));
	e->machine.forwards |= c->options.router;
	if (c->options.kernel.p)
		e->machine.kernel = cli_read_kernel(c, c->options.kernel, SPAN_NONE);
	else if (c->options.live)
		e->machine.kernel = cli_running_kernel();
	for (size_t i = 0; i < e->n_packets; i++) {
		struct str in = e->packets[i].line.in, out = e->packets[i].line.out;
		if (in.n)
			machine_dev(&e->machine, in, index_of(c, in));
		if (out.n)
			machine_dev(&e->machine, out, index_of(c, out));
	}
	for (size_t i = 0; i < c->options.addresses.n; i++)
		add_address(e, c->options.addresses.p[i]);
	for (size_t i = 0; i < c->options.routes.n; i++)
		add_route(e, c->options.routes.p[i]);
	for (size_t i = 0; i < c->options.bridges.n; i++)
		add_bridge(e, c->options.bridges.p[i]);
}

/* ---- frames of captures ---- */

static int64_t read_fd(void *ctx, void *to, size_t n)
{
	ssize_t got = read(*(const int *)ctx, to, n);

	return got < 0 ? -errno : got;
}

/* The frame of that number: 1, or 0 when there are fewer, or an error. */
static int find_frame(struct capture *c, uint64_t number, struct capture_frame *f)
{
	int r = 1;

	for (uint64_t i = 0; r > 0 && i < number; i++)
		r = capture_next(c, f);
	return r;
}

/* The frame's bytes are the packet; it leaves when the capture says so and the words do not. */
static void take_frame(struct explain *e, struct packet_line *line,
                       const struct capture_frame *f)
{
	struct arena *a = &e->c->arena;
	struct packet p = { 0 };
	struct link_view v;
	int r = link_view(f, &v);
	enum replay_skip skip = r < 0 ? SKIP_LINK : frame_packet(f, &v, false, &p);

	if (skip != SKIP_NONE)
		diag_error(&e->c->diags, "E0942", line->span, "frame %llu is %s",
		           (unsigned long long)line->raw.number,
		           r == -EPROTONOSUPPORT
		                   ? "of a link type that gate does not know"
		           : r < 0 ? "too short for its link type"
		                   : "cut before its ports");
	line->raw.bytes = arena_str(a, buf_as_str(&p.bytes));
	line->raw.has_ll = p.has_ll;
	line->raw.ethertype = p.ethertype;
	line->raw.sums_are_right = true;
	struct str dev = f->name.n && !str_is(f->name, "any") ? arena_str(a, f->name)
	                                                      : STR("eth0");
	if (r == 0 && !line->in.n && !line->out.n) {
		if (v.direction == CAPTURE_OUT)
			line->out = dev;
		else
			line->in = dev;
	}
	packet_fini(&p);
}

static void read_frame(struct explain *e, struct packet_line *line)
{
	struct diags *diags = &e->c->diags;
	auto_close int fd = open(line->raw.capture.p, O_RDONLY | O_CLOEXEC);
	auto_ptr(capture) c = NULL;
	struct capture_frame f = { 0 };
	int r = fd < 0 ? -errno : capture_open(read_fd, &fd, &c);

	if (r == 0)
		r = find_frame(c, line->raw.number, &f);
	if (r > 0)
		take_frame(e, line, &f);
	else if (r == 0)
		diag_error(diags, "E0942", line->span, "`" STR_FMT "` has fewer frames",
		           STR_ARG(line->raw.capture));
	else if (r == -EBADMSG || r == -ENODATA || r == -EMEDIUMTYPE)
		diag_error(diags, "E0940", line->span,
		           "`" STR_FMT "` is damaged, or no capture",
		           STR_ARG(line->raw.capture));
	else
		diag_error(diags, "E0905", line->span, "cannot read `" STR_FMT "`: %s",
		           STR_ARG(line->raw.capture), strerror(-r));
}

static void read_packets(struct explain *e)
{
	struct cli *c = e->c;
	struct span *spans = arena_array(&c->arena, struct span, c->options.words.n);

	e->n_packets = packet_spans(c, spans);
	e->packets = arena_array(&c->arena, struct explain_packet, e->n_packets);
	for (size_t i = 0; i < e->n_packets; i++) {
		struct packet_line *line = &e->packets[i].line;
		(void)!packet_line_read(&c->sources, spans[i], &c->names, &c->arena,
		                        &c->diags, line);
		if (line->is_raw && line->raw.capture.n)
			read_frame(e, line);
		if (packet_line_is_drawn(line))
			diag_error(&c->diags, "E0924", spans[i],
			           "one packet has one address and one port: ranges and "
			           "`any` are for `gate test`");
	}
}

int verb_explain(struct cli *c)
{
	struct explain e = { .c = c, .live = c->options.live };
	int r = 0;

	check_own_options(c);
	if (!diags_failed(&c->diags)) {
		read_packets(&e);
		explain_read_files(&e, &c->options.files);
	}
	if (!diags_failed(&c->diags)) {
		add_guests(&e);
		build_machine(&e);
	}
	if (!diags_failed(&c->diags))
		r = explain_run(&e);
	if (r == 0 && !diags_failed(&c->diags) && c->options.json)
		explain_json(&e);
	else if (r == 0 && !diags_failed(&c->diags))
		explain_print(&e);
	explain_fini(&e);
	int reported = cli_report(c);
	return r < 0 ? EXIT_FAILED : reported;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Scenario files. */
#include "gate/scenario/scenario.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/scenario/route_line.h"
#include "gate/scenario/words.h"

enum { REPEAT_MAX = 1000000, MTU_MAX = 65536, GROUP_MAX = INT32_MAX };

/* A file while it is read; `w` is at one of its lines. */
struct reader {
	struct words w;
	const struct sources *sources;
	const struct names *names;
	struct arena *a;
	struct diags *diags;
	struct scenario *s;
	uint64_t now_ns; /* the time of the line before */
	bool failed;
};

/* ---- the machine ---- */

static void read_use(struct reader *r)
{
	struct scenario_use *use = vec_add(&r->s->uses);

	use->path = words_next(&r->w);
	use->span = words_span(&r->w);
	if (!use->path.n)
		words_missing(&r->w, "the ruleset's file", "use \"server.nft\"");
}

static void read_mac(struct reader *r, struct scenario_dev *d)
{
	struct str word = words_next(&r->w);

	d->has_mac = mac_read(word, d->mac);
	if (!d->has_mac)
		words_error(&r->w, "E0923", "`" STR_FMT "` is no hardware address",
		            STR_ARG(word));
}

static void read_device_word(struct reader *r, struct scenario_dev *d,
                             struct scenario_addr *addrs)
{
	static const struct str names[] = { STR_INIT("mac"), STR_INIT("group"),
		                            STR_INIT("mtu"), STR_INIT("ADDRESS/LENGTH") };
	struct scenario_addr *a = &addrs[d->n_addrs];
	struct str word = words_next(&r->w);

	if (str_is(word, "mac"))
		read_mac(r, d);
	else if (str_is(word, "group"))
		d->group = (uint32_t)words_number(&r->w, "group", GROUP_MAX);
	else if (str_is(word, "mtu"))
		d->mtu = (uint32_t)words_number(&r->w, "mtu", MTU_MAX);
	else if (prefix_read(word, &a->family, a->addr, &a->prefix))
		d->n_addrs++;
	else
		words_unknown(&r->w, "E0923", word, "is no address of an interface",
		              names, ARRAY_LEN(names));
}

/* `interface eth0 192.168.1.12/24 fd00::12/64 mac 02:00:00:00:00:01 group 1` */
static void read_interface(struct reader *r)
{
	struct scenario_addr *addrs =
		arena_array(r->a, struct scenario_addr, r->w.text.n / 2 + 1);
	struct scenario_dev *d = vec_add(&r->s->devs);

	d->name = words_device(&r->w, "interface eth0 192.168.1.12/24");
	d->span = words_span(&r->w);
	d->addrs = addrs;
	for (struct scenario_dev *it = r->s->devs.p; !r->w.failed && it < d; it++)
		if (str_eq(it->name, d->name))
			diag_related(r->diags,
			             words_error(&r->w, "E0931",
			                         "this interface is there already"),
			             it->span, "here");
	while (!r->w.failed && !words_end(&r->w))
		read_device_word(r, d, addrs);
}

static void read_route(struct reader *r)
{
	route_read(&r->w, vec_add(&r->s->routes));
}

static void read_rule(struct reader *r)
{
	rule_read(&r->w, vec_add(&r->s->rules));
}

/* The words to the end of the line that are names of interfaces. */
static void read_ports(struct reader *r, struct scenario_bridge *b)
{
	static const char example[] = "bridge br0 eth0 eth1";
	size_t room = r->w.text.n / 2 + 1;

	b->ports = arena_array(r->a, struct str, room);
	b->spans = arena_array(r->a, struct span, room);
	do {
		b->ports[b->n_ports] = words_device(&r->w, example);
		b->spans[b->n_ports++] = words_span(&r->w);
	} while (!r->w.failed && !words_end(&r->w));
}

/* `bridge br0 eth0 eth1` */
static void read_bridge(struct reader *r)
{
	struct scenario_bridge *b = vec_add(&r->s->bridges);

	b->name = words_device(&r->w, "bridge br0 eth0 eth1");
	b->span = words_span(&r->w);
	if (!r->w.failed)
		read_ports(r, b);
}

/* `station 02:00:00:00:00:11 eth1 192.168.5.11 fd05::11` */
static void read_station(struct reader *r)
{
	struct scenario_station *k = vec_add(&r->s->stations);
	struct scenario_addr *addrs =
		arena_array(r->a, struct scenario_addr, r->w.text.n / 2 + 1);
	struct str word = words_next(&r->w);

	if (!word.n)
		words_missing(&r->w, "the hardware address",
		              "station 02:00:00:00:00:11 eth1 192.168.5.11");
	else if (!mac_read(word, k->mac))
		words_error(&r->w, "E0923", "`" STR_FMT "` is no hardware address",
		            STR_ARG(word));
	else if (k->mac[0] & 1)
		words_error(&r->w, "E0923",
		            "`" STR_FMT "` is the address of a group, not of a station",
		            STR_ARG(word));
	if (r->w.failed)
		return;
	k->dev = words_device(&r->w, "station 02:00:00:00:00:11 eth1 192.168.5.11");
	k->span = words_span(&r->w);
	k->addrs = addrs;
	while (!r->w.failed && !words_end(&r->w)) {
		struct scenario_addr *a = &addrs[k->n_addrs++];
		words_prefix(&r->w, &a->family, a->addr, &a->prefix);
	}
}

/* `socket tcp :22`, `socket udp 127.0.0.1:53 uid 101 gid 101 mark 1 transparent` */
static void read_socket(struct reader *r)
{
	static const struct str known[] = { STR_INIT("tcp"),  STR_INIT("udp"),
		                            STR_INIT("uid"),  STR_INIT("gid"),
		                            STR_INIT("mark"), STR_INIT("transparent") };
	struct scenario_socket *k = vec_add(&r->s->sockets);
	struct str word = words_next(&r->w), wrong;
	const char *what;

	k->l4 = str_is(word, "tcp") ? IPPROTO_TCP : str_is(word, "udp") ? IPPROTO_UDP : 0;
	if (!k->l4) {
		words_unknown(&r->w, "E0927", word, "is no protocol of a socket", known,
		              2);
		return;
	}
	word = words_next(&r->w);
	k->span = words_span(&r->w);
	if (!endpoint_read(word, r->names, &k->end, &wrong, &what))
		words_error(&r->w, "E0923", "`" STR_FMT "` is no %s", STR_ARG(wrong),
		            what);
	else if (!k->end.port.given || port_range_is_drawn(&k->end.port) ||
	         addr_range_is_drawn(&k->end.addr))
		words_missing(&r->w, "the socket's port", "socket tcp :22");
	while (!r->w.failed && !words_end(&r->w)) {
		word = words_next(&r->w);
		if (str_is(word, "transparent"))
			k->transparent = true;
		else if (str_is(word, "mark"))
			k->mark = (uint32_t)words_number(&r->w, "mark", UINT32_MAX);
		else if (str_is(word, "uid"))
			k->uid = (uint32_t)words_number(&r->w, "uid", UINT32_MAX);
		else if (str_is(word, "gid"))
			k->gid = (uint32_t)words_number(&r->w, "gid", UINT32_MAX);
		else
			words_unknown(&r->w, "E0930", word, "says nothing about a socket",
			              known + 2, 4);
		k->has_owner |= str_is(word, "uid") || str_is(word, "gid");
	}
}

/* `sysctl net.netfilter.nf_conntrack_tcp_loose 0` (or with `=`) */
static void read_sysctl(struct reader *r)
{
	struct scenario_sysctl *s = vec_add(&r->s->sysctls);

	s->name = words_next(&r->w);
	s->span = words_span(&r->w);
	if (!s->name.n)
		words_missing(&r->w, "the name", "sysctl nf_conntrack_tcp_loose 0");
	words_take(&r->w, "=");
	if (!r->w.failed)
		s->value = words_number(&r->w, "sysctl", UINT64_MAX);
	s->value_span = words_span(&r->w);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = y / 400, year = y - era * 400;
	int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static bool digits(struct str s, size_t from, size_t n, uint64_t max, int64_t *out)
{
	uint64_t v;

	if (s.n < from + n || str_to_u64(str_sub(s, from, n), 10, &v) < 0 || v > max)
		return false;
	*out = (int64_t)v;
	return true;
}

/* `kernel 6.1` */
static void read_kernel(struct reader *r)
{
	r->s->kernel = words_next(&r->w);
	r->s->kernel_span = words_span(&r->w);
	if (!r->s->kernel.n)
		words_missing(&r->w, "the version",
		              "kernel 6.1, or what `uname -r` prints there");
}

static void wrong_clock(struct reader *r, const char *what)
{
	struct diag *d = words_error(&r->w, "E0928", "this is no %s", what);

	diag_help(r->diags, d, "clock 2026-11-25 22:00");
}

/* `clock 2026-11-25 22:00`, in UTC; `clock 2026-11-25 22:00 zone +1` when the machine's is not. */
static void read_clock(struct reader *r)
{
	struct str date = words_next(&r->w), time;
	int64_t y, mo, d, h, mi, zone = 0;

	if (!digits(date, 0, 4, 9999, &y) || !digits(date, 5, 2, 12, &mo) ||
	    !digits(date, 8, 2, 31, &d) || date.n != 10 || y < 1970 || !mo || !d) {
		wrong_clock(r, "date");
		return;
	}
	time = words_next(&r->w);
	if (!digits(time, 0, 2, 23, &h) || !digits(time, 3, 2, 59, &mi) || time.n != 5) {
		wrong_clock(r, "time of day");
		return;
	}
	if (words_take(&r->w, "zone")) {
		struct str word = words_next(&r->w);
		bool west = word.n && word.p[0] == '-';
		if (!digits(word, 1, word.n - (word.n > 0), 14, &zone))
			words_error(&r->w, "E0928", "`zone` wants +HOURS or -HOURS");
		zone = west ? -zone : zone;
	}
	r->s->utc_offset_s = (int32_t)zone * 3600;
	r->s->clock_s = days_of(y, mo, d) * 86400 + (h - zone) * 3600 + mi * 60;
	r->s->has_clock = true;
}

static void read_seed(struct reader *r)
{
	r->s->seed = words_number(&r->w, "seed", UINT64_MAX);
	r->s->has_seed = true;
}

static void read_router(struct reader *r)
{
	r->s->forwards = true;
}

/* ---- steps ---- */

static struct str duration(struct reader *r, const char *word, uint64_t *ns)
{
	struct str text = words_next(&r->w);

	if (!duration_read(text, ns))
		words_error(&r->w, "E0928", "`%s` wants a time: 10s, 1m30s, 250ms", word);
	return text;
}

/* `repeat N`, `at TIME`, `every TIME` in any order. */
static void read_times(struct reader *r, struct step *step)
{
	for (;;) {
		if (words_take(&r->w, "at")) {
			duration(r, "at", &step->at_ns);
			step->has_at = true;
			if (!r->w.failed && step->at_ns < r->now_ns)
				words_error(
					&r->w, "E0928",
					"time does not go back: an earlier line is later");
		} else if (words_take(&r->w, "every")) {
			duration(r, "every", &step->every_ns);
		} else if (words_take(&r->w, "repeat")) {
			step->repeat =
				(uint32_t)words_number(&r->w, "repeat", REPEAT_MAX);
			if (!r->w.failed && step->repeat == 0)
				words_error(&r->w, "E0930", "0 times is never");
		} else {
			break;
		}
		if (r->w.failed)
			return;
	}
	if (step->has_at)
		r->now_ns = step->at_ns;
	if (step->repeat > 1)
		r->now_ns += (step->repeat - 1) * step->every_ns;
}

/* From the next word to the one before `expect`; has_expect: there is one, and it is taken. */
static struct span packet_span(struct reader *r, bool *has_expect)
{
	struct span span = words_rest(&r->w);
	size_t end = r->w.at;

	*has_expect = false;
	while (!words_end(&r->w)) {
		if (words_take(&r->w, "expect")) {
			*has_expect = true;
			break;
		}
		words_next(&r->w);
		end = r->w.to;
	}
	uint32_t to = r->w.line.off + (uint32_t)end;
	span.len = to > span.off ? to - span.off : 0;
	return span;
}

static void read_expect(struct reader *r, struct step *step, bool wanted)
{
	if (!wanted || r->w.failed) {
		words_next(&r->w);
		if (!r->w.failed && step->kind != STEP_NEVER && step->kind != STEP_PACKET)
			words_missing(&r->w, "`expect`", "expect accept");
		return;
	}
	if (words_end(&r->w)) {
		words_next(&r->w);
		words_missing(&r->w, "what is expected", "expect accept");
		return;
	}
	if (expect_read(r->sources, words_rest(&r->w), r->names, r->a, r->diags,
	                &step->expect) < 0)
		r->failed = true;
}

/* What stands between the times and `expect` is a packet as packet_line.h reads it. */
static void read_packet(struct reader *r, struct step *step)
{
	bool has_expect;
	struct span span = packet_span(r, &has_expect);

	if (span.len == 0) {
		words_missing(&r->w, "the packet",
		              "in eth0 tcp 198.51.100.7 > 192.168.1.12:22 syn");
		return;
	}
	if (packet_line_read(r->sources, span, r->names, r->a, r->diags, &step->line) < 0)
		r->failed = true;
	if (!r->failed && step->line.seen & SEEN_TIME) {
		words_error(&r->w, "E0928", "`at` stands before all else");
		return;
	}
	read_expect(r, step, has_expect);
}

/* The protocol that the kind of a connection begins with. */
static uint8_t protocol_of(enum connection_kind kind, uint8_t family)
{
	if (kind == CONNECTION_PING)
		return family == NFPROTO_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	return kind == CONNECTION_UDP || kind == CONNECTION_TFTP || kind == CONNECTION_SIP
	               ? IPPROTO_UDP
	               : IPPROTO_TCP;
}

static bool read_kind(struct reader *r, struct connection *c)
{
	struct str names[CONNECTION_KINDS + 2], word = words_next(&r->w);

	for (unsigned i = 0; i < CONNECTION_KINDS; i++) {
		names[i] = connection_name((enum connection_kind)i);
		if (!str_eq(word, names[i]))
			continue;
		c->kind = (enum connection_kind)i;
		return true;
	}
	names[CONNECTION_KINDS] = STR("in");
	names[CONNECTION_KINDS + 1] = STR("out");
	words_unknown(&r->w, "E0930", word, "is no kind of connection that is known here",
	              names, ARRAY_LEN(names));
	return false;
}

/* `passive`, `active`, `data PORT` behind the ends. */
static void read_data(struct reader *r, struct connection *c)
{
	while (!r->w.failed) {
		bool passive = words_take(&r->w, "passive"),
		     active = !passive && words_take(&r->w, "active");
		if ((passive || active) && c->kind != CONNECTION_FTP) {
			words_error(&r->w, "E0930", "only `ftp` has active and passive");
			return;
		}
		c->active |= active;
		if (passive || active)
			continue;
		if (!words_take(&r->w, "data"))
			return;
		if (!connection_has_data(c->kind))
			words_error(&r->w, "E0930",
			            "such a connection announces no other");
		else
			c->data_port = (uint16_t)words_number(&r->w, "data", UINT16_MAX);
	}
}

static void read_end(struct reader *r, struct endpoint *e)
{
	struct str word = words_next(&r->w), wrong;
	const char *what;

	if (!word.n)
		words_missing(&r->w, "who to whom",
		              "connection tcp 198.51.100.7 > 192.168.1.12:22");
	else if (!endpoint_read(word, r->names, e, &wrong, &what))
		words_error(&r->w, "E0923", "`" STR_FMT "` is no %s", STR_ARG(wrong),
		            what);
}

/* `A > B` */
static void read_ends(struct reader *r, struct packet_line *line)
{
	struct endpoint from = { .port = { .given = false } }, to = from;

	read_end(r, &from);
	if (!r->w.failed && !words_take(&r->w, ">")) {
		words_next(&r->w);
		words_error(&r->w, "E0924",
		            "behind the source comes `>` and the destination");
	}
	if (!r->w.failed)
		read_end(r, &to);
	if (!r->w.failed && from.addr.family && to.addr.family &&
	    from.addr.family != to.addr.family)
		words_error(&r->w, "E0924",
		            "source and destination are not of one family");
	packet_line_end(line, END_SRC, &from);
	packet_line_end(line, END_DST, &to);
}

/* `connection [in DEV] [out DEV] KIND A > B [passive|active] [data PORT] expect …` */
static void read_connection(struct reader *r, struct step *step)
{
	struct packet_line *line = &step->line;

	step->kind = STEP_CONNECTION;
	line->span = words_rest(&r->w);
	if (words_take(&r->w, "in"))
		line->in = words_device(&r->w, "in eth0");
	if (words_take(&r->w, "out"))
		line->out = words_device(&r->w, "out eth0");
	if (r->w.failed || !read_kind(r, &step->connection))
		return;
	read_ends(r, line);
	line->desc.l4 = protocol_of(step->connection.kind, line->desc.family);
	line->seen |= SEEN_PROTO;
	read_data(r, &step->connection);
	if (r->w.failed)
		return;
	line->span.len = r->w.line.off + (uint32_t)r->w.to - line->span.off;
	bool wanted = words_take(&r->w, "expect");
	if (!wanted && !words_end(&r->w)) {
		struct str word = words_next(&r->w);
		words_error(&r->w, "E0930",
		            "`" STR_FMT "` says nothing about a connection",
		            STR_ARG(word));
		return;
	}
	read_expect(r, step, wanted);
}

static void read_step(struct reader *r, enum step_kind kind)
{
	struct step *step = vec_add(&r->s->steps);

	step->kind = kind;
	step->span = r->w.line;
	read_times(r, step);
	if (r->w.failed)
		return;
	if (kind == STEP_PACKET && words_take(&r->w, "connection"))
		read_connection(r, step);
	else if (kind == STEP_PACKET && words_take(&r->w, "expect")) {
		step->kind = STEP_EXPECT;
		read_expect(r, step, true);
	} else
		read_packet(r, step);
}

/* ---- the file ---- */

struct statement {
	struct str name;
	void (*read)(struct reader *r); /* NULL: a step, whose words begin there */
};

static const struct statement statements[] = {
	{ STR_INIT("use"), read_use },       { STR_INIT("interface"), read_interface },
	{ STR_INIT("bridge"), read_bridge }, { STR_INIT("station"), read_station },
	{ STR_INIT("route"), read_route },   { STR_INIT("router"), read_router },
	{ STR_INIT("rule"), read_rule },     { STR_INIT("socket"), read_socket },
	{ STR_INIT("sysctl"), read_sysctl }, { STR_INIT("clock"), read_clock },
	{ STR_INIT("kernel"), read_kernel }, { STR_INIT("seed"), read_seed },
	{ STR_INIT("never"), NULL },         { STR_INIT("at"), NULL },
	{ STR_INIT("repeat"), NULL },        { STR_INIT("every"), NULL },
	{ STR_INIT("connection"), NULL },    { STR_INIT("in"), NULL },
	{ STR_INIT("out"), NULL },           { STR_INIT("expect"), NULL },
	{ STR_INIT("reply"), NULL },         { STR_INIT("tcp"), NULL },
	{ STR_INIT("udp"), NULL },           { STR_INIT("icmp"), NULL },
	{ STR_INIT("icmpv6"), NULL },        { STR_INIT("arp"), NULL },
	{ STR_INIT("igmp"), NULL },          { STR_INIT("sctp"), NULL },
	{ STR_INIT("dccp"), NULL },          { STR_INIT("udplite"), NULL },
	{ STR_INIT("esp"), NULL },           { STR_INIT("ah"), NULL },
	{ STR_INIT("gre"), NULL },           { STR_INIT("proto"), NULL },
};

static void unknown_statement(struct reader *r, struct str word)
{
	struct str names[ARRAY_LEN(statements)];

	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		names[i] = statements[i].name;
	words_unknown(&r->w, "E0930", word, "begins no statement of a scenario", names,
	              ARRAY_LEN(names));
}

static void read_line(struct reader *r, struct span line)
{
	const struct statement *it = statements,
			       *end = statements + ARRAY_LEN(statements);

	words_init(&r->w, r->sources, line, r->a, r->diags);
	if (words_end(&r->w))
		return;
	r->w.line = words_rest(&r->w); /* without the blanks before */
	words_init(&r->w, r->sources, r->w.line, r->a, r->diags);
	struct str word = words_peek(&r->w);
	while (it < end && !str_eq(it->name, word))
		it++;
	if (it == end) {
		words_next(&r->w);
		unknown_statement(r, word);
	} else if (it->read) {
		words_next(&r->w);
		it->read(r);
	} else {
		read_step(r, words_take(&r->w, "never") ? STEP_NEVER : STEP_PACKET);
	}
	if (it < end && it->read && !r->w.failed && !words_end(&r->w)) {
		word = words_next(&r->w);
		words_error(&r->w, "E0930", "`" STR_FMT "` is one word too many",
		            STR_ARG(word));
	}
	r->failed |= r->w.failed;
}

/* A line ends at the end of line, unless a `\` stands before it. */
static size_t line_length(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\\'))
			return i;
	return text.n;
}

int scenario_read(const struct sources *sources, uint32_t file, const struct names *names,
                  struct arena *a, struct diags *diags, struct scenario *out)
{
	struct reader r = {
		.sources = sources, .names = names, .a = a, .diags = diags, .s = out
	};
	struct str text = sources_get(sources, file)->text;
	uint32_t off = 0;

	*out = (struct scenario){ .seed = 0 };
	while (off < text.n) {
		size_t n = line_length(str_sub(text, off, text.n));
		read_line(&r, (struct span){ file, off, (uint32_t)n });
		off += (uint32_t)n + 1;
	}
	return r.failed ? -EINVAL : 0;
}

void scenario_fini(struct scenario *s)
{
	vec_fini(&s->uses);
	vec_fini(&s->devs);
	vec_fini(&s->bridges);
	vec_fini(&s->stations);
	vec_fini(&s->routes);
	vec_fini(&s->rules);
	vec_fini(&s->sockets);
	vec_fini(&s->sysctls);
	vec_fini(&s->steps);
}

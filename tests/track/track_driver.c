/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * A router made of the tracker, for comparison with the kernel. It reads commands from stdin, a
 * line each, words NAME=VALUE in any order, and answers `pkt` and `list` on stdout.
 *
 *   at SECONDS                  the clock, with a fraction
 *   sysctl NAME VALUE
 *   nat snat|dnat dport=N [flags=N] [addr=A] [addr2=A] [min=N] [max=N]
 *   helper NAME proto=N dport=N
 *   expect dport=N port=N size=N    `ct expectation set` on packets to dport
 *   zone dport=N zone=N way=original|reply|both    `ct zone set` on packets to or from dport
 *   pkt proto=N src=A dst=A [sport=N dport=N] [len=N] [bad=1] [cut=1] [hex=PAYLOAD]
 *       tcp:  flags=N seq=N ack=N win=N size=N [ws=N] [sackok=1] [sack=N]
 *       icmp: type=N code=N id=N, of errors iproto= isrc= idst= isport= idport= (itype= icode=)
 *       sctp: vtag=N tag=N t=N chunks=N,N…
 *     answers: VERDICT STATE DIRECTION STATUS SRC SPORT DST DPORT [ISRC ISPORT IDST IDPORT] CHOICE
 *     WHY; CHOICE is what the source port was drawn from, MIN-MAX or -
 *   list, expected
 *     answer a line for each entry or expectation, then an empty one
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "gate/track/expect.h"
#include "gate/track/nat.h"

enum { LINE_MAX_BYTES = 1 << 16, WORDS_MAX = 64 };

struct rule {
	bool source;
	uint16_t dport, original; /* of the packet, of the connection; 0: any */
	uint8_t proto;
	struct track_nat_range range;
};

struct helper_rule {
	uint8_t helper, proto;
	uint16_t dport;
};

struct expect_rule {
	uint16_t dport, port;
	uint8_t size;
};

struct zone_rule {
	uint16_t port, zone;
	bool original, reply;
};

struct router {
	struct track *t;
	VEC(struct rule) rules;
	VEC(struct helper_rule) helpers;
	VEC(struct expect_rule) expects;
	VEC(struct zone_rule) zones;
};

/* ---- words -------------------------------------------------------------------------------- */

struct words {
	char *p[WORDS_MAX];
	size_t n;
};

static void split(char *line, struct words *w)
{
	w->n = 0;
	for (char *at = strtok(line, " \n"); at && w->n < WORDS_MAX;
	     at = strtok(NULL, " \n"))
		w->p[w->n++] = at;
}

/* The value of NAME=VALUE, or NULL. */
static const char *value(const struct words *w, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < w->n; i++)
		if (strncmp(w->p[i], name, n) == 0 && w->p[i][n] == '=')
			return w->p[i] + n + 1;
	return NULL;
}

static uint32_t number(const struct words *w, const char *name)
{
	const char *v = value(w, name);

	return v ? (uint32_t)strtoul(v, NULL, 0) : 0;
}

static struct track_addr address(const struct words *w, const char *name, uint8_t *family)
{
	struct track_addr a = { 0 };
	const char *v = value(w, name);

	if (!v)
		return a;
	*family = strchr(v, ':') ? 6 : 4;
	if (inet_pton(*family == 6 ? AF_INET6 : AF_INET, v, a.b) != 1) {
		fprintf(stderr, "bad address %s\n", v);
		exit(2);
	}
	return a;
}

static const char *show(const struct track_addr *a, uint8_t family, char text[64])
{
	return inet_ntop(family == 6 ? AF_INET6 : AF_INET, a->b, text, 64);
}

/* ---- packets ------------------------------------------------------------------------------ */

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void read_icmp(const struct words *w, struct track_packet *p)
{
	struct track_tuple *inner = &p->icmp.inner;

	p->tuple.src_port = (uint16_t)number(w, "id");
	p->tuple.dst_port = (uint16_t)(number(w, "type") << 8 | number(w, "code"));
	if (!value(w, "isrc"))
		return;
	p->icmp.has_inner = true;
	inner->src = address(w, "isrc", &inner->family);
	inner->dst = address(w, "idst", &inner->family);
	inner->proto = (uint8_t)number(w, "iproto");
	inner->src_port = (uint16_t)number(w, "isport");
	inner->dst_port = (uint16_t)number(w, "idport");
	if (is_icmp(inner->proto))
		inner->dst_port =
			(uint16_t)(number(w, "itype") << 8 | number(w, "icode"));
}

static void read_tcp(const struct words *w, struct track_tcp *tcp)
{
	tcp->flags = (uint8_t)number(w, "flags");
	tcp->seq = number(w, "seq");
	tcp->ack = number(w, "ack");
	tcp->window = (uint16_t)number(w, "win");
	tcp->payload = number(w, "size");
	tcp->has_window_scale = value(w, "ws");
	tcp->window_scale = (uint8_t)number(w, "ws");
	tcp->sack_permitted = number(w, "sackok");
	if (value(w, "sack")) {
		tcp->sacks = 1;
		tcp->sack_end[0] = number(w, "sack");
	}
}

static void read_sctp(const struct words *w, struct track_sctp *sctp)
{
	const char *at = value(w, "chunks");

	sctp->vtag = number(w, "vtag");
	sctp->init_tag = number(w, "tag");
	sctp->abort_or_complete_t = number(w, "t");
	while (at && *at && sctp->chunks < TRACK_CHUNKS_MAX) {
		char *end;
		sctp->chunk[sctp->chunks++] = (uint8_t)strtoul(at, &end, 0);
		at = *end ? end + 1 : end;
	}
}

/* Hexadecimal digits in place. */
static struct str read_hex(const struct words *w)
{
	const char *v = value(w, "hex");
	size_t n = v ? strlen(v) / 2 : 0;
	char *out = n ? malloc(n) : NULL;
	unsigned byte;

	for (size_t i = 0; i < n && sscanf(v + 2 * i, "%2x", &byte) == 1; i++)
		out[i] = (char)byte;
	return (struct str){ out, n };
}

static struct track_packet read_packet(const struct words *w)
{
	struct track_packet p = { 0 };

	p.tuple.src = address(w, "src", &p.tuple.family);
	p.tuple.dst = address(w, "dst", &p.tuple.family);
	p.tuple.proto = (uint8_t)number(w, "proto");
	p.tuple.src_port = (uint16_t)number(w, "sport");
	p.tuple.dst_port = (uint16_t)number(w, "dport");
	p.length = number(w, "len");
	p.flags = (uint8_t)((number(w, "bad") ? TRACK_P_BAD_CHECKSUM : 0) |
	                    (number(w, "cut") ? TRACK_P_TRUNCATED : 0));
	p.payload = read_hex(w);
	if (is_icmp(p.tuple.proto))
		read_icmp(w, &p);
	else if (p.tuple.proto == IPPROTO_TCP)
		read_tcp(w, &p.tcp);
	else if (p.tuple.proto == IPPROTO_SCTP)
		read_sctp(w, &p.sctp);
	return p;
}

/* ---- the router --------------------------------------------------------------------------- */

static bool fits(const struct rule *rule, const struct track_tuple *packet,
                 const struct track_entry *e)
{
	return (!rule->dport || rule->dport == packet->dst_port) &&
	       (!rule->original || rule->original == e->tuple[0].dst_port) &&
	       (!rule->proto || rule->proto == packet->proto) && !is_icmp(packet->proto);
}

static enum track_verdict nat_chain(struct router *r, struct track_ref *ref,
                                    enum track_hook hook, const struct track_packet *p)
{
	bool source = hook == TRACK_HOOK_POSTROUTING;

	vec_for_each(rule, &r->rules)
		if (rule->source == source && fits(rule, &p->tuple, ref->entry))
			return track_nat_setup(r->t, ref, hook, &rule->range);
	return track_nat_null(r->t, ref, hook);
}

static void tuple_change(struct track_tuple *tuple, const struct track_side_change *side)
{
	bool icmp = tuple->proto == IPPROTO_ICMP || tuple->proto == IPPROTO_ICMPV6;

	if (side->source)
		tuple->src = side->addr;
	if (side->destination)
		tuple->dst = side->addr;
	if (!side->has_port)
		return;
	if (side->source || (side->destination && icmp))
		tuple->src_port = side->port;
	else if (side->destination)
		tuple->dst_port = side->port;
}

/* Writes `change` into the decoded packet, so that later hooks see it. */
static void packet_change(struct track_packet *p, const struct track_change *change)
{
	tuple_change(&p->tuple, &change->outer);
	if (change->inner.source || change->inner.destination)
		tuple_change(&p->icmp.inner, &change->inner);
}

static enum track_verdict nat_hook(struct router *r, struct track_ref *ref,
                                   enum track_hook hook, struct track_packet *p)
{
	struct track_change change;

	if (!r->rules.n)
		return TRACK_ACCEPT;
	if (track_nat_wants(ref, hook) && nat_chain(r, ref, hook, p) == TRACK_DROP)
		return TRACK_DROP;
	if (track_nat_apply(ref, p, hook, &change) == TRACK_DROP)
		return TRACK_DROP;
	packet_change(p, &change);
	return TRACK_ACCEPT;
}

static void print_tuple(const struct track_tuple *tuple)
{
	char src[64], dst[64];

	printf(" %s %u %s %u", show(&tuple->src, tuple->family, src), tuple->src_port,
	       show(&tuple->dst, tuple->family, dst), tuple->dst_port);
}

static void print_choice(const struct track_entry *e)
{
	struct track_choice choice = { 0 };

	if (e)
		choice = track_entry_choice(e, false);
	if (choice.port)
		printf(" %u-%u", choice.port_min, choice.port_max);
	else
		printf(" -");
}

/* Sequence and acknowledgement as they leave, and the payload that a helper wrote. */
static void print_rewritten(const struct track_ref *ref, const struct track_packet *p,
                            const struct track_rewrite *rewrite)
{
	struct track_tcp tcp =
		p->tuple.proto == IPPROTO_TCP ? p->tcp : (struct track_tcp){ 0 };
	struct str text = rewrite->changed ? buf_as_str(&rewrite->payload) : p->payload;

	if (ref->entry && !ref->icmp_error && p->tuple.proto == IPPROTO_TCP) {
		tcp.seq += (uint32_t)track_seq_shift(ref->entry, ref->dir, tcp.seq);
		tcp.ack -= (uint32_t)track_ack_shift(ref->entry, !ref->dir, tcp.ack);
	}
	printf(" %u %u ", tcp.seq, tcp.flags & 16 ? tcp.ack : 0);
	for (size_t i = 0; i < text.n; i++)
		printf("%02x", (uint8_t)text.p[i]);
	printf(text.n ? "" : "-");
}

static void answer(bool accepted, const char *state, const struct track_ref *ref,
                   const struct track_packet *p, const struct track_rewrite *rewrite)
{
	struct str why = track_why(ref->why);

	printf("%s %s %s %u", accepted ? "accept" : "drop", state,
	       !ref->entry               ? "-"
	       : ref->dir == TRACK_REPLY ? "reply"
	                                 : "original",
	       ref->entry ? ref->entry->status : 0);
	print_tuple(&p->tuple);
	if (is_icmp(p->tuple.proto) && p->icmp.has_inner)
		print_tuple(&p->icmp.inner);
	print_choice(ref->entry);
	print_rewritten(ref, p, rewrite);
	printf(" " STR_FMT "\n", STR_ARG(why));
}

static void assign_helper(struct router *r, struct track_ref *ref)
{
	if (ref->entry)
		vec_for_each(h, &r->helpers)
			if (ref->entry->tuple[0].dst_port == h->dport)
				track_helper_set(ref, h->helper, h->proto);
}

static void set_zone(const struct router *r, const struct track_packet *p,
                     struct track_ref *ref)
{
	vec_for_each(z, &r->zones)
		if (p->tuple.dst_port == z->port || p->tuple.src_port == z->port)
			track_zone_set(ref, z->zone, z->original, z->reply);
}

/* The rules of the forward chain, before the one that tells the state. */
static bool forward(struct router *r, const struct track_packet *p, struct track_ref *ref)
{
	assign_helper(r, ref);
	vec_for_each(x, &r->expects)
		if (p->tuple.dst_port == x->dport &&
		    track_expect_set(r->t, ref, 0, IPPROTO_UDP, x->port, 60000,
		                     x->size) == TRACK_EXPECT_DROP)
			return false;
	return true;
}

static void route(struct router *r, struct track_packet *p)
{
	struct track_ref ref = { 0 };
	struct track_rewrite rewrite = { 0 };
	const char *state = "?";
	bool ok;

	set_zone(r, p, &ref);
	ok = track_in(r->t, p, TRACK_HOOK_PREROUTING, &ref) == TRACK_ACCEPT &&
	     nat_hook(r, &ref, TRACK_HOOK_PREROUTING, p) == TRACK_ACCEPT;
	if (ok) {
		state = track_state_name(track_state_of(&ref));
		ok = forward(r, p, &ref) &&
		     nat_hook(r, &ref, TRACK_HOOK_POSTROUTING, p) == TRACK_ACCEPT &&
		     track_confirm(r->t, p, &ref, &rewrite) == TRACK_ACCEPT;
	}
	if (rewrite.dst_port)
		p->tuple.dst_port = rewrite.dst_port;
	answer(ok, state, &ref, p, &rewrite);
	buf_fini(&rewrite.payload);
	track_release(r->t, &ref);
}

/* ---- commands ----------------------------------------------------------------------------- */

static void add_nat(struct router *r, const struct words *w)
{
	uint8_t family;
	struct rule rule = {
		.source = strcmp(w->p[1], "snat") == 0,
		.dport = (uint16_t)number(w, "dport"),
		.original = (uint16_t)number(w, "original"),
		.proto = (uint8_t)number(w, "proto"),
		.range = { .flags = number(w, "flags"),
		           .addr_min = address(w, "addr", &family),
		           .addr_max = address(w, value(w, "addr2") ? "addr2" : "addr",
		                               &family),
		           .port_min = (uint16_t)number(w, "min"),
		           .port_max = (uint16_t)number(w, "max") },
	};

	vec_push(&r->rules, rule);
}

static bool list_one(struct track_entry *e, void *arg)
{
	const struct router *r = arg;
	uint8_t proto = e->tuple[0].proto;

	printf("%u %u %u %.2f", proto, e->status,
	       proto == IPPROTO_TCP    ? e->tcp.state
	       : proto == IPPROTO_SCTP ? e->sctp.state
	                               : 0,
	       (double)track_expires_ns(r->t, e) / 1e9);
	print_tuple(&e->tuple[0]);
	print_tuple(&e->tuple[1]);
	printf("\n");
	return true;
}

static bool expected_one(const struct track_expect *x, void *arg)
{
	(void)arg;
	printf("%u %u", x->tuple.proto, x->class);
	print_tuple(&x->tuple);
	printf(" %s\n", x->any_src ? "any" : "one");
	return true;
}

static void run(struct router *r, const struct words *w)
{
	if (strcmp(w->p[0], "at") == 0) {
		track_at(r->t, (uint64_t)(strtod(w->p[1], NULL) * 1e9));
	} else if (strcmp(w->p[0], "sysctl") == 0) {
		if (track_sysctl_set(r->t, str_from(w->p[1]), strtoul(w->p[2], NULL, 0)))
			exit(2);
	} else if (strcmp(w->p[0], "nat") == 0) {
		add_nat(r, w);
	} else if (strcmp(w->p[0], "helper") == 0) {
		vec_push(&r->helpers,
		         (struct helper_rule){
				 (uint8_t)track_helper_find(str_from(w->p[1])),
				 (uint8_t)number(w, "proto"),
				 (uint16_t)number(w, "dport") });
	} else if (strcmp(w->p[0], "expect") == 0) {
		vec_push(&r->expects, (struct expect_rule){ (uint16_t)number(w, "dport"),
		                                            (uint16_t)number(w, "port"),
		                                            (uint8_t)number(w, "size") });
	} else if (strcmp(w->p[0], "zone") == 0) {
		const char *way = value(w, "way");
		vec_push(&r->zones, (struct zone_rule){ (uint16_t)number(w, "dport"),
		                                        (uint16_t)number(w, "zone"),
		                                        way && way[0] != 'r',
		                                        way && way[0] != 'o' });
	} else if (strcmp(w->p[0], "pkt") == 0) {
		struct track_packet p = read_packet(w);
		char *payload = (char *)(uintptr_t)p.payload.p;
		route(r, &p);
		free(payload);
	} else if (strcmp(w->p[0], "list") == 0) {
		track_each(r->t, list_one, r);
		printf("\n");
	} else if (strcmp(w->p[0], "expected") == 0) {
		track_expect_each(r->t, expected_one, NULL);
		printf("\n");
	} else {
		fprintf(stderr, "unknown command %s\n", w->p[0]);
		exit(2);
	}
}

int main(void)
{
	static char line[LINE_MAX_BYTES];
	struct router r = { .t = track_new(1) };
	struct words w;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		split(line, &w);
		if (w.n)
			run(&r, &w);
	}
	track_free(r.t);
	vec_fini(&r.rules);
	vec_fini(&r.helpers);
	vec_fini(&r.expects);
	vec_fini(&r.zones);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Whose a frame is. */
#include "gate/replay/side.h"

#include <string.h>

#include "gate/engine/sim/address.h"
#include "gate/engine/sim/checksum.h"

enum { PACKET_MAX = 65535 };

/* What addresses say of a packet. */
struct ends {
	bool src_local, dst_local;
	bool src_any; /* no address yet: DHCP, neighbour discovery */
	bool src_of_link, dst_of_link;
};

void side_fini(struct replay_side *s)
{
	vec_fini(&s->nets);
	vec_fini(&s->devices);
	vec_fini(&s->locals);
	buf_fini(&s->written);
}

void side_settle(struct replay_side *s)
{
	const struct sim_machine *m = s->machine;

	s->has_one_way = true;
	vec_for_each(it, &s->nets)
		s->has_one_way &= it->dev == s->dev;
	vec_for_each(it, &m->addrs)
		s->has_one_way &= it->dev == s->dev || it->dev->is_loopback;
	vec_for_each(it, &m->routes)
		s->has_one_way &=
			!it->n_others && (!it->hop.dev || it->hop.dev == s->dev ||
		                          it->type == ROUTE_LOCAL);
}

static bool is_ip(const struct packet *p)
{
	return (p->family == NFPROTO_IPV4 || p->family == NFPROTO_IPV6) &&
	       packet_at(p, p->nh, p->family == NFPROTO_IPV4 ? 20 : 40);
}

static bool is_local(const struct replay_side *s, uint8_t family, const uint8_t *addr)
{
	static const uint8_t lo6[16] = { [15] = 1 };

	if (family == NFPROTO_IPV4 ? addr[0] == 127 : address_eq(family, addr, lo6))
		return true;
	vec_for_each(it, &s->locals)
		if (it->family == family && address_eq(family, it->addr, addr))
			return true;
	return false;
}

/* Broadcast, multicast. */
static bool is_many(const struct replay_side *s, uint8_t family, const uint8_t *addr)
{
	struct route_answer to;

	if (address_is_multicast(family, addr) || address_is_everybody(family, addr))
		return true;
	return family == NFPROTO_IPV4 &&
	       machine_route(s->machine, family, addr, &to) == 0 &&
	       to.type == ROUTE_BROADCAST;
}

/* Nobody passes such an address on. */
static bool is_of_link(uint8_t family, const uint8_t *addr)
{
	return family == NFPROTO_IPV6 && address_is_of_link(addr);
}

static struct ends ends_of(const struct replay_side *s, struct packet *p)
{
	static const uint8_t none[16];
	const uint8_t *src = packet_source(p);

	return (struct ends){
		.src_local = is_local(s, p->family, src),
		.dst_local = is_local(s, p->family, packet_destination(p)),
		.src_any = address_eq(p->family, src, none),
		.src_of_link = is_of_link(p->family, src),
		.dst_of_link = is_of_link(p->family, packet_destination(p)),
	};
}

/* ---- devices ---- */

static const struct sim_dev *dev_by_index(const struct sim_machine *m, uint32_t index)
{
	vec_for_each(it, &m->devs)
		if ((*it)->index == index)
			return *it;
	return NULL;
}

/* The device a frame was captured on, or NULL when the capture does not tell. */
static const struct sim_dev *dev_of(struct replay_side *s, const struct capture_frame *f,
                                    const struct link_view *v)
{
	if (v->ifindex) {
		const struct sim_dev *d = dev_by_index(s->machine, v->ifindex);
		return d;
	}
	if (!f->name.n || str_is(f->name, "any"))
		return NULL;
	while (s->devices.n <= f->device)
		vec_push(&s->devices, NULL);
	if (!s->devices.p[f->device] || !str_eq(s->devices.p[f->device]->name, f->name))
		s->devices.p[f->device] = machine_dev(s->machine, f->name, 0);
	s->sees_all |= s->devices.n > 1;
	return s->devices.p[f->device];
}

static bool in_net(const struct replay_net *n, uint8_t family, const uint8_t *addr)
{
	return n->family == family && address_in_prefix(n->addr, addr, n->prefix);
}

/* By which device an address is reached: the longest prefix, or `otherwise`. */
static const struct sim_dev *dev_to(const struct replay_side *s, uint8_t family,
                                    const uint8_t *addr, const struct sim_dev *otherwise)
{
	const struct replay_net *best = NULL;
	struct route_answer to;

	if (s->has_one_way && otherwise == s->dev)
		return otherwise;
	vec_for_each(it, &s->nets)
		if (in_net(it, family, addr) && (!best || it->prefix > best->prefix))
			best = it;
	if (best)
		return best->dev;
	if (machine_route(s->machine, family, addr, &to) == 0 && to.dev &&
	    to.type == ROUTE_UNICAST)
		return to.dev;
	return otherwise;
}

/* ---- translation ---- */

static struct track_side_change to_side(const struct track_tuple *t, bool source)
{
	bool is_icmp = t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6;

	return (struct track_side_change){ .source = source,
		                           .destination = !source,
		                           .has_port = true,
		                           .addr = source ? t->src : t->dst,
		                           .port = source || is_icmp ? t->src_port
		                                                     : t->dst_port };
}

static void rewrite(struct packet *p, const struct track_tuple *t)
{
	struct track_change change = { .outer = to_side(t, true) };

	view_write(p, &change);
	change.outer = to_side(t, false);
	view_write(p, &change);
}

static void rewrite_quoted(struct packet *p, const struct track_tuple *t)
{
	struct track_change change = { .inner = to_side(t, true) };

	view_write(p, &change);
	change.inner = to_side(t, false);
	view_write(p, &change);
}

static void rewrite_address(struct packet *p, bool source, const struct track_addr *addr)
{
	struct track_change change = {
		.outer = { .source = source, .destination = !source, .addr = *addr }
	};

	view_write(p, &change);
}

/* An error as translation left it quotes a packet as its sender made it, which is a tuple of the
 * connection; before, it quoted what that packet became. An error of the connection's other end
 * bore that end's address, one of a router between kept its own. */
static bool untranslate_error(struct track *track, struct packet *p,
                              const struct track_packet *view)
{
	struct track_tuple became;
	enum track_dir dir;
	const struct track_entry *e = track_find(track, &view->icmp.inner, &dir);

	if (!e || !(e->status & (TRACK_S_SRC_NAT | TRACK_S_DST_NAT)) ||
	    !track_tuple_invert(&e->tuple[!dir], &became))
		return false;
	rewrite_quoted(p, &became);
	rewrite_address(p, false, &became.src);
	if (memcmp(&view->tuple.src, &e->tuple[dir].dst, sizeof(view->tuple.src)) == 0)
		rewrite_address(p, true, &became.dst);
	return true;
}

/* What the connection's helper wrote, and by how much it moved the numbers. */
static void restore_payload(struct replay_side *s, struct packet *p,
                            struct track_entry *e, enum track_dir dir)
{
	struct track_packet view;
	auto_buf payload = { 0 };

	if (!e->helper || p->is_fragment)
		return;
	if (p->l4 == IPPROTO_TCP)
		view_number_back(p, e, dir);
	view_packet(p, &view);
	if (!track_helper_restore(e, dir, view.payload, &payload) ||
	    packet_length(p) - view.payload.n + payload.n > PACKET_MAX)
		return;
	buf_str(&s->written, view.payload);
	view_payload(p, buf_as_str(&payload));
}

/* Whether the datagram is a message of SIP's: its first line says so, RFC 3261 section 7. */
static bool is_sip(struct str payload)
{
	const struct str version = STR("SIP/2.0");
	struct str line = str_sub(payload, 0, str_find(payload, '\n'));

	for (; line.n >= version.n; line = str_sub(line, 1, line.n))
		if (str_starts(line, version))
			return true;
	return false;
}

/* The connection that the packet belongs to once it was translated, and its direction. */
static struct track_entry *
translated(struct track *track, const struct track_packet *view, enum track_dir *dir)
{
	struct track_tuple answer;
	struct track_entry *e;

	if (!track_tuple_invert(&view->tuple, &answer))
		return NULL;
	e = track_find(track, &answer, dir);
	if (e || !is_sip(view->payload))
		return e;
	*dir = TRACK_ORIGINAL;
	return track_sip_forced(track, &view->tuple);
}

/* The first fragment has the ports: what it was tells what the others were. */
static void rewrite_first(struct replay_side *s, struct packet *p,
                          const struct track_tuple *t)
{
	struct side_pieces *to = &s->pieces[s->n_pieces % SIDE_PIECES];

	if (defrag_key(p, to->key)) {
		to->src = t->src;
		to->dst = t->dst;
		s->n_pieces++;
	}
	rewrite(p, t);
}

static bool untranslate_later(const struct replay_side *s, struct packet *p)
{
	uint8_t key[DEFRAG_KEY_BYTES];
	bool is_one = defrag_key(p, key);

	for (unsigned i = 0; is_one && i < SIDE_PIECES && i < s->n_pieces; i++) {
		const struct side_pieces *it = &s->pieces[i];
		if (memcmp(it->key, key, sizeof(key)) != 0)
			continue;
		rewrite_address(p, true, &it->src);
		rewrite_address(p, false, &it->dst);
		return true;
	}
	return false;
}

/* A packet as translation left it is the reverse of what answers it: the other tuple of its
 * connection; or it begins one that was expected. Then *p becomes what it was before. */
static bool untranslate(struct replay_side *s, struct track *track, struct packet *p)
{
	struct track_packet view;
	struct track_tuple came;
	struct track_entry *e;
	enum track_dir dir;

	view_packet(p, &view);
	if (view.flags & TRACK_P_FRAGMENT)
		return untranslate_later(s, p);
	if (view.flags & TRACK_P_TRUNCATED && !p->is_fragment)
		return false;
	bool is_icmp =
		view.tuple.proto == IPPROTO_ICMP || view.tuple.proto == IPPROTO_ICMPV6;
	if (is_icmp && view.icmp.has_inner)
		return untranslate_error(track, p, &view);
	if (track_find(track, &view.tuple, &dir))
		return false;
	e = translated(track, &view, &dir);
	if (e) {
		rewrite_first(s, p, &e->tuple[!dir]);
		restore_payload(s, p, e, !dir);
		return true;
	}
	if (!track_expected_from(track, &view.tuple, &came))
		return false;
	rewrite_first(s, p, &came);
	return true;
}

/* ---- the way ---- */

static enum replay_skip sent(struct sim_arrival *a, const struct sim_dev *out)
{
	*a = (struct sim_arrival){ .way = WAY_OUT, .out = out };
	return SKIP_NONE;
}

static enum replay_skip received(struct sim_arrival *a, const struct sim_dev *in)
{
	*a = (struct sim_arrival){ .way = WAY_IN, .in = in };
	return SKIP_NONE;
}

/* It was captured when it left: one less than it came with, RFC 1812 section 5.3.1. */
static void restore_ttl(struct packet *p)
{
	bool is_4 = p->family == NFPROTO_IPV4;
	uint8_t *ttl = packet_edit(p, p->nh + (is_4 ? 8 : 7), 1);

	if (!ttl || *ttl == UINT8_MAX)
		return;
	++*ttl;
	if (is_4 && p->fault == FAULT_NONE)
		packet_checksum_ip(p);
}

static enum replay_skip passed_on(const struct replay_side *s, struct packet *p,
                                  struct sim_arrival *a, const struct sim_dev *in,
                                  const struct sim_dev *out)
{
	*a = (struct sim_arrival){
		.way = WAY_IN,
		.in = in ? in : dev_to(s, p->family, packet_source(p), s->dev),
		.out = out ? out : dev_to(s, p->family, packet_destination(p), s->dev),
	};
	return SKIP_NONE;
}

/* ARP names its sender: RFC 826. */
static enum replay_skip arp_arrival(const struct replay_side *s, struct packet *p,
                                    enum capture_direction way, const struct sim_dev *dev,
                                    struct sim_arrival *a)
{
	const uint8_t *b = packet_at(p, p->nh, 28);

	if (way == CAPTURE_OUT || (way == CAPTURE_ANY_WAY && b && b[4] == 6 &&
	                           b[5] == 4 && is_local(s, NFPROTO_IPV4, b + 14)))
		return sent(a, dev);
	return received(a, dev);
}

static enum replay_skip came_in(const struct replay_side *s, struct packet *p,
                                const struct ends *e, const struct sim_dev *dev,
                                struct sim_arrival *a)
{
	if (e->src_local && e->dst_local) /* its sending is in the capture as well */
		return SKIP_AGAIN;
	if (s->forwards && side_is_told(s) && !e->dst_local && !e->dst_of_link &&
	    !is_many(s, p->family, packet_destination(p)))
		return passed_on(s, p, a, dev, NULL);
	return received(a, dev ? dev : dev_to(s, p->family, packet_source(p), s->dev));
}

static enum replay_skip went_out(const struct replay_side *s, struct packet *p,
                                 const struct ends *e, const struct sim_dev *dev,
                                 struct sim_arrival *a)
{
	bool other = !e->src_local && !e->src_any && !e->src_of_link &&
	             (s->locals.n || s->forwards);

	if (!other && e->dst_local)
		return sent(a, machine_find(s->machine, STR("lo")));
	if (!other)
		return sent(a, dev ? dev
		                   : dev_to(s, p->family, packet_destination(p), s->dev));
	if (s->sees_all)
		return SKIP_AGAIN;
	restore_ttl(p);
	return passed_on(s, p, a, NULL, dev);
}

/* The capture does not tell: addresses must. Where it is of several devices, what is passed on
 * counts where it comes in. */
static enum replay_skip by_addresses(const struct replay_side *s, struct packet *p,
                                     const struct ends *e, const struct sim_dev *dev,
                                     struct sim_arrival *a)
{
	const uint8_t *src = packet_source(p), *dst = packet_destination(p);
	const struct sim_dev *told = dev;

	dev = dev ? dev : s->dev;
	if (e->src_local)
		return sent(a, e->dst_local ? machine_find(s->machine, STR("lo"))
		                            : dev_to(s, p->family, dst, dev));
	if (e->dst_local || !s->locals.n || is_many(s, p->family, dst))
		return received(a, told ? told : dev_to(s, p->family, src, dev));
	if (!s->forwards || e->src_of_link || e->dst_of_link)
		return SKIP_OTHERS;
	if (s->sees_all && told && dev_to(s, p->family, src, dev) != dev)
		return SKIP_AGAIN;
	if (dev_to(s, p->family, src, dev) != dev &&
	    dev_to(s, p->family, dst, dev) == dev)
		restore_ttl(p);
	return passed_on(s, p, a, NULL, NULL);
}

enum replay_skip side_arrival(struct replay_side *s, const struct capture_frame *f,
                              const struct link_view *v, struct track *track,
                              struct packet *p, struct sim_arrival *out)
{
	const struct sim_dev *dev = dev_of(s, f, v);

	buf_reset(&s->written);
	if (v->receiver == LINK_TO_OTHER)
		return SKIP_OTHERS;
	if (p->family == NFPROTO_ARP)
		return arp_arrival(s, p, v->direction, dev ? dev : s->dev, out);
	if (!is_ip(p))
		return v->direction == CAPTURE_OUT ? sent(out, dev ? dev : s->dev)
		                                   : received(out, dev ? dev : s->dev);
	bool was_translated =
		track && v->direction != CAPTURE_IN && untranslate(s, track, p);
	struct ends e = ends_of(s, p);
	if (was_translated && s->sees_all && !e.src_local)
		return SKIP_AGAIN; /* it was seen when it came in */
	switch (v->direction) {
	case CAPTURE_IN:
		return came_in(s, p, &e, dev, out);
	case CAPTURE_OUT:
		return went_out(s, p, &e, dev, out);
	case CAPTURE_ANY_WAY:
		return by_addresses(s, p, &e, dev, out);
	}
	return SKIP_NONE;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Links, and what they take. */
#include "gate/engine/sim/leave.h"

#include <linux/netfilter.h>
#include <string.h>

#include "gate/engine/sim/pieces.h"
#include "gate/engine/sim/way.h"

static bool is_ip6(const struct packet *p)
{
	return p->family == NFPROTO_IPV6;
}

/* RFC 791 section 3.1. */
static bool says_whole(const struct packet *p)
{
	enum { DF = 0x40 };

	return p->family == NFPROTO_IPV4 && (*packet_at(p, p->nh + 6, 1) & DF);
}

/* What is larger than the link it came by is several segments that a card put together; a socket
 * leaves it to the card to part them, and a capture shows them before that. */
static bool is_several(const struct pass *p)
{
	bool came = p->arrival->way == WAY_IN;
	const struct sim_dev *dev = came ? p->arrival->in : p->arrival->out;
	uint32_t mtu = dev ? dev->mtu : 0;

	if (p->pkt->may_be_cut || (mtu && packet_length(p->pkt) <= mtu))
		return false;
	return (came && mtu) || p->pkt->l4 == IPPROTO_TCP || p->pkt->sums_are_right;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* What the route takes, or the link where it says nothing; 0: not known. */
static uint32_t route_takes(const struct pass *p)
{
	if (p->has_route && p->route.dev == p->out && p->route.mtu)
		return smaller(p->route.mtu, UINT16_MAX);
	return smaller(p->out->mtu, p->out->mtu ? UINT16_MAX : 0);
}

/* ---- cutting ---- */

static bool leave_cut(struct pass *p, const struct cut *c)
{
	struct outcome o = { .passed = false };
	struct packet piece = { .mark = 0 };
	bool goes_on = true;

	for (size_t i = 0; goes_on && i < c->n; i++) {
		struct pass copy = *p;
		cut_piece(c, i, &piece);
		copy.pkt = &piece;
		track_ref_copy(&p->ref, &copy.ref);
		bool passed = way_transmit(&copy);
		outcome_keep(&o, &copy, passed);
		/* Where the egress of IP's device drops one, the others are not sent. */
		goes_on = passed || copy.pf != NFPROTO_NETDEV || copy.out != p->out ||
		          p->out->bridge;
		p->is_unknown |= copy.is_unknown;
		track_release(p->sim->track, &copy.ref);
	}
	packet_fini(&piece);
	return outcome_take(&o, p);
}

/* As it came, or anew where a header that grew may have no room: RFC 8200's fragment header stands
 * behind what was before it as well as behind destination options. */
static bool leave_in_pieces(struct pass *p, uint32_t most)
{
	struct cut c;

	cut_as_it_came(&c, p->pkt, most);
	if (cut_wants_room(&c) &&
	    !sim_doubt(
		    p,
		    "whether there is room for longer headers before the pieces that came"))
		cut_anew(&c, p->pkt, most);
	if (!c.n)
		return way_stops(p, "the link takes no piece of it");
	c.forbids = p->pkt->pieces_forbid;
	c.drops_options = !p->is_bridged;
	return leave_cut(p, &c);
}

/* ---- out of IP ---- */

static bool is_too_big(struct pass *p)
{
	return way_stops(p,
	                 is_ip6(p->pkt)
	                         ? "it is larger than the link takes, and no router cuts "
	                           "IPv6: the sender is told"
	                         : "it is larger than the link takes and may not be cut: "
	                           "the sender is told");
}

bool leave_fits(struct pass *p)
{
	const struct packet *pkt = p->pkt;
	uint32_t mtu = p->out ? route_takes(p) : 0;

	if (is_ip6(pkt) && mtu && mtu < PIECE_LEAST6)
		mtu = PIECE_LEAST6;
	if (!mtu || packet_length(pkt) <= mtu || (!is_ip6(pkt) && !says_whole(pkt)))
		return true;
	if (pkt->largest_piece > mtu)
		return is_too_big(p);
	return pkt->may_be_cut || is_several(p) || is_too_big(p);
}

static bool leave_ip6(struct pass *p, uint32_t mtu)
{
	const struct packet *pkt = p->pkt;
	uint32_t length = packet_length(pkt), largest = pkt->largest_piece;
	bool over = mtu && length > mtu;

	if (!over && !(largest && length > largest))
		return way_transmit(p);
	if ((over && !pkt->may_be_cut && !p->local) || (mtu && largest > mtu))
		return is_too_big(p);
	if (!largest)
		return leave_in_pieces(p, mtu);
	return leave_in_pieces(p, largest < PIECE_LEAST6 ? PIECE_LEAST6 : largest);
}

static bool leave_ip4(struct pass *p, uint32_t mtu)
{
	const struct packet *pkt = p->pkt;
	uint32_t largest = pkt->largest_piece;

	if (!largest && !(mtu && packet_length(pkt) > mtu))
		return way_transmit(p);
	if (says_whole(pkt) && (!pkt->may_be_cut || (mtu && largest > mtu)))
		return is_too_big(p);
	return leave_in_pieces(p, smaller(largest, mtu));
}

bool leave_ip(struct pass *p)
{
	if (!p->out || is_several(p))
		return way_transmit(p);
	return is_ip6(p->pkt) ? leave_ip6(p, route_takes(p))
	                      : leave_ip4(p, route_takes(p));
}

/* ---- out by a port ---- */

bool leave_link_takes(struct pass *p)
{
	enum { TAG = 4 }; /* IEEE 802.1Q: that much more, tagged or not */

	return !p->out->mtu || packet_length(p->pkt) <= p->out->mtu + TAG ||
	       is_several(p) ||
	       way_stops(p,
	                 "the frame is larger than the link of the bridge's port takes");
}

/* The route that br_netfilter has for what is only bridged is of form's sake: to the bridge. */
static bool leave_shown(struct pass *p)
{
	struct packet *pkt = p->pkt;
	uint32_t largest = pkt->largest_piece, bridge = p->out->bridge->mtu;
	uint32_t most = smaller(largest, p->out->mtu);

	if (!most || packet_length(pkt) <= most || is_several(p))
		return way_transmit(p);
	if (!bridge)
		bridge = p->out->mtu;
	if (bridge && largest > bridge)
		return is_too_big(p);
	pkt->pieces_forbid = false; /* that is forgotten at a bridge */
	if (!is_ip6(pkt))
		return says_whole(pkt) && !pkt->may_be_cut
		               ? is_too_big(p)
		               : leave_in_pieces(p, smaller(largest, bridge));
	if (!pkt->may_be_cut && packet_length(pkt) > bridge)
		return is_too_big(p);
	return leave_in_pieces(p, !largest                 ? bridge
	                          : largest < PIECE_LEAST6 ? PIECE_LEAST6
	                                                   : largest);
}

static bool has_too_large_part(const struct packet *p, uint32_t mtu)
{
	for (size_t i = 0; mtu && i < p->parts.n; i++)
		if (p->parts.p[i] - (i ? 0 : p->th - p->nh) > mtu)
			return true;
	return false;
}

static bool leave_tracked(struct pass *p)
{
	struct packet *pkt = p->pkt;
	uint32_t mtu = p->out->mtu;

	pkt->pieces_forbid = false;
	if (is_ip6(pkt) && pkt->largest_piece < PIECE_LEAST6)
		return way_stops(p, "a bridge cuts no packet into pieces of less than "
		                    "1280 bytes");
	if (is_ip6(pkt) ? mtu && pkt->largest_piece > mtu : has_too_large_part(pkt, mtu))
		return way_stops(p,
		                 "the pieces it came in are larger than the link of the "
		                 "bridge's port takes");
	return leave_in_pieces(p, pkt->largest_piece);
}

bool leave_port(struct pass *p)
{
	if (p->is_bridged)
		return leave_shown(p);
	return p->pkt->largest_piece ? leave_tracked(p) : way_transmit(p);
}

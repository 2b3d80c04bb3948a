/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Heads by link type. */
#include "gate/capture/link.h"

#include <errno.h>

#include "base/be.h"

enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8 };
enum { SLL_BYTES = 16, SLL2_BYTES = 20, ETHERNET_BYTES = 14 };

bool link_is_known(uint32_t link)
{
	static const uint16_t known[] = { LINK_NULL,    LINK_ETHERNET, LINK_RAW_OLD,
		                          LINK_RAW_BSD, LINK_RAW,      LINK_LOOP,
		                          LINK_SLL,     LINK_IPV4,     LINK_IPV6,
		                          LINK_SLL2 };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i] == link)
			return true;
	return false;
}

const char *link_name(uint32_t link)
{
	static const struct {
		uint32_t link;
		const char *name;
	} names[] = {
		{ 9, "PPP" },
		{ 50, "PPP" },
		{ 51, "PPPoE" },
		{ 105, "802.11" },
		{ 119, "802.11 with a Prism head" },
		{ 127, "802.11 with a radiotap head" },
		{ 163, "802.11 with an AVS head" },
		{ 187, "Bluetooth" },
		{ 189, "USB" },
		{ 192, "PPI" },
		{ 195, "802.15.4" },
		{ 201, "Bluetooth" },
		{ 220, "USB" },
		{ 227, "CAN" },
		{ 230, "802.15.4" },
		{ 239, "nflog" },
		{ 253, "netlink" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].link == link)
			return names[i].name;
	return NULL;
}

/* A packet without a head: its version says what it is. */
static uint16_t type_of_ip(const uint8_t *b, size_t n)
{
	return n && b[0] >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4;
}

/* The writer's AF_*: IPv4 is 2 everywhere, IPv6 differs from system to system. */
static uint16_t type_of_family(uint32_t family)
{
	switch (family) {
	case 2:
		return TYPE_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return TYPE_IPV6;
	default:
		return 0;
	}
}

static int view_null(const struct capture_frame *f, const uint8_t *b, struct link_view *v)
{
	uint32_t family = be32(b);

	if (f->link == LINK_NULL && family >> 16) /* little-endian writers are the rule */
		family = __builtin_bswap32(family);
	v->offset = 4;
	v->ethertype = type_of_family(family);
	return 0;
}

/* A tag stays before the network header: the cooked head has no place for it. */
static int skip_tag(const struct capture_frame *f, const uint8_t *b, struct link_view *v)
{
	if (v->ethertype != TYPE_VLAN && v->ethertype != TYPE_QINQ)
		return 0;
	if (f->bytes.n < v->offset + 4u)
		return -EBADMSG;
	v->ethertype = be16(b + v->offset + 2);
	v->offset += 4;
	return 0;
}

static void set_receiver(struct link_view *v, uint16_t type)
{
	v->receiver = type <= LINK_FROM_HOST ? (enum link_receiver)type : LINK_TO_UNKNOWN;
	v->direction = v->receiver == LINK_FROM_HOST    ? CAPTURE_OUT
	               : v->receiver == LINK_TO_UNKNOWN ? CAPTURE_ANY_WAY
	                                                : CAPTURE_IN;
}

static int view_sll(const struct capture_frame *f, const uint8_t *b, struct link_view *v)
{
	set_receiver(v, be16(b));
	v->ethertype = be16(b + 14);
	v->offset = SLL_BYTES;
	return skip_tag(f, b, v);
}

static int view_sll2(const struct capture_frame *f, const uint8_t *b, struct link_view *v)
{
	v->ethertype = be16(b);
	v->ifindex = be32(b + 4);
	set_receiver(v, b[10]);
	v->offset = SLL2_BYTES;
	return skip_tag(f, b, v);
}

static size_t head_bytes(uint32_t link)
{
	switch (link) {
	case LINK_NULL:
	case LINK_LOOP:
		return 4;
	case LINK_ETHERNET:
		return ETHERNET_BYTES;
	case LINK_SLL:
		return SLL_BYTES;
	case LINK_SLL2:
		return SLL2_BYTES;
	default:
		return 1;
	}
}

int link_view(const struct capture_frame *f, struct link_view *v)
{
	const uint8_t *b = (const uint8_t *)f->bytes.p;

	*v = (struct link_view){ .receiver = LINK_TO_UNKNOWN, .direction = f->direction };
	if (!link_is_known(f->link))
		return -EPROTONOSUPPORT;
	if (f->bytes.n < head_bytes(f->link))
		return -EBADMSG;
	switch (f->link) {
	case LINK_ETHERNET:
		v->is_ethernet = true;
		return 0;
	case LINK_NULL:
	case LINK_LOOP:
		return view_null(f, b, v);
	case LINK_SLL:
		return view_sll(f, b, v);
	case LINK_SLL2:
		return view_sll2(f, b, v);
	case LINK_IPV4:
	case LINK_IPV6:
		v->ethertype = f->link == LINK_IPV4 ? TYPE_IPV4 : TYPE_IPV6;
		return 0;
	default:
		v->ethertype = type_of_ip(b, f->bytes.n);
		return 0;
	}
}

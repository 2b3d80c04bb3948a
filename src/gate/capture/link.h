/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What stands before the network header of a captured frame, by link type
 * (https://www.tcpdump.org/linktypes.html).
 */
#pragma once

#include "gate/capture/capture.h"

enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW_OLD = 12, /* LINKTYPE_RAW as some systems number it */
	LINK_RAW_BSD = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

/* For whom the frame was; SLL tells, Ethernet has addresses. The numbers are SLL's. */
enum link_receiver {
	LINK_TO_HOST,
	LINK_TO_ALL,
	LINK_TO_GROUP,
	LINK_TO_OTHER,
	LINK_FROM_HOST,
	LINK_TO_UNKNOWN
};

struct link_view {
	bool is_ethernet; /* an Ethernet header begins at `offset`; else the network's */
	uint32_t offset;
	uint16_t ethertype; /* without Ethernet header */
	enum link_receiver receiver;
	uint32_t ifindex; /* SLL2; else 0 */
	enum capture_direction direction;
};

/* -EPROTONOSUPPORT: no link type gate knows. -EBADMSG: the frame is shorter than its head. */
MUST_USE int link_view(const struct capture_frame *f, struct link_view *out);

bool link_is_known(uint32_t link);

/* What people call a link type that gate does not know; NULL for most. */
const char *link_name(uint32_t link);

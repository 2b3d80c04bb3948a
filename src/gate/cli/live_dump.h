/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Inside of what `--live` reads: netlink dumps. */
#pragma once

#include <libmnl/libmnl.h>

#include "base/cleanup.h"

struct live_request {
	int bus; /* NETLINK_ROUTE, NETLINK_NETFILTER */
	uint16_t type;
	const void *head; /* the message's own header */
	size_t n;
};

/* libmnl's: MNL_CB_OK goes on. */
typedef int live_message_fn(const struct nlmsghdr *nlh, void *ctx);

/* Asks and hands over each message. 0 or a negative errno. */
int live_dump(const struct live_request *request, live_message_fn *take, void *ctx);

/* An attribute's number in the machine's order; 0 when it is shorter than that. */
uint32_t live_u32(const struct nlattr *a);
uint8_t live_u8(const struct nlattr *a);

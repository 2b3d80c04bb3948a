/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The tracker's settings, one field for each file of /proc/sys/net/netfilter. */
#pragma once

#include <stdint.h>

#include "base/str.h"

/* Index of a `ct timeout` policy's values for TCP beside the states (enum track_tcp_state). */
enum { TRACK_TCP_T_RETRANS = 10, TRACK_TCP_T_UNACK = 11, TRACK_TCP_TIMEOUTS = 12 };

/* For protocols with two timeouts: before and after a reply. */
enum { TRACK_T_UNREPLIED, TRACK_T_REPLIED, TRACK_PAIR_TIMEOUTS };

/* Timeouts are in seconds. */
struct track_sysctls {
	uint32_t acct, buckets, checksum, events, expect_max, log_invalid, max, timestamp;
	uint32_t frag6_timeout, frag6_high_thresh, frag6_low_thresh;
	uint32_t generic_timeout, icmp_timeout, icmpv6_timeout;
	uint32_t gre[TRACK_PAIR_TIMEOUTS], udp[TRACK_PAIR_TIMEOUTS];
	uint32_t tcp[TRACK_TCP_TIMEOUTS];
	uint32_t sctp[9]; /* by enum track_sctp_state */
	uint32_t tcp_be_liberal, tcp_loose, tcp_max_retrans, tcp_ignore_invalid_rst;
};

/* The defaults of Linux 6.18 on a machine with 4 GiB or more. */
void track_sysctl_defaults(struct track_sysctls *s);

/* The field called `name` (see track_sysctl_set), or NULL; `*max` is the largest value. */
uint32_t *track_sysctl_field(struct track_sysctls *s, struct str name, uint64_t *max);

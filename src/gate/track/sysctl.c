/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "gate/track/sysctl.h"

#include <errno.h>

#include "gate/track/table.h"

struct row {
	const char *name;
	uint16_t offset; /* in struct track_sysctls */
	uint32_t value;  /* default, measured on 6.18 */
	uint32_t max;    /* 0: any */
};

#define AT(field) offsetof(struct track_sysctls, field)

enum { BOOL = 1, BYTE = 255 };

// clang-format off
static const struct row rows[] = {
	{ "nf_conntrack_acct",                        AT(acct),                              0, BOOL },
	{ "nf_conntrack_buckets",                     AT(buckets),                      262144, 0 },
	{ "nf_conntrack_checksum",                    AT(checksum),                          1, BOOL },
	{ "nf_conntrack_events",                      AT(events),                            2, 2 },
	{ "nf_conntrack_expect_max",                  AT(expect_max),                     4096, 0 },
	{ "nf_conntrack_frag6_high_thresh",           AT(frag6_high_thresh),           4194304, 0 },
	{ "nf_conntrack_frag6_low_thresh",            AT(frag6_low_thresh),            3145728, 0 },
	{ "nf_conntrack_frag6_timeout",               AT(frag6_timeout),                    60, 0 },
	{ "nf_conntrack_generic_timeout",             AT(generic_timeout),                 600, 0 },
	{ "nf_conntrack_gre_timeout",                 AT(gre[TRACK_T_UNREPLIED]),           30, 0 },
	{ "nf_conntrack_gre_timeout_stream",          AT(gre[TRACK_T_REPLIED]),            180, 0 },
	{ "nf_conntrack_icmp_timeout",                AT(icmp_timeout),                     30, 0 },
	{ "nf_conntrack_icmpv6_timeout",              AT(icmpv6_timeout),                   30, 0 },
	{ "nf_conntrack_log_invalid",                 AT(log_invalid),                       0, BYTE },
	{ "nf_conntrack_max",                         AT(max),                          262144, 0 },
	{ "nf_conntrack_sctp_timeout_closed",         AT(sctp[TRACK_SCTP_CLOSED]),          10, 0 },
	{ "nf_conntrack_sctp_timeout_cookie_echoed",  AT(sctp[TRACK_SCTP_COOKIE_ECHOED]),    3, 0 },
	{ "nf_conntrack_sctp_timeout_cookie_wait",    AT(sctp[TRACK_SCTP_COOKIE_WAIT]),      3, 0 },
	{ "nf_conntrack_sctp_timeout_established",    AT(sctp[TRACK_SCTP_ESTABLISHED]),    210, 0 },
	{ "nf_conntrack_sctp_timeout_heartbeat_sent", AT(sctp[TRACK_SCTP_HEARTBEAT_SENT]),  30, 0 },
	{ "nf_conntrack_sctp_timeout_shutdown_ack_sent", AT(sctp[TRACK_SCTP_SHUTDOWN_ACK_SENT]), 3, 0 },
	{ "nf_conntrack_sctp_timeout_shutdown_recd",  AT(sctp[TRACK_SCTP_SHUTDOWN_RECD]),    3, 0 },
	{ "nf_conntrack_sctp_timeout_shutdown_sent",  AT(sctp[TRACK_SCTP_SHUTDOWN_SENT]),    3, 0 },
	{ "nf_conntrack_tcp_be_liberal",              AT(tcp_be_liberal),                    0, BOOL },
	{ "nf_conntrack_tcp_ignore_invalid_rst",      AT(tcp_ignore_invalid_rst),            0, BOOL },
	{ "nf_conntrack_tcp_loose",                   AT(tcp_loose),                         1, BOOL },
	{ "nf_conntrack_tcp_max_retrans",             AT(tcp_max_retrans),                   3, BYTE },
	{ "nf_conntrack_tcp_timeout_close",           AT(tcp[TRACK_TCP_CLOSE]),             10, 0 },
	{ "nf_conntrack_tcp_timeout_close_wait",      AT(tcp[TRACK_TCP_CLOSE_WAIT]),        60, 0 },
	{ "nf_conntrack_tcp_timeout_established",     AT(tcp[TRACK_TCP_ESTABLISHED]),   432000, 0 },
	{ "nf_conntrack_tcp_timeout_fin_wait",        AT(tcp[TRACK_TCP_FIN_WAIT]),         120, 0 },
	{ "nf_conntrack_tcp_timeout_last_ack",        AT(tcp[TRACK_TCP_LAST_ACK]),          30, 0 },
	{ "nf_conntrack_tcp_timeout_max_retrans",     AT(tcp[TRACK_TCP_T_RETRANS]),        300, 0 },
	{ "nf_conntrack_tcp_timeout_syn_recv",        AT(tcp[TRACK_TCP_SYN_RECV]),          60, 0 },
	{ "nf_conntrack_tcp_timeout_syn_sent",        AT(tcp[TRACK_TCP_SYN_SENT]),         120, 0 },
	{ "nf_conntrack_tcp_timeout_time_wait",       AT(tcp[TRACK_TCP_TIME_WAIT]),        120, 0 },
	{ "nf_conntrack_tcp_timeout_unacknowledged",  AT(tcp[TRACK_TCP_T_UNACK]),          300, 0 },
	{ "nf_conntrack_timestamp",                   AT(timestamp),                         0, BOOL },
	{ "nf_conntrack_udp_timeout",                 AT(udp[TRACK_T_UNREPLIED]),           30, 0 },
	{ "nf_conntrack_udp_timeout_stream",          AT(udp[TRACK_T_REPLIED]),            120, 0 },
};
// clang-format on

static uint32_t *field(struct track_sysctls *s, const struct row *row)
{
	return (uint32_t *)(void *)((char *)s + row->offset);
}

void track_sysctl_defaults(struct track_sysctls *s)
{
	*s = (struct track_sysctls){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		*field(s, &rows[i]) = rows[i].value;
	/* SYN_SENT2 has no file of its own. */
	s->tcp[TRACK_TCP_SYN_SENT2] = s->tcp[TRACK_TCP_SYN_SENT];
}

uint32_t *track_sysctl_field(struct track_sysctls *s, struct str name, uint64_t *max)
{
	const struct str net = STR("net.netfilter.");

	if (str_starts(name, net))
		name = str_sub(name, net.n, name.n);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!str_is(name, rows[i].name))
			continue;
		*max = rows[i].max ? rows[i].max : INT32_MAX;
		return field(s, &rows[i]);
	}
	return NULL;
}

int track_sysctl_set(struct track *t, struct str name, uint64_t value)
{
	uint64_t max;
	uint32_t *at = track_sysctl_field(&t->sysctl, name, &max);

	if (!at)
		return -ENOENT;
	if (value > max)
		return -EINVAL;
	*at = (uint32_t)value;
	return 0;
}

struct str track_sysctl_name(size_t i)
{
	return i < ARRAY_LEN(rows) ? str_from(rows[i].name) : (struct str){ 0 };
}

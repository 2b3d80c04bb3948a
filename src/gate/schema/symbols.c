/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Words of statements and their numbers, and how any table of symbols is searched.
 */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>

#include "gate/schema/schema.h"

// clang-format off

/* enum nft_log_level */
const struct symbol log_levels[] = {
	{ "emerg",  NFT_LOGLEVEL_EMERG },  { "alert", NFT_LOGLEVEL_ALERT },
	{ "crit",   NFT_LOGLEVEL_CRIT },   { "err",   NFT_LOGLEVEL_ERR },
	{ "warn",   NFT_LOGLEVEL_WARNING }, { "notice", NFT_LOGLEVEL_NOTICE },
	{ "info",   NFT_LOGLEVEL_INFO },   { "debug", NFT_LOGLEVEL_DEBUG },
	{ "audit",  NFT_LOGLEVEL_AUDIT },  { NULL, 0 },
};

/* RFC 792 and RFC 1812 section 5.2.7.1: codes of "destination unreachable" */
const struct symbol reject_icmp_codes[] = {
	{ "net-unreachable", 0 }, { "host-unreachable", 1 }, { "prot-unreachable", 2 },
	{ "port-unreachable", 3 }, { "net-prohibited", 9 }, { "host-prohibited", 10 },
	{ "admin-prohibited", 13 }, { "frag-needed", 4 }, { NULL, 0 },
};

/* RFC 4443 section 3.1 */
const struct symbol reject_icmpv6_codes[] = {
	{ "no-route", 0 }, { "admin-prohibited", 1 }, { "addr-unreachable", 3 },
	{ "port-unreachable", 4 }, { "policy-fail", 5 }, { "reject-route", 6 }, { NULL, 0 },
};

/* enum nft_reject_inet_code */
const struct symbol reject_icmpx_codes[] = {
	{ "port-unreachable", NFT_REJECT_ICMPX_PORT_UNREACH },
	{ "admin-prohibited", NFT_REJECT_ICMPX_ADMIN_PROHIBITED },
	{ "no-route",         NFT_REJECT_ICMPX_NO_ROUTE },
	{ "host-unreachable", NFT_REJECT_ICMPX_HOST_UNREACH },
	{ NULL, 0 },
};

/* linux/netfilter/nfnetlink_cttimeout.h: the attribute's number less one */
const struct symbol ct_timeout_tcp[] = {
	{ "syn_sent",    CTA_TIMEOUT_TCP_SYN_SENT - 1 },
	{ "syn_recv",    CTA_TIMEOUT_TCP_SYN_RECV - 1 },
	{ "established", CTA_TIMEOUT_TCP_ESTABLISHED - 1 },
	{ "fin_wait",    CTA_TIMEOUT_TCP_FIN_WAIT - 1 },
	{ "close_wait",  CTA_TIMEOUT_TCP_CLOSE_WAIT - 1 },
	{ "last_ack",    CTA_TIMEOUT_TCP_LAST_ACK - 1 },
	{ "time_wait",   CTA_TIMEOUT_TCP_TIME_WAIT - 1 },
	{ "close",       CTA_TIMEOUT_TCP_CLOSE - 1 },
	{ "syn_sent2",   CTA_TIMEOUT_TCP_SYN_SENT2 - 1 },
	{ "retrans",     CTA_TIMEOUT_TCP_RETRANS - 1 },
	{ "unack",       CTA_TIMEOUT_TCP_UNACK - 1 },
	{ NULL, 0 },
};

const struct symbol ct_timeout_udp[] = {
	{ "unreplied", CTA_TIMEOUT_UDP_UNREPLIED - 1 },
	{ "replied",   CTA_TIMEOUT_UDP_REPLIED - 1 },
	{ NULL, 0 },
};

const struct symbol ct_timeout_generic[] = {
	{ "timeout", CTA_TIMEOUT_GENERIC_TIMEOUT - 1 },
	{ NULL, 0 },
};

const struct symbol ct_timeout_icmp[] = {
	{ "timeout", CTA_TIMEOUT_ICMP_TIMEOUT - 1 },
	{ NULL, 0 },
};

const struct symbol ct_timeout_sctp[] = {
	{ "closed",            CTA_TIMEOUT_SCTP_CLOSED - 1 },
	{ "cookie_wait",       CTA_TIMEOUT_SCTP_COOKIE_WAIT - 1 },
	{ "cookie_echoed",     CTA_TIMEOUT_SCTP_COOKIE_ECHOED - 1 },
	{ "established",       CTA_TIMEOUT_SCTP_ESTABLISHED - 1 },
	{ "shutdown_sent",     CTA_TIMEOUT_SCTP_SHUTDOWN_SENT - 1 },
	{ "shutdown_recd",     CTA_TIMEOUT_SCTP_SHUTDOWN_RECD - 1 },
	{ "shutdown_ack_sent", CTA_TIMEOUT_SCTP_SHUTDOWN_ACK_SENT - 1 },
	{ "heartbeat_sent",    CTA_TIMEOUT_SCTP_HEARTBEAT_SENT - 1 },
	{ "heartbeat_acked",   CTA_TIMEOUT_SCTP_HEARTBEAT_ACKED - 1 },
	{ NULL, 0 },
};

const struct symbol ct_timeout_dccp[] = {
	{ "request",  CTA_TIMEOUT_DCCP_REQUEST - 1 },
	{ "respond",  CTA_TIMEOUT_DCCP_RESPOND - 1 },
	{ "partopen", CTA_TIMEOUT_DCCP_PARTOPEN - 1 },
	{ "open",     CTA_TIMEOUT_DCCP_OPEN - 1 },
	{ "closereq", CTA_TIMEOUT_DCCP_CLOSEREQ - 1 },
	{ "closing",  CTA_TIMEOUT_DCCP_CLOSING - 1 },
	{ "timewait", CTA_TIMEOUT_DCCP_TIMEWAIT - 1 },
	{ NULL, 0 },
};

// clang-format on

const struct symbol *symbol_by_name(const struct symbol *table, struct str name)
{
	for (const struct symbol *s = table; s && s->name; s++)
		if (str_is(name, s->name))
			return s;
	return NULL;
}

const char *symbol_name(const struct symbol *table, uint64_t value)
{
	for (const struct symbol *s = table; s && s->name; s++)
		if (s->value == value)
			return s->name;
	return NULL;
}

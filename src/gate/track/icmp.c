/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ICMP and ICMPv6: requests begin something, answers belong to it, errors belong to what they
 * quote (that is in.c). */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "gate/track/proto.h"

enum {
	ICMP6_NI_QUERY = 139, /* RFC 4620 */
	ICMP6_NI_REPLY = 140,
	ICMP6_MLD2_REPORT = 143, /* RFC 3810 */
};

struct pair {
	uint8_t family, request, answer;
};

static const struct pair pairs[] = {
	{ 4, ICMP_ECHO, ICMP_ECHOREPLY },
	{ 4, ICMP_TIMESTAMP, ICMP_TIMESTAMPREPLY },
	{ 4, ICMP_INFO_REQUEST, ICMP_INFO_REPLY },
	{ 4, ICMP_ADDRESS, ICMP_ADDRESSREPLY },
	{ 6, ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY },
	{ 6, ICMP6_NI_QUERY, ICMP6_NI_REPLY },
};

bool track_icmp_is_error(uint8_t family, uint8_t type)
{
	if (family == 6)
		return type < 128; /* RFC 4443 section 2.1 */
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

bool track_icmp_answer(uint8_t family, uint8_t type, uint8_t *answer)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (pairs[i].family != family)
			continue;
		if (pairs[i].request == type)
			*answer = pairs[i].answer;
		else if (pairs[i].answer == type)
			*answer = pairs[i].request;
		else
			continue;
		return true;
	}
	return false;
}

bool track_icmpv6_is_local(uint8_t type)
{
	return (type >= MLD_LISTENER_QUERY && type <= ND_REDIRECT) ||
	       type == ICMP6_MLD2_REPORT;
}

static bool is_request(uint8_t family, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (pairs[i].family == family && pairs[i].request == type)
			return true;
	return false;
}

static enum track_outcome echo(struct track_step *s, uint8_t family, uint32_t sysctl)
{
	uint8_t type = (uint8_t)(s->p->tuple.dst_port >> 8);

	/* ICMP in an IPv6 packet, or the other way round, is nothing. */
	if (s->p->tuple.family != family ||
	    (!track_entry_confirmed(s->e) && !is_request(family, type))) {
		s->why = TRACK_WHY_ICMP_TYPE;
		return TRACK_REFUSED;
	}
	track_entry_refresh(s->t, s->e, track_entry_timeout(s->e, 0, sysctl));
	track_entry_account(s->e, s->dir, s->p->length);
	return TRACK_OK;
}

enum track_outcome track_icmp(struct track_step *s)
{
	return echo(s, 4, s->t->sysctl.icmp_timeout);
}

enum track_outcome track_icmpv6(struct track_step *s)
{
	return echo(s, 6, s->t->sysctl.icmpv6_timeout);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the files of data types share: their symbol tables, their own forms, and the steps of
 * reading and printing that several types take. Only src/gate/schema includes this.
 */
#pragma once

#include "base/cleanup.h"
#include "gate/schema/schema.h"

/* Why a word is refused: writes the sentence to *why and returns -EINVAL. */
int types_refuse(struct arena *a, struct str *why, const char *fmt, ...) PRINTF(3, 4);

/* "`word` is not a connection state", and the nearest symbol when one is near, or all of them
 * when they are few. */
int types_not_a(const struct datatype *t, struct str word, struct arena *a,
                struct str *why);
/* "; did you mean `x`?" for the nearest of `symbols` (NULL: none), or nothing. */
struct str types_hint(const struct symbol *symbols, struct str word, struct arena *a);
/* "65536 is over 65535, the largest port". */
int types_over(const struct datatype *t, struct str word, uint64_t max, struct arena *a,
               struct str *why);

/* Reads a decimal, 0x or leading-0 octal number of at most `bits` bits. 0; -ENOENT when the
 * word is no number; -EINVAL when it is too large or negative. */
int types_number(const struct datatype *t, struct str word, uint16_t bits,
                 struct arena *a, struct value *v, struct str *why);
/* A number or a symbol of the type's own table; -ENOENT when it is neither. */
int types_constant(const struct datatype *t, struct str word, uint16_t bits,
                   struct arena *a, struct value *v, struct str *why);
/* A number, a symbol, or a name in the machine's table of this type. */
int types_tabled(const struct datatype *t, const struct names *names, struct str word,
                 uint16_t bits, struct arena *a, struct value *v, struct str *why);

/* Decimal; bit masks and types that say so in hexadecimal (see struct datatype). */
void types_put_number(const struct datatype *t, const struct value *v, struct buf *out);
void types_put_quoted(struct str s, struct buf *out);

// clang-format off
#define TYPE_PARSE(name)                                                                     \
	int name(const struct datatype *t, const struct names *names, struct str word,       \
	         uint16_t bits, struct arena *a, struct value *v, struct str *why)
#define TYPE_PRINT(name)                                                                     \
	void name(const struct datatype *t, const struct names *names,                       \
	          const struct format *fmt, const struct value *v, struct buf *out)
// clang-format on

/* types_net.c */
extern const struct symbol nf_protos[], ether_types[], arp_ops[], inet_protos[],
	icmp_types[], icmp_codes[], icmpv6_types[], icmpv6_codes[], icmpx_codes[],
	igmp_types[], tcp_flags[], dccp_pkttypes[], mh_types[], dscps[], ecns[],
	pkt_types[], iface_types[], fib_addrtypes[];
TYPE_PARSE(ipv4_addr_parse);
TYPE_PRINT(ipv4_addr_print);
TYPE_PARSE(ipv6_addr_parse);
TYPE_PRINT(ipv6_addr_print);
TYPE_PARSE(ll_addr_parse);
TYPE_PRINT(ll_addr_print);
TYPE_PARSE(inet_service_parse);
TYPE_PRINT(inet_service_print);
TYPE_PARSE(inet_proto_parse);
TYPE_PRINT(inet_proto_print);

/* types_misc.c */
extern const struct symbol ct_states[], ct_dirs[], ct_statuses[], ct_events[], booleans[];
TYPE_PARSE(verdict_parse);
TYPE_PRINT(verdict_print);
TYPE_PARSE(string_parse);
TYPE_PRINT(string_print);
TYPE_PARSE(iface_index_parse);
TYPE_PRINT(iface_index_print);
TYPE_PRINT(tabled_print); /* mark, realm, devgroup */
TYPE_PARSE(tabled_parse);
TYPE_PARSE(classid_parse);
TYPE_PRINT(classid_print);
TYPE_PARSE(uid_parse);
TYPE_PRINT(uid_print);
TYPE_PARSE(gid_parse);
TYPE_PRINT(gid_print);
TYPE_PARSE(ct_status_parse);
TYPE_PARSE(ct_label_parse);
TYPE_PRINT(ct_label_print);
TYPE_PARSE(cgroup_parse);
TYPE_PRINT(cgroup_print);

/* types_time.c */
extern const struct symbol days[];
TYPE_PARSE(time_parse);
TYPE_PRINT(time_print);
TYPE_PARSE(time_date_parse);
TYPE_PRINT(time_date_print);
TYPE_PARSE(time_hour_parse);
TYPE_PRINT(time_hour_print);
TYPE_PARSE(time_day_parse);

/* services.c */
extern const struct symbol services[];

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The firewall's vocabulary as const tables: data types with their symbols, protocol headers
 * with fields counted in bits, meta/ct/rt/socket/fib keys, extension headers and options,
 * hooks, priorities. A thing is named in one row here; parser, checker, lowering, lifting,
 * printer and `describe` read that row. No I/O: what depends on the machine (interfaces,
 * users, name servers) comes in through struct names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum byteorder {
	ORDER_NONE, /* strings, verdicts, or not known yet */
	ORDER_HOST, /* registers hold the CPU's order (marks, indices, ct keys) */
	ORDER_BIG,  /* registers hold network order (packet fields) */
};

/* nft's own numbers: NFTA_SET_KEY_TYPE and set userdata carry them, and a concatenation is
 * its parts' numbers shifted by TYPE_BITS each. */
enum type_id {
	TYPE_INVALID,
	TYPE_VERDICT,
	TYPE_NF_PROTO,
	TYPE_BITMASK,
	TYPE_INTEGER,
	TYPE_STRING,
	TYPE_LL_ADDR,
	TYPE_IPV4_ADDR,
	TYPE_IPV6_ADDR,
	TYPE_ETHER_ADDR,
	TYPE_ETHER_TYPE,
	TYPE_ARP_OP,
	TYPE_INET_PROTO,
	TYPE_INET_SERVICE,
	TYPE_ICMP_TYPE,
	TYPE_TCP_FLAG,
	TYPE_DCCP_PKTTYPE,
	TYPE_MH_TYPE,
	TYPE_TIME,
	TYPE_MARK,
	TYPE_IFACE_INDEX,
	TYPE_IFACE_TYPE,
	TYPE_REALM,
	TYPE_CLASSID,
	TYPE_UID,
	TYPE_GID,
	TYPE_CT_STATE,
	TYPE_CT_DIR,
	TYPE_CT_STATUS,
	TYPE_ICMPV6_TYPE,
	TYPE_CT_LABEL,
	TYPE_PKT_TYPE,
	TYPE_ICMP_CODE,
	TYPE_ICMPV6_CODE,
	TYPE_ICMPX_CODE,
	TYPE_DEVGROUP,
	TYPE_DSCP,
	TYPE_ECN,
	TYPE_FIB_ADDRTYPE,
	TYPE_BOOLEAN,
	TYPE_CT_EVENT,
	TYPE_IFNAME,
	TYPE_IGMP_TYPE,
	TYPE_TIME_DATE,
	TYPE_TIME_HOUR,
	TYPE_TIME_DAY,
	TYPE_CGROUPV2,
	TYPE_COUNT,
};
#define TYPE_BITS 6

/* A constant: a number of `bits` bits written big-endian into the first (bits + 7) / 8
 * bytes, whatever order the register wants; a string is its bytes, NUL-padded. */
struct value {
	uint16_t bits;
	uint8_t b[16];
};

struct symbol {
	const char *name; /* NULL ends the table */
	uint64_t value;
};

/* How output looks: nft's -n -N -S -y -u -p -T and -s -t -a. */
struct format {
	bool numeric_priority, numeric_proto, numeric_time, numeric_all; /* -y -p -T -n */
	bool names_dns, names_service, names_guid;                       /* -N -S -u */
	bool stateless, terse, handles, echo;                            /* -s -t -a -e */
};

/* What the machine knows. Any member may be NULL: then names do not resolve and numbers are
 * printed. Every function returns 0 or a negative errno (-ENOENT: no such name). */
struct names {
	void *ctx;
	int (*ifindex)(void *ctx, const char *name, uint32_t *index);
	int (*ifname)(void *ctx, uint32_t index, char name[16]);
	int (*user)(void *ctx, const char *name, uint32_t *uid);
	int (*user_name)(void *ctx, uint32_t uid, char *buf, size_t n);
	int (*group)(void *ctx, const char *name, uint32_t *gid);
	int (*group_name)(void *ctx, uint32_t gid, char *buf, size_t n);
	/* Host name to addresses of 4 (ip) or 16 bytes; *n in: room, out: count. */
	int (*host)(void *ctx, const char *name, bool ip6, struct value *addrs,
	            size_t *n);
	int (*host_name)(void *ctx, const struct value *addr, char *buf, size_t n);
	/* Port by service name (network services file); the built-in table is asked first. */
	int (*service)(void *ctx, const char *name, uint16_t *port);
	int (*service_name)(void *ctx, uint16_t port, char *buf, size_t n);
	int (*protocol)(void *ctx, const char *name, uint8_t *proto);
	/* Rows of /etc/iproute2/{rt_marks,group,rt_realms} and connlabel.conf by kind. */
	int (*table_value)(void *ctx, enum type_id type, const char *name,
	                   uint64_t *value);
	int (*table_name)(void *ctx, enum type_id type, uint64_t value, char *buf,
	                  size_t n);
	int (*cgroup)(void *ctx, const char *path, uint64_t *id);
	int (*cgroup_path)(void *ctx, uint64_t id, char *buf, size_t n);
};

struct datatype {
	enum type_id id;
	/* TYPE_INTEGER, TYPE_BITMASK, TYPE_STRING, or a type that is one of those. */
	enum type_id base;
	const char *name, *desc; /* `ipv4_addr`, "IPv4 address" */
	const char *noun;        /* for messages, with its article: "an IPv4 address" */
	uint16_t bits;           /* 0: as long as the expression it is compared with */
	enum byteorder order;
	const struct symbol *symbols; /* NULL: none built in */
	bool symbols_first; /* list by name by default (ports do so only with -S) */
	/* Numbers print as 0x and all the width's digits (marks); bit masks always print as
	 * 0x without leading zeros. */
	bool hex;
	bool quoted; /* built-in symbols print in quotes: `day "Monday"` */
	/* Why `word` is wrong goes to *why as one sentence without a final stop, in `a`. */
	int (*parse)(const struct datatype *t, const struct names *names, struct str word,
	             uint16_t bits, struct arena *a, struct value *v, struct str *why);
	void (*print)(const struct datatype *t, const struct names *names,
	              const struct format *fmt, const struct value *v, struct buf *out);
};

extern const struct datatype *const datatypes[TYPE_COUNT];
/* By nft's name, also the old spellings nft takes; NULL when there is none. */
const struct datatype *datatype_by_name(struct str name);

/* Numbers and symbols of `t`: decimal, 0x hex, leading-0 octal, then symbols, then the
 * type's own form. `bits` is the width wanted (t->bits, or the left side's when that is 0).
 * Returns -EINVAL with *why set; for a near miss *why ends in "; did you mean `x`?". A name of
 * several host addresses gives -EMLINK: ask names->host for the list. */
int datatype_parse(const struct datatype *t, const struct names *names, struct str word,
                   uint16_t bits, struct arena *a, struct value *v, struct str *why);
/* Prints one value as `list` does (no quotes round bare symbols; strings are quoted). For bit
 * masks with symbols: `a,b` names, or a number. `fmt` NULL: the usual format. */
void datatype_print(const struct datatype *t, const struct names *names,
                    const struct format *fmt, const struct value *v, struct buf *out);

/* value.c: numbers up to 128 bits. */
void value_from_u64(struct value *v, uint64_t n, uint16_t bits);
uint64_t value_to_u64(const struct value *v); /* low 64 bits */
bool value_is_zero(const struct value *v);
/* As numbers of equal width. */
int value_cmp(const struct value *a, const struct value *b);
/* Prefix length when the mask is ones then zeros over all its bits, else -1. */
int value_prefix_len(const struct value *mask);
void value_prefix_mask(struct value *mask, uint16_t bits, unsigned len);
void value_and(struct value *v, const struct value *mask);
void value_or(struct value *v, const struct value *o);
void value_xor(struct value *v, const struct value *o);
void value_not(struct value *v);
void value_shl(struct value *v, unsigned n);
void value_shr(struct value *v, unsigned n);
bool value_decrement(struct value *v);             /* false when it was 0 */
void value_resize(struct value *v, uint16_t bits); /* keeps the low bits */
/* Between the canonical form and register bytes of `order`; n = (bits + 7) / 8 bytes. */
void value_store(const struct value *v, enum byteorder order, uint8_t *reg);
void value_load(struct value *v, uint16_t bits, enum byteorder order, const uint8_t *reg);

/* ---- headers ---------------------------------------------------------------------- */

/* nf_tables.h: enum nft_payload_bases */
enum payload_base { PAYLOAD_LL, PAYLOAD_NH, PAYLOAD_TH, PAYLOAD_INNER };

struct field {
	const char *name;   /* as nft lists it */
	uint16_t off, bits; /* in bits from the header's start */
	enum type_id type;
	enum byteorder order; /* always ORDER_BIG: packets are */
	uint8_t number;       /* nft's own of the field: userdata of `typeof` sets */
	const char *alias;    /* other spelling that is read, or NULL */
};

enum proto_id {
	PROTO_NONE,
	PROTO_ETHER,
	PROTO_VLAN,
	PROTO_ARP,
	PROTO_IP,
	PROTO_IP6,
	PROTO_ICMP,
	PROTO_ICMPV6,
	PROTO_IGMP,
	PROTO_TCP,
	PROTO_UDP,
	PROTO_UDPLITE,
	PROTO_SCTP,
	PROTO_DCCP,
	PROTO_ESP,
	PROTO_AH,
	PROTO_COMP,
	PROTO_TH,
	PROTO_COUNT,
};

struct proto {
	enum proto_id id;
	enum payload_base base;
	const char *name;           /* `tcp` */
	const struct field *fields; /* ends with a NULL-name row of 0 bits */
	uint16_t bits;              /* header length */
	uint16_t number;            /* IP protocol or EtherType; 0 for ether and th */
};
extern const struct proto *const protos[PROTO_COUNT];
const struct proto *proto_by_name(struct str name);
/* By name or alias; NULL when there is none (also for `fields` NULL). */
const struct field *field_by_name(const struct field *fields, struct str name);
const struct field *field_by_number(const struct field *fields, unsigned number);
/* The transport protocol (PROTO_TCP …) of an IP protocol number, or NULL. */
const struct proto *proto_by_l4(uint8_t number);
/* ip, ip6, arp, vlan by EtherType (a number, not network order), or NULL. */
const struct proto *proto_by_ethertype(uint16_t type);

/* Extension headers and options: loaded by the kernel's exthdr expression. */
enum exthdr_op { EXTHDR_IPV6, EXTHDR_TCPOPT, EXTHDR_IPV4, EXTHDR_SCTP, EXTHDR_DCCP };
struct exthdr {
	const char *name;  /* `frag`, `maxseg`, `rr`, `data` */
	const char *alias; /* older spelling, or NULL */
	enum exthdr_op op;
	uint8_t type;               /* next header number, option kind, or chunk type */
	const struct field *fields; /* NULL: none */
};
extern const struct exthdr exthdrs[]; /* ends with a NULL name */
const struct exthdr *exthdr_by_name(enum exthdr_op op, struct str name);
/* The one of that type which has a field at that offset (`sack1` at 80, `srh` at 40), else the
 * first of that type; NULL: not known. */
const struct exthdr *exthdr_by_type(enum exthdr_op op, uint8_t type, unsigned off_bits);
/* A field by nft's number of it, and the header that has it; NULL: not known. */
const struct field *exthdr_field_by_number(enum exthdr_op op, uint8_t type,
                                           unsigned number, const struct exthdr **hdr);

/* ---- keys ------------------------------------------------------------------------- */

enum key_flags {
	KEY_BARE = 1,       /* `iifname` works without `meta` before it */
	KEY_SET = 2,        /* can be set */
	KEY_DIR = 4,        /* ct: `original`/`reply` may stand before it */
	KEY_DIR_NEEDED = 8, /* ct: must stand before it */
	KEY_LIST_BARE = 16, /* nft lists it without `meta` */
};

struct key {
	const char *name;  /* NULL ends the table */
	const char *alias; /* older spelling, or NULL */
	enum type_id type;
	enum byteorder order;
	uint16_t number; /* NFT_META_*, NFT_CT_*, NFT_RT_*, NFT_SOCKET_*, … */
	uint16_t bits;
	uint8_t flags; /* enum key_flags */
};
extern const struct key meta_keys[], ct_keys[], rt_keys[], socket_keys[], fib_results[],
	osf_keys[], ipsec_keys[];
const struct key *key_by_name(const struct key *table, struct str name);
const struct key *key_by_number(const struct key *table, uint16_t number);

/* ---- families, hooks, priorities --------------------------------------------------- */

/* linux/netfilter.h: NFPROTO_* values */
enum family {
	FAMILY_UNSPEC = 0,
	FAMILY_INET = 1,
	FAMILY_IP = 2,
	FAMILY_ARP = 3,
	FAMILY_NETDEV = 5,
	FAMILY_BRIDGE = 7,
	FAMILY_IP6 = 10,
};
const char *family_name(enum family f);
int family_by_name(struct str name, enum family *f); /* 0 or -ENOENT */

struct hook_name {
	const char *name;
	enum family family;
	uint8_t number;
};
/* One row per (family, hook); ends with a NULL name. */
extern const struct hook_name hook_names[];
/* Number of the hook in that family, or -ENOENT. inet ingress is NF_INET_INGRESS (5). */
int hook_by_name(enum family f, struct str name);
const char *hook_name(enum family f, unsigned number);

struct priority_name {
	const char *name;
	/* FAMILY_UNSPEC row: all families that have no row of their own. */
	enum family family;
	int32_t value;
	uint32_t hooks;      /* bit n: read and listed at hook n */
	uint32_t hooks_read; /* bit n: read there too, listed as a number (nft 1.0.9) */
};
extern const struct priority_name priority_names[]; /* ends with a NULL name */
/* Value of a named priority for that family and hook, or -ENOENT. */
int priority_by_name(enum family f, int hook, struct str name, int32_t *value);
/* nft's listing: `filter`, `filter + 10`, or the number when more than 10 away. */
void priority_print(enum family f, int hook, int32_t value, struct buf *out);

/* Symbol tables used by statements (log levels, reject codes, limit units, time units …). */
const struct symbol *symbol_by_name(const struct symbol *table, struct str name);
const char *symbol_name(const struct symbol *table, uint64_t value); /* NULL: none */
/* ct_timeout_*: the value is CTA_TIMEOUT_* - 1. */
extern const struct symbol log_levels[], reject_icmp_codes[], reject_icmpv6_codes[],
	reject_icmpx_codes[], ct_timeout_tcp[], ct_timeout_udp[], ct_timeout_generic[],
	ct_timeout_icmp[], ct_timeout_sctp[], ct_timeout_dccp[];

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The syntax tree of nft(8): commands, rules, statements, expressions. The parser makes it from
 * text, lifting makes it from programs, the printer writes it. It knows the schema's rows and
 * nothing of the kernel. Trees live in the arena they were made in.
 *
 * Big things stay text: the rules of a block and the elements of a named set are kept as slices
 * (struct rule_texts, struct elems_text) and read one at a time by parse_rule() and elems_next(),
 * so that a file of a million elements needs no tree of a million nodes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"
#include "gate/lang/rule_texts.h"
#include "gate/schema/schema.h"

/* Tables of kinds, and what each has. */
// clang-format off
enum expr_kind {
	EXPR_SYMBOL,   /* a word or number as written; its type comes from the other side */
	EXPR_STRING,   /* "quoted" */
	EXPR_VALUE,    /* a constant of known type */
	EXPR_PREFIX,   /* base / len */
	EXPR_RANGE,    /* left - right */
	EXPR_LIST,     /* a, b, c */
	EXPR_CONCAT,   /* a . b . c */
	EXPR_SET,      /* { a, b } or { k : v }: items are EXPR_ELEM */
	EXPR_ELEM,     /* one element of a set: key [options] [: data [options]] */
	EXPR_SETREF,   /* @name */
	EXPR_CATCHALL, /* * as an element's key */
	EXPR_MAP,      /* left map right, right is SET or SETREF */
	EXPR_BINARY,   /* left OP right: & | ^ << >> */
	EXPR_NOT,      /* ! left (flags) */
	EXPR_FLAGCMP,  /* left / right, as in `tcp flags syn / fin,syn` : left flags, right mask */
	EXPR_PAYLOAD,  /* tcp dport; @nh,96,32 (proto NULL) */
	EXPR_EXTHDR,   /* frag more-fragments, tcp option maxseg size, ip option rr ptr, sctp chunk */
	EXPR_META, EXPR_CT, EXPR_RT, EXPR_SOCKET, EXPR_OSF, EXPR_IPSEC, /* key-shaped */
	EXPR_FIB,
	EXPR_NUMGEN,
	EXPR_HASH,     /* jhash, symhash */
	EXPR_VERDICT,
	EXPR_FOREIGN,  /* only from lifting: what gate does not know */
};

/* Values of enum nft_bitwise-like operators; the words `and or xor lshift rshift` are the same. */
enum binop { BINOP_AND, BINOP_OR, BINOP_XOR, BINOP_SHL, BINOP_SHR };

enum relop {
	REL_IMPLICIT, /* written without operator */
	REL_EQ, REL_NE, REL_LT, REL_GT, REL_LE, REL_GE,
};

enum verdict_kind { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_CONTINUE, VERDICT_RETURN, VERDICT_JUMP,
                    VERDICT_GOTO };

struct expr_list {
	struct expr **p;
	size_t n, cap;
};
void expr_list_add(struct expr_list *l, struct arena *a, struct expr *e);

struct stmt_list {
	struct stmt **p;
	size_t n, cap;
};
void stmt_list_add(struct stmt_list *l, struct arena *a, struct stmt *s);

/* Type of an expression: its own, else the one the schema's row gives its selector; NULL when
 * neither tells (words, numbers). */
const struct datatype *expr_row_type(const struct expr *e);
/* Whether values of that expression are sets of flags. */
bool expr_is_bitmask(const struct expr *e);

enum { DIR_NONE = -1, DIR_ORIGINAL = 0, DIR_REPLY = 1 };

struct expr {
	enum expr_kind kind;
	struct span span;
	/* Filled by the checker (or by lifting): */
	const struct datatype *type; /* NULL: not known yet */
	uint16_t bits;               /* 0: not known yet */
	enum byteorder order;
	union {
		struct str word;                                  /* SYMBOL, STRING (unquoted), SETREF (name) */
		struct value value;                               /* VALUE */
		struct { struct expr *base; unsigned len; } prefix;
		struct { struct expr *left, *right; } pair;       /* RANGE, MAP, FLAGCMP, NOT (left) */
		struct { struct expr *left, *right; enum binop op; } binary;
		struct expr_list list;                            /* LIST, CONCAT, SET */
		struct {
			struct expr *key, *data;                  /* data NULL: no mapping */
			uint64_t timeout_ms, expires_ms;
			bool has_timeout, has_expires;
			struct str comment;                       /* p NULL: none */
			struct stmt_list stmts;                   /* counter, limit … of the element */
		} elem;
		struct {
			const struct proto *proto;                /* NULL: raw */
			const struct field *field;
			enum payload_base base;
			uint32_t off, len;                        /* bits; raw form */
		} payload;
		struct {
			const struct exthdr *hdr;                 /* NULL: number in `type` */
			const struct field *field;                /* NULL: existence, or raw */
			enum exthdr_op op;
			uint8_t type;
			uint32_t off, len;                        /* bits; raw `tcp option @N,off,len` */
			bool exists;                              /* existence test (no field) */
		} exthdr;
		struct {
			const struct key *key;
			int dir;        /* ct: DIR_*; ipsec: 0 in, 1 out */
			enum family nfproto; /* ct/rt/ipsec `ip`/`ip6` before the key, else FAMILY_UNSPEC */
			uint32_t arg;   /* socket cgroupv2 level, ipsec spnum, osf ttl (0 strict … ) */
		} key;
		struct { uint32_t flags; const struct key *result; } fib; /* NFTA_FIB_F_* */
		struct { bool random; uint32_t mod, offset; } numgen;
		struct { struct expr *of; uint32_t mod, seed, offset; bool has_seed, sym; } hash;
		struct { enum verdict_kind kind; struct str chain; struct expr *chain_expr;
			 struct chain_block *block; } verdict; /* block: `jump { … }` */
		struct { struct str name; } foreign;
	};
};

enum stmt_kind {
	STMT_MATCH,     /* left [op] right */
	STMT_VERDICT,   /* accept, jump x, … and EXPR vmap …: an EXPR_VERDICT or EXPR_MAP */
	STMT_COUNTER, STMT_LIMIT, STMT_QUOTA, STMT_CONNLIMIT, STMT_LAST,
	STMT_OBJREF,    /* counter name "x", ct helper set "x", limit name …, synproxy name … */
	STMT_LOG, STMT_REJECT,
	STMT_SET_VALUE, /* meta/ct/payload/exthdr X set EXPR */
	STMT_OPTSTRIP,  /* reset tcp option X */
	STMT_NAT,       /* snat dnat masquerade redirect */
	STMT_NOTRACK, STMT_DUP, STMT_FWD, STMT_QUEUE, STMT_TPROXY, STMT_SYNPROXY,
	STMT_FLOW,      /* flow add @ft */
	STMT_DYNSET,    /* add/update/delete @set { … }; map form with data */
	STMT_METER,     /* meter NAME [size N] { key stmt } */
	STMT_FOREIGN,   /* only from lifting */
};

enum nat_kind { NAT_SNAT, NAT_DNAT, NAT_MASQUERADE, NAT_REDIRECT };

struct stmt {
	enum stmt_kind kind;
	struct span span;
	union {
		struct { struct expr *left, *right; enum relop op; } match;
		struct expr *verdict;
		struct { uint64_t packets, bytes; } counter;
		struct { uint64_t rate, unit_s, burst; bool bytes, over, has_burst;
			 struct str rate_unit, burst_unit; } limit; /* rate and burst in packets or bytes;
			* units as written (`kbytes`): for messages only */
		struct { uint64_t bytes, used; bool over; } quota;
		struct { uint32_t count; bool over; } connlimit;
		struct { uint64_t used_ms; bool used; } last;
		struct { uint32_t obj_type; struct expr *name; } objref; /* NFT_OBJECT_*; name may be a map */
		struct { struct str prefix; struct expr *prefix_expr; uint32_t group, snaplen, qthreshold, level, flags;
			 bool has_prefix, has_group, has_snaplen, has_qthreshold, has_level; } log;
		struct { int type; /* NFT_REJECT_*, -1: family's default */ struct expr *code; /* NULL: default */
			 enum family family; /* icmp: ip, icmpv6: ip6 */ } reject;
		struct { struct expr *target, *value; } set; /* `target set value` */
		struct { struct expr *opt; } optstrip;
		struct { enum nat_kind kind; enum family family; struct expr *addr, *port; uint32_t flags; /* NF_NAT_RANGE_* */
			 bool prefix, interval, concat; /* `snat prefix to`, `interval to`, `addr . port to` */ } nat;
		struct { struct expr *to, *dev; } dup;
		struct { struct expr *to, *dev; enum family family; } fwd;
		struct { struct expr *num; uint16_t flags; } queue; /* num: value, range, map, numgen …; NULL: 0 */
		struct { struct expr *addr, *port; enum family family; } tproxy;
		struct { uint16_t mss; uint8_t wscale; uint32_t flags; } synproxy;
		struct { struct str table; } flow;
		struct { struct expr *set; struct expr *key; /* ELEM */ struct expr *data; uint32_t op; /* NFT_DYNSET_OP_* */
			 struct stmt_list stmts; } dynset;
		struct { struct str name; struct expr *key; uint32_t size; struct stmt_list stmts; } meter;
		struct { struct str name, xt; } foreign; /* xt: of iptables, what its match is called */
	};
};

// clang-format on

struct rule {
	struct span span;
	struct stmt_list stmts;
	struct str comment; /* p NULL: none */
	uint64_t handle;
};

/* Text between the braces of `elements = { … }` or `add element t s { … }`. */
struct elems_text {
	struct span span; /* len 0: none */
	struct scope *scope;
	uint32_t seq;
	const struct expr
		*expr; /* instead of text: `elements = $var`; shared, only to be read */
};

struct name_ref {
	enum family family;
	struct str table, name; /* name.p NULL: the table itself */
	struct span table_span, name_span;
	uint64_t handle; /* `handle N`, 0: none */
	struct span handle_span;
};

struct chain_block {
	struct span span;
	struct name_ref ref; /* family and table from the surrounding block */
	bool is_broken;      /* has mistakes: only its name is good */
	bool is_base;
	struct str type;
	struct span type_span;
	struct str hook;
	struct span hook_span;
	struct expr *
		priority; /* SYMBOL (name or number), BINARY name +/- n, or STRING from a variable */
	int32_t priority_offset; /* `filter + 10`: 10 */
	struct span priority_span;
	struct expr *devices; /* NULL, one STRING/SYMBOL, or a SET of them */
	struct str policy;
	struct span policy_span; /* p NULL: not given */
	uint32_t flags;          /* NFT_CHAIN_HW_OFFLOAD */
	struct str comment;
	struct rule_texts rules;
};

struct set_block {
	struct span span;
	struct name_ref ref;
	bool is_broken; /* has mistakes: only its name is good */
	bool is_map;
	struct expr *key_typeof; /* typeof form: an expression (or CONCAT) */
	struct expr *data_typeof;
	struct str key_type;
	struct span key_type_span; /* type form: words joined, as written */
	const struct datatype *key_types[16];
	uint8_t n_key_types; /* type form, resolved */
	const struct datatype *data_types[16];
	uint8_t n_data_types;
	bool data_interval; /* `: interval ipv4_addr` */
	bool data_verdict;
	uint32_t data_obj; /* NFT_OBJECT_*: `: counter`; 0: none */
	uint32_t flags;    /* NFT_SET_* */
	struct span flags_span;
	bool has_timeout, has_gc, has_size, has_policy, auto_merge;
	uint64_t timeout_ms, gc_interval_ms;
	uint32_t size, policy;
	struct str comment;
	struct stmt_list stmts; /* counter, quota … for each element */
	struct elems_text elems;
};

struct obj_block {
	struct span span;
	struct name_ref ref;
	bool is_broken; /* has mistakes: only its name is good */
	uint32_t type;  /* NFT_OBJECT_* */
	struct stmt
		*stmt; /* counter, quota, limit, synproxy: same struct as the statement */
	struct str helper; /* ct helper: "ftp" */
	struct span helper_span;
	struct expr *l4proto; /* ct objects: SYMBOL */
	enum family l3proto;  /* FAMILY_UNSPEC: the table's */
	struct {
		struct str state;
		struct span span;
		uint64_t seconds;
	} policy[16]; /* ct timeout */
	uint8_t n_policy;
	struct expr *dport; /* ct expectation */
	uint64_t timeout_ms;
	bool has_timeout;
	uint8_t size;
	bool has_size;
	struct str secmark; /* context */
	struct str comment;
};

struct flowtable_block {
	struct span span;
	struct name_ref ref;
	bool is_broken; /* has mistakes: only its name is good */
	struct str hook;
	struct span hook_span;
	struct expr *priority;
	int32_t priority_offset;
	struct span priority_span;
	struct expr *devices;
	uint32_t flags;
	bool counter;
};

struct table_block {
	struct span span;
	struct name_ref ref;
	bool is_broken; /* has mistakes; blocks in it may be good all the same */
	uint32_t flags; /* NFT_TABLE_F_* */
	struct str comment;
	/* In the order written, each kind by itself; the loader goes chains, objects, sets,
	 * flow tables, elements, rules, as nft does. */
	struct chain_block **chains;
	size_t n_chains, cap_chains;
	struct set_block **sets;
	size_t n_sets, cap_sets;
	struct obj_block **objs;
	size_t n_objs, cap_objs;
	struct flowtable_block **flowtables;
	size_t n_flowtables, cap_flowtables;
};

enum command_verb {
	CMD_ADD,
	CMD_CREATE,
	CMD_INSERT,
	CMD_REPLACE,
	CMD_DELETE,
	CMD_DESTROY,
	CMD_LIST,
	CMD_RESET,
	CMD_FLUSH,
	CMD_RENAME,
	CMD_GET,
	CMD_DESCRIBE,
	CMD_MONITOR,
	CMD_EXPORT,
	CMD_IMPORT,
};

enum command_object {
	OBJ_TABLE,
	OBJ_TABLES,
	OBJ_CHAIN,
	OBJ_CHAINS,
	OBJ_RULE,
	OBJ_RULES,
	OBJ_SET,
	OBJ_SETS,
	OBJ_MAP,
	OBJ_MAPS,
	OBJ_METER,
	OBJ_METERS,
	OBJ_ELEMENT,
	OBJ_FLOWTABLE,
	OBJ_FLOWTABLES,
	OBJ_RULESET,
	OBJ_HOOKS,
	OBJ_NAMED,     /* one named object: `obj_type` says which */
	OBJ_NAMED_ALL, /* `list counters [table t]` */
	OBJ_EXPR,      /* describe */
};

struct command {
	enum command_verb verb;
	enum command_object object;
	struct span span;
	bool is_broken;     /* only with parser_options.keep_broken */
	bool verb_implicit; /* the block form `table t { }` and `add` left out */
	struct name_ref ref;
	bool has_family;     /* `list tables ip`: the family was written */
	struct str new_name; /* rename */
	uint32_t obj_type;   /* NFT_OBJECT_*, 0: any */
	/* One of these, by object. `add` and `create` always have it, also without braces. */
	struct table_block *table;
	struct chain_block *chain;
	struct set_block *set; /* add set/map; for elements: only ref is known */
	struct obj_block *obj;
	struct flowtable_block *flowtable;
	struct elems_text elems;
	struct rule_text
		rule; /* add/insert/replace rule; delete rule BY TEXT (len 0: none) */
	struct rule_text
		rule_ref; /* insert … NEW before OLD; replace rule OLD with NEW (OLD) */
	bool has_index;
	uint64_t index;
	struct span index_span;
	bool has_position;
	uint64_t position;
	struct span position_span; /* `position N`, `handle N` for rules */
	struct str device;         /* list hooks device X */
	struct expr *expr;         /* describe EXPR */
	struct str type_name;      /* describe TYPE */
	struct span type_span;
};

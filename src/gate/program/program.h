/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The program form all engines share. It is nf_tables' own: a rule is a list of the kernel's
 * expressions, here `insn`s, over the same registers; a ruleset is tables of chains, sets,
 * objects and flow tables. Strings are slices that live as long as the arena the form was
 * built in. Byte arrays are register contents: already in the order the kernel compares.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Registers are counted in 32-bit words, 0 to 15; the encoder writes NFT_REG_1..4 for words
 * 0, 4, 8, 12 and NFT_REG32_00 + n for the others, as nft does. */
enum { REG_WORDS = 16, REG_VERDICT = 255, REG_NONE = 254 };

/* One row per nf_tables expression: enum, the kernel's name. What rules have most comes first:
 * insn_by_name() tries them in this order. */
/* clang-format off */
#define INSN_LIST(X)                                                                     \
	X(CMP, "cmp") X(PAYLOAD, "payload") X(META, "meta") X(IMMEDIATE, "immediate")        \
	X(LOOKUP, "lookup") X(CT, "ct") X(BITWISE, "bitwise") X(COUNTER, "counter")          \
	X(EXTHDR, "exthdr") X(RT, "rt") X(FIB, "fib") X(SOCKET, "socket") X(OSF, "osf")      \
	X(XFRM, "xfrm") X(NUMGEN, "numgen") X(HASH, "hash") X(TUNNEL, "tunnel")              \
	X(RANGE, "range") X(BYTEORDER, "byteorder") X(DYNSET, "dynset") X(OBJREF, "objref")  \
	X(LIMIT, "limit") X(QUOTA, "quota") X(CONNLIMIT, "connlimit") X(LAST, "last")         \
	X(LOG, "log") X(REJECT, "reject") X(NAT, "nat") X(MASQ, "masq") X(REDIR, "redir")     \
	X(TPROXY, "tproxy") X(SYNPROXY, "synproxy") X(NOTRACK, "notrack") X(DUP, "dup")       \
	X(FWD, "fwd") X(QUEUE, "queue") X(FLOW_OFFLOAD, "flow_offload")

enum insn_kind {
#define X(id, name) INSN_##id,
	INSN_LIST(X)
#undef X
	INSN_FOREIGN, /* anything else: name and raw attributes are kept */
};
/* clang-format on */
const char *insn_name(enum insn_kind kind);
/* The kind with that name (not empty), INSN_FOREIGN when there is none. */
enum insn_kind insn_by_name(struct str name);

/* Register-sized data, at most NFT_DATA_VALUE_MAXLEN (64) bytes. */
struct data {
	uint8_t n;
	uint8_t b[64];
};

/* nf_tables.h: NFT_JUMP …, netfilter.h: NF_DROP … */
struct verdict {
	int32_t code;
	struct str chain;  /* jump and goto */
	uint32_t chain_id; /* instead of the name: a prog_chain.id, or 0 */
};

struct set_ref {
	struct str name;
	uint32_t id; /* NFTA_SET_ID when made in the same transaction, else 0 */
};

/* clang-format off */
struct insn {
	enum insn_kind kind;
	uint16_t place;   /* which piece of the rule's text this came from (caller's number) */
	uint8_t dreg, sreg; /* REG_NONE when not used */
	union {
		struct { uint32_t base, csum_type, off, len, csum_off, csum_flags;
		         bool is_prefix; } /* not a whole field; known while lowering only */
			payload; /* bytes; sreg set: write */
		struct { uint8_t type, op; uint32_t off, len, flags; } exthdr; /* NFT_EXTHDR_F_PRESENT */
		struct { uint32_t key; } meta;    /* sreg set: write */
		struct { uint32_t key; int8_t dir; } ct; /* dir -1: none; sreg set: write */
		struct { uint32_t key; } rt;
		struct { uint32_t result, flags; } fib;
		struct { uint32_t key, level; } socket;
		struct { uint8_t ttl; uint32_t flags; } osf;
		struct { uint32_t key; uint8_t dir; uint32_t spnum; } xfrm;
		struct { uint32_t type, modulus, offset; } numgen;
		struct { uint32_t type, len, modulus, seed, offset; bool has_seed; } hash;
		struct { uint32_t key, mode; } tunnel;
		struct { struct data data; struct verdict verdict; } immediate; /* verdict: dreg == REG_VERDICT */
		struct { uint32_t op; struct data data; } cmp;   /* NFT_CMP_* */
		struct { uint32_t op; struct data from, to; } range;
		struct { uint32_t op, len; struct data mask, xor, shift; } bitwise; /* shift: 4 bytes host order */
		struct { uint32_t op, len, size; } byteorder;
		struct { struct set_ref set; uint32_t flags; bool has_flags; }
			lookup; /* dreg set: map; has_flags: the kernel said so, nft shows a 0 then */
		struct {
			struct set_ref set;
			uint32_t op, flags;
			uint64_t timeout_ms;
			bool has_timeout; /* the kernel said so, nft shows a 0 then */
			uint8_t sreg_data;
			struct insn *exprs; /* stateful expressions */
			uint8_t n_exprs;
		} dynset; /* sreg: key */
		struct { uint32_t type; struct str name; struct set_ref set; } objref; /* set.name.n: map, sreg */
		struct { uint64_t packets, bytes; } counter;
		struct { uint64_t rate, unit_s; uint32_t burst, type, flags; } limit;
		struct { uint64_t bytes, used; uint32_t flags; } quota;
		struct { uint32_t count, flags; } connlimit;
		struct { uint64_t msecs; bool set; } last;
		struct { struct str prefix; uint32_t group, snaplen, qthreshold, level, flags;
			 bool has_group, has_snaplen, has_qthreshold, has_level; } log;
		struct { uint32_t type; uint8_t code; } reject;
		struct { uint32_t type, family, flags; uint8_t addr_min, addr_max, proto_min, proto_max; }
			nat; /* registers; masq and redir use flags and proto_* */
		struct { uint32_t family; uint8_t addr, port; } tproxy;
		struct { uint16_t mss; uint8_t wscale; uint32_t flags; } synproxy;
		struct { uint8_t addr, dev; uint32_t family; } dup; /* dup and fwd: registers */
		struct { uint16_t num, total, flags; uint8_t sreg_from; } queue;
		struct { struct str table; } flow;
		struct { struct str name; const uint8_t *attrs; size_t n; } foreign;
	};
};
/* clang-format on */

/* Growable list of insns in an arena, with a sticky "too long" (the kernel takes 128). */
struct program {
	struct insn *p;
	size_t n, cap;
};
/* Room for one more at the end, counted but not initialised: insn_init() is the caller's. */
struct insn *program_room(struct program *prog, struct arena *a);
/* Returns a zeroed insn at the end of `prog`; all its registers (those in the union too) are
 * REG_NONE and ct.dir is -1. */
struct insn *program_add(struct program *prog, struct arena *a, enum insn_kind kind);
/* The same for one that stands elsewhere (dynset's expressions). */
void insn_init(struct insn *i, enum insn_kind kind);
/* The number the kernel and nft call a register by: words 0, 4, 8, 12 are 1 to 4, the others 8
 * to 23, the verdict 0. */
static inline uint32_t reg_number(uint8_t reg)
{
	if (reg == REG_VERDICT)
		return 0; /* NFT_REG_VERDICT */
	/* NFT_REG_1 … NFT_REG_4, NFT_REG32_00 + n */
	return reg % 4 == 0 ? 1u + reg / 4 : 8u + reg;
}
/* The text nft's `--debug=netlink` prints, one line per expression with two blanks before:
 * `  [ payload load 1b @ network header + 9 => reg 1 ]`. */
void program_dump(const struct program *prog, struct buf *out);

/* ---- what a transaction or a dump holds -------------------------------------------- */

/* nft's TLVs, opaque here. */
struct userdata {
	const uint8_t *p;
	size_t n;
};

struct prog_table {
	uint8_t family;
	struct str name;
	uint64_t handle; /* 0: none */
	uint32_t flags, use;
	struct userdata userdata;
};

struct prog_chain {
	uint8_t family;
	struct str table, name, new_name; /* new_name: rename */
	uint64_t handle;
	uint32_t id; /* within the transaction, for a chain without a name */
	bool is_base, has_policy;
	uint32_t hook;
	int32_t priority;
	uint32_t policy, flags, use;
	struct str type; /* `filter` */
	const struct str *devs;
	size_t n_devs;
	struct userdata userdata;
};

struct prog_rule {
	uint8_t family;
	struct str table, chain;
	uint32_t chain_id;         /* instead of the chain's name, or 0 */
	uint64_t handle, position; /* 0: none */
	uint32_t id, position_id;  /* within the transaction */
	struct program prog;
	struct userdata userdata;
};

struct prog_set {
	uint8_t family;
	struct str table, name; /* anonymous: "__set%d" / "__map%d" */
	uint64_t handle;
	uint32_t id, flags; /* NFT_SET_* */
	uint32_t key_type, data_type,
		obj_type;           /* nft's numbers, the kernel's for objects */
	uint32_t key_len, data_len; /* bytes */
	uint32_t policy, size;
	bool has_policy, has_size, has_gc;
	uint32_t count; /* elements, from the kernel; 0 where it does not say */
	uint64_t timeout_ms;
	uint32_t gc_interval_ms;
	const uint8_t *field_len; /* concat with ranges: NFTA_SET_FIELD_LEN in bytes */
	uint8_t n_fields;
	struct program exprs; /* statements each element carries */
	struct userdata userdata;
};

struct prog_elem {
	uint32_t flags; /* NFT_SET_ELEM_INTERVAL_END, NFT_SET_ELEM_CATCHALL */
	bool has_key, has_key_end, has_data, is_verdict;
	struct data key, key_end, data;
	struct verdict verdict;
	struct str obj;                     /* object map */
	uint64_t timeout_ms, expiration_ms; /* 0: none */
	bool has_timeout;
	struct program exprs;
	struct userdata userdata;
};

/* clang-format off */
struct prog_obj {
	uint8_t family;
	struct str table, name;
	uint64_t handle;
	uint32_t type;          /* NFT_OBJECT_* */
	uint32_t use;
	union {
		struct { uint64_t packets, bytes; } counter;
		struct { uint64_t bytes, used; uint32_t flags; } quota;
		struct { uint64_t rate, unit_s; uint32_t burst, type, flags; } limit;
		struct { struct str name; uint16_t l3proto; uint8_t l4proto; } ct_helper;
		struct { uint16_t l3proto; uint8_t l4proto; uint32_t timeout[16]; uint16_t present; }
			ct_timeout; /* seconds; bit n of `present`: timeout[n] is given */
		struct { uint16_t l3proto; uint8_t l4proto; uint16_t dport; uint32_t timeout_ms;
			 uint8_t size; } ct_expect;
		struct { uint16_t mss; uint8_t wscale; uint32_t flags; } synproxy;
		struct { struct str ctx; } secmark;
		struct userdata foreign; /* any other type: the raw attributes */
	};
	struct userdata userdata;
};
/* clang-format on */

struct prog_flowtable {
	uint8_t family;
	struct str table, name;
	uint64_t handle;
	uint32_t hook, flags, use;
	int32_t priority;
	const struct str *devs;
	size_t n_devs;
};

/* ---- the rest of nft's `--debug=netlink` text ---------------------------------------- */

/* `inet t c 4 3` (family, table, chain, handle and place if any), the expressions, the user
 * data or an empty line. */
void prog_rule_dump(const struct prog_rule *r, struct buf *out);
/* What stands before a set's elements when a ruleset is listed: `inet t @s1`. */
void prog_set_dump(const struct prog_set *s, struct buf *out);
/* What stands for a set that is about to be made: `s1 t 94 timeout 3600000ms size 5`. */
void prog_set_dump_new(const struct prog_set *s, struct buf *out);
/* A tab and `element 04030201  : accept 0 [end]`, without a line end: in a listing each has its
 * own line, of elements about to be made all stand in one, behind `s1 t 0` and a line end. */
void prog_elem_dump(const struct prog_elem *e, struct buf *out);

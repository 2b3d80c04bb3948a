/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * How nf_tables' messages and expressions lie on the wire: one row an attribute, read by the
 * encoder, the decoder and the error mapper alike. A new attribute is a new row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/engine/engine.h"
#include "gate/program/program.h"

/* What the attribute's payload is. */
enum wire_type {
	WIRE_U8,
	WIRE_BE16,
	WIRE_BE32,
	WIRE_BE64,
	WIRE_HOST32,
	WIRE_BOOL32,
	WIRE_REG,       /* uint8_t register */
	WIRE_STR,       /* struct str */
	WIRE_BYTES,     /* struct userdata */
	WIRE_DATA,      /* struct data, nested NFTA_DATA_VALUE */
	WIRE_IMMEDIATE, /* insn.immediate: data, or a verdict */
	WIRE_EXPRS,     /* struct program, all of it, NFTA_LIST_ELEM each */
	WIRE_EXPR,      /* struct program, when it is exactly one, without a list */
	WIRE_EXPR_LIST, /* struct program, when it is more than one */
	WIRE_DYN_EXPR,  /* the last two for insn.dynset */
	WIRE_DYN_EXPRS,
	WIRE_DEV, /* struct str *devs, its number a size_t at `has`: the first one's name */
	WIRE_DEVS,   /* all of them: NFTA_DEVICE_NAME each, or DEVICE_PREFIX for `eth*` */
	WIRE_FIELDS, /* set.field_len: NFTA_LIST_ELEM with NFTA_SET_FIELD_LEN each */
	WIRE_TIMEOUTS, /* obj.ct_timeout: attribute n + 1 is timeout n */
	WIRE_NEST,     /* the rows of `nest`, left out when empty */
	WIRE_OBJECT,   /* the rows for obj.type, or obj.foreign */
	WIRE_IGNORE,   /* read over */
};

enum wire_when {
	WHEN_ALWAYS,
	WHEN_SET,      /* not zero, not empty, not REG_NONE */
	WHEN_REG,      /* the register at `has` is not REG_NONE */
	WHEN_HAS,      /* the bool at `has`; the decoder sets it */
	WHEN_SET_TELL, /* as WHEN_SET; the decoder sets the bool at `has` */
	WHEN_TEST,     /* test(base) */
	WHEN_NEVER,    /* the kernel tells, nobody asks */
};

struct attr_table;

struct attr_row {
	uint16_t attr;
	uint8_t wire, when;
	uint16_t off; /* of the member in the struct … */
	uint8_t size; /* … and its bytes */
	uint8_t part; /* enum tx_part: what an error here is about */
	bool key; /* says which object is meant; deletions and requests send these alone */
	uint16_t has; /* offset of the bool or register, of the number for WIRE_DEVS */
	bool (*test)(const void *base);
	const struct attr_table *nest;
};

struct wire;
struct cursor;
struct arena;

struct attr_table {
	const struct attr_row *rows;
	size_t n;
	/* codec_put() and codec_get() by code of their own, see rows.h; or NULL */
	void (*put)(struct wire *w, const void *base);
	int (*get)(struct cursor c, bool strict, struct arena *a, void *base);
};

/* Rows of an expression (base: struct insn). INSN_FOREIGN has none. */
const struct attr_table *attrs_insn(enum insn_kind kind);

/* Rows of an object's data by NFT_OBJECT_* (base: struct prog_obj); NULL for unknown types. */
const struct attr_table *attrs_object(uint32_t type);

/* The messages. Bases: struct prog_table, prog_chain … */
extern const struct attr_table attrs_table, attrs_chain, attrs_rule, attrs_set, attrs_obj,
	attrs_flowtable;
/* NFT_MSG_NEWSETELEM without its elements (base: struct prog_set). */
extern const struct attr_table attrs_elem_list;

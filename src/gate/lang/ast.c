/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What is known of an expression's type before anything is checked: from its schema row alone.
 */
#include "gate/lang/ast.h"

static enum type_id row_type(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_PAYLOAD:
		return e->payload.field ? e->payload.field->type : TYPE_INTEGER;
	case EXPR_META:
	case EXPR_CT:
	case EXPR_RT:
	case EXPR_SOCKET:
	case EXPR_OSF:
	case EXPR_IPSEC:
		return e->key.key->type;
	case EXPR_EXTHDR:
		if (e->exthdr.exists)
			return TYPE_BOOLEAN;
		return e->exthdr.field ? e->exthdr.field->type : TYPE_INTEGER;
	case EXPR_FIB:
		return e->fib.result->type;
	case EXPR_NUMGEN:
	case EXPR_HASH:
		return TYPE_INTEGER;
	case EXPR_VERDICT:
		return TYPE_VERDICT;
	case EXPR_SYMBOL:
	case EXPR_STRING:
	case EXPR_VALUE:
	case EXPR_PREFIX:
	case EXPR_RANGE:
	case EXPR_LIST:
	case EXPR_CONCAT:
	case EXPR_SET:
	case EXPR_ELEM:
	case EXPR_SETREF:
	case EXPR_CATCHALL:
	case EXPR_MAP:
	case EXPR_BINARY:
	case EXPR_NOT:
	case EXPR_FLAGCMP:
	case EXPR_FOREIGN:
		break;
	}
	return TYPE_INVALID;
}

const struct datatype *expr_row_type(const struct expr *e)
{
	enum type_id type;

	while (!e->type && e->kind == EXPR_BINARY)
		e = e->binary.left;
	if (e->type)
		return e->type;
	type = row_type(e);
	return type == TYPE_INVALID ? NULL : datatypes[type];
}

bool expr_is_bitmask(const struct expr *e)
{
	const struct datatype *type = expr_row_type(e);

	return type && (type->id == TYPE_BITMASK || type->base == TYPE_BITMASK);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * How rows of header fields are written: nft's number, name, offset and width in bits, type.
 * Private to schema.
 */
#pragma once

#include "gate/schema/schema.h"

// clang-format off
#define FIELD(num, text, bit_off, width, kind) \
	{ .name = (text), .off = (bit_off), .bits = (width), .type = TYPE_##kind, \
	  .order = ORDER_BIG, .number = (num) }
/* With another spelling that is read. */
#define FIELD_ALIAS(num, text, other, bit_off, width, kind) \
	{ .name = (text), .off = (bit_off), .bits = (width), .type = TYPE_##kind, \
	  .order = ORDER_BIG, .number = (num), .alias = (other) }
#define FIELDS_END { .name = NULL }
// clang-format on

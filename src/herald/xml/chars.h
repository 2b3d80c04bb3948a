/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Which characters XML allows where, and the references that stand for characters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

static inline bool xml_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* XML 1.0 production Char. */
static inline bool xml_is_char(int32_t c)
{
	return (c >= 0x20 && c <= 0xd7ff) || c == '\t' || c == '\n' || c == '\r' ||
	       (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* How many bytes at the start of `s` are a name without colon (NCName); 0: it does not start
 * with one. */
size_t xml_ncname(struct str s);

/* What a run of character data needs. */
enum xml_run {
	XML_RUN_BAD,   /* forbidden bytes, a bad reference */
	XML_RUN_PLAIN, /* it stands for itself */
	XML_RUN_COOK,  /* references or line ends to replace */
};

/* What `s` is: text between tags, or (in_attr) between quotes, where blanks of all kinds
 * become spaces and `<` is forbidden; outside, `]]>` is. */
enum xml_run xml_run_check(struct str s, bool in_attr);

/* A run that xml_run_check called XML_RUN_COOK, as the text it means. */
struct str xml_run_cook(struct str s, bool in_attr, struct arena *a);

/* A CDATA section's content: all characters stand for themselves but CR LF. */
enum xml_run xml_cdata_check(struct str s);
struct str xml_cdata_cook(struct str s, struct arena *a);

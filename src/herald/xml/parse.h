/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XML as RFC 6120 section 11 restricts it: no comments, no processing instructions, no DTD, no
 * entities but the five predefined ones, UTF-8 only. One whole element (or one start tag) in
 * memory becomes a tree; finding where it ends in a stream is frame.h's.
 *
 * Beyond well-formedness: namespaces in XML 1.0, strict UTF-8, only characters XML allows.
 * Names follow XML 1.0 fifth edition.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"
#include "herald/xml/xml.h"

/* What can be wrong, by the name of the stream error that says it, RFC 6120 section 4.9.3. */
#define XML_ERRORS(X)                         \
	X(NOT_WELL_FORMED, "not-well-formed") \
	X(RESTRICTED, "restricted-xml")       \
	X(TOO_MUCH, "policy-violation")       \
	X(UNSUPPORTED_ENCODING, "unsupported-encoding")

enum xml_error {
	XML_OK,
#define X(id, name) XML_##id,
	XML_ERRORS(X)
#undef X
};

/* The condition's element name; "" for XML_OK. */
const char *xml_error_name(enum xml_error e);

/* What one stanza may have. A count over the limit is XML_TOO_MUCH. */
struct xml_limits {
	size_t size;     /* bytes */
	size_t depth;    /* elements inside one another, the stanza itself being 1 */
	size_t elements; /* in all */
	size_t attrs; /* of one element, declarations of namespaces too; at most XML_ATTRS_MAX */
};

#define XML_ATTRS_MAX 128

/* A prefix and what it stands for; the empty prefix is the default namespace. */
struct xml_ns {
	struct str prefix, uri;
	const struct xml_ns *outer; /* the one declared before it, or NULL */
	size_t depth; /* of the element that declares it; 0: outside the text */
};

/* Parses `text`, which is exactly one element. `outside` are the declarations around it (may be
 * NULL). The tree is in `a` and points into `text`. */
MUST_USE enum xml_error xml_parse(struct str text, const struct xml_ns *outside,
                                  const struct xml_limits *limits, struct arena *a,
                                  struct xml **out);

#define NS_CLIENT "jabber:client"

/* A stanza of `jabber:client` that this server has kept: it came through a stream's limits before,
 * so there are none here. The tree is in `a` and points into `text`. NULL: it is damaged. */
struct xml *xml_parse_kept(struct str text, struct arena *a);

/* Parses a start tag alone: `<stream:stream …>`. *scope are its declarations, in `a`. The name
 * with its prefix is *qname. */
MUST_USE enum xml_error xml_parse_start(struct str text, const struct xml_limits *limits,
                                        struct arena *a, struct xml **out,
                                        const struct xml_ns **scope, struct str *qname);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The tree of one XML element: a stanza. All of it lives in one arena. What was parsed points
 * into the bytes it came from where it can, so those must stay as long as the tree is used.
 *
 * A node is an element or a piece of text. Attributes keep the namespace their prefix stood for;
 * declarations of namespaces are not among them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define XML_NS "http://www.w3.org/XML/1998/namespace"

struct xml_attr {
	struct str ns; /* empty for a name without prefix */
	struct str name;
	struct str value;
};

struct xml {
	struct str name; /* without prefix; empty for text */
	struct str ns;
	struct str text; /* of a text node, entities resolved */
	struct xml_attr *attrs;
	size_t n_attrs;
	struct xml *parent, *first, *last, *next;
	struct str inner;  /* root only: the bytes between its tags, as they came */
	bool inner_stands; /* root only: `inner` means the same inside any element of the
	                      * root's namespace written without prefix; changes clear it */
};

/* ---- reading ---------------------------------------------------------------------------- */

static inline bool xml_is_text(const struct xml *x)
{
	return x->name.n == 0;
}

/* Whether it is the element `name` of `ns`. */
bool xml_is(const struct xml *x, const char *name, const char *ns);

/* The value of an attribute without prefix; an empty slice with p == NULL when it is not there. */
struct str xml_get(const struct xml *x, const char *name);
bool xml_has(const struct xml *x, const char *name);

/* The value of xml:lang on the element itself. */
struct str xml_lang(const struct xml *x);

/* The first child element of that name and namespace; NULL stands for any. */
struct xml *xml_child(const struct xml *x, const char *name, const char *ns);

/* The first child that is an element. */
struct xml *xml_first(const struct xml *x);

/* The next element behind `x` among its siblings. */
struct xml *xml_next(const struct xml *x);

/* The text directly inside, put together; empty when there is none, also for x == NULL. */
struct str xml_text(const struct xml *x, struct arena *a);

/* xml_for_each(c, x) { … }: the child elements in order. */
#define xml_for_each(c, x) for (struct xml *c = xml_first(x); c; c = xml_next(c))

/* ---- making ----------------------------------------------------------------------------- */

/* A new element. The slices are not copied. */
struct xml *xml_new(struct arena *a, const char *name, const char *ns);

/* A new last child of `parent`; ns NULL: the parent's. */
struct xml *xml_add(struct arena *a, struct xml *parent, const char *name,
                    const char *ns);

/* As xml_add, with text in it. */
struct xml *xml_add_text(struct arena *a, struct xml *parent, const char *name,
                         const char *ns, struct str text);

/* Puts text at the end of an element. */
void xml_put_text(struct arena *a, struct xml *x, struct str text);

/* Makes `child`, which must have no parent, the last child. */
void xml_append(struct xml *parent, struct xml *child);

/* Takes a node out of its parent. */
void xml_remove(struct xml *child);

/* Sets an attribute without prefix; the slice is not copied. A value with p == NULL takes it
 * away. */
void xml_set(struct arena *a, struct xml *x, const char *name, struct str value);

/* A copy of the tree and all its texts, which needs nothing of the original any more. */
struct xml *xml_copy(struct arena *a, const struct xml *x);

/* ---- writing ---------------------------------------------------------------------------- */

/* Writes the tree as text where `ns` is the default namespace. Elements are written without
 * prefix. What came in as the root of a stanza goes out with the bytes it had inside. */
void xml_write(struct buf *out, const struct xml *x, struct str ns);

/* Text with `<`, `&`, `>`, both quotes, CR, LF and TAB as references, good inside elements
 * and attribute values. */
void xml_escape(struct buf *out, struct str s);

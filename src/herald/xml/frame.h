/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Cuts a stream of bytes into the items of an XML stream: the header, stanzas, the end tag. It
 * only finds where an item ends; parse.h says whether it is right. Both reject before anything
 * is handled, so a disagreement can never let one stanza hide in another.
 *
 *	xml_frame_feed(&f, bytes);
 *	while (xml_frame_next(&f, &limits, &item)) { … item.kind, item.text … }
 *	xml_frame_keep(&f);
 *
 * Bytes of whole items are not copied; a beginning without its end is kept, and between items
 * nothing is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "herald/xml/parse.h"

enum xml_item_kind {
	XML_ITEM_HEADER, /* the start tag of the stream */
	XML_ITEM_STANZA, /* one whole element */
	XML_ITEM_END,    /* the end tag of the stream */
	XML_ITEM_ERROR,  /* nothing follows */
};

struct xml_item {
	enum xml_item_kind kind;
	struct str text;      /* until xml_frame_keep */
	enum xml_error error; /* XML_ITEM_ERROR */
};

/* All zero: before the header. */
struct xml_frame {
	struct buf pending; /* of an item whose end is not here yet */
	struct str in;      /* what is being cut */
	size_t at;          /* bytes of `in` that were looked at */
	unsigned char state;
	char quote;
	bool opened; /* the header was given out */
	bool began;  /* something came before the header: no XML declaration any more */
	bool restarted; /* a header has been before */
	bool failed;
	unsigned depth, elements; /* of the item at hand */
};

/* Gives bytes in; they must stay until xml_frame_keep. */
void xml_frame_feed(struct xml_frame *f, struct str bytes);

/* The next whole item; false: more bytes are wanted. */
bool xml_frame_next(struct xml_frame *f, const struct xml_limits *limits,
                    struct xml_item *item);

/* Ends the use of what was fed: keeps the beginning of an item, frees all else. */
void xml_frame_keep(struct xml_frame *f);

/* Expects a header again, as after TLS and SASL; with `drop` what was fed and not used is
 * thrown away (RFC 6120 section 5.4.3.3: nothing sent in the clear may follow into TLS). */
void xml_frame_restart(struct xml_frame *f, bool drop);

/* Whether an item has begun and not ended. */
static inline bool xml_frame_is_inside(const struct xml_frame *f)
{
	return f->pending.n > 0;
}

void xml_frame_fini(struct xml_frame *f);

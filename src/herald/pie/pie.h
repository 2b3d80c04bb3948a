/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0227: Portable Import/Export Format for XMPP-IM Servers, version 1.1: accounts with their
 * data as XML, between servers of any make. Reading takes bytes and gives users, one after the
 * other; writing takes what the store has and gives bytes. No I/O.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "herald/auth/accounts_move.h"
#include "herald/store/store.h"
#include "herald/xml/xml.h"

#define NS_PIE       "urn:xmpp:pie:0"
#define NS_PIE_SCRAM "urn:xmpp:pie:0#scram"
#define NS_XINCLUDE  "http://www.w3.org/2001/XInclude"
#define NS_PRIVACY   "jabber:iq:privacy"
#define NS_MOVED     "urn:gatehouse:herald:0" /* what the format has no word for */

enum { PIE_DEPTH = 64, PIE_USER_MAX = 64 << 20 /* bytes of one user */ };

/* ---- reading ------------------------------------------------------------------------------ */

struct pie_reader;

struct pie_ops {
	/* A whole user; `host` is as written. The tree and the texts are gone afterwards. */
	void (*user)(void *ctx, struct str host, struct xml *user, struct arena *a);
	/* Another file belongs here, inside of `host` (empty: inside of the whole). */
	void (*include)(void *ctx, struct str host, struct str href);
};

/* `host` is the host that the file is a part of, empty for a whole file. */
struct pie_reader *pie_reader_new(const struct pie_ops *ops, void *ctx, struct str host);
void pie_reader_free(struct pie_reader *r);

/* Takes the next bytes of the file; `last`: there are no more. After an error nothing more is
 * taken. Errors: -EINVAL, and pie_reader_error says why, with the line. */
MUST_USE int pie_reader_feed(struct pie_reader *r, struct str bytes, bool last);
struct str pie_reader_error(const struct pie_reader *r);

DEFINE_AUTO_PTR(pie_reader)

/* ---- one user ----------------------------------------------------------------------------- */

struct pie_user {
	struct str name;     /* prepared local part */
	struct str password; /* p NULL: there is none; then `keys` may be there */
	struct scram_key keys[2];
	size_t n_keys;
	bool is_disabled;
	struct str disabled;
	VEC(struct str) left; /* what was not taken: sentences */
	size_t messages, contacts;
};

/* Reads who the user is. All is in `a` or in the tree, but for `left`: pie_user_fini.
 * Errors: -EINVAL it has no name that an account can have. */
MUST_USE int pie_user_read(const struct xml *user, struct arena *a, struct pie_user *out);

/* Adds what the user has (roster, offline messages, private XML, vCard, blocked addresses) to a
 * transaction;
 * counts it, and adds to `left`. */
void pie_user_put(const struct xml *user, struct str host, struct store_tx *tx,
                  struct arena *a, struct pie_user *u);

void pie_user_fini(struct pie_user *u);

/* Microseconds since 1970 of a time by XEP-0082 section 3.2. Errors: -EINVAL. */
MUST_USE int pie_time(struct str text, int64_t *out);

/* ---- writing ------------------------------------------------------------------------------ */

/* What the store has of a user, in the order in which it is asked. */
#define PIE_PARTS(X)          \
	X(ACCOUNT, "account") \
	X(ROSTER, "roster")   \
	X(PRIVATE, "private") \
	X(VCARD, "vcard")     \
	X(LAST, "last")       \
	X(BLOCKED, "blocked") \
	X(OFFLINE, "offline")

enum pie_part {
#define X(id, name) PIE_##id,
	PIE_PARTS(X)
#undef X
		PIE_PART_COUNT,
};

const char *pie_part_name(enum pie_part part);

void pie_write_head(struct buf *out);
void pie_write_host(struct buf *out, struct str host);
void pie_write_user(struct buf *out, struct str name);
/* The rows of a part; offline messages may come in several calls, one after the other. */
void pie_write_part(struct buf *out, enum pie_part part, struct str host, struct str user,
                    const struct store_rows *rows);
void pie_write_user_end(struct buf *out);
void pie_write_host_end(struct buf *out);
void pie_write_end(struct buf *out);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0388 (SASL2) with what may be asked for in one go: Bind 2 (XEP-0386) with carbons, client
 * state and stream management, resumption, and FAST (XEP-0484). What is asked waits in the
 * negotiation until the login has succeeded; <success/> goes out when all of it is done.
 */
#pragma once

#include "base/buf.h"
#include "herald/xml/xml.h"

#define NS_BIND2 "urn:xmpp:bind:0"
#define NS_FAST  "urn:xmpp:fast:0"

struct client;

/* <authentication/> for the features before login. */
void sasl2_put_feature(struct client *c, struct buf *out);

/* <authenticate/>; the stream's op. */
void sasl2_authenticate(void *ctx, const struct xml *x, struct str mechanism,
                        const struct str *initial);

/* The client has proven to be c->account: does what it asked for. `data` is for it. */
void sasl2_on_login(struct client *c, struct str data);

/* Its <resume/> was in vain: binds, if that was asked too. `failed` is the element that says why. */
void sasl2_on_resume_failed(struct client *c, const char *condition);

/* It took over a session: the success for the stream, which `c` gives away. */
void sasl2_put_resumed(struct client *c, struct client *to, struct str resumed);

/* Sends the success when what it waits for is there. At the end of the round. */
void sasl2_try_finish(struct client *c);

/* ---- fast.c ------------------------------------------------------------------------------- */

/* The mechanisms of tokens, as children of <fast/>. */
void fast_put_mechanisms(const struct client *c, struct buf *out);

/* Whether the mechanism logs in by a token; then does so. */
bool fast_login(struct client *c, struct str mechanism, const struct str *initial);

/* What the client asked for about tokens, once it is logged in: makes the <token/>, if any. */
void fast_on_login(struct client *c);

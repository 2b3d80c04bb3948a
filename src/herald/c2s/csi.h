/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0352: Client State Indication, version 1.0. While a client says that nobody looks, what
 * can wait does: the last presence of each sender, and the last chat state. It goes out, in the
 * order it came, before anything that cannot wait, or when the client becomes active again.
 */
#pragma once

#include "herald/xml/xml.h"

#define NS_CSI "urn:xmpp:csi:0"

struct client;
struct csi;

/* <active/> or <inactive/>; false: neither. */
bool csi_on_element(struct client *c, const struct xml *x);

/* Whether the stanza was put aside. When it was not, what was put aside has gone out. */
bool csi_hold(struct client *c, const struct xml *x);

/* Lets everything out. */
void csi_release(struct client *c);

/* NULL is harmless. */
void csi_free(struct csi *csi);

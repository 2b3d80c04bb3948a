/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What waits while nobody looks. */
#include "herald/c2s/csi.h"

#include "base/oom.h"
#include "base/vec.h"
#include "herald/c2s/client.h"

#define NS_CHAT_STATES "http://jabber.org/protocol/chatstates"

enum { HELD_MAX = 500 };

struct held {
	struct arena arena;
	struct xml *x;
};

struct csi {
	VEC(struct held) held; /* oldest first */
};

static bool is_presence(const struct xml *x)
{
	struct str type = xml_get(x, "type");

	return str_is(x->name, "presence") &&
	       (type.n == 0 || str_is(type, "unavailable"));
}

/* A message that says nothing but that somebody types, or stopped. */
static bool is_chat_state(const struct xml *x)
{
	bool any = false;

	if (!str_is(x->name, "message"))
		return false;
	xml_for_each(child, x)
	{
		if (str_is(child->ns, NS_CHAT_STATES))
			any = true;
		else if (!str_is(child->name, "thread") &&
		         !str_is(child->ns, "urn:xmpp:hints"))
			return false;
	}
	return any;
}

/* A newer one of the same kind from the same sender makes it superfluous. */
static bool replaces(const struct xml *x, const struct xml *old)
{
	return str_eq(x->name, old->name) &&
	       str_eq(xml_get(x, "from"), xml_get(old, "from"));
}

static void drop(struct csi *csi, size_t at)
{
	arena_fini(&csi->held.p[at].arena);
	csi->held.n--;
	memmove(csi->held.p + at, csi->held.p + at + 1,
	        (csi->held.n - at) * sizeof(*csi->held.p));
}

bool csi_hold(struct client *c, const struct xml *x)
{
	struct csi *csi = c->csi;

	if (!csi)
		return false;
	if (!is_presence(x) && !is_chat_state(x)) {
		csi_release(c);
		return false;
	}
	for (size_t i = 0; i < csi->held.n; i++) {
		if (replaces(x, csi->held.p[i].x)) {
			drop(csi, i);
			break;
		}
	}
	if (csi->held.n == HELD_MAX)
		csi_release(c);
	struct held *held = vec_add(&csi->held);
	held->x = xml_copy(&held->arena, x);
	return true;
}

void csi_release(struct client *c)
{
	struct csi *csi = c->csi;

	for (size_t i = 0; csi && i < csi->held.n; i++) {
		client_send(c, csi->held.p[i].x);
		arena_fini(&csi->held.p[i].arena);
	}
	if (csi)
		vec_fini(&csi->held);
}

void csi_free(struct csi *csi)
{
	if (!csi)
		return;
	vec_for_each(held, &csi->held)
		arena_fini(&held->arena);
	vec_fini(&csi->held);
	free(csi);
}

bool csi_on_element(struct client *c, const struct xml *x)
{
	if (str_is(x->name, "inactive")) {
		if (!c->csi)
			c->csi = base_calloc(1, sizeof(*c->csi));
		return true;
	}
	if (!str_is(x->name, "active"))
		return false;
	csi_release(c);
	csi_free(c->csi);
	c->csi = NULL;
	return true;
}

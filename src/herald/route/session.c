/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A connected resource. */
#include "herald/route/session.h"

#include "base/oom.h"

void session_set_jid(struct session *s, struct jid full)
{
	struct str text = jid_str(full);
	char *copy = base_realloc(NULL, text.n + 1, 1);

	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	s->jid = full;
	s->jid.p = copy;
}

void session_hold(struct session *s)
{
	s->holds++;
}

void session_release(struct session *s)
{
	if (--s->holds == 0)
		s->ops->released(s);
}

void session_fini(struct session *s)
{
	buf_fini(&s->presence);
	vec_for_each(text, &s->directed)
		free(*text);
	vec_fini(&s->directed);
	cleanup_free(&s->jid.p);
	s->jid = (struct jid){ 0 };
}

/* It came through the parser once, so it is within the limits of a stanza. */
struct xml *session_presence(const struct session *s, struct arena *a)
{
	return session_is_available(s)
	               ? xml_parse_kept(arena_str(a, buf_as_str(&s->presence)), a)
	               : NULL;
}

void session_set_presence(struct session *s, const struct xml *x)
{
	s->unsaved = true;
	buf_fini(&s->presence);
	if (x)
		xml_write(&s->presence, x, STR(NS_CLIENT));
}

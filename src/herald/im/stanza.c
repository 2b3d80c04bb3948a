/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading what a stanza is, and making answers. */
#include "herald/im/stanza.h"

#include <errno.h>
#include <time.h>

static const char *const kinds[] = { "message", "presence", "iq" };

static const struct {
	enum stanza_kind kind;
	enum stanza_type type;
	const char *name;
} types[] = {
#define X(kind, id, name) { STANZA_##kind, TYPE_##id, name },
	STANZA_TYPES(X)
#undef X
};

static const struct {
	const char *name, *type;
} errors[] = {
#define X(id, name, type) { name, type },
	STANZA_ERRORS(X)
#undef X
};

static int read_kind(struct stanza *st)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_is(st->x->name, kinds[i])) {
			st->kind = (enum stanza_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* RFC 6121 section 5.2.2: an unknown type of message is normal. */
static int read_type(struct stanza *st)
{
	struct str name = xml_get(st->x, "type");

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].kind == st->kind && str_is(name, types[i].name)) {
			st->type = types[i].type;
			return 0;
		}
	}
	st->type = TYPE_NORMAL;
	return st->kind == STANZA_MESSAGE ? 0 : -EINVAL;
}

/* RFC 6120 section 8.2.3: an id; exactly one child in what asks, at most one in results. */
static int check_iq(const struct stanza *st)
{
	size_t n = 0;

	if (st->kind != STANZA_IQ)
		return 0;
	xml_for_each(child, st->x) n++;
	if (xml_get(st->x, "id").n == 0)
		return -EINVAL;
	if (st->type == TYPE_GET || st->type == TYPE_SET)
		return n == 1 ? 0 : -EINVAL;
	return st->type == TYPE_RESULT && n > 1 ? -EINVAL : 0;
}

int stanza_read(struct stanza *st)
{
	struct str to = xml_get(st->x, "to"), from = xml_get(st->x, "from");
	int r = read_kind(st);

	if (r == 0)
		r = read_type(st);
	st->to = (struct jid){ 0 };
	if (jid_is_none(st->from) && from.n && jid_parse(from, st->a, &st->from) < 0)
		return -EADDRNOTAVAIL;
	if (to.n && jid_parse(to, st->a, &st->to) < 0)
		return -EADDRNOTAVAIL;
	return r < 0 ? r : check_iq(st);
}

bool stanza_may_fail(const struct stanza *st)
{
	return st->type != TYPE_MESSAGE_ERROR && st->type != TYPE_PRESENCE_ERROR &&
	       st->type != TYPE_IQ_ERROR && st->type != TYPE_RESULT;
}

struct xml *stanza_new(struct arena *a, const char *name, const char *type,
                       struct jid from, struct jid to)
{
	struct xml *x = xml_new(a, name, NS_CLIENT);

	if (!jid_is_none(from))
		xml_set(a, x, "from", arena_str(a, jid_str(from)));
	if (!jid_is_none(to))
		xml_set(a, x, "to", arena_str(a, jid_str(to)));
	if (type[0])
		xml_set(a, x, "type", str_from(type));
	return x;
}

struct xml *stanza_message(struct arena *a, const char *type, struct jid from,
                           struct jid to, struct str subject, struct str body)
{
	struct xml *x = stanza_new(a, "message", type, from, to);

	if (subject.n)
		xml_add_text(a, x, "subject", NULL, subject);
	xml_add_text(a, x, "body", NULL, body);
	return x;
}

/* From whom the sender expects the answer: whom it wrote to. */
static struct xml *answer(const struct stanza *st, const char *type)
{
	struct xml *x =
		stanza_new(st->a, kinds[st->kind], type,
	                   jid_is_none(st->to) ? jid_bare(st->from) : st->to, st->from);
	struct str id = xml_get(st->x, "id");

	if (id.p)
		xml_set(st->a, x, "id", id);
	return x;
}

struct xml *stanza_result(const struct stanza *st)
{
	return answer(st, "result");
}

struct xml *stanza_error(const struct stanza *st, enum stanza_error e)
{
	struct xml *x = answer(st, "error");
	struct xml *error = xml_add(st->a, x, "error", NULL);

	/* A `to` that is no address goes back as it came. */
	if (jid_is_none(st->to) && xml_get(st->x, "to").n)
		xml_set(st->a, x, "from", xml_get(st->x, "to"));
	xml_set(st->a, error, "type", str_from(errors[e].type));
	xml_add(st->a, error, errors[e].name, NS_STANZAS);
	return x;
}

struct str stanza_time(int64_t seconds, struct arena *a)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_str(a, str_from(text));
}

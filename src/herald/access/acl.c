/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Conditions: reading them. */
#include "herald/access/access.h"

#include <arpa/inet.h>
#include <errno.h>

static const char *const kind_names[] = {
#define X(id, name) name,
	ACL_KINDS(X)
#undef X
};

int acl_kind_find(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_names); i++) {
		if (str_is(word, kind_names[i]))
			return (int)i;
	}
	return -1;
}

static int refuse(struct str *why, struct str sentence)
{
	if (why)
		*why = sentence;
	return -EINVAL;
}

static void free_regex(void *regex)
{
	regfree(regex);
}

static int make_regex(struct str text, struct arena *a, regex_t **out, struct str *why)
{
	char said[128];
	regex_t *regex = arena_new(a, regex_t);
	int r = regcomp(regex, str_dup_c(a, text), REG_EXTENDED | REG_NOSUB);

	if (r != 0) {
		regerror(r, regex, said, sizeof(said));
		return refuse(why, arena_fmt(a, "`" STR_FMT "` is not a pattern: %s",
		                             STR_ARG(text), said));
	}
	arena_defer(a, free_regex, regex);
	*out = regex;
	return 0;
}

/* Splits `name@host` at its last sign. */
static void split(struct str text, struct str *name, struct str *host)
{
	size_t at = text.n;

	while (at && text.p[at - 1] != '@')
		at--;
	*name = at ? str_sub(text, 0, at - 1) : text;
	*host = at ? str_sub(text, at, text.n) : STR("");
}

/* An empty name is taken: ejabberd's stock file names nobody with it. */
static int make_user(struct acl_match *m, struct arena *a, struct str *why)
{
	struct str name, host;

	split(m->text, &name, &host);
	if ((name.n && jid_prep_local(name, a, &name) < 0) ||
	    (host.n && jid_prep_domain(host, a, &host) < 0))
		return refuse(why,
		              arena_fmt(a, "`" STR_FMT "` is not an address of a user",
		                        STR_ARG(m->text)));
	m->text = arena_str(a, name);
	m->host = arena_str(a, host);
	return 0;
}

static int make_server(struct acl_match *m, struct arena *a, struct str *why)
{
	struct str host;

	if (jid_prep_domain(m->text, a, &host) < 0)
		return refuse(why, arena_fmt(a, "`" STR_FMT "` is not a domain",
		                             STR_ARG(m->text)));
	m->text = arena_str(a, host);
	return 0;
}

/* `192.0.2.0/24`, `2001:db8::/32`, or an address alone. */
static int make_ip(struct acl_match *m, struct arena *a, struct str *why)
{
	size_t slash = str_find(m->text, '/');
	const char *address = str_dup_c(a, str_sub(m->text, 0, slash));
	struct in_addr v4;
	uint64_t bits;
	unsigned most = 128;

	if (inet_pton(AF_INET, address, &v4) == 1) {
		most = 32;
		memset(m->net, 0, 10);
		m->net[10] = m->net[11] = 0xff;
		memcpy(m->net + 12, &v4, 4);
	} else if (inet_pton(AF_INET6, address, m->net) != 1) {
		return refuse(why, arena_fmt(a, "`" STR_FMT "` is not an IP address",
		                             STR_ARG(m->text)));
	}
	bits = most;
	if (slash < m->text.n &&
	    (str_to_u64(str_sub(m->text, slash + 1, m->text.n), 10, &bits) < 0 ||
	     bits > most))
		return refuse(why, arena_fmt(a, "a prefix of it has 0 to %u bits", most));
	m->bits = (unsigned)bits + 128 - most;
	return 0;
}

/* A pattern of a user, perhaps with a domain; of a node, with a pattern of its domain. */
static int make_pair(struct acl_match *m, struct arena *a, struct str *why)
{
	bool regexp = m->kind == ACL_USER_REGEXP || m->kind == ACL_NODE_REGEXP;
	bool node = m->kind == ACL_NODE_REGEXP || m->kind == ACL_NODE_GLOB;
	struct str whole = m->text;
	int r = 0;

	split(whole, &m->text, &m->host);
	if (node && !m->host.n)
		return refuse(why, arena_fmt(a, "`" STR_FMT "` must be `user@server`",
		                             STR_ARG(whole)));
	if (regexp)
		r = make_regex(m->text, a, &m->regex, why);
	if (r == 0 && regexp && node)
		r = make_regex(m->host, a, &m->host_regex, why);
	return r;
}

int acl_match_make(enum acl_kind kind, struct str text, struct arena *a,
                   struct acl_match *out, struct str *why)
{
	struct acl_match m = { .kind = kind, .text = arena_str(a, text) };
	int r = 0;

	switch (kind) {
	case ACL_USER:
		r = make_user(&m, a, why);
		break;
	case ACL_SERVER:
		r = make_server(&m, a, why);
		break;
	case ACL_IP:
		r = make_ip(&m, a, why);
		break;
	case ACL_SERVER_REGEXP:
	case ACL_RESOURCE_REGEXP:
		r = make_regex(m.text, a, &m.regex, why);
		break;
	case ACL_USER_REGEXP:
	case ACL_NODE_REGEXP:
	case ACL_USER_GLOB:
	case ACL_NODE_GLOB:
		r = make_pair(&m, a, why);
		break;
	case ACL_RESOURCE:
	case ACL_SERVER_GLOB:
	case ACL_RESOURCE_GLOB:
	case ACL_ACL:
		break;
	}
	if (r == 0)
		*out = m;
	return r;
}

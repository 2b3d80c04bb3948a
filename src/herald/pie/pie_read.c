/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * expat's events as trees of users. Files of others may have what streams must not (a
 * declaration, comments), so this is not herald/xml's parser; a DOCTYPE is refused, and with it
 * all entities.
 */
#include "herald/pie/pie.h"

#include <errno.h>
#include <expat.h>
#include <stdio.h>

#include "base/oom.h"

#define SEPARATOR '\1' /* cannot be in any XML */

struct pie_reader {
	const struct pie_ops *ops;
	void *ctx;
	XML_Parser parser;
	char *host;         /* NULL: outside of one */
	bool host_is_files; /* the whole file is inside of the host */
	size_t depth;       /* elements that are open */
	size_t user_depth;  /* of the user's element; 0: outside of one */
	size_t user_bytes;
	struct arena arena; /* of the user */
	struct xml *at;     /* the innermost element of the user */
	char error[160];
};

static void fail(struct pie_reader *r, const char *what)
{
	if (r->error[0])
		return;
	snprintf(r->error, sizeof(r->error), "line %lu: %s",
	         (unsigned long)XML_GetCurrentLineNumber(r->parser), what);
	XML_StopParser(r->parser, XML_FALSE);
}

/* Splits expat's name. */
static void split(const char *name, struct str *ns, struct str *local)
{
	const char *at = strchr(name, SEPARATOR);

	*ns = at ? (struct str){ name, (size_t)(at - name) } : STR("");
	*local = str_from(at ? at + 1 : name);
}

/* ---- inside of a user --------------------------------------------------------------------- */

static void set_attrs(struct pie_reader *r, struct xml *x, const char **attrs)
{
	struct str ns, local;
	size_t n = 0;

	while (attrs[2 * n])
		n++;
	x->attrs = arena_array(&r->arena, struct xml_attr, n);
	for (size_t i = 0; i < n; i++) {
		split(attrs[2 * i], &ns, &local);
		x->attrs[i].ns = arena_str(&r->arena, ns);
		x->attrs[i].name = arena_str(&r->arena, local);
		x->attrs[i].value = arena_str(&r->arena, str_from(attrs[2 * i + 1]));
		r->user_bytes += x->attrs[i].value.n + 64;
	}
	x->n_attrs = n;
}

static void begin_element(struct pie_reader *r, struct str ns, struct str local,
                          const char **attrs)
{
	struct xml *x =
		xml_new(&r->arena, str_dup_c(&r->arena, local), str_dup_c(&r->arena, ns));

	r->user_bytes += 200;
	set_attrs(r, x, attrs);
	if (r->at)
		xml_append(r->at, x);
	r->at = x;
	if (r->depth - r->user_depth > PIE_DEPTH)
		fail(r, "this is nested too deep");
	if (r->user_bytes > PIE_USER_MAX)
		fail(r, "this user has too much");
}

static void end_element(struct pie_reader *r)
{
	if (r->at->parent) {
		r->at = r->at->parent;
		return;
	}
	struct xml *user = r->at;
	r->at = NULL;
	r->user_depth = 0;
	r->ops->user(r->ctx, str_from(r->host), user, &r->arena);
	arena_reset(&r->arena);
}

static void XMLCALL on_text(void *arg, const char *text, int n)
{
	struct pie_reader *r = arg;

	if (!r->at)
		return;
	r->user_bytes += (size_t)n;
	xml_put_text(&r->arena, r->at,
	             arena_str(&r->arena, (struct str){ text, (size_t)n }));
	if (r->user_bytes > PIE_USER_MAX)
		fail(r, "this user has too much");
}

/* ---- outside ------------------------------------------------------------------------------ */

static const char *attr(const char **attrs, const char *name)
{
	for (; *attrs; attrs += 2) {
		if (strcmp(attrs[0], name) == 0)
			return attrs[1];
	}
	return NULL;
}

static void begin_host(struct pie_reader *r, const char **attrs)
{
	const char *jid = attr(attrs, "jid");

	if (!jid) {
		fail(r, "a host has no `jid`");
		return;
	}
	free(r->host);
	r->host = strdup(jid);
	r->host_is_files = false;
}

static void include(struct pie_reader *r, const char **attrs)
{
	const char *href = attr(attrs, "href");

	if (href)
		r->ops->include(r->ctx, str_from(r->host), str_from(href));
	else
		fail(r, "an include has no `href`");
}

static void begin_user(struct pie_reader *r, struct str ns, struct str local,
                       const char **attrs)
{
	if (!r->host) {
		fail(r, "a user stands outside of a host");
		return;
	}
	r->user_depth = r->depth;
	r->user_bytes = 0;
	begin_element(r, ns, local, attrs);
}

static void XMLCALL on_start(void *arg, const char *name, const char **attrs)
{
	struct pie_reader *r = arg;
	struct str ns, local;

	if (r->error[0])
		return; /* expat may end what it has begun */
	split(name, &ns, &local);
	r->depth++;
	bool pie = str_is(ns, NS_PIE);
	if (str_is(ns, NS_XINCLUDE) && r->user_depth)
		fail(r, "an include inside of a user is not understood");
	else if (r->user_depth)
		begin_element(r, ns, local, attrs);
	else if (str_is(ns, NS_XINCLUDE) && str_is(local, "include"))
		include(r, attrs);
	else if (pie && str_is(local, "host"))
		begin_host(r, attrs);
	else if (pie && str_is(local, "user"))
		begin_user(r, ns, local, attrs);
	else if (r->depth == 1 && !(pie && str_is(local, "server-data")))
		fail(r,
		     "this is not XEP-0227: the first element must be server-data, host "
		     "or user of urn:xmpp:pie:0");
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct pie_reader *r = arg;
	struct str ns, local;

	if (r->error[0])
		return;
	if (r->user_depth) {
		end_element(r);
	} else {
		split(name, &ns, &local);
		if (str_is(ns, NS_PIE) && str_is(local, "host") && !r->host_is_files) {
			free(r->host);
			r->host = NULL;
		}
	}
	r->depth--;
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid,
                               const char *pubid, int has_internal)
{
	(void)name, (void)sysid, (void)pubid, (void)has_internal;
	fail(arg, "a DOCTYPE is refused");
}

/* ---- the reader --------------------------------------------------------------------------- */

struct pie_reader *pie_reader_new(const struct pie_ops *ops, void *ctx, struct str host)
{
	struct pie_reader *r = base_calloc(1, sizeof(*r));

	r->ops = ops;
	r->ctx = ctx;
	r->host = host.n ? strndup(host.p, host.n) : NULL;
	r->host_is_files = host.n > 0;
	r->parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	return r;
}

void pie_reader_free(struct pie_reader *r)
{
	if (!r)
		return;
	XML_ParserFree(r->parser);
	arena_fini(&r->arena);
	free(r->host);
	free(r);
}

int pie_reader_feed(struct pie_reader *r, struct str bytes, bool last)
{
	if (!r->error[0] && XML_Parse(r->parser, bytes.n ? bytes.p : "", (int)bytes.n,
	                              last) == XML_STATUS_ERROR)
		fail(r, XML_ErrorString(XML_GetErrorCode(r->parser)));
	return r->error[0] ? -EINVAL : 0;
}

struct str pie_reader_error(const struct pie_reader *r)
{
	return str_from(r->error);
}

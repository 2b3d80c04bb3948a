/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * From bytes to a tree, in one pass, without recursion. The stack of open elements is the tree
 * itself; what only parsing needs of an element (its written name, its namespaces) lies in a
 * `struct level`.
 */
#include "herald/xml/parse.h"

#include "herald/xml/chars.h"

#define XMLNS_NS "http://www.w3.org/2000/xmlns/"

struct level {
	struct xml *x;
	struct str qname;
	const struct xml_ns *scope;
	struct level *up;
};

/* A name as written. */
struct name {
	struct str prefix, local, all;
};

struct raw_attr {
	struct name name;
	struct str value;
};

struct parser {
	struct str s;
	size_t at;
	const struct xml_limits *limits;
	struct arena *a;
	const struct xml_ns *outside;
	struct level *open;
	struct xml *root;
	size_t depth, elements;
	size_t inner_from;  /* where the content of the root starts */
	bool leans_outside; /* a descendant of the root uses a prefix from outside of it */
	bool root_has_default; /* an unprefixed child has the root's namespace */
	enum xml_error err;    /* sticky */
};

const char *xml_error_name(enum xml_error e)
{
	static const char *const names[] = { "",
#define X(id, name) name,
		                             XML_ERRORS(X)
#undef X
	};

	return names[e];
}

static bool fail(struct parser *p, enum xml_error e)
{
	if (p->err == XML_OK)
		p->err = e;
	return false;
}

static bool malformed(struct parser *p)
{
	return fail(p, XML_NOT_WELL_FORMED);
}

static bool at_end(const struct parser *p)
{
	return p->at >= p->s.n;
}

static char peek(const struct parser *p)
{
	return (char)(at_end(p) ? '\0' : p->s.p[p->at]);
}

static bool skip(struct parser *p, char c)
{
	if (at_end(p) || p->s.p[p->at] != c)
		return false;
	p->at++;
	return true;
}

static bool skip_spaces(struct parser *p)
{
	size_t from = p->at;

	while (!at_end(p) && xml_is_space(p->s.p[p->at]))
		p->at++;
	return p->at > from;
}

static struct str rest(const struct parser *p)
{
	return str_sub(p->s, p->at, p->s.n);
}

static bool read_name(struct parser *p, struct name *out)
{
	size_t from = p->at, n = xml_ncname(rest(p));

	if (n == 0)
		return malformed(p);
	p->at += n;
	out->prefix = STR("");
	out->local = str_sub(p->s, from, n);
	if (skip(p, ':')) {
		size_t m = xml_ncname(rest(p));
		if (m == 0)
			return malformed(p);
		out->prefix = out->local;
		out->local = str_sub(p->s, p->at, m);
		p->at += m;
	}
	out->all = str_sub(p->s, from, p->at - from);
	return true;
}

static bool read_value(struct parser *p, struct str *out)
{
	char quote = peek(p);

	if (quote != '"' && quote != '\'')
		return malformed(p);
	p->at++;
	struct str value = str_sub(rest(p), 0, str_find(rest(p), quote));
	enum xml_run run = xml_run_check(value, true);
	if (value.n == rest(p).n || run == XML_RUN_BAD)
		return malformed(p);
	p->at += value.n + 1;
	*out = run == XML_RUN_COOK ? xml_run_cook(value, true, p->a) : value;
	if (!out->p)
		out->p = ""; /* there, and empty */
	return true;
}

static bool read_attr(struct parser *p, struct raw_attr *list, size_t n)
{
	struct raw_attr *attr = &list[n];

	*attr = (struct raw_attr){ 0 };
	if (!read_name(p, &attr->name))
		return false;
	skip_spaces(p);
	if (!skip(p, '='))
		return malformed(p);
	skip_spaces(p);
	if (!read_value(p, &attr->value))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(list[i].name.all, attr->name.all))
			return malformed(p);
	}
	return true;
}

/* The attributes up to `>` or `/>`. */
static bool read_attrs(struct parser *p, struct raw_attr *list, size_t *n)
{
	*n = 0;
	for (;;) {
		bool space = skip_spaces(p);
		if (at_end(p))
			return malformed(p);
		if (peek(p) == '>' || peek(p) == '/')
			return true;
		if (!space)
			return malformed(p);
		if (*n == p->limits->attrs || *n == XML_ATTRS_MAX)
			return fail(p, XML_TOO_MUCH);
		if (!read_attr(p, list, *n))
			return false;
		++*n;
	}
}

/* ---- namespaces -------------------------------------------------------------------------- */

static bool is_declaration(const struct name *n, struct str *prefix)
{
	bool is_default = n->prefix.n == 0 && str_is(n->local, "xmlns");

	*prefix = is_default ? STR("") : n->local;
	return is_default || str_is(n->prefix, "xmlns");
}

/* Namespaces in XML 1.0 section 3: xml and xmlns are what they are; only the default may be
 * undone. */
static bool may_declare(struct str prefix, struct str uri)
{
	if (str_is(prefix, "xmlns") || str_is(uri, XMLNS_NS))
		return false;
	if (str_is(prefix, "xml") != str_is(uri, XML_NS))
		return false;
	return prefix.n == 0 || uri.n > 0;
}

static bool declare(struct parser *p, const struct raw_attr *list, size_t n,
                    const struct xml_ns **scope)
{
	for (size_t i = 0; i < n; i++) {
		struct str prefix;
		if (!is_declaration(&list[i].name, &prefix))
			continue;
		if (!may_declare(prefix, list[i].value))
			return malformed(p);
		struct xml_ns *ns = arena_new(p->a, struct xml_ns);
		*ns = (struct xml_ns){ prefix, list[i].value, *scope, p->depth };
		*scope = ns;
	}
	return true;
}

static const struct xml_ns *find_ns(const struct xml_ns *scope, struct str prefix)
{
	while (scope && !str_eq(scope->prefix, prefix))
		scope = scope->outer;
	return scope;
}

static bool resolve(struct parser *p, const struct xml_ns *scope, struct str prefix,
                    struct str *uri)
{
	const struct xml_ns *ns = find_ns(scope, prefix);

	if (str_is(prefix, "xml")) {
		*uri = STR(XML_NS);
		return true;
	}
	if (!ns && prefix.n)
		return malformed(p);
	*uri = ns ? ns->uri : STR("");
	if (prefix.n && p->depth > 1 && ns->depth <= 1)
		p->leans_outside = true;
	return true;
}

/* Two prefixes of one namespace make two attributes the same. */
static bool is_doubled(const struct xml *x, const struct xml_attr *attr)
{
	for (size_t i = 0; i < x->n_attrs; i++) {
		if (str_eq(x->attrs[i].name, attr->name) &&
		    str_eq(x->attrs[i].ns, attr->ns))
			return true;
	}
	return false;
}

static bool set_attrs(struct parser *p, struct xml *x, const struct raw_attr *list,
                      size_t n, const struct xml_ns *scope)
{
	x->attrs = arena_array(p->a, struct xml_attr, n);
	for (size_t i = 0; i < n; i++) {
		struct xml_attr attr = { .name = list[i].name.local,
			                 .value = list[i].value };
		struct str prefix;
		if (is_declaration(&list[i].name, &prefix))
			continue;
		if (list[i].name.prefix.n &&
		    !resolve(p, scope, list[i].name.prefix, &attr.ns))
			return false;
		if (attr.ns.n && is_doubled(x, &attr))
			return malformed(p);
		x->attrs[x->n_attrs++] = attr;
	}
	return true;
}

/* ---- elements ---------------------------------------------------------------------------- */

static bool count_element(struct parser *p)
{
	p->depth++;
	p->elements++;
	if (p->depth > p->limits->depth || p->elements > p->limits->elements)
		return fail(p, XML_TOO_MUCH);
	return true;
}

/* The start tag behind its `<`, up to but without `>` or `/>`. */
static bool read_start(struct parser *p, struct level *level)
{
	struct raw_attr list[XML_ATTRS_MAX];
	struct name name = { 0 };
	size_t n;

	if (!count_element(p) || !read_name(p, &name) || !read_attrs(p, list, &n))
		return false;
	level->x = arena_new(p->a, struct xml);
	level->x->name = name.local;
	level->qname = name.all;
	if (str_is(name.prefix, "xmlns") || !declare(p, list, n, &level->scope))
		return malformed(p);
	return resolve(p, level->scope, name.prefix, &level->x->ns) &&
	       set_attrs(p, level->x, list, n, level->scope);
}

static void close_element(struct parser *p)
{
	p->open = p->open->up;
	p->depth--;
}

static void open_root(struct parser *p, struct level *level)
{
	const struct xml_ns *ns = find_ns(level->scope, STR(""));

	p->root = level->x;
	p->inner_from = p->at;
	p->root_has_default = str_eq(ns ? ns->uri : STR(""), level->x->ns);
}

static bool on_start(struct parser *p)
{
	struct level *level = arena_new(p->a, struct level);

	*level = (struct level){ .scope = p->open ? p->open->scope : p->outside,
		                 .up = p->open };
	if (!read_start(p, level))
		return false;
	bool empty = skip(p, '/');
	if (!skip(p, '>'))
		return malformed(p);
	if (p->open)
		xml_append(p->open->x, level->x);
	else
		open_root(p, level);
	p->open = level;
	if (empty)
		close_element(p);
	return true;
}

static bool on_end(struct parser *p, size_t tag_at)
{
	struct str qname = p->open->qname;

	if (!str_starts(rest(p), qname))
		return malformed(p);
	p->at += qname.n;
	skip_spaces(p);
	if (!skip(p, '>'))
		return malformed(p);
	if (!p->open->up)
		p->root->inner = str_sub(p->s, p->inner_from, tag_at - p->inner_from);
	close_element(p);
	return true;
}

/* `<!` opens what RFC 6120 section 11.1 forbids, and CDATA. */
static bool on_bang(struct parser *p)
{
	static const struct str end = STR_INIT("]]>");

	if (!str_starts(rest(p), STR("[CDATA[")))
		return fail(p, str_starts(rest(p), STR("[")) ? XML_NOT_WELL_FORMED
		                                             : XML_RESTRICTED);
	p->at += 7;
	const char *found = memmem(p->s.p + p->at, p->s.n - p->at, end.p, end.n);
	if (!found)
		return malformed(p);
	struct str text = str_sub(rest(p), 0, (size_t)(found - (p->s.p + p->at)));
	enum xml_run run = xml_cdata_check(text);
	if (run == XML_RUN_BAD)
		return malformed(p);
	p->at += text.n + end.n;
	if (text.n)
		xml_put_text(p->a, p->open->x,
		             run == XML_RUN_COOK ? xml_cdata_cook(text, p->a) : text);
	return true;
}

static bool on_markup(struct parser *p)
{
	size_t tag_at = p->at++;

	if (skip(p, '/'))
		return on_end(p, tag_at);
	if (skip(p, '!'))
		return on_bang(p);
	if (peek(p) == '?')
		return fail(p, XML_RESTRICTED);
	return on_start(p);
}

static bool on_text(struct parser *p)
{
	struct str text = str_sub(rest(p), 0, str_find(rest(p), '<'));
	enum xml_run run = xml_run_check(text, false);

	if (run == XML_RUN_BAD)
		return malformed(p);
	p->at += text.n;
	xml_put_text(p->a, p->open->x,
	             run == XML_RUN_COOK ? xml_run_cook(text, false, p->a) : text);
	return true;
}

static enum xml_error run(struct parser *p)
{
	if (p->s.n > p->limits->size)
		return XML_TOO_MUCH;
	if (!skip(p, '<') || !on_start(p))
		return p->err ? p->err : XML_NOT_WELL_FORMED;
	while (p->open && !at_end(p)) {
		if (!(peek(p) == '<' ? on_markup(p) : on_text(p)))
			return p->err;
	}
	return p->open || !at_end(p) ? XML_NOT_WELL_FORMED : XML_OK;
}

enum xml_error xml_parse(struct str text, const struct xml_ns *outside,
                         const struct xml_limits *limits, struct arena *a,
                         struct xml **out)
{
	struct parser p = { .s = text, .limits = limits, .a = a, .outside = outside };
	enum xml_error e = run(&p);

	if (e != XML_OK)
		return e;
	p.root->inner_stands = p.root_has_default && !p.leans_outside;
	*out = p.root;
	return XML_OK;
}

struct xml *xml_parse_kept(struct str text, struct arena *a)
{
	static const struct xml_ns client = { STR_INIT(""), STR_INIT(NS_CLIENT), NULL,
		                              0 };
	static const struct xml_limits none = { SIZE_MAX, SIZE_MAX, SIZE_MAX,
		                                XML_ATTRS_MAX };
	struct xml *x = NULL;

	return xml_parse(text, &client, &none, a, &x) == XML_OK ? x : NULL;
}

enum xml_error xml_parse_start(struct str text, const struct xml_limits *limits,
                               struct arena *a, struct xml **out,
                               const struct xml_ns **scope, struct str *qname)
{
	struct parser p = { .s = text, .limits = limits, .a = a };
	struct level level = { 0 };

	if (text.n > limits->size)
		return XML_TOO_MUCH;
	if (!skip(&p, '<') || !read_start(&p, &level) || !skip(&p, '>') || !at_end(&p))
		return p.err ? p.err : XML_NOT_WELL_FORMED;
	*out = level.x;
	*scope = level.scope;
	*qname = level.qname;
	return XML_OK;
}

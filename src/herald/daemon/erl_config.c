/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * ejabberd.cfg says with tuples what ejabberd.yml says with maps, and each acl, access and
 * shaper in a term of its own. A few words changed: `access` became `access_rules` and
 * `shaper_rules`, certificates of listeners and domains became `certfiles`.
 */
#include "herald/daemon/erl_config.h"

struct translator {
	struct arena *a;
	struct yaml *root;
};

/* ---- nodes -------------------------------------------------------------------------------- */

static struct yaml *node(struct translator *t, enum yaml_kind kind, struct span span)
{
	struct yaml *y = arena_new(t->a, struct yaml);

	y->kind = kind;
	y->span = span;
	return y;
}

static struct yaml *scalar(struct translator *t, struct str text, struct span span)
{
	struct yaml *y = node(t, YAML_SCALAR, span);

	y->text = text;
	return y;
}

static void append(struct yaml *to, struct yaml *y)
{
	struct yaml **at = &to->first;

	while (*at)
		at = &(*at)->next;
	*at = y;
}

static void put(struct translator *t, struct yaml *map, struct str key,
                struct yaml *value)
{
	value->key = scalar(t, key, value->span);
	append(map, value);
}

/*
 * The entry `key` of a map, made when it is not there. An old file may say a name twice and in
 * two forms ({acl, []}. and {acl, admin, …}.): such a one stays beside it, with its problem.
 */
static struct yaml *need(struct translator *t, struct yaml *map, struct str key,
                         enum yaml_kind kind, struct span span)
{
	for (struct yaml *e = map->first; e; e = e->next) {
		if (!str_eq(e->key->text, key))
			continue;
		if (e->kind == kind)
			return e;
		e->problem = STR("this form cannot be joined with the other terms of its "
		                 "name");
	}
	struct yaml *y = node(t, kind, span);
	put(t, map, key, y);
	return y;
}

static bool is_scalar(const struct term *x)
{
	return x->kind != TERM_TUPLE && x->kind != TERM_LIST;
}

static struct yaml *leaf(struct translator *t, const struct term *x)
{
	struct yaml *y = scalar(t, x->text, x->span);

	y->quoted = x->kind == TERM_STRING;
	return y;
}

/* ---- anything ----------------------------------------------------------------------------- */

/* A list of {key, value} and of atoms, which are switches. */
static bool is_options(const struct term *list)
{
	bool tuples = false;

	for (const struct term *e = list->first; e; e = e->next) {
		bool pair = e->kind == TERM_TUPLE && e->n == 2 && is_scalar(e->first);
		tuples |= pair;
		if (!pair && e->kind != TERM_ATOM)
			return false;
	}
	return tuples;
}

static struct yaml *convert(struct translator *t, const struct term *x);

/* {welcome_message, {"Subject", "Body"}} */
static struct yaml *convert_message(struct translator *t, const struct term *pair)
{
	struct yaml *map = node(t, YAML_MAP, pair->span);

	put(t, map, STR("subject"), leaf(t, pair->first));
	put(t, map, STR("body"), leaf(t, pair->first->next));
	return map;
}

static bool is_message(const struct term *option)
{
	const struct term *value = option->first->next;

	return str_is(option->first->text, "welcome_message") &&
	       value->kind == TERM_TUPLE && value->n == 2 &&
	       value->first->kind == TERM_STRING &&
	       value->first->next->kind == TERM_STRING;
}

static struct yaml *convert_options(struct translator *t, const struct term *list)
{
	struct yaml *map = node(t, YAML_MAP, list->span);

	for (const struct term *e = list->first; e; e = e->next) {
		if (e->kind == TERM_ATOM) {
			put(t, map, e->text, scalar(t, STR("true"), e->span));
			continue;
		}
		struct yaml *value = is_message(e) ? convert_message(t, e->first->next)
		                                   : convert(t, e->first->next);
		value->span = e->span;
		put(t, map, e->first->text, value);
	}
	return map;
}

static struct yaml *convert(struct translator *t, const struct term *x)
{
	if (!x)
		return scalar(t, STR(""), SPAN_NONE); /* what is not there says nothing */
	if (is_scalar(x))
		return leaf(t, x);
	if (is_options(x))
		return convert_options(t, x);
	struct yaml *list = node(t, YAML_LIST, x->span);
	for (const struct term *e = x->first; e; e = e->next)
		append(list, convert(t, e));
	return list;
}

/* ---- acl, access, shaper ------------------------------------------------------------------ */

/* {acl, Name, {user, "u", "host"}} */
static void take_acl(struct translator *t, struct yaml *map, const struct term *x)
{
	const struct term *name = x->first->next, *spec = name->next;
	struct yaml *all = need(t, map, STR("acl"), YAML_MAP, x->span);
	struct yaml *acl = need(t, all, name->text, YAML_MAP, x->span);

	if (spec->kind == TERM_ATOM && str_is(spec->text, "all")) {
		put(t, acl, STR("server_glob"), scalar(t, STR("*"), x->span));
		return;
	}
	if (spec->kind != TERM_TUPLE || spec->n < 2) {
		acl->problem = STR("this condition has no form in herald");
		return;
	}
	struct str text = spec->first->next->text;
	if (spec->n == 3)
		text = arena_fmt(t->a, STR_FMT "@" STR_FMT, STR_ARG(text),
		                 STR_ARG(spec->first->next->next->text));
	struct yaml *value = scalar(t, text, x->span);
	value->quoted = true;
	append(need(t, acl, spec->first->text, YAML_LIST, x->span), value);
}

static bool is_answer(const struct term *value)
{
	return str_is(value->text, "allow") || str_is(value->text, "deny");
}

/* {access, Name, [{allow, admin}, {deny, all}]}: shapers and limits looked the same. */
static void take_access(struct translator *t, struct yaml *map, const struct term *x)
{
	const struct term *name = x->first->next, *lines = name->next;
	struct yaml *rule = node(t, YAML_LIST, x->span);
	bool answers = true;

	for (const struct term *e = lines->first; e; e = e->next) {
		if (e->kind != TERM_TUPLE || e->n != 2 || !is_scalar(e->first)) {
			rule->problem = STR("this rule has no form in herald");
			continue;
		}
		struct yaml *line = node(t, YAML_MAP, e->span);
		answers = answers && is_answer(e->first);
		put(t, line, e->first->text, convert(t, e->first->next));
		append(rule, line);
	}
	struct yaml *all =
		need(t, map, answers ? STR("access_rules") : STR("shaper_rules"),
	             YAML_MAP, x->span);
	put(t, all, name->text, rule);
}

/* {shaper, Name, {maxrate, 1000}} */
static void take_shaper(struct translator *t, struct yaml *map, const struct term *x)
{
	const struct term *name = x->first->next, *rate = name->next;
	struct yaml *all = need(t, map, STR("shaper"), YAML_MAP, x->span);

	if (rate->kind == TERM_TUPLE && rate->n == 2)
		rate = rate->first->next;
	put(t, all, name->text, convert(t, rate));
}

/* ---- listeners and certificates ----------------------------------------------------------- */

static void add_certificate(struct translator *t, const struct term *file)
{
	struct yaml *all = need(t, t->root, STR("certfiles"), YAML_LIST, file->span);

	for (const struct yaml *e = all->first; e; e = e->next) {
		if (str_eq(e->text, file->text))
			return;
	}
	append(all, leaf(t, file));
}

static bool is_tuple(const struct term *x, const char *name, size_t n)
{
	return x->kind == TERM_TUPLE && x->n == n && x->first->kind == TERM_ATOM &&
	       str_is(x->first->text, name);
}

/* {127,0,0,1} */
static struct str address(struct translator *t, const struct term *x)
{
	auto_buf text = { 0 };
	char between = x->n == 4 ? '.' : ':';

	if (x->kind != TERM_TUPLE)
		return x->text;
	for (const struct term *e = x->first; e; e = e->next) {
		uint64_t v = 0;
		if (text.n)
			buf_char(&text, between);
		if (x->n == 4 || str_to_u64(e->text, 10, &v) < 0)
			buf_str(&text, e->text);
		else
			buf_fmt(&text, "%llx", (unsigned long long)v);
	}
	return arena_str(t->a, buf_as_str(&text));
}

static void take_port(struct translator *t, struct yaml *map, const struct term *port)
{
	const struct term *ip = NULL;

	if (port->kind == TERM_TUPLE && port->n >= 2) {
		ip = port->first->next;
		port = port->first;
	}
	put(t, map, STR("port"), leaf(t, port));
	if (ip)
		put(t, map, STR("ip"), scalar(t, address(t, ip), ip->span));
	if (ip && ip->next)
		put(t, map, STR("transport"), leaf(t, ip->next));
}

/* {5222, ejabberd_c2s, [{access, c2s}, starttls, …]} */
static struct yaml *listener(struct translator *t, const struct term *x)
{
	struct yaml *map = node(t, YAML_MAP, x->span);
	const struct term *port = x->first, *module = port->next, *options = module->next;

	take_port(t, map, port);
	put(t, map, STR("module"), leaf(t, module));
	for (const struct term *e = options ? options->first : NULL; e; e = e->next) {
		if (is_tuple(e, "certfile", 2))
			add_certificate(t, e->first->next);
		else if (e->kind == TERM_ATOM &&
		         (str_is(e->text, "inet6") || str_is(e->text, "inet")))
			continue; /* "::" takes both */
		else if (e->kind == TERM_ATOM)
			put(t, map, e->text, scalar(t, STR("true"), e->span));
		else if (is_tuple(e, "ip", 2))
			put(t, map, STR("ip"),
			    scalar(t, address(t, e->first->next), e->span));
		else if (e->kind == TERM_TUPLE && e->n == 2)
			put(t, map, e->first->text, convert(t, e->first->next));
	}
	return map;
}

static void take_listen(struct translator *t, struct yaml *map, const struct term *x)
{
	struct yaml *all = need(t, map, STR("listen"), YAML_LIST, x->span);

	for (const struct term *e = x->first->next->first; e; e = e->next) {
		if (e->kind == TERM_TUPLE && e->n >= 2)
			append(all, listener(t, e));
	}
}

/* ---- terms -------------------------------------------------------------------------------- */

static void take_modules(struct translator *t, struct yaml *map, const struct term *x)
{
	struct yaml *all = need(t, map, STR("modules"), YAML_MAP, x->span);

	for (const struct term *e = x->first->next->first; e; e = e->next) {
		if (e->kind != TERM_TUPLE || e->n != 2)
			continue;
		struct yaml *options = e->first->next->n ? convert(t, e->first->next)
		                                         : node(t, YAML_MAP, e->span);
		options->span = e->span;
		put(t, all, e->first->text, options);
	}
}

static void take_term(struct translator *t, struct yaml *map, const struct term *x);

/* Of {{add, Name}, Value} what would be {Name, Value}; else NULL. */
static const struct term *addition(struct translator *t, const struct term *x)
{
	if (x->kind != TERM_TUPLE || x->n != 2 || !is_tuple(x->first, "add", 2))
		return NULL;
	struct term *plain = arena_new(t->a, struct term);
	struct term *name = arena_new(t->a, struct term);
	*name = *x->first->first->next;
	name->next = x->first->next;
	*plain = *x;
	plain->first = name;
	return plain;
}

/* {host_config, "host", [Terms]}: what is to be added is ejabberd.yml's append_host_config. */
static void take_host_config(struct translator *t, struct yaml *map, const struct term *x)
{
	const struct term *host = x->first->next;

	for (const struct term *e = host->next->first; e; e = e->next) {
		const struct term *added = addition(t, e);
		struct str home = added ? STR("append_host_config") : STR("host_config");
		struct yaml *all = need(t, map, home, YAML_MAP, x->span);
		take_term(t, need(t, all, host->text, YAML_MAP, x->span),
		          added ? added : e);
	}
}

/* {define_macro, 'NAME', Value} */
static void take_macro(struct translator *t, struct yaml *map, const struct term *x)
{
	put(t, need(t, map, STR("define_macro"), YAML_MAP, x->span), x->first->next->text,
	    convert(t, x->first->next->next));
}

static void take_domain_certfile(struct translator *t, struct yaml *map,
                                 const struct term *x)
{
	(void)map;
	add_certificate(t, x->first->next->next);
}

static void take_certfile(struct translator *t, struct yaml *map, const struct term *x)
{
	(void)map;
	add_certificate(t, x->first->next);
}

static void take_override(struct translator *t, struct yaml *map, const struct term *x)
{
	struct yaml *y = scalar(t, STR("true"), x->span);

	y->problem = STR("herald always takes the whole file, so there is nothing to "
	                 "override");
	put(t, map, x->text, y);
}

static void take_include(struct translator *t, struct yaml *map, const struct term *x)
{
	struct yaml *y = convert(t, x->first->next);

	y->problem = STR("what is in this file is not read from here: translate it by "
	                 "itself");
	put(t, map, x->first->text, y);
}

/* Terms with a form of their own: name and size (0: an atom). */
static const struct {
	const char *name;
	size_t n;
	void (*fill)(struct translator *t, struct yaml *map, const struct term *x);
} terms_known[] = {
	{ "acl", 3, take_acl },
	{ "access", 3, take_access },
	{ "shaper", 3, take_shaper },
	{ "listen", 2, take_listen },
	{ "modules", 2, take_modules },
	{ "host_config", 3, take_host_config },
	{ "define_macro", 3, take_macro },
	{ "domain_certfile", 3, take_domain_certfile },
	{ "s2s_certfile", 2, take_certfile },
	{ "certfile", 2, take_certfile },
	{ "include_config_file", 2, take_include },
	{ "include_config_file", 3, take_include },
	{ "override_acls", 0, take_override },
	{ "override_global", 0, take_override },
	{ "override_local", 0, take_override },
};

static void take_term(struct translator *t, struct yaml *map, const struct term *x)
{
	const struct term *name = x->kind == TERM_TUPLE ? x->first : x;

	for (size_t i = 0; name && i < ARRAY_LEN(terms_known); i++) {
		if (name->kind == TERM_ATOM && str_is(name->text, terms_known[i].name) &&
		    x->n == terms_known[i].n) {
			terms_known[i].fill(t, map, x);
			return;
		}
	}
	if (x->kind == TERM_TUPLE && x->n == 2 && name && is_scalar(name)) {
		put(t, map, name->text, convert(t, name->next));
		return;
	}
	struct yaml *y = node(t, YAML_MAP, x->span);
	y->problem = STR("this term has no form in herald");
	put(t, map, name && is_scalar(name) ? name->text : STR("term"), y);
}

struct yaml *erl_config_tree(const struct term *terms, struct arena *a)
{
	struct translator t = { .a = a };

	t.root = node(&t, YAML_MAP, terms ? terms->span : SPAN_NONE);
	for (const struct term *x = terms; x; x = x->next)
		take_term(&t, t.root, x);
	return t.root;
}

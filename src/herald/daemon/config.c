/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reading the configuration, driven by rows: a word, and what takes its value. */
#include "herald/daemon/config.h"

#include <errno.h>

#include "herald/daemon/ejabberd.h"
#include "herald/daemon/yaml_tree.h"
#include "herald/jid/jid.h"
#include "herald/modules/all.h"

struct reading {
	struct config *c;
	struct diags *ds;
};

/* Takes the value `y` of its option into `to`, a part of the configuration. */
typedef void (*take_fn)(struct reading *r, const struct yaml *y, void *to);

struct option {
	const char *name;
	take_fn fill;
	size_t offset; /* of what it fills in `to` */
};

static struct diag *wrong(struct reading *r, const struct yaml *y, const char *what)
{
	return diag_error(r->ds, "H0004", y->span, "this must be %s", what);
}

static bool is_scalar(struct reading *r, const struct yaml *y, const char *what)
{
	if (y->kind == YAML_SCALAR)
		return true;
	wrong(r, y, what);
	return false;
}

/* ---- kinds of values ---------------------------------------------------------------------- */

static void take_bool(struct reading *r, const struct yaml *y, void *to)
{
	bool yes = str_is(y->text, "true") || str_is(y->text, "on") ||
	           str_is(y->text, "yes");
	bool no = str_is(y->text, "false") || str_is(y->text, "off") ||
	          str_is(y->text, "no");

	if (y->kind != YAML_SCALAR || y->quoted || !(yes || no))
		wrong(r, y, "`true` or `false`");
	else
		*(bool *)to = yes;
}

static bool read_number(struct reading *r, const struct yaml *y, uint64_t min,
                        uint64_t max, const char *what, uint64_t *out)
{
	if (y->kind == YAML_SCALAR && !y->quoted && str_to_u64(y->text, 10, out) == 0 &&
	    *out >= min && *out <= max)
		return true;
	wrong(r, y, what);
	return false;
}

static void take_port(struct reading *r, const struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 1, 65535, "a port: a number from 1 to 65535", &v))
		*(uint16_t *)to = (uint16_t)v;
}

static void take_size(struct reading *r, const struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 10000, 1 << 28, "bytes: a number from 10000 to 268435456",
	                &v))
		*(uint64_t *)to = v;
}

static void take_backlog(struct reading *r, const struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 1, 65535, "a number from 1 to 65535", &v))
		*(uint64_t *)to = v;
}

/* ejabberd's times: a number of seconds, or a number and a unit. */
static void take_time(struct reading *r, const struct yaml *y, void *to)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {
		{ "", 1000 },       { "s", 1000 },       { "sec", 1000 },
		{ "second", 1000 }, { "seconds", 1000 }, { "m", 60000 },
		{ "min", 60000 },   { "minute", 60000 }, { "minutes", 60000 },
		{ "h", 3600000 },   { "hour", 3600000 }, { "hours", 3600000 },
		{ "ms", 1 },
	};
	size_t n = 0;
	uint64_t v;

	while (n < y->text.n && y->text.p[n] >= '0' && y->text.p[n] <= '9')
		n++;
	struct str unit = str_trim(str_sub(y->text, n, y->text.n));
	if (y->kind == YAML_SCALAR && str_to_u64(str_sub(y->text, 0, n), 10, &v) == 0 &&
	    v && v < 1000000) {
		for (size_t i = 0; i < ARRAY_LEN(units); i++) {
			if (str_is(unit, units[i].name)) {
				*(uint64_t *)to = v * units[i].ms;
				return;
			}
		}
	}
	wrong(r, y, "a time, such as `30 seconds`");
}

static void take_text(struct reading *r, const struct yaml *y, void *to)
{
	if (is_scalar(r, y, "a text"))
		*(struct str *)to = y->text;
}

static void take_loglevel(struct reading *r, const struct yaml *y, void *to)
{
	int level = y->kind == YAML_SCALAR ? log_level_find(y->text) : -1;

	if (level < 0)
		wrong(r, y,
		      "none, emergency, alert, critical, error, warning, notice, info or debug");
	else
		*(enum log_level *)to = (enum log_level)level;
}

/* ---- maps --------------------------------------------------------------------------------- */

static const struct option *find(const struct option *rows, struct str name)
{
	for (; rows->name; rows++) {
		if (str_is(name, rows->name))
			return rows;
	}
	return NULL;
}

static void unknown(struct reading *r, const struct yaml *key, const struct option *rows,
                    const char *what)
{
	struct str words[64];
	size_t n = 0;

	for (; rows && rows->name && n < ARRAY_LEN(words); rows++)
		words[n++] = str_from(rows->name);
	if (ejabberd_knows(key->text)) {
		diag_error(r->ds, "H0003", key->span,
		           "herald has not built ejabberd's %s `" STR_FMT "` yet", what,
		           STR_ARG(key->text));
		return;
	}
	struct diag *d =
		diag_error(r->ds, "H0002", key->span, "there is no %s `" STR_FMT "`",
	                   what, STR_ARG(key->text));
	struct str near = str_nearest(key->text, words, n);
	if (near.n)
		diag_help(r->ds, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
}

/* Whether the key was there before; says so. */
static bool is_repeated(struct reading *r, const struct yaml *map,
                        const struct yaml *entry)
{
	for (const struct yaml *e = map->first; e != entry; e = e->next) {
		if (!str_eq(e->key->text, entry->key->text))
			continue;
		struct diag *d =
			diag_error(r->ds, "H0005", entry->key->span,
		                   "`" STR_FMT "` is set twice", STR_ARG(e->key->text));
		diag_related(r->ds, d, e->key->span, "the first time here");
		return true;
	}
	return false;
}

static void take_map(struct reading *r, const struct yaml *y, const struct option *rows,
                     const char *what, void *to)
{
	if (y->kind != YAML_MAP) {
		wrong(r, y, "a map: lines of `option: value`");
		return;
	}
	for (const struct yaml *e = y->first; e; e = e->next) {
		if (!is_scalar(r, e->key, "a word") || is_repeated(r, y, e))
			continue;
		const struct option *row = find(rows, e->key->text);
		if (row)
			row->fill(r, e, (char *)to + row->offset);
		else
			unknown(r, e->key, rows, what);
	}
}

/* ---- the options -------------------------------------------------------------------------- */

static bool is_list(struct reading *r, const struct yaml *y)
{
	if (y->kind != YAML_LIST)
		wrong(r, y, "a list: lines that begin with `-`");
	return y->kind == YAML_LIST;
}

static void take_hosts(struct reading *r, const struct yaml *y, void *to)
{
	struct str host;

	(void)to;
	if (!is_list(r, y))
		return;
	for (const struct yaml *e = y->first; e; e = e->next) {
		if (!is_scalar(r, e, "the name of a host"))
			continue;
		if (jid_prep_domain(e->text, &r->c->arena, &host) < 0)
			wrong(r, e, "the name of a host, such as example.org");
		else
			vec_push(&r->c->hosts, arena_str(&r->c->arena, host));
	}
	if (!y->first)
		diag_error(r->ds, "H0004", y->span, "at least one host is needed");
}

static void take_certfiles(struct reading *r, const struct yaml *y, void *to)
{
	(void)to;
	if (!is_list(r, y))
		return;
	for (const struct yaml *e = y->first; e; e = e->next) {
		if (is_scalar(r, e, "the path of a PEM file"))
			vec_push(&r->c->certfiles, e->text);
	}
}

/* `module: ejabberd_c2s`: the one kind of listener there is. */
static void take_listener_module(struct reading *r, const struct yaml *y, void *to)
{
	(void)to;
	if (!is_scalar(r, y, "the name of a listener's module") ||
	    str_is(y->text, "ejabberd_c2s"))
		return;
	static const struct option kinds[] = { { "ejabberd_c2s", NULL, 0 }, { 0 } };
	unknown(r, y, kinds, "listener");
}

#define FIELD(name) offsetof(struct config_listener, name)
static const struct option listener_options[] = {
	{ "port", take_port, FIELD(port) },
	{ "ip", take_text, FIELD(ip) },
	{ "module", take_listener_module, 0 },
	{ "tls", take_bool, FIELD(tls) },
	{ "starttls", take_bool, FIELD(starttls) },
	{ "starttls_required", take_bool, FIELD(starttls_required) },
	{ "max_stanza_size", take_size, FIELD(max_stanza_size) },
	{ "backlog", take_backlog, FIELD(backlog) },
	{ 0 },
};
#undef FIELD

static const struct config_listener listener_default = {
	.ip = STR_INIT("::"),
	.starttls = true,
	.starttls_required = true,
	.max_stanza_size = 262144,
	.backlog = 200,
};

static void take_listeners(struct reading *r, const struct yaml *y, void *to)
{
	(void)to;
	if (!is_list(r, y))
		return;
	for (const struct yaml *e = y->first; e; e = e->next) {
		struct config_listener l = listener_default;
		take_map(r, e, listener_options, "option of a listener", &l);
		if (e->kind == YAML_MAP && !l.port)
			diag_error(r->ds, "H0004", e->span,
			           "this listener has no `port`");
		vec_push(&r->c->listeners, l);
	}
}

static void unknown_module(struct reading *r, const struct yaml *key)
{
	struct option rows[32] = { 0 };
	size_t n = 0;

	for (const struct module *const *m = modules_all; *m && n < ARRAY_LEN(rows) - 1;
	     m++)
		rows[n++].name = (*m)->name;
	unknown(r, key, rows, "module");
}

static void take_modules(struct reading *r, const struct yaml *y, void *to)
{
	static const struct option none[] = { { 0 } };

	(void)to;
	if (y->kind != YAML_MAP) {
		wrong(r, y, "a map: lines of `mod_name: {}`");
		return;
	}
	r->c->modules.n = 0;
	for (const struct yaml *e = y->first; e; e = e->next) {
		const struct module *m = module_find(e->key->text);
		if (is_repeated(r, y, e))
			continue;
		if (!m)
			unknown_module(r, e->key);
		else if (e->kind != YAML_SCALAR ||
		         e->text.n) /* `mod_ping:` alone is `{}` */
			take_map(r, e, none, "option of this module", NULL);
		if (m)
			vec_push(&r->c->modules, m);
	}
}

#define FIELD(name) offsetof(struct config, name)
static const struct option options[] = {
	{ "hosts", take_hosts, 0 },
	{ "listen", take_listeners, 0 },
	{ "certfiles", take_certfiles, 0 },
	{ "modules", take_modules, 0 },
	{ "loglevel", take_loglevel, FIELD(loglevel) },
	{ "spool_dir", take_text, FIELD(spool_dir) },
	{ "run_dir", take_text, FIELD(run_dir) },
	{ "negotiation_timeout", take_time, FIELD(negotiation_timeout_ms) },
	{ 0 },
};
#undef FIELD

static void set_defaults(struct config *c)
{
	c->loglevel = LOG_LEVEL_INFO;
	c->spool_dir = STR("/var/lib/herald");
	c->run_dir = STR("/run/herald");
	c->negotiation_timeout_ms = 60000;
	for (const struct module *const *m = modules_all; *m; m++)
		vec_push(&c->modules, *m);
}

/* What a file that says nothing of it gets: 5222 with STARTTLS, 5223 with TLS. */
static void complete(struct reading *r, const struct yaml *root)
{
	struct config_listener l = listener_default;

	if (r->c->hosts.n == 0 && !diags_failed(r->ds))
		diag_error(r->ds, "H0004", root ? root->span : SPAN_NONE,
		           "`hosts` is missing: which domains are served?");
	if (r->c->listeners.n == 0) {
		l.port = 5222;
		vec_push(&r->c->listeners, l);
		l.port = 5223;
		l.tls = true;
		vec_push(&r->c->listeners, l);
	}
	vec_push(&r->c->modules, NULL);
}

int config_read(const struct sources *sources, uint32_t file, struct diags *ds,
                struct config *out)
{
	struct config c = { 0 };
	struct reading r = { &c, ds };
	struct yaml *root = NULL;

	set_defaults(&c);
	int result = yaml_read(sources, file, ds, &c.arena, &root);
	if (result == 0 && root)
		take_map(&r, root, options, "option", &c);
	if (result == 0)
		complete(&r, root);
	if (result < 0 || diags_failed(ds)) {
		config_fini(&c);
		return -EINVAL;
	}
	*out = c;
	return 0;
}

void config_fini(struct config *c)
{
	vec_fini(&c->hosts);
	vec_fini(&c->listeners);
	vec_fini(&c->certfiles);
	vec_fini(&c->modules);
	arena_fini(&c->arena);
}

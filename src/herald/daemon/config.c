/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The options at the top level. */
#include "herald/daemon/config_impl.h"

#include <errno.h>

#include "herald/jid/jid.h"

static void take_hosts(struct reading *r, struct yaml *y, void *to)
{
	struct str host;

	(void)to;
	if (!is_list(r, y))
		return;
	for_each_entry(e, y) {
		if (!is_scalar(r, e, "the name of a host"))
			continue;
		if (jid_prep_domain(e->text, &r->c->arena, &host) < 0)
			wrong(r, e, "the name of a host, such as example.org");
		else
			vec_push(&r->c->hosts, arena_str(&r->c->arena, host));
	}
	if (!y->first)
		complain(r, "H0004", y, y->span, "at least one host is needed");
}

static void take_certfiles(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!is_list(r, y))
		return;
	for_each_entry(e, y) {
		if (is_scalar(r, e, "the path of a PEM file"))
			vec_push(&r->c->certfiles, e->text);
	}
}

static void take_folders(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!is_list(r, y))
		return;
	r->c->backup_dirs.n = 0;
	for_each_entry(e, y) {
		if (is_scalar(r, e, "the path of a folder"))
			vec_push(&r->c->backup_dirs, e->text);
	}
}

static void take_log_format(struct reading *r, struct yaml *y, void *to)
{
	if (str_is(y->text, "json"))
		*(enum log_format *)to = LOG_FORMAT_JSON;
	else if (str_is(y->text, "text"))
		*(enum log_format *)to = LOG_FORMAT_TEXT;
	else
		wrong(r, y, "`text` or `json`");
}

/* Between new accounts of an address; `infinity` is ejabberd's word for none at all. */
static void take_pause(struct reading *r, struct yaml *y, void *to)
{
	uint64_t ms;

	if (read_time(y, true, &ms))
		*(uint64_t *)to = ms == UINT64_MAX ? 0 : ms;
	else
		wrong(r, y, "a time, such as `10 minutes`, or `infinity`");
}

/* ---- all ---------------------------------------------------------------------------------- */

static void take_later(struct reading *r, struct yaml *y, void *to)
{
	(void)r, (void)y, (void)to; /* complete() does it */
}

#define FIELD(name) offsetof(struct config, name)
static const struct option options[] = {
	{ "hosts", take_hosts, 0 },
	{ "listen", take_listeners, 0 },
	{ "certfiles", take_certfiles, 0 },
	{ "ca_file", take_text, FIELD(ca_file) },
	{ "modules", take_modules, 0 },
	{ "acl", take_acl, 0 },
	{ "access_rules", take_access_rules, 0 },
	{ "shaper", take_shaper, 0 },
	{ "shaper_rules", take_shaper_rules, 0 },
	{ "auth_method", take_auth_method, 0 },
	{ "auth_password_format", take_password_format, 0 },
	{ "disable_sasl_mechanisms", take_disabled, 0 },
	{ "host_config", take_later, 0 },
	{ "append_host_config", take_later, 0 },
	{ "loglevel", take_level, FIELD(loglevel) },
	{ "log_dir", take_text, FIELD(log_dir) },
	{ "log_format", take_log_format, FIELD(log_format) },
	{ "spool_dir", take_text, FIELD(spool_dir) },
	{ "run_dir", take_text, FIELD(run_dir) },
	{ "backup_dirs", take_folders, 0 },
	{ "sandbox", take_bool, FIELD(sandbox) },
	{ "max_connections_per_address", take_count, FIELD(max_connections_per_address) },
	{ "max_connections_per_prefix", take_count, FIELD(max_connections_per_prefix) },
	{ "max_key_derivations_per_address", take_count,
	  FIELD(max_key_derivations_per_address) },
	{ "max_tls_handshakes", take_count, FIELD(max_tls_handshakes) },
	{ "negotiation_timeout", take_time, FIELD(negotiation_timeout_ms) },
	{ "registration_timeout", take_pause, FIELD(registration_timeout_ms) },
	{ 0 },
};
#undef FIELD

static void set_defaults(struct config *c)
{
	c->loglevel = LOG_LEVEL_INFO;
	c->spool_dir = STR("/var/lib/herald");
	c->run_dir = STR(CONFIG_RUN_DIR);
	c->sandbox = true;
	vec_push(&c->backup_dirs, STR("/var/backups"));
	c->negotiation_timeout_ms = 60000;
	c->registration_timeout_ms = 600000;
	c->max_connections_per_address = 200;
	c->max_connections_per_prefix = 2000;
	c->max_key_derivations_per_address = 50;
	c->max_tls_handshakes = 256;
	setup_defaults(&c->general);
}

struct yaml *entry_of(const struct yaml *map, const char *name)
{
	for (struct yaml *e = map ? map->first : NULL; e; e = e->next) {
		if (e->key && str_is(e->key->text, name) && !e->problem.n)
			return e;
	}
	return NULL;
}

/* The rules that listeners name. */
static void check_listeners(struct reading *r)
{
	struct yaml *listen = entry_of(r->root, "listen");

	for (struct yaml *e = listen ? listen->first : NULL; e; e = e->next) {
		struct yaml *access = e->problem.n ? NULL : entry_of(e, "access");
		struct yaml *shaper = e->problem.n ? NULL : entry_of(e, "shaper");
		if (access)
			check_rule_name(r, access);
		struct yaml *verify = e->problem.n ? NULL : entry_of(e, "tls_verify");
		bool verifies = false;
		if (shaper)
			check_shaper_name(r, shaper);
		if (verify && read_bool(verify, &verifies) && verifies &&
		    !r->c->ca_file.n)
			complain(r, "H0004", verify, verify->span,
			         "`tls_verify` needs `ca_file`: who vouches for the "
			         "clients' certificates");
	}
}

/* ejabberd lets everybody make accounts where nothing is said; herald waits for a word. */
static void check_registration(struct reading *r, const struct yaml *module)
{
	static const char *const rows[] = { "ip_access", "password_strength",
		                            "welcome_message", "registration_watchers" };

	if (!module || entry_of(module, "access"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct yaml *e = entry_of(module, rows[i]);
		if (!e)
			continue;
		diag_warn(r->ds, "H0010", e->key->span,
		          "nobody can make an account in a client: `access: all` beside "
		          "this would let everybody");
		return;
	}
}

/* The rules that modules name. */
static void check_modules(struct reading *r, const struct yaml *map, void *arg)
{
	static const struct {
		const char *module, *option;
	} rows[] = {
		{ "mod_offline", "access_max_user_messages" },
		{ "mod_configure", "access" },
		{ "mod_announce", "access" },
		{ "mod_register", "access" },
		{ "mod_register", "access_from" },
		{ "mod_register", "access_remove" },
		{ "mod_register", "ip_access" },
	};
	struct yaml *modules = entry_of(map, "modules");

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct yaml *module = entry_of(modules, rows[i].module);
		struct yaml *rule = entry_of(module, rows[i].option);
		if (rule)
			check_rule_name(r, rule);
	}
	check_registration(r, entry_of(modules, "mod_register"));
}

/* What a file that says nothing of it gets: 5222 with STARTTLS, 5223 with TLS. */
static void complete(struct reading *r)
{
	take_own(r);
	check_access(r);
	check_listeners(r);
	each_part(r, check_modules, NULL);
	if (r->c->hosts.n == 0 && !diags_failed(r->ds))
		diag_error(r->ds, "H0004", r->root ? r->root->span : SPAN_NONE,
		           "`hosts` is missing: which domains are served?");
	if (r->c->listeners.n == 0) {
		vec_push(&r->c->listeners, listener_of_port(5222, false));
		vec_push(&r->c->listeners, listener_of_port(5223, true));
	}
}

int config_from_tree(struct yaml *root, struct arena *a, struct diags *ds,
                     struct config *out)
{
	struct config c = { .arena = *a };
	struct reading r = { .c = &c, .ds = ds, .root = root, .setup = &c.general };
	auto_buf text = { 0 };

	set_defaults(&c);
	if (root)
		take_map(&r, root, options, EJABBERD_OPTION, "option", &c);
	complete(&r);
	vec_fini(&r.names);
	*a = (struct arena){ 0 };
	if (diags_failed(ds)) {
		*a = c.arena;
		c.arena = (struct arena){ 0 };
		config_fini(&c);
		return -EINVAL;
	}
	if (root)
		yaml_write(&text, root);
	c.text = arena_str(&c.arena, buf_as_str(&text));
	*out = c;
	return 0;
}

int config_read(struct sources *sources, uint32_t file,
                const struct config_loader *loader, struct diags *ds, struct config *out)
{
	auto_arena a = { 0 };
	struct yaml *root = NULL;
	int r = config_tree(sources, file, loader, ds, &a, &root);

	if (r == 0)
		r = config_from_tree(root, &a, ds, out);
	for (uint32_t i = file + 1; r == 0 && i <= sources->list.n; i++)
		vec_push(&out->included,
		         arena_str(&out->arena, sources_get(sources, i)->name));
	return r;
}

void config_fini(struct config *c)
{
	vec_fini(&c->hosts);
	vec_fini(&c->listeners);
	vec_fini(&c->certfiles);
	setup_fini(&c->general);
	vec_for_each(own, &c->own)
		setup_fini(&own->setup);
	vec_fini(&c->own);
	vec_fini(&c->shapers);
	vec_fini(&c->backup_dirs);
	vec_fini(&c->included);
	access_fini(&c->access);
	arena_fini(&c->arena);
}

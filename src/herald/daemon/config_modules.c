/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `modules:`, and the options of those that have any. */
#include "herald/daemon/config_impl.h"

#include "herald/modules/all.h"

/* ---- kinds of values ---------------------------------------------------------------------- */

void take_count(struct reading *r, struct yaml *y, void *to)
{
	uint64_t v;

	if (str_is(y->text, "infinity"))
		*(uint64_t *)to = UINT64_MAX;
	else if (read_number(r, y, 1, 1000000,
	                     "a number from 1 to 1000000, or `infinity`", &v))
		*(uint64_t *)to = v;
}

/* A time that may be none at all. */
static void take_time_or_0(struct reading *r, struct yaml *y, void *to)
{
	if (y->kind == YAML_SCALAR && str_is(y->text, "0"))
		*(uint64_t *)to = 0;
	else
		take_time(r, y, to);
}

static void take_resend(struct reading *r, struct yaml *y, void *to)
{
	bool yes;

	if (read_bool(y, &yes))
		*(enum resend *)to = yes ? RESEND_ALWAYS : RESEND_NEVER;
	else if (str_is(y->text, "if_offline"))
		*(enum resend *)to = RESEND_IF_OFFLINE;
	else
		wrong(r, y, "`true`, `false` or `if_offline`");
}

static void take_queue_type(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!str_is(y->text, "file"))
		wrong(r, y, "`file`: what is not acknowledged is always on the disk");
}

static void take_timeout_action(struct reading *r, struct yaml *y, void *to)
{
	if (str_is(y->text, "none") || str_is(y->text, "kill"))
		*(bool *)to = str_is(y->text, "kill");
	else
		wrong(r, y, "`none` or `kill`");
}

/* ---- mod_disco: server_info --------------------------------------------------------------- */

struct info {
	struct str name;
	struct yaml *urls;
};

static void take_urls(struct reading *r, struct yaml *y, void *to)
{
	struct info *info = to;

	if (is_list(r, y))
		info->urls = y;
}

/* For which modules it holds: herald's one answer is for all. */
static void take_info_modules(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!str_is(y->text, "all"))
		wrong(r, y, "`all`: the server has one answer for everything it is");
}

static void add_contact(struct reading *r, const struct info *info)
{
	struct contact *c = vec_add(&r->setup->contacts);
	struct str *urls;
	size_t n = 0;

	for_each_entry(e, info->urls)
		n++;
	urls = arena_array(&r->c->arena, struct str, n + 1);
	*c = (struct contact){ .name = info->name, .urls = urls };
	for_each_entry(e, info->urls) {
		if (is_scalar(r, e, "a URI, such as mailto:abuse@example.org"))
			urls[c->n++] = e->text;
	}
}

static void take_server_info(struct reading *r, struct yaml *y, void *to)
{
	static const struct option rows[] = {
		{ "modules", take_info_modules, 0 },
		{ "name", take_text, offsetof(struct info, name) },
		{ "urls", take_urls, 0 },
		{ 0 },
	};

	(void)to;
	r->setup->contacts.n = 0;
	if (!is_list(r, y))
		return;
	for_each_entry(e, y) {
		struct info info = { 0 };
		if (!is_map(r, e))
			continue;
		take_map(r, e, rows, EJABBERD_MODULE_OPTION, "option of server_info",
		         &info);
		if (info.name.n && info.urls)
			add_contact(r, &info);
		else if (!e->problem.n)
			wrong(r, e, "a `name` and its `urls`");
	}
}

/* ---- mod_register ------------------------------------------------------------------------- */

static void take_strength(struct reading *r, struct yaml *y, void *to)
{
	uint64_t v;

	if (read_number(r, y, 0, 100, "bits: a number from 0 to 100", &v))
		*(uint64_t *)to = v;
}

static void take_welcome(struct reading *r, struct yaml *y, void *to)
{
	static const struct option rows[] = {
		{ "subject", take_text, offsetof(struct welcome, subject) },
		{ "body", take_text, offsetof(struct welcome, body) },
		{ 0 },
	};

	take_map(r, y, rows, EJABBERD_OTHER, "option of welcome_message", to);
}

static void take_watchers(struct reading *r, struct yaml *y, void *to)
{
	struct jid jid;

	(void)to;
	if (!is_list(r, y))
		return;
	r->setup->watchers.n = 0;
	for_each_entry(e, y) {
		if (!is_scalar(r, e, "an address, such as admin@example.org"))
			continue;
		if (jid_parse(e->text, &r->c->arena, &jid) == 0)
			vec_push(&r->setup->watchers, jid_copy(jid, &r->c->arena));
		else
			wrong(r, e, "an address, such as admin@example.org");
	}
}

/* ejabberd's modules that make accounts too; here there is this one. */
static void take_allow_modules(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (y->kind != YAML_SCALAR || !str_is(y->text, "all"))
		wrong(r, y, "`all`: herald has no other module that makes accounts");
}

/* ---- rows --------------------------------------------------------------------------------- */

#define TUNING(name) (offsetof(struct host_setup, tuning) + offsetof(struct tuning, name))
#define RULE(id) \
	(offsetof(struct host_setup, permission_rules) + (id) * sizeof(struct str))
static const struct option stream_mgmt_options[] = {
	{ "resume_timeout", take_time_or_0, TUNING(resume_timeout_ms) },
	{ "ack_timeout", take_time, TUNING(ack_timeout_ms) },
	{ "max_ack_queue", take_count, TUNING(max_ack_queue) },
	{ "max_resume_timeout", take_time, TUNING(max_resume_timeout_ms) },
	{ "resend_on_timeout", take_resend, TUNING(resend) },
	{ "queue_type", take_queue_type, 0 },
	{ 0 },
};

static const struct option ping_options[] = {
	{ "send_pings", take_bool, TUNING(send_pings) },
	{ "ping_interval", take_time, TUNING(ping_interval_ms) },
	{ "ping_ack_timeout", take_time, TUNING(ping_ack_timeout_ms) },
	{ "timeout_action", take_timeout_action, TUNING(ping_kills) },
	{ 0 },
};

static const struct option fail2ban_options[] = {
	{ "c2s_max_auth_failures", take_count, TUNING(max_auth_failures) },
	{ "c2s_auth_ban_lifetime", take_time, TUNING(auth_ban_ms) },
	{ 0 },
};

static const struct option disco_options[] = {
	{ "server_info", take_server_info, 0 },
	{ 0 },
};

/* `versioning: true` and the like: what herald does anyway may be said. */
static void take_true(struct reading *r, struct yaml *y, void *to)
{
	bool yes;

	(void)to;
	if (!read_bool(y, &yes) || !yes)
		wrong(r, y, "`true`: herald always does that");
}

static void take_false(struct reading *r, struct yaml *y, void *to)
{
	bool yes;

	(void)to;
	if (!read_bool(y, &yes) || yes)
		wrong(r, y, "`false`: herald has not built that");
}

static const struct option roster_options[] = {
	{ "versioning", take_true, 0 },
	{ 0 },
};

static const struct option offline_options[] = {
	{ "access_max_user_messages", take_measure,
	  offsetof(struct host_setup, offline_rule) },
	{ 0 },
};

static const struct option vcard_options[] = {
	{ "search", take_false, 0 },
	{ 0 },
};

static const struct option adhoc_options[] = {
	{ "report_commands_node", take_bool, TUNING(report_commands_node) },
	{ 0 },
};

static const struct option configure_options[] = {
	{ "access", take_access, RULE(MAY_CONFIGURE) },
	{ 0 },
};

static const struct option register_options[] = {
	{ "access", take_access, RULE(MAY_REGISTER) },
	{ "access_from", take_access, RULE(MAY_REGISTER_MORE) },
	{ "access_remove", take_access, RULE(MAY_UNREGISTER) },
	{ "ip_access", take_access, RULE(MAY_REGISTER_FROM) },
	{ "password_strength", take_strength, TUNING(password_strength) },
	{ "welcome_message", take_welcome, TUNING(welcome) },
	{ "registration_watchers", take_watchers, 0 },
	{ "captcha_protected", take_false, 0 },
	{ "allow_modules", take_allow_modules, 0 },
	{ 0 },
};

static const struct option announce_options[] = {
	{ "access", take_access, RULE(MAY_ANNOUNCE) },
	{ 0 },
};

#undef TUNING
#undef RULE

static const struct option no_options[] = { { 0 } };

static const struct {
	const char *module;
	const struct option *options;
} rows[] = {
	{ "mod_stream_mgmt", stream_mgmt_options },
	{ "mod_disco", disco_options },
	{ "mod_fail2ban", fail2ban_options },
	{ "mod_roster", roster_options },
	{ "mod_offline", offline_options },
	{ "mod_vcard", vcard_options },
	{ "mod_ping", ping_options },
	{ "mod_adhoc", adhoc_options },
	{ "mod_configure", configure_options },
	{ "mod_announce", announce_options },
	{ "mod_register", register_options },
};

/* ---- what holds for a host ----------------------------------------------------------------- */

static const char *const permission_rules[] = {
#define X(id, rule) rule,
	PERMISSIONS(X)
#undef X
};

/* The list stays ended by NULL, which does not count. */
static void turn_on(struct host_setup *setup, const struct module *m)
{
	for (size_t i = 0; i < setup->modules.n; i++) {
		if (setup->modules.p[i] == m)
			return;
	}
	vec_push(&setup->modules, m);
	vec_push(&setup->modules, NULL);
	setup->modules.n--;
}

static void set_tuning(struct host_setup *setup)
{
	setup->offline_rule = STR("max_user_offline_messages");
	for (int i = 0; i < PERMISSION_COUNT; i++)
		setup->permission_rules[i] = str_from(permission_rules[i]);
	setup->contacts.n = 0;
	setup->watchers.n = 0;
	setup->tuning = (struct tuning){ .max_auth_failures = 20,
		                         .auth_ban_ms = 3600000,
		                         .resume_timeout_ms = 300000,
		                         .ack_timeout_ms = 60000,
		                         .max_ack_queue = 5000,
		                         .ping_interval_ms = 60000,
		                         .ping_ack_timeout_ms = 32000 };
}

void setup_defaults(struct host_setup *setup)
{
	set_tuning(setup);
	for (const struct module *const *m = modules_all; *m; m++)
		turn_on(setup, *m);
}

void setup_copy(struct host_setup *to, const struct host_setup *from)
{
	*to = *from;
	to->modules = (__typeof__(to->modules)){ 0 };
	to->contacts = (__typeof__(to->contacts)){ 0 };
	to->watchers = (__typeof__(to->watchers)){ 0 };
	vec_for_each(m, &from->modules)
		turn_on(to, *m);
	vec_for_each(contact, &from->contacts)
		vec_push(&to->contacts, *contact);
	vec_for_each(watcher, &from->watchers)
		vec_push(&to->watchers, *watcher);
}

void setup_fini(struct host_setup *setup)
{
	vec_fini(&setup->modules);
	vec_fini(&setup->contacts);
	vec_fini(&setup->watchers);
}

/* No module at all. */
static void turn_off(struct host_setup *setup)
{
	vec_fini(&setup->modules);
	vec_push(&setup->modules, NULL);
	setup->modules.n = 0;
	set_tuning(setup);
}

/* ---- modules ------------------------------------------------------------------------------- */

static const struct option *options_of(const struct module *m)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].module, m->name) == 0)
			return rows[i].options;
	}
	return no_options;
}

static void unknown_module(struct reading *r, struct yaml *e)
{
	struct str words[64];
	size_t n = 0;

	for (const struct module *const *m = modules_all; *m && n < ARRAY_LEN(words); m++)
		words[n++] = str_from((*m)->name);
	unknown_word(r, e, e->key, EJABBERD_MODULE, "module", words, n);
}

void take_modules(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (y->kind != YAML_MAP) {
		wrong(r, y, "a map: lines of `mod_name: {}`");
		return;
	}
	if (!r->appends)
		turn_off(r->setup);
	for_each_entry(e, y) {
		const struct module *m = module_find(e->key->text);
		if (!is_new_key(r, y, e))
			continue;
		if (!m)
			unknown_module(r, e);
		else if (e->kind != YAML_SCALAR ||
		         e->text.n) /* `mod_ping:` alone is `{}` */
			take_map(r, e, options_of(m), EJABBERD_MODULE_OPTION,
			         "option of this module", r->setup);
		if (m && !e->problem.n)
			turn_on(r->setup, m);
	}
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What a host may have of its own: logins, modules, acls and rules. `host_config` says it instead
 * of what holds for all, `append_host_config` in addition.
 */
#include "herald/daemon/config_impl.h"

#include "herald/auth/sasl.h"
#include "herald/jid/jid.h"

/* ---- logins ------------------------------------------------------------------------------- */

/* Accounts are herald's own. (`mnesia` is how ejabberd calls its own.) */
static bool is_internal(struct reading *r, struct yaml *y, const struct yaml *method)
{
	if (method->kind == YAML_SCALAR &&
	    (str_is(method->text, "internal") || str_is(method->text, "mnesia")))
		return true;
	complain(r, "H0003", y, method->span,
	         "herald has accounts of its own only: `internal`");
	return false;
}

void take_auth_method(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (y->kind != YAML_LIST) {
		is_internal(r, y, y);
		return;
	}
	for_each_entry(method, y) {
		if (!is_internal(r, y, method))
			return;
	}
}

void take_password_format(struct reading *r, struct yaml *y, void *to)
{
	(void)to;
	if (!str_is(y->text, "scram"))
		wrong(r, y, "`scram`: herald keeps keys and never a password");
}

static bool is_mechanism(struct str word, const char *name)
{
	return word.n == strlen(name) && strncasecmp(word.p, name, word.n) == 0;
}

/* Mechanisms that herald would never offer may be named as well. */
static bool disable(struct reading *r, struct str word)
{
	static const char *const never[] = { "DIGEST-MD5",    "CRAM-MD5",
		                             "X-OAUTH2",      "ANONYMOUS",
		                             "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS" };

	for (int m = 0; m < SASL_MECH_COUNT; m++) {
		if (is_mechanism(word, sasl_mech_name((enum sasl_mech)m))) {
			r->setup->disabled_mechanisms |= SASL_MASK(m);
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		if (is_mechanism(word, never[i]))
			return true;
	}
	return false;
}

void take_disabled(struct reading *r, struct yaml *y, void *to)
{
	struct str words[SASL_MECH_COUNT];

	(void)to;
	if (!r->appends)
		r->setup->disabled_mechanisms = 0;
	for (int m = 0; m < SASL_MECH_COUNT; m++)
		words[m] = str_from(sasl_mech_name((enum sasl_mech)m));
	if (y->kind == YAML_SCALAR) {
		if (!disable(r, y->text))
			unknown_word(r, y, y, EJABBERD_OTHER, "SASL mechanism", words,
			             SASL_MECH_COUNT);
		return;
	}
	if (!is_list(r, y))
		return;
	for_each_entry(e, y) {
		if (is_scalar(r, e, "the name of a mechanism") && !disable(r, e->text))
			unknown_word(r, e, e, EJABBERD_OTHER, "SASL mechanism", words,
			             SASL_MECH_COUNT);
	}
}

/* ---- hosts of their own ------------------------------------------------------------------- */

static const struct option host_options[] = {
	{ "acl", take_acl, 0 },
	{ "access_rules", take_access_rules, 0 },
	{ "shaper_rules", take_shaper_rules, 0 },
	{ "auth_method", take_auth_method, 0 },
	{ "auth_password_format", take_password_format, 0 },
	{ "disable_sasl_mechanisms", take_disabled, 0 },
	{ "modules", take_modules, 0 },
	{ 0 },
};

bool config_has_host(const struct config *c, struct str host)
{
	vec_for_each(h, &c->hosts) {
		if (str_eq(*h, host))
			return true;
	}
	return false;
}

const struct host_setup *config_setup(const struct config *c, struct str host)
{
	vec_for_each(own, &c->own) {
		if (str_eq(own->name, host))
			return &own->setup;
	}
	return &c->general;
}

/* The host's own, which begins as what holds for all. */
static struct host_setup *need_own(struct config *c, struct str host)
{
	vec_for_each(own, &c->own) {
		if (str_eq(own->name, host))
			return &own->setup;
	}
	struct config_host *own = vec_add(&c->own);
	own->name = host;
	setup_copy(&own->setup, &c->general);
	return &own->setup;
}

/* The host that an entry is for; false: it is none of ours. */
static bool read_host(struct reading *r, const struct yaml *entry)
{
	struct str host;

	if (entry->key->kind != YAML_SCALAR ||
	    jid_prep_domain(entry->key->text, &r->c->arena, &host) < 0 ||
	    !config_has_host(r->c, host))
		return false;
	r->host = arena_str(&r->c->arena, host);
	return true;
}

static void take_hosts_own(struct reading *r, struct yaml *y)
{
	if (!is_map(r, y))
		return;
	for_each_entry(e, y) {
		if (!is_new_key(r, y, e))
			continue;
		if (!read_host(r, e)) {
			complain(r, "H0006", e, e->key->span,
			         "`" STR_FMT "` is not one of the `hosts`",
			         STR_ARG(e->key->text));
			continue;
		}
		r->setup = need_own(r->c, r->host);
		take_map(r, e, host_options, EJABBERD_OPTION, "option of a host", r->c);
	}
	r->host = STR("");
	r->setup = &r->c->general;
}

static const char *const homes[] = { "host_config", "append_host_config" };

void take_own(struct reading *r)
{
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		struct yaml *y = entry_of(r->root, homes[i]);
		r->appends = i == 1;
		if (y)
			take_hosts_own(r, y);
	}
	r->appends = false;
}

void each_part(struct reading *r, part_fn fn, void *arg)
{
	fn(r, r->root, arg);
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		const struct yaml *y = entry_of(r->root, homes[i]);
		for (const struct yaml *e = y ? y->first : NULL; e; e = e->next) {
			if (!e->problem.n && read_host(r, e))
				fn(r, e, arg);
		}
	}
	r->host = STR("");
}

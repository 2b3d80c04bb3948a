/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Asking the rules. */
#include "herald/access/access.h"

#include <fnmatch.h>
#include <netinet/in.h>

#define PATTERN_MAX 3072 /* bytes of a JID's part and a NUL, with room */

struct question {
	const struct access *access;
	struct str host;
	const struct access_who *who;
};

struct access_scope *access_scope(struct access *a, struct str host)
{
	vec_for_each(scope, &a->scopes) {
		if (str_eq(scope->host, host))
			return scope;
	}
	struct access_scope *scope = vec_add(&a->scopes);
	scope->host = host;
	return scope;
}

/* The scopes that hold on a host: its own (0), then the general one (1). */
static const struct access_scope *scope_at(const struct access *a, struct str host,
                                           int which)
{
	vec_for_each(scope, &a->scopes) {
		if (which == 0 ? host.n && str_eq(scope->host, host) : !scope->host.n)
			return scope;
	}
	return NULL;
}

const struct access_rule *access_rule_find(const struct access *a, struct str host,
                                           struct str name)
{
	for (int which = 0; which < 2; which++) {
		const struct access_scope *scope = scope_at(a, host, which);
		if (!scope)
			continue;
		vec_for_each(rule, &scope->rules) {
			if (str_eq(rule->name, name))
				return rule;
		}
	}
	return NULL;
}

static const struct acl *acl_find(const struct access *a, struct str host,
                                  struct str name)
{
	for (int which = 0; which < 2; which++) {
		const struct access_scope *scope = scope_at(a, host, which);
		if (!scope)
			continue;
		vec_for_each(acl, &scope->acls) {
			if (str_eq(acl->name, name))
				return acl;
		}
	}
	return NULL;
}

bool access_has_acl(const struct access *a, struct str host, struct str name)
{
	return str_is(name, "all") || str_is(name, "none") || acl_find(a, host, name);
}

/* ---- conditions --------------------------------------------------------------------------- */

/* The part as a C string; false when it does not fit. */
static bool to_c(struct str s, char *out)
{
	if (s.n >= PATTERN_MAX)
		return false;
	memcpy(out, s.n ? s.p : "", s.n);
	out[s.n] = '\0';
	return true;
}

static bool fits_regex(const regex_t *regex, struct str s)
{
	char text[PATTERN_MAX];

	return to_c(s, text) && regexec(regex, text, 0, NULL, 0) == 0;
}

static bool fits_glob(struct str pattern, struct str s)
{
	char glob[PATTERN_MAX], text[PATTERN_MAX];

	return to_c(pattern, glob) && to_c(s, text) && fnmatch(glob, text, 0) == 0;
}

/* A domain that is named, or any of ours. */
static bool fits_host(const struct acl_match *m, const struct access_who *who)
{
	return m->host.n ? str_eq(jid_domain(who->jid), m->host) : who->local;
}

static bool fits_ip(const struct acl_match *m, const struct sockaddr_storage *ip)
{
	uint8_t address[16] = { [10] = 0xff, [11] = 0xff };

	if (!ip)
		return false;
	if (ip->ss_family == AF_INET)
		memcpy(address + 12, &((const struct sockaddr_in *)ip)->sin_addr, 4);
	else if (ip->ss_family == AF_INET6)
		memcpy(address, &((const struct sockaddr_in6 *)ip)->sin6_addr, 16);
	else
		return false;
	for (unsigned bit = 0; bit < m->bits; bit++) {
		unsigned mask = 0x80u >> (bit % 8);
		if ((address[bit / 8] & mask) != (m->net[bit / 8] & mask))
			return false;
	}
	return true;
}

static bool is_of_acl(const struct question *q, struct str name);

static bool fits(const struct question *q, const struct acl_match *m)
{
	const struct access_who *who = q->who;
	struct jid jid = who->jid;
	bool known = jid.domain_n > 0;

	switch (m->kind) {
	case ACL_USER:
		return known && m->text.n && str_eq(jid_local(jid), m->text) &&
		       fits_host(m, who);
	case ACL_SERVER:
		return known && str_eq(jid_domain(jid), m->text);
	case ACL_RESOURCE:
		return known && str_eq(jid_resource(jid), m->text);
	case ACL_USER_REGEXP:
		return known && jid.local_n && fits_regex(m->regex, jid_local(jid)) &&
		       fits_host(m, who);
	case ACL_SERVER_REGEXP:
		return known && fits_regex(m->regex, jid_domain(jid));
	case ACL_RESOURCE_REGEXP:
		return known && fits_regex(m->regex, jid_resource(jid));
	case ACL_NODE_REGEXP:
		return known && fits_regex(m->regex, jid_local(jid)) &&
		       fits_regex(m->host_regex, jid_domain(jid));
	case ACL_USER_GLOB:
		return known && jid.local_n && fits_glob(m->text, jid_local(jid)) &&
		       fits_host(m, who);
	case ACL_SERVER_GLOB:
		return known && fits_glob(m->text, jid_domain(jid));
	case ACL_RESOURCE_GLOB:
		return known && fits_glob(m->text, jid_resource(jid));
	case ACL_NODE_GLOB:
		return known && fits_glob(m->text, jid_local(jid)) &&
		       fits_glob(m->host, jid_domain(jid));
	case ACL_IP:
		return fits_ip(m, who->ip);
	case ACL_ACL:
		return is_of_acl(q, m->text);
	}
	return false;
}

/* The reader refuses `acl` inside an acl, so this ends. */
static bool is_of_acl(const struct question *q, struct str name)
{
	const struct acl *acl = acl_find(q->access, q->host, name);

	if (!acl)
		return str_is(name, "all");
	vec_for_each(m, &acl->any) {
		if (m->kind != ACL_ACL && fits(q, m))
			return true;
	}
	return false;
}

/* ---- rules -------------------------------------------------------------------------------- */

static bool holds(const struct question *q, const struct access_line *line)
{
	vec_for_each(m, &line->all) {
		if (!fits(q, m))
			return false;
	}
	return line->all.n > 0;
}

struct str access_value(const struct access *a, struct str host, struct str rule,
                        const struct access_who *who)
{
	const struct access_rule *found = access_rule_find(a, host, rule);
	struct question q = { a, host, who };

	if (!found)
		return STR("");
	vec_for_each(line, &found->lines) {
		if (holds(&q, line))
			return line->value;
	}
	return STR("");
}

bool access_allows(const struct access *a, struct str host, struct str rule,
                   const struct access_who *who)
{
	if (!access_rule_find(a, host, rule))
		return str_is(rule, "all");
	return str_is(access_value(a, host, rule, who), "allow");
}

bool access_is_admin(const struct access *a, struct str host,
                     const struct access_who *who)
{
	struct question q = { a, host, who };

	if (access_rule_find(a, host, STR("configure")))
		return access_allows(a, host, STR("configure"), who);
	return is_of_acl(&q, STR("admin"));
}

void access_fini(struct access *a)
{
	vec_for_each(scope, &a->scopes) {
		vec_for_each(acl, &scope->acls)
			vec_fini(&acl->any);
		vec_for_each(rule, &scope->rules) {
			vec_for_each(line, &rule->lines)
				vec_fini(&line->all);
			vec_fini(&rule->lines);
		}
		vec_fini(&scope->acls);
		vec_fini(&scope->rules);
	}
	vec_fini(&a->scopes);
}

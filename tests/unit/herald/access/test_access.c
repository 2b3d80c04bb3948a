/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Conditions and rules. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>

#include "herald/access/access.h"

/* Whether the condition holds for `jid` (of ours when it ends in .example) at `ip`. */
static bool holds(enum acl_kind kind, const char *text, const char *jid, const char *ip)
{
	auto_arena a = { 0 };
	struct sockaddr_storage ss = { 0 };
	struct access access = { 0 };
	struct access_who who = { 0 };
	struct acl_match m;

	assert_int_equal(acl_match_make(kind, str_from(text), &a, &m, NULL), 0);
	assert_int_equal(jid_parse(str_from(jid), &a, &who.jid), 0);
	who.local = str_ends(jid_domain(who.jid), STR(".example"));
	if (ip && strchr(ip, ':')) {
		ss.ss_family = AF_INET6;
		inet_pton(AF_INET6, ip, &((struct sockaddr_in6 *)&ss)->sin6_addr);
	} else if (ip) {
		ss.ss_family = AF_INET;
		inet_pton(AF_INET, ip, &((struct sockaddr_in *)&ss)->sin_addr);
	}
	who.ip = ip ? &ss : NULL;
	struct access_scope *scope = access_scope(&access, STR(""));
	struct access_rule *rule = vec_add(&scope->rules);
	rule->name = STR("rule");
	struct access_line *line = vec_add(&rule->lines);
	line->value = STR("allow");
	vec_push(&line->all, m);
	bool yes = access_allows(&access, STR(""), STR("rule"), &who);
	access_fini(&access);
	return yes;
}

static void a_condition_holds_for_whom_it_names(void **state)
{
	static const struct {
		const char *text, *jid, *ip;
		enum acl_kind kind;
		bool yes;
	} rows[] = {
		{ "admin", "admin@a.example/x", NULL, ACL_USER, true },
		{ "Admin", "admin@b.example", NULL, ACL_USER, true },
		{ "admin", "admin@elsewhere.org", NULL, ACL_USER, false },
		{ "admin@a.example", "admin@a.example", NULL, ACL_USER, true },
		{ "admin@a.example", "admin@b.example", NULL, ACL_USER, false },
		{ "", "admin@a.example", NULL, ACL_USER, false },
		{ "", "a.example", NULL, ACL_USER, false },
		{ "a.example", "x@a.example", NULL, ACL_SERVER, true },
		{ "a.example", "x@b.example", NULL, ACL_SERVER, false },
		{ "desk", "x@a.example/desk", NULL, ACL_RESOURCE, true },
		{ "", "x@a.example", NULL, ACL_USER_REGEXP, true },
		{ "", "x@elsewhere.org", NULL, ACL_USER_REGEXP, false },
		{ "^ad", "admin@a.example", NULL, ACL_USER_REGEXP, true },
		{ "^ad", "mad@a.example", NULL, ACL_USER_REGEXP, false },
		{ "^a@org$", "ab@elsewhere.org", NULL, ACL_NODE_REGEXP, true },
		{ "^a@org$", "ab@a.example", NULL, ACL_NODE_REGEXP, false },
		{ "ad*", "admin@a.example", NULL, ACL_USER_GLOB, true },
		{ "ad*@*.org", "admin@elsewhere.org", NULL, ACL_NODE_GLOB, true },
		{ "*.org", "admin@a.example", NULL, ACL_SERVER_GLOB, false },
		{ "127.0.0.0/8", "a@a.example", "127.1.2.3", ACL_IP, true },
		{ "127.0.0.0/8", "a@a.example", "::ffff:127.1.2.3", ACL_IP, true },
		{ "127.0.0.0/8", "a@a.example", "128.1.2.3", ACL_IP, false },
		{ "::1/128", "a@a.example", "::1", ACL_IP, true },
		{ "2001:db8::/33", "a@a.example", "2001:db8:8000::1", ACL_IP, false },
		{ "0.0.0.0/0", "a@a.example", "2001:db8::1", ACL_IP, false },
		{ "::1", "a@a.example", NULL, ACL_IP, false },
		{ "all", "a@a.example", NULL, ACL_ACL, true },
		{ "none", "a@a.example", NULL, ACL_ACL, false },
		{ "blocked", "a@a.example", NULL, ACL_ACL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (holds(rows[i].kind, rows[i].text, rows[i].jid, rows[i].ip) !=
		    rows[i].yes)
			fail_msg("row %zu: `%s` for %s", i, rows[i].text, rows[i].jid);
	}
}

static void what_is_no_condition_is_refused(void **state)
{
	static const struct {
		enum acl_kind kind;
		const char *text, *why;
	} rows[] = {
		{ ACL_IP, "300.1.1.1", "`300.1.1.1` is not an IP address" },
		{ ACL_IP, "10.0.0.0/33", "a prefix of it has 0 to 32 bits" },
		{ ACL_USER_REGEXP, "(", "`(` is not a pattern: Unmatched ( or \\(" },
		{ ACL_NODE_GLOB, "x*", "`x*` must be `user@server`" },
		{ ACL_USER, "a b", "`a b` is not an address of a user" },
		{ ACL_SERVER, "a b", "`a b` is not a domain" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct acl_match m;
		struct str why;
		assert_int_equal(acl_match_make(rows[i].kind, str_from(rows[i].text), &a,
		                                &m, &why),
		                 -EINVAL);
		assert_str(why, rows[i].why);
	}
}

static void add_line(struct access_scope *scope, const char *rule, const char *value,
                     const char *acl)
{
	struct access_rule *at =
		scope->rules.n ? &scope->rules.p[scope->rules.n - 1] : NULL;
	struct access_line line = { .value = str_from(value) };
	struct acl_match m = { .kind = ACL_ACL, .text = str_from(acl) };

	if (!at || !str_is(at->name, rule)) {
		at = vec_add(&scope->rules);
		at->name = str_from(rule);
	}
	vec_push(&line.all, m);
	vec_push(&at->lines, line);
}

static void a_hosts_own_rules_come_first(void **state)
{
	auto_arena a = { 0 };
	struct access access = { 0 };
	struct access_who who = { .local = true };
	struct acl_match m;

	(void)state;
	assert_int_equal(jid_parse(STR("boss@a.example/x"), &a, &who.jid), 0);
	struct access_scope *scope = access_scope(&access, STR(""));
	struct acl *admin = vec_add(&scope->acls);
	admin->name = STR("admin");
	assert_int_equal(acl_match_make(ACL_USER, STR("boss"), &a, &m, NULL), 0);
	vec_push(&admin->any, m);
	add_line(scope, "sessions", "none", "admin");
	add_line(scope, "sessions", "10", "all");
	scope = access_scope(&access, STR("b.example"));
	add_line(scope, "sessions", "3", "all");

	assert_str(access_value(&access, STR("a.example"), STR("sessions"), &who),
	           "none");
	assert_str(access_value(&access, STR("b.example"), STR("sessions"), &who), "3");
	assert_str(access_value(&access, STR("b.example"), STR("other"), &who), "");
	assert_true(access_is_admin(&access, STR("a.example"), &who));
	assert_true(access_allows(&access, STR("a.example"), STR("all"), &who));
	assert_false(access_allows(&access, STR("a.example"), STR("other"), &who));

	add_line(access_scope(&access, STR("")), "configure", "deny", "all");
	assert_false(access_is_admin(&access, STR("a.example"), &who));
	access_fini(&access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_condition_holds_for_whom_it_names),
		UNIT(what_is_no_condition_is_refused),
		UNIT(a_hosts_own_rules_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

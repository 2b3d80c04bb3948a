/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The configuration: what is understood, and everything that is wrong at once. */
#include "unit.h"

#include <errno.h>

#include "herald/auth/sasl.h"
#include "herald/daemon/config.h"
#include "herald/im/module.h"

static int read_text(const char *text, struct diags *ds, struct buf *said,
                     struct config *c)
{
	struct sources sources = { 0 };
	uint32_t file = sources_add(&sources, STR("h.yml"), str_from(text));
	int r = config_read(&sources, file, NULL, ds, c);

	for (size_t i = 0; i < ds->list.n; i++) {
		const struct diag *d = ds->list.p[i];
		struct place at = source_place(sources_get(&sources, file), d->span.off);
		buf_fmt(said, "%s %u:%u " STR_FMT, d->code, at.line, at.column,
		        STR_ARG(d->message));
		vec_for_each(note, &d->notes)
			buf_fmt(said, " (" STR_FMT ")", STR_ARG(note->text));
		buf_char(said, '\n');
	}
	sources_fini(&sources);
	return r;
}

static void a_good_file_is_understood(void **state)
{
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	struct config c;

	(void)state;
	assert_int_equal(
		read_text("hosts:\n  - Example.ORG\n  - b.example\n"
	                  "loglevel: 5\n"
	                  "spool_dir: \"/x\"\n"
	                  "negotiation_timeout: 2 minutes\n"
	                  "listen:\n"
	                  "  -\n    port: 5223\n    tls: true\n    ip: \"127.0.0.1\"\n"
	                  "modules:\n  mod_ping: {}\n  mod_disco:\n",
	                  &ds, &said, &c),
		0);
	assert_str(buf_as_str(&said), "");
	assert_int_equal(c.hosts.n, 2);
	assert_str(c.hosts.p[0], "example.org");
	assert_int_equal(c.loglevel, LOG_LEVEL_DEBUG);
	assert_str(c.spool_dir, "/x");
	assert_int_equal(c.negotiation_timeout_ms, 120000);
	assert_int_equal(c.listeners.n, 1);
	assert_int_equal(c.listeners.p[0].port, 5223);
	assert_true(c.listeners.p[0].tls && c.listeners.p[0].starttls_required);
	assert_int_equal(c.general.modules.n, 2);
	assert_null(c.general.modules.p[2]);
	config_fini(&c);
}

static void modules_name_rules_for_what_people_may(void **state)
{
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	struct config c;

	(void)state;
	assert_int_equal(
		read_text("hosts: [a]\nregistration_timeout: infinity\n"
	                  "access_rules: {x: {allow: all}}\n"
	                  "modules:\n  mod_register:\n    access: x\n    ip_access: all\n"
	                  "    welcome_message: {body: hi}\n"
	                  "    registration_watchers: [Boss@a]\n"
	                  "    password_strength: 40\n"
	                  "  mod_announce: {access: x}\n",
	                  &ds, &said, &c),
		0);
	assert_str(buf_as_str(&said), "");
	assert_str(c.general.permission_rules[MAY_REGISTER], "x");
	assert_str(c.general.permission_rules[MAY_REGISTER_FROM], "all");
	assert_str(c.general.permission_rules[MAY_REGISTER_MORE], "none");
	assert_str(c.general.permission_rules[MAY_ANNOUNCE], "x");
	assert_str(c.general.permission_rules[MAY_CONFIGURE], "configure");
	assert_str(c.general.tuning.welcome.body, "hi");
	assert_int_equal(c.general.tuning.password_strength, 40);
	assert_int_equal(c.registration_timeout_ms, 0);
	assert_int_equal(c.general.watchers.n, 1);
	assert_str(jid_str(c.general.watchers.p[0]), "boss@a");
	config_fini(&c);
}

/* Instead of a rule's name the rule itself; it is called by its text. */
static void rules_stand_where_they_are_used(void **state)
{
	static const char *const text =
		"hosts: [a.example, b.example]\n"
		"listen: [{port: 5222, access: [allow: near], shaper: {none: near, slow: all}}]\n"
		"host_config: {b.example: {modules: {mod_announce: {access: [deny]}}}}\n"
		"modules: {mod_announce: {access: [{deny: near}, allow]},\n"
		"          mod_offline: {access_max_user_messages: [7: near, 3: all]}}\n"
		"acl: {near: {server: a.example}}\nshaper: {slow: 1000}\n";
	struct access_who who = { .local = true };
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	auto_arena a = { 0 };
	struct config c;

	(void)state;
	assert_int_equal(read_text(text, &ds, &said, &c), 0);
	assert_str(buf_as_str(&said), "");
	struct str announce = c.general.permission_rules[MAY_ANNOUNCE];
	assert_str(announce, "-\n  deny: near\n- allow\n");
	for (int i = 0; i < 2; i++) {
		struct str host = i ? STR("b.example") : STR("a.example");
		assert_int_equal(jid_make(STR("u"), host, STR(""), &a, &who.jid), 0);
		assert_int_equal(
			access_allows(&c.access, host, c.listeners.p[0].access, &who),
			i == 0);
		assert_str(access_value(&c.access, host, c.listeners.p[0].shaper, &who),
		           i ? "slow" : "none");
		assert_str(access_value(&c.access, host, c.general.offline_rule, &who),
		           i ? "3" : "7");
		assert_int_equal(access_allows(&c.access, host, announce, &who), i == 1);
		assert_false(access_allows(
			&c.access, host,
			config_setup(&c, host)->permission_rules[MAY_ANNOUNCE], &who));
	}
	config_fini(&c);
}

static void what_is_not_said_has_defaults(void **state)
{
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	struct config c;

	(void)state;
	assert_int_equal(read_text("hosts: [a.example]\n", &ds, &said, &c), 0);
	assert_int_equal(c.listeners.n, 2);
	assert_int_equal(c.listeners.p[0].port, 5222);
	assert_int_equal(c.listeners.p[1].port, 5223);
	assert_true(c.listeners.p[1].tls);
	assert_str(c.general.permission_rules[MAY_REGISTER], "none");
	assert_int_equal(c.registration_timeout_ms, 600000);
	assert_true(c.general.modules.n > 5);
	config_fini(&c);
}

static const char *names_of(const struct host_setup *setup, struct buf *out)
{
	vec_for_each(m, &setup->modules)
		buf_fmt(out, "%s ", (*m)->name);
	assert_null(setup->modules.p[setup->modules.n]);
	return out->p;
}

/* host_config stands instead of what holds for all, append_host_config beside it. */
static void hosts_have_their_own(void **state)
{
	static const char *const text =
		"hosts: [a.example, b.example, c.example]\n"
		"auth_method: internal\n"
		"disable_sasl_mechanisms: [PLAIN]\n"
		"host_config:\n"
		"  B.example:\n"
		"    auth_method: [mnesia]\n"
		"    modules: {mod_ping: {}}\n"
		"    disable_sasl_mechanisms: [EXTERNAL]\n"
		"append_host_config:\n"
		"  c.example:\n"
		"    disable_sasl_mechanisms: SCRAM-SHA-1\n"
		"    acl: {near: {ip: \"::1/128\"}}\n"
		"    access_rules: {c2s: {deny: near}}\n"
		"    modules:\n"
		"      mod_stream_mgmt: {max_ack_queue: 9}\n"
		"      mod_time: {}\n"
		"acl: {near: [{ip: 127.0.0.0/8}, {ip: 192.0.2.1, user: a}]}\n"
		"access_rules: {c2s: {allow: all}}\n"
		"modules: {mod_stream_mgmt: {resume_timeout: 7, max_ack_queue: 8}}\n";
	static const struct {
		const char *host, *modules;
		uint64_t resume_ms, max_queue;
		uint32_t disabled;
	} rows[] = {
		{ "a.example", "mod_stream_mgmt ", 7000, 8, SASL_MASK(SASL_PLAIN) },
		{ "b.example", "mod_ping ", 300000, 5000, SASL_MASK(SASL_EXTERNAL) },
		{ "c.example", "mod_stream_mgmt mod_time ", 7000, 9,
		  SASL_MASK(SASL_PLAIN) | SASL_MASK(SASL_SCRAM_SHA_1) },
	};
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	struct config c;

	(void)state;
	assert_int_equal(read_text(text, &ds, &said, &c), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct host_setup *setup = config_setup(&c, str_from(rows[i].host));
		auto_buf names = { 0 };
		assert_string_equal(names_of(setup, &names), rows[i].modules);
		assert_int_equal(setup->tuning.resume_timeout_ms, rows[i].resume_ms);
		assert_int_equal(setup->tuning.max_ack_queue, rows[i].max_queue);
		assert_int_equal(setup->disabled_mechanisms, rows[i].disabled);
	}
	/* The acl has both conditions, the rule first what holds for all. */
	const struct access_rule *rule =
		access_rule_find(&c.access, STR("c.example"), STR("c2s"));
	assert_int_equal(rule->lines.n, 2);
	assert_str(rule->lines.p[0].value, "allow");
	assert_int_equal(access_scope(&c.access, STR("c.example"))->acls.p[0].any.n, 4);
	config_fini(&c);
}

static void everything_wrong_is_said_with_its_place(void **state)
{
	static const struct {
		const char *in, *said;
	} rows[] = {
		{ "", "H0004 1:1 `hosts` is missing: which domains are served?\n" },
		{ "hosts: []\n", "H0004 1:8 at least one host is needed\n" },
		{ "hosts: a\n",
		  "H0004 1:8 this must be a list: lines that begin with `-`\n" },
		{ "hosts: [a, 'b c']\n",
		  "H0004 1:12 this must be the name of a host, such as example.org\n" },
		{ "host: [a]\nloglevel: loud\nhosts: [a]\n",
		  "H0002 1:1 there is no option `host` (did you mean `hosts`?)\n"
		  "H0004 2:11 this must be none, emergency, alert, critical, error, warning, notice, "
		  "info or debug\n" },
		{ "hosts: [a]\ncaptcha_cmd: x\n",
		  "H0003 2:1 herald has not built ejabberd's option `captcha_cmd` yet\n" },
		{ "hosts: [a]\nhosts: [b]\n",
		  "H0005 2:1 `hosts` is set twice (the first time here)\n" },
		{ "hosts: [a]\nlisten:\n  - port: 70000\n    modul: ejabberd_c2s\n",
		  "H0004 3:11 this must be a port: a number from 1 to 65535\n"
		  "H0002 4:5 there is no option of a listener `modul` (did you mean `module`?)\n"
		  "H0004 3:5 this listener has no `port`\n" },
		{ "hosts: [a]\nlisten:\n  - {port: 1, module: ejabberd_http}\n",
		  "H0003 3:23 herald has not built ejabberd's listener `ejabberd_http` yet\n" },
		{ "hosts: [a]\nmodules:\n  mod_pin: {}\n  mod_mam: {}\n  mod_ping: {x: 1}\n",
		  "H0002 3:3 there is no module `mod_pin` (did you mean `mod_ping`?)\n"
		  "H0003 4:3 herald has not built ejabberd's module `mod_mam` yet\n"
		  "H0002 5:14 there is no option of this module `x`\n" },
		{ "hosts: [a]\nlisten:\n  - {port: 1, tls: maybe, starttls: \"true\"}\n",
		  "H0004 3:20 this must be `true` or `false`\n"
		  "H0004 3:37 this must be `true` or `false`\n" },
		{ "hosts: [a]\nhost_config:\n  b: {}\n  a: {modules: {mod_pin: {}}, hosts: [b]}\n",
		  "H0006 3:3 `b` is not one of the `hosts`\n"
		  "H0002 4:17 there is no module `mod_pin` (did you mean `mod_ping`?)\n"
		  "H0002 4:31 there is no option of a host `hosts`\n" },
		{ "hosts: [a]\nappend_host_config:\n  a:\n    shaper_rules: {x: {slo: all}}\n"
		  "    modules: {mod_offline: {access_max_user_messages: y}}\nshaper: {slow: 1}\n",
		  "H0006 4:24 there is no shaper `slo` (did you mean `slow`?)\n"
		  "H0006 5:55 there is no rule `y`\n" },
		{ "hosts: [a]\nnegotiation_timeout: soon\n",
		  "H0004 2:22 this must be a time, such as `30 seconds`\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_diags ds = { 0 };
		auto_buf said = { 0 };
		struct config c;
		assert_int_equal(read_text(rows[i].in, &ds, &said, &c), -EINVAL);
		assert_str(buf_as_str(&said), rows[i].said);
	}
}

static void what_is_no_yaml_is_said_so(void **state)
{
	static const char *const rows[] = { "hosts: [a", "\thosts: [a]",
		                            "a: b: c",   "hosts: *x",
		                            "'",         "\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_diags ds = { 0 };
		auto_buf said = { 0 };
		struct config c;
		assert_int_equal(read_text(rows[i], &ds, &said, &c), -EINVAL);
		assert_true(str_starts(buf_as_str(&said), STR("H0001 ")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_good_file_is_understood),
		UNIT(modules_name_rules_for_what_people_may),
		UNIT(rules_stand_where_they_are_used),
		UNIT(what_is_not_said_has_defaults),
		UNIT(hosts_have_their_own),
		UNIT(everything_wrong_is_said_with_its_place),
		UNIT(what_is_no_yaml_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

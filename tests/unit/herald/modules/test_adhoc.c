/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* From a row to a form, from a form to arguments, from an answer to a result. */
#include "unit.h"

#include <errno.h>

#include "herald/modules/adhoc.h"
#include "herald/modules/form.h"
#include "herald/xml/parse.h"

static const struct command add = { "add", "user host password", "", "add one", NULL };
static const struct command list = { "list", "host", "name size", "list all", NULL };
static const struct command check = { "check", "[--dry-run] file", "", "check", NULL };

static const struct command_node add_user = {
	.prefix = "http://jabber.org/protocol/admin#",
	.name = "add-user",
	.title = "Add",
	.command = &add,
	.fields = "accountjid password password-verify",
	.args = "@user @host password",
};
static const struct command_node of_many = {
	.prefix = "p/",
	.name = "many",
	.title = "Many",
	.command = &add,
	.fields = "accountjids",
	.args = "@user @here =x y",
	.session_command = &add,
	.session_args = "@user @resource",
};
static const struct command_node check_it = {
	.prefix = "p/",
	.name = "check",
	.title = "Check",
	.command = &check,
	.fields = "[--dry-run] file",
};

static const struct command_node listing = {
	.prefix = "p/",
	.name = "list",
	.title = "L",
	.command = &list,
	.fields = "host",
};
static const struct command fields = { "show", "host", COMMAND_FIELDS, "show it", NULL };
static const struct command_node of_fields = {
	.prefix = "p/",
	.name = "show",
	.title = "L",
	.command = &fields,
	.fields = "host",
};
static const struct command_node named = {
	.prefix = "p/",
	.name = "list",
	.title = "L",
	.command = &list,
	.fields = "host",
	.result = "userjids",
};

static const struct xml *read_form(const char *text, struct arena *a)
{
	static const struct xml_ns data = { STR_INIT(""), STR_INIT(NS_DATA), NULL, 0 };
	static const struct xml_limits limits = { 10000, 8, 100, 32 };
	struct xml *x;

	assert_int_equal(xml_parse(str_from(text), &data, &limits, a, &x), XML_OK);
	return x;
}

#define FIELD(var, value) "<field var='" var "'><value>" value "</value></field>"

static void what_lacks_in_a_form_is_named(void **state)
{
	static const struct {
		const char *in, *why;
	} rows[] = {
		{ "<x/>", "`Account` is missing" },
		{ "<x>" FIELD("accountjid", "a@b") "</x>", "`Password` is missing" },
		{ "<x>" FIELD("accountjid", "a@b") FIELD("password", "1")
		          FIELD("password-verify", "2") "</x>",
		  "the two passwords are not the same" },
		{ "<x>" FIELD("accountjid", "a@b") FIELD("password", "1")
		          FIELD("password-verify", "1") "</x>",
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct adhoc_values v;
		struct str why = STR("");
		int r = adhoc_read_form(&add_user, read_form(rows[i].in, &a), &a, &v,
		                        &why);
		assert_int_equal(r, rows[i].why[0] ? -EINVAL : 0);
		assert_str(why, rows[i].why);
	}
}

static void accounts_are_addresses_line_by_line(void **state)
{
	static const struct {
		const char *text;
		int result;
		size_t n;
	} rows[] = {
		{ "A@b.example\n\n c@D.example ", 0, 2 },
		{ "", 0, 0 },
		{ "b.example", -EINVAL, 0 },
		{ "a@b/c", 0, 1 },
		{ "a@b\n@", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct adhoc_values v = { { str_from(rows[i].text) } };
		struct jid jids[ADHOC_ACCOUNTS_MAX];
		struct str why;
		size_t n;
		int r = adhoc_accounts(&of_many, &v, &a, jids, &n, &why);
		assert_int_equal(r, rows[i].result);
		if (r == 0)
			assert_int_equal(n, rows[i].n);
		if (r == 0 && n == 2)
			assert_str(jid_str(jids[1]), "c@d.example");
	}
}

static void a_session_is_named_only_where_one_can_be_meant(void **state)
{
	struct adhoc_values v = { { STR("a@b/c") } };
	auto_arena a = { 0 };
	struct jid jids[ADHOC_ACCOUNTS_MAX];
	struct str why;
	size_t n;

	(void)state;
	assert_int_equal(adhoc_accounts(&add_user, &v, &a, jids, &n, &why), -EINVAL);
	assert_str(why,
	           "`a@b/c` is not the address of an account, such as alice@example.org");
}

static void fields_become_arguments(void **state)
{
	struct adhoc_values v = { { STR("a@b"), STR("pw"), STR("pw") } };
	struct adhoc_values none = { { STR(""), STR("f") } };
	struct adhoc_values flag = { { STR("--dry-run"), STR("f") } };
	auto_arena a = { 0 };
	struct call call = { 0 };
	struct jid jid;

	(void)state;
	assert_int_equal(jid_parse(STR("a@b"), &a, &jid), 0);
	adhoc_fill(&add_user, &v, jid, STR("here"), &call);
	assert_int_equal(call.n_args, 3);
	assert_str(call.args[0], "a");
	assert_str(call.args[1], "b");
	assert_str(call.args[2], "pw");
	adhoc_fill(&of_many, &v, jid, STR("here"), &call);
	assert_int_equal(call.n_args, 3);
	assert_str(call.args[1], "here");
	assert_str(call.args[2], "x");
	adhoc_fill(&check_it, &none, jid, STR("here"), &call);
	assert_int_equal(call.n_args, 1);
	assert_str(call.args[0], "f");
	adhoc_fill(&check_it, &flag, jid, STR("here"), &call);
	assert_int_equal(call.n_args, 2);
	assert_str(call.args[0], "--dry-run");
	assert_int_equal(jid_parse(STR("a@b/c"), &a, &jid), 0);
	assert_ptr_equal(adhoc_command(&of_many, jid), &add);
	adhoc_fill(&of_many, &v, jid, STR("here"), &call);
	assert_int_equal(call.n_args, 2);
	assert_str(call.args[1], "c");
	arena_fini(&call.arena);
}

static void secrets_are_neither_shown_nor_kept(void **state)
{
	char secret[] = "s3cr3t";
	struct adhoc_values v = { { STR("a@b"), { secret, 6 }, { secret, 6 } } };
	struct adhoc_hosts hosts = { 0 };
	auto_arena a = { 0 };
	auto_buf text = { 0 };
	struct xml *x = xml_new(&a, "command", "c");

	(void)state;
	adhoc_put_form(&add_user, &v, &hosts, &a, x);
	adhoc_put_review(&add_user, &v, &a, x);
	xml_write(&text, x, STR("c"));
	assert_null(strstr(text.p, "s3cr3t"));
	assert_non_null(strstr(text.p, "<value>a@b</value>"));
	assert_non_null(strstr(text.p, "<value>Account: a@b</value>"));
	adhoc_wipe(&add_user, &v);
	assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
}

static void answers_become_notes_or_tables(void **state)
{
	static const struct {
		const struct command_node *node;
		const char *answer, *out;
	} rows[] = {
		{ &add_user, "", "<note type='info'>It is done.</note>" },
		{ &add_user, "two\x01words", "<note type='info'>two words</note>" },
		{ &check_it, "a\nb",
		  "<x xmlns='jabber:x:data' type='result'><title>Check</title>"
		  "<field type='text-multi' var='result'><value>a</value><value>b</value></field></x>" },
		{ &named, "a\nb@c/d",
		  "<x xmlns='jabber:x:data' type='result'><title>L</title>"
		  "<field type='jid-multi' var='userjids' label='L'><value>a@h</value><value>b@c/d</value></field></x>" },
		{ &named, "a\tspam\nb\t",
		  "<x xmlns='jabber:x:data' type='result'><title>L</title>"
		  "<field type='jid-multi' var='userjids' label='L'><value>a@h</value><value>b@h</value></field></x>" },
		{ &of_fields, "size\t3\nname\ta\tb\nname\tc",
		  "<x xmlns='jabber:x:data' type='result'><title>L</title>"
		  "<field type='text-multi' var='size'><value>3</value></field>"
		  "<field type='text-multi' var='name'><value>a&#9;b</value><value>c</value></field></x>" },
		{ &listing, "a\t1\nb",
		  "<x xmlns='jabber:x:data' type='result'><title>L</title><reported>"
		  "<field type='text-single' var='name' label='name'/>"
		  "<field type='text-single' var='size' label='size'/></reported>"
		  "<item><field var='name'><value>a</value></field>"
		  "<field var='size'><value>1</value></field></item>"
		  "<item><field var='name'><value>b</value></field>"
		  "<field var='size'><value/></field></item></x>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		auto_buf text = { 0 };
		struct adhoc_values v = { 0 };
		struct xml *x = xml_new(&a, "c", "c");
		adhoc_put_result(rows[i].node, &v, str_from(rows[i].answer), STR("h"), &a,
		                 x);
		xml_write(&text, xml_first(x), STR("c"));
		assert_str(buf_as_str(&text), rows[i].out);
	}
}

static void an_answer_is_cut_to_what_a_stanza_can_take(void **state)
{
	auto_arena a = { 0 };
	auto_buf answer = { 0 };
	struct adhoc_values v = { 0 };
	struct xml *x = xml_new(&a, "c", "c"), *form;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 2 * ADHOC_LINES_MAX; i++)
		buf_fmt(&answer, "%d\t1\n", i);
	adhoc_put_result(&listing, &v, buf_as_str(&answer), STR("h"), &a, x);
	form = form_find(x, "result");
	xml_for_each(item, form) n += str_is(item->name, "item");
	assert_int_equal(n, ADHOC_LINES_MAX);
	assert_str(xml_text(xml_child(x, "note", NULL), &a),
	           "These are the first 1000 lines.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_lacks_in_a_form_is_named),
		UNIT(accounts_are_addresses_line_by_line),
		UNIT(a_session_is_named_only_where_one_can_be_meant),
		UNIT(fields_become_arguments),
		UNIT(secrets_are_neither_shown_nor_kept),
		UNIT(answers_become_notes_or_tables),
		UNIT(an_answer_is_cut_to_what_a_stanza_can_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

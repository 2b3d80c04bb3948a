/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands: every verb and object, names and handles, and what misspelt ones are told. */
#include "commands.h"

static void tables_and_rulesets(void **state)
{
	static const char *const rows[][2] = {
		{ "add table t", "add table ip t" },
		{ "create table inet t", "create table inet t" },
		{ "delete table bridge t", "delete table bridge t" },
		{ "destroy table t", "destroy table ip t" },
		{ "delete table ip6 handle 7", "delete table ip6 handle=7" },
		{ "list table arp t; flush table netdev t",
		  "list table arp t\nflush table netdev t" },
		{ "list tables", "list tables" },
		{ "list tables ip", "list tables ip" },
		{ "list ruleset\nlist ruleset inet", "list ruleset\nlist ruleset inet" },
		{ "flush ruleset", "flush ruleset" },
		{ "table t { }", "(add table ip t" },
		{ "table t { }; table inet \"log\" { } add table u",
		  "(add table ip t\n(add table inet log\nadd table ip u" },
		{ "add table t { flags dormant,owner; comment \"x\"; }",
		  "add table ip t" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void chains_and_rules(void **state)
{
	static const char *const rows[][2] = {
		{ "add chain t c", "add chain ip t c" },
		{ "chain inet t c { accept; }", "(add chain inet t c" },
		{ "delete chain inet t handle 4", "delete chain inet t handle=4" },
		{ "rename chain t a b", "rename chain ip t a to=b" },
		{ "list chains\nlist chains inet", "list chains\nlist chains inet" },
		{ "flush chain t c", "flush chain ip t c" },
		{ "add rule inet t c tcp dport 22 accept",
		  "add rule inet t c <tcp dport 22 accept>" },
		{ "add inet t c ip saddr { 1.1.1.1,\n 2.2.2.2 } drop # why\nlist tables",
		  "add rule inet t c <ip saddr { 1.1.1.1,\n 2.2.2.2 } drop>\nlist tables" },
		{ "t c accept", "(add rule ip t c <accept>" },
		{ "ip6 t c accept; inet t c drop",
		  "(add rule ip6 t c <accept>\n(add rule inet t c <drop>" },
		{ "add rule t c handle 5 accept", "add rule ip t c pos=5 <accept>" },
		{ "add rule t c position 5 accept", "add rule ip t c pos=5 <accept>" },
		{ "insert rule t c index 2 accept",
		  "insert rule ip t c index=2 <accept>" },
		{ "insert t c accept", "insert rule ip t c <accept>" },
		{ "replace rule t c handle 9 drop", "replace rule ip t c pos=9 <drop>" },
		{ "delete rule t c handle 0x10", "delete rule ip t c pos=16" },
		{ "reset rule inet t c handle 3", "reset rule inet t c pos=3" },
		{ "reset rules\nreset rules inet t c\nreset rules table t",
		  "reset rules\nreset rules inet t c\nreset rules ip t" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void rules_are_named_by_their_text(void **state)
{
	static const char *const rows[][2] = {
		{ "delete rule t c tcp dport 22 accept",
		  "delete rule ip t c <tcp dport 22 accept>" },
		{ "insert rule t c accept before tcp dport 22 drop",
		  "insert rule ip t c <accept> ref<tcp dport 22 drop>" },
		{ "insert rule t c log prefix \"a before b\" drop",
		  "insert rule ip t c <log prefix \"a before b\" drop>" },
		{ "replace rule t c accept with drop",
		  "replace rule ip t c <drop> ref<accept>" },
		{ "replace rule t c reject with tcp reset with drop",
		  "replace rule ip t c <drop> ref<reject with tcp reset>" },
		{ "replace rule t c reject with icmp type host-unreachable with reject with tcp reset",
		  "replace rule ip t c <reject with tcp reset> "
		  "ref<reject with icmp type host-unreachable>" },
		{ "replace rule t c reject with tcp dport 22 drop",
		  "replace rule ip t c <tcp dport 22 drop> ref<reject>" },
		{ "replace rule t c drop with jump { reject with tcp reset; }",
		  "replace rule ip t c <jump { reject with tcp reset; }> ref<drop>" },
		{ "replace rule t c accept",
		  "E0001@1:18: expected which rule to replace" },
		{ "replace rule t c accept with",
		  "E0001@1:29: there is no rule behind `with`" },
		{ "insert rule t c before accept",
		  "E0001@1:17: there is no rule before `before`" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void sets_elements_and_objects(void **state)
{
	static const char *const rows[][2] = {
		{ "add set t s { type ipv4_addr; }", "add set ip t s" },
		{ "add map inet t m { typeof ip saddr : verdict; }", "add map inet t m" },
		{ "delete set t handle 3; list set t s; flush map t m; reset set t s",
		  "delete set ip t handle=3\nlist set ip t s\nflush map ip t m\nreset set ip t s" },
		{ "list sets\nlist sets inet\nlist maps table inet t\nlist sets inet t",
		  "list sets\nlist sets inet\nlist maps inet t\nlist sets inet t" },
		{ "add element t s { 1.1.1.1, 2.2.2.2 }",
		  "add element ip t s elems< 1.1.1.1, 2.2.2.2 >" },
		{ "get element inet t s { 5 }\ndelete element t s {6}",
		  "get element inet t s elems< 5 >\ndelete element ip t s elems<6>" },
		{ "define x = { 1, 2 }\nadd element t s $x",
		  "add element ip t s elems<$x>" },
		{ "list meters\nlist meter t m\nflush meter t m\nlist flow tables",
		  "list meters\nlist meter ip t m\nflush meter ip t m\nlist meters" },
		{ "add flowtable t f { hook ingress priority 0; devices = { lo }; }",
		  "add flowtable ip t f" },
		{ "list flowtables\ndelete flowtable t handle 8",
		  "list flowtables\ndelete flowtable ip t handle=8" },
		{ "add counter t c\nadd counter t c packets 1 bytes 2\nadd counter t c { packets 1 bytes 2; }",
		  "add object/1 ip t c\nadd object/1 ip t c\nadd object/1 ip t c" },
		{ "add quota t q over 10 mbytes\nadd limit t l rate 10/second burst 5 packets",
		  "add object/2 ip t q\nadd object/4 ip t l" },
		{ "add synproxy t s mss 1460 wscale 7 timestamp sack-perm\nadd secmark t s \"a:b\"",
		  "add object/10 ip t s\nadd object/8 ip t s" },
		{ "add ct helper t h { type \"ftp\" protocol tcp; }",
		  "add object/3 ip t h" },
		{ "add ct timeout t o { protocol tcp; policy = { established : 2m, close : 20 }; }",
		  "add object/7 ip t o" },
		{ "add ct expectation t e { protocol udp; dport 5060; timeout 1h; size 12; l3proto ip; }",
		  "add object/9 ip t e" },
		{ "list counters\nlist counters table inet t\nlist quotas ip\nlist counter t c",
		  "list objects/1\nlist objects/1 inet t\nlist objects/2 ip\nlist object/1 ip t c" },
		{ "list ct helpers\nlist ct timeout table t\nlist ct expectation t e",
		  "list objects/3\nlist objects/7 ip t\nlist object/9 ip t e" },
		{ "reset counters\nreset counter t c\nreset quotas table t",
		  "reset objects/1\nreset object/1 ip t c\nreset objects/2 ip t" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void the_other_verbs(void **state)
{
	static const char *const rows[][2] = {
		{ "list hooks\nlist hooks inet device eth0",
		  "list hooks\nlist hooks inet dev=eth0" },
		{ "describe tcp dport\ndescribe ipv4_addr",
		  "describe expr expr<tcp dport>\ndescribe expr type=ipv4_addr" },
		{ "monitor\nmonitor new rules json\nmonitor trace",
		  "monitor ruleset\nmonitor ruleset\nmonitor ruleset" },
		{ "export vm json; import json", "export ruleset\nimport ruleset" },
		{ "monitor frogs",
		  "E0001@1:9: expected a newline or `;` before `frogs`" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void what_is_no_command_is_told_why(void **state)
{
	static const char *const rows[][2] = {
		{ "lst ruleset", "E0001@1:1: `lst` is not a command" },
		{ "foo", "E0001@1:1: `foo` is not a command" },
		{ "list rulset", "E0011@1:6: `rulset` is not something to list" },
		{ "list", "E0001@1:5: expected something to list, found the end" },
		{ "add tabel inet x { }", "E0011@1:5: `tabel` is not something to add" },
		{ "ruleset", "E0001@1:1: `ruleset` is no command" },
		{ "rename table t x", "E0001@1:8: `rename table` is no command" },
		{ "add table log",
		  "E0007@1:11: `log` is a word of the language, expected a table's name" },
		{ "add chain t 5c",
		  "E0001@1:13: expected a chain's name, which begins with a letter" },
		{ "add table", "E0005@1:10: the table has no name" },
		{ "add rule inet t",
		  "E0001@1:16: expected a chain's name, found the end" },
		{ "add rule t c", "E0001@1:13: expected a rule, found the end" },
		{ "delete rule t c",
		  "E0001@1:16: expected `handle N` or the rule's text, found the end" },
		{ "delete rule t c index 4",
		  "E0001@1:17: expected `handle N` or the rule's text, found `index`" },
		{ "delete rule t c handle 4 accept",
		  "E0001@1:26: expected a newline or `;` before `accept`" },
		{ "delete table handle 99999999999999999999",
		  "E0013@1:21: `99999999999999999999` is too big for a handle: at most 18446744073709551615" },
		{ "add element t s 1.1.1.1",
		  "E0001@1:17: expected `{ elements }`, found `1.1.1.1`" },
		{ "add set t s", "E0001@1:12: expected `{`, found the end" },
		{ "add ct helper t h", "E0001@1:18: expected `{`, found the end" },
		{ "list tables foo",
		  "E0001@1:13: expected a newline or `;` before `foo`" },
		{ "}\nadd table t", "add table ip t\nE0001@1:1: `}` closes nothing" },
		{ "add chain t x*", "E0001@1:13: `x*` cannot be a chain's name" },
		{ "add chain t 1.2.3.4",
		  "E0001@1:13: `1.2.3.4` cannot be a chain's name" },
		{ "show ruleset", "E0001@1:1: `show` is not a command" },
		{ "table ipv4 f { }", "E0011@1:7: `ipv4` is not a family" },
		{ "table f inet { }",
		  "E0001@1:9: the family stands before the table's name" },
		{ "chain i { accept; }",
		  "E0001@1:7: expected the table and a chain's name" },
		{ "add rule inet t tcp dport 22 accept",
		  "E0001@1:17: expected the chain before the rule" },
		{ "foo bar\nadd table t\nlist x\nadd table u",
		  "add table ip t\nadd table ip u\nE0001@1:1: `foo` is not a command\n"
		  "E0011@3:6: `x` is not something to list" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void wrong_commands_leave_the_others_whole(void **state)
{
	static const char *const rows[][2] = {
		{ "add table {\n chain c { accept; }\n}\nadd table t",
		  "add table ip t\nE0005@1:11: the table has no name" },
		{ "add rule t table tcp dport { 22,\n 80 } accept\nadd table t",
		  "add table ip t\nE0007@1:12: `table` is a word of the language, expected a chain's name" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void what_is_left_out_is_read_for_its_mistakes(void **state)
{
	static const char *const rows[][2] = {
		{ "table t {\n chain a { policy deny; tcp dport 22 acept\n }\n"
		  " set s { type mark; elements = { 1 2 }; }\n}",
		  "E0011@2:19: `deny` is not a policy\nE0009@2:38: `acept` begins no statement\n"
		  "E0208@4:35: expected a comma before `2`" },
		{ "add chain t c { policy deny; tcp dport 22 acept; }",
		  "E0011@1:24: `deny` is not a policy\nE0009@1:43: `acept` begins no statement" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void what_is_broken_can_be_had_by_name(void **state)
{
	const struct parser_options options = { .keep_broken = true };
	struct commands c = { 0 };
	struct command *cmd;

	(void)state;
	c.parser = parser_new(&c.a, &c.sources, &c.diags, &options);
	commands_add(
		&c, "test",
		"table t { chain a { policy deny; }; chain b { accept; }; set log { }; }\n"
		"add chain t d { type frob; }\nadd chain t log\nadd table {}");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_true(cmd->is_broken && cmd->table->is_broken);
	assert_true(cmd->table->chains[0]->is_broken);
	assert_false(cmd->table->chains[1]->is_broken);
	assert_true(cmd->table->sets[0]->is_broken);
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_true(cmd->is_broken && cmd->chain->is_broken);
	assert_str(cmd->chain->ref.name, "d");
	assert_int_equal(parser_next(c.parser, &cmd), 0);
	commands_close(&c);
}

static void completion_is_the_grammar(void **state)
{
	static const char *const rows[][2] = {
		{ "rename ", "chain\n" },
		{ "list ct ",
		  "expectation\nexpectations\nhelper\nhelpers\ntimeout\ntimeouts\n" },
		{ "list ruleset ", "arp\nbridge\ninet\nip\nip6\nnetdev\n" },
		{ "table t { chain c { type ", "filter\nnat\nroute\n" },
		{ "table t { chain c { policy ", "accept\ndrop\n" },
		{ "table t { set s { flags ", "constant\ndynamic\ninterval\ntimeout\n" },
		{ "add rule t c tcp dport ", "map\nset\nvmap\n" },
		{ "add rule t c frobnicate ", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = { 0 };

		parser_complete(str_from(rows[i][0]), &got);
		if (!str_is(buf_as_str(&got), rows[i][1]))
			fail_msg("%s\ngot:\n" STR_FMT "\nwant:\n%s", rows[i][0],
			         STR_ARG(buf_as_str(&got)), rows[i][1]);
	}
}

static void completion_knows_rules(void **state)
{
	static const char *const rows[][2] = {
		{ "", "table" },
		{ "", "list" },
		{ "add rule t c ", "tcp" },
		{ "add rule t c tcp ", "dport" },
		{ "add rule t c tcp dport 22 ", "accept" },
		{ "table t { chain c { accept; meta ", "mark" },
		{ "list tables; ", "add" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf got = { 0 }, line = { 0 };

		buf_fmt(&line, "\n%s\n", rows[i][1]);
		buf_char(&got, '\n');
		parser_complete(str_from(rows[i][0]), &got);
		if (!strstr(got.p, line.p))
			fail_msg("`%s` is not offered behind: %s", rows[i][1],
			         rows[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(tables_and_rulesets),
		UNIT(chains_and_rules),
		UNIT(rules_are_named_by_their_text),
		UNIT(sets_elements_and_objects),
		UNIT(the_other_verbs),
		UNIT(what_is_no_command_is_told_why),
		UNIT(wrong_commands_leave_the_others_whole),
		UNIT(what_is_left_out_is_read_for_its_mistakes),
		UNIT(what_is_broken_can_be_had_by_name),
		UNIT(completion_is_the_grammar),
		UNIT(completion_knows_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Blocks: tables and what they hold, each line of each kind, and mistakes inside them. */
#include "commands.h"

#include <linux/netfilter/nf_tables.h>

/* The block of the one table in `text`, which has no mistakes. */
static struct table_block *read_table(struct commands *c, const char *text)
{
	struct command *cmd;

	commands_open(c, NULL);
	commands_add(c, "test", text);
	if (parser_next(c->parser, &cmd) != 1) {
		auto_buf got = { 0 };

		put_diags(c, &got);
		fail_msg("%s\n" STR_FMT, text, STR_ARG(buf_as_str(&got)));
	}
	assert_non_null(cmd->table);
	struct table_block *t = cmd->table;

	assert_int_equal(parser_next(c->parser, &cmd),
	                 0); /* the block outlives its command */
	return t;
}

static void a_base_chain_has_all_its_lines(void **state)
{
	struct commands c;
	const struct table_block *t = read_table(
		&c,
		"table netdev t { chain c { type filter hook ingress device \"eth0\" priority filter - 10;\n"
		"policy drop; flags offload; comment \"a b\"\n accept\n tcp dport 22 drop # x\n } }");
	const struct chain_block *chain = t->chains[0];

	(void)state;
	assert_int_equal(t->n_chains, 1);
	assert_true(chain->is_base);
	assert_str(chain->type, "filter");
	assert_str(chain->hook, "ingress");
	assert_str(chain->priority->word, "filter");
	assert_int_equal(chain->priority_offset, -10);
	assert_str(chain->policy, "drop");
	assert_int_equal(chain->flags, NFT_CHAIN_HW_OFFLOAD);
	assert_str(chain->comment, "a b");
	assert_int_equal(chain->devices->kind, EXPR_STRING);
	assert_str(chain->devices->word, "eth0");
	assert_int_equal(chain->rules.list.n, 2);
	assert_str(sources_text(&c.sources, rule_texts_get(&chain->rules, 1).span),
	           "tcp dport 22 drop");
	assert_int_equal(chain->ref.family, FAMILY_NETDEV);
	assert_str(chain->ref.table, "t");
	commands_close(&c);
}

static void priorities_are_numbers_names_and_variables(void **state)
{
	static const struct {
		const char *text, *word;
		int32_t offset;
	} rows[] = {
		{ "0", "0", 0 },
		{ "-300", "-300", 0 },
		{ "- 300", "-300", 0 },
		{ "0xa", "10", 0 },
		{ "filter", "filter", 0 },
		{ "filter + 10", "filter", 10 },
		{ "filter +10", "filter", 10 },
		{ "filter+10", "filter", 10 },
		{ "filter -10", "filter", -10 },
		{ "filter-10", "filter", -10 },
		{ "$name", "raw", 0 },
		{ "$number", "-5", 0 },
		{ "$text", "mangle", -7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };
		struct commands c;
		const struct chain_block *chain;

		buf_fmt(&text,
		        "define name = raw\ndefine number = -5\ndefine text = \"mangle - 7\"\n"
		        "table t { chain c { type filter hook input priority %s; } }",
		        rows[i].text);
		chain = read_table(&c, text.p)->chains[0];
		assert_str(chain->priority->word, rows[i].word);
		assert_int_equal(chain->priority_offset, rows[i].offset);
		commands_close(&c);
	}
}

static void device_lists_come_flat(void **state)
{
	static const char *const rows[] = {
		"{ a, b, c }", "{ a, \"b\", c, }", "$all",
		"{ $two, c }", "{ a, $one, c }",   "{\na,\nb,\nc\n}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 };
		struct commands c;
		const struct flowtable_block *f;

		buf_fmt(&text,
		        "define one = \"b\"\ndefine two = { a, b }\ndefine all = { $two, \"c\" }\n"
		        "table t { flowtable f { hook ingress priority 0; devices = %s;\n"
		        "counter; flags offload; } }",
		        rows[i]);
		f = read_table(&c, text.p)->flowtables[0];
		assert_true(f->counter);
		assert_int_equal(f->flags, NFT_FLOWTABLE_HW_OFFLOAD);
		assert_int_equal(f->devices->list.n, 3);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(f->devices->list.p[j]->word.p[0], 'a' + (int)j);
		commands_close(&c);
	}
}

static void sets_and_maps_have_all_their_lines(void **state)
{
	struct commands c;
	const struct table_block *t = read_table(
		&c,
		"table t {\n set s { type ipv4_addr . inet_service; flags interval, timeout,dynamic\n"
		"timeout 1h30m; gc-interval 90s; size 0x100; policy memory; auto-merge\n"
		"comment \"x\"; counter quota 10 bytes; elements = { 1.1.1.1 . 80, # { }\n } }\n"
		"map v { type mark : verdict; }\n map i { typeof ip saddr : interval mark; }\n"
		"map o { type ipv4_addr : ct helper; }\n map d { type mark : ipv4_addr . inet_service; } }");
	const struct set_block *s = t->sets[0];

	(void)state;
	assert_int_equal(t->n_sets, 5);
	assert_str(s->key_type, "ipv4_addr . inet_service");
	assert_int_equal(s->n_key_types, 2);
	assert_ptr_equal(s->key_types[1], datatypes[TYPE_INET_SERVICE]);
	assert_int_equal(s->flags, NFT_SET_INTERVAL | NFT_SET_TIMEOUT | NFT_SET_EVAL);
	assert_int_equal(s->timeout_ms, 5400000);
	assert_int_equal(s->gc_interval_ms, 90000);
	assert_int_equal(s->size, 256);
	assert_int_equal(s->policy, NFT_SET_POL_MEMORY);
	assert_true(s->auto_merge && s->has_timeout && s->has_gc && s->has_size &&
	            s->has_policy);
	assert_int_equal(s->stmts.n, 2);
	assert_str(sources_text(&c.sources, s->elems.span), " 1.1.1.1 . 80, # { }\n ");
	assert_true(t->sets[1]->is_map && t->sets[1]->data_verdict);
	assert_true(t->sets[2]->data_interval && t->sets[2]->key_typeof &&
	            t->sets[2]->data_typeof);
	assert_int_equal(t->sets[3]->data_obj, NFT_OBJECT_CT_HELPER);
	assert_int_equal(t->sets[4]->n_data_types, 2);
	commands_close(&c);
}

static void objects_have_all_their_lines(void **state)
{
	struct commands c;
	const struct table_block *t = read_table(
		&c,
		"table inet t { counter a { packets 5 bytes 6; comment \"x\"; }\n counter b { }\n"
		"quota q { over 2 kbytes used 1 bytes; }\n limit l { rate over 3/minute burst 9 packets; }\n"
		"synproxy s { mss 1460\n wscale 7\n timestamp sack-perm\n }\n secmark m { \"a:b\"; }\n"
		"ct helper h { type \"ftp\" protocol tcp; l3proto ip; }\n"
		"ct timeout o { protocol udp; policy = { replied : 1h,\n unreplied: 20 }; }\n"
		"ct expectation e { protocol tcp; dport 21; timeout 2m; size 8; l3proto ip6; } }");

	(void)state;
	assert_int_equal(t->n_objs, 9);
	assert_int_equal(t->objs[0]->stmt->counter.bytes, 6);
	assert_str(t->objs[0]->comment, "x");
	assert_null(t->objs[1]->stmt);
	assert_int_equal(t->objs[2]->stmt->quota.bytes, 2048);
	assert_int_equal(t->objs[3]->stmt->limit.unit_s, 60);
	assert_int_equal(t->objs[4]->stmt->synproxy.wscale, 7);
	assert_int_equal(t->objs[4]->stmt->synproxy.mss, 1460);
	assert_str(t->objs[5]->secmark, "a:b");
	assert_str(t->objs[6]->helper, "ftp");
	assert_str(t->objs[6]->l4proto->word, "tcp");
	assert_int_equal(t->objs[6]->l3proto, FAMILY_IP);
	assert_int_equal(t->objs[7]->n_policy, 2);
	assert_str(t->objs[7]->policy[0].state, "replied");
	assert_int_equal(t->objs[7]->policy[0].seconds, 3600);
	assert_int_equal(t->objs[8]->timeout_ms, 120000);
	assert_int_equal(t->objs[8]->size, 8);
	assert_int_equal(t->objs[8]->l3proto, FAMILY_IP6);
	commands_close(&c);
}

static void mistakes_in_blocks_are_all_found(void **state)
{
	static const char *const rows[][2] = {
		{ "table inet {\n chain log { foo; }\n set s { typ x; }\n}",
		  "E0005@1:12: the table has no name\n"
		  "E0007@2:8: `log` is a word of the language, expected a chain's name\n"
		  "E0011@3:10: `typ` is not a line of a set\n"
		  "E0009@2:14: `foo` begins no statement" },
		{ "table t { chain c { type filter hook inptu priority 0; policy drop; policy accept; } }",
		  "E0011@1:38: `inptu` is not a hook\nE0012@1:69: the policy is given twice" },
		{ "table t { chain c { type filer hook input priority 0; policy reject; policy drpo; } }",
		  "E0011@1:26: `filer` is not a type of chain\n"
		  "E0011@1:62: a policy is accept or drop, not `reject`\n"
		  "E0011@1:77: `drpo` is not a policy" },
		{ "table t { chain c { type filter hook input priority 0 policy drop; } }",
		  "E0001@1:55: expected a newline or `;` before `policy`" },
		{ "table t { chain c { type filter hook input; type filter; } }",
		  "E0001@1:43: expected `priority`, found `;`\n"
		  "W0012@1:45: the chain's type is given twice; the last counts\n"
		  "E0001@1:56: expected `hook`, found `;`" },
		{ "table t { set s { type ipv4_adr; flags intervall; timeout 5x; comment my set; size 0x1ffffffff; } }",
		  "E0011@1:24: `ipv4_adr` is not a type\n"
		  "E0011@1:40: `intervall` is not a flag of a set\n"
		  "E0014@1:59: `5x` is not a time\n"
		  "E0213@1:71: a comment of several words needs quotes\n"
		  "E0013@1:84: `0x1ffffffff` is too big for a number of elements: at most 4294967295" },
		{ "table t { set s { type ipv4_addr : mark; }\n map m { type ipv4_addr; } }",
		  "E0001@1:34: a set holds keys only\n"
		  "E0001@2:24: expected `:` and what the map gives, found `;`" },
		{ "table t { set s { } }", "E0001@1:15: this set has no type" },
		{ "table t { chian c { accept }\n foo }",
		  "E0011@1:11: `chian` is not a line of a table\n"
		  "E0011@2:2: `foo` is not a line of a table" },
		{ "table t {\n chain c\n  accept\n }\n}",
		  "E0001@2:9: expected `{`, found the end of the line" },
		{ "table t\n{\n chain c\n\n {\n accept\n }\n}", "(add table ip t" },
		{ "table t { tcp dport 22 accept; }",
		  "E0001@1:11: a rule stands in a chain" },
		{ "table t { quota q { } ct helper h { typ \"ftp\"; } flags dormnt; }",
		  "E0001@1:19: expected `over N mbytes`\n"
		  "E0011@1:37: `typ` is not a line of a helper\n"
		  "E0011@1:56: `dormnt` is not a flag of a table" },
		{ "table t { flowtable f { hook output priority 0; devices = { a b }; } }",
		  "E0011@1:30: `output` is not a hook of flow tables\n"
		  "E0001@1:63: expected `,` or `}`, found `b`" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void the_brace_that_is_missing_is_found(void **state)
{
	static const char *const rows[][2] = {
		{ "table t {\n\tchain c {\n\t\taccept\n\t}\n",
		  "E0003@1:9: `{` is never closed" },
		{ "table t {\n\tchain c {\n\t\taccept\n\tchain d {\n\t}\n}\n",
		  "E0003@2:10: `{` is never closed" },
		{ "table t {\n\tchain c {\n\t\ttcp dport { 22, 80 accept\n\t\taccept\n\t}\n}\n",
		  "E0003@3:13: `{` is never closed" },
		{ "table t {\n\tset s {\n\t\ttype mark\n\tchain d {\n\t}\n}\nadd table u",
		  "add table ip u\nE0003@2:8: `{` is never closed" },
		{ "table t {\n\tchain c {\n\t\taccept\n\t}\ntable u {\n}\n",
		  "(add table ip u\nE0003@1:9: `{` is never closed" },
		{ "table t {\n\tchain c { accept }\n\nadd table u",
		  "add table ip u\nE0003@1:9: `{` is never closed" },
		{ "table t {\n\tset s {\n\t\ttype mark\n\t\telements = { 1,\n\t\t\t2\n\t}\n}\n",
		  "E0003@4:14: `{` is never closed" },
	};

	(void)state;
	check_commands(rows, ARRAY_LEN(rows));
}

static void the_last_of_two_lines_counts(void **state)
{
	struct commands c;
	const struct table_block *t = read_table(
		&c,
		"table t { set s { type mark; typeof ip saddr; flags interval; flags timeout; size 5; size 6;\n"
		"elements = { 1 }; elements = { 2 }; } counter n { packets 1 bytes 1; packets 2 bytes 2; }\n"
		"chain c { type filter hook input priority raw + 1; type nat hook output priority 5; } }");

	(void)state;
	assert_int_equal(t->sets[0]->n_key_types, 0);
	assert_non_null(t->sets[0]->key_typeof);
	assert_int_equal(t->sets[0]->flags, NFT_SET_TIMEOUT);
	assert_int_equal(t->sets[0]->size, 6);
	assert_str(sources_text(&c.sources, t->sets[0]->elems.span), " 2 ");
	assert_int_equal(t->objs[0]->stmt->counter.packets, 2);
	assert_str(t->chains[0]->hook, "output");
	assert_str(t->chains[0]->priority->word, "5");
	assert_int_equal(t->chains[0]->priority_offset, 0);
	assert_int_equal(c.diags.warnings, 6);
	commands_close(&c);
}

static void what_is_made_always_has_its_block(void **state)
{
	struct commands c;
	struct command *cmd;

	(void)state;
	commands_open(&c, NULL);
	commands_add(&c, "test", "add table t\nadd chain t c\ncreate counter t n");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_str(cmd->table->ref.table, "t");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_str(cmd->chain->ref.name, "c");
	assert_int_equal(parser_next(c.parser, &cmd), 1);
	assert_str(cmd->obj->ref.name, "n");
	assert_int_equal(cmd->obj->type, NFT_OBJECT_COUNTER);
	commands_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_base_chain_has_all_its_lines),
		UNIT(priorities_are_numbers_names_and_variables),
		UNIT(device_lists_come_flat),
		UNIT(sets_and_maps_have_all_their_lines),
		UNIT(objects_have_all_their_lines),
		UNIT(the_last_of_two_lines_counts),
		UNIT(what_is_made_always_has_its_block),
		UNIT(mistakes_in_blocks_are_all_found),
		UNIT(the_brace_that_is_missing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Rules from text: what tree comes of them, and what is said of those that are wrong.
 */
#include "rules.h"

#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

/* ---- trees ------------------------------------------------------------------------- */

#define rule_case_auto __attribute__((cleanup(rule_case_fini))) struct rule_case

/* The only statement of a rule that must be right. */
static struct stmt *only(struct rule_case *c, const char *text)
{
	rule_case_parse(c, str_from(text));
	if (!c->ok)
		fail_msg("%s: " STR_FMT, text, STR_ARG(c->diags.list.p[0]->message));
	assert_int_equal(c->rule.stmts.n, 1);
	return c->rule.stmts.p[0];
}

static void a_match_keeps_its_operator(void **state)
{
	static const struct {
		const char *text;
		enum relop op;
	} rows[] = {
		{ "tcp dport 22", REL_IMPLICIT }, { "tcp dport == 22", REL_EQ },
		{ "tcp dport eq 22", REL_EQ },    { "tcp dport != 22", REL_NE },
		{ "tcp dport ne 22", REL_NE },    { "tcp dport < 22", REL_LT },
		{ "tcp dport gt 22", REL_GT },    { "tcp dport <= 22", REL_LE },
		{ "tcp dport ge 22", REL_GE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rule_case_auto c = { 0 };
		struct stmt *s = only(&c, rows[i].text);

		assert_int_equal(s->kind, STMT_MATCH);
		assert_int_equal(s->match.op, rows[i].op);
		assert_int_equal(s->match.left->kind, EXPR_PAYLOAD);
		assert_int_equal(s->match.right->kind, EXPR_SYMBOL);
	}
}

static void a_right_side_has_the_kind_its_form_says(void **state)
{
	static const struct {
		const char *text;
		enum expr_kind kind;
	} rows[] = {
		{ "tcp dport 22", EXPR_SYMBOL },
		{ "iifname \"eth0\"", EXPR_STRING },
		{ "tcp dport 22-80", EXPR_RANGE },
		{ "ip saddr 10.0.0.0/8", EXPR_PREFIX },
		{ "ct state new,related", EXPR_LIST },
		{ "tcp dport { 22, 80 }", EXPR_SET },
		{ "ip saddr @s", EXPR_SETREF },
		{ "tcp flags ! syn", EXPR_NOT },
		{ "tcp flags syn / fin,syn", EXPR_FLAGCMP },
		{ "tcp flags syn|ack", EXPR_BINARY },
		{ "tcp flags syn,ack / fin,syn", EXPR_FLAGCMP },
		{ "tcp flags 0x2 / 0x3", EXPR_FLAGCMP },
		{ "ip saddr . tcp dport 1.2.3.4 . 22", EXPR_CONCAT },
		{ "ip protocol tcp", EXPR_SYMBOL },
		{ "meta l4proto ip", EXPR_SYMBOL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rule_case_auto c = { 0 };

		assert_int_equal(only(&c, rows[i].text)->match.right->kind, rows[i].kind);
	}
}

/* Shows the tree with all its parentheses. */
static void put_tree(struct buf *out, const struct expr *e)
{
	static const char ops[] = { [BINOP_AND] = '&',
		                    [BINOP_OR] = '|',
		                    [BINOP_XOR] = '^',
		                    [BINOP_SHL] = '<',
		                    [BINOP_SHR] = '>' };

	if (e->kind == EXPR_SYMBOL) {
		buf_str(out, e->word);
	} else if (e->kind == EXPR_BINARY) {
		buf_char(out, '(');
		put_tree(out, e->binary.left);
		buf_char(out, ops[e->binary.op]);
		put_tree(out, e->binary.right);
		buf_char(out, ')');
	} else {
		buf_char(out, '?');
	}
}

static void operators_bind_as_in_nft(void **state)
{
	static const struct {
		const char *text, *tree;
	} rows[] = {
		{ "1 | 2 & 3", "(1|(2&3))" },
		{ "1 & 2 | 3", "((1&2)|3)" },
		{ "1 ^ 2 | 3 & 4", "((1^2)|(3&4))" },
		{ "1 & 2 << 3", "(1&(2<3))" },
		{ "1 << 2 >> 3", "((1<2)>3)" },
		{ "(1 | 2) & 3", "((1|2)&3)" },
		{ "1 or 2 and 3", "(1|(2&3))" },
		{ "1 xor 2 lshift 3", "(1^(2<3))" },
		{ "1 rshift 2", "(1>2)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rule_case_auto c = { 0 };
		auto_buf text = { 0 }, tree = { 0 };

		buf_fmt(&text, "meta mark %s", rows[i].text);
		put_tree(&tree, only(&c, text.p)->match.right);
		assert_str(buf_as_str(&tree), rows[i].tree);
	}
}

static void limits_and_quotas_count_in_packets_or_bytes(void **state)
{
	rule_case_auto a = { 0 }, b = { 0 }, q = { 0 };
	struct stmt *s = only(&a, "limit rate over 10 mbytes/minute burst 5 kbytes");

	(void)state;
	assert_true(s->limit.bytes && s->limit.over && s->limit.has_burst);
	assert_int_equal(s->limit.rate, 10 << 20);
	assert_int_equal(s->limit.unit_s, 60);
	assert_int_equal(s->limit.burst, 5 << 10);
	s = only(&b, "limit rate 3/week burst 7 packets");
	assert_false(s->limit.bytes || s->limit.over);
	assert_int_equal(s->limit.unit_s, 604800);
	assert_int_equal(s->limit.burst, 7);
	s = only(&q, "quota over 25 mbytes used 3 kbytes");
	assert_true(s->quota.over);
	assert_int_equal(s->quota.bytes, 25 << 20);
	assert_int_equal(s->quota.used, 3 << 10);
}

static void nat_takes_addresses_ports_and_flags_apart(void **state)
{
	rule_case_auto a = { 0 }, b = { 0 }, d = { 0 };
	struct stmt *s = only(&a, "snat to 1.2.3.4-1.2.3.9:1-5 random,persistent");

	(void)state;
	assert_int_equal(s->nat.kind, NAT_SNAT);
	assert_int_equal(s->nat.addr->kind, EXPR_RANGE);
	assert_int_equal(s->nat.port->kind, EXPR_RANGE);
	assert_int_equal(s->nat.flags,
	                 NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PERSISTENT);
	s = only(&b, "dnat ip6 to [::1]:80");
	assert_int_equal(s->nat.family, FAMILY_IP6);
	assert_str(s->nat.addr->word, "::1");
	assert_str(s->nat.port->word, "80");
	s = only(&d, "dnat ip addr . port to tcp dport map { 80 : 1.2.3.4 . 8080 }");
	assert_true(s->nat.concat);
	assert_int_equal(s->nat.addr->kind, EXPR_MAP);
	assert_null(s->nat.port);
}

static void log_takes_all_its_options(void **state)
{
	rule_case_auto c = { 0 }, d = { 0 };
	struct stmt *s =
		only(&c, "log flags ip options flags tcp sequence,options group 2 "
	                 "snaplen 10 queue-threshold 3 prefix \"x y\"");

	(void)state;
	assert_str(s->log.prefix, "x y");
	assert_true(s->log.has_group && s->log.has_snaplen && s->log.has_qthreshold);
	assert_false(s->log.has_level);
	assert_int_equal(s->log.flags, NF_LOG_IPOPT | NF_LOG_TCPSEQ | NF_LOG_TCPOPT);
	s = only(&d, "log level debug flags all");
	assert_int_equal(s->log.level, NFT_LOGLEVEL_DEBUG);
	assert_int_equal(s->log.flags, NF_LOG_MASK);
}

static void objects_are_named_by_string_or_map(void **state)
{
	static const struct {
		const char *text;
		uint32_t type;
		enum expr_kind kind;
	} rows[] = {
		{ "counter name x", NFT_OBJECT_COUNTER, EXPR_STRING },
		{ "counter name ip saddr map @m", NFT_OBJECT_COUNTER, EXPR_MAP },
		{ "quota name \"x\"", NFT_OBJECT_QUOTA, EXPR_STRING },
		{ "limit name x", NFT_OBJECT_LIMIT, EXPR_STRING },
		{ "synproxy name x", NFT_OBJECT_SYNPROXY, EXPR_STRING },
		{ "ct helper set \"ftp\"", NFT_OBJECT_CT_HELPER, EXPR_STRING },
		{ "ct timeout set \"x\"", NFT_OBJECT_CT_TIMEOUT, EXPR_STRING },
		{ "ct expectation set \"x\"", NFT_OBJECT_CT_EXPECT, EXPR_STRING },
		{ "meta secmark set \"x\"", NFT_OBJECT_SECMARK, EXPR_STRING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rule_case_auto c = { 0 };
		struct stmt *s = only(&c, rows[i].text);

		assert_int_equal(s->kind, STMT_OBJREF);
		assert_int_equal(s->objref.obj_type, rows[i].type);
		assert_int_equal(s->objref.name->kind, rows[i].kind);
	}
}

static void a_dynamic_element_has_key_options_and_state(void **state)
{
	rule_case_auto a = { 0 }, b = { 0 };
	struct stmt *s = only(&a, "add @s { ip saddr timeout 5s limit rate 3/minute }");

	(void)state;
	assert_int_equal(s->dynset.op, NFT_DYNSET_OP_ADD);
	assert_str(s->dynset.set->word, "s");
	assert_int_equal(s->dynset.key->kind, EXPR_ELEM);
	assert_int_equal(s->dynset.key->elem.timeout_ms, 5000);
	assert_int_equal(s->dynset.stmts.n, 1);
	assert_null(s->dynset.data);
	s = only(&b, "update @m { ip saddr . meta mark : tcp dport }");
	assert_int_equal(s->dynset.key->elem.key->kind, EXPR_CONCAT);
	assert_int_equal(s->dynset.data->kind, EXPR_PAYLOAD);
}

static void spans_cover_the_words(void **state)
{
	static const char text[] = "tcp dport 22  accept comment \"x\"";
	rule_case_auto c = { 0 };
	const struct stmt *s;

	(void)state;
	rule_case_parse(&c, str_from(text));
	assert_true(c.ok);
	s = c.rule.stmts.p[0];
	assert_str(sources_text(&c.sources, s->span), "tcp dport 22");
	assert_str(sources_text(&c.sources, s->match.left->span), "tcp dport");
	assert_str(sources_text(&c.sources, s->match.right->span), "22");
	assert_str(sources_text(&c.sources, c.rule.stmts.p[1]->span), "accept");
	assert_str(sources_text(&c.sources, c.rule.span), text);
}

/* ---- mistakes ---------------------------------------------------------------------- */

static const struct {
	const char *text, *code;
	const char *place; /* the words under the caret */
	const char *help;  /* what some note must hold; NULL: none looked for */
} mistakes[] = {
	{ "dport 22 accept", "E0204", "dport", "`meta l4proto { tcp, udp } th dport`" },
	{ "saddr 1.2.3.4", "E0204", "saddr", "`ip saddr`" },
	{ "ip saddr . dport 22", "E0204", "dport", "`tcp dport`" },
	{ "state new accept", "E0204", "state", "`ct state`" },
	{ "l4proto tcp", "E0204", "l4proto", "`meta l4proto`" },
	{ "tcp dprot 22", "E0011", "dprot", "did you mean `dport`?" },
	{ "ct stat new", "E0011", "stat", "did you mean `state`?" },
	{ "meta iifnam eth0", "E0011", "iifnam", "did you mean `iifname`?" },
	{ "tcp option mss siz 5", "E0011", "siz", "did you mean `size`?" },
	{ "log level warnn", "E0011", "warnn", "did you mean `warn`?" },
	{ "queue flags bypas to 1", "E0011", "bypas", "did you mean `bypass`?" },
	{ "tcp option nop == exxists", "E0011", "exxists", "did you mean `exists`?" },
	{ "tcp dport 22 acept", "E0009", "acept", "did you mean `accept`?" },
	{ "iifname eth+ accept", "E0130", "+", "\"eth*\"" },
	{ "-p tcp --dport 22 -j ACCEPT", "E0131", "-p", "`meta l4proto tcp`" },
	{ "--dport 22", "E0131", "--dport", "`tcp dport`" },
	{ "tcp dport 1000:2000 accept", "E0223", "1000:2000", "`1000-2000`" },
	{ "tcp dport = 22", "E0220", "=", "`==`" },
	{ "limit rate 10/s accept", "E0209", "s", "`10/second`" },
	{ "limit rate 10/min", "E0209", "min", "`10/minute`" },
	{ "limit rate 5 kb/second", "E0209", "kb/second", "bytes, kbytes, mbytes" },
	{ "limit rate 5/minute burst 5 drop", "E0211", "drop", "`burst 5 packets`" },
	{ "limit rate 5/minute burst 0 packets", "E0210", "0", NULL },
	{ "limit rate 0/second", "E0210", "0", NULL },
	{ "quota 5 foo", "E0209", "foo", "mbytes" },
	{ "ip saddr ! 10.0.0.1 accept", "E0207", "! 10.0.0.1", "`!=`" },
	{ "ip saddr 10.0.0.0/255.0.0.0", "E0215", "255.0.0.0", "/24" },
	{ "meta mark 0x10/0xff", "E0219", "0x10/0xff", "& MASK" },
	{ "tcp dport 22 accept comment my ssh rule", "E0213", "my ssh rule",
	  "comment \"my ssh rule\"" },
	{ "ip saddr { 10.0.0.1 10.0.0.2 } drop", "E0208", " 10.0.0.2", "{ a, b }" },
	{ "ip saddr vmap { 1.2.3.4 : accept comment \"x\" }", "E0208", "comment",
	  "{ KEY comment" },
	{ "ct ip saddr 1.2.3.4", "E0216", "saddr", "`ct original ip saddr`" },
	{ "ct original state new", "E0216", "state", NULL },
	{ "meta mark & 0xff00 set 5", "E0218", "meta mark & 0xff00", NULL },
	{ "gre ip saddr 1.2.3.4", "E0900", "gre", NULL },
	{ "vxlan vni 5", "E0900", "vxlan", NULL },
	{ "tunnel id 5", "E0900", "tunnel", NULL },
	{ "dccp option 3 exists", "E0900", "option", NULL },
	{ "fib daddr check exists", "E0900", "check", NULL },
	{ "tcp dport vmap { 22 : jump { accept; } }", "E0900", "jump", NULL },
	{ "add @s { ip saddr comment \"x\" }", "E0221", "ip saddr comment \"x\"", NULL },
	{ "add @s { ip saddr timeout 5s expires 3s }", "E0221",
	  "ip saddr timeout 5s expires 3s", NULL },
	{ "tcp dport { 22, 80", "E0003", "{", NULL },
	{ "log prefix \"$foo x\"", "E0006", "\"$foo x\"", NULL },
	{ "reject with icmp", "E0001", "", NULL },
	{ "reject with tcp rst", "E0001", "rst", NULL },
	{ "masquerade to 80", "E0001", "80", NULL },
	{ "dnat ip to :80", "E0001", ":", NULL },
	{ "jump", "E0001", "", NULL },
	{ "queue flags bypass", "E0001", "", NULL },
	{ "meter x { ip saddr }", "E0001", "}", NULL },
	{ "add s { ip saddr }", "E0001", "s", NULL },
	{ "numgen inc mod 0 0", "E0001", "0", NULL },
	{ "tcp flags & (syn,ack) == syn", "E0001", ",", NULL },
	{ "22", "E0001", "22", NULL },
	{ "", "E0001", "", NULL },
};

static bool notes_hold(const struct diag *d, const char *help)
{
	for (size_t i = 0; i < d->notes.n; i++) {
		struct str text = d->notes.p[i].text;

		if (memmem(text.p, text.n, help, strlen(help)))
			return true;
	}
	return false;
}

static void a_mistake_is_told_once_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		rule_case_auto c = { 0 };
		const struct diag *d;

		rule_case_parse(&c, str_from(mistakes[i].text));
		if (c.ok || c.diags.errors != 1)
			fail_msg("%s: %zu errors", mistakes[i].text, c.diags.errors);
		d = c.diags.list.p[0];
		if (strcmp(d->code, mistakes[i].code) != 0)
			fail_msg("%s: %s " STR_FMT, mistakes[i].text, d->code,
			         STR_ARG(d->message));
		assert_str(sources_text(&c.sources, d->span), mistakes[i].place);
		if (mistakes[i].help && !notes_hold(d, mistakes[i].help))
			fail_msg("%s: no help", mistakes[i].text);
	}
}

static void texts_have_a_longest_length(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		rule_case_auto a = { 0 }, b = { 0 };
		auto_buf prefix = { 0 }, comment = { 0 };

		buf_cstr(&prefix, "log prefix \"");
		buf_repeat(&prefix, 'x', 127 + (size_t)over);
		buf_char(&prefix, '"');
		rule_case_parse(&a, buf_as_str(&prefix));
		assert_int_equal(a.ok, !over);
		buf_cstr(&comment, "accept comment \"");
		buf_repeat(&comment, 'x', 128 + (size_t)over);
		buf_char(&comment, '"');
		rule_case_parse(&b, buf_as_str(&comment));
		assert_int_equal(b.ok, !over);
		if (over) {
			assert_string_equal(a.diags.list.p[0]->code, "E0212");
			assert_string_equal(b.diags.list.p[0]->code, "E0214");
		}
	}
}

static void nesting_is_bounded(void **state)
{
	rule_case_auto c = { 0 };
	auto_buf text = { 0 };

	(void)state;
	buf_cstr(&text, "tcp dport ");
	buf_repeat(&text, '(', 100000);
	rule_case_parse(&c, buf_as_str(&text));
	assert_false(c.ok);
	assert_string_equal(c.diags.list.p[0]->code, "E0004");
}

/* Every text that starts like a rule and stops anywhere gives a tree or one error. */
static void a_rule_cut_anywhere_gives_one_error_at_most(void **state)
{
	static const char *const rules[] = {
		"ip saddr . tcp dport vmap { 10.0.0.0/8 . 1-5 timeout 5s : jump x, * : drop }",
		"meta mark set jhash ip saddr . tcp dport mod 4 seed 0x1 offset 2 map { 0 : 1 }",
		"log prefix x level warn flags tcp sequence,options limit rate over 5 mbytes/second",
		"dnat ip addr . port to numgen inc mod 2 map { 0 : 1.2.3.4 . 5 } random,persistent",
		"tcp option maxseg size set rt mtu reset tcp option @4,8,8 queue flags bypass to 1-3",
		"fib saddr . iif oif missing ct original ip saddr & 255.0.0.0 == 10.0.0.0 reject with "
		"icmp type 3",
		"add @s { ip saddr timeout 5s counter quota over 5 bytes : tcp dport } "
		"meter x size 5 { ip saddr ct count over 5 }",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		for (size_t n = 0; n <= strlen(rules[i]); n++) {
			rule_case_auto c = { 0 };

			rule_case_parse(&c, (struct str){ rules[i], n });
			if (c.ok ? c.diags.errors != 0 : c.diags.errors != 1)
				fail_msg("%.*s: %zu errors", (int)n, rules[i],
				         c.diags.errors);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(a_match_keeps_its_operator),
		UNIT(a_right_side_has_the_kind_its_form_says),
		UNIT(operators_bind_as_in_nft),
		UNIT(limits_and_quotas_count_in_packets_or_bytes),
		UNIT(nat_takes_addresses_ports_and_flags_apart),
		UNIT(log_takes_all_its_options),
		UNIT(objects_are_named_by_string_or_map),
		UNIT(a_dynamic_element_has_key_options_and_state),
		UNIT(spans_cover_the_words),
		UNIT(a_mistake_is_told_once_at_its_place),
		UNIT(texts_have_a_longest_length),
		UNIT(nesting_is_bounded),
		UNIT(a_rule_cut_anywhere_gives_one_error_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

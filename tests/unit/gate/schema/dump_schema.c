/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * The schema's tables as lines of tab-separated words, for tests that compare them with nft or
 * make rules from them. The first word of a line says what it is:
 *
 *	type	NUMBER NAME BITS ORDER BASE HEX DESCRIPTION SYMBOL=VALUE…
 *	proto	NAME BASE BITS NUMBER
 *	field	PROTO NAME OFFSET BITS TYPE NUMBER ALIAS
 *	exthdr	OP NAME TYPE ALIAS
 *	option	OP EXTHDR FIELD OFFSET BITS TYPE NUMBER ALIAS
 *	key	TABLE NAME NUMBER TYPE BITS ORDER FLAGS ALIAS
 *	hook	FAMILY NAME NUMBER
 *	priority	FAMILY HOOK NAME VALUE, and listed FAMILY HOOK VALUE TEXT for numbers near
 *	symbol	TABLE NAME VALUE
 *
 * An absent alias is `-`. Types are written by number, since two of them share a name.
 * `dump_schema parse TYPE BITS WORD…` reads words without a machine's tables and prints each
 * as `word TAB number` or `word TAB ! TAB why`; `dump_schema print TYPE BITS NUMBER…` prints.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gate/schema/schema.h"

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *order_name(enum byteorder order)
{
	switch (order) {
	case ORDER_NONE:
		return "none";
	case ORDER_HOST:
		return "host";
	case ORDER_BIG:
		return "big";
	}
	return "?";
}

static void dump_types(void)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		const struct datatype *t = datatypes[i];

		if (!t)
			continue;
		printf("type\t%d\t%s\t%u\t%s\t%d\t%d\t%s", i, t->name, t->bits,
		       order_name(t->order), t->base, t->hex, t->desc);
		for (const struct symbol *s = t->symbols; s && s->name; s++)
			printf("\t%s=%llu", s->name, (unsigned long long)s->value);
		putchar('\n');
	}
}

static void dump_protos(void)
{
	static const char *const bases[] = { "ll", "nh", "th", "ih" };

	for (int i = PROTO_NONE + 1; i < PROTO_COUNT; i++) {
		const struct proto *p = protos[i];

		printf("proto\t%s\t%s\t%u\t%u\n", p->name, bases[p->base], p->bits,
		       p->number);
		for (const struct field *f = p->fields; f->name; f++)
			printf("field\t%s\t%s\t%u\t%u\t%d\t%u\t%s\n", p->name, f->name,
			       f->off, f->bits, f->type, f->number, or_dash(f->alias));
	}
}

static void dump_exthdrs(void)
{
	static const char *const ops[] = { "ipv6", "tcp", "ipv4", "sctp", "dccp" };

	for (const struct exthdr *h = exthdrs; h->name; h++) {
		printf("exthdr\t%s\t%s\t%u\t%s\n", ops[h->op], h->name, h->type,
		       or_dash(h->alias));
		for (const struct field *f = h->fields; f && f->name; f++)
			printf("option\t%s\t%s\t%s\t%u\t%u\t%d\t%u\t%s\n", ops[h->op],
			       h->name, f->name, f->off, f->bits, f->type, f->number,
			       or_dash(f->alias));
	}
}

static void dump_keys(void)
{
	static const struct {
		const char *name;
		const struct key *keys;
	} tables[] = {
		{ "meta", meta_keys },     { "ct", ct_keys },      { "rt", rt_keys },
		{ "socket", socket_keys }, { "fib", fib_results }, { "osf", osf_keys },
		{ "ipsec", ipsec_keys },
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct key *k = tables[i].keys; k->name; k++)
			printf("key\t%s\t%s\t%u\t%d\t%u\t%s\t%u\t%s\n", tables[i].name,
			       k->name, k->number, k->type, k->bits, order_name(k->order),
			       k->flags, or_dash(k->alias));
}

static void dump_listed(const struct hook_name *h)
{
	auto_buf text = { 0 };

	for (int32_t value = -320; value <= 320; value++) {
		buf_reset(&text);
		priority_print(h->family, h->number, value, &text);
		printf("listed\t%s\t%s\t%d\t%.*s\n", family_name(h->family), h->name,
		       value, (int)text.n, text.p);
	}
}

static void dump_hooks(void)
{
	for (const struct hook_name *h = hook_names; h->name; h++) {
		printf("hook\t%s\t%s\t%u\n", family_name(h->family), h->name, h->number);
		for (const struct priority_name *p = priority_names; p->name; p++) {
			bool seen = false;
			int32_t value;

			for (const struct priority_name *q = priority_names; q < p; q++)
				seen |= str_is(str_from(q->name), p->name);
			if (!seen && priority_by_name(h->family, h->number,
			                              str_from(p->name), &value) == 0)
				printf("priority\t%s\t%s\t%s\t%d\n",
				       family_name(h->family), h->name, p->name, value);
		}
		dump_listed(h);
	}
}

static void dump_symbols(void)
{
	static const struct {
		const char *name;
		const struct symbol *symbols;
	} tables[] = {
		{ "log_levels", log_levels },
		{ "reject_icmp_codes", reject_icmp_codes },
		{ "reject_icmpv6_codes", reject_icmpv6_codes },
		{ "reject_icmpx_codes", reject_icmpx_codes },
		{ "ct_timeout_tcp", ct_timeout_tcp },
		{ "ct_timeout_udp", ct_timeout_udp },
		{ "ct_timeout_generic", ct_timeout_generic },
		{ "ct_timeout_icmp", ct_timeout_icmp },
		{ "ct_timeout_sctp", ct_timeout_sctp },
		{ "ct_timeout_dccp", ct_timeout_dccp },
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct symbol *s = tables[i].symbols; s->name; s++)
			printf("symbol\t%s\t%s\t%llu\n", tables[i].name, s->name,
			       (unsigned long long)s->value);
}

static const struct datatype *type_argument(const char *word)
{
	unsigned long number = strtoul(word, NULL, 10);

	return number < TYPE_COUNT ? datatypes[number] : NULL;
}

/* One word: parsed, or the number it is printed from. */
static void try_word(const struct datatype *t, uint16_t bits, const char *word,
                     bool print)
{
	static const struct names nothing = { 0 };
	static const struct format plain = { 0 };
	struct str why = { 0 };
	auto_arena a = { 0 };
	auto_buf text = { 0 };
	struct value v;

	if (print) {
		value_from_u64(&v, strtoull(word, NULL, 0), bits);
		datatype_print(t, &nothing, &plain, &v, &text);
		printf("%s\t%.*s\n", word, (int)text.n, text.n ? text.p : "");
	} else if (datatype_parse(t, &nothing, str_from(word), bits, &a, &v, &why) < 0) {
		printf("%s\t!\t" STR_FMT "\n", word, STR_ARG(why));
	} else {
		printf("%s\t%llu\n", word, (unsigned long long)value_to_u64(&v));
	}
}

int main(int argc, char **argv)
{
	if (argc > 4) {
		const struct datatype *t = type_argument(argv[2]);
		bool print = str_is(str_from(argv[1]), "print");

		for (int i = 4; t && i < argc; i++)
			try_word(t, (uint16_t)strtoul(argv[3], NULL, 10), argv[i], print);
		return t ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	dump_types();
	dump_protos();
	dump_exthdrs();
	dump_keys();
	dump_hooks();
	dump_symbols();
	return EXIT_SUCCESS;
}

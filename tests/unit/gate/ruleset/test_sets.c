/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sets: their types, what is refused, and their elements as they are listed. */
#include "ruleset_world.h"

static void put_set(struct buf *out, const char *kind, const char *head,
                    const char *elements)
{
	buf_fmt(out, "table inet t {\n\t%s s {\n%s\t\telements = { %s }\n\t}\n}\n", kind,
	        head, elements);
}

static const struct {
	const char *kind, *head, *elements, *listed;
} rows[] = {
	{ "set", "\t\ttype ipv4_addr\n", "10.0.0.2, 10.0.0.1", "10.0.0.1, 10.0.0.2" },
	{ "set", "\t\ttype ipv4_addr\n\t\tflags interval\n",
	  "10.0.0.0/8, 192.168.1.1-192.168.1.9", "10.0.0.0/8, 192.168.1.1-192.168.1.9" },
	{ "set", "\t\ttype inet_service\n\t\tflags interval\n", "80-65535, 22",
	  "22, 80-65535" },
	{ "set", "\t\ttype mark\n\t\tflags interval\n", "16-31, 5, *",
	  "0x00000005, 0x00000010/28, * " },
	{ "set", "\t\ttypeof tcp doff\n\t\tflags interval\n", "12-15, 1", "1, 12-15" },
	{ "set", "\t\ttypeof @nh,96,32\n", "16, 5", "0x5, 0x10" },
	{ "set", "\t\ttypeof @ll,64,128\n", "219419476541888203781878498600898331015",
	  "0xa512a76e350fc55e82348869a72d0187" },
	{ "set", "\t\ttype tcp_flag\n", "ack, 0x0, syn", "0x0, syn, ack" },
	{ "map", "\t\ttype inet_service : mark\n", "80 : 2, 22 : 1",
	  "22 : 0x00000001, 80 : 0x00000002" },
	{ "map", "\t\ttype inet_service : verdict\n\t\tflags interval\n",
	  "22 : accept, 80-90 : drop, 22 : accept", "22 : accept, 80-90 : drop" },
};

static void elements_are_listed_in_order(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_buf text = { 0 }, want = { 0 };
		struct str listed = { rows[i].listed, strlen(rows[i].listed) };

		while (listed.n && listed.p[listed.n - 1] == ' ')
			listed.n--;
		auto_buf plain = { 0 };

		buf_str(&plain, listed);
		buf_cstr(&text, "flush ruleset\n");
		put_set(&text, rows[i].kind, rows[i].head, rows[i].elements);
		put_set(&want, rows[i].kind, rows[i].head, plain.p);
		world_do(w, text.p);
		world_do(w, "list ruleset");
		assert_str(buf_as_str(&w->out), want.p);
	}
}

static const struct {
	const char *head, *elements, *code;
} wrong[] = {
	{ "type ipv4_addr;", "10.0.0.0/8", "E0526" },
	{ "type ipv4_addr; flags interval;", "10.0.0.0/8, 10.1.0.0/16", "E0501" },
	{ "type ipv4_addr; flags interval;", "10.0.0.1-10.0.0.9, 10.0.0.5-10.0.0.20",
	  "E0501" },
	{ "type mark; flags interval;", "*, 1-2, *", "E0501" },
	{ "type inet_service;", "65536", "E0222" },
	{ "type ipv4_addr;", "10.0.0.1 timeout 5s", "E0525" },
	{ "typeof tcp doff;", "16", "E0221" },
};

static void mistakes_are_named(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		auto_buf text = { 0 };

		buf_fmt(&text,
		        "add table inet t\nadd set inet t s { %s elements = { %s } }\n",
		        wrong[i].head, wrong[i].elements);
		int r = world_run(w, text.p);
		if (r == 0 || !str_starts(buf_as_str(&w->said), str_from(wrong[i].code)))
			fail_msg("%s: %s", wrong[i].elements,
			         w->said.p ? w->said.p : "taken");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(elements_are_listed_in_order, world_begin,
		                                world_end),
		cmocka_unit_test_setup_teardown(mistakes_are_named, world_begin,
		                                world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

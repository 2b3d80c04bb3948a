/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/netfilter.h>

#include "gate/engine/sim/machine.h"
#include "gate/scenario/draw.h"

enum { DRAWS = 2000 };

static void read_line(struct packet_line *line, const char *text)
{
	struct sources sources = { .list = { 0 } };
	auto_arena a = { 0 };
	auto_diags diags = { 0 };
	uint32_t file = sources_add(&sources, STR("test"), str_from(text));
	struct span span = { file, 0, (uint32_t)strlen(text) };

	assert_int_equal(packet_line_read(&sources, span, NULL, &a, &diags, line), 0);
	sources_fini(&sources);
}

static void what_is_drawn_stays_in_its_range_and_comes_to_all_of_it(void **state)
{
	struct sim_machine machine;
	struct packet_line line, out;
	struct draw d;
	unsigned seen[4] = { 0 };

	(void)state;
	machine_init(&machine, 1);
	draw_init(&d, 1, &machine);
	draw_seed(&d, 1, 0);
	read_line(&line, "in eth0 tcp 10.0.0.254-10.0.1.1:1024-1027 > any:22 syn");
	for (int i = 0; i < DRAWS; i++) {
		draw_line(&d, &line, &out);
		assert_true(addr_range_has(&line.ends[END_SRC].addr, NFPROTO_IPV4,
		                           out.desc.src));
		assert_in_range(out.desc.sport, 1024, 1027);
		assert_int_equal(out.desc.dport, 22);
		seen[(out.desc.src[3] + 2) & 3]++;
		assert_true(out.desc.dst[0] > 0 && out.desc.dst[0] < 224 &&
		            out.desc.dst[0] != 127);
	}
	for (unsigned i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] > DRAWS / 20);
	draw_fini(&d);
	machine_fini(&machine);
}

static void the_same_seed_and_number_draw_the_same(void **state)
{
	struct sim_machine machine;
	struct packet_line line, one, two;
	struct draw d;

	(void)state;
	machine_init(&machine, 1);
	draw_init(&d, 1, &machine);
	read_line(&line, "in eth0 tcp any:any > fd00::1 syn");
	draw_seed(&d, 5, 9);
	draw_line(&d, &line, &one);
	draw_line(&d, &line, &two);
	assert_memory_not_equal(one.desc.src, two.desc.src, 16);
	draw_seed(&d, 5, 9);
	draw_line(&d, &line, &two);
	assert_memory_equal(one.desc.src, two.desc.src, 16);
	assert_int_equal(one.desc.sport, two.desc.sport);
	draw_fini(&d);
	machine_fini(&machine);
}

static void nobody_else_has_this_machines_addresses(void **state)
{
	static const uint8_t own[4] = { 10, 0, 0, 1 };
	struct sim_machine machine;
	struct packet_line line, out;
	struct draw d;

	(void)state;
	machine_init(&machine, 1);
	machine_add_addr(&machine, machine_dev(&machine, STR("eth0"), 2), NFPROTO_IPV4,
	                 own, 24);
	draw_init(&d, 1, &machine);
	vec_push(&d.addrs, (struct draw_addr){ NFPROTO_IPV4, { 10, 0, 0, 1 } });
	vec_push(&d.addrs, (struct draw_addr){ NFPROTO_IPV4, { 10, 0, 0, 2 } });
	draw_seed(&d, 1, 1);
	read_line(&line, "in eth0 tcp any > 10.0.0.1:22 syn");
	unsigned met = 0;
	for (int i = 0; i < DRAWS; i++) {
		draw_line(&d, &line, &out);
		assert_memory_not_equal(out.desc.src, own, 4);
		met += out.desc.src[3] == 2 && out.desc.src[0] == 10;
	}
	assert_true(met >= DRAWS / 2); /* the one that is spoken of */
	draw_fini(&d);
	machine_fini(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_is_drawn_stays_in_its_range_and_comes_to_all_of_it),
		UNIT(the_same_seed_and_number_draw_the_same),
		UNIT(nobody_else_has_this_machines_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

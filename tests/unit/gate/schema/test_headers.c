/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Headers, extension headers and options: what their tables promise, and how they are found.
 * tests/differential/test_schema.py compares every place with nft. */
#include "unit.h"

#include "gate/schema/schema.h"

/* Rows in the order of nft's numbers, widths that the type has, nothing over the header's end. */
static void check_fields(const char *header, const struct field *fields, unsigned bits)
{
	unsigned last = 0;

	for (const struct field *f = fields; f && f->name; f++) {
		const struct datatype *t = datatypes[f->type];

		if (f > fields && f->number <= last)
			fail_msg("%s %s: out of order", header, f->name);
		if (!f->bits || f->bits > 128)
			fail_msg("%s %s: %u bits", header, f->name, f->bits);
		if (!t || (t->bits && t->bits != f->bits))
			fail_msg("%s %s: the type has another width", header, f->name);
		if (f->order != ORDER_BIG)
			fail_msg("%s %s: not in network order", header, f->name);
		if (bits && f->off < bits && f->off + f->bits > bits)
			fail_msg("%s %s: over the header's end", header, f->name);
		if (field_by_name(fields, str_from(f->name)) != f ||
		    field_by_number(fields, f->number) != f)
			fail_msg("%s %s: not found", header, f->name);
		if (f->alias && field_by_name(fields, str_from(f->alias)) != f)
			fail_msg("%s %s: not found as %s", header, f->name, f->alias);
		last = f->number;
	}
}

static void rows_of_fields_are_sound(void **state)
{
	(void)state;
	for (int i = PROTO_NONE + 1; i < PROTO_COUNT; i++) {
		assert_int_equal(protos[i]->id, i);
		check_fields(protos[i]->name, protos[i]->fields, protos[i]->bits);
	}
	for (const struct exthdr *h = exthdrs; h->name; h++)
		check_fields(h->name, h->fields, 0);
}

static void protocols_are_found_by_name_and_number(void **state)
{
	(void)state;
	assert_null(protos[PROTO_NONE]);
	for (int i = PROTO_NONE + 1; i < PROTO_COUNT; i++) {
		const struct proto *p = protos[i];

		assert_ptr_equal(proto_by_name(str_from(p->name)), p);
		if (p->base == PAYLOAD_TH && p->number)
			assert_ptr_equal(proto_by_l4((uint8_t)p->number), p);
		if (p->base == PAYLOAD_NH)
			assert_ptr_equal(proto_by_ethertype(p->number), p);
	}
	assert_null(proto_by_name(STR("tc")));
	assert_null(proto_by_l4(0));
	assert_null(proto_by_l4(253));
	assert_null(proto_by_ethertype(0x88cc));
	assert_ptr_equal(proto_by_ethertype(0x8100), protos[PROTO_VLAN]);
	assert_ptr_equal(proto_by_ethertype(0x88a8), protos[PROTO_VLAN]);
}

static void fields_are_found_by_both_spellings(void **state)
{
	const struct field *icmpv6 = protos[PROTO_ICMPV6]->fields;

	(void)state;
	assert_ptr_equal(field_by_name(icmpv6, STR("param-problem")),
	                 field_by_name(icmpv6, STR("parameter-problem")));
	assert_string_equal(field_by_name(icmpv6, STR("packet-too-big"))->name, "mtu");
	assert_null(field_by_name(icmpv6, STR("")));
	assert_null(field_by_name(NULL, STR("type")));
	assert_null(field_by_number(icmpv6, 0));
}

static void options_are_found_by_both_spellings(void **state)
{
	(void)state;
	assert_string_equal(exthdr_by_name(EXTHDR_TCPOPT, STR("mss"))->name, "maxseg");
	assert_string_equal(exthdr_by_name(EXTHDR_TCPOPT, STR("sack0"))->name, "sack");
	assert_int_equal(exthdr_by_name(EXTHDR_TCPOPT, STR("sack"))->type, 5);
	assert_int_equal(exthdr_by_name(EXTHDR_SCTP, STR("sack"))->type, 3);
	assert_null(exthdr_by_name(EXTHDR_IPV6, STR("sack")));
}

static void an_option_is_known_by_its_type_and_a_place_in_it(void **state)
{
	static const struct {
		enum exthdr_op op;
		uint8_t type;
		unsigned off;
		const char *name;
	} rows[] = {
		{ EXTHDR_IPV6, 43, 16, "rt" },        { EXTHDR_IPV6, 43, 40, "srh" },
		{ EXTHDR_IPV6, 43, 64, "srh" },       { EXTHDR_IPV6, 44, 24, "frag" },
		{ EXTHDR_TCPOPT, 5, 16, "sack" },     { EXTHDR_TCPOPT, 5, 8, "sack" },
		{ EXTHDR_TCPOPT, 5, 80, "sack1" },    { EXTHDR_TCPOPT, 5, 240, "sack3" },
		{ EXTHDR_TCPOPT, 8, 8, "timestamp" }, { EXTHDR_TCPOPT, 1, 0, "nop" },
		{ EXTHDR_TCPOPT, 2, 999, "maxseg" },  { EXTHDR_IPV4, 131, 24, "lsrr" },
		{ EXTHDR_SCTP, 193, 32, "asconf" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			exthdr_by_type(rows[i].op, rows[i].type, rows[i].off)->name,
			rows[i].name);
	assert_null(exthdr_by_type(EXTHDR_TCPOPT, 254, 0));
	assert_null(exthdr_by_type(EXTHDR_DCCP, 1, 0));
}

static void nfts_numbers_lead_to_the_header_that_has_the_field(void **state)
{
	const struct exthdr *h = NULL;
	const struct field *f = exthdr_field_by_number(EXTHDR_TCPOPT, 5, 7, &h);

	(void)state;
	assert_string_equal(h->name, "sack2");
	assert_string_equal(f->name, "right");
	f = exthdr_field_by_number(EXTHDR_SCTP, 0, 0, &h);
	assert_string_equal(h->name, "data");
	assert_string_equal(f->name, "type");
	h = NULL;
	assert_null(exthdr_field_by_number(EXTHDR_IPV4, 7, 3, &h));
	assert_null(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(rows_of_fields_are_sound),
		UNIT(protocols_are_found_by_name_and_number),
		UNIT(fields_are_found_by_both_spellings),
		UNIT(options_are_found_by_both_spellings),
		UNIT(an_option_is_known_by_its_type_and_a_place_in_it),
		UNIT(nfts_numbers_lead_to_the_header_that_has_the_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Contacts: kept, found, stored and read back. */
#include "unit.h"

#include <errno.h>

#include "herald/route/roster.h"

static struct jid jid_of(const char *text, struct arena *a)
{
	struct jid j;

	assert_int_equal(jid_parse(str_from(text), a, &j), 0);
	return j;
}

static void an_item_is_stored_and_read_back(void **state)
{
	static const char *const stored[] = {
		"<item jid='b@x' subscription='none'/>",
		("<item jid='b@x' name='Bob &amp; co' subscription='both'><group>&lt;1&gt;</group>"
		 "<group>2</group></item>"),
		"<item jid='b@x' subscription='from' ask='subscribe' approved='true'/>",
		"<item jid='b@x' subscription='to' pending='in'/>",
		"<item jid='b@x' subscription='none' pending='in' listed='no'/>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
		auto_arena a = { 0 };
		auto_buf out = { 0 };
		struct roster r = { 0 };
		assert_int_equal(roster_item_load(&r, str_from(stored[i]), &a), 0);
		roster_item_store(roster_find(&r, jid_of("b@x", &a)), &out);
		assert_str(buf_as_str(&out), stored[i]);
		roster_fini(&r);
	}
}

static void what_is_no_item_is_refused(void **state)
{
	static const char *const rows[] = { "", "<item/>", "<item jid='@'/>",
		                            "<item jid='a@b'>" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_arena a = { 0 };
		struct roster r = { 0 };
		assert_int_equal(roster_item_load(&r, str_from(rows[i]), &a), -EINVAL);
		assert_int_equal(r.items.n, 0);
		roster_fini(&r);
	}
}

static void the_client_sees_no_private_state(void **state)
{
	auto_arena a = { 0 };
	auto_buf out = { 0 };
	struct roster r = { 0 };
	struct xml *query = xml_new(&a, "query", NS_ROSTER);

	(void)state;
	struct roster_item *item = roster_need(&r, jid_of("b@x/home", &a));
	assert_ptr_equal(item, roster_need(&r, jid_of("b@x", &a)));
	item->pending = item->to = true;
	roster_item_describe(item, STR("n"), STR("<group>g</group>"));
	roster_item_describe(item, item->name, item->groups);
	roster_item_xml(item, query, &a);
	xml_write(&out, query, STR(NS_ROSTER));
	assert_str(buf_as_str(&out), "<query><item jid='b@x' name='n' subscription='to'>"
	                             "<group>g</group></item></query>");
	roster_remove(&r, item);
	assert_null(roster_find(&r, jid_of("b@x", &a)));
	roster_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(an_item_is_stored_and_read_back),
		UNIT(what_is_no_item_is_refused),
		UNIT(the_client_sees_no_private_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

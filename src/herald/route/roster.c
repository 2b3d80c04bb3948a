/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Contacts. An item's texts share one allocation, which its key in the map points into. */
#include "herald/route/roster.h"

#include <errno.h>

#include "base/oom.h"
#include "herald/xml/parse.h"

static const struct xml_ns roster_ns = { STR_INIT(""), STR_INIT(NS_ROSTER), NULL, 0 };
static const struct xml_limits item_limits = { SIZE_MAX, 8, SIZE_MAX, XML_ATTRS_MAX };

static void item_free(struct roster_item *item)
{
	free(item->memory);
	cleanup_free(&item->jid.p);
	free(item);
}

void roster_fini(struct roster *r)
{
	map_for_each(it, &r->items)
		item_free(it->value);
	map_fini(&r->items);
}

struct roster_item *roster_find(const struct roster *r, struct jid bare)
{
	return map_get(&r->items, jid_bare_str(bare));
}

struct roster_item *roster_need(struct roster *r, struct jid bare)
{
	struct roster_item *item = roster_find(r, bare);
	struct str text = jid_bare_str(bare);

	if (item)
		return item;
	item = base_calloc(1, sizeof(*item));
	char *copy = base_realloc(NULL, text.n, 1);
	memcpy(copy, text.p, text.n);
	item->jid = jid_bare(bare);
	item->jid.p = copy;
	map_put(&r->items, jid_bare_str(item->jid), item);
	return item;
}

void roster_remove(struct roster *r, struct roster_item *item)
{
	map_del(&r->items, jid_bare_str(item->jid));
	item_free(item);
}

void roster_item_describe(struct roster_item *item, struct str name, struct str groups)
{
	char *memory = base_realloc(NULL, name.n + groups.n + 1, 1);

	memcpy(memory, name.n ? name.p : "", name.n);
	memcpy(memory + name.n, groups.n ? groups.p : "", groups.n);
	free(item->memory);
	item->memory = memory;
	item->name = (struct str){ memory, name.n };
	item->groups = (struct str){ memory + name.n, groups.n };
}

const char *roster_subscription(const struct roster_item *item)
{
	if (item->to)
		return item->from ? "both" : "to";
	return item->from ? "from" : "none";
}

/* The groups of an item as children of `x`. */
static void put_groups(const struct roster_item *item, struct xml *x, struct arena *a)
{
	auto_buf text = { 0 };
	struct xml *all;

	buf_fmt(&text, "<item>" STR_FMT "</item>", STR_ARG(item->groups));
	if (xml_parse(arena_str(a, buf_as_str(&text)), &roster_ns, &item_limits, a,
	              &all) != XML_OK)
		return;
	xml_for_each(group, all)
		xml_add_text(a, x, "group", NS_ROSTER, xml_text(group, a));
}

struct xml *roster_item_xml(const struct roster_item *item, struct xml *query,
                            struct arena *a)
{
	struct xml *x = xml_add(a, query, "item", NS_ROSTER);

	xml_set(a, x, "jid", arena_str(a, jid_bare_str(item->jid)));
	if (item->name.n)
		xml_set(a, x, "name", arena_str(a, item->name));
	xml_set(a, x, "subscription", str_from(roster_subscription(item)));
	if (item->ask)
		xml_set(a, x, "ask", STR("subscribe"));
	if (item->approved)
		xml_set(a, x, "approved", STR("true"));
	put_groups(item, x, a);
	return x;
}

/* A sum, so that the order of the items does not matter. */
struct str roster_version(const struct roster *r, struct arena *a)
{
	uint64_t sum = 0;
	size_t n = 0;

	map_for_each(it, &r->items) {
		const struct roster_item *item = it->value;
		auto_arena own = { 0 };
		auto_buf text = { 0 };
		if (!item->listed)
			continue;
		xml_write(&text,
		          roster_item_xml(item, xml_new(&own, "query", NS_ROSTER), &own),
		          STR(NS_ROSTER));
		sum += hash_bytes(text.p, text.n);
		n++;
	}
	return arena_fmt(a, "%016llx-%zu", (unsigned long long)sum, n);
}

void roster_item_store(const struct roster_item *item, struct buf *out)
{
	auto_arena a = { 0 };
	struct xml *query = xml_new(&a, "query", NS_ROSTER);
	struct xml *x = roster_item_xml(item, query, &a);

	if (item->pending)
		xml_set(&a, x, "pending", STR("in"));
	if (!item->listed)
		xml_set(&a, x, "listed", STR("no"));
	xml_write(out, x, STR(NS_ROSTER));
}

static bool has(const struct xml *x, const char *attr, const char *value)
{
	return str_is(xml_get(x, attr), value);
}

int roster_item_load(struct roster *r, struct str value, struct arena *a)
{
	auto_buf groups = { 0 };
	struct jid jid;
	struct xml *x;

	if (xml_parse(arena_str(a, value), &roster_ns, &item_limits, a, &x) != XML_OK ||
	    jid_parse(xml_get(x, "jid"), a, &jid) < 0)
		return -EINVAL;
	struct roster_item *item = roster_need(r, jid);
	xml_for_each(group, x) xml_write(&groups, group, STR(NS_ROSTER));
	roster_item_describe(item, xml_get(x, "name"), buf_as_str(&groups));
	item->to = has(x, "subscription", "to") || has(x, "subscription", "both");
	item->from = has(x, "subscription", "from") || has(x, "subscription", "both");
	item->ask = xml_has(x, "ask");
	item->approved = xml_has(x, "approved");
	item->pending = xml_has(x, "pending");
	item->listed = !xml_has(x, "listed");
	return 0;
}

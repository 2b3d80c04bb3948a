/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about rosters. */
#include <errno.h>

#include "herald/daemon/command_impl.h"
#include "herald/im/im.h"

/* A command that waits for its account to be loaded. */
struct waiting {
	struct call *call;
	command_user_fn fn;
};

static void on_loaded(void *arg, struct user *u)
{
	const struct waiting *w = arg;

	if (u->load_error)
		command_say(w->call, false, command_trouble(w->call, u->load_error));
	else
		w->fn(w->call, u);
}

void command_with_user(struct call *c, command_user_fn fn)
{
	struct jid jid;

	if (!command_read_account(c))
		return;
	if (jid_make(c->args[0], c->args[1], STR(""), &c->arena, &jid) < 0) {
		command_say(c, false, STR("this is not an address"));
		return;
	}
	struct waiting *w = arena_new(&c->arena, struct waiting);
	*w = (struct waiting){ c, fn };
	user_with(&c->daemon->worker, jid, on_loaded, w);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void put_groups(struct buf *out, const struct roster_item *item, struct arena *a)
{
	struct xml *x = roster_item_xml(item, xml_new(a, "query", NS_ROSTER), a);
	bool more = false;

	xml_for_each(group, x)
	{
		buf_cstr(out, more ? ";" : "");
		buf_str(out, xml_text(group, a));
		more = true;
	}
}

/* ejabberdctl's columns: JID, name, subscription, what is asked, groups. */
static void put_item(struct buf *out, const struct roster_item *item, struct arena *a)
{
	const char *ask = item->ask && item->pending ? "both"
	                  : item->ask                ? "subscribe"
	                  : item->pending            ? "in"
	                                             : "none";

	buf_fmt(out, "%s" STR_FMT "\t" STR_FMT "\t%s\t%s\t", out->n ? "\n" : "",
	        STR_ARG(jid_bare_str(item->jid)), STR_ARG(item->name),
	        roster_subscription(item), ask);
	put_groups(out, item, a);
}

static int by_jid(const void *a, const void *b)
{
	const struct roster_item *const *x = a, *const *y = b;

	return str_cmp(jid_bare_str((*x)->jid), jid_bare_str((*y)->jid));
}

static void get(struct call *c, struct user *u)
{
	VEC(const struct roster_item *) items = { 0 };
	auto_buf text = { 0 };

	map_for_each(it, &u->roster.items)
		vec_push(&items, it->value);
	if (items.n)
		qsort(items.p, items.n, sizeof(*items.p), by_jid);
	vec_for_each(item, &items)
		put_item(&text, *item, &c->arena);
	vec_fini(&items);
	command_say(c, true, buf_as_str(&text));
}

void run_get_roster(struct call *c)
{
	command_with_user(c, get);
}

/* ---- changing ----------------------------------------------------------------------------- */

static void on_stored(void *arg, int result)
{
	struct call *c = arg;

	command_say(c, result == 0, result == 0 ? STR("") : command_trouble(c, result));
}

/* The state of the item (NULL: it is gone) goes to the disk, then comes the answer. */
static void store_item(struct call *c, struct user *u, struct jid contact,
                       const struct roster_item *item)
{
	im_roster_put(worker_tx(u->worker), u, contact, item);
	worker_then(u->worker, on_stored, c);
}

/* The contact of args[2] at args[3]; false: it has answered. */
static bool read_contact(struct call *c, struct jid *out)
{
	if (jid_make(c->args[2], c->args[3], STR(""), &c->arena, out) == 0)
		return true;
	command_say(c, false,
	            arena_fmt(&c->arena, "`" STR_FMT "@" STR_FMT "` is not an address",
	                      STR_ARG(c->args[2]), STR_ARG(c->args[3])));
	return false;
}

/* "none", "to", "from", "both", or not one of them. */
static bool read_subscription(struct str word, bool *to, bool *from)
{
	bool both = str_is(word, "both");

	*to = both || str_is(word, "to");
	*from = both || str_is(word, "from");
	return *to || *from || str_is(word, "none");
}

/* `a;b` as <group/> elements. */
static void put_group_xml(struct buf *out, struct str groups)
{
	while (groups.n) {
		size_t n = str_find(groups, ';');
		struct str name = str_trim(str_sub(groups, 0, n));
		if (name.n) {
			buf_cstr(out, "<group>");
			xml_escape(out, name);
			buf_cstr(out, "</group>");
		}
		groups = str_sub(groups, n + 1, groups.n);
	}
}

static void add(struct call *c, struct user *u)
{
	auto_buf groups = { 0 };
	bool to, from;
	struct jid contact;

	if (!read_contact(c, &contact))
		return;
	if (!read_subscription(c->args[6], &to, &from)) {
		command_say(c, false,
		            STR("the subscriptions are none, to, from and both"));
		return;
	}
	struct roster_item *item = roster_need(&u->roster, contact);
	put_group_xml(&groups, c->args[5]);
	roster_item_describe(item, c->args[4], buf_as_str(&groups));
	item->to = to;
	item->from = from;
	item->ask = item->pending = false;
	item->listed = true;
	im_roster_push(u, item, false, &c->arena);
	store_item(c, u, contact, item);
}

void run_add_rosteritem(struct call *c)
{
	command_with_user(c, add);
}

static void delete (struct call *c, struct user *u)
{
	struct jid contact;

	if (!read_contact(c, &contact))
		return;
	struct roster_item *item = roster_find(&u->roster, contact);
	if (!item) {
		command_say(c, false, STR("there is no such contact"));
		return;
	}
	im_roster_push(u, item, true, &c->arena);
	roster_remove(&u->roster, item);
	store_item(c, u, contact, NULL);
}

void run_delete_rosteritem(struct call *c)
{
	command_with_user(c, delete);
}

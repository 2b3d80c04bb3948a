/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A user's tree as what the store keeps. */
#include <errno.h>
#include <time.h>

#include "base/base64.h"
#include "herald/auth/digest.h"
#include "herald/jid/jid.h"
#include "herald/pie/pie.h"
#include "herald/route/roster.h"
#include "herald/stream/stream.h"

#define NS_DELAY   "urn:xmpp:delay"
#define NS_PRIVATE "jabber:iq:private"
#define NS_VCARD   "vcard-temp"

static void leave(struct pie_user *u, struct arena *a, const struct xml *x,
                  const char *why)
{
	vec_push(&u->left, arena_fmt(a, "<" STR_FMT " xmlns='" STR_FMT "'> %s",
	                             STR_ARG(x->name), STR_ARG(x->ns), why));
}

/* ---- keys --------------------------------------------------------------------------------- */

/* Base 64, or what Debian's ejabberd writes: base 64 of base 64. `n` bytes are wanted; 0: any
 * number. `twice` is set when it was so. */
static bool read_bytes(struct str text, size_t n, bool *twice, struct arena *a,
                       struct str *out)
{
	struct str once, again;

	if (base64_decode(str_trim(text), a, &once) < 0)
		return false;
	if (n ? once.n != n : *twice) {
		if (base64_decode(once, a, &again) < 0 || (n && again.n != n))
			return false;
		*twice = true;
		once = again;
	}
	*out = once;
	return once.n > 0;
}

static struct str child_text(const struct xml *x, const char *name, struct arena *a)
{
	return xml_text(xml_child(x, name, NULL), a);
}

/* The salt tells nothing of its size: it is as the keys are. */
static bool read_key(const struct xml *x, enum digest d, struct arena *a,
                     struct scram_key *out)
{
	struct str stored, server, salt;
	size_t n = digest_size(d);
	uint64_t iterations;
	bool twice = false;

	if (str_to_u64(str_trim(child_text(x, "iter-count", a)), 10, &iterations) < 0 ||
	    !iterations || iterations > SCRAM_ITERATIONS_MAX ||
	    !read_bytes(child_text(x, "stored-key", a), n, &twice, a, &stored) ||
	    !read_bytes(child_text(x, "server-key", a), n, &twice, a, &server) ||
	    !read_bytes(child_text(x, "salt", a), 0, &twice, a, &salt) ||
	    salt.n > SCRAM_SALT_MAX)
		return false;
	*out = (struct scram_key){ .digest = d, .iterations = (uint32_t)iterations };
	out->salt_n = (uint8_t)salt.n;
	memcpy(out->salt, salt.p, salt.n);
	memcpy(out->stored, stored.p, n);
	memcpy(out->server, server.p, n);
	return true;
}

static void take_key(const struct xml *x, struct arena *a, struct pie_user *u)
{
	struct str name = xml_get(x, "mechanism");
	bool sha1 = str_is(name, "SCRAM-SHA-1"), sha256 = str_is(name, "SCRAM-SHA-256");
	struct scram_key key;

	if (!sha1 && !sha256)
		leave(u, a, x, "has keys for a mechanism that herald does not know");
	else if (!read_key(x, sha1 ? DIGEST_SHA1 : DIGEST_SHA256, a, &key))
		leave(u, a, x, "cannot be read");
	else if (u->n_keys < 2 && (u->n_keys == 0 || u->keys[0].digest != key.digest))
		u->keys[u->n_keys++] = key;
}

int pie_user_read(const struct xml *user, struct arena *a, struct pie_user *out)
{
	struct pie_user u = { 0 };

	if (jid_prep_local(xml_get(user, "name"), a, &u.name) < 0)
		return -EINVAL;
	u.password = xml_has(user, "password") ? xml_get(user, "password")
	                                       : (struct str){ NULL, 0 };
	if (u.password.p && !u.password.n)
		u.password.p = NULL;
	xml_for_each(x, user)
	{
		if (xml_is(x, "scram-credentials", NS_PIE_SCRAM))
			take_key(x, a, &u);
		if (xml_is(x, "disabled", NS_MOVED)) {
			u.is_disabled = true;
			u.disabled = xml_text(x, a);
		}
	}
	*out = u;
	return 0;
}

void pie_user_fini(struct pie_user *u)
{
	vec_fini(&u->left);
}

/* ---- times -------------------------------------------------------------------------------- */

/* `n` digits at `at`, or -1. */
static int digits(struct str s, size_t at, size_t n)
{
	int v = 0;

	if (at + n > s.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = 10 * v + (s.p[i] - '0');
	}
	return v;
}

/* The offset at the end, in seconds. */
static bool read_zone(struct str zone, int64_t *out)
{
	int hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);

	*out = 0;
	if (str_is(zone, "Z"))
		return true;
	if (zone.n != 6 || zone.p[3] != ':' || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59 || (zone.p[0] != '+' && zone.p[0] != '-'))
		return false;
	*out = (int64_t)hours * 3600 + (int64_t)minutes * 60;
	if (zone.p[0] == '-')
		*out = -*out;
	return true;
}

int pie_time(struct str s, int64_t *out)
{
	struct tm tm = {
		.tm_year = digits(s, 0, 4) - 1900,
		.tm_mon = digits(s, 5, 2) - 1,
		.tm_mday = digits(s, 8, 2),
		.tm_hour = digits(s, 11, 2),
		.tm_min = digits(s, 14, 2),
		.tm_sec = digits(s, 17, 2),
	};
	int64_t us = 0, unit = 100000, zone;
	size_t at = 19;

	if (s.n < 20 || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != 'T' ||
	    s.p[13] != ':' || s.p[16] != ':' || tm.tm_year < -130 || tm.tm_mon < 0 ||
	    tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 ||
	    tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
	    tm.tm_sec > 60)
		return -EINVAL;
	if (s.p[at] == '.') {
		for (at++; digits(s, at, 1) >= 0; at++, unit /= 10)
			us += digits(s, at, 1) * unit;
	}
	if (!read_zone(str_sub(s, at, s.n), &zone))
		return -EINVAL;
	*out = ((int64_t)timegm(&tm) - zone) * 1000000 + us;
	return 0;
}

/* ---- what the user has -------------------------------------------------------------------- */

struct putting {
	struct str host;
	struct store_tx *tx;
	struct arena *a;
	struct pie_user *u;
	struct roster roster;
};

static struct store_place place(const struct putting *p, enum pie_part part)
{
	return (struct store_place){ p->host, p->u->name, str_from(pie_part_name(part)) };
}

static void put_xml(struct putting *p, enum pie_part part, struct str key,
                    const struct xml *x)
{
	struct store_place at = place(p, part);
	auto_buf text = { 0 };

	xml_write(&text, x, STR(""));
	if (text.n > STORE_VALUE_MAX)
		leave(p->u, p->a, x, "is too long");
	else
		tx_put(p->tx, &at, key, buf_as_str(&text));
}

static void take_contact(struct putting *p, const struct xml *x)
{
	struct str subscription = xml_get(x, "subscription");
	bool both = str_is(subscription, "both");
	auto_buf groups = { 0 };
	struct jid jid;

	if (jid_parse(xml_get(x, "jid"), p->a, &jid) < 0) {
		leave(p->u, p->a, x, "has no address");
		return;
	}
	struct roster_item *item = roster_need(&p->roster, jid_bare(jid));
	xml_for_each(group, x)
	{
		if (xml_is(group, "group", NS_ROSTER))
			xml_write(&groups, group, STR(NS_ROSTER));
	}
	roster_item_describe(item, xml_get(x, "name"), buf_as_str(&groups));
	item->to = both || str_is(subscription, "to");
	item->from = both || str_is(subscription, "from");
	item->ask = str_is(xml_get(x, "ask"), "subscribe");
	item->approved = str_is(xml_get(x, "approved"), "true");
	item->listed = true;
}

/* Somebody asked to see the user's presence, and waits. */
static void take_request(struct putting *p, const struct xml *x)
{
	struct jid from;

	if (!str_is(xml_get(x, "type"), "subscribe") ||
	    jid_parse(xml_get(x, "from"), p->a, &from) < 0) {
		leave(p->u, p->a, x, "is no request for a subscription");
		return;
	}
	struct roster_item *item = roster_need(&p->roster, jid_bare(from));
	item->pending = !item->from;
}

static void put_roster(struct putting *p)
{
	struct store_place at = place(p, PIE_ROSTER);

	map_for_each(it, &p->roster.items) {
		const struct roster_item *item = it->value;
		auto_buf value = { 0 };
		roster_item_store(item, &value);
		tx_put(p->tx, &at, jid_bare_str(item->jid), buf_as_str(&value));
		p->u->contacts++;
	}
}

/* The time at which the old server got the message is the entry's, its note goes. */
static int64_t take_delay(struct putting *p, struct xml *x)
{
	int64_t stamp = (int64_t)time(NULL) * 1000000;

	for (struct xml *c = xml_first(x), *next; c; c = next) {
		next = xml_next(c);
		struct str from = xml_get(c, "from");
		if (!xml_is(c, "delay", NS_DELAY) || (from.n && !str_eq(from, p->host)))
			continue;
		if (pie_time(xml_get(c, "stamp"), &stamp) == 0)
			xml_remove(c);
	}
	return stamp;
}

static void take_message(struct putting *p, struct xml *x)
{
	struct store_place at = place(p, PIE_OFFLINE);
	struct jid from, to;
	auto_buf text = { 0 };

	if (!xml_is(x, "message", NS_CLIENT) ||
	    jid_parse(xml_get(x, "from"), p->a, &from) < 0 ||
	    jid_parse(xml_get(x, "to"), p->a, &to) < 0) {
		leave(p->u, p->a, x, "is no message with `from` and `to`");
		return;
	}
	int64_t stamp = take_delay(p, x);
	xml_write(&text, x, STR(NS_CLIENT));
	if (text.n > STORE_VALUE_MAX) {
		leave(p->u, p->a, x, "is too long");
		return;
	}
	tx_append(p->tx, &at, stamp, STR(""), buf_as_str(&text));
	p->u->messages++;
}

static void take_private(struct putting *p, const struct xml *query)
{
	xml_for_each(x, query)
	{
		put_xml(p, PIE_PRIVATE,
		        arena_fmt(p->a, STR_FMT " " STR_FMT, STR_ARG(x->ns),
		                  STR_ARG(x->name)),
		        x);
	}
}

/* XEP-0153: the server says in presence which picture the vCard has, by its hash. */
static void put_photo(struct putting *p, const struct xml *vcard)
{
	struct store_place at = { p->host, p->u->name, STR("photo") };
	const struct xml *photo = xml_child(vcard, "PHOTO", NS_VCARD);
	const struct xml *data = photo ? xml_child(photo, "BINVAL", NS_VCARD) : NULL;
	struct str text = xml_text(data, p->a), bytes;
	uint8_t hash[DIGEST_MAX];
	auto_buf plain = { 0 }, hex = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] > ' ')
			buf_char(&plain, text.p[i]);
	}
	if (!plain.n || base64_decode(buf_as_str(&plain), p->a, &bytes) < 0)
		return;
	digest(DIGEST_SHA1, bytes, hash);
	for (size_t i = 0; i < digest_size(DIGEST_SHA1); i++)
		buf_fmt(&hex, "%02x", hash[i]);
	tx_put(p->tx, &at, STR(""), buf_as_str(&hex));
}

static void take_vcard(struct putting *p, const struct xml *x)
{
	put_xml(p, PIE_VCARD, STR(""), x);
	put_photo(p, x);
}

/* XEP-0012 counts seconds back from now; kept is the time, a blank, the status. */
static void take_last(struct putting *p, const struct xml *query)
{
	struct store_place at = place(p, PIE_LAST);
	uint64_t seconds, now = (uint64_t)time(NULL);

	if (str_to_u64(xml_get(query, "seconds"), 10, &seconds) < 0 || seconds > now) {
		leave(p->u, p->a, query, "has no `seconds`");
		return;
	}
	tx_put(p->tx, &at, STR(""),
	       arena_fmt(p->a, "%llu " STR_FMT, (unsigned long long)(now - seconds),
	                 STR_ARG(xml_text(query, p->a))));
}

/* ---- what is blocked ---------------------------------------------------------------------- */

#define NS_BLOCKING "urn:xmpp:blocking"

static void block(struct putting *p, const struct xml *x, struct str address)
{
	struct store_place at = place(p, PIE_BLOCKED);
	struct jid jid;

	if (jid_parse(address, p->a, &jid) < 0)
		leave(p->u, p->a, x, "has no address");
	else
		tx_put(p->tx, &at, arena_str(p->a, jid_str(jid)), STR("1"));
}

/* XEP-0016 section 2.1: without children, or with all four, an item is about every stanza. */
static bool is_for_all(const struct xml *item)
{
	static const char *const kinds[] = { "message", "iq", "presence-in",
		                             "presence-out" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		n += xml_child(item, kinds[i], NS_PRIVACY) != NULL;
	return n == 0 || n == ARRAY_LEN(kinds);
}

/* Of the list that holds for all sessions, what XEP-0191 can say too. */
static void take_privacy(struct putting *p, const struct xml *query)
{
	const struct xml *chosen = xml_child(query, "default", NS_PRIVACY);
	struct str name = chosen ? xml_get(chosen, "name") : (struct str){ 0 };

	xml_for_each(list, query)
	{
		if (!xml_is(list, "list", NS_PRIVACY))
			continue;
		if (!chosen || !str_eq(xml_get(list, "name"), name)) {
			leave(p->u, p->a, list, "is not the list for all sessions");
			continue;
		}
		xml_for_each(item, list)
		{
			if (str_is(xml_get(item, "type"), "jid") &&
			    str_is(xml_get(item, "action"), "deny") && is_for_all(item))
				block(p, item, xml_get(item, "value"));
			else
				leave(p->u, p->a, item,
				      "does more than block an address");
		}
	}
}

static void take_child(struct putting *p, const struct xml *x)
{
	if (xml_is(x, "scram-credentials", NS_PIE_SCRAM) ||
	    xml_is(x, "disabled", NS_MOVED))
		return; /* pie_user_read's */
	if (xml_is(x, "query", NS_ROSTER))
		xml_for_each(item, x) take_contact(p, item);
	else if (xml_is(x, "presence", NS_CLIENT))
		take_request(p, x);
	else if (xml_is(x, "offline-messages", NS_PIE))
		xml_for_each(message, x) take_message(p, message);
	else if (xml_is(x, "query", NS_PRIVATE))
		take_private(p, x);
	else if (xml_is(x, "vCard", NS_VCARD))
		take_vcard(p, x);
	else if (xml_is(x, "query", "jabber:iq:last"))
		take_last(p, x);
	else if (xml_is(x, "query", NS_PRIVACY))
		take_privacy(p, x);
	else if (xml_is(x, "blocklist", NS_BLOCKING))
		xml_for_each(item, x) block(p, item, xml_get(item, "jid"));
	else
		leave(p->u, p->a, x, "was not taken");
}

void pie_user_put(const struct xml *user, struct str host, struct store_tx *tx,
                  struct arena *a, struct pie_user *u)
{
	struct putting p = { .host = host, .tx = tx, .a = a, .u = u };

	xml_for_each(x, user) take_child(&p, x);
	put_roster(&p);
	roster_fini(&p.roster);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the store keeps of a user as XML. */
#include <time.h>

#include "base/base64.h"
#include "herald/pie/pie.h"
#include "herald/route/roster.h"
#include "herald/stream/stream.h"
#include "herald/xml/parse.h"

const char *pie_part_name(enum pie_part part)
{
	static const char *const names[] = {
#define X(id, name) name,
		PIE_PARTS(X)
#undef X
	};

	return names[part];
}

void pie_write_head(struct buf *out)
{
	buf_cstr(out,
	         "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='" NS_PIE
	         "'>\n");
}

void pie_write_host(struct buf *out, struct str host)
{
	buf_cstr(out, "<host jid='");
	xml_escape(out, host);
	buf_cstr(out, "'>\n");
}

void pie_write_user(struct buf *out, struct str name)
{
	buf_cstr(out, "<user name='");
	xml_escape(out, name);
	buf_cstr(out, "'>");
}

void pie_write_user_end(struct buf *out)
{
	buf_cstr(out, "</user>\n");
}

void pie_write_host_end(struct buf *out)
{
	buf_cstr(out, "</host>\n");
}

void pie_write_end(struct buf *out)
{
	buf_cstr(out, "</server-data>\n");
}

static void write_bytes(struct buf *out, const char *name, const void *p, size_t n)
{
	buf_fmt(out, "<%s>", name);
	base64_encode(out, (struct str){ p, n });
	buf_fmt(out, "</%s>", name);
}

static void write_key(struct buf *out, const struct scram_key *key)
{
	buf_fmt(out,
	        "<scram-credentials xmlns='" NS_PIE_SCRAM
	        "' mechanism='%s'><iter-count>%u</iter-count>",
	        key->digest == DIGEST_SHA1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256",
	        key->iterations);
	write_bytes(out, "salt", key->salt, key->salt_n);
	write_bytes(out, "server-key", key->server, digest_size(key->digest));
	write_bytes(out, "stored-key", key->stored, digest_size(key->digest));
	buf_cstr(out, "</scram-credentials>");
}

static void write_account(struct buf *out, const struct store_rows *rows)
{
	struct account_moved account;

	accounts_move_out(rows, &account);
	for (size_t i = 0; i < 2; i++) {
		if (account.has_key[i])
			write_key(out, &account.keys[i]);
	}
	if (account.is_disabled) {
		buf_cstr(out, "<disabled xmlns='" NS_MOVED "'>");
		xml_escape(out, account.disabled);
		buf_cstr(out, "</disabled>");
	}
}

/* Who waits for the user's answer is a presence, section 4.7 of the format. */
static void write_request(struct buf *out, const struct roster_item *item,
                          struct str host, struct str user)
{
	buf_cstr(out, "<presence xmlns='" NS_CLIENT "' type='subscribe' from='");
	xml_escape(out, jid_bare_str(item->jid));
	buf_cstr(out, "' to='");
	xml_escape(out, user);
	buf_char(out, '@');
	xml_escape(out, host);
	buf_cstr(out, "'/>");
}

static void write_roster(struct buf *out, struct str host, struct str user,
                         const struct store_rows *rows)
{
	struct roster roster = { 0 };
	auto_arena a = { 0 };
	auto_buf requests = { 0 };
	struct xml *query = xml_new(&a, "query", NS_ROSTER);

	for (size_t i = 0; i < rows->n; i++) {
		if (roster_item_load(&roster, arena_str(&a, rows->p[i].value), &a) < 0)
			continue;
	}
	map_for_each(it, &roster.items) {
		const struct roster_item *item = it->value;
		if (item->listed)
			roster_item_xml(item, query, &a);
		if (item->pending)
			write_request(&requests, item, host, user);
	}
	xml_write(out, query, STR(NS_PIE));
	buf_str(out, buf_as_str(&requests));
	roster_fini(&roster);
}

/* Values are XML already, each with its namespace. */
static void write_values(struct buf *out, const struct store_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		buf_str(out, rows->p[i].value);
}

static void write_message(struct buf *out, struct str host, const struct store_row *row)
{
	time_t seconds = (time_t)(row->stamp_us / 1000000);
	auto_arena a = { 0 };
	struct xml *x = xml_parse_kept(arena_str(&a, row->value), &a);
	struct tm tm;
	char day[32];

	if (!x)
		return;
	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	struct xml *delay = xml_add(&a, x, "delay", "urn:xmpp:delay");
	xml_set(&a, delay, "from", host);
	xml_set(&a, delay, "stamp",
	        arena_fmt(&a, "%s.%06dZ", day, (int)(row->stamp_us % 1000000)));
	xml_write(out, x, STR(NS_PIE));
}

static void write_messages(struct buf *out, struct str host,
                           const struct store_rows *rows)
{
	buf_cstr(out, "<offline-messages>");
	for (size_t i = 0; i < rows->n; i++)
		write_message(out, host, &rows->p[i]);
	buf_cstr(out, "</offline-messages>");
}

static void write_last(struct buf *out, struct str value)
{
	uint64_t since, now = (uint64_t)time(NULL);
	size_t space = str_find(value, ' ');

	if (str_to_u64(str_sub(value, 0, space), 10, &since) < 0)
		return;
	buf_fmt(out, "<query xmlns='jabber:iq:last' seconds='%llu'>",
	        (unsigned long long)(now > since ? now - since : 0));
	xml_escape(out, str_sub(value, space + 1, value.n));
	buf_cstr(out, "</query>");
}

/* XEP-0191 section 5: what is blocked is a privacy list (XEP-0016) that denies all. The format has
 * no other word for it. */
static void write_blocked(struct buf *out, const struct store_rows *rows)
{
	buf_cstr(out, "<query xmlns='" NS_PRIVACY
	              "'><default name='blocked'/><list name='blocked'>");
	for (size_t i = 0; i < rows->n; i++) {
		buf_cstr(out, "<item type='jid' value='");
		xml_escape(out, rows->p[i].key);
		buf_fmt(out, "' action='deny' order='%zu'/>", i + 1);
	}
	buf_cstr(out, "</list></query>");
}

void pie_write_part(struct buf *out, enum pie_part part, struct str host, struct str user,
                    const struct store_rows *rows)
{
	if (rows->n == 0)
		return;
	switch (part) {
	case PIE_ACCOUNT:
		write_account(out, rows);
		break;
	case PIE_ROSTER:
		write_roster(out, host, user, rows);
		break;
	case PIE_PRIVATE:
		buf_cstr(out, "<query xmlns='jabber:iq:private'>");
		write_values(out, rows);
		buf_cstr(out, "</query>");
		break;
	case PIE_VCARD:
		write_values(out, rows);
		break;
	case PIE_LAST:
		write_last(out, rows->p[0].value);
		break;
	case PIE_BLOCKED:
		write_blocked(out, rows);
		break;
	case PIE_OFFLINE:
		write_messages(out, host, rows);
		break;
	case PIE_PART_COUNT:
		break;
	}
}

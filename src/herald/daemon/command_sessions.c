/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about who is connected, and messages to them. */
#include <string.h>

#include "herald/daemon/command_impl.h"
#include "herald/im/im.h"

void run_connected_users(struct call *c)
{
	auto_buf text = { 0 };

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		for (const struct session *s = u->sessions; s; s = s->next) {
			buf_cstr(&text, text.n ? "\n" : "");
			buf_str(&text, jid_str(s->jid));
		}
	}
	command_say(c, true, buf_as_str(&text));
}

/* What the client shows of itself. Tabs separate columns, so none may be in a text. */
static void put_status(struct buf *out, const struct session *s, struct arena *a)
{
	struct xml *presence = session_presence(s, a);
	struct str show = STR("unavailable"), status = STR("");

	if (presence) {
		show = xml_text(xml_child(presence, "show", NS_CLIENT), a);
		status = xml_text(xml_child(presence, "status", NS_CLIENT), a);
		show = show.n ? show : STR("available");
	}
	buf_str(out, show);
	buf_char(out, '\t');
	buf_str(out, jid_resource(s->jid));
	buf_char(out, '\t');
	for (size_t i = 0; i < status.n; i++) {
		char c = status.p[i];
		if ((unsigned char)c < 0x20)
			c = ' ';
		buf_char(out, c);
	}
}

/* ejabberdctl's columns: JID, connection, address, port, priority, node, seconds, status,
 * resource, text of the status. */
void run_connected_users_info(struct call *c)
{
	uint64_t now = loop_now_ms(&c->daemon->loop);
	auto_buf text = { 0 };

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		for (const struct session *s = u->sessions; s; s = s->next) {
			buf_fmt(&text, "%s" STR_FMT "\t%s\t%s\t%u\t%d\therald\t%llu\t",
			        text.n ? "\n" : "", STR_ARG(jid_str(s->jid)),
			        s->connection, s->address, s->port, s->priority,
			        (unsigned long long)((now - s->since_ms) / 1000));
			put_status(&text, s, &c->arena);
		}
	}
	command_say(c, true, buf_as_str(&text));
}

/* The account in memory, or NULL: nobody is connected as it. */
static struct user *the_user(struct call *c)
{
	struct jid jid;

	if (jid_make(c->args[0], c->args[1], STR(""), &c->arena, &jid) < 0)
		return NULL;
	return user_get(&c->daemon->worker, jid);
}

void command_kick(struct call *c, const char *why)
{
	struct user *u = the_user(c);

	for (struct session *s = u ? u->sessions : NULL; s; s = s->next)
		s->ops->close(s, STREAM_NOT_AUTHORIZED, why);
}

void run_user_resources(struct call *c)
{
	auto_buf text = { 0 };

	if (!command_read_account(c))
		return;
	const struct user *u = the_user(c);
	for (const struct session *s = u ? u->sessions : NULL; s; s = s->next) {
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, jid_resource(s->jid));
	}
	command_say(c, true, buf_as_str(&text));
}

void run_kick_session(struct call *c)
{
	if (!command_read_account(c))
		return;
	struct user *u = the_user(c);
	struct session *s = u ? user_find_session(u, c->args[2]) : NULL;
	if (!s) {
		command_say(c, false, STR("there is no such session"));
		return;
	}
	s->ops->close(s, STREAM_POLICY_VIOLATION, str_dup_c(&c->arena, c->args[3]));
	command_say(c, true, STR(""));
}

void run_kick_user(struct call *c)
{
	size_t n = 0;

	if (!command_read_account(c))
		return;
	struct user *u = the_user(c);
	for (struct session *s = u ? u->sessions : NULL; s; s = s->next, n++)
		s->ops->close(s, STREAM_POLICY_VIOLATION, "Kicked by an administrator");
	command_say(c, true, arena_fmt(&c->arena, "%zu", n));
}

/* ---- messages ----------------------------------------------------------------------------- */

static struct xml *message(struct call *c, const char *type, struct jid from,
                           struct jid to, struct str subject, struct str body)
{
	struct xml *x = stanza_new(&c->arena, "message", type, from, to);

	if (subject.n)
		xml_add_text(&c->arena, x, "subject", NS_CLIENT, subject);
	xml_add_text(&c->arena, x, "body", NS_CLIENT, body);
	return x;
}

static bool is_xml_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 && c != '\n' && c != '\t' && c != '\r')
			return false;
	}
	return true;
}

void run_send_message(struct call *c)
{
	static const char *const types[] = { "normal", "chat", "headline" };
	const char *type = NULL;
	struct jid from, to;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (str_is(c->args[0], types[i]))
			type = types[i];
	}
	if (!type)
		command_say(c, false, STR("the types are normal, chat and headline"));
	else if (jid_parse(c->args[1], &c->arena, &from) < 0 ||
	         jid_parse(c->args[2], &c->arena, &to) < 0)
		command_say(c, false, STR("`from` and `to` must be addresses"));
	else if (!server_has_host(&c->daemon->server, jid_domain(from)))
		command_say(c, false, STR("`from` must be of a host of this server"));
	else if (!is_xml_text(c->args[3]) || !is_xml_text(c->args[4]))
		command_say(c, false, STR("control characters cannot be sent"));
	else {
		im_route(&c->daemon->worker,
		         message(c, type, from, to, c->args[3], c->args[4]), &c->arena);
		command_say(c, true, STR(""));
	}
}

static size_t tell_all(struct call *c, struct str host)
{
	struct jid from;
	size_t n = 0;

	if (jid_make(STR(""), host, STR("announce"), &c->arena, &from) < 0)
		return 0;
	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		if (!str_eq(jid_domain(u->jid), host))
			continue;
		for (struct session *s = u->sessions; s; s = s->next, n++)
			s->ops->send(s, message(c, "headline", from, s->jid, c->args[1],
			                        c->args[2]));
	}
	return n;
}

void run_announce(struct call *c)
{
	struct str host;

	if (jid_prep_domain(c->args[0], &c->arena, &host) < 0 ||
	    !server_has_host(&c->daemon->server, host))
		command_say(c, false,
		            arena_fmt(&c->arena,
		                      "`" STR_FMT "` is not a host of this server",
		                      STR_ARG(c->args[0])));
	else if (!is_xml_text(c->args[1]) || !is_xml_text(c->args[2]))
		command_say(c, false, STR("control characters cannot be sent"));
	else
		command_say(c, true,
		            arena_fmt(&c->arena, "told %zu sessions", tell_all(c, host)));
}

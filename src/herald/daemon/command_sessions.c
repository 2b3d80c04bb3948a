/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Commands about who is connected, and messages to them. */
#include <string.h>

#include "herald/daemon/command_impl.h"
#include "herald/im/im.h"
#include "herald/modules/announce.h"

/* The sessions of a host, or (NULL) of all. */
static void say_sessions(struct call *c, const struct str *host)
{
	auto_buf text = { 0 };

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		if (host && !str_eq(jid_domain(u->jid), *host))
			continue;
		for (const struct session *s = u->sessions; s; s = s->next) {
			buf_cstr(&text, text.n ? "\n" : "");
			buf_str(&text, jid_str(s->jid));
		}
	}
	command_say(c, true, buf_as_str(&text));
}

void run_connected_users(struct call *c)
{
	say_sessions(c, NULL);
}

void run_connected_users_vhost(struct call *c)
{
	struct str host;

	if (command_read_host(c, c->args[0], &host))
		say_sessions(c, &host);
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

bool command_is_text(struct str s)
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
	else if (!command_is_text(c->args[3]) || !command_is_text(c->args[4]))
		command_say(c, false, STR("control characters cannot be sent"));
	else {
		im_route(
			&c->daemon->worker,
			stanza_message(&c->arena, type, from, to, c->args[3], c->args[4]),
			&c->arena);
		command_say(c, true, STR(""));
	}
}

/* The host of args[0] and the texts behind it; false: it has answered. */
static bool read_announcement(struct call *c, struct str *host)
{
	if (!command_read_host(c, c->args[0], host))
		return false;
	if (command_is_text(c->args[1]) && command_is_text(c->args[2]))
		return true;
	command_say(c, false, STR("control characters cannot be sent"));
	return false;
}

void run_announce(struct call *c)
{
	struct str host;

	if (!read_announcement(c, &host))
		return;
	size_t n = announce_online(&c->daemon->worker, host,
	                           announce_message(&c->arena, c->args[1], c->args[2]),
	                           &c->arena);
	command_say(c, true, arena_fmt(&c->arena, "told %zu sessions", n));
}

static void on_all_told(void *arg, int result, size_t n)
{
	struct call *c = arg;

	command_say(c, result == 0,
	            result == 0 ? arena_fmt(&c->arena, "told %zu accounts", n)
	                        : command_trouble(c, result));
}

void run_announce_all(struct call *c)
{
	struct jid none = { 0 };
	struct str host;

	if (read_announcement(c, &host))
		announce_all(
			&c->daemon->worker, host,
			stanza_message(&c->arena, "", none, none, c->args[1], c->args[2]),
			on_all_told, c);
}

static void on_motd(void *arg, int result)
{
	struct call *c = arg;

	command_say(c, result == 0, result == 0 ? STR("") : command_trouble(c, result));
}

static void set_motd(struct call *c, bool tell, bool remove)
{
	struct str host;

	if (!(remove ? command_read_host(c, c->args[0], &host)
	             : read_announcement(c, &host)))
		return;
	if (!module_is_on(server_setup(&c->daemon->server, host), "mod_announce")) {
		command_say(c, false,
		            STR("the module mod_announce, which shows it, is off"));
		return;
	}
	announce_set_motd(&c->daemon->worker, host,
	                  remove ? NULL
	                         : announce_message(&c->arena, c->args[1], c->args[2]),
	                  tell, on_motd, c);
}

void run_set_motd(struct call *c)
{
	set_motd(c, true, false);
}

void run_edit_motd(struct call *c)
{
	set_motd(c, false, false);
}

void run_delete_motd(struct call *c)
{
	set_motd(c, false, true);
}

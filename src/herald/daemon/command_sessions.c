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

void command_put_cell(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if ((unsigned char)c < 0x20)
			c = ' ';
		buf_char(out, c);
	}
}

/* What the client shows of itself: `available` or the like, and its words. */
static struct str session_show(const struct session *s, struct arena *a,
                               struct str *status)
{
	struct xml *presence = session_presence(s, a);

	*status = STR("");
	if (!presence)
		return STR("unavailable");
	*status = xml_text(xml_child(presence, "status", NS_CLIENT), a);
	struct str show = xml_text(xml_child(presence, "show", NS_CLIENT), a);
	return show.n ? show : STR("available");
}

/* ejabberdctl's columns: connection, address, port, priority, node, seconds, status, resource,
 * text of the status. */
static void put_session(struct call *c, const struct session *s, struct buf *out)
{
	uint64_t ms = loop_now_ms(&c->daemon->loop) - s->since_ms;
	struct str status, show = session_show(s, &c->arena, &status);

	buf_fmt(out, "%s\t%s\t%u\t%d\therald\t%llu\t", s->connection, s->address, s->port,
	        s->priority, (unsigned long long)(ms / 1000));
	command_put_cell(out, show);
	buf_char(out, '\t');
	buf_str(out, jid_resource(s->jid));
	buf_char(out, '\t');
	command_put_cell(out, status);
}

void run_connected_users_info(struct call *c)
{
	auto_buf text = { 0 };

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		for (const struct session *s = u->sessions; s; s = s->next) {
			buf_fmt(&text, "%s" STR_FMT "\t", text.n ? "\n" : "",
			        STR_ARG(jid_str(s->jid)));
			put_session(c, s, &text);
		}
	}
	command_say(c, true, buf_as_str(&text));
}

/* ---- by what they show -------------------------------------------------------------------- */

/* Whether somebody sits before it, by the client's own word. */
static bool is_active(const struct session *s, struct arena *a)
{
	struct str status, show = session_show(s, a, &status);

	return str_is(show, "available") || str_is(show, "chat") || str_is(show, "dnd");
}

/* Whether an account is connected, and (not) with a session that is active. */
static bool user_is(const struct user *u, bool active, struct arena *a)
{
	bool any = false;

	for (const struct session *s = u->sessions; s; s = s->next)
		any = any || is_active(s, a);
	return u->sessions && any == active;
}

size_t command_count_users(struct call *c, struct str host, bool active)
{
	size_t n = 0;

	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		n += str_eq(jid_domain(u->jid), host) && user_is(u, active, &c->arena);
	}
	return n;
}

static void say_users(struct call *c, bool active)
{
	auto_buf text = { 0 };
	struct str host;

	if (!command_read_host(c, c->args[0], &host))
		return;
	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		if (!str_eq(jid_domain(u->jid), host) || !user_is(u, active, &c->arena))
			continue;
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, jid_local(u->jid));
	}
	command_say(c, true, buf_as_str(&text));
}

void run_active_users(struct call *c)
{
	say_users(c, true);
}

void run_idle_users(struct call *c)
{
	say_users(c, false);
}

/* ejabberdctl's columns: user, host, resource, priority, text of the status. How many, or -1: it
 * has answered. */
static int64_t list_with_status(struct call *c, struct buf *out)
{
	struct str host, status;
	int64_t n = 0;

	if (!command_read_host(c, c->args[0], &host))
		return -1;
	map_for_each(it, &c->daemon->worker.users) {
		const struct user *u = it->value;
		if (!str_eq(jid_domain(u->jid), host))
			continue;
		for (const struct session *s = u->sessions; s; s = s->next) {
			struct str show = session_show(s, &c->arena, &status);
			if (!str_is(c->args[1], "all") && !str_eq(show, c->args[1]))
				continue;
			buf_fmt(out, "%s" STR_FMT "\t" STR_FMT "\t" STR_FMT "\t%d\t",
			        n++ ? "\n" : "", STR_ARG(jid_local(s->jid)),
			        STR_ARG(host), STR_ARG(jid_resource(s->jid)),
			        s->priority);
			command_put_cell(out, status);
		}
	}
	return n;
}

void run_status_list_host(struct call *c)
{
	auto_buf text = { 0 };

	if (list_with_status(c, &text) >= 0)
		command_say(c, true, buf_as_str(&text));
}

void run_status_num_host(struct call *c)
{
	auto_buf text = { 0 };
	int64_t n = list_with_status(c, &text);

	if (n >= 0)
		command_say(c, true, arena_fmt(&c->arena, "%lld", (long long)n));
}

/* ---- of one account ----------------------------------------------------------------------- */

struct user *command_user(struct call *c)
{
	struct jid jid;

	if (jid_make(c->args[0], c->args[1], STR(""), &c->arena, &jid) < 0)
		return NULL;
	return user_get(&c->daemon->worker, jid);
}

void command_kick(struct call *c, const char *why)
{
	struct user *u = command_user(c);

	for (struct session *s = u ? u->sessions : NULL; s; s = s->next)
		s->ops->close(s, STREAM_NOT_AUTHORIZED, why);
}

void run_user_resources(struct call *c)
{
	auto_buf text = { 0 };

	if (!command_read_account(c))
		return;
	const struct user *u = command_user(c);
	for (const struct session *s = u ? u->sessions : NULL; s; s = s->next) {
		buf_cstr(&text, text.n ? "\n" : "");
		buf_str(&text, jid_resource(s->jid));
	}
	command_say(c, true, buf_as_str(&text));
}

void run_user_sessions_info(struct call *c)
{
	auto_buf text = { 0 };

	if (!command_read_account(c))
		return;
	const struct user *u = command_user(c);
	for (const struct session *s = u ? u->sessions : NULL; s; s = s->next) {
		buf_cstr(&text, text.n ? "\n" : "");
		put_session(c, s, &text);
	}
	command_say(c, true, buf_as_str(&text));
}

void run_num_resources(struct call *c)
{
	size_t n = 0;

	if (!command_read_account(c))
		return;
	const struct user *u = command_user(c);
	for (const struct session *s = u ? u->sessions : NULL; s; s = s->next)
		n++;
	command_say(c, true, arena_fmt(&c->arena, "%zu", n));
}

void run_resource_num(struct call *c)
{
	uint64_t num;

	if (!command_read_account(c) ||
	    !command_read_number(c, c->args[2], 1, UINT32_MAX, &num))
		return;
	const struct user *u = command_user(c);
	const struct session *s = u ? u->sessions : NULL;
	while (s && --num)
		s = s->next;
	command_say(c, s != NULL,
	            s ? jid_resource(s->jid) : STR("there is no such session"));
}

/* Of several sessions the one that messages to the account go to first. */
static const struct session *first_session(const struct user *u)
{
	const struct session *first = u ? u->sessions : NULL;

	for (const struct session *s = first; s; s = s->next) {
		if (session_is_available(s) &&
		    (!session_is_available(first) || s->priority > first->priority))
			first = s;
	}
	return first;
}

/* ejabberdctl's columns: the full address, or the account's when it is not connected. */
void run_get_presence(struct call *c)
{
	struct str status = STR(""), show = STR("unavailable");
	auto_buf text = { 0 };

	if (!command_read_account(c))
		return;
	const struct session *s = first_session(command_user(c));
	if (s)
		show = session_show(s, &c->arena, &status);
	if (s)
		buf_str(&text, jid_str(s->jid));
	else
		buf_fmt(&text, STR_FMT "@" STR_FMT, STR_ARG(c->args[0]),
		        STR_ARG(c->args[1]));
	buf_char(&text, '\t');
	command_put_cell(&text, show);
	buf_char(&text, '\t');
	command_put_cell(&text, status);
	command_say(c, true, buf_as_str(&text));
}

/* XEP-0133 section 4.10, of what is known. */
static void say_user(struct call *c, struct user *u)
{
	auto_buf text = { 0 };

	buf_fmt(&text, "rostersize\t%zu", u->roster.items.n);
	for (const struct session *s = u->sessions; s; s = s->next)
		buf_fmt(&text, "\nonlineresources\t" STR_FMT,
		        STR_ARG(jid_resource(s->jid)));
	for (const struct session *s = u->sessions; s; s = s->next)
		buf_fmt(&text, "\nipaddresses\t%s", s->address);
	command_say(c, true, buf_as_str(&text));
}

void run_user_stats(struct call *c)
{
	command_with_user(c, say_user);
}

void run_kick_session(struct call *c)
{
	if (!command_read_account(c))
		return;
	struct user *u = command_user(c);
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
	struct user *u = command_user(c);
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
	if (!command_needs_module(c, host, "mod_announce"))
		return;
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

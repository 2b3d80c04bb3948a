/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0133: Service Administration, version 1.3.1: the names and fields that clients know, for
 * commands of the server that are the same thing.
 */
#include "herald/im/command.h"
#include "herald/im/module.h"

#define NS_ADMIN "http://jabber.org/protocol/admin#"

/* In the order of section 4; announce-all is ejabberd's. */
static const struct {
	const char *name, *title, *command, *fields, *args, *result;
} rows[] = {
	{ "add-user", "Add User", "register", "accountjid password password-verify",
	  "@user @host password", NULL },
	{ "delete-user", "Delete User", "unregister", "accountjids", "@user @host",
	  NULL },
	{ "disable-user", "Disable User", "ban_account", "accountjids [reason]",
	  "@user @host reason", NULL },
	{ "reenable-user", "Re-Enable User", "unban_account", "accountjids",
	  "@user @host", NULL },
	{ "end-user-session", "End User Session", "kick_user", "accountjids [reason]",
	  "@user @host", NULL },
	{ "change-user-password", "Change User Password", "change_password",
	  "accountjid password", "@user @host password", NULL },
	{ "get-user-roster", "Get User Roster", "get_roster", "accountjids",
	  "@user @host", NULL },
	{ "get-user-lastlogin", "Get User Last Login Time", "get_last", "accountjids",
	  "@user @host", "lastlogin" },
	{ "user-stats", "Get User Statistics", "user_stats", "accountjid", "@user @host",
	  NULL },
	{ "get-registered-users-num", "Get Number of Registered Users", "stats_host", "",
	  "=registeredusers @here", "registeredusersnum" },
	{ "get-disabled-users-num", "Get Number of Disabled Users", "stats_host", "",
	  "=disabledusers @here", "disabledusersnum" },
	{ "get-online-users-num", "Get Number of Online Users", "stats_host", "",
	  "=onlineusers @here", "onlineusersnum" },
	{ "get-active-users-num", "Get Number of Active Users", "stats_host", "",
	  "=activeusers @here", "activeusersnum" },
	{ "get-idle-users-num", "Get Number of Idle Users", "stats_host", "",
	  "=idleusers @here", "idleusersnum" },
	{ "get-registered-users-list", "Get List of Registered Users", "registered_users",
	  "[max_items]", "@here", "registereduserjids" },
	{ "get-disabled-users-list", "Get List of Disabled Users", "list_banned",
	  "[max_items]", "@here", "disableduserjids" },
	{ "get-online-users-list", "Get List of Online Users", "connected_users_vhost",
	  "[max_items]", "@here", "onlineuserjids" },
	{ "get-active-users-list", "Get List of Active Users", "active_users",
	  "[max_items]", "@here", "activeuserjids" },
	{ "get-idle-users-list", "Get List of Idle Users", "idle_users", "[max_items]",
	  "@here", "idleuserjids" },
	{ "announce", "Send Announcement to Online Users", "announce",
	  "[subject] announcement", "@here subject announcement", NULL },
	{ "announce-all", "Send Announcement to All Users", "announce_all",
	  "[subject] announcement", "@here subject announcement", NULL },
	{ "set-motd", "Set Message of the Day", "set_motd", "motd", "@here = motd",
	  NULL },
	{ "edit-motd", "Edit Message of the Day", "edit_motd", "motd", "@here = motd",
	  NULL },
	{ "delete-motd", "Delete Message of the Day", "delete_motd", "", "@here", NULL },
	{ "shutdown", "Shut Down Service", "stop", "[announcement]", "announcement",
	  NULL },
};

/* What runs for one session when its full address is given, by the name of a row. */
static const struct {
	const char *name, *command, *args;
} session_rows[] = {
	{ "end-user-session", "kick_session", "@user @host @resource reason" },
};

static bool command_node(const struct worker *w, size_t at, struct command_node *out)
{
	if (at >= ARRAY_LEN(rows))
		return false;
	*out = (struct command_node){
		.prefix = NS_ADMIN,
		.name = rows[at].name,
		.title = rows[at].title,
		.command = command_find(w->server->commands, str_from(rows[at].command)),
		.fields = rows[at].fields,
		.args = rows[at].args,
		.result = rows[at].result,
	};
	for (size_t i = 0; i < ARRAY_LEN(session_rows); i++) {
		if (strcmp(session_rows[i].name, out->name) != 0)
			continue;
		out->session_command = command_find(w->server->commands,
		                                    str_from(session_rows[i].command));
		out->session_args = session_rows[i].args;
	}
	return true;
}

extern const struct module mod_configure;
const struct module mod_configure = {
	.name = "mod_configure",
	.command_node = command_node,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* What the files of commands share, and the functions of the rows. */
#pragma once

#include "base/buf.h"
#include "herald/daemon/daemon.h"
#include "herald/im/command.h"
#include "herald/jid/jid.h"
#include "herald/route/user.h"

/* The table, ended by a row without name. */
extern const struct command commands[];

/* Answers; the call is gone afterwards. */
static inline void command_say(struct call *c, bool ok, struct str text)
{
	c->answer(c, ok, text);
}

/* Prepares the name of a host of ours; false: it has answered. */
bool command_read_host(struct call *c, struct str name, struct str *out);

/* Prepares the account of args[0] at args[1]; false: it has answered. */
bool command_read_account(struct call *c);

/* Reads a whole number from `min` to `max`; false: it has answered. */
bool command_read_number(struct call *c, struct str text, uint64_t min, uint64_t max,
                         uint64_t *out);

/* Whether the module is on for the host; false: it has answered. */
bool command_needs_module(struct call *c, struct str host, const char *module);

/* The account of args[0] at args[1] in memory, or NULL: nobody is connected as it. */
struct user *command_user(struct call *c);

/* Calls fn(c, user) when the account of args[0] at args[1] is loaded; else it answers. */
typedef void (*command_user_fn)(struct call *c, struct user *u);
void command_with_user(struct call *c, command_user_fn fn);

/* How many accounts of the host are connected and (not) active. */
size_t command_count_users(struct call *c, struct str host, bool active);

/* Text for a column: tabs separate those, so none may be in it. */
void command_put_cell(struct buf *out, struct str text);

/* What an error of the accounts or the store means to people. */
struct str command_trouble(struct call *c, int error);

/* What an error (negative errno) with a file means, in words for people. */
struct str command_file_trouble(struct call *c, struct str path, int error);

/* Whether XML can have it as text. */
bool command_is_text(struct str s);

/* Who is connected as the account is told and gone. */
void command_kick(struct call *c, const char *why);

/* The rows: name, arguments (in [brackets]: may be left out), columns of the answer, what it does.
 * Those who have used ejabberdctl find its names and words. */
#define COMMANDS(X)                                                                      \
	X(status, "", "", "say whether the server runs")                                 \
	X(help, "[command]", "", "this list, or what a command wants")                   \
	X(stop, "[announcement]", "", "stop the server; tell who is connected why")      \
	X(register, "user host password", "", "make an account")                         \
	X(unregister, "user host", "", "delete an account and all it has stored")        \
	X(change_password, "user host newpass", "", "set an account's password")         \
	X(check_password, "user host password", "", "whether that is the password")      \
	X(check_account, "user host", "", "whether the account exists")                  \
	X(ban_account, "user host reason", "", "end its sessions and let it in no more") \
	X(unban_account, "user host", "", "let it in again")                             \
	X(list_banned, "host", "user reason", "the accounts that are banned")            \
	X(get_last, "user host", "timestamp status", "when an account was last there")   \
	X(num_active_users, "host days", "", "how many were there in the last days")     \
	X(delete_old_users, "days", "",                                                  \
	  "delete accounts that were not there for so long")                             \
	X(delete_old_users_vhost, "host days", "", "the same of one host")               \
	X(registered_users, "host", "user", "the accounts of a host")                    \
	X(registered_vhosts, "", "host", "the hosts served")                             \
	X(connected_users, "", "jid", "the sessions there are")                          \
	X(connected_users_vhost, "host", "jid", "the sessions of a host")                \
	X(connected_users_info, "",                                                      \
	  "jid connection address port priority node seconds presence resource status",  \
	  "the same with address, priority, time and status")                            \
	X(connected_users_number, "", "", "how many sessions there are")                 \
	X(active_users, "host", "user", "who is connected and not away")                 \
	X(idle_users, "host", "user", "who is connected, but away")                      \
	X(status_list_host, "host status", "user host resource priority status",         \
	  "the sessions of a host with such a presence")                                 \
	X(status_num_host, "host status", "", "how many those are")                      \
	X(user_sessions_info, "user host",                                               \
	  "connection address port priority node seconds presence resource status",      \
	  "the sessions of an account")                                                  \
	X(user_stats, "user host", COMMAND_FIELDS,                                       \
	  "contacts, sessions and addresses of an account")                              \
	X(get_presence, "user host", "jid show status",                                  \
	  "the presence of an account's first session")                                  \
	X(num_resources, "user host", "", "how many sessions an account has")            \
	X(resource_num, "user host num", "", "the resource of one of them")              \
	X(user_resources, "user host", "resource",                                       \
	  "the resources an account is connected with")                                  \
	X(kick_session, "user host resource reason", "", "end a session")                \
	X(kick_user, "user host", "", "end all sessions of an account")                  \
	X(stats, "name", "", "registeredusers, onlineusers, uptimeseconds or processes") \
	X(stats_host, "name host", "",                                                   \
	  "the first two of a host, disabledusers, activeusers or idleusers")            \
	X(get_roster, "user server", "jid name subscription ask groups",                 \
	  "the contacts of an account")                                                  \
	X(add_rosteritem, "localuser localhost user host nick group subs", "",           \
	  "put a contact into an account's roster")                                      \
	X(delete_rosteritem, "localuser localhost user host", "",                        \
	  "take a contact out of an account's roster")                                   \
	X(send_message, "type from to subject body", "", "send a message")               \
	X(announce, "host subject body", "",                                             \
	  "send a message to all who are connected to a host")                           \
	X(announce_all, "host subject body", "",                                         \
	  "send a message to all accounts of a host")                                    \
	X(set_motd, "host subject body", "",                                             \
	  "the message of the day: everybody sees it once")                              \
	X(edit_motd, "host subject body", "",                                            \
	  "the same, but who is connected now does not see it")                          \
	X(delete_motd, "host", "", "no message of the day")                              \
	X(backup, "file", "", "write a consistent copy of the database")                 \
	X(restore, "[--dry-run] file", "",                                               \
	  "check a backup, and use it from the next start on")                           \
	X(export, "dir", "", "write all accounts with their data as XEP-0227")           \
	X(export_piefxis, "dir", "", "the same")                                         \
	X(import, "file", "", "read accounts with their data from XEP-0227")             \
	X(import_piefxis, "file", "", "the same")                                        \
	X(reload_config, "", "", "read the configuration again")                         \
	X(dump_config, "[file]", "", "the configuration in force, as one file")          \
	X(reopen_log, "", "", "open the log under its name again")                       \
	X(get_loglevel, "", "", "how much is logged")                                    \
	X(set_loglevel, "loglevel", "", "log more or less until the next reload")

#define X(name, args, columns, help) void run_##name(struct call *c);
COMMANDS(X)
#undef X

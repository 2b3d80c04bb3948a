/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What an ad-hoc command shows and reads: forms out of the rows of commands, arguments out of
 * forms, results out of answers. Pure; mod_adhoc.c has the protocol and the sessions.
 */
#pragma once

#include "base/buf.h"
#include "herald/im/command.h"
#include "herald/jid/jid.h"
#include "herald/xml/xml.h"

enum { ADHOC_ACCOUNTS_MAX = 100, ADHOC_LINES_MAX = 1000 };

/* The values of a node's fields, in their order; several values of one are lines. */
struct adhoc_values {
	struct str p[COMMAND_ARGS_MAX];
};

/* What forms offer: the hosts that can be chosen, and the one that is asked. */
struct adhoc_hosts {
	const struct str *p;
	size_t n;
	struct str here;
};

/* The form to be filled in, with what `v` has already; secrets are asked again. */
void adhoc_put_form(const struct command_node *node, const struct adhoc_values *v,
                    const struct adhoc_hosts *hosts, struct arena *a, struct xml *parent);

/* The same to be read over: no value can be changed, no secret is seen. */
void adhoc_put_review(const struct command_node *node, const struct adhoc_values *v,
                      struct arena *a, struct xml *parent);

/* Reads a submitted form; texts are in `a`. Errors: -EINVAL something is missing or does not
 * fit, and *why says what; the values are filled in nevertheless. */
MUST_USE int adhoc_read_form(const struct command_node *node, const struct xml *form,
                             struct arena *a, struct adhoc_values *v, struct str *why);

/* Overwrites the secrets among the values. */
void adhoc_wipe(const struct command_node *node, struct adhoc_values *v);

/* The accounts that the node's fields name, at most ADHOC_ACCOUNTS_MAX; *n is 0 for a node
 * that has no such field. Errors: -EINVAL with *why. */
MUST_USE int adhoc_accounts(const struct command_node *node, const struct adhoc_values *v,
                            struct arena *a, struct jid *out, size_t *n, struct str *why);

/* The command that the node runs for an account, for a session of it (a full address), or (none)
 * without either. */
const struct command *adhoc_command(const struct command_node *node, struct jid account);

/* Fills the arguments of that command's call, copied into its arena; `account` may be none. */
void adhoc_fill(const struct command_node *node, const struct adhoc_values *v,
                struct jid account, struct str here, struct call *call);

/* What the command has answered: a form, of ADHOC_LINES_MAX lines at most, or a note. */
void adhoc_put_result(const struct command_node *node, const struct adhoc_values *v,
                      struct str answer, struct str here, struct arena *a,
                      struct xml *parent);

/* A note of the type "info", "warn" or "error". */
void adhoc_put_note(struct arena *a, struct xml *parent, const char *type,
                    struct str text);

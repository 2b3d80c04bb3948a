/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Who may do what, as ejabberd's configuration says it: an acl is a named set of people, a rule
 * goes through lines "value for whom" and gives the value of the first that fits. access_rules
 * have the values `allow` and `deny`, shaper_rules numbers or names of shapers. Pure: built by
 * whoever reads the configuration, then only asked.
 */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "herald/jid/jid.h"

/* How a condition looks at somebody, with the words of the configuration. */
#define ACL_KINDS(X)                          \
	X(USER, "user")                       \
	X(SERVER, "server")                   \
	X(RESOURCE, "resource")               \
	X(USER_REGEXP, "user_regexp")         \
	X(SERVER_REGEXP, "server_regexp")     \
	X(RESOURCE_REGEXP, "resource_regexp") \
	X(NODE_REGEXP, "node_regexp")         \
	X(USER_GLOB, "user_glob")             \
	X(SERVER_GLOB, "server_glob")         \
	X(RESOURCE_GLOB, "resource_glob")     \
	X(NODE_GLOB, "node_glob")             \
	X(IP, "ip")                           \
	X(ACL, "acl")

enum acl_kind {
#define X(id, name) ACL_##id,
	ACL_KINDS(X)
#undef X
};

/* The kind of that word, or -1. */
int acl_kind_find(struct str word);

/* One condition. `text` is what the configuration says: a name, a pattern, a prefix. */
struct acl_match {
	enum acl_kind kind;
	struct str text;
	struct str
		host; /* user and node: the domain they must be of; empty: any of ours */
	regex_t *regex, *host_regex;
	uint8_t net[16]; /* an IPv4 prefix as its mapped IPv6 one */
	unsigned bits;
};

/* Makes a condition; what it owns is in `a`. `text` is copied. `why` (may be NULL) gets a
 * sentence for -EINVAL. */
MUST_USE int acl_match_make(enum acl_kind kind, struct str text, struct arena *a,
                            struct acl_match *out, struct str *why);

struct acl {
	struct str name;
	VEC(struct acl_match) any;
};

/* `value`, for whom all conditions hold. */
struct access_line {
	struct str value;
	VEC(struct acl_match) all;
};

struct access_rule {
	struct str name;
	VEC(struct access_line) lines;
};

/* The rules of one host, or (host empty) of all. */
struct access_scope {
	struct str host;
	VEC(struct acl) acls;
	VEC(struct access_rule) rules;
};

struct access {
	VEC(struct access_scope) scopes;
};

/* Somebody who wants something. */
struct access_who {
	struct jid jid;                    /* all zero: not known */
	bool local;                        /* of a host of ours */
	const struct sockaddr_storage *ip; /* NULL: not known */
};

/* The scope of a host (empty: of all), made when it is not there. Good until the next call. */
struct access_scope *access_scope(struct access *a, struct str host);

/* The rule that holds on a host, its own before the general one; NULL: there is none. */
const struct access_rule *access_rule_find(const struct access *a, struct str host,
                                           struct str name);
bool access_has_acl(const struct access *a, struct str host, struct str name);

/* The value of the first line that fits; empty when none does or the rule is not there. */
struct str access_value(const struct access *a, struct str host, struct str rule,
                        const struct access_who *who);

/* Whether the rule's value is `allow`. The rules `all` and `none` need not be written. */
bool access_allows(const struct access *a, struct str host, struct str rule,
                   const struct access_who *who);

/* Whether somebody is an administrator of a host: who the rule `configure` allows, or where
 * there is none, whom the acl `admin` names. */
bool access_is_admin(const struct access *a, struct str host,
                     const struct access_who *who);

void access_fini(struct access *a);

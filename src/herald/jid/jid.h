/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Addresses, RFC 6122 (the stringprep profiles that the network runs), `local@domain/resource`.
 * A struct jid is always normalised: two addresses are the same when their bytes are. It is a
 * plain value that owns nothing: `p` is one text, the parts lie in it one behind the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define JID_PART_MAX 1023 /* bytes of a part, RFC 6122 section 2.1 */
#define JID_MAX      (3 * JID_PART_MAX + 2)

/* All zero is no address. */
struct jid {
	const char *p; /* local@domain/resource, not NUL-terminated */
	uint16_t local_n, domain_n, resource_n; /* bytes; 0 where there is none */
};

static inline bool jid_is_none(struct jid j)
{
	return j.domain_n == 0;
}

static inline struct str jid_local(struct jid j)
{
	return (struct str){ j.p, j.local_n };
}

static inline struct str jid_domain(struct jid j)
{
	return (struct str){ j.p + (j.local_n ? j.local_n + 1 : 0), j.domain_n };
}

static inline struct str jid_resource(struct jid j)
{
	struct str d = jid_domain(j);

	return (struct str){ d.p + d.n + (j.resource_n ? 1 : 0), j.resource_n };
}

/* local@domain, as it stands in the text. */
static inline struct str jid_bare_str(struct jid j)
{
	return (struct str){ j.p, (j.local_n ? j.local_n + 1u : 0u) + j.domain_n };
}

/* The whole text. */
static inline struct str jid_str(struct jid j)
{
	return (struct str){ j.p, jid_bare_str(j).n +
		                          (j.resource_n ? j.resource_n + 1u : 0u) };
}

/* The address without its resource; the same text. */
static inline struct jid jid_bare(struct jid j)
{
	j.resource_n = 0;
	return j;
}

static inline bool jid_eq(struct jid a, struct jid b)
{
	return a.local_n == b.local_n && a.domain_n == b.domain_n &&
	       str_eq(jid_str(a), jid_str(b));
}

static inline bool jid_bare_eq(struct jid a, struct jid b)
{
	return jid_eq(jid_bare(a), jid_bare(b));
}

/* Reads an address. When `text` is normal already (the usual case) *out points into it and must
 * not outlive it; otherwise into `a`. jid_copy makes it last.
 * Errors: -EINVAL not an address; -ENAMETOOLONG a part is over JID_PART_MAX bytes. */
MUST_USE int jid_parse(struct str text, struct arena *a, struct jid *out);

/* Prepares and joins parts; `local` and `resource` may be empty. *out is in `a`. Errors as
 * jid_parse. */
MUST_USE int jid_make(struct str local, struct str domain, struct str resource,
                      struct arena *a, struct jid *out);

/* The same address, its bare form with a prepared `resource` put behind. Errors as jid_parse. */
MUST_USE int jid_with_resource(struct jid j, struct str resource, struct arena *a,
                               struct jid *out);

/* A copy whose text is in `a`. */
struct jid jid_copy(struct jid j, struct arena *a);

/* The profiles alone: nodeprep, nameprep with the rules of host names, resourceprep. *out
 * points into `s` when that was normal, else into `a`. Errors as jid_parse; empty is -EINVAL. */
MUST_USE int jid_prep_local(struct str s, struct arena *a, struct str *out);
MUST_USE int jid_prep_domain(struct str s, struct arena *a, struct str *out);
MUST_USE int jid_prep_resource(struct str s, struct arena *a, struct str *out);

/* Whether a new account may have this (prepared) local part: stricter than what is accepted on
 * the wire, after RFC 8265's UsernameCaseMapped: only letters, digits and printable ASCII,
 * nothing that Unicode 3.2 did not know. */
bool jid_local_may_register(struct str local);

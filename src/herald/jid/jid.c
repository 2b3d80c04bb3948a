/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "herald/jid/jid.h"

#include <errno.h>

#include "base/map.h"
#include "base/utf8.h"
#include "herald/jid/letters.h"
#include "herald/jid/prep.h"

static int prep_part(enum prep_profile profile, struct str s, struct arena *a,
                     struct str *out)
{
	struct str done;
	int r = prep(profile, PREP_QUERY, s, JID_PART_MAX, a, &done);

	if (r < 0)
		return r;
	if (done.n == 0)
		return -EINVAL; /* also what became empty, such as a lone soft hyphen */
	*out = done;
	return 0;
}

int jid_prep_local(struct str s, struct arena *a, struct str *out)
{
	return prep_part(PREP_NODE, s, a, out);
}

int jid_prep_resource(struct str s, struct arena *a, struct str *out)
{
	return prep_part(PREP_RESOURCE, s, a, out);
}

/* Prepared parts as one text; `local` and `resource` may be empty. */
static struct jid join(struct str local, struct str domain, struct str resource,
                       struct arena *a)
{
	size_t n = local.n + 1 + domain.n + 1 + resource.n;
	char *p = arena_alloc(a, n), *at = p;

	if (local.n) {
		memcpy(at, local.p, local.n);
		at += local.n;
		*at++ = '@';
	}
	memcpy(at, domain.p, domain.n);
	at += domain.n;
	if (resource.n) {
		*at++ = '/';
		memcpy(at, resource.p, resource.n);
	}
	return (struct jid){ p, (uint16_t)local.n, (uint16_t)domain.n,
		             (uint16_t)resource.n };
}

/* The parts as they stand in a text; a part that is there may be empty. */
struct parts {
	struct str local, domain, resource;
	bool has_local, has_resource;
};

/* The resource begins at the first slash, the domain behind the first @ before that, RFC 7622
 * section 3.1: both may stand in a resource. */
static struct parts split(struct str text)
{
	struct parts p = { 0 };
	size_t slash = str_find(text, '/');
	struct str bare = str_sub(text, 0, slash);
	size_t at = str_find(bare, '@');

	p.has_resource = slash < text.n;
	p.resource = str_sub(text, slash + 1, text.n);
	p.has_local = at < bare.n;
	p.local = p.has_local ? str_sub(bare, 0, at) : (struct str){ 0 };
	p.domain = p.has_local ? str_sub(bare, at + 1, bare.n) : bare;
	return p;
}

static int prep_parts(struct parts *p, struct arena *a)
{
	int r = jid_prep_domain(p->domain, a, &p->domain);

	if (r == 0 && p->has_local)
		r = jid_prep_local(p->local, a, &p->local);
	if (r == 0 && p->has_resource)
		r = jid_prep_resource(p->resource, a, &p->resource);
	return r;
}

static bool same_slice(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || a.p == b.p);
}

int jid_parse(struct str text, struct arena *a, struct jid *out)
{
	struct parts given = split(text), p = given;
	int r = prep_parts(&p, a);

	if (r < 0)
		return r;
	if (same_slice(p.local, given.local) && same_slice(p.domain, given.domain) &&
	    same_slice(p.resource, given.resource))
		*out = (struct jid){ text.p, (uint16_t)p.local.n, (uint16_t)p.domain.n,
			             (uint16_t)p.resource.n };
	else
		*out = join(p.local, p.domain, p.resource, a);
	return 0;
}

int jid_make(struct str local, struct str domain, struct str resource, struct arena *a,
             struct jid *out)
{
	struct parts p = { local, domain, resource, local.n > 0, resource.n > 0 };
	int r = prep_parts(&p, a);

	if (r < 0)
		return r;
	*out = join(p.local, p.domain, p.resource, a);
	return 0;
}

int jid_with_resource(struct jid j, struct str resource, struct arena *a, struct jid *out)
{
	int r = jid_prep_resource(resource, a, &resource);

	if (r < 0)
		return r;
	*out = join(jid_local(j), jid_domain(j), resource, a);
	return 0;
}

struct jid jid_copy(struct jid j, struct arena *a)
{
	j.p = arena_str(a, jid_str(j)).p;
	return j;
}

bool jid_local_may_register(struct str local)
{
	auto_arena a = { 0 };
	struct str same;

	if (prep(PREP_NODE, PREP_STORED, local, JID_PART_MAX, &a, &same) < 0 ||
	    same.n == 0 || !str_eq(same, local))
		return false;
	for (size_t i = 0; i < local.n;) {
		int32_t c = utf8_next(local, &i);
		if (c >= 0x80 && !letter_is((uint32_t)c))
			return false;
	}
	return true;
}

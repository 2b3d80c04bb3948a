/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Types of what the system knows by name (interfaces, users, marks, control groups), texts, and
 * connection tracking.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gate/schema/types.h"

// clang-format off
/* nf_tables.h: NF_CT_STATE_BIT of each enum ip_conntrack_info */
const struct symbol ct_states[] = {
	{ "invalid",     0x01 },
	{ "new",         0x08 },
	{ "established", 0x02 },
	{ "related",     0x04 },
	{ "untracked",   0x40 },
	{ 0 },
};

/* nf_conntrack_tuple_common.h: enum ip_conntrack_dir */
const struct symbol ct_dirs[] = {
	{ "original", 0 },
	{ "reply",    1 },
	{ 0 },
};

/* nf_conntrack_common.h: enum ip_conntrack_status */
const struct symbol ct_statuses[] = {
	{ "expected",   0x001 },
	{ "seen-reply", 0x002 },
	{ "assured",    0x004 },
	{ "confirmed",  0x008 },
	{ "snat",       0x010 },
	{ "dnat",       0x020 },
	{ "dying",      0x200 },
	{ 0 },
};

/* More of them, which nft reads since 1.1.4. They are listed as numbers, so that an older nft
 * reads our listing. */
static const struct symbol newer_ct_statuses[] = {
	{ "seq-adjust",    0x0040 },
	{ "snat-done",     0x0080 },
	{ "dnat-done",     0x0100 },
	{ "fixed-timeout", 0x0400 },
	{ "helper",        0x2000 },
	{ "offload",       0x4000 },
	{ "hw-offload",    0x8000 },
	{ 0 },
};

/* nf_conntrack_common.h: 1 << enum ip_conntrack_events */
const struct symbol ct_events[] = {
	{ "new",       0x001 },
	{ "related",   0x002 },
	{ "destroy",   0x004 },
	{ "reply",     0x008 },
	{ "assured",   0x010 },
	{ "protoinfo", 0x020 },
	{ "helper",    0x040 },
	{ "mark",      0x080 },
	{ "seqadj",    0x100 },
	{ "secmark",   0x200 },
	{ "label",     0x400 },
	{ 0 },
};

/* Whether something was found */
const struct symbol booleans[] = {
	{ "exists",  1 },
	{ "missing", 0 },
	{ 0 },
};
// clang-format on

/* A verdict is a statement; where a value is wanted no word is one. */
TYPE_PARSE(verdict_parse)
{
	(void)names, (void)bits, (void)v;
	return types_not_a(t, word, a, why);
}

TYPE_PRINT(verdict_print)
{
	(void)t, (void)names, (void)fmt, (void)v, (void)out;
}

/* ---- texts ---- */

/* The kernel ends texts with a NUL, so one byte of the room is not for the word. */
TYPE_PARSE(string_parse)
{
	size_t room = (bits ? bits : 128) / 8u;

	(void)names;
	if (room > sizeof(v->b))
		room = sizeof(v->b);
	if (word.n >= room)
		return types_refuse(a, why,
		                    "`" STR_FMT "` is too long: %s has at most %zu bytes",
		                    STR_ARG(word), t->noun, room - 1);
	*v = (struct value){ .bits = bits ? bits : (uint16_t)(word.n * 8) };
	if (word.n)
		memcpy(v->b, word.p, word.n);
	return 0;
}

/* A star at the end would be read as "and whatever follows", so it gets a backslash. */
TYPE_PRINT(string_print)
{
	size_t room = v->bits / 8u < sizeof(v->b) ? v->bits / 8u : sizeof(v->b);
	struct str s = { (const char *)v->b, strnlen((const char *)v->b, room) };
	bool has_star = s.n && s.p[s.n - 1] == '*';

	(void)t, (void)names, (void)fmt;
	buf_char(out, '"');
	buf_str(out, str_sub(s, 0, s.n - has_star));
	if (has_star)
		buf_cstr(out, "\\*");
	buf_char(out, '"');
}

/* ---- what the machine knows by name ---- */

TYPE_PARSE(iface_index_parse)
{
	uint32_t index;
	int r = types_number(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (!names || !names->ifindex)
		return types_not_a(t, word, a, why);
	if (names->ifindex(names->ctx, str_dup_c(a, word), &index) < 0)
		return types_refuse(a, why, "there is no interface `" STR_FMT "` now",
		                    STR_ARG(word));
	value_from_u64(v, index, t->bits);
	return 0;
}

TYPE_PRINT(iface_index_print)
{
	char name[16];
	uint32_t index = (uint32_t)value_to_u64(v);

	(void)fmt;
	if (index && names && names->ifname &&
	    names->ifname(names->ctx, index, name) == 0)
		types_put_quoted(str_from(name), out);
	else
		types_put_number(t, v, out);
}

TYPE_PARSE(tabled_parse)
{
	int r = types_tabled(t, names, word, bits, a, v, why);

	return r == -ENOENT ? types_not_a(t, word, a, why) : r;
}

TYPE_PRINT(tabled_print)
{
	char name[128];

	if (!fmt->numeric_all && names && names->table_name &&
	    names->table_name(names->ctx, t->id, value_to_u64(v), name, sizeof(name)) ==
	            0)
		types_put_quoted(str_from(name), out);
	else
		types_put_number(t, v, out);
}

/* linux/pkt_sched.h: TC_H_UNSPEC and TC_H_ROOT have names, others are major:minor. */
TYPE_PARSE(classid_parse)
{
	size_t colon = str_find(word, ':');
	uint64_t major, minor;
	int r = types_number(t, word, bits, a, v, why);

	(void)names;
	if (r != -ENOENT)
		return r;
	if (str_is(word, "none") || str_is(word, "root")) {
		value_from_u64(v, word.p[0] == 'n' ? 0 : UINT32_MAX, t->bits);
		return 0;
	}
	if (str_to_u64(str_sub(word, 0, colon), 16, &major) < 0 ||
	    str_to_u64(str_sub(word, colon + 1, word.n), 16, &minor) < 0 ||
	    major > UINT16_MAX || minor > UINT16_MAX)
		return types_refuse(
			a, why,
			"`" STR_FMT "` is not a traffic class: those are "
			"`none`, `root`, or major:minor with up to four hexadecimal "
			"digits each",
			STR_ARG(word));
	value_from_u64(v, major << 16 | minor, t->bits);
	return 0;
}

TYPE_PRINT(classid_print)
{
	uint32_t id = (uint32_t)value_to_u64(v);

	(void)t, (void)names, (void)fmt;
	if (id == 0 || id == UINT32_MAX)
		buf_cstr(out, id ? "root" : "none");
	else
		buf_fmt(out, "%x:%x", id >> 16, id & 0xffff);
}

/* A user or a group: a number, or what `find` knows. */
static int account_parse(const struct datatype *t, const struct names *names,
                         struct str word, uint16_t bits, struct arena *a, struct value *v,
                         struct str *why,
                         int (*find)(void *ctx, const char *name, uint32_t *id))
{
	uint32_t id;
	int r = types_number(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (!find)
		return types_not_a(t, word, a, why);
	if (find(names->ctx, str_dup_c(a, word), &id) < 0)
		return types_refuse(a, why, "there is no %s `" STR_FMT "`",
		                    t->id == TYPE_UID ? "user" : "group", STR_ARG(word));
	value_from_u64(v, id, t->bits);
	return 0;
}

static void account_print(const struct datatype *t, const struct names *names,
                          const struct format *fmt, const struct value *v,
                          struct buf *out,
                          int (*find)(void *ctx, uint32_t id, char *buf, size_t n))
{
	char name[256];

	if (fmt->names_guid && find &&
	    find(names->ctx, (uint32_t)value_to_u64(v), name, sizeof(name)) == 0)
		types_put_quoted(str_from(name), out);
	else
		types_put_number(t, v, out);
}

TYPE_PARSE(uid_parse)
{
	return account_parse(t, names, word, bits, a, v, why, names ? names->user : NULL);
}

TYPE_PRINT(uid_print)
{
	account_print(t, names, fmt, v, out, names ? names->user_name : NULL);
}

TYPE_PARSE(gid_parse)
{
	return account_parse(t, names, word, bits, a, v, why,
	                     names ? names->group : NULL);
}

TYPE_PRINT(gid_print)
{
	account_print(t, names, fmt, v, out, names ? names->group_name : NULL);
}

/* Paths are below /sys/fs/cgroup; the register holds the group's number. */
TYPE_PARSE(cgroup_parse)
{
	uint64_t id;
	int r = types_number(t, word, bits, a, v, why);

	if (r != -ENOENT)
		return r;
	if (!names || !names->cgroup)
		return types_not_a(t, word, a, why);
	if (names->cgroup(names->ctx, str_dup_c(a, word), &id) < 0)
		return types_refuse(a, why, "there is no control group `" STR_FMT "` now",
		                    STR_ARG(word));
	value_from_u64(v, id, t->bits);
	return 0;
}

TYPE_PRINT(cgroup_print)
{
	char path[4096];

	(void)fmt;
	if (names && names->cgroup_path &&
	    names->cgroup_path(names->ctx, value_to_u64(v), path, sizeof(path)) == 0)
		types_put_quoted(str_from(path), out);
	else
		types_put_number(t, v, out);
}

/* ---- connections ---- */

TYPE_PARSE(ct_status_parse)
{
	int r = types_constant(t, word, bits, a, v, why);
	const struct symbol *newer =
		r == -ENOENT ? symbol_by_name(newer_ct_statuses, word) : NULL;

	(void)names;
	if (!newer)
		return r == -ENOENT ? types_not_a(t, word, a, why) : r;
	value_from_u64(v, newer->value, bits ? bits : t->bits);
	return 0;
}

/* A label is the number of a bit, or its name in connlabel.conf. */

enum { LABELS = 128 };

TYPE_PARSE(ct_label_parse)
{
	struct value bit;
	int r = types_tabled(t, names, word, 64, a, &bit, why);

	if (r == -ENOENT)
		return types_not_a(t, word, a, why);
	if (r < 0)
		return r;
	if (value_to_u64(&bit) >= LABELS)
		return types_over(t, word, LABELS - 1, a, why);
	value_from_u64(v, 1, bits ? bits : LABELS);
	value_shl(v, (unsigned)value_to_u64(&bit));
	return 0;
}

TYPE_PRINT(ct_label_print)
{
	const char *separator = "";
	struct value rest = *v, bit;

	if (value_is_zero(v))
		buf_cstr(out, "0x0");
	for (unsigned i = 0; i < LABELS && !value_is_zero(&rest);
	     i++, value_shr(&rest, 1)) {
		if (!(value_to_u64(&rest) & 1))
			continue;
		value_from_u64(&bit, i, 64);
		buf_cstr(out, separator);
		tabled_print(t, names, fmt, &bit, out);
		separator = ",";
	}
}

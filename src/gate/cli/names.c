/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Thin: each function hands on to src/io. The tables are read when first asked for. */
#include "gate/cli/names.h"

#include <errno.h>
#include <stdio.h>

#include "gate/cli/cli.h"
#include "io/cgroup.h"
#include "io/lookup.h"

/* More addresses than a host has; schema asks for fewer. */
enum { HOST_ADDRS_MAX = 256 };

// clang-format off
static const struct { enum type_id type; const char *paths[3]; } tables[MACHINE_TABLES] = {
	{ TYPE_MARK,     { "/etc/iproute2/rt_marks", "/usr/share/iproute2/rt_marks", NULL } },
	{ TYPE_DEVGROUP, { "/etc/iproute2/group", "/usr/share/iproute2/group", NULL } },
	{ TYPE_REALM,    { "/etc/iproute2/rt_realms", "/usr/share/iproute2/rt_realms", NULL } },
	{ TYPE_CT_LABEL, { "/etc/connlabel.conf", "/etc/xtables/connlabel.conf", NULL } },
};
// clang-format on

static int names_ifindex(void *ctx, const char *name, uint32_t *index)
{
	const struct machine *m = ctx;

	if (!m->interfaces && lookup_ifindex(name, index) == 0)
		return 0;
	for (size_t i = 0; m->interfaces && i < m->n_interfaces; i++) {
		if (str_is(m->interfaces[i], name)) {
			*index = (uint32_t)i + 1;
			return 0;
		}
	}
	for (size_t i = 0; i < m->n_guests; i++) {
		if (str_is(m->guests[i], name)) {
			*index = GUEST_INDEX + (uint32_t)i;
			return 0;
		}
	}
	return -ENOENT;
}

static int names_ifname(void *ctx, uint32_t index, char name[16])
{
	const struct machine *m = ctx;

	if (index >= GUEST_INDEX && index - GUEST_INDEX < m->n_guests) {
		snprintf(name, 16, STR_FMT, STR_ARG(m->guests[index - GUEST_INDEX]));
		return 0;
	}
	if (!m->interfaces)
		return lookup_ifname(index, name);
	if (index == 0 || index > m->n_interfaces)
		return -ENOENT;
	snprintf(name, 16, STR_FMT, STR_ARG(m->interfaces[index - 1]));
	return 0;
}

static int names_user(void *ctx, const char *name, uint32_t *uid)
{
	(void)ctx;
	return lookup_user(name, uid);
}

static int names_user_name(void *ctx, uint32_t uid, char *buf, size_t n)
{
	(void)ctx;
	return lookup_user_name(uid, buf, n);
}

static int names_group(void *ctx, const char *name, uint32_t *gid)
{
	(void)ctx;
	return lookup_group(name, gid);
}

static int names_group_name(void *ctx, uint32_t gid, char *buf, size_t n)
{
	(void)ctx;
	return lookup_group_name(gid, buf, n);
}

static int names_host(void *ctx, const char *name, bool ip6, struct value *addrs,
                      size_t *n)
{
	uint8_t found[HOST_ADDRS_MAX][16];
	size_t count = *n < HOST_ADDRS_MAX ? *n : HOST_ADDRS_MAX;

	(void)ctx;
	int r = lookup_host(name, ip6, found, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		addrs[i] = (struct value){ .bits = ip6 ? 128 : 32 };
		memcpy(addrs[i].b, found[i], ip6 ? 16 : 4);
	}
	*n = count;
	return 0;
}

static int names_host_name(void *ctx, const struct value *addr, char *buf, size_t n)
{
	(void)ctx;
	return lookup_host_name(addr->b, addr->bits / 8, buf, n);
}

static int names_service(void *ctx, const char *name, uint16_t *port)
{
	(void)ctx;
	return lookup_service(name, port);
}

static int names_service_name(void *ctx, uint16_t port, char *buf, size_t n)
{
	(void)ctx;
	return lookup_service_name(port, buf, n);
}

static int names_protocol(void *ctx, const char *name, uint8_t *proto)
{
	(void)ctx;
	return lookup_protocol(name, proto);
}

static const struct symtab *table_of(struct machine *m, enum type_id type)
{
	for (size_t i = 0; i < MACHINE_TABLES; i++) {
		if (tables[i].type != type)
			continue;
		if (!m->is_loaded[i])
			symtab_load(&m->tables[i], m->a, tables[i].paths);
		m->is_loaded[i] = true;
		return &m->tables[i];
	}
	return NULL;
}

static int names_table_value(void *ctx, enum type_id type, const char *name,
                             uint64_t *value)
{
	const struct symtab *t = table_of(ctx, type);

	return t ? symtab_value(t, name, value) : -ENOENT;
}

static int names_table_name(void *ctx, enum type_id type, uint64_t value, char *buf,
                            size_t n)
{
	const struct symtab *t = table_of(ctx, type);
	const char *name = t ? symtab_name(t, value) : NULL;

	if (!name)
		return -ENOENT;
	return snprintf(buf, n, "%s", name) < (int)n ? 0 : -ERANGE;
}

static int names_cgroup(void *ctx, const char *path, uint64_t *id)
{
	(void)ctx;
	return cgroup_id(path, id);
}

static int names_cgroup_path(void *ctx, uint64_t id, char *buf, size_t n)
{
	(void)ctx;
	return cgroup_path(id, buf, n);
}

void names_init(struct names *names, struct machine *m)
{
	*names = (struct names){
		.ctx = m,
		.ifindex = names_ifindex,
		.ifname = names_ifname,
		.user = names_user,
		.user_name = names_user_name,
		.group = names_group,
		.group_name = names_group_name,
		.host = names_host,
		.host_name = names_host_name,
		.service = names_service,
		.service_name = names_service_name,
		.protocol = names_protocol,
		.table_value = names_table_value,
		.table_name = names_table_name,
		.cgroup = names_cgroup,
		.cgroup_path = names_cgroup_path,
	};
}

void cli_add_guest(struct cli *c, struct str *guests, struct str name)
{
	char text[16];
	uint32_t index;

	if (!name.n || name.n > 15)
		return;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	c->machine.guests = guests;
	if (c->names.ifindex(c->names.ctx, text, &index) == 0)
		return;
	guests[c->machine.n_guests++] = name;
}

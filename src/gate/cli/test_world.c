/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The machine of a scenario, and what its expectations speak of. */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "gate/cli/test.h"
#include "io/paths.h"

enum { ETHERNET_MTU = 1500 };

/* ---- the machine ---- */

static bool is_declared(const struct test_file *f, struct str name)
{
	vec_for_each(it, &f->scenario.devs)
		if (str_eq(it->name, name))
			return true;
	return str_is(name, "lo");
}

static void check_device(struct test_file *f, struct str name, struct span span)
{
	struct str *names;
	size_t n = 0;

	if (!name.n || is_declared(f, name))
		return;
	names = arena_array(&f->a, struct str, f->scenario.devs.n);
	vec_for_each(it, &f->scenario.devs)
		names[n++] = it->name;
	struct diag *d = diag_error(
		&f->c->diags, "E0931", span,
		"there is no interface `" STR_FMT "` in this scenario", STR_ARG(name));
	struct str near = str_nearest(name, names, n);
	if (near.n)
		diag_help(&f->c->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	else
		diag_help(&f->c->diags, d, "interface " STR_FMT, STR_ARG(name));
}

/* The same of a packet's words, whose place is told, not the packet's. */
static void check_packet_device(struct test_file *f, const struct packet_line *line,
                                struct str name)
{
	const struct source *source = sources_get(&f->c->sources, line->span.file);
	struct span word = line->span;
	uintptr_t text = source ? (uintptr_t)source->text.p + word.off : 0;

	if (source && (uintptr_t)name.p >= text && (uintptr_t)name.p - text < word.len) {
		word.off += (uint32_t)((uintptr_t)name.p - text);
		word.len = (uint32_t)name.n;
	}
	check_device(f, name, word);
}

static void add_device(struct test_file *f, struct str name)
{
	if (name.n && !is_declared(f, name))
		vec_push(&f->scenario.devs, (struct scenario_dev){ .name = name });
}

/* Without one `interface` those of the packets are there, and nothing is known of them. */
static void check_devices(struct test_file *f)
{
	bool declared = f->scenario.devs.n > 0;

	f->is_declared = declared || f->scenario.bridges.n;
	vec_for_each(it, &f->scenario.bridges) {
		add_device(f, it->name);
		for (size_t i = 0; !declared && i < it->n_ports; i++)
			add_device(f, it->ports[i]);
	}
	vec_for_each(it, &f->scenario.stations)
		if (!declared)
			add_device(f, it->dev);
	vec_for_each(it, &f->scenario.steps) {
		if (declared) {
			check_packet_device(f, &it->line, it->line.in);
			check_packet_device(f, &it->line, it->line.out);
		} else {
			add_device(f, it->line.in);
			add_device(f, it->line.out);
		}
	}
}

/* Interfaces count from 1 in the order they are declared, lo first. */
static void name_devices(struct test_file *f)
{
	struct str *names = arena_array(&f->a, struct str, f->scenario.devs.n + 1);
	size_t n = 0;

	names[n++] = STR("lo");
	vec_for_each(it, &f->scenario.devs)
		if (!str_is(it->name, "lo"))
			names[n++] = it->name;
	f->c->machine.interfaces = names;
	f->c->machine.n_interfaces = n;
}

static void add_devices(struct test_file *f)
{
	struct sim_machine *m = &f->e.machine;

	machine_init(m, 1);
	for (size_t i = 1; i < f->c->machine.n_interfaces; i++)
		machine_dev(m, f->c->machine.interfaces[i], (uint32_t)i + 1);
	vec_for_each(it, &f->scenario.devs) {
		struct sim_dev *dev = machine_edit(m, machine_find(m, it->name));
		if (!dev)
			continue;
		dev->group = it->group;
		dev->mtu = it->mtu ? it->mtu : ETHERNET_MTU;
		if (it->has_mac)
			memcpy(dev->mac, it->mac, sizeof(dev->mac));
		for (size_t i = 0; i < it->n_addrs; i++)
			machine_add_addr(m, dev, it->addrs[i].family, it->addrs[i].addr,
			                 it->addrs[i].prefix);
		m->is_complete |= it->n_addrs > 0;
	}
	m->forwards = f->scenario.forwards;
	if (f->scenario.kernel.p)
		m->kernel = cli_read_kernel(f->c, f->scenario.kernel,
		                            f->scenario.kernel_span);
	m->knows_devices = f->is_declared;
}

/* Ports are interfaces of the scenario, and in one bridge each. */
static void add_bridge(struct test_file *f, const struct scenario_bridge *b)
{
	struct sim_machine *m = &f->e.machine;
	const struct sim_dev *bridge = machine_find(m, b->name);

	machine_edit(m, bridge)->snoops = true;
	for (size_t i = 0; i < b->n_ports; i++) {
		check_device(f, b->ports[i], b->spans[i]);
		const struct sim_dev *port = machine_find(m, b->ports[i]);
		if (port && !machine_add_port(m, bridge, port))
			diag_error(&f->c->diags, "E0931", b->spans[i],
			           "`" STR_FMT "` cannot be a port of `" STR_FMT "`: %s",
			           STR_ARG(b->ports[i]), STR_ARG(b->name),
			           port->bridge      ? "it is one already"
			           : port->is_bridge ? "it is a bridge itself"
			                             : "it is no device of a wire");
	}
}

static void add_station(struct test_file *f, const struct scenario_station *k)
{
	struct sim_machine *m = &f->e.machine;
	struct sim_station station = { .port = machine_find(m, k->dev) };

	check_device(f, k->dev, k->span);
	memcpy(station.mac, k->mac, sizeof(station.mac));
	if (!station.port)
		return;
	vec_push(&m->stations, station);
	for (size_t i = 0; i < k->n_addrs; i++)
		machine_add_neighbour(m, k->addrs[i].family, k->addrs[i].addr, k->mac);
}

static struct sim_hop make_hop(struct test_file *f, const struct scenario_hop *h)
{
	const struct sim_machine *m = &f->e.machine;
	struct sim_hop hop = { .has_via = h->has_via };
	struct route_answer answer;

	memcpy(hop.via, h->via.addr, sizeof(hop.via));
	check_device(f, h->dev, h->span);
	hop.dev = h->dev.n ? machine_find(m, h->dev) : NULL;
	if (!h->dev.n && machine_route(m, h->via.family, h->via.addr, &answer) == 0 &&
	    !answer.has_via)
		hop.dev = answer.dev;
	if (!hop.dev && !h->dev.n)
		diag_error(&f->c->diags, "E0931", h->span,
		           "the gateway is in no network of an interface");
	return hop;
}

static void add_route(struct test_file *f, const struct scenario_route *r)
{
	struct sim_machine *m = &f->e.machine;
	struct sim_route route = { .family = r->to.family,
		                   .prefix = r->to.prefix,
		                   .type = r->type,
		                   .table = r->table,
		                   .metric = r->metric,
		                   .mtu = r->mtu };
	struct sim_hop *others = arena_array(&m->a, struct sim_hop, HOPS_MAX);

	memcpy(route.dst, r->to.addr, sizeof(route.dst));
	for (size_t i = 0; i < r->n_hops; i++) {
		struct sim_hop hop = make_hop(f, &r->hops[i]);
		if (i == 0)
			route.hop = hop;
		else
			others[route.n_others++] = hop;
	}
	route.others = others;
	vec_push(&m->routes, route);
}

static void add_rule(struct test_file *f, const struct scenario_rule *r)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	struct sim_policy policy = r->policy;

	check_device(f, policy.iif, r->iif_span);
	check_device(f, policy.oif, r->oif_span);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		policy.family = families[i];
		if (!r->policy.family || r->policy.family == families[i])
			machine_add_policy(&f->e.machine, &policy);
	}
}

static void add_socket(struct test_file *f, const struct scenario_socket *s)
{
	struct sim_socket k = { .family = s->end.addr.given ? s->end.addr.family : 0,
		                .l4 = s->l4,
		                .port = s->end.port.from,
		                .transparent = s->transparent,
		                .has_owner = s->has_owner,
		                .mark = s->mark,
		                .uid = s->uid,
		                .gid = s->gid };

	memcpy(k.addr, s->end.addr.from, sizeof(k.addr));
	vec_push(&f->e.machine.sockets, k);
	f->e.machine.knows_sockets = true;
}

static bool is_forwarding(struct str name)
{
	return str_is(name, "net.ipv4.ip_forward") ||
	       str_is(name, "net.ipv6.conf.all.forwarding");
}

/* Of the machine itself, not of connection tracking. */
static int set_machine(struct test_file *f, const struct scenario_sysctl *it)
{
	if (!is_forwarding(it->name))
		return machine_set(&f->e.machine, it->name, it->value);
	f->e.machine.forwards |= it->value != 0;
	return 0;
}

int test_set_sysctls(struct test_file *f, struct track *t)
{
	vec_for_each(it, &f->scenario.sysctls) {
		struct str names[128], name;
		size_t n = 0;
		int r = set_machine(f, it);
		if (r == -ENOENT)
			r = track_sysctl_set(t, it->name, it->value);
		if (r == 0)
			continue;
		while (n < ARRAY_LEN(names) && (name = track_sysctl_name(n)).n)
			names[n++] = name;
		struct str near = str_nearest(it->name, names, n);
		struct diag *d = diag_error(
			&f->c->diags, "E0931", r == -ENOENT ? it->span : it->value_span,
			r == -ENOENT ? "there is no such setting here"
				     : "this setting cannot have that "
				       "value");
		if (r == -ENOENT && near.n)
			diag_help(&f->c->diags, d, "did you mean `" STR_FMT "`?",
			          STR_ARG(near));
		return -EINVAL;
	}
	return 0;
}

/* ---- the ruleset's files ---- */

static void add_file(struct test_file *f, struct str path, struct span span)
{
	struct explain *e = &f->e;
	int r = reader_add(&f->c->arena, path, &f->c->sources, &e->files[e->n_files]);

	if (r == 0)
		e->n_files++;
	else
		diag_error(&f->c->diags, "E0905", span, "cannot read `" STR_FMT "`: %s",
		           STR_ARG(path), strerror(-r));
}

/* Beside the scenario, unless its path says otherwise. */
static void add_files(struct test_file *f)
{
	struct str folder = path_folder(f->path);
	const struct str_list *given = &f->c->options.files;

	f->e.files = arena_array(&f->a, uint32_t, f->scenario.uses.n + given->n + 1);
	for (size_t i = 0; i < given->n; i++)
		add_file(f, given->p[i], SPAN_NONE);
	f->c->include_path.base = given->n ? path_folder(given->p[0]) : folder;
	if (given->n || f->c->options.live)
		return;
	vec_for_each(it, &f->scenario.uses) {
		struct str path = it->path;
		if (folder.n && !str_is(folder, ".") && path.p[0] != '/')
			path = arena_fmt(&f->c->arena, STR_FMT "/" STR_FMT,
			                 STR_ARG(folder), STR_ARG(path));
		add_file(f, path, it->span);
		if (it == f->scenario.uses.p)
			f->c->include_path.base = path_folder(path);
	}
	if (!f->scenario.uses.n) {
		struct diag *d =
			diag_error(&f->c->diags, "E0931", SPAN_NONE,
		                   "`" STR_FMT "` names no ruleset", STR_ARG(f->path));
		diag_help(&f->c->diags, d,
		          "use \"server.nft\" in the file, or -f, or --live");
	}
}

/* ---- what expectations name ---- */

/* nft keeps a comment as a TLV of type 0, with its NUL. */
struct str rule_comment(const struct sim_rule *rule)
{
	const struct userdata *u = &rule->r.userdata;

	for (size_t at = 0; at + 2 <= u->n && at + 2 + u->p[at + 1] <= u->n;
	     at += 2 + u->p[at + 1]) {
		size_t n = u->p[at + 1];
		if (u->p[at] == 0 && n > 0)
			return (struct str){ (const char *)u->p + at + 2, n - 1 };
	}
	return STR("");
}

static bool is_table(const struct expect *x, const struct sim_table *t)
{
	return (!x->family.n ||
	        str_eq(x->family, str_from(family_name((enum family)t->t.family)))) &&
	       (!x->table.n || str_eq(x->table, t->t.name));
}

struct sim_set *test_find_set(const struct test_file *f, const struct expect *x)
{
	vec_for_each(table, &f->e.store->tables) {
		struct sim_set *set =
			is_table(x, *table) ? table_set(*table, x->name) : NULL;
		if (set)
			return set;
	}
	return NULL;
}

struct sim_obj *test_find_counter(const struct test_file *f, const struct expect *x)
{
	vec_for_each(table, &f->e.store->tables) {
		struct sim_obj *obj =
			is_table(x, *table)
				? table_obj(*table, NFT_OBJECT_COUNTER, x->name)
				: NULL;
		if (obj)
			return obj;
	}
	return NULL;
}

static bool stands_at(const struct test_file *f, const struct expect *x,
                      const struct sim_rule *rule)
{
	struct str place = explain_rule_place(&f->e, rule);
	struct str line = arena_fmt(&f->c->arena, ":%llu", (unsigned long long)x->number);
	struct str file = str_sub(place, 0, place.n - (place.n > line.n ? line.n : 0));

	if (!str_ends(place, line))
		return false;
	return !x->text.n || str_eq(file, x->text) ||
	       str_ends(file, arena_fmt(&f->c->arena, "/" STR_FMT, STR_ARG(x->text)));
}

bool test_is_rule(const struct test_file *f, const struct expect *x,
                  const struct sim_rule *rule)
{
	switch (x->by) {
	case EXPECT_BY_COMMENT:
		return str_eq(rule_comment(rule), x->text);
	case EXPECT_BY_HANDLE:
		return rule->r.handle == x->number;
	case EXPECT_BY_LINE:
		return stands_at(f, x, rule);
	case EXPECT_BY_POLICY:
	case EXPECT_BY_STACK:
	case EXPECT_BY_CONNTRACK:
	case EXPECT_BY_NAT:
		break;
	}
	return false;
}

/* A list of names for "did you mean". */
struct names_list {
	VEC(struct str) list;
};

static struct diag *not_there(struct test_file *f, const struct expect *x,
                              const char *what, struct names_list *names)
{
	struct str near =
		str_nearest(x->name.n ? x->name : x->text, names->list.p, names->list.n);
	struct diag *d = diag_error(&f->c->diags, "E0931", x->span,
	                            "%s is not in the ruleset", what);

	if (near.n)
		diag_help(&f->c->diags, d, "did you mean `" STR_FMT "`?", STR_ARG(near));
	vec_fini(&names->list);
	return d;
}

/* Of the rules in that file (or any) the one that stands nearest to the line. */
static void help_line(struct test_file *f, const struct expect *x, struct diag *d)
{
	uint64_t best = UINT64_MAX;
	struct str near = STR("");

	vec_for_each(it, &f->e.rules) {
		const struct source *s = sources_get(&f->c->sources, it->span.file);
		uint64_t line = s ? source_place(s, it->span.off).line : 0;
		uint64_t away = line > x->number ? line - x->number : x->number - line;
		if (!s || away >= best || (x->text.n && !str_ends(s->name, x->text)))
			continue;
		best = away;
		near = arena_fmt(&f->c->arena, STR_FMT ":%llu", STR_ARG(s->name),
		                 (unsigned long long)line);
	}
	if (near.n)
		diag_help(&f->c->diags, d, "the nearest rule begins at " STR_FMT,
		          STR_ARG(near));
}

static void check_rule(struct test_file *f, const struct expect *x)
{
	struct names_list names = { .list = { 0 } };

	if (x->by > EXPECT_BY_LINE)
		return;
	vec_for_each(table, &f->e.store->tables) {
		vec_for_each(chain, &(*table)->chains) {
			vec_for_each(rule, &(*chain)->rules) {
				if (test_is_rule(f, x, *rule)) {
					vec_fini(&names.list);
					return;
				}
				if (rule_comment(*rule).n)
					vec_push(&names.list, rule_comment(*rule));
			}
		}
	}
	struct diag *d = not_there(f, x, "such a rule", &names);
	if (x->by == EXPECT_BY_LINE)
		help_line(f, x, d);
}

static void check_chain(struct test_file *f, const struct expect *x)
{
	struct names_list names = { .list = { 0 } };
	bool found = !x->text.n;

	vec_for_each(table, &f->e.store->tables) {
		vec_for_each(chain, &(*table)->chains) {
			found |= str_eq((*chain)->c.name, x->text);
			vec_push(&names.list, (*chain)->c.name);
		}
	}
	if (!found)
		not_there(f, x, "such a chain", &names);
	vec_fini(&names.list);
}

static void check_named(struct test_file *f, const struct expect *x)
{
	struct names_list names = { .list = { 0 } };
	bool of_set = x->kind == EXPECT_ELEMENT;

	if (of_set ? test_find_set(f, x) != NULL : test_find_counter(f, x) != NULL)
		return;
	vec_for_each(table, &f->e.store->tables) {
		vec_for_each(set, &(*table)->sets)
			if (of_set)
				vec_push(&names.list, (*set)->set.name);
		vec_for_each(obj, &(*table)->objs)
			if (!of_set)
				vec_push(&names.list, (*obj)->o.name);
	}
	not_there(f, x, of_set ? "such a set" : "such a counter", &names);
}

static void check_expect(struct test_file *f, const struct step *step,
                         const struct expect *x)
{
	if (step->kind == STEP_EXPECT && !expect_is_of_ruleset(x))
		diag_error(&f->c->diags, "E0932", x->span,
		           "without a packet only `counter` and sets can be expected");
	else if (x->kind == EXPECT_BY && x->by == EXPECT_BY_POLICY)
		check_chain(f, x);
	else if (x->kind == EXPECT_BY || x->kind == EXPECT_THROUGH ||
	         (x->kind == EXPECT_COUNTER && x->of_rule))
		check_rule(f, x);
	else if (expect_is_of_ruleset(x))
		check_named(f, x);
	else if (x->kind == EXPECT_OUT)
		check_device(f, x->text, x->span);
}

static void check_expects(struct test_file *f)
{
	vec_for_each(it, &f->scenario.steps)
		for (size_t g = 0; g < it->expect.n; g++)
			for (size_t i = 0; i < it->expect.p[g].n; i++)
				check_expect(f, it, &it->expect.p[g].p[i]);
}

int test_prepare(struct test_file *f)
{
	struct cli *c = f->c;
	struct track *t = track_new(1);

	f->e.c = c;
	f->e.live = c->options.live;
	check_devices(f);
	name_devices(f);
	add_files(f);
	add_devices(f);
	vec_for_each(it, &f->scenario.bridges)
		add_bridge(f, it);
	vec_for_each(it, &f->scenario.stations)
		add_station(f, it);
	vec_for_each(it, &f->scenario.routes)
		add_route(f, it);
	vec_for_each(it, &f->scenario.rules)
		add_rule(f, it);
	vec_for_each(it, &f->scenario.sockets)
		add_socket(f, it);
	test_set_sysctls(f, t);
	track_free(t);
	if (!diags_failed(&c->diags) && explain_load(&f->e, &c->diags) == 0)
		check_expects(f);
	if (diags_failed(&c->diags))
		return -EINVAL;
	draw_init(&f->draw, f->seed, &f->e.machine);
	draw_learn(&f->draw, f->e.store);
	return 0;
}

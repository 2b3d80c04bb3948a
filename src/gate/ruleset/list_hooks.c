/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* `list hooks`: everybody who is called at each hook, in the layout of nft's listing. */
#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "gate/ruleset/lister.h"

struct hooks_list {
	struct session *s;
	struct buf out;
	enum family family;
	const char *hook;
	struct str device;
	bool in_family, in_hook; /* what stands open */
};

static void open_hook(struct hooks_list *l)
{
	if (!l->in_family)
		buf_fmt(&l->out, "family %s {\n", family_name(l->family));
	if (!l->in_hook && l->device.n)
		buf_fmt(&l->out, "\thook %s device " STR_FMT " {\n", l->hook,
		        STR_ARG(l->device));
	else if (!l->in_hook)
		buf_fmt(&l->out, "\thook %s {\n", l->hook);
	l->in_family = l->in_hook = true;
}

/* The sign stands in a column of its own, and all are as wide. */
static void print_priority(struct buf *out, int32_t priority)
{
	const char *sign = priority < 0 ? "-" : priority > 0 ? "+" : " ";
	uint32_t size = priority < 0 ? -(uint32_t)priority : (uint32_t)priority;

	buf_fmt(out, "\t\t%s%010u", sign, size);
}

static int print_hook(void *ctx, const struct engine_hook *h)
{
	struct hooks_list *l = ctx;

	open_hook(l);
	print_priority(&l->out, h->priority);
	if (h->chain.n)
		buf_fmt(&l->out, " chain %s " STR_FMT " " STR_FMT,
		        family_name((enum family)h->chain_family), STR_ARG(h->table),
		        STR_ARG(h->chain));
	else if (h->function.n)
		buf_fmt(&l->out, " " STR_FMT, STR_ARG(h->function));
	if (h->module.n)
		buf_fmt(&l->out, " [" STR_FMT "]", STR_ARG(h->module));
	buf_char(&l->out, '\n');
	return 0;
}

static int list_hook(struct hooks_list *l, unsigned number, const char *name,
                     struct str device)
{
	l->hook = name;
	l->device = device;
	l->in_hook = false;
	int r = l->s->engine->ops->hooks(l->s->engine, (uint8_t)l->family, number, device,
	                                 print_hook, l);
	if (l->in_hook)
		buf_cstr(&l->out, "\t}\n");
	return r;
}

static int list_family(struct hooks_list *l, enum family f, struct str device)
{
	int r = 0;

	l->family = f;
	l->in_family = false;
	for (const struct hook_name *h = hook_names; r == 0 && h->name; h++)
		if (h->family == f)
			r = list_hook(l, h->number, h->name,
			              f == FAMILY_NETDEV ? device : (struct str){ 0 });
	if (l->in_family)
		buf_cstr(&l->out, "}\n");
	return r;
}

/* inet has no hooks of its own: what is hooked there is hooked in ip and ip6, and at a device. */
static bool wants(enum family asked, enum family f, struct str device)
{
	if (f == FAMILY_NETDEV && device.n == 0)
		return false;
	if (asked == FAMILY_INET)
		return f == FAMILY_IP || f == FAMILY_IP6 || f == FAMILY_NETDEV;
	return asked == FAMILY_UNSPEC || asked == f;
}

static bool report_hooks(struct session *s, const struct command *c, int r)
{
	struct diag *d;

	if (r >= 0)
		return true;
	if (r == -EOPNOTSUPP) {
		d = diag_error(s->diags, "E0410", c->span,
		               "this kernel does not tell its hooks");
		diag_help(s->diags, d,
		          "it needs CONFIG_NETFILTER_NETLINK_HOOK; `list chains` shows "
		          "nf_tables' own");
	} else {
		diag_error(s->diags, "E0602", c->span, "cannot read the hooks: %s",
		           strerror(-r));
	}
	return false;
}

bool list_hooks(struct session *s, const struct command *c)
{
	static const enum family families[] = { FAMILY_ARP, FAMILY_IP, FAMILY_IP6,
		                                FAMILY_BRIDGE, FAMILY_NETDEV };
	struct hooks_list l = { .s = s };
	int r = s->engine->ops->hooks ? 0 : -EOPNOTSUPP;

	if (c->ref.family == FAMILY_NETDEV && c->device.n == 0) {
		struct diag *d = diag_error(s->diags, "E0004", c->span, "which device?");

		diag_help(s->diags, d, "list hooks netdev device eth0");
		return false;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(families); i++)
		if (wants(c->ref.family, families[i], c->device))
			r = list_family(&l, families[i], c->device);
	if (r == 0)
		session_write(s, &l.out);
	buf_fini(&l.out);
	return report_hooks(s, c, r);
}

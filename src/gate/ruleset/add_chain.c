/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Chains and flow tables: hooks, priorities, devices, and what goes together.
 */
#include "gate/ruleset/session.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/kernels.h"
#include "gate/ruleset/udata.h"

static bool resolve_priority(struct session *s, enum family f, int hook,
                             const struct expr *e, int32_t offset, struct span span,
                             int32_t *out)
{
	struct str word = e ? e->word : STR("");
	bool negative = word.n && word.p[0] == '-';
	uint64_t n;
	int32_t base;

	if (word.n && str_to_u64(str_sub(word, negative, word.n), 10, &n) == 0 &&
	    n <= INT32_MAX) {
		*out = (negative ? -(int32_t)n : (int32_t)n) + offset;
		return true;
	}
	if (priority_by_name(f, hook, word, &base) < 0) {
		struct diag *d = diag_error(
			s->diags, "E0403", span,
			"`" STR_FMT "` is not a priority for this hook", STR_ARG(word));
		diag_help(s->diags, d,
		          "write a number, or a name such as `filter`, `dstnat`, "
		          "`srcnat`, `raw`, `mangle`, with `+ n` or `- n` behind it");
		return false;
	}
	*out = base + offset;
	return true;
}

/* Linux 6.16 lets a chain wait for its device; flow tables and older kernels want it there. */
static bool check_device(struct session *s, struct str name, struct span span)
{
	uint32_t index;
	struct diag *d;

	if (name.n > 15) { /* IFNAMSIZ, less the NUL */
		diag_error(s->diags, "E0221", span,
		           "`" STR_FMT "` is too long: an interface name "
		           "has at most 15 bytes",
		           STR_ARG(name));
		return false;
	}
	if (!s->opt->closed_interfaces || s->opt->kernel >= KERNEL(6, 16) ||
	    s->opt->names->ifindex(s->opt->names->ctx, str_dup_c(&s->scratch, name),
	                           &index) == 0)
		return true;
	d = diag_error(s->diags, "E0120", span, "there is no interface `" STR_FMT "`",
	               STR_ARG(name));
	diag_note(s->diags, d,
	          "before Linux 6.16 a device must be there when a chain names it");
	return false;
}

static bool add_device(struct session *s, const struct expr *e, struct str *out,
                       size_t *n)
{
	if (e->kind == EXPR_ELEM)
		e = e->elem.key;
	if (e->kind != EXPR_SYMBOL && e->kind != EXPR_STRING) {
		diag_error(s->diags, "E0405", e->span, "a device's name is wanted here");
		return false;
	}
	for (size_t i = 0; i < *n; i++) {
		if (!str_eq(out[i], e->word))
			continue;
		diag_error(s->diags, "E0502", e->span,
		           "device `" STR_FMT "` is there twice", STR_ARG(e->word));
		return false;
	}
	out[(*n)++] = e->word;
	return check_device(s, e->word, e->span);
}

static bool resolve_devices(struct session *s, const struct expr *e,
                            const struct str **devs, size_t *n)
{
	bool is_list = e && e->kind != EXPR_SYMBOL && e->kind != EXPR_STRING;
	size_t count = is_list ? e->list.n : e != NULL;
	struct str *out = arena_array(&s->scratch, struct str, count + 1);
	bool ok = true;

	*n = 0;
	*devs = out;
	for (size_t i = 0; i < count; i++)
		ok &= add_device(s, is_list ? e->list.p[i] : e, out, n);
	return ok;
}

static bool check_chain_type(struct session *s, const struct chain_block *b, int hook)
{
	bool ip = b->ref.family == FAMILY_IP || b->ref.family == FAMILY_IP6 ||
	          b->ref.family == FAMILY_INET;
	struct diag *d;

	if (str_is(b->type, "filter"))
		return true;
	if (str_is(b->type, "nat") && ip) {
		if (hook != NF_INET_FORWARD && hook <= NF_INET_POST_ROUTING)
			return true;
		d = diag_error(s->diags, "E0402", b->type_span,
		               "there is no nat at the " STR_FMT " hook",
		               STR_ARG(b->hook));
		diag_note(s->diags, d,
		          "nat chains hook prerouting, input, output, postrouting");
		return false;
	}
	if (str_is(b->type, "route") && ip) {
		if (hook == NF_INET_LOCAL_OUT)
			return true;
		diag_error(s->diags, "E0402", b->type_span,
		           "route chains hook output only");
		return false;
	}
	d = diag_error(s->diags, "E0406", b->type_span,
	               "tables of family %s have no `" STR_FMT "` chains",
	               family_name(b->ref.family), STR_ARG(b->type));
	diag_help(s->diags, d, "their chains are `type filter`");
	return false;
}

static bool fill_base_chain(struct session *s, const struct chain_block *b,
                            struct prog_chain *out, struct chain_info *info)
{
	int hook = hook_by_name(b->ref.family, b->hook);

	if (hook < 0) {
		struct diag *d = diag_error(s->diags, "E0404", b->hook_span,
		                            "family %s has no hook `" STR_FMT "`",
		                            family_name(b->ref.family), STR_ARG(b->hook));
		auto_buf list = { 0 };

		for (const struct hook_name *h = hook_names; h->name; h++)
			if (h->family == b->ref.family)
				buf_fmt(&list, "%s%s", list.n ? ", " : "", h->name);
		diag_help(s->diags, d, "its hooks are %.*s", (int)list.n,
		          list.p ? list.p : "");
		return false;
	}
	if (!check_chain_type(s, b, hook))
		return false;
	out->is_base = true;
	out->hook = (uint32_t)hook;
	out->type = b->type;
	info->is_base = true;
	info->type = b->type;
	info->hook = hook;
	if (b->policy.p) {
		out->has_policy = true;
		out->policy = str_is(b->policy, "drop") ? NF_DROP : NF_ACCEPT;
	}
	if (!resolve_priority(s, b->ref.family, hook, b->priority, b->priority_offset,
	                      b->priority_span, &out->priority) ||
	    !resolve_devices(s, b->devices, &out->devs, &out->n_devs))
		return false;
	if (str_is(b->type, "nat") && out->priority <= -200) {
		diag_error(s->diags, "E0407", b->priority_span,
		           "a nat chain's priority must be above "
		           "-200, where connections are tracked; this is %d",
		           out->priority);
		return false;
	}
	return true;
}

bool add_chain_block(struct session *s, const struct chain_block *b, enum tx_op op)
{
	struct prog_chain out = { .family = (uint8_t)b->ref.family,
		                  .table = b->ref.table,
		                  .name = b->ref.name,
		                  .flags = b->flags };
	struct chain_info *info = arena_new(&s->a, struct chain_info);
	struct tag tag = { .verb = tx_verb(op),
		           .object = OBJ_CHAIN,
		           .family = b->ref.family,
		           .span = b->ref.name_span,
		           .table = b->ref.table,
		           .name = b->ref.name };

	if (!b->ref.name.p)
		return false;
	info->name = b->ref.name;
	info->span = b->span;
	struct str key = session_key(s, b->ref.family, b->ref.table, b->ref.name);

	if (b->is_base ||
	    !map_has(&s->chains, key)) /* also with mistakes: it may be named */
		session_put(s, &s->chains, key, info);
	if (b->is_broken || !name_fits(s, "chain", b->ref.name, b->ref.name_span) ||
	    (b->is_base && !fill_base_chain(s, b, &out, info))) {
		info->is_base = false; /* nothing is known of its hook */
		return false;
	}
	if (!b->is_base && b->policy.p) {
		out.has_policy = true;
		out.policy = str_is(b->policy, "drop") ? NF_DROP : NF_ACCEPT;
	}
	if (!b->is_base && !resolve_devices(s, b->devices, &out.devs, &out.n_devs))
		return false;
	if (!kernel_takes_chain(s, &out, b->hook_span))
		return false;
	out.userdata = udata_comment(&s->scratch, b->comment);
	if (s->engine)
		s->engine->ops->tx_chain(s->tx, op, &out, tag_add(s, &tag));
	return true;
}

bool add_flowtable_block(struct session *s, const struct flowtable_block *b,
                         enum tx_op op)
{
	struct prog_flowtable out = { .family = (uint8_t)b->ref.family,
		                      .table = b->ref.table,
		                      .name = b->ref.name,
		                      .flags = b->flags };
	struct tag tag = { .verb = tx_verb(op),
		           .object = OBJ_FLOWTABLE,
		           .family = b->ref.family,
		           .span = b->ref.name_span,
		           .table = b->ref.table,
		           .name = b->ref.name };

	if (b->is_broken || !name_fits(s, "flow table", b->ref.name, b->ref.name_span))
		return false;
	if (b->counter)
		out.flags |= NFT_FLOWTABLE_COUNTER;
	if (b->hook.n) {
		int hook = hook_by_name(FAMILY_NETDEV, b->hook);

		if (hook < 0) {
			diag_error(s->diags, "E0404", b->hook_span,
			           "a flow table hooks `ingress`");
			return false;
		}
		out.hook = (uint32_t)hook;
		if (!resolve_priority(s, FAMILY_NETDEV, hook, b->priority,
		                      b->priority_offset, b->priority_span,
		                      &out.priority))
			return false;
	}
	if (!resolve_devices(s, b->devices, &out.devs, &out.n_devs))
		return false;
	if (s->engine)
		s->engine->ops->tx_flowtable(s->tx, op, &out, tag_add(s, &tag));
	return true;
}

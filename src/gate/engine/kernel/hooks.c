/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * linux/netfilter/nfnetlink_hook.h. One dump answers for one hook of one family. Kernels built
 * without it answer EINVAL, as for any subsystem they do not have; a family or hook that is not
 * built in has nobody to call.
 */
#include "gate/engine/kernel/hooks.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>

#define HOOK_GET ((uint16_t)(NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET))

enum {
	INFO_NFT = 1, /* enum nfnl_hook_chaintype: NFNL_HOOK_TYPE_NFTABLES */
	INFO_BPF = 2, /* 6.4: NFNL_HOOK_TYPE_BPF */
};

struct hook_dump {
	int (*fn)(void *ctx, const struct engine_hook *h);
	void *ctx;
};

static void read_chain(const struct attr *desc, struct engine_hook *out)
{
	struct cursor c = attr_cursor(desc);
	struct attr a;
	uint64_t n;

	while (attr_next(&c, &a)) {
		if (a.type == NFNLA_CHAIN_TABLE)
			out->table = attr_str(&a);
		else if (a.type == NFNLA_CHAIN_NAME)
			out->chain = attr_str(&a);
		else if (a.type == NFNLA_CHAIN_FAMILY && attr_number(&a, 1, &n))
			out->chain_family = (uint8_t)n;
	}
}

/* Only base chains describe themselves in a way that we know. */
static void read_info(const struct attr *info, struct engine_hook *out)
{
	struct cursor c = attr_cursor(info);
	struct attr a, desc = { 0 };
	uint64_t type = 0;

	while (attr_next(&c, &a)) {
		if (a.type == NFNLA_HOOK_INFO_DESC)
			desc = a;
		else if (a.type == NFNLA_HOOK_INFO_TYPE)
			attr_number(&a, 4, &type);
	}
	if (type == INFO_NFT && desc.p)
		read_chain(&desc, out);
}

int hook_read(const struct nlmsghdr *h, struct engine_hook *out)
{
	struct cursor c = cursor_of(h, h->nlmsg_len);
	struct nfgenmsg g;
	struct attr a;
	uint64_t n;

	*out = (struct engine_hook){ 0 };
	cursor_skip(&c, sizeof(*h));
	cursor_copy(&c, &g, sizeof(g));
	out->family = g.nfgen_family;
	while (attr_next(&c, &a)) {
		if (a.type == NFNLA_HOOK_HOOKNUM && attr_number(&a, 4, &n))
			out->hook = (uint32_t)n;
		else if (a.type == NFNLA_HOOK_PRIORITY && attr_number(&a, 4, &n))
			out->priority = (int32_t)(uint32_t)n;
		else if (a.type == NFNLA_HOOK_DEV)
			out->device = attr_str(&a);
		else if (a.type == NFNLA_HOOK_FUNCTION_NAME)
			out->function = attr_str(&a);
		else if (a.type == NFNLA_HOOK_MODULE_NAME)
			out->module = attr_str(&a);
		else if (a.type == NFNLA_HOOK_CHAIN_INFO)
			read_info(&a, out);
	}
	return c.failed ? -EBADMSG : 0;
}

static int on_message(const struct nlmsghdr *h, void *ctx)
{
	const struct hook_dump *d = ctx;
	struct engine_hook hook;

	if (h->nlmsg_type != HOOK_GET)
		return 0;
	int r = hook_read(h, &hook);
	return r < 0 ? r : d->fn(d->ctx, &hook);
}

int kernel_hooks(struct engine *e, uint8_t family, uint32_t hook, struct str device,
                 int (*fn)(void *ctx, const struct engine_hook *h), void *ctx)
{
	struct kernel *k = (struct kernel *)e;
	struct hook_dump d = { fn, ctx };
	size_t request;

	pagebuf_reset(&k->request.buf);
	k->request.err = 0;
	request = wire_message(&k->request, HOOK_GET, NLM_F_REQUEST | NLM_F_DUMP,
	                       ++k->seq, family, 0);
	wire_be32(&k->request, NFNLA_HOOK_HOOKNUM, hook);
	if (device.n)
		wire_str(&k->request, NFNLA_HOOK_DEV, device);
	int r = kernel_ask(k, request, on_message, &d, NULL);
	if (r == -EINVAL)
		return -EOPNOTSUPP;
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

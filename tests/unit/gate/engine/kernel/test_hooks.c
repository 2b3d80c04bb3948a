/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Answers of nfnetlink_hook, which few kernels have built in. */
#include "gate/engine/kernel/hooks.h"
#include "unit.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <string.h>

static size_t begin(struct wire *w, uint8_t family)
{
	*w = (struct wire){ 0 };
	pagebuf_init(&w->buf, 0);
	return wire_message(w, NFNL_SUBSYS_HOOK << 8, 0, 1, family, 0);
}

static const struct nlmsghdr *end(struct wire *w, size_t message)
{
	wire_message_end(w, message);
	return (const void *)w->buf.p;
}

static void put_chain(struct wire *w, uint32_t type)
{
	size_t info = wire_nest(w, NFNLA_HOOK_CHAIN_INFO);
	size_t desc = wire_nest(w, NFNLA_HOOK_INFO_DESC);

	wire_str(w, NFNLA_CHAIN_TABLE, STR("filter"));
	wire_u8(w, NFNLA_CHAIN_FAMILY, 1);
	wire_str(w, NFNLA_CHAIN_NAME, STR("input"));
	wire_end(w, desc);
	wire_be32(w, NFNLA_HOOK_INFO_TYPE, type);
	wire_end(w, info);
}

static void a_base_chain_is_read(void **state)
{
	struct engine_hook h;
	struct wire w;
	size_t m = begin(&w, 2);

	(void)state;
	wire_be32(&w, NFNLA_HOOK_HOOKNUM, 1);
	wire_be32(&w, NFNLA_HOOK_PRIORITY, (uint32_t)-300);
	wire_str(&w, NFNLA_HOOK_FUNCTION_NAME, STR("nft_do_chain_inet"));
	wire_str(&w, NFNLA_HOOK_MODULE_NAME, STR("nf_tables"));
	put_chain(&w, 1);
	assert_int_equal(hook_read(end(&w, m), &h), 0);
	assert_int_equal(h.family, 2);
	assert_int_equal(h.hook, 1);
	assert_int_equal(h.priority, -300);
	assert_int_equal(h.chain_family, 1);
	assert_true(str_is(h.table, "filter"));
	assert_true(str_is(h.chain, "input"));
	assert_true(str_is(h.function, "nft_do_chain_inet"));
	assert_true(str_is(h.module, "nf_tables"));
	pagebuf_fini(&w.buf);
}

static void a_function_and_its_device_are_read(void **state)
{
	struct engine_hook h;
	struct wire w;
	size_t m = begin(&w, 5);

	(void)state;
	wire_be32(&w, NFNLA_HOOK_PRIORITY, 10);
	wire_str(&w, NFNLA_HOOK_DEV, STR("eth0"));
	wire_str(&w, NFNLA_HOOK_FUNCTION_NAME, STR("nf_flow_offload_inet_hook"));
	put_chain(&w, 2); /* described in another way: a program of eBPF, say */
	assert_int_equal(hook_read(end(&w, m), &h), 0);
	assert_true(str_is(h.device, "eth0"));
	assert_int_equal(h.priority, 10);
	assert_int_equal(h.chain.n, 0);
	assert_int_equal(h.module.n, 0);
	pagebuf_fini(&w.buf);
}

static void a_message_that_ends_early_is_refused(void **state)
{
	struct engine_hook h;
	struct wire w;
	size_t m = begin(&w, 2);

	(void)state;
	wire_str(&w, NFNLA_HOOK_FUNCTION_NAME, STR("ipv4_conntrack_in"));
	struct nlmsghdr *msg = (struct nlmsghdr *)w.buf.p;
	end(&w, m);
	for (msg->nlmsg_len -= 4; msg->nlmsg_len > sizeof(*msg) + sizeof(struct nfgenmsg);
	     msg->nlmsg_len -= 4)
		assert_int_equal(hook_read(msg, &h), -EBADMSG);
	pagebuf_fini(&w.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_base_chain_is_read),
		cmocka_unit_test(a_function_and_its_device_are_read),
		cmocka_unit_test(a_message_that_ends_early_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

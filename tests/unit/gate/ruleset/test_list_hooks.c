/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The layout of `list hooks`, with a kernel of our own: few real ones tell their hooks. */
#include "gate/ruleset/ruleset.h"
#include "unit.h"

#include <errno.h>

struct world {
	struct engine e; /* first: an engine is cast to it */
	bool is_built;
	struct buf out;
	struct arena a;
	struct sources sources;
	struct diags diags;
};

static const struct engine_hook hooks[] = {
	{ .family = 2,
	  .hook = 0,
	  .priority = -300,
	  .chain_family = 1,
	  .table = STR_INIT("t"),
	  .chain = STR_INIT("pre"),
	  .function = STR_INIT("nft_do_chain_inet"),
	  .module = STR_INIT("nf_tables") },
	{ .family = 2,
	  .hook = 0,
	  .priority = -200,
	  .function = STR_INIT("ipv4_conntrack_in"),
	  .module = STR_INIT("nf_conntrack") },
	{ .family = 2, .hook = 1, .priority = 0, .function = STR_INIT("own") },
	{ .family = 2,
	  .hook = 1,
	  .priority = 2147483647,
	  .function = STR_INIT("nf_confirm") },
	{ .family = 5,
	  .hook = 0,
	  .priority = 10,
	  .device = STR_INIT("eth0"),
	  .chain_family = 5,
	  .table = STR_INIT("n"),
	  .chain = STR_INIT("c") },
};

static int tell(struct engine *e, uint8_t family, uint32_t hook, struct str device,
                int (*fn)(void *ctx, const struct engine_hook *h), void *ctx)
{
	int r = ((struct world *)e)->is_built ? 0 : -EOPNOTSUPP;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(hooks); i++)
		if (hooks[i].family == family && hooks[i].hook == hook &&
		    str_eq(hooks[i].device, device))
			r = fn(ctx, &hooks[i]);
	return r;
}

static int generation(struct engine *e, uint32_t *gen)
{
	(void)e;
	*gen = 1;
	return 0;
}

static void take_output(void *ctx, struct str text)
{
	buf_str(&((struct world *)ctx)->out, text);
}

static int list(struct world *w, const char *command)
{
	static const struct engine_ops ops = { .name = "test",
		                               .generation = generation,
		                               .hooks = tell };
	static const struct names names;
	static const struct format format;
	const struct parser_options parsing = { .names = &names };
	struct parser *p = parser_new(&w->a, &w->sources, &w->diags, &parsing);
	const struct ruleset_options options = {
		.names = &names, .format = &format, .write = take_output, .write_ctx = w
	};

	w->e.ops = &ops;
	parser_add_source(p, sources_add(&w->sources, STR("test"), str_from(command)));
	return ruleset_run(&w->e, p, &w->sources, &w->diags, &options);
}

static void end(struct world *w)
{
	buf_fini(&w->out);
	diags_fini(&w->diags);
	sources_fini(&w->sources);
	arena_fini(&w->a);
}

#define IP                                                   \
	"family ip {\n"                                      \
	"\thook prerouting {\n"                              \
	"\t\t-0000000300 chain inet t pre [nf_tables]\n"     \
	"\t\t-0000000200 ipv4_conntrack_in [nf_conntrack]\n" \
	"\t}\n"                                              \
	"\thook input {\n"                                   \
	"\t\t 0000000000 own\n"                              \
	"\t\t+2147483647 nf_confirm\n"                       \
	"\t}\n"                                              \
	"}\n"
#define NETDEV                               \
	"family netdev {\n"                  \
	"\thook ingress device eth0 {\n"     \
	"\t\t+0000000010 chain netdev n c\n" \
	"\t}\n"                              \
	"}\n"

static void hooks_are_listed_by_family_and_hook(void **state)
{
	static const struct {
		const char *command, *out;
	} cases[] = {
		{ "list hooks", IP },
		{ "list hooks ip", IP },
		{ "list hooks inet", IP },
		{ "list hooks ip6", "" },
		{ "list hooks device eth0", IP NETDEV },
		{ "list hooks inet device eth0", IP NETDEV },
		{ "list hooks netdev device eth0", NETDEV },
		{ "list hooks netdev device eth1", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world w = { .is_built = true };

		assert_int_equal(list(&w, cases[i].command), 0);
		assert_true(str_is(buf_as_str(&w.out), cases[i].out));
		end(&w);
	}
}

static void a_kernel_that_does_not_tell_is_an_error(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_true(list(&w, "list hooks") < 0);
	assert_int_equal(w.out.n, 0);
	assert_int_equal(w.diags.list.n, 1);
	assert_string_equal(w.diags.list.p[0]->code, "E0410");
	end(&w);
}

static void the_family_netdev_wants_a_device(void **state)
{
	struct world w = { .is_built = true };

	(void)state;
	assert_true(list(&w, "list hooks netdev") < 0);
	assert_string_equal(w.diags.list.p[0]->code, "E0004");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_are_listed_by_family_and_hook),
		cmocka_unit_test(a_kernel_that_does_not_tell_is_an_error),
		cmocka_unit_test(the_family_netdev_wants_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

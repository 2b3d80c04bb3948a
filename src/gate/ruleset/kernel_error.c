/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * What the kernel refused, in words: each errno means something else for a table, a chain, a
 * rule or an element, and the extended ACK says which part of the message it is about.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "gate/ruleset/elem_error.h"
#include "gate/ruleset/hooks_of.h"
#include "gate/ruleset/kernels.h"
#include "gate/ruleset/lister.h"
#include "gate/ruleset/loops.h"
#include "gate/ruleset/near.h"
#include "gate/ruleset/session.h"

const char *object_name(enum command_object o)
{
	switch (o) {
	case OBJ_TABLE:
	case OBJ_TABLES:
		return "table";
	case OBJ_CHAIN:
	case OBJ_CHAINS:
		return "chain";
	case OBJ_RULE:
	case OBJ_RULES:
		return "rule";
	case OBJ_SET:
	case OBJ_SETS:
		return "set";
	case OBJ_MAP:
	case OBJ_MAPS:
		return "map";
	case OBJ_METER:
	case OBJ_METERS:
		return "meter";
	case OBJ_ELEMENT:
		return "element";
	case OBJ_FLOWTABLE:
	case OBJ_FLOWTABLES:
		return "flow table";
	case OBJ_RULESET:
		return "ruleset";
	case OBJ_HOOKS:
	case OBJ_NAMED:
	case OBJ_NAMED_ALL:
	case OBJ_EXPR:
		return "object";
	}
	return "object";
}

static bool is_name_byte(char c)
{
	return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9') ||
	       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How far before a rule or element its chain's and table's names are looked for: bytes. */
enum { BEFORE_MAX = 400 };

/* The nearest `name` before `at`, as a word of its own; `at` itself when there is none. */
static struct span word_before(struct session *s, struct span at, struct str name)
{
	uint32_t low = at.off > BEFORE_MAX ? at.off - BEFORE_MAX : 0;
	struct str text =
		sources_text(s->sources, (struct span){ at.file, low, at.off - low });

	for (size_t i = text.n < name.n ? 0 : text.n - name.n + 1; name.n && i-- > 0;)
		if (memcmp(text.p + i, name.p, name.n) == 0 &&
		    (i == 0 || !is_name_byte(text.p[i - 1])) &&
		    (i + name.n == text.n || !is_name_byte(text.p[i + name.n])))
			return (struct span){ at.file, low + (uint32_t)i,
				              (uint32_t)name.n };
	return at;
}

/* The word in the text at `at`; `at` itself when it is not in it. */
static struct span word_inside(struct session *s, struct span at, struct str name)
{
	struct span end = { at.file, at.off + at.len, 0 };
	struct span word = word_before(s, end, name);

	return word.off >= at.off && word.off < end.off ? word : at;
}

/* Where the name stands that a tag's message is for. */
static struct span name_span(struct session *s, const struct tag *t)
{
	return t->object == OBJ_RULE || t->object == OBJ_ELEMENT
	               ? word_before(s, t->span, t->name)
	               : t->span;
}

static struct span table_span(struct session *s, const struct tag *t)
{
	return t->object == OBJ_TABLE ? t->span
	                              : word_before(s, name_span(s, t), t->table);
}

/* `counter`, `chain` …: what a tag is about. */
static const char *tag_word(const struct tag *t)
{
	return t->object == OBJ_NAMED ? object_word(t->obj_type) : object_name(t->object);
}

static void no_such_handle(struct session *s, const struct tag *t)
{
	struct diag *d;

	if (t->object == OBJ_TABLE)
		d = diag_error(s->diags, "E0114", t->span,
		               "family %s has no table with this handle",
		               family_name(t->family));
	else
		d = diag_error(s->diags, "E0114", t->span,
		               "table `%s " STR_FMT "` has no %s with this "
		               "handle",
		               family_name(t->family), STR_ARG(t->table), tag_word(t));
	if (t->object == OBJ_TABLE)
		diag_help(s->diags, d, "`list tables %s` with `-a` shows them",
		          family_name(t->family));
	else
		diag_help(s->diags, d, "`list table %s " STR_FMT "` with `-a` shows them",
		          family_name(t->family), STR_ARG(t->table));
}

void missing_object(struct session *s, const struct tag *t)
{
	enum dump_kind kind = DUMP_OBJS;
	const char *what = tag_word(t);
	bool by_handle = t->object == OBJ_TABLE ? t->table.n == 0 : t->name.n == 0;

	if (by_handle &&
	    (t->object == OBJ_TABLE || table_exists(s, t->family, t->table))) {
		no_such_handle(s, t);
		return;
	}
	if (t->object == OBJ_TABLE || !table_exists(s, t->family, t->table)) {
		no_such_table(s, (uint8_t)t->family, t->table, table_span(s, t));
		return;
	}
	if (t->object == OBJ_CHAIN || t->object == OBJ_RULE) {
		kind = DUMP_CHAINS;
		what = "chain";
	} else if (t->object == OBJ_SET || t->object == OBJ_MAP ||
	           t->object == OBJ_METER || t->object == OBJ_ELEMENT) {
		kind = DUMP_SETS;
		what = t->object == OBJ_ELEMENT ? "set" : what;
	} else if (t->object == OBJ_FLOWTABLE) {
		kind = DUMP_FLOWTABLES;
	}
	no_such_name(s, kind, what, t->family, t->table, t->name, t->obj_type,
	             name_span(s, t));
}

/* The instruction the kernel refused and the piece of text it came from: the rule is read and
 * lowered once more (into `L`). False when that cannot be told. */
static bool failing_insn(struct session *s, const struct tag *t, const struct tx_error *e,
                         struct lower *L, struct insn *insn, struct span *at)
{
	struct program prog = { 0 };

	if (e->part != PART_INSN || !t->rule.span.len || !rule_relower(s, t, L, &prog) ||
	    e->index >= prog.n)
		return false;
	*insn = prog.p[e->index];
	if (insn->place < L->n_places)
		*at = L->places[insn->place];
	return true;
}

struct feature {
	const char *insn;
	const char *what, *option;
};

/* Expressions that are kernel modules of their own, and the option that builds them. */
static const struct feature features[] = {
	{ "queue", "`queue`", "CONFIG_NFT_QUEUE" },
	{ "flow_offload", "`flow add`", "CONFIG_NFT_FLOW_OFFLOAD" },
	{ "ct", "`ct`", "CONFIG_NFT_CT (in bridge tables CONFIG_NF_CONNTRACK_BRIDGE)" },
	{ "notrack", "`notrack`", "CONFIG_NFT_CT" },
	{ "connlimit", "`ct count`", "CONFIG_NFT_CONNLIMIT" },
	{ "reject", "`reject`",
	  "CONFIG_NFT_REJECT (in bridge tables CONFIG_NFT_BRIDGE_REJECT, in "
	  "netdev CONFIG_NFT_REJECT_NETDEV)" },
	{ "log", "`log`", "CONFIG_NFT_LOG (in arp tables CONFIG_NF_LOG_ARP)" },
	{ "nat", "`snat` and `dnat`", "CONFIG_NFT_NAT" },
	{ "masq", "`masquerade`", "CONFIG_NFT_MASQ" },
	{ "redir", "`redirect`", "CONFIG_NFT_REDIR" },
	{ "fib", "`fib`",
	  "CONFIG_NFT_FIB_INET, CONFIG_NFT_FIB_IPV4, CONFIG_NFT_FIB_IPV6" },
	{ "socket", "`socket`", "CONFIG_NFT_SOCKET" },
	{ "osf", "`osf`", "CONFIG_NFT_OSF" },
	{ "tproxy", "`tproxy`", "CONFIG_NFT_TPROXY" },
	{ "synproxy", "`synproxy`", "CONFIG_NFT_SYNPROXY" },
	{ "dup", "`dup`",
	  "CONFIG_NFT_DUP_IPV4, CONFIG_NFT_DUP_IPV6, CONFIG_NFT_DUP_NETDEV" },
	{ "fwd", "`fwd`", "CONFIG_NFT_FWD_NETDEV" },
	{ "hash", "`jhash` and `symhash`", "CONFIG_NFT_HASH" },
	{ "numgen", "`numgen`", "CONFIG_NFT_NUMGEN" },
	{ "quota", "`quota`", "CONFIG_NFT_QUOTA" },
	{ "limit", "`limit`", "CONFIG_NFT_LIMIT" },
	{ "xfrm", "`ipsec`", "CONFIG_NFT_XFRM" },
	{ "tunnel", "`tunnel`", "CONFIG_NFT_TUNNEL" },
	{ "meta", "this `meta` key", "CONFIG_NFT_BRIDGE_META (in bridge tables)" },
	{ NULL, NULL, NULL },
};

static const struct feature *find_feature(struct str insn)
{
	for (const struct feature *f = features; f->insn; f++)
		if (str_is(insn, f->insn))
			return f;
	return NULL;
}

/* What an instruction refers to by name, and that the table does not have. */
static bool missing_in_rule(struct session *s, const struct tag *t, const struct insn *in,
                            struct span at)
{
	switch (in->kind) {
	case INSN_IMMEDIATE: /* it was there, and this transaction deletes it */
		if (in->dreg != REG_VERDICT || in->immediate.verdict.chain.n == 0)
			return false;
		no_such_name(s, DUMP_CHAINS, "chain", t->family, t->table,
		             in->immediate.verdict.chain, 0,
		             word_inside(s, at, in->immediate.verdict.chain));
		return true;
	case INSN_OBJREF:
		if (in->objref.name.n == 0)
			return false;
		no_such_name(s, DUMP_OBJS, object_word(in->objref.type), t->family,
		             t->table, in->objref.name, in->objref.type,
		             word_inside(s, at, in->objref.name));
		return true;
	case INSN_FLOW_OFFLOAD:
		no_such_name(s, DUMP_FLOWTABLES, "flow table", t->family, t->table,
		             in->flow.table, 0, word_inside(s, at, in->flow.table));
		return true;
	default: /* sets were looked for before */
		return false;
	}
}

static void explain_unsupported(struct session *s, const struct lower *L,
                                const struct insn *in, const struct feature *f,
                                struct span at)
{
	struct diag *d;

	if (in->kind == INSN_IMMEDIATE) {
		d = diag_error(s->diags, "E0411", at, "`" STR_FMT "` cannot be jumped to",
		               STR_ARG(in->immediate.verdict.chain));
		diag_note(
			s->diags, d,
			"a chain with a hook is called by the kernel; rules jump to chains "
			"without a `type … hook …` line");
		return;
	}
	if (in->kind == INSN_DYNSET) {
		d = diag_error(s->diags, "E0411", at,
		               "rules cannot change set `" STR_FMT "`",
		               STR_ARG(in->dynset.set.name));
		diag_help(s->diags, d, "declare it with `flags dynamic`");
		return;
	}
	if (L &&
	    (!hooks_take_insn(L, in, at) || hooks_explain(s->diags, L->family, in, at)))
		return;
	d = diag_error(s->diags, "E0411", at, "this cannot be used in this chain");
	diag_note(s->diags, d, "the kernel says: %s", strerror(EOPNOTSUPP));
	if (!L || in->kind == INSN_LOOKUP) { /* older kernels name the last instruction */
		diag_help(
			s->diags, d,
			"the chain's type, hook or family does not allow it, or not what "
			"stands in a chain that it leads to");
		return;
	}
	bool meta_only = in->kind == INSN_META && L->family != FAMILY_BRIDGE;

	diag_help(s->diags, d, "the chain's type, hook or family does not allow it%s%s",
	          f && !meta_only ? ", or the kernel lacks " : "",
	          f && !meta_only ? f->option : "");
}

static void explain_refused(struct session *s, const struct tx_error *e, struct span at)
{
	struct diag *d = diag_error(s->diags, "E0413", at, "the kernel refuses this: %s",
	                            strerror(e->err));

	if (e->text.n)
		diag_note(s->diags, d, "the kernel says: " STR_FMT, STR_ARG(e->text));
}

static void explain_feature(struct session *s, const struct feature *f, struct span at)
{
	struct diag *d =
		diag_error(s->diags, "E0410", at, "this kernel has no %s", f->what);

	diag_help(s->diags, d, "it needs %s", f->option);
}

static void explain_jumps(struct session *s, const struct tag *t, struct span at)
{
	struct diag *d = diag_error(s->diags, "E0412", at,
	                            "this jump makes a loop, or chains more "
	                            "than 16 deep");

	if (explain_loop(s, t, d))
		diag_help(s->diags, d, "take one of these jumps out: none may lead back");
	else
		diag_help(
			s->diags, d,
			"no chain leads back to itself, so it is the depth: from a chain "
			"with a hook the kernel follows 16 jumps");
}

static void no_such_rule(struct session *s, const struct tag *t, struct span at)
{
	struct diag *d = diag_error(
		s->diags, "E0114", span_is_none(t->place) ? at : t->place,
		"chain `" STR_FMT "` has no rule with this handle", STR_ARG(t->name));

	diag_help(s->diags, d,
	          "`list chain %s " STR_FMT " " STR_FMT "` with `-a` shows them",
	          family_name(t->family), STR_ARG(t->table), STR_ARG(t->name));
}

static void explain_rule(struct session *s, const struct tag *t, const struct tx_error *e)
{
	struct span at = t->span;
	struct insn in = { .kind = INSN_CMP };
	struct lower L;
	bool known = failing_insn(s, t, e, &L, &in, &at);
	const struct feature *f = find_feature(e->missing.n ? e->missing
	                                       : known      ? str_from(insn_name(in.kind))
	                                                    : STR(""));

	if (known && kernel_is_too_old(s, &L, &in, at))
		return;
	switch (e->err) {
	case ENOENT:
		if (e->part == PART_HANDLE || e->part == PART_POSITION)
			no_such_rule(s, t, at);
		else if (e->part == PART_TABLE || e->part == PART_CHAIN)
			missing_object(s, t);
		else if (f && e->missing.n)
			explain_feature(s, f, at);
		else if (!known || !missing_in_rule(s, t, &in, at))
			explain_refused(s, e, at);
		return;
	case EPROTO: /* conntrack of another family is a module that cannot be had */
		if (known && in.kind == INSN_CT)
			explain_feature(s, f, at);
		else
			explain_refused(s, e, at);
		return;
	case EOPNOTSUPP:
		if (e->part == PART_ELEM)
			elem_error_target(s, at);
		else if (known || !hooks_refuse_rule(s, t))
			explain_unsupported(s, known ? &L : NULL, &in, f, at);
		return;
	case EMLINK:
	case ELOOP:
		explain_jumps(s, t, at);
		return;
	case EEXIST:
		if (!rule_explain_twice(s, t))
			explain_refused(s, e, at);
		return;
	default:
		explain_refused(s, e, at);
	}
}

/* A chain that is there has another type, hook or priority: how it is declared now. */
static bool explain_redeclared(struct session *s, const struct tag *t)
{
	struct prog_chain have;
	auto_buf now = { 0 };
	struct diag *d;

	if (t->verb != CMD_ADD || s->flushed ||
	    session_get_chain(s, t->family, t->table, t->name, &have) < 0)
		return false;
	d = diag_error(s->diags, "E0111", t->span,
	               "chain `" STR_FMT "` exists already, and is "
	               "declared differently",
	               STR_ARG(t->name));
	if (have.is_base) {
		priority_print(t->family, (int)have.hook, have.priority, &now);
		diag_note(s->diags, d, "it is `type " STR_FMT " hook %s priority %.*s`",
		          STR_ARG(have.type), hook_name(t->family, have.hook), (int)now.n,
		          now.p);
	} else {
		diag_note(s->diags, d, "it has no hook: other chains jump to it");
	}
	diag_help(s->diags, d, "delete it first, or declare it as it is");
	return true;
}

/* An object whose kind, or what it names, the kernel has not. */
static void explain_object_kind(struct session *s, const struct tag *t)
{
	struct diag *d;

	switch (t->obj_type) {
	case NFT_OBJECT_CT_HELPER:
		d = diag_error(s->diags, "E0410", t->span,
		               "this kernel has no such helper or "
		               "protocol for `" STR_FMT "`",
		               STR_ARG(t->name));
		diag_help(s->diags, d,
		          "helpers are modules: nf_conntrack_ftp for \"ftp\"");
		return;
	case NFT_OBJECT_CT_TIMEOUT:
		d = diag_error(s->diags, "E0410", t->span,
		               "this kernel has no `ct timeout`, or not "
		               "for this protocol");
		diag_help(s->diags, d, "it needs CONFIG_NF_CONNTRACK_TIMEOUT");
		return;
	case NFT_OBJECT_SECMARK:
		d = diag_error(s->diags, "E0410", t->span,
		               "this kernel has no `secmark`, or its security "
		               "module does not know this context");
		diag_help(s->diags, d,
		          "it needs CONFIG_NETWORK_SECMARK and SELinux or Smack");
		return;
	case NFT_OBJECT_SYNPROXY:
		d = diag_error(s->diags, "E0410", t->span,
		               "this kernel has no `synproxy`");
		diag_help(s->diags, d, "it needs CONFIG_NFT_SYNPROXY");
		return;
	default: /* the kinds that are part of nf_tables itself */
		diag_error(s->diags, "E0410", t->span,
		           "this kernel has no objects of kind `%s`",
		           object_word(t->obj_type));
	}
}

static void explain_object(struct session *s, const struct tag *t,
                           const struct tx_error *e)
{
	const char *what = tag_word(t);
	struct diag *d;

	switch (e->err) {
	case ENOENT:
		if (e->part == PART_DEV) {
			d = diag_error(s->diags, "E0120", t->span,
			               "a device of this %s does not exist now", what);
			diag_help(s->diags, d,
			          "make the interface first, or take it out of the list");
			return;
		}
		if (t->verb != CMD_DELETE && t->object == OBJ_FLOWTABLE &&
		    e->part != PART_TABLE) {
			d = diag_error(s->diags, "E0410", t->span,
			               "this kernel has no flow tables for this "
			               "family");
			diag_help(
				s->diags, d,
				"they need CONFIG_NF_FLOW_TABLE and CONFIG_NF_FLOW_TABLE_INET");
			return;
		}
		if (t->verb == CMD_ADD && t->object == OBJ_CHAIN &&
		    e->part != PART_TABLE) {
			diag_error(s->diags, "E0414", t->span,
			           "this kernel has no such chain type, or "
			           "a device does not exist");
			return;
		}
		if (t->verb != CMD_DELETE && t->object == OBJ_NAMED &&
		    e->part != PART_TABLE && table_exists(s, t->family, t->table)) {
			explain_object_kind(s, t);
			return;
		}
		missing_object(s, t);
		return;
	case EEXIST:
		if (t->object == OBJ_CHAIN && explain_redeclared(s, t))
			return;
		d = diag_error(
			s->diags, "E0111", t->span, "%s `" STR_FMT "` exists already%s",
			what, STR_ARG(t->name.n ? t->name : t->table),
			t->verb == CMD_CREATE ? "" : ", and is declared differently");
		diag_help(s->diags, d,
		          t->verb == CMD_CREATE
		                  ? "`add` takes what is there; `create` must make it"
		                  : "delete it first, or declare it as it is");
		return;
	case EBUSY:
		d = diag_error(s->diags, "E0110", t->span,
		               "%s `" STR_FMT "` is still used", what, STR_ARG(t->name));
		explain_uses(s, t, d);
		return;
	case EOPNOTSUPP:
		if (t->object == OBJ_CHAIN && explain_redeclared(s, t))
			return;
		d = diag_error(s->diags, "E0415", t->span,
		               "the kernel does not support this %s as it is "
		               "declared",
		               what);
		if (t->object == OBJ_FLOWTABLE)
			diag_help(
				s->diags, d,
				"flow tables need CONFIG_NF_FLOW_TABLE and devices that exist");
		else
			diag_note(
				s->diags, d,
				"its type, hook, flags or options do not go together, or the "
				"kernel is built without them");
		return;
	default:
		d = diag_error(s->diags, "E0416", t->span,
		               "the kernel refuses this %s: %s", what, strerror(e->err));
		if (e->text.n)
			diag_note(s->diags, d, "the kernel says: " STR_FMT,
			          STR_ARG(e->text));
	}
}

static void explain_one(struct session *s, const struct tx_error *e)
{
	struct tag found;
	const struct tag *t = e->tag && tag_find(s, e->tag, &found) ? &found : NULL;

	if (!t) {
		struct diag *d = diag_error(s->diags, "E0603", SPAN_NONE,
		                            "the kernel refused the transaction: %s",
		                            strerror(e->err));

		if (e->text.n)
			diag_help(s->diags, d, STR_FMT, STR_ARG(e->text));
		return;
	}
	if (e->err == EPERM) {
		diag_error(s->diags, "E0910", t->span,
		           "the kernel does not allow this: CAP_NET_ADMIN is "
		           "missing, or another program owns the table");
		return;
	}
	if (t->object == OBJ_RULE)
		explain_rule(s, t, e);
	else if (t->object == OBJ_ELEMENT)
		elem_error(s, t, e);
	else
		explain_object(s, t, e);
}

/*
 * A rule that does not fit its chain is found by a walk over its whole table. The rule stays until
 * the transaction is taken back, so the walk for each later rule of the table ends there too: same
 * error, no part of the message named.
 */
static bool is_echo(struct session *s, const struct tx_error *errors, size_t i)
{
	const struct tx_error *e = &errors[i];
	struct tag rule, first;

	if (e->part != PART_NONE || (e->err != EOPNOTSUPP && e->err != EMLINK) ||
	    !tag_find(s, e->tag, &rule) || rule.object != OBJ_RULE)
		return false;
	for (size_t k = 0; k < i; k++)
		if (errors[k].err == e->err && errors[k].part == PART_NONE &&
		    tag_find(s, errors[k].tag, &first) && first.object == OBJ_RULE &&
		    first.family == rule.family && str_eq(first.table, rule.table))
			return true;
	return false;
}

void explain_errors(struct session *s, const struct tx_error *errors, size_t n, int err)
{
	struct diag *d;

	for (size_t i = 0; i < n; i++)
		if (!is_echo(s, errors, i))
			explain_one(s, &errors[i]);
	if (n)
		return;
	switch (-err) {
	case EMSGSIZE:
	case ENOBUFS:
		d = diag_error(s->diags, "E0604", SPAN_NONE,
		               "the transaction is too large for the "
		               "socket's buffer");
		diag_help(
			s->diags, d,
			"raise net.core.wmem_max, or run with CAP_NET_ADMIN in the first "
			"user namespace");
		return;
	case EPERM:
		diag_error(s->diags, "E0910", SPAN_NONE, "this needs CAP_NET_ADMIN");
		return;
	default:
		diag_error(s->diags, "E0603", SPAN_NONE,
		           "the kernel refused the transaction: %s", strerror(-err));
	}
}

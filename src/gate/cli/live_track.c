/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The connection table over ctnetlink, linux/netfilter/nfnetlink_conntrack.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>

#include "gate/cli/live.h"
#include "gate/cli/live_dump.h"
#include "gate/track/helper.h"

#define NS_PER_S UINT64_C(1000000000)

/* An attribute's number; 0 when it is shorter than that. */
static uint32_t be32_of(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) == 4 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

static uint16_t be16_of(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) == 2 ? ntohs(mnl_attr_get_u16(a)) : 0;
}

static uint64_t be64_of(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) == 8 ? be64toh(mnl_attr_get_u64(a)) : 0;
}

/* ---- tuples ---- */

static void read_addresses(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		uint16_t type = mnl_attr_get_type(a), n = mnl_attr_get_payload_len(a);
		bool src = type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC;
		if (n != 4 && n != 16)
			continue;
		t->family = n == 4 ? 4 : 6;
		memcpy(src ? t->src.b : t->dst.b, mnl_attr_get_payload(a), n);
	}
}

static void read_ports(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *a;
	uint8_t type = 0, code = 0;
	bool is_icmp = false;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case CTA_PROTO_NUM:
			t->proto = live_u8(a);
			break;
		case CTA_PROTO_SRC_PORT:
			t->src_port = be16_of(a);
			break;
		case CTA_PROTO_DST_PORT:
			t->dst_port = be16_of(a);
			break;
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			t->src_port = be16_of(a);
			is_icmp = true;
			break;
		case CTA_PROTO_ICMP_TYPE:
		case CTA_PROTO_ICMPV6_TYPE:
			type = live_u8(a);
			break;
		case CTA_PROTO_ICMP_CODE:
		case CTA_PROTO_ICMPV6_CODE:
			code = live_u8(a);
			break;
		default:
			break;
		}
	}
	if (is_icmp)
		t->dst_port = (uint16_t)(type << 8 | code);
}

static void read_tuple(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_IP:
			read_addresses(a, t);
			break;
		case CTA_TUPLE_PROTO:
			read_ports(a, t);
			break;
		case CTA_TUPLE_ZONE:
			t->zone = be16_of(a);
			break;
		default:
			break;
		}
	}
}

/* ---- the rest of an entry ---- */

/* CTA_PROTOINFO_TCP and its like; ctnetlink's number of a state is the tracker's. */
static void read_protocol(const struct nlattr *nest, struct track_entry *e)
{
	struct nlattr *outer, *a;

	mnl_attr_for_each_nested(outer, nest) {
		uint16_t protocol = mnl_attr_get_type(outer);
		mnl_attr_for_each_nested(a, outer) {
			uint16_t type = mnl_attr_get_type(a);
			if (protocol == CTA_PROTOINFO_TCP &&
			    type == CTA_PROTOINFO_TCP_STATE &&
			    live_u8(a) < TRACK_TCP_STATES)
				e->tcp.state = live_u8(a);
			if (protocol == CTA_PROTOINFO_SCTP &&
			    type == CTA_PROTOINFO_SCTP_STATE &&
			    live_u8(a) < TRACK_SCTP_STATES)
				e->sctp.state = live_u8(a);
			if (protocol == CTA_PROTOINFO_SCTP &&
			    type == CTA_PROTOINFO_SCTP_VTAG_ORIGINAL)
				e->sctp.vtag[0] = be32_of(a);
			if (protocol == CTA_PROTOINFO_SCTP &&
			    type == CTA_PROTOINFO_SCTP_VTAG_REPLY)
				e->sctp.vtag[1] = be32_of(a);
		}
	}
}

static void read_counters(const struct nlattr *nest, struct track_entry *e, unsigned dir)
{
	struct nlattr *a;

	e->accounted = true;
	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == CTA_COUNTERS_PACKETS)
			e->packets[dir] = be64_of(a);
		else if (mnl_attr_get_type(a) == CTA_COUNTERS_BYTES)
			e->bytes[dir] = be64_of(a);
	}
}

static enum track_helper helper_named(const struct nlattr *a)
{
	const char *name = mnl_attr_get_payload(a);

	return track_helper_find(
		(struct str){ name, strnlen(name, mnl_attr_get_payload_len(a)) });
}

static void read_helper(const struct nlattr *nest, struct track_entry *e)
{
	struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == CTA_HELP_NAME)
			e->helper = (uint8_t)helper_named(a);
	}
}

static void read_labels(const struct nlattr *a, struct track_entry *e)
{
	size_t n = mnl_attr_get_payload_len(a);

	e->has_labels = true;
	memcpy(e->labels, mnl_attr_get_payload(a),
	       n < sizeof(e->labels) ? n : sizeof(e->labels));
}

static void read_entry(const struct nlmsghdr *nlh, struct track_entry *e)
{
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG:
			read_tuple(a, &e->tuple[TRACK_ORIGINAL]);
			break;
		case CTA_TUPLE_REPLY:
			read_tuple(a, &e->tuple[TRACK_REPLY]);
			break;
		case CTA_ZONE:
			e->tuple[0].zone = e->tuple[1].zone = be16_of(a);
			break;
		case CTA_STATUS:
			e->status = be32_of(a);
			break;
		case CTA_TIMEOUT:
			e->deadline_ns = be32_of(a) * NS_PER_S;
			break;
		case CTA_MARK:
			e->mark = be32_of(a);
			break;
		case CTA_LABELS:
			read_labels(a, e);
			break;
		case CTA_PROTOINFO:
			read_protocol(a, e);
			break;
		case CTA_COUNTERS_ORIG:
			read_counters(a, e, 0);
			break;
		case CTA_COUNTERS_REPLY:
			read_counters(a, e, 1);
			break;
		case CTA_HELP:
			read_helper(a, e);
			break;
		default:
			break;
		}
	}
}

static int take_message(const struct nlmsghdr *nlh, void *data)
{
	struct live_entries *out = data;
	struct track_entry e = { .status = 0 };

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg)) {
		out->is_broken = true;
		return MNL_CB_OK;
	}
	read_entry(nlh, &e);
	if (e.tuple[0].family && e.tuple[1].family)
		vec_push(&out->list, e);
	return MNL_CB_OK;
}

/* ---- expectations ---- */

/* Masks are all ones or all zeros. */
static void read_mask(const struct nlattr *a, struct track_expect *x)
{
	static const struct track_addr any;
	struct track_tuple mask = { .family = 0 };

	read_tuple(a, &mask);
	x->any_src = memcmp(&mask.src, &any, sizeof(any)) == 0;
	x->any_src_port = mask.src_port == 0;
}

/* Where a translated connection goes, and which way it goes. */
static void read_target(const struct nlattr *nest, struct track_expect *x)
{
	struct track_tuple target = { .family = 0 };
	struct nlattr *a;

	x->nat = true;
	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == CTA_EXPECT_NAT_DIR)
			x->dir = (uint8_t)be32_of(a) & 1;
		else if (mnl_attr_get_type(a) == CTA_EXPECT_NAT_TUPLE)
			read_tuple(a, &target);
	}
	x->saved_addr = target.src;
	x->saved_port = target.src_port;
}

static void read_expected(const struct nlmsghdr *nlh, struct live_expected *out)
{
	struct track_expect *x = &out->x;
	struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_EXPECT_MASTER:
			read_tuple(a, &out->master);
			break;
		case CTA_EXPECT_TUPLE:
			read_tuple(a, &x->tuple);
			break;
		case CTA_EXPECT_MASK:
			read_mask(a, x);
			break;
		case CTA_EXPECT_NAT:
			read_target(a, x);
			break;
		case CTA_EXPECT_TIMEOUT:
			x->deadline_ns = be32_of(a) * NS_PER_S;
			break;
		case CTA_EXPECT_ZONE:
			x->tuple.zone = out->master.zone = be16_of(a);
			break;
		case CTA_EXPECT_FLAGS:
			x->flags = (uint8_t)be32_of(a);
			break;
		case CTA_EXPECT_CLASS:
			x->class = (uint8_t)be32_of(a);
			break;
		case CTA_EXPECT_HELP_NAME:
			x->helper = (uint8_t)helper_named(a);
			break;
		default:
			break;
		}
	}
	/* What is named is the master's helper; only calls that come in have it too. */
	if (x->helper != TRACK_HELPER_SIP || x->class != 0)
		x->helper = TRACK_HELPER_NONE;
}

static int take_expected(const struct nlmsghdr *nlh, void *ctx)
{
	struct live_entries *out = ctx;
	struct live_expected e = { .x = { .flags = 0 } };

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg)) {
		out->is_broken = true;
		return MNL_CB_OK;
	}
	read_expected(nlh, &e);
	if (e.x.tuple.family && e.x.class < 4)
		vec_push(&out->expected, e);
	return MNL_CB_OK;
}

/* A dump of a subsystem of nfnetlink. */
static int dump(uint16_t subsystem, uint16_t message, live_message_fn *take, void *ctx)
{
	const struct nfgenmsg head = { .nfgen_family = AF_UNSPEC,
		                       .version = NFNETLINK_V0 };
	const struct live_request request = { NETLINK_NETFILTER,
		                              (uint16_t)(subsystem << 8 | message), &head,
		                              sizeof(head) };

	return live_dump(&request, take, ctx);
}

int live_read_entries(struct live_entries *out)
{
	int r = dump(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, take_message, out);

	return r < 0 ? r
	             : dump(NFNL_SUBSYS_CTNETLINK_EXP, IPCTNL_MSG_EXP_GET, take_expected,
	                    out);
}

void live_read_sysctls(struct track *t)
{
	struct str name;

	for (size_t i = 0; (name = track_sysctl_name(i)).n; i++) {
		char path[160];
		uint64_t value;
		snprintf(path, sizeof(path), "/proc/sys/net/netfilter/" STR_FMT,
		         STR_ARG(name));
		char line[32];
		FILE *file = fopen(path, "re");
		if (file && fgets(line, sizeof(line), file) &&
		    str_to_u64(str_trim(str_from(line)), 10, &value) == 0)
			(void)!track_sysctl_set(t, name, value);
		if (file)
			fclose(file);
	}
}

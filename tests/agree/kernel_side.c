/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "kernel_side.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MARK = 0x67617465, /* the rig's rules know the driver's packets by it */
	TRACE_BUFFER = 8 << 20,
	WAIT_MS = 2000,
	ROOM = 1 << 17,
	TRACE_CT_STATE = 21, /* NFTA_TRACE_CT_STATE of Linux 6.18 */
	TRACE_POLICY = 1,
	TRACE_RETURN =
		2, /* on 6.1 also of a rule that returns; else of a chain's end, without one */
	TRACE_RULE = 3,
};

/* A device and the far end of its wire. */
struct wire_name {
	const char *dev, *far;
};

static const struct wire_name wire_names[WIRES] = {
	{ "eth0", "wire" },   { "eth1", "wire1" },  { "p0", "bridged0" },
	{ "p1", "bridged1" }, { "p2", "bridged2" },
};

const char *kernel_device(unsigned wire)
{
	return wire_names[wire].dev;
}

/* ---- sockets ---- */

static void enter(const char *netns)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(2, "%s", path);
	close(fd);
}

static int open_wire(const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		                  .sll_protocol = htons(ETH_P_ALL),
		                  .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_PACKET, 23 /* PACKET_IGNORE_OUTGOING */, &one,
	               sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(2, "%s", name);
	return fd;
}

static int open_raw(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), mark = MARK;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		err(2, "a raw socket");
	return fd;
}

static int open_netlink(bool trace)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int group = NFNLGRP_NFTRACE, room = TRACE_BUFFER;

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		err(2, "a netlink socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (trace && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
	                        sizeof(group)) < 0)
		err(2, "the trace group");
	return fd;
}

static void read_device(struct kernel *k, unsigned i, const char *name)
{
	struct ifreq request = { .ifr_ifru = { .ifru_ivalue = 0 } };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(k->raw[0], SIOCGIFHWADDR, &request) < 0)
		err(2, "%s", name);
	memcpy(k->mac[i], request.ifr_hwaddr.sa_data, 6);
	k->index[i] = if_nametoindex(name);
}

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(2, "sched_setaffinity");
}

void kernel_open(struct kernel *k, const char *far)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	*k = (struct kernel){ .ctx = NULL };
	stay_on_one_processor();
	k->trace = open_netlink(true);
	k->ctnetlink = open_netlink(false);
	k->raw[0] = open_raw(AF_INET);
	k->raw[1] = open_raw(AF_INET6);
	for (unsigned i = 0; i < WIRES; i++)
		read_device(k, i, wire_names[i].dev);
	enter(far);
	for (unsigned i = 0; i < WIRES; i++)
		k->wires[i] = open_wire(wire_names[i].far);
	if (home < 0 || setns(home, CLONE_NEWNET) < 0)
		err(2, "the way back");
	close(home);
}

void kernel_close(struct kernel *k)
{
	int fds[] = { k->trace, k->ctnetlink, k->raw[0], k->raw[1] };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	for (unsigned i = 0; i < WIRES; i++)
		close(k->wires[i]);
	vec_fini(&k->way.steps);
	vec_fini(&k->answer.steps);
	vec_fini(&k->answers);
	vec_fini(&k->frames);
	arena_fini(&k->a);
}

/* ---- trace messages ---- */

struct event {
	const char *family, *table, *chain;
	uint64_t handle;
	uint32_t kind, policy, state, id;
	struct str network, transport; /* headers, with the first message of a chain */
	int32_t verdict;
	bool has_verdict;
};

static const char *family_word(uint8_t family)
{
	return family == NFPROTO_INET     ? "inet"
	       : family == NFPROTO_IPV4   ? "ip"
	       : family == NFPROTO_IPV6   ? "ip6"
	       : family == NFPROTO_ARP    ? "arp"
	       : family == NFPROTO_BRIDGE ? "bridge"
	                                  : "netdev";
}

static const char *verdict_word(int32_t v)
{
	static const char *const below[] = { "continue", "no match", "jump", "goto",
		                             "return" };

	if (v < 0 && v >= -5)
		return below[-v - 1];
	switch (v & NF_VERDICT_MASK) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return "accept";
	case NF_STOLEN:
		return "stolen";
	default:
		return "queue";
	}
}

static void read_verdict(const struct nlattr *nest, struct event *e)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != NFTA_VERDICT_CODE)
			continue;
		e->verdict = (int32_t)ntohl(mnl_attr_get_u32(attr));
		e->has_verdict = true;
	}
}

static struct str bytes_of(const struct nlattr *attr)
{
	return (struct str){ mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr) };
}

static void read_event(const struct nlmsghdr *nlh, struct event *e)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;

	*e = (struct event){ .family = family_word(head->nfgen_family),
		             .table = "",
		             .chain = "" };
	mnl_attr_for_each(attr, nlh, sizeof(*head)) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_TRACE_TABLE:
			e->table = mnl_attr_get_str(attr);
			break;
		case NFTA_TRACE_CHAIN:
			e->chain = mnl_attr_get_str(attr);
			break;
		case NFTA_TRACE_RULE_HANDLE:
			e->handle = be64toh(mnl_attr_get_u64(attr));
			break;
		case NFTA_TRACE_NETWORK_HEADER:
			e->network = bytes_of(attr);
			break;
		case NFTA_TRACE_TRANSPORT_HEADER:
			e->transport = bytes_of(attr);
			break;
		case NFTA_TRACE_ID:
			e->id = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_TRACE_TYPE:
			e->kind = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFTA_TRACE_VERDICT:
			read_verdict(attr, e);
			break;
		case NFTA_TRACE_POLICY:
			e->policy = ntohl(mnl_attr_get_u32(attr));
			break;
		case TRACE_CT_STATE:
			e->state = ntohl(mnl_attr_get_u32(attr));
			break;
		default:
			break;
		}
	}
}

/* 0: it is no packet that a rule would answer with. */
static uint8_t answer_look(uint8_t protocol, const uint8_t *l4, size_t n)
{
	enum { UNREACHABLE = 3, UNREACHABLE6 = 1, RST = 4 };
	bool looks = protocol == IPPROTO_TCP      ? n > 13 && l4[13] & RST
	             : protocol == IPPROTO_ICMP   ? n && l4[0] == UNREACHABLE
	             : protocol == IPPROTO_ICMPV6 ? n && l4[0] == UNREACHABLE6
	                                          : false;

	return looks ? protocol : 0;
}

/* Copies, and what comes back by lo, are numbered anew: they are known by their look. An error is not
 * answered, and a reset not by another. */
static bool looks_like_answer(const struct kernel *k, const struct event *e)
{
	const uint8_t *ip = (const uint8_t *)e->network.p;

	if (e->network.n < 20 || !e->transport.n)
		return false;
	uint8_t look = answer_look(ip[ip[0] >> 4 == 6 ? 6 : 9],
	                           (const uint8_t *)e->transport.p, e->transport.n);
	return look && k->sent_look != look &&
	       (!k->sent_look || k->sent_look == IPPROTO_TCP);
}

static bool is_of_answer(struct kernel *k, const struct event *e)
{
	vec_for_each(it, &k->answers)
		if (*it == e->id)
			return true;
	if (!looks_like_answer(k, e))
		return false;
	vec_push(&k->answers, e->id);
	return true;
}

static void keep_event(struct kernel *k, const struct event *e)
{
	struct way *way = is_of_answer(k, e) ? &k->answer : &k->way;
	const char *word =
		verdict_word(e->kind == TRACE_POLICY ? (int32_t)e->policy : e->verdict);

	if (e->state)
		way->state = e->state;
	if (strcmp(e->table, "rig") == 0)
		return;
	if (e->kind == TRACE_POLICY)
		vec_push(&way->steps, arena_fmt(&k->a, "%s %s %s policy %s", e->family,
		                                e->table, e->chain, word));
	if ((e->kind != TRACE_RULE && e->kind != TRACE_RETURN) || !e->handle)
		return;
	struct str key = arena_fmt(&k->a, "%s %s %s %llu", e->family, e->table, e->chain,
	                           (unsigned long long)e->handle);
	vec_push(&way->steps, arena_fmt(&k->a, "%s %s %s %d %s", e->family, e->table,
	                                e->chain, k->place(k->ctx, key), word));
}

/* True: the sentinel was among the messages. */
static bool take_messages(struct kernel *k, const char *room, size_t n)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)room;
	int left = (int)n;
	bool sentinel = false;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		struct event e;
		if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
			continue;
		read_event(nlh, &e);
		if (strcmp(e.table, "rig") == 0 && strcmp(e.chain, "sentinel") == 0)
			sentinel |= e.has_verdict && e.verdict == NF_DROP;
		else
			keep_event(k, &e);
	}
	return sentinel;
}

static void listen_until_sentinel(struct kernel *k)
{
	struct pollfd poll_trace = { .fd = k->trace, .events = POLLIN };
	char room[8192] __attribute__((aligned(8)));

	for (;;) {
		if (poll(&poll_trace, 1, WAIT_MS) <= 0)
			errx(2, "the sentinel's trace does not come");
		ssize_t n = recv(k->trace, room, sizeof(room), 0);
		if (n < 0)
			err(2, "trace messages");
		if (take_messages(k, room, (size_t)n))
			return;
	}
}

/* ---- packets ---- */

static void send_sentinel(struct kernel *k)
{
	struct packet_like {
		uint8_t bytes[14 + 28];
	} f = { { 0 } };

	memcpy(f.bytes, k->mac[0], 6);
	memcpy(f.bytes + 6, (uint8_t[6]){ 2, 0, 0, 0, 0, 0xfe }, 6);
	f.bytes[12] = 8;
	memcpy(f.bytes + 14,
	       (uint8_t[28]){ 0x45, 0,   0,   28,  0, 0,  0, 0, 64, 17, 0, 0, 192, 0,
	                      2,    250, 192, 168, 1, 12, 0, 9, 0,  9,  0, 8, 0,   0 },
	       28);
	uint32_t sum = 0;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(f.bytes[14 + i] << 8 | f.bytes[15 + i]);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	f.bytes[24] = (uint8_t)(sum >> 8);
	f.bytes[25] = (uint8_t)sum;
	if (send(k->wires[0], f.bytes, sizeof(f.bytes), 0) < 0)
		err(2, "the sentinel");
}

static void send_frame(struct kernel *k, const struct packet *p, unsigned device)
{
	auto_buf frame = { 0 };

	buf_put(&frame, p->bytes.p, p->bytes.n);
	if (device < WIRE_BRIDGED && !(frame.p[0] & 1))
		memcpy(frame.p, k->mac[device], 6);
	if (send(k->wires[device], frame.p, frame.n, 0) < 0)
		err(2, "a frame");
}

/* A rule of output that drops it makes sendto() fail: that is no mistake. */
static void send_raw(struct kernel *k, const struct packet *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	const uint8_t *b = (const uint8_t *)p->bytes.p;
	bool ip6 = b[0] >> 4 == 6;

	memcpy(&to.sin_addr, b + 16, 4);
	if (ip6)
		memcpy(&to6.sin6_addr, b + 24, 16);
	(void)!sendto(k->raw[ip6], b, p->bytes.n, 0,
	              ip6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to,
	              ip6 ? sizeof(to6) : sizeof(to));
}

/* Whom it looks for the machine asks when it likes; what it answers counts, and what stations say must
 * have been bridged. */
static bool is_compared(const uint8_t *b)
{
	enum { ARP_ANSWER = 2 };
	static const uint8_t station[5] = { 2, 0, 0, 0, 4 };

	return (b[12] == 8 && b[13] == 0) || (b[12] == 0x86 && b[13] == 0xdd) ||
	       (b[12] == 8 && b[13] == 6 &&
	        (b[21] == ARP_ANSWER || memcmp(b + 6, station, 5) == 0));
}

static void catch_frames(struct kernel *k)
{
	char room[ROOM];
	ssize_t n;

	for (unsigned i = 0; i < WIRES; i++) {
		while ((n = recv(k->wires[i], room, sizeof(room), 0)) > 14) {
			struct str bytes = { room, (size_t)n };
			if (is_compared((const uint8_t *)room))
				vec_push(&k->frames,
				         (struct frame){ arena_str(&k->a, bytes), i });
		}
	}
}

void kernel_inject(struct kernel *k, const struct packet *p, unsigned device)
{
	arena_reset(&k->a);
	k->way.steps.n = k->answer.steps.n = k->answers.n = k->frames.n = 0;
	k->way.state = k->answer.state = 0;
	k->sent_look = p->th < p->end
	                       ? answer_look(p->l4, (const uint8_t *)p->bytes.p + p->th,
	                                     p->end - p->th)
	                       : 0;
	if (p->has_ll)
		send_frame(k, p, device);
	else
		send_raw(k, p);
	send_sentinel(k);
	listen_until_sentinel(k);
	catch_frames(k);
}

/* ---- the connection table ---- */

static struct nlmsghdr *request(char *room, uint16_t what, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(room);

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | what);
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = 1;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(nlh, sizeof(*head));
	head->nfgen_family = AF_UNSPEC;
	head->version = NFNETLINK_V0;
	return nlh;
}

static void flush_bridge(void)
{
	FILE *file = fopen("/sys/class/net/br0/bridge/flush", "we");

	if (!file || fputs("1", file) < 0 || fclose(file) != 0)
		err(2, "flushing the bridge");
}

void kernel_flush(struct kernel *k)
{
	char room[4096] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = request(room, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);

	if (send(k->ctnetlink, nlh, nlh->nlmsg_len, 0) < 0 ||
	    recv(k->ctnetlink, room, sizeof(room), 0) < 0)
		err(2, "flushing the connections");
	flush_bridge();
}

static void read_ip(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr),
			 n = mnl_attr_get_payload_len(attr);
		bool src = type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC;
		t->family = n == 4 ? 4 : 6;
		memcpy(src ? t->src.b : t->dst.b, mnl_attr_get_payload(attr), n);
	}
}

static void read_proto(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *attr;
	uint8_t type = 0, code = 0;
	bool icmp = false;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTO_NUM:
			t->proto = mnl_attr_get_u8(attr);
			break;
		case CTA_PROTO_SRC_PORT:
			t->src_port = ntohs(mnl_attr_get_u16(attr));
			break;
		case CTA_PROTO_DST_PORT:
			t->dst_port = ntohs(mnl_attr_get_u16(attr));
			break;
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			t->src_port = ntohs(mnl_attr_get_u16(attr));
			icmp = true;
			break;
		case CTA_PROTO_ICMP_TYPE:
		case CTA_PROTO_ICMPV6_TYPE:
			type = mnl_attr_get_u8(attr);
			break;
		case CTA_PROTO_ICMP_CODE:
		case CTA_PROTO_ICMPV6_CODE:
			code = mnl_attr_get_u8(attr);
			break;
		default:
			break;
		}
	}
	if (icmp)
		t->dst_port = (uint16_t)(type << 8 | code);
}

static void read_tuple(const struct nlattr *nest, struct track_tuple *t)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);
		if (type == CTA_TUPLE_IP)
			read_ip(attr, t);
		else if (type == CTA_TUPLE_PROTO)
			read_proto(attr, t);
		else if (type == CTA_TUPLE_ZONE)
			t->zone = ntohs(mnl_attr_get_u16(attr));
	}
}

static uint8_t read_tcp_state(const struct nlattr *nest)
{
	struct nlattr *outer, *attr;

	mnl_attr_for_each_nested(outer, nest) {
		if (mnl_attr_get_type(outer) != CTA_PROTOINFO_TCP)
			continue;
		mnl_attr_for_each_nested(attr, outer)
			if (mnl_attr_get_type(attr) == CTA_PROTOINFO_TCP_STATE)
				return mnl_attr_get_u8(attr);
	}
	return 0;
}

static void read_row(const struct nlmsghdr *nlh, struct row *r)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			read_tuple(attr, &r->tuple[0]);
			break;
		case CTA_TUPLE_REPLY:
			read_tuple(attr, &r->tuple[1]);
			break;
		case CTA_STATUS:
			r->status = ntohl(mnl_attr_get_u32(attr));
			break;
		case CTA_TIMEOUT:
			r->timeout_s = ntohl(mnl_attr_get_u32(attr));
			break;
		case CTA_MARK:
			r->mark = ntohl(mnl_attr_get_u32(attr));
			break;
		case CTA_ZONE:
			r->tuple[0].zone = r->tuple[1].zone =
				ntohs(mnl_attr_get_u16(attr));
			break;
		case CTA_PROTOINFO:
			r->tcp_state = read_tcp_state(attr);
			break;
		default:
			break;
		}
	}
}

void kernel_rows(struct kernel *k, struct rows *rows)
{
	char room[ROOM] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = request(room, IPCTNL_MSG_CT_GET, NLM_F_DUMP);

	rows->list.n = 0;
	if (send(k->ctnetlink, nlh, nlh->nlmsg_len, 0) < 0)
		err(2, "reading the connections");
	for (;;) {
		ssize_t got = recv(k->ctnetlink, room, sizeof(room), 0);
		int left = (int)got;
		if (got < 0)
			err(2, "reading the connections");
		for (nlh = (struct nlmsghdr *)room; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type == NLMSG_DONE)
				return;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				errx(2, "the connections cannot be read");
			read_row(nlh, vec_add(&rows->list));
		}
	}
}

uint64_t kernel_sysctl(const char *name, uint64_t value)
{
	char path[160];
	char line[32];
	uint64_t was = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s",
	         strncmp(name, "bridge-", 7) == 0 ? "bridge" : "netfilter", name);
	FILE *file = fopen(path, "r+e");
	if (!file || !fgets(line, sizeof(line), file) ||
	    str_to_u64(str_trim(str_from(line)), 10, &was) < 0)
		err(2, "%s", path);
	rewind(file);
	fprintf(file, "%llu\n", (unsigned long long)value);
	if (fclose(file) != 0)
		err(2, "%s", path);
	return was;
}

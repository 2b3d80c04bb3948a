/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sending and receiving. The kernel works a request off inside sendmsg(2), so its answer to a
 * batch is complete when that returns; only dumps are made piece by piece, at each receive.
 */
#include "gate/engine/kernel/socket.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#include "base/oom.h"
#include "gate/engine/kernel/nf_compat.h"

/* The kernel fills at most 32 KiB a receive in a dump (af_netlink.c), single answers may be
 * larger. */
enum { RX_SIZE = 256 << 10, TX_SLACK = 4096 };

static int open_one(struct mnl_socket **out)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int one = 1, r;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(nl);
		return r;
	}
	/* Both only make errors better; the kernels we know (from 4.12) have them. */
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
	*out = nl;
	return 0;
}

int kernel_sockets_open(struct kernel *k)
{
	k->rx = base_realloc(NULL, 1, RX_SIZE);
	return open_one(&k->nl);
}

static void close_dumps(struct kernel *k)
{
	if (k->dumps)
		mnl_socket_close(k->dumps);
	k->dumps = NULL;
}

void kernel_sockets_close(struct kernel *k)
{
	close_dumps(k);
	if (k->nl)
		mnl_socket_close(k->nl);
	free(k->rx);
}

void ack_read(const struct nlmsghdr *h, struct ack *ack)
{
	struct cursor c = cursor_of(h, h->nlmsg_len);
	struct nlmsghdr inner;
	struct attr a;
	int32_t err;

	*ack = (struct ack){ .seq = h->nlmsg_seq };
	cursor_skip(&c, sizeof(*h));
	cursor_copy(&c, &err, sizeof(err));
	ack->err = c.failed || err < -4095 || err > 0 ? -EBADMSG : err;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	cursor_copy(&c, &inner, sizeof(inner));
	if (!(h->nlmsg_flags & NLM_F_CAPPED) && inner.nlmsg_len > sizeof(inner))
		cursor_skip(&c, NLMSG_ALIGN(inner.nlmsg_len) - sizeof(inner));
	while (attr_next(&c, &a)) {
		if (a.type == NLMSGERR_ATTR_MSG)
			ack->text = attr_str(&a);
		else if (a.type == NLMSGERR_ATTR_OFFS)
			ack->has_off = attr_host32(&a, &ack->off);
	}
}

size_t kernel_request(struct kernel *k, uint8_t msg, uint16_t flags, uint8_t family)
{
	pagebuf_reset(&k->request.buf);
	k->request.err = 0;
	return wire_message(&k->request, NFT_TYPE(msg), NLM_F_REQUEST | flags, ++k->seq,
	                    family, 0);
}

/* One receive(2), however often it takes. 0 when nothing waits and `flags` says not to. */
static int receive(struct kernel *k, const struct mnl_socket *nl, int flags, size_t *n)
{
	for (;;) {
		ssize_t r =
			recv(mnl_socket_get_fd(nl), k->rx, RX_SIZE, flags | MSG_TRUNC);
		if (r > RX_SIZE)
			return -ENOBUFS;
		if (r >= 0) {
			*n = (size_t)r;
			return 0;
		}
		if (errno != EINTR)
			return -errno;
	}
}

/* Makes a dump's pieces as large as they get. The kernel takes the size from the largest
 * receive so far, and before the first it is a page: then a thing that does not fit into a
 * page would end the dump, without a word. So something is received first. */
static int open_dumps(struct kernel *k)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} question = {
		{ sizeof(question), NFT_TYPE(NFT_MSG_GETGEN), NLM_F_REQUEST, 0, 0 }, { 0 }
	};
	size_t n;
	int r = open_one(&k->dumps);

	if (r < 0)
		return r;
	if (mnl_socket_sendto(k->dumps, &question, sizeof(question)) < 0)
		r = -errno;
	if (r == 0)
		r = receive(k, k->dumps, MSG_DONTWAIT, &n);
	if (r < 0)
		close_dumps(k);
	return r;
}

/* State of one answer while it is read. */
struct answer {
	message_fn fn;
	void *ctx;
	struct ack *ack;
	int result; /* first failure of fn, or the kernel's error */
	bool interrupted, done;
};

static void take_end(struct answer *an, const struct nlmsghdr *h)
{
	struct ack ack = { .seq = h->nlmsg_seq };
	int32_t err = 0;

	an->done = true;
	if (h->nlmsg_type == NLMSG_ERROR)
		ack_read(h, &ack);
	else if (h->nlmsg_len >= sizeof(*h) + sizeof(err))
		memcpy(&err, h + 1, sizeof(err));
	if (err < 0)
		ack.err = err;
	if (!ack.err || an->result)
		return;
	an->result = ack.err;
	if (an->ack)
		*an->ack = ack;
}

static void take_message(struct answer *an, const struct nlmsghdr *h)
{
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		an->interrupted = true;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		take_end(an, h);
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE && an->result == 0 && !an->interrupted)
		an->result = an->fn(h, an->ctx);
}

/* Reads until the answer with that number ends; a dump also ends when it is of no use. Other
 * answers are complete when they are asked for: what is not there then was lost. */
static int read_answer(struct kernel *k, const struct mnl_socket *nl, uint32_t seq,
                       struct answer *an)
{
	int flags = nl == k->dumps ? 0 : MSG_DONTWAIT;

	while (!an->done && !(nl == k->dumps && (an->result < 0 || an->interrupted))) {
		const struct nlmsghdr *h = (const void *)k->rx;
		size_t n = 0;
		int left, r = receive(k, nl, flags, &n);
		if (r == -ENOBUFS)
			an->interrupted = true; /* something is missing */
		else if (r < 0)
			return r == -EAGAIN ? -ENOBUFS : r;
		for (left = (int)n; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			if (h->nlmsg_seq == seq)
				take_message(an, h);
	}
	if (an->result < 0)
		return an->result;
	return an->interrupted ? -EINTR : 0;
}

static bool is_dump(const struct wire *request)
{
	struct nlmsghdr h;

	memcpy(&h, request->buf.p, sizeof(h));
	return (h.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

int kernel_ask(struct kernel *k, size_t request, message_fn fn, void *ctx,
               struct ack *ack)
{
	struct answer an = { .fn = fn, .ctx = ctx, .ack = ack };
	bool dump = is_dump(&k->request);
	struct mnl_socket *nl = k->nl;
	int r = k->request.err;

	wire_message_end(&k->request, request);
	if (r == 0 && dump) {
		if (!k->dumps)
			r = open_dumps(k);
		nl = k->dumps;
	}
	if (r < 0)
		return r;
	if (mnl_socket_sendto(nl, k->request.buf.p, k->request.buf.n) < 0)
		return -errno;
	r = read_answer(k, nl, k->seq, &an);
	if (dump && !an.done)
		close_dumps(k);
	return r;
}

/* The kernel doubles what it is told and takes 32 bytes off (af_netlink.c: netlink_sendmsg). */
static void raise_limit(int fd, int force, int plain, size_t n)
{
	int value = n > INT_MAX / 2 ? INT_MAX / 2 : (int)n;

	if (setsockopt(fd, SOL_SOCKET, force, &value, sizeof(value)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &value,
		           sizeof(value)); /* up to net.core.*mem_max */
}

int kernel_send(struct kernel *k, const void *p, size_t n)
{
	if (n > INT_MAX)
		return -EMSGSIZE;
	raise_limit(mnl_socket_get_fd(k->nl), SO_SNDBUFFORCE, SO_SNDBUF,
	            n / 2 + TX_SLACK);
	return mnl_socket_sendto(k->nl, p, n) < 0 ? -errno : 0;
}

void kernel_expect(struct kernel *k, size_t n)
{
	raise_limit(mnl_socket_get_fd(k->nl), SO_RCVBUFFORCE, SO_RCVBUF, n / 2);
}

int kernel_collect(struct kernel *k, message_fn fn, void *ctx)
{
	int lost = 0;

	for (;;) {
		const struct nlmsghdr *h = (const void *)k->rx;
		size_t n = 0;
		int left, r = receive(k, k->nl, MSG_DONTWAIT, &n);
		if (r == -EAGAIN)
			return lost;
		if (r == -ENOBUFS) {
			lost = r;
			continue;
		}
		if (r < 0)
			return r;
		for (left = (int)n; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			r = fn(h, ctx);
			if (r < 0)
				return r;
		}
	}
}

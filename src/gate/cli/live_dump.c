/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* One netlink dump, read to its end. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gate/cli/live_dump.h"

enum { DUMP_ROOM = 1 << 16 };

static int ask(struct mnl_socket *socket, char *room, const struct live_request *request)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(room);

	nlh->nlmsg_type = request->type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	memcpy(mnl_nlmsg_put_extra_header(nlh, request->n), request->head, request->n);
	return mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

static int read_all(struct mnl_socket *socket, const struct live_request *request,
                    live_message_fn *take, void *ctx)
{
	auto_free char *room = malloc(DUMP_ROOM);
	int r = room ? ask(socket, room, request) : -ENOMEM;

	while (r >= 0) {
		ssize_t n = mnl_socket_recvfrom(socket, room, DUMP_ROOM);
		if (n < 0)
			return -errno;
		r = mnl_cb_run(room, (size_t)n, 1, mnl_socket_get_portid(socket), take,
		               ctx);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
	return r;
}

int live_dump(const struct live_request *request, live_message_fn *take, void *ctx)
{
	struct mnl_socket *socket = mnl_socket_open2(request->bus, SOCK_CLOEXEC);
	int r;

	if (!socket)
		return -errno;
	r = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0
	            ? -errno
	            : read_all(socket, request, take, ctx);
	mnl_socket_close(socket);
	return r;
}

uint32_t live_u32(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

uint8_t live_u8(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 1 ? mnl_attr_get_u8(a) : 0;
}

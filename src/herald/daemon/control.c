/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Lines of JSON-RPC in, answers out. */
#include "herald/daemon/control.h"

#include <errno.h>
#include <sys/socket.h>

#include <jansson.h>

#include "base/oom.h"
#include "herald/daemon/command_impl.h"
#include "io/conn.h"

enum { LINE_MAX_BYTES = 65536 };

/* JSON-RPC 2.0 section 5.1; the last is ours: the command said no. */
enum {
	PARSE_ERROR = -32700,
	INVALID_REQUEST = -32600,
	METHOD_NOT_FOUND = -32601,
	INVALID_PARAMS = -32602,
	REFUSED = 1
};

struct control {
	struct daemon *daemon;
	struct listener *listener;
	struct peer *peers;
};

struct peer {
	struct control *control;
	struct peer *next, **link;
	struct conn *conn; /* NULL: gone */
	struct buf in;
	unsigned calls; /* answers due */
};

/* What a call comes back to. */
struct asked {
	struct call call;
	struct peer *peer;
	json_t *id;
};

static void maybe_free(struct peer *p)
{
	if (p->conn || p->calls)
		return;
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	buf_fini(&p->in);
	free(p);
}

static void hang_up(struct peer *p)
{
	if (p->conn)
		conn_close(p->conn);
	p->conn = NULL;
}

static void send_json(struct peer *p, json_t *object)
{
	auto_free char *text = json_dumps(object, JSON_COMPACT);
	auto_buf line = { 0 };

	json_decref(object);
	if (!p->conn || !text)
		return;
	buf_fmt(&line, "%s\n", text);
	conn_write(p->conn, buf_as_str(&line));
}

static void send_error(struct peer *p, json_t *id, int code, struct str message)
{
	send_json(p, json_pack("{s:s, s:O?, s:{s:i, s:s%}}", "jsonrpc", "2.0", "id", id,
	                       "error", "code", code, "message",
	                       message.p ? message.p : "", message.n));
}

static void on_answer(struct call *call, bool ok, struct str text)
{
	struct asked *asked = call->arg;
	struct peer *p = asked->peer;

	if (ok)
		send_json(p,
		          json_pack("{s:s, s:O?, s:s%}", "jsonrpc", "2.0", "id",
		                    asked->id, "result", text.p ? text.p : "", text.n));
	else
		send_error(p, asked->id, REFUSED, text);
	json_decref(asked->id);
	arena_fini(&call->arena);
	free(asked);
	p->calls--;
	maybe_free(p);
}

/* Copies the params; false: they are not what the command wants. */
static bool read_params(struct call *call, const struct command *command,
                        const json_t *params)
{
	size_t n = json_array_size(params);

	if (params && !json_is_array(params))
		return false;
	if (n < command_least_args(command) || n > command_most_args(command) ||
	    n > COMMAND_ARGS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(params, i);
		if (!json_is_string(value))
			return false;
		call->args[i] = arena_str(&call->arena,
		                          (struct str){ json_string_value(value),
		                                        json_string_length(value) });
	}
	call->n_args = n;
	return true;
}

static void run(struct peer *p, json_t *id, const struct command *command,
                const json_t *params)
{
	struct asked *asked = base_calloc(1, sizeof(*asked));
	auto_buf usage = { 0 };

	asked->peer = p;
	asked->id = json_incref(id);
	asked->call.daemon = p->control->daemon;
	asked->call.answer = on_answer;
	asked->call.arg = asked;
	p->calls++;
	if (read_params(&asked->call, command, params)) {
		command->run(&asked->call);
		return;
	}
	buf_fmt(&usage, "usage: %s %s", command->name, command->args);
	on_answer(&asked->call, false, str_trim(buf_as_str(&usage)));
}

static void handle(struct peer *p, json_t *request)
{
	json_t *id = json_object_get(request, "id");
	const char *method = json_string_value(json_object_get(request, "method"));
	const struct command *command =
		method ? command_find(commands, str_from(method)) : NULL;
	struct str names[64];
	auto_buf text = { 0 };
	size_t n = 0;

	if (!id || !method) {
		send_error(p, NULL, INVALID_REQUEST, STR("not a JSON-RPC 2.0 request"));
		return;
	}
	if (command) {
		run(p, id, command, json_object_get(request, "params"));
		return;
	}
	for (const struct command *row = commands; row->name && n < ARRAY_LEN(names);
	     row++)
		names[n++] = str_from(row->name);
	struct str near = str_nearest(str_from(method), names, n);
	buf_fmt(&text, "there is no command `%s`", method);
	if (near.n)
		buf_fmt(&text, "; did you mean `" STR_FMT "`?", STR_ARG(near));
	send_error(p, id, METHOD_NOT_FOUND, buf_as_str(&text));
}

static void on_line(struct peer *p, struct str line)
{
	json_t *request = json_loadb(line.p, line.n, 0, NULL);

	if (request)
		handle(p, request);
	else
		send_error(p, NULL, PARSE_ERROR, STR("this is not JSON"));
	json_decref(request);
}

static void on_data(void *ctx, struct str bytes)
{
	struct peer *p = ctx;
	size_t at = 0, n;

	buf_str(&p->in, bytes);
	struct str in = buf_as_str(&p->in);
	p->calls++; /* nobody frees it meanwhile */
	while ((n = str_find(str_sub(in, at, in.n), '\n')) < in.n - at) {
		on_line(p, str_sub(in, at, n));
		at += n + 1;
	}
	if (at)
		memmove(p->in.p, p->in.p + at, p->in.n - at);
	p->in.n -= at;
	if (p->in.n == 0)
		buf_fini(&p->in);
	p->calls--;
	if (p->in.n > LINE_MAX_BYTES)
		hang_up(p);
	maybe_free(p);
}

static void on_ended(void *ctx, int error)
{
	struct peer *p = ctx;

	(void)error;
	hang_up(p);
	maybe_free(p);
}

static void on_secured(void *ctx)
{
	(void)ctx; /* there is no TLS here */
}

static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void on_accept(void *ctx, int fd, const struct sockaddr_storage *from)
{
	static const struct conn_ops ops = { on_data, on_secured, on_ended };
	struct control *c = ctx;

	(void)from;
	if (!is_allowed(fd)) {
		close(fd);
		return;
	}
	struct peer *p = base_calloc(1, sizeof(*p));
	p->control = c;
	p->next = c->peers;
	if (p->next)
		p->next->link = &p->next;
	p->link = &c->peers;
	c->peers = p;
	p->conn = conn_new(&c->daemon->loop, fd, &ops, p);
}

int control_open(struct daemon *d, const char *path, struct buf *why,
                 struct control **out)
{
	struct control *c = base_calloc(1, sizeof(*c));
	int r = listener_unix(&d->loop, path, on_accept, c, why, &c->listener);

	if (r < 0) {
		free(c);
		return r;
	}
	c->daemon = d;
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	listener_close(c->listener);
	c->listener = NULL;
	for (struct peer *p = c->peers, *next; p; p = next) {
		next = p->next;
		hang_up(p);
		maybe_free(p);
	}
}

void control_free(struct control *c)
{
	free(c);
}

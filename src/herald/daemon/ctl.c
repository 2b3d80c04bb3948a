/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* heraldctl: one command, through the control socket. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

#include "herald/daemon/daemon.h"
#include "herald/daemon/import_config.h"
#include "herald/daemon/options.h"

static int dial(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

static json_t *request_of(int argc, char **argv)
{
	json_t *params = json_array();

	for (int i = 1; i < argc; i++)
		json_array_append_new(params, json_string(argv[i]));
	return json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method",
	                 argv[0], "params", params);
}

/* Sends the command and waits for its line. */
static json_t *ask(int fd, int argc, char **argv)
{
	json_t *request = request_of(argc, argv), *reply = NULL;
	FILE *socket = fdopen(fd, "r+");

	if (socket && request && json_dumpf(request, socket, JSON_COMPACT) == 0 &&
	    fputc('\n', socket) == '\n' && fflush(socket) == 0)
		reply = json_loadf(socket, JSON_DISABLE_EOF_CHECK, NULL);
	json_decref(request);
	if (socket)
		fclose(socket);
	return reply;
}

static int show(json_t *reply)
{
	json_t *result = json_object_get(reply, "result");
	const char *error = json_string_value(
		json_object_get(json_object_get(reply, "error"), "message"));

	if (!reply) {
		fputs("heraldctl: herald gave no answer\n", stderr);
		return 1;
	}
	if (!result) {
		fprintf(stderr, "heraldctl: %s\n",
		        error ? error : "herald gave no result");
		return 1;
	}
	if (json_string_length(result))
		puts(json_string_value(result));
	return 0;
}

static int run(const char *config, int argc, char **argv)
{
	auto_arena a = { 0 };
	struct str dir;
	int r = options_run_dir(config, &a, &dir);

	if (r < 0) {
		fprintf(stderr, "heraldctl: cannot read run_dir in %s: %s\n", config,
		        strerror(-r));
		return 1;
	}
	const char *path = daemon_socket(dir, &a).p;
	int fd = dial(path);

	if (fd < 0) {
		fprintf(stderr, "heraldctl: herald does not answer at %s: %s\n", path,
		        strerror(-fd));
		return 3; /* ejabberdctl: the node does not run */
	}
	json_t *reply = ask(fd, argc, argv);
	int code = show(reply);
	json_decref(reply);
	return code;
}

/* What needs no server. */
static int translate(int argc, char **argv)
{
	auto_buf out = { 0 }, said = { 0 };

	if (argc != 2) {
		fputs("usage: heraldctl import-config FILE\n", stderr);
		return 2;
	}
	int r = import_config(argv[1], &out, &said);
	fwrite(said.n ? said.p : "", 1, said.n, stderr);
	if (r == 0)
		fwrite(out.p, 1, out.n, stdout);
	return r == 0 && fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *path = OPTIONS_CONFIG;
	int option;

	while ((option = getopt(argc, argv, "+c:h")) != -1) {
		if (option == 'c') {
			path = optarg;
			continue;
		}
		fputs("usage: heraldctl [-c FILE] COMMAND [ARGUMENT...]\n"
		      "       heraldctl import-config FILE\n"
		      "`heraldctl help` lists the commands; import-config translates an\n"
		      "ejabberd.yml or ejabberd.cfg to standard output\n",
		      option == 'h' ? stdout : stderr);
		return option == 'h' ? 0 : 2;
	}
	if (optind == argc) {
		fputs("heraldctl: which command? `heraldctl help` lists them\n", stderr);
		return 2;
	}
	if (strcmp(argv[optind], "import-config") == 0)
		return translate(argc - optind, argv + optind);
	return run(path, argc - optind, argv + optind);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* herald: options, configuration, and the daemon in the foreground. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "herald/daemon/daemon.h"
#include "herald/daemon/options.h"

static void usage(FILE *to)
{
	fputs("usage: herald [-c FILE] [--check]\n"
	      "  -c, --config FILE  the configuration (" OPTIONS_CONFIG ")\n"
	      "      --check        only say whether the configuration is good\n"
	      "  -V, --version\n"
	      "  -h, --help\n",
	      to);
}

static int serve(const char *path, struct config *config)
{
	struct daemon_options o = { path, log_sink_new() };
	auto_buf why = { 0 };
	struct daemon d;

	if (daemon_start(&d, config, &o, &why) < 0) {
		fprintf(stderr, "herald: " STR_FMT "\n", STR_ARG(buf_as_str(&why)));
		log_sink_free(o.sink);
		return 1;
	}
	log_line(&d.server.log, LOG_LEVEL_NOTICE, "started", "herald %s serves %zu hosts",
	         GATEHOUSE_VERSION, d.server.hosts.n);
	daemon_run(&d);
	log_sink_free(o.sink);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = OPTIONS_CONFIG;
	bool check = false;
	struct config config;
	int option;

	while ((option = getopt_long(argc, argv, "c:Vh", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'V':
			puts("herald " GATEHOUSE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (options_read_config(path, &config) < 0)
		return 1;
	if (!check)
		return serve(path, &config);
	config_fini(&config);
	return 0;
}

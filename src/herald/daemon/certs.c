/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Looking at certificate files. */
#include "herald/daemon/certs.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/map.h"
#include "herald/daemon/daemon.h"
#include "io/paths.h"

enum { LOOK_MS = 2000 };

static int add_pattern(struct str pattern, struct arena *a, struct cert_files *out,
                       struct buf *why)
{
	struct str *paths;
	size_t n;
	int r = paths_expand(a, pattern, &paths, &n);

	if (r == 0 && n == 0)
		r = -ENOENT;
	if (r == -ENOENT)
		buf_fmt(why, STR_FMT ": no file fits this pattern", STR_ARG(pattern));
	else if (r < 0)
		buf_fmt(why, STR_FMT ": %s", STR_ARG(pattern), strerror(-r));
	for (size_t i = 0; r == 0 && i < n; i++)
		vec_push(&out->paths, paths[i].p);
	return r;
}

int certs_files(const struct config *c, struct arena *a, struct cert_files *out,
                struct buf *why)
{
	int r = 0;

	vec_for_each(path, &c->certfiles) {
		if (!path_has_wildcard(*path))
			vec_push(&out->paths, str_dup_c(a, *path));
		else if (r == 0)
			r = add_pattern(*path, a, out, why);
	}
	return r;
}

/* One number for all the files are: which, how long, when written. Links are followed, as those
 * of ACME clients change their target only. */
static uint64_t fingerprint(const struct config *c)
{
	struct cert_files files = { 0 };
	auto_arena a = { 0 };
	auto_buf why = { 0 };
	uint64_t sum = 0;

	if (certs_files(c, &a, &files, &why) < 0)
		sum = 1; /* being exchanged; those that are there count */
	vec_for_each(path, &files.paths) {
		struct stat st = { 0 };
		if (stat(*path, &st) < 0)
			continue; /* the same */
		const uint64_t facts[] = { (uint64_t)st.st_dev, st.st_ino,
			                   (uint64_t)st.st_size,
			                   (uint64_t)st.st_mtim.tv_sec,
			                   (uint64_t)st.st_mtim.tv_nsec };
		sum = sum * 31 + hash_bytes(facts, sizeof(facts));
	}
	vec_fini(&files.paths);
	return sum;
}

static int reload(struct daemon *d, struct buf *why)
{
	int r = 0;

	vec_for_each(door, &d->doors) {
		if (r == 0)
			r = hall_reload_tls((*door)->hall, &d->config, why);
	}
	return r;
}

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	uint64_t now = fingerprint(&d->config);
	auto_buf why = { 0 };

	if (now == d->certs)
		return;
	d->certs = now;
	if (reload(d, &why) < 0)
		log_line(&d->server.log, LOG_LEVEL_ERROR, "tls.refused",
		         "the new certificate is not used, the old one stays: " STR_FMT,
		         STR_ARG(buf_as_str(&why)));
	else
		log_line(&d->server.log, LOG_LEVEL_NOTICE, "tls.reloaded",
		         "the certificate files have changed and were read again");
}

void certs_watch(struct daemon *d)
{
	d->certs = fingerprint(&d->config);
	uv_timer_init(&d->loop.uv, &d->certs_timer);
	d->certs_timer.data = d;
	uv_timer_start(&d->certs_timer, on_timer, LOOK_MS, LOOK_MS);
}

void certs_unwatch(struct daemon *d)
{
	if (d->certs_timer.data && !uv_is_closing((uv_handle_t *)&d->certs_timer))
		uv_close((uv_handle_t *)&d->certs_timer, NULL);
}

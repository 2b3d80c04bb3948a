/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Everything that can fail is done beside what runs: new certificates are read, new sockets
 * opened. Only then is anything exchanged.
 */
#include "herald/daemon/reload.h"

#include <errno.h>

#include "herald/auth/accounts.h"
#include "herald/c2s/c2s.h"
#include "herald/daemon/daemon.h"
#include "herald/daemon/notify.h"
#include "herald/daemon/options.h"
#include "herald/route/user.h"

/* One listener of the new configuration. */
struct plan {
	const struct config_listener *l;
	struct hall *hall;  /* what will be behind it */
	struct door *fresh; /* opened for it */
	struct door *kept;  /* or the one that has the socket already */
};

struct plans {
	VEC(struct plan) list;
};

static bool is_at(const struct door *door, const struct config_listener *l)
{
	return door->port == l->port && str_is(l->ip, door->ip);
}

static struct door *door_at(const struct daemon *d, const struct config_listener *l)
{
	vec_for_each(door, &d->doors) {
		if (is_at(*door, l))
			return *door;
	}
	return NULL;
}

static int prepare(struct daemon *d, const struct config *c, struct plans *plans,
                   struct buf *why)
{
	int r = 0;

	vec_for_each(l, &c->listeners) {
		struct plan p = { .l = l, .kept = door_at(d, l) };
		if (r == 0)
			r = hall_new(d, c, l, why, &p.hall);
		if (r == 0 && !p.kept)
			r = door_open(d, l, p.hall, why, &p.fresh);
		vec_push(&plans->list, p);
	}
	return r;
}

static void undo(struct plans *plans)
{
	vec_for_each(p, &plans->list) {
		if (p->fresh)
			door_close(p->fresh);
		if (!p->hall)
			continue;
		hall_shutdown(p->hall);
		hall_free(p->hall);
	}
}

static bool is_planned(const struct plans *plans, const struct door *door)
{
	vec_for_each(p, &plans->list) {
		if (p->fresh == door || p->kept == door)
			return true;
	}
	return false;
}

/* Halls whose clients have all gone. */
static void sweep(struct daemon *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->retired.n; i++) {
		struct hall *h = d->retired.p[i];
		if (!c2s_is_empty(h->c2s)) {
			d->retired.p[kept++] = h;
			continue;
		}
		hall_shutdown(h);
		hall_free(h);
	}
	d->retired.n = kept;
}

static void exchange_doors(struct daemon *d, struct plans *plans, struct buf *said)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->doors.n; i++) {
		struct door *door = d->doors.p[i];
		if (is_planned(plans, door)) {
			d->doors.p[kept++] = door;
			continue;
		}
		log_line(&d->server.log, LOG_LEVEL_INFO, "listen.ended", "%s port %u",
		         door->ip, door->port);
		vec_push(&d->retired, door_close(door));
	}
	d->doors.n = kept;
	vec_for_each(p, &plans->list) {
		if (p->fresh) {
			vec_push(&d->doors, p->fresh);
			continue;
		}
		vec_push(&d->retired, p->kept->hall);
		p->kept->hall = p->hall;
		if ((p->kept->proxied != NULL) != p->l->use_proxy_protocol)
			buf_fmt(said,
			        "use_proxy_protocol of port %u changes when herald is "
			        "restarted\n",
			        p->kept->port);
		if (p->kept->backlog != p->l->backlog)
			buf_fmt(said,
			        "the backlog of port %u changes when herald is "
			        "restarted\n",
			        p->kept->port);
	}
	sweep(d);
}

/* What only a new process can change. */
static bool needs_restart(const struct daemon *d, const struct config *c, struct buf *why)
{
	const struct {
		const char *name;
		struct str was, is;
	} rows[] = {
		{ "spool_dir", d->config.spool_dir, c->spool_dir },
		{ "run_dir", d->config.run_dir, c->run_dir },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (str_eq(rows[i].was, rows[i].is))
			continue;
		buf_fmt(why, "`%s` can only change when herald is restarted\n",
		        rows[i].name);
		return true;
	}
	return false;
}

/* Who is connected to a host that is gone is told. */
static void end_host(struct daemon *d, struct str host)
{
	map_for_each(it, &d->worker.users) {
		const struct user *u = it->value;
		for (struct session *s = u->sessions; s; s = s->next) {
			if (str_eq(jid_domain(s->jid), host))
				s->ops->close(s, STREAM_HOST_GONE,
				              "The host is served no more");
		}
	}
}

static void on_refreshed(void *arg, int result)
{
	struct daemon *d = arg;

	if (result < 0)
		log_line(&d->server.log, LOG_LEVEL_ERROR, "accounts.unread",
		         "cannot read the accounts of a new host: %s", strerror(-result));
}

static void exchange_config(struct daemon *d, struct config *c)
{
	struct config old = d->config;

	d->config = *c;
	*c = (struct config){ 0 };
	daemon_use_config(d);
	vec_for_each(host, &old.hosts) {
		if (!config_has_host(&d->config, *host))
			end_host(d, *host);
	}
	vec_for_each(host, &d->server.hosts) {
		if (!config_has_host(&old, host->name))
			accounts_refresh(d->server.accounts, host->name, &d->loop.inbox,
			                 on_refreshed, d);
	}
	config_fini(&old);
}

static int apply(struct daemon *d, struct config *c, struct buf *said)
{
	struct plans plans = { 0 };
	int r = needs_restart(d, c, said) ? -EINVAL : 0;

	if (r == 0 && c->certfiles.n == 0)
		r = daemon_own_certificate(d, c, said);
	if (r == 0)
		r = prepare(d, c, &plans, said);
	if (r == 0)
		r = log_sink_set(d->sink, c->log_dir, c->log_format, said);
	if (r < 0) {
		undo(&plans);
		vec_fini(&plans.list);
		return r;
	}
	exchange_doors(d, &plans, said);
	exchange_config(d, c);
	vec_fini(&plans.list);
	return 0;
}

static int read_file(struct daemon *d, struct config *c, struct buf *said)
{
	struct options_files files = { 0 };
	auto_diags ds = { 0 };
	int r = options_load(d->config_path, &files, &ds, c);

	diags_print(&ds, &files.sources, said, false);
	options_files_fini(&files);
	return r;
}

int daemon_reload(struct daemon *d, struct buf *said)
{
	struct config c = { 0 };
	int r = d->stopping ? -EINVAL : 0;

	notify_state("STATUS=The configuration is read again");
	if (r == 0)
		r = read_file(d, &c, said);
	if (r == 0)
		r = apply(d, &c, said);
	notify_state("STATUS=Clients are served");
	config_fini(&c);
	if (r < 0)
		log_line(&d->server.log, LOG_LEVEL_ERROR, "config.refused",
		         "the new configuration is not used, the old one stays: " STR_FMT,
		         STR_ARG(buf_as_str(said)));
	else
		log_line(&d->server.log, LOG_LEVEL_NOTICE, "config.reloaded",
		         "%s is in force", d->config_path);
	return r;
}

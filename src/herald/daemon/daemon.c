/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Starting and stopping. */
#include "herald/daemon/daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "herald/auth/accounts.h"
#include "herald/c2s/c2s.h"
#include "herald/daemon/certs.h"
#include "herald/daemon/command_impl.h"
#include "herald/daemon/control.h"
#include "herald/daemon/notify.h"
#include "herald/daemon/reload.h"
#include "herald/daemon/restore.h"
#include "herald/daemon/sandbox.h"
#include "herald/im/module.h"
#include "herald/modules/all.h"
#include "herald/route/user.h"
#include "io/paths.h"
#include "io/pool.h"
#include "io/random.h"
#include "io/tls.h"

enum { POOL_THREADS = 2, POOL_QUEUE = 512, STOP_MS = 500 };

struct str daemon_socket(struct str run_dir, struct arena *a)
{
	return arena_fmt(a, STR_FMT "/herald.sock", STR_ARG(run_dir));
}

static const char *in_spool(struct daemon *d, const char *name)
{
	return arena_fmt(&d->config.arena, STR_FMT "/%s", STR_ARG(d->config.spool_dir),
	                 name)
	        .p;
}

/* The folder itself; those above it are the administrator's. */
static int need_folder(struct daemon *d, struct str path, struct buf *why)
{
	const char *text = str_dup_c(&d->config.arena, path);

	if (mkdir(text, 0700) == 0 || errno == EEXIST)
		return 0;
	int r = -errno;
	buf_fmt(why, "cannot make the folder %s: %s", text, strerror(errno));
	return r;
}

/* ---- certificates ------------------------------------------------------------------------- */

/* The hosts of `c`, and those of now: a reload that fails in the end leaves them. */
static int self_sign(struct daemon *d, const struct config *c, const char *path)
{
	VEC(struct str) hosts = { 0 };

	vec_for_each(host, &c->hosts)
		vec_push(&hosts, *host);
	vec_for_each(host, &d->config.hosts) {
		if (!config_has_host(c, *host))
			vec_push(&hosts, *host);
	}
	int r = tls_self_sign(path, hosts.p, hosts.n);
	vec_fini(&hosts);
	return r;
}

/* Without certificates of the administrator's: one of our own, made when there is none yet or
 * hosts have been added. */
int daemon_own_certificate(struct daemon *d, struct config *c, struct buf *why)
{
	const char *path = in_spool(d, "self-signed.pem");

	vec_push(&c->certfiles, arena_str(&c->arena, str_from(path)));
	if (tls_is_signed_for(path, c->hosts.p, c->hosts.n))
		return 0;
	int r = self_sign(d, c, path);
	if (r < 0) {
		buf_fmt(why, "cannot write %s: %s", path, strerror(-r));
		return r;
	}
	log_line(&d->server.log, LOG_LEVEL_WARNING, "tls.self_signed",
	         "no certfiles are configured: made the self-signed certificate %s",
	         path);
	return 0;
}

/* ---- the sandbox -------------------------------------------------------------------------- */

/* What is read besides the configuration: shared libraries' data, time zones, OpenSSL's
 * settings, the kernel's word on the machine. */
static const char *const always_read[] = { "/usr",           "/lib",
	                                   "/lib64",         "/etc/ssl",
	                                   "/etc/localtime", "/proc",
	                                   "/sys/devices",   "/dev" };

static void reach_folder(struct daemon *d, struct sandbox *s, struct str path)
{
	vec_push(&s->read, str_dup_c(&d->config.arena, path_folder(path)));
}

/* A file and what it is a link to: a new one comes into the same folders. */
static void reach_file(struct daemon *d, struct sandbox *s, struct str path)
{
	auto_free char *real = realpath(str_dup_c(&d->config.arena, path), NULL);

	reach_folder(d, s, path);
	if (real)
		reach_folder(d, s, str_from(real));
}

static struct str folders_up(struct str path, size_t n)
{
	for (; n > 0; n--)
		path = path_folder(path);
	return path;
}

/* Certificates, also those that fit a pattern later: what is above its first wildcard, and as far
 * above what the files are links to (live/HOST/key.pem is often one to archive/HOST/key1.pem). */
static void reach_certfiles(struct daemon *d, struct sandbox *s, struct str pattern)
{
	struct arena *a = &d->config.arena;
	struct str top = pattern, *paths;
	size_t up = 0, n;

	while (path_has_wildcard(top)) {
		top = path_folder(top);
		up++;
	}
	if (up == 0 || paths_expand(a, pattern, &paths, &n) < 0) {
		reach_file(d, s, pattern);
		return;
	}
	vec_push(&s->read, str_dup_c(a, top));
	for (size_t i = 0; i < n; i++) {
		auto_free char *real = realpath(paths[i].p, NULL);
		struct str above = real ? folders_up(str_from(real), up) : STR("/");
		reach_file(d, s, paths[i]);
		if (above.n > 1)
			vec_push(&s->read, str_dup_c(a, above));
	}
}

static int enter_sandbox(struct daemon *d, struct buf *why)
{
	struct config *c = &d->config;
	struct sandbox s = { 0 };
	auto_buf said = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(always_read); i++)
		vec_push(&s.read, always_read[i]);
	reach_file(d, &s, str_from(d->config_path));
	vec_for_each(path, &c->included)
		reach_file(d, &s, *path);
	vec_for_each(path, &c->certfiles)
		reach_certfiles(d, &s, *path);
	if (c->ca_file.n)
		reach_file(d, &s, c->ca_file);
	vec_for_each(path, &c->backup_dirs)
		vec_push(&s.write, str_dup_c(&c->arena, *path));
	vec_push(&s.write, str_dup_c(&c->arena, c->spool_dir));
	vec_push(&s.write, str_dup_c(&c->arena, c->run_dir));
	if (c->log_dir.n)
		vec_push(&s.write, str_dup_c(&c->arena, c->log_dir));
	int r = sandbox_enter(&s, &said);
	vec_fini(&s.read);
	vec_fini(&s.write);
	if (r < 0)
		buf_fmt(why, "cannot enter the sandbox: %s", strerror(-r));
	else if (said.n)
		log_line(&d->server.log, LOG_LEVEL_WARNING, "sandbox.incomplete", STR_FMT,
		         STR_ARG(str_trim(buf_as_str(&said))));
	return r < 0 ? r : 0;
}

/* ---- the parts ---------------------------------------------------------------------------- */

static void on_trouble(void *arg, const struct store_trouble *t)
{
	struct daemon *d = arg;

	log_line(&d->server.log, t->error ? LOG_LEVEL_CRITICAL : LOG_LEVEL_NOTICE,
	         t->error ? "store.trouble" : "store.recovered", "%s", t->text);
}

static int open_store(struct daemon *d, struct buf *why)
{
	struct store_config sc = {
		.path = in_spool(d, "herald.db"),
		.inbox = &d->loop.inbox,
		.on_trouble = on_trouble,
		.arg = d,
	};
	struct sources sources = { 0 };
	auto_diags ds = { 0 };
	auto_buf said = { 0 };
	int restored =
		restore_finish(str_dup_c(&d->config.arena, d->config.spool_dir), &said);

	if (restored < 0) {
		buf_str(why, buf_as_str(&said));
		return restored;
	}
	if (restored)
		log_line(&d->server.log, LOG_LEVEL_NOTICE, "store.restored", STR_FMT,
		         STR_ARG(buf_as_str(&said)));
	int r = store_open(&sc, &ds, &d->server.store);

	if (r < 0 && ds.list.n)
		buf_str(why, ds.list.p[0]->message);
	else if (r < 0)
		buf_fmt(why, "cannot open %s: %s", sc.path, strerror(-r));
	sources_fini(&sources);
	return r;
}

static int open_accounts(struct daemon *d, struct buf *why)
{
	int r = pool_new(POOL_THREADS, POOL_QUEUE, &d->pool);

	if (r < 0) {
		buf_fmt(why, "cannot start threads: %s", strerror(-r));
		return r;
	}
	struct accounts_config ac = { .store = d->server.store, .pool = d->pool };
	d->server.accounts = accounts_new(&ac);
	d->server.auth.accounts = d->server.accounts;
	d->server.auth.pool = d->pool;
	d->server.auth.quota = &d->quota;
	return 0;
}

static void on_refreshed(void *arg, int result)
{
	int *left = arg;

	if (result < 0)
		left[1] = result;
	left[0]--;
}

/* What is offered for login depends on the accounts there are. The loop does not run yet. */
static int refresh_accounts(struct daemon *d, struct buf *why)
{
	int left[2] = { 0, 0 }; /* answers due, the error */

	vec_for_each(host, &d->server.hosts) {
		left[0]++;
		accounts_refresh(d->server.accounts, host->name, &d->loop.inbox,
		                 on_refreshed, left);
	}
	while (left[0])
		inbox_wait(&d->loop.inbox, 1000);
	if (left[1] < 0)
		buf_fmt(why, "cannot read the accounts: %s", strerror(-left[1]));
	return left[1];
}

/* Who was connected when the server stopped may go on; they wait in a hall without a door. */
static void restore_sessions(struct daemon *d)
{
	struct hall *hall = hall_empty(d);

	vec_push(&d->retired, hall);
	c2s_restore(hall->c2s);
	while (c2s_is_restoring(hall->c2s))
		inbox_wait(&d->loop.inbox, 1000);
}

static int open_door(struct daemon *d, const struct config_listener *l, struct buf *why)
{
	struct hall *hall;
	struct door *door;
	int r = hall_new(d, &d->config, l, why, &hall);

	if (r < 0)
		return r;
	r = door_open(d, l, hall, why, &door);
	if (r < 0)
		vec_push(&d->retired, hall);
	else
		vec_push(&d->doors, door);
	return r;
}

static int open_doors(struct daemon *d, struct buf *why)
{
	int r = 0;

	vec_for_each(l, &d->config.listeners) {
		if (r == 0)
			r = open_door(d, l, why);
	}
	return r;
}

static int open_control(struct daemon *d, struct buf *why)
{
	struct str path = daemon_socket(d->config.run_dir, &d->config.arena);

	return control_open(d, path.p, why, &d->control);
}

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	daemon_stop(signal->data);
}

static void on_hangup(uv_signal_t *signal, int number)
{
	struct daemon *d = signal->data;
	auto_buf said = { 0 };

	(void)number;
	if (log_sink_reopen(d->sink, &said) < 0)
		log_line(&d->server.log, LOG_LEVEL_ERROR, "log.unopened", STR_FMT,
		         STR_ARG(buf_as_str(&said)));
	buf_reset(&said);
	if (daemon_reload(d, &said) < 0)
		return; /* it is in the log */
}

static void watch_signals(struct daemon *d)
{
	signal(SIGPIPE, SIG_IGN);
	uv_timer_init(&d->loop.uv, &d->deadline);
	uv_timer_init(&d->loop.uv, &d->watchdog);
	uv_signal_init(&d->loop.uv, &d->sigterm);
	uv_signal_init(&d->loop.uv, &d->sigint);
	uv_signal_init(&d->loop.uv, &d->sighup);
	d->sigterm.data = d->sigint.data = d->sighup.data = d->deadline.data = d;
	uv_signal_start(&d->sigterm, on_signal, SIGTERM);
	uv_signal_start(&d->sigint, on_signal, SIGINT);
	uv_signal_start(&d->sighup, on_hangup, SIGHUP);
}

/* The text of a name that stays as long as the daemon. */
static struct str lasting_name(struct daemon *d, struct str name)
{
	vec_for_each(host, &d->server.hosts) {
		if (str_eq(host->name, name))
			return host->name;
	}
	return arena_str(&d->names, name);
}

static struct str rule(void *arg, struct jid who, const char *name)
{
	struct daemon *d = arg;
	bool offline = strcmp(name, "max_user_offline_messages") == 0;

	return access_value(
		&d->config.access, jid_domain(who),
		offline ? config_setup(&d->config, jid_domain(who))->offline_rule
			: str_from(name),
		&(struct access_who){ .jid = who, .local = true });
}

static void use_hosts(struct daemon *d)
{
	__typeof__(d->server.hosts) hosts = { 0 };

	vec_for_each(name, &d->config.hosts) {
		struct vhost host = { lasting_name(d, *name),
			              config_setup(&d->config, *name) };
		vec_push(&hosts, host);
	}
	vec_fini(&d->server.hosts);
	d->server.hosts = hosts;
	d->server.general = &d->config.general;
	map_for_each(it, &d->worker.users) {
		struct user *u = it->value;
		u->setup = server_setup(&d->server, jid_domain(u->jid));
	}
}

static bool may(void *arg, enum permission what, struct str host, struct jid who,
                const char *address)
{
	const struct daemon *d = arg;
	struct str name = config_setup(&d->config, host)->permission_rules[what];
	struct sockaddr_storage ip;
	struct access_who asker = { .jid = who,
		                    .local = server_has_host(&d->server, jid_domain(who)),
		                    .ip = address ? &ip : NULL };

	if (address)
		door_read_address(address, &ip);
	if (what == MAY_CONFIGURE && str_is(name, "configure"))
		return access_is_admin(&d->config.access, host, &asker);
	return access_allows(&d->config.access, host, name, &asker);
}

void daemon_use_config(struct daemon *d)
{
	use_hosts(d);
	d->server.log.max = d->config.loglevel;
	d->crowd.address_max = d->config.max_connections_per_address;
	d->crowd.prefix_max = d->config.max_connections_per_prefix;
	d->crowd.registration_ms = d->config.registration_timeout_ms;
	d->quota.max = d->config.max_key_derivations_per_address;
	d->loop.handshakes.max = d->config.max_tls_handshakes;
	d->server.rule = rule;
	d->server.may = may;
	d->server.rule_arg = d;
	d->server.commands = commands;
	d->server.daemon = d;
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	notify_state("WATCHDOG=1");
}

/* The loop itself says that it runs. */
static void start_watchdog(struct daemon *d)
{
	uint64_t ms = notify_watchdog_ms();

	if (ms)
		uv_timer_start(&d->watchdog, on_watchdog, ms, ms);
}

static void set_server(struct daemon *d, const struct daemon_options *o)
{
	d->config_path = o->config_path;
	d->sink = o->sink;
	d->server.log = (struct logger){ .write = log_sink_write, .arg = o->sink };
	d->started_ms = loop_now_ms(&d->loop);
	d->worker.server = &d->server;
	d->worker.loop = &d->loop;
	d->worker.started_ms = d->started_ms;
	random_fill(&d->worker.users.seed, sizeof(d->worker.users.seed));
	d->worker.streams.seed = d->worker.users.seed;
	d->crowd.failures.seed = d->crowd.registrations.seed = d->worker.users.seed;
	d->crowd.addresses.counts.seed = d->worker.users.seed;
	d->crowd.prefixes.counts.seed = d->worker.users.seed;
	d->quota.used.counts.seed = d->worker.users.seed;
	daemon_use_config(d);
}

static void close_all(struct daemon *d);

static int open_all(struct daemon *d, struct buf *why)
{
	int r = log_sink_set(d->sink, d->config.log_dir, d->config.log_format, why);

	if (r == 0 && geteuid() == 0)
		log_line(&d->server.log, LOG_LEVEL_NOTICE, "started.as_root",
		         "herald runs as root and needs no right of root's");
	if (r == 0)
		r = need_folder(d, d->config.spool_dir, why);
	if (r == 0)
		r = need_folder(d, d->config.run_dir, why);
	if (r == 0 && d->config.sandbox)
		r = enter_sandbox(d, why);
	if (r == 0 && d->config.certfiles.n == 0)
		r = daemon_own_certificate(d, &d->config, why);
	if (r == 0)
		r = open_store(d, why);
	if (r == 0)
		r = open_accounts(d, why);
	if (r == 0)
		r = refresh_accounts(d, why);
	if (r == 0)
		restore_sessions(d);
	if (r == 0)
		r = open_control(d, why);
	return r == 0 ? open_doors(d, why) : r;
}

int daemon_start(struct daemon *d, struct config *config, const struct daemon_options *o,
                 struct buf *why)
{
	*d = (struct daemon){ .config = *config };
	*config = (struct config){ 0 };
	int r = loop_init(&d->loop);
	if (r < 0) {
		buf_fmt(why, "cannot make an event loop: %s", uv_strerror(r));
		config_fini(&d->config);
		return r;
	}
	set_server(d, o);
	watch_signals(d);
	r = open_all(d, why);
	certs_watch(d);
	if (r < 0)
		close_all(d);
	return r;
}

/* ---- stopping ----------------------------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	loop_stop(&d->loop);
}

static void close_handle(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* No new clients, and those that are there are told. */
static void close_doors(struct daemon *d)
{
	vec_for_each(door, &d->doors)
		vec_push(&d->retired, door_close(*door));
	d->doors.n = 0;
	vec_for_each(hall, &d->retired)
		hall_shutdown(*hall);
}

/* Says goodbye to everybody; the loop goes on until what was said is sent. */
void daemon_stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_line(&d->server.log, LOG_LEVEL_NOTICE, "stopping", "the server stops");
	notify_state("STOPPING=1\nSTATUS=Clients are told");
	close_doors(d);
	uv_timer_start(&d->deadline, on_deadline, STOP_MS, 0);
}

/* In the order of need: nobody talks any more, then what they wanted is stored. */
static void close_all(struct daemon *d)
{
	close_doors(d);
	control_close(d->control);
	uv_run(&d->loop.uv, UV_RUN_NOWAIT);
	worker_finish(&d->worker);
	store_close(d->server.store);
	pool_free(d->pool);
	inbox_run(&d->loop.inbox);
	inbox_run(&d->loop.inbox);
	uv_run(&d->loop.uv, UV_RUN_NOWAIT);
	certs_unwatch(d);
	close_handle(&d->sigterm);
	close_handle(&d->sigint);
	close_handle(&d->sighup);
	close_handle(&d->deadline);
	close_handle(&d->watchdog);
	for (const struct module *const *m = modules_all; *m; m++) {
		if ((*m)->on_stop)
			(*m)->on_stop(&d->worker);
	}
	worker_fini(&d->worker);
	loop_fini(&d->loop);
	vec_for_each(hall, &d->retired)
		hall_free(*hall);
	vec_fini(&d->retired);
	vec_fini(&d->doors);
	crowd_fini(&d->crowd);
	tally_fini(&d->quota.used);
	control_free(d->control);
	if (d->server.accounts)
		accounts_free(d->server.accounts);
	vec_fini(&d->server.hosts);
	arena_fini(&d->names);
	config_fini(&d->config);
}

void daemon_run(struct daemon *d)
{
	malloc_trim(0); /* what reading the accounts took */
	start_watchdog(d);
	notify_state("READY=1\nSTATUS=Clients are served");
	loop_run(&d->loop);
	daemon_stop(d);
	close_all(d);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "agree_table.h"

#include <arpa/inet.h>

enum { TIMEOUT_TOLERANCE_S = 2, STATUS_COMPARED = 0x3f };

static bool same_tuples(const struct row *a, const struct row *b)
{
	return memcmp(a->tuple, b->tuple, sizeof(a->tuple)) == 0;
}

static bool same_row(const struct row *a, const struct row *b)
{
	uint32_t away = a->timeout_s > b->timeout_s ? a->timeout_s - b->timeout_s
	                                            : b->timeout_s - a->timeout_s;

	return same_tuples(a, b) && away <= TIMEOUT_TOLERANCE_S && a->mark == b->mark &&
	       a->tcp_state == b->tcp_state &&
	       !((a->status ^ b->status) & STATUS_COMPARED);
}

static struct str row_text(struct arena *a, const struct row *r)
{
	auto_buf out = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		const struct track_tuple *t = &r->tuple[i];
		char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
		inet_ntop(t->family == 4 ? AF_INET : AF_INET6, t->src.b, src,
		          sizeof(src));
		inet_ntop(t->family == 4 ? AF_INET : AF_INET6, t->dst.b, dst,
		          sizeof(dst));
		buf_fmt(&out, "%u %s %u > %s %u zone %u, ", t->proto, src, t->src_port,
		        dst, t->dst_port, t->zone);
	}
	buf_fmt(&out, "status %x, mark %x, tcp %u, %u s", r->status & STATUS_COMPARED,
	        r->mark, r->tcp_state, r->timeout_s);
	return arena_str(a, buf_as_str(&out));
}

struct simulated_rows {
	struct rows rows;
	struct track *t;
};

static bool keep_row(struct track_entry *e, void *arg)
{
	struct simulated_rows *s = arg;
	struct row *r = vec_add(&s->rows.list);

	memcpy(r->tuple, e->tuple, sizeof(r->tuple));
	r->status = e->status;
	r->mark = e->mark;
	r->timeout_s = (uint32_t)(track_expires_ns(s->t, e) / 1000000000);
	r->tcp_state = e->tuple[0].proto == IPPROTO_TCP ? e->tcp.state : 0;
	return true;
}

static const struct row *find_row(const struct rows *rows, const struct row *like)
{
	vec_for_each(it, &rows->list)
		if (same_tuples(it, like))
			return it;
	return NULL;
}

void table_compare(struct kernel *k, struct track *t, struct arena *a,
                   const struct table_teller *teller)
{
	struct rows kernel = { .list = { 0 } };
	struct simulated_rows sim = { .t = t };

	kernel_rows(k, &kernel);
	track_each(t, keep_row, &sim);
	vec_for_each(it, &kernel.list) {
		const struct row *other = find_row(&sim.rows, it);
		if (!other || !same_row(it, other))
			teller->say(teller->ctx, row_text(a, it),
			            other ? row_text(a, other) : STR("none"));
	}
	vec_for_each(it, &sim.rows.list)
		if (!find_row(&kernel, it))
			teller->say(teller->ctx, STR("none"), row_text(a, it));
	vec_fini(&kernel.list);
	vec_fini(&sim.rows.list);
}

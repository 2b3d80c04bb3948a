/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Reassembly. */
#include "gate/engine/sim/defrag.h"

#include <linux/netfilter.h>
#include <string.h>

#include "base/be.h"
#include "base/oom.h"
#include "base/vec.h"
#include "gate/engine/sim/checksum.h"

#define NS_PER_S UINT64_C(1000000000)

/* net.ipv4.ipfrag_time, net.netfilter.nf_conntrack_frag6_timeout. More packets than these wait
 * nowhere: the oldest goes. */
enum { WAIT4_S = 30, WAIT6_S = 60, QUEUES_MAX = 256, PACKET_BYTES_MAX = 65535 };

struct piece {
	uint32_t off, n;
	uint8_t *bytes;
};

/* The fragments of one packet. */
struct queue {
	uint8_t key[40];
	uint64_t until_ns;
	VEC(struct piece) pieces; /* by offset */
	struct packet first;      /* the one with offset 0: its headers are the whole's */
	bool has_first, has_last;
	uint32_t largest; /* bytes of the largest fragment, from the network header on */
	uint32_t total;   /* bytes behind the headers, once the last has come */
};

struct defrag {
	VEC(struct queue *) queues;
};

struct defrag *defrag_new(void)
{
	return base_calloc(1, sizeof(struct defrag));
}

static void queue_free(struct queue *q)
{
	vec_for_each(it, &q->pieces)
		free(it->bytes);
	vec_fini(&q->pieces);
	packet_fini(&q->first);
	free(q);
}

void defrag_free(struct defrag *d)
{
	if (!d)
		return;
	vec_for_each(it, &d->queues)
		queue_free(*it);
	vec_fini(&d->queues);
	free(d);
}

static void remove_at(struct defrag *d, size_t i)
{
	queue_free(d->queues.p[i]);
	memmove(d->queues.p + i, d->queues.p + i + 1,
	        (d->queues.n - i - 1) * sizeof(*d->queues.p));
	d->queues.n--;
}

/* A fragment's place, and where its bytes begin. */
struct fragment {
	uint8_t key
		[DEFRAG_KEY_BYTES]; /* addresses, identification, protocol (IPv4), hook */
	uint32_t at, off, n;
	uint32_t
		header; /* IPv6: offset of the fragment header; before it, the one that names it */
	bool more;
};

/* IPv6: the fragment header, found as packet_decode found it. False: it has none. */
static bool find_header6(const struct packet *p, struct fragment *f)
{
	const uint8_t *b = packet_at(p, p->nh, 40);
	uint8_t next = b ? b[6] : IPPROTO_NONE;
	uint32_t at = p->nh + 40;

	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_DSTOPTS) {
		b = packet_at(p, at, 8);
		if (!b)
			return false;
		next = b[0];
		at += (b[1] + 1u) * 8;
	}
	b = next == IPPROTO_FRAGMENT ? packet_at(p, at, 8) : NULL;
	if (!b)
		return false;
	f->header = at;
	f->at = at + 8;
	f->off = (uint32_t)(b[2] << 8 | b[3]) & 0xfff8;
	f->more = b[3] & 1;
	memcpy(f->key + 32, b + 4, 4);
	return true;
}

static bool read_fragment(const struct packet *p, uint8_t where, struct fragment *f)
{
	const uint8_t *b = packet_at(p, p->nh, 20);

	*f = (struct fragment){ 0 };
	if (!b)
		return false;
	if (p->family == NFPROTO_IPV6) {
		memcpy(f->key, packet_at(p, p->nh + 8, 32), 32);
		if (!find_header6(p, f))
			return false;
	} else {
		memcpy(f->key, b + 12, 8);
		memcpy(f->key + 32, b + 4, 2);
		f->key[36] = b[9];
		f->at = p->nh + (b[0] & 15u) * 4;
		f->off = p->frag_off;
		f->more = b[6] & 0x20;
	}
	f->key[37] = p->family;
	f->key[38] = where;
	f->n = f->at <= p->end ? p->end - f->at : 0;
	return f->at <= p->end;
}

bool defrag_key(const struct packet *p, uint8_t key[DEFRAG_KEY_BYTES])
{
	struct fragment f;

	if (!p->is_fragment || !read_fragment(p, 0, &f))
		return false;
	memcpy(key, f.key, sizeof(f.key));
	return true;
}

static struct queue *queue_of(struct defrag *d, const struct fragment *f, uint64_t now_ns)
{
	bool ip6 = f->key[37] == NFPROTO_IPV6;

	for (size_t i = d->queues.n; i-- > 0;) {
		if (d->queues.p[i]->until_ns <= now_ns)
			remove_at(d, i);
	}
	vec_for_each(it, &d->queues)
		if (memcmp((*it)->key, f->key, sizeof(f->key)) == 0)
			return *it;
	if (d->queues.n == QUEUES_MAX)
		remove_at(d, 0);
	struct queue *q = base_calloc(1, sizeof(*q));
	memcpy(q->key, f->key, sizeof(q->key));
	q->until_ns = now_ns + (ip6 ? WAIT6_S : WAIT4_S) * NS_PER_S;
	vec_push(&d->queues, q);
	return q;
}

/* False: it overlaps, or says another end than the last did. *again: it is there already. */
static bool add_piece(struct queue *q, const struct fragment *f, const uint8_t *bytes,
                      bool *again)
{
	uint32_t end = f->off + f->n;
	size_t i = 0;

	if (f->more && f->n % 8)
		return false;
	if (!f->more && q->has_last && q->total != end)
		return false;
	while (i < q->pieces.n && q->pieces.p[i].off < f->off)
		i++;
	*again = i < q->pieces.n && q->pieces.p[i].off == f->off &&
	         q->pieces.p[i].n == f->n;
	if (*again)
		return true;
	if ((i > 0 && q->pieces.p[i - 1].off + q->pieces.p[i - 1].n > f->off) ||
	    (i < q->pieces.n && end > q->pieces.p[i].off) ||
	    (q->has_last && end > q->total))
		return false;
	struct piece piece = { f->off, f->n, base_realloc(NULL, f->n + 1, 1) };
	memcpy(piece.bytes, bytes, f->n);
	vec_push(&q->pieces, piece);
	memmove(q->pieces.p + i + 1, q->pieces.p + i,
	        (q->pieces.n - i - 1) * sizeof(piece));
	q->pieces.p[i] = piece;
	if (!f->more) {
		q->has_last = true;
		q->total = end;
	}
	return true;
}

static bool is_whole(const struct queue *q)
{
	uint32_t at = 0;

	vec_for_each(it, &q->pieces) {
		if (it->off != at)
			return false;
		at += it->n;
	}
	return q->has_first && q->has_last && at == q->total;
}

/* IPv6's fragment header goes: what named it names what it named. */
static void unlink_header(struct packet *p, const struct fragment *f)
{
	uint8_t *b = (uint8_t *)p->bytes.p;
	uint32_t names = p->nh + 6, at = p->nh + 40;

	while (at < f->header) {
		names = at;
		at += (b[at + 1] + 1u) * 8;
	}
	b[names] = b[f->header];
	memmove(b + f->header, b + f->header + 8, p->bytes.n - f->header - 8);
	p->bytes.n -= 8;
}

/* The first fragment's headers before all the pieces. */
static void join(struct queue *q, struct packet *p)
{
	struct fragment f;
	uint32_t mark = p->mark;
	enum packet_type type = p->type;

	packet_copy(p, &q->first);
	p->mark = mark;
	p->type = type;
	(void)!read_fragment(p, 0, &f);
	p->bytes.n = f.at;
	vec_for_each(it, &q->pieces)
		buf_put(&p->bytes, it->bytes, it->n);
	uint8_t *b = (uint8_t *)p->bytes.p + p->nh;
	if (p->family == NFPROTO_IPV6) {
		unlink_header(p, &f);
		put_be16(b + 4, (uint32_t)p->bytes.n - p->nh - 40);
	} else {
		put_be16(b + 2, (uint32_t)p->bytes.n - p->nh);
		put_be16(b + 6, 0);
		packet_checksum_ip(p);
	}
	packet_decode(p);
	/* Behind extension headers nobody cuts it here. */
	p->largest_piece =
		p->family != NFPROTO_IPV6 || f.header == p->nh + 40 ? q->largest : 0;
}

static void drop_queue(struct defrag *d, const struct queue *q)
{
	for (size_t i = 0; i < d->queues.n; i++) {
		if (d->queues.p[i] == q) {
			remove_at(d, i);
			return;
		}
	}
}

enum defrag_result defrag_take(struct defrag *d, struct packet *p, uint8_t where,
                               uint64_t now_ns)
{
	struct fragment f;
	bool again = false;

	if (!read_fragment(p, where, &f) || f.off + f.n > PACKET_BYTES_MAX)
		return DEFRAG_DROPS;
	struct queue *q = queue_of(d, &f, now_ns);
	if (!add_piece(q, &f, packet_at(p, f.at, f.n), &again)) {
		drop_queue(d, q);
		return DEFRAG_DROPS;
	}
	if (again)
		return DEFRAG_DROPS; /* a duplicate: the queue stays */
	if (f.off == 0) {
		packet_copy(&q->first, p);
		q->has_first = true;
	}
	if (packet_length(p) > q->largest)
		q->largest = packet_length(p);
	if (!is_whole(q))
		return DEFRAG_WAITS;
	join(q, p);
	drop_queue(d, q);
	return DEFRAG_WHOLE;
}

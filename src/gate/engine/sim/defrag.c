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
	uint32_t run; /* pieces that came one behind the other have the same */
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
	uint32_t largest_whole; /* of those that may not be cut: IPv4's DF */
	uint32_t least_header;  /* the shortest, of those behind the first */
	uint32_t
		length; /* bytes behind the headers, as far as one knows; all, with the last */
	uint32_t runs;
	uint8_t ecn; /* bit n: one came with these bits of RFC 3168 */
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
	uint32_t header; /* IPv6: offset of the fragment header */
	uint32_t names;  /* and of the byte that says so */
	uint8_t ecn;
	bool more, forbids; /* DF */
};

/* IPv6: the fragment header, found as packet_decode found it. False: it has none. */
static bool find_header6(const struct packet *p, struct fragment *f)
{
	const uint8_t *b = packet_at(p, p->nh, 40);
	uint8_t next = b ? b[6] : IPPROTO_NONE;
	uint32_t at = p->nh + 40;

	f->names = p->nh + 6;
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_DSTOPTS || next == IPPROTO_AH) {
		b = packet_at(p, at, 8);
		if (!b)
			return false;
		f->names = at;
		at += next == IPPROTO_AH ? (b[1] + 2u) * 4 : (b[1] + 1u) * 8;
		next = b[0];
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

static void read_fragment4(const struct packet *p, const uint8_t *b, struct fragment *f)
{
	memcpy(f->key, b + 12, 8);
	memcpy(f->key + 32, b + 4, 2);
	f->key[36] = b[9];
	f->at = p->nh + (b[0] & 15u) * 4;
	f->off = p->frag_off;
	f->more = b[6] & 0x20;
	f->forbids = b[6] & 0x40;
	f->ecn = b[1] & 3;
}

static bool read_fragment6(const struct packet *p, const uint8_t *b, struct fragment *f)
{
	memcpy(f->key, packet_at(p, p->nh + 8, 32), 32);
	f->ecn = b[1] >> 4 & 3;
	return find_header6(p, f);
}

static bool read_fragment(const struct packet *p, uint8_t where, struct fragment *f)
{
	const uint8_t *b = packet_at(p, p->nh, 20);

	*f = (struct fragment){ 0 };
	if (!b)
		return false;
	if (p->family == NFPROTO_IPV4)
		read_fragment4(p, b, f);
	else if (!packet_at(p, p->nh, 40) || !read_fragment6(p, b, f))
		return false;
	f->key[37] = p->family;
	f->key[38] = where;
	if (f->at > p->end)
		return false;
	f->n = p->end - f->at;
	if (f->more && p->family == NFPROTO_IPV4)
		f->n &= ~7u; /* what is too much goes: measured */
	return true;
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

/* Wrong: it says another end than others did, or has nothing in it. */
enum added { ADDED, ADD_AGAIN, ADD_WRONG, ADD_OVERLAPS };

/* What it says of the packet's end. False: that cannot be. */
static bool take_end(struct queue *q, const struct fragment *f)
{
	uint32_t end = f->off + f->n;

	if (!f->more ? end < q->length || (q->has_last && end != q->length)
	             : end > q->length && q->has_last)
		return false;
	if (end > q->length)
		q->length = end;
	q->has_last |= !f->more;
	return f->n > 0;
}

/* Whether all of it is there already, in pieces that came one behind the other. */
static bool is_there(const struct queue *q, const struct fragment *f, uint32_t run)
{
	uint32_t from = UINT32_MAX, to = 0;

	vec_for_each(it, &q->pieces) {
		if (it->run != run)
			continue;
		if (it->off < from)
			from = it->off;
		to = it->off + it->n;
	}
	return f->off >= from && f->off + f->n <= to;
}

static uint32_t run_of(struct queue *q, const struct fragment *f)
{
	const struct piece *last = q->pieces.n ? &q->pieces.p[q->pieces.n - 1] : NULL;

	return last && last->off + last->n == f->off ? last->run : q->runs++;
}

static enum added add_piece(struct queue *q, const struct fragment *f,
                            const uint8_t *bytes)
{
	size_t i = 0;

	if (!take_end(q, f))
		return ADD_WRONG;
	vec_for_each(it, &q->pieces)
		if (f->off < it->off + it->n && it->off < f->off + f->n)
			return is_there(q, f, it->run) ? ADD_AGAIN : ADD_OVERLAPS;
	while (i < q->pieces.n && q->pieces.p[i].off < f->off)
		i++;
	struct piece piece = { f->off, f->n, run_of(q, f),
		               base_realloc(NULL, f->n + 1, 1) };
	memcpy(piece.bytes, bytes, f->n);
	vec_push(&q->pieces, piece);
	memmove(q->pieces.p + i + 1, q->pieces.p + i,
	        (q->pieces.n - 1 - i) * sizeof(piece));
	q->pieces.p[i] = piece;
	return ADDED;
}

static bool is_whole(const struct queue *q)
{
	uint32_t at = 0;

	vec_for_each(it, &q->pieces) {
		if (it->off != at)
			return false;
		at += it->n;
	}
	return q->has_first && q->has_last && at == q->length;
}

/* IPv6's fragment header goes: what named it names what it named. */
static void unlink_header(struct packet *p, const struct fragment *f)
{
	uint8_t *b = (uint8_t *)p->bytes.p;

	b[f->names] = b[f->header];
	memmove(b + f->header, b + f->header + 8, p->bytes.n - f->header - 8);
	p->bytes.n -= 8;
}

/* RFC 3168 section 5.3. False: they do not go together, and the kernel drops all. */
static bool join_ecn(const struct queue *q, struct packet *p)
{
	enum { NOT_ECT = 1, ECT0 = 4, CE = 8 };
	uint8_t *b = (uint8_t *)p->bytes.p + p->nh;

	if (q->ecn & NOT_ECT && q->ecn & (ECT0 | CE))
		return false;
	if (q->ecn & CE)
		b[1] |= p->family == NFPROTO_IPV6 ? 3 << 4 : 3;
	return true;
}

static void keep_parts(const struct queue *q, struct packet *p, uint32_t header)
{
	p->largest_piece = q->largest;
	p->least_header = q->least_header;
	p->may_be_cut = true;
	p->pieces_forbid = false;
	p->parts.n = 0;
	vec_for_each(it, &q->pieces)
		vec_push(&p->parts, it->n + (it->off ? 0 : header));
}

/* The first fragment's headers before all the pieces. */
static bool join(struct queue *q, struct packet *p)
{
	enum { DF = 0x4000 };
	struct fragment f;
	uint32_t mark = p->mark;
	enum packet_type type = p->type;

	packet_copy(p, &q->first);
	p->mark = mark;
	p->type = type;
	if (!read_fragment(p, 0, &f) || !join_ecn(q, p))
		return false;
	p->bytes.n = f.at;
	vec_for_each(it, &q->pieces)
		buf_put(&p->bytes, it->bytes, it->n);
	uint8_t *b = (uint8_t *)p->bytes.p + p->nh;
	if (p->family == NFPROTO_IPV6) {
		unlink_header(p, &f);
		keep_parts(q, p, f.at - p->nh - 8);
		put_be16(b + 4, (uint32_t)p->bytes.n - p->nh - 40);
	} else {
		keep_parts(q, p, f.at - p->nh);
		p->pieces_forbid = q->largest_whole == q->largest;
		put_be16(b + 2, (uint32_t)p->bytes.n - p->nh);
		put_be16(b + 6, p->pieces_forbid ? DF : 0);
		packet_checksum_ip(p);
	}
	packet_decode(p);
	return true;
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

/* RFC 8200 section 4.5: all headers stand in the first fragment. */
static bool lacks_header(const struct packet *p)
{
	uint32_t wants = p->l4 == IPPROTO_TCP      ? 20
	                 : p->l4 == IPPROTO_UDP    ? 8
	                 : p->l4 == IPPROTO_ICMPV6 ? 8
	                                           : 1;

	return !p->frag_off && p->has_l4 && packet_l4_length(p) < wants;
}

/* IPv6: what the kernel lets pass as the fragment it is. */
static bool is_let_be(const struct packet *p)
{
	const uint8_t *b = packet_at(p, p->nh, 40);

	return p->family == NFPROTO_IPV6 && (!b || (!b[4] && !b[5]) || lacks_header(p));
}

static void note_piece(struct queue *q, const struct packet *p, const struct fragment *f)
{
	bool ip6 = p->family == NFPROTO_IPV6;
	uint32_t header = f->at - p->nh - (ip6 ? 8 : 0);
	uint32_t length = f->at - p->nh + f->n;

	q->ecn |= (uint8_t)(1 << f->ecn);
	if (length > q->largest)
		q->largest = length;
	if (f->forbids && length > q->largest_whole)
		q->largest_whole = length;
	if (f->off && (!q->least_header || header < q->least_header))
		q->least_header = header;
	if (f->off == 0) {
		packet_copy(&q->first, p);
		q->has_first = true;
	}
}

enum defrag_result defrag_take(struct defrag *d, struct packet *p, uint8_t where,
                               uint64_t now_ns)
{
	bool ip6 = p->family == NFPROTO_IPV6;
	struct fragment f;

	if (is_let_be(p))
		return DEFRAG_PASSES;
	if (!read_fragment(p, where, &f))
		return ip6 ? DEFRAG_PASSES : DEFRAG_DROPS;
	if (f.off + f.n > PACKET_BYTES_MAX)
		return DEFRAG_DROPS;
	struct queue *q = queue_of(d, &f, now_ns);
	if (ip6 && f.more && f.n % 8) {
		drop_queue(d, q);
		return DEFRAG_PASSES;
	}
	enum added how = add_piece(q, &f, packet_at(p, f.at, f.n));
	if (how == ADD_OVERLAPS || (how == ADD_WRONG && !ip6))
		drop_queue(d, q);
	if (how != ADDED)
		return DEFRAG_DROPS;
	note_piece(q, p, &f);
	if (!is_whole(q))
		return DEFRAG_WAITS;
	bool joined = join(q, p);
	drop_queue(d, q);
	return joined ? DEFRAG_WHOLE : DEFRAG_DROPS;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Sends a batch and reads what came of it.
 *
 * Only the last message asks for an acknowledgement. The kernel works the whole batch off
 * inside the send, also behind a failure, and then reports: an error for each message that
 * failed, and the last one's acknowledgement. What concerns the batch as a whole is reported
 * against the batch's begin. Success is that acknowledgement and no error.
 */
#include <errno.h>

#include "gate/engine/kernel/message.h"
#include "gate/engine/kernel/nf_compat.h"
#include "gate/engine/kernel/tx.h"

enum {
	ANSWER_BYTES =
		1024, /* what an error takes in the receive buffer, with overhead */
	ANSWERS_BYTES = 1 << 20, /* at least, in all … */
	ANSWERS_BYTES_MAX = 256 << 20,
};

#define LOST \
	"the kernel's answer did not fit into the socket's receive buffer (net.core.rmem_max)"

struct outcome {
	struct tx *tx;
	struct arena *a;
	const struct dump_ops *echo;
	void *ctx;
	bool acknowledged, check;
	int whole; /* an error of the batch as a whole */
	int echo_result;
	VEC(struct tx_error) errors;
};

static struct tx_error *add_error(struct outcome *o, uint32_t tag, int err)
{
	vec_push(&o->errors, (struct tx_error){ .tag = tag, .err = -err });
	return &o->errors.p[o->errors.n - 1];
}

/* Where message `number` of the batch starts: by walking, since errors are few. */
static const uint8_t *find_message(const struct tx *tx, size_t number, size_t *n)
{
	size_t at = 0;
	struct nlmsghdr h;

	for (size_t i = 0;; i++) {
		memcpy(&h, tx->w.buf.p + at, sizeof(h));
		if (i == number + 1) /* the first is the batch's begin */
			break;
		at += h.nlmsg_len;
	}
	*n = h.nlmsg_len;
	return (const uint8_t *)tx->w.buf.p + at;
}

static void on_error(struct outcome *o, const struct ack *ack)
{
	struct tx *tx = o->tx;
	uint32_t number = ack->seq - tx->first_seq - 1;
	struct tx_error *e;
	uint32_t tag, first;
	const uint8_t *msg;
	size_t n;

	if (number >= tx->n_messages) { /* the batch's begin, or none of ours */
		if (ack->seq == tx->first_seq && ack->err)
			o->whole = ack->err;
		return;
	}
	if (!ack->err) {
		o->acknowledged = o->acknowledged || number == tx->n_messages - 1;
		return;
	}
	tx_find(tx, number, &tag, &first);
	e = add_error(o, tag, ack->err);
	e->text = arena_str(o->a, ack->text);
	if (ack->has_off) {
		msg = find_message(tx, number, &n);
		tx_locate(msg, n, ack->off, first, o->a, e);
	}
}

/* The kernel sends a notification with the flags of the request. */
static enum tx_op how_added(const struct nlmsghdr *h)
{
	if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWRULE)
		return h->nlmsg_flags & NLM_F_EXCL ? TX_CREATE : TX_ADD;
	return h->nlmsg_flags & NLM_F_APPEND ? TX_ADD : TX_INSERT;
}

static int on_answer(const struct nlmsghdr *h, void *ctx)
{
	struct outcome *o = ctx;
	struct ack ack;
	int r;

	if (h->nlmsg_type == NLMSG_ERROR) {
		ack_read(h, &ack);
		on_error(o, &ack);
	} else if (h->nlmsg_type >= NLMSG_MIN_TYPE && o->echo && o->echo_result == 0) {
		arena_reset(&o->tx->k->arena);
		if (o->echo->how)
			o->echo->how(o->ctx, how_added(h));
		r = message_get(cursor_of(h, h->nlmsg_len), NULL, &o->tx->k->arena,
		                o->echo, o->ctx);
		if (r < 0)
			o->echo_result = r;
	}
	return 0;
}

/* Asks for the notifications of every message. */
static void ask_echo(struct tx *tx)
{
	size_t at = 0;
	struct nlmsghdr h;

	for (size_t i = 0; i <= tx->n_messages; i++) {
		memcpy(&h, tx->w.buf.p + at, sizeof(h));
		if (i) {
			h.nlmsg_flags |= NLM_F_ECHO;
			memcpy(tx->w.buf.p + at, &h, sizeof(h));
		}
		at += h.nlmsg_len;
	}
}

/* A batch without its end is checked as a whole and then thrown away by the kernel. */
static void finish_batch(struct tx *tx, bool check)
{
	uint32_t seq = tx->first_seq + (uint32_t)tx->n_messages + 1;
	struct nlmsghdr h;
	size_t end;

	memcpy(&h, tx->w.buf.p + tx->last, sizeof(h));
	h.nlmsg_flags |= NLM_F_ACK;
	memcpy(tx->w.buf.p + tx->last, &h, sizeof(h));
	if (!check) {
		end = wire_message(&tx->w, NFNL_MSG_BATCH_END, NLM_F_REQUEST, seq, 0,
		                   NFNL_SUBSYS_NFTABLES);
		wire_message_end(&tx->w, end);
	}
	if ((int32_t)(seq - tx->k->seq) > 0)
		tx->k->seq = seq;
}

static size_t answer_bytes(const struct tx *tx, bool echo)
{
	size_t n = ANSWERS_BYTES + tx->n_messages * ANSWER_BYTES;

	if (echo)
		n += tx->w.buf.n * 4;
	return n < ANSWERS_BYTES_MAX ? n : ANSWERS_BYTES_MAX;
}

/* The socket's limit in words, with what to raise. */
static void explain_limit(struct outcome *o)
{
	size_t n = o->tx->w.buf.n;

	add_error(o, 0, -EMSGSIZE)->text = arena_fmt(
		o->a,
		"the transaction takes %zu bytes in one send, more than this socket may send: "
		"raise net.core.wmem_max to %zu in the initial network namespace",
		n, n / 2 + 1);
}

static int send_batch(struct outcome *o)
{
	struct tx *tx = o->tx;
	int r;

	finish_batch(tx, o->check);
	if (o->echo)
		ask_echo(tx);
	kernel_expect(tx->k, answer_bytes(tx, o->echo));
	r = kernel_send(tx->k, tx->w.buf.p, tx->w.buf.n);
	if (r == -EMSGSIZE)
		explain_limit(o);
	if (r < 0)
		return r;
	return kernel_collect(tx->k, on_answer, o);
}

/* What the answers come to. `r`: what sending and collecting said. */
static int judge(struct outcome *o, int r)
{
	if (o->whole == -ERESTART)
		return -ERESTART;
	if (o->whole)
		add_error(o, 0, o->whole);
	if (r < 0 && !o->errors.n && !o->acknowledged)
		add_error(o, 0, r)->text = r == -ENOBUFS ? STR(LOST) : STR("");
	if (!o->errors.n && !o->acknowledged) {
		r = -EIO;
		add_error(o, 0, r)->text = STR("the kernel did not answer");
	}
	if (o->errors.n)
		return r < 0 && r != -ENOBUFS ? r : -o->errors.p[0].err;
	return o->echo_result;
}

int kernel_tx_commit(struct tx *tx, bool check, struct arena *a, struct tx_error **errors,
                     size_t *n_errors, const struct dump_ops *echo, void *ctx)
{
	struct outcome o = { .tx = tx, .a = a, .echo = echo, .ctx = ctx, .check = check };
	int r = 0;

	if (tx->failed) {
		r = tx->w.err;
		add_error(&o, tx->failed_tag, r)->text =
			STR("too long for netlink: 65535 bytes a list");
	} else if (tx->n_messages) {
		r = judge(&o, send_batch(&o));
	}
	if (o.errors.n) {
		*errors = arena_copy(a, o.errors.p, o.errors.n * sizeof(*o.errors.p));
		*n_errors = o.errors.n;
	}
	vec_fini(&o.errors);
	kernel_tx_abort(tx);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* TCP: every cell of the table of states, the timeouts, windows, and what stands around them. */
#include "track_unit.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };
enum { PORT = 1000, WEB = 80, ISS = 5000 /* the client's first number */, IRS = 9000 };

/* Both ends' next numbers. */
struct talk {
	struct track *t;
	uint32_t next[2]; /* [enum track_dir] */
	struct track_packet last;
};

static struct talk talk_new(void)
{
	return (struct talk){ .t = track_new(1), .next = { ISS, IRS } };
}

/* The next segment of a direction. */
static struct walked say(struct talk *k, enum track_dir dir, uint8_t flags,
                         uint32_t payload)
{
	struct track_packet p = packet(IPPROTO_TCP, dir == TRACK_ORIGINAL, PORT, WEB);

	p.tcp = (struct track_tcp){ .seq = k->next[dir],
		                    .ack = flags & ACK ? k->next[!dir] : 0,
		                    .window = 1000,
		                    .flags = flags,
		                    .payload = payload };
	k->next[dir] += payload + !!(flags & SYN) + !!(flags & FIN);
	k->last = p;
	return walk(k->t, p);
}

/* A segment with numbers of its own. */
static struct walked say_at(struct talk *k, enum track_dir dir, uint8_t flags,
                            uint32_t seq, uint32_t ack, uint32_t payload)
{
	struct track_packet p = packet(IPPROTO_TCP, dir == TRACK_ORIGINAL, PORT, WEB);

	p.tcp = (struct track_tcp){
		.seq = seq, .ack = ack, .window = 1000, .flags = flags, .payload = payload
	};
	k->last = p;
	return walk(k->t, p);
}

static enum track_tcp_state tcp_state(struct talk *k)
{
	const struct track_entry *e =
		entry_of(k->t, packet(IPPROTO_TCP, true, PORT, WEB));

	return e ? e->tcp.state : TRACK_TCP_NONE;
}

/* ---- the table ---------------------------------------------------------------------------- */

struct step {
	char dir; /* 'o' original, 'r' reply */
	uint8_t flags;
};

/* How each state is reached. */
static const struct {
	const char *name;
	struct step steps[8];
} states[] = {
	{ "NO", { { 0 } } },
	{ "SS", { { 'o', SYN } } },
	{ "SR", { { 'o', SYN }, { 'r', SYN | ACK } } },
	{ "ES", { { 'o', SYN }, { 'r', SYN | ACK }, { 'o', ACK } } },
	{ "FW", { { 'o', SYN }, { 'r', SYN | ACK }, { 'o', ACK }, { 'o', FIN | ACK } } },
	{ "CW",
	  { { 'o', SYN },
	    { 'r', SYN | ACK },
	    { 'o', ACK },
	    { 'o', FIN | ACK },
	    { 'r', ACK } } },
	{ "LA",
	  { { 'o', SYN },
	    { 'r', SYN | ACK },
	    { 'o', ACK },
	    { 'o', FIN | ACK },
	    { 'r', ACK },
	    { 'r', FIN | ACK } } },
	{ "TW",
	  { { 'o', SYN },
	    { 'r', SYN | ACK },
	    { 'o', ACK },
	    { 'o', FIN | ACK },
	    { 'r', ACK },
	    { 'r', FIN | ACK },
	    { 'o', ACK } } },
	{ "CL", { { 'o', SYN }, { 'r', SYN | ACK }, { 'o', ACK }, { 'o', RST } } },
	{ "S2", { { 'o', SYN }, { 'r', SYN } } },
};

/* The table as it is written down in the notes on the kernel's behaviour; columns as above.
 * "-": not possible, the reply direction has no first packet. */
static const struct {
	uint8_t flags;
	char dir;
	const char *to[10];
} table[] = {
	{ SYN, 'o', { "SS", "SS", "IG", "IG", "IG", "IG", "IG", "SS", "SS", "S2" } },
	{ SYN, 'r', { "-", "S2", "IV", "IV", "IV", "IV", "IV", "SS", "IV", "S2" } },
	{ SYN | ACK,
	  'o',
	  { "IV", "IV", "SR", "IV", "IV", "IV", "IV", "IV", "IV", "SR" } },
	{ SYN | ACK, 'r', { "-", "SR", "IG", "IG", "IG", "IG", "IG", "IG", "IG", "SR" } },
	{ FIN | ACK,
	  'o',
	  { "IV", "IV", "FW", "FW", "LA", "LA", "LA", "TW", "CL", "IV" } },
	{ FIN | ACK, 'r', { "-", "IV", "FW", "FW", "LA", "LA", "LA", "TW", "CL", "IV" } },
	{ ACK, 'o', { "ES", "IV", "ES", "ES", "CW", "CW", "TW", "TW", "CL", "IV" } },
	{ ACK, 'r', { "-", "IG", "SR", "ES", "CW", "CW", "TW", "TW", "CL", "IG" } },
	{ RST, 'o', { "IV", "CL", "CL", "CL", "CL", "CL", "CL", "CL", "CL", "CL" } },
	{ RST, 'r', { "-", "CL", "CL", "CL", "CL", "CL", "CL", "CL", "CL", "CL" } },
};

static const char *state_name(enum track_tcp_state s)
{
	return states[s].name;
}

static void reach(struct talk *k, size_t state)
{
	for (const struct step *s = states[state].steps; s->dir; s++)
		assert_int_not_equal(
			say(k, s->dir == 'o' ? TRACK_ORIGINAL : TRACK_REPLY, s->flags, 0)
				.state,
			TRACK_INVALID);
	assert_string_equal(state_name(tcp_state(k)), states[state].name);
}

/* What the table means to an observer: "IV" an invalid packet, "IG" the state stays. A reset of
 * what was never answered deletes the entry; a SYN over an ended one, also of the server, begins
 * a new one. */
static void expect_cell(struct talk *k, size_t state, struct step step, const char *to)
{
	struct walked w =
		say(k, step.dir == 'o' ? TRACK_ORIGINAL : TRACK_REPLY, step.flags, 0);
	bool unanswered = state == TRACK_TCP_SYN_SENT;

	if (strcmp(to, "IV") == 0) {
		assert_int_equal(w.state, TRACK_INVALID);
		assert_string_equal(state_name(tcp_state(k)), states[state].name);
		return;
	}
	assert_int_not_equal(w.state, TRACK_INVALID);
	if (strcmp(to, "SS") == 0)
		assert_int_equal(w.state, TRACK_NEW);
	if (strcmp(to, "IG") == 0)
		to = states[state].name;
	if (strcmp(to, "CL") == 0 && unanswered)
		to = "NO";
	assert_string_equal(state_name(tcp_state(k)), to);
}

static void every_cell_of_the_table(void **state)
{
	(void)state;
	for (size_t row = 0; row < ARRAY_LEN(table); row++) {
		for (size_t from = 0; from < ARRAY_LEN(states); from++) {
			struct talk k = talk_new();
			const char *to = table[row].to[from];
			struct step step = { table[row].dir, table[row].flags };

			if (to[0] == '-') {
				track_free(k.t);
				continue;
			}
			reach(&k, from);
			expect_cell(&k, from, step, to);
			track_free(k.t);
		}
	}
}

static void flags_that_no_segment_has_are_invalid(void **state)
{
	static const uint8_t good[] = {
		SYN,       SYN | URG,       RST /* of what is there */,
		ACK,       ACK | URG,       FIN | ACK,
		RST | ACK, FIN | ACK | URG, SYN | ACK
	};
	static const uint8_t with[] = { 0, PSH, ECE, CWR, PSH | ECE | CWR };

	(void)state;
	for (unsigned flags = 0; flags < 64; flags++) {
		bool exists = false;
		if (flags & PSH)
			continue;
		for (size_t i = 0; i < sizeof(good); i++)
			exists |= good[i] == flags;
		for (size_t i = 0; i < sizeof(with); i++) {
			struct talk k = talk_new();
			struct walked w =
				say(&k, TRACK_ORIGINAL, (uint8_t)(flags | with[i]), 0);
			assert_int_equal(w.why == TRACK_WHY_TCP_FLAGS, !exists);
			track_free(k.t);
		}
	}
}

/* ---- beginnings and ends ------------------------------------------------------------------ */

static void a_connection_is_new_until_it_is_answered(void **state)
{
	struct talk k = talk_new();

	(void)state;
	assert_int_equal(say(&k, TRACK_ORIGINAL, SYN, 0).state, TRACK_NEW);
	k.next[0]--;
	assert_int_equal(say(&k, TRACK_ORIGINAL, SYN, 0).state, TRACK_NEW);
	assert_int_equal(say(&k, TRACK_REPLY, SYN | ACK, 0).state, TRACK_ESTABLISHED);
	assert_false(say(&k, TRACK_REPLY, SYN | ACK, 0).status & TRACK_S_ASSURED);
	k.next[1]--;
	assert_true(say(&k, TRACK_ORIGINAL, ACK, 0).status & TRACK_S_ASSURED);
	track_free(k.t);
}

static void a_repeated_syn_does_not_renew_the_timeout(void **state)
{
	struct talk k = talk_new();

	(void)state;
	say(&k, TRACK_ORIGINAL, SYN, 0);
	assert_int_equal(left(k.t, k.last), 120);
	track_at(k.t, S(50));
	k.next[0]--;
	say(&k, TRACK_ORIGINAL, SYN, 0);
	assert_int_equal(left(k.t, k.last), 70);
	track_at(k.t, S(120));
	assert_null(entry_of(k.t, k.last));
	track_free(k.t);
}

static void each_state_has_its_timeout(void **state)
{
	static const long seconds[] = { -1, 120, 60, 432000, 120, 60, 30, 120, 10, 120 };

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(states); i++) {
		struct talk k = talk_new();
		reach(&k, i);
		/* A FIN that is not acknowledged is data that is not. */
		assert_int_equal(left(k.t, packet(IPPROTO_TCP, true, PORT, WEB)),
		                 seconds[i]);
		track_free(k.t);
	}
}

static void what_is_picked_up_gets_five_minutes(void **state)
{
	struct talk k = talk_new();
	struct walked w;

	(void)state;
	w = say(&k, TRACK_ORIGINAL, ACK, 10);
	assert_int_equal(w.state, TRACK_NEW);
	assert_int_equal(left(k.t, k.last), 300);
	w = say(&k, TRACK_REPLY, ACK, 0);
	assert_int_equal(w.state, TRACK_ESTABLISHED);
	assert_false(w.status & TRACK_S_ASSURED);
	assert_true(say(&k, TRACK_ORIGINAL, ACK, 10).status & TRACK_S_ASSURED);
	/* Nothing is known of its windows. */
	w = say_at(&k, TRACK_ORIGINAL, ACK, 123456789, 987654321, 10);
	assert_int_equal(w.state, TRACK_ESTABLISHED);
	track_free(k.t);
}

static void nothing_is_picked_up_when_not_loose(void **state)
{
	struct talk k = talk_new();
	struct walked w;

	(void)state;
	assert_int_equal(track_sysctl_set(k.t, STR("nf_conntrack_tcp_loose"), 0), 0);
	w = say(&k, TRACK_ORIGINAL, ACK, 10);
	assert_int_equal(w.state, TRACK_INVALID);
	assert_int_equal(w.why, TRACK_WHY_TCP_NOT_LOOSE);
	assert_int_equal(track_count(k.t), 0);
	track_free(k.t);
}

static void a_reset_of_an_unanswered_syn_deletes_the_entry(void **state)
{
	struct talk k = talk_new();

	(void)state;
	say(&k, TRACK_ORIGINAL, SYN, 0);
	assert_int_equal(track_count(k.t), 1);
	assert_int_equal(say_at(&k, TRACK_REPLY, RST | ACK, 0, ISS + 1, 0).state,
	                 TRACK_ESTABLISHED);
	assert_int_equal(track_count(k.t), 0);
	track_free(k.t);
}

static void a_challenge_ack_does_not_end_last_ack(void **state)
{
	struct talk k = talk_new();

	(void)state;
	reach(&k, TRACK_TCP_LAST_ACK);
	say_at(&k, TRACK_ORIGINAL, SYN, 77777, 0, 0);
	assert_int_equal(say(&k, TRACK_REPLY, ACK, 0).why, TRACK_WHY_TCP_IGNORED);
	assert_int_equal(tcp_state(&k), TRACK_TCP_LAST_ACK);
	assert_int_equal(say(&k, TRACK_REPLY, ACK, 0).why, TRACK_WHY_NONE);
	assert_int_equal(tcp_state(&k), TRACK_TCP_TIME_WAIT);
	track_free(k.t);
}

static void an_ignored_syn_that_is_answered_begins_the_connection_anew(void **state)
{
	struct talk k = talk_new();

	(void)state;
	reach(&k, TRACK_TCP_ESTABLISHED);
	assert_int_equal(say_at(&k, TRACK_ORIGINAL, SYN, 700000, 0, 0).why,
	                 TRACK_WHY_TCP_IGNORED);
	assert_int_equal(tcp_state(&k), TRACK_TCP_ESTABLISHED);
	assert_int_equal(say_at(&k, TRACK_REPLY, SYN | ACK, 800000, 700001, 0).state,
	                 TRACK_ESTABLISHED);
	assert_int_equal(tcp_state(&k), TRACK_TCP_SYN_RECV);
	assert_int_equal(say_at(&k, TRACK_ORIGINAL, ACK, 700001, 800001, 0).state,
	                 TRACK_ESTABLISHED);
	assert_int_equal(tcp_state(&k), TRACK_TCP_ESTABLISHED);
	track_free(k.t);
}

static void simultaneous_open(void **state)
{
	struct talk k = talk_new();

	(void)state;
	say(&k, TRACK_ORIGINAL, SYN, 0);
	say(&k, TRACK_REPLY, SYN, 0);
	assert_int_equal(tcp_state(&k), TRACK_TCP_SYN_SENT2);
	k.next[0]--;
	say(&k, TRACK_ORIGINAL, SYN | ACK, 0);
	assert_int_equal(tcp_state(&k), TRACK_TCP_SYN_RECV);
	say(&k, TRACK_REPLY, ACK, 0);
	assert_int_equal(tcp_state(&k), TRACK_TCP_ESTABLISHED);
	track_free(k.t);
}

static void resets_must_be_exact_once_established(void **state)
{
	static const struct {
		uint32_t off; /* from what the server acknowledged */
		enum track_state state;
		enum track_tcp_state tcp;
	} rows[] = {
		{ 0, TRACK_ESTABLISHED, TRACK_TCP_CLOSE },
		{ 5, TRACK_ESTABLISHED, TRACK_TCP_ESTABLISHED },
		{ (uint32_t)-1, TRACK_INVALID, TRACK_TCP_ESTABLISHED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct talk k = talk_new();
		reach(&k, TRACK_TCP_ESTABLISHED);
		say(&k, TRACK_ORIGINAL, ACK, 10);
		say(&k, TRACK_REPLY, ACK, 0);
		assert_int_equal(
			say_at(&k, TRACK_ORIGINAL, RST, k.next[0] + rows[i].off, 0, 0)
				.state,
			rows[i].state);
		assert_int_equal(tcp_state(&k), rows[i].tcp);
		track_free(k.t);
	}
}

/* ---- windows ------------------------------------------------------------------------------ */

enum { BASE_C = ISS + 1, BASE_S = IRS + 1, WINDOW = 1000 };

static void segments_beside_the_window(void **state)
{
	/* Offsets of an original segment from what is due. */
	static const struct {
		uint32_t seq, ack, payload;
		enum track_state state;
		enum track_reason why;
	} rows[] = {
		{ 0, 0, 10, TRACK_ESTABLISHED, TRACK_WHY_NONE },
		{ WINDOW, 0, 0, TRACK_ESTABLISHED, TRACK_WHY_NONE },
		/* One window too far: passes, and is remembered. */
		{ WINDOW + 1, 0, 0, TRACK_ESTABLISHED, TRACK_WHY_TCP_IGNORED },
		{ 2 * WINDOW + 1, 0, 0, TRACK_INVALID, TRACK_WHY_TCP_WINDOW },
		/* Data that nobody sent is acknowledged. */
		{ 0, 1, 0, TRACK_INVALID, TRACK_WHY_TCP_WINDOW },
		/* Old data. */
		{ (uint32_t)-WINDOW, 0, 0, TRACK_ESTABLISHED, TRACK_WHY_NONE },
		{ (uint32_t)-WINDOW - 1, 0, 0, TRACK_ESTABLISHED, TRACK_WHY_TCP_IGNORED },
		/* An old acknowledgement. */
		{ 0, (uint32_t)-66000, 0, TRACK_ESTABLISHED, TRACK_WHY_NONE },
		{ 0, (uint32_t)-66001, 0, TRACK_ESTABLISHED, TRACK_WHY_TCP_IGNORED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct talk k = talk_new();
		struct walked w;
		reach(&k, TRACK_TCP_ESTABLISHED);
		w = say_at(&k, TRACK_ORIGINAL, ACK, BASE_C + rows[i].seq,
		           BASE_S + rows[i].ack, rows[i].payload);
		assert_int_equal(w.state, rows[i].state);
		assert_int_equal(w.why, rows[i].why);
		track_free(k.t);
	}
}

static void be_liberal_lets_all_pass(void **state)
{
	struct talk k = talk_new();

	(void)state;
	reach(&k, TRACK_TCP_ESTABLISHED);
	assert_int_equal(track_sysctl_set(k.t, STR("nf_conntrack_tcp_be_liberal"), 1), 0);
	assert_int_equal(
		say_at(&k, TRACK_ORIGINAL, ACK, 0x70000000, 0x70000000, 10).state,
		TRACK_ESTABLISHED);
	track_free(k.t);
}

/* Opens with window scales; -1 for none. */
static void open_scaled(struct talk *k, int client_scale, int server_scale)
{
	static const uint8_t flags[] = { SYN, SYN | ACK, ACK };

	for (unsigned i = 0; i < 3; i++) {
		enum track_dir dir = i == 1 ? TRACK_REPLY : TRACK_ORIGINAL;
		int scale = i == 0 ? client_scale : i == 1 ? server_scale : -1;
		struct track_packet p =
			packet(IPPROTO_TCP, dir == TRACK_ORIGINAL, PORT, WEB);
		p.tcp = (struct track_tcp){ .seq = k->next[dir],
			                    .ack = i ? k->next[!dir] : 0,
			                    .window = WINDOW,
			                    .flags = flags[i],
			                    .has_window_scale = scale >= 0,
			                    .window_scale = (uint8_t)scale };
		k->next[dir] += !!(flags[i] & SYN);
		walk(k->t, p);
	}
}

static void a_window_is_scaled_when_both_say_so(void **state)
{
	static const struct {
		int client, server;
		uint32_t reach; /* how far the server may send after the client's ACK */
	} rows[] = {
		{ -1, -1, WINDOW },    { 3, -1, WINDOW },       { -1, 3, WINDOW },
		{ 3, 0, WINDOW << 3 }, { 15, 0, WINDOW << 14 }, /* 14 at most */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct talk k = talk_new();
		struct walked w;
		open_scaled(&k, rows[i].client, rows[i].server);
		w = say_at(&k, TRACK_REPLY, ACK, BASE_S + rows[i].reach, BASE_C, 0);
		assert_int_equal(w.why, TRACK_WHY_NONE);
		w = say_at(&k, TRACK_REPLY, ACK, BASE_S + rows[i].reach + 1, BASE_C, 0);
		assert_int_equal(w.why, TRACK_WHY_TCP_IGNORED);
		track_free(k.t);
	}
}

static void data_that_is_not_acknowledged_shortens_the_timeout(void **state)
{
	struct talk k = talk_new();

	(void)state;
	reach(&k, TRACK_TCP_ESTABLISHED);
	say(&k, TRACK_ORIGINAL, ACK, 10);
	assert_int_equal(left(k.t, k.last), 300);
	say(&k, TRACK_REPLY, ACK, 0);
	assert_int_equal(left(k.t, k.last), 432000);
	track_free(k.t);
}

static void retransmissions_shorten_the_timeout(void **state)
{
	struct talk k = talk_new();

	(void)state;
	reach(&k, TRACK_TCP_ESTABLISHED);
	assert_int_equal(
		track_sysctl_set(k.t, STR("nf_conntrack_tcp_timeout_max_retrans"), 7), 0);
	say(&k, TRACK_ORIGINAL, ACK, 10);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(left(k.t, k.last), 300);
		walk(k.t, k.last);
	}
	assert_int_equal(left(k.t, k.last), 7);
	track_free(k.t);
}

static void a_policy_of_timeouts_goes_before_the_sysctls(void **state)
{
	static const struct track_timeout_policy policy = {
		.proto = IPPROTO_TCP, .seconds = { [TRACK_TCP_SYN_SENT] = 3 }
	};
	struct track *t = track_new(1);
	struct track_packet p = packet(IPPROTO_TCP, true, PORT, WEB);
	struct track_ref ref = { 0 };
	struct track_rewrite rewrite = { 0 };

	(void)state;
	p.tcp.flags = SYN;
	assert_int_equal(track_in(t, &p, TRACK_HOOK_PREROUTING, &ref), TRACK_ACCEPT);
	track_timeout_set(&ref, &policy);
	assert_int_equal(track_confirm(t, &p, &ref, &rewrite), TRACK_ACCEPT);
	/* It acts from the next packet on. */
	p = packet(IPPROTO_TCP, false, PORT, WEB);
	p.tcp = (struct track_tcp){ .flags = SYN, .window = 10 };
	track_release(t, &ref);
	walk(t, p);
	assert_int_equal(left(t, p), 120);
	track_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(every_cell_of_the_table),
		UNIT(flags_that_no_segment_has_are_invalid),
		UNIT(a_connection_is_new_until_it_is_answered),
		UNIT(a_repeated_syn_does_not_renew_the_timeout),
		UNIT(each_state_has_its_timeout),
		UNIT(what_is_picked_up_gets_five_minutes),
		UNIT(nothing_is_picked_up_when_not_loose),
		UNIT(a_reset_of_an_unanswered_syn_deletes_the_entry),
		UNIT(a_challenge_ack_does_not_end_last_ack),
		UNIT(an_ignored_syn_that_is_answered_begins_the_connection_anew),
		UNIT(simultaneous_open),
		UNIT(resets_must_be_exact_once_established),
		UNIT(segments_beside_the_window),
		UNIT(be_liberal_lets_all_pass),
		UNIT(a_window_is_scaled_when_both_say_so),
		UNIT(data_that_is_not_acknowledged_shortens_the_timeout),
		UNIT(retransmissions_shorten_the_timeout),
		UNIT(a_policy_of_timeouts_goes_before_the_sysctls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

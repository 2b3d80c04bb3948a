/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>

#include "gate/scenario/packet_line.h"

struct result {
	struct sources sources;
	struct arena a;
	struct diags diags;
	struct packet_line line;
	int r;
};

static void read_line(struct result *x, const char *text)
{
	*x = (struct result){ 0 };
	uint32_t file = sources_add(&x->sources, STR("test"), str_from(text));
	struct span span = { file, 0, (uint32_t)strlen(text) };

	x->r = packet_line_read(&x->sources, span, NULL, &x->a, &x->diags, &x->line);
}

static void done(struct result *x)
{
	diags_fini(&x->diags);
	sources_fini(&x->sources);
	arena_fini(&x->a);
}

static void all_that_can_be_said_is_understood(void **state)
{
	struct result x;

	(void)state;
	read_line(
		&x,
		"at 1m30s in eth0 out wan0 tcp 198.51.100.7:40000 > [::ffff:1.2.3.4]:22 syn");
	assert_int_equal(x.r, -EINVAL); /* two families */
	done(&x);
	read_line(
		&x,
		"at 1m30s in eth0 out wan0 tcp 198.51.100.7:40000 > 192.0.2.1:22 syn,ack seq 5 "
		"ackseq 6 window 7 len 8 ttl 9 dscp 10 mark 0x11 vlan 12 df bad-checksum");
	assert_int_equal(x.r, 0);
	assert_int_equal(x.line.time_ns, 90000000000);
	assert_str(x.line.in, "eth0");
	assert_str(x.line.out, "wan0");
	const struct packet_desc *d = &x.line.desc;
	assert_int_equal(d->l4, IPPROTO_TCP);
	assert_int_equal(d->sport, 40000);
	assert_int_equal(d->dport, 22);
	assert_int_equal(d->tcp_flags, TCP_SYN | TCP_ACK);
	assert_int_equal(d->seq, 5);
	assert_int_equal(d->ack, 6);
	assert_int_equal(d->window, 7);
	assert_int_equal(d->payload_zeros, 8);
	assert_int_equal(d->ttl, 9);
	assert_int_equal(d->tos, 40);
	assert_int_equal(x.line.mark, 0x11);
	assert_int_equal(d->vlans[0], 12);
	assert_true(d->dont_fragment);
	assert_true(d->bad_checksum);
	done(&x);
}

struct endpoint_row {
	const char *text;
	uint8_t family;
	uint32_t seen;
};

static void chunks_have_the_names_of_the_language(void **state)
{
	struct result x;

	(void)state;
	read_line(&x,
	          "sctp 198.51.100.7 > 192.0.2.1:99 chunk cookie-echo vtag 9 tag 0x10");
	assert_int_equal(x.r, 0);
	assert_true(x.line.desc.has_chunk && x.line.desc.has_vtag);
	assert_int_equal(x.line.desc.chunk, 10);
	assert_int_equal(x.line.desc.vtag, 9);
	assert_int_equal(x.line.desc.init_tag, 16);
	done(&x);
	read_line(&x, "sctp 198.51.100.7 > 192.0.2.1:99 chunk cookie");
	assert_int_equal(x.r, -EINVAL);
	done(&x);
}

static void addresses_come_with_and_without_ports(void **state)
{
	static const struct endpoint_row rows[] = {
		{ "udp 1.2.3.4 > 5.6.7.8", FAMILY_IP, SEEN_SRC | SEEN_DST },
		{ "udp 1.2.3.4:5 > :53", FAMILY_IP, SEEN_SRC | SEEN_SPORT | SEEN_DPORT },
		{ "udp > 5.6.7.8:53", FAMILY_IP, SEEN_DST | SEEN_DPORT },
		{ "udp fd00::1 > [fd00::2]:53", FAMILY_IP6,
		  SEEN_SRC | SEEN_DST | SEEN_DPORT },
		{ "udp [fd00::1]:7 > fd00::2", FAMILY_IP6,
		  SEEN_SRC | SEEN_SPORT | SEEN_DST },
		{ "udp", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct result x;
		read_line(&x, rows[i].text);
		assert_int_equal(x.r, 0);
		assert_int_equal(x.line.desc.family, rows[i].family);
		assert_int_equal(x.line.seen, rows[i].seen | SEEN_PROTO);
		done(&x);
	}
}

struct ether_row {
	const char *text;
	uint32_t seen;
	uint8_t src, dst; /* last bytes */
};

static void frames_have_hardware_addresses_where_they_are_said(void **state)
{
	static const struct ether_row rows[] = {
		{ "udp ether 02:00:00:00:00:0a > 02:00:00:00:00:0b",
		  SEEN_MAC_SRC | SEEN_MAC_DST, 10, 11 },
		{ "udp ether 02:00:00:00:00:0a > len 5", SEEN_MAC_SRC, 10, 0 },
		{ "udp ether > 02:00:00:00:00:0b len 5", SEEN_MAC_DST, 0, 11 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct result x;
		read_line(&x, rows[i].text);
		assert_int_equal(x.r, 0);
		assert_int_equal(x.line.seen, rows[i].seen | SEEN_PROTO);
		assert_int_equal(x.line.desc.mac_src[5], rows[i].src);
		assert_int_equal(x.line.desc.mac_dst[5], rows[i].dst);
		done(&x);
	}
}

static void mistakes_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"in",
		"in eth0",
		"xyz 1.2.3.4 > 5.6.7.8",
		"tcp 1.2.3.4:99999 > 5.6.7.8",
		"tcp 1.2.3.4 5.6.7.8",
		"tcp [fd00::1 > fd00::2",
		"icmp fd00::1 > fd00::2",
		"icmpv6 1.2.3.4 > 5.6.7.8",
		"arp fd00::1 > fd00::2",
		"tcp 1.2.3.4 > 5.6.7.8 ttl",
		"tcp 1.2.3.4 > 5.6.7.8 vlan 1 vlan 2 vlan 3",
		"icmp 1.2.3.4 > 5.6.7.8 about first",
		"at 5x tcp 1.2.3.4 > 5.6.7.8",
		"in a-name-that-is-too-long tcp 1.2.3.4 > 5.6.7.8",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct result x;
		read_line(&x, rows[i]);
		if (x.r != -EINVAL || x.diags.errors != 1)
			fail_msg("`%s`: %d, %zu errors", rows[i], x.r, x.diags.errors);
		done(&x);
	}
}

static void durations_have_units(void **state)
{
	uint64_t ns;

	(void)state;
	assert_true(duration_read(STR("10"), &ns));
	assert_int_equal(ns, 10000000000);
	assert_true(duration_read(STR("250ms"), &ns));
	assert_int_equal(ns, 250000000);
	assert_true(duration_read(STR("1d2h"), &ns));
	assert_int_equal(ns, 93600000000000);
	assert_false(duration_read(STR(""), &ns));
	assert_false(duration_read(STR("10q"), &ns));
	assert_false(duration_read(STR("99999999999s"), &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(all_that_can_be_said_is_understood),
		UNIT(chunks_have_the_names_of_the_language),
		UNIT(addresses_come_with_and_without_ports),
		UNIT(frames_have_hardware_addresses_where_they_are_said),
		UNIT(mistakes_are_refused),
		UNIT(durations_have_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

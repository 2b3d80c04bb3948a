/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
#include "unit.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include "gate/engine/sim/build.h"
#include "gate/engine/sim/checksum.h"
#include "gate/engine/sim/packet.h"

static struct packet decoded(const void *bytes, size_t n, uint16_t ethertype)
{
	struct packet p = { .ethertype = ethertype, .has_ll = ethertype == 0 };

	buf_put(&p.bytes, bytes, n);
	packet_decode(&p);
	return p;
}

static struct packet_desc syn(void)
{
	return (struct packet_desc){ .family = NFPROTO_IPV4,
		                     .l4 = IPPROTO_TCP,
		                     .src = { 192, 0, 2, 1 },
		                     .dst = { 192, 0, 2, 2 },
		                     .sport = 40000,
		                     .dport = 22,
		                     .tcp_flags = TCP_SYN };
}

static void what_was_built_is_decoded_again(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP,
		                             IPPROTO_UDP,
		                             IPPROTO_UDPLITE,
		                             IPPROTO_SCTP,
		                             IPPROTO_DCCP,
		                             IPPROTO_ICMP,
		                             IPPROTO_ICMPV6,
		                             IPPROTO_GRE,
		                             IPPROTO_ESP,
		                             IPPROTO_AH,
		                             99 };
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
			struct packet p = { 0 };
			struct packet_desc d = { .family = families[f],
				                 .l4 = protocols[i],
				                 .payload = STR("hello"),
				                 .src = { 1 },
				                 .has_ll = true };
			/* AH is an extension header in IPv6: what it carries counts. */
			uint8_t l4 =
				families[f] == NFPROTO_IPV6 && protocols[i] == IPPROTO_AH
					? IPPROTO_NONE
					: protocols[i];
			packet_build(&p, &d);
			assert_int_equal(p.fault, FAULT_NONE);
			assert_int_equal(p.family, families[f]);
			assert_true(p.has_l4);
			assert_int_equal(p.l4, l4);
			assert_int_equal(p.end, p.bytes.n);
			assert_true(packet_checksum_ok(&p));
			packet_fini(&p);
		}
	}
}

static void a_spoilt_checksum_is_seen(void **state)
{
	static const uint8_t protocols[] = {
		IPPROTO_TCP,  IPPROTO_UDP,     IPPROTO_ICMP,
		IPPROTO_SCTP, IPPROTO_UDPLITE, IPPROTO_DCCP
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		struct packet p = { 0 };
		struct packet_desc d = syn();
		d.l4 = protocols[i];
		d.bad_checksum = true;
		packet_build(&p, &d);
		assert_false(packet_checksum_ok(&p));
		packet_fini(&p);
	}
}

static void a_known_packet_has_the_known_bytes(void **state)
{
	/* What scapy makes of IP(src=192.0.2.1,dst=192.0.2.2,id=0)/TCP(sport=40000,dport=22,
	 * seq=1,flags=S,window=64240). */
	static const uint8_t wanted[] = {
		0x45, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x00, 0x40, 0x06,
		0xf6, 0xcc, 0xc0, 0x00, 0x02, 0x01, 0xc0, 0x00, 0x02, 0x02,
		0x9c, 0x40, 0x00, 0x16, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
		0x00, 0x00, 0x50, 0x02, 0xfa, 0xf0, 0x94, 0x96, 0x00, 0x00,
	};
	struct packet p = { 0 };
	struct packet_desc d = syn();

	(void)state;
	d.seq = 1;
	packet_build(&p, &d);
	assert_int_equal(p.bytes.n, sizeof(wanted));
	assert_memory_equal(p.bytes.p, wanted, sizeof(wanted));
	packet_fini(&p);
}

static void a_truncated_packet_is_faulty_at_every_length(void **state)
{
	struct packet whole = { 0 };
	struct packet_desc d = syn();

	(void)state;
	packet_build(&whole, &d);
	for (size_t n = 0; n < whole.bytes.n; n++) {
		struct packet p = decoded(whole.bytes.p, n, ETH_P_IP);
		assert_int_equal(p.fault, n < 20 ? FAULT_SHORT : FAULT_TOTAL_LENGTH);
		assert_int_equal(p.has_l4, n >= 20);
		packet_fini(&p);
	}
	packet_fini(&whole);
}

struct fault_row {
	size_t at;
	uint8_t value;
	enum packet_fault fault;
};

static void bad_headers_are_named(void **state)
{
	static const struct fault_row rows[] = {
		{ 0, 0x65, FAULT_VERSION }, { 0, 0x44, FAULT_HEADER_LENGTH },
		{ 0, 0x4f, FAULT_SHORT },   { 10, 0, FAULT_CHECKSUM },
		{ 8, 1, FAULT_CHECKSUM },
	};
	struct packet_desc d = syn();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct packet p = { 0 };
		packet_build(&p, &d);
		p.bytes.p[rows[i].at] = (char)rows[i].value;
		packet_decode(&p);
		assert_int_equal(p.fault, rows[i].fault);
		packet_fini(&p);
	}
}

static void padding_behind_the_packet_does_not_count(void **state)
{
	struct packet p = { 0 };
	struct packet_desc d = syn();

	(void)state;
	d.has_ll = true;
	packet_build(&p, &d);
	buf_repeat(&p.bytes, 0, 6);
	packet_decode(&p);
	assert_int_equal(p.fault, FAULT_NONE);
	assert_int_equal(packet_length(&p), 40);
	packet_fini(&p);
}

static void the_outermost_tag_stands_beside_the_packet(void **state)
{
	struct packet p = { 0 };
	struct packet_desc d = syn();

	(void)state;
	d.has_ll = true;
	d.vlans[d.n_vlans++] = 42;
	packet_build(&p, &d);
	assert_true(p.has_vlan);
	assert_int_equal(p.vlan_tci, 42);
	assert_int_equal(p.ethertype, ETH_P_IP);
	assert_int_equal(p.l4, IPPROTO_TCP);
	d.vlans[d.n_vlans++] = 43;
	packet_build(&p, &d);
	assert_int_equal(p.vlan_tci, 42);
	assert_int_equal(p.ethertype, ETH_P_8021Q);
	assert_int_equal(p.fault, FAULT_NO_PROTOCOL);
	packet_fini(&p);
}

static void extension_headers_are_walked_to_the_transport(void **state)
{
	/* hop-by-hop, destination options, then UDP without a byte of it */
	static const uint8_t bytes[] = {
		0x60,
		0,
		0,
		0,
		0,
		16,
		IPPROTO_HOPOPTS,
		64,
		0xfd,
		[23] = 1,
		0xfd,
		[39] = 2,
		IPPROTO_DSTOPTS,
		0,
		1,
		4,
		0,
		0,
		0,
		0,
		IPPROTO_UDP,
		0,
		1,
		4,
		0,
		0,
		0,
		0,
	};
	struct packet p = decoded(bytes, sizeof(bytes), ETH_P_IPV6);

	(void)state;
	assert_int_equal(p.fault, FAULT_NONE);
	assert_true(p.has_l4);
	assert_int_equal(p.l4, IPPROTO_UDP);
	assert_int_equal(p.th, 56);
	packet_fini(&p);
}

static void a_later_fragment_has_no_transport_header(void **state)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct packet p = { 0 };
		struct packet_desc d = { .family = families[i],
			                 .l4 = IPPROTO_UDP,
			                 .src = { 1 },
			                 .frag_off = 72,
			                 .payload_zeros = 16 };
		packet_build(&p, &d);
		assert_int_equal(p.frag_off, 72);
		assert_true(p.is_fragment);
		assert_int_equal(p.l4, IPPROTO_UDP);
		packet_fini(&p);
	}
}

static void checksums_are_those_of_the_standards(void **state)
{
	/* RFC 1071 section 3, and the check value of CRC-32C. */
	static const uint8_t rfc1071[] = {
		0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7
	};

	(void)state;
	assert_int_equal(checksum(rfc1071, sizeof(rfc1071), 0), 0x220d);
	assert_int_equal(crc32c("123456789", 9, 0), 0xe3069283);
}

/* In words of 32 bits as in those of 16, RFC 1071 section 2. */
static void a_checksum_of_any_length_is_one_of_16_bit_words(void **state)
{
	uint8_t bytes[67];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(0xff - i * 37);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		assert_int_equal(checksum(bytes, n, 0), (uint16_t)~sum);
	}
}

static void a_new_frame_header_moves_nothing_else(void **state)
{
	static const uint8_t src[6] = { 2, 0, 0, 0, 0, 1 }, dst[6] = { 2, 0, 0, 0, 0, 2 };
	struct packet_desc d = syn();
	struct packet p = { 0 };

	(void)state;
	packet_build(&p, &d);
	uint32_t length = packet_length(&p), l4 = packet_l4_length(&p);
	for (int again = 0; again < 2; again++) {
		packet_frame(&p, again ? NULL : dst, src);
		assert_int_equal(p.nh, ETH_HLEN);
		assert_int_equal(packet_length(&p), length);
		assert_int_equal(packet_l4_length(&p), l4);
		assert_int_equal(p.hides_mac, again);
		assert_memory_equal(packet_at(&p, 6, 6), src, 6);
	}
	packet_decode(&p);
	assert_int_equal(p.family, NFPROTO_IPV4);
	assert_int_equal(p.fault, FAULT_NONE);
	packet_fini(&p);
}

struct group_row {
	uint8_t family, addr[16];
	bool is_group;
	uint8_t mac[6];
};

static void groups_have_the_addresses_of_the_standards(void **state)
{
	static const struct group_row rows[] = {
		{ NFPROTO_IPV4, { 224, 0, 0, 251 }, true, { 1, 0, 0x5e, 0, 0, 251 } },
		{ NFPROTO_IPV4, { 239, 129, 2, 3 }, true, { 1, 0, 0x5e, 1, 2, 3 } },
		{ NFPROTO_IPV4,
		  { 255, 255, 255, 255 },
		  true,
		  { 255, 255, 255, 255, 255, 255 } },
		{ NFPROTO_IPV4, { 192, 0, 2, 1 }, false, { 0 } },
		{ NFPROTO_IPV6,
		  { 0xff, 2, [12] = 1, 2, 3, 4 },
		  true,
		  { 0x33, 0x33, 1, 2, 3, 4 } },
		{ NFPROTO_IPV6, { 0xfd, [15] = 1 }, false, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t mac[6] = { 0 };
		assert_int_equal(packet_group_mac(rows[i].family, rows[i].addr, mac),
		                 rows[i].is_group);
		assert_memory_equal(mac, rows[i].mac, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(what_was_built_is_decoded_again),
		UNIT(a_spoilt_checksum_is_seen),
		UNIT(a_known_packet_has_the_known_bytes),
		UNIT(a_truncated_packet_is_faulty_at_every_length),
		UNIT(bad_headers_are_named),
		UNIT(padding_behind_the_packet_does_not_count),
		UNIT(the_outermost_tag_stands_beside_the_packet),
		UNIT(extension_headers_are_walked_to_the_transport),
		UNIT(a_later_fragment_has_no_transport_header),
		UNIT(checksums_are_those_of_the_standards),
		UNIT(a_checksum_of_any_length_is_one_of_16_bit_words),
		UNIT(a_new_frame_header_moves_nothing_else),
		UNIT(groups_have_the_addresses_of_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

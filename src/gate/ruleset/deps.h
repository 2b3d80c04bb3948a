/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The table behind implied matches, shared by lowering and listing. */
#pragma once

#include "gate/ruleset/lower.h"

/* An ICMP field that only messages of these types have. */
struct icmp_need {
	enum proto_id proto;
	const char *field;
	uint8_t types[2];
	uint8_t n;
};

/* NULL: every message has the field. */
const struct icmp_need *icmp_need(const struct proto *proto, const struct field *field);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Addresses whose logins fail again and again: turned on here, counted by c2s (c2s/crowd.h). */
#include "herald/im/module.h"

extern const struct module mod_fail2ban;
const struct module mod_fail2ban = {
	.name = "mod_fail2ban",
};

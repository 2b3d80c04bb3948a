/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Selector numbers that Debian 12's kernel headers (6.1) lack. Values are the kernel's
 * interface (linux/netfilter/nf_tables.h of the release named) and never change.
 */
#pragma once

#include <linux/netfilter/nf_tables.h>

/* enum nft_meta_keys, behind NFT_META_SDIFNAME (34) */
enum {
	META_BRI_BROUTE = 35,    /* 6.4 */
	META_BRI_IIFHWADDR = 37, /* 6.18; 36 is the kernel's own */
};

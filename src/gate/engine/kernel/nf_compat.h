/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * nf_tables' numbers, with those that Debian 12's kernel headers (6.1) lack. Values are the
 * kernel's interface and never change.
 */
#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

/* enum nf_tables_msg_types, behind NFT_MSG_DELFLOWTABLE (24) */
enum {
	MSG_GETRULE_RESET = 25, /* 6.2 */
	MSG_DESTROYTABLE,       /* these: 6.3 */
	MSG_DESTROYCHAIN,
	MSG_DESTROYRULE,
	MSG_DESTROYSET,
	MSG_DESTROYSETELEM,
	MSG_DESTROYOBJ,
	MSG_DESTROYFLOWTABLE,
	MSG_GETSETELEM_RESET, /* 6.5 */
};

/* enum nft_set_attributes, behind NFTA_SET_EXPRESSIONS (18) */
enum { SET_TYPE = 19, SET_COUNT = 20 }; /* 6.16 */

/* enum nft_devices_attributes: names that begin so (6.18) */
enum { DEVICE_PREFIX = 2 };

/* A message type as nlmsghdr has it. */
#define NFT_TYPE(msg) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (msg)))

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0198: Stream Management, version 1.6: turned on here, done where the streams are (c2s). */
#include "herald/im/module.h"

extern const struct module mod_stream_mgmt;
const struct module mod_stream_mgmt = {
	.name = "mod_stream_mgmt",
	.stream_features = "<sm xmlns='urn:xmpp:sm:3'/>",
};

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0352: Client State Indication, version 1.0: turned on here, done by c2s (c2s/csi.h). */
#include "herald/im/module.h"

extern const struct module mod_client_state;
const struct module mod_client_state = {
	.name = "mod_client_state",
	.stream_features = "<csi xmlns='urn:xmpp:csi:0'/>",
};

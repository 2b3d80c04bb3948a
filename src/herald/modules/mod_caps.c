/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* XEP-0115: Entity Capabilities, version 1.6.0, section 7: the server's own, in the features of
 * streams; disco answers for the node. */
#include "herald/modules/disco.h"

#define NS_CAPS "http://jabber.org/protocol/caps"

static void put_stream_features(const struct host_setup *host, struct buf *out)
{
	auto_arena a = { 0 };
	struct xml *query = xml_new(&a, "query", "");

	disco_put_host(host, query, &a);
	buf_cstr(out,
	         "<c xmlns='" NS_CAPS "' hash='sha-1' node='" DISCO_CAPS_NODE "' ver='");
	buf_str(out, disco_caps_hash(query, &a));
	buf_cstr(out, "'/>");
}

extern const struct module mod_caps;
const struct module mod_caps = {
	.name = "mod_caps",
	.host_features = NAMES(NS_CAPS),
	.put_stream_features = put_stream_features,
};

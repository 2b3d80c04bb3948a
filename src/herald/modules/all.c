/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The modules there are: a line here is all that a module needs outside its own file. */
#include "herald/modules/all.h"

#define MODULES(X)           \
	X(mod_roster)        \
	X(mod_disco)         \
	X(mod_caps)          \
	X(mod_ping)          \
	X(mod_version)       \
	X(mod_adhoc)         \
	X(mod_configure)     \
	X(mod_adhoc_api)     \
	X(mod_announce)      \
	X(mod_time)          \
	X(mod_carboncopy)    \
	X(mod_stream_mgmt)   \
	X(mod_private)       \
	X(mod_vcard)         \
	X(mod_vcard_xupdate) \
	X(mod_fail2ban)      \
	X(mod_last)          \
	X(mod_register)      \
	X(mod_blocking)      \
	X(mod_client_state)  \
	X(mod_offline)

#define X(name) extern const struct module name;
MODULES(X)
#undef X

const struct module *const modules_all[] = {
#define X(name) &name,
	MODULES(X)
#undef X
		NULL,
};

const struct module *module_find(struct str name)
{
	for (const struct module *const *m = modules_all; *m; m++) {
		if (str_is(name, (*m)->name))
			return *m;
	}
	return NULL;
}

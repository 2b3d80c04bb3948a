/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* The words of ejabberd's configuration that herald does not have yet. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* Where a word stands. */
enum ejabberd_word {
	EJABBERD_OPTION,          /* at the top level */
	EJABBERD_LISTENER,        /* `module:` of a listener */
	EJABBERD_LISTENER_OPTION, /* of a listener */
	EJABBERD_MODULE,          /* a name under `modules` */
	EJABBERD_MODULE_OPTION,   /* of a module */
	EJABBERD_ACL,             /* a condition of an acl */
	EJABBERD_OTHER,           /* nothing is known of such words */
};

bool ejabberd_knows(enum ejabberd_word kind, struct str word);

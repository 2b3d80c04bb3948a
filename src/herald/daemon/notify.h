/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Telling systemd how it goes: sd_notify(3)'s protocol, a datagram of lines. */
#pragma once

#include <stdint.h>

/* Sends `state`, such as "READY=1", to the socket that $NOTIFY_SOCKET names. Without one, and
 * when nobody listens, nothing happens. */
void notify_state(const char *state);

/* How often "WATCHDOG=1" must be sent so that systemd does not end this process: half of what
 * it waits, in milliseconds; 0: it does not wait for that. */
uint64_t notify_watchdog_ms(void);

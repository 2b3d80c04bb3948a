/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * TLS for servers on OpenSSL 3: TLS 1.2 and 1.3, a certificate per host by SNI, ALPN, no
 * renegotiation, no compression, no session state kept; buffers are given back while a
 * connection is idle.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

struct ssl_st;
struct tls_server;

/* An empty server: no certificate yet. `alpn` (may be NULL) is the one protocol it agrees to;
 * a client that offers others only is refused, one that offers none is taken. */
struct tls_server *tls_server_new(const char *alpn);
void tls_server_free(struct tls_server *t);

/* Reads PEM files that hold certificates, their chains and their keys, together or apart. Each
 * certificate with a key serves the DNS names in it (wildcards too); the first one serves also
 * clients that name no host or one that no certificate has. `why` gets a sentence on errors.
 * Errors: those of pile_read and pile_match; -EINVAL no certificate with a key is there, or OpenSSL
 * does not take one. */
MUST_USE int tls_server_load(struct tls_server *t, const char *const *paths, size_t n,
                             struct buf *why);

/* Takes the certificates of `from` over, which gets the old ones. Connections that are there
 * are not touched. */
void tls_server_exchange(struct tls_server *t, struct tls_server *from);

/* Asks clients for a certificate, which they need not have, and checks it against the authorities
 * in a PEM file. Before tls_server_load. Errors: -EINVAL, -ENOENT, -EACCES (`why` says more). */
int tls_server_verify(struct tls_server *t, const char *ca_file, struct buf *why);

/* The addresses (xmppAddr, RFC 6120 section 13.7.1.4) in the client's certificate, in `a`; none
 * when it has shown none or one that no authority vouches for. Gives how many. */
size_t tls_xmpp_addresses(struct ssl_st *ssl, struct arena *a, struct str **out);

/* A new connection on a socket, which stays the caller's. */
struct ssl_st *tls_accept(struct tls_server *t, int fd);

/* The channel binding data of a connection, empty when it has none of that kind: RFC 9266
 * tls-exporter (TLS 1.3), RFC 5929 tls-server-end-point, tls-unique (TLS 1.2 with extended
 * master secret). In `a`. */
struct str tls_exporter(struct ssl_st *ssl, struct arena *a);
struct str tls_server_end_point(struct ssl_st *ssl, struct arena *a);
struct str tls_unique(struct ssl_st *ssl, struct arena *a);

/* 0x0303 for TLS 1.2, 0x0304 for 1.3. */
uint16_t tls_version(const struct ssl_st *ssl);

/* Writes a self-signed certificate for `hosts` and its key, good for ten years, as one PEM file
 * of mode 0600, in place of one that is there. Errors: those of open() and rename(); -EIO what
 * OpenSSL refused. */
int tls_self_sign(const char *path, const struct str *hosts, size_t n);

/* Whether a file has a certificate, as tls_self_sign writes it, that names all of the hosts. */
bool tls_is_signed_for(const char *path, const struct str *hosts, size_t n);

DEFINE_AUTO_PTR(tls_server)

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * Certificates and keys out of PEM files, in whatever order and however they are split: which key
 * belongs to which certificate and which certificates are its chain is seen from themselves.
 */
#pragma once

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/vec.h"

struct pile_cert {
	X509 *x;
	EVP_PKEY *key;    /* that goes with it, the pile's; NULL: none is there */
	const char *path; /* the caller's */
};

struct pile_key {
	EVP_PKEY *key;
	const char *path;
	bool used;
};

struct cert_pile {
	VEC(struct pile_cert) certs; /* each once, in the order they were read */
	VEC(struct pile_key) keys;
};

/* Reads all of a file; `path` must stay as long as the pile. `why` gets a sentence on errors.
 * Errors: those of open(); -EINVAL neither certificate nor key is in it, or one is damaged or needs
 * a password. */
MUST_USE int pile_read(struct cert_pile *p, const char *path, struct buf *why);

/* Finds the key of each certificate, when all files are read. Errors (`why` gets a sentence):
 * -EKEYREJECTED a key goes with no certificate, or a certificate that is no authority's has no
 * key. */
MUST_USE int pile_match(struct cert_pile *p, struct buf *why);

/* The certificate that signed another one, or NULL: it is not there, or signed itself. */
X509 *pile_issuer(const struct cert_pile *p, X509 *cert);

void pile_fini(struct cert_pile *p);

static inline void cleanup_pile(struct cert_pile *p)
{
	pile_fini(p);
}
#define auto_pile __attribute__((cleanup(cleanup_pile))) struct cert_pile

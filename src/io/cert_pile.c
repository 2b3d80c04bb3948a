/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* Sorting certificates and keys. */
#include "io/cert_pile.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void add_cert(struct cert_pile *p, X509 *x, const char *path)
{
	struct pile_cert cert = { .x = x, .path = path };

	vec_for_each(c, &p->certs) {
		if (X509_cmp(c->x, x) == 0) {
			X509_free(x);
			return;
		}
	}
	vec_push(&p->certs, cert);
}

static void add_key(struct cert_pile *p, EVP_PKEY *key, const char *path)
{
	struct pile_key entry = { .key = key, .path = path };

	vec_for_each(k, &p->keys) {
		if (EVP_PKEY_eq(k->key, key) == 1) {
			EVP_PKEY_free(key);
			return;
		}
	}
	vec_push(&p->keys, entry);
}

/* A block of PEM. */
struct block {
	char *name, *header;
	unsigned char *data;
	long n;
};

static void block_free(struct block *b)
{
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	OPENSSL_clear_free(b->data, (size_t)b->n);
}

static int refuse(const char *path, const char *what, struct buf *why)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	buf_fmt(why, "%s: %s%s%s", path, what, reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return -EINVAL;
}

/* Takes what the block is; others, such as parameters, are passed over. */
static int take_block(struct cert_pile *p, const struct block *b, const char *path,
                      struct buf *why)
{
	struct str name = str_from(b->name);
	const unsigned char *data = b->data;

	if (str_ends(name, STR("CERTIFICATE"))) {
		X509 *x = d2i_X509(NULL, &data, b->n);
		if (!x)
			return refuse(path, "a certificate in it cannot be read", why);
		add_cert(p, x, path);
	} else if (str_is(name, PEM_STRING_PKCS8) || strstr(b->header, "ENCRYPTED")) {
		return refuse(path, "the private key in it needs a password", why);
	} else if (str_ends(name, STR("PRIVATE KEY"))) {
		EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &data, b->n);
		if (!key)
			return refuse(path, "a private key in it cannot be read", why);
		add_key(p, key, path);
	}
	return 0;
}

static int read_blocks(struct cert_pile *p, FILE *file, const char *path, struct buf *why)
{
	struct block b;
	bool any = false;
	int r = 0;

	ERR_clear_error();
	while (r == 0 && (b = (struct block){ 0 },
	                  PEM_read(file, &b.name, &b.header, &b.data, &b.n) == 1)) {
		r = take_block(p, &b, path, why);
		block_free(&b);
		any = true;
	}
	if (r == 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return refuse(path, "it is damaged", why);
	ERR_clear_error();
	if (any)
		return r;
	return refuse(path, "neither a certificate nor a key in PEM form is in it", why);
}

int pile_read(struct cert_pile *p, const char *path, struct buf *why)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		int error = errno;
		buf_fmt(why, "%s: %s", path, strerror(error));
		return -error;
	}
	int r = read_blocks(p, file, path, why);
	fclose(file);
	return r;
}

/* Whose certificate it is, for people. */
static void put_subject(struct buf *out, const X509 *x)
{
	char *text = X509_NAME_oneline(X509_get_subject_name(x), NULL, 0);

	buf_cstr(out, text ? text : "");
	OPENSSL_free(text);
}

int pile_match(struct cert_pile *p, struct buf *why)
{
	vec_for_each(cert, &p->certs) {
		vec_for_each(k, &p->keys) {
			if (cert->key ||
			    EVP_PKEY_eq(X509_get0_pubkey(cert->x), k->key) != 1)
				continue;
			cert->key = k->key;
			k->used = true;
		}
		if (cert->key || X509_check_ca(cert->x) != 0)
			continue;
		buf_fmt(why,
		        "%s: no private key of the certfiles goes with the "
		        "certificate of ",
		        cert->path);
		put_subject(why, cert->x);
		return -EKEYREJECTED;
	}
	vec_for_each(k, &p->keys) {
		if (k->used)
			continue;
		buf_fmt(why,
		        "%s: no certificate of the certfiles goes with its private key",
		        k->path);
		return -EKEYREJECTED;
	}
	return 0;
}

X509 *pile_issuer(const struct cert_pile *p, X509 *cert)
{
	if (X509_check_issued(cert, cert) == X509_V_OK)
		return NULL;
	vec_for_each(c, &p->certs) {
		if (c->x != cert && X509_check_issued(c->x, cert) == X509_V_OK &&
		    X509_verify(cert, X509_get0_pubkey(c->x)) == 1)
			return c->x;
	}
	ERR_clear_error();
	return NULL;
}

void pile_fini(struct cert_pile *p)
{
	vec_for_each(cert, &p->certs)
		X509_free(cert->x);
	vec_for_each(k, &p->keys)
		EVP_PKEY_free(k->key);
	vec_fini(&p->certs);
	vec_fini(&p->keys);
}

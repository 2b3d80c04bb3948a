/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* A certificate of our own for the first start: P-256, self-signed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "io/tls.h"

#define VALID_SECONDS (10L * 365 * 24 * 3600)

static bool add_names(X509 *cert, const struct str *hosts, size_t n)
{
	auto_buf names = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_fmt(&names, "%sDNS:" STR_FMT, i ? "," : "", STR_ARG(hosts[i]));
	X509_EXTENSION *ext =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names.p);
	bool ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool fill(X509 *cert, EVP_PKEY *key, const struct str *hosts, size_t n)
{
	X509_NAME *name = X509_get_subject_name(cert);
	struct str cn = str_sub(hosts[0], 0, 64);
	uint64_t serial;

	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return false;
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
	X509_set_version(cert, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), VALID_SECONDS);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn.p,
	                           (int)cn.n, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	return add_names(cert, hosts, n) && X509_sign(cert, key, EVP_sha256()) > 0;
}

static int write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
	auto_buf fresh = { 0 };
	int r = 0;

	buf_fmt(&fresh, "%s.new", path);
	unlink(fresh.p); /* of a start that was killed */
	int fd = open(fresh.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	FILE *file = fdopen(fd, "w");
	if (PEM_write_X509(file, cert) != 1 ||
	    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1)
		r = -EIO;
	if (fclose(file) != 0 || r < 0)
		return -EIO;
	return rename(fresh.p, path) < 0 ? -errno : 0;
}

int tls_self_sign(const char *path, const struct str *hosts, size_t n)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	int r = key && cert && fill(cert, key, hosts, n) ? write_pem(path, cert, key)
	                                                 : -EIO;

	X509_free(cert);
	EVP_PKEY_free(key);
	return r;
}

bool tls_is_signed_for(const char *path, const struct str *hosts, size_t n)
{
	FILE *file = fopen(path, "re");
	X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	bool all = cert;

	for (size_t i = 0; i < n && all; i++)
		all = X509_check_host(cert, hosts[i].p, hosts[i].n,
		                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
	X509_free(cert);
	if (file)
		fclose(file);
	return all;
}

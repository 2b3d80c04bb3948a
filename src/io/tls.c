/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* TLS contexts: one for each certificate, chosen when the client has named its host. */
#include "io/tls.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/oom.h"
#include "base/vec.h"

struct tls_server {
	VEC(SSL_CTX *) contexts;
	unsigned char alpn[32]; /* length, name: as in the protocol; alpn[0] 0 is none */
};

struct tls_server *tls_server_new(const char *alpn)
{
	struct tls_server *t = base_calloc(1, sizeof(*t));
	struct str name = str_sub(str_from(alpn), 0, sizeof(t->alpn) - 1);

	t->alpn[0] = (unsigned char)name.n;
	if (name.n)
		memcpy(t->alpn + 1, name.p, name.n);
	return t;
}

void tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	vec_for_each(ctx, &t->contexts)
		SSL_CTX_free(*ctx);
	vec_fini(&t->contexts);
	free(t);
}

bool tls_server_is_empty(const struct tls_server *t)
{
	return t->contexts.n == 0;
}

/* RFC 7301 section 3.2: no protocol in common is an alert. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                   const unsigned char *in, unsigned int in_n, void *arg)
{
	const struct tls_server *t = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_n, t->alpn, t->alpn[0] + 1u, in, in_n) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* The type is OpenSSL's. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static int on_sni(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *t = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	if (!name)
		return SSL_TLSEXT_ERR_OK;
	vec_for_each(ctx, &t->contexts) {
		X509 *cert = SSL_CTX_get0_certificate(*ctx);
		if (X509_check_host(cert, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
		                    NULL) == 1) {
			SSL_set_SSL_CTX(ssl, *ctx);
			break;
		}
	}
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(struct tls_server *t)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		base_oom();
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                                 SSL_OP_NO_TICKET |
	                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set_tlsext_servername_callback(ctx, on_sni);
	SSL_CTX_set_tlsext_servername_arg(ctx, t);
	if (t->alpn[0])
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, t);
	return ctx;
}

/* The contexts' callbacks name the server they are for. */
static void adopt(struct tls_server *t)
{
	vec_for_each(ctx, &t->contexts) {
		SSL_CTX_set_tlsext_servername_arg(*ctx, t);
		SSL_CTX_set_alpn_select_cb(*ctx, t->alpn[0] ? on_alpn : NULL, t);
	}
}

void tls_server_exchange(struct tls_server *t, struct tls_server *from)
{
	__typeof__(t->contexts) old = t->contexts;

	t->contexts = from->contexts;
	from->contexts = old;
	adopt(t);
}

static int refuse(SSL_CTX *ctx, struct buf *why, const char *path, const char *what,
                  int error)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	buf_fmt(why, "%s: %s%s%s", path, what, reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return error;
}

int tls_server_add(struct tls_server *t, const char *path, struct buf *why)
{
	SSL_CTX *ctx = context_new(t);

	ERR_clear_error();
	if (access(path, R_OK) < 0) {
		int error = errno;
		return refuse(ctx, why, path, strerror(error), -error);
	}
	if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
		return refuse(ctx, why, path, "no certificate in PEM form", -EINVAL);
	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1) {
		bool other = ERR_GET_REASON(ERR_peek_last_error()) ==
		             X509_R_KEY_VALUES_MISMATCH;
		return refuse(ctx, why, path,
		              "no private key that goes with the certificate",
		              other ? -EKEYREJECTED : -EINVAL);
	}
	vec_push(&t->contexts, ctx);
	return 0;
}

SSL *tls_accept(struct tls_server *t, int fd)
{
	SSL *ssl = SSL_new(t->contexts.p[0]);

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		base_oom();
	SSL_set_accept_state(ssl);
	return ssl;
}

/* ---- channel binding ---------------------------------------------------------------------- */

uint16_t tls_version(const SSL *ssl)
{
	return (uint16_t)SSL_version(ssl);
}

struct str tls_exporter(SSL *ssl, struct arena *a)
{
	static const struct str label = STR_INIT("EXPORTER-Channel-Binding");
	unsigned char out[32];

	if (SSL_version(ssl) < TLS1_3_VERSION && !SSL_get_extms_support(ssl))
		return STR("");
	if (SSL_export_keying_material(ssl, out, sizeof(out), label.p, label.n,
	                               (const unsigned char *)"", 0, 1) != 1)
		return STR("");
	return arena_str(a, (struct str){ (const char *)out, sizeof(out) });
}

/* RFC 5929 section 4.1: the hash of the certificate's signature, MD5 and SHA-1 raised to
 * SHA-256; a signature without one hash (Ed25519) has no such binding. */
struct str tls_server_end_point(SSL *ssl, struct arena *a)
{
	X509 *cert = SSL_get_certificate(ssl);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int n;
	int nid, key_nid;

	if (!cert)
		return STR("");
	X509_get_signature_info(cert, &nid, &key_nid, NULL, NULL);
	if (nid == NID_undef)
		return STR("");
	if (nid == NID_md5 || nid == NID_sha1)
		nid = NID_sha256;
	if (X509_digest(cert, EVP_get_digestbynid(nid), out, &n) != 1)
		return STR("");
	return arena_str(a, (struct str){ (const char *)out, n });
}

/* The first Finished message of the handshake is the client's, as nothing is ever resumed. */
struct str tls_unique(SSL *ssl, struct arena *a)
{
	unsigned char out[64];

	if (SSL_version(ssl) != TLS1_2_VERSION || SSL_get_extms_support(ssl) != 1)
		return STR("");
	size_t n = SSL_get_peer_finished(ssl, out, sizeof(out));
	return arena_str(a, (struct str){ (const char *)out, n });
}

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
#include "io/cert_pile.h"

enum { CHAIN_MAX = 10 };

struct tls_server {
	VEC(SSL_CTX *) contexts;
	X509_STORE *authorities; /* of clients' certificates; NULL: they are not asked */
	unsigned char alpn[32];  /* length, name: as in the protocol; alpn[0] 0 is none */
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
	X509_STORE_free(t->authorities);
	free(t);
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

/* A certificate that is not good is as none: it is no reason to end the connection. */
static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	(void)ok, (void)ctx;
	return 1;
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
	if (t->authorities) {
		SSL_CTX_set1_verify_cert_store(ctx, t->authorities);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	}
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

/* A context for one certificate with its chain. OpenSSL's level of security may refuse it. */
static int add_context(struct tls_server *t, const struct cert_pile *pile,
                       const struct pile_cert *cert, struct buf *why)
{
	SSL_CTX *ctx = context_new(t);
	X509 *next = cert->x;

	ERR_clear_error();
	bool ok = SSL_CTX_use_certificate(ctx, cert->x) == 1 &&
	          SSL_CTX_use_PrivateKey(ctx, cert->key) == 1;
	for (int i = 0; ok && i < CHAIN_MAX && (next = pile_issuer(pile, next)); i++)
		ok = SSL_CTX_add1_chain_cert(ctx, next) == 1;
	if (ok) {
		vec_push(&t->contexts, ctx);
		return 0;
	}
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	buf_fmt(why, "%s: OpenSSL does not take the certificate%s%s", cert->path,
	        reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return -EINVAL;
}

int tls_server_load(struct tls_server *t, const char *const *paths, size_t n,
                    struct buf *why)
{
	auto_pile pile = { 0 };
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = pile_read(&pile, paths[i], why);
	if (r == 0)
		r = pile_match(&pile, why);
	vec_for_each(cert, &pile.certs) {
		if (r == 0 && cert->key)
			r = add_context(t, &pile, cert, why);
	}
	if (r == 0 && t->contexts.n == 0) {
		buf_cstr(why, "no certificate with its key is in the certfiles");
		r = -EINVAL;
	}
	return r;
}

SSL *tls_accept(struct tls_server *t, int fd)
{
	SSL *ssl = SSL_new(t->contexts.p[0]);

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		base_oom();
	SSL_set_accept_state(ssl);
	return ssl;
}

/* ---- clients' certificates ---------------------------------------------------------------- */

int tls_server_verify(struct tls_server *t, const char *ca_file, struct buf *why)
{
	X509_STORE *store = X509_STORE_new();

	ERR_clear_error();
	if (access(ca_file, R_OK) < 0) {
		int error = errno;
		X509_STORE_free(store);
		buf_fmt(why, "%s: %s", ca_file, strerror(error));
		return -error;
	}
	if (!store || X509_STORE_load_file(store, ca_file) != 1) {
		X509_STORE_free(store);
		ERR_clear_error();
		buf_fmt(why, "%s: no certificates of authorities in PEM form", ca_file);
		return -EINVAL;
	}
	X509_STORE_free(t->authorities);
	t->authorities = store;
	return 0;
}

/* The text of an alternative name of that kind; empty when it is another. */
static struct str xmpp_address(const GENERAL_NAME *name, const ASN1_OBJECT *kind)
{
	const ASN1_TYPE *value;

	if (name->type != GEN_OTHERNAME || OBJ_cmp(name->d.otherName->type_id, kind) != 0)
		return STR("");
	value = name->d.otherName->value;
	if (value->type != V_ASN1_UTF8STRING)
		return STR("");
	return (struct str){ (const char *)ASN1_STRING_get0_data(value->value.utf8string),
		             (size_t)ASN1_STRING_length(value->value.utf8string) };
}

size_t tls_xmpp_addresses(SSL *ssl, struct arena *a, struct str **out)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	GENERAL_NAMES *names;
	ASN1_OBJECT *kind;
	size_t n = 0;

	if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (!names)
		return 0;
	kind = OBJ_txt2obj("1.3.6.1.5.5.7.8.5", 1);
	*out = arena_array(a, struct str, (size_t)sk_GENERAL_NAME_num(names));
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		struct str text = xmpp_address(sk_GENERAL_NAME_value(names, i), kind);
		if (text.n && !memchr(text.p, '\0', text.n))
			(*out)[n++] = arena_str(a, text);
	}
	ASN1_OBJECT_free(kind);
	GENERAL_NAMES_free(names);
	return n;
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

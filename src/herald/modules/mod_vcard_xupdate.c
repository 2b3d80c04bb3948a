/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/*
 * XEP-0153: vCard-Based Avatars, version 1.1.1, section 4.3: the server says in presence which
 * picture the vCard has, for clients that do not. The hash is kept in "photo".
 */
#include "base/base64.h"
#include "herald/auth/digest.h"
#include "herald/im/im.h"
#include "herald/im/module.h"

#define NS_UPDATE "vcard-temp:x:update"
#define NS_VCARD  "vcard-temp"

static void on_presence(struct session *s, struct xml *x, struct arena *a)
{
	struct xml *update = xml_child(x, "x", NS_UPDATE);

	/* Section 3.1: a client that names a photo, or that it has none, knows better. */
	if (update && xml_child(update, "photo", NS_UPDATE))
		return;
	if (!s->user->photo && !update)
		return;
	if (!update)
		update = xml_add(a, x, "x", NS_UPDATE);
	xml_add_text(a, update, "photo", NULL, str_from(s->user->photo));
}

/* The hash of the picture as hexadecimal digits; empty when there is none. */
static struct str hash_of(const struct xml *vcard, struct arena *a)
{
	struct xml *photo = xml_child(vcard, "PHOTO", NS_VCARD);
	struct xml *data = photo ? xml_child(photo, "BINVAL", NS_VCARD) : NULL;
	struct str text = xml_text(data, a), bytes;
	uint8_t hash[DIGEST_MAX];
	auto_buf plain = { 0 }, out = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		if (!strchr(" \t\r\n", text.p[i]))
			buf_char(&plain, text.p[i]);
	}
	if (plain.n == 0 || base64_decode(buf_as_str(&plain), a, &bytes) < 0)
		return STR("");
	digest(DIGEST_SHA1, bytes, hash);
	for (size_t i = 0; i < digest_size(DIGEST_SHA1); i++)
		buf_fmt(&out, "%02x", hash[i]);
	return arena_str(a, buf_as_str(&out));
}

/* Who sees the user is told of another picture by presence. */
static void on_vcard(struct user *u, const struct xml *vcard, struct arena *a)
{
	struct store_place at = user_place(u, "photo");
	struct str hash = hash_of(vcard, a);

	if (str_eq(hash, str_from(u->photo)))
		return;
	user_set_photo(u, hash);
	if (hash.n)
		tx_put(user_tx(u), &at, STR(""), hash);
	else
		tx_del(user_tx(u), &at, STR(""));
	for (struct session *s = u->sessions; s; s = s->next) {
		struct xml *x = session_presence(s, a);
		struct xml *update = x ? xml_child(x, "x", NS_UPDATE) : NULL;
		if (!x)
			continue;
		if (update)
			xml_remove(update);
		im_presence_again(s, x, a);
	}
}

extern const struct module mod_vcard_xupdate;
const struct module mod_vcard_xupdate = {
	.name = "mod_vcard_xupdate",
	.on_presence = on_presence,
	.on_vcard = on_vcard,
};

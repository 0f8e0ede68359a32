// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layer/digest.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"

static int refused(void)
{
	return sys_fail(-EIO, "sha256", "libcrypto", "can't compute SHA-256");
}

int hash_begin(EVP_MD_CTX **ret_hash)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash)
		return -ENOMEM;
	if (EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(hash);
		return refused();
	}
	*ret_hash = hash;
	return 0;
}

int hash_add(EVP_MD_CTX *hash, const void *data, size_t len)
{
	return EVP_DigestUpdate(hash, data, len) == 1 ? 0 : refused();
}

int hash_end(EVP_MD_CTX *hash, char ret_hex[HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_DigestFinal_ex(hash, raw, &len) != 1 || len != 32)
		return refused();
	for (unsigned i = 0; i < len; i++) {
		ret_hex[2 * i] = digits[raw[i] >> 4];
		ret_hex[2 * i + 1] = digits[raw[i] & 15];
	}
	ret_hex[HEX_SIZE - 1] = '\0';
	return 0;
}

int hash_bytes(const void *data, size_t len, char ret_hex[HEX_SIZE])
{
	EVP_MD_CTX *hash __free(hash) = NULL;
	int r = hash_begin(&hash);

	if (r >= 0)
		r = hash_add(hash, data, len);
	return r < 0 ? r : hash_end(hash, ret_hex);
}

int digest_parse(const char *text, const char *object, char ret_hex[HEX_SIZE])
{
	const char *hex = text && str_starts(text, "sha256:") ? text + 7 : NULL;

	/* The digits become a file name: nothing but digits may pass. */
	if (!hex || strlen(hex) != HEX_SIZE - 1 || strspn(hex, "0123456789abcdef") != HEX_SIZE - 1)
		return sys_fail(-EBADMSG, "digest", object, "\"%.80s\" is not sha256: and 64 hex digits",
				text ?: "");
	return str_copy(ret_hex, HEX_SIZE, hex);
}

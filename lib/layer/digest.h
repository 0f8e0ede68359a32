/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 by libcrypto, and digests as OCI writes them: "sha256:" and 64 hex digits. */
#ifndef LIB_LAYER_DIGEST_H
#define LIB_LAYER_DIGEST_H

#include <openssl/evp.h>
#include <stddef.h>

enum { HEX_SIZE = 65 };

int hash_begin(EVP_MD_CTX **ret_hash);
int hash_add(EVP_MD_CTX *hash, const void *data, size_t len);
int hash_end(EVP_MD_CTX *hash, char ret_hex[HEX_SIZE]);
int hash_bytes(const void *data, size_t len, char ret_hex[HEX_SIZE]);

/* The digits of a digest; -EBADMSG with a note that names `object` for any other text. */
int digest_parse(const char *text, const char *object, char ret_hex[HEX_SIZE]);

static inline void cleanup_hash(EVP_MD_CTX **hash)
{
	EVP_MD_CTX_free(*hash);
}

#endif

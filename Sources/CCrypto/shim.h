#pragma once
// The functions of one algorithm are called old-fashioned since OpenSSL 3. Unlike the new ones they read no configuration
// and load no provider, so nothing of the machine's can make them fail.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

static inline void dptrain_sha256_begin(SHA256_CTX *context) { SHA256_Init(context); }

static inline void dptrain_sha256_add(SHA256_CTX *context, const void *bytes, size_t count) {
    SHA256_Update(context, bytes, count);
}

static inline void dptrain_sha256_end(SHA256_CTX *context, unsigned char digest[SHA256_DIGEST_LENGTH]) {
    SHA256_Final(digest, context);
}

#pragma once
// The functions of one algorithm are called old-fashioned since OpenSSL 3. Unlike the new ones they read no configuration
// and load no provider, so nothing of the machine's can make them fail.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

static inline void dptrain_sha256(const void *bytes, size_t count, unsigned char digest[SHA256_DIGEST_LENGTH]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(digest, &context);
}

internal import CCrypto

/// SHA-256 (FIPS 180-4), by OpenSSL, of bytes that come part by part.
package struct SHA256: ~Copyable {
    private var context = SHA256_CTX()

    package init() { dptrain_sha256_begin(&context) }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        dptrain_sha256_add(&context, bytes.baseAddress, bytes.count)
    }

    /// 32 bytes.
    package consuming func digest() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { digest, count in
            dptrain_sha256_end(&context, digest.baseAddress)
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }

    /// Of bytes that are all there.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA256()
        digest.add(bytes)
        return digest.digest()
    }
}

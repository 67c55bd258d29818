import Crypto
import MessagePassing
import NumericCore

/// Facts that are too long to be quoted: ranks compare a digest of them.
extension SharedFact {
    init(_ name: String, digestOf text: String) {
        self.init(name, Self.text(SHA256.hash(data: Array(text.utf8))))
    }

    init(_ name: String, digestOf values: AlignedBuffer<Float>) {
        var hash = SHA256()
        hash.update(bufferPointer: UnsafeRawBufferPointer(values.elements))
        self.init(name, Self.text(hash.finalize()))
    }

    /// 16 hexadecimal digits are enough to tell mistakes apart.
    private static func text(_ digest: SHA256.Digest) -> String {
        digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

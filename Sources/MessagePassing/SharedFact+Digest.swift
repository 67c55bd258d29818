import Basics

/// Facts that are too long to be quoted: ranks compare a digest of them.
extension SharedFact {
    package init(_ name: String, digestOf text: String) {
        self.init(name, Self.text(Array(text.utf8).withUnsafeBytes(SHA256.digest)))
    }

    package init(_ name: String, digestOf values: AlignedBuffer<Float>) {
        self.init(name, Self.text(SHA256.digest(of: UnsafeRawBufferPointer(values.elements))))
    }

    /// 16 hexadecimal digits are enough to tell mistakes apart.
    private static func text(_ digest: [UInt8]) -> String {
        digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

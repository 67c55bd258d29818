import Basics

/// The digest that ends a checkpoint, after HDF5's own end, where HDF5 does not look. It is checked before HDF5 sees
/// the file: HDF5 reads zeros beyond a file's end and does not notice altered bytes.
///
///     offset  size   all numbers little-endian
///     0       16     "dptrain-sha256\r\n"
///     16      8      version of this trailer: 1
///     24      8      bytes before the trailer
///     32      32     SHA-256 of those bytes
package enum FileSeal {
    static let size = 64
    private static let magic = Array("dptrain-sha256\r\n".utf8)
    private static let version: UInt64 = 1
    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The trailer that belongs behind `payload`.
    package static func trailer(of payload: UnsafeRawBufferPointer) -> [UInt8] {
        magic + littleEndian(version) + littleEndian(UInt64(payload.count)) + SHA256.digest(of: payload)
    }

    /// Whether they begin as HDF5 files do, sealed or not.
    package static func isHDF5(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

    package static func isSealed(_ bytes: [UInt8]) -> Bool {
        bytes.count >= size && bytes[(bytes.count - size)...].starts(with: magic)
    }

    /// The HDF5 file before the trailer, if every byte of it is what was written.
    package static func open(_ bytes: consuming [UInt8], file: String) throws(FileError) -> [UInt8] {
        let remedy = "use an earlier checkpoint, or copy it again"
        guard !bytes.isEmpty else {
            throw FileError(.empty, file: file, "it is empty", remedy: remedy)
        }
        guard isHDF5(bytes) else {
            throw FileError(
                .notHDF5, file: file, "it is not an HDF5 file", remedy: "give a checkpoint of dptrain")
        }
        guard isSealed(bytes) else { throw unsealed(bytes, file: file, remedy: remedy) }
        let start = bytes.count - size
        let found = number(bytes, at: start + 16)
        guard found == version else {
            throw FileError(
                found > version && found < 1 << 16 ? .version : .altered, file: file,
                "its digest is of version \(found); this program knows version \(version)", remedy: remedy)
        }
        let length = number(bytes, at: start + 24)
        guard length == UInt64(start) else {
            throw FileError(
                length > UInt64(start) ? .truncated : .altered, file: file,
                "it has \(start) bytes before its digest, but was written with \(length)", remedy: remedy)
        }
        guard bytes[(start + 32)...].elementsEqual(digest(of: bytes, length: start)) else {
            throw FileError(
                .altered, file: file, "it is damaged: its SHA-256 is not the one it was written with", remedy: remedy)
        }
        bytes.removeLast(size)
        return bytes
    }

    private static func digest(of bytes: [UInt8], length: Int) -> [UInt8] {
        bytes.withUnsafeBytes { SHA256.digest(of: UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// HDF5's superblock of version 0 says where the file should end.
    private static func unsealed(_ bytes: [UInt8], file: String, remedy: String) -> FileError {
        guard bytes.count >= 48, bytes[8] == 0 else {
            return FileError(.truncated, file: file, "it is truncated: its digest is missing", remedy: remedy)
        }
        let end = number(bytes, at: 40)
        guard UInt64(bytes.count) == end else {
            // `end` is any number that a file can hold: nothing is added to it.
            let isTruncated = bytes.count < size || UInt64(bytes.count - size) < end
            return FileError(
                isTruncated ? .truncated : .altered, file: file,
                isTruncated
                    ? "it is truncated: it has \(bytes.count) bytes of at least \(end)" : "its digest is damaged",
                remedy: remedy)
        }
        return FileError(
            .unsealed, file: file, "it is an HDF5 file without dptrain's digest",
            remedy:
                "if it comes from Keras, load it with --weights; a checkpoint that another program opened to change it has "
                + "lost its digest: change a copy that `dptrain checkpoint export` has written")
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
    }
}

import Basics
import CZlib

/// A zip archive of stored files, composed in memory. Equal contents give equal bytes: entries carry the first date that the
/// format has. Source: PKWARE's APPNOTE.TXT, 4.3.
package struct ZipWriter {
    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0

    private static let version: UInt16 = 20
    /// Names are UTF-8.
    private static let flags: UInt16 = 1 << 11
    /// 1 January 1980.
    private static let date: UInt16 = 1 << 5 | 1
    /// What the format's 32 bits hold.
    package static let mostBytes = Int(UInt32.max)

    package init() {}

    /// Adds a file; false if the archive would be too large.
    package mutating func add(_ name: String, _ content: [UInt8]) -> Bool {
        let name = Array(name.utf8)
        guard bytes.count + content.count + 2 * name.count + 128 + directory.count <= Self.mostBytes else {
            return false
        }
        let offset = UInt32(bytes.count)
        var check = crc32(0, nil, 0)
        content.withUnsafeBufferPointer { content in
            // zlib counts in 32 bits.
            for start in stride(from: 0, to: content.count, by: 1 << 30) {
                let part = content[start..<min(start + 1 << 30, content.count)]
                check = crc32(check, UnsafeBufferPointer(rebasing: part).baseAddress, uInt(part.count))
            }
        }
        var entry: [UInt8] = []
        entry.append(Self.version, Self.flags, 0, 0, Self.date)
        entry.append(UInt32(truncatingIfNeeded: check), UInt32(content.count), UInt32(content.count))
        entry.append(UInt16(name.count), 0)
        bytes.append(UInt32(0x0403_4b50))
        bytes += entry + name + content
        directory.append(UInt32(0x0201_4b50))
        directory.append(Self.version)
        directory += entry
        // No comment; one disk; no attributes.
        directory.append(UInt16(0), 0, 0)
        directory.append(UInt32(0), offset)
        directory += name
        count += 1
        return true
    }

    /// The archive.
    package consuming func finish() -> [UInt8] {
        let start = UInt32(bytes.count)
        bytes += directory
        bytes.append(UInt32(0x0605_4b50))
        bytes.append(UInt16(0), 0, count, count)
        bytes.append(UInt32(directory.count), start)
        bytes.append(UInt16(0))
        return bytes
    }
}

extension [UInt8] {
    /// Little-endian.
    fileprivate mutating func append<Integer: FixedWidthInteger>(_ values: Integer...) {
        for value in values {
            for byte in 0..<Integer.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
        }
    }
}

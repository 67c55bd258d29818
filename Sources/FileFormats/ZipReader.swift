import Basics
import CArchive

/// The files of a zip archive in memory, by name (libarchive). Nothing is unpacked to disk, links and folders are passed
/// over, and no entry is read beyond a limit: what an archive says of sizes decides nothing.
package struct ZipReader {
    /// Names and the sizes that the archive states, in its order.
    package let entries: [(name: String, size: Int)]
    private let bytes: [UInt8]
    private let path: String

    /// More names than any model file has are not looked at.
    private static let mostEntries = 10_000

    /// `path` names the archive in errors.
    package init(_ bytes: [UInt8], path: String) throws(FileError) {
        (self.bytes, self.path) = (bytes, path)
        var entries: [(name: String, size: Int)] = []
        try Self.walk(bytes, path) { _, header, name in
            entries.append((name, Int(archive_entry_size(header))))
            return entries.count < Self.mostEntries
        }
        self.entries = entries
    }

    package static func isZip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: Array("PK".utf8)) }

    /// The content of an entry; nil if there is none of this name. One that is longer than `most` bytes is refused.
    package func content(of name: String, atMost most: Int) throws(FileError) -> [UInt8]? {
        var content: [UInt8]?
        var isTooLong = false
        try Self.walk(bytes, path) { handle, _, found throws(FileError) in
            guard found == name else { return true }
            var read: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while !isTooLong {
                let count = buffer.withUnsafeMutableBytes { archive_read_data(handle, $0.baseAddress, $0.count) }
                guard count >= 0 else { throw Self.failure(handle, path) }
                if count == 0 { break }
                isTooLong = read.count + count > most
                read += buffer[..<count]
            }
            content = read
            return false
        }
        guard !isTooLong else {
            throw FileError(
                .content, file: path, "its \(name) inflates to more than \(most) bytes, more than the model can need",
                remedy: "save it again with Keras's model.save")
        }
        return content
    }

    /// Calls `body` with each regular file until it returns false.
    private static func walk(
        _ bytes: [UInt8], _ path: String,
        _ body: (OpaquePointer, _ header: OpaquePointer, _ name: String) throws(FileError) -> Bool
    ) throws(FileError) {
        guard let handle = archive_read_new() else {
            throw FileError(.unreadable, file: path, "libarchive has no memory")
        }
        defer { archive_read_free(handle) }
        archive_read_support_format_zip_seekable(handle)
        try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
            guard archive_read_open_memory(handle, bytes.baseAddress, bytes.count) == ARCHIVE_OK else {
                throw failure(handle, path)
            }
            while true {
                var header: OpaquePointer?
                switch archive_read_next_header(handle, &header) {
                // It warns of names that it cannot write in the language of the environment.
                case ARCHIVE_OK, ARCHIVE_WARN: break
                case ARCHIVE_EOF: return
                default: throw failure(handle, path)
                }
                guard let header, carchive_is_regular_file(header) != 0,
                    let name = archive_entry_pathname_utf8(header) ?? archive_entry_pathname(header)
                else { continue }
                guard try body(handle, header, String(cString: name)) else { return }
            }
        }
    }

    private static func failure(_ handle: OpaquePointer, _ path: String) -> FileError {
        let reason = archive_error_string(handle).map { String(cString: $0) } ?? "libarchive cannot read it"
        return FileError(.content, file: path, "the archive is damaged: \(reason)", remedy: "copy or download it again")
    }
}

import CArchive

/// Walks through the regular files of a tar (plain or gzipped) or zip archive, in the archive's order (libarchive).
///
/// Nothing is unpacked: the content of an entry is read where the walk stands. Names are only compared, never used as paths;
/// links, folders and devices are passed over.
package final class ArchiveReader {
    package struct Entry {
        /// The name within the archive.
        let path: String
        /// In bytes.
        let size: Int
        /// Counted from 0 among the regular files.
        let index: Int
        /// Where its bytes lie, in one run, in the archive's file; nil where they are compressed.
        let offset: Int?
    }

    /// Where the walk stands.
    package private(set) var entry: Entry?
    private let path: String
    private let input: ArchiveInput
    private let handle: OpaquePointer
    /// What libarchive has given of the entry, but not yet been asked for.
    private var block = UnsafeRawBufferPointer(start: nil, count: 0)
    private var position = 0

    /// `forNames`: little but names will be read.
    package convenience init(_ path: String, forNames: Bool = false) throws(ImportError) {
        try self.init(FileSource(path), forNames: forNames)
    }

    package convenience init(_ file: FileSource, forNames: Bool = false) throws(ImportError) {
        try self.init(ArchiveInput(file, forNames: forNames), place: file.place)
    }

    /// The archive, a tar, is an entry of another one.
    package convenience init(stream: any ByteSource) throws(ImportError) {
        try self.init(ArchiveInput(stream: stream), place: stream.place)
    }

    private init(_ input: ArchiveInput, place: String) throws(ImportError) {
        guard let handle = archive_read_new() else { throw .unreadable(place, reason: "libarchive has no memory") }
        self.handle = handle
        self.input = input
        path = place
        archive_read_support_format_tar(handle)
        if input.canSeek { archive_read_support_format_zip_seekable(handle) }
        input.open(handle)
    }

    deinit { archive_read_free(handle) }

    /// Whether a file is an archive; nothing but its beginning and its end is looked at.
    package static func isArchive(_ path: String) throws(ImportError) -> Bool {
        let reader = try ArchiveReader(path)
        var header: OpaquePointer?
        let code = archive_read_next_header(reader.handle, &header)
        if let failure = reader.input.failure { throw failure }
        return code == ARCHIVE_EOF || archive_format(reader.handle) != 0
    }

    /// Goes to the next regular file; nil at the end of the archive, once the whole of it has been read.
    package func next() throws(ImportError) -> Entry? {
        let index = entry.map { $0.index + 1 } ?? 0
        entry = nil
        block = UnsafeRawBufferPointer(start: nil, count: 0)
        position = 0
        while true {
            var header: OpaquePointer?
            switch archive_read_next_header(handle, &header) {
            // It warns of names that it cannot write in the language of the environment.
            case ARCHIVE_OK, ARCHIVE_WARN: break
            case ARCHIVE_EOF:
                try input.skipToEnd()
                return nil
            default: throw failure
            }
            guard carchive_is_regular_file(header) != 0 else { continue }
            let name = (archive_entry_pathname_utf8(header) ?? archive_entry_pathname(header)).map {
                String(cString: $0)
            }
            let found = Entry(
                path: name ?? "", size: Int(archive_entry_size(header)), index: index, offset: offset(header))
            try check(found)
            entry = found
            return found
        }
    }

    /// libarchive has just read the header, and has consumed all that comes before the content.
    private func offset(_ header: OpaquePointer?) -> Int? {
        guard let file = input.file, archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR else {
            return nil
        }
        guard archive_entry_sparse_count(header) == 0 else { return nil }
        let (offset, overflow) = file.start.addingReportingOverflow(Int(archive_filter_bytes(handle, 0)))
        return overflow ? nil : offset
    }

    /// Goes forward to an entry that an earlier walk has met.
    package func advance(to wanted: Entry) throws(ImportError) {
        guard try advance(toIndex: wanted.index, size: wanted.size).path == wanted.path else {
            throw .damaged(path, reason: "it changed while it was read")
        }
    }

    /// Goes forward to the entry that an earlier walk has met at `index`.
    @discardableResult
    package func advance(toIndex index: Int, size: Int) throws(ImportError) -> Entry {
        while let found = try next() {
            guard found.index == index else { continue }
            guard found.size == size else { break }
            return found
        }
        throw .damaged(path, reason: "it changed while it was read")
    }

    /// The next bytes of the entry; 0 at its end.
    package func read(into output: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        while block.isEmpty {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            switch archive_read_data_block(handle, &start, &count, &offset) {
            case ARCHIVE_OK: break
            case ARCHIVE_EOF: return 0
            default: throw failure
            }
            // A hole of any size takes no bytes in a tar archive.
            guard offset == position else {
                throw .unreadable(path, reason: "\(entry?.path ?? "") is sparse; pack it without --sparse")
            }
            block = UnsafeRawBufferPointer(start: start, count: count)
            position += count
        }
        let piece = block.prefix(output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
        block = UnsafeRawBufferPointer(rebasing: block[piece.endIndex...])
        return piece.count
    }

    /// Other ways to compress a zip archive's entries need as much memory as the entry likes to say.
    private func check(_ entry: Entry) throws(ImportError) {
        let most = ByteCount.inflated(from: input.size.most).most
        guard entry.size >= 0, entry.size <= most else {
            throw .impossibleSize("\(path): \(entry.path)", promised: entry.size, most: most)
        }
        let format = archive_format_name(handle).map { String(cString: $0) } ?? ""
        guard !format.hasPrefix("ZIP") || format.hasSuffix("(deflation)") || format.hasSuffix("(uncompressed)") else {
            throw .unreadable(path, reason: "\(entry.path) is compressed as \(format); pack it again with zip")
        }
    }

    private var failure: ImportError {
        if let failure = input.failure { return failure }
        let text = archive_error_string(handle).map { String(cString: $0) } ?? "libarchive gives no reason"
        if text.hasPrefix("Truncated") { return .truncated(path) }
        return .damaged(path, reason: "at byte \(archive_read_header_position(handle)): \(text)")
    }
}

/// The content of the entry at which a reader stands. It ends where the reader goes on.
package final class EntrySource: ByteSource {
    package let place: String
    package let size: ByteCount
    private let reader: ArchiveReader

    package init(_ reader: ArchiveReader, _ entry: ArchiveReader.Entry, place: String) {
        self.reader = reader
        self.place = place
        size = .exactly(entry.size)
    }

    package func read(into output: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        try reader.read(into: output)
    }
}

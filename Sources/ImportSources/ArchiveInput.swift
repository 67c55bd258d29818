import CArchive

#if canImport(Glibc)
import Glibc
#endif

/// What libarchive reads an archive from: a file, what it inflates to, or an entry of another archive. libarchive could
/// inflate too, but does not compare gzip's check sums.
package final class ArchiveInput {
    /// Why a call from within libarchive failed.
    package private(set) var failure: ImportError?
    /// The file if it can be read at any place; nil for a stream.
    package let file: FileSource?
    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes that are read at a time. After a seek, a walk through names needs a header only.
    private let step: Int

    /// `forNames`: little but headers will be read.
    package init(_ file: FileSource, forNames: Bool) throws(ImportError) {
        let buffer = Self.buffer()
        do throws(ImportError) {
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<2]))
            let head = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let isGzip = InflatedSource.isGzip(head)
            source = isGzip ? try InflatedSource(file, head: head) : file
            self.file = isGzip ? nil : file
            if !isGzip { file.seek(to: 0) }
            step = forNames && !isGzip ? 1 << 12 : buffer.count
        } catch {
            buffer.deallocate()
            throw error
        }
        self.buffer = buffer
    }

    /// What comes as a stream, and is not compressed.
    package init(stream: any ByteSource) {
        source = stream
        file = nil
        buffer = Self.buffer()
        step = buffer.count
    }

    deinit { buffer.deallocate() }

    private static func buffer() -> UnsafeMutableRawBufferPointer { .allocate(byteCount: 1 << 17, alignment: 16) }

    package var size: ByteCount { source.size }
    package var canSeek: Bool { file != nil }

    /// Lets libarchive read from here, which must live as long as the handle.
    package func open(_ handle: OpaquePointer) {
        archive_read_set_callback_data(handle, Unmanaged.passUnretained(self).toOpaque())
        archive_read_set_read_callback(handle) { _, input, start in
            guard let input = ArchiveInput.from(input) else { return la_ssize_t(ARCHIVE_FATAL) }
            start?.pointee = UnsafeRawPointer(input.buffer.baseAddress)
            return la_ssize_t(input.read())
        }
        if canSeek {
            archive_read_set_skip_callback(handle) { _, input, count in ArchiveInput.from(input)?.skip(count) ?? 0 }
            archive_read_set_seek_callback(handle) { _, input, offset, origin in
                ArchiveInput.from(input)?.seek(offset, from: origin) ?? la_int64_t(ARCHIVE_FATAL)
            }
        }
        archive_read_open1(handle)
    }

    /// Reads what is left, for gzip's check sum at the end of it.
    package func skipToEnd() throws(ImportError) {
        guard !canSeek else { return }
        while try source.read(into: buffer) > 0 {}
    }

    private static func from(_ pointer: UnsafeMutableRawPointer?) -> ArchiveInput? {
        pointer.map { Unmanaged<ArchiveInput>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read() -> Int {
        do throws(ImportError) {
            return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<step]))
        } catch {
            failure = error
            return Int(ARCHIVE_FATAL)
        }
    }

    /// Never goes beyond the end, so that libarchive sees where a truncated file ends.
    private func skip(_ count: la_int64_t) -> la_int64_t {
        guard let file else { return 0 }
        let start = file.position
        let (end, overflow) = start.addingReportingOverflow(Int(count))
        file.seek(to: overflow ? .max : end)
        return la_int64_t(file.position - start)
    }

    private func seek(_ offset: la_int64_t, from origin: Int32) -> la_int64_t {
        guard let file else { return la_int64_t(ARCHIVE_FATAL) }
        let base = origin == SEEK_CUR ? file.position : origin == SEEK_END ? file.size.most : 0
        let (target, overflow) = base.addingReportingOverflow(Int(offset))
        guard !overflow, (0...file.size.most).contains(target) else { return la_int64_t(ARCHIVE_FATAL) }
        file.seek(to: target)
        return la_int64_t(target)
    }
}

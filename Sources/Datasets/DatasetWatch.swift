import Basics
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Notices that a file was written to, or replaced by another one of its name, while it is in use. Readers that begin later
/// would open the other one, and read it as if it were the first.
public final class DatasetWatch: Sendable {
    private struct Stamp: Equatable {
        let identity: [UInt64]
        let size: Int64
        let modified: [Int64]

        /// Nil where the path leads to no file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            identity = [UInt64(status.st_dev), UInt64(status.st_ino)]
            size = Int64(status.st_size)
            modified = [Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec)]
        }
    }

    private let file: DatasetFile
    private let fingerprint: Fingerprint
    private let stamps: Mutex<[String: Stamp]>

    /// `fingerprint` is the file's.
    public init(_ file: DatasetFile, _ fingerprint: Fingerprint) {
        self.file = file
        self.fingerprint = fingerprint
        let paths = Set(
            file.splits.values.flatMap(\.sources).flatMap(\.parts.parts).flatMap { [$0.file, $0.bytesFile] })
        stamps = Mutex(Dictionary(uniqueKeysWithValues: paths.compactMap { path in Stamp(path).map { (path, $0) } }))
    }

    /// Throws if what was looked at has changed, or lies elsewhere. If only the time or other parts of a file have changed,
    /// it says so, once.
    public func check() throws -> String? {
        guard let path = firstChange() else { return nil }
        let current = try DatasetFile.open(file.path, options: file.options)
        let isSame =
            try current.fingerprint() == fingerprint
            && Split.allCases.allSatisfy {
                current.splits[$0]?.sources.map(\.access) == file.splits[$0]?.sources.map(\.access)
            }
        guard isSame else {
            throw DatasetError(
                file: path, "it was changed while the run read it",
                remedy: "restore it, and resume from a checkpoint that is older than the change")
        }
        return "\(path) was written to during the run; the samples that were compared are still the same"
    }

    private func firstChange() -> String? {
        stamps.withLock { stamps in
            for (path, before) in stamps.sorted(by: { $0.key < $1.key }) {
                guard let now = Stamp(path), now != before else { continue }
                stamps[path] = now
                return path
            }
            return nil
        }
    }
}

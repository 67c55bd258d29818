#if canImport(Glibc)
import Glibc
#endif

/// The room on the file system that holds a path.
package enum DiskSpace {
    /// Bytes that this user may still write; nil where the system does not say.
    package static func available(at path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let blocks = Int(clamping: status.f_bavail)
        let (bytes, overflows) = blocks.multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflows ? nil : bytes
    }
}

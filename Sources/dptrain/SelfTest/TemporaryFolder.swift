import FoundationEssentials
import Glibc

/// A new folder for files that nobody needs afterwards.
struct TemporaryFolder {
    let path: String

    init() throws {
        let parent = FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/dptrain-selftest-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CheckFailure(
                "no temporary folder can be created in \(parent)/: \(String(cString: strerror(errno))); "
                    + "set TMPDIR to a folder that can be written to")
        }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

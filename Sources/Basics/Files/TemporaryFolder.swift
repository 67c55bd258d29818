import FoundationEssentials
import Glibc

/// A new folder for files that nobody needs afterwards.
package struct TemporaryFolder {
    package let path: String

    package init() throws {
        let parent = FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/dptrain-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(
                .write, file: "\(parent)/",
                "no temporary folder can be created in it: \(String(cString: strerror(errno)))",
                remedy: "set TMPDIR to a folder that can be written to")
        }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }
}

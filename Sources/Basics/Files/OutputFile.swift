#if canImport(Glibc)
import Glibc
#endif

/// A file that a user asked for by its name. Errors say this name, and not that of the temporary file which becomes it.
package struct OutputFile: Sendable {
    package let path: String
    private static let remedy = "choose another name"

    /// Refuses, before anything is computed, a folder that cannot be written to, and a file that is there and may not be replaced.
    package init(_ path: String, overwrite: Bool) throws(FileError) {
        self.path = path
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.isEmpty ? "." : parts.joined(separator: "/") + "/"
        guard access(folder, W_OK) == 0 else {
            throw FileError(
                .write, file: path, "its folder cannot be written to: \(String(cString: strerror(errno)))",
                remedy: Self.remedy)
        }
        guard overwrite || access(path, F_OK) != 0 else {
            throw FileError(.write, file: path, "exists already", remedy: "\(Self.remedy) or give --overwrite")
        }
    }

    /// Puts the whole content there or nothing.
    package func write(
        _ content: some FileContent, _ fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) {
        do {
            try fileSystem.replace(path, with: content)
        } catch {
            throw FileError(
                error.code == ENOSPC || error.code == EDQUOT ? .diskFull : .write, file: path,
                "cannot be written: \(String(cString: strerror(error.code)))",
                remedy: "see that there is room, and try again")
        }
    }
}

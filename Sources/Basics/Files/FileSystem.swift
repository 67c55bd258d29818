#if canImport(Glibc)
import Glibc
#endif

/// The file operations that checkpoints need: the one seam through which all of them go, so that tests can make any of
/// them fail. A descriptor is what the operating system gave.
public protocol FileSystem: Sendable {
    func createFolder(_ path: String) throws(FileSystemError)
    func names(in folder: String) throws(FileSystemError) -> [String]
    func read(_ path: String) throws(FileSystemError) -> [UInt8]
    func create(_ path: String) throws(FileSystemError) -> Int32
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(FileSystemError)
    /// Returns once the file's content is on the disk.
    func synchronize(_ descriptor: Int32, _ path: String) throws(FileSystemError)
    func close(_ descriptor: Int32, _ path: String) throws(FileSystemError)
    func rename(_ path: String, to newPath: String) throws(FileSystemError)
    /// A second name for the same file.
    func link(_ path: String, to newPath: String) throws(FileSystemError)
    func remove(_ path: String) throws(FileSystemError)
    /// Returns once the folder's list of names is on the disk.
    func synchronizeFolder(_ path: String) throws(FileSystemError)
}

/// What the operating system refused.
public struct FileSystemError: Error, Sendable, Equatable, CustomStringConvertible {
    public let operation: String
    public let path: String
    /// errno
    public let code: Int32

    public init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    public var reason: String { "cannot \(operation): \(String(cString: strerror(code)))" }
    public var description: String { "\(path): \(reason)" }
}

/// What is to be written to a file, part by part, so that a large content need not be copied into one array.
package protocol FileContent {
    var byteCount: Int { get }

    func forEachPart(
        _ body: (UnsafeRawBufferPointer) throws(FileSystemError) -> Void
    ) throws(FileSystemError)
}

extension [UInt8]: FileContent {
    package var byteCount: Int { count }

    package func forEachPart(
        _ body: (UnsafeRawBufferPointer) throws(FileSystemError) -> Void
    ) throws(FileSystemError) {
        try withUnsafeBufferPointer { bytes throws(FileSystemError) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}

extension FileSystem {
    package func write(_ content: some FileContent, to descriptor: Int32, _ path: String) throws(FileSystemError) {
        try content.forEachPart { part throws(FileSystemError) in try write(part, to: descriptor, path) }
    }

    /// The bytes of a file that someone named.
    package func content(of path: String) throws(FileError) -> [UInt8] {
        do {
            return try read(path)
        } catch {
            throw FileError(.unreadable, file: path, error.reason, remedy: "check the path and its permissions")
        }
    }

    /// Puts `content` at `folder/name` so that at any moment, also after a crash, either the old file or the new one is
    /// there, whole. What failed leaves no temporary file behind.
    package func replace(
        _ name: String, in folder: String, with content: some FileContent
    ) throws(FileSystemError) {
        let temporary = "\(folder)/\(TemporaryName.of(name))"
        do {
            try writeThrough(content, temporary)
            try rename(temporary, to: "\(folder)/\(name)")
        } catch {
            try? remove(temporary)
            throw error
        }
        try synchronizeFolder(folder)
    }

    /// The same for a path.
    package func replace(_ path: String, with content: some FileContent) throws(FileSystemError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast().joined(separator: "/")
        let root = path.hasPrefix("/") ? "/" : "."
        try replace(String(parts.last ?? ""), in: folder.isEmpty ? root : folder, with: content)
    }

    /// Makes `folder/name` a second name of `folder/existing`. A link rather than a symbolic one: either name may be
    /// deleted, copied or opened by itself.
    package func relink(_ name: String, in folder: String, to existing: String) throws(FileSystemError) {
        let temporary = "\(folder)/\(TemporaryName.of(name))"
        try link("\(folder)/\(existing)", to: temporary)
        do {
            try rename(temporary, to: "\(folder)/\(name)")
        } catch {
            try? remove(temporary)
            throw error
        }
        try synchronizeFolder(folder)
    }

    private func writeThrough(_ content: some FileContent, _ path: String) throws(FileSystemError) {
        let descriptor = try create(path)
        do {
            try write(content, to: descriptor, path)
            try synchronize(descriptor, path)
        } catch {
            try? close(descriptor, path)
            throw error
        }
        try close(descriptor, path)
    }
}

/// How files are called that are not finished yet.
package enum TemporaryName {
    private static let prefix = ".dptrain-"
    private static let suffix = ".tmp"

    package static func of(_ name: String) -> String { prefix + name + suffix }
    package static func isOne(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }
}

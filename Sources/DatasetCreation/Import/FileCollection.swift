import FoundationEssentials

/// Files by name, of a folder or of a tar archive.
struct FileCollection {
    let path: String
    /// Of an archive, the files' last path components.
    let names: [String]
    /// Nil for a folder, whose files are read when asked for.
    private let archived: [String: [UInt8]]?

    /// The files directly in a folder, and its folders.
    init(folder: String) throws(ImportError) {
        path = folder
        archived = nil
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw .unreadable(folder, reason: error.failureText)
        }
    }

    /// The .bin and .txt files of a .tar or .tar.gz archive, wherever they lie in it.
    init(archive: String) throws(ImportError) {
        let tar = try TarArchive(ByteStream(archive)) { $0.hasSuffix(".bin") || $0.hasSuffix(".txt") }
        path = archive
        names = tar.names.map(Self.lastComponent).sorted()
        archived = Dictionary(
            tar.names.compactMap { name in tar.files[name].map { (Self.lastComponent(name), $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    func contains(_ name: String) -> Bool { names.contains(name) }

    /// Where a file lies, for people.
    func place(_ name: String) -> String { archived == nil ? path + "/" + name : "\(path): \(name)" }

    func contents(of name: String) throws(ImportError) -> [UInt8] {
        guard contains(name) else { throw .missing(path, lookedFor: name) }
        if let archived { return archived[name] ?? [] }
        return try ByteStream(path + "/" + name).rest()
    }

    static func isFolder(_ path: String) throws(ImportError) -> Bool {
        var isFolder: Bool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .notFound(path) }
        return isFolder
    }

    static func lastComponent(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    }

    static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
    }
}

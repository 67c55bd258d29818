import FoundationEssentials

/// What `data import` was pointed at: its files by name, whether they lie in a folder or in an archive.
package final class ImportInput {
    package enum Kind {
        case folder
        /// tar, plain or gzipped, or zip.
        case archive
        /// Any other file.
        case file
        /// Several folders, archives or files.
        case several
    }

    /// Of several sources all paths.
    package let path: String
    package let kind: Kind
    /// Of a folder: the names of the files and folders in it. Of an archive: the last components of its files' paths. Of a
    /// file: its own name. Of several sources: the name of each.
    package let names: [String]
    /// What `tree` has made.
    private var known: FileTree?
    private let sources: [String]
    private let nameSet: Set<String>
    /// Of an archive, by the last component of their paths. Which of several with the same one is meant, nobody can tell.
    private let entries: [String: [ArchiveReader.Entry]]
    /// The reader of the entry that was opened last. A later entry uses it again if no stream reads from it.
    private var reader: ArchiveReader?

    /// One source, or several.
    package convenience init(_ paths: [String]) throws(ImportError) {
        if paths.count == 1 {
            try self.init(paths[0])
            return
        }
        for path in paths where !FileManager.default.fileExists(atPath: path) { throw .notFound(path) }
        let names = paths.map(Self.lastComponent)
        if let twice = names.firstIndex(where: { name in names.count { $0 == name } > 1 }) {
            throw .ambiguous(
                paths.joined(separator: " "), candidates: paths.filter { Self.lastComponent($0) == names[twice] },
                remedy: "sources need names that differ")
        }
        self.init(paths.joined(separator: " "), .several, names: names, sources: paths)
    }

    package convenience init(_ path: String) throws(ImportError) {
        var isFolder: Bool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .notFound(path) }
        if isFolder {
            try self.init(folder: path)
        } else if try ArchiveReader.isArchive(path) {
            try self.init(archive: path)
        } else {
            self.init(path, .file, names: [Self.lastComponent(path)])
        }
    }

    package convenience init(folder: String) throws(ImportError) {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            self.init(folder, .folder, names: names.sorted())
        } catch {
            throw .unreadable(folder, reason: error.failureText)
        }
    }

    /// Walks through the archive once, for its names.
    private convenience init(archive: String) throws(ImportError) {
        let reader = try ArchiveReader(archive, forNames: true)
        var names: [String] = []
        var entries: [String: [ArchiveReader.Entry]] = [:]
        while let entry = try reader.next() {
            let name = entry.path.split(separator: "/").last.map(String.init) ?? ""
            names.append(name)
            entries[name, default: []].append(entry)
        }
        self.init(archive, .archive, names: names.sorted(), entries: entries)
    }

    private init(
        _ path: String, _ kind: Kind, names: [String], entries: [String: [ArchiveReader.Entry]] = [:],
        sources: [String]? = nil
    ) {
        self.path = path
        self.kind = kind
        self.names = names
        self.entries = entries
        self.sources = sources ?? [path]
        nameSet = Set(names)
    }

    /// All files at any depth, by path. It is made when it is first asked for.
    package func tree() throws(ImportError) -> FileTree {
        if let known { return known }
        let tree = try FileTree(sources)
        known = tree
        return tree
    }

    package func contains(_ name: String) -> Bool { nameSet.contains(name) }

    /// Where a file lies, for people.
    package func place(_ name: String) -> String {
        switch kind {
        case .folder: path + "/" + name
        case .archive: "\(path): \(name)"
        case .file: path
        case .several: sources.first { Self.lastComponent($0) == name } ?? name
        }
    }

    /// A file from its beginning. Several may be read at a time. Files of a gzipped archive are found fastest in their order.
    package func open(_ name: String) throws(ImportError) -> ByteStream {
        guard contains(name) else { throw .missing(path, lookedFor: name) }
        guard let named = entries[name], let entry = named.first else {
            return try ByteStream(FileSource(place(name)))
        }
        guard named.count == 1 else {
            throw .ambiguous(path, candidates: named.map(\.path), remedy: "leave only one of them in the archive")
        }
        let isFree = isKnownUniquelyReferenced(&reader)
        let reader: ArchiveReader
        if isFree, let last = self.reader, let position = last.entry?.index, position < entry.index {
            reader = last
        } else {
            reader = try ArchiveReader(path)
        }
        self.reader = nil
        try reader.advance(to: entry)
        self.reader = reader
        return try ByteStream(EntrySource(reader, entry, place: place(name)))
    }

    /// The bytes of a file, inflated. A compressed one is read through to count them.
    package func size(of name: String) throws(ImportError) -> Int {
        let stream = try open(name)
        if case .exactly(let count) = stream.size { return count }
        try stream.skipToEnd()
        return stream.position
    }

    /// A small text file; one of more than 1 MiB is refused.
    package func text(of name: String) throws(ImportError) -> String {
        let size = try size(of: name)
        guard size <= 1 << 20 else { throw .damaged(place(name), reason: "a text of \(size) bytes") }
        return String(decoding: try open(name).bytes(size), as: UTF8.self)
    }

    package static func lastComponent(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    }

    package static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
    }
}

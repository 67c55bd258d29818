import Basics

#if canImport(Glibc)
import Glibc
#endif

/// A file of an input, wherever it lies.
package struct InputFile {
    package enum Location {
        /// In the folder with this number.
        case folder(Int)
        /// Bytes from `offset` on of the tar with this number.
        case tar(Int, offset: Int)
        /// An entry of an archive that is read from its beginning; `inner` counts in the tar that the entry is.
        case entry(archive: Int, index: Int, inner: Int?)
        /// It cannot be read, for this reason.
        case nowhere(String)
    }

    /// Below the input, with slashes. An archive within the input counts as a folder that has its name without the ending:
    /// `train/n01440764/n01440764_10026.JPEG`.
    package let path: String
    /// In bytes.
    package let size: Int
    package let location: Location

    package init(path: String, size: Int, location: Location) {
        (self.path, self.size, self.location) = (path, size, location)
    }

    /// Whether it can be read.
    package var isSomewhere: Bool {
        if case .nowhere = location { false } else { true }
    }
    /// The path's last component.
    package var name: Substring { path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...] }
}

/// All files below the sources of an import, in folders and in archives, but for hidden ones. Links are followed. Nothing is
/// unpacked.
///
/// Files of a folder are in the order of their names' bytes, those of an archive in the archive's order: the order in which
/// they are read fastest.
package struct FileTree {
    package private(set) var files: [InputFile] = []
    /// Folders without a file or folder in them, as paths below the input. Archives do not tell theirs.
    package private(set) var emptyFolders: [String] = []
    /// Where folders lie, and what stands for them in paths.
    package private(set) var folders: [(path: String, prefix: String)] = []
    /// Where archives lie.
    package private(set) var archives: [String] = []
    /// Folders that lead to the one that is being listed: a link may lead back to one of them.
    private var ancestors: [(device: UInt, node: UInt)] = []
    /// An archive may have a name twice, and unpacking it would leave only the last.
    private var namesOfArchive: Set<String> = []

    private static let mostFiles = Int(Int32.max)
    private static let deepest = 64

    /// With several sources, each has its name without an archive's ending as its folder.
    package init(_ sources: [String]) throws(ImportError) {
        for source in sources {
            let name = ImportInput.lastComponent(source)
            var status = stat()
            guard stat(source, &status) == 0 else { throw .notFound(source) }
            if status.st_mode & S_IFMT == S_IFDIR {
                let prefix = sources.count > 1 ? name + "/" : ""
                folders.append((source, prefix))
                try list(source, prefix: prefix, status)
            } else if try ArchiveReader.isArchive(source) {
                try list(archive: source, prefix: sources.count > 1 ? Self.stem(name) + "/" : "")
            } else {
                folders.append((ImportInput.folder(of: source), ""))
                try append(InputFile(path: name, size: Int(status.st_size), location: .folder(folders.count - 1)))
            }
        }
    }

    /// `name` without the ending of an archive.
    package static func stem(_ name: some StringProtocol) -> String {
        let lower = name.lowercased()
        let ending = [".tar.gz", ".tgz", ".tar", ".zip"].first { lower.hasSuffix($0) }
        return String(name.dropLast(ending?.count ?? 0))
    }

    package static func isArchiveName(_ name: some StringProtocol) -> Bool { stem(name).count < name.count }

    // MARK: Folders

    private mutating func list(_ folder: String, prefix: String, _ status: stat) throws(ImportError) {
        let node = (device: UInt(status.st_dev), node: UInt(status.st_ino))
        let isLoop = ancestors.contains { $0 == node }
        guard !isLoop, ancestors.count < Self.deepest else {
            let reason = isLoop ? "it is a link to a folder that holds it" : "it lies too deep in folders"
            return try append(InputFile(path: String(prefix.dropLast()), size: 0, location: .nowhere(reason)))
        }
        ancestors.append(node)
        defer { ancestors.removeLast() }
        let names: [String]
        do {
            names = try POSIXFileSystem().names(in: folder)
        } catch {
            throw .unreadable(folder, reason: error.reason)
        }
        var count = 0
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard !Self.isHidden(name) else { continue }
            count += 1
            try list(entry: folder + "/" + name, prefix + name)
        }
        if count == 0, !prefix.isEmpty { emptyFolders.append(String(prefix.dropLast())) }
    }

    /// `path` is where it lies, `name` its path below the input.
    private mutating func list(entry path: String, _ name: String) throws(ImportError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            var link = stat()
            let isLink = lstat(path, &link) == 0 && link.st_mode & S_IFMT == S_IFLNK
            let reason = isLink ? "it is a link that leads nowhere" : String(cString: strerror(errno))
            return try append(InputFile(path: name, size: 0, location: .nowhere(reason)))
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: try list(path, prefix: name + "/", status)
        case S_IFREG where Self.isArchiveName(name):
            guard try ArchiveReader.isArchive(path) else { fallthrough }
            try list(archive: path, prefix: Self.stem(name) + "/")
        case S_IFREG:
            try append(InputFile(path: name, size: Int(status.st_size), location: .folder(folders.count - 1)))
        default: try append(InputFile(path: name, size: 0, location: .nowhere("it is no regular file")))
        }
    }

    // MARK: Archives

    private mutating func list(archive path: String, prefix: String) throws(ImportError) {
        archives.append(path)
        namesOfArchive.removeAll()
        let number = archives.count - 1
        let reader = try ArchiveReader(path, forNames: true)
        while let entry = try reader.next() {
            if entry.path.lowercased().hasSuffix(".tar") {
                let place = "\(path): \(entry.path)"
                let reader =
                    if let offset = entry.offset {
                        try ArchiveReader(
                            FileSource(path, part: offset..<offset + entry.size, place: place), forNames: true)
                    } else {
                        try ArchiveReader(stream: EntrySource(reader, entry, place: place))
                    }
                let folder = prefix + Self.stem(entry.path) + "/"
                while let innerEntry = try reader.next() {
                    try append(innerEntry, folder, number) {
                        .entry(archive: number, index: entry.index, inner: innerEntry.index)
                    }
                }
            } else {
                try append(entry, prefix, number) { .entry(archive: number, index: entry.index, inner: nil) }
            }
        }
    }

    private mutating func append(
        _ entry: ArchiveReader.Entry, _ prefix: String, _ archive: Int, location: () -> InputFile.Location
    ) throws(ImportError) {
        let components = entry.path.split(separator: "/").filter { $0 != "." }
        guard !components.contains(where: { Self.isHidden($0) && $0 != ".." }) else { return }
        let name = prefix + components.joined(separator: "/")
        let isOutside = components.contains("..") || entry.path.hasPrefix("/") || components.isEmpty
        let isNew = namesOfArchive.insert(name).inserted
        let place: InputFile.Location =
            if isOutside {
                .nowhere("its name leads out of the archive")
            } else if !isNew {
                .nowhere("the archive has an earlier file of this name")
            } else if let offset = entry.offset {
                .tar(archive, offset: offset)
            } else {
                location()
            }
        try append(InputFile(path: name, size: entry.size, location: place))
    }

    private mutating func append(_ file: InputFile) throws(ImportError) {
        guard files.count < Self.mostFiles else {
            throw .unreadable(file.path, reason: "it is file 2,147,483,648; a data set may have one less")
        }
        files.append(file)
    }

    /// What file managers hide: `.DS_Store`, `._1.jpg`, `Thumbs.db`.
    private static func isHidden(_ name: some StringProtocol) -> Bool {
        name.hasPrefix(".") || ["Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir"].contains(String(name))
    }
}

/// Reads the files of a tree. Those of archives that are no plain tar are read fastest in the tree's order.
package final class FileTreeReader {
    private let tree: FileTree
    /// The archive that was read last, at the entry that was read last.
    private var archive: (number: Int, reader: ArchiveReader)?
    /// The tar that this entry is.
    private var inner: (entry: Int, reader: ArchiveReader)?

    package init(_ tree: FileTree) { self.tree = tree }

    /// The file from its beginning, as it is: gzip files are not inflated. A stream of an archive ends with the next call.
    package func open(_ file: InputFile) throws(ImportError) -> any ByteSource {
        switch file.location {
        case .folder(let number):
            let folder = tree.folders[number]
            return try FileSource(folder.path + "/" + file.path.dropFirst(folder.prefix.count))
        case .tar(let number, let offset):
            let path = tree.archives[number]
            return try FileSource(path, part: offset..<offset + file.size, place: "\(path): \(file.path)")
        case .entry(let number, let index, let innerIndex):
            let place = "\(tree.archives[number]): \(file.path)"
            guard let innerIndex else {
                let reader = try reader(of: number, before: index)
                return EntrySource(reader, try reader.advance(toIndex: index, size: file.size), place: place)
            }
            let reader = try innerReader(of: number, index, before: innerIndex)
            return EntrySource(reader, try reader.advance(toIndex: innerIndex, size: file.size), place: place)
        case .nowhere(let reason): throw .unreadable(file.path, reason: reason)
        }
    }

    /// Replaces `bytes` by the file's.
    package func read(_ file: InputFile, into bytes: inout [UInt8]) throws(ImportError) {
        let source = try open(file)
        if bytes.count != file.size { bytes = [UInt8](repeating: 0, count: file.size) }
        var failure: ImportError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(ImportError) {
                var done = 0
                while done < buffer.count {
                    let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
                    guard count > 0 else { throw .wrongSize(source.place, expected: file.size, actual: done) }
                    done += count
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// An archive's reader that has not yet come to the entry.
    private func reader(of number: Int, before index: Int) throws(ImportError) -> ArchiveReader {
        inner = nil
        if let archive, archive.number == number, (archive.reader.entry?.index ?? -1) < index { return archive.reader }
        let reader = try ArchiveReader(tree.archives[number])
        archive = (number, reader)
        return reader
    }

    /// The same of a tar that is itself an entry of an archive.
    private func innerReader(of number: Int, _ index: Int, before innerIndex: Int) throws(ImportError) -> ArchiveReader
    {
        if let archive, archive.number == number, let inner, inner.entry == index,
            (inner.reader.entry?.index ?? -1) < innerIndex
        {
            return inner.reader
        }
        let outer = try reader(of: number, before: index)
        var entry = try outer.next()
        while let found = entry, found.index < index { entry = try outer.next() }
        guard let entry, entry.index == index else {
            throw .damaged(tree.archives[number], reason: "it changed while it was read")
        }
        let place = "\(tree.archives[number]): \(entry.path)"
        let reader = try ArchiveReader(stream: EntrySource(outer, entry, place: place))
        inner = (index, reader)
        return reader
    }
}

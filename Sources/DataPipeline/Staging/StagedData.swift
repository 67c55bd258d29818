import Basics
import Datasets
import MessagePassing

#if canImport(Glibc)
import Glibc
#endif

/// Copies of data files on each node's own disk. One rank a node copies, and the others wait for it.
package final class StagedData {
    private let files: StagedFiles
    /// The copies that this rank has made, and so deletes.
    private let made: [String]

    /// What to open in place of the original, on this rank's node.
    package var path: String { files.path }

    /// Collective. Files of the same names that are there already are used if they have the same sizes and, all together, the
    /// same fingerprint. They stay there.
    package init(
        _ source: String, in folder: String, _ options: DatasetOptions, _ nodes: NodeMap, _ communicator: Communicator
    ) throws {
        let isFirst = nodes.neighbours(of: communicator.rank).first == communicator.rank
        (files, made) = try communicator.together {
            do {
                let files = try StagedFiles(source, in: folder)
                return (files, isFirst ? try files.copy(options) : [])
            } catch {
                throw FileError(.folder, file: folder, "on \(HostName.current): \(error)")
            }
        }
    }

    /// Deletes the copies that this rank has made. Others that still have them open go on reading.
    package func remove() { files.remove(made) }
}

/// Which files are copied, and to where: a single file into the folder, and part files into a folder of their own in it.
private struct StagedFiles {
    private let source: String
    /// What to open.
    let path: String
    private let folder: String
    private let copies: [(source: String, target: String)]

    init(_ source: String, in stage: String) throws {
        let files = try DatasetPaths(source).files
        let names = files.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        guard Set(names).count == names.count else {
            throw DatasetError(
                file: source, "several of its files have the same name, and cannot lie in one folder",
                remedy: "leave out --stage")
        }
        let isSingle = files.count == 1
        folder = isSingle ? stage : "\(stage)/\(Self.folderName(of: files[0]))"
        path = isSingle ? "\(stage)/\(names[0])" : folder
        copies = zip(files, names).map { [folder] in ($0, "\(folder)/\($1)") }
        self.source = source
    }

    /// That of the folder a file lies in.
    private static func folderName(of file: String) -> String {
        let name = file.split(separator: "/").dropLast().last.map(String.init) ?? "."
        return name == "." || name == ".." ? "data" : name
    }

    /// Returns the files that were made. If anything fails, none is left.
    func copy(_ options: DatasetOptions) throws -> [String] {
        let fingerprint = try DatasetFile.open(source, options: options).fingerprint()
        let system = POSIXFileSystem()
        try system.createFolder(folder)
        let missing = try copies.filter { try !isThere($0.target, like: $0.source) }
        do {
            try requireRoom(for: missing.reduce(0) { try $0 + StoredFile($1.source).byteCount })
            for copy in missing { try system.replace(copy.target, with: StoredFile(copy.source)) }
            guard try DatasetFile.open(path, options: options).fingerprint() == fingerprint else {
                throw missing.count == copies.count
                    ? FileError(.altered, file: path, "the copy of \(source) has another fingerprint")
                    : Self.other(path)
            }
        } catch {
            remove(missing.map(\.target))
            throw error
        }
        return missing.map(\.target)
    }

    /// Whether a file is there already, which must have the size of the original.
    private func isThere(_ target: String, like source: String) throws -> Bool {
        guard let present = try? StoredFile(target) else { return false }
        guard try StoredFile(source).byteCount == present.byteCount else { throw Self.other(target) }
        return true
    }

    private static func other(_ target: String) -> FileError {
        FileError(
            .folder, file: target, "there are other data of this name already",
            remedy: "delete them, or choose another folder with --stage")
    }

    private func requireRoom(for bytes: Int) throws(FileError) {
        guard let room = DiskSpace.available(at: folder), room < bytes else { return }
        throw FileError(
            .diskFull, file: folder,
            "\(source) takes \(Figures.bytes(bytes)), and \(Figures.bytes(room)) are free",
            remedy: "make room, or leave out --stage")
    }

    /// With the folder of part files, if nothing else lies in it.
    func remove(_ files: [String]) {
        for file in files { try? POSIXFileSystem().remove(file) }
        if folder == path { rmdir(folder) }
    }
}

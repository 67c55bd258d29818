import Basics
import DataPipeline
import FoundationEssentials
import MessagePassing
import Models

/// A copy of a data file on each node's own disk, for `--stage`. One rank a node copies, and the others wait for it.
final class StagedData {
    /// On this rank's node.
    let path: String
    /// Whether this rank made the copy, and so deletes it.
    private let isOwner: Bool

    /// Collective. A file of the same name that is there already is used if it has the same size and fingerprint, and stays
    /// there.
    init(_ source: String, in folder: String, _ options: DatasetOptions, _ nodes: NodeMap, _ communicator: Communicator)
        throws
    {
        let target = "\(folder)/\(URL(fileURLWithPath: source).lastPathComponent)"
        path = target
        let isFirst = nodes.neighbours(of: communicator.rank).first == communicator.rank
        isOwner = try communicator.together {
            guard isFirst else { return false }
            do {
                return try Self.stage(source, as: target, in: folder, options)
            } catch {
                throw TrainingError("--stage \(folder) on \(HostName.current): \(error)")
            }
        }
    }

    /// Deletes the copy if this rank made it. Others that still have it open go on reading it.
    func remove() {
        if isOwner { try? POSIXFileSystem().remove(path) }
    }

    /// Returns whether a copy was made.
    private static func stage(
        _ source: String, as target: String, in folder: String, _ options: DatasetOptions
    ) throws -> Bool {
        let system = POSIXFileSystem()
        let content = try StoredFile(source)
        let fingerprint = try DatasetFile.open(source, options: options).fingerprint()
        if FileManager.default.fileExists(atPath: target) {
            guard try StoredFile(target).byteCount == content.byteCount,
                try DatasetFile.open(target, options: options).fingerprint() == fingerprint
            else {
                throw FileError(
                    .folder, file: target, "there is another file of this name already",
                    remedy: "delete it, or choose another folder with --stage")
            }
            return false
        }
        try system.createFolder(folder)
        if let room = DiskSpace.available(at: folder), room < content.byteCount {
            throw FileError(
                .diskFull, file: folder,
                "\(source) takes \(ModelSummary.bytes(content.byteCount)), and \(ModelSummary.bytes(room)) are free",
                remedy: "make room, or leave out --stage")
        }
        try system.replace(target, with: content)
        do {
            guard try DatasetFile.open(target, options: options).fingerprint() == fingerprint else {
                throw FileError(.altered, file: target, "the copy of \(source) has another fingerprint")
            }
        } catch {
            try? system.remove(target)
            throw error
        }
        return true
    }
}

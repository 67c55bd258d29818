import Basics

/// A state found in an output folder.
public struct RecoveredState: Sendable, Equatable {
    public let state: RunState
    /// The path of its file.
    public let file: String
    /// What was passed over, in words for the user: damaged files newer than this one.
    public let warnings: [String]
}

extension CheckpointStore {
    /// The newest whole checkpoint of the folder; nil if there is none at all. Damaged files are passed over, loudly;
    /// where only damaged ones exist it throws. If a run was stopped between the two names of its newest state, that state
    /// becomes `latest.h5` now.
    public func newest() throws(FileError) -> RecoveredState? {
        let names: [String]
        let steps: [Int]
        do {
            names = try fileSystem.names(in: folder)
            steps = try stepNumbers()
        } catch {
            throw FileError(.unreadable, file: folder, error.reason)
        }
        var newest: (state: RunState, name: String)?
        var damage: [FileError] = []
        // Of these only the content tells the step; the names of step files do.
        for name in [Self.latestName, Self.bestName] where names.contains(name) {
            do {
                let state = try read(name)
                if state.position.globalStep > newest?.state.position.globalStep ?? -1 { newest = (state, name) }
            } catch {
                damage.append(error)
            }
        }
        for step in steps where step > newest?.state.position.globalStep ?? -1 {
            let name = Self.stepName(step)
            do {
                newest = (try read(name), name)
            } catch {
                damage.append(error)
            }
        }
        guard let newest else {
            guard let first = damage.first else { return nil }
            throw FileError(
                first.kind, file: folder, "none of its \(damage.count) checkpoints is whole; \(first)",
                remedy: "start again with --overwrite")
        }
        if newest.name != Self.latestName && newest.name != Self.bestName && damage.isEmpty {
            do {
                try addName(Self.latestName, to: newest.name, fileSystem.read("\(folder)/\(newest.name)"))
            } catch {
                throw failure(error)
            }
        }
        let warnings = damage.map { "warning: \($0); continuing from \(newest.name) instead" }
        return RecoveredState(state: newest.state, file: "\(folder)/\(newest.name)", warnings: warnings)
    }

    private func read(_ name: String) throws(FileError) -> RunState {
        try CheckpointFile.read("\(folder)/\(name)", fileSystem: fileSystem)
    }
}

/// One checkpoint by its path.
public enum CheckpointFile {
    /// Reads a checkpoint, whole or not at all.
    public static func read(
        _ path: String, fileSystem: any FileSystem = POSIXFileSystem()
    ) throws(FileError) -> RunState {
        try CheckpointCodec.decode(fileSystem.content(of: path), file: path)
    }
}

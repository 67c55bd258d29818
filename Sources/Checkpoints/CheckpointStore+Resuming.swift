import Basics
import Interchange

/// A state found in an output folder.
public struct RecoveredState: Sendable, Equatable {
    public let state: RunState
    /// The path of its file.
    public let file: String
    /// What was passed over, in words for the user: damaged files newer than this one.
    public let warnings: [String]
    /// Other states with a name of their own, `latest.h5` or `best.h5`, without weights and slots.
    public let others: [Other]

    public struct Other: Sendable, Equatable {
        public let state: RunState
        /// The path of its file.
        public let file: String
    }
}

extension CheckpointStore {
    /// The newest whole checkpoint of the folder; nil if there is none at all. Damaged files are passed over, loudly;
    /// where only damaged ones exist it throws. If a run was stopped between the two names of its newest state, that state
    /// becomes `latest.h5` now.
    public func newest() throws(FileError) -> RecoveredState? {
        let steps: [Int]
        do {
            steps = try stepNumbers()
        } catch {
            throw FileError(.unreadable, file: folder, error.reason)
        }
        var newest: (state: RunState, name: String)?
        // Of these only the content tells the step; the names of step files do.
        let named = try named { state, name in
            if state.position.globalStep > newest?.state.position.globalStep ?? -1 { newest = (state, name) }
        }
        var damage = named.damage
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
        let file = "\(folder)/\(newest.name)"
        return RecoveredState(
            state: newest.state, file: file, warnings: warnings, others: named.whole.filter { $0.file != file })
    }

    /// The folder's states with a name of their own, and what is wrong with those that are damaged.
    package func named() throws(FileError) -> (whole: [RecoveredState.Other], damage: [FileError]) {
        try named { _, _ in }
    }

    /// `body` gets each whole one with its weights and slots.
    private func named(
        _ body: (RunState, _ name: String) -> Void
    ) throws(FileError) -> (whole: [RecoveredState.Other], damage: [FileError]) {
        let names: [String]
        do {
            names = try fileSystem.names(in: folder)
        } catch {
            throw FileError(.unreadable, file: folder, error.reason)
        }
        var whole: [RecoveredState.Other] = []
        var damage: [FileError] = []
        for name in [Self.latestName, Self.bestName] where names.contains(name) {
            do {
                let state = try read(name)
                whole.append(.init(state: state.withoutTensors, file: "\(folder)/\(name)"))
                body(state, name)
            } catch {
                damage.append(error)
            }
        }
        return (whole, damage)
    }

    private func read(_ name: String) throws(FileError) -> RunState {
        try CheckpointFile.read("\(folder)/\(name)", fileSystem: fileSystem)
    }
}

extension RunState {
    fileprivate var withoutTensors: RunState {
        var state = self
        state.weights = []
        state.otherWeights = [:]
        state.optimizer.slots = []
        state.epochStart = nil
        return state
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

import Basics
import Checkpoints
import FoundationEssentials
import MessagePassing
import Models
import Options
import Sessions
import Transforms

/// What a resumed run takes from its checkpoint, and what must be the same in both. For a new run all of it is empty.
struct ResumedState {
    /// The options in force: the checkpoint's, overridden by those given now.
    let options: TrainingOptions
    /// The options as `config.toml` stores them: with the model and the weights with which the run began.
    let recorded: TrainingOptions
    private(set) var state: RunState?
    let file: String?
    private let damage: [String]

    /// Collective. Rank 0 reads the checkpoint, so that only it needs the folder.
    init(_ request: RunRequest, _ communicator: Communicator) throws {
        guard request.resume != .no else {
            options = request.options.ofNewRun
            (recorded, state, file, damage) = (options, nil, nil, [])
            return
        }
        let found = try Found(request, communicator)
        (file, damage) = (found.file, found.warnings)
        var state = found.state
        (options, recorded, state.overrides) = try Self.settle(request, found)
        self.state = state
    }

    /// Gives the memory of weights and slots back, once the run has taken them over.
    mutating func releaseTensors() {
        state?.weights = []
        state?.otherWeights = [:]
        state?.optimizer.slots = []
        state?.epochStart = nil
    }

    /// How its samples became inputs; nil for a new run.
    var normalization: Normalization? { state.flatMap { Normalization($0.normalization) } }

    /// What rank 0 found, on all ranks.
    private struct Found {
        let state: RunState
        let file: String
        let warnings: [String]
        /// `config.toml` beside the checkpoint: paths and other operational options, which no checkpoint holds. Empty if
        /// there is none.
        let configuration: String

        /// Collective.
        init(_ request: RunRequest, _ communicator: Communicator) throws {
            let found = try communicator.onRoot { try Found(request) }
            let isShared = communicator.size > 1
            let bytes = try communicator.broadcast(isShared ? found?.bytes ?? [] : [], from: 0)
            let texts = try communicator.broadcast(isShared ? found?.texts ?? [] : [], from: 0)
            self = try found ?? Found(bytes: bytes, texts: texts)
        }

        private init(_ request: RunRequest) throws {
            let folder = request.options.output ?? TrainingRun.defaultOutput
            if case .file(let path) = request.resume {
                // The run's own folder, which need not be where it goes on.
                let home = URL(fileURLWithPath: path).deletingLastPathComponent().path
                configuration = Self.configuration(in: home) ?? Self.configuration(in: folder) ?? ""
                (state, file) = (try CheckpointFile.read(path), path)
                let isGuess = configuration.isEmpty && !request.given.contains("epochs")
                warnings =
                    isGuess
                    ? [
                        "there is no \(CheckpointStore.configurationName) beside \(path): --epochs is \(TrainingOptions().epochs)"
                    ]
                    : []
                return
            }
            configuration = Self.configuration(in: folder) ?? ""
            guard FileManager.default.fileExists(atPath: folder) else {
                throw FileError(
                    .unreadable, file: folder, "there is no such folder to resume from",
                    remedy: "give the run's folder with --output, or start the run without --resume")
            }
            let store = try CheckpointStore(folder: folder, keep: request.options.keep, start: .resume)
            guard let newest = try store.newest() else {
                throw FileError(
                    .unreadable, file: folder, "it holds no checkpoint to resume from",
                    remedy: "start the run without --resume")
            }
            try RunIdentity.requireSame(newest.others, as: newest.state, file: newest.file)
            (state, file, warnings) = (newest.state, newest.file, newest.warnings)
        }

        private static func configuration(in folder: String) -> String? {
            try? String(contentsOfFile: "\(folder)/\(CheckpointStore.configurationName)", encoding: .utf8)
        }

        private var bytes: [UInt8] { get throws { try CheckpointCodec.encode(state) } }
        private var texts: [UInt8] { get throws { Array(try JSONEncoder().encode([file, configuration] + warnings)) } }

        private init(bytes: [UInt8], texts: [UInt8]) throws {
            let texts = try JSONDecoder().decode([String].self, from: Data(texts))
            file = texts[0]
            configuration = texts[1]
            warnings = Array(texts.dropFirst(2))
            state = try CheckpointCodec.decode(bytes, file: file)
        }
    }

    private static func settle(
        _ request: RunRequest, _ found: Found
    ) throws -> (options: TrainingOptions, recorded: TrainingOptions, overrides: [RunState.Override]) {
        var configured = TrainingOptions()
        if !found.configuration.isEmpty {
            try configured.apply(toml: found.configuration, file: CheckpointStore.configurationName)
        }
        // A run that goes on from a file writes where it is told to now.
        if case .file = request.resume { configured.output = nil }
        let stored = try ResumableRun(found.state, file: found.file, base: configured).options
        var options = stored
        for name in request.given {
            try options.set(name, to: request.options.text(of: name) ?? "none")
        }
        let overrides = try override(&options, request.overrides, stored, of: found)
        let changed = Set(overrides.map(\.option))
        let differences = options.semanticDifferences(from: stored).filter { !changed.contains($0.name) }
        guard differences.isEmpty else {
            let list = differences.map(\.name).map { name in
                "--\(name) was \(stored.words(for: name)), now \(options.words(for: name))"
            }.joined(separator: "; ")
            throw TrainingError(
                "\(found.file): a resumed run cannot change what it computes: \(list). Leave these options as they were, "
                    + "say --override NAME=VALUE if the change is meant, or start a new run in another --output, with --weights \(found.file) if its weights are wanted."
            )
        }
        var recorded = options
        recorded.model = options.model ?? configured.model
        recorded.weights = options.weights ?? configured.weights
        recorded.initFrom = options.initFrom ?? configured.initFrom
        recorded.match = options.match ?? configured.match
        return (options, recorded, found.state.overrides + overrides)
    }

    /// Changes options as a user asked for, and returns the changes. `stored` are those of the checkpoint: a recipe or a configuration
    /// may say them again.
    private static func override(
        _ options: inout TrainingOptions, _ asked: [OptionOverride], _ stored: TrainingOptions, of found: Found
    ) throws -> [RunState.Override] {
        let before = options
        for change in asked {
            guard !TrainingOptions.isOperational(change.name) else {
                throw OptionError(
                    "override", "\(change.name) may be another in a resumed run: give --\(change.name) itself")
            }
            guard before.text(of: change.name) == stored.text(of: change.name) else {
                throw OptionError("override", "--\(change.name) is given besides; leave one of them out")
            }
            guard TrainingOptions.isOverridable(change.name) else {
                throw OptionError(
                    "override",
                    "\(change.name) cannot change in the middle of a run; start a new one with --weights \(found.file)")
            }
            try options.set(change.name, to: change.value)
        }
        try options.validate()
        guard options.algorithm.slots == before.algorithm.slots else {
            throw OptionError("override", "the optimizer would keep other slots than \(found.file) has")
        }
        return options.semanticDifferences(from: before).map {
            RunState.Override(option: $0.name, was: $0.was, now: $0.now, step: found.state.position.globalStep)
        }
    }

    /// Refuses another network or other data than the checkpoint's.
    func requireSame(_ data: RunData, _ definition: ModelDefinition) throws {
        guard let state, let file else { return }
        guard definition.network == state.network, definition.loss == state.loss else {
            throw TrainingError(
                "\(file): it is a checkpoint of model \(state.network.name), but the options ask for another network, "
                    + "\(definition.network.name). Resume without --model, or start a new run in another --output.")
        }
        guard data.fingerprint == state.dataFingerprint else {
            throw TrainingError(
                "\(file): it was trained on other data (fingerprint \(state.dataFingerprint), now \(data.fingerprint)). "
                    + "Resume with the same --data, or start a new run in another --output.")
        }
        guard data.normalization.description == state.normalization else {
            throw TrainingError(
                "\(file): its samples were normalised by `\(state.normalization)`, now by `\(data.normalization)`")
        }
    }

    /// Where the run continues, in words.
    var explanation: String? {
        guard let state, let file else { return nil }
        let position = state.position
        guard position.epoch < options.epochs else {
            return
                "nothing: \(file) has done \(Figures.count(position.epoch, "epoch")), and --epochs asks for \(options.epochs)"
        }
        return
            "from \(file): epoch \(position.epoch + 1), step \(position.step) (step \(position.globalStep) of the run)"
    }

    /// Damaged files that were skipped, and what is computed with other code than before.
    func warnings(_ execution: [String: String]) -> [String] {
        guard let state else { return [] }
        let changed = execution.keys.sorted().filter { state.execution[$0] != execution[$0] }
        return damage
            + changed.map {
                "\($0) was \(state.execution[$0] ?? "unknown"), now \(execution[$0] ?? "unknown"): bits may differ"
            }
    }
}

import DatasetCreation
import Engines
import Foundation
import HDF5Storage
import KerasNetworks
import MessagePassing
import Models
import Options
import Sessions
import Training

/// Every fact that the ranks of a run compare: if one rank has another value, all ranks end, and the error names the fact.
/// What takes other programs or command lines is in Tests/RunTests/bad-input.sh.
var sharedFactChecks: [RankCheck] {
    [
        RankCheck("each option that ranks compare is named if one rank has another value") { check in
            if check.size == 1 { return }
            let compared = TrainingOptions.table.filter {
                $0.scope != .operational || TrainingOptions.comparedTiming.contains($0.name)
            }
            for option in compared where option.name != "engine" || EngineChoice.all.count > 1 {
                var options = TrainingOptions()
                options.engine = EngineChoice.standard
                for (name, value) in prerequisites[option.name] ?? [:] { try options.set(name, to: value) }
                guard let other = otherValue(of: option, than: options) else {
                    check.expect(false, "\(option.name): no other value is known; add one to otherValues")
                    continue
                }
                if check.rank == check.size - 1 { options = other }
                let names = check.disagreement { _ = try Session(options, check.world, engines: EngineChoice.engine) }
                check.expect(names.contains("option --\(option.name)"), "\(option.name): what differs is \(names)")
            }
        },
        RankCheck("other kernels under the same option are named") { check in
            if check.size == 1 || EngineChoice.all.count == 1 { return }
            let names = check.disagreement {
                _ = try Session(TrainingOptions(), check.world) { name, threads in
                    try EngineChoice.engine(check.rank == 0 ? .blas : name, threads: threads)
                }
            }
            check.expect(names, equals: ["engine"], "what differs")
        },
        RankCheck("another program or library under the same options is named") { check in
            if check.size == 1 { return }
            let others: [(fact: String, change: (inout Software) -> Void)] = [
                ("dptrain version", { $0.version += "-other" }), ("MPI library", { $0.mpiLibrary += "-other" }),
                ("program", { $0.program = [UInt8](repeating: 7, count: 32) }),
                ("C library", { $0.cLibrary = "glibc 2.0" }),
            ]
            for (fact, change) in others {
                var software = Software.running
                if check.rank == check.size - 1 { change(&software) }
                let names = check.disagreement {
                    _ = try Session(
                        TrainingOptions(), check.world, engines: EngineChoice.engine, software: software)
                }
                check.expect(names, equals: [fact], "what differs")
            }
        },
        RankCheck("each fact of data and model is named if one rank has another") { check in
            if check.size == 1 { return }
            let trial = try RunTrial(check)
            for (name, fact, change) in otherData {
                if check.rank == 0 {
                    let bytes = try Data(contentsOf: URL(fileURLWithPath: trial.path("data.h5")))
                    let file = try HDF5File.openForChanges(image: [UInt8](bytes))
                    try change(file.root)
                    try Data(file.image()).write(to: URL(fileURLWithPath: trial.path("\(name).h5")))
                }
                try check.world.barrier()
                let path = trial.path(check.rank == 0 ? "\(name).h5" : "data.h5")
                let names = check.disagreement {
                    try trial.run(in: "out-\(name)", settings: ["data": path, "normalization": "standardized"])
                }
                check.expect(names.contains(fact), "\(name): what differs is \(names)")
            }
            // Fewer samples to validate on; fewer to train on.
            if check.rank == 0 {
                try GeneratedDataset.write(to: trial.path("shorter.h5"), train: 53, test: 19, seed: 1)
                try GeneratedDataset.write(to: trial.path("other.h5"), train: 52, test: 20, seed: 1)
            }
            try check.world.barrier()
            for (name, fact) in [("shorter", "validation"), ("other", "data fingerprint")] {
                let path = trial.path(check.rank == 0 ? "\(name).h5" : "data.h5")
                let names = check.disagreement { try trial.run(in: "out-\(name)", settings: ["data": path]) }
                check.expect(names.contains(fact), "\(name): what differs is \(names)")
            }
            // The same network under another name, and one with another activation.
            let network = try smallNetwork()
            let json = try network.kerasModel.text()
            for (old, new, facts) in [
                (network.name, "another", ["model", "model configuration"]),
                ("relu", "tanh", ["model configuration"]),
            ] {
                let changed = json.replacingOccurrences(of: "\"\(old)\"", with: "\"\(new)\"")
                check.expect(changed != json, "there is no \(old)")
                let model = trial.path("model-\(check.rank).json")
                try Data((check.rank == 0 ? changed : json).utf8).write(to: URL(fileURLWithPath: model))
                let names = check.disagreement { try trial.run(in: "out-model", settings: ["model": model]) }
                check.expect(Set(facts).isSubset(of: names), "\(new): what differs is \(names)")
            }
        },
        RankCheck("ranks of which one would overwrite do not agree, and nothing hangs") { check in
            if check.size == 1 { return }
            let request = RunRequest(options: TrainingOptions(), overwrite: check.rank == 0)
            let names = check.disagreement {
                _ = try TrainingRun(request, check.world, engines: EngineChoice.engine).execute()
            }
            check.expect(names, equals: ["--overwrite"], "what differs")
        },
    ]
}

/// Values for options that take neither a number nor a word of their help.
private let otherValues = [
    "augment": "flip", "batch-size": "256", "engine": "blas", "hidden-units": "8,8", "loss": "hinge",
    "reduce-on-plateau": "patience=3", "early-stopping": "patience=3", "save-best": "monitor=loss", "shards": "16",
    "trace": "trace.json", "unfreeze": "conv*", "unfreeze-rate": "0.25", "fold": "2/5", "repeated-augmentation": "2",
    "swa": "start=1",
]

/// What all ranks are given, since an option goes with it only.
private let prerequisites = [
    "nesterov": ["optimizer": "sgd", "momentum": "0.9"], "momentum": ["optimizer": "sgd"],
    "rho": ["optimizer": "rmsprop"], "centered": ["optimizer": "rmsprop"], "trust": ["optimizer": "lars"],
    "amsgrad": ["optimizer": "adam"], "initial-accumulator": ["optimizer": "adagrad"],
    "rollback-factor": ["on-nan": "rollback"],
    "rollback-limit": ["on-nan": "rollback"], "unfreeze": ["unfreeze-at-epoch": "1"],
    "unfreeze-rate": ["unfreeze-at-epoch": "1"], "repeated-augmentation": ["augment": "flip"],
]

/// Options of which one has another value, and which a run accepts.
private func otherValue(of option: OptionDeclaration, than options: TrainingOptions) -> TrainingOptions? {
    let words = option.help.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
    let parts = option.help.split { " ,;()".contains($0) }
    let candidates =
        otherValues[option.name].map { [$0] } ?? ["2", "0.25", "true", "false"] + (words + parts).map(String.init)
    for text in candidates {
        var other = options
        guard (try? other.set(option.name, to: text)) != nil, (try? other.validate()) != nil,
            other.text(of: option.name) != options.text(of: option.name)
        else { continue }
        return other
    }
    return nil
}

/// Files with the same samples for training and another something: their name, the fact, and what changes.
private var otherData: [(name: String, fact: String, change: (Group) throws -> Void)] {
    [
        ("means", "normalization", { try $0.attributes.set("mean", [Float](repeating: 100, count: 3)) }),
        (
            "names", "class names",
            { root in
                let names = try root.attributes.strings("classes")
                try root.attributes.set("classes", names.reversed())
            }
        ),
    ]
}

private func smallNetwork() throws -> Network {
    var graph = GraphBuilder("small", input: [32, 32, 3])
    let x = graph.activation(graph.convolution(graph.input, 4, kernel: 3, stride: 4), .relu)
    _ = graph.dense(graph.flatten(x), 10, activation: .softmax)
    return try graph.network()
}

extension CheckContext {
    /// The facts in which the ranks are found to differ, the same on all of them.
    fileprivate func disagreement(_ body: () throws -> Void) -> [String] {
        do {
            try body()
            expect(false, "the ranks agreed")
        } catch let error as DisagreementError {
            return error.differences.map(\.name)
        } catch {
            note(error)
        }
        return []
    }
}

import Basics
import Checkpoints
import Foundation
import HDF5Storage
import Interchange
import Models
import TestSupport
import Testing

@Suite struct CheckpointInspectionTests {
    @Test func tableNamesEveryTensor() throws {
        var state = try CheckpointFixture.state()
        state.weights[1] = [1, -2, .nan, 3]
        let text = CheckpointInspection(state, file: "x.h5").text
        let row = text.split(separator: "\n").first { $0.contains("conv2d/bias ") && !$0.contains("(") }
        let cells = row?.split(separator: "│").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(cells == ["conv2d/bias", "4", "-2", "0.66667", "3", "1"])
        for words in [
            "small, input 6x6x3", "1 steps into epoch 3", "Adam", "batch_size", "128", "avx2", "val_loss", "0.33333",
            "dense/kernel (velocity)", "sha256:0123", "caf\u{e9}",
        ] {
            #expect(text.contains(words), "\(words)")
        }
    }

    @Test func statistics() {
        let statistics = TensorStatistics([.nan, -1, 4])
        #expect(statistics.minimum == -1 && statistics.maximum == 4)
        #expect(statistics.mean == 1.5 && statistics.nanCount == 1)
        #expect(TensorStatistics([.nan]).minimum.isNaN)
    }

    @Test func equalStatesDoNotDiffer() throws {
        var state = try CheckpointFixture.state()
        state.weights[0][0] = .nan
        #expect(CheckpointDifference(state, state).isEmpty)
    }

    /// Every field of the state that is changed must be told, and nothing else.
    @Test func everyDifferenceIsTold() throws {
        let state = try CheckpointFixture.state()
        let changes: [(String, (inout RunState) -> Void)] = [
            ("conv2d/kernel: 1 of 108 values differ", { $0.weights[0][5] += 1 }),
            (
                "conv2d/bias: 1 of 4 values differ, by at most 0.0",
                {
                    $0.weights[1][0] = -0.0
                }
            ),
            ("dense/bias (velocity): 1 of 3", { $0.optimizer.slots[1].values[5][2] *= 2 }),
            ("steps finished: 7 against 8", { $0.position.globalStep += 1 }),
            ("learning rate", { $0.optimizer.learningRate *= 2 }),
            ("optimizer", { $0.optimizer.configuration["beta_1"] = 0.8 }),
            ("updates", { $0.optimizer.iteration = 0 }),
            ("option seed: 42 against 43", { $0.options["seed"] = "43" }),
            ("option extra: none against 1", { $0.options["extra"] = "1" }),
            ("computed with threads", { $0.execution["threads"] = "2" }),
            ("epoch 2, accuracy: 0.1 against", { $0.history[1]["accuracy"] = 0.1.nextUp }),
            ("epoch sum loss", { $0.epochSums["loss"] = nil }),
            ("epochs of history: 2 against 1", { $0.history.removeLast() }),
            ("coordinator", { $0.coordinator = "{}" }),
            ("data fingerprint", { $0.dataFingerprint = "" }),
            ("normalization", { $0.normalization = "" }),
            ("classes", { $0.classNames = [] }),
            ("loss: sparse", { $0.loss = .binaryCrossEntropy }),
        ]
        for (words, change) in changes {
            var a = state
            a.weights[1][0] = 0
            var b = a
            change(&b)
            let lines = CheckpointDifference(a, b).lines
            #expect(lines.count == 1 && lines[0].hasPrefix(words), "\(words): \(lines)")
        }
    }

    @Test func differentNetworksAreTold() throws {
        let lines = try CheckpointDifference(
            CheckpointFixture.state(), CheckpointFixture.state(filters: 5)
        ).lines
        #expect(lines.contains("network: layers differ: conv2d"))
        #expect(lines.contains("conv2d/kernel: shape 3x3x3x4 against 3x3x3x5"))
    }

    @Test(arguments: [
        (ExportFormat.keras, "exported.keras"), (.h5, "exported.h5"), (.tfKeras, "exported.h5"),
        (.weights, "exported.h5"), (.weights, "exported.weights.h5"),
    ])
    func exportsReadBack(format: ExportFormat, name: String) throws {
        try CheckpointFixture.withFolder { folder in
            var state = try CheckpointFixture.state()
            state.options["l2"] = "0.25"
            _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
            let path = "\(folder)/\(name)"
            try CheckpointFile.export(state, to: path, as: format)
            #expect(try KerasWeightsFile(path).weights(for: state.network) == state.weights)
            #expect(throws: FileError.self) { try CheckpointFile.read(path) }
            guard format != .weights else {
                let error = #expect(throws: FileError.self) { try KerasModelFile(path) }
                #expect(error?.reason.contains("no network") == true)
                return
            }
            let model = try KerasModelFile(path)
            #expect(model.network == state.network && model.network.penalties.l2 == 0.25)
            let compilation = try #require(model.compilation)
            #expect(try compilation.lossSettings(of: model.network).map(\.value) == [state.loss.function.rawValue])
            #expect(try compilation.optimizerSettings(of: model.network).first?.value == "adam")
        }
    }

    /// A name that another program would take for something else is refused.
    @Test(arguments: [
        (ExportFormat.h5, "x.keras"), (.h5, "x.weights.h5"), (.keras, "x.h5"), (.tfKeras, "x"), (.weights, "x.keras"),
    ])
    func endingsDecide(format: ExportFormat, name: String) throws {
        let state = try CheckpointFixture.state()
        let error = #expect(throws: FileError.self) {
            try CheckpointFile.export(state, to: "/none/" + name, as: format)
        }
        #expect(error?.remedy?.contains(format.endings[0]) == true)
    }

    @Test func formatsByEnding() throws {
        #expect(try ExportFormat(file: "a.keras") == .keras && ExportFormat(file: "a.h5") == .h5)
        #expect(try ExportFormat(file: "a.weights.h5") == .weights)
        #expect(throws: FileError.self) { try ExportFormat(file: "a.pt") }
    }

    /// Equal states give equal bytes, in an archive too.
    @Test func archivesAreReproducible() throws {
        try CheckpointFixture.withFolder { folder in
            _ = try CheckpointStore(folder: folder, keep: 1, start: .new)
            let files = try ["a.keras", "b.keras"].map { name in
                try CheckpointFile.export(CheckpointFixture.state(), to: "\(folder)/\(name)", as: .keras)
                return try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            #expect(files[0] == files[1])
        }
    }
}

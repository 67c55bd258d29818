import Basics
import Checkpoints
import Foundation
import Interchange
import Models

/// States, folders and files that the checkpoint tests share.
package enum CheckpointFixture {
    /// A convolution, batch normalisation, a sum, a dense layer.
    package static func network(filters: Int = 4) throws -> Network {
        var graph = GraphBuilder("small", input: [6, 6, 3])
        let x = graph.convolution(graph.input, filters, kernel: 3, padding: .same, initializer: .heNormal)
        let y = graph.activation(graph.batchNormalization(x), .relu)
        let z = graph.flatten(graph.averagePooling(graph.sum(x, y)))
        _ = graph.dense(z, 3, activation: .softmax)
        return try graph.network()
    }

    /// A state with something in every field, different for each step.
    package static func state(step: Int = 7, filters: Int = 4) throws -> RunState {
        let network = try network(filters: filters)
        let values = { (parameter: NetworkParameter, salt: Int) -> [Float] in
            let random = CounterRandom(
                seed: UInt64(step), purpose: .generatedData, stream: UInt64(parameter.path.utf8.count + 100 * salt))
            return (0..<parameter.specification.shape.count).map { random.uniform(UInt64($0)) + 0.1 }
        }
        let slots = ["momentum", "velocity"].enumerated().map { index, name in
            OptimizerState.Slot(name: name, values: network.trainableParameters.map { values($0, index + 1) })
        }
        let optimizer = OptimizerState(
            kerasClass: "Adam",
            configuration: [
                "name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
                "amsgrad": false,
            ],
            learningRate: 0.1 / 3, iteration: step, slots: slots)
        var state = RunState(
            network: network, loss: .sparseCategoricalCrossEntropy, weights: network.parameters.map { values($0, 0) },
            optimizer: optimizer)
        // Three steps an epoch.
        state.position = RunState.Position(epoch: step / 3, step: step % 3, globalStep: step)
        state.coordinator = #"{"plateau":{"wait":2,"best":0.125}}"#
        state.history = (0..<step / 3).map {
            $0 == 0 ? ["loss": 2.25, "val_loss": 1 / 3] : ["loss": 1.5, "accuracy": 0.1]
        }
        state.epochSums = ["loss": 12.75, "samples": 384]
        state.options = ["batch_size": "128", "seed": "42", "schedule": ""]
        state.dataFingerprint = "sha256:0123"
        state.normalization = #"{"scale":255}"#
        state.classNames = ["aeroplane", "caf\u{e9}", "x"]
        state.execution = ["engine": "blas", "instruction_set": "avx2", "threads": "1"]
        return state
    }

    /// A folder for one test, deleted after it.
    package static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = NSTemporaryDirectory() + "/dptrain-tests-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    package static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// A file that Tests/Golden/Keras/generate.py wrote with real Keras.
    package static func golden(_ name: String) -> String {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.appendingPathComponent("Golden/Keras/\(name)").path
    }
}

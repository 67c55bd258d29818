import DataPipeline
import Execution
import Foundation
import Models
import NumericCore

/// The network of a run, its loss, and the weights it starts from.
struct ModelDefinition {
    let network: Network
    let loss: Loss

    /// From the zoo or a Keras JSON file, for the data at hand; a resumed run's is in its checkpoint.
    init(_ options: TrainingOptions, _ data: RunData, resumed: RunState?) throws {
        if let name = options.model {
            (network, loss) = try Self.named(name, data)
        } else if let resumed {
            (network, loss) = (resumed.network, resumed.loss)
        } else {
            let known = Zoo.models.map(\.name).joined(separator: ", ")
            throw TrainingError("there is no model to train; give --model, one of \(known), or a Keras JSON file")
        }
        try check(data)
    }

    private static func named(_ name: String, _ data: RunData) throws -> (Network, Loss) {
        if FileManager.default.fileExists(atPath: name) {
            let text = try String(contentsOfFile: name, encoding: .utf8)
            let network = try Network(kerasJSON: text, label: name)
            return (network, data.targets == .label ? .sparseCategoricalCrossEntropy : .meanSquaredError)
        }
        let model = try Zoo.model(named: name)
        let outputs = data.targets == .label ? data.train.classes : data.targetWidth
        let isBinary = model.loss != .sparseCategoricalCrossEntropy
        let options = ModelOptions(classes: isBinary && data.targets == .label ? nil : outputs, input: data.train.sample)
        return (try model.network(options), model.loss)
    }

    private func check(_ data: RunData) throws {
        guard network.inputShape == data.train.sample else {
            throw NetworkError(
                network: network.name, layer: network.nodes[0].name,
                reason: "takes samples of \(network.inputShape), but the data has \(data.train.sample)")
        }
        let outputs = network.outputShape
        let last = network.nodes[network.nodes.count - 1].name
        guard outputs.rank == 1 else {
            throw NetworkError(network: network.name, layer: last, reason: "the output \(outputs) is no vector")
        }
        if data.targets == .values, loss == .sparseCategoricalCrossEntropy {
            throw NetworkError(
                network: network.name, layer: nil, reason: "it tells classes apart, but the data has target values, not labels")
        }
        let needed = data.targets == .values ? data.targetWidth : data.train.classes
        let fits = data.targets == .values ? outputs.count == needed : outputs.count >= needed || outputs.count == 1 && needed <= 2
        guard fits else {
            throw NetworkError(
                network: network.name, layer: last,
                reason: "it has \(outputs.count) outputs, but the data needs \(needed)")
        }
    }

    func initialWeights(_ options: TrainingOptions) throws -> [[Float]] {
        if let path = options.weights { return try KerasWeightsFile(path).weights(for: network) }
        return Replica.initialWeights(of: network, seed: options.seed)
    }
}

import Models
import Testing

extension Network {
    /// What the network's ReLUs read: for each, this network as far as there, without that ReLU, and the weights it has.
    func reluInputs(_ parameters: ParameterValues) throws -> [(network: Network, parameters: ParameterValues)] {
        try nodes.compactMap { node -> (Network, ParameterValues)? in
            switch node.layer {
            case .activation(let layer) where layer.function == .relu:
                return try ending(withLayer: nodes[node.inputs[0]].name, weights: parameters)
            case .convolution, .dense:
                guard let linear = node.layer.withoutReLU else { return nil }
                let nodes = nodes.map {
                    $0.name != node.name
                        ? $0 : Node(name: $0.name, layer: linear, inputs: $0.inputs, isTrainable: $0.isTrainable)
                }
                return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
                    .ending(withLayer: node.name, weights: parameters)
            default: return nil
            }
        }
    }
}

extension Layer {
    fileprivate var withoutReLU: Layer? {
        switch self {
        case .convolution(let old) where old.activation == .relu:
            .convolution(
                Convolution2D(
                    filters: old.filters, kernel: old.window.size, stride: old.window.stride,
                    padding: old.window.padding, usesBias: old.usesBias))
        case .dense(let old) where old.activation == .relu: .dense(Dense(units: old.units, usesBias: old.usesBias))
        default: nil
        }
    }
}

/// Expects the inputs of some of a network's ReLUs, spread over its depth, to keep a distance from zero, as a part of their
/// root mean square, in a training pass of the plain engine.
func expectDistance(
    _ margin: Double, of parameters: ParameterValues, in network: Network, on batch: Batch, sites: Int
) throws {
    let inputs = try network.reluInputs(parameters)
    for index in Set((0..<sites).map { $0 * (inputs.count - 1) / max(sites - 1, 1) }).sorted() where !inputs.isEmpty {
        let (part, weights) = inputs[index]
        let samples = batch.inputs.count / network.inputShape.count
        let run = try PlanRun(
            TestedEngine.blas.make(), part, loss: .meanSquaredError, kind: .values, shards: [samples])
        try run.load(weights)
        var batch = batch
        batch.targets = .values(Array(repeating: 0, count: samples * part.outputShape.count))
        let values = try run.run(batch, givesGradients: false).outputs
        // Behind another ReLU zeros stay zeros.
        let size = (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
        let least = values.lazy.filter { $0 != 0 }.reduce(Float.infinity) { min($0, abs($1)) }
        #expect(
            Double(least) >= margin * size,
            "\(part.nodes.last?.name ?? ""): \(Double(least) / size) of its size from zero, not \(margin)")
    }
}

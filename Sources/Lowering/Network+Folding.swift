import Basics
import Models

extension Network {
    /// What predicts the same with fewer layers, and its weights: dropout is left out, and each batch normalisation behind a
    /// convolution or dense layer, which nothing else reads, becomes part of that layer's kernel and bias. `weights` are in
    /// the order of the network's parameters. Auxiliary outputs are left out too, unless they are heads, and each call of a layer that
    /// is called several times becomes a layer of its own.
    public func folded(_ weights: [[Float]]) throws(NetworkError) -> (network: Network, weights: [[Float]]) {
        let serves = servesOutput
        let ownWeights = Dictionary(grouping: parameters.indices) { parameters[$0].node }
            .mapValues { $0.map { weights[$0] } }
        var readers = [Int](repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated() where serves[index] { for input in node.inputs { readers[input] += 1 } }
        // A head keeps its name and its value, so it is neither left out nor taken in.
        for head in heads { readers[head] += 1 }
        var kept: [(node: Node, weights: [[Float]])] = []
        /// Where each node's value comes from.
        var places = [Int](repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated() where serves[index] {
            let inputs = node.inputs.map { places[$0] }
            let weights = ownWeights[owners[index]] ?? []
            switch node.layer {
            case let layer
            where layer.inferring == .dropout(Dropout(rate: 0)) && index < nodes.count - 1
                && !heads.contains(index):
                places[index] = inputs[0]
                continue
            case .batchNormalization(let layer) where !heads.contains(index):
                let before = inputs[0]
                // A dropout between the two may hide other readers.
                if readers[node.inputs[0]] == 1, kept[before].node.name == nodes[node.inputs[0]].name,
                    let (folded, weights) = kept[before].node.layer.folding(layer, weights, into: kept[before].weights)
                {
                    kept[before] = (
                        Node(name: kept[before].node.name, layer: folded, inputs: kept[before].node.inputs), weights
                    )
                    places[index] = before
                    continue
                }
            default: break
            }
            places[index] = kept.count
            kept.append(
                (
                    Node(name: node.name, layer: node.layer, inputs: inputs, isTrainable: node.isTrainable),
                    weights
                ))
        }
        let others = heads.dropFirst().map { AuxiliaryOutput(node: places[$0], weight: 1, isHead: true) }
        return (
            try Network(name: name, nodes: kept.map(\.node), auxiliaryOutputs: others), kept.flatMap(\.weights)
        )
    }
}

extension Layer {
    /// The layer with a normalisation behind it taken in; nil where it cannot be.
    fileprivate func folding(
        _ normalization: BatchNormalization, _ values: [[Float]], into weights: [[Float]]
    ) -> (Layer, [[Float]])? {
        let usesBias: Bool
        let result: Layer
        switch self {
        case .convolution(let layer) where layer.activation == .linear:
            usesBias = layer.usesBias
            result = .convolution(
                Convolution2D(
                    filters: layer.filters, groups: layer.groups, kernel: layer.window.size,
                    stride: layer.window.stride,
                    dilation: layer.window.dilation, padding: layer.window.padding,
                    kernelInitializer: layer.kernelInitializer))
        case .dense(let layer) where layer.activation == .linear:
            usesBias = layer.usesBias
            result = .dense(Dense(units: layer.units, kernelInitializer: layer.kernelInitializer))
        default: return nil
        }
        let (mean, variance) = (values[normalization.movingMean], values[normalization.movingVariance])
        let factors = variance.indices.map { channel in
            let gamma = normalization.gamma.map { Double(values[$0][channel]) } ?? 1
            return gamma / (Double(variance[channel]) + Double(normalization.epsilon)).squareRoot()
        }
        let kernel = weights[0].enumerated().map { Float(Double($1) * factors[$0 % factors.count]) }
        let bias = mean.indices.map { channel in
            let beta = normalization.beta.map { Double(values[$0][channel]) } ?? 0
            let old = usesBias ? Double(weights[1][channel]) : 0
            return Float((old - Double(mean[channel])) * factors[channel] + beta)
        }
        return (result, [kernel, bias])
    }
}

/// The parts of a network that serve its output, and those that serve auxiliary outputs alone.
extension Network {
    /// For each node whether the output, or a head, depends on it. Evaluation and prediction leave the others out.
    public var servesOutput: [Bool] { serves(heads.isEmpty ? [nodes.count - 1] : heads) }

    /// Parameters without those of auxiliary outputs.
    public var outputParameterCount: Int {
        let serves = servesOutput
        return parameters.reduce(0) { $0 + (serves[$1.node] ? $1.specification.shape.count : 0) }
    }

    /// The network that evaluation runs. Its parameters are those of this one whose node serves the output, in order.
    public func withoutAuxiliaryOutputs() throws(NetworkError) -> Network {
        try keeping(servesOutput, keepsHeads: true)
    }

    /// All outputs predict the same labels, unless they are heads. A layer that evaluation needs has its first call in what
    /// evaluation keeps, because the layer's weights belong to its first call.
    func requireOutputsAlike() throws(NetworkError) {
        let serves = servesOutput
        if let later = nodes.indices.first(where: { serves[$0] && !serves[owners[$0]] }) {
            throw NetworkError(
                network: name, layer: nodes[later].name,
                reason: "the first call of this layer serves an auxiliary output alone, which is not supported")
        }
        var outputs: Set = [nodes.count - 1]
        for auxiliary in auxiliaryOutputs {
            guard nodes.indices.contains(auxiliary.node), outputs.insert(auxiliary.node).inserted else {
                throw NetworkError(
                    network: name, layer: nil,
                    reason: "its auxiliary outputs are not distinct layers other than the output")
            }
            let layer = nodes[auxiliary.node].name
            guard auxiliary.isHead || shapes[auxiliary.node] == outputShape else {
                throw NetworkError(
                    network: name, layer: layer,
                    reason: "the auxiliary output \(shapes[auxiliary.node]) differs from the output \(outputShape)")
            }
            guard auxiliary.weight >= 0, auxiliary.weight.isFinite else {
                throw NetworkError(
                    network: name, layer: layer,
                    reason: "the weight \(auxiliary.weight) of the auxiliary output must be at least 0 and finite")
            }
        }
    }
}

/// Parts of a network.
extension Network {
    /// For each node whether one of the given ones depends on it. Samples come in at all inputs, whatever reads them.
    func serves(_ ends: [Int]) -> [Bool] {
        var serves = nodes.indices.map { ends.contains($0) }
        for index in nodes.indices.reversed() where serves[index] {
            for input in nodes[index].inputs { serves[input] = true }
        }
        for input in inputs { serves[input] = true }
        return serves
    }

    /// The network that ends with a layer, and those of this one's weights, given in the order of its parameters, that it
    /// has: what a layer makes of a sample is that network's output.
    public func ending<Weights>(
        withLayer name: String, weights: [Weights]
    ) throws(NetworkError) -> (network: Network, weights: [Weights]) {
        guard let end = nodes.firstIndex(where: { $0.name == name }) else {
            let names = nodes.map(\.name).joined(separator: ", ")
            throw NetworkError(network: self.name, layer: name, reason: "there is no such layer; it has \(names)")
        }
        let part = try keeping(serves([end]))
        // The first call of a layer may be left out, and a later one stay, with the same weights.
        let byPath = Dictionary(zip(parameters.map(\.path), weights)) { first, _ in first }
        return (part, part.parameters.compactMap { byPath[$0.path] })
    }

    /// The nodes that are marked, which read none of the others.
    func keeping(_ isKept: [Bool], keepsHeads: Bool = false) throws(NetworkError) -> Network {
        var places = [Int](repeating: 0, count: nodes.count)
        var kept: [Node] = []
        for (index, node) in nodes.enumerated() where isKept[index] {
            places[index] = kept.count
            kept.append(node.reading(node.inputs.map { places[$0] }))
        }
        let heads = keepsHeads ? auxiliaryOutputs.filter(\.isHead) : []
        return try Network(
            name: name, nodes: kept,
            auxiliaryOutputs: heads.map { AuxiliaryOutput(node: places[$0.node], weight: $0.weight, isHead: true) })
    }
}

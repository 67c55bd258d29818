/// Parts of a network.
extension Network {
    /// For each node whether the given one depends on it. Samples come in at the first one, whatever reads them.
    func serves(_ end: Int) -> [Bool] {
        var serves = nodes.indices.map { $0 == end }
        for index in nodes.indices.reversed() where serves[index] {
            for input in nodes[index].inputs { serves[input] = true }
        }
        serves[0] = true
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
        let serves = serves(end)
        let kept = zip(parameters, weights).filter { serves[$0.0.node] }.map(\.1)
        return (try keeping(serves), kept)
    }

    /// The nodes that are marked, which read none of the others.
    func keeping(_ isKept: [Bool]) throws(NetworkError) -> Network {
        var places = [Int](repeating: 0, count: nodes.count)
        var kept: [Node] = []
        for (index, node) in nodes.enumerated() where isKept[index] {
            places[index] = kept.count
            let inputs = node.inputs.map { places[$0] }
            kept.append(Node(name: node.name, layer: node.layer, inputs: inputs, isTrainable: node.isTrainable))
        }
        return try Network(name: name, nodes: kept)
    }
}

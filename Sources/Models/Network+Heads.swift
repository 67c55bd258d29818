/// A network with several outputs that each have targets of their own, its heads: ten classes and three wider ones, or a class and
/// an angle.
extension Network {
    /// The nodes of the heads, the network's own output first. Empty if that is the only output with targets.
    public var heads: [Int] {
        let others = auxiliaryOutputs.filter(\.isHead).map(\.node)
        return others.isEmpty ? [] : [nodes.count - 1] + others
    }

    public var headNames: [String] { heads.map { nodes[$0].name } }

    /// How many numbers the outputs of a sample are, those of all heads together.
    public var outputCount: Int { heads.isEmpty ? outputShape.count : heads.reduce(0) { $0 + shapes[$1].count } }

    /// The same network, each of whose outputs is a head.
    public func withHeads() throws(NetworkError) -> Network {
        try Network(
            name: name, nodes: nodes,
            auxiliaryOutputs: auxiliaryOutputs.map { AuxiliaryOutput(node: $0.node, weight: 1, isHead: true) })
    }
}

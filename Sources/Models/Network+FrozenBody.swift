/// The part of a network that makes the same of a sample in every epoch.
extension Network {
    /// The last node up to which nothing trains or is left to chance, and through which alone the nodes behind it see the
    /// samples. No node of `penalized` is among those before it, since the loss reads its output. Throws if not even one layer
    /// with weights is before it.
    package func endOfFrozenBody(before penalized: Set<Int> = []) throws(NetworkError) -> Int {
        try requireOneInput("--cache-features keeps the features of one")
        let outputs = auxiliaryOutputs.map(\.node) + [nodes.count - 1]
        let changing = nodes.indices.first { !isFrozen($0) || penalized.contains($0) } ?? nodes.count - 1
        // The earliest node that those behind each one read.
        var read = nodes.count - 1
        for end in nodes.indices.dropLast().reversed() {
            read = min(read, nodes[end + 1].inputs.min() ?? end)
            let isWhole = end < changing && read >= end && outputs.allSatisfy { $0 > end }
            if isWhole, parameters.contains(where: { $0.node <= end }) { return end }
        }
        throw NetworkError(
            network: name, layer: nodes[changing].name,
            reason: "no frozen layers with weights are before it, whose features could be kept; "
                + "choose others with --freeze or --train-only, or leave out --cache-features")
    }

    /// Whether it computes in training what it computes in evaluation, with weights that stay.
    private func isFrozen(_ node: Int) -> Bool {
        (nodes[node].isInference || nodes[node].layer.inferring == nodes[node].layer)
            && parameters.allSatisfy { $0.node != owners[node] || $0.specification.role == .frozen }
    }
}

import Basics

/// What may be varied in the residual branches of a network. A branch is the last input of a sum of two.
extension Network {
    /// Each sum of a shortcut and a residual branch.
    private var residualSums: [Int] {
        nodes.indices.filter { index in
            if case .add = nodes[index].layer { nodes[index].inputs.count == 2 } else { false }
        }
    }

    private func requireResiduals(_ option: String) throws(NetworkError) -> [Int] {
        let sums = residualSums
        guard !sums.isEmpty else {
            throw NetworkError(network: name, layer: nil, reason: "it has no residual blocks for \(option)")
        }
        return sums
    }

    /// Stochastic depth: in training, branch l of L is left out of a sample with probability `rate` l / L, and counts more
    /// otherwise. Huang et al., "Deep networks with stochastic depth", 2016; scaled in training, as torchvision's.
    package func withStochasticDepth(_ rate: Float) throws(NetworkError) -> Network {
        let sums = try requireResiduals("--stochastic-depth")
        var built: [Node] = []
        var moved: [Int] = []
        for (index, node) in nodes.enumerated() {
            var inputs = node.inputs.map { moved[$0] }
            if let number = sums.firstIndex(of: index) {
                let drop = Dropout(rate: rate * Float(number + 1) / Float(sums.count), dropsSamples: true)
                built.append(node.reading([inputs[1]]).replaced(by: .dropout(drop)).renamed { $0 + "_drop" })
                inputs[1] = built.count - 1
            }
            built.append(node.reading(inputs))
            moved.append(built.count - 1)
        }
        let auxiliary = auxiliaryOutputs.map {
            AuxiliaryOutput(node: moved[$0.node], weight: $0.weight, isHead: $0.isHead)
        }
        return try Network(name: name, nodes: built, auxiliaryOutputs: auxiliary)
    }

    /// Branches that end in batch normalisation begin as nothing: their gammas are zeros. Goyal et al., "Accurate, large minibatch
    /// SGD", 2017, section 5.1.
    package func withZeroInitializedResiduals() throws(NetworkError) -> Network {
        let last = Set(try requireResiduals("--zero-init-residual").map { nodes[$0].inputs[1] })
        let hasNormalization = last.contains { if case .batchNormalization = nodes[$0].layer { true } else { false } }
        guard hasNormalization else {
            throw NetworkError(
                network: name, layer: nil,
                reason: "no residual block ends in batch normalisation, for --zero-init-residual")
        }
        let changed = nodes.enumerated().map { index, node in
            guard last.contains(index), case .batchNormalization(let layer) = node.layer else { return node }
            let zero = BatchNormalization(
                momentum: layer.momentum, epsilon: layer.epsilon, usesScale: layer.usesScale,
                usesCenter: layer.usesCenter, gammaInitializer: .zeros)
            return node.replaced(by: .batchNormalization(zero))
        }
        return try Network(name: name, nodes: changed, auxiliaryOutputs: auxiliaryOutputs)
    }
}

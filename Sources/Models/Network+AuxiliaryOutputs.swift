/// The parts of a network that serve its output, and those that serve auxiliary outputs alone.
extension Network {
    /// For each node whether the output depends on it. Evaluation and prediction leave the others out.
    public var servesOutput: [Bool] { serves(nodes.count - 1) }

    /// Parameters without those of auxiliary outputs.
    public var outputParameterCount: Int {
        let serves = servesOutput
        return parameters.reduce(0) { $0 + (serves[$1.node] ? $1.specification.shape.count : 0) }
    }

    /// The network that evaluation runs. Its parameters are those of this one whose node serves the output, in order.
    public func withoutAuxiliaryOutputs() throws(NetworkError) -> Network { try keeping(servesOutput) }

    /// All outputs answer the same labels.
    func requireOutputsAlike() throws(NetworkError) {
        var outputs: Set = [nodes.count - 1]
        for auxiliary in auxiliaryOutputs {
            guard nodes.indices.contains(auxiliary.node), outputs.insert(auxiliary.node).inserted else {
                throw NetworkError(
                    network: name, layer: nil,
                    reason: "its auxiliary outputs are not distinct layers other than the output")
            }
            let layer = nodes[auxiliary.node].name
            guard shapes[auxiliary.node] == outputShape else {
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

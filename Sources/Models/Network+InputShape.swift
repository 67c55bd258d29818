import Basics

extension Network {
    /// Whether samples of a shape are what the network takes. Those of one channel may be a sequence's.
    package func takes(_ samples: Shape) -> Bool {
        samples == inputShape || inputShape.rank == 2 && samples == Shape(inputShape.extents + [1])
    }

    /// The same network for samples of another shape, with the same parameters. Throws where a layer has other parameters then, or
    /// cannot take what it would get.
    package func taking(_ input: Shape) throws(NetworkError) -> Network {
        if takes(input) { return self }
        let first = nodes[0].replaced(by: .input(Input(shape: input))).coming(from: nodes[0].origin)
        let advice =
            "for samples of \(input); images change in size only for networks that take the mean of each channel before their first dense layer"
        let other: Network
        do {
            other = try Network(name: name, nodes: [first] + nodes.dropFirst(), auxiliaryOutputs: auxiliaryOutputs)
        } catch {
            throw NetworkError(network: name, layer: error.layer, reason: "\(error.reason), \(advice)")
        }
        if let (mine, _) = zip(parameters, other.parameters).first(where: {
            $0.specification.shape != $1.specification.shape
        }) {
            throw NetworkError(
                network: name, layer: nodes[mine.node].name, reason: "it would have other weights \(advice)")
        }
        return other
    }
}

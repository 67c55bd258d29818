import Basics

extension Network {
    /// Whether samples of a shape are what the network takes. Those of one channel may be a sequence's. `input` is the node; nil is the
    /// main input.
    package func takes(_ samples: Shape, at input: Int? = nil) -> Bool {
        let wanted = shapes[input ?? mainInput]
        return samples == wanted || wanted.rank == 2 && samples == Shape(wanted.extents + [1])
    }

    /// The same network for samples of another shape, with the same parameters. Throws where a layer has other parameters then, or
    /// cannot take what it would get.
    package func taking(_ input: Shape) throws(NetworkError) -> Network {
        if takes(input) { return self }
        var nodes = nodes
        let main = nodes[mainInput]
        nodes[mainInput] = main.replaced(by: .input(Input(shape: input))).coming(from: main.origin)
        let advice =
            "for samples of \(input); images change in size only for networks that take the mean of each channel before their first dense layer"
        let other: Network
        do {
            other = try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
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

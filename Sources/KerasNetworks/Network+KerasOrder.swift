import Models

extension Network {
    /// The nodes in the order of Keras's layers, those of a model inside the model in its place; of a layer that is called several
    /// times the first call only.
    public var kerasLayerOrder: [Int] { KerasGraph(self).nodes }

    /// What Keras 3's own weights format calls each node's layer, whatever its name: its class and a number (`conv2d_1`), and
    /// before them those of the models that hold it (`functional/conv2d_1`).
    public var kerasClassNames: [String] {
        var names = [String](repeating: "", count: nodes.count)
        KerasGraph(self).nameClasses(in: self, within: "") { names[$0] = $1 }
        return owners.map { names[$0] }
    }
}

extension KerasGraph {
    /// The first calls of all layers, in Keras's order.
    package var nodes: [Int] {
        kerasOrder.flatMap { index -> [Int] in
            switch layers[index].content {
            case .node(let node): [node]
            case .model(let model): model.nodes
            }
        }
    }

    fileprivate func nameClasses(in network: Network, within outer: String, _ name: (Int, String) -> Void) {
        for (index, className) in zip(kerasOrder, classNames(in: network)) {
            switch layers[index].content {
            case .node(let node): name(node, outer + className)
            case .model(let model): model.nameClasses(in: network, within: "\(outer)\(className)/", name)
            }
        }
    }

    /// In Keras's order.
    package func classNames(in network: Network) -> [String] {
        var counts: [String: Int] = [:]
        return kerasOrder.map { index in
            let base = layers[index].kerasClass(in: network).snakeCased
            let number = counts[base, default: 0]
            counts[base] = number + 1
            return number == 0 ? base : "\(base)_\(number)"
        }
    }

    /// Whether it came as Keras's `Sequential`, and still is a chain.
    package func isSequential(in network: Network) -> Bool {
        guard let first = layers.first, case .node(let input) = first.content, inputs == [0], outputs.count == 1,
            network.nodes[input].origin?.typeName == KerasModel.sequential
        else { return false }
        return layers.indices.dropFirst().allSatisfy { index in
            layers[index].calls.count == 1 && layers[index].calls[0].inputs.map(\.layer) == [index - 1]
        }
    }
}

extension KerasGraph.Layer {
    func kerasClass(in network: Network) -> String {
        switch content {
        case .node(let index):
            let node = network.nodes[index]
            // An input's origin is its whole model's.
            if case .input = node.layer { return node.layer.description.typeName }
            return node.origin?.typeName ?? node.layer.description.typeName
        case .model(let model): return model.isSequential(in: network) ? KerasModel.sequential : "Functional"
        }
    }
}

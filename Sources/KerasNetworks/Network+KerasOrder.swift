import Models

extension Network {
    /// The nodes in the order of Keras's `model.layers`, which is the order of weights in its files: by falling
    /// distance from an output (the longest path counts), and among equals as walks from the outputs first meet them
    /// (`map_graph` in `keras/src/ops/function.py`). The order in which a model was written down plays no part.
    public var kerasLayerOrder: [Int] {
        var distances = [Int](repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated().reversed() {
            for input in node.inputs { distances[input] = max(distances[input], distances[index] + 1) }
        }
        var meetings = [Int](repeating: nodes.count, count: nodes.count)
        var met = 0
        var waiting = Array(kerasOutputs.reversed())
        while let index = waiting.popLast() {
            guard meetings[index] == nodes.count else { continue }
            meetings[index] = met
            met += 1
            waiting += nodes[index].inputs.reversed()
        }
        return nodes.indices.sorted { (-distances[$0], meetings[$0], $0) < (-distances[$1], meetings[$1], $1) }
    }

    /// The output, then the auxiliary ones.
    var kerasOutputs: [Int] { [nodes.count - 1] + auxiliaryOutputs.map(\.node) }

    /// What Keras 3's own weights format calls each node's layer, whatever its name: its class and a number
    /// (`conv2d_1`).
    public var kerasClassNames: [String] {
        var counts: [String: Int] = [:]
        var names = [String](repeating: "", count: nodes.count)
        for index in kerasLayerOrder {
            // An input's origin is the whole model's.
            let origin = nodes[index].inputs.isEmpty ? nil : nodes[index].origin
            let base = (origin?.typeName ?? nodes[index].layer.description.typeName).snakeCased
            let number = counts[base, default: 0]
            counts[base] = number + 1
            names[index] = number == 0 ? base : "\(base)_\(number)"
        }
        return names
    }
}

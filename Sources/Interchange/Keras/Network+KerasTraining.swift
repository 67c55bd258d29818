import Basics
import KerasNetworks
import Models

/// What a Keras file says of layers that only training needs. It stands in their origins.
extension Network {
    /// The options of layers that penalise weights or outputs, or constrain weights.
    package struct Penalties: Sendable {
        /// What all kernels that train share: Keras's `l2`, `--l2` of a run. 0 if there is none.
        package var l2 = 0.0
        /// Those that no option of a run stands for: `layer dense: bias_regularizer = ...`.
        package var others: [String] = []
        package var constraints: [String] = []
    }

    package var penalties: Penalties {
        var penalties = Penalties()
        var kernels: [(node: Int, l2: Double)] = []
        for (index, node) in nodes.enumerated() where node.isTrainable {
            var l2 = 0.0
            for (name, value) in (node.origin?.options ?? [:]).sorted(by: { $0.key < $1.key }) {
                let text = "layer \(node.name): \(name) = \((try? value.text()) ?? "?")"
                if name.hasSuffix("_constraint") { penalties.constraints.append(text) }
                guard name.hasSuffix("_regularizer") else { continue }
                let strength = Self.l2(value)
                if name == "kernel_regularizer", let strength {
                    l2 = strength
                } else if strength != 0 {
                    penalties.others.append(text)
                }
            }
            let parameters = node.layer.description.parameters(for: inputShapes(of: index))
            if parameters.contains(where: \.isKernel) { kernels.append((index, l2)) }
        }
        let strengths = Set(kernels.map(\.l2))
        if strengths.count == 1, let only = strengths.first {
            penalties.l2 = only
        } else {
            penalties.others += kernels.filter { $0.l2 > 0 }.map { "layer \(nodes[$0.node].name): L2 = \($0.l2)" }
        }
        return penalties
    }

    /// The network with an L2 of all kernels in its layers, so that Keras goes on with the same loss. Layers that have one
    /// keep it.
    package func penalizingKernels(l2: Double) throws(NetworkError) -> Network {
        guard l2 > 0 else { return self }
        let regularizer: JSONValue = [
            "module": "keras.regularizers", "class_name": "L2", "config": ["l2": .number(l2)], "registered_name": nil,
        ]
        let penalized = nodes.indices.map { index -> Node in
            let node = nodes[index]
            let parameters = node.layer.description.parameters(for: inputShapes(of: index))
            guard node.layer.keras.isOfKeras, parameters.contains(where: \.isKernel) else { return node }
            let options = ["kernel_regularizer": regularizer].merging(node.origin?.options ?? [:]) { _, kept in kept }
            return node.coming(
                from: LayerOrigin(
                    typeName: node.origin?.typeName, options: options, operation: node.origin?.operation))
        }
        return try Network(name: name, nodes: penalized, auxiliaryOutputs: auxiliaryOutputs)
    }

    /// The factor of a regularizer that is an L2 alone; nil for another one.
    private static func l2(_ regularizer: JSONValue) -> Double? {
        let name = regularizer.string ?? regularizer["class_name"]?.string ?? ""
        let options = regularizer["config"]
        // Keras's default.
        let usual = 0.01
        switch name.lowercased() {
        case "l2": return options?["l2"].map { $0.number } ?? usual
        case "l1l2", "l1_l2": return options?["l1"]?.number ?? 0 == 0 ? options?["l2"]?.number ?? 0 : nil
        default: return nil
        }
    }

    /// Refuses layers whose new weights would not be drawn as their file says.
    package func requireKnownInitializers() throws(NetworkError) {
        for node in nodes {
            let options = (node.origin?.options ?? [:]).sorted { $0.key < $1.key }
            for (name, value) in options where name.hasSuffix("_initializer") {
                // A kernel's is kept for its seed, too.
                if name == "kernel_initializer", Initializer(keras: value) != nil { continue }
                throw NetworkError(
                    network: self.name, layer: node.name,
                    reason: "its option \(name) = \((try? value.text()) ?? "?") is not supported for new weights; "
                        + "give weights with --weights, or a file that has them")
            }
        }
    }
}

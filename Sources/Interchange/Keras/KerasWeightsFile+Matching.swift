import KerasNetworks
import Models
import Basics

extension KerasWeightsFile {
    /// The file's weights for `network`, in the order of its parameters. Layers are matched by name; where names differ
    /// (Keras numbers automatic names anew for each model), by Keras's order, in Keras 3's form by class and number;
    /// every shape must fit. Layers of the file that the network lacks are ignored where names match.
    public func weights(for network: Network) throws(FileError) -> [[Float]] {
        try requireSameWindows(network)
        if let weights = weightsOfGroups(for: network) { return weights }
        let wanted = network.layersWithParameters
        let places = places(of: wanted.map { network.nodes[$0.node].name })
        // Classes and numbers look like names, and belong to other layers.
        let isNamed = layers.allSatisfy(\.isNamed)
        if isNamed, let layers = Self.all(places.map { $0.map { layers[$0] } }) {
            return try assign(layers, to: wanted, of: network)
        }
        if form == .keras3Weights {
            let byGroup = Dictionary(layers.map { ($0.group, $0) }) { first, _ in first }
            let groups = network.kerasClassNames
            if let layers = Self.all(wanted.map { byGroup[groups[$0.node]] }) {
                return try assign(layers, to: wanted, of: network)
            }
        } else if layers.count == wanted.count {
            return try assign(layers, to: wanted, of: network)
        }
        let names = layers.map(\.name).listed(atMost: 8)
        let missing = zip(wanted, places).filter { $0.1 == nil }.map { network.nodes[$0.0.node].name }
        throw FileError(
            .content, file: path,
            "it has no weights for layer \(missing.first ?? "?") of model \(network.name)"
                + (missing.count > 1 ? " and \(missing.count - 1) more" : "")
                + ", and its \(layers.count) layers with weights are not the model's \(wanted.count) in order either",
            remedy: "it has \(names)")
    }

    /// As Keras assigns them: to each layer those of its group, in the order of its weights. Only so do the layers of models
    /// inside models find theirs, since weights there have no names of models. Nil unless all groups are the network's.
    private func weightsOfGroups(for network: Network) -> [[Float]]? {
        guard network.holdsModels else { return nil }
        let stored = Dictionary(groups.map { ($0.name, $0.weights) }) { first, _ in first }
        var result = [[Float]](repeating: [], count: network.parameters.count)
        for (name, parameters) in network.kerasGroups where !parameters.isEmpty {
            guard let weights = stored[name], weights.count == parameters.count else { return nil }
            for (weight, parameter) in zip(weights, parameters) {
                guard weight.shape == network.parameters[parameter].specification.shape else { return nil }
                result[parameter] = weight.values
            }
        }
        return result
    }

    /// For each layer of a network, by its name, the file's: the one of the same name with those of the models that hold it, or,
    /// where only one on either side is called so, the one of the same last name.
    func places(of names: [String]) -> [Int?] {
        let byName = Dictionary(layers.indices.map { (layers[$0].name, $0) }) { first, _ in first }
        let last = { (name: String) in name.split(separator: "/").last.map(String.init) ?? name }
        let byLast = Dictionary(grouping: layers.indices) { last(layers[$0].name) }
        let wanted = Dictionary(grouping: names, by: last)
        return names.map { name in
            if let place = byName[name] { return place }
            guard wanted[last(name)]?.count == 1, let places = byLast[last(name)], places.count == 1 else { return nil }
            return places[0]
        }
    }

    private static func all(_ layers: [Layer?]) -> [Layer]? {
        let found = layers.compactMap { $0 }
        return found.count == layers.count ? found : nil
    }

    func assign(
        _ layers: [Layer], to wanted: [LayerParameters], of network: Network
    ) throws(FileError) -> [[Float]] {
        var result = [[Float]](repeating: [], count: network.parameters.count)
        for (layer, wanted) in zip(layers, wanted) {
            let name = network.nodes[wanted.node].name
            guard layer.weights.count == wanted.parameters.count else {
                throw mismatch(name, layer, "\(layer.weights.count) weights", "\(wanted.parameters.count)")
            }
            let byName = Dictionary(layer.weights.map { ($0.name ?? "", $0) }) { first, _ in first }
            let hasAllNames = wanted.parameters.allSatisfy {
                byName[network.parameters[$0].specification.name] != nil
            }
            for (weight, index) in zip(layer.weights, wanted.parameters) {
                let parameter = network.parameters[index].specification
                let weight = hasAllNames ? byName[parameter.name] ?? weight : weight
                guard weight.shape == parameter.shape else {
                    throw mismatch(name, layer, "\(parameter.name) of shape \(weight.shape)", "\(parameter.shape)")
                }
                result[index] = weight.values
            }
        }
        return result
    }

    private func mismatch(_ name: String, _ layer: Layer, _ found: String, _ expected: String) -> FileError {
        let place = layer.name == name ? "layer \(name)" : "layer \(layer.name) (for the model's \(name))"
        return FileError(
            .content, file: path, "\(place) has \(found), but the model needs \(expected)",
            remedy: "give weights of the same model, classes and input shape")
    }
}

/// A node that has parameters, with their indices in the network.
struct LayerParameters {
    let node: Int
    let parameters: [Int]
}

extension Network {
    /// In Keras's order of layers.
    var layersWithParameters: [LayerParameters] {
        let byNode = Dictionary(grouping: parameters.indices) { parameters[$0].node }
        return kerasLayerOrder.compactMap { node in
            byNode[node].map { LayerParameters(node: node, parameters: $0) }
        }
    }
}

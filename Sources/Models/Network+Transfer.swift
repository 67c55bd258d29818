import Basics

/// What becomes of a trained network that is to learn something else.
extension Network {
    /// The same, of which the layers with weights that `trains` picks train, and no others.
    public func training(_ trains: (Node) -> Bool) throws(NetworkError) -> Network {
        let haveWeights = Set(parameters.map(\.node))
        let nodes = nodes.enumerated().map { index, node in
            haveWeights.contains(owners[index]) ? node.training(trains(self.nodes[owners[index]])) : node
        }
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }

    /// Refuses patterns of which none fits a layer with weights.
    public func requireLayers(_ patterns: NamePatterns, option: String) throws(OptionError) {
        let names = Set(parameters.map(\.node)).sorted().map { nodes[$0].name }
        guard !names.contains(where: patterns.fit) else { return }
        throw OptionError(
            option, "\(patterns) fits no layer of \(name) that has weights; there are \(names.listed(atMost: 12))")
    }

    /// Whether the two are the same but for which layers train.
    public func isEqualButForTraining(_ other: Network) -> Bool {
        (try? training { _ in true }) == (try? other.training { _ in true })
    }

    /// The same with classifiers for other classes, of new names so that no file has weights for them. A classifier is the last
    /// dense layer or convolution before an output. Where there was one output it decided with a sigmoid, among several classes
    /// with softmax; logits stay logits.
    public func replacingTop(classes: Int) throws(NetworkError) -> Network {
        var nodes = nodes
        var taken = Set(nodes.map(\.name))
        for output in [nodes.count - 1] + auxiliaryOutputs.map(\.node) {
            var index = output
            while let layer = nodes[index].layer.deciding(amongSeveral: classes > 1) {
                nodes[index] = nodes[index].training(true).replaced(by: layer)
                index = nodes[index].inputs[0]
            }
            guard let top = nodes[index].layer.classifier(of: classes) else {
                throw NetworkError(
                    network: name, layer: nodes[index].name,
                    reason: "its output cannot be replaced: it comes from \(nodes[index].layer.description.typeName), "
                        + "not from a dense layer or a convolution")
            }
            nodes[index] = nodes[index].training(true).replaced(by: top)
            repeat {
                nodes[index] = nodes[index].renamed { $0 + "_new" }
            } while !taken.insert(nodes[index].name).inserted
        }
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }

    /// The same network with sigmoid where outputs are a softmax: each class is a question of its own.
    package func endingInSigmoid() throws(NetworkError) -> Network {
        let outputs = Set([nodes.count - 1] + auxiliaryOutputs.map(\.node))
        let nodes = nodes.enumerated().map { index, node in
            guard outputs.contains(index), case .dense(let dense) = node.layer, dense.activation == .softmax else {
                return node
            }
            let layer = Dense(
                units: dense.units, activation: .sigmoid, usesBias: dense.usesBias,
                kernelInitializer: dense.kernelInitializer)
            return node.replaced(by: .dense(layer))
        }
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }
}

extension Activation {
    fileprivate func deciding(amongSeveral: Bool) -> Activation {
        switch self {
        case .softmax, .sigmoid: amongSeveral ? .softmax : .sigmoid
        default: self
        }
    }
}

extension Layer {
    /// What may stand between a classifier and its output, for one or several classes; nil for other layers.
    fileprivate func deciding(amongSeveral: Bool) -> Layer? {
        switch self {
        case .activation(let layer): .activation(ActivationLayer(layer.function.deciding(amongSeveral: amongSeveral)))
        case .dropout, .flatten, .globalAveragePooling, .scale: self
        default: nil
        }
    }

    fileprivate func classifier(of classes: Int) -> Layer? {
        switch self {
        case .dense(let layer):
            .dense(
                Dense(
                    units: classes, activation: layer.activation.deciding(amongSeveral: classes > 1),
                    usesBias: layer.usesBias, kernelInitializer: layer.kernelInitializer))
        case .convolution(let layer) where layer.groups == 1:
            .convolution(
                Convolution2D(
                    filters: classes, kernel: layer.window.size, stride: layer.window.stride,
                    dilation: layer.window.dilation, padding: layer.window.padding, activation: layer.activation,
                    usesBias: layer.usesBias, kernelInitializer: layer.kernelInitializer))
        default: nil
        }
    }
}

/// How layers of a weights file are found for those of a network (`--match`).
public enum LayerMatch: String, Sendable, CaseIterable {
    /// Equal names, whatever their order.
    case name
    /// The first layer takes the first of the file, and so on, as far as the shapes are the same.
    case order
    /// The longest sequence of layers with the same shapes, in the order of both.
    case shape
}

import Basics
import KerasCalls
import KerasNetworks
import Models
import Optimization

/// What a Keras file says of layers that only training needs. It stands in their origins.
extension Network {
    /// The options of layers that penalise weights or outputs, or constrain weights.
    package struct Penalties: Sendable {
        /// What all kernels that train share, if no other weights have a penalty: Keras's `l2`, `--l2` of a run. 0 if there is
        /// none.
        package var l2 = 0.0
        /// Those that `l2` does not say: `layer dense: bias_regularizer = ...`.
        package var others: [String] = []
        /// Those of them that are not computed.
        package var unknown: [String] = []
        /// Constraints that are not computed.
        package var unknownConstraints: [String] = []
    }

    package var penalties: Penalties {
        var penalties = Penalties()
        var kernels = Set<Double>()
        var texts: [(text: String, isUsual: Bool)] = []
        for node in nodes {
            guard let value = node.activityRegularizer else { continue }
            let penalty = WeightPenalty(keras: value)
            if penalty == WeightPenalty.none { continue }
            let text = "layer \(node.name): activity_regularizer = \((try? value.text()) ?? "?")"
            if penalty == nil { penalties.unknown.append(text) }
            texts.append((text, false))
        }
        for (index, node) in nodes.enumerated() where node.isTrainable {
            let parameters = node.layer.description.parameters(for: inputShapes(of: index))
            let words = parameters.map { node.layer.keras.optionWord(of: $0.name) }
            let options = node.origin?.options ?? [:]
            for (name, value) in options.sorted(by: { $0.key < $1.key }) {
                let text = "layer \(node.name): \(name) = \((try? value.text()) ?? "?")"
                let parameter = words.firstIndex { name == "\($0)_regularizer" || name == "\($0)_constraint" }
                if name.hasSuffix("_constraint") {
                    let rank = parameter.map { parameters[$0].shape.rank }
                    if rank.flatMap({ WeightConstraint(keras: value, rank: $0) }) == nil {
                        penalties.unknownConstraints.append(text)
                    }
                } else if name.hasSuffix("_regularizer"), name != Node.activityRegularizer {
                    let penalty = WeightPenalty(keras: value)
                    if penalty == WeightPenalty.none { continue }
                    if penalty == nil || parameter == nil { penalties.unknown.append(text) }
                    let isOfKernel = parameter.map { parameters[$0].isKernel } ?? false
                    texts.append((text, isOfKernel && penalty?.l1 == 0))
                }
            }
            for (parameter, word) in zip(parameters, words) where parameter.isKernel {
                kernels.insert(options["\(word)_regularizer"].flatMap(WeightPenalty.init(keras:))?.l2 ?? 0)
            }
        }
        if kernels.count == 1, let only = kernels.first, texts.allSatisfy(\.isUsual) {
            penalties.l2 = only
        } else {
            penalties.others = texts.map(\.text)
        }
        return penalties
    }

    /// What the layers add to the loss for each parameter.
    package var weightPenalties: [WeightPenalty] {
        parameters.map { option("regularizer", $0).flatMap(WeightPenalty.init(keras:)) ?? .none }
    }

    /// What the layers add to the loss for their outputs, by node: also layers that do not train, as in Keras.
    package var activityPenalties: [Int: ActivityPenalty] {
        var penalties: [Int: ActivityPenalty] = [:]
        for (index, node) in nodes.enumerated() {
            let penalty = node.activityRegularizer.flatMap(WeightPenalty.init(keras:)) ?? .none
            guard penalty != .none else { continue }
            penalties[index] = ActivityPenalty(l1: Float(penalty.l1), l2: Float(penalty.l2))
        }
        return penalties
    }

    /// What the layers demand of each parameter after an update.
    package var weightConstraints: [WeightConstraint?] {
        parameters.map { parameter in
            option("constraint", parameter).flatMap {
                WeightConstraint(keras: $0, rank: parameter.specification.shape.rank)
            }
        }
    }

    /// The option of a parameter's layer that its file says.
    private func option(_ kind: String, _ parameter: NetworkParameter) -> JSONValue? {
        let node = nodes[parameter.node]
        return node.origin?.options["\(node.layer.keras.optionWord(of: parameter.specification.name))_\(kind)"]
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
            let kernels = node.layer.description.parameters(for: inputShapes(of: index)).filter(\.isKernel)
            guard node.layer.keras.isOfKeras, !kernels.isEmpty else { return node }
            let names = kernels.map { "\(node.layer.keras.optionWord(of: $0.name))_regularizer" }
            let options = Dictionary(uniqueKeysWithValues: names.map { ($0, regularizer) })
                .merging(node.origin?.options ?? [:]) { _, kept in kept }
            return node.coming(
                from: LayerOrigin(
                    typeName: node.origin?.typeName, options: options,
                    initializers: node.origin?.initializers ?? [:], operation: node.origin?.operation))
        }
        return try Network(name: name, nodes: penalized, auxiliaryOutputs: auxiliaryOutputs)
    }

    /// Refuses layers whose new weights would not be drawn as their file says.
    package func requireKnownInitializers() throws(NetworkError) {
        for parameter in parameters {
            let value = option("initializer", parameter)
            let isUnknown = value.map { Initializer(keras: $0) == nil } ?? false
            let (specification, node) = (parameter.specification, nodes[parameter.node])
            let refusal = specification.initializer.refusal(of: specification.shape)
            guard isUnknown || refusal != nil else { continue }
            let option = "\(node.layer.keras.optionWord(of: specification.name))_initializer"
            let given = value ?? node.layer.keras.kerasConfiguration[option]
            throw NetworkError(
                network: name, layer: node.name,
                reason: "its option \(option) = \((try? given?.text()) ?? "?") is not supported for new weights"
                    + (isUnknown ? "" : " of \(specification.shape): \(refusal ?? "")")
                    + "; give weights with --weights, or a file that has them")
        }
    }
}

extension Node {
    fileprivate static let activityRegularizer = "activity_regularizer"

    /// The option, or what the layer `ActivityRegularization` has in its place.
    fileprivate var activityRegularizer: JSONValue? {
        guard let origin else { return nil }
        guard origin.typeName == ActivityPenalty.kerasClass else { return origin.options[Self.activityRegularizer] }
        return ["class_name": "L1L2", "config": .object(origin.options)]
    }
}

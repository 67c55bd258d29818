import Basics
import KerasCalls
import Models

extension Network {
    /// The `model_config` of a legacy Keras .h5 file, which `keras.models.load_model` of Keras 3.15 reads from such files: a
    /// `Functional` model with Keras 2's list form of connections, or a `Sequential` one if it came as such. Auxiliary outputs
    /// follow the output; their weights stand outside `config`, where Keras does not look.
    public var kerasModel: JSONValue { kerasModel(for: .keras3) }

    /// Keras 2 has other words for some things, such as the shape of the input.
    package func kerasModel(for reader: KerasReader) -> JSONValue {
        var model = KerasWriting(network: self, reader: reader).model(KerasGraph(self), name: name)
        if !auxiliaryOutputs.isEmpty {
            model["auxiliary_weights"] = .array(auxiliaryOutputs.map { .decimal($0.weight) })
        }
        if !heads.isEmpty { model["outputs_have_targets"] = true }
        if reader == .keras2 { model[KerasReader.versionName] = .string(reader.version) }
        return .object(model)
    }

    /// Whether it came as Keras's `Sequential`, and still is a chain.
    package var isSequential: Bool { KerasGraph(self).isSequential(in: self) }
}

private struct KerasWriting {
    let network: Network
    let reader: KerasReader

    /// Class and options of a model.
    func model(_ graph: KerasGraph, name: String) -> [String: JSONValue] {
        let layers = graph.layers.map { function(of: $0, in: graph)?.layer($0.name) ?? layer($0) }
        if graph.isSequential(in: network) {
            return [
                "class_name": .string(KerasModel.sequential),
                "config": ["name": .string(name), "trainable": true, "layers": .array(layers.map { .object($0) })],
            ]
        }
        let tensor = { (output: KerasGraph.Reference) -> JSONValue in
            let layer = graph.layers[output.layer]
            // tf_keras counts the calls of models from 1.
            let isCounted = if case .model = layer.content { reader == .keras2 } else { false }
            return [.string(layer.name), .integer(output.call + (isCounted ? 1 : 0)), .integer(output.output)]
        }
        let connected = zip(graph.layers, layers).map { layer, description -> JSONValue in
            let operation: LayerOrigin.Operation? =
                if case .node(let node) = layer.content { operation(of: network.nodes[node]) } else { nil }
            let calls = layer.calls.compactMap { call -> JSONValue? in
                if let operation {
                    var tensors = call.inputs.map { input in
                        KerasArguments.tensor(tensor(input), shape: network.shapes[graph.node(of: input)].extents)
                    }[...]
                    return KerasArguments.replacing(operation.arguments, by: &tensors)
                }
                if let function = function(of: layer, in: graph) { return function.node(call.inputs.map(tensor)) }
                let written = call.node.map { network.nodes[$0].layer.keras }
                var options = written?.callArguments(for: reader) ?? [:]
                if call.isInference { options["training"] = false }
                let arguments = JSONValue.object(options)
                if let written, let names = written.tensorNames(call.inputs.count) {
                    let tensors = call.inputs.map { (tensor($0), network.shapes[graph.node(of: $0)].extents) }
                    return reader == .keras3
                        ? KerasArguments.call(tensors, names, positions: MultiHeadAttention.positions, arguments)
                        : KerasArguments.call(tensors.map(\.0), names, arguments)
                }
                let inputs = call.inputs.map { input -> JSONValue in .array((tensor(input).array ?? []) + [arguments]) }
                return inputs.isEmpty ? nil : .array(inputs)
            }
            let connections: [String: JSONValue] = ["name": .string(layer.name), "inbound_nodes": .array(calls)]
            return .object(description.merging(connections) { _, own in own })
        }
        // One tensor stands alone, as Keras 2 has it.
        let tensors = { (all: [JSONValue]) -> JSONValue in all.count == 1 ? all[0] : .array(all) }
        return [
            "class_name": "Functional",
            "config": [
                "name": .string(name), "trainable": true, "layers": .array(connected),
                "input_layers": tensors(graph.inputs.map { [.string(graph.layers[$0].name), 0, 0] }),
                "output_layers": tensors(graph.outputs.map(tensor)),
            ],
        ]
    }

    /// How Keras 3 calls it; Keras 2 has layers instead.
    private func operation(of node: Node) -> LayerOrigin.Operation? {
        reader == .keras3 ? node.origin?.operation : nil
    }

    /// What tf_keras has in the place of a layer that it lacks. A function is called once, and stands in no `Sequential`.
    private func function(of layer: KerasGraph.Layer, in graph: KerasGraph) -> TensorFlowCall? {
        guard reader == .keras2, layer.calls.count == 1, case .node(let index) = layer.content,
            !graph.isSequential(in: network)
        else { return nil }
        let node = network.nodes[index]
        // A layer that came under a name of its own goes home as that.
        return node.origin?.typeName == nil || node.origin?.operation != nil ? node.layer.keras.tensorFlow : nil
    }

    /// Class and options.
    private func layer(_ layer: KerasGraph.Layer) -> [String: JSONValue] {
        switch layer.content {
        case .node(let index): self.layer(network.nodes[index], name: layer.name)
        case .model(let graph): model(graph, name: layer.name)
        }
    }

    /// The shape of an input of a model inside the model. Axes in which calls of the model differ are open.
    private func shape(ofInput call: LayerCall) -> JSONValue {
        let models = call.models.map(\.name)
        let shapes = network.nodes.indices.filter { index in
            guard case .input = network.nodes[index].layer, let other = network.nodes[index].call else { return false }
            return other.layer == call.layer && other.models.map(\.name) == models
        }.map { network.shapes[$0].extents }
        let axes = (0..<(shapes.first?.count ?? 0)).map { axis -> JSONValue in
            shapes.allSatisfy { $0[axis] == shapes[0][axis] } ? .integer(shapes[0][axis]) : .null
        }
        return .array([.null] + axes)
    }

    private func layer(_ node: Node, name: String) -> [String: JSONValue] {
        if let operation = operation(of: node) {
            let options = (node.origin?.options ?? [:]).merging(["name": .string(name)]) { _, own in own }
            let word = JSONValue.string(node.origin?.typeName ?? "")
            return [
                "module": .string(operation.module), "class_name": word, "registered_name": word,
                "config": .object(options),
            ]
        }
        let isInput = if case .input = node.layer { true } else { false }
        // An input's origin is its whole model's. That of an operation, or of a class that Keras 2 lacks, is not for Keras 2.
        let isOther = isInput || node.origin?.operation != nil || !reader.has(node.origin?.typeName ?? "")
        let origin = isOther ? nil : node.origin
        var configuration = origin?.typeName == nil ? node.layer.keras.kerasConfiguration : [:]
        configuration.merge(origin?.options ?? [:]) { _, kept in kept }
        if isInput, let call = node.call { configuration["batch_shape"] = shape(ofInput: call) }
        if reader == .keras2 {
            if let shape = configuration.removeValue(forKey: "batch_shape") {
                configuration["batch_input_shape"] = shape
            }
            configuration.merge(node.layer.keras.keras2Configuration) { own, _ in own }
            configuration = reader.options(
                configuration, of: origin?.typeName ?? node.layer.keras.registeredClass)
        }
        configuration["name"] = .string(name)
        configuration["dtype"] = "float32"
        if !isInput, node.layer.keras.takesTrainable { configuration["trainable"] = .bool(node.isTrainable) }
        let word = JSONValue.string(origin?.typeName ?? node.layer.keras.registeredClass)
        guard reader == .keras3, let module = node.layer.keras.kerasModule else {
            return ["class_name": word, "config": .object(configuration)]
        }
        return [
            "module": .string(module), "class_name": word, "registered_name": word, "config": .object(configuration),
        ]
    }
}

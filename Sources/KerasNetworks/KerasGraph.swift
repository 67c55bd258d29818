import Models

/// A network as Keras sees it: a model whose layers are called once or several times, and may be models themselves.
package struct KerasGraph {
    /// An output of a call of a layer.
    struct Reference {
        let layer: Int
        let call: Int
        let output: Int
    }

    struct Call {
        let inputs: [Reference]
        let isInference: Bool
        /// Of a layer, not of a model.
        let node: Int?
    }

    package enum Content {
        /// The node of the first call.
        case node(Int)
        case model(KerasGraph)
    }

    package struct Layer {
        package let name: String
        package let content: Content
        let calls: [Call]
    }

    /// In the order of the network's nodes.
    package let layers: [Layer]
    /// Of a model inside the model: what each call is given comes in here.
    let inputs: [Int]
    let outputs: [Reference]

    package init(_ network: Network) {
        let outputs = [network.nodes.count - 1] + network.auxiliaryOutputs.map(\.node)
        self = GraphBuilder(network, outputs)
            .graph(Array(network.nodes.indices), outputs: outputs, level: 0, isInference: false)
    }

    fileprivate init(layers: [Layer], inputs: [Int], outputs: [Reference]) {
        (self.layers, self.inputs, self.outputs) = (layers, inputs, outputs)
    }
}

/// Puts nodes together that are calls of one layer, or inside one model.
private struct GraphBuilder {
    let nodes: [Node]
    /// Which nodes read each node; the network's outputs are read by a node behind the last.
    private let readers: [[Int]]

    init(_ network: Network, _ outputs: [Int]) {
        nodes = network.nodes
        var readers = [[Int]](repeating: [], count: network.nodes.count)
        for (index, node) in network.nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
        for output in outputs { readers[output].append(network.nodes.count) }
        self.readers = readers
    }

    /// A layer of a model while calls of it are collected: the nodes of each.
    private struct Collected {
        let name: String
        let isModel: Bool
        var calls: [[Int]] = []
        /// Of a model: places of its outputs among the nodes of a call.
        var outputs: [Int] = []
    }

    /// `members` are the nodes of one call of the model that stands `level` models deep. A call as in evaluation
    /// (`isInference`) holds for the calls inside it.
    func graph(_ members: [Int], outputs: [Int], level: Int, isInference: Bool) -> KerasGraph {
        var collected: [Collected] = []
        var places: [String: Int] = [:]
        var callNumbers: [String: [Int: Int]] = [:]
        /// Where each member is: its layer, the call, and its place in the call.
        var found: [Int: (layer: Int, call: Int, place: Int)] = [:]
        for index in members {
            let call = nodes[index].call
            let model = call.flatMap { $0.models.count > level ? $0.models[level] : nil }
            let name = model?.name ?? call?.layer ?? nodes[index].name
            let number = model?.number ?? call?.number ?? 0
            let layer = places[name] ?? collected.count
            if layer == collected.count {
                places[name] = layer
                collected.append(Collected(name: name, isModel: model != nil))
            }
            let place = callNumbers[name]?[number] ?? collected[layer].calls.count
            callNumbers[name, default: [:]][number] = place
            if place == collected[layer].calls.count { collected[layer].calls.append([]) }
            found[index] = (layer, place, collected[layer].calls[place].count)
            collected[layer].calls[place].append(index)
        }
        for layer in collected.indices where collected[layer].isModel {
            var outputs = Set<Int>()
            for call in collected[layer].calls {
                let own = Set(call)
                for (place, node) in call.enumerated() where readers[node].contains(where: { !own.contains($0) }) {
                    outputs.insert(place)
                }
            }
            collected[layer].outputs = outputs.sorted()
        }
        let reference = { (node: Int) -> KerasGraph.Reference? in
            guard let (layer, call, place) = found[node] else { return nil }
            let output = collected[layer].isModel ? collected[layer].outputs.firstIndex(of: place) ?? 0 : 0
            return KerasGraph.Reference(layer: layer, call: call, output: output)
        }
        let layers = collected.map { layer -> KerasGraph.Layer in
            let calls = layer.calls.map { call -> KerasGraph.Call in
                // A model is given what its own inputs read.
                let entrances = layer.isModel ? call.filter { isInput(of: level + 1, $0) } : call
                return KerasGraph.Call(
                    inputs: entrances.flatMap { nodes[$0].inputs.compactMap(reference) },
                    isInference: !isInference && call.allSatisfy { nodes[$0].isInference },
                    node: layer.isModel ? nil : call.first)
            }
            let content: KerasGraph.Content =
                layer.isModel
                ? .model(
                    graph(
                        layer.calls[0], outputs: layer.outputs.map { layer.calls[0][$0] }, level: level + 1,
                        isInference: isInference || calls[0].isInference))
                : .node(layer.calls[0][0])
            return KerasGraph.Layer(name: layer.name, content: content, calls: calls)
        }
        return KerasGraph(
            layers: layers, inputs: members.filter { isInput(of: level, $0) }.compactMap { found[$0]?.layer },
            outputs: outputs.compactMap(reference))
    }

    private func isInput(of level: Int, _ node: Int) -> Bool {
        guard case .input = nodes[node].layer else { return false }
        return nodes[node].call?.models.count ?? 0 == level
    }
}

extension KerasGraph {
    /// The node whose value it is, of the first call.
    func node(of output: Reference) -> Int {
        switch layers[output.layer].content {
        case .node(let node): node
        case .model(let model): model.node(of: model.outputs[output.output])
        }
    }

    /// The layers in the order of Keras's `model.layers`, which is the order of weights in its files: by falling distance from
    /// an output (the longest path counts), and among equals as walks from the outputs first meet them (`map_graph` in
    /// `keras/src/ops/function.py`). The order in which a model was written down plays no part.
    package var kerasOrder: [Int] {
        let calls = layers.indices.flatMap { layer in layers[layer].calls.indices.map { (layer: layer, call: $0) } }
        var distances: [[Int]] = layers.map { [Int](repeating: 0, count: $0.calls.count) }
        var layerDistances = [Int](repeating: 0, count: layers.count)
        for (layer, call) in topologically(calls).reversed() {
            let distance = max(distances[layer][call], layerDistances[layer])
            layerDistances[layer] = distance
            for input in layers[layer].calls[call].inputs {
                distances[input.layer][input.call] = max(distances[input.layer][input.call], distance + 1)
            }
        }
        var meetings = [Int](repeating: layers.count, count: layers.count)
        var met: Set<[Int]> = []
        var count = 0
        var waiting = Array(outputs.reversed())
        while let next = waiting.popLast() {
            guard met.insert([next.layer, next.call]).inserted else { continue }
            if meetings[next.layer] == layers.count {
                meetings[next.layer] = count
                count += 1
            }
            waiting += layers[next.layer].calls[next.call].inputs.reversed()
        }
        return layers.indices.sorted {
            (-layerDistances[$0], meetings[$0], $0) < (-layerDistances[$1], meetings[$1], $1)
        }
    }

    /// Each call after those it reads.
    private func topologically(_ calls: [(layer: Int, call: Int)]) -> [(layer: Int, call: Int)] {
        var order: [(layer: Int, call: Int)] = []
        var done: Set<[Int]> = []
        var waiting = Array(calls.reversed())
        while let next = waiting.last {
            guard !done.contains([next.layer, next.call]) else {
                waiting.removeLast()
                continue
            }
            let missing = layers[next.layer].calls[next.call].inputs.filter { !done.contains([$0.layer, $0.call]) }
            if missing.isEmpty {
                done.insert([next.layer, next.call])
                order.append(next)
                waiting.removeLast()
            } else {
                waiting += missing.map { ($0.layer, $0.call) }
            }
        }
        return order
    }
}

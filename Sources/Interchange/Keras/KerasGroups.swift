import KerasNetworks
import Models

extension Network {
    /// The groups that a legacy file of Keras has for weights: one for each layer of the model, and for each model inside it, with
    /// indices of parameters. A model lists what trains before what does not (`_legacy_weights` in
    /// `keras/src/legacy/saving/legacy_h5_format.py`).
    var kerasGroups: [(name: String, parameters: [Int])] {
        let own = Dictionary(grouping: parameters.indices) { parameters[$0].node }
        let graph = KerasGraph(self)
        return graph.kerasOrder.map { index in
            let layer = graph.layers[index]
            switch layer.content {
            case .node(let node): return (layer.name, own[node] ?? [])
            case .model(let model):
                let all = model.nodes.flatMap { own[$0] ?? [] }
                let trains = { (parameter: Int) in parameters[parameter].specification.role == .trainable }
                return (layer.name, all.filter(trains) + all.filter { !trains($0) })
            }
        }
    }

    /// Whether it holds models.
    var holdsModels: Bool { nodes.contains { !($0.call?.models.isEmpty ?? true) } }
}

/// Which call of which layer a node is, where its name does not say it: in a network that holds models, or that calls a layer
/// several times. Each call is a node. All calls of a layer have the weights of the first one.
public struct LayerCall: Sendable, Equatable {
    /// A model inside the model, and the number of its call, from 0.
    public struct Model: Sendable, Equatable, Hashable {
        public let name: String
        public let number: Int

        public init(name: String, number: Int = 0) { (self.name, self.number) = (name, number) }
    }

    /// The models that hold the layer, the outermost first.
    public let models: [Model]
    /// The layer's name in the innermost of them.
    public let layer: String
    /// Of the call, from 0.
    public let number: Int
    /// Keras's `training=False`: the layer computes as in evaluation. Its weights may train nevertheless.
    public let isInference: Bool

    public init(models: [Model] = [], layer: String, number: Int = 0, isInference: Bool = false) {
        (self.models, self.layer, self.number, self.isInference) = (models, layer, number, isInference)
    }

    /// `base/conv1`, the same for all calls.
    var layerPath: String { (models.map(\.name) + [layer]).joined(separator: "/") }

    /// `base/conv1`; `base#2/conv1` where the model is called the second time.
    var name: String {
        (models.map { Self.numbered($0.name, $0.number) } + [Self.numbered(layer, number)]).joined(separator: "/")
    }

    private static func numbered(_ name: String, _ number: Int) -> String {
        number == 0 ? name : "\(name)#\(number + 1)"
    }

    func named(_ layer: String) -> LayerCall {
        LayerCall(models: models, layer: layer, number: number, isInference: isInference)
    }
}

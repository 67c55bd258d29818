import Basics
import Models

/// All models by name.
public enum Zoo {
    public static let models: [ZooModel] =
        Perceptron.models + SimpleCNN.models + LeNet.models + AlexNet.models + ZFNet.models + VGG.models
        + CIFARVGG.models + GoogLeNet.models + BNInception.models + InceptionV3.models + InceptionV4.models
        + InceptionResNet.models + CIFARResNet.models + CIFARResNetV2.models + ResNet.models + ResNetV2.models
        + WideResNet.models + DenseNet.models + MobileNetV2.models + EfficientNet.models + ConvNeXt.models
        + FastConvNet.models + Transfer.models

    public static func model(named name: String) throws(NetworkError) -> ZooModel {
        let model =
            models.first { $0.name == name } ?? CIFARResNet.model(named: name) ?? CIFARResNetV2.model(named: name)
            ?? WideResNet.model(named: name)
        if let model { return model }
        let nearest = suggestion(for: name, among: models.map(\.name), atMost: 3)
        throw NetworkError(
            network: name, layer: nil, reason: "no such model\(nearest); `dptrain models` lists all")
    }
}

/// A model of the zoo: how it is called, where it comes from, and how it is built.
public struct ZooModel: Sendable {
    public let name: String
    /// The paper or program that defines it.
    public let source: String
    public let input: Shape
    public let classes: Int
    public let loss: Loss
    /// The options it has besides those of all models.
    var variations: Set<ModelOptions.Variation> = []
    /// The layers that a shallower network of the family initialises; all that fit where nil.
    public var layersFromShallower: Set<String>?
    let build: @Sendable (_ input: Shape, _ classes: Int, ModelOptions) throws(NetworkError) -> Network

    /// The network for data of the given shape and class count.
    public func network(_ options: ModelOptions = ModelOptions()) throws(NetworkError) -> Network {
        if let other = options.variations.first(where: { !variations.contains($0) }) {
            throw NetworkError(network: name, layer: nil, reason: "it has no option \(other.rawValue)")
        }
        var network = try build(options.input ?? input, options.classes ?? classes, options)
        if let rate = options.dropout { network = try network.withDropout(rate) }
        if options.zeroInitializesResiduals { network = try network.withZeroInitializedResiduals() }
        if let rate = options.stochasticDepth { network = try network.withStochasticDepth(rate) }
        return network
    }
}

extension Network {
    /// The same with another rate in all dropout layers. A rate of 0 makes outputs of training what Keras's inference is
    /// compared with.
    func withDropout(_ rate: Float) throws(NetworkError) -> Network {
        let nodes = nodes.map { node in
            guard case .dropout = node.layer else { return node }
            return node.replaced(by: .dropout(Dropout(rate: rate)))
        }
        return try Network(name: name, nodes: nodes, auxiliaryOutputs: auxiliaryOutputs)
    }
}

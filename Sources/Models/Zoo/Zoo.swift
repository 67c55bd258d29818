import NumericCore

/// What a user may vary in a model of the zoo.
public struct ModelOptions: Sendable, Equatable {
    /// The number of outputs; the model's own where nil.
    public var classes: Int?
    /// The shape of the data's samples; the model's own where nil.
    public var input: Shape?
    /// Widths of the hidden layers, for models that leave them open.
    public var hiddenUnits: [Int]?

    public init(classes: Int? = nil, input: Shape? = nil, hiddenUnits: [Int]? = nil) {
        self.classes = classes
        self.input = input
        self.hiddenUnits = hiddenUnits
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
    let build: @Sendable (_ input: Shape, _ classes: Int, ModelOptions) throws(NetworkError) -> Network

    /// The network for data of the given shape and class count.
    public func network(_ options: ModelOptions = ModelOptions()) throws(NetworkError) -> Network {
        try build(options.input ?? input, options.classes ?? classes, options)
    }
}

/// All models by name.
public enum Zoo {
    public static let models: [ZooModel] =
        Perceptron.models + SimpleCNN.models + LeNet.models + CIFARResNet.models + ResNet.models + GoogLeNet.models
        + BNInception.models + InceptionV3.models + InceptionV4.models + InceptionResNet.models

    public static func model(named name: String) throws(NetworkError) -> ZooModel {
        if let model = models.first(where: { $0.name == name }) ?? CIFARResNet.model(named: name) { return model }
        let known = models.map(\.name).joined(separator: ", ")
        throw NetworkError(network: name, layer: nil, reason: "no such model; the zoo has \(known)")
    }
}

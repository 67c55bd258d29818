import Basics

/// What every layer tells about itself: shapes, parameters and its type. Shapes are those of a sample, without
/// the batch axis: images are [H, W, C], vectors [F].
public protocol LayerDescription: Sendable, Equatable {
    /// Throws where the inputs do not fit the layer.
    func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape

    /// Parameters in Keras's order: trainable ones first. Called only with inputs that `outputShape` accepts.
    func parameters(for inputs: [Shape]) -> [ParameterSpecification]

    /// Multiply-adds of one sample's forward pass.
    func multiplyAdds(for inputs: [Shape]) -> Int

    /// The layer's type for people: Keras's word, where Keras has such a layer.
    var typeName: String { get }

    /// The word under which breakdowns of time count the layer, with layers like it.
    var category: String { get }

    /// What the layer applies to its result; `linear` for layers that apply nothing.
    var activation: Activation { get }

    /// Whether it only moves elements, and so takes samples of more than three axes. All others take vectors, sequences and images.
    var takesAnyRank: Bool { get }
}

extension LayerDescription {
    /// As `outputShape`, but throws if the output or a parameter has more than 2^31 - 1 elements. Shape inference calls it for
    /// each layer, because sizes come from files.
    public func possibleOutputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        if let input = inputs.first(where: { $0.rank > 3 }), !takesAnyRank {
            throw LayerError("takes vectors, sequences or images, not \(input)")
        }
        let output = try outputShape(of: inputs)
        for size in [output] + parameters(for: inputs).map(\.shape) where !size.isOfPossibleSize {
            throw LayerError("\(size) has more than 2^31 - 1 elements")
        }
        return output
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] { [] }
    public func multiplyAdds(for inputs: [Shape]) -> Int { 0 }
    public var activation: Activation { .linear }
    public var takesAnyRank: Bool { false }

    fileprivate func isEqual(to other: any LayerDescription) -> Bool { other as? Self == self }
}

/// A layer that loops compute on every engine: no other code has to know of it (`PlainLayer` in Execution).
public protocol PlainDescription: LayerDescription {
    /// The layer without what only one call of it says.
    var uncalled: any PlainDescription { get }
}

extension PlainDescription {
    public var uncalled: any PlainDescription { self }
}

/// A layer as a value. Engines switch over the cases, so that a new layer cannot be forgotten by one of them.
public enum Layer: Sendable, Equatable {
    case input(Input)
    case dense(Dense)
    case convolution(Convolution2D)
    case zeroPadding(ZeroPadding2D)
    case pooling(Pooling2D)
    case globalAveragePooling(GlobalAveragePooling2D)
    case batchNormalization(BatchNormalization)
    case activation(ActivationLayer)
    case dropout(Dropout)
    case flatten(Flatten)
    case add(Add)
    case scale(Scale)
    case concatenate(Concatenate)
    case localResponseNormalization(LocalResponseNormalization)
    case upSampling(UpSampling2D)
    case identityShortcut(IdentityShortcut)
    case subsampling(Subsampling2D)
    case partialConvolution(PartialConvolution2D)
    case plain(any PlainDescription)

    public var description: any LayerDescription {
        switch self {
        case .input(let layer): layer
        case .dense(let layer): layer
        case .convolution(let layer): layer
        case .zeroPadding(let layer): layer
        case .pooling(let layer): layer
        case .globalAveragePooling(let layer): layer
        case .batchNormalization(let layer): layer
        case .activation(let layer): layer
        case .dropout(let layer): layer
        case .flatten(let layer): layer
        case .add(let layer): layer
        case .scale(let layer): layer
        case .concatenate(let layer): layer
        case .localResponseNormalization(let layer): layer
        case .upSampling(let layer): layer
        case .identityShortcut(let layer): layer
        case .subsampling(let layer): layer
        case .partialConvolution(let layer): layer
        case .plain(let layer): layer
        }
    }

    public static func == (a: Layer, b: Layer) -> Bool { a.description.isEqual(to: b.description) }

    public var activation: Activation { description.activation }

    /// Whether it passes on what it is given: samples, or what a model inside the model is called with.
    package var isInput: Bool { if case .input = self { true } else { false } }

    /// The layer that all its calls have in common.
    var uncalled: Layer { if case .plain(let layer) = self { .plain(layer.uncalled) } else { self } }

    /// The layer as evaluation computes it.
    package var inferring: Layer {
        switch self {
        case .dropout: .dropout(Dropout(rate: 0))
        case .plain(let layer as any RandomDescription): layer.inferring
        case .plain(let layer as SequenceLayer) where layer.image.inferring != layer.image:
            .plain(SequenceLayer(layer.image.inferring, isCausal: layer.isCausal))
        default: self
        }
    }
}

/// A parameter of a layer in Keras's shape: kernels of convolutions are [kH, kW, in, out], of dense layers [in, out].
public struct ParameterSpecification: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        /// Changed by the optimizer.
        case trainable
        /// Moving statistics of batch normalisation: changed by the forward pass.
        case statistic
        /// Stays as it was loaded: weights and moving statistics of layers that do not train.
        case frozen
    }

    public let name: String
    public let shape: Shape
    public let initializer: Initializer
    public let role: Role
    /// Whether `--l2` and weight decay of kernels apply (Keras's `kernel_regularizer`).
    public let isKernel: Bool

    public init(_ name: String, _ shape: Shape, _ initializer: Initializer, role: Role = .trainable) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
        self.role = role
        isKernel = name == "kernel" || name.hasSuffix("_kernel")
    }

    /// The same where the layer does not train.
    var frozen: ParameterSpecification { ParameterSpecification(name, shape, initializer, role: .frozen) }

    /// The same with other first values.
    func beginning(_ initializer: Initializer) -> ParameterSpecification {
        ParameterSpecification(name, shape, initializer, role: role)
    }
}

/// What does not fit; the network adds the layer's name.
public struct LayerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

import Basics
import KerasCalls
import Models

/// A layer in the words of Keras's files. Each has an initializer that reads what is written here, from Keras 2 and 3.
package protocol KerasLayer: LayerDescription {
    /// The part of the layer's `config` beyond `name`, `dtype` and `trainable`.
    var kerasConfiguration: [String: JSONValue] { get }
    /// What Keras 2 demands besides.
    var keras2Configuration: [String: JSONValue] { get }
    /// Whether Keras itself has the class; others are in scripts/dptrain_keras.py.
    var isOfKeras: Bool { get }
    /// Whether the class in Keras takes `trainable`, as nearly all do.
    var takesTrainable: Bool { get }
    /// What the options that regularize or constrain a parameter begin with: `kernel` of `kernel_regularizer`.
    func optionWord(of parameter: String) -> String
    /// Where Keras 3 looks for a class that is none of `keras.layers`.
    var kerasModule: String? { get }
    /// What so many tensors of a call are called, if it gives them one by one; nil for a tensor, or a list of them.
    func tensorNames(_ count: Int) -> [String]?
    /// What a call says besides them.
    func callArguments(for reader: KerasReader) -> [String: JSONValue]
    /// The function that tf_keras has instead; nil for most layers.
    var tensorFlow: TensorFlowCall? { get }
    /// The layers inside this one that have its weights, as many each; none for most layers.
    var sublayers: [KerasSublayer] { get }
}

extension KerasLayer {
    package var keras2Configuration: [String: JSONValue] { [:] }
    package var isOfKeras: Bool { true }
    package var takesTrainable: Bool { true }
    package func optionWord(of parameter: String) -> String { parameter }
    package var kerasModule: String? { nil }
    package func tensorNames(_ count: Int) -> [String]? { nil }
    package func callArguments(for reader: KerasReader) -> [String: JSONValue] { [:] }
    package var tensorFlow: TensorFlowCall? { nil }
    package var sublayers: [KerasSublayer] { [] }

    /// The class as files name it: `Dense`, `dptrain>IdentityShortcut`.
    package var registeredClass: String { isOfKeras ? typeName : KerasPackage.name(typeName) }
}

extension Layer {
    /// Reads a layer by its class; `Input`, whose shape stands among the options of all layers, is read apart.
    init(keras options: inout KerasOptions) throws(LayerError) {
        switch options.kerasClass {
        case "Dense": self = .dense(try Dense(keras: &options))
        case "EinsumDense": self = .dense(try Dense(einsum: &options))
        case "Conv2D": self = .convolution(try Convolution2D(keras: &options))
        case "ZeroPadding2D": self = .zeroPadding(try ZeroPadding2D(keras: &options))
        case "MaxPooling2D", "AveragePooling2D": self = .pooling(try Pooling2D(keras: &options))
        case let name where Pooling2D.adaptiveClasses.contains(name):
            self = .pooling(try Pooling2D(adaptive: &options))
        case "GlobalAveragePooling2D" where !options.isSet("keepdims"):
            self = .globalAveragePooling(try GlobalAveragePooling2D(keras: &options))
        case "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2":
            self = .batchNormalization(try BatchNormalization(keras: &options))
        case "Activation", "Identity", ActivityPenalty.kerasClass:
            self = .activation(try ActivationLayer(keras: &options))
        case "Softmax" where options.isAlongLastAxis: self = .activation(try ActivationLayer(keras: &options))
        // A bound of 0 is one, unlike a slope or a threshold of 0.
        case "ReLU"
        where options.isUnset("max_value") && !["negative_slope", "threshold"].contains(where: options.isSet):
            self = .activation(try ActivationLayer(keras: &options))
        case "Dropout": self = .dropout(try Dropout(keras: &options))
        case "Flatten": self = .flatten(try Flatten(keras: &options))
        case "Add" where Set(options.inputs).count == 1: self = .add(try Add(keras: &options))
        case "CustomScaleLayer": self = .scale(try Scale(keras: &options))
        case "Concatenate" where options.isAlongLastAxis: self = .concatenate(try Concatenate(keras: &options))
        case "LocalResponseNormalization":
            self = .localResponseNormalization(try LocalResponseNormalization(keras: &options))
        case "UpSampling2D" where options.isUnset("interpolation", or: "nearest"):
            self = .upSampling(try UpSampling2D(keras: &options))
        case "Dot" where options.inputs.contains { $0.rank == 2 }:
            self = .plain(try MatrixProduct(dotOfSequences: &options))
        case "IdentityShortcut": self = .identityShortcut(try IdentityShortcut(keras: &options))
        case "Subsampling2D": self = .subsampling(try Subsampling2D(keras: &options))
        case "PartialConvolution2D": self = .partialConvolution(try PartialConvolution2D(keras: &options))
        default:
            guard let layer = Self.plainLayers.first(where: { $0.kerasClasses.contains(options.kerasClass) }) else {
                throw LayerError("layers of class \(options.kerasClass) are not supported")
            }
            self = .plain(try layer.init(keras: &options))
        }
    }

    /// What Keras's files say of the layer.
    package var keras: any KerasLayer {
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
        case .plain(let layer): Self.keras(layer)
        }
    }

    private static func keras(_ layer: any PlainDescription) -> any KerasLayer {
        guard let layer = layer as? any PlainKerasLayer else {
            preconditionFailure("\(layer.typeName) is missing in plainLayers")
        }
        return layer
    }
}

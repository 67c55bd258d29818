import Basics

/// The maximum or the mean of each window. What lies beside the image counts in neither: not the padding of `same`, as
/// in TensorFlow, nor what a `ceil` window hangs over, as in Caffe and PyTorch.
public struct Pooling2D: LayerDescription {
    public enum Kind: Sendable, Equatable { case max, average }

    public let kind: Kind
    public let window: Window2D

    public init(_ kind: Kind, size: Extent2D = 2, stride: Extent2D? = nil, padding: Padding = .valid) {
        self.kind = kind
        window = Window2D(size: size, stride: stride ?? size, padding: padding)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        let output = try window.outputExtent(of: input)
        return [output.height, output.width, input[2]]
    }

    public var kerasClass: String { kind == .max ? "MaxPooling2D" : "AveragePooling2D" }
    /// Keras knows no `ceil`: the class of the same name in dptrain's package does.
    public var isOfKeras: Bool { window.padding != .ceil }
    public var kerasConfiguration: [String: JSONValue] {
        [
            "pool_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "data_format": "channels_last",
        ]
    }
}

/// [H, W, C] to the mean of each channel, [C].
public struct GlobalAveragePooling2D: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { [try inputs.single(rank: 3)[2]] }

    public var kerasClass: String { "GlobalAveragePooling2D" }
    public var kerasConfiguration: [String: JSONValue] { ["data_format": "channels_last", "keepdims": false] }
}

import Basics
import KerasCalls
import Models

extension Pooling2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            options.kerasClass == "MaxPooling2D" ? .max : .average, size: try options.extent("pool_size") ?? 2,
            stride: try options.extent("strides"), padding: try options.padding())
        try options.requireChannelsLast()
    }

    /// Keras knows no `ceil`: the class of the same name in dptrain's package does.
    package var isOfKeras: Bool { window.padding != .ceil }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "pool_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "data_format": "channels_last",
        ]
    }
}

extension Pooling2D {
    static let adaptiveClasses = ["AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"]

    /// Of an image that the output's size divides: windows stand side by side. Goes home as it came.
    init(adaptive options: inout KerasOptions) throws(LayerError) {
        options.keepClass("output_size", "data_format")
        let size = try options.requiredExtent("output_size")
        try options.requireChannelsLast()
        guard let image = options.inputs.first, image.rank == 3, size.height > 0, size.width > 0,
            image[0].isMultiple(of: size.height), image[1].isMultiple(of: size.width)
        else {
            throw LayerError("its option output_size = \(size) is not supported: it must divide the image's size")
        }
        self.init(
            options.kerasClass == "AdaptiveMaxPooling2D" ? .max : .average,
            size: Extent2D(height: image[0] / size.height, width: image[1] / size.width))
    }
}

extension GlobalAveragePooling2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
        try options.requireChannelsLast()
        options.ignore("keepdims")
    }

    package var kerasConfiguration: [String: JSONValue] { ["data_format": "channels_last", "keepdims": false] }
}

extension Subsampling2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            size: try options.extent("pool_size") ?? 2, activation: try options.activation(),
            coefficientInitializer: try options.initializer("coefficient_initializer"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "pool_size": window.size.keras, "activation": activation.keras,
            "coefficient_initializer": coefficientInitializer.kerasConfiguration,
        ]
    }
}

extension UpSampling2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.extent("size") ?? 2)
        try options.requireChannelsLast()
        options.ignore("interpolation")
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["size": factor.keras, "interpolation": "nearest", "data_format": "channels_last"]
    }
}

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

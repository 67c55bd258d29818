import Basics
import KerasCalls
import Models

extension Dense: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            units: try options.integer("units"), activation: try options.activation(),
            usesBias: try options.flag("use_bias", default: true),
            kernelInitializer: try options.initializer("kernel_initializer"))
        options.initializer("bias_initializer", usual: .zeros)
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "units": .integer(units), "activation": activation.keras, "use_bias": .bool(usesBias),
            "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "kernel_regularizer": nil, "bias_regularizer": nil, "kernel_constraint": nil, "bias_constraint": nil,
        ]
    }
}

extension Flatten: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] { ["data_format": "channels_last"] }
}

extension RadialBasis: PlainKerasLayer {
    static let kerasClasses = ["RadialBasis"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(units: try options.integer("units"), codes: try options.initializer("codes"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        ["units": .integer(units), "codes": codes.kerasConfiguration["class_name"] ?? nil]
    }
}

import Basics
import KerasCalls
import Models

extension Convolution2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        let kernel = try options.requiredExtent("kernel_size")
        self.init(
            filters: try options.integer("filters"), groups: try options.optionalInteger("groups") ?? 1, kernel: kernel,
            stride: try options.extent("strides") ?? 1,
            dilation: try options.extent("dilation_rate") ?? 1, padding: try options.padding(),
            activation: try options.activation(), usesBias: try options.flag("use_bias", default: true),
            kernelInitializer: try options.initializer("kernel_initializer"))
        try options.requireChannelsLast()
        options.initializer("bias_initializer", usual: .zeros)
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "filters": .integer(filters), "kernel_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "data_format": "channels_last",
            "dilation_rate": window.dilation.keras,
            "groups": .integer(groups), "activation": activation.keras, "use_bias": .bool(usesBias),
            "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil,
            "kernel_constraint": nil, "bias_constraint": nil,
        ]
    }
}

extension PartialConvolution2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        let kernel = try options.requiredExtent("kernel_size")
        self.init(
            kernel: kernel, connections: try options.table("connections"), activation: try options.activation(),
            kernelInitializer: try options.initializer("kernel_initializer"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "kernel_size": window.size.keras,
            "connections": .array(connections.map { .array($0.map { .integer($0) }) }),
            "activation": activation.keras, "kernel_initializer": kernelInitializer.kerasConfiguration,
        ]
    }
}

extension ZeroPadding2D: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.margins("padding"))
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "padding": margins.keras, "data_format": "channels_last",
        ]
    }
}

extension DepthwiseConvolution2D: PlainKerasLayer {
    static let kerasClasses = ["DepthwiseConv2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let kernel = try options.requiredExtent("kernel_size")
        self.init(
            kernel: kernel, stride: try options.extent("strides") ?? 1,
            dilation: try options.extent("dilation_rate") ?? 1, padding: try options.padding(),
            multiplier: try options.optionalInteger("depth_multiplier") ?? 1, activation: try options.activation(),
            usesBias: try options.flag("use_bias", default: true),
            kernelInitializer: try options.initializer("depthwise_initializer"))
        try options.requireChannelsLast()
        options.initializer("bias_initializer", usual: .zeros)
        // Keras's files have these of Conv2D too; the layer does not use them.
        try options.require("groups", 1)
        options.ignore("filters", "kernel_initializer")
    }

    package func optionWord(of parameter: String) -> String { parameter == "kernel" ? "depthwise" : parameter }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "kernel_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "depth_multiplier": .integer(multiplier),
            "data_format": "channels_last", "dilation_rate": window.dilation.keras, "activation": activation.keras,
            "use_bias": .bool(usesBias), "depthwise_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "depthwise_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil,
            "depthwise_constraint": nil, "bias_constraint": nil,
        ]
    }
}

extension SeparableConvolution2D: PlainKerasLayer {
    static let kerasClasses = ["SeparableConv2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let kernel = try options.requiredExtent("kernel_size")
        self.init(
            filters: try options.integer("filters"), kernel: kernel, stride: try options.extent("strides") ?? 1,
            dilation: try options.extent("dilation_rate") ?? 1, padding: try options.padding(),
            multiplier: try options.optionalInteger("depth_multiplier") ?? 1, activation: try options.activation(),
            usesBias: try options.flag("use_bias", default: true),
            depthwiseInitializer: try options.initializer("depthwise_initializer"),
            pointwiseInitializer: try options.initializer("pointwise_initializer"))
        try options.requireChannelsLast()
        options.initializer("bias_initializer", usual: .zeros)
        // Keras 2 writes these of Conv2D too; the layer does not use them.
        try options.require("groups", 1)
        options.ignore("kernel_initializer")
    }

    /// `depthwise_regularizer` is that of the weights `depthwise_kernel`.
    package func optionWord(of parameter: String) -> String { parameter.replacing("_kernel", with: "") }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "filters": .integer(filters), "kernel_size": depthwise.window.size.keras,
            "strides": depthwise.window.stride.keras, "padding": .string(depthwise.window.padding.rawValue),
            "data_format": "channels_last", "dilation_rate": depthwise.window.dilation.keras,
            "depth_multiplier": .integer(depthwise.multiplier), "activation": activation.keras,
            "use_bias": .bool(usesBias),
            "depthwise_initializer": depthwise.kernelInitializer.kerasConfiguration,
            "pointwise_initializer": pointwiseInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "depthwise_regularizer": nil, "pointwise_regularizer": nil, "bias_regularizer": nil,
            "activity_regularizer": nil, "depthwise_constraint": nil, "pointwise_constraint": nil,
            "bias_constraint": nil,
        ]
    }
}

extension TransposedConvolution2D: PlainKerasLayer {
    static let kerasClasses = ["Conv2DTranspose"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let kernel = try options.requiredExtent("kernel_size")
        self.init(
            filters: try options.integer("filters"), kernel: kernel, stride: try options.extent("strides") ?? 1,
            dilation: try options.extent("dilation_rate") ?? 1, padding: try options.padding(),
            outputPadding: try options.extent("output_padding"), activation: try options.activation(),
            usesBias: try options.flag("use_bias", default: true),
            kernelInitializer: try options.initializer("kernel_initializer"))
        try options.requireChannelsLast()
        try options.require("groups", 1)
        options.initializer("bias_initializer", usual: .zeros)
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "filters": .integer(filters), "kernel_size": window.size.keras, "strides": window.stride.keras,
            "padding": .string(window.padding.rawValue), "output_padding": outputPadding?.keras ?? .null,
            "data_format": "channels_last", "dilation_rate": window.dilation.keras, "activation": activation.keras,
            "use_bias": .bool(usesBias), "kernel_initializer": kernelInitializer.kerasConfiguration,
            "bias_initializer": Initializer.zeros.kerasConfiguration,
            "kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil,
            "kernel_constraint": nil, "bias_constraint": nil,
        ]
    }
}

extension Margins2D {
    /// ((top, bottom), (left, right)).
    var keras: JSONValue { [[.integer(top), .integer(bottom)], [.integer(left), .integer(right)]] }
}

extension Extent2D {
    /// Height and width.
    var keras: JSONValue { [.integer(height), .integer(width)] }
}

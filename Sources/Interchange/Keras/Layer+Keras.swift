import Basics
import Models

extension Layer {
    /// Reads a layer of Keras 2 or 3: one case a class, the counterpart of `kerasConfiguration` in the layer's file.
    init(keras options: inout KerasOptions) throws(LayerError) {
        switch options.kerasClass {
        case "Dense":
            self = .dense(
                Dense(
                    units: try options.integer("units"), activation: try options.activation(),
                    usesBias: try options.flag("use_bias", default: true),
                    kernelInitializer: try options.initializer("kernel_initializer")))
            try options.requireInitializer("bias_initializer", .zeros)

        case "Conv2D":
            guard let kernel = try options.extent("kernel_size") else {
                throw LayerError("its option kernel_size is missing")
            }
            self = .convolution(
                Convolution2D(
                    filters: try options.integer("filters"), kernel: kernel,
                    stride: try options.extent("strides") ?? 1,
                    dilation: try options.extent("dilation_rate") ?? 1, padding: try options.padding(),
                    activation: try options.activation(), usesBias: try options.flag("use_bias", default: true),
                    kernelInitializer: try options.initializer("kernel_initializer")))
            try options.requireChannelsLast()
            try options.require("groups", 1)
            try options.requireInitializer("bias_initializer", .zeros)

        case "ZeroPadding2D":
            self = .zeroPadding(ZeroPadding2D(try options.margins("padding")))
            try options.requireChannelsLast()

        case "MaxPooling2D", "AveragePooling2D":
            self = .pooling(
                Pooling2D(
                    options.kerasClass == "MaxPooling2D" ? .max : .average,
                    size: try options.extent("pool_size") ?? 2, stride: try options.extent("strides"),
                    padding: try options.padding()))
            try options.requireChannelsLast()

        case "GlobalAveragePooling2D":
            self = .globalAveragePooling(GlobalAveragePooling2D())
            try options.requireChannelsLast()
            try options.require("keepdims", false)

        case "BatchNormalization":
            self = .batchNormalization(
                BatchNormalization(
                    momentum: try options.number("momentum", default: 0.99),
                    epsilon: try options.number("epsilon", default: 1e-3),
                    usesScale: try options.flag("scale", default: true),
                    usesCenter: try options.flag("center", default: true)))
            try options.requireLastAxis()
            try options.requireInitializer("beta_initializer", .zeros)
            try options.requireInitializer("gamma_initializer", .ones)
            try options.requireInitializer("moving_mean_initializer", .zeros)
            try options.requireInitializer("moving_variance_initializer", .ones)
            options.ignore("renorm_momentum")

        case "Activation":
            self = .activation(ActivationLayer(try options.activation()))

        case "ReLU":
            self = .activation(ActivationLayer(.relu))
            try options.require("threshold", 0)
            try options.require("negative_slope", 0)

        case "Softmax":
            self = .activation(ActivationLayer(.softmax))
            try options.requireLastAxis()

        case "Dropout":
            self = .dropout(Dropout(rate: try options.number("rate")))
            options.ignore("seed")

        case "Flatten":
            self = .flatten(Flatten())
            try options.requireChannelsLast()

        case "Add":
            self = .add(Add())

        case "CustomScaleLayer":
            self = .scale(Scale(try options.number("scale")))

        case "Rescaling":
            self = .scale(Scale(try options.number("scale")))
            try options.require("offset", 0)

        case "Concatenate":
            self = .concatenate(Concatenate())
            try options.requireLastAxis()

        case "LocalResponseNormalization":
            self = .localResponseNormalization(
                LocalResponseNormalization(
                    size: try options.integer("size"), k: try options.number("k"),
                    alpha: try options.number("alpha"), beta: try options.number("beta")))

        case "UpSampling2D":
            self = .upSampling(UpSampling2D(try options.extent("size") ?? 2))
            try options.requireChannelsLast()
            try options.require("interpolation", "nearest")

        case "IdentityShortcut":
            self = .identityShortcut(
                IdentityShortcut(
                    filters: try options.integer("filters"), stride: try options.extent("strides") ?? 2))

        case "Subsampling2D":
            self = .subsampling(
                Subsampling2D(
                    size: try options.extent("pool_size") ?? 2, activation: try options.activation(),
                    coefficientInitializer: try options.initializer("coefficient_initializer")))

        case "PartialConvolution2D":
            guard let kernel = try options.extent("kernel_size") else {
                throw LayerError("its option kernel_size is missing")
            }
            self = .partialConvolution(
                PartialConvolution2D(
                    kernel: kernel, connections: try options.table("connections"),
                    activation: try options.activation(),
                    kernelInitializer: try options.initializer("kernel_initializer")))

        case "RadialBasis":
            self = .radialBasis(
                RadialBasis(units: try options.integer("units"), codes: try options.initializer("codes")))

        case "Functional", "Sequential", "Model":
            throw LayerError("a model inside a model is not supported: write its layers out")

        default:
            throw LayerError("layers of class \(options.kerasClass) are not supported")
        }
    }
}

import Basics
import Models

extension KerasOperation {
    /// Of each element of one tensor.
    static let functions = ofElements.mapValues(ofOneTensor)
    /// The same in Keras's module `nn`.
    static let activations = ofNeurons.mapValues(ofOneTensor)

    private static let ofElements: [String: Reader] = [
        "Negative": { (_) throws(LayerError) in .plain(Rescaling(scale: [-1])) },
        "Absolute": scalar(.absolute), "Abs": scalar(.absolute), "Square": scalar(.square), "Sqrt": scalar(.squareRoot),
        "Exp": scalar(.exponential), "Log": scalar(.logarithm), "Sin": scalar(.sine), "Cos": scalar(.cosine),
        "Log1p": scalar(.logarithmOfOnePlus), "Expm1": scalar(.exponentialLessOne), "Sign": scalar(.sign),
        "Reciprocal": scalar(.quotient, 1), "Rsqrt": scalar(.power, -0.5),
        "Clip": { (operation) throws(LayerError) in
            .plain(ScalarOperation(.clip, try operation.options.number("x_min"), try operation.options.number("x_max")))
        },
        "Tanh": activation(.tanh),
        "Cast": { (operation) throws(LayerError) in
            try operation.options.require("dtype", "float32")
            return .activation(ActivationLayer(.linear))
        },
    ]

    private static let ofNeurons: [String: Reader] = [
        "Relu": activation(.relu), "Relu6": activation(.relu6), "Sigmoid": activation(.sigmoid),
        "Softplus": activation(.softplus), "Softsign": activation(.softsign),
        "Silu": activation(.silu), "Selu": activation(.selu), "HardSigmoid": activation(.hardSigmoid),
        "HardSilu": activation(.hardSiLU), "HardTanh": activation(.hardTanh), "LogSigmoid": activation(.logSigmoid),
        "TanhShrink": activation(.tanhShrink), "SparsePlus": activation(.sparsePlus),
        "SparseSigmoid": activation(.sparseSigmoid), "Squareplus": activation(.squareplus, if: "b", 4),
        "Celu": activation(.celu, if: "alpha", 1), "HardShrink": activation(.hardShrink, if: "threshold", 0.5),
        "SoftShrink": activation(.softShrink, if: "threshold", 0.5),
        "Softmax": { (operation) throws(LayerError) in
            guard operation.options.isAlongLastAxis else {
                return .plain(AxisSoftmax(axis: try operation.options.sampleAxis()))
            }
            return try lastAxis(.softmax)(&operation)
        },
        "LogSoftmax": lastAxis(.logSoftmax),
        "LeakyRelu": { (operation) throws(LayerError) in
            .plain(RectifiedLinear(slope: try operation.options.number("negative_slope", default: 0.2)))
        },
        "Elu": { (operation) throws(LayerError) in
            .plain(ExponentialLinear(alpha: try operation.options.number("alpha", default: 1)))
        },
        "Gelu": { (operation) throws(LayerError) in
            try operation.options.flag("approximate", default: true)
                ? .plain(ScalarOperation(.approximateGELU)) : .activation(ActivationLayer(.gelu))
        },
    ]

    private static func ofOneTensor(_ read: @escaping Reader) -> Reader {
        { (operation) throws(LayerError) in
            try operation.requireTensorsOnly()
            return try read(&operation)
        }
    }

    private static func scalar(_ function: ScalarOperation.Function, _ constants: Float...) -> Reader {
        { (_) throws(LayerError) in .plain(ScalarOperation(function, constants: constants)) }
    }

    private static func activation(_ function: Activation) -> Reader {
        { (_) throws(LayerError) in .activation(ActivationLayer(function)) }
    }

    /// Of one form only.
    private static func activation(_ function: Activation, if option: String, _ value: JSONValue) -> Reader {
        { (operation) throws(LayerError) in
            try operation.options.require(option, value)
            return .activation(ActivationLayer(function))
        }
    }

    private static func lastAxis(_ function: Activation) -> Reader {
        { (operation) throws(LayerError) in
            try operation.options.requireLastAxis()
            return .activation(ActivationLayer(function))
        }
    }
}

import Basics
import Models

extension TensorFlowFunction {
    /// All there are, by name.
    static let readers: [String: Reader] = [ofElements, ofTwo, reductions, rearrangements, ofImages]
        .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    // MARK: Of each element

    private static let ofElements: [String: Reader] = [
        "relu": same("Relu"), "relu6": same("Relu6"), "sigmoid": same("Sigmoid"), "tanh": same("Tanh"),
        "softplus": same("Softplus"), "softsign": same("Softsign"), "selu": same("Selu"), "elu": same("Elu"),
        "log_sigmoid": same("LogSigmoid"), "exp": same("Exp"), "log": same("Log"), "sqrt": same("Sqrt"),
        "rsqrt": same("Rsqrt"), "square": same("Square"), "abs": same("Absolute"), "sin": same("Sin"),
        "cos": same("Cos"), "negative": same("Negative"), "reciprocal": same("Reciprocal"),
        "log1p": same("Log1p"), "expm1": same("Expm1"), "sign": same("Sign"),
        "silu": silu, "swish": silu,
        "gelu": { (function) throws(LayerError) in
            .operation("Gelu", options: ["approximate": function.take("approximate", default: false)], [function.first])
        },
        "leaky_relu": { (function) throws(LayerError) in
            .operation(
                "LeakyRelu", options: ["negative_slope": function.take("alpha", default: .number(0.2))],
                [function.first])
        },
        "softmax": alongAxis("Softmax"), "log_softmax": alongAxis("LogSoftmax"),
        "clip_by_value": { (function) throws(LayerError) in
            .operation(
                "Clip", options: ["x_min": function.take("clip_value_min"), "x_max": function.take("clip_value_max")],
                [function.first])
        },
        "cast": { (function) throws(LayerError) in
            try function.require("dtype", "float32")
            return .layer("Activation", options: ["activation": "linear"])
        },
        "identity": { (_) throws(LayerError) in .layer("Activation", options: ["activation": "linear"]) },
        "l2_normalize": { (function) throws(LayerError) in
            try function.require("epsilon", .number(1e-12))
            let axis = function.take("axis")
            // One norm of the whole batch.
            guard axis != .null else { throw function.unsupported("axis", axis) }
            return .layer("UnitNormalization", options: ["axis": axis])
        },
    ]

    private static func same(_ operation: String) -> Reader {
        { (function) throws(LayerError) in .operation(operation, [function.first]) }
    }

    private static let silu: Reader = { (function) throws(LayerError) in
        try function.require("beta", .number(1))
        return .operation("Silu", [function.first])
    }

    private static func alongAxis(_ operation: String) -> Reader {
        { (function) throws(LayerError) in
            .operation(operation, options: ["axis": function.take("axis", default: -1)], [function.first])
        }
    }

    // MARK: Of two tensors, or a tensor and a constant

    private static let ofTwo: [String: Reader] = [
        "add": ofTwo("Add"), "subtract": ofTwo("Subtract"), "multiply": ofTwo("Multiply"),
        "truediv": ofTwo("TrueDivide"), "divide": ofTwo("TrueDivide"), "maximum": ofTwo("Maximum"),
        "minimum": ofTwo("Minimum"), "pow": ofTwo("Power"), "bias_add": ofTwo("Add", "bias"),
        "add_n": { (_) throws(LayerError) in .layer("Add") },
        "matmul": { (function) throws(LayerError) in
            let second = function.take("b")
            let transposesFirst = try function.takeFlag("transpose_a")
            let transposesSecond = try function.takeFlag("transpose_b")
            guard transposesFirst || transposesSecond else { return .operation("Matmul", [function.first, second]) }
            let subscripts = "...\(transposesFirst ? "kn" : "nk"),...\(transposesSecond ? "mk" : "km")->...nm"
            return .operation("Einsum", options: ["subscripts": .string(subscripts)], [function.first, second])
        },
    ]

    private static func ofTwo(_ operation: String, _ second: String = "y") -> Reader {
        { (function) throws(LayerError) in .operation(operation, [function.first, function.take(second)]) }
    }

    // MARK: Along axes

    private static let reductions: [String: Reader] = [
        "reduce_mean": reduction("Mean"), "reduce_sum": reduction("Sum"), "reduce_max": reduction("Max"),
        "reduce_min": reduction("Min"), "reduce_variance": reduction("Var"), "reduce_std": reduction("Std"),
    ]

    private static func reduction(_ operation: String) -> Reader {
        { (function) throws(LayerError) in
            .operation(
                operation,
                options: ["axis": function.take("axis"), "keepdims": function.take("keepdims", default: false)],
                [function.first])
        }
    }

    // MARK: The same elements in another shape or order, or some of them

    private static let rearrangements: [String: Reader] = [
        "reshape": along("Reshape", "shape", as: "newshape"), "transpose": along("Transpose", "perm", as: "axes"),
        "squeeze": along("Squeeze", "axis"), "expand_dims": along("ExpandDims", "axis"),
        "reverse": along("Flip", "axis"), "concat": along("Concatenate", "axis"),
        "roll": { (function) throws(LayerError) in
            .operation(
                "Roll", options: ["shift": function.take("shift"), "axis": function.take("axis")], [function.first])
        },
        "split": { (function) throws(LayerError) in
            let given = function.take("num_or_size_splits")
            // Sizes of parts; Keras 3 says where each of them but the first begins.
            let sizes = given.array ?? []
            // The last may be the rest.
            let isOpen = sizes.last?.integer == -1
            var places = [0]
            for size in isOpen ? sizes.dropLast() : sizes[...] {
                guard let size = size.integer, (0..<1 << 30).contains(size), let last = places.last, last < 1 << 30
                else { throw function.unsupported("num_or_size_splits", given) }
                places.append(last + size)
            }
            let inner = places.dropFirst().dropLast(isOpen ? 0 : 1).map { JSONValue.integer($0) }
            return .operation(
                "Split",
                options: [
                    "indices_or_sections": given.array == nil ? given : .array(inner),
                    sumOfSizes: given.array == nil || isOpen ? .null : .integer(places[places.count - 1]),
                    "axis": function.take("axis", default: 0),
                ], [function.first])
        },
        "stack": { (function) throws(LayerError) in
            .operation("Stack", options: ["axis": function.take("axis", default: 0)], [function.first])
        },
        "getitem": { (function) throws(LayerError) in
            let given = function.take("slice_spec")
            let parts = given.array ?? given["items"]?.array ?? [given]
            return .operation("GetItem", [function.first, .array(parts.map(slice))])
        },
    ]

    /// How many elements the parts of a `tf.split` have in all, which Keras 3 does not say.
    package static let sumOfSizes = "sum_of_sizes"

    private static func along(_ operation: String, _ argument: String, as option: String? = nil) -> Reader {
        { (function) throws(LayerError) in
            .operation(operation, options: [option ?? argument: function.take(argument)], [function.first])
        }
    }

    /// `1:`, which tf_keras writes as the bounds alone.
    private static func slice(_ part: JSONValue) -> JSONValue {
        guard part["class_name"] == nil, part.object != nil else { return part }
        return ["class_name": "__slice__", "config": part]
    }

    // MARK: Of images

    private static let ofImages: [String: Reader] = [
        "max_pool": pool("MaxPool"), "max_pool2d": pool("MaxPool"), "avg_pool": pool("AveragePool"),
        "avg_pool2d": pool("AveragePool"),
        "pad": { (function) throws(LayerError) in
            try function.require("mode", "constant")
            try function.require("constant_values", 0)
            return .operation("Pad", options: ["pad_width": function.take("paddings")], [function.first])
        },
        "resize": { (function) throws(LayerError) in
            let size = function.take("size")
            guard let sides = size.array, sides.count == 2 else { throw function.unsupported("size", size) }
            return .layer(
                "Resizing",
                options: [
                    "height": sides[0], "width": sides[1],
                    "interpolation": function.take("method", default: "bilinear"),
                    "antialias": function.take("antialias"),
                ])
        },
        "local_response_normalization": { (function) throws(LayerError) in
            let radius = function.take("depth_radius", default: 5)
            guard let channels = radius.integer, (0..<1 << 20).contains(channels) else {
                throw function.unsupported("depth_radius", radius)
            }
            return .layer(
                "LocalResponseNormalization",
                options: [
                    "size": .integer(2 * channels + 1), "k": function.take("bias", default: 1),
                    "alpha": function.take("alpha", default: 1), "beta": function.take("beta", default: .number(0.5)),
                ])
        },
    ]

    /// Windows and steps are numbers for both axes, for each of them, or for all axes of a batch.
    private static func pool(_ operation: String) -> Reader {
        { (function) throws(LayerError) in
            try function.require("data_format", "NHWC")
            let padding = function.take("padding")
            guard let word = padding.string else { throw function.unsupported("padding", padding) }
            return .operation(
                operation,
                options: [
                    "pool_size": try function.sides("ksize"), "strides": try function.sides("strides"),
                    "padding": .string(word.lowercased()),
                ], [function.first])
        }
    }

    private mutating func sides(_ name: String) throws(LayerError) -> JSONValue {
        let value = take(name)
        guard let all = value.array else { return value }
        switch all.count {
        case 1: return all[0]
        case 4 where all[0] == 1 && all[3] == 1: return .array(Array(all[1...2]))
        case 2: return value
        default: throw unsupported(name, value)
        }
    }
}

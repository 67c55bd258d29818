import Basics
import Models

/// A function of TensorFlow as tf_keras has it in place of a layer, with what it is given besides the layer's inputs.
package struct TensorFlowCall {
    /// As `TFOpLambda` names it: `math.reduce_mean`.
    let function: String
    /// By name.
    var arguments: [String: JSONValue] = [:]
    /// What the second input is called, or the only one behind a constant.
    var second = "y"
    /// Stands first, before the only input.
    var constant: JSONValue?
    /// Whether the inputs are one argument.
    var takesList = false

    private var kerasClass: String { function == "__operators__.getitem" ? "SlicingOpLambda" : "TFOpLambda" }

    func layer(_ name: String) -> [String: JSONValue] {
        [
            "class_name": .string(kerasClass),
            "config": ["name": .string(name), "trainable": true, "dtype": "float32", "function": .string(function)],
        ]
    }

    /// The call with these tensors, each `["conv2d", 0, 0]`.
    func node(_ tensors: [JSONValue]) -> JSONValue {
        var arguments = arguments
        let with = { (tensor: JSONValue, named: [String: JSONValue]) -> JSONValue in
            .array((tensor.array ?? []) + [.object(named)])
        }
        if takesList { return .array(tensors.map { with($0, arguments) }) }
        if tensors.count > 1 || constant != nil { arguments[second] = tensors[tensors.count - 1] }
        return with(constant.map { ["_CONSTANT_VALUE", -1, $0] } ?? tensors[0], arguments)
    }
}

extension ScalarOperation {
    package var tensorFlow: TensorFlowCall? {
        let constant = JSONValue.decimal(constants.first ?? 0)
        return switch function {
        case .absolute: TensorFlowCall(function: "math.abs")
        case .square: TensorFlowCall(function: "math.square")
        case .exponential: TensorFlowCall(function: "math.exp")
        case .logarithm: TensorFlowCall(function: "math.log")
        case .sine: TensorFlowCall(function: "math.sin")
        case .cosine: TensorFlowCall(function: "math.cos")
        case .squareRoot: TensorFlowCall(function: "math.sqrt")
        case .logarithmOfOnePlus: TensorFlowCall(function: "math.log1p")
        case .exponentialLessOne: TensorFlowCall(function: "math.expm1")
        case .sign: TensorFlowCall(function: "math.sign")
        case .power: TensorFlowCall(function: "math.pow", arguments: ["y": constant])
        case .quotient: TensorFlowCall(function: "math.truediv", constant: constant)
        case .atLeast: TensorFlowCall(function: "math.maximum", arguments: ["y": constant])
        case .atMost: TensorFlowCall(function: "math.minimum", arguments: ["y": constant])
        case .clip:
            TensorFlowCall(
                function: "clip_by_value",
                arguments: ["clip_value_min": constant, "clip_value_max": .decimal(constants.last ?? 0)])
        case .approximateGELU: TensorFlowCall(function: "nn.gelu", arguments: ["approximate": true])
        }
    }
}

extension Reduction {
    package var tensorFlow: TensorFlowCall? {
        TensorFlowCall(
            function: "math.reduce_\(kind.rawValue)",
            arguments: ["axis": .array(axes.sorted().map { .integer($0 + 1) }), "keepdims": .bool(keepsAxes)])
    }
}

extension Slice {
    package var tensorFlow: TensorFlowCall? {
        let samples: JSONValue = ["start": nil, "stop": nil, "step": nil]
        let parts = axes.map { axis -> JSONValue in
            if axis.isDropped { return .integer(axis.start) }
            // Python has no place before the first but none.
            let stop = axis.start + axis.step * (axis.count - 1) + axis.step.signum()
            return [
                "start": .integer(axis.start), "stop": stop < 0 ? .null : .integer(stop), "step": .integer(axis.step),
            ]
        }
        return TensorFlowCall(function: "__operators__.getitem", arguments: ["slice_spec": .array([samples] + parts)])
    }
}

extension Roll {
    package var tensorFlow: TensorFlowCall? {
        TensorFlowCall(
            function: "roll",
            arguments: [
                "shift": .array(shifts.map { .integer($0) }),
                "axis": .array(shifts.indices.map { .integer($0 + 1) }),
            ])
    }
}

extension Stack {
    package var tensorFlow: TensorFlowCall? {
        TensorFlowCall(function: "stack", arguments: ["axis": .integer(axis + 1)], takesList: true)
    }
}

extension MatrixProduct {
    package var tensorFlow: TensorFlowCall? {
        TensorFlowCall(
            function: "linalg.matmul",
            arguments: ["transpose_a": .bool(transposesFirst), "transpose_b": .bool(transposesSecond)], second: "b")
    }
}

extension Merge {
    package var tensorFlow: TensorFlowCall? { kind == .divide ? TensorFlowCall(function: "math.truediv") : nil }
}

extension LocalResponseNormalization {
    package var tensorFlow: TensorFlowCall? {
        guard size % 2 == 1 else { return nil }
        return TensorFlowCall(
            function: "nn.local_response_normalization",
            arguments: [
                "depth_radius": .integer(size / 2), "bias": .decimal(k), "alpha": .decimal(alpha),
                "beta": .decimal(beta),
            ])
    }
}

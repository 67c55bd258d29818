import Basics
import KerasCalls
import Models

extension RectifiedLinear: PlainKerasLayer {
    /// `ReLU` without options is read as an activation, which engines have kernels for.
    static let kerasClasses = ["ReLU", "LeakyReLU"]

    /// Keras 2 calls the slope of a LeakyReLU alpha.
    init(keras options: inout KerasOptions) throws(LayerError) {
        guard options.kerasClass == "LeakyReLU" else {
            self.init(
                most: try options.optionalNumber("max_value"), slope: try options.number("negative_slope", default: 0),
                threshold: try options.number("threshold", default: 0))
            return
        }
        let alpha = try options.optionalNumber("alpha")
        self.init(
            slope: try options.number("negative_slope", default: alpha.map { Double("\($0)") ?? Double($0) } ?? 0.3))
    }

    package var kerasConfiguration: [String: JSONValue] {
        isLeaky
            ? ["negative_slope": .decimal(slope)]
            : [
                "max_value": most.map { .decimal($0) } ?? .null, "negative_slope": .decimal(slope),
                "threshold": .decimal(threshold),
            ]
    }
}

extension ExponentialLinear: PlainKerasLayer {
    static let kerasClasses = ["ELU"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(alpha: try options.number("alpha", default: 1))
    }

    package var kerasConfiguration: [String: JSONValue] { ["alpha": .decimal(alpha)] }
}

extension ParametricReLU: PlainKerasLayer {
    static let kerasClasses = ["PReLU"]

    /// Keras counts axes with that of the batch.
    init(keras options: inout KerasOptions) throws(LayerError) {
        let axes = try options.integers("shared_axes") ?? []
        let rank = options.inputs.first?.rank ?? 0
        self.init(
            sharedAxes: Set(axes.map { $0 < 0 ? $0 &+ rank : $0 &- 1 }),
            initializer: try options.initializer("alpha_initializer", default: .zeros))
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "shared_axes": sharedAxes.isEmpty ? .null : .array(sharedAxes.sorted().map { .integer($0 + 1) }),
            "alpha_initializer": initializer.kerasConfiguration, "alpha_regularizer": nil, "alpha_constraint": nil,
        ]
    }
}

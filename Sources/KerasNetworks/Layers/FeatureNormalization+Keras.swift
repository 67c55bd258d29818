import Basics
import KerasCalls
import Models

extension FeatureNormalization: PlainKerasLayer {
    static let kerasClasses = ["LayerNormalization", "GroupNormalization"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        var span = Span.lastAxis
        if options.kerasClass == "GroupNormalization" {
            let groups = try options.optionalInteger("groups") ?? 32
            // Keras's word for one group a channel.
            span = .groups(groups == -1 ? options.inputs.first?.extents.last ?? 1 : groups)
        }
        self.init(
            span, epsilon: try options.number("epsilon", default: 1e-3),
            usesScale: try options.flag("scale", default: true), usesCenter: try options.flag("center", default: true))
        try options.requireLastAxis()
        try options.require("rms_scaling", false)
        options.initializer("beta_initializer", usual: .zeros)
        options.initializer("gamma_initializer", usual: .ones)
    }

    package var kerasConfiguration: [String: JSONValue] {
        var configuration: [String: JSONValue] = [
            "axis": -1, "epsilon": .decimal(epsilon), "center": .bool(usesCenter), "scale": .bool(usesScale),
            "beta_initializer": Initializer.zeros.kerasConfiguration,
            "gamma_initializer": Initializer.ones.kerasConfiguration,
            "beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
        ]
        switch span {
        case .lastAxis: configuration["rms_scaling"] = false
        case .groups(let groups): configuration["groups"] = .integer(groups)
        }
        return configuration
    }
}

extension UnitNormalization: PlainKerasLayer {
    static let kerasClasses = ["UnitNormalization"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init()
        try options.requireLastAxis()
    }

    package var kerasConfiguration: [String: JSONValue] { ["axis": -1] }
}

extension RootMeanSquareNormalization: PlainKerasLayer {
    static let kerasClasses = ["RMSNormalization"]

    /// Its scale begins with ones, which no option says.
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(epsilon: try options.number("epsilon", default: 1e-6))
        try options.requireLastAxis()
    }

    package var kerasConfiguration: [String: JSONValue] { ["axis": -1, "epsilon": .decimal(epsilon)] }
}

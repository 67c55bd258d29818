import Basics
import KerasCalls
import Models

extension BatchNormalization: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            momentum: try options.number("momentum", default: 0.99),
            epsilon: try options.number("epsilon", default: 1e-3),
            usesScale: try options.flag("scale", default: true), usesCenter: try options.flag("center", default: true),
            gammaInitializer: try options.initializer("gamma_initializer", default: .ones))
        try options.requireLastAxis()
        options.initializer("beta_initializer", usual: .zeros)
        options.initializer("moving_mean_initializer", usual: .zeros)
        options.initializer("moving_variance_initializer", usual: .ones)
        options.ignore("renorm_momentum")
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "axis": -1, "momentum": .decimal(momentum), "epsilon": .decimal(epsilon),
            "center": .bool(usesCenter), "scale": .bool(usesScale),
            "beta_initializer": Initializer.zeros.kerasConfiguration,
            "gamma_initializer": gammaInitializer.kerasConfiguration,
            "moving_mean_initializer": Initializer.zeros.kerasConfiguration,
            "moving_variance_initializer": Initializer.ones.kerasConfiguration,
            "beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
        ]
    }
}

extension LocalResponseNormalization: KerasLayer {
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            size: try options.integer("size"), k: try options.number("k"), alpha: try options.number("alpha"),
            beta: try options.number("beta"))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        ["size": .integer(size), "k": .decimal(k), "alpha": .decimal(alpha), "beta": .decimal(beta)]
    }
}

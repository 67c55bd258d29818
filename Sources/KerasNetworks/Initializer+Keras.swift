import Basics
import Models

extension Initializer {
    /// Reads a name (`"he_normal"`) or an object (`{"class_name": "HeNormal", "config": {}}`); nil for what does not
    /// exist here. Keras 2 before 2.3 wrote Glorot's and He's as the `VarianceScaling` they are.
    package init?(keras value: JSONValue) {
        guard let name = value.string ?? value["class_name"]?.string else { return nil }
        let options = value["config"]
        switch name.snakeCased {
        case "zeros": self = .zeros
        case "ones": self = .ones
        case "constant":
            guard let number = options?["value"]?.number else { return nil }
            self = .constant(Float(number))
        case "glorot_uniform": self = .glorotUniform
        case "he_normal": self = .heNormal
        case "he_uniform": self = .heUniform
        case "random_normal", "normal":
            guard (options?["mean"]?.number ?? 0) == 0 else { return nil }
            self = .normal(deviation: Float(options?["stddev"]?.number ?? 0.05))
        case "random_uniform", "uniform":
            guard let limit = options?["maxval"]?.number, options?["minval"]?.number == -limit else { return nil }
            self = .uniform(limit: Float(limit))
        case "signs": self = .signs
        case "digits": self = .digits
        case "variance_scaling":
            switch (options?["scale"]?.number, options?["mode"]?.string, options?["distribution"]?.string) {
            case (1, "fan_avg", "uniform"): self = .glorotUniform
            case (2, "fan_in", "uniform"): self = .heUniform
            case (2, "fan_in", "normal"), (2, "fan_in", "truncated_normal"): self = .heNormal
            default: return nil
            }
        default: return nil
        }
    }

    /// The initializer as Keras's configuration has it.
    var kerasConfiguration: JSONValue {
        let (name, configuration): (String, [String: JSONValue]) =
            switch self {
            case .zeros: ("Zeros", [:])
            case .ones: ("Ones", [:])
            case .constant(let value): ("Constant", ["value": .decimal(value)])
            case .glorotUniform: ("GlorotUniform", ["seed": nil])
            case .heNormal: ("HeNormal", ["seed": nil])
            case .heUniform: ("HeUniform", ["seed": nil])
            case .normal(let deviation):
                ("RandomNormal", ["mean": 0.0, "stddev": .decimal(deviation), "seed": nil])
            case .uniform(let limit):
                (
                    "RandomUniform",
                    [
                        "minval": .decimal(-limit), "maxval": .decimal(limit),
                        "seed": nil,
                    ]
                )
            case .signs: ("signs", [:])
            case .digits: ("digits", [:])
            }
        return ["class_name": .string(name), "config": .object(configuration)]
    }
}

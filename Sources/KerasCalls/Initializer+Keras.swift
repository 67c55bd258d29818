import Basics
import Models

extension Initializer {
    /// Reads a name (`"he_normal"`) or an object (`{"class_name": "HeNormal", "config": {}}`); nil for what does not
    /// exist here, such as a class or function of an author's own. Keras 2 before 2.3 wrote Glorot's and He's as the
    /// `VarianceScaling` they are.
    package init?(keras value: JSONValue) {
        guard let word = value.string ?? value["class_name"]?.string else { return nil }
        guard value["registered_name"]?.string == nil, value["module"]?.string?.hasPrefix("keras.") ?? true else {
            return nil
        }
        let options = value["config"] ?? .null
        // A number, or what Keras takes if there is none; nil if the option is something else.
        let number = { (option: String, usual: Float) -> Float? in
            guard let given = options[option], given != .null else { return usual }
            return given.number.map { Float($0) }.flatMap { $0.isFinite ? $0 : nil }
        }
        switch word.snakeCased.replacing("_initializer", with: "") {
        case "zeros", "zero": self = .zeros
        case "ones", "one": self = .ones
        case "constant":
            guard let value = number("value", 0) else { return nil }
            self = .constant(value)
        case "random_normal", "normal":
            guard let (mean, deviation) = Self.normal(number) else { return nil }
            self = .normal(mean: mean, deviation: deviation)
        case "truncated_normal":
            guard let (mean, deviation) = Self.normal(number) else { return nil }
            self = .truncatedNormal(mean: mean, deviation: deviation)
        case "random_uniform", "uniform":
            guard let low = number("minval", -0.05), let high = number("maxval", 0.05), low <= high else { return nil }
            self = .uniform(low: low, high: high)
        case "orthogonal":
            guard let gain = number("gain", 1) else { return nil }
            self = .orthogonal(gain: gain)
        case "identity":
            guard let gain = number("gain", 1) else { return nil }
            self = .identity(gain: gain)
        case "signs": self = .signs
        case "digits": self = .digits
        case "variance_scaling":
            let usual = VarianceScaling(1, .fanIn, .truncatedNormal)
            guard let scale = number("scale", 1) else { return nil }
            let mode = options["mode"].map { $0.string.flatMap(VarianceScaling.Mode.init(rawValue:)) } ?? usual.mode
            let distribution =
                options["distribution"].map { $0.string.flatMap(VarianceScaling.Distribution.init(keras:)) }
                ?? usual.distribution
            guard scale > 0, let mode, let distribution,
                let scaling = VarianceScaling(scale, mode, distribution).taking(axesOf: options)
            else { return nil }
            self = .varianceScaling(scaling)
        case let name:
            let known = VarianceScaling.named.first { $0.name.snakeCased == name }
            guard let scaling = known?.scaling.taking(axesOf: options) else { return nil }
            self = .varianceScaling(scaling)
        }
    }

    private static func normal(_ number: (String, Float) -> Float?) -> (mean: Float, deviation: Float)? {
        guard let mean = number("mean", 0), let deviation = number("stddev", 0.05), deviation >= 0 else { return nil }
        return (mean, deviation)
    }

    /// The initializer as Keras's configuration has it.
    package var kerasConfiguration: JSONValue {
        let (name, configuration): (String, [String: JSONValue]) =
            switch self {
            case .zeros: ("Zeros", [:])
            case .ones: ("Ones", [:])
            case .constant(let value): ("Constant", ["value": .decimal(value)])
            case .normal(let mean, let deviation):
                ("RandomNormal", ["mean": .decimal(mean), "stddev": .decimal(deviation), "seed": nil])
            case .truncatedNormal(let mean, let deviation):
                ("TruncatedNormal", ["mean": .decimal(mean), "stddev": .decimal(deviation), "seed": nil])
            case .uniform(let low, let high):
                ("RandomUniform", ["minval": .decimal(low), "maxval": .decimal(high), "seed": nil])
            case .varianceScaling(let scaling): scaling.kerasConfiguration
            case .orthogonal(let gain): ("Orthogonal", ["gain": .decimal(gain), "seed": nil])
            case .identity(let gain): ("Identity", ["gain": .decimal(gain)])
            case .signs: ("signs", [:])
            case .digits: ("digits", [:])
            }
        return ["class_name": .string(name), "config": .object(configuration)]
    }
}

extension VarianceScaling {
    /// Those that have a class of their own in Keras.
    fileprivate static let named: [(name: String, scaling: VarianceScaling)] = [
        ("GlorotUniform", VarianceScaling(1, .fanAverage, .uniform)),
        ("GlorotNormal", VarianceScaling(1, .fanAverage, .truncatedNormal)),
        ("HeUniform", VarianceScaling(2, .fanIn, .uniform)),
        ("HeNormal", VarianceScaling(2, .fanIn, .truncatedNormal)),
        ("LecunUniform", VarianceScaling(1, .fanIn, .uniform)),
        ("LecunNormal", VarianceScaling(1, .fanIn, .truncatedNormal)),
    ]

    /// With the axes that Keras names, which count only if both are there; nil if they are no lists of integers.
    fileprivate func taking(axesOf options: JSONValue) -> VarianceScaling? {
        let given = [options["input_axes"] ?? .null, options["output_axes"] ?? .null]
        guard !given.contains(.null) else { return self }
        let axes = given.map { $0.array?.compactMap(\.integer) ?? [] }
        guard zip(axes, given).allSatisfy({ $0.count == $1.array?.count }) else { return nil }
        return VarianceScaling(scale, mode, distribution, axes: Axes(inputs: axes[0], outputs: axes[1]))
    }

    fileprivate var kerasConfiguration: (String, [String: JSONValue]) {
        var options: [String: JSONValue] = ["seed": nil]
        if let axes {
            options["input_axes"] = .array(axes.inputs.map { .integer($0) })
            options["output_axes"] = .array(axes.outputs.map { .integer($0) })
        }
        let usual = VarianceScaling(scale, mode, distribution)
        if let known = Self.named.first(where: { $0.scaling == usual }) { return (known.name, options) }
        options["scale"] = .decimal(scale)
        options["mode"] = .string(mode.rawValue)
        options["distribution"] = .string(distribution.rawValue)
        return ("VarianceScaling", options)
    }
}

extension VarianceScaling.Distribution {
    /// `normal` is the word of before Keras 2.2 for the one that is cut.
    fileprivate init?(keras word: String) {
        self.init(rawValue: word.lowercased() == "normal" ? "truncated_normal" : word.lowercased())
    }
}

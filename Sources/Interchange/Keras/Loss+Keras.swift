import Basics
import Models

/// Losses in Keras's `training_config`.
extension Loss {
    /// A name where that says it all, else an object with the options.
    public var kerasConfiguration: JSONValue {
        var options = settings.kerasOptions(of: function)
        if function.activation != nil, isFromLogits || labelSmoothing > 0 || !options.isEmpty {
            options["from_logits"] = .bool(isFromLogits)
            if function.canSmooth { options["label_smoothing"] = .number(exact(labelSmoothing)) }
        }
        guard !options.isEmpty, let kerasClass = function.kerasClass else { return .string(function.kerasName) }
        options["name"] = .string(function.rawValue)
        options["reduction"] = "sum_over_batch_size"
        return ["class_name": .string(kerasClass), "config": .object(options)]
    }

    /// A name, or an object with a class and options; nil for what does not exist here.
    public init?(keras description: JSONValue) {
        guard let name = description.string ?? description["class_name"]?.string,
            let function = Function.allCases.first(where: { $0.kerasNames.contains(name) })
        else { return nil }
        let options = description["config"]
        guard let settings = Settings(keras: options, of: function) else { return nil }
        self.init(
            function, labelSmoothing: Float(options?["label_smoothing"]?.number ?? 0),
            isFromLogits: options?["from_logits"]?.bool ?? false, settings: settings)
    }
}

extension Loss.Settings {
    /// What a function's class takes besides the options that all have; empty where all values are Keras's defaults.
    fileprivate func kerasOptions(of function: Loss.Function) -> [String: JSONValue] {
        let usual = Self()
        guard self != usual else { return [:] }
        switch function {
        case .huber: return ["delta": .number(exact(delta))]
        case .categoricalFocalCrossEntropy, .binaryFocalCrossEntropy:
            var options: [String: JSONValue] = [
                "gamma": .number(exact(gamma)), "alpha": .number(exact(alpha ?? 0.25)),
            ]
            if function == .binaryFocalCrossEntropy { options["apply_class_balancing"] = .bool(alpha != nil) }
            return options
        default: return [:]
        }
    }

    /// Nil if a value has no place here, such as an alpha for each class.
    fileprivate init?(keras options: JSONValue?, of function: Loss.Function) {
        self.init()
        func read(_ name: String, _ range: ClosedRange<Double>, _ usual: Float) -> Float? {
            guard let value = options?[name] else { return usual }
            return value.number.flatMap { range.contains($0) ? Float($0) : nil }
        }
        let largest = Double(Float.greatestFiniteMagnitude)
        if function == .huber {
            guard let delta = read("delta", 0...largest, delta), delta > 0 else { return nil }
            self.delta = delta
        }
        guard function.isFocal else { return }
        guard let gamma = read("gamma", 0...largest, gamma), let alpha = read("alpha", 0...1, 0.25) else { return nil }
        self.gamma = gamma
        let isBalanced = function == .categoricalFocalCrossEntropy || options?["apply_class_balancing"]?.bool ?? false
        self.alpha = isBalanced && options?["alpha"] != nil ? alpha : nil
    }
}

/// The shortest decimal number that reads back as the same Float.
private func exact(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

extension Loss.Function {
    fileprivate var kerasName: String { self == .maximumAPosteriori ? KerasPackage.name(rawValue) : rawValue }

    /// Nil for a loss that is a function only.
    fileprivate var kerasClass: String? {
        switch self {
        case .sparseCategoricalCrossEntropy: "SparseCategoricalCrossentropy"
        case .categoricalCrossEntropy: "CategoricalCrossentropy"
        case .binaryCrossEntropy: "BinaryCrossentropy"
        case .categoricalFocalCrossEntropy: "CategoricalFocalCrossentropy"
        case .binaryFocalCrossEntropy: "BinaryFocalCrossentropy"
        case .klDivergence: "KLDivergence"
        case .poisson: "Poisson"
        case .meanSquaredError: "MeanSquaredError"
        case .meanAbsoluteError: "MeanAbsoluteError"
        case .meanAbsolutePercentageError: "MeanAbsolutePercentageError"
        case .meanSquaredLogarithmicError: "MeanSquaredLogarithmicError"
        case .huber: "Huber"
        case .logCosh: "LogCosh"
        case .cosineSimilarity: "CosineSimilarity"
        case .hinge: "Hinge"
        case .squaredHinge: "SquaredHinge"
        case .categoricalHinge: "CategoricalHinge"
        case .maximumAPosteriori: nil
        }
    }

    fileprivate var kerasNames: [String] {
        let short: [String] =
            switch self {
            case .binaryCrossEntropy: ["bce", "BCE"]
            case .klDivergence: ["kld", "KLD"]
            case .meanSquaredError: ["mse", "MSE"]
            case .meanAbsoluteError: ["mae", "MAE"]
            case .meanAbsolutePercentageError: ["mape", "MAPE"]
            case .meanSquaredLogarithmicError: ["msle", "MSLE"]
            default: []
            }
        return [kerasName] + [kerasClass].compactMap(\.self) + short
    }
}

import Basics
import Models

/// Losses in Keras's `training_config`.
extension Loss {
    /// A name where that says it all, else an object with the options.
    public var kerasConfiguration: JSONValue {
        guard let kerasClass = function.kerasClass, isFromLogits || labelSmoothing > 0 else {
            return .string(function.kerasName)
        }
        var options: [String: JSONValue] = [
            "name": .string(function.rawValue), "reduction": "sum_over_batch_size", "from_logits": .bool(isFromLogits),
        ]
        if function.canSmooth { options["label_smoothing"] = .number(Double("\(labelSmoothing)") ?? 0) }
        return ["class_name": .string(kerasClass), "config": .object(options)]
    }

    /// A name, or an object with a class and options; nil for what does not exist here.
    public init?(keras description: JSONValue) {
        guard let name = description.string ?? description["class_name"]?.string,
            let function = Function.allCases.first(where: { $0.kerasNames.contains(name) })
        else { return nil }
        let options = description["config"]
        self.init(
            function, labelSmoothing: Float(options?["label_smoothing"]?.number ?? 0),
            isFromLogits: options?["from_logits"]?.bool ?? false)
    }
}

extension Loss.Function {
    fileprivate var kerasName: String { self == .maximumAPosteriori ? KerasPackage.name(rawValue) : rawValue }

    /// The class of losses that have options.
    fileprivate var kerasClass: String? {
        switch self {
        case .sparseCategoricalCrossEntropy: "SparseCategoricalCrossentropy"
        case .categoricalCrossEntropy: "CategoricalCrossentropy"
        case .binaryCrossEntropy: "BinaryCrossentropy"
        case .meanSquaredError, .hinge, .categoricalHinge, .maximumAPosteriori: nil
        }
    }

    fileprivate var kerasNames: [String] {
        let others: [String] =
            switch self {
            case .meanSquaredError: ["mse", "MeanSquaredError"]
            case .hinge: ["Hinge"]
            case .categoricalHinge: ["CategoricalHinge"]
            default: []
            }
        return [kerasName] + (kerasClass.map { [$0] } ?? []) + others
    }
}

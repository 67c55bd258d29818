import Basics
import KerasCalls
import KerasNetworks
import Models

/// Losses in Keras's `compile`.
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

    /// The same for a `.keras` archive, which says of a class where Keras has it.
    var archivedConfiguration: JSONValue {
        guard case .object(var members) = kerasConfiguration else { return kerasConfiguration }
        members["module"] = "keras.losses"
        members["registered_name"] = .null
        return .object(members)
    }

    /// What a model was compiled with: a name, a function, or an object with a class and options; for each output in a list,
    /// too. Refused if it would not be computed as Keras does.
    public init(keras description: JSONValue, of network: Network, output: Int? = nil) throws(NetworkError) {
        func refusal(_ reason: String) -> NetworkError {
            let text = (try? description.text()) ?? "?"
            return NetworkError(
                network: network.name, layer: nil, reason: "it was compiled with the loss \(text): \(reason)")
        }
        var description = description
        if let list = description.array, let first = list.first, list.allSatisfy({ $0 == first }) {
            description = first
        }
        if let byOutput = description.object, byOutput.count == 1, let only = byOutput.first, only.key != "class_name" {
            description = only.value
        }
        let isFunction = description["class_name"]?.string == "function"
        let name =
            description.string ?? (isFunction ? description["config"]?.string : description["class_name"]?.string)
        guard let name, let function = Function.allCases.first(where: { $0.kerasNames.contains(name) }) else {
            throw refusal("it is not one of \(Function.allCases.map(\.rawValue).listed("or"))")
        }
        let options = isFunction ? [:] : description["config"]?.object ?? [:]
        let smoothing = options["label_smoothing"]?.number ?? 0
        let isFromLogits = options["from_logits"]?.bool ?? false
        if let unsupported = Settings.unsupported(options, of: function) {
            throw refusal("its \(unsupported) is not supported")
        }
        guard let settings = Settings(keras: .object(options), of: function),
            smoothing == 0 || (function.canSmooth && (0..<1).contains(smoothing))
        else { throw refusal("one of its options has no such value here") }
        // From logits or not, Keras looks behind softmax and sigmoid. Other outputs are no probabilities.
        let isCrossEntropy = function.activation != nil
        let givesProbabilities = network.givesProbabilities(output)
        guard !isCrossEntropy || isFromLogits || givesProbabilities else {
            throw refusal(
                "the outputs are no probabilities, and Keras would take them for such; compile it with "
                    + "from_logits=True, or give --loss \(function.rawValue), which works on logits")
        }
        self.init(
            function, labelSmoothing: Float(smoothing),
            isFromLogits: isCrossEntropy && isFromLogits && !givesProbabilities, settings: settings)
    }

    /// That of a model whose outputs have targets of their own: one loss for all, or one each, in a list or by name. `weights` are
    /// the `loss_weights`. A loss with options of its own is refused.
    package init(keras description: JSONValue, weights: JSONValue?, ofHeadsOf network: Network) throws(NetworkError) {
        let (names, nodes) = (network.headNames, network.heads)
        func refusal(_ reason: String) -> NetworkError {
            NetworkError(network: network.name, layer: nil, reason: "it was compiled for several outputs, \(reason)")
        }
        // One value for all is not taken apart.
        func each(_ value: JSONValue) -> [JSONValue]? {
            if let list = value.array { return list.count == nodes.count ? list : nil }
            if let members = value.object, members["class_name"] == nil {
                let own = names.compactMap { members[$0] }
                return own.count == nodes.count && members.count == own.count ? own : nil
            }
            return [JSONValue](repeating: value, count: nodes.count)
        }
        guard let losses = each(description), !losses.contains(.null) else {
            throw refusal("but its losses are not one for each of \(names.joined(separator: ", ")); give --losses")
        }
        let given = weights ?? .null
        let numbers =
            given == .null ? names.map { _ in Float(1) } : each(given)?.compactMap(\.number).map { Float($0) }
        guard let numbers, numbers.count == nodes.count, numbers.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw refusal("but its loss_weights are not one for each of them; give --loss-weights")
        }
        var heads: [Head] = []
        for (number, node) in nodes.enumerated() {
            let loss = try Loss(keras: losses[number], of: network, output: node)
            guard loss == network.loss(loss.function, labelSmoothing: loss.labelSmoothing, of: node) else {
                throw refusal("and the loss of \(names[number]) has options, which is not supported; give --losses")
            }
            heads.append(Head(name: names[number], loss: loss, weight: numbers[number]))
        }
        self.init(heads: heads)
    }
}

extension Loss.Settings {
    /// The first option that would change the loss, with its value.
    fileprivate static func unsupported(_ options: [String: JSONValue], of function: Loss.Function) -> String? {
        let changing = options.filter { name, value in
            switch name {
            case "name", "fn", "dtype", "from_logits", "label_smoothing": false
            case "delta": function != .huber
            case "gamma", "alpha", "apply_class_balancing": !function.isFocal
            // One has all samples alike, and so has Keras 2's "auto".
            case "reduction":
                ![.null, "sum_over_batch_size", "auto", "mean", "mean_with_sample_weight"].contains(value)
            case "axis": value != .null && value.integer != -1
            default: value != .null && value != .bool(false)
            }
        }
        return changing.min { $0.key < $1.key }.map { "\($0.key) = \((try? $0.value.text()) ?? "?")" }
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

    /// All names that Keras has for it, the usual one first.
    package var kerasNames: [String] {
        let short: [String] =
            switch self {
            case .binaryCrossEntropy: ["bce", "BCE"]
            case .klDivergence: ["kld", "KLD", "kullback_leibler_divergence"]
            case .logCosh: ["logcosh"]
            case .meanSquaredError: ["mse", "MSE"]
            case .meanAbsoluteError: ["mae", "MAE"]
            case .meanAbsolutePercentageError: ["mape", "MAPE"]
            case .meanSquaredLogarithmicError: ["msle", "MSLE"]
            default: []
            }
        return [kerasName] + [kerasClass].compactMap(\.self) + short
    }
}

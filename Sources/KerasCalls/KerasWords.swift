import Basics
import Models

/// Words that Keras 2 and Keras 3 both have, for other things. Files of Keras 2 are read, and written, by these.
extension KerasReader {
    /// Where a model says which Keras wrote it: beside its `config`, as `to_json()` of Keras 2 has it. Keras 3 does not say it there.
    package static let versionName = "keras_version"

    /// A model in the words of Keras 3.
    package static func inWordsOfKeras3(_ model: JSONValue) -> JSONValue {
        let version = model[versionName]?.string ?? ""
        return version.hasPrefix("1.") || version.hasPrefix("2.") ? translated(model) : model
    }

    private static func translated(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let parts): return .array(parts.map(translated))
        case .object(var members):
            for (name, member) in members {
                members[name] = isActivation(name) ? Activation.wordOfKeras3(member) : translated(member)
            }
            return .object(members)
        default: return value
        }
    }

    /// Options with the functions of Keras 2.
    static func withFunctionsOfKeras2(_ options: [String: JSONValue]) -> [String: JSONValue] {
        var options = options
        for (name, value) in options where isActivation(name) && value == Activation.keras2HardSigmoid.keras {
            options[name] = .string(Activation.hardSigmoid.rawValue)
        }
        return options
    }

    /// Classes of Keras 3 that tf_keras lacks.
    private static let newClasses: Set = ["AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D", "RMSNormalization"]

    package func has(_ kerasClass: String) -> Bool { self == .keras3 || !Self.newClasses.contains(kerasClass) }

    private static func isActivation(_ option: String) -> Bool { option.hasSuffix("activation") }
}

extension JSONValue {
    /// The model with what its file says of the Keras that wrote it.
    package func ofKeras(_ version: JSONValue?) -> JSONValue {
        guard case .object(var members) = self, let version else { return self }
        members[KerasReader.versionName] = version
        return .object(members)
    }
}

extension Activation {
    /// The name in a configuration; what Keras lacks as the function of ours that it is to look up.
    package var keras: JSONValue {
        guard self == .scaledTanh || self == .keras2HardSigmoid else { return .string(rawValue) }
        let name = KerasPackage.name(rawValue)
        return [
            "module": "builtins", "class_name": "function", "config": .string(name), "registered_name": "function",
        ]
    }

    /// The function that Keras 2 has by a name.
    fileprivate static func wordOfKeras3(_ option: JSONValue) -> JSONValue {
        (option.string ?? option["config"]?.string) == hardSigmoid.rawValue ? keras2HardSigmoid.keras : option
    }

    /// Whether tf_keras knows the function, some of them by TensorFlow's names.
    fileprivate var isOfKeras2: Bool {
        switch self {
        case .linear, .relu, .tanh, .sigmoid, .softmax, .elu, .selu, .gelu, .silu, .mish, .softplus, .softsign,
            .exponential, .leakyReLU, .relu6, .logSoftmax, .keras2HardSigmoid:
            true
        case .celu, .squareplus, .hardSigmoid, .hardSiLU, .hardTanh, .hardShrink, .softShrink, .tanhShrink, .logSigmoid,
            .sparsePlus, .sparseSigmoid, .scaledTanh:
            false
        }
    }
}

extension Network {
    /// Refuses functions and layers that tf_keras lacks, or knows as others by their names.
    package func requireWords(of reader: KerasReader) throws(NetworkError) {
        guard reader == .keras2 else { return }
        if let node = nodes.first(where: { !reader.has($0.layer.description.typeName) }) {
            throw NetworkError(
                network: name, layer: node.name,
                reason: "tf_keras has no layer \(node.layer.description.typeName); export for Keras 3")
        }
        guard let node = nodes.first(where: { !$0.layer.activation.isOfKeras2 }) else { return }
        let function = node.layer.activation
        throw NetworkError(
            network: name, layer: node.name,
            reason: function == .hardSigmoid
                ? "hard_sigmoid of tf_keras is another function than that of Keras 3, which the layer has; export for Keras 3"
                : "tf_keras has no activation \(function.rawValue); export for Keras 3")
    }
}

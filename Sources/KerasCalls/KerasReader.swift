import Basics

/// Which Keras a file is written for.
package enum KerasReader: Sendable {
    case keras3
    /// `tf_keras`, which goes on as Keras 2.
    case keras2

    package var version: String {
        switch self {
        case .keras3: "3.15.0"
        case .keras2: "2.15.0"
        }
    }

    /// Options of a class as this Keras knows them. tf_keras opens no file with an option that it does not have.
    package func options(_ given: [String: JSONValue], of kerasClass: String) -> [String: JSONValue] {
        guard self == .keras2 else { return given }
        var options = Self.withFunctionsOfKeras2(given)
        switch kerasClass {
        case "LeakyReLU":
            if let slope = options.removeValue(forKey: "negative_slope") { options["alpha"] = slope }
        case "LayerNormalization": options["rms_scaling"] = nil
        default: break
        }
        return options
    }

    /// tf_keras takes the plain word for an optimizer of before Keras 2.11, which has other options.
    package func optimizerClass(_ kerasClass: String) -> String {
        switch self {
        case .keras3: kerasClass
        case .keras2: "Custom>\(kerasClass)"
        }
    }
}

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

    /// tf_keras takes the plain word for an optimizer of before Keras 2.11, which has other options.
    package func optimizerClass(_ kerasClass: String) -> String {
        switch self {
        case .keras3: kerasClass
        case .keras2: "Custom>\(kerasClass)"
        }
    }
}

/// The package under which scripts/dptrain_keras.py registers what Keras lacks.
package enum KerasPackage {
    private static let prefix = "dptrain>"

    package static func name(_ plain: String) -> String { prefix + plain }
    package static func plainName(_ name: String) -> String {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }
}

import Basics
import Models

extension Merge: PlainKerasLayer {
    static let kerasClasses = Kind.allCases.map(\.rawValue)

    init(keras options: inout KerasOptions) throws(LayerError) {
        guard let kind = Kind(rawValue: options.kerasClass) else {
            throw LayerError("layers of class \(options.kerasClass) are not supported")
        }
        self.init(kind)
    }

    package var isOfKeras: Bool { kind != .divide }

    package var kerasConfiguration: [String: JSONValue] { [:] }
}

extension Dot: PlainKerasLayer {
    static let kerasClasses = ["Dot"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let axes = try options.integers("axes") ?? []
        guard !axes.isEmpty, axes.allSatisfy({ $0 == 1 || $0 == -1 }) else {
            throw LayerError(
                "its option axes = \(axes) is not supported: it must be the only axis of its vectors, 1 or -1")
        }
        self.init(normalizes: try options.flag("normalize", default: false))
    }

    package var kerasConfiguration: [String: JSONValue] { ["axes": 1, "normalize": .bool(normalizes)] }
}

import Basics
import Models

/// Operations that no layer of Keras stands for, as layers of our own: so Keras 2 has them, and files that lost where they came from.

extension ScalarOperation: PlainKerasLayer {
    static let kerasClasses = ["ScalarOperation"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let name = try options.word("function")
        guard let function = Function(rawValue: name) else { throw LayerError("its function \(name) is not known") }
        self.init(function, constants: try options.numbers("constants") ?? [])
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "function": .string(function.rawValue),
            "constants": constants.isEmpty ? nil : .array(constants.map { .decimal($0) }),
        ]
    }
}

extension Reduction: PlainKerasLayer {
    static let kerasClasses = ["Reduction"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let name = try options.word("kind")
        guard let kind = Kind(rawValue: name) else { throw LayerError("its kind \(name) is not known") }
        self.init(
            kind, axes: Set((try options.integers("axes") ?? []).map { $0 &- 1 }),
            keepsAxes: try options.flag("keepdims", default: false))
    }

    package var isOfKeras: Bool { false }

    /// Keras counts axes with that of the batch.
    package var kerasConfiguration: [String: JSONValue] {
        [
            "kind": .string(kind.rawValue), "axes": .array(axes.sorted().map { .integer($0 + 1) }),
            "keepdims": .bool(keepsAxes),
        ]
    }
}

extension Slice: PlainKerasLayer {
    static let kerasClasses = ["Slice"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let rows = try options.table("axes")
        guard rows.allSatisfy({ $0.count == 4 }) else {
            throw LayerError("each of its axes must have start, step, count, and 1 if it is left out")
        }
        self.init(rows.map { Axis(start: $0[0], step: $0[1], count: $0[2], isDropped: $0[3] != 0) })
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "axes": .array(
                axes.map { .array([$0.start, $0.step, $0.count, $0.isDropped ? 1 : 0].map { .integer($0) }) })
        ]
    }
}

extension Roll: PlainKerasLayer {
    static let kerasClasses = ["Roll"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.integers("shifts") ?? [])
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] { ["shifts": .array(shifts.map { .integer($0) })] }
}

extension Stack: PlainKerasLayer {
    static let kerasClasses = ["Stack"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(axis: try options.integer("axis") &- 1)
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] { ["axis": .integer(axis + 1)] }
}

extension MatrixProduct: PlainKerasLayer {
    static let kerasClasses = ["MatrixProduct"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            transposesFirst: try options.flag("transpose_first", default: false),
            transposesSecond: try options.flag("transpose_second", default: false))
    }

    package var isOfKeras: Bool { false }

    package var kerasConfiguration: [String: JSONValue] {
        ["transpose_first": .bool(transposesFirst), "transpose_second": .bool(transposesSecond)]
    }
}

import Basics
import Models

extension Input: KerasLayer {
    /// `batch_shape` of Keras 3, `batch_input_shape` of Keras 2; the batch axis comes first.
    init(keras configuration: [String: JSONValue]) throws(LayerError) {
        let value = configuration["batch_shape"] ?? configuration["batch_input_shape"] ?? .null
        let extents = value.array?.dropFirst().compactMap(\.integer) ?? []
        guard !extents.isEmpty, extents.count + 1 == value.array?.count else {
            let text = (try? value.text()) ?? "?"
            throw LayerError("its shape \(text) is not fixed: say what its samples are with --input-size")
        }
        self.init(shape: Shape(extents))
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["batch_shape": .array([.null] + shape.extents.map { .integer($0) }), "sparse": false, "ragged": false]
    }
}

extension [String: JSONValue] {
    /// In the options of an input: sizes for the axes that have none. Others must be the same. One number is the height and the width
    /// of images.
    mutating func fixInput(_ sizes: [Int]?) throws(LayerError) {
        let key = self["batch_shape"] == nil ? "batch_input_shape" : "batch_shape"
        guard let sizes else { return }
        // A Sequential that was never built says nothing of its input.
        var axes = self[key]?.array ?? [JSONValue](repeating: .null, count: sizes.count + 1)
        guard !axes.isEmpty else { return }
        guard sizes.count < axes.count else {
            throw LayerError("it takes samples of \(axes.count - 1) axes, and --input-size has \(sizes.count)")
        }
        let isSquare = sizes.count == 1 && axes.count == 4
        for (axis, size) in zip(1..., isSquare ? sizes + sizes : sizes) {
            if axes[axis] == .null { axes[axis] = .integer(size) }
            guard axes[axis].integer == size else {
                throw LayerError(
                    "its shape \((try? axes.dropFirst().map { try $0.text() }.joined(separator: "x")) ?? "?") is fixed, "
                        + "and is not that of --input-size")
            }
        }
        self[key] = .array(axes)
    }
}

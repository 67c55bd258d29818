import Basics
import Models

extension Input: KerasLayer {
    /// `batch_shape` of Keras 3, `batch_input_shape` of Keras 2; the batch axis comes first.
    init(keras configuration: [String: JSONValue]) throws(LayerError) {
        let value = configuration["batch_shape"] ?? configuration["batch_input_shape"] ?? .null
        let extents = value.array?.dropFirst().compactMap(\.integer) ?? []
        guard !extents.isEmpty, extents.count + 1 == value.array?.count else {
            let text = (try? value.text()) ?? "?"
            throw LayerError("its shape \(text) is not fixed: all axes but the batch axis need a size")
        }
        self.init(shape: Shape(extents))
    }

    var kerasConfiguration: [String: JSONValue] {
        ["batch_shape": .array([.null] + shape.extents.map { .integer($0) }), "sparse": false, "ragged": false]
    }
}

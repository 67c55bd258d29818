import Basics
import KerasCalls
import Models

extension Embedding: PlainKerasLayer {
    static let kerasClasses = ["Embedding"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        try options.require("mask_zero", false)
        // Of Keras 2: how many numbers come in.
        options.ignore("input_length")
        self.init(
            rows: try options.integer("input_dim"), width: try options.integer("output_dim"),
            initializer: try options.initializer(
                "embeddings_initializer", default: .uniform(low: -0.05, high: 0.05)))
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "input_dim": .integer(rows), "output_dim": .integer(width),
            "embeddings_initializer": initializer.kerasConfiguration, "embeddings_regularizer": nil,
            "activity_regularizer": nil, "embeddings_constraint": nil, "mask_zero": false,
        ]
    }
}

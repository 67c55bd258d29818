import Basics
import Models

extension Reshape: PlainKerasLayer {
    static let kerasClasses = ["Reshape"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        guard let target = try options.integers("target_shape") else {
            throw LayerError("its option target_shape is missing")
        }
        self.init(target)
    }

    package var kerasConfiguration: [String: JSONValue] { ["target_shape": .array(target.map { .integer($0) })] }
}

extension Permute: PlainKerasLayer {
    static let kerasClasses = ["Permute"]

    /// Keras counts axes from 1, after that of the batch.
    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init((try options.integers("dims") ?? []).map { $0 &- 1 })
    }

    package var kerasConfiguration: [String: JSONValue] { ["dims": .array(order.map { .integer($0 + 1) })] }
}

extension Cropping2D: PlainKerasLayer {
    static let kerasClasses = ["Cropping2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.margins("cropping", default: .none))
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] { ["cropping": margins.keras, "data_format": "channels_last"] }
}

extension GlobalPooling2D: PlainKerasLayer {
    /// `GlobalAveragePooling2D` without axes is read as a layer that engines have kernels for.
    static let kerasClasses = ["GlobalMaxPooling2D", "GlobalAveragePooling2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(
            options.kerasClass == "GlobalMaxPooling2D" ? .max : .average,
            keepsAxes: try options.flag("keepdims", default: false))
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["data_format": "channels_last", "keepdims": .bool(keepsAxes)]
    }
}

extension RepeatVector: PlainKerasLayer {
    static let kerasClasses = ["RepeatVector"]

    init(keras options: inout KerasOptions) throws(LayerError) { self.init(try options.integer("n")) }

    package var kerasConfiguration: [String: JSONValue] { ["n": .integer(count)] }
}

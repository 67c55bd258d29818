import Basics
import Models

extension Resizing: PlainKerasLayer {
    static let kerasClasses = ["Resizing"]

    /// The layer says height and width one by one, the function of Keras 3 together.
    init(keras options: inout KerasOptions) throws(LayerError) {
        var size = try options.extent("size")
        if size == nil { size = Extent2D(height: try options.integer("height"), width: try options.integer("width")) }
        self.init(
            size ?? 1,
            interpolation: try options.interpolation(default: .bilinear),
            keepsAspectRatio: try options.flag("crop_to_aspect_ratio", default: false))
        try options.require("pad_to_aspect_ratio", false)
        try options.require("antialias", false)
        options.ignore("fill_mode", "fill_value")
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] {
        [
            "height": .integer(size.height), "width": .integer(size.width),
            "interpolation": .string(interpolation.rawValue), "crop_to_aspect_ratio": .bool(keepsAspectRatio),
        ]
    }
}

extension CenterCrop: PlainKerasLayer {
    static let kerasClasses = ["CenterCrop"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(Extent2D(height: try options.integer("height"), width: try options.integer("width")))
        try options.requireChannelsLast()
        options.ignore("factor", "bounding_box_format")
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["height": .integer(size.height), "width": .integer(size.width)]
    }
}

extension InterpolatedUpSampling2D: PlainKerasLayer {
    /// `UpSampling2D` that repeats pixels is read as a layer that engines have kernels for.
    static let kerasClasses = ["UpSampling2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(try options.extent("size") ?? 2, try options.interpolation(default: .nearest))
        try options.requireChannelsLast()
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["size": factor.keras, "interpolation": .string(interpolation.rawValue), "data_format": "channels_last"]
    }
}

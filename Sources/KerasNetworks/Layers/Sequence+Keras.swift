import Basics
import Models

/// Keras's layers of sequences have the options of those of images, with one number where these have two.
extension SequenceLayer: PlainKerasLayer {
    static let kerasClasses = [
        "Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose", "MaxPooling1D", "AveragePooling1D",
        "GlobalMaxPooling1D", "GlobalAveragePooling1D", "ZeroPadding1D", "Cropping1D", "UpSampling1D",
        "SpatialDropout1D",
    ]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let isCausal = try options.becomeOptionsOfImages()
        self.init(try Layer(keras: &options), isCausal: isCausal)
    }

    package var isOfKeras: Bool { image.keras.isOfKeras }
    package var takesTrainable: Bool { image.keras.takesTrainable }
    package func optionWord(of parameter: String) -> String { image.keras.optionWord(of: parameter) }

    package var kerasConfiguration: [String: JSONValue] {
        var configuration = image.keras.kerasConfiguration
        for (name, value) in configuration where KerasOptions.isOfWindows(name) {
            if let pair = value.array, pair.count == 2 {
                configuration[name] = pair[1].array == nil ? [pair[1]] : pair[1]
            }
        }
        if isCausal { configuration["padding"] = "causal" }
        // These have fewer options than those of images.
        switch image {
        case .upSampling(let layer): return ["size": .integer(layer.factor.width)]
        case .zeroPadding, .plain(is Cropping2D), .plain(is Noise): configuration["data_format"] = nil
        default: break
        }
        return configuration
    }
}

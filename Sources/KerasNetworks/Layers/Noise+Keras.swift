import Basics
import Models

extension Noise: PlainKerasLayer {
    static let kerasClasses = ["GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout2D"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        switch options.kerasClass {
        case "GaussianNoise": self.init(.addition(deviation: try options.number("stddev")))
        case "GaussianDropout": self.init(.multiplication(rate: try options.number("rate")))
        case "AlphaDropout": self.init(.selfNormalizing(rate: try options.number("rate")))
        default:
            self.init(.channels(rate: try options.number("rate")))
            try options.requireChannelsLast()
        }
        options.keep("seed")
    }

    package var takesTrainable: Bool { if case .channels = kind { false } else { true } }

    package var kerasConfiguration: [String: JSONValue] {
        switch kind {
        case .addition(let deviation): ["stddev": .decimal(deviation), "seed": nil]
        case .multiplication(let rate): ["rate": .decimal(rate), "seed": nil]
        case .selfNormalizing(let rate): ["rate": .decimal(rate), "seed": nil, "noise_shape": nil]
        case .channels(let rate): ["rate": .decimal(rate), "seed": nil, "data_format": "channels_last"]
        }
    }
}

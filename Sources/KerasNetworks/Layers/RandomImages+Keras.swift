import Basics
import Models

extension RandomFlip: PlainKerasLayer {
    static let kerasClasses = ["RandomFlip"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let mode = try options.word("mode", of: ["horizontal_and_vertical", "horizontal", "vertical"])
        self.init(columns: mode != "vertical", rows: mode != "horizontal")
        try options.finishAugmentation()
    }

    package var kerasConfiguration: [String: JSONValue] {
        let mode = flipsColumns ? (flipsRows ? "horizontal_and_vertical" : "horizontal") : "vertical"
        return ["mode": .string(mode), "seed": nil]
    }
}

extension RandomAffine: PlainKerasLayer {
    static let kerasClasses = ["RandomRotation", "RandomZoom", "RandomTranslation"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        let kind: Kind
        switch options.kerasClass {
        case "RandomRotation": kind = .rotation(try options.range("factor"))
        case "RandomZoom":
            kind = .zoom(
                height: try options.range("height_factor"),
                width: options.isUnset("width_factor") ? nil : try options.range("width_factor"))
        default:
            kind = .translation(
                height: try options.range("height_factor"), width: try options.range("width_factor"))
        }
        let fill = try options.word("fill_mode", of: ["reflect", "wrap", "constant", "nearest"])
        self.init(
            kind, fill: Fill(rawValue: fill) ?? .reflect, fillValue: try options.number("fill_value", default: 0),
            interpolation: try options.interpolation(default: .bilinear))
        try options.finishAugmentation()
    }

    package var kerasConfiguration: [String: JSONValue] {
        var configuration: [String: JSONValue] = [
            "fill_mode": .string(fill.rawValue), "fill_value": .decimal(fillValue),
            "interpolation": .string(interpolation.rawValue), "seed": nil,
        ]
        switch kind {
        case .rotation(let turns): configuration["factor"] = turns.keras
        case .zoom(let height, let width):
            configuration["height_factor"] = height.keras
            configuration["width_factor"] = width?.keras ?? .null
        case .translation(let height, let width):
            configuration["height_factor"] = height.keras
            configuration["width_factor"] = width.keras
        }
        return configuration
    }
}

extension RandomTone: PlainKerasLayer {
    static let kerasClasses = ["RandomBrightness", "RandomContrast"]

    /// Keras gives a contrast as what is taken from 1 at most, and what is added to it.
    init(keras options: inout KerasOptions) throws(LayerError) {
        let pixels = try options.numbers("value_range") ?? [0, 255]
        guard pixels.count == 2, let least = pixels.min(), let most = pixels.max() else {
            throw LayerError("its option value_range = \(pixels) is not supported: it must be two numbers")
        }
        let kind: Kind
        if options.kerasClass == "RandomBrightness" {
            kind = .brightness(try options.range("factor"))
        } else {
            let amounts = try options.amounts("factor")
            let (less, more) = (amounts[0], amounts[amounts.count - 1])
            guard -less <= more else {
                throw LayerError("its option factor = \(amounts) is not supported: nothing is from \(-less) to \(more)")
            }
            kind = .contrast(-less...more)
        }
        self.init(kind, pixels: least...most)
        try options.finishAugmentation()
    }

    package var kerasConfiguration: [String: JSONValue] {
        let factor: JSONValue =
            switch kind {
            case .brightness(let amounts): amounts.keras
            case .contrast(let amounts): [.decimal(-amounts.lowerBound), .decimal(amounts.upperBound)]
            }
        // Keras 2 has layers without the option, for the usual range.
        let range = pixels == 0...255 ? [:] : ["value_range": pixels.keras]
        return range.merging(["factor": factor, "seed": nil]) { own, _ in own }
    }
}

extension RandomCrop: PlainKerasLayer {
    static let kerasClasses = ["RandomCrop"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        self.init(Extent2D(height: try options.integer("height"), width: try options.integer("width")))
        try options.finishAugmentation()
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["height": .integer(size.height), "width": .integer(size.width), "seed": nil]
    }
}

extension ClosedRange<Float> {
    fileprivate var keras: JSONValue { [.decimal(lowerBound), .decimal(upperBound)] }
}

extension KerasOptions {
    /// The options that all layers of augmentation share.
    fileprivate mutating func finishAugmentation() throws(LayerError) {
        try requireChannelsLast()
        keep("seed")
        ignore("factor")
        try require("bounding_box_format", .null)
    }

    /// One of some words, of which the first is Keras's default.
    fileprivate mutating func word(_ name: String, of words: [String]) throws(LayerError) -> String {
        guard let word = try optionalText(name) else { return words[0] }
        guard words.contains(word) else {
            throw LayerError(
                "its option \(name) = \(word) is not supported: it must be one of \(words.joined(separator: ", "))")
        }
        return word
    }

    /// One number or two.
    fileprivate mutating func amounts(_ name: String) throws(LayerError) -> [Float] {
        guard let values = try numbers(name) else { throw LayerError("its option \(name) is missing") }
        guard (1...2).contains(values.count), values.allSatisfy(\.isFinite) else {
            throw LayerError("its option \(name) = \(values) is not supported: it must be one number or two")
        }
        return values
    }

    /// Two numbers in any order, or one for that and its negative.
    fileprivate mutating func range(_ name: String) throws(LayerError) -> ClosedRange<Float> {
        let values = try amounts(name)
        let (a, b) = (values[0], values.count == 1 ? -values[0] : values[1])
        return min(a, b)...max(a, b)
    }
}

import Basics
import Models

extension Rescaling: PlainKerasLayer {
    static let kerasClasses = ["Rescaling"]

    init(keras options: inout KerasOptions) throws(LayerError) {
        guard let scale = try options.numbers("scale") else { throw LayerError("its option scale is missing") }
        self.init(scale: scale, offset: try options.numbers("offset") ?? [0])
    }

    package var kerasConfiguration: [String: JSONValue] { ["scale": scale.keras, "offset": offset.keras] }
}

extension Standardization: PlainKerasLayer {
    static let kerasClasses = ["Normalization"]

    /// The statistics are options, or weights that `adapt` has set.
    init(keras options: inout KerasOptions) throws(LayerError) {
        try options.requireLastAxis()
        try options.require("invert", false)
        switch (try options.numbers("mean"), try options.numbers("variance")) {
        case (let mean?, let variance?): self.init(Statistics(mean: mean, variance: variance))
        case (nil, nil): self.init()
        default: throw LayerError("of its options mean and variance one is missing")
        }
    }

    package var kerasConfiguration: [String: JSONValue] {
        ["axis": -1, "invert": false, "mean": given?.mean.keras ?? nil, "variance": given?.variance.keras ?? nil]
    }
}

extension [Float] {
    /// A number, or a list of several.
    fileprivate var keras: JSONValue { count == 1 ? .decimal(self[0]) : .array(map(JSONValue.decimal)) }
}

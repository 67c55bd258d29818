import Basics

/// Each pixel repeated: [H, W, C] to [H · factor height, W · factor width, C].
public struct UpSampling2D: LayerDescription {
    public let factor: Extent2D

    public init(_ factor: Extent2D = 2) { self.factor = factor }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard factor.height > 0, factor.width > 0 else {
            throw LayerError("its factor \(factor) must be positive, on its input \(input)")
        }
        return [input[0] * factor.height, input[1] * factor.width, input[2]]
    }

    public var kerasClass: String { "UpSampling2D" }
    public var kerasConfiguration: [String: JSONValue] {
        ["size": factor.keras, "interpolation": "nearest", "data_format": "channels_last"]
    }
}

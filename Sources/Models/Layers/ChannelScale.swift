import Basics

/// y = γ x with a learned γ for each channel (the last axis): Touvron et al., "Going deeper with image transformers", 2021. The
/// `LayerScale` of keras.applications.convnext, whose γ all begin as one small number.
public struct ChannelScale: PlainDescription {
    public let initial: Float
    public let channels: Int

    public init(initial: Float, channels: Int) { (self.initial, self.channels) = (initial, channels) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard initial.isFinite else { throw LayerError("its first factor \(initial) is not a finite number") }
        let input = try inputs.single()
        guard input[input.rank - 1] == channels else {
            throw LayerError("has factors for \(channels) channels, not for those of its input \(input)")
        }
        return input
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("gamma", [channels], .constant(initial))]
    }

    public var typeName: String { "LayerScale" }
    public var category: String { "scale" }
}

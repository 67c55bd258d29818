import Basics

/// y = γ x with a learned γ for each channel (the last axis): Touvron et al., "Going deeper with image transformers", 2021. The
/// `LayerScale` of keras.applications.convnext, whose γ all begin as one small number.
public struct ChannelScale: PlainDescription {
    public let initial: Float

    public init(initial: Float) { self.initial = initial }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard initial.isFinite else { throw LayerError("its first factor \(initial) is not a finite number") }
        return try inputs.single()
    }

    public func parameters(for inputs: [Shape]) -> [ParameterSpecification] {
        [ParameterSpecification("gamma", [inputs[0][inputs[0].rank - 1]], .constant(initial))]
    }

    public var typeName: String { "LayerScale" }
    public var category: String { "scale" }
}

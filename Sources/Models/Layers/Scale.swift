import Basics

/// A constant factor. Of one input y = factor · x; of two, x and a residual, y = x + factor · residual, as Szegedy et
/// al., "Inception-v4, Inception-ResNet and the impact of residual connections on learning", 2016, damp residuals. The
/// second is the `CustomScaleLayer` of keras.applications.inception_resnet_v2, whose name and option it has in files.
public struct Scale: LayerDescription {
    public let factor: Float

    public init(_ factor: Float) { self.factor = factor }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard factor.isFinite else { throw LayerError("its factor \(factor) is not a finite number") }
        guard let first = inputs.first, inputs.count <= 2 else {
            throw LayerError("takes one input, or one and a residual, not \(inputs.count)")
        }
        if let residual = inputs.dropFirst().first, residual != first {
            throw LayerError("cannot add the scaled residual \(residual) to \(first): the shapes differ")
        }
        return first
    }

    public var kerasClass: String { "CustomScaleLayer" }
    public var isOfKeras: Bool { false }
    public var kerasConfiguration: [String: JSONValue] { ["scale": .decimal(factor)] }
}

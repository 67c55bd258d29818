import Basics

/// How values between pixels are found, in TensorFlow's arithmetic: pixels are areas, so that pixel i has its centre at i + 1/2.
public enum Interpolation: String, Sendable, Equatable, CaseIterable {
    case nearest, bilinear, bicubic
}

/// An image in another size: Keras's `Resizing`.
public struct Resizing: PlainDescription {
    public let size: Extent2D
    public let interpolation: Interpolation
    /// Whether the middle of the image that has the shape of the result is taken, instead of the whole image.
    public let keepsAspectRatio: Bool

    public init(_ size: Extent2D, interpolation: Interpolation = .bilinear, keepsAspectRatio: Bool = false) {
        (self.size, self.interpolation, self.keepsAspectRatio) = (size, interpolation, keepsAspectRatio)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { try size.resized(inputs) }

    public var typeName: String { "Resizing" }
    public var category: String { "resizing" }
}

/// The middle of an image; of a smaller image, the middle of the result's shape, enlarged: Keras's `CenterCrop`.
public struct CenterCrop: PlainDescription {
    public let size: Extent2D

    public init(_ size: Extent2D) { self.size = size }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { try size.resized(inputs) }

    public var typeName: String { "CenterCrop" }
    public var category: String { "resizing" }
}

/// An image enlarged by whole factors, with values between pixels; `UpSampling2D` repeats pixels.
public struct InterpolatedUpSampling2D: PlainDescription {
    public let factor: Extent2D
    public let interpolation: Interpolation

    public init(_ factor: Extent2D, _ interpolation: Interpolation) {
        (self.factor, self.interpolation) = (factor, interpolation)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        try UpSampling2D(factor).outputShape(of: inputs)
    }

    public var typeName: String { "UpSampling2D" }
    public var category: String { "up-sampling" }
}

extension Extent2D {
    fileprivate func resized(_ inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard isPossible else { throw LayerError("its size \(self) must be positive and below 2^31") }
        return [height, width, input[2]]
    }
}

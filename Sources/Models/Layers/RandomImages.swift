import Basics

// Keras's `Random...` layers, which change images by chance in training: each image in its own way.

/// Images mirrored, each axis with probability 1/2.
public struct RandomFlip: RandomDescription {
    public let flipsColumns: Bool
    public let flipsRows: Bool

    public init(columns: Bool = true, rows: Bool = true) { (flipsColumns, flipsRows) = (columns, rows) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape { try inputs.single(rank: 3) }

    public var typeName: String { "RandomFlip" }
    public var category: String { "augmentation" }
}

/// Images moved along an affine map that is drawn evenly from a range.
public struct RandomAffine: RandomDescription {
    public enum Kind: Sendable, Equatable {
        /// About the middle, in parts of a whole turn.
        case rotation(ClosedRange<Float>)
        /// Sizes of the part that fills the image, less 1. Nil for a width that changes as the height does.
        case zoom(height: ClosedRange<Float>, width: ClosedRange<Float>?)
        /// Down and to the right, in parts of the image.
        case translation(height: ClosedRange<Float>, width: ClosedRange<Float>)
    }

    /// What lies outside an image, in the words of Keras.
    public enum Fill: String, Sendable, Equatable, CaseIterable {
        /// The image mirrored: dcba|abcd|dcba.
        case reflect
        /// The image again: abcd|abcd|abcd.
        case wrap
        case constant
        /// The pixel at the border.
        case nearest
    }

    public let kind: Kind
    public let fill: Fill
    /// Of the fill `constant`.
    public let fillValue: Float
    /// Nearest or bilinear.
    public let interpolation: Interpolation

    public init(
        _ kind: Kind, fill: Fill = .reflect, fillValue: Float = 0, interpolation: Interpolation = .bilinear
    ) {
        (self.kind, self.fill, self.fillValue, self.interpolation) = (kind, fill, fillValue, interpolation)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let ranges: [ClosedRange<Float>]
        switch kind {
        case .rotation(let turns): ranges = [turns]
        case .zoom(let height, let width):
            ranges = [height, width ?? height]
            guard ranges.allSatisfy({ $0.lowerBound > -1 }) else { throw LayerError("its zoom must be above -1") }
        case .translation(let height, let width): ranges = [height, width]
        }
        guard ranges.allSatisfy({ $0.lowerBound >= -1 && $0.upperBound <= 1 }) else {
            throw LayerError("its factors must be from -1 to 1")
        }
        guard fillValue.isFinite else { throw LayerError("its fill value \(fillValue) is not a finite number") }
        guard interpolation != .bicubic else { throw LayerError("its interpolation must be nearest or bilinear") }
        return try inputs.single(rank: 3)
    }

    public var typeName: String {
        switch kind {
        case .rotation: "RandomRotation"
        case .zoom: "RandomZoom"
        case .translation: "RandomTranslation"
        }
    }
    public var category: String { "augmentation" }
}

/// Pixels of an image made brighter, or of more contrast, by an amount that is drawn evenly from a range. Values beyond the range
/// of pixels are cut off.
public struct RandomTone: RandomDescription {
    public enum Kind: Sendable, Equatable {
        /// Added, in parts of the range of pixels.
        case brightness(ClosedRange<Float>)
        /// Of the distance from each channel's mean: what is added to it, as a part of it.
        case contrast(ClosedRange<Float>)
    }

    public let kind: Kind
    public let pixels: ClosedRange<Float>

    public init(_ kind: Kind, pixels: ClosedRange<Float> = 0...255) { (self.kind, self.pixels) = (kind, pixels) }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let range: ClosedRange<Float>
        switch kind {
        case .brightness(let amounts): range = amounts
        case .contrast(let amounts): range = amounts
        }
        guard [range, pixels].allSatisfy({ $0.lowerBound.isFinite && $0.upperBound.isFinite }) else {
            throw LayerError("its factor and range of values must be finite")
        }
        return try inputs.single(rank: 3)
    }

    public var typeName: String { if case .brightness = kind { "RandomBrightness" } else { "RandomContrast" } }
    public var category: String { "augmentation" }
}

/// A part of an image, anywhere in it. Evaluation takes the largest part in the middle that has the result's shape, and resizes
/// it, as Keras does; so does training for an image that is no larger than the part.
public struct RandomCrop: RandomDescription {
    public let size: Extent2D

    public init(_ size: Extent2D) { self.size = size }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        try Resizing(size).outputShape(of: inputs)
    }

    public var inferring: Layer { .plain(Resizing(size, keepsAspectRatio: true)) }
    public var typeName: String { "RandomCrop" }
    public var category: String { "augmentation" }
}

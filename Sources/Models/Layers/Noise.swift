import Basics

/// A layer that training leaves to chance. Its numbers depend on the seed, the layer, the step and the sample alone.
public protocol RandomDescription: PlainDescription {
    /// What evaluation computes instead.
    var inferring: Layer { get }
}

extension RandomDescription {
    /// Its input as it is.
    public var inferring: Layer { .dropout(Dropout(rate: 0)) }
}

/// Noise in training; evaluation passes the input on.
public struct Noise: RandomDescription {
    public enum Kind: Sendable, Equatable {
        /// y = x + n, with normal n of this deviation and mean 0: Keras's `GaussianNoise`.
        case addition(deviation: Float)
        /// y = x · n, with normal n of mean 1 and the variance rate / (1 - rate) of dropout: Keras's `GaussianDropout`.
        case multiplication(rate: Float)
        /// Elements become the lowest value of SELU with this probability; then all are scaled and shifted so that mean and
        /// variance stay: Klambauer et al., "Self-normalizing neural networks", 2017.
        case selfNormalizing(rate: Float)
        /// Whole channels are zeroed with this probability, and the rest scaled: Tompson et al., "Efficient object
        /// localization using convolutional networks", 2015.
        case channels(rate: Float)
    }

    public let kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        switch kind {
        case .addition(let deviation):
            guard deviation >= 0, deviation.isFinite else {
                throw LayerError("its deviation \(deviation) must be at least 0 and finite")
            }
        case .multiplication(let rate), .selfNormalizing(let rate), .channels(let rate):
            guard rate >= 0, rate < 1 else { throw LayerError("its rate \(rate) must be in 0..<1") }
        }
        if case .channels = kind { return try inputs.single(rank: 3) }
        return try inputs.single()
    }

    public var typeName: String {
        switch kind {
        case .addition: "GaussianNoise"
        case .multiplication: "GaussianDropout"
        case .selfNormalizing: "AlphaDropout"
        case .channels: "SpatialDropout2D"
        }
    }
    public var category: String { "noise" }
}

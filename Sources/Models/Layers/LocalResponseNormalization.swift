import Basics

/// y = x / (k + alpha · Σ x²)^beta, the sum over `size` neighbouring channels of the same pixel, x's own in the middle;
/// where the window passes the first or last channel, over those that exist: Krizhevsky, Sutskever and Hinton,
/// "ImageNet classification with deep convolutional neural networks", 2012, section 3.3, whose constants are the
/// defaults. Equal to `tf.nn.local_response_normalization` with `depth_radius = (size - 1) / 2` and `bias = k`. Caffe,
/// PyTorch and oneDNN divide alpha by the size: give them alpha · size.
public struct LocalResponseNormalization: LayerDescription {
    public let size: Int
    public let k: Float
    public let alpha: Float
    public let beta: Float

    public init(size: Int = 5, k: Float = 2, alpha: Float = 1e-4, beta: Float = 0.75) {
        (self.size, self.k, self.alpha, self.beta) = (size, k, alpha, beta)
    }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single(rank: 3)
        guard size > 0, size % 2 == 1 else {
            throw LayerError(
                "its window of \(size) channels has no middle: the size must be odd, on its input \(input)")
        }
        guard k > 0, alpha >= 0, beta > 0, [k, alpha, beta].allSatisfy(\.isFinite) else {
            throw LayerError("needs k > 0, alpha >= 0 and beta > 0, not k = \(k), alpha = \(alpha), beta = \(beta)")
        }
        return input
    }

    public var kerasClass: String { "LocalResponseNormalization" }
    public var isOfKeras: Bool { false }
    public var kerasConfiguration: [String: JSONValue] {
        ["size": .integer(size), "k": .decimal(k), "alpha": .decimal(alpha), "beta": .decimal(beta)]
    }
}

import Basics

/// A function applied to each element (softmax: along the last axis).
public struct ActivationLayer: LayerDescription {
    public let function: Activation

    public init(_ function: Activation) { self.function = function }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        let input = try inputs.single()
        guard function != .softmax || input.rank == 1 else {
            throw LayerError("softmax takes a vector, not \(input)")
        }
        return input
    }

    public var kerasClass: String { "Activation" }
    public var kerasConfiguration: [String: JSONValue] { ["activation": function.keras] }
}

/// In training each element is zeroed with probability `rate`, and the rest scaled by 1 / (1 - rate): Srivastava et al.,
/// 2014. In evaluation it does nothing.
public struct Dropout: LayerDescription {
    public let rate: Float

    public init(rate: Float) { self.rate = rate }

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard rate >= 0, rate < 1 else { throw LayerError("its rate \(rate) must be in 0..<1") }
        return try inputs.single()
    }

    public var kerasClass: String { "Dropout" }
    public var kerasConfiguration: [String: JSONValue] {
        ["rate": .decimal(rate), "seed": nil, "noise_shape": nil]
    }
}

/// The sum of its inputs, which have one shape.
public struct Add: LayerDescription {
    public init() {}

    public func outputShape(of inputs: [Shape]) throws(LayerError) -> Shape {
        guard let first = inputs.first, inputs.count >= 2 else { throw LayerError("adds at least two inputs") }
        if let other = inputs.first(where: { $0 != first }) {
            throw LayerError("cannot add \(first) and \(other): the shapes differ")
        }
        return first
    }

    public var kerasClass: String { "Add" }
    public var kerasConfiguration: [String: JSONValue] { [:] }
}

extension [Shape] {
    /// The only input, of the rank asked for.
    func single(rank: Int? = nil, hint: String? = nil) throws(LayerError) -> Shape {
        guard count == 1 else { throw LayerError("takes one input, not \(count)") }
        if let rank, self[0].rank != rank {
            let wanted = rank == 1 ? "a vector" : "an image of height x width x channels"
            throw LayerError("takes \(wanted), not \(self[0])" + (hint.map { ": " + $0 } ?? ""))
        }
        return self[0]
    }
}

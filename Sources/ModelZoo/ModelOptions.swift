import Basics
import Models

/// How a residual network hands an image past a block that changes its shape: He et al., 2015, section 3.3.
public enum Shortcut: String, Sendable, CaseIterable {
    /// Option B: a 1x1 convolution.
    case projection
    /// Option A: every second pixel, and zeros for the new channels; no parameters.
    case identity
}

/// What a user may vary in a model of the zoo.
public struct ModelOptions: Sendable, Equatable {
    /// The number of outputs; the model's own where nil.
    public var classes: Int?
    /// The shape of the data's samples; the model's own where nil.
    public var input: Shape?
    /// Widths of the hidden layers, for models that leave them open.
    public var hiddenUnits: [Int]?
    public var shortcut: Shortcut?
    /// The rate of all dropout layers; the model's own where nil.
    public var dropout: Float?
    /// The rate at which the last residual branch is left out of a sample; earlier ones less.
    public var stochasticDepth: Float?
    /// Whether residual branches begin as nothing.
    public var zeroInitializesResiduals = false
    /// Whether the network classifies; its features are its output otherwise (Keras's `include_top`).
    public var includesTop = true

    public init(classes: Int? = nil, input: Shape? = nil, hiddenUnits: [Int]? = nil) {
        self.classes = classes
        self.input = input
        self.hiddenUnits = hiddenUnits
    }

    /// Options that only some models have.
    public enum Variation: String, Sendable {
        case hiddenUnits = "--hidden-units"
        case shortcut = "--shortcut"
        case top = "--no-top"
    }

    var variations: [Variation] {
        (hiddenUnits == nil ? [] : [.hiddenUnits]) + (shortcut == nil ? [] : [.shortcut]) + (includesTop ? [] : [.top])
    }
}

/// The size of samples as a user gives it: `224`, `224x160` or `224x160x3`. What is left out is the model's own.
public struct InputSize: Sendable, Equatable, LosslessStringConvertible {
    public let extents: [Int]

    public init?(_ text: String) {
        extents = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard (1...3).contains(extents.count), extents.allSatisfy({ (1...Int(Int32.max)).contains($0) })
        else { return nil }
    }

    public var description: String { extents.map(String.init).joined(separator: "x") }

    /// The shape for a model whose own is `usual`: one number is the side of an image, or the number of features.
    public func shape(like usual: Shape) -> Shape {
        guard usual.rank == 3, extents.count < 3 else { return Shape(extents) }
        return [extents[0], extents[extents.count - 1], usual[2]]
    }
}

import Basics

/// What training minimises: the mean over samples.
public struct Loss: Sendable, Equatable, CustomStringConvertible {
    /// Names are Keras's. x: outputs, y: target values; labels stand for one-hot rows, or for 0 and 1 of a single output.
    public enum Function: String, Sendable, Equatable, CaseIterable {
        /// -log of the label's probability.
        case sparseCategoricalCrossEntropy = "sparse_categorical_crossentropy"
        /// -Σ y log x: the same for one-hot rows, which may be smoothed.
        case categoricalCrossEntropy = "categorical_crossentropy"
        /// -(y log x + (1-y) log(1-x)), mean over outputs.
        case binaryCrossEntropy = "binary_crossentropy"
        /// The mean of squared differences over outputs.
        case meanSquaredError = "mean_squared_error"
        /// max(0, 1 - y x) with y in ±1, mean over outputs; a target of 0 stands for -1.
        case hinge = "hinge"
        /// max(0, 1 + the largest other output - the label's).
        case categoricalHinge = "categorical_hinge"
        /// For outputs that are distances: d + log(exp(-j) + Σ exp(-x)), where d is the label's; equation 9 of LeCun et
        /// al., "Gradient-based learning applied to document recognition", 1998. Not in Keras.
        case maximumAPosteriori = "maximum_a_posteriori"
    }

    public let function: Function
    /// The part of each target that is spread evenly: y (1 - s) + s / C over C classes, y (1 - s) + s / 2 for yes or no.
    public let labelSmoothing: Float
    /// Whether cross-entropy takes outputs for logits (Keras's `from_logits`). If not, outputs are probabilities, and of a
    /// network that ends in softmax or sigmoid it is computed from the logits before that, which is stable.
    public let isFromLogits: Bool

    public init(_ function: Function, labelSmoothing: Float = 0, isFromLogits: Bool = false) {
        self.function = function
        self.labelSmoothing = labelSmoothing
        self.isFromLogits = isFromLogits
    }

    public var description: String {
        function.rawValue + (isFromLogits ? " from logits" : "")
            + (labelSmoothing > 0 ? " with label smoothing \(labelSmoothing)" : "")
    }

    public static let sparseCategoricalCrossEntropy = Loss(.sparseCategoricalCrossEntropy)
    public static let categoricalCrossEntropy = Loss(.categoricalCrossEntropy)
    public static let binaryCrossEntropy = Loss(.binaryCrossEntropy)
    public static let meanSquaredError = Loss(.meanSquaredError)

    /// The activation at the network's end that the loss takes over, so as to work on logits.
    public var absorbedActivation: Activation? { isFromLogits ? nil : function.activation }
}

extension Loss.Function {
    /// What makes probabilities of logits.
    public var activation: Activation? {
        switch self {
        case .sparseCategoricalCrossEntropy, .categoricalCrossEntropy: .softmax
        case .binaryCrossEntropy: .sigmoid
        case .meanSquaredError, .hinge, .categoricalHinge, .maximumAPosteriori: nil
        }
    }

    /// Whether there is one output for each class.
    public var isOfClasses: Bool {
        switch self {
        case .sparseCategoricalCrossEntropy, .categoricalCrossEntropy, .categoricalHinge, .maximumAPosteriori: true
        case .binaryCrossEntropy, .meanSquaredError, .hinge: false
        }
    }

    /// Whether targets may only be labels.
    public var needsLabels: Bool { self == .sparseCategoricalCrossEntropy || self == .maximumAPosteriori }

    /// Whether targets can be smoothed.
    public var canSmooth: Bool { self == .categoricalCrossEntropy || self == .binaryCrossEntropy }
}

extension Network {
    /// A loss on this network's outputs: probabilities where it ends in softmax or sigmoid, else logits.
    public func loss(_ function: Loss.Function, labelSmoothing: Float = 0) -> Loss {
        let endsInProbabilities = [.softmax, .sigmoid].contains(nodes[nodes.count - 1].layer.activation)
        return Loss(
            function, labelSmoothing: labelSmoothing,
            isFromLogits: function.activation != nil && !endsInProbabilities)
    }

    /// How a prediction follows from the outputs.
    public enum Decision: String, Sendable {
        case largest, smallest
    }

    /// Outputs are probabilities, logits or scores, of which the largest wins, or distances.
    public var decision: Decision {
        if case .radialBasis = nodes[nodes.count - 1].layer { .smallest } else { .largest }
    }
}

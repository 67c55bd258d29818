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
        /// Σ -α (1 - x)^γ y log x: counts samples less that are already classified well.
        case categoricalFocalCrossEntropy = "categorical_focal_crossentropy"
        /// Binary cross-entropy times (1 - p)^γ, where p is the probability of what is true; mean over outputs.
        case binaryFocalCrossEntropy = "binary_focal_crossentropy"
        /// Σ y log(y / x).
        case klDivergence = "kl_divergence"
        /// x - y log x, mean over outputs.
        case poisson = "poisson"
        /// The mean of squared differences over outputs.
        case meanSquaredError = "mean_squared_error"
        /// |x - y|, mean over outputs.
        case meanAbsoluteError = "mean_absolute_error"
        /// 100 |x - y| / |y|, mean over outputs.
        case meanAbsolutePercentageError = "mean_absolute_percentage_error"
        /// (log(1 + x) - log(1 + y))², mean over outputs.
        case meanSquaredLogarithmicError = "mean_squared_logarithmic_error"
        /// Half of the squared difference up to δ, and linear beyond; mean over outputs.
        case huber = "huber"
        /// log cosh(x - y), mean over outputs.
        case logCosh = "log_cosh"
        /// Minus the cosine of the angle between x and y.
        case cosineSimilarity = "cosine_similarity"
        /// max(0, 1 - y x) with y in ±1, mean over outputs; a target of 0 stands for -1.
        case hinge = "hinge"
        /// The square of it, mean over outputs.
        case squaredHinge = "squared_hinge"
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
    /// network that ends in softmax or sigmoid it is computed from the logits before that, which is stable (`absorbs`).
    public let isFromLogits: Bool
    public let settings: Settings
    /// Of a network with heads: the loss of each, that of the network's own output first, whose function is this one's. Empty
    /// for other networks.
    public let heads: [Head]

    /// The loss of one of several outputs.
    public struct Head: Sendable, Equatable {
        /// The layer's name.
        public let name: String
        public let loss: Loss
        /// What it counts in the sum, which is minimised.
        public let weight: Float

        public init(name: String, loss: Loss, weight: Float = 1) {
            (self.name, self.loss, self.weight) = (name, loss, weight)
        }
    }

    /// Numbers that some functions have. The defaults are Keras's.
    public struct Settings: Sendable, Equatable {
        /// Of `huber`: where the loss becomes linear.
        public var delta: Float = 1
        /// Of focal losses: the power of what is missing to certainty.
        public var gamma: Float = 2
        /// Of focal losses: what each class counts (categorical), or what a yes counts against 1 - alpha for a no (binary).
        /// Nil stands for 0.25 (categorical), or for yes and no that count the same (binary).
        public var alpha: Float?

        public init() {}
    }

    public init(
        _ function: Function, labelSmoothing: Float = 0, isFromLogits: Bool = false, settings: Settings = Settings()
    ) {
        self.function = function
        self.labelSmoothing = labelSmoothing
        self.isFromLogits = isFromLogits
        self.settings = settings
        heads = []
    }

    /// The weighted sum of the losses of heads, of which there are some.
    public init(heads: [Head]) {
        precondition(!heads.isEmpty, "a network with heads has some")
        let first = heads[0].loss
        function = first.function
        labelSmoothing = first.labelSmoothing
        isFromLogits = first.isFromLogits
        settings = first.settings
        self.heads = heads
    }

    /// That of an output by its number; 0 is the network's own.
    package func ofOutput(_ number: Int) -> Loss { heads.isEmpty ? self : heads[number].loss }

    public var description: String {
        guard heads.isEmpty else {
            return heads.map { "\($0.weight == 1 ? "" : "\($0.weight) * ")\($0.loss) of \($0.name)" }.joined(
                separator: " + ")
        }
        return function.rawValue + (isFromLogits ? " from logits" : "")
            + (labelSmoothing > 0 ? " with label smoothing \(labelSmoothing)" : "")
            + (function == .huber ? " with delta \(settings.delta)" : "")
            + (function.isFocal
                ? " with gamma \(settings.gamma)" + (settings.alpha.map { " and alpha \($0)" } ?? "") : "")
    }

    public static let sparseCategoricalCrossEntropy = Loss(.sparseCategoricalCrossEntropy)
    public static let categoricalCrossEntropy = Loss(.categoricalCrossEntropy)
    public static let binaryCrossEntropy = Loss(.binaryCrossEntropy)
    public static let meanSquaredError = Loss(.meanSquaredError)

    /// Whether the loss leaves out this activation at the network's end and works on the logits before it. As in Keras, a
    /// cross-entropy does so behind softmax and sigmoid alike: behind a sigmoid, that of classes is a softmax's.
    public func absorbs(_ activation: Activation) -> Bool {
        guard !isFromLogits, let own = function.activation else { return false }
        return function.isFocal ? activation == own : activation.givesProbabilities
    }
}

extension Loss.Function {
    /// What makes probabilities of logits.
    public var activation: Activation? {
        switch self {
        case .sparseCategoricalCrossEntropy, .categoricalCrossEntropy, .categoricalFocalCrossEntropy: .softmax
        case .binaryCrossEntropy, .binaryFocalCrossEntropy: .sigmoid
        default: nil
        }
    }

    /// Whether each output is a question of its own, so that a sample may belong to several classes.
    public var asksEachOutput: Bool { activation == .sigmoid }

    /// Whether a sample's outputs are compared with each other: one for each class, or the parts of a vector.
    public var isOfClasses: Bool {
        switch self {
        case .sparseCategoricalCrossEntropy, .categoricalCrossEntropy, .categoricalFocalCrossEntropy, .klDivergence,
            .categoricalHinge, .maximumAPosteriori, .cosineSimilarity:
            true
        default: false
        }
    }

    /// Whether it measures how far numbers are from others, which need not be classes.
    public var isOfValues: Bool {
        switch self {
        case .meanSquaredError, .meanAbsoluteError, .meanAbsolutePercentageError, .meanSquaredLogarithmicError, .huber,
            .logCosh, .poisson, .cosineSimilarity:
            true
        default: false
        }
    }

    /// Whether targets may only be labels.
    public var needsLabels: Bool { self == .sparseCategoricalCrossEntropy || self == .maximumAPosteriori }

    /// Whether targets can be smoothed. Sparse cross-entropy cannot: Keras has the categorical one for it.
    public var canSmooth: Bool { activation != nil && self != .sparseCategoricalCrossEntropy }

    public var isFocal: Bool { self == .categoricalFocalCrossEntropy || self == .binaryFocalCrossEntropy }
}

extension Network {
    /// A loss on this network's outputs, or on those of a node: probabilities where it ends in softmax or sigmoid, else logits.
    public func loss(
        _ function: Loss.Function, labelSmoothing: Float = 0, settings: Loss.Settings = Loss.Settings(),
        of node: Int? = nil
    ) -> Loss {
        Loss(
            function, labelSmoothing: labelSmoothing,
            isFromLogits: function.activation != nil && !givesProbabilities(node), settings: settings)
    }

    /// Whether its last layer ends in softmax or sigmoid.
    public var givesProbabilities: Bool { givesProbabilities(nil) }

    /// The same of the layer of a node.
    package func givesProbabilities(_ node: Int?) -> Bool {
        nodes[node ?? nodes.count - 1].layer.activation.givesProbabilities
    }

    /// How a prediction follows from the outputs.
    public enum Decision: String, Sendable {
        case largest, smallest
    }

    /// Outputs are probabilities, logits or scores, of which the largest wins, or distances.
    public var decision: Decision { decision(of: nodes.count - 1) }

    /// The same of a node's outputs.
    package func decision(of node: Int) -> Decision {
        if nodes[node].layer.description is RadialBasis { .smallest } else { .largest }
    }
}

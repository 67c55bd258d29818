import Models
import Basics
import Interchange

/// Everything a run is, as a value: what a checkpoint holds. Two runs in equal states go on equally.
///
/// Nothing here depends on the number of ranks, on the machine's name, on time or on paths.
public struct RunState: Sendable, Equatable {
    /// Where the run stands: between two steps.
    public struct Position: Sendable, Equatable {
        /// Epochs finished.
        public var epoch: Int
        /// Steps finished in the current epoch.
        public var step: Int
        /// Steps finished since the run began.
        public var globalStep: Int

        public init(epoch: Int = 0, step: Int = 0, globalStep: Int = 0) {
            self.epoch = epoch
            self.step = step
            self.globalStep = globalStep
        }
    }

    /// What a run with `--on-nan rollback` goes back to, in the middle of an epoch.
    public struct EpochStart: Sendable, Equatable {
        /// As `RunState.weights`.
        public var weights: [[Float]]
        /// As those of the optimizer.
        public var slots: [OptimizerState.Slot]
        /// The rate that was in force.
        public var learningRate: Double

        public init(weights: [[Float]], slots: [OptimizerState.Slot], learningRate: Double) {
            self.weights = weights
            self.slots = slots
            self.learningRate = learningRate
        }
    }

    /// An option that has had another value from a step on.
    public struct Override: Sendable, Hashable, Codable {
        public let option: String
        public let was: String
        public let now: String
        /// Steps of the run done before.
        public let step: Int

        public init(option: String, was: String, now: String, step: Int) {
            (self.option, self.was, self.now, self.step) = (option, was, now, step)
        }
    }

    /// Weights of a run beside those of its model.
    public enum WeightSet: String, Sendable, CaseIterable {
        /// Those that are trained, in a run whose model has their average.
        case training
        /// Lookahead's slow weights.
        case slow
    }

    public var network: Network
    public var loss: Loss
    /// The model's. One array a parameter, in the order of `network.parameters` and in Keras's shapes.
    public var weights: [[Float]]
    /// Each as `weights`; those that the run does not have are absent.
    public var otherWeights: [WeightSet: [[Float]]] = [:]
    public var optimizer: OptimizerState
    public var position = Position()
    /// The coordinator's state as JSON: schedules, plateaus, early stopping.
    public var coordinator = "{}"
    /// One record an epoch: metric to value. A metric that is NaN counts as not measured.
    public var history: [[String: Double]] = []
    /// Sums and counts of the epoch that has begun.
    public var epochSums: [String: Double] = [:]
    /// Where the epoch began, of a run that may go back there; nil between two epochs, and in other runs.
    public var epochStart: EpochStart?
    /// The options that a resumed run must share.
    public var options: [String: String] = [:]
    /// What was changed where the run was resumed; empty in a run that did what it began to do.
    public var overrides: [Override] = []
    /// Tells the training data apart from other data.
    public var dataFingerprint = ""
    /// How stored samples become inputs.
    public var normalization = ""
    /// Whether samples are decoded images, which are resized and cut to the network's input.
    public var samplesAreDecoded = false
    /// A digest of the weights that the run began with, if they came from a file; others follow from the seed.
    public var initialWeights: String?
    public var classNames: [String] = []
    /// What computed it, as far as results depend on it: engine, instruction set, threads, precision.
    public var execution: [String: String] = [:]

    /// What the next step would change.
    public var trainedWeights: [[Float]] { otherWeights[.training] ?? weights }

    public init(network: Network, loss: Loss, weights: [[Float]], optimizer: OptimizerState) {
        self.network = network
        self.loss = loss
        self.weights = weights
        self.optimizer = optimizer
    }
}

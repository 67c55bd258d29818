import Reduction
import Datasets
import Execution
import Models
import ModelZoo
import Options
import Transforms

/// What is evaluated, or predicts, on which data, and how.
public struct EvaluationRequest: Sendable {
    /// Paths of checkpoints, or of Keras models in HDF5. Of several, which take the same samples and have the same outputs,
    /// predictions are averaged.
    public var models: [String]
    /// Path of an HDF5 data file.
    public var data: String
    /// Nil takes test, else validation, else train.
    public var split: Split?
    /// Paths in the file of samples and targets, where they are not found: those of the train split.
    public var images: String?
    public var labels: String?
    /// Whether data sets may have their bytes in files that are no HDF5 files.
    public var allowExternal = false
    /// Nil takes the checkpoint's rule, or for a Keras model that of training.
    public var normalization: TrainingOptions.Normalization?
    /// Of samples, for a Keras model that leaves it open.
    public var inputSize: InputSize?
    /// Nil takes the checkpoint's, or for a Keras model that of training.
    public var batchSize: Int?
    public var shards: Int?
    public var precision: Precision?
    public var engine: TrainingOptions.EngineName
    /// Of a rank.
    public var threads = 1
    /// Threads of a rank that read; nil for as many as can be spared.
    public var readers: Int?
    /// Several views of each sample, whose outputs are averaged.
    public var testTimeAugmentation: TestTimeAugmentation?
    /// Nil takes the checkpoint's.
    public var cropFraction: Double?
    /// Whether what was taken for what must be known.
    public var countsConfusion = false
    /// Whether of each of several outputs more than loss and accuracy is measured, which takes another pass over the samples.
    public var measuresOutputs = false

    public init(models: [String], data: String, engine: TrainingOptions.EngineName) {
        precondition(!models.isEmpty, "there is a model to evaluate")
        self.models = models
        self.data = data
        self.engine = engine
    }

    /// The options in force, on top of those that the model was trained with.
    func options(over stored: TrainingOptions) -> TrainingOptions {
        var options = stored
        options.images = images
        options.labels = labels
        options.allowExternal = allowExternal
        options.batchSize = batchSize ?? stored.batchSize
        options.shards = shards ?? stored.shards
        options.engine = engine
        options.threads = threads
        options.readers = readers
        options.precision = precision ?? stored.precision
        options.cropFraction = cropFraction ?? stored.cropFraction
        return options
    }
}

/// Means over all samples of a split.
public struct EvaluationResult: Sendable, Equatable {
    /// With the L2 penalty that the model was trained with.
    public let loss: Double
    /// Nil for networks that are no classifiers.
    public let accuracy: Double?
    /// How often the label is among the five largest outputs; nil also where there is one output only.
    public let top5: Double?
    /// Nil for networks that are no classifiers, and for very many classes if the request does not ask for it.
    public let confusion: ConfusionMatrix?
    /// Of regression, else nil.
    public let errors: RegressionErrors?
    /// Of each output of a network with several; empty for others.
    public let outputs: [Output]
    public let samples: Int
    /// What to know of the loss, in sentences.
    public let notes: [String]
    public let split: Split
    public let samplesPerSecond: Double

    /// What is measured of one of several outputs.
    public struct Output: Sendable, Equatable {
        public let name: String
        /// Without its weight in the sum.
        public let loss: Double
        /// Nil for regression.
        public let accuracy: Double?
        /// What follows is nil for outputs of another kind, and if it was not asked for.
        public var top5: Double?
        public var confusion: ConfusionMatrix?
        public var errors: RegressionErrors?
    }
}

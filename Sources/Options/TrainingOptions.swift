import Basics
import Datasets
import Execution
import ImageCoding
import Models
import ModelZoo
import Optimization
import Reduction
import Transforms

/// Every option of `dptrain train`, with its default. One table, `TrainingOptions.table`, declares the name, the
/// meaning and the allowed values of each. Flags, configuration files and checkpoints all use it.
public struct TrainingOptions: Equatable, Sendable {
    public enum WeightDecayScope: String, NamedOptionValue { case all, kernels }
    public enum EngineName: String, NamedOptionValue { case onednn, blas }
    public enum Wire: String, NamedOptionValue { case fp32, bf16 }
    public enum ChannelOrder: String, NamedOptionValue { case auto, nhwc, nchw, ncwh }
    /// How the console shows a run; `auto`: a bar where a terminal is watched.
    public enum Progress: String, NamedOptionValue { case auto, bar, plain, none }
    public enum Switch: String, NamedOptionValue { case on, off }
    public enum TargetKind: String, NamedOptionValue { case labels, values }
    public enum Cache: String, NamedOptionValue { case none, ram }
    public enum Sampling: String, NamedOptionValue { case shuffled, balanced }
    public enum Normalization: String, NamedOptionValue {
        case auto, unchanged, unit, standardized
        case standardizedAll = "standardized-all"
        case standardizedChannel = "standardized-channel"
        case standardizedPixel = "standardized-pixel"
        case centeredChannel = "centered-channel"
        case centeredPixel = "centered-pixel"
        case unitCenteredPixel = "unit-centered-pixel"
        case caffe, tf, torch
    }

    // Network
    public var classes: Int?
    public var inputSize: InputSize?
    public var shortcut: Shortcut?
    public var hiddenUnits: WidthList?
    public var dropout: Double?
    public var replaceTop: Int?
    public var freeze: NamePatterns?
    public var trainOnly: NamePatterns?
    public var unfreezeAtEpoch: Int?
    public var unfreeze: NamePatterns?
    /// Nil for `defaultUnfreezeRate`, so that checkpoints of runs without it hold nothing of it.
    public var unfreezeRate: Double?
    public var rateFactor: NameFactors?
    /// Nil means false, so that checkpoints of runs without the option hold nothing of it.
    public var cacheFeatures: Bool?
    public var stochasticDepth: Double?
    /// Nil means false, so that checkpoints of runs without the option hold nothing of it.
    public var zeroInitResidual: Bool?

    // Data, and what the run starts from
    public var model: String?
    public var weights: String?
    public var initFrom: String?
    public var match: LayerMatch?
    public var data: String?
    public var stage: String?
    public var cache = Cache.none
    public var images: String?
    public var labels: String?
    public var allowExternal = false
    public var channelOrder = ChannelOrder.auto
    public var targets: TargetKind?
    public var labelOffset: Int?
    public var normalization = Normalization.auto
    public var valueRange: ValueRange?
    public var validationSplit: Double?
    public var cropFraction: Double?
    public var interpolation: ResamplingFilter?
    /// Without a value that of runs before the usual rule, whose checkpoints store none; a new run takes `ofNewRun`.
    public var validation = ValidationRule.automatic
    public var fold: Fold?
    public var sampleWeights: String?
    /// Nil means shuffled, so that checkpoints of runs without the option hold nothing of it.
    public var sampling: Sampling?
    public var shuffle = true

    // What becomes of training samples
    public var augment: AugmentationList?
    public var repeatedAugmentation: Int?
    public var sizeSchedule: SizeSchedule?

    // The run
    public var epochs = 20
    public var batchSize = 128
    public var stepsPerEpoch: Int?
    public var validationSteps: Int?
    public var seed: UInt64 = 0
    public var maxTime: TimeLimit?
    public var stopAfterEpoch: Int?
    public var overfitBatches: Int?

    // Loss
    public var loss: Loss.Function?
    /// Of a model with several outputs that have targets of their own: the loss of each, and what it counts.
    public var losses: OutputList?
    public var lossWeights: OutputList?
    public var labelSmoothing = 0.0
    public var huberDelta: Double?
    public var focalGamma: Double?
    public var focalAlpha: Double?
    public var classWeights: ClassWeights?

    // Optimizer
    public var optimizer = OptimizerSettings(OptimizerKind(Adam.self))
    /// Nil means 0, so that checkpoints of runs without the option hold nothing of it; `scheduleStart` too.
    public var earlierUpdates: Int?
    public var l2 = 0.0
    /// Whether the penalties of the model's layers count, instead of one L2 of all kernels.
    public var layerPenalties: Bool?
    /// Nil means all, so that checkpoints of runs without the option hold nothing of it.
    public var weightDecayOn: WeightDecayScope?
    public var clipNorm: Double?
    public var globalClipNorm: Double?
    public var clipValue: Double?

    // Weights beside those that are trained
    public var lookahead: Lookahead?
    public var ema: Double?
    public var swa: StochasticAverage?

    // Learning rate and what steers the run
    public var learningRate: Double?
    public var schedule = LearningRateSchedule.constant
    public var scheduleStart: Int?
    public var warmUp: ScheduleTime?
    public var referenceBatchSize: Int?
    public var reduceOnPlateau: ReduceOnPlateau?
    public var earlyStopping: EarlyStopping?
    public var saveBest = SaveBest()
    /// Nil means to stop, so that checkpoints of runs without the option hold nothing of it.
    public var onNaN: NonFiniteRule?
    /// Nil for the defaults of `Rollback`, as above.
    public var rollbackFactor: Double?
    public var rollbackLimit: Int?

    // How it is computed
    public var shards = 8
    public var threads = 1
    public var readers: Int?
    public var batchNorm = BatchNormalizationMode.shard
    public var engine = EngineName.onednn
    public var precision = Precision.fp32
    public var reduction = ExchangeKind.tree
    public var wire = Wire.fp32
    public var overlap = Reducer.Overlap.progress
    public var nodeExchange = NodeExchange.memory
    public var bucketSize: Int?

    // Output
    public var output: String?
    public var checkpointEverySteps: Int?
    public var checkpointEveryEpochs = 1
    public var checkpointEvery: TimeLimit?
    public var keep = 3
    public var progress = Progress.auto
    public var tensorBoard = Switch.on

    // Tracing
    public var trace: String?
    public var traceSteps = 20

    public init() {}
}

/// Settings that follow from the options.
extension TrainingOptions {
    public var algorithm: any Optimizer { optimizer.algorithm }

    /// Which samples validate. At most one of the three options is given.
    package var validationRule: ValidationRule {
        fold.map { .fold($0) } ?? validationSplit.map { .last($0) } ?? validation
    }

    /// These options for a run that begins: with the rule of validation that new runs have, if none is given.
    package var ofNewRun: TrainingOptions {
        var options = self
        if options.validationRule == .automatic { options.validation = .usual }
        return options
    }

    /// `validate` sees to it that there is one at most.
    public var clipping: GradientClipping? {
        clipNorm.map { .norm($0) } ?? globalClipNorm.map { .globalNorm($0) } ?? clipValue.map { .value($0) }
    }

    /// `validate` sees to it that there is one at most.
    package var average: WeightAverage? {
        ema.map { .exponential(ExponentialAverage(momentum: $0)) } ?? swa.map { .stochastic($0) }
    }

    /// Metrics of validation that rules watch and that are not computed otherwise.
    public var scoreMetrics: Set<ScoreMetric> {
        ScoreMetric.among([saveBest.monitor] + [reduceOnPlateau?.monitor, earlyStopping?.monitor].compactMap(\.self))
    }

    /// The learning rate before schedule, warm-up and scaling.
    public var baseLearningRate: Double { schedule.ownRate ?? learningRate ?? optimizer.kind.type.defaultLearningRate }

    /// The loss function of a network that is usually trained with `usual`. Keras's sparse cross-entropy cannot smooth; the
    /// one with one-hot rows is the same loss.
    public func loss(usual: Loss.Function) throws -> Loss.Function {
        let isSmooth = labelSmoothing > 0
        var function = loss ?? usual
        if isSmooth, function == .sparseCategoricalCrossEntropy { function = .categoricalCrossEntropy }
        guard !isSmooth || function.canSmooth else {
            let names = Loss.Function.allCases.filter(\.canSmooth).map(\.rawValue).joined(separator: " or ")
            throw OptionError("label-smoothing", "it goes with --loss \(names), not with \(function.rawValue)")
        }
        return function
    }

    /// The numbers of a loss function. Refuses numbers that it does not have.
    public func lossSettings(of function: Loss.Function) throws -> Loss.Settings {
        let owners: [(option: String, value: Double?, fits: Bool, loss: String)] = [
            ("huber-delta", huberDelta, function == .huber, "huber"),
            ("focal-gamma", focalGamma, function.isFocal, "a focal cross-entropy"),
            ("focal-alpha", focalAlpha, function.isFocal, "a focal cross-entropy"),
        ]
        for owner in owners where owner.value != nil && !owner.fits {
            throw OptionError(owner.option, "it goes with \(owner.loss), not with --loss \(function.rawValue)")
        }
        var settings = Loss.Settings()
        settings.delta = huberDelta.map { Float($0) } ?? settings.delta
        settings.gamma = focalGamma.map { Float($0) } ?? settings.gamma
        settings.alpha = focalAlpha.map { Float($0) }
        return settings
    }

    /// A coordinator at the beginning of the run. `metrics`: see `EpochMetrics.names`.
    public func coordinator(stepsPerEpoch: Int, metrics: [String]) throws -> Coordinator {
        let plan = LearningRatePlan(
            base: baseLearningRate, schedule: schedule, scheduleStart: scheduleStart ?? 0, warmUp: warmUp,
            batchSize: batchSize, referenceBatchSize: referenceBatchSize, stepsPerEpoch: stepsPerEpoch, epochs: epochs,
            late: unfreezeAtEpoch.map { .init(fromEpoch: $0, factor: unfreezeRate ?? Self.defaultUnfreezeRate) },
            average: swa)
        var rollback = Rollback()
        rollback.factor = rollbackFactor ?? rollback.factor
        rollback.limit = rollbackLimit ?? rollback.limit
        return try Coordinator(
            plan: plan, plateau: reduceOnPlateau, earlyStopping: earlyStopping, saveBest: saveBest, rollback: rollback,
            metrics: metrics)
    }
}

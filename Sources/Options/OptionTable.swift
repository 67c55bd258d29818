import Basics
import Datasets
import Transforms
import Optimization
import Reduction

extension TrainingOptions {
    /// All options, in the order in which files and help show them. Paths are operational. What they lead to is
    /// compared instead: data by fingerprint, networks by configuration.
    public static let table: [OptionDeclaration] =
        network + transfer + data + augmentation + run + loss + OptionDeclaration.optimizer + decay + averages
        + steering
        + computation
        + output
        + tracing

    private static let network: [OptionDeclaration] = [
        .init(
            "classes", .network, .semantic, \.classes, "outputs of the model (default: the classes of the data)",
            .positive(atMost: 1 << 24)),
        .init(
            "input-size", .network, .semantic, \.inputSize,
            "size of the network's input, such as 224, 224x160 or 224x160x3 (default: the size of the samples; of encoded images, the model's usual size)"
        ),
        .init(
            "shortcut", .network, .semantic, \.shortcut,
            "projection (default) or identity: the shortcuts of resnet18, resnet34 and resnet-cifar-<depth>-v1 that change shape"
        ),
        .init(
            "hidden-units", .network, .semantic, \.hiddenUnits,
            "widths of the hidden layers of ann-regression, such as 64,64,64", .positive),
        .init(
            "dropout", .network, .semantic, \.dropout, "rate of all dropout layers (default: the model's rates)",
            .belowOne),
        .init(
            "stochastic-depth", .network, .semantic, \.stochasticDepth,
            "rate at which the last residual branch is left out of a sample, and earlier ones the less the earlier they are",
            .belowOne),
        .init(
            "zero-init-residual", .network, .semantic, \.zeroInitResidual,
            "begin with zeros in the gamma of each residual branch's last normalisation"),
    ]

    private static let transfer: [OptionDeclaration] = [
        .init(
            "replace-top", .network, .semantic, \.replaceTop,
            "replaces the model's classifier by a new one for so many classes", .positive(atMost: 1 << 24)),
        .init(
            "freeze", .network, .semantic, \.freeze,
            "layers that do not train: names or patterns, such as 'conv1*, conv2*' or '!top*' for all but some"),
        .init("train-only", .network, .semantic, \.trainOnly, "layers that train; all others do not"),
        .init(
            "unfreeze-at-epoch", .network, .semantic, \.unfreezeAtEpoch,
            "after so many epochs frozen layers train too, with a new optimizer and a lower rate", .positive),
        .init(
            "unfreeze", .network, .semantic, \.unfreeze,
            "with --unfreeze-at-epoch, the layers that then train besides (default: all that were frozen)"),
        .init(
            "unfreeze-rate", .network, .semantic, \.unfreezeRate,
            "with --unfreeze-at-epoch, what the learning rate is then multiplied by (default: \(defaultUnfreezeRate))",
            .positiveAtMostOne),
        .init(
            "rate-factor", .network, .semantic, \.rateFactor,
            "factors of the learning rate for layers, such as 'conv1*=0.1, conv2*=0.3'; the first pattern that fits decides"
        ),
        .init(
            "cache-features", .network, .semantic, \.cacheFeatures,
            "compute what the frozen layers before the first that trains make of each sample once, and keep it in each rank's memory"
        ),
    ]

    static let defaultUnfreezeRate = 0.1

    private static let data: [OptionDeclaration] = [
        .init(
            "model", .data, .operational, \.model,
            "a name from `dptrain models`, or a model file of Keras (.keras, .h5, .json), whose weights and compiled settings are used"
        ),
        .init("weights", .data, .operational, \.weights, "start with the weights of this file"),
        .init(
            "init-from", .data, .operational, \.initFrom,
            "start layers with the weights of this file, if name and shape are the same; the others start anew"),
        .init(
            "match", .data, .operational, \.match,
            "name, order or shape: how --init-from finds a layer in the file (default: name, and names in another order are refused)"
        ),
        .init(
            "data", .data, .operational, \.data,
            "HDF5 file to train on, or a folder of part files or a pattern in quotes, such as 'imagenet/*.h5'"),
        .init(
            "stage", .data, .operational, \.stage,
            "folder on each node's own disk: data files are copied there first, and the copies deleted at the end"),
        .init(
            "cache", .data, .operational, \.cache,
            "none (default), or ram: each rank keeps samples in memory once it has read and decoded them"),
        .init(
            "images", .data, .operational, \.images,
            "path of the images in the HDF5 file (default: found by name); for a model with several inputs one each, "
                + "left=train/a,right=train/b (default: /train and the input's name)"),
        .init(
            "labels", .data, .operational, \.labels,
            "path of the labels in the HDF5 file, or in another one, such as labels.h5:/y (default: found by name); for a model "
                + "with several outputs one each, digit=train/digit,angle=train/angle (default: /train and the output's name)"
        ),
        .init(
            "allow-external", .data, .operational, \.allowExternal,
            "allow data sets whose bytes lie in other files that are not HDF5"),
        .init(
            "channel-order", .data, .semantic, \.channelOrder,
            "auto, nhwc, nchw or ncwh (MATLAB): the order of an image's axes in the file"),
        .init(
            "targets", .data, .semantic, \.targets,
            "labels or values: what the numbers to learn are (default: what their name, type and the model say)"),
        .init(
            "label-offset", .data, .semantic, \.labelOffset, "the number of the first class in the file (default: 0)"),
        .init(
            "normalization", .data, .semantic, \.normalization,
            "auto (bytes divided by 255, floats unchanged), unchanged, unit (divided by 255), standardized (by mean and std of the "
                + "file), standardized-all, standardized-channel or standardized-pixel (by mean and deviation of the training samples, "
                + "which are read for it), centered-channel or centered-pixel (minus their mean), "
                + "unit-centered-pixel (divided as by auto besides), or Keras's caffe, tf or torch"
        ),
        .init(
            "value-range", .data, .semantic, \.valueRange,
            "the stored values that become 0 and 1, such as 0:4095, in place of --normalization"),
        .init(
            "validation-split", .data, .semantic, \.validationSplit,
            "part of the training samples that validates, if the file has no validation samples", .fraction),
        .init(
            "validation", .data, .semantic, \.validation,
            "what validates: last:0.1, stratified:0.1 (by class) or redrawn:0.1 (others in each epoch) of the training samples, if "
                + "the file has no validation samples; test or none (default: usual, which is validation samples, else "
                + "stratified:0.1 if there are test samples)"),
        .init(
            "fold", .data, .semantic, \.fold,
            "part of k-fold cross-validation, such as 2/5: this part of the training samples validates"),
        .init(
            "sample-weights", .data, .semantic, \.sampleWeights,
            "path in the HDF5 file of a weight for each training sample, which multiplies its loss"),
        .init(
            "sampling", .data, .semantic, \.sampling,
            "shuffled (default: every sample once an epoch) or balanced (all classes equally often)"),
        .init(
            "crop-fraction", .data, .semantic, \.cropFraction,
            "images are resized to the network's input divided by this, and its size is cut from their middle (default: 0.875 for encoded images; others are not resized)",
            .positiveAtMostOne),
        .init(
            "interpolation", .data, .semantic, \.interpolation,
            "bilinear (default) or bicubic: how images are resized, both without aliasing"),
        .init("shuffle", .data, .semantic, \.shuffle, "shuffle the samples in every epoch"),
    ]

    private static let augmentation: [OptionDeclaration] = [
        .init("augment", .augmentation, .semantic, \.augment, AugmentationList.grammar),
        .init(
            "repeated-augmentation", .augmentation, .semantic, \.repeatedAugmentation,
            "how often a batch has each of its samples, each time augmented otherwise; an epoch has so many fewer samples",
            .positive(atMost: 64)),
        .init(
            "size-schedule", .augmentation, .semantic, \.sizeSchedule,
            "size of training images by epoch, such as 0:128,10:160,20:224; validation has the size of the model's input"
        ),
    ]

    private static let run: [OptionDeclaration] = [
        .init("epochs", .run, .semanticIfScheduled, \.epochs, "number of epochs", .positive),
        .init(
            "batch-size", .run, .semantic, \.batchSize, "samples per step, over all ranks", .positive(atMost: 1 << 20)),
        .init("steps-per-epoch", .run, .semantic, \.stepsPerEpoch, "steps per epoch (default: all samples)", .positive),
        .init(
            "validation-steps", .run, .semantic, \.validationSteps, "batches to validate on (default: all)", .positive),
        .init("seed", .run, .semantic, \.seed, "seed of all random numbers", .tomlInteger),
        .init(
            "max-time", .run, .operational, \.maxTime,
            "time after which the run saves a checkpoint and stops, such as 90s, 45m or 1h30m, from the start of the process"
        ),
        .init(
            "stop-after-epoch", .run, .operational, \.stopAfterEpoch,
            "epoch of the run at whose end it saves a checkpoint and stops, to go on with --resume", .positive),
        .init(
            "overfit-batches", .run, .semantic, \.overfitBatches,
            "train on so many batches only, the first of the data, and validate on the same: a network that can learn gets them right",
            .positive),
    ]

    private static let loss: [OptionDeclaration] = [
        .init(
            "loss", .optimizer, .semantic, \.loss,
            "Keras's name of the loss, such as categorical_crossentropy or hinge (default: the model's loss)"),
        .init(
            "losses", .optimizer, .semantic, \.losses,
            "the loss of each output of a model with several, such as digit=categorical_crossentropy,angle=huber (default: the "
                + "model's losses, or what fits the targets)"),
        .init(
            "loss-weights", .optimizer, .semantic, \.lossWeights,
            "what the loss of each output counts in their sum, such as digit=1,angle=0.5 (default: 1)"),
        .init(
            "label-smoothing", .optimizer, .semantic, \.labelSmoothing,
            "part of each target that is spread evenly over all classes; for cross-entropies", .belowOne),
        .init(
            "huber-delta", .optimizer, .semantic, \.huberDelta,
            "difference from which --loss huber grows linearly (default: 1)", .positive),
        .init(
            "focal-gamma", .optimizer, .semantic, \.focalGamma,
            "how much less a focal loss counts samples that are classified well (default: 2)", .notNegative),
        .init(
            "focal-alpha", .optimizer, .semantic, \.focalAlpha,
            "factor of categorical_focal_crossentropy (default: 0.25); what binary_focal_crossentropy counts a yes, against "
                + "1 - alpha for a no (default: both the same)", .fraction),
        .init(
            "class-weights", .optimizer, .semantic, \.classWeights,
            "balanced, or weights of classes by number or name, such as 0:1,1:9, which multiply the loss of their training samples"
        ),
    ]

    private static let decay: [OptionDeclaration] = [
        .init("l2", .optimizer, .semantic, \.l2, "Keras's kernel regularizer: l2 * sum(w^2) in the loss", .notNegative),
        .init(
            "layer-penalties", .optimizer, .semantic, \.layerPenalties,
            "the regularizers that the layers of a Keras model have; a run takes them over where --l2 does not replace them"
        ),
        .weightDecay,
        .weightDecayOn,
        .init(
            "clip-norm", .optimizer, .semantic, \.clipNorm,
            "limit for the norm of each parameter's gradient (Keras's clipnorm)", .positive),
        .init(
            "global-clip-norm", .optimizer, .semantic, \.globalClipNorm,
            "limit for the norm of all gradients together (Keras's global_clipnorm)", .positive),
        .init(
            "clip-value", .optimizer, .semantic, \.clipValue,
            "limit for each element of a gradient (Keras's clipvalue)",
            .positive),
    ]

    private static let averages: [OptionDeclaration] = [
        .init(
            "earlier-updates", .optimizer, .semantic, \.earlierUpdates,
            "updates that the optimizer has made before the run (default: those of the Keras file given as --model, whose "
                + "state it then has; 0: it begins anew)", .count),
        .init(
            "lookahead", .optimizer, .semantic, \.lookahead,
            "slow weights around the optimizer (Zhang et al., 2019): \(Lookahead.grammar)"),
        .init(
            "ema", .optimizer, .semantic, \.ema,
            "momentum of a moving average of all weights and statistics, such as 0.999; validation and checkpoints then have the average",
            .belowOne),
        .init(
            "swa", .optimizer, .semantic, \.swa,
            "mean of the weights at the ends of epochs after the first start=EPOCHS, with statistics of its own; validation and "
                + "checkpoints then have the mean: \(StochasticAverage.grammar)"),
    ]

    private static let steering: [OptionDeclaration] = [
        .init(
            "learning-rate", .steering, .semantic, \.learningRate,
            "learning rate (default: Keras's default for the optimizer)",
            .positive),
        .init("schedule", .steering, .semantic, \.schedule, LearningRateSchedule.grammar),
        .init(
            "schedule-start", .steering, .semantic, \.scheduleStart,
            "step of the schedule with which the run begins (default: 0; the updates so far, if a Keras file has the schedule)",
            .count),
        .init(
            "warm-up", .steering, .semantic, \.warmUp,
            "length of the linear warm-up in epochs, or in steps, such as 500steps", .positive),
        .init(
            "reference-batch-size", .steering, .semantic, \.referenceBatchSize,
            "the batch size that the learning rate is meant for; the rate is scaled linearly to --batch-size", .positive
        ),
        .init("reduce-on-plateau", .steering, .semantic, \.reduceOnPlateau, ReduceOnPlateau.grammar),
        .init("early-stopping", .steering, .semantic, \.earlyStopping, EarlyStopping.grammar),
        .init("save-best", .steering, .semantic, \.saveBest, SaveBest.grammar),
        .init(
            "on-nan", .steering, .semantic, \.onNaN,
            "stop (default), skip or rollback (to the start of the epoch): what to do in a step whose loss or gradients are "
                + "not finite"),
        .init(
            "rollback-factor", .steering, .semantic, \.rollbackFactor,
            "what a rollback multiplies the learning rate by (default: \(Rollback().factor))", .fraction),
        .init(
            "rollback-limit", .steering, .semantic, \.rollbackLimit,
            "how often a run is rolled back at most (default: \(Rollback().limit))", .positive),
    ]

    private static let computation: [OptionDeclaration] = [
        .init(
            "shards", .computation, .semantic, \.shards,
            "number of parts that a batch is cut into; at least one per rank",
            .positive(atMost: 1 << 16)),
        .init("threads", .computation, .semantic, \.threads, "threads per rank", .positive(atMost: 1024)),
        .init(
            "readers", .computation, .operational, \.readers,
            "threads per rank that read, decode and transform samples (default: as many as there are processors to spare, up to 4, or one)",
            .positive(atMost: 256)),
        .init(
            "batch-norm", .computation, .semantic, \.batchNorm,
            "shard or global: whose samples batch normalisation takes its statistics from"),
        .init("engine", .computation, .semantic, \.engine, "onednn or blas"),
        .init("precision", .computation, .semantic, \.precision, "fp32 or bf16"),
        .init("reduction", .computation, .semantic, \.reduction, ExchangeKind.help),
        .init(
            "wire", .computation, .semantic, \.wire, "fp32, or bf16: gradients rounded before they are added and sent"),
        .init(
            "overlap", .computation, .operational, \.overlap,
            "progress (gradients travel during the backward pass) or none (after it)"),
        .init(
            "node-exchange", .computation, .operational, \.nodeExchange,
            "memory (ranks of a node add gradients where they lie) or messages (as between nodes)"),
        .init(
            "bucket-size", .computation, .operational, \.bucketSize,
            "KiB of gradients per message (default: an eighth of all, but 256 to 4096; more with many ranks)",
            .positive(atMost: (1 << 21) - 1)),
    ]

    private static let output: [OptionDeclaration] = [
        .init("output", .output, .operational, \.output, "folder for checkpoints and logs"),
        .init(
            "checkpoint-every-steps", .output, .operational, \.checkpointEverySteps,
            "steps between checkpoints (default: only at the ends of epochs)", .positive),
        .init(
            "checkpoint-every-epochs", .output, .operational, \.checkpointEveryEpochs, "epochs between checkpoints",
            .positive),
        .init(
            "checkpoint-every", .output, .operational, \.checkpointEvery,
            "time between checkpoints, such as 10min, besides those of steps and epochs"),
        .init(
            "keep", .output, .operational, \.keep, "number of step checkpoints to keep, besides latest and best",
            .positive),
        .init(
            "tensorboard", .output, .operational, \.tensorBoard,
            "on or off: event files for TensorBoard in the output folder"),
        .init(
            "progress", .output, .operational, \.progress,
            "bar (a live line), plain (a line an epoch, and every 30 s within it), none, or auto (a bar on a terminal)"),
    ]

    private static let tracing: [OptionDeclaration] = [
        .init(
            "trace", .tracing, .operational, \.trace,
            "JSON file for a timeline of all ranks, to be opened in Perfetto or chrome://tracing"),
        .init(
            "trace-steps", .tracing, .operational, \.traceSteps, "number of steps to trace, from the first",
            .positive(atMost: 100_000)),
    ]
}

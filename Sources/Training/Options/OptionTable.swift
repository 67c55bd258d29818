import Basics
import DataPipeline
import Optimization
import Reduction

extension TrainingOptions {
    /// All options, in the order in which files and help show them. Paths are operational. What they lead to is
    /// compared instead: data by fingerprint, networks by configuration.
    public static let table: [OptionDeclaration] =
        network + data + augmentation + run + loss + OptionDeclaration.optimizer + decay + steering + computation
        + output
        + tracing

    private static let network: [OptionDeclaration] = [
        .init(
            "classes", .network, .semantic, \.classes, "outputs of the model, if not those of the data",
            .positive(atMost: 1 << 24)),
        .init(
            "input-size", .network, .semantic, \.inputSize,
            "samples that the model must take, as 224, 224x160 or 224x160x3; those of the data if not given"),
        .init(
            "shortcut", .network, .semantic, \.shortcut,
            "projection (default) or identity, where a resnet18, resnet34 or resnet-cifar-<depth>-v1 changes shape"),
        .init(
            "hidden-units", .network, .semantic, \.hiddenUnits, "widths as in 64,64,64, of ann-regression", .positive),
        .init("dropout", .network, .semantic, \.dropout, "rate of all dropout layers, if not the model's", .belowOne),
    ]

    private static let data: [OptionDeclaration] = [
        .init("model", .data, .operational, \.model, "a name from `dptrain models`, or a Keras JSON file"),
        .init("weights", .data, .operational, \.weights, "file whose weights the run starts from"),
        .init(
            "init-from", .data, .operational, \.initFrom,
            "file whose weights start the layers of the same names and shapes; the others start anew"),
        .init("data", .data, .operational, \.data, "HDF5 file to train on"),
        .init("images", .data, .operational, \.images, "path of the samples in the file, where it is not found"),
        .init("labels", .data, .operational, \.labels, "path of the labels in the file, where it is not found"),
        .init(
            "allow-external", .data, .operational, \.allowExternal,
            "read data sets whose bytes lie in files that are no HDF5 files, and that the data file names"),
        .init("channel-order", .data, .semantic, \.channelOrder, "auto, nhwc or nchw"),
        .init(
            "normalization", .data, .semantic, \.normalization,
            "auto (bytes by 255, floats unchanged), unchanged, unit (by 255), standardized (the file's mean and std)"),
        .init(
            "validation-split", .data, .semantic, \.validationSplit,
            "fraction of the training samples kept for validation, where the file has none", .fraction),
        .init("shuffle", .data, .semantic, \.shuffle, "a new order every epoch"),
    ]

    private static let augmentation: [OptionDeclaration] = [
        .init("augment", .augmentation, .semantic, \.augment, AugmentationList.grammar)
    ]

    private static let run: [OptionDeclaration] = [
        .init("epochs", .run, .semanticIfScheduled, \.epochs, "epochs of the run", .positive),
        .init(
            "batch-size", .run, .semantic, \.batchSize, "samples of a step, over all ranks", .positive(atMost: 1 << 20)),
        .init("steps-per-epoch", .run, .semantic, \.stepsPerEpoch, "steps of an epoch, if not all data", .positive),
        .init("validation-steps", .run, .semantic, \.validationSteps, "batches to validate on, if not all", .positive),
        .init("seed", .run, .semantic, \.seed, "seed of all randomness", .tomlInteger),
    ]

    private static let loss: [OptionDeclaration] = [
        .init(
            "loss", .optimizer, .semantic, \.loss,
            "Keras's name, such as categorical_crossentropy or hinge; the model's own if not given"),
        .init(
            "label-smoothing", .optimizer, .semantic, \.labelSmoothing,
            "part of each target spread evenly over the classes, with a cross-entropy", .belowOne),
    ]

    private static let decay: [OptionDeclaration] = [
        .init("l2", .optimizer, .semantic, \.l2, "Keras's kernel regularizer: l2 * sum(w^2) in the loss", .notNegative),
        .weightDecay,
    ]

    private static let steering: [OptionDeclaration] = [
        .init(
            "learning-rate", .steering, .semantic, \.learningRate, "Keras's default for the optimizer if not given",
            .positive),
        .init("schedule", .steering, .semantic, \.schedule, LearningRateSchedule.grammar),
        .init("warm-up", .steering, .semantic, \.warmUp, "linear warm-up: epochs, or steps as in 500steps", .positive),
        .init(
            "reference-batch-size", .steering, .semantic, \.referenceBatchSize,
            "linear scaling: the learning rate is meant for this batch size and grows with batch-size", .positive),
        .init("reduce-on-plateau", .steering, .semantic, \.reduceOnPlateau, ReduceOnPlateau.grammar),
        .init("early-stopping", .steering, .semantic, \.earlyStopping, EarlyStopping.grammar),
        .init("save-best", .steering, .semantic, \.saveBest, SaveBest.grammar),
    ]

    private static let computation: [OptionDeclaration] = [
        .init(
            "shards", .computation, .semantic, \.shards, "parts a batch is cut into, at least as many as ranks",
            .positive(atMost: 1 << 16)),
        .init("threads", .computation, .semantic, \.threads, "threads of a rank", .positive(atMost: 1024)),
        .init("batch-norm", .computation, .semantic, \.batchNorm, "statistics of a shard or of the global batch"),
        .init("engine", .computation, .semantic, \.engine, "onednn or blas"),
        .init("precision", .computation, .semantic, \.precision, "fp32 or bf16"),
        .init("reduction", .computation, .semantic, \.reduction, ExchangeKind.help),
        .init(
            "wire", .computation, .semantic, \.wire, "fp32, or bf16: gradients rounded before they are added and sent"),
        .init(
            "overlap", .computation, .operational, \.overlap,
            "progress (gradients travel during the backward pass) or none (after it)"),
        .init(
            "bucket-size", .computation, .operational, \.bucketSize,
            "KiB of gradients sent at a time (default: an eighth of them, from 256 to 4096; more for many ranks)",
            .positive(atMost: (1 << 21) - 1)),
    ]

    private static let output: [OptionDeclaration] = [
        .init("output", .output, .operational, \.output, "folder for checkpoints and logs"),
        .init(
            "checkpoint-every-steps", .output, .operational, \.checkpointEverySteps, "also within epochs", .positive),
        .init(
            "checkpoint-every-epochs", .output, .operational, \.checkpointEveryEpochs, "epochs between checkpoints",
            .positive),
        .init("keep", .output, .operational, \.keep, "checkpoints kept besides latest and best", .positive),
    ]

    private static let tracing: [OptionDeclaration] = [
        .init(
            "trace", .tracing, .operational, \.trace,
            "JSON file for a timeline of all ranks, to be opened in Perfetto or chrome://tracing"),
        .init(
            "trace-steps", .tracing, .operational, \.traceSteps, "how many first steps it covers",
            .positive(atMost: 100_000)),
    ]
}

import Basics
import DataPipeline
import Datasets
import Execution
import Models
import Options
import Transforms

extension BatchSource {
    /// A data set as training goes through it. What is learnt by heart is not shuffled.
    package init(
        training samples: SampleSet, _ options: TrainingOptions, _ rule: Transforms.Normalization, readers: Int
    ) throws {
        let isShuffled = options.shuffle && options.overfitBatches == nil
        let transforms = try TransformChain(options.sampleTransforms, of: samples, seed: options.seed)
        self.init(
            samples, try InputPipeline(transforms, rule, further: samples.further), batch: options.batchSize,
            shards: options.shards,
            seed: isShuffled ? options.seed : nil, isBalanced: options.sampling == .balanced,
            repeats: options.repeatedAugmentation ?? 1)
        self.readers = readers
    }

    /// A data set as evaluation goes through it: in the file's order, with what stands for the transforms of training.
    package init(
        evaluating dataset: SampleSet, _ options: TrainingOptions, _ rule: Transforms.Normalization, readers: Int
    ) throws {
        let dataset = dataset.inEvaluation
        let transforms = try TransformChain(options.evaluationTransforms, of: dataset, seed: options.seed)
        self.init(
            dataset, try InputPipeline(transforms, rule, further: dataset.further), batch: options.batchSize,
            shards: options.shards)
        self.readers = readers
    }

    /// How the loss sees the targets.
    package func targetKind(for loss: Loss) -> TargetKind {
        guard dataset.heads.isEmpty || loss.heads.isEmpty else {
            return .row(zip(dataset.heads, loss.heads).map { $0.targetKind(for: $1.loss) })
        }
        let kind = input.output.targetKind
        return kind == .values && loss.function.asksEachOutput && dataset.targets.isMultiHot ? .flags : kind
    }
}

extension SampleSet {
    package var targetKind: TargetKind {
        if case .targets = targets { .values } else { .label }
    }

    /// A class number a sample; nil where there are none.
    package var labels: [Int32]? {
        if case .labels(let labels) = targets { labels } else { nil }
    }
}

extension SampleSpecification {
    /// The kind of targets for which plans are made.
    package var targetKind: TargetKind {
        switch targets {
        case .none, .label: .label
        case .shares: .shares
        case .values: .values
        }
    }

    /// How many classes labels tell apart, or how many target values a sample has.
    package var targetCount: Int {
        switch targets {
        case .none: 0
        case .label(let classes), .shares(let classes): classes
        case .values(let width): width
        }
    }
}

extension DatasetOptions {
    package init(_ options: TrainingOptions, demand: TargetDemand? = nil) {
        let order: Datasets.ChannelOrder? =
            switch options.channelOrder {
            case .auto: nil
            case .nhwc: .nhwc
            case .nchw: .nchw
            case .ncwh: .ncwh
            }
        self.init(
            images: options.images, labels: options.labels, order: order, allowsExternal: options.allowExternal)
        sampleWeights = options.sampleWeights
        targets = options.targets.map { $0 == .labels ? .labels : .targets }
        labelOffset = options.labelOffset
        self.demand = demand
    }
}

extension TrainingOptions {
    /// How samples become inputs, with a remark on it. A network with layers for `preprocessing` takes samples
    /// as they are stored, unless an option says otherwise. `measured` is the rule that was computed of the samples.
    package func normalizationRule(
        for file: DatasetFile, _ dataset: SampleSet, before preprocessing: [String],
        measured: Transforms.Normalization?
    ) throws -> (rule: Transforms.Normalization, note: String?) {
        if normalization == .auto, valueRange == nil {
            return preprocessing.isEmpty ? try dataset.standardNormalization() : (.unchanged, nil)
        }
        let rule = try measured ?? valueRange.map { .range($0) } ?? normalization.rule(for: file, dataset)
        let doubled =
            "the model prepares samples itself, in its layer \(preprocessing.listed("and")); "
            + "leave out --\(valueRange == nil ? "normalization" : "value-range") unless both are meant"
        return (rule, preprocessing.isEmpty || rule == .unchanged ? dataset.remark(on: rule) : doubled)
    }
}

extension TrainingOptions.Normalization {
    /// A rule that needs no training samples.
    package func rule(for file: DatasetFile, _ dataset: SampleSet) throws -> Transforms.Normalization {
        switch self {
        case .auto: return try dataset.standardNormalization().rule
        case .unchanged: return .unchanged
        case .unit: return .unit
        case .caffe: return .preprocessed(.caffe)
        case .tf: return .preprocessed(.tf)
        case .torch: return .preprocessed(.torch)
        case .standardized:
            guard let statistics = file.statistics else {
                throw OptionError(
                    "normalization",
                    "\(file.path) has no attributes mean and std to standardise by; use standardized-channel, which computes them"
                )
            }
            return .standardized(mean: statistics.mean, deviation: statistics.deviation)
        case .standardizedAll, .standardizedChannel, .standardizedPixel, .centeredChannel, .centeredPixel,
            .unitCenteredPixel:
            throw OptionError(
                "normalization",
                "\(rawValue) has numbers of the training samples, which a checkpoint keeps; leave it out to use the model's"
            )
        }
    }
}

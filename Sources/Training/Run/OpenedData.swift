import Basics
import DataSummary
import Datasets
import MessagePassing
import Options
import Sessions
import Transforms

/// The data of a run before it is known how samples are normalised, which may have to be measured first.
struct OpenedData {
    let options: TrainingOptions
    let path: String
    let file: DatasetFile
    /// As the samples are stored.
    let stored: TrainingData
    /// The same as the network takes them.
    let data: TrainingData
    /// What is trained on, with weights.
    let train: SampleSet
    /// Layers of the network that prepare samples themselves.
    let preprocessing: [String]
    /// How a resumed run has normalised.
    private let resumed: Normalization?

    /// `model` is the one that the options name. `resumed` is of a run that goes on.
    init(_ options: TrainingOptions, _ model: NamedModel?, resumed: ResumedState?) throws {
        guard let path = options.data else {
            throw TrainingError(
                "there is no data to train on; give an HDF5 file with --data, or make one with `dptrain data`")
        }
        (self.options, self.path, self.resumed) = (options, path, resumed?.normalization)
        file = try DatasetFile.open(path, options: DatasetOptions(options, model, resumed: resumed?.state))
        let input = { NetworkInput(options, model, resumed: resumed?.state?.network) }
        let chosen = try file.trainingData(options.validationRule, seed: options.seed)
        // What is learnt by heart validates too.
        stored = options.overfitBatches == nil ? chosen : chosen.byHeart
        data = try stored.map { try options.fitted($0, to: input) }
        train = try options.weighted(data.train)
        if case .none = train.targets { try train.requireTargets(.labels) }
        try train.requireSomeWeight()
        if options.sampling == .balanced, train.labels == nil {
            throw OptionError("sampling", "\(path) has no labels, so there are no classes to balance")
        }
        if let classes = options.classes {
            for samples in [data.train, data.validation].compactMap(\.self) {
                // One output tells two classes apart.
                try samples.requireLabels(below: max(2, classes), "--classes \(classes)")
            }
        }
        try data.validation?.requireTargets(data.train.targetKind == .label ? .labels : .targets)
        let network = model == nil ? resumed?.state?.network : model?.file?.network
        preprocessing = network?.preprocessingLayers ?? []
    }

    /// What is computed of the training samples, for rules that have numbers of theirs. The file's mean and deviation are those of rows
    /// that are kept back, too; so the others are measured.
    private var scan: (scope: MomentScope, divisor: ScanDivisor)? {
        if options.valueRange != nil { return nil }
        return options.normalization == .standardized && data.isHeldOut
            ? (.channel, .deviation) : options.normalization.scan
    }

    /// The statistics of the training samples that the rule needs; nil if it needs none. Each rank reads a part. Collective.
    func moments(_ session: Session) throws -> SampleMoments? {
        guard scan != nil, resumed == nil else { return nil }
        let (communicator, samples) = (session.communicator, data.train.inEvaluation)
        // What the ranks exchange has the same size on all of them.
        try communicator.agree(on: [
            SharedFact("training samples", "\(samples.count) of \(samples.specification)")
        ])
        let parts = ShardPartition(shards: SampleMoments.blocks, ranks: min(communicator.size, SampleMoments.blocks))
        let blocks = (0..<communicator.size).map { $0 < parts.ranks ? parts.shards(of: $0) : 0..<0 }
        var moments = try communicator.together {
            try SampleMoments(of: samples, blocks: blocks[communicator.rank], threads: session.readers)
        }
        let layout = try RankLayout(counts: blocks.map { $0.count * moments.sumsPerBlock })
        try moments.sums.withUnsafeMutableBufferPointer { try communicator.allGather(inPlace: $0, layout) }
        return moments
    }

    /// The rule, with a remark on it. Statistics are measured once: a run that is resumed goes on with its rule.
    func normalization(_ moments: SampleMoments?) throws -> (rule: Normalization, note: String?) {
        if scan != nil, let resumed { return (resumed, nil) }
        let measured = try scan.flatMap { scan in
            let divisor: Float? =
                switch scan.divisor {
                case .deviation: nil
                case .one: 1
                case .unit: try data.train.unitDivisor()
                }
            return moments?.standardization(by: scan.scope, over: divisor)
        }
        return try options.normalizationRule(for: file, data.train, before: preprocessing, measured: measured)
    }
}

/// What values are divided by once their mean is subtracted.
private enum ScanDivisor {
    case deviation, one
    /// What makes stored values 0 to 1.
    case unit
}

extension TrainingOptions.Normalization {
    fileprivate var scan: (scope: MomentScope, divisor: ScanDivisor)? {
        switch self {
        case .standardizedAll: (.all, .deviation)
        case .standardizedChannel: (.channel, .deviation)
        case .standardizedPixel: (.value, .deviation)
        case .centeredChannel: (.channel, .one)
        case .centeredPixel: (.value, .one)
        case .unitCenteredPixel: (.value, .unit)
        case .auto, .unchanged, .unit, .standardized, .caffe, .tf, .torch: nil
        }
    }
}

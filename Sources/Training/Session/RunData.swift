import DataPipeline
import Execution
import Basics

/// The data of a run: what is trained on, what validates, and how stored samples become inputs.
package struct RunData {
    package let train: SampleSet
    let validation: SampleSet?
    let explanation: String
    let fingerprint: String
    let normalization: Normalization
    private let normalizer: Normalizer
    private let path: String

    package init(_ options: TrainingOptions) throws {
        guard let path = options.data else {
            throw TrainingError(
                "there is no data to train on; give an HDF5 file with --data, or make one with `dptrain data`")
        }
        self.path = path
        let file = try DatasetFile.open(path, options: DatasetOptions(options))
        let data = try file.trainingData(validationSplit: options.validationSplit)
        train = data.train
        validation = data.validation
        explanation = data.explanation
        if case .none = train.targets { try train.requireTargets(.labels) }
        try validation?.requireTargets(train.targetKind == .label ? .labels : .targets)
        let rule = try options.normalization.rule(for: file, train)
        normalizer = try Normalizer(rule, for: train)
        normalization = rule
        fingerprint = try file.fingerprint().description
    }

    var classNames: [String] { train.classNames ?? [] }

    var targetKind: TargetKind { train.targetKind }

    var loader: SampleLoader { SampleLoader(normalizer: normalizer, targets: targetKind, width: train.targetWidth) }

    var description: String {
        let kind = targetKind == .label ? "\(train.classes) classes" : "\(train.targetWidth) target values"
        return "\(path): \(train.count) samples of \(train.sample), \(kind)"
    }
}

extension SampleSet {
    package var targetKind: TargetKind {
        if case .targets = targets { .values } else { .label }
    }

    /// A class number a sample; nil where there are none.
    var labels: [Int32]? {
        if case .labels(let labels) = targets { labels } else { nil }
    }

    /// Target values a sample; 1 for labels.
    package var targetWidth: Int {
        if case .targets(_, let width) = targets { width } else { 1 }
    }
}

extension Normalizer {
    /// Made ready for a data set whose samples the rule must fit.
    package init(_ rule: Normalization, for dataset: SampleSet) throws {
        guard let normalizer = Normalizer(rule, sample: dataset.sample) else {
            throw TrainingError(
                "\(dataset.file): the normalization `\(rule)` does not fit samples of \(dataset.sample)")
        }
        self = normalizer
    }
}

extension DatasetOptions {
    package init(_ options: TrainingOptions) {
        let order: DataPipeline.ChannelOrder? =
            switch options.channelOrder {
            case .auto: nil
            case .nhwc: .nhwc
            case .nchw: .nchw
            }
        self.init(images: options.images, labels: options.labels, order: order)
    }
}

extension TrainingOptions.Normalization {
    package func rule(for file: DatasetFile, _ dataset: SampleSet) throws -> DataPipeline.Normalization {
        switch self {
        case .auto: return .standard(for: dataset.source.form)
        case .unchanged: return .unchanged
        case .unit: return .unit
        case .standardized:
            guard let statistics = file.statistics else {
                throw OptionError(
                    "normalization", "\(file.path) has no attributes mean and std to standardise by; use unit")
            }
            return .standardized(mean: statistics.mean, deviation: statistics.deviation)
        }
    }
}

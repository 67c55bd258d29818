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
    /// How samples that are trained on become inputs of the network.
    package let input: InputPipeline
    /// The same for validation samples, which are not augmented.
    let validationInput: InputPipeline?
    private let augmentations: AugmentationList?
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
        if let classes = options.classes {
            for samples in [train, validation].compactMap(\.self) {
                // One output tells two classes apart.
                try samples.requireLabels(below: max(2, classes), "--classes \(classes)")
            }
        }
        try validation?.requireTargets(train.targetKind == .label ? .labels : .targets)
        let rule = try options.normalization.rule(for: file, train)
        input = try InputPipeline(
            TransformChain(options.augment?.transforms ?? [], of: train, seed: options.seed), rule)
        validationInput = try validation.map {
            try InputPipeline(TransformChain(options.augment?.inEvaluation ?? [], of: $0, seed: options.seed), rule)
        }
        augmentations = options.augment
        normalization = rule
        fingerprint = try file.fingerprint().description
        precondition(
            validationInput.map { $0.output.targetKind == targetKind } ?? true,
            "what stands for a transform in evaluation makes the same kind of targets")
    }

    var warnings: [String] {
        train.classCounts?.warning.map { ["\(path): \($0)"] } ?? []
    }

    var classNames: [String] { train.classNames ?? [] }

    var targetKind: TargetKind { input.output.targetKind }

    var description: String {
        let kind =
            train.targetKind == .label ? "\(train.classes) classes" : "\(train.specification.targetCount) target values"
        return "\(path): \(train.count) samples of \(train.sample), \(kind)" + (augmentations.map { ", \($0)" } ?? "")
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
}

extension SampleSpecification {
    /// The kind of targets for which plans are made.
    package var targetKind: TargetKind {
        if case .values = targets { .values } else { .label }
    }

    /// How many classes labels tell apart, or how many target values a sample has.
    var targetCount: Int {
        switch targets {
        case .none: 0
        case .label(let classes): classes
        case .values(let width): width
        }
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
        self.init(
            images: options.images, labels: options.labels, order: order, allowsExternal: options.allowExternal)
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

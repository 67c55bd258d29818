import Basics
import DataPipeline
import Datasets
import Sessions
import Transforms
import Execution
import Models
import Options

/// The samples that a model is evaluated on, made into inputs as those it was trained on.
struct EvaluationData {
    let source: BatchSource
    /// Of test-time augmentation: the same samples through each view, and how much it counts.
    let views: [(samples: BatchSource, weight: Float)]
    /// May serve the next model too.
    let opened: OpenedFile
    let normalization: Transforms.Normalization

    var dataset: SampleSet { source.dataset }
    var fingerprint: String { opened.fingerprint }

    /// A data file as it is understood for a model, and its fingerprint, for which its samples are read.
    struct OpenedFile {
        fileprivate let understanding: DatasetOptions
        fileprivate let file: DatasetFile
        fileprivate let fingerprint: String
    }

    /// `earlier` is the file as the model before it took it.
    init(
        _ request: EvaluationRequest, _ options: TrainingOptions, _ model: EvaluationModel, readers: Int,
        after earlier: OpenedFile?
    ) throws {
        var understanding = DatasetOptions(options, demand: TargetDemand(model.network, model.lossFunction))
        understanding.classNames = model.classNames.isEmpty ? nil : model.classNames
        try understanding.take(inputsAndHeadsOf: model.network, options)
        // Weights belong to the rows that the run kept back, and to no others that are evaluated.
        let isValidation = request.split == .validation && options.validationRule.isOfTrainingSamples
        if !isValidation { understanding.sampleWeights = nil }
        if let earlier, earlier.understanding == understanding {
            opened = earlier
        } else {
            let file = try DatasetFile.open(request.data, options: understanding)
            opened = OpenedFile(
                understanding: understanding, file: file, fingerprint: try file.fingerprint().description)
        }
        let file = opened.file
        // Samples that were named explicitly are those of the train split.
        let split = request.split ?? (request.images != nil ? .train : file.usualSplit)
        let stored =
            try split == .validation ? Self.validation(of: file, options, model, opened.fingerprint) : file.split(split)
        let dataset = try options.fitted(stored, to: { NetworkInput(model.network) })
        let chosen = request.normalization == .auto ? nil : request.normalization
        normalization = try chosen?.rule(for: file, dataset) ?? Self.rule(of: model, for: dataset)
        source = try BatchSource(evaluating: dataset, options, normalization, readers: readers)
        try model.network.requireFit(to: source)
        views = try request.testTimeAugmentation?.sources(source, options) ?? []
    }

    /// What validated the model in training: the file's validation split, or the rows that the run kept back.
    private static func validation(
        of file: DatasetFile, _ options: TrainingOptions, _ model: EvaluationModel, _ fingerprint: String
    ) throws -> SampleSet {
        guard let training = model.training, options.validationRule != .automatic else {
            return try file.split(.validation)
        }
        let data = try file.trainingData(options.validationRule, seed: options.seed)
        guard let validation = data.validation else {
            throw DatasetError(
                file: file.path, "it has no validation samples, and the run of \(model.file) kept back none",
                remedy: "name another --split")
        }
        let isOfTrainingRows = data.isHeldOut || validation.isRedrawn
        guard !isOfTrainingRows || fingerprint == training.dataFingerprint else {
            throw DatasetError(
                file: file.path, "the run of \(model.file) kept back rows, but they are those of other data",
                remedy: "give the data that it was trained on, or name another --split")
        }
        return validation.inEpoch(training.lastEpoch)
    }

    private static func rule(of model: EvaluationModel, for dataset: SampleSet) throws -> Transforms.Normalization {
        if let rule = try model.normalization(of: dataset) { return rule }
        let isBytes = dataset.source.form == .bytes
        throw DatasetError(
            file: dataset.file, object: dataset.source.dataset.path,
            "its samples are \(isBytes ? "bytes" : "floats"), those that \(model.file) was trained on were "
                + (isBytes ? "floats" : "bytes"),
            remedy: "say how they become inputs with --normalization unit (by 255) or unchanged")
    }

    /// What must be so for a loss to be computed.
    func requireTargets(for model: EvaluationModel, _ loss: Loss) throws {
        if case .none = dataset.targets { try dataset.requireTargets(.labels) }
        try model.network.requireOneClass(of: dataset, for: loss)
        try model.network.requireTargets(of: source, for: loss)
        guard let names = dataset.classNames, !model.classNames.isEmpty, names != model.classNames else { return }
        throw DatasetError(
            file: dataset.file, object: dataset.targetsPath,
            "its classes are \(names.listed(atMost: 5)), those of \(model.file) are \(model.classNames.listed(atMost: 5))",
            remedy: "evaluate with data of the same classes in the same order")
    }
}

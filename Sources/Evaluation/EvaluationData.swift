import DataPipeline
import Execution
import Models
import Training

/// The samples that a model is evaluated on, made into inputs as those it was trained on.
struct EvaluationData {
    let dataset: SampleSet
    let loader: SampleLoader
    let fingerprint: String
    let normalization: DataPipeline.Normalization

    init(_ request: EvaluationRequest, _ options: TrainingOptions, _ model: EvaluationModel) throws {
        let file = try DatasetFile.open(request.data, options: DatasetOptions(options))
        let dataset = try file.split(request.split ?? Self.usualSplit(of: file, request))
        let transforms = try TransformChain(options.augment?.inEvaluation ?? [], of: dataset, seed: options.seed)
        try model.network.requireFit(to: transforms)
        self.dataset = dataset
        fingerprint = try file.fingerprint().description
        normalization = try Self.rule(request, options, model, file, dataset)
        loader = SampleLoader(try InputPipeline(transforms, normalization))
    }

    /// Samples that were named explicitly are those of the train split.
    private static func usualSplit(of file: DatasetFile, _ request: EvaluationRequest) -> Split {
        if request.images != nil { return .train }
        return [.test, .validation].first { file.splits[$0] != nil } ?? .train
    }

    private static func rule(
        _ request: EvaluationRequest, _ options: TrainingOptions, _ model: EvaluationModel, _ file: DatasetFile,
        _ dataset: SampleSet
    ) throws -> DataPipeline.Normalization {
        if let chosen = request.normalization { return try chosen.rule(for: file, dataset) }
        guard let rule = model.normalization else { return .standard(for: dataset.source.form) }
        // A rule that followed from the form of the samples says nothing about those of another form.
        guard options.normalization != .auto || rule == .standard(for: dataset.source.form) else {
            let isBytes = dataset.source.form == .bytes
            throw DatasetError(
                file: file.path, object: dataset.source.dataset.path,
                "its samples are \(isBytes ? "bytes" : "floats"), those that \(model.file) was trained on were "
                    + (isBytes ? "floats" : "bytes"),
                remedy: "say how they become inputs with --normalization unit (by 255) or unchanged")
        }
        return rule
    }

    /// What must be so for a loss to be computed.
    func requireTargets(for model: EvaluationModel, _ loss: Loss) throws {
        if case .none = dataset.targets { try dataset.requireTargets(.labels) }
        try model.network.requireTargets(of: loader.input.output, for: loss)
        guard let names = dataset.classNames, !model.classNames.isEmpty, names != model.classNames else { return }
        throw DatasetError(
            file: dataset.file, object: dataset.targetsPath,
            "its classes are \(Self.list(names)), those of \(model.file) are \(Self.list(model.classNames))",
            remedy: "evaluate with data of the same classes in the same order")
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ... (\(names.count))" : "")
    }
}

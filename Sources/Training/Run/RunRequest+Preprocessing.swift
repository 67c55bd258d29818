import Basics
import Datasets
import Interchange
import Models
import Options
import Sessions
import Transforms

extension RunRequest {
    /// How colours are prepared for the weights that the run begins with, where no option says it: as the network's authors did it,
    /// if the file is as they publish it. Nil where the file does not show it, where a layer of the network prepares samples, and
    /// where samples are not stored as bytes of three colours: of floats nobody knows what was done to them before.
    func preprocessing(of model: NamedModel?) throws -> (setting: KerasCompilation.Setting, note: String)? {
        guard given.isDisjoint(with: ["normalization", "value-range"]), options.normalization == .auto,
            options.valueRange == nil,
            model?.file?.network.preprocessingLayers.isEmpty ?? true,
            let weights = try initialWeights(of: model), let pretrained = weights.pretrained, pretrained.isAsPublished,
            let rule = Normalization(pretrained.normalization), try holdsColors(model)
        else { return nil }
        let note =
            "\(weights.path): \(pretrained.taker) values that are \(rule.explanation), so this run's are; --normalization unit would "
            + "divide them by 255"
        return (("normalization", pretrained.normalization), note)
    }

    /// The file that has most of them.
    private func initialWeights(of model: NamedModel?) throws -> KerasWeightsFile? {
        try (options.initFrom ?? options.weights).map { try KerasWeightsFile($0) } ?? model?.file?.weights
    }

    private func holdsColors(_ model: NamedModel?) throws -> Bool {
        guard let path = options.data else { return false }
        let understanding = try DatasetOptions(options, model, resumed: nil)
        return try DatasetFile.open(path, options: understanding).split(.train).holdsColors
    }
}

extension SampleSet {
    /// Whether they are bytes of red, green and blue, or become so.
    package var holdsColors: Bool {
        source.form == .bytes && (isEncoded || source.storedShape.rank == 3 && source.storedShape[2] == 3)
    }
}

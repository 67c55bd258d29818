import Basics
import Checkpoints
import DataPipeline
import Datasets
import Execution
import FoundationEssentials
import Interchange
import Models
import ModelZoo
import Options
import Sessions
import Transforms

/// What a run starts from.
struct RunStart {
    /// An array a parameter, in the network's order.
    var weights: [[Float]]
    /// Of an optimizer that has made updates before the run; nil for one that begins anew.
    var slots: [OptimizerState.Slot]?
    /// Where the weights come from, in sentences for the user.
    var lines: [String] = []
    var warnings: [String] = []
}

/// The network of a run, its loss, and the weights it starts from.
package struct ModelDefinition {
    package let network: Network
    let loss: Loss
    private let layersFromShallower: Set<String>?
    /// The file that has the model, and perhaps its weights.
    private let file: KerasModelFile?
    /// The network before its classifier was replaced.
    private let original: Network

    /// From the zoo or a file of Keras (`named`), for the data at hand; a resumed run's is in its checkpoint.
    package init(_ options: TrainingOptions, _ named: NamedModel?, _ data: RunData, resumed: RunState?) throws {
        var layersFromShallower: Set<String>?
        file = named?.file
        if let named {
            original = try named.network(options) { Self.complete(&$0, $1, data, options) }
            var network = try options.freezing(
                options.replacingTop(of: original), isUnfrozen: resumed.map { options.isUnfrozen($0.position) } ?? false
            )
            let isMultiHot = data.training.dataset.targets.isMultiHot
            let areQuestions = isMultiHot || data.targetKind == .shares
            if case .zoo = named, areQuestions, options.loss?.asksEachOutput ?? false {
                network = try network.endingInSigmoid()
            }
            self.network = network
            var usual = network.usualLoss(for: isMultiHot ? .flags : data.targetKind)
            if case .zoo(let model) = named {
                if options.replaceTop == nil { usual = model.loss.function }
                layersFromShallower = model.layersFromShallower
            }
            if network.heads.isEmpty {
                let function = try options.loss(usual: usual)
                loss = network.loss(
                    function, labelSmoothing: Float(options.labelSmoothing),
                    settings: try options.lossSettings(of: function))
            } else {
                loss = try options.loss(of: network, data.training.dataset.heads)
            }
        } else if let resumed {
            (network, loss, original) = (resumed.network, resumed.loss, resumed.network)
        } else {
            throw TrainingError(
                "there is no model to train; give --model with a name from `dptrain models`, or a file of Keras")
        }
        self.layersFromShallower = layersFromShallower
        guard network.trainableParameterCount > 0 else {
            throw NetworkError(network: network.name, layer: nil, reason: "it has no weights to train")
        }
        for phase in data.phases {
            let sized = options.sizeSchedule == nil ? network : try network.taking(phase.source.input.output.shape)
            try sized.requireFit(to: phase.source)
        }
        for source in [data.training, data.validation].compactMap(\.self) {
            try network.requireFit(to: source)
            try network.requireOneClass(of: source.dataset, for: loss)
            try network.requireTargets(of: source, for: loss)
        }
    }

    /// The image size and the number of classes are the data's if no option sets them.
    private static func complete(
        _ variations: inout ModelOptions, _ model: ZooModel, _ data: RunData, _ options: TrainingOptions
    ) {
        let samples = data.training.input.output
        let hasOwnOutputs = !model.loss.function.isOfClasses && data.targetKind != .values
        if !hasOwnOutputs && options.replaceTop == nil {
            variations.classes = variations.classes ?? samples.targetCount
        }
        variations.input = variations.input ?? samples.shape
    }

    /// The file that the weights of a new run come from, all or some of them; nil for those that the seed gives.
    func weightsFile(_ options: TrainingOptions) -> String? {
        options.weights ?? options.initFrom ?? (file?.weights == nil ? nil : file?.path)
    }

    /// What a new run starts from, whose samples become inputs by `rule`.
    func start(_ options: TrainingOptions, _ rule: Transforms.Normalization) throws -> RunStart {
        let source = try options.weights.map { try KerasWeightsFile($0) } ?? file?.weights
        var start = RunStart(weights: try startingWeights(source, options))
        if options.takesOptimizerState { start.slots = try slots(options) }
        if let source { start.warnings = warnings(of: source, rule) }
        guard let path = options.initFrom else { return start }
        let initial = try KerasWeightsFile(path)
        let found = try initial.start(start.weights, of: network, by: options.match, ofShallower: layersFromShallower)
        (start.weights, start.lines) = (found.weights, found.lines)
        start.warnings = warnings(of: initial, rule)
        return start
    }

    /// Of weights that were trained on samples that were prepared otherwise.
    private func warnings(of weights: KerasWeightsFile, _ rule: Transforms.Normalization) -> [String] {
        guard let pretrained = weights.pretrained, let usual = Transforms.Normalization(pretrained.normalization),
            usual != rule, network.preprocessingLayers.isEmpty
        else { return [] }
        // Each by the numbers of its own data.
        if case .standardized = usual, case .standardized = rule { return [] }
        return [
            "\(weights.path): \(pretrained.taker) values that are \(usual.explanation), but this run's are "
                + rule.explanation
                + (KerasPreprocessing(rawValue: pretrained.normalization) == nil
                    ? "" : "; give --normalization \(pretrained.normalization)")
        ]
    }

    /// Those of the optimizer of a compiled file, if it has made updates.
    private func slots(_ options: TrainingOptions) throws -> [OptimizerState.Slot]? {
        try file?.optimizerVariables()?.slots(of: options.algorithm, in: network)
    }

    /// Those of `source`; new ones where there are none, and for layers that were replaced.
    private func startingWeights(_ source: KerasWeightsFile?, _ options: TrainingOptions) throws -> [[Float]] {
        guard let stored = try source?.weights(for: original) else { return try newWeights(seed: options.seed) }
        let isStored = network.parameters.map { network.nodes[$0.node].name == original.nodes[$0.node].name }
        guard isStored.contains(false) else { return stored }
        let new = try newWeights(seed: options.seed)
        return new.indices.map { isStored[$0] ? stored[$0] : new[$0] }
    }

    private func newWeights(seed: UInt64) throws -> [[Float]] {
        try network.requireKnownInitializers()
        return Replica.initialWeights(of: network, seed: seed)
    }
}

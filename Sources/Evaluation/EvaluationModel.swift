import Basics
import Checkpoints
import Datasets
import Execution
import HDF5Storage
import Interchange
import Models
import ModelZoo
import Options
import Transforms

/// A trained model as its file has it: a checkpoint, or a model that Keras saved.
struct EvaluationModel {
    let file: String
    let network: Network
    let weights: [[Float]]
    /// What it was trained with; the defaults where Keras trained it.
    let options: TrainingOptions
    /// Empty where the file does not name them.
    let classNames: [String]
    /// The data it was trained on, and the epoch that it was trained in last, from 0; nil where Keras trained it.
    let training: (dataFingerprint: String, lastEpoch: Int)?
    /// Whether its samples were images that were decoded, resized and cut.
    let samplesAreDecoded: Bool
    private let loss: KnownLoss
    /// Nil where Keras trained it.
    private let normalization: Transforms.Normalization?
    /// Of weights as the network's authors publish them: how they prepare colours.
    private let pretrained: (taker: String, rule: Transforms.Normalization)?

    private enum KnownLoss {
        case own(Loss)
        /// As Keras's `training_config` has it; nil for a model that was not compiled. With the weights of several outputs.
        case keras(JSONValue?, weights: JSONValue?)
    }

    /// `file` names the bytes in errors. `given` are options for a model that Keras trained: the size of samples where it leaves that
    /// open, and what says that its outputs have targets of their own.
    init(_ bytes: [UInt8], file: String, _ given: TrainingOptions = TrainingOptions()) throws {
        self.file = file
        if FileSeal.isSealed(bytes) {
            let state = try CheckpointCodec.decode(bytes, file: file)
            (network, weights, classNames, pretrained) = (state.network, state.weights, state.classNames, nil)
            samplesAreDecoded = state.samplesAreDecoded
            let position = state.position
            training = (state.dataFingerprint, position.step > 0 ? position.epoch : max(position.epoch - 1, 0))
            loss = .own(state.loss)
            guard let rule = Transforms.Normalization(state.normalization) else {
                throw FileError(
                    .content, file: file, "its normalization `\(state.normalization)` is unknown",
                    remedy: "use the newer dptrain that wrote it")
            }
            normalization = rule
            var options = TrainingOptions()
            for (name, value) in state.options { try options.set(name, to: value) }
            self.options = options
            return
        }
        let model = try KerasModelFile(bytes, path: file, inputSize: given.inputSize?.extents)
        guard let stored = model.weights else {
            throw FileError(
                .content, file: file, "it is a network without weights",
                remedy: "give a checkpoint, or a file of Keras's model.save")
        }
        network = try given.separatingOutputs(of: model.network)
        weights = try stored.weights(for: network)
        loss = .keras(model.compilation?.loss, weights: model.compilation?.lossWeights)
        (normalization, classNames, training, samplesAreDecoded) = (nil, [], nil, false)
        let published =
            network.preprocessingLayers.isEmpty ? stored.pretrained.flatMap { $0.isAsPublished ? $0 : nil } : nil
        pretrained = published.flatMap { found in
            Transforms.Normalization(found.normalization).map { (found.taker, $0) }
        }
        var options = TrainingOptions()
        options.l2 = network.penalties.l2
        if !network.penalties.others.isEmpty { options.layerPenalties = true }
        self.options = options
    }

    /// How samples in this form are normalised: as in training, or by the standard rule if Keras trained the model. Nil if the
    /// rule followed from the other form.
    func normalization(of form: SampleForm, sample: Shape) -> Transforms.Normalization? {
        if let pretrained, form == .bytes, sample.rank == 3, sample[2] == 3 { return pretrained.rule }
        let usual = preparesSamples ? .unchanged : Transforms.Normalization.standard(for: form)
        guard let normalization, normalization != usual else { return usual }
        let isChosen = options.normalization != .auto || options.valueRange != nil
        return isChosen ? normalization : nil
    }

    /// The same for a data set. Wider integers may be what training had as bytes, or as wider integers.
    func normalization(of dataset: SampleSet) throws -> Transforms.Normalization? {
        guard dataset.source.holdsWideIntegers else {
            return normalization(of: dataset.source.form, sample: dataset.sample)
        }
        return try normalization ?? (preparesSamples ? .unchanged : dataset.standardNormalization().rule)
    }

    /// What to know of a loss on samples that became inputs by `rule`.
    func notes(on rule: Transforms.Normalization) -> [String] {
        var notes: [String] = []
        if let pretrained, rule == pretrained.rule {
            notes.append("\(pretrained.taker) values that are \(rule.explanation), so these are")
        }
        let penalties = penaltiesLeftOut
        if !penalties.isEmpty {
            notes.append("the loss leaves out penalties that Keras adds: \(penalties.listed(atMost: 3))")
        }
        return notes
    }

    /// Penalties that Keras would add to the loss.
    private var penaltiesLeftOut: [String] {
        options.layerPenalties ?? false ? network.penalties.unknown : network.penalties.others
    }

    /// Whether the network itself makes inputs of stored samples.
    private var preparesSamples: Bool { !network.preprocessingLayers.isEmpty }

    /// What it was trained to minimise, if its file says so in words that are known.
    var lossFunction: Loss.Function? {
        switch loss {
        case .own(let loss): loss.function
        case .keras(let description, _): description.flatMap { try? Loss(keras: $0, of: network) }?.function
        }
    }

    /// What the model was trained to minimise; where its file does not say, what fits the data's targets.
    func loss(on dataset: SampleSet) throws -> Loss {
        switch loss {
        case .own(let loss): return loss
        case .keras(nil, _) where !network.heads.isEmpty, .keras(.null, _) where !network.heads.isEmpty:
            return try options.loss(of: network, dataset.heads)
        case .keras(nil, _), .keras(.null, _):
            return network.loss(network.usualLoss(for: dataset.targets.isMultiHot ? .flags : dataset.targetKind))
        case .keras(let description?, let weights):
            do {
                guard network.heads.isEmpty else {
                    return try Loss(keras: description, weights: weights, ofHeadsOf: network)
                }
                return try Loss(keras: description, of: network)
            } catch {
                throw FileError(.content, file: file, error.reason, remedy: "`dptrain predict` needs no loss")
            }
        }
    }

    /// What its outputs stand for: where the data has targets, they tell classes from values; else what it was trained
    /// with does.
    func meaning(on dataset: SampleSet) -> Predictions.Meaning {
        guard network.heads.isEmpty else { return .values }
        let last = network.nodes[network.nodes.count - 1].layer.activation
        let givesProbabilities = last == .softmax || last == .sigmoid
        let isRegression =
            switch dataset.targets {
            case .targets: !(dataset.targets.isMultiHot && givesProbabilities)
            case .labels: false
            case .none:
                classNames.isEmpty && !givesProbabilities && (try? loss(on: dataset))?.function.isOfValues ?? false
            }
        if isRegression { return .values }
        return network.outputShape.count > 1 ? .classes : .twoClasses(isProbability: givesProbabilities)
    }

    /// What each of several outputs stands for. Where the data has no targets, the loss of a checkpoint says it, or the activation.
    func heads(on dataset: SampleSet) -> [Predictions.Head] {
        var (first, target) = (0, 0)
        return network.heads.enumerated().map { number, node in
            let width = network.shapes[node].count
            let known = dataset.heads.isEmpty ? nil : dataset.heads[number]
            defer { (first, target) = (first + width, target + (known?.width ?? 0)) }
            let isOfClasses: Bool
            if let known {
                isOfClasses = if case .label = known.kind { true } else { false }
            } else if case .own(let loss) = loss, number < loss.heads.count {
                isOfClasses = loss.heads[number].loss.function.isOfClasses
            } else {
                isOfClasses = network.nodes[node].layer.activation == .softmax
            }
            let classes =
                width > 1 ? Predictions.Meaning.classes : .twoClasses(isProbability: network.givesProbabilities(node))
            return Predictions.Head(
                name: network.nodes[node].name, columns: first..<first + width,
                meaning: isOfClasses ? classes : .values,
                decision: network.decision(of: node), classNames: known?.classNames ?? [],
                target: known == nil ? nil : target)
        }
    }

    /// Refuses a model whose predictions cannot be averaged with those of `other`.
    func requireOutputs(like other: EvaluationModel) throws {
        let (mine, theirs) = (network.outputShape, other.network.outputShape)
        guard mine == theirs, network.decision == other.network.decision else {
            throw FileError(
                .content, file: file,
                mine == theirs
                    ? "its best output is the \(network.decision.rawValue), that of \(other.file) the "
                        + "\(other.network.decision.rawValue)"
                    : "it has \(mine) outputs, \(other.file) has \(theirs)",
                remedy: "average models with the same outputs")
        }
        guard network.headNames == other.network.headNames, network.outputCount == other.network.outputCount else {
            throw FileError(
                .content, file: file, "its outputs are not those of \(other.file)",
                remedy: "average models with the same outputs")
        }
        guard classNames == other.classNames || classNames.isEmpty || other.classNames.isEmpty else {
            throw FileError(
                .content, file: file, "its classes are not those of \(other.file), or in another order",
                remedy: "average models that were trained on the same classes")
        }
    }
}

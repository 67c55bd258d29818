import DataPipeline
import Datasets
import Sessions
import Transforms
import DataSummary
import Execution
import ModelZoo
import Models
import Basics
import Options

/// The data of a run: what is trained on, what validates, and how stored samples become inputs.
package struct RunData {
    /// Samples as the network takes them.
    package private(set) var training: BatchSource
    /// The same samples in the sizes of `--size-schedule`; one phase with `training` where there is none.
    package private(set) var phases: [Phase]
    /// Neither augmented nor shuffled.
    private(set) var validation: BatchSource?
    /// Which samples serve as validation, in words.
    let explanation: String
    let fingerprint: String
    let normalization: Normalization
    /// Layers of the network that prepare samples themselves.
    private let preprocessing: [String]
    private let path: String
    private let file: DatasetFile
    /// Where samples are features of a frozen body.
    private var origin: FeatureOrigin?
    /// Notices that the file is written to while the run uses it.
    let watch: DatasetWatch

    /// What the user should know of how the data were understood.
    let notes: [String]

    /// Epochs in which training samples have one size.
    package struct Phase {
        /// The first of them, from 0.
        let begin: Int
        package let source: BatchSource
    }

    /// What features are computed from, and what is to be said of it.
    private struct FeatureOrigin {
        let training: BatchSource
        let validation: BatchSource?
        let inputText: String
        let description: String
    }

    /// `moments` are those that the data ask for. `readers` are the threads of each reader.
    init(_ opened: OpenedData, _ moments: SampleMoments?, readers: Int) throws {
        let (options, data) = (opened.options, opened.data)
        (path, file, preprocessing) = (opened.path, opened.file, opened.preprocessing)
        explanation = data.explanation
        let (rule, note) = try opened.normalization(moments)
        let unused = file.unused.isEmpty ? nil : "not used: \(file.unused.listed(atMost: 10))"
        notes = (file.notes + [note, unused].compactMap(\.self)).map { "\(opened.path): \($0)" }
        var training = try BatchSource(training: opened.train, options, rule, readers: readers)
        var validation = try data.validation.map { try BatchSource(evaluating: $0, options, rule, readers: readers) }
        // For features each sample is read once.
        let keepsSamples = options.cache == .ram && !(options.cacheFeatures ?? false)
        if keepsSamples {
            try training.keepSamples()
            try validation?.keepSamples()
        }
        (self.training, self.validation) = (training, validation)
        phases =
            try options.sizeSchedule?.phases.map { phase in
                let shape = try options.shape(phase.size, like: data.train)
                let samples = try options.weighted(options.fitted(opened.stored.train) { NetworkInput(shape: shape) })
                var source = try BatchSource(training: samples, options, rule, readers: readers)
                if keepsSamples { try source.keepSamples() }
                return Phase(begin: phase.epoch, source: source)
            } ?? [Phase(begin: 0, source: training)]
        normalization = rule
        let fingerprint = try file.fingerprint()
        self.fingerprint = fingerprint.description
        watch = DatasetWatch(file, fingerprint)
        precondition(
            validation.map { $0.input.output.targetKind == targetKind } ?? true,
            "what stands for a transform in evaluation makes the same kind of targets")
    }

    /// What in the data looks like a mistake. Some samples are read for it.
    func warnings() throws -> [String] {
        let found =
            [training.dataset.classCounts?.warning, try training.dataset.layoutWarning(batch: training.sampler.batch)]
            .compactMap(\.self)
            + (try DatasetSummary(sampling: file).warnings(for: preprocessing.isEmpty ? normalization : nil))
        return found.map { "\(path): \($0)" }
    }

    /// How training samples are in an epoch, and the first epoch (from 0) in which they are otherwise.
    package func phase(ofEpoch epoch: Int) -> (source: BatchSource, end: Int) {
        let next = phases.firstIndex { $0.begin > epoch } ?? phases.count
        return (phases[next - 1].source, next < phases.count ? phases[next].begin : .max)
    }

    /// The shapes of training samples, in the order of their phases.
    var trainingInputs: [Shape] { phases.map(\.source.input.output.shape) }

    /// What is computed on it: of training, the phase whose samples are the largest. Where there are several outputs, what validation
    /// samples are taken for is seen in predictions.
    var work: Session.Work {
        let largest = phases.max { $0.source.input.output.shape.count < $1.source.input.output.shape.count }
        var work: Session.Work = [.training: largest?.source ?? training]
        work[.evaluation] = validation
        if !training.dataset.heads.isEmpty { work[.prediction] = validation }
        return work
    }

    var classNames: [String] { training.dataset.classNames ?? [] }

    var targetKind: TargetKind { training.input.output.targetKind }

    /// What becomes of a sample between the file and the network's layers: `28x28x1 bytes; flip(0.5); values divided by 255`.
    var inputText: String {
        if let origin { return origin.inputText }
        let input = training.input.transforms.input
        let steps = ["\(input)"] + training.input.transforms.transforms.map(\.description)
        let layers = preprocessing.isEmpty ? [] : ["then the model's \(preprocessing.listed("and"))"]
        let sizes = phases.map { "\($0.source.input.output.shape) from epoch \($0.begin + 1) on" }
        let growth =
            phases.count == 1 && phases[0].source.input.output.shape == training.input.output.shape
            ? [] : ["in training \(sizes.listed("and"))"]
        let further = training.dataset.further.map { input in
            let rule = input.normalization(like: normalization, of: training.input.transforms.input)
            return "\(input.name): \(input.specification), \(rule.explanation)"
        }
        return (steps + ["values \(normalization.explanation)"] + layers + growth + further).joined(separator: "; ")
    }

    var description: String {
        if let origin { return origin.description }
        let samples = training.dataset
        let kind =
            !samples.heads.isEmpty
            ? samples.heads.map(\.text).listed("and")
            : samples.targetKind == .label
                ? "\(samples.classes) classes"
                : samples.targets.isMultiHot
                    ? "\(samples.specification.targetCount) classes, any number of them a sample"
                    : "\(samples.specification.targetCount) target values"
        let weighted = samples.weights == nil ? "" : ", weighted"
        let balanced = training.sampler.isBalanced ? ", classes balanced" : ""
        let kept = training.keepsSamples ? ", kept in memory" : ""
        return "\(path): \(samples.count) \(samples.kindText), \(kind)\(weighted)\(balanced)\(kept)"
    }
}

/// Features in the place of samples.
extension RunData {
    /// The same run on the features of a frozen body, whose memory is empty until `fillFeatures`.
    func onFeatures(of body: FrozenBody, _ options: TrainingOptions) throws -> RunData {
        let features = { (samples: BatchSource) in samples.dataset.replaced(byFloats: body.features) }
        var data = self
        data.origin = FeatureOrigin(
            training: try BatchSource(
                evaluating: training.dataset, options, normalization, readers: training.readers),
            validation: validation,
            inputText: "\(inputText); the frozen layers up to \(body.name), computed once",
            description: "\(description), features kept in memory")
        data.training = try BatchSource(training: features(training), options, .unchanged, readers: training.readers)
        try data.training.keepSamples()
        data.phases = [Phase(begin: 0, source: data.training)]
        data.validation = try validation.map {
            try BatchSource(evaluating: features($0), options, .unchanged, readers: $0.readers)
        }
        try data.validation?.keepSamples()
        return data
    }

    /// Computes all features with the weights of the network that `body` begins. `progress` is told which part is done. Collective.
    func fillFeatures(
        of body: FrozenBody, weights: [[Float]], _ session: Session, _ progress: ((Double) -> Void)?
    ) throws {
        guard let origin else { return }
        var sets = [(training, origin.training)]
        if let validation, let samples = origin.validation { sets.append((validation, samples)) }
        let steps = sets.reduce(0) { $0 + $1.1.sampler.steps }
        var done = 0
        for (features, samples) in sets {
            try body.fill(features, from: samples, weights: weights, session) { step in
                progress?(Double(done + step) / Double(steps))
            }
            done += samples.sampler.steps
        }
    }
}

extension HeadTargets {
    /// `10 classes of digit`
    fileprivate var text: String {
        switch kind {
        case .label(let classes): "\(classes) classes of \(name)"
        case .values(let width, _): "\(width == 1 ? "a value" : "\(width) values") of \(name)"
        }
    }
}

extension TrainingOptions {
    func weighted(_ samples: SampleSet) throws -> SampleSet {
        try classWeights.map { try samples.weighted(by: $0) } ?? samples
    }

    /// A size of `--size-schedule` for samples that are otherwise like `samples`.
    fileprivate func shape(_ size: InputSize, like samples: SampleSet) throws -> Shape {
        guard samples.sample.rank == 3 else {
            throw OptionError("size-schedule", "only images change in size, and these are \(samples.specification)")
        }
        return size.shape(like: samples.sample)
    }
}

extension SampleSet {
    /// `samples of 32x32x3`, `encoded images, made 224x224x3 by center-crop(...)`
    fileprivate var kindText: String {
        let made = source.decoding.map { "made \(sample) by \($0.plan)" }
        if isEncoded { return "encoded images" + (made.map { ", \($0)" } ?? "") }
        return made.map { "images of \(source.storedShape), \($0)" } ?? "samples of \(sample)"
    }
}

import Basics
import Datasets
import Reduction

/// Options by name and text: what flags, files, checkpoints and the comparison between ranks have in common.
extension TrainingOptions {
    private static let declarations = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

    /// Sets an option from text. An unknown name is an error that names the nearest known one.
    public mutating func set(_ name: String, to text: String) throws {
        guard let declaration = Self.declarations[name] else {
            let nearest =
                OptionDeclaration.meant(by: name).map { " (did you mean \($0)?)" }
                ?? suggestion(for: name, among: Self.table.map(\.name))
            throw OptionError(name, "there is no such option\(nearest)")
        }
        try declaration.set(&self, text)
    }

    /// Whether `--override` may change an option; an unknown name gets its own error from `set`.
    package static func isOverridable(_ name: String) -> Bool { declarations[name]?.isOverridable ?? true }

    /// Whether every resumed run may have another value of an option.
    package static func isOperational(_ name: String) -> Bool { declarations[name]?.scope == .operational }

    /// An option's value as text, nil if it has none.
    public func text(of name: String) -> String? {
        Self.declarations[name]?.get(self)
    }

    /// An option's value as a sentence names it.
    package func words(for name: String) -> String {
        if let text = text(of: name) { return text }
        return name == "learning-rate" ? "\(baseLearningRate) (the default of \(optimizer.kind.name))" : "not given"
    }

    /// All options that have a value, in the table's order.
    package var values: [(name: String, value: String)] {
        Self.table.compactMap { declaration in declaration.get(self).map { (declaration.name, $0) } }
    }

    /// What checkpoints store and ranks compare: the semantic options that have a value, in the table's order.
    public var semantic: [(name: String, value: String)] {
        Self.table.compactMap { declaration in
            guard declaration.isSemantic(in: self), let value = declaration.get(self) else { return nil }
            return (declaration.name, value)
        }
    }

    /// The changes that would be made to a run by resuming it with other options; `-` stands for no value.
    public func semanticDifferences(from earlier: TrainingOptions) -> [(name: String, was: String, now: String)] {
        Self.table.compactMap { declaration in
            guard declaration.isSemantic(in: self) || declaration.isSemantic(in: earlier) else { return nil }
            let was = declaration.get(earlier) ?? "-"
            let now = declaration.get(self) ?? "-"
            return was == now ? nil : (declaration.name, was, now)
        }
    }

    /// Checks what one option alone cannot show.
    public func validate() throws {
        guard batchSize >= shards else {
            throw OptionError(
                "batch-size",
                "a batch of \(batchSize) has no sample for each of \(shards) shards; "
                    + "use a batch size of at least \(shards) or --shards \(batchSize)")
        }
        if augment?.partners == .shard, batchSize < 2 * shards {
            throw OptionError(
                "augment",
                "samples of the same shard are mixed, and a batch of \(batchSize) in \(shards) shards has one in some; "
                    + "use partners=batch, a batch size of at least \(2 * shards), or fewer --shards")
        }
        if augment?.partners != nil, classWeights != nil || sampleWeights != nil {
            throw OptionError(
                "augment", "mixed samples are of several classes, and have no weight; leave out mixing, or the weights")
        }
        if repeatedAugmentation != nil, sampling == .balanced {
            throw OptionError("repeated-augmentation", "--sampling balanced says already how often samples come")
        }
        if repeatedAugmentation != nil, augment == nil || !shuffle {
            throw OptionError(
                "repeated-augmentation",
                augment == nil
                    ? "without --augment a sample would be the same each time"
                    : "without shuffling all epochs would have the same part of the samples")
        }
        guard weights == nil || initFrom == nil else {
            throw OptionError("init-from", "--weights gives all layers their weights already; give one of them")
        }
        guard match == nil || initFrom != nil else {
            throw OptionError("match", "it says how --init-from finds layers; give both")
        }
        try validateTransfer()
        guard valueRange == nil || normalization == .auto else {
            throw OptionError("value-range", "it takes the place of --normalization; give one of them")
        }
        guard wire == .fp32 || reduction.type.addsRounded else {
            let names = ExchangeKind.allCases.filter { $0.type.addsRounded }.map(\.rawValue).joined(separator: " or ")
            throw OptionError(
                "wire", "--reduction \(reduction.rawValue) adds no bf16: use --reduction \(names), or --wire fp32")
        }
        if onNaN == .rollback, let given = ["ema", "lookahead"].first(where: { text(of: $0) != nil }) {
            throw OptionError(given, "--on-nan rollback cannot take back what it has averaged; use --on-nan skip")
        }
        if swa != nil, ema != nil {
            throw OptionError("swa", "--ema says already what the weights are averaged by; give one of them")
        }
        if let swa, let unfreezeAtEpoch, swa.start < unfreezeAtEpoch {
            throw OptionError(
                "swa",
                "it would average weights of frozen layers; let it start at epoch \(unfreezeAtEpoch), where they train, or later"
            )
        }
        if overfitBatches != nil, stepsPerEpoch != nil || validationSteps != nil {
            throw OptionError(
                "overfit-batches", "it says how many steps an epoch and its validation have; leave out the others")
        }
        if schedule.warmsUp, warmUp != nil {
            throw OptionError("warm-up", "--schedule \(schedule) has a warm-up of its own")
        }
        if schedule.ownRate != nil,
            let given = ["learning-rate", "reference-batch-size"].first(where: { text(of: $0) != nil })
        {
            throw OptionError(given, "--schedule \(schedule) has rates of its own")
        }
        if onNaN != .rollback, let given = ["rollback-factor", "rollback-limit"].first(where: { text(of: $0) != nil }) {
            throw OptionError(given, "it goes with --on-nan rollback")
        }
        // The file of an earlier run's options names the usual rule.
        let rules = ["validation-split", "validation", "fold"].filter {
            text(of: $0) != nil && text(of: $0) != ValidationRule.usual.optionText
        }
        guard rules.count < 2 else {
            throw OptionError(
                rules[1], "--\(rules[0]) says already which samples validate; give one of them")
        }
        guard classWeights == nil || sampleWeights == nil else {
            throw OptionError(
                "sample-weights", "--class-weights gives samples their weights already; give one of them, as in Keras")
        }
        let limits = [("clip-norm", clipNorm), ("global-clip-norm", globalClipNorm), ("clip-value", clipValue)]
        let given = limits.filter { $0.1 != nil }.map(\.0)
        guard given.count < 2 else {
            throw OptionError(given[1], "--\(given[0]) limits gradients already; give one of them, as in Keras")
        }
        try optimizer.validate()
    }
}

/// A dictionary of names and texts, of the options that have a value.
extension TrainingOptions: Codable {
    public func encode(to encoder: any Encoder) throws {
        try Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) }).encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        self.init()
        for (name, text) in try [String: String](from: decoder) { try set(name, to: text) }
    }
}

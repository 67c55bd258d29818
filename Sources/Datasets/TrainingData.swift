import Transforms

/// What a run trains on and what it validates on.
public struct TrainingData: Sendable {
    public let train: SampleSet
    /// nil where nothing validates.
    public let validation: SampleSet?
    /// Which data serve as validation, in words.
    public let explanation: String
    /// Whether what validates is a part of the training samples that does not change.
    public let isHeldOut: Bool

    init(_ train: SampleSet, _ validation: SampleSet?, _ explanation: String, isHeldOut: Bool = false) {
        self.train = train
        self.validation = validation
        self.explanation = explanation
        self.isHeldOut = isHeldOut
    }

    /// Validation on what is trained on.
    package var byHeart: TrainingData { TrainingData(train, train, "the batches that it trains on") }

    /// The same division of changed samples.
    package func map(_ change: (SampleSet) throws -> SampleSet) rethrows -> TrainingData {
        TrainingData(try change(train), try validation.map(change), explanation, isHeldOut: isHeldOut)
    }
}

extension DatasetFile {
    /// Divides the file's samples by a rule. The file's own validation split comes before a part of the training samples. A
    /// fold is one of all training samples, so it comes before that split.
    ///
    /// `last` takes the samples as the file has them, before any shuffling (Keras's `validation_split`). The other parts
    /// depend on `seed`.
    public func trainingData(_ rule: ValidationRule = .usual, seed: UInt64 = 0) throws -> TrainingData {
        let train = try split(.train)
        switch rule {
        case .fold(let fold): return try self.fold(fold, of: train, seed: seed)
        case .none: return TrainingData(train, nil, "none")
        case .test:
            let test = try split(.test)
            if case .none = test.targets { try test.requireTargets(.labels) }
            return TrainingData(train, test, Self.words(for: test))
        case .usual, .automatic, .last, .stratified, .redrawn: break
        }
        if let validation = splits[.validation] {
            let ignored = rule == .automatic || rule == .usual ? "" : "; `\(rule)` is not needed and not used"
            return TrainingData(
                train, validation, "\(validation.count) samples of \(validation.source.dataset.path)\(ignored)")
        }
        switch rule {
        case .last(let part):
            let kept = train.count - (try count(part, of: train))
            return held(
                train[0..<kept], train[kept..<train.count],
                "the last \(train.count - kept) of \(train.count) training samples")
        case .stratified(let part): return try stratified(part, of: train, seed: seed)
        case .redrawn(let part):
            try requireMemoryToChoose(among: train)
            return redrawn(try count(part, of: train), of: train, seed: seed)
        case .usual: return try usual(train, seed: seed)
        case .automatic, .fold, .test, .none: return automatic(train)
        }
    }

    /// The part of the training samples that validates where nothing is said.
    private static let usualPart = 0.1

    private func usual(_ train: SampleSet, seed: UInt64) throws -> TrainingData {
        guard let test = splits[.test], test.targets != Targets.none else { return automatic(train) }
        let fewest = Int(1 / Self.usualPart)
        guard train.count >= fewest else {
            return TrainingData(
                train, nil, "none: \(fewest) training samples are the fewest of which a part is kept back")
        }
        guard let data = try stratifiedIfPossible(Self.usualPart, of: train, seed: seed) else {
            return TrainingData(train, nil, "none: no class has more than one training sample")
        }
        return TrainingData(
            data.train, data.validation, "\(data.explanation); the test samples are for `dptrain evaluate`",
            isHeldOut: true)
    }

    private func stratified(_ part: Double, of train: SampleSet, seed: UInt64) throws -> TrainingData {
        guard let data = try stratifiedIfPossible(part, of: train, seed: seed) else {
            throw DatasetError(
                file: path,
                "no class has more than one of the \(train.count) training samples, so none of them validates",
                remedy: "give --validation last:\(part)")
        }
        return data
    }

    /// Nil where no class has more than one sample: the only one stays, to be learned.
    private func stratifiedIfPossible(_ part: Double, of train: SampleSet, seed: UInt64) throws -> TrainingData? {
        try requireMemoryToChoose(among: train)
        let chosen = HeldOutSamples(of: train, seed: seed).stratified(try count(part, of: train))
        if chosen.isEmpty { return nil }
        let isByClass = if case .labels = train.targets { true } else { false }
        return held(
            chosen, of: train,
            "\(chosen.count) of \(train.count) training samples, "
                + (isByClass ? "the same part of each class" : "chosen at random"))
    }

    private func automatic(_ train: SampleSet) -> TrainingData {
        if let test = splits[.test], test.targets != Targets.none {
            return TrainingData(train, test, Self.words(for: test))
        }
        return TrainingData(
            train, nil, "none; --validation-split 0.1 would keep back a tenth of the training samples")
    }

    private static func words(for test: SampleSet) -> String {
        "the \(test.count) test samples of \(test.source.dataset.path)"
    }

    /// How many samples a part of them is.
    private func count(_ part: Double, of train: SampleSet) throws -> Int {
        let kept = Int((Double(train.count) * (1 - part)).rounded(.down))
        guard part > 0, part < 1, kept > 0, kept < train.count else {
            throw DatasetError(
                file: path, "a part of \(part) for validation leaves nothing to train on or to validate with",
                remedy: "give a fraction between 0 and 1 (there are \(train.count) training samples)")
        }
        return train.count - kept
    }

    /// The numbers of all samples are in memory: in random order, by class, those that are kept, and their targets.
    private func requireMemoryToChoose(among samples: SampleSet) throws {
        try samples.source.dataset.requireMemory(
            4 * MemoryLayout<Int>.stride * samples.count, for: "choosing what validates",
            remedy: "--validation last:0.1 needs none")
    }

    private func fold(_ fold: Fold, of train: SampleSet, seed: UInt64) throws -> TrainingData {
        guard fold.of <= train.count else {
            throw DatasetError(
                file: path, "\(fold.of) folds are more than its \(train.count) training samples",
                remedy: "use fewer folds")
        }
        try requireMemoryToChoose(among: train)
        let chosen = HeldOutSamples(of: train, seed: seed).fold(fold)
        return held(chosen, of: train, "\(chosen.count) of \(train.count) training samples, fold \(fold)")
    }

    private func redrawn(_ count: Int, of train: SampleSet, seed: UInt64) -> TrainingData {
        var whole = train
        whole.split = .validation
        return TrainingData(
            Redraw.others(of: train, count: count, seed: seed).samples,
            Redraw.heldOut(of: whole, count: count, seed: seed).samples,
            "\(count) of \(train.count) training samples, others in each epoch; every sample is trained on in some epochs"
        )
    }

    private func held(_ chosen: [Int], of train: SampleSet, _ words: String) -> TrainingData {
        held(train[train.numbers(without: chosen)], train[chosen], words)
    }

    private func held(_ rest: SampleSet, _ chosen: SampleSet, _ words: String) -> TrainingData {
        var validation = chosen
        validation.split = .validation
        let unseen = rest.classCounts.flatMap { validation.classCounts?.countOfClasses(missingIn: $0) } ?? 0
        let warning = unseen == 0 ? "" : "; warning: \(unseen) of its classes do not occur in what is left to train on"
        return TrainingData(rest, validation, words + warning, isHeldOut: true)
    }
}

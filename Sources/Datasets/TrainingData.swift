import Transforms

/// What a run trains on and what it validates on.
public struct TrainingData: Sendable {
    public let train: SampleSet
    /// nil where the file offers nothing to validate on.
    public let validation: SampleSet?
    /// Which data serve as validation, in words.
    public let explanation: String
}

extension DatasetFile {
    /// The file's own validation split; else the last `fraction` of the training samples, as the file has them and
    /// before any shuffling (Keras's `validation_split`); else the test split, if it has targets;
    /// else none.
    public func trainingData(validationSplit fraction: Double? = nil) throws -> TrainingData {
        let train = try split(.train)
        if let validation = splits[.validation] {
            let ignored = fraction == nil ? "" : "; --validation-split is not needed and not used"
            return TrainingData(
                train: train, validation: validation,
                explanation: "\(validation.count) samples of \(validation.source.dataset.path)\(ignored)")
        }
        if let fraction { return try cut(train, fraction) }
        if let test = splits[.test], test.targets != Targets.none {
            return TrainingData(
                train: train, validation: test,
                explanation: "the \(test.count) test samples of \(test.source.dataset.path)")
        }
        return TrainingData(
            train: train, validation: nil,
            explanation: "none; --validation-split 0.1 would keep back a tenth of the training samples")
    }

    private func cut(_ train: SampleSet, _ fraction: Double) throws -> TrainingData {
        let kept = Int((Double(train.count) * (1 - fraction)).rounded(.down))
        guard fraction > 0, fraction < 1, kept > 0, kept < train.count else {
            throw DatasetError(
                file: path, "--validation-split \(fraction) leaves nothing to train on or to validate with",
                remedy: "give a fraction between 0 and 1 (there are \(train.count) training samples)")
        }
        let rest = train[0..<kept]
        let validation = train[kept..<train.count]
        let unseen = rest.classCounts.flatMap { validation.classCounts?.countOfClasses(missingIn: $0) } ?? 0
        let warning = unseen == 0 ? "" : "; warning: \(unseen) of its classes do not occur in what is left to train on"
        return TrainingData(
            train: rest, validation: validation,
            explanation: "the last \(validation.count) of \(train.count) training samples\(warning)")
    }
}

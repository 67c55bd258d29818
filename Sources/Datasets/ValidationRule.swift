/// Which samples a run measures itself on after each epoch.
public enum ValidationRule: Sendable, Equatable {
    /// The file's validation split; else a tenth of the training samples, if the file has test samples, which stay for the end;
    /// else none. A new run has this rule if it is given no other.
    case usual
    /// The file's validation split, else its test split, else none: of runs before the usual rule.
    case automatic
    /// The last part of the training samples, as the file has them.
    case last(Double)
    /// The same part of every class; of samples without labels, any part.
    case stratified(Double)
    /// Another random part in each epoch.
    case redrawn(Double)
    case fold(Fold)
    /// The file's test split.
    case test
    case none
}

extension ValidationRule {
    /// Whether each epoch has other samples.
    package var isRedrawn: Bool { if case .redrawn = self { true } else { false } }

    /// Whether it may choose among the training samples.
    package var isOfTrainingSamples: Bool {
        switch self {
        case .usual, .last, .stratified, .redrawn, .fold: true
        case .automatic, .test, .none: false
        }
    }
}

/// One part of k-fold cross-validation: of `of` parts, which tile the training samples, number `number` validates. It
/// counts from 1.
public struct Fold: Sendable, Equatable, LosslessStringConvertible {
    public let number: Int
    public let of: Int

    /// `2/5`; nil for what is no fold.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let of = Int(parts[1]), of > 1, (1...of).contains(number)
        else { return nil }
        (self.number, self.of) = (number, of)
    }

    public var description: String { "\(number)/\(of)" }
}

/// As `--validation` has it; the automatic rule and folds have no such text.
extension ValidationRule: LosslessStringConvertible {
    public init?(_ text: String) {
        let words = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let part = words.count == 2 ? Double(words[1]).flatMap { $0 > 0 && $0 < 1 ? $0 : nil } : nil
        switch (words[0], part) {
        case ("last", let part?): self = .last(part)
        case ("stratified", let part?): self = .stratified(part)
        case ("redrawn", let part?): self = .redrawn(part)
        case ("usual", _) where words.count == 1: self = .usual
        case ("test", _) where words.count == 1: self = .test
        case ("none", _) where words.count == 1: self = .none
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .usual: "usual"
        case .automatic: "automatic"
        case .last(let part): "last:\(part)"
        case .stratified(let part): "stratified:\(part)"
        case .redrawn(let part): "redrawn:\(part)"
        case .fold(let fold): "fold \(fold)"
        case .test: "test"
        case .none: "none"
        }
    }
}

import Basics

/// A transform of training samples that `--augment` names.
public protocol Augmentation: SampleTransform {
    /// What it is called in `--augment`, and in no other transform.
    static var name: String { get }
    /// What it does, in words that follow its name: `mirrors an image left and right`.
    static var summary: String { get }

    /// Reads its parameters. Its `description` is `AugmentationParameters.text`, which reads back as the same transform.
    init(_ parameters: inout AugmentationParameters) throws(OptionError)
}

extension Augmentation {
    /// Evaluation leaves it out.
    public var inEvaluation: (any SampleTransform)? { nil }
}

/// The parameters of one transform as `--augment` has them: `flip(0.3)` or `flip(probability=0.3)`.
///
/// A transform takes what it knows, one after the other; a parameter without a name is for the next that is taken.
public struct AugmentationParameters {
    /// One that a transform has taken.
    public struct Taken: Sendable {
        public let name: String
        public let standard: String
        /// What it must be, in words.
        public let kind: String
        let value: String
    }

    /// Whom samples are mixed with where nothing is said of it.
    let usualPartners: MixingPartners
    private let transform: String
    private let source: String
    private let option: String
    private var named: [(name: String, value: String)] = []
    private var unnamed: [String] = []
    public private(set) var taken: [Taken] = []

    /// `source` is the whole transform as it was written, `list` what stands between its parentheses.
    package init(
        _ list: Substring, of transform: String, _ source: String, option: String,
        usualPartners: MixingPartners = .batch
    ) throws(OptionError) {
        self.usualPartners = usualPartners
        self.transform = transform
        self.source = source
        self.option = option
        for part in list.split(separator: ",", omittingEmptySubsequences: false) where !list.isEmpty {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !pair.contains("") else { throw problem("'\(part)' is no parameter") }
            if pair.count == 1 { unnamed.append(pair[0]) } else { named.append((pair[0], pair[1])) }
        }
    }

    /// The parameter of this name, or `standard`. `kind` says in words what `isValid` tests.
    public mutating func take<Value: LosslessStringConvertible>(
        _ name: String, standard: Value, _ kind: String, where isValid: (Value) -> Bool
    ) throws(OptionError) -> Value {
        var value = standard
        if let given = given(name) {
            guard let read = Value(given), isValid(read) else { throw problem("its \(name) \(given) is not \(kind)") }
            value = read
        }
        taken.append(Taken(name: name, standard: standard.description, kind: kind, value: value.description))
        return value
    }

    private mutating func given(_ name: String) -> String? {
        if let index = named.firstIndex(where: { $0.name == name }) { return named.remove(at: index).value }
        return unnamed.isEmpty ? nil : unnamed.removeFirst()
    }

    /// The transform with all that was taken, the first without its name.
    public var text: String {
        let values = taken.enumerated().map { $0 == 0 ? $1.value : "\($1.name)=\($1.value)" }
        return values.isEmpty ? transform : "\(transform)(\(values.joined(separator: ", ")))"
    }

    /// An error about parameters that do not go together.
    func problem(_ what: String) -> OptionError {
        OptionError(option, "\(source): \(what); `dptrain transforms \(transform)` shows its parameters")
    }

    /// Refuses what no transform took.
    func finish() throws(OptionError) {
        let names = taken.map(\.name)
        if let left = named.first?.name {
            throw problem(
                names.contains(left)
                    ? "its parameter '\(left)' is given twice"
                    : "there is no parameter '\(left)'\(suggestion(for: left, among: names))")
        }
        if let left = unnamed.first { throw problem("'\(left)' is one parameter too many") }
    }
}

/// Kinds of parameters that several transforms have.
extension AugmentationParameters {
    mutating func probability(standard: Float) throws(OptionError) -> Float {
        try take("probability", standard: standard, "a number from 0 to 1") { (0...1).contains($0) }
    }

    /// A number that is not negative.
    mutating func amount(_ name: String, standard: Float, atMost most: Float) throws(OptionError) -> Float {
        try take(name, standard: standard, "a number from 0 to \(ValueRange.text(most))") { (0...most).contains($0) }
    }

    mutating func count(_ name: String, standard: Int, in range: ClosedRange<Int>) throws(OptionError) -> Int {
        try take(name, standard: standard, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            range.contains($0)
        }
    }

    /// A range of numbers within limits.
    mutating func interval(
        _ name: String, standard: Interval, within limits: ClosedRange<Float>
    ) throws(OptionError) -> Interval {
        let words = "a range such as \(standard) within \(Interval(limits))"
        return try take(name, standard: standard, words) { limits.contains($0.low) && limits.contains($0.high) }
    }

    /// Factors around 1: `0.2` is `0.8:1.2`.
    mutating func factors(_ name: String, standard: Float) throws(OptionError) -> Interval {
        try take(
            name, standard: Factors(around: standard), "a number from 0 to 1, or a range such as 0.8:1.2 up to 10"
        ) { $0.range.low >= 0 && $0.range.high <= 10 }.range
    }

    /// One of a few words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, standard: Word
    ) throws(OptionError) -> Word where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        let word = try take(name, standard: standard.rawValue, "one of \(words)") { Word(rawValue: $0) != nil }
        return Word(rawValue: word) ?? standard
    }
}

import Basics
import Optimization

/// The declaration of one option.
public struct OptionDeclaration: Sendable {
    public enum Group: String, CaseIterable, Sendable {
        case network, data, augmentation, run, optimizer, steering, computation, output, tracing
    }

    /// Whether an option has an effect on what is computed.
    public enum Scope: Sendable {
        /// Stored in checkpoints; a change on resume is refused by name; equal on all ranks.
        case semantic
        /// Free to change.
        case operational
        /// Semantic in runs whose schedule stretches over all their epochs.
        case semanticIfScheduled
    }

    /// As on the command line, without the dashes.
    public let name: String
    public let group: Group
    public let scope: Scope
    public let help: String
    /// Where the default differs from that of `TrainingOptions()`, in the words of help: `, with lion 0.99`.
    public let otherDefaults: String
    /// Whether TOML writes its value in quotes.
    let isQuoted: Bool
    /// Whether `--name` and `--no-name` say it all.
    public let isSwitch: Bool
    /// All values, where they are a few words; else empty.
    public let words: [String]
    /// Whether a value is a text of any form, such as a path.
    public let isText: Bool
    let get: @Sendable (TrainingOptions) -> String?
    let set: @Sendable (inout TrainingOptions, String) throws -> Void

    /// `requirement` says what a value must be, in words and as a test.
    init<Value: OptionValue>(
        _ name: String, _ group: Group, _ scope: Scope, _ path: any WritableKeyPath<TrainingOptions, Value> & Sendable,
        _ help: String, _ requirement: Requirement<Value> = .none, otherDefaults: String = ""
    ) {
        self.name = name
        self.group = group
        self.scope = scope
        self.help = help
        self.otherDefaults = otherDefaults
        isQuoted = Value.isQuoted
        isSwitch = Value.isSwitch
        (words, isText) = (Value.words, Value.isText)
        get = { $0[keyPath: path].optionText }
        set = { options, text in
            let value = try Value(optionText: text, option: name)
            guard requirement.holds(value) else {
                throw OptionError(name, "\(text) is not \(requirement.words)")
            }
            options[keyPath: path] = value
        }
    }

    /// Whether `--override` may change it: what steers the run or its updates. What checkpoints hold a state of stays as it is.
    var isOverridable: Bool {
        let isOfState = [
            "optimizer", "loss", "label-smoothing", "huber-delta", "focal-gamma", "focal-alpha", "on-nan", "ema",
            "swa", "lookahead", "earlier-updates", "schedule-start",
        ].contains(name)
        return [.augmentation, .optimizer, .steering].contains(group) && !isOfState
    }

    func isSemantic(in options: TrainingOptions) -> Bool {
        switch scope {
        case .semantic: true
        case .operational: false
        case .semanticIfScheduled: options.schedule.dependsOnEpochs
        }
    }
}

/// The range of counts of samples, steps or epochs: products of two of them fit an Int.
private let counts = 1...Int(Int32.max)
private let aCount = "positive and at most \(counts.upperBound)"

extension Requirement where Value == Int {
    static var positive: Self { Self(words: aCount) { counts.contains($0) } }

    /// Where more could only be a mistake, and memory for so many would be taken before anything else shows it.
    static func positive(atMost most: Int) -> Self {
        Self(words: "positive and at most \(most)") { (1...most).contains($0) }
    }
}

extension Requirement where Value == WidthList? {
    static var positive: Self {
        Self(words: "a list of counts, each \(aCount)") { $0.map { $0.widths.allSatisfy(counts.contains) } ?? true }
    }
}

extension Requirement where Value == UInt64 {
    /// TOML's integers are signed.
    static var tomlInteger: Self { Self(words: "at most \(Int64.max)") { $0 <= UInt64(Int64.max) } }
}

extension Requirement where Value == Int? {
    static var count: Self {
        Self(words: "at least 0 and at most \(counts.upperBound)") { $0.map { $0 == 0 || counts.contains($0) } ?? true }
    }

    static var positive: Self { Self(words: aCount) { $0.map(counts.contains) ?? true } }

    static func positive(atMost most: Int) -> Self {
        let requirement = Requirement<Int>.positive(atMost: most)
        return Self(words: requirement.words) { $0.map(requirement.holds) ?? true }
    }
}

extension Requirement where Value == ScheduleTime? {
    static var positive: Self { Self(words: aCount) { $0.map { counts.contains($0.count) } ?? true } }
}

extension Requirement where Value == Double? {
    static var positive: Self { Requirement<Double>.positive.ifGiven }
    static var belowOne: Self { Requirement<Double>.belowOne.ifGiven }
    static var notNegative: Self { Requirement<Double>.notNegative.ifGiven }
    static var fraction: Self { Requirement<Double>.fraction.ifGiven }
    static var positiveAtMostOne: Self { Self(words: "above 0 and at most 1") { $0.map { $0 > 0 && $0 <= 1 } ?? true } }
}

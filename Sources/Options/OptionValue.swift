import Basics
import Datasets
import Execution
import ImageCoding
import Interchange
import Models
import ModelZoo
import Optimization
import Reduction
import Transforms

/// A value that an option can hold. It is read from the text of a flag, of a TOML scalar or of a checkpoint, and
/// written so that it is read back as the same value.
public protocol OptionValue: Equatable, Sendable {
    init(optionText: String, option: String) throws
    /// Nil if there is no value.
    var optionText: String? { get }
    /// Whether TOML writes the value in quotes.
    static var isQuoted: Bool { get }
    /// Whether a value is yes or no.
    static var isSwitch: Bool { get }
    /// All values, where they are a few words; else empty.
    static var words: [String] { get }
    /// Whether a value is a text of any form, such as a path.
    static var isText: Bool { get }
}

extension OptionValue {
    public static var isSwitch: Bool { false }
    public static var words: [String] { [] }
    public static var isText: Bool { false }
}

/// A value with a text of its own, of a kind that can be named in one word or two.
protocol PlainOptionValue: OptionValue, LosslessStringConvertible {
    static var kind: String { get }
}

extension PlainOptionValue {
    public init(optionText text: String, option: String) throws {
        guard let value = Self(text) else { throw OptionError(option, "'\(text)' is not \(Self.kind)") }
        self = value
    }
    public var optionText: String? { description }
    public static var isQuoted: Bool { false }
}

extension Int: PlainOptionValue {
    static var kind: String { "a whole number" }
}
extension UInt64: PlainOptionValue {
    static var kind: String { "a whole number of at least 0" }
}
extension Double: PlainOptionValue {
    static var kind: String { "a number" }
}
extension Bool: PlainOptionValue {
    static var kind: String { "true or false" }
    public static var isSwitch: Bool { true }
}
extension String: PlainOptionValue {
    static var kind: String { "text" }
    public static var isQuoted: Bool { true }
    public static var isText: Bool { true }
}
extension ScheduleTime: PlainOptionValue {
    static var kind: String { "a number of epochs, or of steps as in 500steps" }
    public static var isQuoted: Bool { true }
}
extension InputSize: PlainOptionValue {
    static var kind: String { "a size of samples such as 224, 224x160 or 224x160x3" }
    public static var isQuoted: Bool { true }
}

extension TimeLimit: PlainOptionValue {
    static var kind: String { "a time such as 90s, 45m or 1h30m" }
    public static var isQuoted: Bool { true }
}

extension Fold: PlainOptionValue {
    static var kind: String { "a fold such as 2/5" }
    public static var isQuoted: Bool { true }
}

extension ClassWeights: PlainOptionValue {
    static var kind: String { "balanced, or a list of different classes with weights of at least 0 such as 0:1,1:9" }
    public static var isQuoted: Bool { true }
}

/// The automatic rule has no text, so that checkpoints of runs without the option hold nothing of it. `none` is a rule.
extension ValidationRule: OptionValue {
    public init(optionText text: String, option: String) throws {
        guard let rule = Self(text) else {
            throw OptionError(
                option, "'\(text)' is not last:F, stratified:F or redrawn:F with F between 0 and 1, usual, test or none"
            )
        }
        self = rule
    }
    public var optionText: String? { self == .automatic ? nil : description }
    public static var isQuoted: Bool { true }
}

extension ValueRange: PlainOptionValue {
    static var kind: String { "a range of values such as 0:4095" }
    public static var isQuoted: Bool { true }
}

extension NamePatterns: PlainOptionValue {
    static var kind: String { "a list of names or patterns such as conv1*, !*_bn" }
    public static var isQuoted: Bool { true }
}

extension NameFactors: PlainOptionValue {
    static var kind: String { "a list of patterns with positive factors such as conv1*=0.1, conv2*=0.3" }
    public static var isQuoted: Bool { true }
}

/// Widths of layers, `64,32`.
public struct WidthList: PlainOptionValue {
    public let widths: [Int]

    public init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        widths = numbers.compactMap(\.self)
        guard widths.count == numbers.count else { return nil }
    }

    public var description: String { widths.map(String.init).joined(separator: ",") }
    static var kind: String { "a list of whole numbers such as 64,32" }
    public static var isQuoted: Bool { true }
}

/// One of a few words.
public protocol NamedOptionValue: OptionValue, CaseIterable, RawRepresentable where RawValue == String {}

extension NamedOptionValue {
    public init(optionText text: String, option: String) throws {
        guard let value = Self(rawValue: text) else {
            throw OptionError(option, unknown: text, among: Self.allCases.map(\.rawValue))
        }
        self = value
    }
    public var optionText: String? { rawValue }
    public static var isQuoted: Bool { true }
    public static var words: [String] { allCases.map(\.rawValue) }
}

extension OptionError {
    /// A word that is none of those known. `others` may be meant too.
    fileprivate init(_ option: String, unknown text: String, among names: [String], like others: [String] = []) {
        self.init(
            option,
            "'\(text)' is not one of \(names.joined(separator: ", "))\(suggestion(for: text, among: names + others))")
    }
}

extension OptimizerKind: OptionValue {
    public init(optionText text: String, option: String) throws {
        guard let kind = Self.all.first(where: { $0.name == text }) else {
            throw OptionError(option, unknown: text, among: Self.all.map(\.name))
        }
        self = kind
    }
    public var optionText: String? { name }
    public static var isQuoted: Bool { true }
    public static var words: [String] { all.map(\.name) }
}

extension BatchNormalizationMode: NamedOptionValue {}
extension Precision: NamedOptionValue {}
extension Reducer.Overlap: NamedOptionValue {}
extension NodeExchange: NamedOptionValue {}
extension ExchangeKind: NamedOptionValue {}
extension Shortcut: NamedOptionValue {}
extension ResamplingFilter: NamedOptionValue {}
extension LayerMatch: NamedOptionValue {}

/// Keras's other names are read too, such as `mae`.
extension Loss.Function: NamedOptionValue {
    public init(optionText text: String, option: String) throws {
        guard let function = Self.allCases.first(where: { $0.rawValue == text || $0.kerasNames.contains(text) }) else {
            throw OptionError(
                option, unknown: text, among: Self.allCases.map(\.rawValue), like: Self.allCases.flatMap(\.kerasNames))
        }
        self = function
    }
}

/// A value with settings, read by `CompactText`.
protocol CompactOptionValue: OptionValue, CustomStringConvertible {
    init(parsing text: String, option: String) throws
}

extension CompactOptionValue {
    public init(optionText: String, option: String) throws { try self.init(parsing: optionText, option: option) }
    public var optionText: String? { description }
    public static var isQuoted: Bool { true }
}

extension LearningRateSchedule: CompactOptionValue {}
extension ReduceOnPlateau: CompactOptionValue {}
extension EarlyStopping: CompactOptionValue {}
extension SaveBest: CompactOptionValue {}
extension Lookahead: CompactOptionValue {}
extension StochasticAverage: CompactOptionValue {}
extension AugmentationList: CompactOptionValue {}

/// `none` removes a value that a configuration file set.
extension Optional: OptionValue where Wrapped: OptionValue {
    public init(optionText text: String, option: String) throws {
        self = text == "none" ? nil : try Wrapped(optionText: text, option: option)
    }
    public var optionText: String? { self?.optionText }
    public static var isQuoted: Bool { Wrapped.isQuoted }
    public static var isSwitch: Bool { Wrapped.isSwitch }
    public static var words: [String] { Wrapped.words }
    public static var isText: Bool { Wrapped.isText }
}

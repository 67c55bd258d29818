/// What an option's value must be, in words and as a test.
public struct Requirement<Value>: Sendable {
    /// Completes the sentence "5 is not ...".
    public let words: String
    public let holds: @Sendable (Value) -> Bool

    public init(words: String, holds: @escaping @Sendable (Value) -> Bool) {
        self.words = words
        self.holds = holds
    }

    public static var none: Self { Self(words: "") { _ in true } }
}

/// Numbers are checked as what computes with them has them, in single precision: 1e39 is infinite there, 1e-50 is zero,
/// and 0.99999999 is one.
extension Requirement where Value == Double {
    public static var notNegative: Self {
        Self(words: "at least 0 and finite in single precision") { $0 >= 0 && Float($0).isFinite }
    }
    public static var belowOne: Self {
        Self(words: "at least 0 and below 1") { $0 >= 0 && Float($0) < 1 }
    }
    public static var fraction: Self {
        Self(words: "between 0 and 1") { Float($0) > 0 && Float($0) < 1 }
    }
    public static var positive: Self {
        Self(words: "positive and finite in single precision") { Float($0) > 0 && Float($0).isFinite }
    }

    /// The same where there may be no value.
    package var ifGiven: Requirement<Double?> {
        Requirement<Double?>(words: words) { value in value.map(holds) ?? true }
    }
}

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

extension Requirement where Value == Double {
    public static var notNegative: Self { Self(words: "at least 0 and finite") { $0 >= 0 && $0.isFinite } }
    public static var belowOne: Self { Self(words: "at least 0 and below 1") { $0 >= 0 && $0 < 1 } }
    public static var fraction: Self { Self(words: "between 0 and 1") { $0 > 0 && $0 < 1 } }
    public static var positive: Self { Self(words: "positive and finite") { $0 > 0 && $0.isFinite } }
}

extension Array where Element == String {
    /// Words as a sentence lists them: `a`, `a and b`, `a, b and c`.
    public func listed(_ conjunction: String) -> String {
        guard count > 1, let last else { return joined() }
        return dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}

extension Array where Element == String {
    /// `a, b, c`; of more than `most`, the first ones and how many there are.
    public func listed(atMost most: Int) -> String {
        guard count > most else { return joined(separator: ", ") }
        return prefix(most).joined(separator: ", ") + ", ... (\(count))"
    }
}

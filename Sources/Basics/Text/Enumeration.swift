extension Array where Element == String {
    /// Words as a sentence lists them: `a`, `a and b`, `a, b and c`.
    public func listed(_ conjunction: String) -> String {
        guard count > 1, let last else { return joined() }
        return dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
    }
}

/// A failure of MPI or of what surrounds its start: which rank, what it was doing, why, and what can be done.
public struct MessagePassingError: Error, CustomStringConvertible, Sendable {
    public let rank: Int
    public let operation: String
    public let reason: String
    public let remedy: String

    public init(rank: Int, operation: String, reason: String, remedy: String) {
        self.rank = rank
        self.operation = operation
        self.reason = reason
        self.remedy = remedy
    }

    public var description: String { "Rank \(rank): \(operation) failed: \(reason). Remedy: \(remedy)." }
}

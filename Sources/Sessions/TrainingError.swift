/// An error that stops a run while it trains.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

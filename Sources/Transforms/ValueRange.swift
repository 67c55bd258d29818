/// The values that stand for 0 and for 1, written `0:4095`.
public struct ValueRange: Sendable, Equatable, LosslessStringConvertible {
    public let low: Float
    public let high: Float

    /// Of uint16.
    package static let sixteenBits = ValueRange(low: 0, high: 65535)

    private init(low: Float, high: Float) { (self.low, self.high) = (low, high) }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Float($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], (high - low).isFinite, low < high
        else { return nil }
        self.init(low: low, high: high)
    }

    public var description: String { "\(Self.text(low)):\(Self.text(high))" }

    /// Whole numbers without a decimal point.
    package static func text(_ value: Float) -> String { Int32(exactly: value).map { "\($0)" } ?? "\(value)" }
}

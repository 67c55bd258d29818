/// A length of time as people write it: `90s`, `45m` or `45min`, `1h30m`, or a number of seconds.
public struct TimeLimit: Hashable, Sendable, LosslessStringConvertible {
    public let seconds: Int

    public init?(_ text: String) {
        if let seconds = Int(text) {
            self.init(seconds: seconds)
            return
        }
        var rest = Substring(text)
        var total = 0
        for (units, length) in [(["d"], 86_400), (["h"], 3_600), (["min", "m"], 60), (["s"], 1)] {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let unit = units.first(where: rest.dropFirst(digits.count).hasPrefix) else {
                continue
            }
            guard let count = Int(digits), count <= Self.longest / length else { return nil }
            total += count * length
            rest = rest.dropFirst(digits.count + unit.count)
        }
        guard rest.isEmpty else { return nil }
        self.init(seconds: total)
    }

    private init?(seconds: Int) {
        guard (1...Self.longest).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// Ten years.
    private static let longest = 10 * 365 * 86_400

    public var description: String { "\(seconds)s" }
}

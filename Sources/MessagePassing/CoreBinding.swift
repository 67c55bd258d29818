import Foundation

/// The cores that this process may run on, as launchers bind it.
public enum CoreBinding {
    /// How many; nil where the system does not say.
    public static var count: Int? {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let digits = line?.split(whereSeparator: \.isWhitespace).last?.filter(\.isHexDigit)
        return digits.map { $0.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } }
    }
}

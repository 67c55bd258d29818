/// Numbers as people read them.
package enum Figures {
    /// A number with so many decimals.
    package static func decimal(_ value: Double, _ digits: Int) -> String { .formatted("%.\(digits)f", value) }

    /// `1 rank`, `2 ranks`
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// Four decimals, or scientific where they would say nothing, as Keras's progress bar, or too much.
    package static func metric(_ value: Double) -> String {
        .formatted(value == 0 || (1e-3..<1e6).contains(abs(value)) || !value.isFinite ? "%.4f" : "%.4e", value)
    }

    /// A time of about three digits: `850us`, `12ms`, `5.6s`, `2m 05s`, `3h 10m`, `2d 04h`.
    package static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: .formatted("%.0fus", seconds * 1e6)
        case ..<0.1: .formatted("%.1fms", seconds * 1e3)
        case ..<1: .formatted("%.0fms", seconds * 1e3)
        case ..<60: .formatted("%.1fs", seconds)
        case ..<3_600: .formatted("%dm %02ds", Int(seconds) / 60, Int(seconds) % 60)
        case ..<86_400: .formatted("%dh %02dm", Int(seconds) / 3_600, Int(seconds) / 60 % 60)
        case ..<1e12: .formatted("%dd %02dh", Int(seconds) / 86_400, Int(seconds) / 3_600 % 24)
        default: "for ever"
        }
    }

    /// `173.54 KB`
    package static func bytes(_ count: Int) -> String {
        var size = Double(count)
        var unit = 0
        let units = ["B", "KB", "MB", "GB"]
        while size >= 1024, unit < units.count - 1 {
            size /= 1024
            unit += 1
        }
        let hundredths = Int((size * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) \(units[unit])"
    }

    /// Samples a second, as a whole number; with decimals where it is small.
    package static func rate(_ samples: Int, in seconds: Double, of unit: String = "images") -> String {
        let rate = seconds > 0 ? Double(samples) / seconds : 0
        return decimal(rate, rate < 20 ? 1 : 0) + " \(unit)/s"
    }
}

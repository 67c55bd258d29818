import Foundation
import Testing

import Basics

/// Logs, tables and pictures read as they did when Foundation wrote their numbers.
@Suite struct FormattedTextTests {
    @Test(arguments: ["%.0f", "%.1f", "%.4f", "%.4e", "%.1e", "%.5g", "%.6g"])
    func numbersReadAsFoundationWritesThem(format: String) {
        let magnitudes = stride(from: -320.0, through: 308, by: 4).map { pow(10, $0) }
        let numbers = [0, -0.0, 0.5, 1.5, 2.5, 0.05, 1.0 / 3, .infinity, -.infinity, .nan] + magnitudes
        for number in numbers + numbers.map({ -$0 }) {
            // The sign of a NaN says nothing.
            let number = number.isNaN ? Double.nan : number
            #expect(String.formatted(format, number) == String(format: format, number))
            #expect(String.formatted(format, -Double.nan) == "nan")
        }
    }

    @Test func severalValuesAndTextsThatAreLong() {
        #expect(String.formatted("%dm %02ds", 2, 5) == "2m 05s")
        #expect(String.formatted("%.0f %% é", 12.0) == "12 % é")
        #expect(String.formatted("") == "")
        #expect(String.formatted("%.300f", 1.0).count == 302)
    }

    @Test func controlsStayInTheirLine() {
        #expect("a\nb\r\u{1B}[1m\u{85}\u{2028}ä\t".withControlsEscaped == #"a\nb\r\u{1B}[1m\u{0085}\u{2028}ä\t"#)
        #expect("größe 图".withControlsEscaped == "größe 图" && "".withControlsEscaped.isEmpty)
    }
}

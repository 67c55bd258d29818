import Glibc

extension String {
    /// What C's printf writes. Foundation's `String(format:)` writes the same, but brings tables of all languages into
    /// the program.
    package static func formatted(_ format: String, _ values: any CVarArg...) -> String {
        // C also writes the sign of a NaN, which says nothing.
        let values = values.map { ($0 as? Double)?.isNaN ?? false ? Double.nan : $0 }
        let length = Int(withVaList(values) { vsnprintf(nil, 0, format, $0) })
        guard length > 0 else { return "" }
        // C ends the text with a zero.
        return String(unsafeUninitializedCapacity: length + 1) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                _ = withVaList(values) { vsnprintf(text.baseAddress, length + 1, format, $0) }
            }
            return length
        }
    }
}

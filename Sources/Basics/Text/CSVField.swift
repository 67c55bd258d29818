extension String {
    /// The text as a field of comma-separated values, quoted where it must be (RFC 4180).
    package var csvField: String {
        guard contains(where: { ",\"\n\r".contains($0) }) else { return self }
        return "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

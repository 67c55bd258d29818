/// Patterns of names, separated by commas: `conv1*, block?_*, !*_bn`. `*` stands for any characters, `?` for one. `!` takes
/// names out again; the last pattern that fits a name decides. If all patterns take out, they take out of all names.
public struct NamePatterns: Sendable, Equatable, LosslessStringConvertible {
    public let description: String
    private let patterns: [(pattern: [Character], takesOut: Bool)]

    /// Nil where a pattern is empty.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        patterns = parts.map { part in
            let takesOut = part.hasPrefix("!")
            return (Array(takesOut ? part.dropFirst() : part[...]), takesOut)
        }
        guard patterns.allSatisfy({ !$0.pattern.isEmpty }) else { return nil }
        description = parts.joined(separator: ", ")
    }

    public static func == (a: NamePatterns, b: NamePatterns) -> Bool { a.description == b.description }

    public func fit(_ name: String) -> Bool {
        let last = patterns.last { Self.fits(Array(name), $0.pattern) }
        return last.map { !$0.takesOut } ?? patterns.allSatisfy(\.takesOut)
    }

    /// Greedy: only the last star met is ever tried again, so the time is the product of the lengths at most.
    private static func fits(_ name: [Character], _ pattern: [Character]) -> Bool {
        var (n, p) = (0, 0)
        var retry: (name: Int, pattern: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == "*" {
                retry = (n, p)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
                (n, p) = (n + 1, p + 1)
            } else if let last = retry {
                retry = (last.name + 1, last.pattern)
                (n, p) = (last.name + 1, last.pattern + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}

/// Factors for names: `conv1*=0.1, conv2*=0.3`. The first pattern that fits a name decides; other names have 1.
public struct NameFactors: Sendable, Equatable, LosslessStringConvertible {
    public let factors: [(patterns: NamePatterns, factor: Double)]

    /// Nil where a part is not a pattern, `=`, and a positive number.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.split(separator: "=", omittingEmptySubsequences: false)
        }
        factors = parts.compactMap { part in
            guard part.count == 2, let patterns = NamePatterns(String(part[0])),
                let factor = Double(part[1].filter { $0 != " " }), factor.isFinite, factor > 0
            else { return nil }
            return (patterns, factor)
        }
        guard factors.count == parts.count else { return nil }
    }

    public static func == (a: NameFactors, b: NameFactors) -> Bool { a.description == b.description }

    public var description: String { factors.map { "\($0.patterns)=\($0.factor)" }.joined(separator: ", ") }

    public subscript(_ name: String) -> Double { factors.first { $0.patterns.fit(name) }?.factor ?? 1 }
}

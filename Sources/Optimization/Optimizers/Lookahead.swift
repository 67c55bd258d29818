import Basics

/// Lookahead (Zhang et al., 2019) around any optimizer: every `steps` updates, slow weights go a `part` of the way to the weights,
/// and the weights go on from there. The slow weights begin as the run's first weights.
public struct Lookahead: Hashable, Sendable {
    public var steps = 5
    public var part = 0.5

    public init() {}

    /// Follows an update of the same weights. `iteration` counts updates from 0. Every element is computed on its own.
    public func update(
        fast: UnsafeMutablePointer<Float>, slow: UnsafeMutablePointer<Float>, count: Int, iteration: Int
    ) {
        guard (iteration + 1) % steps == 0 else { return }
        let part = Float(part)
        for i in 0..<count {
            slow[i] += (fast[i] - slow[i]) * part
            fast[i] = slow[i]
        }
    }
}

extension Lookahead: CustomStringConvertible {
    package static let grammar = "steps=5,part=0.5, each of them optional"

    public init(parsing text: String, option: String = "--lookahead") throws {
        var parts = try CompactText(text, option: option, named: false, grammar: Self.grammar)
        steps = try parts.take("steps", "a positive number") { (1...Int(Int32.max)).contains($0) } ?? steps
        part = try parts.take("part", "above 0 and at most 1") { $0 > 0 && $0 <= 1 } ?? part
        try parts.finish()
    }

    public var description: String { "steps=\(steps),part=\(part)" }
}

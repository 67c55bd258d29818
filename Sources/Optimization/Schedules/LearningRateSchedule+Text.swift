import Basics

/// The form on the command line and in files; `description` is canonical and reads back as the same schedule.
extension LearningRateSchedule: CustomStringConvertible {
    package static let grammar = """
        one of constant | step:every=30,factor=0.1 | multistep:at=80/120,factor=0.1 (or multiples=0.1/0.01) | \
        exponential:every=8,factor=0.96 | polynomial:epochs=90,power=1,final=0 | cosine:epochs=90,final=0 \
        (without epochs: the whole run) | inverse-time:decay=1e-6 (an update); \
        times are epochs, or steps as in every=9000steps, steps=35000
        """

    public init(parsing text: String, option: String = "--schedule") throws {
        var parts = try CompactText(text, option: option, named: true, grammar: Self.grammar)
        self = try Self.read(&parts)
        try parts.finish()
    }

    private static func read(_ parts: inout CompactText) throws -> LearningRateSchedule {
        switch parts.name {
        case "constant":
            return .constant
        case "step":
            return .step(every: try time("every", &parts), factor: try factor(&parts))
        case "multistep":
            return try multiStep(&parts)
        case "exponential":
            return .exponential(every: try time("every", &parts), factor: try factor(&parts))
        case "polynomial":
            let power: Double? = try parts.take("power", "a positive number") { Float($0) > 0 && Float($0).isFinite }
            return .polynomial(length: try length(&parts), power: power ?? 1, final: try final(&parts))
        case "cosine":
            return .cosine(length: try length(&parts), final: try final(&parts))
        case "inverse-time":
            return .inverseTime(
                decay: try parts.require("decay", "a number of at least 0") { $0 >= 0 && Float($0).isFinite })
        default:
            let names = ["constant", "step", "multistep", "exponential", "polynomial", "cosine", "inverse-time"]
            throw parts.problem("unknown schedule '\(parts.name)'\(suggestion(for: parts.name, among: names))")
        }
    }

    private static func time(_ key: String, _ parts: inout CompactText) throws -> ScheduleTime {
        try parts.require(key, "a positive number of epochs or steps") { $0.count > 0 }
    }

    private static func factor(_ parts: inout CompactText) throws -> Double {
        try parts.require("factor", "a positive number") { Float($0) > 0 && Float($0).isFinite }
    }

    private static func final(_ parts: inout CompactText) throws -> Double {
        try parts.take("final", "a learning rate of at least 0") { $0 >= 0 && Float($0).isFinite } ?? 0
    }

    private static func length(_ parts: inout CompactText) throws -> ScheduleTime? {
        let epochs: Int? = try parts.take("epochs", "a positive number") { $0 > 0 }
        let steps: Int? = try parts.take("steps", "a positive number") { $0 > 0 }
        switch (epochs, steps) {
        case (let epochs?, nil): return .epochs(epochs)
        case (nil, let steps?): return .steps(steps)
        case (nil, nil): return nil
        default: throw parts.problem("epochs and steps exclude each other")
        }
    }

    private static func multiStep(_ parts: inout CompactText) throws -> LearningRateSchedule {
        let list: String = try parts.require("at", "a list")
        let times = try list.split(separator: "/").map { part in
            guard let time = ScheduleTime(String(part)), time.count > 0 else {
                throw parts.problem("at=\(list) is not a list of epochs or steps such as 80/120")
            }
            return time
        }
        let rises = zip(times, times.dropFirst()).allSatisfy { $0.count < $1.count && $0.isSteps == $1.isSteps }
        guard !times.isEmpty, rises else { throw parts.problem("the times in at=\(list) do not rise in one unit") }
        guard let text = parts.take("multiples") else {
            let factor = try factor(&parts)
            let multiples = times.indices.map { index in (0...index).reduce(1.0) { product, _ in product * factor } }
            guard multiples.allSatisfy({ Float($0).isFinite }) else {
                throw parts.problem("factor=\(factor) at every time of at=\(list) ends in a rate that is infinite")
            }
            return .multiStep(at: times, multiples: multiples)
        }
        let multiples = text.split(separator: "/").compactMap { Double(String($0)) }
        guard multiples.count == times.count, multiples.allSatisfy({ Float($0) > 0 && Float($0).isFinite }) else {
            throw parts.problem("multiples=\(text) does not give a positive number for each of at=\(list)")
        }
        return .multiStep(at: times, multiples: multiples)
    }

    public var description: String {
        func length(_ time: ScheduleTime?) -> String {
            time.map { $0.isSteps ? "steps=\($0.count)," : "epochs=\($0.count)," } ?? ""
        }
        switch self {
        case .constant: return "constant"
        case .step(let every, let factor): return "step:every=\(every),factor=\(factor)"
        case .multiStep(let at, let multiples):
            let times = at.map(\.description).joined(separator: "/")
            return "multistep:at=\(times),multiples=\(multiples.map(\.description).joined(separator: "/"))"
        case .exponential(let every, let factor): return "exponential:every=\(every),factor=\(factor)"
        case .polynomial(let time, let power, let final):
            return "polynomial:\(length(time))power=\(power),final=\(final)"
        case .cosine(let time, let final): return "cosine:\(length(time))final=\(final)"
        case .inverseTime(let decay): return "inverse-time:decay=\(decay)"
        }
    }
}

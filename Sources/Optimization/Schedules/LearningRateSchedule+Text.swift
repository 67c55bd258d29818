import Basics

/// The form on the command line and in files; `description` is canonical and reads back as the same schedule.
extension LearningRateSchedule: CustomStringConvertible {
    package static let grammar = """
        one of constant | step:every=30,factor=0.1 | multistep:at=80/120,factor=0.1 (or multiples=0.1/0.01) | \
        exponential:every=8,factor=0.96 | polynomial:epochs=90,power=1,final=0,cycle=false | cosine:epochs=90,final=0 \
        | \(CosineRestarts.grammar) | \(WarmUpCosine.grammar) | \(OneCycle.grammar) (without epochs: the whole run) | \
        piecewise:at=1000/2000,rates=0.1/0.01/0.001 (steps) | inverse-time:decay=1e-6 (an update; or every=9000steps); \
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
            return .step(every: try parts.time("every"), factor: try factor(&parts))
        case "multistep":
            return try multiStep(&parts)
        case "exponential":
            return .exponential(every: try parts.time("every"), factor: try factor(&parts))
        case "polynomial":
            let power: Double? = try parts.take("power", "a positive number", where: Requirement.positive.holds)
            let cycles: Bool? = try parts.take("cycle", "true or false")
            return .polynomial(
                length: try parts.length(), power: power ?? 1, final: try parts.finalRate(), cycles: cycles ?? false)
        case "cosine":
            return .cosine(length: try parts.length(), final: try parts.finalRate())
        case "cosine-restarts": return .cosineRestarts(try CosineRestarts(&parts))
        case "warmup-cosine": return .warmUpCosine(try WarmUpCosine(&parts))
        case "one-cycle": return .oneCycle(try OneCycle(&parts))
        case "piecewise": return try piecewise(&parts)
        case "inverse-time":
            return .inverseTime(
                decay: try parts.require("decay", "a number of at least 0", where: Requirement.notNegative.holds),
                every: try parts.optionalTime("every"))
        default:
            let names = [
                "constant", "step", "multistep", "exponential", "polynomial", "cosine", "cosine-restarts",
                "warmup-cosine",
                "one-cycle", "piecewise", "inverse-time",
            ]
            throw parts.problem("unknown schedule '\(parts.name)'\(suggestion(for: parts.name, among: names))")
        }
    }

    private static func factor(_ parts: inout CompactText) throws -> Double {
        try parts.require("factor", "a positive number", where: Requirement.positive.holds)
    }

    private static func piecewise(_ parts: inout CompactText) throws -> LearningRateSchedule {
        let list: String = try parts.require("at", "a list of steps")
        let at = list.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        let steps = at.compactMap(\.self)
        guard steps.count == at.count, steps.allSatisfy({ $0 >= 0 }), zip(steps, steps.dropFirst()).allSatisfy(<) else {
            throw parts.problem("at=\(list) is not a rising list of steps such as 1000/2000")
        }
        let text: String = try parts.require("rates", "a list of learning rates")
        let rates = text.split(separator: "/").compactMap { Double(String($0)) }
        guard rates.count == steps.count + 1, rates.allSatisfy(Requirement.notNegative.holds) else {
            throw parts.problem("rates=\(text) does not give a learning rate before and after each step of at=\(list)")
        }
        return .piecewise(steps: steps, rates: rates)
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
        guard multiples.count == times.count, multiples.allSatisfy(Requirement.positive.holds) else {
            throw parts.problem("multiples=\(text) does not give a positive number for each of at=\(list)")
        }
        return .multiStep(at: times, multiples: multiples)
    }

    public var description: String {
        switch self {
        case .constant: return "constant"
        case .step(let every, let factor): return "step:every=\(every),factor=\(factor)"
        case .multiStep(let at, let multiples):
            let times = at.map(\.description).joined(separator: "/")
            return "multistep:at=\(times),multiples=\(multiples.map(\.description).joined(separator: "/"))"
        case .exponential(let every, let factor): return "exponential:every=\(every),factor=\(factor)"
        case .polynomial(let length, let power, let final, let cycles):
            return "polynomial:\(length.lengthText)power=\(power),final=\(final)" + (cycles ? ",cycle=true" : "")
        case .cosine(let length, let final): return "cosine:\(length.lengthText)final=\(final)"
        case .cosineRestarts(let schedule): return schedule.text
        case .warmUpCosine(let schedule): return schedule.text
        case .oneCycle(let schedule): return schedule.text
        case .piecewise(let steps, let rates):
            let at = steps.map(\.description).joined(separator: "/")
            return "piecewise:at=\(at),rates=\(rates.map(\.description).joined(separator: "/"))"
        case .inverseTime(let decay, let every):
            return "inverse-time:decay=\(decay)" + (every.map { ",every=\($0)" } ?? "")
        }
    }
}

/// Settings that several schedules have.
extension CompactText {
    mutating func time(_ key: String) throws -> ScheduleTime {
        guard let time = try optionalTime(key) else { throw problem("\(key) is missing") }
        return time
    }

    mutating func optionalTime(_ key: String) throws -> ScheduleTime? {
        try take(key, "a positive number of epochs or steps") { $0.count > 0 && $0.count <= Int(Int32.max) }
    }

    mutating func finalRate() throws -> Double {
        try take("final", "a learning rate of at least 0", where: Requirement.notNegative.holds) ?? 0
    }

    /// `epochs=90` or `steps=9000`; nil if neither is given.
    mutating func length() throws -> ScheduleTime? {
        let epochs: Int? = try take("epochs", "a positive number") { $0 > 0 && $0 <= Int(Int32.max) }
        let steps: Int? = try take("steps", "a positive number") { $0 > 0 && $0 <= Int(Int32.max) }
        switch (epochs, steps) {
        case (let epochs?, nil): return .epochs(epochs)
        case (nil, let steps?): return .steps(steps)
        case (nil, nil): return nil
        default: throw problem("epochs and steps exclude each other")
        }
    }
}

extension ScheduleTime? {
    /// `epochs=90,`; nothing for the whole run.
    var lengthText: String { map { $0.isSteps ? "steps=\($0.count)," : "epochs=\($0.count)," } ?? "" }
}

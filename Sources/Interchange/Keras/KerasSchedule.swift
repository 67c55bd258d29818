import Basics
import Optimization

/// A learning rate that Keras computes from the number of updates
/// (keras/src/optimizers/schedules/learning_rate_schedule.py), as options of a run.
struct KerasSchedule {
    let settings: [KerasCompilation.Setting]

    /// Nil for what does not exist here.
    init?(_ description: JSONValue) {
        guard let name = description["class_name"]?.string, let options = description["config"] else { return nil }
        guard let (rate, text) = Options(options).schedule(name),
            let schedule = try? LearningRateSchedule(parsing: text)
        else { return nil }
        if schedule.ownRate != nil {
            settings = [("schedule", text)]
        } else {
            guard Float(rate) > 0, Float(rate).isFinite else { return nil }
            settings = [("learning-rate", KerasCompilation.shortest(rate)), ("schedule", text)]
        }
    }

    private struct Options {
        private let options: JSONValue

        init(_ options: JSONValue) { self.options = options }

        /// The base rate, and the schedule in the words of `--schedule`.
        func schedule(_ name: String) -> (rate: Double, String)? {
            if name == "PiecewiseConstantDecay" { return pieces }
            guard let rate = number("initial_learning_rate"),
                let steps = options["decay_steps"]?.integer ?? options["first_decay_steps"]?.integer
            else { return nil }
            let alpha = number("alpha") ?? 0
            switch name {
            case "ExponentialDecay":
                guard let factor = number("decay_rate") else { return nil }
                return (rate, "\(isStaircase ? "step" : "exponential"):every=\(steps)steps,factor=\(factor)")
            case "InverseTimeDecay":
                guard let decay = number("decay_rate"), steps > 0 else { return nil }
                if isStaircase { return (rate, "inverse-time:decay=\(decay),every=\(steps)steps") }
                return (rate, "inverse-time:decay=\(decay / Double(steps))")
            case "PolynomialDecay":
                guard let final = number("end_learning_rate"), let power = number("power") else { return nil }
                let cycles = options["cycle"]?.bool ?? false
                return (rate, "polynomial:steps=\(steps),power=\(power),final=\(final),cycle=\(cycles)")
            case "CosineDecay":
                guard let target = number("warmup_target") else {
                    return (rate, "cosine:steps=\(steps),final=\(rate * alpha)")
                }
                let warmUp = options["warmup_steps"]?.integer ?? 0
                if warmUp == 0 { return (target, "cosine:steps=\(steps),final=\(target * alpha)") }
                return (
                    target, "warmup-cosine:warmup=\(warmUp)steps,steps=\(steps),start=\(rate),final=\(target * alpha)"
                )
            case "CosineDecayRestarts":
                let (length, peak) = (number("t_mul") ?? 2, number("m_mul") ?? 1)
                // Keras lowers the part above alpha only.
                return (
                    rate,
                    "cosine-restarts:first=\(steps)steps,length-factor=\(length),peak-factor=\(peak),final=\(rate * alpha)"
                )
            default: return nil
            }
        }

        /// Each value up to its boundary, that step included.
        private var pieces: (rate: Double, String)? {
            guard let boundaries = options["boundaries"]?.array?.compactMap(\.integer),
                let values = options["values"]?.array?.compactMap(\.number), let first = values.first
            else { return nil }
            let texts = [boundaries.map { "\($0)" }, values.map { "\($0)" }].map { $0.joined(separator: "/") }
            return (first, "piecewise:at=\(texts[0]),rates=\(texts[1])")
        }

        private func number(_ name: String) -> Double? { options[name]?.number.flatMap { $0.isFinite ? $0 : nil } }

        private var isStaircase: Bool { options["staircase"]?.bool ?? false }
    }
}

extension LearningRateSchedule {
    /// The rate of an update, from 0; nil of a schedule that Keras lacks.
    package func rateOfKeras(base: Double, update: Int) -> Double? {
        kerasConfiguration(base: base).map { _ in rate(base: base, step: update) }
    }

    /// What Keras writes of it, with its base rate; nil where it lacks such a schedule, as all that count in epochs.
    package func kerasConfiguration(base: Double) -> JSONValue? {
        func schedule(_ kerasClass: String, _ own: [String: JSONValue]) -> JSONValue {
            let options = own.merging(["initial_learning_rate": .number(base), "name": .string(kerasClass)]) { own, _ in
                own
            }
            return [
                "module": "keras.optimizers.schedules", "class_name": .string(kerasClass), "config": .object(options),
                "registered_name": nil,
            ]
        }
        func steps(_ count: Int) -> JSONValue { .integer(count) }
        func part(_ final: Double) -> JSONValue { .number(base > 0 ? final / base : 0) }
        switch self {
        case .step(.steps(let every), let factor), .exponential(.steps(let every), let factor):
            let isStaircase = if case .step = self { true } else { false }
            return schedule(
                "ExponentialDecay",
                ["decay_steps": steps(every), "decay_rate": .number(factor), "staircase": .bool(isStaircase)])
        case .polynomial(.steps(let length)?, let power, let final, let cycles):
            return schedule(
                "PolynomialDecay",
                [
                    "decay_steps": steps(length), "end_learning_rate": .number(final), "power": .number(power),
                    "cycle": .bool(cycles),
                ])
        case .cosine(.steps(let length)?, let final):
            return schedule("CosineDecay", ["decay_steps": steps(length), "alpha": part(final)])
        case .warmUpCosine(let own):
            guard case .steps(let warmUp) = own.warmUp, case .steps(let length)? = own.length else { return nil }
            return schedule(
                "CosineDecay",
                [
                    "initial_learning_rate": .number(own.start), "decay_steps": steps(length), "alpha": part(own.final),
                    "warmup_target": .number(base), "warmup_steps": steps(warmUp),
                ])
        case .cosineRestarts(let own):
            guard case .steps(let first) = own.first else { return nil }
            return schedule(
                "CosineDecayRestarts",
                [
                    "first_decay_steps": steps(first), "t_mul": .number(own.lengthFactor),
                    "m_mul": .number(own.peakFactor), "alpha": part(own.final),
                ])
        case .inverseTime(let decay, nil):
            return schedule(
                "InverseTimeDecay", ["decay_steps": steps(1), "decay_rate": .number(decay), "staircase": false])
        case .inverseTime(let decay, .steps(let every)?):
            return schedule(
                "InverseTimeDecay", ["decay_steps": steps(every), "decay_rate": .number(decay), "staircase": true])
        case .piecewise(let boundaries, let rates):
            return [
                "module": "keras.optimizers.schedules", "class_name": "PiecewiseConstantDecay", "registered_name": nil,
                "config": [
                    "boundaries": .array(boundaries.map(steps)), "values": .array(rates.map { .number($0) }),
                    "name": "PiecewiseConstantDecay",
                ],
            ]
        default: return nil
        }
    }
}

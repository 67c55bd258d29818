import Basics
import Glibc
import TOMLKit

/// Many settings of one kind of run, as a file names them:
///
///     output = "runs/sweep"
///     runs = 20                  # so many at random; without it, all combinations of the lists
///     seed = 1                   # of the random choices
///     halving = { factor = 3, first = 1 }   # stop bad runs early
///     [options]                  # what all runs have: any options of training, on top of a recipe
///     recipe = "lenet-mnist"
///     model = "lenet5-keras"
///     [vary]                     # what differs: lists, or ranges for random choices
///     optimizer = ["sgd", "adam"]
///     learning-rate = { from = 1e-4, to = 1e-1, scale = "log" }
public struct SweepPlan: Sendable {
    public struct Run: Sendable, Equatable {
        /// `run-01`
        public let name: String
        /// The options that differ between runs, in the order of their names.
        public let varied: [(name: String, value: String)]

        public static func == (a: Run, b: Run) -> Bool {
            a.name == b.name && a.varied.elementsEqual(b.varied, by: ==)
        }
    }

    /// The folder of all runs.
    public let output: String
    /// What all runs have.
    public let fixed: [(name: String, value: String)]
    public let runs: [Run]
    /// How bad runs are stopped early; nil if none is.
    public let halving: SuccessiveHalving?

    private enum Choice {
        case list([String])
        case range(from: Double, to: Double, isLogarithmic: Bool)
    }

    private static let mostRuns = 10_000
    /// The one word of `[options]` and `[vary]` that is no option itself, but sets many.
    private static let recipe = "recipe"

    /// `file` names the text in errors.
    public init(toml text: String, file: String) throws {
        func problem(_ words: String) -> OptionError { OptionError("sweep", "\(file): \(words)") }
        _ = try ParsableTOML.lines(of: text, file: file)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw problem("it is not TOML: line \(error.source.begin.line): \(error.description)")
        }
        for (key, _) in table {
            let known = ["output", "runs", "seed", "halving", "options", "vary"]
            guard known.contains(key) else { throw problem("unknown key \(key)\(suggestion(for: key, among: known))") }
        }
        guard let output = table["output"]?.string else { throw problem("it names no folder: output = \"runs/sweep\"") }
        self.output = output
        fixed =
            try (table["options"]?.table).map { options in
                try options.keys.sorted().map { name in
                    guard let value = options[name].flatMap(Self.text) else {
                        throw problem("\(name) is no single value")
                    }
                    return (name, value)
                }
            } ?? []
        guard let vary = table["vary"]?.table, !vary.isEmpty else { throw problem("nothing differs: give [vary]") }
        let choices = try vary.keys.sorted().map { name in
            guard vary[name]?.array?.isEmpty != true else {
                throw problem("\(name) is an empty list: give the values to try, such as \(name) = [0.1, 0.01]")
            }
            guard let choice = vary[name].flatMap(Self.choice) else {
                throw problem(
                    "\(name) is neither a list nor a range such as { from = 1e-4, to = 0.1, scale = \"log\" }")
            }
            return (name: name, choice: choice)
        }
        halving = try table["halving"].map { value in
            guard let halving = Self.halving(value) else {
                throw problem("halving is not like { factor = 3, first = 1 }: a factor from 2 on, and epochs from 1 on")
            }
            guard !choices.contains(where: { $0.name == "epochs" }) else {
                throw problem("runs are compared after equal epochs: leave epochs out of [vary], or halving out")
            }
            guard table["options"]?.table?["epochs"] != nil || !choices.contains(where: { $0.name == Self.recipe })
            else { throw problem("recipes differ in their epochs: give epochs in [options], or leave halving out") }
            guard table["options"]?.table?["stop-after-epoch"] == nil,
                !choices.contains(where: { $0.name == "stop-after-epoch" })
            else { throw problem("halving says itself where runs stop: leave stop-after-epoch out, or halving out") }
            return halving
        }
        let seed = table["seed"]?.int ?? 0
        let combinations =
            if let count = table["runs"]?.int {
                try Self.random(choices, count: count, seed: UInt64(bitPattern: Int64(seed)))
            } else {
                try Self.all(choices)
            }
        guard (1...Self.mostRuns).contains(combinations.count) else {
            throw problem("it asks for \(combinations.count) runs, and there may be 1 to \(Self.mostRuns)")
        }
        let digits = max(2, "\(combinations.count)".count)
        runs = combinations.enumerated().map { number, values in
            let text = "\(number + 1)"
            return Run(
                name: "run-" + String(repeating: "0", count: digits - text.count) + text,
                varied: zip(choices, values).map { ($0.name, $1) })
        }
        for run in runs { try requireGood(run) }
    }

    /// What the command line of a run says.
    public func options(of run: Run) -> [(name: String, value: String)] { fixed + run.varied }

    /// Of each run, where they do not differ in it.
    package var epochs: Int {
        get throws { try Self.trainingOptions(fixed).epochs }
    }

    /// As the command line means them: a recipe comes before what else is said.
    private static func trainingOptions(_ settings: [(name: String, value: String)]) throws -> TrainingOptions {
        var options = TrainingOptions()
        if let recipe = settings.last(where: { $0.name == recipe })?.value {
            _ = try options.apply(toml: Recipe.named(recipe).toml, file: "recipe \(recipe)")
        }
        for (name, value) in settings where name != recipe { try options.set(name, to: value) }
        return options
    }

    private func requireGood(_ run: Run) throws {
        let options = try Self.trainingOptions(options(of: run))
        try options.validate()
        guard options.model != nil, options.data != nil else {
            throw OptionError("sweep", "[options] must name data, and a model or a recipe")
        }
        guard options.output == nil else { throw OptionError("sweep", "each run has an output of its own") }
    }

    private static func text(_ value: any TOMLValueConvertible) -> String? {
        value.string ?? value.int.map { "\($0)" } ?? value.double.map { "\($0)" } ?? value.bool.map { "\($0)" }
    }

    private static func choice(_ value: any TOMLValueConvertible) -> Choice? {
        if let list = value.array {
            let texts = list.compactMap(text)
            return texts.count == list.count && !texts.isEmpty ? .list(texts) : nil
        }
        guard let range = value.table, let from = number(range["from"]), let to = number(range["to"]), from < to,
            (to - from).isFinite
        else { return nil }
        let scale = range["scale"]?.string ?? "linear"
        guard ["linear", "log"].contains(scale), scale == "linear" || from > 0 else { return nil }
        return .range(from: from, to: to, isLogarithmic: scale == "log")
    }

    private static func halving(_ value: any TOMLValueConvertible) -> SuccessiveHalving? {
        guard let table = value.table, table.keys.allSatisfy(["factor", "first"].contains) else { return nil }
        let whole = { (name: String, standard: Int) in table[name].map { $0.int ?? 0 } ?? standard }
        let (factor, first) = (whole("factor", 3), whole("first", 1))
        return factor > 1 && first > 0 ? SuccessiveHalving(factor: factor, first: first) : nil
    }

    private static func number(_ value: (any TOMLValueConvertible)?) -> Double? {
        value.flatMap { $0.double ?? $0.int.map(Double.init) }
    }

    private static func all(_ choices: [(name: String, choice: Choice)]) throws -> [[String]] {
        try choices.reduce([[]]) { combinations, next in
            guard case .list(let values) = next.choice else {
                throw OptionError(
                    "sweep", "\(next.name) is a range: say how many random runs there are, with runs = 20")
            }
            let (count, overflow) = combinations.count.multipliedReportingOverflow(by: values.count)
            guard !overflow, count <= mostRuns else {
                throw OptionError("sweep", "the lists have more than \(mostRuns) combinations: say runs = 20")
            }
            return combinations.flatMap { combination in values.map { combination + [$0] } }
        }
    }

    private static func random(
        _ choices: [(name: String, choice: Choice)], count: Int, seed: UInt64
    ) throws -> [[String]] {
        guard (1...mostRuns).contains(count) else {
            throw OptionError("sweep", "runs = \(count), and there may be 1 to \(mostRuns)")
        }
        return (0..<count).map { run in
            choices.enumerated().map { place, next in
                let random = CounterRandom(seed: seed, purpose: .generatedData, stream: UInt64(place))
                let part = Double(random.uniform(UInt64(run), in: 0..<1))
                switch next.choice {
                case .list(let values): return values[min(values.count - 1, Int(part * Double(values.count)))]
                case .range(let from, let to, let isLogarithmic):
                    let value = isLogarithmic ? from * pow(to / from, part) : from + part * (to - from)
                    return .formatted("%.4g", value)
                }
            }
        }
    }
}

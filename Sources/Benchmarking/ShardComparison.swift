import Basics
import Execution
import MessagePassing
import Options
import Sessions

/// What numbers of shards cost: a benchmark of each, one after the other in one run.
public struct ShardComparison: Sendable {
    /// What stands for a comparison where a number of shards is expected.
    public static let word = "auto"
    private static let most = 64

    /// In ascending order of their shards.
    public let reports: [BenchmarkReport]
    /// Whether each report's memory is its own, and not the most so far.
    private let separatesMemory: Bool

    /// Collective. `options.shards` does not matter.
    public init(
        _ options: TrainingOptions, steps: Int, _ communicator: Communicator, engines: @escaping EngineMaker
    ) throws {
        let numbers = Self.numbers(ranks: communicator.size, batchSize: options.batchSize).filter { shards in
            var options = options
            options.shards = shards
            return (try? options.validate()) != nil
        }
        guard !numbers.isEmpty else {
            throw OptionError(
                "batch-size",
                "\(options.batchSize) samples are no shard for each of \(communicator.size) ranks")
        }
        var separatesMemory = true
        reports = try numbers.map { shards in
            var options = options
            options.shards = shards
            separatesMemory = HostMemory.forgetPeak() && separatesMemory
            var report = try Benchmark(options, steps: steps, communicator, engines: engines).run()
            // The later ones begin long after the process.
            if shards != numbers[0] { report.timeToFirstStep = nil }
            return report
        }
        self.separatesMemory = separatesMemory
    }

    /// One for each rank, and powers of two above, as long as each shard has a sample.
    static func numbers(ranks: Int, batchSize: Int) -> [Int] {
        var numbers = [ranks]
        var next = 1
        while next < max(most, 2 * ranks) {
            next *= 2
            if next > ranks { numbers.append(next) }
        }
        return numbers.filter { $0 <= batchSize }
    }

    private var best: BenchmarkReport? { reports.max { $0.imagesPerSecond < $1.imagesPerSecond } }

    public var json: JSONValue {
        ["best_shards": .integer(best?.shards ?? 0), "reports": .array(reports.map(\.json))]
    }

    public var text: String {
        guard let best else { return "" }
        var table = TextTable(header: [
            "shards", "images/s", "% of best", "step, ms", "reduction not hidden, ms", "MiB a rank",
        ])
        table.rightAligned = Set(0..<6)
        table.rows = reports.map { report in
            [
                "\(report.shards)", Figures.decimal(report.imagesPerSecond, 1),
                Figures.decimal(100 * report.imagesPerSecond / best.imagesPerSecond, 0),
                Figures.decimal(report.stepTime, 2), Figures.decimal(report.exposedReductionTime, 2),
                separatesMemory ? Figures.decimal(report.peakMemory / 1048576, 0) : "-",
            ]
        }
        return """
            \(best.setting)

            \(table.text)

            --shards \(best.shards) is fastest here, with \(Figures.decimal(best.imagesPerSecond, 1)) images/s; a run's shards are part of its \
            result, and cannot change later.
            """
    }
}

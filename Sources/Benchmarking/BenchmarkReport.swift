import Basics
import Execution
import MessagePassing
import Models
import Reduction
import Reporting
import Options

/// What a benchmark found: medians over its steps. Times are in milliseconds a step; with several ranks each figure is
/// that of the slowest one.
public struct BenchmarkReport: Sendable {
    public let model: String
    public let engine: String
    public let precision: String
    public let batchSize: Int
    public let shards: Int
    public let ranks: Int
    public let threads: Int
    public let steps: Int

    public private(set) var stepTime: Double
    /// Waiting for the reader thread.
    public private(set) var dataTime: Double
    public private(set) var forwardTime: Double
    public private(set) var backwardTime: Double
    /// Reduction that no computation hid.
    public private(set) var exposedReductionTime: Double
    /// What that time was spent waiting for.
    public private(set) var reductionWaits: ReductionWaits
    public private(set) var updateTime: Double
    /// From the start of the process to the end of its first step; the data file is written meanwhile. Nil if the process did other
    /// things before.
    public internal(set) var timeToFirstStep: Double?
    /// The reduction between the ranks.
    public private(set) var traffic: ReductionTraffic
    /// Messages that a step's gradients travel in.
    public internal(set) var buckets = 1
    /// Of the rank that needs most, in bytes.
    public internal(set) var peakMemory = 0.0
    /// What a rank's processor gives at most, measured in the same run: see `ProcessorPeak`. The mean of all ranks.
    public internal(set) var productOperationsPerSecond = 0.0
    /// Where the trace is, if one was wanted; on rank 0.
    public internal(set) var traceSummary: String?
    /// Time by kind of kernel on rank 0, the longest first, as measured with a clock around each.
    public let kernels: [(kind: PlannedKernel.Kind, time: Double)]
    private let multiplyAdds: Int

    init(
        _ options: TrainingOptions, _ network: Network, engine: String, ranks: Int, _ durations: [StepDurations],
        _ kernels: [PlannedKernel.Kind: Double]
    ) {
        model = network.name
        self.engine = engine
        precision = options.precision.rawValue
        batchSize = options.batchSize
        shards = options.shards
        self.ranks = ranks
        threads = options.threads
        steps = durations.count
        multiplyAdds = network.multiplyAdds
        let median = { (part: (StepDurations) -> Double) in
            let sorted = durations.map(part).sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2] * 1000
        }
        stepTime = median(\.total)
        dataTime = median(\.dataWait)
        exposedReductionTime = median(\.exposedReduction)
        reductionWaits = ReductionWaits()
        for cause in WaitCause.allCases { reductionWaits[cause] = median { $0.reductionWaits[cause] } }
        updateTime = median(\.update)
        traffic = ReductionTraffic(time: median(\.activeReduction), bytes: durations.last?.bytesSent ?? 0)
        // A step has no clock between its passes; it is divided as the kernels' own times are.
        let compute = median(\.compute)
        let total = kernels.values.reduce(0, +)
        let forward = kernels.filter { $0.key.phase != .backward }.values.reduce(0, +)
        forwardTime = total > 0 ? compute * forward / total : 0
        backwardTime = compute - forwardTime
        self.kernels = kernels.map { ($0.key, $0.value * 1000) }.sorted { $0.1 > $1.1 }
    }

    /// Collective: replaces each figure by the largest of all ranks, the processor's limit by the mean.
    mutating func combine(over communicator: Communicator) throws {
        try traffic.combine(over: communicator)
        let figures =
            [
                stepTime, dataTime, forwardTime, backwardTime, exposedReductionTime, updateTime, timeToFirstStep ?? 0,
                peakMemory,
            ] + WaitCause.allCases.map { reductionWaits[$0] }
        let all = try communicator.allGather(figures)
        let largest = figures.indices.map { figure in all.map { $0[figure] }.max() ?? 0 }
        (stepTime, dataTime, forwardTime, backwardTime) = (largest[0], largest[1], largest[2], largest[3])
        (exposedReductionTime, updateTime) = (largest[4], largest[5])
        (timeToFirstStep, peakMemory) = (timeToFirstStep.map { _ in largest[6] }, largest[7])
        for cause in WaitCause.allCases { reductionWaits[cause] = largest[8 + cause.rawValue] }
        let products = try communicator.allGather([productOperationsPerSecond]).joined()
        productOperationsPerSecond = products.reduce(0, +) / Double(products.count)
    }

    /// Messages behind which the backward pass, sums or updates went on.
    public var hiddenReductionTime: Double { max(0, traffic.time - exposedReductionTime) }

    /// Over all ranks.
    public var imagesPerSecond: Double { Double(batchSize) / stepTime * 1000 }

    /// Two operations for each multiply-add, in the forward pass and twice in the backward pass. The first layer's input
    /// gradient counts although nobody computes it, as is usual; what is not a multiply-add of a convolution or dense layer
    /// does not.
    public var operationsPerSecond: Double { 6 * Double(multiplyAdds) * imagesPerSecond }

    /// What the ranks' processors would give at most is 1: in single precision, so that bf16 may come to more.
    public var shareOfPeak: Double { operationsPerSecond / (Double(ranks) * productOperationsPerSecond) }
}

extension BenchmarkReport {
    public var json: JSONValue {
        var fields: [String: JSONValue] = [
            "model": .string(model), "engine": .string(engine), "precision": .string(precision),
            "batch_size": .integer(batchSize), "shards": .integer(shards), "ranks": .integer(ranks),
            "threads": .integer(threads), "steps": .integer(steps),
            "images_per_second": .number(imagesPerSecond), "step_ms": .number(stepTime), "data_ms": .number(dataTime),
            "forward_ms": .number(forwardTime), "backward_ms": .number(backwardTime),
            "reduce_exposed_ms": .number(exposedReductionTime), "update_ms": .number(updateTime),
            "reduce_ms": .number(traffic.time), "reduce_hidden_ms": .number(hiddenReductionTime),
            "reduce_bytes": .integer(traffic.bytes), "reduce_bytes_per_second": .number(traffic.bytesPerSecond),
            "reduce_buckets": .integer(buckets), "time_to_first_step_ms": timeToFirstStep.map { .number($0) } ?? .null,
            "flops_per_second": .number(operationsPerSecond),
            "sgemm_gflops": .number(productOperationsPerSecond / 1e9), "share_of_peak": .number(shareOfPeak),
            "peak_rss_bytes": .integer(Int(peakMemory)),
            "kernels": .array(
                kernels.map { entry in
                    [
                        "phase": .string(entry.kind.phase.rawValue), "kind": .string(entry.kind.name),
                        "ms": .number(entry.time),
                    ]
                }),
        ]
        for cause in WaitCause.allCases { fields["\(cause.key)_ms"] = .number(reductionWaits[cause]) }
        return .object(fields)
    }

    /// What was measured, but for the shards.
    var setting: String {
        "\(model), batch \(batchSize), ranks x threads \(ranks) x \(threads), \(engine), \(precision); median of \(steps) steps"
    }

    public var text: String {
        var times = TextTable(header: ["Of a step", "ms", "%"])
        times.rightAligned = [1, 2]
        let waits = WaitCause.allCases.filter { reductionWaits[$0] > 0 }.map {
            ("  waiting \($0.words)", reductionWaits[$0])
        }
        times.rows =
            ([
                ("waiting for data", dataTime), ("forward", forwardTime), ("backward", backwardTime),
                ("reduction not hidden", exposedReductionTime),
            ] + waits + [("update", updateTime), ("all", stepTime)]).map { row($0, $1, of: stepTime) }
        var kinds = TextTable(header: ["Kernels of rank 0", "ms", "%"])
        kinds.rightAligned = [1, 2]
        let total = kernels.reduce(0) { $0 + $1.time }
        kinds.rows = kernels.map { row("\($0.kind.phase.rawValue): \($0.kind.name)", $0.time, of: total) }
        return """
            \(model): \(decimal(imagesPerSecond, 1)) images/s, at most \(decimal(peakMemory / 1048576, 0)) MiB a rank
            \(decimal(operationsPerSecond / 1e9, 1)) GFLOP/s, \(decimal(100 * shareOfPeak, 0)) % of what a product of \
            matrices reaches (\(decimal(productOperationsPerSecond / 1e9, 1)) a rank)
            batch \(batchSize), \(shards) shards, ranks x threads \(ranks) x \(threads), \(engine), \(precision); \
            median of \(steps) steps; first step done \(decimal(timeToFirstStep ?? 0, 0)) ms after the start\
            \(traffic.bytes > 0 ? "\n\(trafficText)" : "")

            \(times.text)

            \(kinds.text)
            """ + (traceSummary.map { "\n\($0)" } ?? "")
    }

    private var trafficText: String {
        "reduction: \(decimal(Double(traffic.bytes) / 1e6, 2)) MB sent a rank and step in \(buckets) buckets; messages under way for "
            + "\(decimal(traffic.time, 1)) ms (\(decimal(traffic.bytesPerSecond / 1e6, 0)) MB/s), of which "
            + "\(decimal(hiddenReductionTime, 1)) ms behind other work"
    }

    private func row(_ name: String, _ time: Double, of total: Double) -> [String] {
        [name, decimal(time, 3), total > 0 ? decimal(100 * time / total, 1) : "-"]
    }

    private func decimal(_ number: Double, _ digits: Int) -> String { Figures.decimal(number, digits) }
}

/// What a step's reduction has to carry between the ranks.
public struct ReductionTraffic: Sendable {
    /// Milliseconds in which messages were under way. With computation between the calls that move messages on, longer
    /// than the network alone would need.
    public private(set) var time: Double
    /// Sent by the rank that sends most.
    public private(set) var bytes: Int

    public var bytesPerSecond: Double { time > 0 ? Double(bytes) / time * 1000 : 0 }

    /// Collective: the largest figures of all ranks.
    mutating func combine(over communicator: Communicator) throws {
        let all = try communicator.allGather([time, Double(bytes)])
        time = all.map { $0[0] }.max() ?? 0
        bytes = Int(all.map { $0[1] }.max() ?? 0)
    }
}

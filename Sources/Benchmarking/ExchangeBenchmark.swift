import Basics
import Execution
import MessagePassing
import Options
import Reduction
import Sessions
import Training

/// Measures what ranks exchange in a step, and their sums and updates, without any computing: the least that a step takes on so many
/// ranks. One shard a rank.
public struct ExchangeBenchmark: Sendable {
    public let model: String
    public let parameters: Int
    public let ranks: Int
    public let nodes: Int
    public let buckets: Int
    public let steps: Int
    /// Milliseconds, of the slowest rank: the median of all steps, and the shortest.
    public let stepTime: Double
    public let shortestTime: Double
    /// What a rank sends to others in a step, the one that sends most.
    public let bytes: Int

    /// Collective.
    public init(
        _ options: TrainingOptions, steps: Int, _ communicator: Communicator, engines: @escaping EngineMaker
    ) throws {
        var options = options
        // Ranks compare their gradients; what there is to compute does not matter.
        (options.shards, options.batchSize) = (communicator.size, communicator.size)
        let file = try communicator.together { options.data == nil ? try BenchmarkData(options, batches: 1) : nil }
        defer { withExtendedLifetime(file) {} }
        options.data = options.data ?? file?.path
        let session = try Session(options, communicator, engines: engines)
        let parts = try RunParts(session)
        let step = try parts.step(nil)
        let rate = Float(options.baseLearningRate)
        var times: [Double] = []
        let sent = parts.reducer.bytesSent
        for number in 0..<Benchmark.warmUpSteps + steps {
            // Each step begins together, as behind the metrics of the step before.
            try communicator.barrier()
            let start = BootClock.now
            try step.exchange(batch: options.batchSize, step: number, rate: rate)
            if number >= Benchmark.warmUpSteps { times.append(BootClock.seconds(since: start)) }
        }
        let all = try communicator.allGather(times)
        let slowest = times.indices.map { step in (all.map { $0[step] }.max() ?? 0) * 1000 }.sorted()
        let perStep = (parts.reducer.bytesSent - sent) / (Benchmark.warmUpSteps + steps)
        let bytes = try communicator.allGather([Int64(perStep)]).joined().max() ?? 0
        model = parts.network.name
        parameters = parts.network.trainableIndices.reduce(0) { sum, index in
            sum + parts.network.parameters[index].specification.shape.count
        }
        ranks = communicator.size
        nodes = session.sharing.nodes.nodes.count
        buckets = parts.reducer.buckets.buckets.count
        self.steps = steps
        (stepTime, shortestTime) = (slowest[slowest.count / 2], slowest[0])
        self.bytes = Int(bytes)
    }

    public var json: JSONValue {
        [
            "model": .string(model), "parameters": .integer(parameters), "ranks": .integer(ranks),
            "nodes": .integer(nodes),
            "reduce_buckets": .integer(buckets), "steps": .integer(steps), "exchange_ms": .number(stepTime),
            "shortest_exchange_ms": .number(shortestTime), "reduce_bytes": .integer(bytes),
        ]
    }

    public var text: String {
        "\(model): \(Figures.decimal(stepTime, 3)) ms for the exchange of \(parameters.grouped) gradients in \(buckets) buckets "
            + "(at least \(Figures.decimal(shortestTime, 3)) ms; median of \(steps) steps, slowest rank); "
            + "\(Figures.count(ranks, "rank")) on \(Figures.count(nodes, "node")), "
            + "at most \(Figures.decimal(Double(bytes) / 1e6, 2)) MB sent a rank and step"
    }
}

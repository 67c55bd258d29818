import Basics
import DataPipeline
import Execution
import MessagePassing
import Reporting
import Options
import Sessions
import Training
import Tracing

/// Measures whole training steps: samples read from HDF5, forward, backward, reduction and update, as a run does them.
/// Steps are timed untouched; what kernels take is measured afterwards, in passes of their own.
public struct Benchmark {
    /// Not counted: caches fill, pages are touched for the first time.
    static let warmUpSteps = 5
    static let profiledSteps = 5
    /// Batches in the file, which is read again and again.
    private static let batches = 4

    private let options: TrainingOptions
    private let steps: Int
    private let communicator: Communicator
    private let makeEngine: EngineMaker

    /// `options` name the model; without data it computes on random samples.
    public init(
        _ options: TrainingOptions, steps: Int, _ communicator: Communicator, engines: @escaping EngineMaker
    ) {
        self.options = options
        self.steps = steps
        self.communicator = communicator
        makeEngine = engines
    }

    /// Collective: all ranks get the same report.
    public func run() throws -> BenchmarkReport {
        try communicator.agree(on: [SharedFact("--steps", "\(steps)")])
        var options = options
        let file = try communicator.together {
            options.data == nil ? try BenchmarkData(options, batches: Self.batches) : nil
        }
        defer { withExtendedLifetime(file) {} }
        options.data = options.data ?? file?.path
        let session = try Session(options, communicator, engines: makeEngine)
        let parts = try RunParts(session)

        let trace = try parts.trace()
        let reader = parts.data.phase(ofEpoch: 0).source.reader(
            shards: session.shards, epochs: .max, spans: trace?.reader)
        defer { reader.stop() }
        let (durations, firstStep) = try timeSteps(parts, reader, trace)
        try trace?.finish()
        let peakMemory = Double(HostMemory.peakBytes ?? 0)
        let kernels = try timeKernels(parts, reader)
        var report = BenchmarkReport(
            options, parts.network, engine: session.engine.description, ranks: communicator.size, durations, kernels)
        report.timeToFirstStep = firstStep * 1000
        report.peakMemory = peakMemory
        report.productOperationsPerSecond = try ProcessorPeak.measure(session.engine)
        report.traceSummary = trace?.summary
        report.buckets = parts.reducer.buckets.buckets.count
        try report.combine(over: communicator)
        return report
    }

    private func timeSteps(
        _ parts: RunParts, _ reader: BatchReader, _ trace: RankTrace?
    ) throws -> (durations: [StepDurations], secondsToFirst: Double) {
        let step = try parts.step(trace)
        let rate = Float(options.baseLearningRate)
        var durations: [StepDurations] = []
        var secondsToFirst = 0.0
        for number in 0..<Self.warmUpSteps + steps {
            guard let samples = try reader.next() else { break }
            let timer = StepTimer(parts.reducer)
            _ = try step.run(samples, batch: options.batchSize, step: number, rate: rate)
            let duration = timer.durations(of: step, waited: samples.waited)
            if number == 0 { secondsToFirst = ProcessStart.secondsAgo ?? 0 }
            try trace?.stepEnded(number, begin: timer.begin, waited: samples.waited)
            reader.release(samples)
            if number >= Self.warmUpSteps { durations.append(duration) }
        }
        return (durations, secondsToFirst)
    }

    /// Seconds a step by kind of kernel, over this rank's shards.
    private func timeKernels(_ parts: RunParts, _ reader: BatchReader) throws -> [PlannedKernel.Kind: Double] {
        let (mine, partition) = (parts.session.shards, parts.session.partition)
        let sums = parts.replica.sums
        let sizes = Set(mine.map { partition.samples(of: $0, batch: options.batchSize).count })
        let isSideBySide = sums != nil && sizes.count == 1
        let levels = sums?.levels ?? mine.map { _ in 0 }
        var times: [PlannedKernel.Kind: Double] = [:]
        for _ in 0..<Self.profiledSteps {
            guard let samples = try reader.next() else { break }
            parts.replica.weightsChanged()
            let plans = try mine.map { shard in
                try parts.replica.plan(
                    .training, samples: partition.samples(of: shard, batch: options.batchSize).count,
                    shard: shard - mine.lowerBound, level: levels[shard - mine.lowerBound], isSideBySide: isSideBySide)
            }
            let contexts = mine.map { shard in
                StepContext(
                    seed: options.seed, step: 0, batchSize: options.batchSize,
                    firstSample: partition.samples(of: shard, batch: options.batchSize).lowerBound)
            }
            var timing = KernelTiming(
                shards: mine, plans: plans, contexts: contexts, sums: sums, loader: parts.loader, samples: samples,
                times: times)
            try timing.visit(mine, parts.replica.exchanges.indices, sideBySide: isSideBySide ? plans[0] : nil)
            times = timing.times
            reader.release(samples)
        }
        return times.mapValues { $0 / Double(Self.profiledSteps) }
    }
}

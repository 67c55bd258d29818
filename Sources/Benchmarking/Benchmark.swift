import Basics
import DataPipeline
import Execution
import MessagePassing
import Reporting
import Training

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
    private let makeEngine: TrainingRun.EngineMaker

    /// `options` name the model; their data is replaced by random samples.
    public init(
        _ options: TrainingOptions, steps: Int, _ communicator: Communicator, engines: @escaping TrainingRun.EngineMaker
    ) {
        self.options = options
        self.steps = steps
        self.communicator = communicator
        makeEngine = engines
    }

    /// Collective: all ranks get the same report.
    public func run() throws -> BenchmarkReport {
        var options = options
        try options.validate(ranks: communicator.size)
        let file = try communicator.together {
            try BenchmarkData(options, batches: Self.batches)
        }
        defer { withExtendedLifetime(file) {} }
        options.data = file.path
        let data = try communicator.together { try RunData(options) }
        let definition = try communicator.together { try ModelDefinition(options, data, resumed: nil) }
        let engine = try communicator.together { try makeEngine(options.engine) }
        let parts = try RunParts(options, data, definition, engine, communicator)

        let trace = try parts.trace(options, communicator)
        let reader = BatchReader(
            data.train, transforms: data.input.transforms, sampler: parts.sampler,
            shards: parts.partition.shards(of: communicator.rank), epochs: .max, spans: trace?.reader)
        defer { reader.stop() }
        let (durations, firstStep) = try timeSteps(parts, reader, options, trace)
        try trace?.finish()
        let peakMemory = Double(HostMemory.peakBytes ?? 0)
        let kernels = try timeKernels(parts, reader, options)
        var report = BenchmarkReport(
            options, definition.network, engine: engine.description, ranks: communicator.size, durations, kernels)
        report.timeToFirstStep = firstStep * 1000
        report.peakMemory = peakMemory
        report.productOperationsPerSecond = try ProcessorPeak.measure(engine)
        report.traceSummary = trace?.summary
        report.buckets = parts.reducer.buckets.buckets.count
        try report.combine(over: communicator)
        return report
    }

    private func timeSteps(
        _ parts: RunParts, _ reader: BatchReader, _ options: TrainingOptions, _ trace: RankTrace?
    ) throws -> (durations: [StepDurations], secondsToFirst: Double) {
        let step = try parts.step(options, communicator, trace)
        let rate = Float(options.baseLearningRate)
        var durations: [StepDurations] = []
        var secondsToFirst = 0.0
        for number in 0..<Self.warmUpSteps + steps {
            guard let samples = try reader.next() else { break }
            let timer = StepTimer(parts.reducer)
            _ = try step.run(samples, batch: options.batchSize, step: number, rate: rate)
            let duration = timer.durations(waited: samples.waited)
            if number == 0 { secondsToFirst = ProcessStart.secondsAgo ?? 0 }
            try trace?.stepEnded(number, begin: timer.begin, waited: samples.waited)
            reader.release(samples)
            if number >= Self.warmUpSteps { durations.append(duration) }
        }
        return (durations, secondsToFirst)
    }

    /// Seconds a step by kind of kernel, over this rank's shards.
    private func timeKernels(
        _ parts: RunParts, _ reader: BatchReader, _ options: TrainingOptions
    ) throws -> [PlannedKernel.Kind: Double] {
        let mine = parts.partition.shards(of: communicator.rank)
        let loading = PlannedKernel.Kind(phase: .forward, name: "normalising samples")
        var times: [PlannedKernel.Kind: Double] = [:]
        for _ in 0..<Self.profiledSteps {
            guard let samples = try reader.next() else { break }
            parts.replica.weightsChanged()
            for shard in mine {
                let part = parts.partition.samples(of: shard, batch: options.batchSize)
                let plan = try parts.replica.plan(.training, samples: part.count, shard: shard - mine.lowerBound)
                let context = StepContext(
                    seed: options.seed, step: 0, batchSize: options.batchSize, firstSample: part.lowerBound)
                let start = ContinuousClock.now
                parts.loader.load(samples[shard], into: plan)
                times[loading, default: 0] += (ContinuousClock.now - start) / .seconds(1)
                try plan.addTimes(context, to: &times)
            }
            reader.release(samples)
        }
        return times.mapValues { $0 / Double(Self.profiledSteps) }
    }
}

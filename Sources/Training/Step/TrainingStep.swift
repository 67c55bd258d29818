import Basics
import DataPipeline
import Execution
import MessagePassing
import Optimization
import Reduction
import Options
import Sessions

/// One step: every shard of this rank runs forward and backward. Gradients are reduced while the last shard still runs
/// backward. Then weights are updated and shared.
package final class TrainingStep {
    private let replica: Replica
    private let reducer: Reducer
    private let update: ParameterUpdate
    private var loader: SampleLoader
    private let metrics: MetricsExchange
    private let statistics: StatisticsExchange
    private let settings: Settings
    private let gate: FiniteGate?
    private let constrained: ConstrainedWeights?
    private let communicator: Communicator
    private let watch: StallWatch
    /// The plans of the rank's shards for a batch of so many samples.
    private var planned: (batch: Int, plans: [BoundPlan])?
    /// Whether all shards of the rank go through one operation before the next, and have as many samples.
    private var isSideBySide = false
    /// What this rank waited for in the last step.
    private(set) var waits = ReductionWaits()
    /// What was not finite in the last step, in sentences, in runs that go back then; nil if all was. The same on all ranks.
    private(set) var problem: String?
    /// Where the loss of a shard of this rank was first seen not to be finite in this step.
    private var finding: NonFiniteReport.Finding?

    struct Settings {
        var seed: UInt64
        /// Steps that count as none of this optimizer's.
        var earlierSteps: Int
        var weightDecay: Float
        var onNaN: NonFiniteRule
    }

    init(
        _ replica: Replica, _ reducer: Reducer, _ update: ParameterUpdate, _ loader: SampleLoader,
        _ communicator: Communicator, _ settings: Settings, _ gate: FiniteGate?, _ constrained: ConstrainedWeights?
    ) throws {
        self.replica = replica
        self.reducer = reducer
        self.update = update
        self.loader = loader
        self.settings = settings
        self.gate = gate
        self.constrained = constrained
        self.communicator = communicator
        watch = communicator.watch
        metrics = try MetricsExchange(communicator, reducer.partition, heads: replica.loss.heads.count)
        statistics = try StatisticsExchange(communicator, reducer.partition, replica.exchanges)
    }

    /// From here on samples come as `input` makes them: in a shape that the replica was planned for.
    func take(_ input: InputPipeline) {
        loader = loader.taking(input)
        replica.trainingInput = input.output.shape
        planned = nil
    }

    /// Collective. `batch` counts the samples of all ranks, `step` the steps of the run from 0. The sums of a step that was
    /// left out count no sample. A step that is not finite throws the same error on all ranks, unless `Settings.onNaN` says
    /// otherwise. `request` is this rank's, and travels with the metrics.
    package func run(
        _ samples: BatchBuffer, batch: Int, step: Int, rate: Float, request: SignalRequest? = SignalRequest.take()
    ) throws -> MetricSums {
        beginUpdate(batch: batch, step: step, rate: rate)
        (problem, finding) = (nil, nil)
        metrics.clear()
        replica.weightsChanged()
        try reducer.begin(batch: batch)
        isSideBySide = replica.sums?.shards == reducer.shards.count && areEven(batch: batch)
        var pass = Pass(step: self, samples: samples, batch: batch, number: step)
        try pass.visit(
            reducer.shards, replica.exchanges.indices,
            sideBySide: isSideBySide ? plan(reducer.shards.lowerBound, batch: batch) : nil)
        let earlier = reducer.waits
        try reducer.finish()
        let waits = reducer.waits - earlier
        var sums = try metrics.combine(
            request, isFinite: update.problem == nil && finding == nil, waited: waits.forCommunication)
        self.waits = waits.knowing(leastForCommunication: metrics.leastWait)
        let isLeftOut = gate?.isClosed ?? false
        if !isLeftOut { try constrained?.project() }
        if isLeftOut { sums.leaveOut() }
        if !sums.isFinite || isLeftOut && settings.onNaN == .rollback {
            let problem = try explain(samples, batch: batch, step: step)
            guard settings.onNaN == .rollback else {
                throw TrainingError("\(problem) The last checkpoint is whole.")
            }
            self.problem = problem
        }
        return sums
    }

    /// A step without its kernels: gradients are added, exchanged and applied as they lie in memory. It shows what the exchange
    /// takes. Collective.
    package func exchange(batch: Int, step: Int, rate: Float) throws {
        beginUpdate(batch: batch, step: step, rate: rate)
        try reducer.begin(batch: batch)
        for shard in reducer.shards.dropLast() where replica.sums == nil {
            reducer.shardFinished(shard, range: 0..<reducer.buckets.count)
        }
        try reducer.finish()
    }

    private func beginUpdate(batch: Int, step: Int, rate: Float) {
        update.begin(
            UpdateStep(
                scale: 1 / Float(batch), learningRate: rate, iteration: step - settings.earlierSteps,
                weightDecay: settings.weightDecay))
    }

    private func plan(_ shard: Int, batch: Int) throws -> BoundPlan {
        let first = reducer.shards.lowerBound
        if let planned, planned.batch == batch { return planned.plans[shard - first] }
        let plans = try reducer.shards.map { shard in
            try replica.plan(
                .training, samples: reducer.partition.samples(of: shard, batch: batch).count,
                shard: shard - first, level: reducer.level(ofShard: shard), isSideBySide: isSideBySide)
        }
        planned = (batch, plans)
        return plans[shard - first]
    }

    private func load(_ samples: ShardBatch, _ shard: Int, batch: Int, step: Int) throws {
        let plan = try plan(shard, batch: batch)
        loader.load(samples, into: plan)
        try plan.prepareWeights(context(shard, batch: batch, step: step))
    }

    private func addMetrics(of shard: Int, _ samples: BatchBuffer, batch: Int) throws {
        metrics.add(try plan(shard, batch: batch), samples: samples[shard].count, shard: shard)
    }

    /// Whether the rank's shards have as many samples.
    private func areEven(batch: Int) -> Bool {
        let (partition, first) = (reducer.partition, reducer.shards.lowerBound)
        return reducer.shards.allSatisfy {
            partition.samples(of: $0, batch: batch).count == partition.samples(of: first, batch: batch).count
        }
    }

    /// One shard's part of a segment: its samples, its kernels, and the additions that are due then. Without `kernels`, all of them.
    private func run(
        _ index: Int, _ shard: Int, _ samples: BatchBuffer, of kernels: BoundPlan.Run? = nil, batch: Int, step: Int
    ) throws {
        let plan = try plan(shard, batch: batch)
        let segment = plan.segments[index]
        let context = context(shard, batch: batch, step: step)
        let (isLast, isLayerByLayer) = (shard == reducer.shards.last, replica.sums != nil)
        // Gradients of this shard below this offset are added.
        var added = 0
        for kernel in kernels?.kernels ?? segment.kernels.indices {
            do {
                try segment.kernels[kernel](context)
            } catch let bad as NonFiniteLoss {
                // The other ranks wait for this one's gradients, whatever they are.
                if let gate { gate.sawNonFinite() } else { try find(bad, plan, index, context, samples[shard], shard) }
            }
            let ready = isLayerByLayer ? 0 : segment.gradientsReady[kernel]
            if isLast {
                if ready > 0 { try reducer.gradientsReady(upTo: ready) } else { try reducer.progress() }
            } else if ready > added {
                // While they are in the cache.
                add(segment.gradients, of: shard, added..<ready)
                added = ready
            }
        }
        if isLayerByLayer {
            for range in kernels?.gradients ?? segment.gradients {
                // In pieces of all levels that fit into the cache: what one addition writes the next one reads.
                let piece = 4096
                for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
                    reducer.shardFinished(shard, range: start..<min(start + piece, range.upperBound)) {
                        replica.gradientStart(level: $0, for: segment.gradients)
                    }
                }
            }
        } else if !isLast {
            add(segment.gradients, of: shard, added..<Int.max)
        }
    }

    /// Those of a shard's gradients that are complete, and lie between these offsets.
    private func add(_ gradients: [Range<Int>], of shard: Int, _ complete: Range<Int>) {
        for range in gradients {
            let range = range.clamped(to: complete)
            if !range.isEmpty { reducer.shardFinished(shard, range: range) }
        }
    }

    /// The rank's shards go through the segments of a step.
    private struct Pass: ShardVisitor {
        let step: TrainingStep
        let samples: BatchBuffer
        let batch: Int
        let number: Int

        func begin(_ shard: Int) throws {
            step.watch.begin(.computing)
            try step.load(samples[shard], shard, batch: batch, step: number)
        }

        func run(_ segment: Int, of shard: Int, _ run: BoundPlan.Run?) throws {
            step.watch.begin(.computing)
            try step.run(segment, shard, samples, of: run, batch: batch, step: number)
            if run == nil, segment == step.replica.lossSegment { try step.addMetrics(of: shard, samples, batch: batch) }
        }

        func runForAllShards(_ segment: Int, _ run: BoundPlan.Run) throws {
            step.watch.begin(.computing)
            let context = step.context(step.reducer.shards.lowerBound, batch: batch, step: number)
            for kernel in run.forAllShards {
                try kernel(context)
                try step.reducer.progress()
            }
        }

        func finish(_ segment: Int) throws {
            let shards = step.reducer.shards
            if step.isSideBySide, segment == step.replica.lossSegment {
                for shard in shards { try step.addMetrics(of: shard, samples, batch: batch) }
            }
            if step.replica.sums != nil, let last = shards.last {
                // Gradients that are added over all shards are added, and what is complete then may leave.
                let bound = try step.plan(last, batch: batch).segments[segment]
                bound.sum?.add(step.reducer.shardSums)
                if bound.allReady > 0 { try step.reducer.gradientsReady(upTo: bound.allReady) }
            }
            if let exchange = step.replica.exchanges[segment] {
                try step.combine(exchange, segment, batch: batch) { try step.plan($0, batch: batch) }
            }
        }
    }

    private func context(_ shard: Int, batch: Int, step: Int) -> StepContext {
        StepContext(
            seed: settings.seed, step: UInt64(step), batchSize: batch,
            firstSample: reducer.partition.samples(of: shard, batch: batch).lowerBound)
    }

    /// The barrier behind a segment: all shards' vectors become one, which the next segment of every shard reads.
    private func combine(
        _ exchange: Exchange, _ segment: Int, batch: Int, _ plan: (_ shard: Int) throws -> BoundPlan
    ) throws {
        let shards = reducer.partition.shards(of: communicator.rank, batch: batch)
        for shard in shards {
            guard let local = try plan(shard).segments[segment].exchange else { continue }
            statistics.set(local.local, count: exchange.count, shard: shard)
        }
        let combined = try statistics.combine(exchange, segment: segment, batch: batch)
        for shard in shards {
            try plan(shard).segments[segment].exchange?.combined.update(from: combined, count: exchange.count)
        }
    }

    /// Runs the forward pass alone, as a step would. `look` is called whenever a segment of a shard of this rank has run, with the
    /// shard's gradient arena and the ranges of it that hold something new: sums of statistics. Collective.
    func forward(
        _ samples: BatchBuffer, batch: Int, step: Int,
        _ look: (_ shard: Int, _ gradients: AlignedBuffer<Float>, _ ranges: [Range<Int>]) -> Void
    ) throws {
        let shards = reducer.partition.shards(of: communicator.rank, batch: batch)
        let plan = { [self] shard in
            try replica.plan(
                .training, samples: reducer.partition.samples(of: shard, batch: batch).count,
                shard: shard - shards.lowerBound)
        }
        for index in 0..<replica.forwardSegments {
            for shard in shards {
                watch.begin(.computing)
                let (bound, context) = (try plan(shard), context(shard, batch: batch, step: step))
                if index == 0 {
                    loader.load(samples[shard], into: bound)
                    try bound.prepareWeights(context)
                }
                let segment = bound.segments[index]
                for kernel in segment.kernels.prefix(segment.forward) { try kernel(context) }
                look(shard, replica.gradientLevels[0], segment.gradients)
            }
            if index + 1 < replica.forwardSegments, let exchange = replica.exchanges[index] {
                try combine(exchange, index, batch: batch, plan)
            }
        }
    }

    // MARK: A step that is not finite

    /// Looks in which layer a bad loss began, before the step changes the weights.
    private func find(
        _ bad: NonFiniteLoss, _ plan: BoundPlan, _ last: Int, _ context: StepContext, _ samples: ShardBatch,
        _ shard: Int
    ) throws {
        guard finding == nil else { return }
        for segment in 0...last {
            guard let origin = try plan.firstNonFinite(in: segment, context) else { continue }
            let stage = replica.stages.firstIndex { $0.contains(segment) } ?? 0
            finding = .init(origin, plan, samples, stage: stage, shard: shard)
            break
        }
        finding?.loss = NonFiniteReport.Finding.text(bad.loss)
    }

    /// Why the step is not finite, in sentences: the same on all ranks. Collective.
    private func explain(_ samples: BatchBuffer, batch: Int, step: Int) throws -> String {
        let reports = try communicator.allGather(encoding: NonFiniteReport(problem: update.problem, finding: finding))
        let isKnown = reports.contains { $0.finding != nil || $0.problem?.isOfWeights ?? false }
        if isKnown { return NonFiniteReport.text(reports, step: step) }
        for (number, stage) in replica.stages.enumerated() {
            let report = try NonFiniteReport(
                problem: update.problem, finding: search(number, stage, samples, batch: batch, step: step))
            let reports = try communicator.allGather(encoding: report)
            if reports.contains(where: { $0.finding != nil }) { return NonFiniteReport.text(reports, step: step) }
            let last = stage.upperBound - 1
            if let exchange = replica.exchanges[last] {
                try combine(exchange, last, batch: batch) { try self.plan($0, batch: batch) }
            }
        }
        return NonFiniteReport.text(reports, step: step)
    }

    /// Runs a stage of the rank's shards once more, and looks where the first of them is not finite. If no gate held the
    /// updates back, some weights are new by now; what was not finite before them is found all the same.
    private func search(
        _ number: Int, _ stage: Range<Int>, _ samples: BatchBuffer, batch: Int, step: Int
    ) throws -> NonFiniteReport.Finding? {
        if number == 0 { replica.weightsChanged() }
        for shard in reducer.shards {
            let plan = try self.plan(shard, batch: batch)
            let context = self.context(shard, batch: batch, step: step)
            if number == 0 {
                loader.load(samples[shard], into: plan)
                try plan.prepareWeights(context)
            }
            for segment in stage {
                guard let origin = try plan.firstNonFinite(in: segment, context) else { continue }
                return .init(origin, plan, samples[shard], stage: number, shard: shard)
            }
        }
        return nil
    }
}

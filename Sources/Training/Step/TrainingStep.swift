import Basics
import DataPipeline
import Execution
import MessagePassing
import Optimization
import Reduction

/// One step: every shard of this rank runs forward and backward. Gradients are reduced while the last shard still runs
/// backward. Then weights are updated and shared.
package final class TrainingStep {
    private let replica: Replica
    private let reducer: Reducer
    private let update: ParameterUpdate
    private let loader: SampleLoader
    private let metrics: MetricsExchange
    private let statistics: StatisticsExchange
    private let settings: Settings
    private let gate: FiniteGate?
    private let watch: StallWatch

    struct Settings {
        var seed: UInt64
        var weightDecay: Float
    }

    init(
        _ replica: Replica, _ reducer: Reducer, _ update: ParameterUpdate, _ loader: SampleLoader,
        _ communicator: Communicator, _ settings: Settings, _ gate: FiniteGate?
    ) throws {
        self.replica = replica
        self.reducer = reducer
        self.update = update
        self.loader = loader
        self.settings = settings
        self.gate = gate
        watch = communicator.watch
        metrics = try MetricsExchange(communicator, reducer.partition)
        statistics = try StatisticsExchange(communicator, reducer.partition, replica.exchanges)
    }

    /// Collective. `batch` counts the samples of all ranks, `step` the steps of the run from 0. The sums of a step that was
    /// left out count no sample.
    package func run(_ samples: BatchSlot, batch: Int, step: Int, rate: Float) throws -> MetricSums {
        update.step = UpdateStep(
            scale: 1 / Float(batch), learningRate: rate, iteration: step, weightDecay: settings.weightDecay)
        metrics.clear()
        replica.weightsChanged()
        try reducer.begin(batch: batch)
        for segment in replica.exchanges.indices {
            for shard in reducer.shards {
                let plan = try self.plan(shard, batch: batch)
                watch.begin(.computing)
                if segment == 0 { loader.load(samples[shard], into: plan) }
                try run(plan, segment, shard, samples[shard], batch: batch, step: step)
                if shard != reducer.shards.last {
                    for range in plan.segments[segment].gradients { reducer.shardFinished(shard, range: range) }
                }
                if segment == replica.exchanges.count - 1 {
                    metrics.add(plan.metrics.pointee, samples: samples[shard].count, shard: shard)
                }
            }
            if let exchange = replica.exchanges[segment] { try combine(exchange, segment, batch: batch) }
        }
        try reducer.finish()
        var sums = try metrics.combine(SignalRequest.take())
        if let gate, gate.isClosed { (sums.samples, sums.loss, sums.correct, sums.correctInTop5) = (0, 0, 0, 0) }
        return sums
    }

    private func plan(_ shard: Int, batch: Int) throws -> BoundPlan {
        try replica.plan(
            .training, samples: reducer.partition.samples(of: shard, batch: batch).count,
            shard: shard - reducer.shards.lowerBound, level: reducer.level(ofShard: shard))
    }

    private func run(
        _ plan: BoundPlan, _ index: Int, _ shard: Int, _ samples: ShardBatch, batch: Int, step: Int
    ) throws {
        let segment = plan.segments[index]
        let context = StepContext(
            seed: settings.seed, step: UInt64(step), batchSize: batch,
            firstSample: reducer.partition.samples(of: shard, batch: batch).lowerBound)
        if index == 0 { try plan.prepareWeights(context) }
        let isLast = shard == reducer.shards.last
        for kernel in segment.kernels.indices {
            do {
                try segment.kernels[kernel](context)
            } catch let bad as NonFiniteLoss {
                guard let gate else { throw try TrainingError.nonFinite(bad.loss, step: step, plan, context, samples) }
                // The other ranks wait for this one's gradients, whatever they are.
                gate.sawNonFinite()
            }
            guard isLast else { continue }
            let ready = segment.gradientsReady[kernel]
            if ready > 0 { try reducer.gradientsReady(upTo: ready) } else { try reducer.progress() }
        }
    }

    /// The barrier behind a segment: all shards' vectors become one, which the next segment of every shard reads.
    private func combine(_ exchange: Exchange, _ segment: Int, batch: Int) throws {
        for shard in reducer.shards {
            guard let local = try plan(shard, batch: batch).segments[segment].exchange else { continue }
            statistics.set(local.local, count: exchange.count, shard: shard)
        }
        let combined = try statistics.combine(exchange, segment: segment, batch: batch)
        for shard in reducer.shards {
            try plan(shard, batch: batch).segments[segment].exchange?.combined.update(
                from: combined, count: exchange.count)
        }
    }
}

import Basics
import DataPipeline
import Execution
import MessagePassing
import Reduction

/// Evaluates a replica on a data set with the batches and shards of training, unshuffled. It computes sums and counts
/// without padding, so the result is the same on any number of ranks.
package final class Evaluator {
    private let replica: Replica
    private let dataset: SampleSet
    private let sampler: Sampler
    private let steps: Int
    private let loader: SampleLoader
    private let metrics: MetricsExchange
    private let shards: Range<Int>
    private let watch: StallWatch

    /// `steps`: how many batches, if not all.
    package init(
        _ replica: Replica, _ dataset: SampleSet, batch: Int, steps: Int?, _ loader: SampleLoader,
        _ communicator: Communicator, _ partition: ShardPartition
    ) throws {
        self.replica = replica
        self.dataset = dataset
        self.loader = loader
        watch = communicator.watch
        sampler = Sampler(dataset, batch: batch, shards: partition.shards, seed: nil)
        self.steps = min(steps ?? sampler.steps, sampler.steps)
        shards = partition.shards(of: communicator.rank)
        metrics = try MetricsExchange(communicator, partition)
    }

    /// Collective: all ranks get the same sums. `look` is called for each shard of this rank once its plan has run.
    package func evaluate(_ look: ((ShardBatch, BoundPlan) -> Void)? = nil) throws -> MetricSums {
        metrics.clear()
        try forEachShard(.evaluation) { plan, batch, _, shard in
            metrics.add(plan.metrics.pointee, samples: batch.count, shard: shard)
            look?(batch, plan)
        }
        return try metrics.combine()
    }

    /// The outputs for this rank's samples, [n, width] in the data's order: the rank's shards are one contiguous part.
    package func predict(width: Int) throws -> [Float] {
        let first = sampler.part(of: shards.lowerBound).lowerBound
        let last = sampler.part(of: shards.upperBound - 1).upperBound
        var outputs = [Float](repeating: 0, count: (last - first) * width)
        try outputs.withUnsafeMutableBufferPointer { outputs in
            guard let start = outputs.baseAddress else { return }
            try forEachShard(.prediction) { plan, batch, step, shard in
                let position = sampler.positions(step: step, shard: shard).lowerBound - first
                (start + position * width).update(from: plan.output, count: batch.count * width)
            }
        }
        return outputs
    }

    /// Runs the rank's shards of all steps, and hands `body` each one's plan, samples, step and number.
    private func forEachShard(
        _ purpose: Plan.Purpose, _ body: (BoundPlan, ShardBatch, _ step: Int, _ shard: Int) throws -> Void
    ) throws {
        let reader = BatchReader(
            dataset, transforms: loader.input.transforms, sampler: sampler, shards: shards, stepsPerEpoch: steps)
        defer { reader.stop() }
        replica.weightsChanged()
        while let slot = try watch.during(.reading, reader.next) {
            watch.begin(.evaluating)
            for shard in shards where slot[shard].count > 0 {
                let plan = try replica.plan(purpose, samples: slot[shard].count)
                loader.load(slot[shard], into: plan)
                let context = StepContext(seed: 0, step: UInt64(slot.step), batchSize: sampler.batch, firstSample: 0)
                try plan.run(context)
                try body(plan, slot[shard], slot.step, shard)
            }
            reader.release(slot)
        }
    }
}

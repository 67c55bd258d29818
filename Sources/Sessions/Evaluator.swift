import Basics
import DataPipeline
import Execution
import Lowering
import MessagePassing
import Reduction

/// Evaluates a replica on a data set with the batches and shards of training, unshuffled. It computes sums and counts
/// without padding, so the result is the same on any number of ranks.
package final class Evaluator {
    private let replica: Replica
    private let source: BatchSource
    private let steps: Int
    private let loader: SampleLoader
    private let metrics: MetricsExchange
    private let shards: Range<Int>
    private let watch: StallWatch

    /// `source` does not shuffle. `steps`: how many batches, if not all.
    package init(
        _ session: Session, _ replica: Replica, _ source: BatchSource, steps: Int? = nil
    ) throws {
        self.replica = replica
        self.source = source
        watch = session.communicator.watch
        loader = SampleLoader(source.input)
        self.steps = min(steps ?? source.sampler.steps, source.sampler.steps)
        shards = session.shards
        metrics = try MetricsExchange(session.communicator, session.partition, heads: replica.loss.heads.count)
    }

    /// Collective: all ranks get the same sums. `epoch` matters where samples are redrawn. `look` is called for each shard of
    /// this rank, with its number, once its plan has run; `progress` after each batch, with the number of batches done and of all.
    package func evaluate(
        epoch: Int = 0, _ look: ((ShardBatch, BoundPlan, _ shard: Int) -> Void)? = nil,
        progress: ((_ step: Int, _ steps: Int) throws -> Void)? = nil
    ) throws -> MetricSums {
        metrics.clear()
        try forEachShard(.evaluation, epoch: epoch, progress) { plan, batch, _, shard in
            metrics.add(plan, samples: batch.count, shard: shard)
            look?(batch, plan, shard)
        }
        return try metrics.combine()
    }

    /// Hands `look` each of this rank's shards, and the plan that has predicted it.
    package func predict(epoch: Int = 0, _ look: (ShardBatch, BoundPlan) -> Void) throws {
        try forEachShard(.prediction, epoch: epoch, nil) { plan, batch, _, _ in look(batch, plan) }
    }

    /// The outputs for this rank's samples, [n, width] in the data's order: the rank's shards are one contiguous part.
    package func predict(width: Int) throws -> [Float] {
        let own = source.sampler.part(of: shards)
        var outputs = [Float](repeating: 0, count: own.count * width)
        try outputs.withUnsafeMutableBufferPointer { try predict(width: width, into: $0) }
        return outputs
    }

    /// The same into memory for just these samples. `progress` as in `evaluate`.
    package func predict(
        width: Int, into outputs: UnsafeMutableBufferPointer<Float>,
        progress: ((_ step: Int, _ steps: Int) throws -> Void)? = nil
    ) throws {
        guard let start = outputs.baseAddress else { return }
        let sampler = source.sampler
        let first = sampler.part(of: shards).lowerBound
        try forEachShard(.prediction, epoch: 0, progress) { plan, batch, step, shard in
            let position = sampler.positions(step: step, shard: shard).lowerBound - first
            (start + position * width).update(from: plan.output, count: batch.count * width)
        }
    }

    /// Runs the rank's shards of all steps, and hands `body` each one's plan, samples, step and number.
    private func forEachShard(
        _ purpose: PlanPurpose, epoch: Int, _ progress: ((_ step: Int, _ steps: Int) throws -> Void)?,
        _ body: (BoundPlan, ShardBatch, _ step: Int, _ shard: Int) throws -> Void
    ) throws {
        let reader = source.reader(shards: shards, epoch: epoch, epochs: epoch + 1, stepsPerEpoch: steps)
        defer { reader.stop() }
        replica.weightsChanged()
        while let buffer = try watch.during(.reading, reader.next) {
            watch.begin(.evaluating)
            for shard in shards where buffer[shard].count > 0 {
                let plan = try replica.plan(purpose, samples: buffer[shard].count)
                loader.load(buffer[shard], into: plan)
                let context = StepContext(
                    seed: 0, step: UInt64(buffer.step), batchSize: source.sampler.batch, firstSample: 0)
                try plan.run(context)
                try body(plan, buffer[shard], buffer.step, shard)
            }
            let step = buffer.step + 1
            reader.release(buffer)
            try progress?(step, steps)
        }
    }
}

import Basics
import Datasets

/// Reads a rank's shards of one step after the other and applies transforms to their samples, ahead of the trainer, on
/// threads of its own.
///
/// Training passes the epochs it has left; evaluation one pass with a sampler that does not shuffle. The trainer calls
/// `next`, uses the buffer, and gives it back with `release`; while it holds all buffers, nothing more is read. The threads
/// divide the shards among themselves. What a shard holds does not depend on the thread that has read it.
public final class BatchReader: Sendable {
    /// Steps in memory at once, where nobody says otherwise.
    public static let depth = 3

    private let ring: BatchRing

    /// Starts at `step` of `epoch` and ends after the last step of epoch `epochs - 1`. Samples are as they are stored, but
    /// for what `transforms` makes of them. `shards` are the rank's own;
    /// `stepsPerEpoch` cuts epochs short; `depth` is how many steps are in memory at once, the one in use included. Samples
    /// that `caches` have, one for each input or none, are not read again. What the first thread does is recorded in `spans`, a buffer from `spanBuffer`.
    package init(
        _ dataset: SampleSet, transforms: TransformChain? = nil, sampler: Sampler, shards: Range<Int>,
        epoch: Int = 0, step: Int = 0, epochs: Int = 1, stepsPerEpoch: Int? = nil, depth: Int = depth,
        threads: Int = 1, caches: [SampleCache] = [], spans: SpanBuffer? = nil
    ) {
        let chain = transforms ?? TransformChain(of: dataset)
        precondition(chain.input == dataset.specification, "the transforms are for this data set")
        precondition(sampler.count == dataset.count, "the sampler is for this data set")
        precondition(depth > 0 && step >= 0 && step <= sampler.steps, "a reader starts within an epoch")
        precondition(threads > 0, "someone reads")
        let steps = BatchRing.Steps(
            epoch: epoch, step: step, epochs: epochs,
            stepsPerEpoch: min(stepsPerEpoch ?? sampler.steps, sampler.steps))
        ring = BatchRing(
            (0..<depth).map { _ in BatchBuffer(chain, dataset.further, sampler, shards: shards) }, dataset, chain,
            sampler,
            steps, threads: threads)
        let pool = FetcherPool(for: dataset.sources)
        let largest = shards.map { sampler.largestCount(shard: $0) }.max() ?? 0
        for thread in 0..<threads {
            do {
                try BackgroundThread.start("dptrain reader") { [ring] in
                    do {
                        let reader = try ShardReader(
                            dataset, chain, sampler, pool.fetchers(), caches, capacity: largest)
                        Self.read(ring, reader, turn: pool.turn, thread == 0 ? spans : nil)
                        ring.leave()
                    } catch {
                        ring.leave(error)
                    }
                }
            } catch {
                // `next` throws it, as everything that goes wrong on a thread.
                ring.leave(error)
            }
        }
    }

    deinit { stop() }

    /// The next step's samples, in order; nil after the last. Throws what went wrong on a thread.
    public func next() throws -> BatchBuffer? { try ring.takeReady() }

    /// Gives a buffer back to be filled again.
    public func release(_ buffer: BatchBuffer) { ring.release(buffer) }

    /// Ends the threads; what was read ahead is forgotten.
    public func stop() { ring.stop() }

    private static let waitLabel: Int32 = 0
    private static let readLabel: Int32 = 1
    private static let transformLabel: Int32 = 2
    /// Of a shard.
    private static let spansPerShard = 3

    /// For what the first of a reader's threads does: reading a shard, in it the transforms, and waiting for the trainer to
    /// give a buffer back. It has room for so many shards.
    public static func spanBuffer(shards: Int, atMost most: Int) -> SpanBuffer {
        SpanBuffer(
            capacity: min(shards.multipliedReportingOverflow(by: spansPerShard).partialValue, most),
            labels: [
                .init("data", "wait for a free buffer", numbering: "step of the epoch"),
                .init("data", "read", numbering: "shard"), .init("data", "transform", numbering: "shard"),
            ])
    }

    /// A thread's work. With `turn`, shards are taken on and fetched one at a time.
    private static func read(_ ring: BatchRing, _ reader: ShardReader, turn: Condition?, _ spans: SpanBuffer?) {
        while true {
            let begin = BootClock.now
            var filling = begin
            let take = { () -> (BatchRing.Task, Result<Int, any Error>)? in
                guard let task = ring.takeTask() else { return nil }
                filling = BootClock.now
                return (task, Result { try reader.fetch(task) })
            }
            guard let (task, fetched) = turn?.withLock(take) ?? take() else { return }
            let result = fetched.flatMap { rows in
                Result {
                    try reader.finish(task) { spans?.record(transformLabel, task.shard, from: $0) }
                    return rows
                }
            }
            spans?.record(waitLabel, task.batch.step, from: begin, to: filling)
            spans?.record(readLabel, task.shard, from: filling)
            ring.finish(task, result)
        }
    }
}

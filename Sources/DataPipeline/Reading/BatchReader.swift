import Basics

/// Reads a rank's shards of one step after the other and applies transforms to their samples, ahead of the trainer, on a
/// thread of its own.
///
/// Training passes the epochs it has left; evaluation one pass with a sampler that does not shuffle. The trainer calls
/// `next`, uses the slot, and gives it back with `release`; while it holds all slots, nothing more is read.
public final class BatchReader: Sendable {
    /// Steps in memory at once, where nobody says otherwise.
    public static let depth = 3

    private let ring: BatchRing

    /// Starts at `step` of `epoch` and ends after the last step of epoch `epochs - 1`. Samples are as they are stored, but
    /// for what `transforms` makes of them. `shards` are the rank's own;
    /// `stepsPerEpoch` cuts epochs short; `depth` is how many steps are in memory at once, the one in use included. What
    /// the thread does is recorded in `spans`, a buffer from `spanBuffer`.
    public init(
        _ dataset: SampleSet, transforms: TransformChain? = nil, sampler: Sampler, shards: Range<Int>,
        epoch: Int = 0, step: Int = 0, epochs: Int = 1, stepsPerEpoch: Int? = nil, depth: Int = depth,
        spans: SpanBuffer? = nil
    ) {
        let chain = transforms ?? TransformChain(of: dataset)
        precondition(chain.input == dataset.specification, "the transforms are for this data set")
        precondition(sampler.count == dataset.count, "the sampler is for this data set")
        precondition(depth > 0 && step >= 0 && step <= sampler.steps, "a reader starts within an epoch")
        let steps = min(stepsPerEpoch ?? sampler.steps, sampler.steps)
        let ring = BatchRing((0..<depth).map { _ in BatchSlot(chain.output, sampler, shards: shards) })
        self.ring = ring
        let work = { @Sendable in
            do {
                let largest = shards.map { sampler.largestCount(shard: $0) }.max() ?? 0
                let transformer = ShardTransformer(chain, capacity: largest)
                try Self.fill(
                    ring, dataset, transformer, sampler, from: (epoch, step), epochs: epochs, steps: steps, spans)
                ring.finish(nil)
            } catch {
                ring.finish(error)
            }
        }
        do {
            try BackgroundThread.start("dptrain reader", work)
        } catch {
            // `next` throws it, as everything that goes wrong on the thread.
            ring.finish(error)
        }
    }

    deinit { stop() }

    /// The next step's samples, in order; nil after the last. Throws what went wrong on the thread.
    public func next() throws -> BatchSlot? { try ring.takeReady() }

    /// Gives a slot back to be filled again.
    public func release(_ slot: BatchSlot) { ring.release(slot) }

    /// Ends the thread; what was read ahead is forgotten.
    public func stop() { ring.stop() }

    private static let waitLabel: Int32 = 0
    private static let readLabel: Int32 = 1
    private static let transformLabel: Int32 = 2

    /// For what a reader's thread does: reading a step's samples, in it the transforms of each shard, and waiting for the
    /// trainer to give a slot back.
    public static func spanBuffer(capacity: Int) -> SpanBuffer {
        SpanBuffer(
            capacity: capacity,
            labels: [
                .init("data", "wait for a free slot", numbering: "step of the epoch"),
                .init("data", "read", numbering: "step of the epoch"), .init("data", "transform", numbering: "shard"),
            ])
    }

    private static func fill(
        _ ring: BatchRing, _ dataset: SampleSet, _ transformer: ShardTransformer?, _ sampler: Sampler,
        from start: (epoch: Int, step: Int), epochs: Int, steps: Int, _ spans: SpanBuffer?
    ) throws {
        var samples = dataset.inEpoch(start.epoch)
        var fetcher = try makeFetcher(for: samples)
        var (epoch, step) = start
        while epoch < epochs {
            if dataset.isRedrawn, epoch > start.epoch {
                samples = dataset.inEpoch(epoch)
                fetcher = try makeFetcher(for: samples)
            }
            let order = (dataset.isRedrawn ? sampler.of(samples) : sampler).order(epoch: epoch)
            while step < steps {
                let begin = BootClock.now
                guard let slot = ring.takeFree() else { return }
                let filling = BootClock.now
                try slot.fill(epoch: epoch, step: step, order: order, sampler, samples, fetcher, transformer) {
                    spans?.record(transformLabel, $0, from: $1)
                }
                spans?.record(waitLabel, step, from: begin, to: filling)
                spans?.record(readLabel, step, from: filling)
                ring.publish(slot)
                step += 1
            }
            (epoch, step) = (epoch + 1, 0)
        }
    }
}

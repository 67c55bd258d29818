import Basics
import Datasets

/// The buffers that go round between the reader's threads, which fill them, and the trainer, which uses them up.
///
/// The threads take on one shard after the other, in the order of steps and shards. Several buffers may be in work at once.
/// The trainer gets them in order.
///
/// `condition` guards every variable here, and with them who owns each buffer.
final class BatchRing: @unchecked Sendable {
    /// Which steps are to be read.
    struct Steps {
        var epoch: Int
        var step: Int
        /// The first epoch that is not read.
        let epochs: Int
        let stepsPerEpoch: Int
    }

    /// One shard of one step, taken on by a thread.
    struct Task {
        let batch: BatchBuffer
        let shard: Int
        /// Those of the epoch.
        let samples: SampleSet
        /// Of the shard's samples, of their partners, and so on: see `ShardTransformer`.
        let draws: [Sampler.Draw]
        /// The shard that each draw belongs to.
        let shards: [Int]

        /// Where the shard belongs.
        var buffer: ShardBuffer { batch.buffer(of: shard) }
    }

    private let condition = Condition()
    private var free: [BatchBuffer]
    /// Begun and not yet whole, in the order of their steps.
    private var begun: [BatchBuffer] = []
    private var ready: [BatchBuffer] = []
    private let dataset: SampleSet
    private let chain: TransformChain
    private let sampler: Sampler
    private var steps: Steps
    /// Of the epoch of `steps`.
    private var contents: EpochContents?
    /// Once a shard has failed, no more are taken on.
    private var hasFailed = false
    /// What the trainer is to be told.
    private var failure: (any Error)?
    private var threads: Int
    private var isStopping = false

    /// For so many threads; each of them calls `leave` at its end.
    init(
        _ buffers: [BatchBuffer], _ dataset: SampleSet, _ chain: TransformChain, _ sampler: Sampler, _ steps: Steps,
        threads: Int
    ) {
        free = buffers
        self.chain = chain
        self.dataset = dataset
        self.sampler = sampler
        self.steps = steps
        self.threads = threads
    }

    // MARK: The reader's threads

    /// Waits for a shard to read; nil when the thread should end.
    func takeTask() -> Task? {
        guard let (buffer, shard, contents) = takeShard() else { return nil }
        let places = places(step: buffer.step, epoch: buffer.epoch, shard: shard)
        return Task(
            batch: buffer, shard: shard, samples: contents.samples,
            draws: places.map { contents.order.draw(sampler.position($0, step: buffer.step), shard: $0.shard) },
            shards: places.map(\.shard))
    }

    /// Where a shard's samples are in the batch, then where their partners are, and so on.
    private func places(step: Int, epoch: Int, shard: Int) -> [Sampler.Place] {
        let batch = sampler.batch(of: step)
        var places = (0..<sampler.count(step: step, shard: shard)).map { Sampler.Place(shard: shard, offset: $0) }
        if chain.generations == 1 { return places }
        let (partners, count) = (chain.partners(epoch: epoch, step: step, batch: batch), places.count)
        for _ in 1..<chain.generations {
            for place in places.suffix(count) {
                places.append(sampler.place(inBatch: partners[sampler.index(of: place, batch: batch)], batch: batch))
            }
        }
        return places
    }

    private func takeShard() -> (BatchBuffer, shard: Int, EpochContents)? {
        condition.withLock {
            while !isStopping, !hasFailed {
                if let buffer = begun.last, let (shard, contents) = buffer.takeShard() {
                    return (buffer, shard, contents)
                }
                guard let contents = nextStep() else { return nil }
                guard let buffer = free.first else {
                    condition.wait()
                    continue
                }
                free.removeFirst()
                buffer.begin(contents, epoch: steps.epoch, step: steps.step)
                begun.append(buffer)
                steps.step += 1
            }
            return nil
        }
    }

    /// What the next step is of; nil after the last epoch.
    private func nextStep() -> EpochContents? {
        if steps.step >= steps.stepsPerEpoch {
            (steps.epoch, steps.step) = (steps.epoch + 1, 0)
            contents = nil
        }
        guard steps.epoch < steps.epochs else { return nil }
        let current = contents ?? EpochContents(dataset, sampler, epoch: steps.epoch)
        contents = current
        return current
    }

    /// A shard is done: so many rows were read for it, or what went wrong.
    func finish(_ task: Task, _ result: Result<Int, any Error>) {
        condition.change {
            task.batch.endShard(task.shard, result)
            if case .failure = result { hasFailed = true }
            publish()
        }
    }

    /// Hands on what is whole. All shards before one that failed were taken on before it, so that the first failure is the
    /// same with any number of threads.
    private func publish() {
        while failure == nil, let buffer = begun.first, buffer.isWhole(ifNoMoreAreTaken: hasFailed) {
            begun.removeFirst()
            failure = buffer.failure
            if failure == nil { ready.append(buffer) }
        }
    }

    /// A thread's last act.
    func leave(_ error: (any Error)? = nil) {
        condition.change {
            threads -= 1
            if let error, failure == nil { (failure, hasFailed) = (error, true) }
        }
    }

    // MARK: The trainer

    /// Waits for the next filled buffer, in order; nil after the last. An error comes after what was read before it.
    func takeReady() throws -> BatchBuffer? {
        let start = ContinuousClock.now
        let buffer = try condition.withLock { () throws -> BatchBuffer? in
            while ready.isEmpty && failure == nil && threads > 0 { condition.wait() }
            if ready.isEmpty, let failure { throw failure }
            return ready.isEmpty ? nil : ready.removeFirst()
        }
        buffer?.waited = (ContinuousClock.now - start) / .seconds(1)
        return buffer
    }

    func release(_ buffer: BatchBuffer) {
        condition.change { free.append(buffer) }
    }

    /// Ends the threads and waits until they have.
    func stop() {
        condition.change { isStopping = true }
        condition.withLock {
            while threads > 0 { condition.wait() }
        }
    }
}

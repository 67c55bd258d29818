import Basics
import ImageCoding
import Datasets
import Transforms

/// What one thread of a reader has: a way to the stored samples of each input, and memory to transform them in.
///
/// A shard is read in two steps. `fetch` brings the stored bytes, and may have to wait for other threads. `finish` makes
/// of them what the trainer gets, and needs nobody else.
final class ShardReader {
    private let chain: TransformChain
    private let transformer: ShardTransformer?
    private let main: InputReader
    /// Of the other inputs, which no transform takes.
    private let further: [InputReader]

    /// `fetchers` and `caches`: of each input, or no caches. `capacity`: samples of the largest shard.
    init(
        _ dataset: SampleSet, _ chain: TransformChain, _ sampler: Sampler, _ fetchers: [any SampleFetcher],
        _ caches: [SampleCache], capacity: Int
    ) throws {
        self.chain = chain
        transformer = ShardTransformer(chain, capacity: capacity)
        let cache = { (number: Int) in caches.indices.contains(number) ? caches[number] : nil }
        main = try InputReader(
            dataset, sampler, fetchers[0], cache(0), capacity: capacity, generations: chain.generations)
        further = try dataset.further.enumerated().map { number, input in
            try InputReader(
                dataset.ofInput(input), sampler, fetchers[number + 1], cache(number + 1), capacity: capacity,
                generations: 1)
        }
    }

    /// The bytes of its memory, without that of further inputs.
    static func bytes(_ dataset: SampleSet, _ chain: TransformChain, _ sampler: Sampler, capacity: Int) -> Int {
        ShardTransformer.bytes(chain, capacity: capacity)
            + InputReader.bytes(dataset, sampler, capacity: capacity, generations: chain.generations)
    }

    /// Where samples belong before the first transform, on their way to `output`.
    private func entrance(_ output: ShardBuffer) -> ShardBuffer { transformer?.entrance ?? output }

    /// Answers how many rows were read from the file: of several inputs the most.
    func fetch(_ task: BatchRing.Task) throws -> Int {
        var rows = try main.fetch(task, into: entrance(task.buffer).values)
        for (number, input) in further.enumerated() {
            rows = max(rows, try input.fetch(task, into: task.buffer.further[number]))
        }
        return rows
    }

    /// Decodes, sets targets and transforms. `transforming` is told when transforms begin, if there are any.
    func finish(_ task: BatchRing.Task, transforming: (_ begin: UInt64) -> Void) throws {
        let stored = entrance(task.buffer)
        let epoch = task.batch.epoch
        stored.count = task.draws.count
        stored.setTargets(task.draws, of: task.samples)
        try main.decode(task, to: stored.values) { chain.random(ofDecoding: $0, epoch: epoch) }
        if main.holdsFloats { try stored.requireFinite(stored.values, of: task.samples) }
        for (number, input) in further.enumerated() {
            let values = task.buffer.further[number]
            try input.decode(task, to: values) { chain.random(ofDecoding: $0, epoch: epoch) }
            guard input.holdsFloats else { continue }
            try stored.requireFinite(values, of: task.samples.ofInput(task.samples.further[number]))
        }
        guard let transformer else { return }
        let begin = BootClock.now
        transformer.run(task.draws, epoch: epoch, into: task.buffer)
        transforming(begin)
    }
}

/// What one thread has for the samples of one input: a way to where they are stored, and memory to decode them.
private final class InputReader {
    private let source: SampleSource
    private let fetcher: any SampleFetcher
    /// Of data that is decoded or resized.
    private let decoder: StoredDecoder?
    /// Where each sample begins, in bytes, and where the last one ends.
    private let starts: AlignedBuffer<Int>
    private let cache: SampleCache?
    /// The places in the shard of those samples that were fetched; the cache has the others.
    private var fetched: [Int] = []

    /// `capacity`: samples of the largest shard.
    init(
        _ dataset: SampleSet, _ sampler: Sampler, _ fetcher: any SampleFetcher, _ cache: SampleCache?, capacity: Int,
        generations: Int
    ) throws {
        (source, self.fetcher, self.cache) = (dataset.source, fetcher, cache)
        decoder = try StoredDecoder(dataset, sampler, capacity: capacity, generations: generations)
        starts = AlignedBuffer(count: generations * capacity + 1)
    }

    /// The bytes of its memory.
    static func bytes(_ dataset: SampleSet, _ sampler: Sampler, capacity: Int, generations: Int) -> Int {
        StoredDecoder.bytes(dataset, sampler, capacity: capacity, generations: generations)
            + (generations * capacity + 1) * MemoryLayout<Int>.stride
    }

    var holdsFloats: Bool { source.form == .floats }

    /// Brings stored bytes to `values`, or to the decoder. Answers how many rows were read from the file.
    func fetch(_ task: BatchRing.Task, into values: AlignedBuffer<UInt8>) throws -> Int {
        fetched = cache?.missing(of: task.draws, task.samples) ?? Array(task.draws.indices)
        let draws = fetched.map { task.draws[$0] }
        precondition(draws.count < starts.count, "more samples than there is memory for")
        let before = fetcher.rowsRead
        for (i, draw) in draws.enumerated() {
            starts[i + 1] = starts[i] + source.parts.length(of: task.samples.rows[draw.sample])
        }
        let bytes = UnsafeMutableRawPointer((decoder?.memory ?? values).baseAddress)
        try fetcher.fetch(
            draws, of: task.samples, epoch: task.batch.epoch, shards: task.shards, into: bytes,
            at: starts.baseAddress)
        return fetcher.rowsRead - before
    }

    /// Makes samples of what was fetched, each at its place in `values`.
    func decode(
        _ task: BatchRing.Task, to values: AlignedBuffer<UInt8>, random: (Sampler.Draw) -> CounterRandom
    ) throws {
        if let decoder {
            try decoder.decode(task, fetched, starts, to: values, random: random)
        } else {
            spread(values)
        }
        cache?.exchange(task.draws, of: task.samples, fetched, with: values.baseAddress)
    }

    /// Samples that were fetched lie one after the other, and go to their places. From the last on, none meets another.
    private func spread(_ values: AlignedBuffer<UInt8>) {
        let bytes = source.sampleBytes
        let base = UnsafeMutableRawPointer(values.baseAddress)
        for (i, place) in fetched.enumerated().reversed() where i < place {
            (base + place * bytes).copyMemory(from: base + i * bytes, byteCount: bytes)
        }
    }
}

/// Makes samples of one size of the images of a shard, in memory of its own. Used by one thread.
private final class StoredDecoder {
    /// Where the stored bytes belong.
    let memory: AlignedBuffer<UInt8>
    private let source: SampleSource
    private let stage: ImageStage
    private let sampleBytes: Int

    /// Nil for samples that are stored as they are wanted. `capacity`: samples of the largest shard.
    init?(_ dataset: SampleSet, _ sampler: Sampler, capacity: Int, generations: Int) throws {
        guard let decoding = dataset.source.decoding else { return nil }
        source = dataset.source
        stage = try ImageStage(decoding)
        sampleBytes = decoding.output.count
        memory = AlignedBuffer(count: generations * Self.storedBytes(dataset, sampler, capacity))
    }

    /// The bytes of its memory.
    static func bytes(_ dataset: SampleSet, _ sampler: Sampler, capacity: Int, generations: Int) -> Int {
        guard let decoding = dataset.source.decoding else { return 0 }
        return generations * storedBytes(dataset, sampler, capacity) + decoding.scratchBytes
    }

    /// Of the largest images, which may come together. Where classes are balanced or samples repeated, the largest one may come several
    /// times.
    private static func storedBytes(_ dataset: SampleSet, _ sampler: Sampler, _ capacity: Int) -> Int {
        let (parts, rows) = (dataset.source.parts, dataset.rowsOfAllEpochs)
        return sampler.isBalanced || sampler.repeats > 1
            ? capacity * parts.mostBytes(of: 1, among: rows) : parts.mostBytes(of: capacity, among: rows)
    }

    /// `places`: those in the shard of the samples to decode. `starts`: where their images lie in `memory`.
    func decode(
        _ task: BatchRing.Task, _ places: [Int], _ starts: AlignedBuffer<Int>, to output: AlignedBuffer<UInt8>,
        random: (Sampler.Draw) -> CounterRandom
    ) throws {
        for (i, place) in places.enumerated() {
            let draw = task.draws[place]
            let image = UnsafeRawBufferPointer(memory[starts[i]..<starts[i + 1]])
            let sample = output.baseAddress + place * sampleBytes
            guard source.parts.areEncoded else {
                stage.resize(memory.baseAddress + starts[i], source.stored, random: random(draw), into: sample)
                continue
            }
            do {
                try stage.decode(image, random: random(draw), into: sample)
            } catch {
                throw source.parts.error(
                    inRow: task.samples.rows[draw.sample], "\(error)",
                    remedy: "see `dptrain data inspect`, or import again with --on-bad-image skip")
            }
        }
    }
}

import Basics
import ImageCoding
import Datasets
import Transforms

/// What one thread of a reader has: a way to the stored samples, and memory to transform them in.
///
/// A shard is read in two steps. `fetch` brings the stored bytes, and may have to wait for other threads. `finish` makes
/// of them what the trainer gets, and needs nobody else.
final class ShardReader {
    private let dataset: SampleSet
    private let fetcher: any SampleFetcher
    private let chain: TransformChain
    private let transformer: ShardTransformer?
    /// Of data that is decoded or resized.
    private let decoder: StoredDecoder?
    /// Where each sample begins, in bytes, and where the last one ends.
    private let starts: AlignedBuffer<Int>

    /// `capacity`: samples of the largest shard.
    init(_ dataset: SampleSet, _ chain: TransformChain, _ fetcher: any SampleFetcher, capacity: Int) throws {
        self.dataset = dataset
        self.chain = chain
        self.fetcher = fetcher
        decoder = try StoredDecoder(dataset, capacity: capacity)
        transformer = ShardTransformer(chain, capacity: capacity)
        starts = AlignedBuffer(count: capacity + 1)
    }

    /// The bytes of its memory.
    static func bytes(_ dataset: SampleSet, _ chain: TransformChain, capacity: Int) -> Int {
        ShardTransformer.bytes(chain, capacity: capacity) + StoredDecoder.bytes(dataset, capacity: capacity)
            + (capacity + 1) * MemoryLayout<Int>.stride
    }

    /// Where samples belong before the first transform, on their way to `output`.
    private func entrance(_ output: ShardBuffer) -> ShardBuffer { transformer?.entrance ?? output }

    /// Answers how many rows were read from the file.
    func fetch(_ draws: [Sampler.Draw], epoch: Int, shard: Int, to output: ShardBuffer) throws -> Int {
        let before = fetcher.rowsRead
        for (i, draw) in draws.enumerated() {
            starts[i + 1] = starts[i] + dataset.source.parts.length(of: dataset.row(of: draw.sample))
        }
        let memory = decoder?.memory ?? entrance(output).values
        let bytes = UnsafeMutableRawPointer(memory.baseAddress)
        try fetcher.fetch(draws, epoch: epoch, shard: shard, into: bytes, at: starts.baseAddress)
        return fetcher.rowsRead - before
    }

    /// Decodes, sets targets and transforms. `transforming` is told when transforms begin, if there are any.
    func finish(
        _ draws: [Sampler.Draw], epoch: Int, to output: ShardBuffer, transforming: (_ begin: UInt64) -> Void
    ) throws {
        let stored = entrance(output)
        stored.count = draws.count
        stored.setTargets(draws, dataset.targets)
        try decoder?.decode(draws, starts, to: stored) { chain.random(ofDecoding: $0, epoch: epoch) }
        if dataset.source.form == .floats { try stored.requireFiniteValues(dataset) }
        guard let transformer else { return }
        let begin = BootClock.now
        transformer.run(draws, epoch: epoch, into: output)
        transforming(begin)
    }
}

/// Makes samples of one size of the images of a shard, in memory of its own. Used by one thread.
private final class StoredDecoder {
    /// Where the stored bytes belong.
    let memory: AlignedBuffer<UInt8>
    private let dataset: SampleSet
    private let stage: ImageStage
    private let sampleBytes: Int

    /// Nil for samples that are stored as they are wanted. `capacity`: samples of the largest shard.
    init?(_ dataset: SampleSet, capacity: Int) throws {
        guard let decoding = dataset.source.decoding else { return nil }
        self.dataset = dataset
        stage = try ImageStage(decoding)
        sampleBytes = decoding.output.count
        memory = AlignedBuffer(count: Self.storedBytes(dataset, capacity))
    }

    /// The bytes of its memory.
    static func bytes(_ dataset: SampleSet, capacity: Int) -> Int {
        guard let decoding = dataset.source.decoding else { return 0 }
        return storedBytes(dataset, capacity) + decoding.scratchBytes
    }

    /// Of the largest images, which may come together.
    private static func storedBytes(_ dataset: SampleSet, _ capacity: Int) -> Int {
        dataset.source.parts.mostBytes(of: capacity, among: dataset.rows)
    }

    /// `starts`: where each draw's image lies in `memory`.
    func decode(
        _ draws: [Sampler.Draw], _ starts: AlignedBuffer<Int>, to output: ShardBuffer,
        random: (Sampler.Draw) -> CounterRandom
    ) throws {
        let source = dataset.source
        for (i, draw) in draws.enumerated() {
            let image = UnsafeRawBufferPointer(memory[starts[i]..<starts[i + 1]])
            let sample = output.values.baseAddress + i * sampleBytes
            guard source.parts.areEncoded else {
                stage.resize(memory.baseAddress + starts[i], source.stored, random: random(draw), into: sample)
                continue
            }
            do {
                try stage.decode(image, random: random(draw), into: sample)
            } catch {
                throw source.parts.error(
                    inRow: dataset.row(of: draw.sample), "\(error)",
                    remedy: "see `dptrain data inspect`, or import again with --on-bad-image skip")
            }
        }
    }
}

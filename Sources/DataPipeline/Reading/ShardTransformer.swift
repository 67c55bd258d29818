import Transforms

/// Takes the samples of one shard at a time through a chain of transforms, in memory of its own. Used by one thread.
///
/// Where samples are mixed with partners of the whole batch, the partners follow the samples, and the partners' partners follow them:
/// `TransformChain.generations` of them. Each mixing makes one generation less.
final class ShardTransformer {
    private let chain: TransformChain
    /// What the stages read: two in turn, since the last one writes to where the samples are wanted.
    private let buffers: [ShardBuffer]
    private let scratch = TransformScratch()

    /// Nil for a chain without transforms. `capacity`: samples of the largest shard.
    init?(_ chain: TransformChain, capacity: Int) {
        guard !chain.isEmpty else { return nil }
        self.chain = chain
        buffers = (0..<Self.bufferCount(chain)).map { _ in
            ShardBuffer(
                capacity: chain.generations * capacity, valueBytes: chain.mostValueBytes, targetWidth: chain.mostTargets
            )
        }
    }

    private static func bufferCount(_ chain: TransformChain) -> Int { min(chain.transforms.count, 2) }

    /// The bytes of its buffers; 0 for a chain without transforms.
    static func bytes(_ chain: TransformChain, capacity: Int) -> Int {
        guard !chain.isEmpty else { return 0 }
        return bufferCount(chain)
            * ShardBuffer.bytes(
                capacity: chain.generations * capacity, valueBytes: chain.mostValueBytes, targetWidth: chain.mostTargets
            )
            + TransformScratch.bytes(largest: chain.mostValueBytes)
    }

    /// Where the stored samples belong before `run`.
    var entrance: ShardBuffer { buffers[0] }

    /// Fills `output` from what lies at the entrance: `draws` of all generations.
    func run(_ draws: [Sampler.Draw], epoch: Int, into output: ShardBuffer) {
        var source = entrance
        var generations = chain.generations
        let count = draws.count / generations
        for stage in chain.transforms.indices {
            let isLast = stage == chain.transforms.count - 1
            let target = isLast ? output : buffers[(stage + 1) % 2]
            if chain.transforms[stage].takesPartner { generations -= 1 }
            run(stage, draws.prefix(generations * count), stride: count, epoch: epoch, from: source, into: target)
            source = target
        }
    }

    private func run(
        _ stage: Int, _ draws: ArraySlice<Sampler.Draw>, stride: Int, epoch: Int, from source: ShardBuffer,
        into target: ShardBuffer
    ) {
        let transform = chain.transforms[stage]
        let (taken, made) = (chain.input(ofStage: stage), chain.output(ofStage: stage))
        let (valueBytes, width) = (made.valueBytes, made.targetWidth)
        target.take(draws.count, of: source, targetWidth: taken.targets == made.targets ? width : 0)
        guard let first = draws.first else { return }
        let numbers = chain.random(ofStage: stage)
        let shard = ShardSamples(
            taken, count: source.count, values: source.values.baseAddress, labels: source.labels.baseAddress,
            targets: source.targets.baseAddress, epoch: epoch,
            random: numbers.random(ofShardWith: first, epoch: epoch), stride: stride
        ) { numbers.random(inAllEpochs: draws[$0]) }
        for (index, draw) in draws.enumerated() {
            let place = SamplePlace(
                values: UnsafeMutableRawPointer(target.values.baseAddress) + index * valueBytes,
                label: target.labels.baseAddress + index, targets: target.targets.baseAddress + index * width,
                scratch: scratch)
            transform.fill(place, from: shard, at: index, random: numbers.random(draw, epoch: epoch))
        }
    }
}

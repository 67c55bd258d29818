import Basics
import DataPipeline
import Datasets
import HDF5Storage
import Testing
import Transforms

/// Samples that are mixed with partners of the whole batch, whichever shards a reader has.
@Suite struct MixingTests {
    /// 23 = 2 x 10 + 3: the last batch does not fill the shards.
    private static let count = 23
    private static let shards = 4

    /// A sample as it comes out of the transforms.
    private struct Made: Equatable {
        let shard: Int
        let sample: Int
        let values: [Float]
        /// Of each class; every sample is a class of its own.
        let shares: [Float]

        /// The sample that it is mixed with; nil where that leaves no trace.
        var partner: Int? { shares.indices.first { $0 != sample && shares[$0] > 0 } }
    }

    private struct Place: Hashable {
        let epoch: Int
        let step: Int
    }

    private func dataset(_ scratch: Scratch, _ layout: DatasetLayout) throws -> SampleSet {
        let file = try scratch.dataset { root in
            let values = (0..<Self.count * 6).map { Float(($0 * 37) % 101) / 100 }
            try root.write("images", shape: [Self.count, 2, 3, 1], values, layout: layout)
            try root.write("labels", shape: [Self.count], (0..<Self.count).map { Int32($0) })
        }
        return try file.split(.train)
    }

    /// What readers of some shards give, by step.
    private func made(
        _ dataset: SampleSet, _ text: String, part: Range<Int> = 0..<shards, step: Int = 0, threads: Int = 1
    ) throws -> [Place: [Made]] {
        let chain = try TransformChain(
            AugmentationList(parsing: text, option: "augment").transforms, of: dataset, seed: 9)
        let sampler = Sampler(dataset, batch: 10, shards: Self.shards, seed: 4)
        let reader = BatchReader(
            dataset, transforms: chain, sampler: sampler, shards: part, step: step, epochs: 2, threads: threads)
        defer { reader.stop() }
        var result: [Place: [Made]] = [:]
        while let buffer = try reader.next() {
            for shard in buffer.shards {
                let received = Received(buffer[shard], elements: 6)
                for (index, sample) in received.indices.enumerated() {
                    let shares = (0..<Self.count).map { buffer[shard].targets[index * Self.count + $0] }
                    result[Place(epoch: buffer.epoch, step: buffer.step), default: []].append(
                        Made(
                            shard: shard, sample: sample, values: Array(received.values[index * 6..<index * 6 + 6]),
                            shares: chain.output.targets == .shares(classes: Self.count) ? shares : []))
                }
            }
            reader.release(buffer)
        }
        return result
    }

    private func near(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
    }

    private func mean(_ a: [Float], _ b: [Float], _ part: Float) -> [Float] {
        zip(a, b).map { $0 * part + $1 * (1 - part) }
    }

    /// Each partner comes once, from any shard, as the transforms before have made it in its own place.
    @Test(arguments: [DatasetLayout.contiguous, .chunked([4, 2, 3, 1], gzip: 1)])
    func partnersAreAPermutationOfTheBatch(layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let samples = try dataset(scratch, layout)
        let flipped = try made(samples, "flip")
        var (crossed, found) = (0, 0)
        for (place, batch) in try made(samples, "flip, mixup(1)") {
            let alone = try #require(flipped[place])
            #expect(batch.map(\.sample) == alone.map(\.sample))
            let partners = batch.compactMap(\.partner)
            #expect(Set(partners).count == partners.count)
            for (mixed, own) in zip(batch, alone) {
                #expect(abs(mixed.shares.reduce(0, +) - 1) < 1e-5)
                guard let partner = mixed.partner else { continue }
                let other = try #require(alone.first { $0.sample == partner })
                #expect(near(mixed.values, mean(own.values, other.values, mixed.shares[own.sample])))
                found += 1
                if other.shard != own.shard { crossed += 1 }
            }
        }
        #expect(found > 30 && crossed > found / 3, "\(crossed) of \(found) partners are of other shards")
    }

    @Test(arguments: [DatasetLayout.contiguous, .chunked([4, 2, 3, 1], gzip: 1)])
    func whoReadsHasNoSay(layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let samples = try dataset(scratch, layout)
        let text = "rotation(30), mixup(1), flip, cutmix, gaussian-noise(0.1)"
        let whole = try made(samples, text)
        for (part, step, threads) in [(0..<1, 0, 1), (1..<3, 0, 3), (3..<4, 2, 1), (0..<4, 1, 2)] {
            let some = try made(samples, text, part: part, step: step, threads: threads)
            for (place, batch) in whole where place.epoch > 0 || place.step >= step {
                #expect(some[place, default: []] == batch.filter { part.contains($0.shard) }, "\(place)")
            }
        }
    }

    /// As timm's `BinaryCrossEntropy(target_threshold=0.2)` reads mixed targets.
    @Test func sharesAboveAThresholdAreWholeClasses() throws {
        let scratch = try Scratch()
        let samples = try dataset(scratch, .contiguous)
        let shares = try made(samples, "mixup-or-cutmix(switch=0)")
        let classes = try made(samples, "mixup-or-cutmix(switch=0, threshold=0.2)")
        var both = 0
        for (place, batch) in classes {
            for (found, mixed) in zip(batch, try #require(shares[place])) {
                #expect(found.values == mixed.values && found.shares == mixed.shares.map { $0 > 0.2 ? 1 : 0 })
                both += found.shares.count { $0 == 1 } == 2 ? 1 : 0
            }
        }
        #expect(both > 5)
        let error = #expect(throws: OptionError.self) {
            try AugmentationList(parsing: "mixup-or-cutmix(threshold=1)", option: "augment")
        }
        #expect(error?.description.contains("its threshold 1 is not 0 for shares, or a number below 1") == true)
    }

    /// The second mixture is of what the first has made of a sample and of its partner.
    @Test func mixturesAreMixed() throws {
        let scratch = try Scratch()
        let samples = try dataset(scratch, .contiguous)
        let once = try made(samples, "mixup(1)")
        for (place, batch) in try made(samples, "mixup(1), mixup(2)") {
            let before = try #require(once[place])
            for (mixed, own) in zip(batch, before) {
                guard let partner = own.partner, let other = before.first(where: { $0.sample == partner }) else {
                    continue
                }
                let differences = zip(own.shares, other.shares).map { $0 - $1 }
                let square = differences.reduce(0) { $0 + $1 * $1 }
                guard square > 0.01 else { continue }
                let part =
                    zip(zip(mixed.shares, other.shares), differences).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
                    / square
                #expect((0...1.001).contains(part))
                #expect(near(mixed.shares, mean(own.shares, other.shares, part)))
                #expect(zip(mixed.values, mean(own.values, other.values, part)).allSatisfy { abs($0 - $1) < 1e-3 })
            }
        }
    }

    @Test func partnersOfTheShardStayThere() throws {
        let scratch = try Scratch()
        let samples = try dataset(scratch, .contiguous)
        var found = 0
        for batch in try made(samples, "mixup(1, partners=shard)").values {
            for mixed in batch {
                guard let partner = mixed.partner else { continue }
                found += 1
                #expect(batch.first { $0.sample == partner }?.shard == mixed.shard)
            }
        }
        #expect(found > 10)
    }

    /// Checkpoints from before partners could be chosen do not name them.
    @Test func whatACheckpointLeavesOut() throws {
        let old = try AugmentationList(stored: "flip(0.5), mixup(0.2, probability=1.0)")
        #expect(old.partners == .shard)
        #expect(old.description == "flip(0.5), mixup(0.2, probability=1.0, partners=shard)")
        let new = try AugmentationList(parsing: "mixup", option: "augment")
        #expect(new.partners == .batch && new.description == "mixup(0.2, probability=1.0, partners=batch)")
        #expect(try AugmentationList(stored: new.description) == new)
        #expect(try AugmentationList(parsing: "flip", option: "augment").partners == nil)
        #expect(throws: OptionError.self) {
            try AugmentationList(parsing: "mixup, cutmix(partners=shard)", option: "augment")
        }
    }

    /// A sample alone is its own partner.
    @Test func aSampleAloneStaysAsItIs() throws {
        let values: [Float] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
        let sample = StoredSample(.floats(values), shape: [2, 3, 1])
        let list = try AugmentationList(parsing: "mixup(1), cutmix", option: "augment")
        let chain = try TransformChain(list.transforms, of: sample.specification, source: "x", seed: 1)
        guard case .floats(let made) = chain.apply(to: sample).values else { return }
        #expect(near(made, values))
    }
}

import DataPipeline
import Transforms
import Basics
import Testing

@Suite struct SamplerTests {
    private func samplers(_ count: Int, _ batch: Int, _ shards: Int) -> [Sampler] {
        let bands = [(1, 1), (4, 2), (7, 3), (1000, 2)].map { Sampler.Bands(rows: $0.0, window: $0.1) }
        return [
            Sampler(count: count, batch: batch, shards: shards, seed: nil),
            Sampler(count: count, batch: batch, shards: shards, seed: 5),
        ]
            + bands.flatMap {
                [
                    Sampler(count: count, batch: batch, shards: shards, seed: nil, bands: $0),
                    Sampler(count: count, batch: batch, shards: shards, seed: 5, bands: $0),
                ]
            }
    }

    @Test(arguments: [(101, 16, 8), (64, 16, 4), (17, 16, 8), (5, 16, 8), (100, 7, 3), (1, 1, 1), (33, 33, 5)])
    func everySampleComesOnceAnEpoch(count: Int, batch: Int, shards: Int) {
        for sampler in samplers(count, batch, shards) {
            for epoch in 0..<2 {
                var seen: [Int] = []
                for step in 0..<sampler.steps {
                    let parts = (0..<shards).map { sampler.indices(epoch: epoch, step: step, shard: $0) }
                    let expected = ShardPartition(shards: shards, ranks: 1)
                    #expect(
                        parts.enumerated().allSatisfy { shard, part in
                            part.count == expected.samples(of: shard, batch: sampler.batch(of: step)).count
                        })
                    seen += parts.joined()
                }
                #expect(seen.sorted() == Array(0..<count))
            }
        }
    }

    @Test func withoutShufflingOneShardTakesTheFileInOrder() {
        let sampler = Sampler(count: 10, batch: 4, shards: 1, seed: nil)
        #expect(
            (0..<3).map { sampler.indices(epoch: 3, step: $0, shard: 0) } == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    }

    @Test func theOrderIsKeyedBySeedAndEpoch() {
        for bands in [nil, Sampler.Bands(rows: 8, window: 4)] {
            func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
                Sampler(count: 200, batch: 200, shards: 1, seed: seed, bands: bands)
                    .indices(epoch: epoch, step: 0, shard: 0)
            }
            #expect(order(1, 0) == order(1, 0))
            #expect(order(1, 0) != order(1, 1))
            #expect(order(1, 0) != order(2, 0))
            #expect(order(1, 0) != Array(0..<200))
        }
    }

    @Test(arguments: [(1000, 32, 8, 16, 4), (997, 30, 7, 13, 3), (50, 8, 3, 7, 2)])
    func aShardLeavesABandOnlyOnce(count: Int, batch: Int, shards: Int, rows: Int, window: Int) {
        for seed in [nil, 3] as [UInt64?] {
            let sampler = Sampler(
                count: count, batch: batch, shards: shards, seed: seed,
                bands: Sampler.Bands(rows: rows, window: window))
            let order = sampler.order(epoch: 1)
            var loads = 0
            for shard in 0..<shards {
                var windows: [Int] = []
                var bands: [Int: Set<Int>] = [:]
                for position in sampler.part(of: shard) {
                    let draw = order.draw(position, shard: shard)
                    if windows.last != draw.window { windows.append(draw.window) }
                    bands[draw.window, default: []].insert(draw.sample / rows)
                }
                #expect(windows == windows.sorted(), "windows are never entered again")
                #expect(bands.values.allSatisfy { $0.count <= window })
                let distinct = bands.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
                #expect(distinct.count == bands.values.reduce(0) { $0 + $1.count }, "no band serves two windows")
                loads += distinct.count
            }
            #expect(loads <= count.dividedRoundingUp(by: rows) + shards - 1)
        }
    }
}

@Suite struct NormalizationTests {
    private func normalized(_ rule: Normalization, _ bytes: [UInt8], _ sample: Shape) -> [Float]? {
        guard let normalizer = Normalizer(rule, sample: sample) else { return nil }
        var output = [Float](repeating: -1, count: bytes.count)
        let count = bytes.count / sample.count
        bytes.withUnsafeBufferPointer { normalizer.normalize(.bytes($0.baseAddress!), count: count, into: &output) }
        var other = [Float](repeating: -1, count: bytes.count)
        bytes.map { Float($0) }.withUnsafeBufferPointer {
            normalizer.normalize(.floats($0.baseAddress!), count: count, into: &other)
        }
        #expect(output == other, "bytes and floats of equal value become equal")
        return output
    }

    @Test func rulesComputeWhatTheySay() {
        let bytes: [UInt8] = [0, 51, 255, 10, 20, 30, 1, 2, 3, 254, 253, 252]
        let sample: Shape = [1, 2, 3]
        #expect(normalized(.unit, bytes, sample) == bytes.map { Float($0) / 255 })
        #expect(normalized(.unchanged, bytes, sample) == bytes.map { Float($0) })
        let mean: [Float] = [10, 20, 30.5]
        let deviation: [Float] = [2, 4, 7]
        let expected = bytes.enumerated().map { (Float($1) - mean[$0 % 3]) / deviation[$0 % 3] }
        #expect(normalized(.standardized(mean: mean, deviation: deviation), bytes, sample) == expected)
        #expect(normalized(.standardized(mean: [1], deviation: [1]), bytes, sample) == nil)
        #expect(normalized(.standardized(mean: mean, deviation: [1, 0, 1]), bytes, sample) == nil)
    }

    @Test func rulesSurviveAsText() {
        let rules: [Normalization] = [
            .unchanged, .unit, .standardized(mean: [125.30691, 0.1, 1e-7], deviation: [62.99322, 3, 66.7]),
        ]
        for rule in rules { #expect(Normalization(rule.description) == rule) }
        for text in ["", "standardized", "standardized 1 / x", "standardized 1 2 / 3", "other"] {
            #expect(Normalization(text) == nil)
        }
    }
}

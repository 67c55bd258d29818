import Basics
import Testing

@Suite struct RandomTests {
    /// Known answers of the Philox 4x32-10 reference are for a raw key; here the stream is pinned by its own first values'
    /// statistics and by independence of order.
    @Test func numbersDependOnEveryPartOfTheirName() {
        let base = CounterRandom(seed: 7, purpose: .dropout, stream: 3)
        #expect(base.block(5) == CounterRandom(seed: 7, purpose: .dropout, stream: 3).block(5))
        #expect(base.block(5) != base.block(6))
        #expect(base.block(5) != CounterRandom(seed: 8, purpose: .dropout, stream: 3).block(5))
        #expect(base.block(5) != CounterRandom(seed: 7, purpose: .shuffle, stream: 3).block(5))
        #expect(base.block(5) != CounterRandom(seed: 7, purpose: .dropout, stream: 4).block(5))
    }

    @Test func uniformNumbersFillTheUnitInterval() {
        let random = CounterRandom(seed: 1, purpose: .generatedData)
        var sum = 0.0
        var squares = 0.0
        for i in 0..<100_000 {
            let u = Double(random.uniform(UInt64(i)))
            #expect(u >= 0 && u < 1)
            sum += u
            squares += u * u
        }
        #expect(abs(sum / 100_000 - 0.5) < 0.005)
        #expect(abs(squares / 100_000 - 1.0 / 3) < 0.005)
    }

    @Test func normalNumbersHaveUnitDeviationAndTruncationHolds() {
        let random = CounterRandom(seed: 2, purpose: .initialWeights)
        var sum = 0.0
        var squares = 0.0
        for i in 0..<100_000 {
            let x = Double(random.normal(UInt64(i)))
            sum += x
            squares += x * x
            #expect(abs(random.truncatedNormal(UInt64(i))) <= 2)
        }
        #expect(abs(sum / 100_000) < 0.02)
        #expect(abs(squares / 100_000 - 1) < 0.03)
    }

    @Test(arguments: [1, 2, 3, 7, 8, 1000, 4097])
    func permutationsVisitEverythingOnceAndInvert(count: Int) {
        let permutation = Permutation(count: count, random: CounterRandom(seed: 9, purpose: .shuffle))
        var seen = Set<Int>()
        for i in 0..<count {
            let value = permutation[i]
            #expect(seen.insert(value).inserted)
            #expect(permutation.position(of: value) == i)
        }
        #expect(seen == Set(0..<count))
    }

    @Test func partsAreContiguousAndDifferByAtMostOne() {
        let partition = ShardPartition(shards: 8, ranks: 3)
        #expect((0..<3).map { partition.shards(of: $0) } == [0..<3, 3..<6, 6..<8])
        #expect((0..<8).map { partition.samples(of: $0, batch: 100).count } == [13, 13, 13, 13, 12, 12, 12, 12])
        #expect((0..<8).map { partition.samples(of: $0, batch: 5).count } == [1, 1, 1, 1, 1, 0, 0, 0])
    }
}

import Basics
import DataPipeline
import DataSummary
import Datasets
import HDF5Storage
import Testing
import Transforms

/// How much samples count, how often they come, and what is measured on them.
@Suite struct WeightTests {
    /// Readers open the files by name, so they must last as long as the test.
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private let labels: [Int32] = [0, 1, 0, 0, 2, 0, 1, 0, 0, 1]

    private func file(
        weights: [Float]? = nil, names: [String]? = nil, layout: DatasetLayout = .contiguous,
        line: Int = #line
    ) throws -> DatasetFile {
        var options = DatasetOptions()
        options.sampleWeights = weights == nil ? nil : "/w"
        return try scratch.dataset("\(line).h5", options: options) { root in
            try root.write("train/features", shape: [10, 2], (0..<20).map { Float($0) }, layout: layout)
            try root.write("train/labels", shape: [10], labels)
            if let weights { try root.write("w", shape: [weights.count], weights) }
            if let names { try root.attributes.set("classes", names) }
        }
    }

    @Test func classesHaveWeights() throws {
        let train = try file(names: ["a", "b", "1"]).split(.train)
        let balanced = try train.weighted(by: .balanced).weights
        let shares: [Float] = [10.0 / 18, 10.0 / 9, 10.0 / 3]
        #expect(balanced == labels.map { shares[Int($0)] })
        // A name comes before a number: class 2 is called 1.
        let named = try train.weighted(by: #require(ClassWeights("b:0.5,1:3"))).weights
        #expect(named == labels.map { [1, 0.5, 3][Int($0)] })
        #expect(message { try train.weighted(by: #require(ClassWeights("c:1"))) }.contains("there is no class c"))
        #expect(message { try train.weighted(by: #require(ClassWeights("b:1,1:2,2:1"))) }.contains("gives class 2 two"))
        #expect(message { try train.weighted(by: #require(ClassWeights("3:1"))) }.contains("its classes are a, b, 1"))
    }

    @Test func weightsOfClassesAreTheirText() {
        for text in ["balanced", "0:1.0,1:9.0", "a:b:0.5"] { #expect(ClassWeights(text)?.description == text) }
        for text in ["", "0", "0:", ":1", "0:-1", "0:nan", "0:inf", "0:1,", "0:1,0:2", "even"] {
            #expect(ClassWeights(text) == nil, "\(text)")
        }
    }

    @Test func weightsOfADataSetGoWithTheirRows() throws {
        let weights = (0..<10).map { Float($0) / 4 }
        let weighted = try file(weights: weights)
        let data = try weighted.trainingData(.fold(#require(Fold("1/2"))), seed: 3)
        for samples in [data.train, try #require(data.validation)] {
            #expect(samples.weights == (0..<samples.count).map { weights[samples.rows[$0]] })
        }
        #expect(try weighted.fingerprint() != file().fingerprint())
        #expect(message { try file(weights: [1, 2]) }.contains("do not belong to 10 rows"))
        let negative: [Float] = [0, 1, 1, 1, -1, 1, 1, 1, 1, 1]
        #expect(message { try file(weights: negative) }.contains("/w: the weight of sample 4 is -1.0"))
        let zeros = try file(weights: [Float](repeating: 0, count: 10)).split(.train)
        #expect(message { try zeros.requireSomeWeight() }.contains("all samples to train on have the weight 0"))
    }

    /// Every class equally often; within a class every sample before any comes again.
    @Test(arguments: [nil, 5] as [UInt64?], [DatasetLayout.contiguous, .chunked([3, 2])])
    func balancedEpochsHaveAsMuchOfEveryClass(seed: UInt64?, layout: DatasetLayout) throws {
        let train = try file(layout: layout).split(.train)
        let sampler = Sampler(train, batch: 4, shards: 2, seed: seed, isBalanced: true)
        let order = sampler.order(epoch: 1)
        let draws = (0..<2).flatMap { shard in sampler.part(of: shard).map { order.draw($0, shard: shard) } }
        #expect(draws.count == 10)
        let counts = (0..<3).map { label in draws.count { labels[$0.sample] == Int32(label) } }
        #expect(counts == [4, 3, 3])
        #expect(Set(draws.map { [$0.sample, $0.occurrence] }).count == 10)
        #expect(draws.filter { $0.sample == 4 }.map(\.occurrence).sorted() == [0, 1, 2])
        let read = try drain(BatchReader(train, sampler: sampler, shards: 0..<2, epoch: 1, epochs: 2), elements: 2)
        for shard in read.flatMap(\.shards) {
            #expect(shard.values == shard.indices.flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
        }
        let first = sampler.indices(epoch: 0, step: 0, shard: 0)
        #expect((first == sampler.indices(epoch: 1, step: 0, shard: 0)) == (seed == nil))
    }

    private func moments(_ samples: SampleSet) throws -> (mean: [Float], deviation: [Float]) {
        let rule = try SampleMoments(of: samples).standardization(by: .channel)
        guard case .standardized(let mean, let deviation) = rule else { return ([], []) }
        return (mean, deviation)
    }

    @Test func onlyTheSamplesThemselvesAreMeasured() throws {
        let file = try file()
        let data = try file.trainingData(.last(0.5))
        let (mean, deviation) = try moments(data.train)
        #expect(mean == [4, 5] && deviation.allSatisfy { abs($0 - Float(8).squareRoot()) < 1e-6 })
        let images = try scratch.dataset { root in
            let pixels: [UInt8] = [0, 1, 2, 4, 5, 6]
            try root.write("train/images", shape: [4, 2, 1, 3], pixels + pixels + pixels.map { $0 + 200 } + pixels)
            try root.write("train/labels", shape: [4], [Int32](repeating: 0, count: 4))
        }
        let bytes = try moments(images.trainingData(.last(0.5)).train)
        #expect(bytes.mean == [2, 3, 4] && bytes.deviation == [2, 2, 2])
    }

    @Test func rowsOfSeveralClassesAreTargets() throws {
        func read(_ values: [Int32]) throws -> SampleSet {
            try Scratch().dataset { root in
                try root.write("train/features", shape: [3, 2], (0..<6).map { Float($0) })
                try root.write("train/labels", shape: [3, 2], values)
            }.split(.train)
        }
        #expect(try read([1, 0, 0, 1, 1, 0]).targets == .labels([0, 1, 0]))
        let several = try read([1, 0, 1, 1, 0, 0]).targets
        #expect(several == .targets([1, 0, 1, 1, 0, 0], width: 2) && several.isMultiHot)
        #expect(several.firstNotOneHot?.sample == 1 && several.firstNotOneHot?.classes == 2)
        #expect(!Targets.targets([0.5, 1], width: 2).isMultiHot && !Targets.targets([0, 1], width: 1).isMultiHot)
    }
}

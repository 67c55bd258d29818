import Basics
import DataPipeline
import Datasets
import Transforms
import HDF5Storage
import Testing

@Suite struct FlipTests {
    private func flipped(_ values: StoredSample.Values, _ shape: Shape, _ text: String) throws -> StoredSample.Values {
        let sample = StoredSample(values, shape: shape)
        let list = try AugmentationList(parsing: text, option: "augment")
        let chain = try TransformChain(list.transforms, of: sample.specification, source: "test", seed: 0)
        #expect(chain.output == sample.specification)
        return chain.apply(to: sample).values
    }

    @Test func mirrorsKnownPixels() throws {
        let grey: [UInt8] = [1, 2, 3, 4, 5, 6]
        #expect(try flipped(.bytes(grey), [2, 3, 1], "flip(1)") == .bytes([3, 2, 1, 6, 5, 4]))
        let coloured: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        #expect(
            try flipped(.bytes(coloured), [2, 2, 3], "flip(1)") == .bytes([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]))
        #expect(
            try flipped(.floats(coloured.map { Float($0) / 8 }), [1, 3, 4], "flip(1)")
                == .floats([9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4].map { Float($0) / 8 }))
        #expect(try flipped(.bytes(coloured), [2, 2, 3], "flip(0)") == .bytes(coloured))
        #expect(try flipped(.bytes(coloured), [2, 2, 3], "flip(1), flip(1)") == .bytes(coloured))
        #expect(
            try flipped(.bytes(grey), [2, 3, 1], "flip(1), flip(0), flip(1), flip(1)") == .bytes([3, 2, 1, 6, 5, 4]))
    }

    /// Images [0, 1], of which a flipped one begins with 1.
    private func isFlipped(_ list: String, samples: Int, epochs: Int, seed: UInt64 = 3) throws -> [[Bool]] {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.write("images", shape: [samples, 1, 2], (0..<2 * samples).map { UInt8($0 % 2) })
            try root.write("labels", shape: [samples], (0..<samples).map { Int32($0 % 2) })
        }
        let dataset = try file.split(.train)
        let chain = try TransformChain(
            AugmentationList(parsing: list, option: "augment").transforms, of: dataset, seed: seed)
        let sampler = Sampler(dataset, batch: 100, shards: 3, seed: 1)
        let reader = BatchReader(dataset, transforms: chain, sampler: sampler, shards: 0..<3, epochs: epochs)
        var flips = [[Bool]](repeating: [Bool](repeating: false, count: samples), count: epochs)
        for (epoch, _, shards) in try drain(reader, elements: 2) {
            for shard in shards {
                for (place, sample) in shard.indices.enumerated() {
                    flips[epoch][sample] = shard.values[2 * place] == 1
                }
            }
        }
        return flips
    }

    /// Within four standard deviations, for a fixed seed.
    @Test(arguments: [("flip", 0.5), ("flip(0.1)", 0.1), ("flip, flip", 0.5), ("flip(0.1), flip(0.2)", 0.26)])
    func happensAsOftenAsItSays(list: String, probability: Double) throws {
        let flips = try isFlipped(list, samples: 4000, epochs: 2)
        let tolerance = 4 * (probability * (1 - probability) / 4000).squareRoot()
        for epoch in flips {
            #expect(abs(Double(epoch.filter { $0 }.count) / 4000 - probability) < tolerance)
        }
        let changed = zip(flips[0], flips[1]).filter { $0 != $1 }.count
        #expect(abs(Double(changed) / 4000 - 2 * probability * (1 - probability)) < 0.04, "an epoch knows of no other")
    }

    @Test func anotherSeedFlipsOthers() throws {
        let one = try isFlipped("flip", samples: 1000, epochs: 1, seed: 1)
        let other = try isFlipped("flip", samples: 1000, epochs: 1, seed: 2)
        #expect(try isFlipped("flip", samples: 1000, epochs: 1, seed: 1) == one)
        #expect((400...600).contains(zip(one[0], other[0]).filter { $0 != $1 }.count))
    }

    @Test func refusesFeatures() throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.write("train/features", shape: [20, 6], [Float](repeating: 1, count: 120))
            try root.write("train/labels", shape: [20], (0..<20).map { Int64($0 % 2) })
        }
        let transforms = try AugmentationList(parsing: "flip", option: "augment").transforms
        let text = message { try TransformChain(transforms, of: file.split(.train), seed: 0) }
        for words in ["x.h5: /train/features", "`flip(0.5)`", "rows of 6 features", "leave it out of --augment"] {
            #expect(text.contains(words), "\(text)")
        }
    }
}

@Suite struct AugmentationListTests {
    private func list(_ text: String) throws -> AugmentationList {
        try AugmentationList(parsing: text, option: "augment")
    }

    @Test(arguments: [
        ("flip", "flip(0.5)"), ("flip()", "flip(0.5)"), (" flip ( 0.25 ) ", "flip(0.25)"),
        ("flip(probability=1),flip", "flip(1.0), flip(0.5)"),
    ])
    func textsReadBack(text: String, canonical: String) throws {
        let read = try list(text)
        #expect(read.description == canonical)
        #expect(try list(canonical) == read)
        #expect(try read != list("flip(0.125)"))
    }

    @Test(arguments: [
        ("flop", "option augment: there is no transform 'flop'; there is flip, vertical-flip, "),
        ("flop", "(did you mean flip?)"),
        ("", "no list of transforms"), ("flip,", "no list of transforms"), ("flip(0.5", "no list of transforms"),
        ("flip)", "no list of transforms"), ("flip((1))", "no list of transforms"),
        ("flip(1)x", "does not end with its parameters"), ("flip(2)", "its probability 2 is not a number from 0 to 1"),
        ("flip(nan)", "its probability nan is not"), ("flip(half)", "its probability half is not"),
        ("flip(0.5,0.5)", "'0.5' is one parameter too many"),
        ("flip(chance=1)", "there is no parameter 'chance'"), ("flip(,)", "'' is no parameter"),
        ("flip(2)", "`dptrain transforms flip` shows its parameters"),
        ("blur(kernel=4)", "its kernel has an odd number of pixels"), ("zoom(1)", "its range begins above 0"),
        ("rand-augment(magnitude=31)", "its magnitude is below its levels, 31"),
        ("random-resized-crop(1:0.5)", "its scale 1:0.5 is not a range such as 0.08:1 within"),
        ("rotation(fill=black)", "its fill black is not one of nearest, constant, reflect, wrap"),
    ])
    func wrongTextsAreRefused(text: String, words: String) {
        #expect(message { try list(text) }.contains(words), "\(message { try list(text) })")
    }

    @Test func nothingIsAugmentedInEvaluation() throws {
        #expect(try list("flip, flip(1)").inEvaluation.isEmpty)
    }
}

/// The seam, with transforms that need all of it: another shape, another form, two samples, other targets.
@Suite struct TransformChainTests {
    /// A square of an image, at a place drawn anew for each sample; in evaluation that in the middle.
    private struct Crop: SampleTransform {
        let size: Int
        var isCentered = false

        var description: String { "crop(\(size))" }
        var inEvaluation: (any SampleTransform)? { Crop(size: size, isCentered: true) }

        func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
            guard input.form == .bytes, input.shape[0] >= size, input.shape[1] >= size else {
                throw TransformError(self, "is larger than images of \(input.shape)")
            }
            var output = input
            output.shape = [size, size, input.shape[2]]
            return output
        }

        func origin(_ shape: Shape, _ random: CounterRandom) -> (y: Int, x: Int) {
            let room = (shape[0] - size, shape[1] - size)
            if isCentered { return (room.0 / 2, room.1 / 2) }
            return (random.integer(0, below: room.0 + 1), random.integer(1, below: room.1 + 1))
        }

        func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
            let shape = shard.specification.shape
            let (y, x) = origin(shape, random)
            for row in 0..<size {
                (output.values + row * size * shape[2]).copyMemory(
                    from: shard.values(index) + ((y + row) * shape[1] + x) * shape[2], byteCount: size * shape[2])
            }
        }
    }

    /// The mean of a sample and another of its shard, as floats; each of their classes has half a share.
    private struct Mixture: SampleTransform {
        let description = "mixture"
        var inEvaluation: (any SampleTransform)? { nil }

        func output(of input: SampleSpecification) throws(TransformError) -> SampleSpecification {
            guard case .label(let classes) = input.targets else { throw TransformError(self, "needs labels") }
            return SampleSpecification(shape: input.shape, form: .floats, targets: .values(width: classes))
        }

        func partner(of index: Int, among count: Int, _ random: CounterRandom) -> Int {
            random.integer(0, below: count)
        }

        func fill(_ output: SamplePlace, from shard: ShardSamples, at index: Int, random: CounterRandom) {
            let other = partner(of: index, among: shard.count, random)
            let count = shard.specification.shape.count
            let values = [index, other].map { shard.values($0).assumingMemoryBound(to: UInt8.self) }
            let mixed = output.values.assumingMemoryBound(to: Float.self)
            for i in 0..<count { mixed[i] = (Float(values[0][i]) + Float(values[1][i])) / 2 }
            guard case .label(let classes) = shard.specification.targets else { return }
            for k in 0..<classes { output.targets[k] = 0 }
            for sample in [index, other] { output.targets[Int(shard.label(sample))] += 0.5 }
        }
    }

    private static let count = 53
    private static let classes = 6

    private func file(_ layout: DatasetLayout, floats: Bool = false, oneHot: Bool = false) throws -> (
        Scratch, SampleSet
    ) {
        let scratch = try Scratch()
        let file = try scratch.dataset(options: DatasetOptions(order: .nhwc)) { root in
            let values = (0..<Self.count).flatMap { pixels(of: $0, [4, 5, 3]) }
            let shape: Shape = [Self.count, 4, 5, 3]
            if floats {
                try root.write("train/images", shape: shape, values.map { Float($0) }, layout: layout)
            } else {
                try root.write("train/images", shape: shape, values, layout: layout)
            }
            let labels = (0..<Self.count).map { Int64($0 % Self.classes) }
            if oneHot {
                let rows = labels.flatMap { label in (0..<Self.classes).map { Float($0 == label ? 1 : 0) } }
                try root.write("train/labels", shape: [Self.count, Self.classes], rows)
            } else {
                try root.write("train/labels", shape: [Self.count], labels)
            }
        }
        return (scratch, try file.split(.train))
    }

    /// A part of an image of 5 columns and 3 channels.
    private func square(_ size: Int, of image: [UInt8], y: Int, x: Int) -> [UInt8] {
        (y..<y + size).flatMap { row in image[(row * 5 + x) * 3..<(row * 5 + x + size) * 3] }
    }

    /// Such an image, as in a mirror.
    private func mirrored(_ image: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for row in 0..<image.count / 15 {
            for column in (0..<5).reversed() { result += square(1, of: image, y: row, x: column) }
        }
        return result
    }

    private static let layouts: [(DatasetLayout, Bool, Bool)] = [
        (.contiguous, false, false), (.contiguous, true, true), (.chunked([8, 4, 5, 3], gzip: 4), false, true),
        (.chunked([8, 2, 3, 1]), true, false),
    ]

    /// Whatever the layout, on any part of the shards and from any step on, a sample is flipped or not by its number and
    /// the epoch alone.
    @Test(arguments: 0..<4, [0, 3])
    func whatBecomesOfASampleIsAFunctionOfSeedEpochAndSample(layout: Int, start: Int) throws {
        let (storage, floats, oneHot) = Self.layouts[layout]
        let (scratch, dataset) = try file(storage, floats: floats, oneHot: oneHot)
        defer { withExtendedLifetime(scratch) {} }
        let chain = try TransformChain(
            AugmentationList(parsing: "flip", option: "augment").transforms, of: dataset, seed: 9)
        for (batch, shards, part) in [(16, 8, 0..<8), (16, 8, 3..<6), (53, 2, 1..<2)] {
            let sampler = Sampler(dataset, batch: batch, shards: shards, seed: 4)
            let reader = BatchReader(
                dataset, transforms: chain, sampler: sampler, shards: part, step: min(start, sampler.steps), epochs: 3)
            let steps = try drain(reader, elements: 60)
            #expect(steps.last?.epoch == 2)
            for (epoch, step, received) in steps {
                for (shard, samples) in zip(part, received) {
                    #expect(samples.indices == sampler.indices(epoch: epoch, step: step, shard: shard))
                    #expect(samples.labels == samples.indices.map { Int32($0 % Self.classes) })
                    let expected = samples.indices.flatMap { sample -> [UInt8] in
                        let draw = Sampler.Draw(sample: sample, window: 0)
                        let isFlipped = chain.random(stage: 0, epoch: epoch, draw).uniform(0) < 0.5
                        let image = pixels(of: sample, [4, 5, 3])
                        return isFlipped ? mirrored(image) : image
                    }
                    #expect(samples.values == expected.map { Float($0) })
                }
            }
        }
    }

    @Test func randomNumbersTellApartAllTheyDependOn() throws {
        let (scratch, dataset) = try file(.contiguous)
        defer { withExtendedLifetime(scratch) {} }
        func bits(
            seed: UInt64 = 1, stage: Int = 0, epoch: Int = 0, sample: Int = 0, window: Int = 0, occurrence: Int = 0
        ) throws -> UInt64 {
            try TransformChain([], of: dataset, seed: seed)
                .random(
                    stage: stage, epoch: epoch, Sampler.Draw(sample: sample, window: window, occurrence: occurrence)
                ).bits(0)
        }
        let numbers = [
            try bits(), try bits(seed: 2), try bits(stage: 1), try bits(epoch: 1), try bits(sample: 1),
            try bits(occurrence: 1), try bits(epoch: 1, sample: 1), try bits(stage: 1, occurrence: 1),
        ]
        #expect(Set(numbers).count == numbers.count)
        #expect(try bits() == numbers[0] && bits(window: 5) == numbers[0])
    }

    @Test func specificationsGoThroughTheChain() throws {
        let (scratch, dataset) = try file(.contiguous)
        defer { withExtendedLifetime(scratch) {} }
        let chain = try TransformChain([Crop(size: 3), Mixture()], of: dataset, seed: 0)
        #expect(chain.input == SampleSpecification(shape: [4, 5, 3], form: .bytes, targets: .label(classes: 6)))
        #expect(chain.output == SampleSpecification(shape: [3, 3, 3], form: .floats, targets: .values(width: 6)))
        #expect(chain.shapeText == "3x3x3 (4x5x3 before crop(3), mixture)")
        #expect(try TransformChain([Mixture()], of: dataset, seed: 0).shapeText == "4x5x3")
        let input = try InputPipeline(chain, .standardized(mean: [1, 2, 3], deviation: [1, 1, 1]), further: [])
        #expect(input.output == chain.output)
        let refusals: [(String, () throws -> Any)] = [
            (
                "x.h5: /train/images: `crop(4)` is larger than images of 3x3x3",
                {
                    try TransformChain([Crop(size: 3), Crop(size: 4)], of: dataset, seed: 0)
                }
            ),
            (
                "x.h5: /train/images: `mixture` needs labels",
                {
                    try TransformChain([Mixture(), Mixture()], of: dataset, seed: 0)
                }
            ),
            (
                "x.h5: /train/images: `standardized 1.0 / 1.0` does not normalise samples of 3x3x3",
                {
                    try InputPipeline(chain, .standardized(mean: [1], deviation: [1]), further: [])
                }
            ),
        ]
        for (text, body) in refusals { #expect(message(body).hasSuffix("/\(text)")) }
    }

    /// A crop, a mixture of two crops with shares for targets, and both again: all buffers are used in turn.
    @Test(arguments: [0..<4, 1..<3])
    func transformsMayChangeShapeFormAndTargets(part: Range<Int>) throws {
        let (scratch, dataset) = try file(.contiguous)
        defer { withExtendedLifetime(scratch) {} }
        let (large, small, mixture) = (Crop(size: 4), Crop(size: 2), Mixture())
        let chain = try TransformChain([large, small, mixture], of: dataset, seed: 2)
        let sampler = Sampler(dataset, batch: 20, shards: 4, seed: 8)
        let reader = BatchReader(dataset, transforms: chain, sampler: sampler, shards: part, epochs: 2)
        while let buffer = try reader.next() {
            for shard in part {
                let drawn = sampler.indices(epoch: buffer.epoch, step: buffer.step, shard: shard)
                let random = { (stage: Int, sample: Int) in
                    chain.random(stage: stage, epoch: buffer.epoch, Sampler.Draw(sample: sample, window: 0))
                }
                let crops = drawn.map { sample -> [UInt8] in
                    let (y, x) = large.origin([4, 5, 3], random(0, sample))
                    let (v, u) = small.origin([4, 4, 3], random(1, sample))
                    let image = pixels(of: sample, [4, 5, 3])
                    return square(2, of: image, y: y + v, x: x + u)
                }
                let batch = buffer[shard]
                guard case .floats(let values) = batch.values else {
                    Issue.record("a mixture is made of floats")
                    continue
                }
                #expect(batch.count == drawn.count)
                for (index, sample) in drawn.enumerated() {
                    let other = mixture.partner(of: index, among: drawn.count, random(2, sample))
                    let mixed = zip(crops[index], crops[other]).map { (Float($0) + Float($1)) / 2 }
                    #expect((0..<12).map { values[index * 12 + $0] } == mixed)
                    var shares = [Float](repeating: 0, count: Self.classes)
                    for part in [index, other] { shares[drawn[part] % Self.classes] += 0.5 }
                    #expect((0..<6).map { batch.targets[index * 6 + $0] } == shares)
                }
            }
            reader.release(buffer)
        }
    }

    @Test func whatEvaluatesIsLeftToNoChance() throws {
        let image = pixels(of: 1, [4, 5, 3])
        let sample = StoredSample(.bytes(image), shape: [4, 5, 3])
        let middle = try #require(Crop(size: 2).inEvaluation)
        let chains = try (0..<20).map { seed in
            try TransformChain([middle], of: sample.specification, source: "test", seed: UInt64(seed))
        }
        let expected = square(2, of: image, y: 1, x: 1)
        #expect(chains.allSatisfy { $0.apply(to: sample).values == .bytes(expected) })
        #expect(chains[0].apply(to: sample).shape == [2, 2, 3])
    }
}

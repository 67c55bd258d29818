import Basics
import DataPipeline
import ImageCoding
import Testing
import Transforms

/// What transforms draw: 10,000 draws of each, of a fixed seed.
@Suite struct DrawTests {
    private static let draws = 10_000

    private func made(_ list: String, of image: StoredSample, draws: Int = Self.draws) throws -> [[Float]] {
        try drawn(list, of: image, draws: draws)
    }

    private func image(_ bytes: [UInt8], _ shape: Shape) -> StoredSample { StoredSample(.bytes(bytes), shape: shape) }

    /// A list, a row of pixels, and of its first one: mean, deviation and limits.
    struct Expectation: Sendable {
        let list: String
        let row: [UInt8]
        let mean: Double
        let deviation: Double
        let limits: ClosedRange<Float>

        init(_ list: String, _ row: [UInt8], _ mean: Double, _ deviation: Double, _ limits: ClosedRange<Float>) {
            (self.list, self.row, self.mean, self.deviation, self.limits) = (list, row, mean, deviation, limits)
        }
    }
    /// The deviation of numbers that are uniform in a range of length 1.
    private static let uniform: Double = 0.288675

    static let expectations: [Expectation] = [
        Expectation("brightness(0.5:1.5)", [100, 100], 100, 100 * uniform, 50...150),
        Expectation("brightness(0.3)", [100, 100], 100, 60 * uniform, 69...130),
        Expectation("channel-shift(20)", [128, 0, 255], 128, 40 * uniform, 108...148),
        Expectation("gaussian-noise(10)", [128], 128, 10, 60...200),
        Expectation("color-jitter(0.5, contrast=0, saturation=0)", [100], 100, 100 * uniform, 50...150),
        Expectation("color-jitter(0, contrast=0.5, saturation=0)", [150, 50], 150, 50 * uniform, 125...175),
        Expectation("flip(0.25)", [0, 200], 50, 86.6, 0...200),
        Expectation("invert(0.1)", [0], 25.5, 76.5, 0...255),
        // Up to two pixels either way of a bright first one; to the right its edge is repeated.
        Expectation("width-shift(2)", [200, 0, 0, 0], 125, 87.8, 0...200),
    ]

    @Test(arguments: expectations)
    func valuesAreDistributedAsTheySay(expected: Expectation) throws {
        let first = try made(expected.list, of: image(expected.row, [1, expected.row.count, 1])).map { $0[0] }
        let found = Moments(first)
        let tolerance = 4 * expected.deviation / Double(Self.draws).squareRoot() + 0.5
        #expect(abs(found.mean - expected.mean) < tolerance, "\(found)")
        #expect(abs(found.deviation - expected.deviation) < 0.03 * expected.deviation + 0.5, "\(found)")
        #expect(first.allSatisfy { expected.limits.contains($0) }, "\(first.min() ?? 0), \(first.max() ?? 0)")
    }

    /// Normal numbers of deviation 0.1 along each component.
    @Test func lightingShiftsAlongTheComponents() throws {
        let shifts = try made("lighting(0.1)", of: image([128, 128, 128], [1, 1, 3]))
        for (channel, deviation) in [3.155, 3.222, 3.263].enumerated() {
            let found = Moments(shifts.map { $0[channel] })
            #expect(abs(found.mean - 128) < 0.2 && abs(found.deviation - deviation) < 0.15, "\(channel): \(found)")
        }
    }

    @Test func padAndCropMovesEachWayEquallyOften() throws {
        var counts: [Int: Int] = [:]
        var pixels = [UInt8](repeating: 0, count: 81)
        pixels[40] = 255
        for moved in try made("pad-and-crop(2)", of: image(pixels, [9, 9, 1])) {
            counts[moved.firstIndex(of: 255) ?? -1, default: 0] += 1
        }
        #expect(Set(counts.keys) == Set((2...6).flatMap { y in (2...6).map { 9 * y + $0 } }))
        #expect(counts.values.allSatisfy { abs($0 - Self.draws / 25) < 90 }, "\(counts)")
    }

    @Test(arguments: [
        ("constant", [0, 0, 1, 2]), ("nearest", [1, 1, 1, 2]), ("reflect", [2, 1, 1, 2]), ("mirror", [3, 2, 1, 2]),
    ])
    func padAndCropFillsAsAffineTransformsDo(fill: String, expected: [Float]) throws {
        let all = try made("pad-and-crop(2, fill=\(fill))", of: image([1, 2, 3, 4], [1, 4, 1]), draws: 200)
        #expect(all.contains(expected), "\(Set(all))")
    }

    /// The area that is erased, and how often.
    @Test(arguments: ["pixel", "channel", "constant"])
    func erasingCoversTheAreaThatItSays(content: String) throws {
        let grey = image([UInt8](repeating: 0, count: 32 * 32 * 3), [32, 32, 3])
        let all = try made(
            "random-erasing(0.5, area=0.1:0.3, ratio=0.5:2, content=\(content), values=100:200)", of: grey)
        let areas = all.map { pixels in Float(pixels.filter { $0 != 0 }.count) / (32 * 32 * 3) }
        let erased = areas.filter { $0 > 0 }
        #expect(abs(Double(erased.count) - 5000) < 200)
        #expect(erased.allSatisfy { (0.07...0.31).contains($0) })
        // Sides are cut off to whole pixels.
        #expect(abs(Moments(erased).mean - 0.19) < 0.01)
        #expect(all.allSatisfy { $0.allSatisfy { $0 == 0 || (100...200).contains($0) } })
        let values = all.first { Set($0).count > 1 }.map { Set($0.filter { $0 > 0 }).count } ?? 0
        let most = ["pixel": 101, "channel": 3, "constant": 1][content] ?? 0
        #expect((1...most).contains(values) && (content != "pixel" || values > 20))
    }

    @Test func randomResizedCropsCoverAreasAndRatiosEvenly() throws {
        let list = try AugmentationList(parsing: "random-resized-crop(interpolation=random)", option: "augment")
        let crop = try #require(list.crop.first)
        let center = CenterCrop(height: 224, width: 224)
        let plan = try crop.plan(for: center.size, evaluation: center)
        let size = PixelSize(width: 500, height: 400)
        let crops = (0..<Self.draws).map {
            plan.crop(of: size, random: CounterRandom(seed: 1, purpose: .augmentation, stream: UInt64($0)))
        }
        let boxes = crops.map(\.box)
        #expect(boxes.allSatisfy { $0.left >= 0 && $0.top >= 0 && $0.right <= 500 && $0.bottom <= 400 })
        let areas = boxes.map { box -> Float in
            let (width, height) = (box.right - box.left, box.bottom - box.top)
            return Float(width * height / 200_000)
        }
        #expect(areas.allSatisfy { (0.078...1).contains($0) })
        // Large areas in extreme ratios do not fit, and are drawn again.
        #expect(abs(Moments(areas.filter { $0 < 0.6 }).mean - 0.34) < 0.01)
        let ratios = boxes.map { box -> Float in Float((box.right - box.left) / (box.bottom - box.top)) }
        #expect(ratios.allSatisfy { (0.74...1.35).contains($0) })
        let small = ratios.indices.filter { areas[$0] < 0.6 }
        let narrow = Double(small.filter { ratios[$0] < 1 }.count) / Double(small.count)
        #expect(abs(narrow - 0.5) < 0.025)
        let bicubic = crops.filter { $0.filter == .bicubic }.count
        #expect(abs(bicubic - 5000) < 200)
        #expect(plan.inEvaluation.description == center.description)
    }

    /// The shorter side of 375 pixels becomes 256 to 512, of which 224 are kept.
    @Test func scaleJitterCutsOutOfAllScales() throws {
        let crop = try #require(try AugmentationList(parsing: "scale-jitter", option: "augment").crop.first)
        let center = CenterCrop(height: 224, width: 224)
        let plan = try crop.plan(for: center.size, evaluation: center)
        let size = PixelSize(width: 500, height: 375)
        let sides = (0..<Self.draws).map { number -> Float in
            let box = plan.crop(
                of: size, random: CounterRandom(seed: 2, purpose: .augmentation, stream: UInt64(number))
            ).box
            #expect(box.left >= 0 && box.top >= 0 && box.right <= 500 && box.bottom <= 375)
            return Float(224 * 375 / (box.bottom - box.top))
        }
        let found = Moments(sides)
        #expect(abs(found.mean - 384) < 3 && abs(found.deviation - 256 / 12.0.squareRoot()) < 2, "\(found)")
        let tooSmall = message { try crop.plan(for: PixelSize(width: 300, height: 300), evaluation: center) }
        #expect(tooSmall.contains("300x300 are not cut out of images whose shorter side is 256:512"), "\(tooSmall)")
    }

    /// Mean and deviation of Beta(a, a).
    @Test(arguments: [Float(0.1), 0.2, 1, 4])
    func betaNumbersAreDistributedAsTheySay(alpha: Float) {
        let numbers = (0..<Self.draws).map {
            CounterRandom(seed: 3, purpose: .augmentation, stream: UInt64($0)).beta(alpha)
        }
        let found = Moments(numbers)
        let deviation = (1 / (4 * (2 * Double(alpha) + 1))).squareRoot()
        #expect(numbers.allSatisfy { (0...1).contains($0) })
        #expect(abs(found.mean - 0.5) < 4 * deviation / 100 && abs(found.deviation - deviation) < 0.01, "\(found)")
    }

    /// Each of the 14 operations leaves a mark of its own on this image, or none.
    @Test func policiesUseAllOperations() throws {
        let pixels: [UInt8] = (0..<16 * 16 * 3).map { (place: Int) -> UInt8 in UInt8(40 + (place * 7919) % 150) }
        let picture = image(pixels, [16, 16, 3])
        let untouched: [Float] = pixels.map { Float($0) }
        let fewest: [(String, Int)] = [
            ("rand-augment(1)", 20), ("trivial-augment", 200), ("auto-augment(cifar10)", 60),
        ]
        for (list, fewest) in fewest {
            let all = try made(list, of: picture, draws: 3000)
            #expect(Set(all).count >= fewest, "\(list): \(Set(all).count)")
            let unchanged = all.filter { $0 == untouched }.count
            #expect((1..<1500).contains(unchanged), "\(list): \(unchanged)")
        }
    }

    /// Operations that are left out leave the image as it is, and strengths that vary make more different images.
    @Test func randAugmentVariesAsItSays() throws {
        let pixels: [UInt8] = (0..<16 * 16 * 3).map { (place: Int) -> UInt8 in UInt8(40 + (place * 7919) % 150) }
        let picture = image(pixels, [16, 16, 3])
        let untouched: [Float] = pixels.map { Float($0) }
        func results(_ parameters: String) throws -> [[Float]] {
            try made("rand-augment(1, magnitude=18\(parameters))", of: picture, draws: 3000)
        }
        let (always, half) = (try results(""), try results(", probability=0.5"))
        #expect(try results(", deviation=0, probability=1") == always)
        let part = { (all: [[Float]]) in Float(all.filter { $0 == untouched }.count) / 3000 }
        #expect(abs(part(half) - (1 + part(always)) / 2) < 0.04, "\(part(half)) \(part(always))")
        #expect(Set(try results(", deviation=3")).count > 3 * Set(always).count)
    }

    /// `rand-m7-mstd0.5-inc1`: 20,000 choices of 10,000 samples.
    @Test func timmsChoicesAreDistributedAsTheySay() throws {
        var parameters = try AugmentationParameters("7", of: TimmRandAugment.name, "test", option: "augment")
        let transform = try TimmRandAugment(&parameters)
        let numbers = (0..<Self.draws).map { CounterRandom(seed: 5, purpose: .augmentation, stream: UInt64($0)) }
        let choices = numbers.flatMap { random in (0..<2).map { transform.draw($0, random) } }
        let done = choices.compactMap { $0 }
        #expect(abs(done.count - 10_000) < 284)
        for operation in TimmOperation.allCases {
            let count = done.count { $0.operation == operation }
            #expect(abs(count - done.count / 15) < 100, "\(operation) \(count)")
        }
        let levels = Moments(done.map(\.draw.level))
        #expect(abs(levels.mean - 7) < 0.02 && abs(levels.deviation - 0.5) < 0.015, "\(levels)")
        for isSo: (TimmOperation.Draw) -> Bool in [{ $0.isNegative }, { $0.resampling == .bicubic }] {
            let count = done.count { isSo($0.draw) }
            #expect(abs(count - done.count / 2) < 200, "\(count)")
        }
        // What is drawn second does not depend on what is drawn first.
        let both = (0..<Self.draws).count { choices[2 * $0] != nil && choices[2 * $0 + 1] != nil }
        #expect(abs(both - Self.draws / 4) < 176)
        #expect(done.allSatisfy { (0...10).contains($0.draw.level) })
    }

    @Test func alternatingFlipsShowTheOtherSideInTheNextEpoch() throws {
        let picture = image([1, 2], [1, 2, 1])
        let transforms = try AugmentationList(parsing: "alternating-flip", option: "augment").transforms
        let chain = try TransformChain(transforms, of: picture.specification, source: "test", seed: 7)
        var flipped = 0
        for sample in 0..<1000 {
            let epochs = (0..<4).map {
                chain.apply(to: picture, as: Sampler.Draw(sample: sample, window: 0), epoch: $0).values
                    == .bytes([2, 1])
            }
            #expect(epochs == [epochs[0], !epochs[0], epochs[0], !epochs[0]])
            flipped += epochs[0] ? 1 : 0
        }
        #expect((420...580).contains(flipped))
    }
}

/// What becomes of lists, and of samples that cannot be taken.
@Suite struct AugmentationTests {
    private func list(_ text: String) throws -> AugmentationList {
        try AugmentationList(parsing: text, option: "augment")
    }

    @Test func everyTransformReadsBackAndSaysWhatItIs() throws {
        let entries = try AugmentationEntry.all
        #expect(entries.count > 25 && Set(entries.map(\.name)).count == entries.count)
        for entry in entries {
            let read = try list(entry.name)
            #expect(try list(read.description) == read, "\(read)")
            #expect(!entry.summary.isEmpty && read.description.hasPrefix(entry.name))
            for parameter in entry.parameters {
                let again = try list("\(entry.name)(\(parameter.name)=\(parameter.standard))")
                #expect(again == read)
            }
        }
    }

    /// One interpolation, so that turning back and forth is no blur.
    @Test func affineTransformsInARowAreOne() throws {
        #expect(try list("rotation, width-shift, height-shift, shear, zoom").transforms.count == 1)
        #expect(try list("rotation, flip, shear").transforms.count == 3)
        #expect(try list("rotation, shear(fill=wrap)").transforms.count == 2)
        let merged = try list("rotation(40), shear(5)")
        #expect(try list(merged.description).description == merged.description)
    }

    static let refusals: [(String, Shape, SampleForm, String)] = [
        ("rotation", [6], .bytes, "takes images"), ("posterize", [4, 4, 3], .floats, "bytes"),
        ("equalize", [4, 4, 2], .bytes, "1 or 3 channels"), ("lighting", [4, 4, 1], .bytes, "coloured"),
        ("blur(2, kernel=9)", [4, 20, 1], .bytes, "at least 5 pixels"),
        ("random-erasing(values=-1:1)", [4, 4, 1], .bytes, "from 0 to 255"),
        ("random-resized-crop", [4, 4, 1], .floats, "bytes"),
        ("rand-augment-timm", [4, 4, 2], .bytes, "1 or 3 channels"),
    ]

    @Test(arguments: refusals)
    func samplesThatCannotBeTakenAreRefused(text: String, shape: Shape, form: SampleForm, words: String) throws {
        let samples = SampleSpecification(shape: shape, form: form)
        let found = message { try TransformChain(list(text).transforms, of: samples, source: "x", seed: 0) }
        #expect(found.contains(words) && found.hasPrefix("x: `"), "\(found)")
    }

    @Test func targetValuesAreNotMixed() throws {
        let samples = SampleSpecification(shape: [4, 4, 1], form: .bytes, targets: .values(width: 2))
        let found = message { try TransformChain(list("mixup").transforms, of: samples, source: "x", seed: 0) }
        #expect(found.contains("target values"), "\(found)")
    }

    /// Floats are moved, erased and mixed like bytes.
    @Test(arguments: [
        "flip(1)", "vertical-flip(1)", "rotation(30)", "pad-and-crop(2)", "random-erasing(1, values=0:1)",
        "width-shift(0.3), zoom(0.2)",
    ])
    func floatsAreTakenToo(text: String) throws {
        let values = (0..<75).map { Float($0) / 75 }
        let sample = StoredSample(.floats(values), shape: [5, 5, 3])
        let chain = try TransformChain(list(text).transforms, of: sample.specification, source: "x", seed: 1)
        guard case .floats(let made) = chain.apply(to: sample).values else { return }
        #expect(made != values && made.allSatisfy { (0...1).contains($0) })
    }
}

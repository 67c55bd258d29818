import Basics
import CTransforms
import DataPipeline
import Foundation
import Testing
import Transforms

/// What a list makes of one image, drawn for so many samples.
func drawn(_ list: String, of image: StoredSample, draws: Int) throws -> [[Float]] {
    let transforms = try AugmentationList(parsing: list, option: "augment").transforms
    let chain = try TransformChain(transforms, of: image.specification, source: "test", seed: 7)
    return (0..<draws).map { sample in
        switch chain.apply(to: image, as: Sampler.Draw(sample: sample, window: 0)).values {
        case .bytes(let bytes): bytes.map { Float($0) }
        case .floats(let floats): floats
        }
    }
}

struct Moments {
    let mean: Double
    let deviation: Double

    init(_ values: [Float]) {
        let count = Double(values.count)
        let mean = values.reduce(0) { $0 + Double($1) } / count
        self.mean = mean
        deviation = (values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count).squareRoot()
    }
}

/// The numbers that transforms have drawn, found again in what they made: 10,000 draws of each, of a fixed seed.
@Suite struct DrawnParameterTests {
    private static let draws = 10_000

    /// `slack` is what values may lie outside; those `inLevels` are too coarse for tenths of the range to be counted.
    private func expectUniform(
        _ values: [Float], _ range: ClosedRange<Float>, _ what: String, slack: Float = 0.02, inLevels: Bool = false
    ) {
        let (low, high) = (range.lowerBound, range.upperBound)
        let length = Double(high - low)
        let found = Moments(values)
        #expect(abs(found.mean - Double(low + high) / 2) < 0.012 * length + 1e-4, "\(what): \(found)")
        #expect(abs(found.deviation - length / 12.0.squareRoot()) < 0.01 * length, "\(what): \(found)")
        #expect(values.allSatisfy { $0 >= low - slack && $0 <= high + slack }, "\(what)")
        // Each tenth of the range is as frequent as another.
        for tenth in 0..<10 where !inLevels {
            let from = low + (high - low) * Float(tenth) / 10
            let count = values.count { $0 >= from && $0 < from + (high - low) / 10 }
            #expect(abs(count - values.count / 10) < values.count / 60, "\(what), tenth \(tenth): \(count)")
        }
    }

    // MARK: Affine maps

    /// The map of an image whose values are their own places, from the middle.
    private struct Map {
        let xx, xy, x0, yx, yy, y0: Float

        static let side = 33
        private static let reach = 6

        static var image: StoredSample {
            let middle = side / 2
            let values = (0..<side * side).flatMap { [Float($0 % side - middle), Float($0 / side - middle)] }
            return StoredSample(.floats(values), shape: [side, side, 2])
        }

        init(_ values: [Float]) {
            func place(_ column: Int, _ row: Int) -> (x: Float, y: Float) {
                let pixel = (Self.side / 2 + row) * Self.side + Self.side / 2 + column
                return (values[2 * pixel], values[2 * pixel + 1])
            }
            let (origin, right, below) = (place(0, 0), place(Self.reach, 0), place(0, Self.reach))
            let reach = Float(Self.reach)
            (x0, y0) = origin
            (xx, yx) = ((right.x - origin.x) / reach, (right.y - origin.y) / reach)
            (xy, yy) = ((below.x - origin.x) / reach, (below.y - origin.y) / reach)
        }
    }

    private func maps(_ list: String) throws -> [Map] {
        try drawn(list, of: Map.image, draws: Self.draws).map { Map($0) }
    }

    @Test func rotationsAreUniform() throws {
        let angles = try maps("rotation(40)").map { 180 / Float.pi * angle($0.yx, $0.xx) }
        expectUniform(angles, -40...40, "degrees", slack: 0.1)
    }

    @Test func shearsAreUniform() throws {
        let angles = try maps("shear(25)").map { 180 / Float.pi * angle(-$0.xy, $0.yy) }
        expectUniform(angles, -25...25, "degrees", slack: 0.1)
    }

    @Test(arguments: [(Float(0.2), Float(0.2 * 33)), (7, 7)])
    func shiftsAreUniform(shift: Float, pixels: Float) throws {
        let maps = try maps("width-shift(\(shift)), height-shift(\(shift))")
        expectUniform(maps.map(\.x0), -pixels...pixels, "columns")
        expectUniform(maps.map(\.y0), -pixels...pixels, "rows")
        expectUnrelated(maps.map(\.x0), maps.map(\.y0))
    }

    @Test(arguments: [("0.3", Float(0.7)...1.3), ("0.5:2", 0.5...2), ("0.6:0.6", 0.6...0.6)])
    func zoomsAreUniform(range: String, factors: ClosedRange<Float>) throws {
        let maps = try maps("zoom(\(range))")
        guard factors.lowerBound < factors.upperBound else {
            #expect(
                maps.allSatisfy { abs($0.xx - factors.lowerBound) < 1e-3 && abs($0.yy - factors.lowerBound) < 1e-3 })
            return
        }
        expectUniform(maps.map(\.xx), factors, "across")
        expectUniform(maps.map(\.yy), factors, "down")
        expectUnrelated(maps.map(\.xx), maps.map(\.yy))
    }

    private func angle(_ y: Float, _ x: Float) -> Float { Float(atan2(Double(y), Double(x))) }

    private func expectUnrelated(_ a: [Float], _ b: [Float]) {
        let (first, second) = (Moments(a), Moments(b))
        let product = zip(a, b).reduce(0) { $0 + (Double($1.0) - first.mean) * (Double($1.1) - second.mean) }
        #expect(abs(product / Double(a.count) / first.deviation / second.deviation) < 0.05)
    }

    // MARK: Values

    @Test func saturationsAndHuesAreUniform() throws {
        let red = StoredSample(.bytes([200, 100, 100]), shape: [1, 1, 3])
        // A luma of 130, from which red is 70 away.
        let saturated = try drawn("color-jitter(0, contrast=0, saturation=0.5)", of: red, draws: Self.draws)
        expectUniform(saturated.map { ($0[0] + 0.5 - 130) / 70 }, 0.5...1.5, "saturation", inLevels: true)
        // A sixth of a turn is a span of 100 levels.
        let turned = try drawn("color-jitter(0, hue=0.1)", of: red, draws: Self.draws)
        expectUniform(turned.map { ($0[1] - $0[2]) / 600 }, -0.1...0.1, "hue", slack: 0.002, inLevels: true)
    }

    /// Half of the deviations are below the middle one.
    @Test func deviationsOfBlursAreUniform() throws {
        var pixels = [UInt8](repeating: 0, count: 15 * 15)
        pixels[7 * 15 + 7] = 255
        let point = StoredSample(.bytes(pixels), shape: [15, 15, 1])
        func peaks(_ deviation: String, draws: Int) throws -> [Float] {
            try drawn("blur(\(deviation), probability=1, kernel=13)", of: point, draws: draws).map { $0[7 * 15 + 7] }
        }
        let middle = try peaks("1.25", draws: 1)[0]
        let all = try peaks("0.5:2", draws: Self.draws)
        let wider = all.count { $0 < middle } + all.count { $0 == middle } / 2
        #expect(abs(wider - Self.draws / 2) < 250, "\(wider)")
    }

    /// Each changes this image.
    @Test(arguments: [
        "flip(0.3)", "vertical-flip(0.3)", "grayscale(0.3)", "posterize(4, 0.3)", "solarize(128, 0.3)",
        "sharpness(2, 0.3)",
        "autocontrast(0.3)", "equalize(0.3)", "invert(0.3)", "blur(1, 0.3)", "random-erasing(0.3)",
    ])
    func whatIsDoneToSomeIsDoneAsOftenAsItSays(list: String) throws {
        let pixels: [UInt8] = (0..<24 * 24 * 3).map { (place: Int) -> UInt8 in UInt8(40 + (place * 7919) % 150) }
        let untouched = pixels.map { Float($0) }
        let all = try drawn(list, of: StoredSample(.bytes(pixels), shape: [24, 24, 3]), draws: Self.draws)
        let changed = all.count { $0 != untouched }
        #expect(abs(changed - 3000) < 184, "\(changed)")
    }

    // MARK: Policies

    private static var picture: (bytes: [UInt8], image: dptrain_image) {
        (
            (0..<16 * 12 * 3).map { (place: Int) -> UInt8 in UInt8(30 + (place * 7919) % 180) },
            dptrain_image(height: 16, width: 12, channels: 3)
        )
    }

    private func applied(_ operation: ImageOperation, _ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: bytes.count)
        operation.apply(to: bytes, Self.picture.image, into: &output, TransformScratch())
        return output
    }

    /// Compares how often results came with how often they should.
    private func expectFrequencies(_ list: String, _ expected: [[UInt8]: Double]) throws {
        #expect(abs(expected.values.reduce(0, +) - 1) < 1e-9)
        let stored = StoredSample(.bytes(Self.picture.bytes), shape: [16, 12, 3])
        var counts: [[UInt8]: Int] = [:]
        for made in try drawn(list, of: stored, draws: Self.draws) { counts[made.map { UInt8($0) }, default: 0] += 1 }
        #expect(counts.keys.allSatisfy { expected[$0] != nil }, "\(list) made what none of its operations makes")
        // Rare results count together.
        var (deviation, freedom, rare) = (0.0, -1.0, (count: 0.0, expected: 0.0))
        for (result, probability) in expected {
            let (count, wanted) = (Double(counts[result] ?? 0), probability * Double(Self.draws))
            guard wanted >= 5 else {
                rare = (rare.count + count, rare.expected + wanted)
                continue
            }
            deviation += (count - wanted) * (count - wanted) / wanted
            freedom += 1
        }
        if rare.expected >= 5 {
            deviation += (rare.count - rare.expected) * (rare.count - rare.expected) / rare.expected
            freedom += 1
        }
        #expect(freedom > 5 && deviation < freedom + 5 * (2 * freedom).squareRoot(), "\(deviation) of \(freedom)")
    }

    /// Of 14 operations, each as often, one strength and both signs.
    private func choices(_ space: PolicyOperation.Space, levels: [Float], of all: Int) -> [ImageOperation] {
        PolicyOperation.allCases.filter { $0 != .invert }.flatMap { operation in
            levels.flatMap { level in
                [false, true].map {
                    operation.drawn(space, level: level, of: all, isNegative: $0, Self.picture.image)
                }
            }
        }
    }

    @Test func trivialAugmentChoosesEvenly() throws {
        let all = choices(.wide, levels: (0..<31).map { Float($0) }, of: 31)
        var expected: [[UInt8]: Double] = [:]
        for operation in all { expected[applied(operation, Self.picture.bytes), default: 0] += 1 / Double(all.count) }
        try expectFrequencies("trivial-augment", expected)
    }

    @Test(arguments: [PolicyResampling.nearest, .bilinear])
    func randAugmentChoosesEvenly(resampling: PolicyResampling) throws {
        let all = choices(.usual, levels: [12], of: 31).map { operation in
            resampling == .bilinear ? operation.moved(by: .bilinear, filling: 0) : operation
        }
        var expected: [[UInt8]: Double] = [:]
        for first in all {
            let once = applied(first, Self.picture.bytes)
            for second in all {
                expected[applied(second, once), default: 0] += 1 / Double(all.count * all.count)
            }
        }
        try expectFrequencies("rand-augment(2, magnitude=12, interpolation=\(resampling))", expected)
    }

    enum PolicyResampling { case nearest, bilinear }

    @Test(arguments: AutoAugmentPolicy.allCases)
    func autoAugmentChoosesItsPairs(policy: AutoAugmentPolicy) throws {
        /// What a step makes, and how often.
        func results(_ step: AutoAugmentPolicy.Step, _ bytes: [UInt8]) -> [(bytes: [UInt8], probability: Double)] {
            let part = Double(step.probability)
            return [(bytes, 1 - part)]
                + [false, true].map { isNegative in
                    let operation = step.operation.drawn(
                        .usual, level: Float(step.level), of: AutoAugmentPolicy.levels, isNegative: isNegative,
                        Self.picture.image)
                    return (applied(operation, bytes), part / 2)
                }
        }
        var expected: [[UInt8]: Double] = [:]
        for pair in policy.pairs {
            for first in results(pair.first, Self.picture.bytes) {
                for second in results(pair.second, first.bytes) {
                    expected[second.bytes, default: 0] += first.probability * second.probability / 25
                }
            }
        }
        try expectFrequencies("auto-augment(\(policy.rawValue))", expected.filter { $0.value > 0 })
    }
}

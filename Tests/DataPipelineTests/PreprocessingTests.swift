import Basics
import DataPipeline
import DataSummary
import Datasets
import HDF5Storage
import Testing
import Transforms

/// How stored values become inputs, for rules with numbers of the data and those of Keras.
@Suite struct PreprocessingTests {
    private func normalized(_ rule: Normalization, _ sample: StoredSample) throws -> [Float] {
        let normalizer = try #require(Normalizer(rule, sample: sample.shape))
        var output = [Float](repeating: .nan, count: sample.shape.count)
        normalizer.normalize(sample, into: &output)
        return output
    }

    /// `keras.applications.imagenet_utils.preprocess_input` of the pixel (10, 100, 250) and of (0, 255, 128).
    @Test(arguments: [
        (KerasPreprocessing.tf, [Float(-0.92156863), -0.21568626, 0.9607843, -1, 1, 0.003921628]),
        (.torch, [-1.9466565, -0.28501397, 2.5528543, -2.117904, 2.4285715, 0.42649257]),
        (.caffe, [146.061, -16.779, -113.68, 24.061, 138.221, -123.68]),
    ])
    func modesAreThoseOfKeras(mode: KerasPreprocessing, expected: [Float]) throws {
        let pixels: [UInt8] = [10, 100, 250, 0, 255, 128]
        for sample in [
            StoredSample(.bytes(pixels), shape: [1, 2, 3]),
            StoredSample(.floats(pixels.map { Float($0) }), shape: [1, 2, 3]),
        ] {
            let found = try normalized(.preprocessed(mode), sample)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($1)) }, "\(found)")
        }
        #expect(Normalization(mode.rawValue) == .preprocessed(mode))
        #expect(mode == .tf || Normalizer(.preprocessed(mode), sample: [2, 2, 1]) == nil)
    }

    @Test(arguments: [
        "unit", "tf", "caffe", "torch", "standardized 1.5 / 2.0", "standardized 1.0 2.0 3.0 / 1.0 1.0 1.0",
        "standardized 1.0 2.0 / 3.0 4.0",
    ])
    func textsReadBack(text: String) throws {
        #expect(Normalization(text)?.description == text)
    }

    private func file(floats: Bool) throws -> (Scratch, SampleSet) {
        let scratch = try Scratch()
        let file = try scratch.dataset(options: DatasetOptions(order: .nhwc)) { root in
            let values = (0..<40).flatMap { pixels(of: $0, [3, 2, 3]) }
            if floats {
                try root.write("train/images", shape: [40, 3, 2, 3], values.map { Float($0) / 16 })
            } else {
                try root.write("train/images", shape: [40, 3, 2, 3], values)
            }
            try root.write("train/labels", shape: [40], (0..<40).map { Int32($0 % 4) })
        }
        return (scratch, try file.split(.train))
    }

    /// Integers that are wider than bytes are divided by what they are divided by where no rule is chosen.
    @Test(arguments: [(Int32(1), Float(1)), (255, 255), (256, 65535), (65535, 65535)])
    func unitOfWideIntegers(most: Int32, divisor: Float) throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.write("train/images", shape: [4, 2, 2, 1], (0..<16).map { Int32($0 % 2) * most })
            try root.write("train/labels", shape: [4], (0..<4).map { Int32($0 % 2) })
        }
        let samples = try file.split(.train)
        #expect(try samples.unitDivisor() == divisor)
        #expect(samples.remark(on: .preprocessed(.tf))?.contains("the int32 values of /train/images") == true)
    }

    /// What is subtracted and divided by makes mean 0 and deviation 1 over each group, on any number of threads.
    @Test(arguments: [false, true], [MomentScope.all, .channel, .value])
    func standardizedSamplesHaveMeanZeroAndDeviationOne(floats: Bool, scope: MomentScope) throws {
        let (scratch, samples) = try file(floats: floats)
        defer { withExtendedLifetime(scratch) {} }
        let moments = try SampleMoments(of: samples)
        let rule = moments.standardization(by: scope)
        #expect(try SampleMoments(of: samples, threads: 3).sums == moments.sums)
        // Two ranks.
        let (first, second) = try (
            SampleMoments(of: samples, blocks: 0..<7), SampleMoments(of: samples, blocks: 7..<16)
        )
        #expect(zip(first.sums, second.sums).map(+) == moments.sums)
        #expect(Normalization(rule.description) == rule)
        let values = try (0..<samples.count).map { try normalized(rule, samples.storedSample($0)) }
        let groups = [MomentScope.all: 1, .channel: 3, .value: 18][scope] ?? 0
        for group in 0..<groups {
            let all = values.flatMap { sample in
                stride(from: group, to: 18, by: groups).map { Double(sample[$0]) }
            }
            let mean = all.reduce(0, +) / Double(all.count)
            let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count)
            #expect(abs(mean) < 1e-4 && abs(variance - 1) < 1e-3, "group \(group): \(mean), \(variance)")
        }
        guard case .standardized(let means, let deviations) = moments.standardization(by: scope, over: 1)
        else { return }
        #expect(means.count == max(groups, 3) && deviations == means.map { _ in 1 })
        #expect(try samples.unitDivisor() == (floats ? 1 : 255))
        #expect((samples.remark(on: .unit) == nil) == !floats && samples.remark(on: rule) == nil)
        let unit = moments.standardization(by: scope, over: 255)
        #expect(unit == .standardized(mean: means, deviation: means.map { _ in 255 }))
    }
}

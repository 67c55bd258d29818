import Datasets
import Transforms
import DataSummary
import HDF5Storage
import Basics
import Testing

@Suite struct SummaryTests {
    /// Images of 2x2 pixels, each with four values: what a summary of all of them says, and one of some.
    private func warnings<Value: StorageElement>(
        train: [Value], test: [Value] = [], rule: Normalization, layout: DatasetLayout = .contiguous
    ) throws -> [String] {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            for (split, values) in [("train", train), ("test", test)] where !values.isEmpty {
                try root.write("\(split)/images", shape: [values.count / 4, 2, 2], values, layout: layout)
            }
        }
        return try withExtendedLifetime(scratch) {
            let all = try DatasetSummary(of: file).warnings(for: rule)
            #expect(try DatasetSummary(sampling: file).warnings(for: rule) == all)
            return all
        }
    }

    private let plain: [UInt8] = [0, 9, 200, 255, 7, 3, 100, 250]

    @Test func plainImagesAreNothingToWarnOf() throws {
        #expect(try warnings(train: plain, rule: .unit).isEmpty)
        #expect(try warnings(train: plain.map { Float($0) / 255 }, rule: .unchanged).isEmpty)
        #expect(try warnings(train: plain.map { Float($0) / 50 - 2 }, rule: .unchanged).isEmpty)
    }

    @Test func scalesThatAreRarelyMeantAreTold() throws {
        #expect(
            try warnings(train: plain.map(Float.init), rule: .unchanged)
                == ["train images have values up to 255, used as they are; --normalization unit divides by 255"])
        #expect(
            try warnings(train: plain.map { Float($0) * 16 }, rule: .unchanged)
                == ["train images have values up to 4080, used as they are; see --value-range"])
        #expect(
            try warnings(train: [UInt8(0), 1, 1, 0, 1, 1, 0, 1], rule: .unit)
                == [
                    "train images have bytes of 0 and 1 only, which divided by 255 are almost 0; see --normalization unchanged"
                ])
        #expect(
            try warnings(train: plain.map { Float($0) / 255 }, test: plain.map { Float($0) + 0.5 }, rule: .unchanged)
                == [
                    "train samples are from 0 to 1, but test samples are from 0.5 to 255.5: were only some of them scaled?"
                ])
    }

    @Test func imagesThatSayNothingOrOccurTwiceAreNamed() throws {
        #expect(
            try warnings(train: plain + [0, 0, 0, 0], rule: .unit)
                == ["1 of 3 train images have one value everywhere of zeros, as if never written: number 2"])
        #expect(
            try warnings(train: plain + [5, 5, 5, 5, 6, 6, 6, 6], rule: .unit)
                == ["2 of 4 train images have one value everywhere: number 2, and others"])
        #expect(
            try warnings(train: plain + plain, rule: .unit, layout: .chunked([3, 2, 2]))
                == ["2 of 4 train images repeat an earlier one: number 2 is number 0, and others"])
        #expect(
            try warnings(train: plain, test: [1, 2, 3, 4] + plain.suffix(4), rule: .unit)
                == ["1 test images are also train images: number 1"])
    }

    @Test func momentsAreThoseOfTheChannels() throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.write("train/images", shape: [2, 3, 1, 2], [UInt8]([1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 6]))
            try root.write("train/labels", shape: [2], [Int32(1), 1])
        }
        let summary = try withExtendedLifetime(scratch) {
            try DatasetSummary(of: DatasetFile.open(file.path, options: DatasetOptions(order: .nhwc)))
        }
        let statistics = try #require(summary.splits.first?.statistics)
        #expect(statistics.mean == [6, 1] && statistics.least == 0 && statistics.most == 11)
        #expect(abs(statistics.deviation[0] - 3.41565) < 1e-4 && abs(statistics.deviation[1] - 2.23607) < 1e-4)
        let json = try summary.json(warnings: ["a"]).text()
        #expect(json.contains("\"class_counts\":[0,2]") && json.contains("\"most\":11.0"))
        #expect(json.contains("\"warnings\":[\"train: all 2 samples are of class 1\",\"a\"]"))
    }

    @Test func largeChunksAreTold() throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.createDataset(
                "train/images", shape: [4096, 80, 80, 1], of: UInt8.self, layout: .chunked([4096, 80, 80, 1], gzip: 1)
            ).write([UInt8](repeating: 1, count: 4096 * 6400))
        }
        let train = try withExtendedLifetime(scratch) { try file.split(.train) }
        let text = try #require(try train.layoutWarning(batch: 128))
        #expect(text.contains("compressed chunks of 4096 samples, 25 MiB") && text.contains("dptrain data repack"))
        #expect(try train.layoutWarning(batch: 1024) == nil)
    }

    @Test func whatIsNotUnderstoodIsListed() throws {
        let file = try Scratch().dataset { root in
            try root.write("train/images", shape: [2, 2, 2], [UInt8](0..<8))
            try root.write("train/ages", shape: [2], [Float(1), 2])
            try root.attributes.set("license", "none")
            try root.attributes.set("classes", ["a", "b"])
        }
        #expect(file.unused == ["/train/ages", "/@license"])
    }
}

import Datasets
import DataSummary
import Foundation
import HDF5Storage
import Basics
import Testing

@Suite struct ForeignLayoutTests {
    /// What the generator put there: pixels divided by `divisor`, labels 3i mod classes.
    private func check(_ dataset: SampleSet, first: Int = 0, divisor: Float = 1) throws {
        let received = try samples(of: dataset)
        let expected = (first..<first + dataset.count).flatMap { pixels(of: $0, dataset.sample) }
        #expect(received[0].values == expected.map { Float($0) / divisor })
        #expect(received[0].labels == (first..<first + dataset.count).map { Int32($0 * 3 % dataset.classes) })
    }

    @Test func namesOfKerasWithoutAChannelAxis() throws {
        let file = try DatasetFile.open(golden("keras_names.h5"))
        #expect(file.classes == 10 && file.splits.count == 2)
        let train = try file.split(.train)
        #expect(train.sample == [6, 5, 1] && train.count == 20 && train.source.form == .bytes)
        try check(train)
        try check(file.split(.test), first: 20)
    }

    @Test func groupsWithChannelsFirst() throws {
        let file = try DatasetFile.open(golden("groups_nchw.h5"))
        let train = try file.split(.train)
        #expect(train.sample == [4, 5, 3] && train.source.order == .nchw && train.source.form == .floats)
        try check(train, divisor: 8)
        try check(file.split(.validation), first: 12, divisor: 8)
    }

    @Test func aChunkedPairAtTheTop() throws {
        let file = try DatasetFile.open(golden("top_level_chunked.h5"))
        let train = try file.split(.train)
        #expect(train.source.access == .chunked(rows: 7))
        #expect(file.classNames == ["ship", "plane", "größe", "dog", "cat"])
        try check(train)
    }

    @Test func doublesAndOneHotLabels() throws {
        let train = try DatasetFile.open(golden("one_hot.h5")).split(.train)
        #expect(train.classes == 4 && train.source.access == .byRow)
        try check(train, divisor: 8)
    }

    @Test func labelsKeptAsFloats() throws {
        try check(DatasetFile.open(golden("float_labels.h5")).split(.train))
    }

    @Test func regressionInBigEndian() throws {
        let train = try DatasetFile.open(golden("regression.h5")).split(.train)
        #expect(train.sample == [5] && train.classes == 0)
        #expect(
            try samples(of: train)[0].values
                == (0..<16).flatMap { i in
                    pixels(of: i, [1, 5, 1]).map { Float($0) / 8 }
                })
        #expect(train.targets == .targets((0..<16).flatMap { [Float($0) / 4, -Float($0)] }, width: 2))
        #expect(message { try train.requireTargets(.labels) }.contains("/train/targets: it holds no labels"))
    }

    @Test func inspectionSaysWhatWasFound() throws {
        let text = try DatasetInspection(DatasetFile.open(golden("top_level_chunked.h5"))).description
        #expect(text.contains("train: 50 samples of 5x6x3, uint8"))
        #expect(text.contains("/images, height x width x channels, chunks of 7x5x2x3 (shuffle + deflate)"))
        #expect(text.contains("samples by class: 10 10 10 10 10"))
        #expect(text.contains("2 größe"))
        #expect(text.contains("validation: none"))
    }
}

@Suite struct NativeSchemaTests {
    private func write(_ root: Group, train: Int = 20, test: Int = 0, validation: Int = 0) throws {
        for (split, count) in [("train", train), ("test", test), ("validation", validation)] where count > 0 {
            try root.write(
                "\(split)/images", shape: [count, 2, 2, 1], (0..<count * 4).map { UInt8(truncatingIfNeeded: $0) })
            try root.write("\(split)/labels", shape: [count], (0..<count).map { Int32($0 % 4) })
        }
    }

    @Test func attributesAreUsed() throws {
        let file = try Scratch().dataset { root in
            try write(root)
            try root.attributes.set("classes", ["a", "b", "c", "d", "e"])
            try root.attributes.set("mean", [125.5])
            try root.attributes.set("std", [60.25])
        }
        #expect(file.classes == 5 && file.classNames?.last == "e")
        #expect(try file.split(.train).histogram == [5, 5, 5, 5, 0])
        // A file of dptrain's own needs no guess, however small its images.
        let tiny = try Scratch().dataset { root in
            try root.write("train/images", shape: [2, 1, 2, 3], [UInt8](0..<12))
            try root.attributes.set("format", "dptrain-dataset")
            try root.attributes.set("version", DatasetFile.version)
        }
        let newer = message {
            try Scratch().dataset { root in
                try root.attributes.set("format", DatasetFile.format)
                try root.attributes.set("version", DatasetFile.version + 1)
            }
        }
        #expect(newer.contains("it has version 2 of the format"))
        #expect(try tiny.split(.train).sample == [1, 2, 3])
        #expect(file.statistics?.mean == [125.5] && file.statistics?.deviation == [60.25])
    }

    @Test func validationIsChosenInOrder() throws {
        let scratch = try Scratch()
        let all = try scratch.dataset("a.h5") { try write($0, test: 8, validation: 6) }
        let tested = try scratch.dataset("b.h5") { try write($0, test: 8) }
        let alone = try scratch.dataset("c.h5") { try write($0) }

        #expect(try all.trainingData().validation?.count == 6)
        #expect(try all.trainingData(.last(0.5)).explanation.contains("not used"))
        let usual = try tested.trainingData(seed: 3)
        #expect(try usual.validation?.rows == tested.trainingData(.stratified(0.1), seed: 3).validation?.rows)
        #expect(usual.train.count == 18 && usual.validation?.count == 2 && usual.isHeldOut)
        #expect(usual.explanation.hasSuffix("the test samples are for `dptrain evaluate`"))
        #expect(try tested.trainingData(.automatic).validation?.split == .test)
        #expect(try alone.trainingData(.automatic).validation == nil)
        #expect(try alone.trainingData().validation == nil)

        let cut = try tested.trainingData(.last(0.22))
        #expect(cut.train.count == 15 && cut.validation?.rows == .run(15..<20))
        #expect(cut.explanation == "the last 5 of 20 training samples")
        #expect(cut.validation?.targets == .labels([3, 0, 1, 2, 3]))
        #expect(throws: DatasetError.self) { try alone.trainingData(.last(1)) }
        #expect(throws: DatasetError.self) { try alone.trainingData(.last(0)) }
    }

    @Test func aTestSplitWithoutLabelsValidatesNothing() throws {
        let file = try Scratch().dataset { root in
            try write(root)
            try root.write("test/images", shape: [2, 2, 2, 1], [UInt8](repeating: 7, count: 8))
        }
        #expect(try file.split(.test).count == 2)
        #expect(try file.trainingData().validation == nil)
    }

    @Test func attributesOfOthersMayMeanSomethingElse() throws {
        let file = try Scratch().dataset { root in
            try write(root)
            try root.attributes.set("classes", 10)
            try root.attributes.set("format", 2)
            try root.attributes.set("mean", "unknown")
            try root.attributes.set("std", 1.5)
        }
        #expect(file.classNames == nil && file.statistics == nil)
    }

    @Test func theFingerprintKnowsTheContentOnly() throws {
        let scratch = try Scratch()
        func fingerprint(_ name: String, _ change: (Group) throws -> Void = { _ in }) throws -> String {
            try scratch.dataset(name) { root in
                try write(root)
                try change(root)
            }.fingerprint().description
        }
        let first = try fingerprint("a.h5")
        #expect(first.count == 16)
        #expect(try fingerprint("b.h5") == first)
        let labelled = try fingerprint("c.h5") { root in
            try root.dataset("train/labels").write((0..<20).map { Int32($0 == 19 ? 0 : $0 % 4) })
        }
        #expect(labelled != first)
        let painted = try fingerprint("d.h5") { root in
            try root.dataset("train/images").write([UInt8](repeating: 9, count: 80))
        }
        #expect(painted != first && painted != labelled)
    }
}

@Suite struct WatchTests {
    @Test func writingToAFileInUseIsNoticed() throws {
        let scratch = try Scratch()
        let (path, count) = (scratch.path + "/x.h5", 400 * 400)
        let file = try scratch.dataset { root in
            try root.write("images", shape: [400, 20, 20], [UInt8](repeating: 1, count: count))
        }
        let watch = DatasetWatch(file, try file.fingerprint())
        #expect(try watch.check() == nil)

        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        func overwrite(_ bytes: Data) throws {
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.write(contentsOf: bytes)
            try handle.close()
        }
        try overwrite(content)
        let touched = try #require(try watch.check())
        #expect(touched.contains("x.h5 was written to during the run"))
        #expect(try watch.check() == nil)

        let first = try #require(content.range(of: Data(repeating: 1, count: count)))
        content.replaceSubrange(first, with: Data(repeating: 2, count: count))
        try overwrite(content)
        #expect(message { try watch.check() }.contains("x.h5: it was changed while the run read it"))
    }

    /// The next reader would take the bytes of another file from where they lay in the first.
    @Test func anotherFileOfTheNameIsNoticed() throws {
        let scratch = try Scratch()
        func write(_ name: String, before: Int) throws -> DatasetFile {
            try scratch.dataset(name) { root in
                if before > 0 { try root.write("notes", shape: [before], [UInt8](repeating: 1, count: before)) }
                try root.write("images", shape: [4, 2, 2], [UInt8](0..<16))
            }
        }
        func replace(with other: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/" + other))
                .write(to: URL(fileURLWithPath: scratch.path + "/x.h5"), options: .atomic)
        }
        let file = try write("x.h5", before: 0)
        let watch = DatasetWatch(file, try file.fingerprint())
        #expect(try write("same.h5", before: 0).fingerprint() == write("moved.h5", before: 5000).fingerprint())
        try replace(with: "same.h5")
        #expect(try watch.check()?.contains("was written to") == true)
        try replace(with: "moved.h5")
        #expect(message { try watch.check() }.contains("x.h5: it was changed while the run read it"))
    }
}

@Suite struct RefusalTests {
    private let images = [UInt8](repeating: 1, count: 10 * 16)

    private func refusal(
        options: DatasetOptions = DatasetOptions(), _ write: (Group) throws -> Void
    ) throws -> String {
        let scratch = try Scratch()
        return message { try scratch.dataset(options: options, write) }
    }

    @Test func severalCandidatesAreListed() throws {
        let text = try refusal { root in
            try root.write("images", shape: [10, 2, 8, 1], images)
            try root.write("train/x", shape: [10, 2, 8, 1], images)
        }
        #expect(text.contains("several data sets could hold the train samples: /images, /train/x"))
        #expect(text.contains("--images"))
        let labels = try refusal { root in
            try root.write("train/images", shape: [10, 2, 8, 1], images)
            try root.write("train/labels", shape: [10], [Int32](repeating: 0, count: 10))
            try root.write("train/targets", shape: [10], [Float](repeating: 0, count: 10))
        }
        #expect(labels.contains("/train/labels, /train/targets") && labels.contains("--labels"))
    }

    @Test func explicitPathsWin() throws {
        let file = try Scratch().dataset(options: DatasetOptions(images: "/b/pictures", labels: "/b/digits")) { root in
            try root.write("images", shape: [10, 2, 8, 1], images)
            try root.write("b/pictures", shape: [5, 2, 8, 1], Array(images.prefix(80)))
            try root.write("b/digits", shape: [5], [Int64](arrayLiteral: 0, 1, 2, 3, 4))
        }
        #expect(try file.split(.train).count == 5 && file.classes == 5)
        let missing = try refusal(options: DatasetOptions(images: "/b/nothing")) { root in
            try root.write("b/pictures", shape: [5, 2, 8, 1], Array(images.prefix(80)))
        }
        #expect(missing.contains("/b/nothing") && missing.contains("no such object"))
    }

    @Test func anUnclearChannelAxisIsRefused() throws {
        let both = try refusal { try $0.write("images", shape: [10, 4, 1, 4], Array(images)) }
        #expect(both.contains("channel axis") && both.contains("--channel-order"))
        let neither = try refusal { try $0.write("images", shape: [10, 2, 4, 2], Array(images)) }
        #expect(neither.contains("neither"))
        let told = try Scratch().dataset(options: DatasetOptions(order: .nchw)) {
            try $0.write("images", shape: [10, 4, 1, 4], images)
        }
        #expect(try told.split(.train).sample == [1, 4, 4])
    }

    @Test func labelsOutOfRangeAreNamed() throws {
        func withLabels(_ labels: [Int32], classes: Int? = nil) throws -> String {
            try refusal(options: DatasetOptions(classes: classes)) { root in
                try root.write("train/images", shape: [10, 2, 8, 1], images)
                try root.write("train/labels", shape: [10], labels)
            }
        }
        #expect(
            try withLabels([0, 1, 2, -1, 0, 0, 0, 0, 0, 0])
                .contains("/train/labels: the label of sample 3 is -1, outside 0...2 (3 classes)"))
        #expect(
            try withLabels([0, 1, 2, 0, 0, 0, 0, 0, 7, 0], classes: 5)
                .contains("the label of sample 8 is 7, outside 0...4 (5 classes)"))
    }

    @Test func unusableTargetsAreRefused() throws {
        let few = try refusal { root in
            try root.write("train/images", shape: [10, 2, 8, 1], images)
            try root.write("train/labels", shape: [9], [Int32](repeating: 0, count: 9))
        }
        #expect(few.contains("it has 9 rows, but there are 10 samples"))
        let halves = try refusal { root in
            try root.write("train/images", shape: [10, 2, 8, 1], images)
            try root.write("train/labels", shape: [10], [Float](repeating: 0.5, count: 10))
        }
        #expect(halves.contains("the label of sample 0 is 0.5, not a class number"))
        let wide = try refusal { root in
            try root.write("train/images", shape: [10, 2, 8, 1], images)
            try root.write("train/labels", shape: [10, 2], [Int32](repeating: 2, count: 20))
        }
        #expect(wide.contains("no one-hot labels"))
    }

    @Test func otherFilesAreRefused() throws {
        let scratch = try Scratch()
        #expect(message { try DatasetFile.open(scratch.path + "/none.h5") }.contains("No such file"))
        try Data("text".utf8).write(to: URL(fileURLWithPath: scratch.path + "/text.h5"))
        #expect(message { try DatasetFile.open(scratch.path + "/text.h5") }.contains("not an HDF5 file"))
        try Data(contentsOf: URL(fileURLWithPath: golden("keras_names.h5"))).dropLast(40)
            .write(to: URL(fileURLWithPath: scratch.path + "/short.h5"))
        #expect(message { try DatasetFile.open(scratch.path + "/short.h5") }.contains("truncated"))
        #expect(
            try refusal { try $0.write("weights", shape: [3], [Float](repeating: 0, count: 3)) }
                .contains("no images or features found; its data sets are /weights"))
        #expect(
            try refusal { try $0.write("train/encoded", shape: [3], [UInt8](repeating: 0, count: 3)) }
                .contains("encoded images"))
    }
}

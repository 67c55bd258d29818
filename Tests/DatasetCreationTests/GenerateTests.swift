import Datasets
import DatasetCreation
import Foundation
import HDF5Storage
import Basics
import ImportSources
import TestSupport
import Testing

@Suite struct GeneratedImagesTests {
    private func image(_ index: Int, seed: UInt64 = 1, split: GeneratedImages.Split = .train) -> [UInt8] {
        let buffer = AlignedBuffer<UInt8>(count: GeneratedImages.bytesPerImage)
        GeneratedImages(seed: seed, split: split).render(index, into: buffer.baseAddress)
        return Array(buffer.elements)
    }

    @Test func anImageIsAFunctionOfSeedSplitAndIndex() {
        #expect(image(7) == image(7))
        #expect(image(7) != image(8))
        #expect(image(7) != image(7, seed: 2))
        #expect(image(7) != image(7, split: .test))
    }

    @Test func everyTenImagesHoldEachClassOnce() {
        let images = GeneratedImages(seed: 3, split: .train)
        let blocks = (0..<20).map { block in (0..<10).map { images.label(at: block * 10 + $0) } }
        for labels in blocks { #expect(labels.sorted() == Array(0..<10)) }
        #expect(Set(blocks).count > 15)
    }

    @Test func noClassHasALightnessOfItsOwn() {
        let images = GeneratedImages(seed: 5, split: .train)
        var sums = [Int](repeating: 0, count: 10)
        for index in 0..<1000 {
            sums[images.label(at: index)] += image(index, seed: 5).reduce(0) { $0 + Int($1) }
        }
        let means = sums.map { Double($0) / Double(100 * GeneratedImages.bytesPerImage) }
        for mean in means { #expect((90...150).contains(mean)) }
        #expect((means.max() ?? 0) - (means.min() ?? 0) < 25)
    }

    /// The bytes are the same on every machine and stay the same: results that were published rest on them.
    @Test func theBytesArePinned() {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<20 {
            for byte in image(index, seed: 42) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        #expect(hash == 6_342_205_687_381_851_106)
    }
}

@Suite struct GeneratedDatasetTests {
    private func write(
        _ folder: TemporaryDirectory, _ name: String, train: Int, test: Int, seed: UInt64 = 1
    ) throws -> HDF5File {
        try GeneratedDataset.write(to: folder.path(name), train: train, test: test, seed: seed)
        return try HDF5File.open(folder.path(name))
    }

    @Test func theFileHasTheNativeSchema() throws {
        let folder = try TemporaryDirectory()
        let root = try write(folder, "a.h5", train: 30, test: 20).root
        #expect(try root.attributes.strings("classes") == GeneratedImages.classes)
        #expect(try root.dataset("train/images").shape == [30, 32, 32, 3])
        #expect(try root.dataset("test/images").shape == [20, 32, 32, 3])
        let labels = try root.dataset("train/labels").read(as: Int64.self)
        #expect(labels.map { Int($0) } == (0..<30).map { GeneratedImages(seed: 1, split: .train).label(at: $0) })
    }

    @Test func theReaderUnderstandsTheFile() throws {
        let folder = try TemporaryDirectory()
        try write(folder, "a.h5", train: 30, test: 20).close()
        let file = try DatasetFile.open(folder.path("a.h5"))
        #expect(file.classes == 10 && file.classNames == GeneratedImages.classes)
        #expect(file.splits.count == 2 && file.splits[.train] != nil && file.splits[.test] != nil)
        #expect(file.statistics?.mean.count == 3 && file.statistics?.deviation.count == 3)
    }

    @Test func equalSeedsGiveEqualBytes() throws {
        let folder = try TemporaryDirectory()
        for (name, seed) in [("a.h5", UInt64(1)), ("b.h5", 1), ("c.h5", 2)] {
            try write(folder, name, train: 20, test: 10, seed: seed).close()
        }
        func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder.path(name))) }
        #expect(try bytes("a.h5") == bytes("b.h5"))
        #expect(try bytes("a.h5") != bytes("c.h5"))
    }

    @Test func aLargerSetBeginsWithASmallerOne() throws {
        let folder = try TemporaryDirectory()
        let small = try write(folder, "small.h5", train: 13, test: 7).root
        let large = try write(folder, "large.h5", train: 50, test: 31).root
        for (split, count) in [("train", 13), ("test", 7)] {
            for name in ["\(split)/images", "\(split)/labels"] {
                let first = try large.dataset(name).read(rows: 0..<count, as: Int64.self)
                #expect(try small.dataset(name).read() == first)
            }
        }
    }

    @Test func noTrainingImagesAreAnError() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: ImportError.noTrainImages) {
            try GeneratedDataset.write(to: folder.path("a.h5"), train: 0, test: 10, seed: 1)
        }
        #expect(try folder.contents().isEmpty)
    }
}

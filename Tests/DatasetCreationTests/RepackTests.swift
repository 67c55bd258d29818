import DataPipeline
import Datasets
import Transforms
import DatasetCreation
import HDF5Storage
import Basics
import TestSupport
import Testing

@Suite struct RepackTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func source(_ name: String = "in.h5", _ write: (Group) throws -> Void) throws -> DatasetFile {
        let path = folder.path(name)
        let file = try HDF5File.create(path)
        try write(file.root)
        try file.close()
        return try DatasetFile.open(path)
    }

    private func repacked(
        _ file: DatasetFile, _ name: String = "out.h5", seed: UInt64? = nil,
        _ change: (inout DatasetWriter.Options) -> Void = { _ in }
    ) throws -> DatasetFile {
        var options = DatasetWriter.Options()
        options.overwrite = true
        change(&options)
        _ = try DatasetRepacker.repack(file, to: folder.path(name), options: options, seed: seed)
        return try DatasetFile.open(folder.path(name))
    }

    private func values(_ file: DatasetFile, _ split: Split = .train) throws -> [StoredSample.Values] {
        let samples = try file.split(split)
        return try (0..<samples.count).map { try samples.storedSample($0).values }
    }

    private func images(_ count: Int) -> [UInt8] { (0..<count * 75).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    @Test func aFileOfOthersBecomesNative() throws {
        let file = try source { root in
            try root.write("x_train", shape: [10, 3, 5, 5], images(10), layout: .chunked([10, 3, 5, 2], gzip: 6))
            try root.write("y_train", shape: [10, 4], (0..<40).map { Float($0 % 4 == $0 / 4 % 3 ? 1 : 0) })
            try root.write("x_test", shape: [4, 3, 5, 5], images(4))
        }
        let contiguous = try repacked(file)
        let chunked = try repacked(contiguous, "chunked.h5") { ($0.imagesPerChunk, $0.compression) = (3, 1) }
        for copy in [contiguous, chunked] {
            #expect(try values(copy) == values(file) && values(copy, .test) == values(file, .test))
            #expect(try copy.split(.train).targets == file.split(.train).targets && copy.classes == 4)
            #expect(try copy.split(.train).source.order == .nhwc && copy.split(.test).targets == Targets.none)
            #expect(copy.statistics?.mean.count == 3)
        }
        #expect(try chunked.split(.train).source.access == .chunked(rows: 3))
    }

    @Test func numbersStayWhatTheyAre() throws {
        let file = try source { root in
            try root.write("features", shape: [6, 2], (0..<12).map { Double($0) / 4 })
            try root.write("targets", shape: [6, 1], (0..<6).map { Float($0) + 0.5 })
        }
        let copy = try repacked(file)
        #expect(try values(copy) == values(file))
        #expect(try copy.split(.train).targets == file.split(.train).targets && copy.classes == 0)
        let wide = try source("wide.h5") {
            try $0.write("images", shape: [2, 2, 2], (0..<8).map { Int64($0) * 9000 - 5 })
        }
        let integers = try repacked(wide)
        #expect(try integers.split(.train).source.dataset.elementType == .integer(bytes: 4, signed: true))
        #expect(try values(integers) == values(wide))
    }

    @Test func aSeedShufflesOnce() throws {
        let file = try source { root in
            try root.write("train/images", shape: [50, 3, 5, 5], images(50))
            try root.write("train/labels", shape: [50], (0..<50).map { Int32($0) })
        }
        func labels(_ seed: UInt64?) throws -> [Int32] {
            let copy = try repacked(file, seed: seed)
            guard case .labels(let labels) = try copy.split(.train).targets else { return [] }
            let originals = try values(file)
            #expect(try values(copy) == labels.map { originals[Int($0)] })
            return labels
        }
        let mixed = try labels(1)
        #expect(mixed != Array(0..<50) && mixed.sorted() == Array(0..<50))
        #expect(try labels(1) == mixed && labels(2) != mixed && labels(nil) == Array(0..<50))
        let chunked = try repacked(file) { $0.imagesPerChunk = 8 }
        #expect(throws: DatasetError.self) { try repacked(chunked, seed: 1) }
    }
}

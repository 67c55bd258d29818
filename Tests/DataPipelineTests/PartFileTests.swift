import Basics
import DataPipeline
import Datasets
import HDF5Storage
import Testing

/// One data set in several files.
@Suite struct PartFileTests {
    private static let sample: Shape = [2, 5, 3]

    /// Files that hold so many rows each, under these names, and the same rows in one file.
    private func write(
        _ rows: [Int], _ names: [String], layout: DatasetLayout = .contiguous, into scratch: Scratch
    ) throws -> DatasetFile {
        var first = 0
        for (name, count) in zip(names + ["whole.hdf5"], rows + [rows.reduce(0, +)]) {
            if name == "whole.hdf5" { first = 0 }
            let range = first..<first + count
            _ = try scratch.dataset(name) { root in
                try root.attributes.set("classes", ["a", "b", "c"])
                try root.write(
                    "train/images", shape: Shape([count] + Self.sample.extents),
                    range.flatMap { pixels(of: $0, Self.sample) }, layout: layout)
                try root.write("train/labels", shape: [count], range.map { Int64($0 % 3) })
            }
            first += count
        }
        return try DatasetFile.open(scratch.path + "/whole.hdf5")
    }

    private func names(_ count: Int, from first: Int = 1) -> [String] {
        (first..<first + count).map { "train-0000\($0)-of-0000\(count).h5" }
    }

    @Test(arguments: [DatasetLayout.contiguous, .chunked([4, 2, 5, 3], gzip: 1)], [nil, 3] as [UInt64?])
    func areOneDataSet(layout: DatasetLayout, seed: UInt64?) throws {
        let scratch = try Scratch()
        let whole = try write([8, 12, 4, 17], names(4), layout: layout, into: scratch)
        let joined = try DatasetFile.open(scratch.path + "/*.h5")
        let (one, all) = try (whole.split(.train), joined.split(.train))
        #expect(all.count == 41 && all.targets == one.targets && all.classNames == ["a", "b", "c"])
        #expect(try joined.fingerprint() == whole.fingerprint())
        let sampler = Sampler(all, batch: 16, shards: 3, seed: seed)
        #expect(sampler == Sampler(one, batch: 16, shards: 3, seed: seed))
        let expected = try drain(BatchReader(one, sampler: sampler, shards: 0..<3, epochs: 2), elements: 30)
        for threads in [1, 3] {
            let reader = BatchReader(all, sampler: sampler, shards: 0..<3, epochs: 2, threads: threads)
            #expect(try drain(reader, elements: 30).map(\.shards) == expected.map(\.shards))
        }
    }

    @Test func aFolderIsAllItsFiles() throws {
        let scratch = try Scratch()
        _ = try write([2, 3], ["b.h5", "a.h5"], into: scratch)
        let train = try DatasetFile.open(scratch.path).split(.train)
        #expect(train.count == 10 && train.source.parts.parts.map(\.rows) == [0..<3, 3..<5, 5..<10])
    }

    @Test(arguments: [([1, 3], "2"), ([2], "1, 3 to 5"), ([0, 1, 4], "2 to 3")])
    func missingPartsAreNamed(present: [Int], missing: String) throws {
        let scratch = try Scratch()
        let total = present == [1, 3] ? 3 : 5
        _ = try write(present.map { _ in 2 }, present.map { "x-\($0)-of-\(total).h5" }, into: scratch)
        let text = message { try DatasetFile.open(scratch.path + "/x*.h5") }
        #expect(text.contains("x-?-of-\(total).h5 these are missing: \(missing);"), "\(text)")
    }

    @Test func filesOfAnotherKindAreRefused() throws {
        let scratch = try Scratch()
        _ = try write([2], ["a.h5"], into: scratch)
        _ = try scratch.dataset("b.h5") { root in
            try root.attributes.set("classes", ["a", "b", "c"])
            try root.write("train/images", shape: [2, 6, 5, 3], [UInt8](repeating: 0, count: 180))
            try root.write("train/labels", shape: [2], [Int64](repeating: 0, count: 2))
        }
        let other = message { try DatasetFile.open(scratch.path + "/?.h5") }
        #expect(other.contains("b.h5: /train/images: its samples are 6x5x3 of uint8, but those of"), "\(other)")
        _ = try scratch.dataset("b.h5") { root in
            try root.attributes.set("classes", ["a", "c", "b"])
            try root.write("train/images", shape: [2, 2, 5, 3], [UInt8](repeating: 0, count: 60))
        }
        #expect(message { try DatasetFile.open(scratch.path + "/?.h5") }.contains("its classes are not those of"))
    }

    @Test func aValidationFileIsNotTrainedOn() throws {
        let scratch = try Scratch()
        _ = try write([2, 2], ["train-1-of-1.h5", "val-1-of-1.h5"], into: scratch)
        let text = message { try DatasetFile.open(scratch.path + "/*-of-1.h5") }
        #expect(text.contains("val-1-of-1.h5") && text.contains("the file's name says validation"), "\(text)")
    }

    @Test func namesWithoutFilesAreErrors() throws {
        let scratch = try Scratch()
        #expect(message { try DatasetFile.open(scratch.path + "/*.h5") }.contains("no file has a name of this form"))
        #expect(message { try DatasetFile.open(scratch.path) }.contains("the folder has no files that end in .h5"))
        try POSIXFileSystem().createFolder(scratch.path + "/photos/cat")
        try POSIXFileSystem().replace("one.JPG", in: scratch.path + "/photos/cat", with: [UInt8]())
        let folder = message { try DatasetFile.open(scratch.path + "/photos") }
        #expect(folder.contains("make one of its images: dptrain data import \(scratch.path)/photos --split"))
    }

    /// More than are open at a time, whether read by HDF5 or past it.
    @Test(arguments: [DatasetLayout.contiguous, .chunked([1, 2, 5, 3])])
    func manyPartsAreReadInAnyOrder(layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let whole = try write(
            (0..<40).map { _ in 3 }, (0..<40).map { "p\(100 + $0).h5" }, layout: layout, into: scratch)
        let (one, all) = try (whole.split(.train), DatasetFile.open(scratch.path + "/p*.h5").split(.train))
        let sampler = Sampler(all, batch: 60, shards: 2, seed: 1)
        let read = { try drain(BatchReader($0, sampler: sampler, shards: 0..<2, threads: 2), elements: 30) }
        #expect(try read(all).map(\.shards) == read(one).map(\.shards))
    }
}

import DatasetCreation
import Foundation
import HDF5Storage
import Basics
import ImportSources
import TestSupport
import Testing

@Suite struct IdxImportTests {
    private let trainImages = (0..<5 * 3 * 4).map { UInt8($0 * 4) }
    private let testImages = (0..<2 * 3 * 4).map { UInt8(200 + $0) }
    private let trainLabels: [UInt8] = [2, 0, 1, 6, 3]

    /// Five training and two test images of 3x4.
    private func write(
        to folder: TemporaryDirectory, set: String = "", infix: String = "-", compress: Bool = false
    ) throws {
        let files = [
            ("train-images\(infix)idx3-ubyte", idx([5, 3, 4], trainImages)),
            ("train-labels\(infix)idx1-ubyte", idx([5], trainLabels)),
            ("t10k-images\(infix)idx3-ubyte", idx([2, 3, 4], testImages)),
            ("t10k-labels\(infix)idx1-ubyte", idx([2], [4, 5])),
        ]
        for (name, bytes) in files {
            try folder.write(compress ? gzip(bytes) : bytes, to: set + name + (compress ? ".gz" : ""))
        }
    }

    @Test(arguments: ["-", "."], [false, true])
    func aFolderBecomesTheNativeSchema(infix: String, compress: Bool) throws {
        let folder = try TemporaryDirectory()
        try write(to: folder, infix: infix, compress: compress)
        let output = folder.path("out.h5")
        var fractions: [Double] = []
        let summary = try DatasetImporter.importDataset(from: folder.path, into: output) {
            fractions.append($0.fraction)
        }
        #expect(summary.description == "\(output): idx, 5 train and 2 test images of 3x4x1, 7 classes")
        #expect(fractions.last == 1)

        let root = try HDF5File.open(output).root
        #expect(try root.attributes.string("format") == "dptrain-dataset")
        #expect(try root.attributes.int("version") == 1)
        #expect(try root.attributes.strings("classes") == ["0", "1", "2", "3", "4", "5", "6"])
        // 0, 4, ..., 236: sixty numbers, four apart.
        #expect(try root.attributes.values("mean", as: Double.self) == [118])
        let deviation = (16.0 * (60 * 60 - 1) / 12).squareRoot()
        #expect(abs(try root.attributes.value("std", as: Double.self) - deviation) < 1e-9)
        let images = try root.dataset("train/images")
        #expect(images.shape == [5, 3, 4, 1] && images.elementType == UInt8.elementType)
        #expect(try images.read() == trainImages)
        #expect(try root.dataset("train/labels").read(as: Int64.self) == [2, 0, 1, 6, 3])
        #expect(try root.dataset("test/images").read() == testImages)
        #expect(try root.dataset("test/labels").read(as: Int64.self) == [4, 5])
        #expect(try !folder.contents().contains { $0.contains("partial") })
    }

    @Test(arguments: ["tar", "tar.gz", "zip"], [false, true])
    func anArchiveIsReadAsAFolderIs(kind: String, compress: Bool) throws {
        let folder = try TemporaryDirectory()
        try write(to: folder, compress: compress)
        // Labels before images, so that two entries are read at a time, and not in the archive's order.
        let files = try folder.contents().reversed().map { ("mnist/" + $0, try bytes(folder.path($0))) }
        let archive = kind == "zip" ? zip(files) : kind == "tar" ? tar(files) : gzip(tar(files))
        try folder.write(archive, to: "archive/set")
        try DatasetImporter.importDataset(from: folder.path("archive/set"), into: folder.path("a.h5"))
        try DatasetImporter.importDataset(from: folder.path, into: folder.path("b.h5"))
        #expect(try bytes(folder.path("a.h5")) == bytes(folder.path("b.h5")))
    }

    @Test func equalInputGivesEqualBytes() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        for name in ["a.h5", "b.h5"] {
            try DatasetImporter.importDataset(from: folder.path, into: folder.path(name))
        }
        #expect(try bytes(folder.path("a.h5")) == bytes(folder.path("b.h5")))
    }

    @Test func compressedChunksHoldTheSameImages() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        var options = ImportOptions()
        options.output.imagesPerChunk = 3
        options.output.compression = 4
        try DatasetImporter.importDataset(from: folder.path, into: folder.path("out.h5"), options: options)
        let images = try HDF5File.open(folder.path("out.h5")).root.dataset("train/images")
        #expect(try images.storage() == .chunked([3, 3, 4, 1], filters: ["deflate"]))
        #expect(try images.read() == trainImages)
    }

    @Test func aFashionFolderNamesItsClasses() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        for name in try folder.contents() {
            try folder.write(bytes(folder.path(name)), to: "Fashion-MNIST/" + name)
        }
        let summary = try DatasetImporter.importDataset(
            from: folder.path("Fashion-MNIST"), into: folder.path("out.h5"))
        #expect(summary.classes.count == 10 && summary.classes.last == "Ankle boot")
    }

    @Test func oneOfSeveralSetsIsChosenByItsFile() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder, set: "emnist-letters-", compress: true)
        try folder.write(idx([1, 2, 2], [1, 2, 3, 4]), to: "emnist-digits-train-images-idx3-ubyte")
        try folder.write(idx([1], [9]), to: "emnist-digits-train-labels-idx1-ubyte")
        let text = failure(folder.path)
        #expect(text.contains("several data sets (emnist-digits-train-..., emnist-letters-train-...)"), "\(text)")
        let digits = try DatasetImporter.importDataset(
            from: folder.path("emnist-digits-train-images-idx3-ubyte"), into: folder.path("digits.h5"))
        #expect(digits.shape == [2, 2, 1] && digits.splits.map(\.count) == [1] && digits.classes.count == 10)
    }

    @Test func damagedFilesAreNamed() throws {
        let folder = try TemporaryDirectory()
        let images = idx([5, 3, 4], trainImages)
        var flipped = gzip(images)
        flipped[flipped.count - 6] ^= 1
        func check(_ content: [UInt8], _ expected: String, in name: String = "train-images-idx3-ubyte") throws {
            try write(to: folder)
            try folder.write(content, to: name)
            let text = failure(folder.path)
            #expect(text.hasPrefix(folder.path(name)) && text.contains(expected), "\(text)")
        }
        try check(images.dropLast(7), "truncated: 76 bytes expected, 69 found")
        try check(Array(images.prefix(9)), "truncated: 16 bytes expected, 9 found")
        try check(images + [1], "76 bytes expected, 77 or more found")
        try check([0, 0, 13, 3] + images.dropFirst(4), "begins with bytes 00 00 0d 03")
        try check(idx([5, 0, 4], []), "damaged: its header gives the shape 5x0x4")
        try check(idx([1 << 31, 1 << 31, 1 << 31], []), "damaged: its header gives the shape")
        try check(idx([4, 3, 4], trainImages.dropLast(12)), "holds 4 images, but")
        try check(gzip(images).dropLast(20), "damaged: the gzip stream has no end")
        try check(gzip(images).dropLast(3), "damaged: the gzip stream has no end")
        try check(flipped, "damaged: ")
        try check(idx([2], [1]), "truncated: 10 bytes expected, 9 found", in: "t10k-labels-idx1-ubyte")
    }

    @Test func whatDoesNotFitTogetherIsRefused() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        try folder.write(idx([2, 4, 4], [UInt8](repeating: 0, count: 32)), to: "t10k-images-idx3-ubyte")
        #expect(failure(folder.path) == "train has images of 3x4x1, but test of 4x4x1; they do not belong together")
        let partial = try TemporaryDirectory()
        try partial.write(idx([1], [1]), to: "train-labels-idx1-ubyte")
        #expect(failure(partial.path) == "\(partial.path): holds no train-images-idx3-ubyte[.gz]")
    }

    @Test func anExistingFileStaysUnlessToldOtherwise() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        let output = folder.path("out.h5")
        try folder.write([1, 2, 3], to: "out.h5")
        #expect(throws: ImportError.outputExists(output)) {
            try DatasetImporter.importDataset(from: folder.path, into: output)
        }
        #expect(try bytes(output) == [1, 2, 3])
        var options = ImportOptions()
        options.output.overwrite = true
        try DatasetImporter.importDataset(from: folder.path, into: output, options: options)
        #expect(try HDF5File.open(output).root.exists("train/images"))
    }

    @Test func aFailedImportLeavesTheOldFileAndNoOther() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        try folder.write([1, 2, 3], to: "out.h5")
        try folder.write(idx([5, 3, 4], trainImages.dropLast()), to: "train-images-idx3-ubyte")
        var options = ImportOptions()
        options.output.overwrite = true
        #expect(throws: ImportError.self) {
            try DatasetImporter.importDataset(from: folder.path, into: folder.path("out.h5"), options: options)
        }
        #expect(try bytes(folder.path("out.h5")) == [1, 2, 3])
        #expect(try folder.contents().count == 5)
    }

    @Test func whatIsNoDataSetIsSaid() throws {
        let folder = try TemporaryDirectory()
        let missing = folder.path("none")
        #expect(failure(missing) == "\(missing): there is no such file or folder; check the path")
        try folder.write([1, 2], to: "data_batch_1")
        let text = failure(folder.path)
        #expect(text.contains("looked for train-images-idx3-ubyte") && text.contains("found data_batch_1"), "\(text)")
        #expect(failure(folder.path("data_batch_1")).contains("no data set that can be imported"))
        try folder.write(tar([("train-images-idx3-ubyte", [1])]), to: "idx.tar")
        let archive = folder.path("idx.tar")
        #expect(failure(archive) == "\(archive): holds no train-labels-idx1-ubyte[.gz]")
        #expect(failure(folder.path, into: folder.path("no/such/folder.h5")).contains("cannot be written"))
    }
}

@Suite struct CIFARImportTests {
    private typealias File = (name: String, bytes: [UInt8])

    private func cifar10(perBatch: Int = 2) -> [File] {
        let batches = (1...5).map { batch -> File in
            let records = (0..<perBatch).flatMap { cifarRecord([UInt8(batch)], index: (batch - 1) * perBatch + $0) }
            return ("data_batch_\(batch).bin", records)
        }
        let names = (0..<10).map { "class\($0)\n" }.joined() + "\n"
        // Reversed, since an archive may hold its files in any order.
        return batches.reversed() + [
            ("test_batch.bin", cifarRecord([9], index: 50)), ("batches.meta.txt", Array(names.utf8)),
        ]
    }

    private func check(_ path: String) throws {
        let root = try HDF5File.open(path).root
        #expect(try root.attributes.strings("classes") == (0..<10).map { "class\($0)" })
        #expect(try root.attributes.values("mean", as: Double.self).count == 3)
        #expect(try root.dataset("train/labels").read(as: Int64.self) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
        #expect(try root.dataset("test/labels").read(as: Int64.self) == [9])
        let images = try root.dataset("train/images")
        #expect(images.shape == [10, 32, 32, 3])
        var expected: [UInt8] = []
        for index in 0..<10 {
            for y in 0..<32 { for x in 0..<32 { for c in 0..<3 { expected.append(cifarPixel(index, y, x, c)) } } }
        }
        #expect(try images.read() == expected)
    }

    @Test func aFolderAndTheOneAboveIt() throws {
        let folder = try TemporaryDirectory()
        for file in cifar10() { try folder.write(file.bytes, to: "cifar-10-batches-bin/" + file.name) }
        try DatasetImporter.importDataset(from: folder.path("cifar-10-batches-bin"), into: folder.path("a.h5"))
        try check(folder.path("a.h5"))
        try DatasetImporter.importDataset(from: folder.path, into: folder.path("b.h5"))
        try check(folder.path("b.h5"))
    }

    @Test(arguments: [false, true], ["cifar-10-batches-bin/", String(repeating: "long-folder/", count: 12)])
    func anArchive(compress: Bool, prefix: String) throws {
        let folder = try TemporaryDirectory()
        let readme: File = ("readme.html", [UInt8](repeating: 65, count: 700))
        let archive = tar(([readme] + cifar10()).map { (prefix + $0.name, $0.bytes) })
        try folder.write(compress ? gzip(archive) : archive, to: "cifar")
        try DatasetImporter.importDataset(from: folder.path("cifar"), into: folder.path("out.h5"))
        try check(folder.path("out.h5"))
    }

    @Test func aDamagedArchiveIsNamed() throws {
        let folder = try TemporaryDirectory()
        let archive = tar(cifar10())
        try folder.write(archive.dropLast(5000), to: "short.tar")
        #expect(failure(folder.path("short.tar")).hasPrefix("\(folder.path("short.tar")): truncated"))
        // The first file has 6,146 bytes: 13 blocks after its header.
        var wrong = archive
        wrong[14 * 512] ^= 1
        try folder.write(wrong, to: "wrong.tar")
        #expect(failure(folder.path("wrong.tar")).contains("damaged: at byte 7168"))
        try folder.write(gzip(archive).dropLast(4), to: "short.tar.gz")
        #expect(failure(folder.path("short.tar.gz")).contains("damaged: the gzip stream has no end"))
    }

    @Test func cifar100HasTwoKindsOfLabels() throws {
        let folder = try TemporaryDirectory()
        try folder.write(cifarRecord([19, 99], index: 0) + cifarRecord([3, 42], index: 1), to: "train.bin")
        try folder.write(cifarRecord([0, 7], index: 2), to: "test.bin")
        let names = (0..<100).map { "fine\($0)\n" }.joined()
        try folder.write(Array(names.utf8), to: "fine_label_names.txt")
        func labels(_ file: String) throws -> [Int64] {
            try HDF5File.open(folder.path(file)).root.dataset("train/labels").read()
        }
        var options = ImportOptions()
        let fine = try DatasetImporter.importDataset(from: folder.path, into: folder.path("fine.h5"), options: options)
        #expect(fine.source == "cifar-100" && fine.classes.count == 100 && fine.classes[42] == "fine42")
        #expect(try labels("fine.h5") == [99, 42])
        options.format.values["coarse"] = ""
        let coarse = try DatasetImporter.importDataset(
            from: folder.path, into: folder.path("coarse.h5"), options: options)
        #expect(coarse.classes == (0..<20).map(String.init))
        #expect(try labels("coarse.h5") == [19, 3])
    }

    @Test func damagedBatchesAreNamed() throws {
        let folder = try TemporaryDirectory()
        func check(_ name: String, _ bytes: [UInt8], _ expected: String) throws {
            for file in cifar10(perBatch: 1) { try folder.write(file.bytes, to: file.name) }
            try folder.write(bytes, to: name)
            #expect(failure(folder.path) == "\(folder.path(name)): \(expected)")
        }
        let record = cifarRecord([1], index: 0)
        try check(
            "data_batch_3.bin", record + record.dropLast(100),
            "truncated: 6146 bytes expected, 6046 found; download or copy it again")
        try check("test_batch.bin", [], "truncated: 3073 bytes expected, 0 found; download or copy it again")
        try check(
            "data_batch_2.bin", record + cifarRecord([10], index: 0), "record 1 has label 10, but there are 10 classes")
        try check(
            "batches.meta.txt", Array("a\nb\n".utf8),
            "damaged: it names 2 classes, 10 expected; download or copy it again")
    }

    @Test func aMissingBatchIsNamed() throws {
        let folder = try TemporaryDirectory()
        for file in cifar10() where file.name != "data_batch_4.bin" { try folder.write(file.bytes, to: file.name) }
        #expect(failure(folder.path) == "\(folder.path): holds no data_batch_4.bin")
    }

    @Test func theGivenFormatWins() throws {
        let folder = try TemporaryDirectory()
        for file in cifar10() { try folder.write(file.bytes, to: file.name) }
        for name in ["train.bin", "test.bin"] { try folder.write(cifarRecord([1, 2], index: 0), to: name) }
        #expect(failure(folder.path).contains("several data sets (cifar-10, cifar-100); say which with --format"))
        var options = ImportOptions()
        options.format.importer = importer("cifar-100")
        let summary = try DatasetImporter.importDataset(from: folder.path, into: folder.path("o.h5"), options: options)
        #expect(summary.source == "cifar-100")
        options.format.importer = importer("idx")
        #expect(failure(folder.path, options) == "\(folder.path): holds no train-images-idx3-ubyte[.gz]")
        options.format.importer = importer("cifar-10")
        options.format.values["coarse"] = ""
        #expect(failure(folder.path, options) == "--coarse is for cifar-100, and this is cifar-10")
    }
}

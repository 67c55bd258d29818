import Basics
import DatasetCreation
import Foundation
import ImportFormats
import ImportSources
import TestSupport
import Testing

/// Small sets of each format, changed at random: an import ends with an error, or with as many whole samples as it promised.
@Suite struct MutationTests {
    private typealias File = (name: String, bytes: [UInt8])

    private static let idxFiles: [File] = [
        ("t10k-images-idx3-ubyte", idx([1, 3, 4], [UInt8](repeating: 7, count: 12))),
        ("t10k-labels-idx1-ubyte", idx([1], [1])),
        ("train-images-idx3-ubyte", idx([2, 3, 4], (0..<24).map { UInt8($0) })),
        ("train-labels-idx1-ubyte", idx([2], [0, 1])),
    ]
    private static let numPyFiles: [File] = [
        ("x_train.npy", npy("|u1", [2, 3, 4], (0..<24).map { UInt8($0) })),
        ("y_train.npy", npy("<i2", [2, 1], [0, 0, 1, 0])),
    ]
    private static let cifarFiles: [File] = [
        ("data_batch_1.bin", cifarRecord([1], index: 0)), ("test_batch.bin", cifarRecord([2], index: 1)),
        ("batches.meta.txt", Array((0..<10).map { "class\($0)\n" }.joined().utf8)),
    ]

    private static let table: File = ("labels.csv", Array("file,label\na/1.jpg,x\na/2.jpg,\"y\"\n".utf8))

    private static func images() throws -> [File] {
        [("a/1.jpg", try image("plain.jpg")), ("a/2.jpg", try image("one.png")), ("b/3.webp", try image("plain.webp"))]
    }

    @Test func tarOfImages() throws {
        try check([("set.tar", tar(Self.images()))], rounds: 700, repair: Self.withTarChecksums)
    }
    @Test func zipOfImages() throws { try check([("set.zip", zip(Self.images()))], rounds: 700) }
    @Test func compressedTarOfImages() throws {
        try check([("set.tar", tar(Self.images()))], rounds: 700) { gzip(Self.withTarChecksums($0)) }
    }
    @Test func tarOfTarsOfImages() throws {
        let inner = tar(try Self.images())
        try check([("set.tar", tar([("train/x.tar", inner)]))], rounds: 700, repair: Self.withTarChecksums)
        try check([("set.tar", tar([("train/x.tar", inner)]))], rounds: 700) { gzip(Self.withTarChecksums($0)) }
    }
    @Test func imagesWithATable() throws { try check(Self.images() + [Self.table], rounds: 700) }

    @Test func idxFolder() throws { try check(Self.idxFiles) }
    @Test func compressedIdxFolder() throws { try check(Self.idxFiles.map { ($0.name + ".gz", gzip($0.bytes)) }) }
    @Test func numPyFolder() throws { try check(Self.numPyFiles) }
    @Test func cifarFolder() throws { try check(Self.cifarFiles) }
    @Test func npz() throws { try check([("set.npz", zip(Self.numPyFiles))]) }
    @Test func npzThatIsNotCompressed() throws { try check([("set.npz", zip(Self.numPyFiles, method: 0))]) }
    @Test func tarOfIdx() throws { try check([("set.tar", tar(Self.idxFiles))], repair: Self.withTarChecksums) }
    @Test func tarOfCIFAR() throws { try check([("set.tar", tar(Self.cifarFiles))], repair: Self.withTarChecksums) }
    @Test func compressedTar() throws {
        try check([("set.tar", tar(Self.numPyFiles))]) { gzip(Self.withTarChecksums($0)) }
    }

    /// Changes one of the files in each round, and imports the folder, or the only file. `repair` does what lets changes pass
    /// check sums.
    private func check(_ files: [File], rounds: Int = 2000, repair: ([UInt8]) -> [UInt8] = { $0 }) throws {
        let folder = try TemporaryDirectory()
        for file in files { try folder.write(file.bytes, to: file.name) }
        let path = files.count == 1 ? folder.path(files[0].name) : folder.path
        var mutation = Mutation(seed: 1)
        var successes = 0
        for _ in 0..<rounds {
            let file = files[mutation.number(below: files.count)]
            let changed = repair(mutation.changed(file.bytes))
            try replace(folder.path(file.name), changed)
            do throws(ImportError) {
                let (_, dataset) = try ImporterList.open([path])
                for split in dataset.splits { try drain(split, of: dataset, mostBytes: 1032 * changed.count + 1 << 16) }
                for split in dataset.images { try drain(split.files, of: dataset) }
                successes += 1
            } catch {
                #expect(error.description.count > 20)
            }
            try replace(folder.path(file.name), file.bytes)
        }
        #expect((1..<rounds).contains(successes), "\(successes) of \(rounds)")
    }

    /// Faster than what waits for the disk, and than what truncates a file.
    private func replace(_ path: String, _ bytes: [UInt8]) throws {
        unlink(path)
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count && fclose(file) == 0)
    }

    private func drain(_ split: ImportedSplit, of dataset: ImportedDataset, mostBytes: Int) throws(ImportError) {
        let stream = try split.samples()
        var sample = ImportedSample()
        var count = 0
        while try stream.next(&sample) {
            count += 1
            #expect(sample.bytes.count == sample.shape.count && sample.shape.rank == 3)
            #expect(dataset.classes.indices.contains(Int(sample.label)))
            #expect(sample.bytes.capacity <= mostBytes)
        }
        #expect(count == split.count)
    }

    private func drain(_ files: any ImageFiles, of dataset: ImportedDataset) throws(ImportError) {
        var bytes: [UInt8] = []
        for index in 0..<files.count {
            #expect(dataset.classes.isEmpty || dataset.classes.indices.contains(Int(files.label(index))))
            guard try files.read(index, into: &bytes) == nil else { continue }
            #expect(bytes.count == files.size(index))
        }
    }

    private static func withTarChecksums(_ archive: [UInt8]) -> [UInt8] {
        var archive = archive
        for start in stride(from: 0, to: archive.count - 511, by: 512) where archive[start + 257] == UInt8(ascii: "u") {
            archive.replaceSubrange(start + 148..<start + 156, with: repeatElement(0x20, count: 8))
            let sum = String(archive[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
            archive.replaceSubrange(start + 148..<start + 148 + sum.utf8.count, with: sum.utf8)
        }
        return archive
    }
}

import Basics
import DatasetCreation
import FileFormats
import Foundation
import ImportFormats
import ImportSources
import Testing
import TestSupport

/// Headers that promise more than their file holds. Nothing may be allocated for what is only promised, and nothing may be
/// left behind.
@Suite struct HostileSizeTests {
    /// What an import of a folder with these files says, or of the only file.
    private func failure(_ files: [(name: String, bytes: [UInt8])]) throws -> String {
        let folder = try TemporaryDirectory()
        let output = try TemporaryDirectory()
        for file in files { try folder.write(file.bytes, to: file.name) }
        let text = DatasetCreationTests.failure(
            files.count == 1 ? folder.path(files[0].name) : folder.path, into: output.path("out.h5"))
        #expect(try output.contents().isEmpty)
        return text
    }

    private func idxFiles(_ extents: [Int], compress: Bool = false) -> [(name: String, bytes: [UInt8])] {
        let images = idx(extents, [UInt8](repeating: 0, count: 7840))
        return [
            ("train-images-idx3-ubyte", compress ? gzip(images) : images), ("train-labels-idx1-ubyte", idx([1], [0])),
        ]
    }

    @Test func anIdxFileOf75Gigabytes() throws {
        let text = try failure(idxFiles([1, 250_000, 300_000]))
        #expect(text.contains("truncated: 75000000016 bytes expected, 7856 found"), "\(text)")
    }

    @Test func aCompressedIdxFileOf75Gigabytes() throws {
        let text = try failure(idxFiles([1, 250_000, 300_000], compress: true))
        #expect(text.contains("says that it holds 75000000016 bytes, but cannot hold more than"), "\(text)")
    }

    /// The file really is as long as it says, though it takes no room on the disk.
    @Test func anImageThatIsTooLarge() throws {
        let folder = try TemporaryDirectory()
        for file in idxFiles([1, 1 << 20, 1 << 20]) { try folder.write(file.bytes, to: file.name) }
        let file = try #require(FileHandle(forWritingAtPath: folder.path("train-images-idx3-ubyte")))
        try file.truncate(atOffset: 16 + 1 << 40)
        try file.close()
        let text = DatasetCreationTests.failure(folder.path)
        #expect(text.contains("each of its rows has 1099511627776 bytes"), "\(text)")
    }

    @Test(arguments: [[1 << 62, 1, 1], [1 << 62, 1 << 62, 1], [3, 1 << 31, 1 << 31], [1 << 62, 4, 4], [0, 28, 28]])
    func shapesOfNumPy(shape: [Int]) throws {
        let text = try failure([
            ("x_train.npy", npy("|u1", shape, [1, 2, 3])), ("y_train.npy", npy("|u1", [3], [0, 1, 2])),
        ])
        #expect(text.contains("x_train.npy: truncated: ") || text.contains("its header gives the shape"), "\(text)")
    }

    @Test func aHeaderOfNumPyThatIsTooLong() throws {
        let long = npy(header: String(repeating: " ", count: 20_000), [])
        let text = try failure([("x_train.npy", long), ("y_train.npy", npy("|u1", [1], [0]))])
        #expect(text.contains("its header has 20000 bytes"), "\(text)")
    }

    @Test func aNumberedFileFarBehind() throws {
        let record = cifarRecord([0], index: 0)
        let text = try failure([("data_batch_1.bin", record), ("data_batch_9223372036854775807.bin", record)])
        #expect(text.contains("holds no data_batch_2.bin"), "\(text)")
    }

    /// Octal, binary (GNU), negative, and 2^63.
    @Test(arguments: [
        Array("77777777777\0".utf8), [0x80, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0], [UInt8](repeating: 0xff, count: 12),
        [0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ])
    func sizesInTar(size: [UInt8]) throws {
        let entry = tarEntry("data_batch_1.bin", kind: "0", cifarRecord([0], index: 0), size: size)
        let text = try failure([("set.tar", entry + [UInt8](repeating: 0, count: 1024))])
        let isRefused = ["truncated", "damaged", "says that it holds", "holds no test_batch.bin"].contains(
            where: text.contains)
        #expect(isRefused && !text.contains("no error"), "\(text)")
    }

    /// Names are never paths, and what is no regular file has no content.
    @Test func linksAndPathsInTar() throws {
        let record = cifarRecord([0], index: 0)
        let folder = try TemporaryDirectory()
        try folder.write(
            tarEntry("test_batch.bin", kind: "2", []) + tarEntry("test_batch.bin", kind: "1", [])
                + tar([("../../data_batch_1.bin", record), ("/test_batch.bin", record)]), to: "in/set.tar")
        try DatasetImporter.importDataset(from: folder.path("in/set.tar"), into: folder.path("out.h5"))
        #expect(try folder.contents() == ["in", "out.h5"])
    }

    /// As an archive has them that was added to.
    @Test func twoFilesOfOneName() throws {
        let images = npy("|u1", [1, 1, 1], [0])
        let text = try failure([
            (
                "set.npz",
                zip([("v1/x_train.npy", images), ("v2/x_train.npy", images), ("y_train.npy", npy("|u1", [1], [0]))])
            )
        ])
        #expect(text.contains("v1/x_train.npy") && text.contains("v2/x_train.npy"), "\(text)")
        #expect(text.contains("leave only one of them"), "\(text)")
    }

    @Test func aZipEntryOfAnotherCompression() throws {
        let files = [("x_train.npy", npy("|u1", [1, 1, 1], [0])), ("y_train.npy", npy("|u1", [1], [0]))]
        let text = try failure([("set.npz", zip(files, method: 14))])
        #expect(text.contains("pack it again with zip"), "\(text)")
    }

    @Test func aZipEntryWithAWrongChecksum() throws {
        var archive = zip(
            [("x_train.npy", npy("|u1", [1, 1, 1], [0])), ("y_train.npy", npy("|u1", [1], [0]))], method: 0)
        let pixel = 30 + "x_train.npy".utf8.count + npy("|u1", [1, 1, 1], []).count
        archive[pixel] ^= 1
        let text = try failure([("set.npz", archive)])
        #expect(text.contains("damaged") && text.contains("CRC"), "\(text)")
    }

    @Test func aPipeIsRefused() throws {
        let folder = try TemporaryDirectory()
        #expect(mkfifo(folder.path("train-images-idx3-ubyte"), 0o600) == 0)
        try folder.write(idx([1], [0]), to: "train-labels-idx1-ubyte")
        #expect(DatasetCreationTests.failure(folder.path).contains("no regular file; copy it into one"))
    }
}

/// What an importer hands over is checked where it is written: its mistake must not put foreign memory into a file.
struct ImportedSampleTests {
    private final class OneSample: SampleStream {
        private var sample: ImportedSample?

        init(_ sample: ImportedSample) { self.sample = sample }

        func next(_ sample: inout ImportedSample) throws(ImportError) -> Bool {
            guard let next = self.sample else { return false }
            sample = next
            self.sample = nil
            return true
        }
    }

    @Test(arguments: [
        ([2, 2, 3], 11, 0, "11 bytes for an image of 2x2x3"), ([2, 2], 4, 0, "4 bytes for an image of 2x2"),
        ([0, 2, 3], 0, 0, "0 bytes for an image of 0x2x3"), ([1, 1, 1], 1, -1, "the label -1"),
    ])
    func whatDoesNotFitIsRefused(_ extents: [Int], _ bytes: Int, _ label: Int32, _ expected: String) throws {
        var sample = ImportedSample()
        sample.shape = Shape(extents)
        sample.bytes = [UInt8](repeating: 7, count: bytes)
        sample.label = label
        let split = ImportedSplit(name: "train", count: 1) { OneSample(sample) }
        let folder = try TemporaryDirectory()
        let error = #expect(throws: ImportError.self) {
            try DatasetWriter.write(
                ImportedDataset(classes: ["a"], splits: [split]), to: folder.path("out.h5"), source: "test")
        }
        #expect(error.map { "\($0)" }?.contains(expected) == true, "\(error as Any)")
        #expect(try folder.contents() == [])
    }
}

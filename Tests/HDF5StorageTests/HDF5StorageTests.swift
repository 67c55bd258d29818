import Basics
import CHDF5
import Foundation
import HDF5Storage
import Testing

/// A folder that exists for one test.
final class Scratch {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "hdf5-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func file(_ name: String) -> String { path + "/" + name }
}

@Suite struct DatasetTests {
    @Test func everyElementTypeComesBack() throws {
        let file = try HDF5File.createInMemory()
        func roundTrip<Element: StorageElement & Equatable>(_ values: [Element]) throws {
            let name = "values/\(Element.self)"
            try file.root.write(name, shape: [values.count], values)
            let dataset = try file.root.dataset(name)
            #expect(dataset.elementType == Element.elementType)
            #expect(dataset.hasNativeBytes)
            #expect(try dataset.read(as: Element.self) == values)
        }
        try roundTrip([Float(1.5), -2, .infinity])
        try roundTrip([Double.pi, -0.0])
        try roundTrip([UInt8(0), 255, 7])
        try roundTrip([Int32.min, 0, .max])
        try roundTrip([Int64.min, 0, .max])
        try roundTrip([UInt64.max, 0])
        #expect(try file.root.group("values").children() == ["Double", "Float", "Int32", "Int64", "UInt64", "UInt8"])
    }

    @Test func readingConverts() throws {
        let file = try HDF5File.createInMemory()
        let dataset = try file.root.write("x", shape: [3], [UInt8(1), 2, 255])
        #expect(try dataset.read(as: Float.self) == [1, 2, 255])
        #expect(try dataset.read(rows: 1..<3, as: Int64.self) == [2, 255])
    }

    @Test(arguments: [nil, 6] as [Int?])
    func rowsOfChunkedDataAreReadAndWritten(gzip: Int?) throws {
        let file = try HDF5File.createInMemory()
        let dataset = try file.root.createDataset(
            "a/b/x", shape: [7, 2, 3], of: Float.self, layout: .chunked([3, 2, 3], gzip: gzip))
        let values = (0..<42).map(Float.init)
        for start in stride(from: 0, to: 7, by: 2) {
            let rows = start..<min(start + 2, 7)
            try values[rows.lowerBound * 6..<rows.upperBound * 6].withUnsafeBufferPointer {
                try dataset.write(rows: rows, from: $0.baseAddress!)
            }
        }
        #expect(try dataset.read() == values)
        #expect(try dataset.read(rows: 2..<5, as: Float.self) == Array(values[12..<30]))
        #expect(try dataset.storage() == .chunked([3, 2, 3], filters: gzip == nil ? [] : ["deflate"]))
        #expect(dataset.shape == [7, 2, 3] && dataset.rows == 7 && dataset.rowCount == 6)
    }

    @Test func contiguousDataLieAtTheirFileOffset() throws {
        let scratch = try Scratch()
        let file = try HDF5File.create(scratch.file("x.h5"))
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 37) }
        let dataset = try file.root.write("x", shape: [10, 100], bytes)
        try file.close()
        let opened = try HDF5File.open(scratch.file("x.h5")).root.dataset("x")
        guard case .contiguous(let offset?) = try opened.storage() else {
            Issue.record("no offset")
            return
        }
        let raw = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.file("x.h5"))))
        #expect(Array(raw[Int(offset)..<Int(offset) + 1000]) == bytes)
        #expect(throws: HDF5Error.self) { try dataset.read(as: UInt8.self) }
    }

    @Test func emptyAndScalarShapes() throws {
        let file = try HDF5File.createInMemory()
        #expect(try file.root.write("none", shape: [0, 4], [Float]()).read(as: Float.self) == [])
        let scalar = try file.root.write("one", shape: [], [Int64(42)])
        #expect(scalar.shape == [] && scalar.rows == 1)
        #expect(try scalar.read(as: Int64.self) == [42])
    }
}

@Suite struct FileTests {
    private func compose() throws -> [UInt8] {
        let file = try HDF5File.createInMemory()
        let group = try file.root.createGroup("z/y")
        try group.write("weights", shape: [100, 10], (0..<1000).map(Float.init))
        try file.root.write("a", shape: [4], [UInt8(1), 2, 3, 4], layout: .chunked([2], gzip: 4))
        try group.attributes.set("model_config", String(repeating: "{\"layer\"}", count: 50_000))
        try group.attributes.set("layer_names", (0..<3000).map { "a_long_name_of_a_layer_\($0)" })
        return try file.image()
    }

    @Test func equalContentGivesEqualBytes() async throws {
        let first = try compose()
        try await Task.sleep(for: .milliseconds(1100))
        #expect(try first == compose())
    }

    @Test func imagesOpenInMemoryAndOnDisk() throws {
        let scratch = try Scratch()
        let image = try compose()
        try Data(image + [1, 2, 3, 4]).write(to: URL(fileURLWithPath: scratch.file("x.h5")))
        for file in [try HDF5File.open(image: image), try HDF5File.open(scratch.file("x.h5"))] {
            #expect(try file.root.linkedDatasets().entries.map(\.path) == ["/a", "/z/y/weights"])
            #expect(try file.root.dataset("z/y/weights").read(rows: 99..<100, as: Float.self).last == 999)
            #expect(try file.root.group("z/y").attributes.string("model_config").utf8.count == 450_000)
        }
    }

    @Test func twoFilesInMemoryAreTwo() throws {
        let first = try HDF5File.createInMemory()
        let second = try HDF5File.createInMemory()
        try first.root.createGroup("only here")
        #expect(try second.root.children() == [])
    }

    @Test func objectsKeepTheirFileOpen() throws {
        let image = try compose()
        func dataset() throws -> Dataset { try HDF5File.open(image: image).root.dataset("a") }
        #expect(try dataset().read(as: UInt8.self) == [1, 2, 3, 4])
    }

    @Test func whatCannotBeOpenedIsNamedWithTheReason() throws {
        let scratch = try Scratch()
        func message(_ path: String) -> String {
            do {
                _ = try HDF5File.open(path)
                return "opened"
            } catch { return error.description }
        }
        let missing = scratch.file("missing.h5")
        #expect(message(missing).hasPrefix("\(missing): cannot open the file: No such file or directory"))
        #expect(message(scratch.path).contains("it is a folder"))

        let text = scratch.file("text.h5")
        try Data("this is no HDF5 file, whatever its name says".utf8).write(to: URL(fileURLWithPath: text))
        #expect(message(text) == "\(text): cannot open the file: it is not an HDF5 file")

        let short = scratch.file("short.h5")
        try Data(compose().dropLast(500)).write(to: URL(fileURLWithPath: short))
        #expect(message(short).contains("it is truncated"))

        let locked = scratch.file("locked.h5")
        try Data(compose()).write(to: URL(fileURLWithPath: locked))
        let holder = try #require(FileHandle(forUpdatingAtPath: locked))
        #expect(flock(holder.fileDescriptor, LOCK_EX) == 0)
        #expect(message(locked).contains("it is locked") && message(locked).contains("HDF5_USE_FILE_LOCKING"))
        try holder.close()
        #expect(message(locked) == "opened")
        #expect(throws: HDF5Error.self) { try HDF5File.create(scratch.file("no/folder/x.h5")) }
    }

    @Test func aFullDiskIsReported() throws {
        func message(_ body: () throws(HDF5Error) -> Void) -> String {
            do {
                try body()
                return "written"
            } catch { return error.description }
        }
        let text = message { () throws(HDF5Error) in
            let file = try HDF5File.create("/dev/full")
            try file.root.write("x", shape: [100_000], [Float](repeating: 1, count: 100_000))
            try file.close()
        }
        #expect(text.contains("/dev/full") && text.contains("No space left on device"))
    }

    @Test(arguments: [.contiguous, .chunked([1000])] as [DatasetLayout])
    func aFileThatIsShortenedWhileItIsOpenIsNotReadAsZeros(_ layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let path = scratch.file("shortened.h5")
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let written = try HDF5File.create(path)
        try written.root.write("x", shape: [bytes.count], bytes, layout: layout)
        try written.close()
        let dataset = try HDF5File.open(path).root.dataset("x")
        #expect(truncate(path, 150_000) == 0)
        #expect { _ = try dataset.read(as: UInt8.self) } throws: { "\($0)".contains("has become shorter") }
    }

    /// A file whose data set `x` has its bytes, 1000 sevens, in a file that is no HDF5 file. `v` is a virtual data set of `x`.
    private func writeExternal(_ scratch: Scratch) throws -> (path: String, bytesPath: String) {
        let (path, bytesPath) = (scratch.file("names-others.h5"), scratch.file("bytes.raw"))
        try Data(repeating: 7, count: 1000).write(to: URL(fileURLWithPath: bytesPath))
        let usual = hid_t(H5P_DEFAULT)
        let file = H5Fcreate(path, chdf5_truncate(), usual, usual)
        let space = H5Screate_simple(1, [1000], nil)
        let (external, virtual) = (H5Pcreate(chdf5_dataset_create()), H5Pcreate(chdf5_dataset_create()))
        #expect(H5Pset_external(external, bytesPath, 0, 1000) >= 0)
        #expect(H5Pset_virtual(virtual, space, ".", "/x", space) >= 0)
        for (name, list) in [("x", external), ("v", virtual)] {
            #expect(H5Dclose(H5Dcreate2(file, name, chdf5_uint8(), space, usual, list, usual)) >= 0)
            #expect(H5Pclose(list) >= 0)
        }
        #expect(H5Sclose(space) >= 0 && H5Fclose(file) >= 0)
        return (path, bytesPath)
    }

    /// HDF5 reads zeros where such a file ends too early, and does not go through the driver of HDF5 files.
    @Test func bytesOutsideOfHDF5FilesThatBecomeFewerAreNotReadAsZeros() throws {
        let scratch = try Scratch()
        let (path, bytesPath) = try writeExternal(scratch)
        let dataset = try HDF5File.open(path).root.dataset("x")
        #expect(try dataset.read(as: UInt8.self) == [UInt8](repeating: 7, count: 1000))
        #expect(truncate(bytesPath, 400) == 0)
        #expect { _ = try dataset.read(as: UInt8.self) } throws: { "\($0)".contains("which has 400 bytes, not 1000") }
        #expect { _ = try dataset.read(rows: 0..<2, as: UInt8.self) } throws: { "\($0)".contains("restore that file") }
    }

    /// Such reads happen inside HDF5, where nobody can look at the size again.
    @Test func aVirtualDataSetReadsNoBytesOutsideOfHDF5Files() throws {
        let scratch = try Scratch()
        let root = try HDF5File.open(writeExternal(scratch).path).root
        try root.dataset("x").requireStored(allowExternal: true)
        #expect { try root.dataset("v").requireStored(allowExternal: true) } throws: {
            "\($0)".contains("/v") && "\($0)".contains("it reads /x, whose bytes lie in files that are no HDF5 files")
        }
    }

    @Test func missingObjectsAreNamedWithWhatThereIs() throws {
        let file = try HDF5File.open(image: compose(), label: "x.h5")
        func message<T>(_ body: () throws(HDF5Error) -> T) -> String {
            do {
                _ = try body()
                return "found"
            } catch { return error.description }
        }
        #expect(
            message { () throws(HDF5Error) in try file.root.dataset("b") }
                == "x.h5: /b: cannot open the data set: there is no such object; / holds a, z")
        #expect(message { () throws(HDF5Error) in try file.root.dataset("z") }.contains("it is no data set"))
        #expect(message { () throws(HDF5Error) in try file.root.group("z/q/r") }.contains("/z/q/r"))
        #expect(message { () throws(HDF5Error) in try file.root.attributes.string("nothing") }.contains("/@nothing"))
        #expect(
            message { () throws(HDF5Error) in try file.root.dataset("a").read(rows: 3..<5, as: UInt8.self) }
                .contains("rows 0..<4"))
        #expect(try file.root.kind(of: "z/y/weights") == .dataset)
        #expect(try file.root.kind(of: "z/nothing/weights") == nil)
    }
}

@Suite struct AttributeTests {
    @Test func numbersComeBack() throws {
        let attributes = try HDF5File.createInMemory().root.attributes
        try attributes.set("count", 7)
        try attributes.set("rate", 0.25)
        try attributes.set("mean", [1.5, 2.5, 3.5])
        try attributes.set("shape", [3, -4])
        #expect(try attributes.int("count") == 7)
        #expect(try attributes.double("rate") == 0.25)
        #expect(try attributes.values("mean", as: Double.self) == [1.5, 2.5, 3.5])
        #expect(try attributes.values("shape", as: Int64.self) == [3, -4])
        #expect(try attributes.double("count") == 7)
        #expect(try attributes.names() == ["count", "mean", "rate", "shape"])
        #expect(throws: HDF5Error.self) { try attributes.int("mean") }
        try attributes.set("count", 8)
        #expect(try attributes.int("count") == 8)
    }

    @Test func stringsComeBack() throws {
        let attributes = try HDF5File.createInMemory().root.attributes
        try attributes.set("model_config", "{\"größe\": 1}")
        try attributes.set("names", ["kernel", "b", "", "schön"])
        try attributes.set("none", [String]())
        #expect(try attributes.string("model_config") == "{\"größe\": 1}")
        #expect(try attributes.strings("names") == ["kernel", "b", "", "schön"])
        #expect(try attributes.strings("none") == [])
        #expect(throws: HDF5Error.self) { try attributes.string("names") }
        #expect(throws: HDF5Error.self) { try attributes.strings("absent") }
    }

    @Test func longListsAreSplitAndJoined() throws {
        let attributes = try HDF5File.createInMemory().root.attributes
        let names = (0..<5000).map { "layer_\($0)_with_a_name_of_some_length" }
        try attributes.set("layer_names", names)
        #expect(try !attributes.exists("layer_names"))
        #expect(try attributes.exists("layer_names0") && attributes.exists("layer_names2"))
        #expect(try !attributes.exists("layer_names3"))
        #expect(try attributes.strings("layer_names") == names)
        try attributes.set("layer_names", ["one"])
        #expect(try attributes.names() == ["layer_names"])
        #expect(try attributes.strings("layer_names") == ["one"])
    }
}

/// Files that h5py wrote: `Golden/generate.py`.
@Suite struct ForeignFileTests {
    private func golden() throws -> HDF5File {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        return try HDF5File.open(folder.appendingPathComponent("h5py.h5").path)
    }

    @Test func attributesAreRead() throws {
        let attributes = try golden().root.attributes
        #expect(try attributes.string("variable") == "größe")
        #expect(try attributes.strings("variable_list") == ["one", "größe", ""])
        #expect(try attributes.string("fixed") == "kernel")
        #expect(try attributes.strings("fixed_list") == ["conv1/kernel:0", "b"])
        #expect(try attributes.strings("empty_list") == [])
        #expect(try attributes.strings("empty") == [])
        #expect(try attributes.int("int16") == -7)
        #expect(try attributes.double("float16") == 0.5)
        #expect(try attributes.values("matrix", as: Int32.self) == [0, 1, 2, 3, 4, 5])
    }

    @Test func dataAreReadWhateverTheirType() throws {
        let root = try golden().root
        let bigEndian = try root.dataset("big_endian")
        #expect(bigEndian.elementType == .integer(bytes: 2, signed: true))
        #expect(!bigEndian.hasNativeBytes)
        #expect(try bigEndian.read(as: Int64.self) == [1, -2, 3])
        #expect(try root.dataset("half").read(as: Float.self) == [0.5, 2])
        #expect(try root.dataset("alias").read(as: Float.self) == [0.5, 2])
        #expect(try root.dataset("flags").elementType == .integer(bytes: 1, signed: true))
        #expect(try root.dataset("flags").read(as: Double.self) == [1, 0])
        #expect(try root.dataset("text").elementType == .string)
        #expect(throws: HDF5Error.self) { try root.dataset("text").read(as: Float.self) }
        #expect(try !root.exists("soft"))
        #expect(throws: HDF5Error.self) { try root.dataset("soft") }
    }
}

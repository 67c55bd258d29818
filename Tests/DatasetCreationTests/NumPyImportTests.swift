import Basics
import DatasetCreation
import HDF5Storage
import TestSupport
import Testing

@Suite struct NumPyImportTests {
    private typealias File = (name: String, bytes: [UInt8])
    private let pixels = (0..<3 * 2 * 4 * 3).map { UInt8($0) }
    private let testPixels = (0..<2 * 2 * 4 * 3).map { UInt8(100 + $0) }

    /// Three training and two test images of 2x4x3. Their labels are of several types, the ones that NumPy programs use.
    private func files(labels: String = "<i8", column: Bool = false) -> [File] {
        let bytes = labels.last?.wholeNumberValue ?? 1
        func content(_ values: [UInt8]) -> [UInt8] {
            values.flatMap { [$0] + [UInt8](repeating: 0, count: bytes - 1) }
        }
        return [
            ("x_test.npy", npy("|u1", [2, 2, 4, 3], testPixels)),
            ("x_train.npy", npy("|u1", [3, 2, 4, 3], pixels)),
            ("y_test.npy", npy(labels, column ? [2, 1] : [2], content([1, 0]))),
            ("y_train.npy", npy(labels, column ? [3, 1] : [3], content([2, 0, 4]))),
        ]
    }

    private func check(_ path: String) throws {
        let folder = try TemporaryDirectory()
        let output = folder.path("out.h5")
        let summary = try DatasetImporter.importDataset(from: path, into: output)
        #expect(summary.description == "\(output): numpy, 3 train and 2 test images of 2x4x3, 5 classes")
        let root = try HDF5File.open(output).root
        #expect(try root.dataset("train/images").read() == pixels)
        #expect(try root.dataset("test/images").read() == testPixels)
        #expect(try root.dataset("train/labels").read(as: Int64.self) == [2, 0, 4])
        #expect(try root.dataset("test/labels").read(as: Int64.self) == [1, 0])
        #expect(try root.attributes.strings("classes") == ["0", "1", "2", "3", "4"])
    }

    @Test(arguments: ["|u1", "|i1", "<u2", "<i4", "<i8", "<u8"], [false, true])
    func anArchiveOfAnyIntegerLabels(labels: String, column: Bool) throws {
        let folder = try TemporaryDirectory()
        try folder.write(zip(files(labels: labels, column: column), method: column ? 8 : 0), to: "set.npz")
        try check(folder.path("set.npz"))
    }

    @Test func aFolderAndATarArchive() throws {
        let folder = try TemporaryDirectory()
        for file in files() { try folder.write(file.bytes, to: "set/" + file.name) }
        try check(folder.path("set"))
        try folder.write(gzip(tar(files())), to: "set.tar.gz")
        try check(folder.path("set.tar.gz"))
    }

    @Test func greyImagesWithoutATestSet() throws {
        let folder = try TemporaryDirectory()
        try folder.write(npy("|u1", [3, 4, 6], pixels), to: "x_train.npy")
        try folder.write(npy("|u1", [3], [0, 1, 0]), to: "y_train.npy")
        let summary = try DatasetImporter.importDataset(from: folder.path, into: folder.path("out.h5"))
        #expect(summary.shape == [4, 6, 1] && summary.splits.map(\.count) == [3] && summary.classes.count == 2)
    }

    /// What an import of the set with another file says.
    private func failure(_ content: [UInt8], as name: String = "x_train.npy") throws -> String {
        let folder = try TemporaryDirectory()
        let changed = files().filter { $0.name != name } + (content.isEmpty ? [] : [(name, content)])
        try folder.write(zip(changed), to: "set.npz")
        let text = DatasetCreationTests.failure(folder.path("set.npz"))
        #expect(try folder.contents() == ["set.npz"])
        return text
    }

    @Test func whatItCannotTakeIsRefusedWithARemedy() throws {
        #expect(
            try failure(npy("|O", [3], [0x80, 4])).contains("Python objects (pickle), which could run any program"))
        #expect(try failure(npy("<f4", [3, 2, 4, 3], [])).contains("type '<f4'; save uint8 images"))
        let wide = [UInt8](repeating: 0, count: 2 * pixels.count)
        #expect(try failure(npy("<u2", [3, 2, 4, 3], wide)).contains("other than uint8; save x.astype('uint8')"))
        #expect(try failure(npy("|i1", [3, 2, 4, 3], pixels)).contains("other than uint8; save x.astype('uint8')"))
        #expect(
            try failure(npy("|u1", [3, 2, 4, 3], pixels, isFortranOrder: true))
                .contains("Fortran order; save numpy.ascontiguousarray(x)"))
        #expect(try failure(npy("|u1", [3, 24], pixels)).contains("images are [N, H, W] or [N, H, W, C]"))
        let labels = "y_train.npy"
        #expect(try failure(npy(">i4", [3], [0, 0]), as: labels).contains("big-endian ('>i4'); save x.astype('<i4')"))
        #expect(try failure(npy("|u1", [3, 2], [0, 1, 0, 1, 0, 1]), as: labels).contains("save y.argmax(-1)"))
        #expect(try failure(npy("|i1", [3], [0, 255, 1]), as: labels).contains("record 1 has label -1; labels are"))
        let large: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255]
        #expect(
            try failure(npy("<u8", [3], large + large + large), as: labels)
                .contains("record 0 has label 9223372036854775807"))
        #expect(try failure(npy("|u1", [2], [0, 1]), as: labels).contains("holds 3 images, but"))
        #expect(try failure([], as: labels).contains("holds no y_train.npy"))
        #expect(try failure([], as: "y_test.npy").contains("holds no y_test.npy"))
    }

    @Test(arguments: [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 4, 3)}",
        "{ 'shape':(3,2,4,3,),\n'descr':'|u1','fortran_order':False}",
    ])
    func aHeaderInAnotherOrder(header: String) throws {
        #expect(try failure(npy(header: header, pixels)).hasPrefix("no error"))
    }

    @Test(arguments: [
        "", "{", "{}", "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (3,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 4, 3)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-3, 2, 4, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3 * 1, 2, 4, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 2, 4, 3)}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 4, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 4, 3), 'more': 1}",
    ])
    func aHeaderThatIsNoneOfNPY(header: String) throws {
        #expect(try failure(npy(header: header, pixels)).contains("its header is none of npy"))
    }

    @Test func recordsAreNotTakenApart() throws {
        let header = "{'descr': [('a', '|u1'), ('b', '<f4')], 'fortran_order': False, 'shape': (3,), }"
        #expect(try failure(npy(header: header, pixels)).contains("of type '[('a', '|u1'), ('b', '<f4')]'"))
    }
}

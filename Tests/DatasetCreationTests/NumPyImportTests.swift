import Basics
import DatasetCreation
import Datasets
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
        #expect(try failure(npy("<c8", [3, 2], [])).contains("of type '<c8'; save numbers"))
        #expect(try failure(npy("<U2", [3], [UInt8](repeating: 0, count: 24))).contains("images are [N, H, W]"))
        #expect(try failure(npy("|u1", [3, 2, 2, 2, 3], pixels)).contains("images are [N, H, W] or [N, H, W, C]"))
        let large: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255]
        let wide = npy("<u8", [3, 1], large + large + large)
        #expect(try failure(wide).contains("row 0 has an integer of more than 32 bits; save x.astype('float32')"))
        let labels = "y_train.npy"
        #expect(
            try failure(npy("|u1", [3, 2, 2], [UInt8](0..<12)), as: labels).contains("targets are [N], [N, 1], or"))
        #expect(try failure(npy("|i1", [3], [0, 255, 1]), as: labels).contains("record 1 has label -1; labels are"))
        #expect(
            try failure(npy("<u8", [3], large + large + large), as: labels)
                .contains("record 0 has label 9223372036854775807"))
        #expect(try failure(npy("<f4", [3], floats([1, .nan, 2])), as: labels).contains("row 1 has the value nan"))
        #expect(try failure(npy("|u1", [2], [0, 1]), as: labels).contains("holds 3 images, but"))
        #expect(
            try failure(npy("|S3", [2], Array("catdog".utf8)), as: "y_test.npy").contains(
                "test has words, train has numbers"))
        #expect(try failure([], as: labels).contains("holds no y_train.npy"))
        #expect(try failure([], as: "y_test.npy").contains("holds no y_test.npy"))
        #expect(try failure(npy("|u1", [3], [1, 0, 1]), as: "train_labels.npy").contains("leave only one of them"))
    }

    private func floats(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    }

    /// What an import makes of a training set.
    private func imported(
        _ samples: [UInt8], _ targets: [UInt8], names: [String] = ["x_train", "y_train"]
    ) throws -> SampleSet {
        let folder = try TemporaryDirectory()
        try folder.write(
            zip(Swift.zip(names, [samples, targets]).map { (name: $0 + ".npy", bytes: $1) }), to: "set.npz")
        _ = try DatasetImporter.importDataset(from: folder.path("set.npz"), into: folder.path("out.h5"))
        return try DatasetFile.open(folder.path("out.h5")).split(.train)
    }

    private func values(_ samples: SampleSet) throws -> [Float] {
        try samples.source.dataset.read(as: Float.self)
    }

    private let labels = npy("|u1", [3], [0, 1, 0])

    /// Each written by NumPy: 1, 0.5, -2 of every type that has them.
    @Test(
        arguments: [
            ("<f2", [0x00, 0x3C, 0x00, 0x38, 0x00, 0xC0]), (">f2", [0x3C, 0x00, 0x38, 0x00, 0xC0, 0x00]),
            ("<f4", [0, 0, 0x80, 0x3F, 0, 0, 0, 0x3F, 0, 0, 0, 0xC0]),
            ("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0]),
            (">f8", [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt8])])
    func floatsOfAnyWidthBecomeSinglePrecision(type: String, bytes: [UInt8]) throws {
        for shape in [[3], [3, 1], [3, 1, 1], [3, 1, 1, 1]] {
            let train = try imported(npy(type, shape, bytes), labels)
            #expect(try train.source.form == .floats && values(train) == [1, 0.5, -2])
            #expect(train.sample == (shape.count < 3 ? [1] : [1, 1, 1]) && train.targets == .labels([0, 1, 0]))
        }
    }

    @Test func wideIntegersStayIntegers() throws {
        let train = try imported(npy(">i2", [3, 2], [0xFF, 0xFE, 0, 7, 1, 0, 0, 1, 0, 0, 0, 2]), labels)
        #expect(train.source.dataset.elementType == .integer(bytes: 4, signed: true))
        #expect(try values(train) == [-2, 7, 256, 1, 0, 2])
        let truth = try imported(npy("|b1", [3, 2, 1], [0, 1, 1, 1, 0, 0]), labels)
        #expect(try truth.source.form == .bytes && values(truth) == [0, 1, 1, 1, 0, 0])
    }

    /// `numpy.asfortranarray`: the first axis is the fastest.
    @Test func fortranOrderIsUndone() throws {
        let shape = [3, 2, 4, 3]
        var fortran: [UInt8] = []
        for (c, w, h, n) in product(shape) { fortran.append(pixels[((n * 2 + h) * 4 + w) * 3 + c]) }
        let train = try imported(npy("|u1", shape, fortran, isFortranOrder: true), labels)
        #expect(try values(train) == pixels.map { Float($0) })
        let column = try imported(npy("|u1", [3], [4, 5, 6], isFortranOrder: true), labels)
        #expect(try values(column) == [4, 5, 6])
    }

    private func product(_ shape: [Int]) -> [(Int, Int, Int, Int)] {
        (0..<shape[3]).flatMap { c in
            (0..<shape[2]).flatMap { w in (0..<shape[1]).flatMap { h in (0..<shape[0]).map { (c, w, h, $0) } } }
        }
    }

    @Test func channelsThatComeFirstGoToTheEnd() throws {
        let train = try imported(npy("|u1", [3, 3, 4, 2], pixels), labels)
        #expect(train.sample == [4, 2, 3])
        let first = try values(train).prefix(6)
        #expect(Array(first) == [0, 8, 16, 1, 9, 17])
    }

    @Test func targetsAreLabelsOrNumbers() throws {
        let samples = npy("|u1", [3, 2], [1, 2, 3, 4, 5, 6])
        func targets(_ array: [UInt8]) throws -> Targets { try imported(samples, array).targets }
        #expect(try targets(npy("<f4", [3], floats([2, 0, 1]))) == .labels([2, 0, 1]))
        #expect(try targets(npy("<f4", [3], floats([2, 0.5, -1]))) == .targets([2, 0.5, -1], width: 1))
        #expect(
            try targets(npy("<f4", [3, 2], floats([2, 0, 1, 0, 1, 9]))) == .targets([2, 0, 1, 0, 1, 9], width: 2))
        #expect(try targets(npy("|u1", [3, 2], [0, 1, 1, 0, 0, 1])) == .labels([1, 0, 1]))
        #expect(try targets(npy("|u1", [3, 2], [0, 1, 1, 1, 0, 1])) == .targets([0, 1, 1, 1, 0, 1], width: 2))
    }

    @Test func wordsAreClassesInSortedOrder() throws {
        let unicode = Array("dogantdog".utf8).flatMap { [$0, 0, 0, 0] as [UInt8] }
        for array in [npy("<U3", [3], unicode), npy("|S4", [3], Array("dog\0ant\0dog\0".utf8))] {
            let train = try imported(npy("|u1", [3, 2], [1, 2, 3, 4, 5, 6]), array)
            #expect(train.targets == .labels([1, 0, 1]) && train.classNames == ["ant", "dog"])
        }
    }

    @Test(arguments: [["X_train", "Y_train"], ["train_images", "train_labels"], ["x", "y"], ["data", "target"]])
    func arraysMayHaveOtherNames(names: [String]) throws {
        let train = try imported(npy("|u1", [3, 2, 4, 3], pixels), labels, names: names)
        #expect(try values(train) == pixels.map { Float($0) } && train.targets == .labels([0, 1, 0]))
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

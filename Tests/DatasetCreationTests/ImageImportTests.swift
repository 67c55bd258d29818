import Basics
import DatasetCreation
import Foundation
import HDF5Storage
import ImageCoding
import ImportSources
import TestSupport
import Testing

/// An image that `Golden/make_images.py` made.
func image(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
}

/// The images of a split, as they are stored.
private struct StoredImages {
    let files: [[UInt8]]
    let labels: [Int32]

    init(_ path: String, _ split: String = "train") throws {
        let group = try HDF5File.open(path).root.group(split)
        let bytes = try group.dataset("encoded").read(as: UInt8.self)
        let offsets = try group.dataset("offsets").read(as: UInt64.self).map { Int($0) }
        #expect(offsets.first == 0 && offsets.last == bytes.count)
        files = zip(offsets, offsets.dropFirst()).map { Array(bytes[$0..<$1]) }
        labels = try group.dataset("labels").read(as: Int32.self)
        #expect(labels.count == files.count)
    }
}

@Suite struct ImageImportTests {
    private func classes(_ path: String) throws -> [String] {
        try HDF5File.open(path).root.attributes.strings("classes")
    }

    @discardableResult
    private func run(
        _ sources: [String], _ output: String, _ change: (inout ImportOptions) -> Void = { _ in }
    ) throws -> ImportSummary {
        var options = ImportOptions()
        change(&options)
        return try DatasetImporter.importDataset(from: sources, into: output, options: options)
    }

    /// Two classes, two splits.
    private func write(to folder: TemporaryDirectory, _ root: String = "set") throws {
        for (name, file) in [
            ("train/cat/1.jpg", "plain.jpg"), ("train/cat/2.JPG", "grey.jpg"), ("train/dog/a.png", "plain.png"),
            ("train/dog/deeper/b.webp", "plain.webp"), ("val/cat/3.jpeg", "plain.jpg"), ("val/dog/c.png", "one.png"),
        ] { try folder.write(image(file), to: "\(root)/\(name)") }
    }

    private static let expected = ["plain.jpg", "grey.jpg", "plain.png", "plain.webp"]

    @Test func aFolderAClassBecomesTheEncodedForm() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        let output = folder.path("out.h5")
        let summary = try run([folder.path("set")], output)
        #expect(summary.description.hasPrefix("\(output): images, 4 train and 2 validation images as files, 2 classes"))
        #expect(summary.warnings.isEmpty)
        let train = try StoredImages(output)
        #expect(try train.files == Self.expected.map(image))
        #expect(train.labels == [0, 0, 1, 1])
        #expect(try StoredImages(output, "validation").files == ["plain.jpg", "one.png"].map(image))
        #expect(try classes(output) == ["cat", "dog"])
        let root = try HDF5File.open(output).root
        #expect(try root.attributes.string("format") == "dptrain-dataset")
        #expect(try root.attributes.string("digest").count == 64)
        #expect(try root.attributes.values("mean", as: Double.self).count == 3)
        #expect(try root.attributes.int("pixels") == 4 * 96)
        #expect(try root.dataset("train/files").shape == [4])
        #expect(try root.dataset("train/files").elementType == .string)
        #expect(try folder.contents().sorted() == ["out.h5", "set"])
    }

    /// The same files in whatever holds them give the same data sets.
    @Test(arguments: ["tar", "tar.gz", "zip", "tar of tars", "tar of tars, gzipped", "folder of tars", "two tars"])
    func archivesAreReadAsFoldersAre(kind: String) throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        try run([folder.path("set")], folder.path("a.h5"))
        let names = [
            "train/cat/1.jpg", "train/cat/2.JPG", "train/dog/a.png", "train/dog/deeper/b.webp", "val/cat/3.jpeg",
            "val/dog/c.png",
        ]
        let files = try names.map { ($0, try bytes(folder.path("set/" + $0))) }
        func inner(_ prefix: String) -> [UInt8] {
            tar(files.filter { $0.0.hasPrefix(prefix) }.map { (String($0.0.dropFirst(prefix.count)), $0.1) })
        }
        let ofTars = ["train/cat", "train/dog", "val/cat", "val/dog"].map { ($0 + ".tar", inner($0 + "/")) }
        var sources = [folder.path("archive")]
        switch kind {
        case "tar": try folder.write(tar(files.map { ("./set/" + $0.0, $0.1) }), to: "archive")
        case "tar.gz": try folder.write(gzip(tar(files)), to: "archive")
        case "zip": try folder.write(zip(files), to: "archive")
        case "tar of tars": try folder.write(tar(ofTars), to: "archive")
        case "tar of tars, gzipped": try folder.write(gzip(tar(ofTars)), to: "archive")
        case "folder of tars": for (name, content) in ofTars { try folder.write(content, to: "archive/" + name) }
        default:
            sources = ["x_train.tar", "x_val.tar"].map { folder.path($0) }
            try folder.write(inner("train/"), to: "x_train.tar")
            try folder.write(inner("val/"), to: "x_val.tar")
        }
        try run(sources, folder.path("b.h5"))
        for split in ["train", "validation"] {
            let (a, b) = try (StoredImages(folder.path("a.h5"), split), StoredImages(folder.path("b.h5"), split))
            #expect(a.files == b.files && a.labels == b.labels)
        }
    }

    @Test func oddImagesAreWrittenAnew() throws {
        let folder = try TemporaryDirectory()
        let names = ["alpha.png", "cmyk.jpg", "deep.png", "palette.png", "plain.png", "turned.jpg"]
        for name in names { try folder.write(image(name), to: "set/a/" + name) }
        // The content counts, not the name.
        try folder.write(image("plain.png"), to: "set/b/misnamed.jpg")
        let summary = try run([folder.path("set")], folder.path("out.h5"))
        let text = "3 written anew: 1 turned upright (EXIF), 1 from CMYK, 1 from 16 bits"
        #expect(summary.description.contains(text), "\(summary)")
        let files = try StoredImages(folder.path("out.h5")).files
        for (name, file) in zip(names + ["plain.png"], files) {
            let header = try file.withUnsafeBytes { try ImageHeader($0) }
            #expect(header.bits == 8 && header.color != .cmyk && header.orientation == .upright)
            let isChanged = ["cmyk.jpg", "deep.png", "turned.jpg"].contains(name)
            #expect(try (file != image(name)) == isChanged, "\(name)")
            let isTurned = name == "turned.jpg"
            #expect(header.size == PixelSize(width: isTurned ? 8 : 12, height: isTurned ? 12 : 8))
        }
    }

    /// Each is named with its reason, or left out and listed.
    @Test func badImagesEndTheImportOrAreListed() throws {
        let folder = try TemporaryDirectory()
        try folder.write(image("plain.jpg"), to: "set/a/1.jpg")
        try folder.write(image("plain.png"), to: "set/b/1.png")
        let bad: [(name: String, content: [UInt8], reason: String)] = [
            ("animated.webp", try image("animated.webp"), "it is animated"),
            ("cut.jpg", try image("plain.jpg").dropLast(200), "it is cut off"),
            ("empty.png", [], "it is empty"), ("picture.gif", try image("picture.gif"), "it is a GIF"),
            ("text.jpg", Array("no image".utf8), "it is neither JPEG nor PNG nor WebP"),
        ]
        for file in bad {
            try folder.write(file.content, to: "set/a/" + file.name)
            let text = failure(folder.path("set"))
            #expect(text.hasPrefix("a/\(file.name): \(file.reason)") && text.contains("--on-bad-image skip"), "\(text)")
            try FileManager.default.removeItem(atPath: folder.path("set/a/" + file.name))
        }
        for file in bad { try folder.write(file.content, to: "set/a/" + file.name) }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("set/a/dead.jpg"), withDestinationPath: "nothing")
        try FileManager.default.createSymbolicLink(atPath: folder.path("set/a/loop"), withDestinationPath: "../a")
        try FileManager.default.createSymbolicLink(atPath: folder.path("set/a/z.jpg"), withDestinationPath: "1.jpg")
        for hidden in [".DS_Store", "._1.jpg", "Thumbs.db"] { try folder.write([1], to: "set/a/" + hidden) }
        let output = folder.path("out.h5")
        let summary = try run([folder.path("set")], output) { $0.images.skipsBadImages = true }
        #expect(summary.description.contains("7 left out"), "\(summary)")
        for file in bad { #expect(summary.description.contains("a/\(file.name): \(file.reason)")) }
        #expect(summary.description.contains("a/dead.jpg: it is a link that leads nowhere"))
        #expect(summary.description.contains("a/loop: it is a link to a folder that holds it"))
        #expect(try StoredImages(output).files == ["plain.jpg", "plain.jpg", "plain.png"].map(image))
        let root = try HDF5File.open(output).root
        #expect(try root.dataset("skipped/files").shape == [7] && root.dataset("skipped/reasons").shape == [7])
    }

    @Test func aBombIsNotDecoded() throws {
        let folder = try TemporaryDirectory()
        var bomb = try image("plain.png")
        // The header's width, big-endian.
        bomb.replaceSubrange(16..<20, with: [0, 0, 0xff, 0xff])
        bomb.replaceSubrange(20..<24, with: [0, 0, 0xff, 0xff])
        try folder.write(bomb, to: "set/a/bomb.png")
        #expect(failure(folder.path("set")).contains("65535x65535 pixels, more than the 178956970 allowed"))
        try folder.write(image("plain.png"), to: "set/a/bomb.png")
        var options = ImportOptions()
        options.images.maxPixels = 95
        #expect(failure(folder.path("set"), options).contains("12x8 pixels, more than the 95 allowed"))
    }

    @Test func namesInArchivesThatLeadElsewhereAreNamed() throws {
        let folder = try TemporaryDirectory()
        let picture = try image("plain.jpg")
        try folder.write(
            tar([("a/1.jpg", picture), ("../b/2.jpg", picture), ("/c/3.jpg", picture), ("a/1.jpg", picture)]),
            to: "set.tar")
        #expect(failure(folder.path("set.tar")).hasPrefix("../b/2.jpg: its name leads out of the archive"))
        let summary = try run([folder.path("set.tar")], folder.path("out.h5")) { $0.images.skipsBadImages = true }
        #expect(summary.classes == ["a"] && summary.splits[0].count == 1)
        #expect(summary.description.contains("a/1.jpg: the archive has an earlier file of this name"))
    }

    @Test func anArchiveOfNothingReadableIsRefused() throws {
        let folder = try TemporaryDirectory()
        try folder.write(tar([("../a/1.jpg", image("plain.jpg")), ("/b/2.jpg", image("one.png"))]), to: "set.tar")
        let text = failure(folder.path("set.tar"))
        let words =
            "set.tar: holds no image that can be read; 2 files were refused: ../a/1.jpg: its name leads out of the archive"
        #expect(text.hasSuffix(words), "\(text)")
        try folder.write(tar([("a/notes.txt", [65]), ("../a/1.jpg", image("plain.jpg"))]), to: "set.tar")
        #expect(failure(folder.path("set.tar")).contains("a/notes.txt"))
    }

    /// Content tells what is an image, and which folder lies around all of them.
    @Test func imagesNeedNoEndings() throws {
        let folder = try TemporaryDirectory()
        try folder.write(image("plain.jpg"), to: "set/around/cat/1")
        try folder.write(image("plain.webp"), to: "set/around/dog/2")
        let summary = try run([folder.path("set")], folder.path("out.h5"))
        #expect(summary.classes == ["cat", "dog"] && summary.splits[0].count == 2)
    }

    @Test func pixelsOfOneSizeAreWritten() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        let output = folder.path("out.h5")
        let summary = try run([folder.path("set")], output) { $0.images.size = PixelSize(width: 6, height: 4) }
        #expect(summary.shape == [4, 6, 3])
        let images = try HDF5File.open(output).root.dataset("train/images")
        #expect(images.shape == [4, 4, 6, 3])
        // 12x8 halves to 6x4: nothing is cut off.
        let decoder = try ImageDecoder()
        let small = try image("plain.png").withUnsafeBytes { file in
            let pixels = try decoder.decode(file, channels: 3)
            return [UInt8](unsafeUninitializedCapacity: 72) { buffer, count in
                guard let base = buffer.baseAddress else { return }
                Resampler().resize(
                    pixels, Resampler.Box(pixels.imageSize), to: PixelSize(width: 6, height: 4), .bilinear, into: base)
                count = 72
            }
        }
        #expect(try images.read(rows: 2..<3, as: UInt8.self) == small)
        try run([folder.path("set")], folder.path("grey.h5")) {
            $0.images.size = PixelSize(width: 8, height: 8)
            $0.images.isGrey = true
        }
        let root = try HDF5File.open(folder.path("grey.h5")).root
        #expect(try root.dataset("train/images").shape == [4, 8, 8, 1])
        #expect(try root.attributes.values("mean", as: Double.self).count == 1)
    }

    /// 12x8 is cut to its middle 8x8 without resizing.
    @Test func theMiddleIsCutOut() throws {
        let folder = try TemporaryDirectory()
        try folder.write(image("plain.png"), to: "set/a/1.png")
        try run([folder.path("set")], folder.path("out.h5")) { $0.images.size = PixelSize(width: 8, height: 8) }
        let decoder = try ImageDecoder()
        let middle = try image("plain.png").withUnsafeBytes { file in
            let pixels = try decoder.decode(file, channels: 3)
            return [UInt8](unsafeUninitializedCapacity: 192) { buffer, count in
                guard let base = buffer.baseAddress else { return }
                pixels.copy(PixelRect(x: 2, y: 0, width: 8, height: 8), to: base)
                count = 192
            }
        }
        #expect(try HDF5File.open(folder.path("out.h5")).root.dataset("train/images").read() == middle)
    }

    @Test func allFilesAreResized() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        let summary = try run([folder.path("set")], folder.path("out.h5")) {
            $0.images.shortestSide = 4
            $0.images.quality = 80
        }
        #expect(summary.description.contains("6 written anew: 6 resized"))
        for file in try StoredImages(folder.path("out.h5")).files {
            let header = try file.withUnsafeBytes { try ImageHeader($0) }
            #expect(header.format == .jpeg && header.size == PixelSize(width: 6, height: 4))
        }
    }

    @Test func aSplitIsStratifiedAndSeeded() throws {
        let folder = try TemporaryDirectory()
        for index in 0..<20 { try folder.write(image("plain.jpg"), to: "set/a/\(index).jpg") }
        for index in 0..<10 { try folder.write(image("one.png"), to: "set/b/\(index).png") }
        func counts(_ output: String, seed: String?) throws -> [[Int]] {
            try run([folder.path("set")], folder.path(output)) {
                $0.format.values = ["split": "70/20/10"]
                $0.format.values["seed"] = seed
            }
            return try ["train", "validation", "test"].map { split in
                let labels = try StoredImages(folder.path(output), split).labels
                return [0, 1].map { label in labels.count { $0 == label } }
            }
        }
        #expect(try counts("a.h5", seed: nil) == [[14, 7], [4, 2], [2, 1]])
        #expect(try counts("b.h5", seed: "0") == [[14, 7], [4, 2], [2, 1]])
        #expect(try counts("c.h5", seed: "1") == [[14, 7], [4, 2], [2, 1]])
        #expect(try bytes(folder.path("a.h5")) == bytes(folder.path("b.h5")))
        #expect(try bytes(folder.path("a.h5")) != bytes(folder.path("c.h5")))
        for text in ["70/20", "100", "80/30/-10", "a/b", "50/25/15/10", "0/100"] {
            var options = ImportOptions()
            options.format.values = ["split": text]
            #expect(
                failure(folder.path("set"), options).hasPrefix("--split: '\(text)' is not two or three percentages"))
        }
    }

    @Test func aTableNamesTheClasses() throws {
        let folder = try TemporaryDirectory()
        for index in 0..<4 { try folder.write(image("plain.jpg"), to: "set/pictures/\(index).jpg") }
        let tables = [
            "file,label\npictures/0.jpg,cat\npictures/1.jpg,\"a, dog\"\n2,cat\n",
            "\u{FEFF}label,image\r\ncat,0\r\n\"a, dog\",1.jpg\r\n\r\ncat,./pictures/2.jpg",
            "0.jpg,cat\n1.jpg,\"a, dog\"\n2.jpg,cat\n",
        ]
        for (index, table) in tables.enumerated() {
            try folder.write(Array(table.utf8), to: "set/labels.csv")
            let summary = try run([folder.path("set")], folder.path("\(index).h5"))
            #expect(summary.classes == ["a, dog", "cat"])
            #expect(summary.warnings == ["1 image without a row in a table left out: pictures/3.jpg"])
            #expect(try StoredImages(folder.path("\(index).h5")).labels == [1, 0, 1])
        }
        try folder.write(
            Array("file,label,split\n0,10,train\n1,9,test\n2,9,train\n3,10,val\n".utf8), to: "set/labels.csv")
        let summary = try run([folder.path("set")], folder.path("splits.h5"))
        #expect(summary.classes == ["9", "10"] && summary.splits.map(\.name) == ["train", "validation", "test"])
        #expect(try StoredImages(folder.path("splits.h5")).labels == [1, 0])
    }

    @Test func badTablesAreNamedByLine() throws {
        let folder = try TemporaryDirectory()
        for index in 0..<2 { try folder.write(image("plain.jpg"), to: "set/\(index).jpg") }
        func check(_ table: String, _ expected: String) throws {
            try folder.write(Array(table.utf8), to: "set/labels.csv")
            let text = failure(folder.path("set"))
            #expect(text.contains(expected), "\(text)")
        }
        try check("file,label\n0.jpg,a\n1.jpg\n", "labels.csv: line 3: it has 1 columns, and 2 are needed")
        try check("file,label\n0.jpg,a\n1.jpg,\n", "labels.csv: line 3: the label is empty")
        try check("file,label\n0.jpg,a\n0.jpg,b\n", "line 3: 0.jpg has a label in line 2 already")
        try check("file,label\n0.jpg,\"a\n1.jpg,b\n", "line 2: a quote is opened and not closed")
        try check("file,label\n0.jpg,\"a\"b\n", "line 2: text follows a closed quote")
        try check("file,label\n0.jpg,a\n7.jpg,b\n", "7.jpg: line 3 of labels.csv names it, and it is not there")
        try check(
            "file,label\n0.jpg" + String(repeating: ",a", count: 70_000), "line 2: it has more than 65536 columns")
        try check("file,label,split\n0.jpg,a,tain\n", "line 2: 'tain' is no split")
    }

    @Test func layoutsThatSayNoClassesAreRefused() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        try folder.write(image("plain.jpg"), to: "set/bird/1.jpg")
        #expect(failure(folder.path("set")).contains("the folder train is a split, but bird beside it is none"))
        #expect(failure(folder.path("set/bird")).contains("1.jpg lies in no class folder"))
        try folder.write(image("plain.jpg"), to: "flat/train/1.jpg")
        #expect(failure(folder.path("flat")).contains("train/1.jpg lies in no class folder"))
    }

    @Test func classesThatAreSeldomMeantAreNamed() throws {
        let folder = try TemporaryDirectory()
        try write(to: folder)
        try folder.write(image("plain.jpg"), to: "set/val/bird/1.jpg")
        try folder.write([1], to: "set/train/README.txt")
        try FileManager.default.createDirectory(
            atPath: folder.path("set/train/empty"), withIntermediateDirectories: true)
        let summary = try run([folder.path("set")], folder.path("out.h5"))
        #expect(
            summary.warnings == [
                "the folder train/empty is empty, and no class",
                "1 file in no class folder was left out: train/README.txt",
                "class bird has no image in train: the network cannot learn it",
            ])
        try folder.write(image("plain.jpg"), to: "one/a/1.jpg")
        let one = try run([folder.path("one")], folder.path("one.h5"))
        #expect(one.warnings == ["all images are of one class, a: a network that tells classes apart needs two"])
    }

    @Test func partsGoOnWhereTheyStopped() throws {
        let folder = try TemporaryDirectory()
        for index in 0..<7 { try folder.write(image("plain.jpg"), to: "set/a/\(index).jpg") }
        for index in 0..<3 { try folder.write(image("one.png"), to: "set/b/\(index).png") }
        let output = folder.path("parts/out.h5")
        try FileManager.default.createDirectory(atPath: folder.path("parts"), withIntermediateDirectories: true)
        func parts() throws -> [String: [UInt8]] {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("parts"))
            return try Dictionary(uniqueKeysWithValues: names.map { ($0, try bytes(folder.path("parts/" + $0))) })
        }
        func write(_ change: (inout ImportOptions) -> Void = { _ in }) throws -> ImportSummary {
            try run([folder.path("set")], output) {
                $0.images.parts = .count(4)
                change(&$0)
            }
        }
        #expect(try write().output == folder.path("parts/out-*-of-00004.h5"))
        let whole = try parts()
        #expect(whole.keys.sorted() == (1...4).map { "out-0000\($0)-of-00004.h5" })
        // As after a kill: two parts are missing, and a file of a process that is gone is left.
        for name in ["out-00002-of-00004.h5", "out-00004-of-00004.h5"] { unlink(folder.path("parts/" + name)) }
        try folder.write([1], to: "parts/out-00002-of-00004.h5.partial-2147483646.spool")
        #expect(try write().description.contains("2 parts had been written before"))
        #expect(try parts() == whole)
        #expect(throws: ImportError.otherImport(folder.path("parts/out-00001-of-00004.h5"))) {
            try write { $0.images.shortestSide = 5 }
        }
        let text = "out-00001-of-00004.h5 beside it is a part of another division"
        #expect { try write { $0.images.parts = .count(3) } } throws: { "\($0)".contains(text) }
        #expect(try parts() == whole)
        #expect { try write { $0.images.parts = .count(11) } } throws: { "\($0)".contains("at most 10 are possible") }
    }
}

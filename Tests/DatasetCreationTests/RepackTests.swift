import DataPipeline
import Datasets
import Transforms
import DatasetCreation
import HDF5Storage
import Basics
import ImageCoding
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
        // Chunks are read once, and their samples are mixed as those of one run.
        let copy = try repacked(chunked, "mixed.h5", seed: 1)
        #expect(
            try copy.split(.train).targets == .labels(mixed) && values(copy) == mixed.map { try values(file)[Int($0)] })
    }

    // MARK: Encoded images

    private func imported(_ name: String, _ change: (inout ImageOptions) -> Void = { _ in }) throws -> String {
        for (name, file) in [
            ("train/cat/1.jpg", "plain.jpg"), ("train/cat/2.jpg", "grey.jpg"), ("train/dog/3.png", "plain.png"),
            ("train/dog/4.webp", "plain.webp"), ("train/dog/5.png", "palette.png"), ("val/cat/6.jpg", "plain.jpg"),
        ] { try folder.write(image(file), to: "set/\(name)") }
        var options = ImportOptions()
        change(&options.images)
        _ = try DatasetImporter.importDataset(from: folder.path("set"), into: folder.path(name), options: options)
        return folder.path(name)
    }

    private func repacked(
        images path: String, _ name: String, seed: UInt64? = nil, _ change: (inout ImageOptions) -> Void = { _ in }
    ) throws -> String {
        var images = ImageOptions()
        change(&images)
        _ = try DatasetRepacker.repack(
            DatasetFile.open(path), to: folder.path(name), images: images, seed: seed)
        return folder.path(name)
    }

    /// All that a file holds but for the digest of its source.
    private func content(_ path: String) throws -> [String] {
        let root = try HDF5File.open(path).root
        let numbers = try ["mean", "std"].flatMap { try root.attributes.values($0, as: Double.self) }
        let names = try ["train", "validation"].flatMap { try root.dataset("\($0)/files").readStrings() }
        return [try root.attributes.string("digest")] + numbers.map { "\($0)" } + names
    }

    /// The digest is of the stored bytes and labels.
    @Test func encodedImagesBecomeWhatAnImportMakesOfThem() throws {
        let changes: [(inout ImageOptions) -> Void] = [
            { _ in }, { ($0.shortestSide, $0.quality) = (6, 70) }, { $0.isGrey = true },
            { $0.size = PixelSize(width: 5, height: 7) },
        ]
        let source = try imported("in.h5")
        for (number, change) in changes.enumerated() {
            let expected = try imported("imported-\(number).h5", change)
            #expect(try content(repacked(images: source, "repacked-\(number).h5", change)) == content(expected))
        }
        let grey = try imported("grey.h5") { $0.isGrey = true }
        #expect(try content(repacked(images: grey, "grey-again.h5"))[0] == content(grey)[0])
    }

    @Test func encodedImagesGoIntoParts() throws {
        let source = try imported("in.h5")
        _ = try repacked(images: source, "parts.h5") { $0.parts = .count(2) }
        let parts = try DatasetFile.open(folder.path("parts-*.h5"))
        #expect(try parts.fingerprint() == DatasetFile.open(source).fingerprint())
    }

    @Test(arguments: [DatasetLayout.contiguous, .chunked([300], gzip: 4)])
    func encodedImagesAreShuffledOnce(layout: DatasetLayout) throws {
        let original = try HDF5File.open(imported("in.h5")).root
        let file = try HDF5File.create(folder.path("copy.h5"))
        try file.root.attributes.set("classes", original.attributes.strings("classes"))
        let bytes = try original.dataset("train/encoded").read(as: UInt8.self)
        let offsets = try original.dataset("train/offsets").read(as: UInt64.self)
        let names = try original.dataset("train/files").readStrings()
        try file.root.write("train/encoded", shape: [bytes.count], bytes, layout: layout)
        try file.root.write("train/offsets", shape: [offsets.count], offsets)
        try file.root.write("train/labels", shape: [5], [Int32(0), 0, 1, 1, 1])
        try file.root.write("train/files", strings: names)
        try file.close()
        let mixed = try HDF5File.open(repacked(images: folder.path("copy.h5"), "mixed.h5", seed: 3)).root
        let order = try mixed.dataset("train/files").readStrings()
        #expect(order != names && order.sorted() == names)
        let starts = try mixed.dataset("train/offsets").read(as: UInt64.self).map { Int($0) }
        let all = try mixed.dataset("train/encoded").read(as: UInt8.self)
        let labels = try mixed.dataset("train/labels").read(as: Int32.self)
        for (row, name) in order.enumerated() {
            let place = try #require(names.firstIndex(of: name))
            #expect(
                Array(all[starts[row]..<starts[row + 1]]) == Array(bytes[Int(offsets[place])..<Int(offsets[place + 1])])
            )
            #expect(labels[row] == (place < 2 ? 0 : 1))
        }
    }

    @Test func optionsOfImagesAreNotForPixels() throws {
        let file = try source { root in
            try root.write("train/images", shape: [2, 2, 2], [UInt8](0..<8))
            try root.write("train/labels", shape: [2], [Int32(0), 1])
        }
        var images = ImageOptions()
        images.quality = 50
        let text = failureText { try DatasetRepacker.repack(file, to: folder.path("out.h5"), images: images) }
        #expect(text.contains("--quality: it is for image files, and this is a file of pixels or features"), "\(text)")
    }

    private func failureText(_ body: () throws -> ImportSummary) -> String {
        do { return "no error: \(try body())" } catch { return "\(error)" }
    }
}

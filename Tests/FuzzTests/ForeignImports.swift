import DatasetCreation
import Foundation
import ImageCoding
import ImportFormats
import TestSupport

/// The formats that `data import` reads. Of a set of several files, one is fuzzed.
extension FuzzTarget {
    static let imports: [FuzzTarget] = [
        importing(
            "idx-images", as: "train-images-idx3-ubyte", seeds: [idx([2, 3, 4], pixels)],
            beside: ["train-labels-idx1-ubyte": idx([2], [0, 1])]),
        importing(
            "idx-labels", as: "train-labels-idx1-ubyte", seeds: [idx([2], [0, 1]), gzip(idx([2], [0, 1]))],
            beside: ["train-images-idx3-ubyte": idx([2, 3, 4], pixels)]),
        importing(
            "numpy", as: "x_train.npy",
            seeds: [npy("|u1", [2, 3, 4], pixels), npy("<i2", [2, 3, 2], pixels, isFortranOrder: true)],
            beside: ["y_train.npy": npy("<i2", [2, 1], [0, 0, 1, 0])]),
        importing(
            "numpy-targets", as: "y_train.npy",
            seeds: [
                npy("<i2", [2, 1], [0, 0, 1, 0]), npy("<f4", [2, 2], pixels.suffix(16)),
                npy("|b1", [2, 2], [0, 1, 1, 0]),
            ],
            beside: ["x_train.npy": npy("<f8", [2, 1], pixels.suffix(16))]),
        importing(
            "cifar", as: "data_batch_1.bin", seeds: [cifarRecord([1], index: 0)],
            beside: ["batches.meta.txt": Array((0..<10).map { "class\($0)\n" }.joined().utf8)]),
        importing(
            "archive", as: "set",
            seeds: [
                tar(idxFiles), gzip(tar(idxFiles)), zip(idxFiles), zip(numPyFiles), zip(numPyFiles, method: 0),
                tar([("data_batch_1.bin", cifarRecord([1], index: 0))]), tar(imageFiles), zip(imageFiles),
                tar(imageFiles.map { ($0.name.replacing("/", with: "-"), $0.bytes) } + [("labels.csv", imageTable)]),
            ]),
        importing(
            "image-table", as: "labels.csv", seeds: [imageTable],
            beside: Dictionary(uniqueKeysWithValues: imageFiles.map { ($0.name.replacing("/", with: "-"), $0.bytes) })),
    ]

    private static let pixels = (0..<24).map { UInt8($0) }
    private static let idxFiles = [
        ("train-images-idx3-ubyte", idx([2, 3, 4], pixels)), ("train-labels-idx1-ubyte", gzip(idx([2], [0, 1]))),
    ].map { (name: $0.0, bytes: $0.1) }
    private static let numPyFiles = [
        ("x_train.npy", npy("|u1", [2, 3, 4], pixels)), ("y_train.npy", npy("<i2", [2, 1], [0, 0, 1, 0])),
    ].map { (name: $0.0, bytes: $0.1) }

    private static let imageFiles = [("train/a/1.png", [UInt8](1...8)), ("train/b/2.png", []), ("test/a/3.png", [0])]
        .map {
            (name: $0.0, bytes: $0.1)
        }
    private static let imageTable = Array("file,label,split\ntrain-a-1.png,a,train\n\"test-a-3.png\",\"b\",test\n".utf8)

    private static func importing(
        _ name: String, as file: String, seeds: [[UInt8]], beside others: [String: [UInt8]] = [:]
    ) -> FuzzTarget {
        FuzzTarget(name: name, seeds: { seeds }) { bytes in
            for (other, content) in others where !FileManager.default.fileExists(atPath: "\(folder)/\(other)") {
                try place(content, at: "\(folder)/\(other)")
            }
            try place(bytes, at: "\(folder)/\(file)")
            let path = others.isEmpty ? "\(folder)/\(file)" : folder
            let (_, dataset) = try ImporterList.open([path])
            for split in dataset.splits { try drain(split, of: dataset, file: bytes.count) }
            for split in dataset.images { try drain(split, of: dataset) }
        }
    }

    private static func drain(_ split: ImageSplit, of dataset: ImportedDataset) throws {
        var bytes: [UInt8] = []
        for index in 0..<split.files.count {
            require(dataset.classes.indices.contains(Int(split.files.label(index))), "a label is a class")
            if try split.files.read(index, into: &bytes) == nil {
                require(bytes.count == split.files.size(index), "a file has its size")
            }
        }
    }

    private static func drain(_ split: ImportedSplit, of dataset: ImportedDataset, file: Int) throws {
        let stream = try split.samples()
        var sample = ImportedSample()
        var count = 0
        while try stream.next(&sample) {
            count += 1
            let width = split.values == .bytes ? 1 : 4
            require(sample.bytes.count == width * sample.shape.count, "a sample has its shape")
            require([1, 3].contains(sample.shape.rank), "a sample is an image or a row of features")
            if split.targets == 0 {
                require(dataset.classes.indices.contains(Int(sample.label)), "a label is a class")
            } else {
                require(sample.targets.count == split.targets, "a sample has its targets")
            }
            // gzip makes at most 1,032 bytes of one.
            require(sample.bytes.capacity <= 1032 * file + 1 << 16, "memory grows with what is read")
        }
        require(count == split.count, "\(count) of \(split.count) samples")
    }

    /// Rows of numbers and words.
    static let table = FuzzTarget(
        name: "table",
        seeds: {
            ["size,colour,price\n1.5,red,10\n2,\"blue\",-1e3\n", "size;colour;price\n1,5;red;a\n2;blue;b\n"].map {
                Array($0.utf8)
            }
        }
    ) { bytes in
        let path = "\(folder)/table.csv"
        try place(bytes, at: path)
        var options = TableOptions()
        (options.targets, options.categorical) = (["price"], ["colour"])
        options.output.overwrite = true
        let summary = try TableImporter.importTable(from: path, into: "\(folder)/table.h5", options: options)
        require(summary.rows > 0 && summary.features > 0, "a table has samples")
    }

    /// Images as bytes. The seeds are in `Tests/DatasetCreationTests/Golden`.
    static let image = FuzzTarget(name: "image", seeds: { [] }) { bytes in
        // Small ones, for the sake of speed.
        let decoder = try ImageDecoder(limits: ImageLimits(maxPixels: 1 << 20))
        let resampler = Resampler()
        try bytes.withUnsafeBytes { bytes in
            let header = try ImageHeader(bytes, limits: decoder.limits)
            for (channels, upright) in [(3, true), (1, false)] {
                for wanted in [header.size, PixelSize(width: 2, height: 2)] {
                    let view = try decoder.decode(
                        bytes, channels: channels, reduction: header.reduction(for: wanted), upright: upright)
                    require(view.region == PixelRect(view.imageSize), "all pixels are there")
                    let box = Resampler.Box(
                        left: 0, top: 0, right: Double(view.imageSize.width), bottom: Double(view.imageSize.height))
                    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8 * 8 * channels) { output in
                        guard let base = output.baseAddress else { return }
                        resampler.resize(view, box, to: PixelSize(width: 8, height: 8), .bicubic, into: base)
                    }
                }
            }
        }
    }
}

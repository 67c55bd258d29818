import DatasetCreation
import Foundation
import ImportFormats

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
            "cifar", as: "data_batch_1.bin", seeds: [cifarRecord([1], index: 0)],
            beside: ["batches.meta.txt": Array((0..<10).map { "class\($0)\n" }.joined().utf8)]),
        importing(
            "archive", as: "set",
            seeds: [
                tar(idxFiles), gzip(tar(idxFiles)), zip(idxFiles), zip(numPyFiles), zip(numPyFiles, method: 0),
                tar([("data_batch_1.bin", cifarRecord([1], index: 0))]),
            ]),
    ]

    private static let pixels = (0..<24).map { UInt8($0) }
    private static let idxFiles = [
        ("train-images-idx3-ubyte", idx([2, 3, 4], pixels)), ("train-labels-idx1-ubyte", gzip(idx([2], [0, 1]))),
    ].map { (name: $0.0, bytes: $0.1) }
    private static let numPyFiles = [
        ("x_train.npy", npy("|u1", [2, 3, 4], pixels)), ("y_train.npy", npy("<i2", [2, 1], [0, 0, 1, 0])),
    ].map { (name: $0.0, bytes: $0.1) }

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
        }
    }

    private static func drain(_ split: ImportedSplit, of dataset: ImportedDataset, file: Int) throws {
        let stream = try split.samples()
        var sample = ImportedSample()
        var count = 0
        while try stream.next(&sample) {
            count += 1
            require(sample.bytes.count == sample.shape.count && sample.shape.rank == 3, "a sample has its shape")
            require(dataset.classes.indices.contains(Int(sample.label)), "a label is a class")
            // gzip makes at most 1,032 bytes of one.
            require(sample.bytes.capacity <= 1032 * file + 1 << 16, "memory grows with what is read")
        }
        require(count == split.count, "\(count) of \(split.count) samples")
    }
}

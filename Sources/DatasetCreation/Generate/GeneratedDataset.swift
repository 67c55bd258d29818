import Basics

/// The built-in data set as a file.
public enum GeneratedDataset {
    /// Writes `train` training and `test` test images to the new file `output`, in the native schema. The two splits
    /// have no image in common, and the first images of a larger file are those of a smaller one.
    @discardableResult
    public static func write(
        to output: String, train: Int, test: Int, seed: UInt64,
        options: DatasetWriter.Options = DatasetWriter.Options(), progress: (Double) -> Void = { _ in }
    ) throws -> ImportSummary {
        let counts = [(GeneratedImages.Split.train, train), (.test, test)]
        let splits = counts.filter { $0.1 > 0 }.map { split, count in
            (split.rawValue, GeneratedSource(images: GeneratedImages(seed: seed, split: split), count: count))
        }
        let collection = ImageCollection(classes: GeneratedImages.classes, splits: splits)
        return try DatasetWriter.write(
            collection, to: output, source: "generated", options: options, progress: progress)
    }
}

/// The first `count` images of a split.
private struct GeneratedSource: ImageSource {
    let images: GeneratedImages
    let count: Int
    let shape: Shape = [GeneratedImages.height, GeneratedImages.width, GeneratedImages.channels]

    func read(
        _ range: Range<Int>, images output: UnsafeMutablePointer<UInt8>, labels: UnsafeMutablePointer<Int32>
    ) throws {
        for (slot, index) in range.enumerated() {
            images.render(index, into: output + slot * GeneratedImages.bytesPerImage)
            labels[slot] = Int32(images.label(at: index))
        }
    }
}

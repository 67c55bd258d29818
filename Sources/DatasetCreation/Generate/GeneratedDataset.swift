import Basics
import ImportFormats

/// The built-in data set as a file.
public enum GeneratedDataset {
    /// Writes `train` training and `test` test images to the new file `output`, in the native schema. The two splits
    /// have no image in common, and the first images of a larger file are those of a smaller one.
    @discardableResult
    public static func write(
        to output: String, train: Int, test: Int, seed: UInt64,
        options: DatasetWriter.Options = DatasetWriter.Options(), progress: (ImportProgress) -> Void = { _ in }
    ) throws -> ImportSummary {
        let counts = [(GeneratedImages.Split.train, train), (.test, test)]
        let splits = counts.filter { $0.1 > 0 }.map { split, count in
            ImportedSplit(name: split.rawValue, count: count) {
                GeneratedStream(GeneratedImages(seed: seed, split: split), count: count)
            }
        }
        return try DatasetWriter.write(
            ImportedDataset(classes: GeneratedImages.classes, splits: splits), to: output, source: "generated",
            options: options, progress: progress)
    }
}

/// The first `count` images of a split.
private final class GeneratedStream: SampleStream {
    private let images: GeneratedImages
    private let count: Int
    private var index = 0
    private let shape: Shape = [GeneratedImages.height, GeneratedImages.width, GeneratedImages.channels]

    init(_ images: GeneratedImages, count: Int) {
        self.images = images
        self.count = count
    }

    func next(_ sample: inout ImportedSample) -> Bool {
        guard index < count else { return false }
        sample.shape = shape
        sample.bytes = [UInt8](unsafeUninitializedCapacity: GeneratedImages.bytesPerImage) { buffer, initialized in
            guard let start = buffer.baseAddress else { return }
            images.render(index, into: start)
            initialized = GeneratedImages.bytesPerImage
        }
        sample.label = Int32(images.label(at: index))
        index += 1
        return true
    }
}

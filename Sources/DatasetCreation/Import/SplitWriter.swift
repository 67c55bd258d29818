import Basics
import HDF5Storage
import ImportSources
import Transforms

/// Writes the samples of a split, which all have one shape, into a data set file, a block at a time.
final class SplitWriter {
    /// [H, W, C]
    let shape: Shape
    private let split: ImportedSplit
    private let stream: any SampleStream
    private let images: Dataset
    private let labels: Dataset
    private let blockCount: Int
    /// The next sample to write, if there is one.
    private var sample: ImportedSample
    private var hasSample = true
    private var pixels: [UInt8] = []
    private var classes: [Int32] = []

    /// The first sample decides the shape. `trainShape` is that of a split written before.
    init(_ split: ImportedSplit, in root: Group, _ options: DatasetWriter.Options, like trainShape: Shape?) throws {
        self.split = split
        stream = try split.samples()
        var first = ImportedSample()
        guard try stream.next(&first) else {
            throw ImportError.sampleCount(split.name, expected: split.count, actual: 0)
        }
        sample = first
        shape = first.shape
        try Self.require(first, split, row: 0)
        if let trainShape, shape != trainShape {
            throw ImportError.shapesDiffer("train", trainShape, split.name, shape)
        }
        let extents = first.shape.extents
        let chunk = options.chunkCount(split.count)
        images = try root.createDataset(
            "\(split.name)/images", shape: Shape([split.count] + extents), of: UInt8.self,
            layout: chunk.map { .chunked(Shape([$0] + extents), gzip: options.compression) } ?? .contiguous)
        labels = try root.createDataset("\(split.name)/labels", shape: [split.count], of: Int32.self)
        // About 8 MiB, and whole chunks, so that none is compressed twice.
        blockCount = max(1, (8 << 20) / first.shape.count).rounded(upToMultipleOf: chunk ?? 1)
    }

    /// Writes all samples. `progress` gets the number of those that are written.
    func write(progress: (Int) throws -> Void) throws -> ChannelStatistics {
        var statistics = ChannelStatistics(channels: shape[2])
        for start in stride(from: 0, to: split.count, by: blockCount) {
            let rows = start..<min(start + blockCount, split.count)
            try readBlock(rows)
            try images.write(rows: rows, from: pixels)
            try labels.write(rows: rows, from: classes)
            pixels.withUnsafeBufferPointer { statistics.add($0) }
            try progress(rows.upperBound)
        }
        guard !hasSample else {
            throw ImportError.sampleCount(split.name, expected: split.count, actual: split.count + 1)
        }
        return statistics
    }

    private func readBlock(_ rows: Range<Int>) throws(ImportError) {
        pixels.removeAll(keepingCapacity: true)
        classes.removeAll(keepingCapacity: true)
        for row in rows {
            guard hasSample else { throw .sampleCount(split.name, expected: split.count, actual: row) }
            guard sample.shape == shape else {
                throw .shapesDiffer(split.name, shape, "its sample \(row)", sample.shape)
            }
            try Self.require(sample, split, row: row)
            pixels += sample.bytes
            classes.append(sample.label)
            hasSample = try stream.next(&sample)
        }
    }

    /// A stream whose shape and bytes do not fit each other is a mistake of its importer: memory of something else would get
    /// into the file.
    private static func require(_ sample: ImportedSample, _ split: ImportedSplit, row: Int) throws(ImportError) {
        guard sample.shape.rank == 3, sample.shape.count > 0, sample.bytes.count == sample.shape.count else {
            throw .damaged(
                split.name, reason: "sample \(row) has \(sample.bytes.count) bytes for an image of \(sample.shape)")
        }
        guard sample.label >= 0 else {
            throw .damaged(split.name, reason: "sample \(row) has the label \(sample.label)")
        }
    }
}

import Basics
import HDF5Storage
import ImportFormats
import ImportSources
import Transforms

/// Writes the samples of a split, which all have one shape, into a data set file, a block at a time.
final class SplitWriter {
    /// [H, W, C] or [F]
    let shape: Shape
    let sampleBytes: Int
    private let split: ImportedSplit
    private let stream: any SampleStream
    private let images: Dataset
    /// Class numbers, or numbers to be predicted.
    private let targets: Dataset
    private let blockCount: Int
    /// The next sample to write, if there is one.
    private var sample: ImportedSample
    private var hasSample = true
    private var values: [UInt8] = []
    private var classes: [Int32] = []
    private var numbers: [Float] = []

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
        sampleBytes = first.bytes.count
        try Self.require(first, split, row: 0)
        if let trainShape, shape != trainShape {
            throw ImportError.shapesDiffer("train", trainShape, split.name, shape)
        }
        let extents = first.shape.extents
        let chunk = options.chunkCount(split.count)
        func samples<Element: StorageElement>(of type: Element.Type) throws -> Dataset {
            try root.createDataset(
                "\(split.name)/\(extents.count == 3 ? "images" : "features")", shape: Shape([split.count] + extents),
                of: Element.self,
                layout: chunk.map { .chunked(Shape([$0] + extents), gzip: options.compression) } ?? .contiguous)
        }
        switch split.values {
        case .bytes: images = try samples(of: UInt8.self)
        case .floats: images = try samples(of: Float.self)
        case .integers: images = try samples(of: Int32.self)
        }
        targets =
            split.targets > 0
            ? try root.createDataset("\(split.name)/targets", shape: [split.count, split.targets], of: Float.self)
            : try root.createDataset("\(split.name)/labels", shape: [split.count], of: Int32.self)
        // About 8 MiB, and whole chunks, so that none is compressed twice.
        blockCount = max(1, (8 << 20) / first.bytes.count).rounded(upToMultipleOf: chunk ?? 1)
    }

    /// Writes all samples. `progress` gets the number of those that are written. Answers mean and deviation of bytes; nil for
    /// other values.
    func write(progress: (Int) throws -> Void) throws -> ChannelStatistics? {
        var statistics = split.values == .bytes ? ChannelStatistics(channels: shape.extents.last ?? 1) : nil
        for start in stride(from: 0, to: split.count, by: blockCount) {
            let rows = start..<min(start + blockCount, split.count)
            try readBlock(rows)
            try writeBlock(rows)
            values.withUnsafeBufferPointer { statistics?.add($0) }
            try progress(rows.upperBound)
        }
        guard !hasSample else {
            throw ImportError.sampleCount(split.name, expected: split.count, actual: split.count + 1)
        }
        return statistics
    }

    private func writeBlock(_ rows: Range<Int>) throws {
        try values.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            switch split.values {
            case .bytes: try images.write(rows: rows, from: base.assumingMemoryBound(to: UInt8.self))
            case .floats: try images.write(rows: rows, from: base.assumingMemoryBound(to: Float.self))
            case .integers: try images.write(rows: rows, from: base.assumingMemoryBound(to: Int32.self))
            }
        }
        if split.targets > 0 {
            try targets.write(rows: rows, from: numbers)
        } else {
            try targets.write(rows: rows, from: classes)
        }
    }

    private func readBlock(_ rows: Range<Int>) throws(ImportError) {
        values.removeAll(keepingCapacity: true)
        classes.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        for row in rows {
            guard hasSample else { throw .sampleCount(split.name, expected: split.count, actual: row) }
            guard sample.shape == shape else {
                throw .shapesDiffer(split.name, shape, "its sample \(row)", sample.shape)
            }
            try Self.require(sample, split, row: row)
            values += sample.bytes
            if split.targets > 0 { numbers += sample.targets } else { classes.append(sample.label) }
            hasSample = try stream.next(&sample)
        }
    }

    /// A stream whose shape and bytes do not fit each other is a mistake of its importer: memory of something else would get
    /// into the file.
    private static func require(_ sample: ImportedSample, _ split: ImportedSplit, row: Int) throws(ImportError) {
        let size = split.values == .bytes ? 1 : 4
        guard [1, 3].contains(sample.shape.rank), sample.shape.count > 0,
            sample.bytes.count == sample.shape.count * size, split.targets == 0 || sample.targets.count == split.targets
        else {
            let form = sample.shape.rank == 1 ? "features" : "an image"
            throw .damaged(
                split.name, reason: "sample \(row) has \(sample.bytes.count) bytes for \(form) of \(sample.shape)")
        }
        guard sample.label >= 0 else {
            throw .damaged(split.name, reason: "sample \(row) has the label \(sample.label)")
        }
    }
}

import DataPipeline
import HDF5Storage
import Basics

#if canImport(Glibc)
import Glibc
#endif

/// Writes data set files of the native schema:
/// ```
/// /              attributes format = "dptrain-dataset", version = 1, classes [K], mean [C], std [C] (of train, 0...255)
/// /train/images  uint8 [N, H, W, C]
/// /train/labels  int32 [N]
/// /test/...      same
/// ```
public enum DatasetWriter {
    public struct Options: Sendable {
        /// Whether a file of the output's name is replaced.
        public var overwrite = false
        /// Images a chunk; nil stores all images in one run, which is what training reads fastest.
        public var imagesPerChunk: Int?
        /// gzip level of the chunks, 1 (fast) to 9 (small); nil does not compress.
        public var compression: Int?

        public init() {}
    }

    /// Writes the collection under a temporary name beside `output`, which gets its name when it is whole.
    ///
    /// `source` is told in the summary. `progress` gets the part that is done, 0...1, from time to time.
    public static func write(
        _ collection: ImageCollection, to output: String, source: String, options: Options = Options(),
        progress: (Double) -> Void = { _ in }
    ) throws -> ImportSummary {
        try refuseExisting(output, options)
        try requireMatching(collection)
        let temporary = "\(output).partial-\(getpid())"
        do {
            let file = try HDF5File.create(temporary)
            try file.root.attributes.set("format", DatasetFile.format)
            try file.root.attributes.set("version", DatasetFile.version)
            try file.root.attributes.set("classes", collection.classes)
            let total = collection.splits.reduce(0) { $0 + $1.source.count }
            var done = 0
            for split in collection.splits {
                let statistics = try write(split.source, named: split.name, in: file.root, options) { count in
                    progress(Double(done + count) / Double(total))
                }
                done += split.source.count
                guard split.name == "train" else { continue }
                try file.root.attributes.set("mean", statistics.mean)
                try file.root.attributes.set("std", statistics.standardDeviation)
            }
            try file.close()
            guard rename(temporary, output) == 0 else {
                throw ImportError.unwritable(output, reason: String(cString: strerror(errno)))
            }
        } catch {
            unlink(temporary)
            throw error
        }
        return ImportSummary(collection, source: source, output: output)
    }

    /// Throws where the output exists and is not to be replaced, or its folder cannot be written: better before the work
    /// than after it.
    static func refuseExisting(_ output: String, _ options: Options) throws(ImportError) {
        if !options.overwrite && access(output, F_OK) == 0 { throw .outputExists(output) }
        let folder = FileCollection.folder(of: output)
        guard access(folder, W_OK) == 0 else {
            throw .unwritable(output, reason: "\(folder): " + String(cString: strerror(errno)))
        }
    }

    private static func requireMatching(_ collection: ImageCollection) throws(ImportError) {
        guard let train = collection.splits.first, train.name == "train", train.source.count > 0 else {
            throw .noTrainImages
        }
        for split in collection.splits where split.source.shape != train.source.shape {
            throw .shapesDiffer(train.name, train.source.shape, split.name, split.source.shape)
        }
    }

    private static func write(
        _ source: any ImageSource, named name: String, in root: Group, _ options: Options, progress: (Int) -> Void
    ) throws -> ChannelStatistics {
        let images = try root.createDataset(
            "\(name)/images", shape: Shape([source.count] + source.shape.extents), of: UInt8.self,
            layout: layout(source, options))
        let labels = try root.createDataset("\(name)/labels", shape: [source.count], of: Int32.self)
        let step = blockCount(source, options)
        let imageBuffer = AlignedBuffer<UInt8>(count: step * source.shape.count)
        let labelBuffer = AlignedBuffer<Int32>(count: step)
        var statistics = ChannelStatistics(channels: source.shape[2])
        for start in stride(from: 0, to: source.count, by: step) {
            let range = start..<min(start + step, source.count)
            try source.read(range, images: imageBuffer.baseAddress, labels: labelBuffer.baseAddress)
            try images.write(rows: range, from: imageBuffer.baseAddress)
            try labels.write(rows: range, from: labelBuffer.baseAddress)
            statistics.add(UnsafeBufferPointer(imageBuffer[0..<range.count * source.shape.count]))
            progress(range.upperBound)
        }
        return statistics
    }

    private static func layout(_ source: any ImageSource, _ options: Options) -> DatasetLayout {
        guard let chunk = chunkCount(source, options) else { return .contiguous }
        return .chunked(Shape([chunk] + source.shape.extents), gzip: options.compression)
    }

    /// Images a chunk; compressed files have chunks anyway.
    private static func chunkCount(_ source: any ImageSource, _ options: Options) -> Int? {
        guard let wanted = options.imagesPerChunk ?? (options.compression == nil ? nil : 256) else { return nil }
        return max(1, min(wanted, source.count))
    }

    /// Images that are written at a time: about 8 MiB, and whole chunks, so that none is compressed twice.
    private static func blockCount(_ source: any ImageSource, _ options: Options) -> Int {
        let images = max(1, (8 << 20) / source.shape.count)
        return images.rounded(upToMultipleOf: chunkCount(source, options) ?? 1)
    }
}

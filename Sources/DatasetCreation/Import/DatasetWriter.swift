import Basics
import Datasets
import HDF5Storage
import ImportFormats
import ImportSources
import Transforms

#if canImport(Glibc)
import Glibc
#endif

/// Writes data set files of the native schema:
/// ```
/// /              attributes format = "dptrain-dataset", version = 1, classes [K], mean [C], std [C] (of train, 0...255)
/// /train/images  uint8, float32 or int32 [N, H, W, C], or /train/features [N, F]; mean and std of uint8 only
/// /train/labels  int32 [N], or /train/targets float32 [N, K]
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

        /// Images a chunk, of so many in all; compressed files have chunks anyway. Nil for one run.
        func chunkCount(_ count: Int) -> Int? {
            guard let wanted = imagesPerChunk ?? (compression == nil ? nil : 256) else { return nil }
            return max(1, min(wanted, count))
        }
    }

    /// Writes the data set under a temporary name beside `output`, which gets its name when it is whole.
    ///
    /// `source` is told in the summary. `progress` is told from time to time how far it has come.
    package static func write(
        _ dataset: ImportedDataset, to output: String, source: String, options: Options = Options(),
        progress: (ImportProgress) throws -> Void = { _ in }
    ) throws -> ImportSummary {
        try refuseExisting(output, options)
        guard let train = dataset.splits.first, train.name == "train", train.count > 0 else {
            throw ImportError.noTrainImages
        }
        let partial = PartialFile(of: output)
        let shape = try partial.replaceOutput {
            let file = try HDF5File.create(partial.path)
            try file.root.attributes.set("format", DatasetFile.format)
            try file.root.attributes.set("version", DatasetFile.version)
            if !dataset.classes.isEmpty { try file.root.attributes.set("classes", dataset.classes) }
            let total = dataset.splits.reduce(0) { $0 + $1.count }
            var done = 0
            var trainShape: Shape?
            for split in dataset.splits {
                let left = total - done
                let (shape, statistics) = try write(split, in: file.root, options, like: trainShape) { sampleBytes in
                    // What compression makes of them nobody knows.
                    if options.compression == nil { try requireRoom(for: left * sampleBytes, at: output) }
                } progress: { count in
                    try progress(ImportProgress(done: done + count, total: total))
                }
                done += split.count
                guard split.name == "train" else { continue }
                trainShape = shape
                guard let statistics else { continue }
                try file.root.attributes.set("mean", statistics.mean)
                try file.root.attributes.set("std", statistics.standardDeviation)
            }
            try file.close()
            return trainShape ?? []
        }
        return ImportSummary(dataset, shape: shape, source: source, output: output)
    }

    /// Throws where the output exists and is not to be replaced, or its folder cannot be written: better before the work
    /// than after it.
    static func refuseExisting(_ output: String, _ options: Options) throws(ImportError) {
        if !options.overwrite && access(output, F_OK) == 0 { throw .outputExists(output) }
        try requireFolder(of: output)
    }

    static func requireFolder(of output: String) throws(ImportError) {
        let folder = ImportInput.folder(of: output)
        guard access(folder, W_OK) == 0 else {
            throw .unwritable(output, reason: "\(folder): " + String(cString: strerror(errno)))
        }
    }

    /// Refuses what the output's disk has no room for.
    static func requireRoom(for bytes: Int, at output: String) throws(ImportError) {
        guard let free = DiskSpace.available(at: ImportInput.folder(of: output)), bytes > free else { return }
        throw .diskFull(output, needed: bytes, free: free)
    }

    /// The split's data sets are closed when this returns: chunks that HDF5 still holds come before what is written next.
    private static func write(
        _ split: ImportedSplit, in root: Group, _ options: Options, like trainShape: Shape?,
        check: (_ sampleBytes: Int) throws -> Void, progress: (Int) throws -> Void
    ) throws -> (shape: Shape, statistics: ChannelStatistics?) {
        let writer = try SplitWriter(split, in: root, options, like: trainShape)
        try check(writer.sampleBytes)
        return (writer.shape, try writer.write(progress: progress))
    }
}

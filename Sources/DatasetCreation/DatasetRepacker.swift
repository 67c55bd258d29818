import Basics
import DataPipeline
import Datasets
import HDF5Storage
import ImportFormats
import Transforms

/// Writes the samples of a data file, as they are understood, into a new one of the native schema that lies as its reader
/// likes: floats stay floats, wider integers become int32, features and regression targets stay what they are. Encoded images
/// are written as `data import` writes image files.
/// ```
/// /train/images   uint8, float32 or int32 [N, H, W, C], or /train/features [N, F]
/// /train/labels   int32 [N], or /train/targets float32 [N, K]
/// ```
public enum DatasetRepacker {
    /// `images` says what becomes of encoded images. `seed` shuffles the samples of each split, once. `progress` gets the part
    /// that is done, 0...1, from time to time.
    public static func repack(
        _ file: DatasetFile, to output: String, options: DatasetWriter.Options = DatasetWriter.Options(),
        images: ImageOptions = ImageOptions(), seed: UInt64? = nil, progress: (Double) -> Void = { _ in }
    ) throws -> ImportSummary {
        if images.parts == nil { try DatasetWriter.refuseExisting(output, options) }
        let splits = Split.allCases.compactMap { file.splits[$0] }
        if let several = splits.first(where: { !$0.further.isEmpty || !$0.heads.isEmpty }) {
            throw DatasetError(
                file: file.path, object: several.source.dataset.path,
                "only files with one input and one kind of targets are written anew",
                remedy: "name one of them with --images and --labels")
        }
        if splits.contains(where: \.isEncoded) {
            return try repackImages(file, splits, to: output, options, images, seed: seed, progress)
        }
        try images.requireUnused(by: "a file of pixels or features")
        let total = splits.reduce(0) { $0 + $1.count }
        if options.compression == nil {
            let bytes = splits.reduce(0) { $0 + $1.count * $1.specification.valueBytes }
            try DatasetWriter.requireRoom(for: bytes, at: output)
        }
        let partial = PartialFile(of: output)
        try partial.replaceOutput {
            let target = try HDF5File.create(partial.path)
            let attributes = target.root.attributes
            try attributes.set("format", DatasetFile.format)
            try attributes.set("version", DatasetFile.version)
            if let names = classNames(of: file) { try attributes.set("classes", names) }
            var done = 0
            for samples in splits {
                let statistics = try copy(samples, into: target.root, options, seed: seed) {
                    progress(Double(done + $0) / Double(total))
                }
                done += samples.count
                guard samples.split == .train, let statistics else { continue }
                try attributes.set("mean", statistics.mean)
                try attributes.set("std", statistics.standardDeviation)
            }
            try target.close()
        }
        return ImportSummary(
            output: output, source: file.path, shape: splits.first?.sample ?? [],
            classes: classNames(of: file) ?? ImportedDataset.numberedClasses(file.classes),
            splits: splits.map { ($0.split.rawValue, $0.count) })
    }

    /// Their number would follow from the largest label, which need not occur.
    private static func classNames(of file: DatasetFile) -> [String]? {
        if let names = file.classNames { return names }
        let samples = file.splits[.train] ?? file.splits.values.first
        guard let counts = samples?.classCounts, counts[file.classes - 1] == 0 else { return nil }
        return ImportedDataset.numberedClasses(file.classes)
    }

    /// As an import of image files. A file of grey images stays one.
    private static func repackImages(
        _ file: DatasetFile, _ splits: [SampleSet], to output: String, _ options: DatasetWriter.Options,
        _ images: ImageOptions, seed: UInt64?, _ progress: (Double) -> Void
    ) throws -> ImportSummary {
        var all = ImportOptions()
        (all.output, all.images) = (options, images)
        if splits.contains(where: { $0.source.decoding?.channels == 1 }) { all.images.isGrey = true }
        let dataset = ImportedDataset(
            classes: file.classNames ?? ImportedDataset.numberedClasses(file.classes),
            images: try splits.map { ImageSplit(name: $0.split.rawValue, files: try StoredImages($0, seed: seed)) },
            warnings: [])
        return try ImageSetWriter(dataset, output, all, ImportTeam(nil), source: file.path).write {
            progress($0.fraction)
        }
    }

    /// Mean and deviation of bytes; nil for other samples.
    private static func copy(
        _ samples: SampleSet, into root: Group, _ options: DatasetWriter.Options, seed: UInt64?,
        progress: (Int) -> Void
    ) throws -> ChannelStatistics? {
        if samples.source.form == .bytes {
            return try Copy<UInt8>(samples, in: root, options).run(seed: seed, progress)
        }
        if samples.source.holdsWideIntegers {
            return try Copy<Int32>(samples, in: root, options).run(seed: seed, progress)
        }
        return try Copy<Float>(samples, in: root, options).run(seed: seed, progress)
    }
}

/// The copy of one split, whose samples are stored as `Element`.
private struct Copy<Element: StorageElement> {
    private let samples: SampleSet
    private let values: Dataset
    private let labels: Dataset?
    private let targets: Dataset?
    private let blockCount: Int

    init(_ samples: SampleSet, in root: Group, _ options: DatasetWriter.Options) throws {
        self.samples = samples
        let shape = samples.sample
        let chunk = options.chunkCount(samples.count)
        values = try root.createDataset(
            "\(samples.split.rawValue)/\(shape.rank == 3 ? "images" : "features")",
            shape: Shape([samples.count] + shape.extents), of: Element.self,
            layout: chunk.map { .chunked(Shape([$0] + shape.extents), gzip: options.compression) } ?? .contiguous)
        var (labels, targets): (Dataset?, Dataset?) = (nil, nil)
        switch samples.targets {
        case .labels:
            labels = try root.createDataset(
                "\(samples.split.rawValue)/labels", shape: [samples.count], of: Int32.self)
        case .targets(_, let width):
            targets = try root.createDataset(
                "\(samples.split.rawValue)/targets", shape: [samples.count, width], of: Float.self)
        case .none: break
        }
        (self.labels, self.targets) = (labels, targets)
        // About 4 MiB, and whole chunks, so that none is compressed twice.
        let block = max(1, (4 << 20) / (shape.count * samples.source.form.size)).rounded(upToMultipleOf: chunk ?? 1)
        blockCount = min(block, samples.count)
    }

    func run(seed: UInt64?, _ progress: (Int) -> Void) throws -> ChannelStatistics? {
        var statistics =
            Element.self == UInt8.self ? ChannelStatistics(channels: samples.sample.extents.last ?? 1) : nil
        let reader = try seed.map { try shuffled($0) } ?? inOrder()
        defer { reader.stop() }
        var next = 0
        while let buffer = try reader.next() {
            let batch = buffer[0]
            let rows = next..<next + batch.count
            try write(batch, rows, &statistics)
            try labels?.write(rows: rows, from: batch.labels)
            try targets?.write(rows: rows, from: batch.targets)
            next = rows.upperBound
            reader.release(buffer)
            progress(next)
        }
        return statistics
    }

    private func inOrder(cache: SampleCache? = nil) -> BatchReader {
        let sampler = Sampler(samples, batch: blockCount, shards: 1, seed: nil)
        return BatchReader(samples, sampler: sampler, shards: 0..<1, caches: [cache].compactMap(\.self))
    }

    /// Samples that lie in chunks cannot be read one by one in any order: all of them are read into memory first.
    private func shuffled(_ seed: UInt64) throws -> BatchReader {
        var cache: SampleCache?
        if case .chunked = samples.source.access {
            let kept = SampleCache(samples)
            if let available = HostMemory.availableBytes, kept.byteCount > available {
                throw DatasetError(
                    file: samples.file, object: samples.source.dataset.path,
                    "it lies in chunks, and its \(Figures.bytes(kept.byteCount)) do not fit into memory, of which "
                        + "\(Figures.bytes(available)) are left",
                    remedy: "repack it without --shuffle first, and then the result with it")
            }
            let reader = inOrder(cache: kept)
            defer { reader.stop() }
            while let buffer = try reader.next() { reader.release(buffer) }
            cache = kept
        }
        let sampler = Sampler(count: samples.count, batch: blockCount, shards: 1, seed: seed)
        return BatchReader(samples, sampler: sampler, shards: 0..<1, caches: [cache].compactMap(\.self))
    }

    private func write(_ batch: ShardBatch, _ rows: Range<Int>, _ statistics: inout ChannelStatistics?) throws {
        let count = batch.count * samples.sample.count
        switch batch.values {
        case .bytes(let bytes):
            statistics?.add(UnsafeBufferPointer(start: bytes, count: count))
            try values.write(rows: rows, from: bytes)
        case .floats(let floats): try values.write(rows: rows, from: floats)
        }
    }
}

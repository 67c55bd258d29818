import Basics
import Datasets
import HDF5Storage
import ImportFormats
import ImportSources
import Transforms

/// A data set file of images, or one part of several, while it is written:
/// ```
/// /                 as all data set files, and: import (digest of the source and the options), digest (of the samples),
///                   part, parts, pixels (of train: how many mean and std are of)
/// /train/encoded    uint8 [bytes]: JPEG, PNG and WebP files, one after the other
/// /train/offsets    uint64 [N + 1]: where each begins
/// /train/images     uint8 [N, H, W, C] instead of both, if all have one size
/// /train/labels     int32 [N]
/// /train/files      strings [N]: the files' names in the source
/// /skipped/files    strings [M]: the files that were left out, and
/// /skipped/reasons  strings [M]: why
/// ```
final class ImageSetFile {
    /// The attribute that tells what a part was made from.
    static let identity = "import"

    private let file: HDF5File
    private let path: String
    private let options: ImportOptions
    private var split: SplitContent?
    private var statistics: ChannelStatistics
    private var skipped: [(file: String, reason: String)] = []
    private var counts = ImageCounts()
    /// Of each split: what `digest` is computed of.
    private var digested: [UInt8] = []

    init(
        _ path: String, _ dataset: ImportedDataset, _ options: ImportOptions, identity: String, part: Int,
        of parts: Int,
        source: String
    ) throws {
        self.path = path
        self.options = options
        statistics = ChannelStatistics(channels: options.images.channels)
        file = try HDF5File.create(path)
        let attributes = file.root.attributes
        try attributes.set("format", DatasetFile.format)
        try attributes.set("version", DatasetFile.version)
        try attributes.set("classes", dataset.classes)
        try attributes.set(Self.identity, identity)
        try attributes.set("part", part)
        try attributes.set("parts", parts)
    }

    /// The next batches are images of `split` from the index `first` on.
    func begin(_ split: ImageSplit, first: Int) throws {
        self.split = SplitContent(split, next: first, spool: try Spool(path + ".spool"))
    }

    func append(_ batch: PreparedBatch) throws {
        guard let split else { return }
        if let counts = batch.statistics { statistics.add(counts) }
        var (start, digest) = (0, 0)
        for outcome in batch.outcomes {
            let bytes = batch.bytes[start..<start + outcome.byteCount]
            start += outcome.byteCount
            let index = split.next
            split.next += 1
            guard let change = ImageChange(rawValue: outcome.code) else {
                try skip(split.images.files.name(index), reason: String(decoding: bytes, as: UTF8.self))
                continue
            }
            try split.spool.append(bytes)
            split.rows.append(Int32(index))
            split.offsets.append(UInt64(split.spool.count))
            counts.changes[change.rawValue] += 1
            digested += batch.digests[digest..<digest + 32]
            digest += 32
            withUnsafeBytes(of: split.images.files.label(index).littleEndian) { digested += $0 }
        }
    }

    private func skip(_ name: String, reason: String) throws(ImportError) {
        guard options.images.skipsBadImages else { throw .badImage(name, reason: reason) }
        skipped.append((name, reason))
    }

    /// Writes what was collected since `begin`. A split without images is left out. `beat` is called again and again.
    func endSplit(_ beat: () throws -> Void) throws {
        guard let split, !split.rows.isEmpty else { return }
        self.split = nil
        let (root, name, files) = (file.root, split.images.name, split.images.files)
        let rows = split.rows.map { Int($0) }
        if let size = options.images.size {
            let pixel: Shape = [size.height, size.width, options.images.channels]
            let chunk = options.output.chunkCount(rows.count)
            let images = try root.createDataset(
                "\(name)/images", shape: Shape([rows.count] + pixel.extents), of: UInt8.self,
                layout: chunk.map { .chunked(Shape([$0] + pixel.extents), gzip: options.output.compression) }
                    ?? .contiguous)
            try split.spool.copy(into: images, rowBytes: pixel.count, rowsTogether: chunk ?? 1, beat)
        } else {
            let encoded = try root.createDataset("\(name)/encoded", shape: [split.spool.count], of: UInt8.self)
            try split.spool.copy(into: encoded, rowBytes: 1, beat)
            try root.write("\(name)/offsets", shape: [rows.count + 1], split.offsets)
        }
        try root.write("\(name)/labels", shape: [rows.count], rows.map(files.label))
        try root.write("\(name)/files", strings: rows.map(files.name))
        counts.images.append((name, rows.count))
        counts.bytes += split.spool.count
    }

    /// Writes what is known at the end only, and closes the file.
    func finish() throws -> ImageCounts {
        guard counts.images.first?.name == "train" else { throw ImportError.noTrainImages }
        let attributes = file.root.attributes
        try attributes.set("mean", statistics.mean)
        try attributes.set("std", statistics.standardDeviation)
        try attributes.set("pixels", statistics.pixelCount)
        let digest = digested.withUnsafeBytes { SHA256.digest(of: $0) }
        try attributes.set("digest", digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        if !skipped.isEmpty {
            try file.root.write("skipped/files", strings: skipped.map(\.file))
            try file.root.write("skipped/reasons", strings: skipped.map(\.reason))
        }
        try file.close()
        counts.skipped = skipped
        return counts
    }

    /// A split of the file while it is collected.
    private final class SplitContent {
        let images: ImageSplit
        let spool: Spool
        /// The index of the image that comes next.
        var next: Int
        /// The images that are stored, by their index.
        var rows: [Int32] = []
        var offsets: [UInt64] = [0]

        init(_ images: ImageSplit, next: Int, spool: Spool) {
            (self.images, self.next, self.spool) = (images, next, spool)
        }
    }
}

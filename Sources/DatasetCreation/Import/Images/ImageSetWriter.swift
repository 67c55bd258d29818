import Basics
import Datasets
import HDF5Storage
import ImageCoding
import ImportFormats
import ImportSources
import MessagePassing
import Transforms

#if canImport(Glibc)
import Glibc
#endif

/// Writes image files into one data set file, or into parts (`ImageSetFile`), with all ranks.
///
/// A part has its share of each split, in the order of the source. All ranks walk through it together, a few images each at a
/// time: each rank prepares its own, and rank 0 writes them in their order. So the number of ranks changes no byte.
///
/// A part gets its name when it is whole. It says from which source and with which options it was made. An import that is
/// started again passes over the parts that are there.
final class ImageSetWriter {
    private let dataset: ImportedDataset
    private let output: String
    private let options: ImportOptions
    private let team: ImportTeam
    private let source: String
    private let names: PartNames
    private let preparer: ImagePreparer
    /// Images that a rank prepares at a time.
    private static let batch = 16

    init(
        _ dataset: ImportedDataset, _ output: String, _ options: ImportOptions, _ team: ImportTeam, source: String
    ) throws {
        self.dataset = dataset
        self.output = output
        self.options = options
        self.team = team
        self.source = source
        let train = dataset.images.first?.files.count ?? 0
        names = try PartNames(output, options.images.parts, images: train, bytes: Self.bytes(of: dataset.images))
        preparer = try ImagePreparer(options.images)
    }

    func write(progress: (ImportProgress) -> Void) throws -> ImportSummary {
        let identity = identity()
        try team.agree("the images to import, or how", identity)
        let isDone = try partsThatAreDone(identity)
        var summary = ImageCounts(parts: names.count, partsBefore: isDone.count { $0 })
        let total = dataset.images.reduce(0) { $0 + $1.files.count }
        var done = 0
        for part in 0..<names.count {
            let ranges = ranges(of: part)
            if !isDone[part] {
                let counts = try write(part, ranges, identity) { count in
                    progress(ImportProgress(done: done + count, total: total))
                }
                summary.add(counts)
            }
            done += ranges.reduce(0) { $0 + $1.count }
        }
        let shape = options.images.size.map { Shape([$0.height, $0.width, options.images.channels]) } ?? []
        return ImportSummary(dataset, shape: shape, source: source, output: names.pattern, images: summary)
    }

    /// The images of each split that a part has.
    private func ranges(of part: Int) -> [Range<Int>] {
        dataset.images.map { ShardPartition.part(part, of: names.count, total: $0.files.count) }
    }

    // MARK: One part

    /// On other ranks than the writer what is returned has no meaning.
    private func write(
        _ part: Int, _ ranges: [Range<Int>], _ identity: String, progress: (Int) -> Void
    ) throws -> ImageCounts {
        guard team.isWriter else {
            try collect(ranges, into: nil) { _ in }
            return ImageCounts()
        }
        let partial = PartialFile(of: names.path(part))
        partial.removeLeftovers()
        return try partial.replaceOutput {
            let file = try ImageSetFile(
                partial.path, dataset, options, identity: identity, part: part + 1, of: names.count, source: source)
            try collect(ranges, into: file, progress: progress)
            return try file.finish()
        }
    }

    /// Walks through the images of a part. Collective.
    private func collect(_ ranges: [Range<Int>], into file: ImageSetFile?, progress: (Int) -> Void) throws {
        var done = 0
        for (split, range) in zip(dataset.images, ranges) where !range.isEmpty {
            try file?.begin(split, first: range.lowerBound)
            let batches = Array(stride(from: range.lowerBound, to: range.upperBound, by: Self.batch))
            for first in stride(from: 0, to: batches.count, by: team.size) {
                let own = first + team.rank
                let start = own < batches.count ? batches[own] : range.upperBound
                let batch = try prepare(start..<min(start + Self.batch, range.upperBound), of: split)
                for batch in try team.gather(batch) {
                    try file?.append(batch)
                    done += batch.outcomes.count
                }
                progress(done)
            }
            try team.whileWriterWorks { beat in try file?.endSplit(beat) }
        }
    }

    private func prepare(_ range: Range<Int>, of split: ImageSplit) throws -> PreparedBatch {
        var batch = PreparedBatch()
        if split.name == "train" { batch.statistics = ChannelStatistics(channels: options.images.channels) }
        var file: [UInt8] = []
        for index in range {
            let start = batch.bytes.count
            var code = PreparedBatch.Outcome.bad
            if let reason = try split.files.read(index, into: &file) {
                batch.bytes += reason.utf8
            } else {
                do throws(ImageError) {
                    code = try preparer.prepare(file, into: &batch.bytes, &batch.statistics).rawValue
                    batch.bytes.withUnsafeBytes {
                        batch.digests += SHA256.digest(of: UnsafeRawBufferPointer(rebasing: $0[start...]))
                    }
                } catch {
                    batch.bytes.removeSubrange(start...)
                    batch.bytes += error.description.utf8
                }
            }
            batch.outcomes.append(PreparedBatch.Outcome(code: code, byteCount: batch.bytes.count - start))
        }
        return batch
    }

    // MARK: Before the first image

    /// A digest of all that decides about the bytes that are written.
    private func identity() -> String {
        var digest = Self.digest(
            "\(DatasetFile.version) \(options.images.signature) \(names.count) \(dataset.classes)", after: [])
        let chunks = options.output.imagesPerChunk ?? 0
        digest = Self.digest("\(chunks) \(options.output.compression ?? 0)", after: digest)
        for split in dataset.images {
            for start in stride(from: 0, to: split.files.count, by: 4096) {
                let rows = (start..<min(start + 4096, split.files.count)).map { index in
                    "\(split.files.name(index))\0\(split.files.size(index)) \(split.files.label(index))"
                }
                digest = Self.digest(split.name + "\0" + rows.joined(separator: "\0"), after: digest)
            }
        }
        return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func digest(_ text: String, after digest: [UInt8]) -> [UInt8] {
        (digest + text.utf8).withUnsafeBytes { SHA256.digest(of: $0) }
    }

    /// Which parts need not be written. What stands in the way, and a disk that is too small, is an error. Collective.
    private func partsThatAreDone(_ identity: String) throws -> [Bool] {
        var isDone = [UInt8](repeating: 0, count: names.count)
        if team.isWriter {
            try DatasetWriter.requireFolder(of: output)
            if let stranger = try names.strangers().first {
                throw ImportError.layout(
                    output,
                    reason:
                        "\(stranger) beside it is a part of another division; delete those parts, or choose another name"
                )
            }
            for part in 0..<names.count where !options.output.overwrite {
                isDone[part] = try isWhole(names.path(part), identity) ? 1 : 0
            }
            try requireRoom(isDone)
        }
        return try team.fromWriter(isDone).map { $0 == 1 }
    }

    /// Whether the part is there. Something else in its place is an error.
    private func isWhole(_ path: String, _ identity: String) throws -> Bool {
        guard access(path, F_OK) == 0 else { return false }
        guard options.images.parts != nil, let file = try? HDF5File.open(path),
            let found = try? file.root.attributes.string(ImageSetFile.identity)
        else { throw ImportError.outputExists(path) }
        guard found == identity else { throw ImportError.otherImport(path) }
        return true
    }

    /// A part lies on the disk twice for a moment. What images take when they are written anew is a guess.
    private func requireRoom(_ isDone: [UInt8]) throws {
        var (sum, largest) = (0, 0)
        for part in 0..<names.count where isDone[part] == 0 {
            let bytes = zip(dataset.images, ranges(of: part)).reduce(0) { sum, split in sum + need(split.0, split.1) }
            sum += bytes
            largest = max(largest, bytes)
        }
        try DatasetWriter.requireRoom(for: sum + largest, at: output)
    }

    private func need(_ split: ImageSplit, _ range: Range<Int>) -> Int {
        let images = options.images
        if let size = images.size { return range.count * size.width * size.height * images.channels }
        let bytes = range.reduce(0) { $0 + split.files.size($1) }
        return images.shortestSide.map { min(bytes, range.count * $0 * $0) } ?? bytes
    }

    private static func bytes(of splits: [ImageSplit]) -> Int {
        splits.reduce(0) { sum, split in (0..<split.files.count).reduce(sum) { $0 + split.files.size($1) } }
    }
}

import Basics

/// How fast samples come from a file into the memory a network takes them from: drawn, read, decoded and transformed by
/// the reader's threads, and normalised, with nobody to use them.
public struct PipelineRate: Sendable {
    public private(set) var samples = 0
    public private(set) var seconds = 0.0
    /// That all threads computed.
    public private(set) var processorSeconds = 0.0
    /// Of `seconds`: normalising.
    public private(set) var normalizing = 0.0
    /// Rows got from the file, those of chunks that were not drawn included.
    public private(set) var rowsRead = 0

    public var rowsReadPerSample: Double { Double(rowsRead) / Double(max(1, samples)) }
    public var samplesPerSecond: Double { Double(samples) / seconds }
    /// What one core would do.
    public var samplesPerProcessorSecond: Double { Double(samples) / processorSeconds }

    /// Goes through the data set, again and again, for about `limit` seconds.
    public static func measure(_ source: BatchSource, limit: Double) throws -> PipelineRate {
        let (sampler, pipeline) = (source.sampler, source.input)
        let largest = (0..<sampler.shards).map { sampler.largestCount(shard: $0) }.max() ?? 0
        let input = AlignedBuffer<Float>(count: largest * pipeline.output.shape.count)
        let reader = source.reader(shards: 0..<sampler.shards, epochs: .max)
        defer { reader.stop() }
        var rate = PipelineRate()
        let (start, computed) = (BootClock.now, BootClock.processorTime)
        while rate.seconds < limit, let buffer = try reader.next() {
            let begin = BootClock.now
            for shard in buffer.shards {
                pipeline.normalizer.normalize(buffer[shard].values, count: buffer[shard].count, into: input.baseAddress)
            }
            rate.normalizing += BootClock.seconds(since: begin)
            rate.samples += buffer.count
            rate.rowsRead += buffer.rowsRead
            reader.release(buffer)
            rate.seconds = BootClock.seconds(since: start)
        }
        rate.processorSeconds = Double(BootClock.processorTime - computed) / 1e9
        return rate
    }
}

/// How many rows are got from files for each sample that is used. Chunks are read as a whole, and one that serves samples
/// far apart in the order is read again.
public enum ReadAmplification {
    /// More than this is worth a warning.
    private static let usual = 1.5

    /// Warns of so many rows a sample; nil if they are usual.
    public static func warning(_ rowsPerSample: Double) -> String? {
        guard rowsPerSample > usual else { return nil }
        return .formatted(
            """
            %.2f rows were read for each sample used, since the file's chunks do not suit the shuffled order; store the \
            samples contiguous, or in smaller chunks
            """, rowsPerSample)
    }
}

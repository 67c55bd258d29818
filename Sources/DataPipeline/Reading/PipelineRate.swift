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
        while rate.seconds < limit, let slot = try reader.next() {
            let begin = BootClock.now
            for shard in slot.shards {
                pipeline.normalizer.normalize(slot[shard].values, count: slot[shard].count, into: input.baseAddress)
            }
            rate.normalizing += BootClock.seconds(since: begin)
            rate.samples += slot.count
            rate.rowsRead += slot.rowsRead
            reader.release(slot)
            rate.seconds = BootClock.seconds(since: start)
        }
        rate.processorSeconds = Double(BootClock.processorTime - computed) / 1e9
        return rate
    }
}

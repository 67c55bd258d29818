import Basics
import DataPipeline
import Execution
import Reduction

/// Measures the moving statistics of batch normalisation for weights that were never trained with: one pass over the samples of an
/// epoch, forward only, as they are read, augmented and dropped out in training. PyTorch's `update_bn` does so.
///
/// A statistic is the mean over all samples of what their shard (or batch, with `--batch-norm global`) has. Shards are added along the
/// tree, and steps in their order, so that it has the same bits on any number of ranks.
final class BatchStatistics {
    private let parts: RunParts
    private let step: TrainingStep
    /// The statistics in the arena.
    private let range: Range<Int>
    private let exchange: StatisticsExchange
    private let sums: AlignedBuffer<Double>

    init(_ parts: RunParts, _ step: TrainingStep) throws {
        self.parts = parts
        self.step = step
        let statistics = parts.replica.arena.slices.filter { $0.role == .statistic }
        range = (statistics.first?.offset ?? 0)..<(statistics.last?.range.upperBound ?? 0)
        exchange = try StatisticsExchange(parts.session.communicator, parts.session.partition, counts: [range.count])
        sums = AlignedBuffer(count: range.count)
    }

    /// Puts the statistics for the replica's weights into its arena. Answers where they lie. Collective.
    func measure(epoch: Int) throws -> Range<Int> {
        if range.isEmpty { return range }
        let (source, session, replica) = (parts.data.phase(ofEpoch: epoch).source, parts.session, parts.replica)
        let reader = source.reader(
            shards: session.shards, epoch: epoch, epochs: epoch + 1, stepsPerEpoch: parts.stepsPerEpoch)
        defer { reader.stop() }
        replica.weightsChanged()
        var samples = 0
        while let buffer = try session.communicator.watch.during(.reading, reader.next) {
            let batch = source.sampler.batch(of: buffer.step)
            try step.forward(buffer, batch: batch, step: epoch * parts.stepsPerEpoch + buffer.step, take)
            let step = try exchange.combine(.sum, count: range.count, segment: 0, batch: batch)
            for i in 0..<range.count { sums[i] += Double(step[i]) }
            samples += batch
            reader.release(buffer)
        }
        for i in 0..<range.count { replica.parameters[range.lowerBound + i] = Float(sums[i] / Double(samples)) }
        replica.weightsChanged()
        return range
    }

    private func take(_ shard: Int, _ gradients: AlignedBuffer<Float>, _ ranges: [Range<Int>]) {
        for part in ranges.map({ $0.clamped(to: range) }) where !part.isEmpty {
            let place = part.lowerBound - range.lowerBound..<part.upperBound - range.lowerBound
            exchange.set(gradients.baseAddress + part.lowerBound, to: place, count: range.count, shard: shard)
        }
    }
}

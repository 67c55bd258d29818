import Basics
import Datasets

/// Samples in memory, as they are before the first transform. They are read and decoded once, and kept for the epochs that
/// follow.
///
/// `condition` guards `states` and `values`. The bytes of a sample are written by the thread that has made it `.filling`.
/// Others read them once it is `.full`.
package final class SampleCache: @unchecked Sendable {
    private enum State: UInt8 { case empty, filling, full }

    private let condition = Condition()
    private let rows: RowSelection
    private let sampleBytes: Int
    private var states: [State]
    /// Allocated for the first sample: by then it is known that memory suffices.
    private var values: AlignedBuffer<UInt8>?

    /// For the samples of all epochs.
    package init(_ dataset: SampleSet) {
        rows = dataset.rowsOfAllEpochs
        sampleBytes = dataset.source.sampleBytes
        states = [State](repeating: .empty, count: rows.count)
    }

    /// The bytes that it takes once it is full.
    package var byteCount: Int {
        let (bytes, overflow) = rows.count.multipliedReportingOverflow(by: sampleBytes + 1)
        return overflow ? Int.max / 8 : bytes
    }

    /// Which of some draws it has no samples of. Those that it has stay.
    func missing(of draws: [Sampler.Draw], _ samples: SampleSet) -> [Int] {
        let numbers = draws.map { rows.sample(atRow: samples.rows[$0.sample]) }
        return condition.withLock { draws.indices.filter { states[numbers[$0]] != .full } }
    }

    /// Keeps those samples of a shard that were `missing`, and puts the others into their places in `shard`.
    func exchange(
        _ draws: [Sampler.Draw], of samples: SampleSet, _ missing: [Int], with shard: UnsafeMutablePointer<UInt8>
    ) {
        var rest = missing[...]
        for (place, draw) in draws.enumerated() {
            let number = rows.sample(atRow: samples.rows[draw.sample])
            let sample = shard + place * sampleBytes
            if rest.first == place {
                rest.removeFirst()
                keep(number, sample)
            } else if let kept = condition.withLock({ values }) {
                sample.update(from: kept.baseAddress + number * sampleBytes, count: sampleBytes)
            }
        }
    }

    /// Has it full of what `write` makes: floats of all samples, in their order. Before the first reader.
    func fill(_ write: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        let values = AlignedBuffer<UInt8>(count: rows.count * sampleBytes)
        try values.bytes.withMemoryRebound(to: Float.self) { try write($0) }
        condition.withLock {
            self.values = values
            for sample in states.indices { states[sample] = .full }
        }
    }

    /// Does nothing if another thread has kept the sample meanwhile.
    private func keep(_ number: Int, _ sample: UnsafePointer<UInt8>) {
        let values: AlignedBuffer<UInt8>? = condition.withLock {
            guard states[number] == .empty else { return nil }
            states[number] = .filling
            let values = self.values ?? AlignedBuffer(count: rows.count * sampleBytes)
            self.values = values
            return values
        }
        guard let values else { return }
        (values.baseAddress + number * sampleBytes).update(from: sample, count: sampleBytes)
        condition.withLock { states[number] = .full }
    }
}

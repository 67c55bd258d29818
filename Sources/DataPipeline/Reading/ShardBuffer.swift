import Basics
import Transforms
import Datasets

/// The memory of one shard's samples, with their targets: in a batch buffer, or between two transforms.
///
/// Not synchronised: one thread has it at a time.
final class ShardBuffer {
    var count = 0
    let values: AlignedBuffer<UInt8>
    /// Of each further input: in a batch buffer only, since transforms take the main one.
    let further: [AlignedBuffer<UInt8>]
    let furtherValues: [SampleValues]
    let labels: AlignedBuffer<Int32>
    let targets: AlignedBuffer<Float>
    let weights: AlignedBuffer<Float>
    let indices: AlignedBuffer<Int>

    /// Room for `capacity` samples of so many bytes and target values.
    init(capacity: Int, valueBytes: Int, targetWidth: Int, further sources: [SampleSource] = []) {
        values = AlignedBuffer(count: capacity * valueBytes)
        further = sources.map { AlignedBuffer(count: capacity * $0.sampleBytes) }
        furtherValues = zip(further, sources).map { SampleValues($0, as: $1.form) }
        labels = AlignedBuffer(count: capacity)
        targets = AlignedBuffer(count: capacity * targetWidth)
        weights = AlignedBuffer(count: capacity)
        indices = AlignedBuffer(count: capacity)
    }

    static func bytes(capacity: Int, valueBytes: Int, targetWidth: Int) -> Int {
        let sample =
            valueBytes + MemoryLayout<Int32>.stride + (targetWidth + 1) * MemoryLayout<Float>.stride
            + MemoryLayout<Int>.stride
        return capacity * sample
    }

    /// The values of all samples.
    func values(as form: SampleForm) -> SampleValues { SampleValues(values, as: form) }

    /// Takes over everything but the values of the first `count` samples, with `width` target values a sample.
    func take(_ count: Int, of other: ShardBuffer, targetWidth width: Int) {
        self.count = count
        labels.baseAddress.update(from: other.labels.baseAddress, count: count)
        targets.baseAddress.update(from: other.targets.baseAddress, count: count * width)
        weights.baseAddress.update(from: other.weights.baseAddress, count: count)
        indices.baseAddress.update(from: other.indices.baseAddress, count: count)
    }

    func setTargets(_ draws: [Sampler.Draw], of dataset: SampleSet) {
        for (i, draw) in draws.enumerated() {
            indices[i] = draw.sample
            weights[i] = dataset.weights?[draw.sample] ?? 1
            switch dataset.targets {
            case .labels(let all): labels[i] = all[draw.sample]
            case .targets(let all, let width):
                for k in 0..<width { targets[i * width + k] = all[draw.sample * width + k] }
            case .none: break
            }
        }
    }

    /// A network need not show such a value in its loss: a ReLU may turn it into zero. The weights never recover. `values` are those of
    /// the input that `dataset` has.
    func requireFinite(_ values: AlignedBuffer<UInt8>, of dataset: SampleSet) throws {
        let exponent: UInt32 = 0x7f80_0000
        let size = dataset.sample.count
        let places = 0..<count * size
        let bits = UnsafeRawPointer(values.baseAddress).assumingMemoryBound(to: UInt32.self)
        var found: UInt32 = 0
        for place in places { found |= bits[place] & exponent == exponent ? 1 : 0 }
        guard found > 0, let place = places.first(where: { bits[$0] & exponent == exponent }) else { return }
        let row = dataset.rows[indices[place / size]]
        throw DatasetError(
            file: dataset.file, object: dataset.source.dataset.path,
            "row \(row) has a value that is \(Float(bitPattern: bits[place]))",
            remedy: "repair the row, or leave it out")
    }
}

extension SampleValues {
    fileprivate init(_ values: AlignedBuffer<UInt8>, as form: SampleForm) {
        let raw = UnsafeRawPointer(values.baseAddress)
        self =
            switch form {
            case .bytes: .bytes(raw.assumingMemoryBound(to: UInt8.self))
            case .floats: .floats(raw.assumingMemoryBound(to: Float.self))
            }
    }
}

import Basics

/// One sample as a file has it, in memory: [H, W, C], or [F] for features.
public struct StoredSample: Sendable {
    public enum Values: Sendable {
        case bytes([UInt8])
        case floats([Float])
    }

    public let shape: Shape
    public let values: Values

    public init(_ values: Values, shape: Shape) {
        (self.values, self.shape) = (values, shape)
    }

    public var form: SampleSource.Form {
        if case .bytes = values { .bytes } else { .floats }
    }
}

extension Normalizer {
    public func normalize(_ sample: StoredSample, into output: UnsafeMutablePointer<Float>) {
        switch sample.values {
        case .bytes(let bytes):
            bytes.withUnsafeBufferPointer { buffer in
                if let start = buffer.baseAddress { normalize(.bytes(start), count: 1, into: output) }
            }
        case .floats(let floats):
            floats.withUnsafeBufferPointer { buffer in
                if let start = buffer.baseAddress { normalize(.floats(start), count: 1, into: output) }
            }
        }
    }
}

extension SampleSet {
    /// Reads one sample.
    public func storedSample(_ index: Int) throws -> StoredSample {
        guard (0..<count).contains(index) else {
            throw DatasetError(
                file: file, object: source.dataset.path, "there is no \(split.rawValue) sample \(index)",
                remedy: "its \(count) samples count from 0")
        }
        let one = self[index..<index + 1]
        let sampler = Sampler(one, batch: 1, shards: 1, seed: nil)
        let reader = BatchReader(one, sampler: sampler, shards: 0..<1, depth: 1)
        defer { reader.stop() }
        guard let slot = try reader.next() else { preconditionFailure("a reader of one sample reads it") }
        switch slot[0].values {
        case .bytes(let bytes):
            return StoredSample(.bytes(Array(UnsafeBufferPointer(start: bytes, count: sample.count))), shape: sample)
        case .floats(let floats):
            return StoredSample(.floats(Array(UnsafeBufferPointer(start: floats, count: sample.count))), shape: sample)
        }
    }
}

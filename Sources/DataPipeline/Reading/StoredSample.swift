import Basics
import Transforms
import Datasets

/// One sample as a file has it, in memory: [H, W, C], or [F] for features.
public struct StoredSample: Sendable {
    public enum Values: Sendable, Equatable {
        case bytes([UInt8])
        case floats([Float])
    }

    public let shape: Shape
    public let values: Values

    public init(_ values: Values, shape: Shape) {
        (self.values, self.shape) = (values, shape)
    }

    public var form: SampleForm {
        if case .bytes = values { .bytes } else { .floats }
    }
}

extension StoredSample {
    /// Without a target.
    public var specification: SampleSpecification { SampleSpecification(shape: shape, form: form) }

    /// Copies one of several samples.
    package init(_ samples: SampleValues, at index: Int = 0, shape: Shape) {
        let (first, count) = (index * shape.count, shape.count)
        switch samples {
        case .bytes(let bytes):
            self.init(.bytes(Array(UnsafeBufferPointer(start: bytes + first, count: count))), shape: shape)
        case .floats(let floats):
            self.init(.floats(Array(UnsafeBufferPointer(start: floats + first, count: count))), shape: shape)
        }
    }
}

extension TransformChain {
    /// What becomes of a sample alone, as the one that `draw` names in an epoch.
    public func apply(
        to sample: StoredSample, as draw: Sampler.Draw = Sampler.Draw(sample: 0, window: 0), epoch: Int = 0
    ) -> StoredSample {
        guard let transformer = ShardTransformer(self, capacity: 1) else { return sample }
        let stored = transformer.entrance
        let output = ShardBuffer(capacity: 1, valueBytes: self.output.valueBytes, targetWidth: self.output.targetWidth)
        // It is its own partner.
        stored.count = generations
        for copy in 0..<generations {
            let place = UnsafeMutableRawBufferPointer(rebasing: stored.values.bytes[(copy * input.valueBytes)...])
            switch sample.values {
            case .bytes(let bytes): bytes.withUnsafeBytes { place.copyMemory(from: $0) }
            case .floats(let floats): floats.withUnsafeBytes { place.copyMemory(from: $0) }
            }
        }
        transformer.run(Array(repeating: draw, count: generations), epoch: epoch, into: output)
        return StoredSample(output.values(as: self.output.form), shape: self.output.shape)
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
        guard let buffer = try reader.next() else { preconditionFailure("a reader of one sample reads it") }
        return StoredSample(buffer[0].values, shape: sample)
    }
}

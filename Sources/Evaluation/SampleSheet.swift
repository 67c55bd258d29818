import Basics
import DataPipeline
import Datasets
import Pictures
import Transforms

/// Samples as a network sees them before normalisation, drawn on one sheet with the names of their classes.
package struct SampleSheet {
    private let samples: SampleSet
    private let input: InputPipeline
    private let count: Int
    private let draws: Int
    private let seed: UInt64?

    /// `count` samples, each drawn so many times; with a seed they come from anywhere.
    package init(_ samples: SampleSet, _ input: InputPipeline, count: Int, draws: Int, seed: UInt64?) {
        (self.samples, self.input, self.count, self.seed) = (samples, input, count, seed)
        self.draws = min(draws, samples.count)
    }

    /// A row shows the draws of one sample.
    package func picture() throws -> Picture {
        Sheet(try tiles(), columns: draws > 1 ? draws : nil).picture
    }

    /// One batch, whose samples are repeated one after the other.
    private func tiles() throws -> [Sheet.Tile] {
        // Whole rows, as many as an epoch has.
        let batch = min(count, max(1, samples.count / draws)) * draws
        var tiles: [Sheet.Tile] = []
        let source = BatchSource(
            samples, input, batch: batch, shards: 1, seed: seed, repeats: draws)
        let reader = source.reader(shards: 0..<1, epochs: .max)
        defer { reader.stop() }
        while tiles.count < count * draws, let buffer = try reader.next() {
            let shard = buffer[0]
            // The rest of an epoch may be no whole row.
            let wanted = shard.count / draws * draws
            for i in 0..<min(wanted, count * draws - tiles.count) {
                let sample = StoredSample(shard.values, at: i, shape: input.transforms.output.shape)
                tiles.append(Sheet.Tile(try Picture(visible: sample), caption(shard, i)))
            }
            reader.release(buffer)
        }
        return tiles
    }

    /// The class, or the classes that were mixed.
    private func caption(_ shard: ShardBatch, _ index: Int) -> String {
        func name(_ label: Int) -> String {
            samples.classNames.flatMap { label < $0.count ? $0[label] : nil } ?? "\(label)"
        }
        switch input.output.targets {
        case .none: return "\(shard.indices[index])"
        case .label: return name(Int(shard.labels[index]))
        case .shares(let classes):
            let shares = (0..<classes).map { shard.targets[index * classes + $0] }
            let mixed = shares.indices.filter { shares[$0] >= 0.005 }.sorted { shares[$0] > shares[$1] }
            return mixed.map { "\(Int((100 * shares[$0]).rounded()))% \(name($0))" }.joined(separator: " ")
        case .values(let width):
            return (0..<width).map { Figures.decimal(Double(shard.targets[index * width + $0]), 2) }
                .joined(separator: " ")
        }
    }
}

extension Picture {
    /// A sample that is an image; floats from black, the smallest, to white, the largest.
    package init(_ sample: StoredSample) throws {
        let shape = sample.shape
        guard shape.rank == 3, [1, 3].contains(shape[2]) else {
            throw PictureError("a sample of \(shape) is no grey or coloured image")
        }
        switch sample.values {
        case .bytes(let bytes): self.init(width: shape[1], height: shape[0], channels: shape[2], bytes: bytes)
        case .floats(let floats):
            self.init(stretching: floats, width: shape[1], height: shape[0], channels: shape[2])
        }
    }
}

extension Picture {
    /// A sample with any number of channels: the first three, or the first.
    init(visible sample: StoredSample) throws {
        let channels = sample.shape[2]
        guard ![1, 3].contains(channels) else {
            try self.init(sample)
            return
        }
        let kept = channels > 3 ? 3 : 1
        let places = (0..<sample.shape[0] * sample.shape[1]).flatMap { pixel in
            (0..<kept).map { pixel * channels + $0 }
        }
        let values: StoredSample.Values =
            switch sample.values {
            case .bytes(let bytes): .bytes(places.map { bytes[$0] })
            case .floats(let floats): .floats(places.map { floats[$0] })
            }
        try self.init(StoredSample(values, shape: [sample.shape[0], sample.shape[1], kept]))
    }
}

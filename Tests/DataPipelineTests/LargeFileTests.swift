import Basics
import DataPipeline
import DataSummary
import Datasets
import HDF5Storage
import Testing

/// Files with more samples than 32 bits count. They are sparse: only what is written takes room on the disk.
@Suite struct LargeFileTests {
    private static let rows = 1 << 32 + 5

    private func file(_ scratch: Scratch) throws -> DatasetFile {
        try scratch.dataset { root in
            let images = try root.createDataset("train/images", shape: [Self.rows, 2, 1, 1], of: UInt8.self)
            try images.write(rows: Self.rows - 3..<Self.rows, from: [1, 2, 3, 4, 5, 6] as [UInt8])
        }
    }

    @Test func theLastSamplesAreReadAtTheirPlace() throws {
        let scratch = try Scratch()
        let train = try file(scratch).split(.train)
        #expect(train.count == Self.rows)
        let sampler = Sampler(train, batch: 1000, shards: 2, seed: nil)
        #expect(sampler.steps == 4_294_968)
        let reader = BatchReader(train, sampler: sampler, shards: 0..<2, step: sampler.steps - 1)
        let last = try #require(try drain(reader, elements: 2).last)
        #expect(last.shards.map(\.values.count).reduce(0, +) == 2 * (Self.rows % 1000))
        #expect(last.shards.last?.values.suffix(6) == [1, 2, 3, 4, 5, 6])
        #expect(last.shards.last?.indices.last == Self.rows - 1)
    }

    @Test func theyAreShuffledFromAllOfTheFile() throws {
        let sampler = Sampler(count: Self.rows, batch: 1000, shards: 8, seed: 1)
        let drawn = (0..<8).flatMap { sampler.indices(epoch: 0, step: sampler.steps - 2, shard: $0) }
        #expect(Set(drawn).count == 1000 && drawn.allSatisfy((0..<Self.rows).contains))
        let quarters = Dictionary(grouping: drawn) { $0 >> 30 }.mapValues(\.count)
        #expect((0..<4).allSatisfy { (quarters[$0] ?? 0) > 150 }, "\(quarters)")
    }

    @Test func theyAreInspectedAndHaveAFingerprint() throws {
        let scratch = try Scratch()
        let file = try file(scratch)
        let text = try DatasetInspection(file).description
        #expect(text.contains("train: 4294967301 samples of 2x1x1, uint8"), "\(text)")
        let data = try file.trainingData(.last(0.25))
        #expect(data.train.count + (data.validation?.count ?? 0) == Self.rows)
        #expect(data.validation?.rows == .run(3_221_225_475..<Self.rows))
    }

    /// Labels are in memory, whatever the file's size on the disk.
    @Test func labelsThatFitInNoMemoryAreRefused() throws {
        let scratch = try Scratch()
        let text = message {
            try scratch.dataset { root in
                for name in ["train/images", "train/labels"] {
                    let shape: Shape = name == "train/images" ? [1 << 40, 1] : [1 << 40]
                    let dataset = try root.createDataset(name, shape: shape, of: UInt8.self)
                    try dataset.write(rows: (1 << 40) - 1..<1 << 40, from: [1] as [UInt8])
                }
            }
        }
        #expect(text.contains("/train/labels: all of it takes 41943") && text.contains("MiB of memory"), "\(text)")
    }

    /// More than are read at a time, in one run and in chunks, of which one may be larger than what is read at a time.
    @Test(arguments: [
        DatasetLayout.contiguous, .chunked([300_000], gzip: 1), .chunked([(1 << 20) + 3], gzip: 1),
    ])
    func labelsAreReadInBlocks(layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let count = (1 << 20) + 3
        let labels = (0..<count).map { Int32($0 % 5) }
        let file = try scratch.dataset { root in
            try root.write("train/images", shape: [count, 1], [UInt8](repeating: 1, count: count))
            try root.write("train/labels", shape: [count], labels, layout: layout)
        }
        #expect(try file.split(.train).targets == .labels(labels))
    }
}

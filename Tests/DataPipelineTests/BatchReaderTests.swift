import DataPipeline
import Datasets
import Foundation
import HDF5Storage
import Basics
import Testing

@Suite struct BatchReaderTests {
    private let count = 53

    private func file(_ layout: DatasetLayout, floats: Bool = false, channelsFirst: Bool = false) throws -> (
        Scratch, DatasetFile
    ) {
        let scratch = try Scratch()
        let sample: Shape = [3, 5, 3]
        let shape: Shape = channelsFirst ? [count, 3, 3, 5] : [count, 3, 5, 3]
        let options = DatasetOptions(order: channelsFirst ? .nchw : .nhwc)
        let file = try scratch.dataset(options: options) { root in
            var values: [UInt8] = []
            for i in 0..<count {
                let image = pixels(of: i, sample)
                values +=
                    channelsFirst
                    ? (0..<45).map { image[$0 % 15 * 3 + $0 / 15] } : image
            }
            if floats {
                try root.write("train/images", shape: shape, values.map { Float($0) }, layout: layout)
            } else {
                try root.write("train/images", shape: shape, values, layout: layout)
            }
            try root.write("train/labels", shape: [count], (0..<count).map { Int64($0 % 6) })
        }
        return (scratch, file)
    }

    private func expected(_ sampler: Sampler, _ epoch: Int, _ step: Int, _ shards: Range<Int>) -> [[Int]] {
        shards.map { sampler.indices(epoch: epoch, step: step, shard: $0) }
    }

    private static let layouts: [(DatasetLayout, Bool, Bool)] = [
        (.contiguous, false, false), (.contiguous, true, false), (.contiguous, false, true), (.contiguous, true, true),
        (.chunked([8, 3, 5, 3], gzip: 4), false, false), (.chunked([8, 2, 3, 1]), true, false),
        (.chunked([53, 3, 3, 5]), false, true),
    ]

    @Test(arguments: 0..<7, [nil, 11] as [UInt64?])
    func readsWhatTheSamplerSays(layout: Int, seed: UInt64?) throws {
        let (storage, floats, channelsFirst) = Self.layouts[layout]
        let (scratch, file) = try file(storage, floats: floats, channelsFirst: channelsFirst)
        defer { withExtendedLifetime(scratch) {} }
        let dataset = try file.split(.train)
        let sampler = Sampler(dataset, batch: 16, shards: 8, seed: seed)
        for shards in [0..<8, 3..<6, 7..<8] {
            let reader = BatchReader(dataset, sampler: sampler, shards: shards, epochs: 2)
            let steps = try drain(reader, elements: 45)
            #expect(steps.map { [$0.epoch, $0.step] } == (0..<2).flatMap { e in (0..<4).map { [e, $0] } })
            for (epoch, step, parts) in steps {
                let indices = expected(sampler, epoch, step, shards)
                #expect(parts.map(\.indices) == indices)
                #expect(parts.map(\.labels) == indices.map { $0.map { Int32($0 % 6) } })
                #expect(
                    parts.map(\.values)
                        == indices.map { part in
                            part.flatMap { pixels(of: $0, [3, 5, 3]).map { Float($0) } }
                        })
            }
        }
    }

    @Test(arguments: [DatasetLayout.contiguous, .chunked([8, 3, 5, 3], gzip: 4)])
    func startsAnywhereAsIfItHadRunFromTheBeginning(layout: DatasetLayout) throws {
        let (scratch, file) = try file(layout)
        defer { withExtendedLifetime(scratch) {} }
        let dataset = try file.split(.train)
        let sampler = Sampler(dataset, batch: 16, shards: 3, seed: 2)
        let whole = try drain(BatchReader(dataset, sampler: sampler, shards: 0..<3, epochs: 3), elements: 45)
        for start in [1, 4, 7] {
            let reader = BatchReader(
                dataset, sampler: sampler, shards: 0..<3, epoch: start / 4, step: start % 4, epochs: 3)
            #expect(try drain(reader, elements: 45).map(\.shards) == whole[start...].map(\.shards))
        }
        let atTheEnd = BatchReader(dataset, sampler: sampler, shards: 0..<3, epoch: 0, step: 4, epochs: 2)
        #expect(try drain(atTheEnd, elements: 45).map(\.shards) == whole[4..<8].map(\.shards))
    }

    @Test(arguments: [DatasetLayout.contiguous, .chunked([8, 3, 5, 3], gzip: 4)])
    func readsTheTailThatValidationKeeps(layout: DatasetLayout) throws {
        let (scratch, file) = try file(layout)
        defer { withExtendedLifetime(scratch) {} }
        let tail = try #require(try file.trainingData(.last(0.4)).validation)
        let sampler = Sampler(tail, batch: 7, shards: 2, seed: nil)
        let steps = try drain(BatchReader(tail, sampler: sampler, shards: 0..<2), elements: 45)
        let read = steps.flatMap(\.shards)
        #expect(read.flatMap(\.indices).sorted() == Array(0..<tail.count))
        #expect(tail.rows == .run(31..<53))
        for part in read {
            #expect(part.values == part.indices.flatMap { pixels(of: $0 + 31, [3, 5, 3]).map { Float($0) } })
            #expect(part.labels == part.indices.map { Int32(($0 + 31) % 6) })
        }
    }

    @Test(arguments: [0..<8, 2..<5], [nil, 7] as [UInt64?])
    func chunksAreReadOnceAnEpochAndShard(shards: Range<Int>, seed: UInt64?) throws {
        let (scratch, file) = try file(.chunked([4, 3, 5, 3], gzip: 1))
        defer { withExtendedLifetime(scratch) {} }
        // The tail begins within a chunk.
        let tail = try #require(try file.trainingData(.last(0.8)).validation)
        let dataset = seed == nil ? tail : try file.split(.train)
        let sampler = Sampler(dataset, batch: 16, shards: 8, seed: seed)
        let bands = shards.map { shard in
            Set(
                (0..<sampler.steps).flatMap { sampler.indices(epoch: 0, step: $0, shard: shard) }
                    .map { dataset.rows[$0] / 4 })
        }
        let reader = BatchReader(dataset, sampler: sampler, shards: shards)
        var rows = 0
        while let buffer = try reader.next() {
            rows += buffer.rowsRead
            reader.release(buffer)
        }
        #expect(rows <= bands.reduce(0) { $0 + $1.count * 4 })
        #expect(rows >= bands.reduce(Set()) { $0.union($1) }.count * 4 - 3)
    }

    @Test func aLastStepSmallerThanTheShardsLeavesSomeEmpty() throws {
        let (scratch, file) = try file(.contiguous)
        defer { withExtendedLifetime(scratch) {} }
        let dataset = try file.split(.train)
        let sampler = Sampler(dataset, batch: 25, shards: 8, seed: 1)
        let steps = try drain(BatchReader(dataset, sampler: sampler, shards: 0..<8), elements: 45)
        #expect(steps.last?.shards.map(\.labels.count) == [1, 1, 1, 0, 0, 0, 0, 0])
    }

    @Test(arguments: [Float.nan, -.infinity], [DatasetLayout.contiguous, .chunked([8, 6])])
    func aValueThatIsNotFiniteIsNamedByItsRow(value: Float, layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            var features = (0..<120).map { Float($0) }
            features[17 * 6 + 5] = value
            try root.write("train/features", shape: [20, 6], features, layout: layout)
            try root.write("train/labels", shape: [20], (0..<20).map { Int64($0 % 2) })
        }
        let tail = try #require(try file.trainingData(.last(0.5)).validation)
        let sampler = Sampler(tail, batch: 4, shards: 2, seed: nil)
        let text = message { try drain(BatchReader(tail, sampler: sampler, shards: 0..<2), elements: 6) }
        #expect(text.contains("/train/features: row 17 has a value that is \(value)"))
    }

    @Test func aFileCutWhileInUseIsNoticed() throws {
        let (scratch, file) = try file(.contiguous)
        let dataset = try file.split(.train)
        let handle = try #require(FileHandle(forUpdatingAtPath: scratch.path + "/x.h5"))
        try handle.truncate(atOffset: 3000)
        let sampler = Sampler(dataset, batch: 16, shards: 1, seed: nil)
        let reader = BatchReader(dataset, sampler: sampler, shards: 0..<1)
        let text = message { try drain(reader, elements: 45) }
        #expect(text.contains("/train/images: the file ends within sample") && text.contains("x.h5"))
    }

    @Test func aReaderCanBeAbandoned() throws {
        let (scratch, file) = try file(.chunked([8, 3, 5, 3]))
        defer { withExtendedLifetime(scratch) {} }
        let dataset = try file.split(.train)
        let sampler = Sampler(dataset, batch: 8, shards: 4, seed: 1)
        let reader = BatchReader(dataset, sampler: sampler, shards: 1..<3, epochs: 1000)
        let buffer = try #require(try reader.next())
        #expect(buffer.count == 4 && buffer.waited >= 0)
        reader.stop()
        #expect(throws: Never.self) { try drain(reader, elements: 45).count < 4 }
    }
}

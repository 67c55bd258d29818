import Basics
import DataPipeline
import Datasets
import Transforms
import HDF5Storage
import ImageCoding
import Testing

/// Images that are stored as JPEG, PNG and WebP.
@Suite struct EncodedImageTests {
    /// The samples of all rows in the file's order.
    private func samples(_ dataset: SampleSet, threads: Int = 1) throws -> [[UInt8]] {
        let sampler = Sampler(dataset, batch: 4, shards: 2, seed: nil)
        let elements = dataset.sample.count
        let reader = BatchReader(dataset, sampler: sampler, shards: 0..<2, threads: threads)
        var samples = [[UInt8]](repeating: [], count: dataset.count)
        for part in try drain(reader, elements: elements).flatMap(\.shards) {
            for (i, index) in part.indices.enumerated() {
                samples[index] = part.values[i * elements..<(i + 1) * elements].map { UInt8($0) }
            }
        }
        return samples
    }

    /// `Golden/generate_encoded.py`
    @Test(arguments: [
        (24, 24, 0.875, ResamplingFilter.bilinear, 3), (16, 28, 1.0, .bicubic, 3), (20, 12, 0.5, .bilinear, 1),
    ])
    func becomeWhatPillowMakesOfThem(
        height: Int, width: Int, fraction: Double, filter: ResamplingFilter, channels: Int
    ) throws {
        let path = golden("encoded.h5")
        let crop = CenterCrop(height: height, width: width, fraction: fraction, filter: filter)
        let dataset = try DatasetFile.open(path).split(.train).decoded(ImageDecoding(crop, channels: channels))
        let expected = try HDF5File.open(path).root.dataset("expected-\(filter.rawValue)-\(height)x\(width)")
        #expect(dataset.count == 10 && dataset.sample == [height, width, channels])
        for (row, sample) in try samples(dataset).enumerated() {
            let wanted = try expected.read(rows: row..<row + 1, as: UInt8.self)
            let most = zip(sample, wanted).map { abs(Int($0) - Int($1)) }.max()
            #expect(sample.count == wanted.count && most.map { $0 <= 1 } ?? false, "row \(row): \(most ?? -1)")
        }
    }

    /// A copy of the golden file with its bytes in another layout, or with other bytes.
    private func copy(
        _ scratch: Scratch, _ name: String = "x.h5", layout: DatasetLayout = .contiguous, rows: Range<Int> = 0..<10,
        change: (inout [UInt8], inout [Int64]) -> Void = { _, _ in }
    ) throws -> DatasetFile {
        let root = try HDF5File.open(golden("encoded.h5")).root
        let all = try root.dataset("train/offsets").read(as: Int64.self)
        var bytes = try root.dataset("train/encoded").read(
            rows: Int(all[rows.lowerBound])..<Int(all[rows.upperBound]), as: UInt8.self)
        var offsets = all[rows.lowerBound...rows.upperBound].map { $0 - all[rows.lowerBound] }
        change(&bytes, &offsets)
        return try scratch.dataset(name) { root in
            try root.attributes.set("classes", ["a", "b"])
            try root.write("train/encoded", shape: [bytes.count], bytes, layout: layout)
            try root.write("train/offsets", shape: [offsets.count], offsets)
            try root.write("train/labels", shape: [rows.count], rows.map { Int64($0 % 2) })
        }
    }

    private let decoding = ImageDecoding(CenterCrop(height: 9, width: 12), channels: 3)

    /// Labels and bytes are those of the sampler's samples, in any layout, with any number of threads, in any order.
    @Test(
        arguments: [
            DatasetLayout.contiguous, .chunked([1000]), .chunked([700], gzip: 3),
        ], [nil, 4] as [UInt64?])
    func doNotDependOnLayoutAndThreads(layout: DatasetLayout, seed: UInt64?) throws {
        let scratch = try Scratch()
        let dataset = try copy(scratch, layout: layout).split(.train).decoded(decoding)
        let expected = try samples(DatasetFile.open(golden("encoded.h5")).split(.train).decoded(decoding))
        let sampler = Sampler(dataset, batch: 4, shards: 3, seed: seed)
        for (threads, shards) in [(1, 0..<3), (3, 0..<3), (2, 2..<3)] {
            let reader = BatchReader(dataset, sampler: sampler, shards: shards, epochs: 3, threads: threads)
            for (epoch, step, parts) in try drain(reader, elements: 9 * 12 * 3) {
                let indices = shards.map { sampler.indices(epoch: epoch, step: step, shard: $0) }
                #expect(parts.map(\.indices) == indices)
                #expect(parts.map(\.labels) == indices.map { $0.map { Int32($0 % 2) } })
                #expect(parts.map(\.values) == indices.map { $0.flatMap { expected[$0].map { Float($0) } } })
            }
        }
    }

    /// The largest image of all may fill a shard.
    @Test func imagesThatComeSeveralTimesHaveRoom() throws {
        let dataset = try DatasetFile.open(golden("encoded.h5")).split(.train).decoded(decoding)
        let expected = try samples(dataset)
        let sampler = Sampler(dataset, batch: 8, shards: 2, seed: 3, repeats: 4)
        let reader = BatchReader(dataset, sampler: sampler, shards: 0..<2, epochs: 20)
        for (_, _, parts) in try drain(reader, elements: 9 * 12 * 3) {
            for part in parts {
                #expect(part.values == part.indices.flatMap { expected[$0].map { Float($0) } })
            }
        }
        let chain = try TransformChain([], of: dataset, seed: 0)
        let once = Sampler(dataset, batch: 8, shards: 2, seed: 3)
        #expect(
            BatchReader.bytes(dataset, chain, sampler, shards: 0..<2)
                > BatchReader.bytes(dataset, chain, once, shards: 0..<2))
    }

    @Test func partFilesAreOneDataSet() throws {
        let scratch = try Scratch()
        for (number, rows) in [0..<4, 4..<5, 5..<10].enumerated() {
            _ = try copy(scratch, "t-\(number)-of-3.h5", rows: rows)
        }
        let whole = try copy(scratch, "whole.hdf5")
        let joined = try DatasetFile.open(scratch.path + "/t-*.h5")
        #expect(try joined.fingerprint() == whole.fingerprint())
        #expect(
            try samples(joined.split(.train).decoded(decoding))
                == samples(whole.split(.train).decoded(decoding), threads: 3))
        let tail = try #require(try joined.trainingData(.last(0.5)).validation).decoded(decoding)
        #expect(try samples(tail) == Array(samples(whole.split(.train).decoded(decoding))[5...]))
    }

    @Test func otherBytesAreAnotherFingerprint() throws {
        let scratch = try Scratch()
        let first = try copy(scratch).fingerprint()
        #expect(try copy(scratch) { bytes, _ in bytes[900] ^= 1 }.fingerprint() != first)
        #expect(try copy(scratch) { _, offsets in offsets[3] += 1 }.fingerprint() != first)
    }

    @Test(arguments: [1, 3])
    func aDamagedImageIsNamedByItsRow(threads: Int) throws {
        let scratch = try Scratch()
        let dataset = try copy(scratch) { bytes, offsets in
            for place in Int(offsets[6]) + 40..<Int(offsets[7]) { bytes[place] = 0 }
            for place in Int(offsets[8])..<Int(offsets[8]) + 4 { bytes[place] = 7 }
        }.split(.train).decoded(decoding)
        let text = message { try samples(dataset, threads: threads) }
        #expect(text.contains("x.h5: /train/encoded: row 6: it is"), "\(text)")
        #expect(text.contains("--on-bad-image skip"), "\(text)")
    }

    @Test(
        arguments: [
            ("no bytes: it goes from", 4, 2), ("ends at 9999999", 10, 9_999_999), ("begins before", 0, -1),
        ] as [(String, Int, Int64)])
    func placesAreChecked(words: String, index: Int, place: Int64) throws {
        let scratch = try Scratch()
        let text = message { try copy(scratch) { _, offsets in offsets[index] = place } }
        #expect(text.contains("x.h5: /train/offsets:") && text.contains(words), "\(text)")
    }

    @Test func bytesWithoutPlacesAreRefused() throws {
        let text = message {
            try Scratch().dataset { try $0.write("train/encoded", shape: [9], [UInt8](repeating: 1, count: 9)) }
        }
        #expect(text.contains("store the places in /train/offsets"), "\(text)")
    }

    /// Bytes that are images already are resized by the same stage.
    @Test func rawImagesAreResizedToo() throws {
        let scratch = try Scratch()
        let shape: Shape = [20, 30, 3]
        let raw = try scratch.dataset { root in
            try root.write("train/images", shape: [2, 20, 30, 3], (0..<2).flatMap { pixels(of: $0, shape) })
        }.split(.train).decoded(decoding)
        let crop = decoding.plan.crop(
            of: PixelSize(width: 30, height: 20), random: CounterRandom(seed: 0, purpose: .augmentation))
        let expected = (0..<2).map { row in
            var output = [UInt8](repeating: 0, count: 9 * 12 * 3)
            let image = pixels(of: row, shape)
            image.withUnsafeBufferPointer { input in
                guard let base = input.baseAddress else { return }
                let view = PixelView(
                    base: base, rowBytes: 90, channels: 3,
                    region: PixelRect(PixelSize(width: 30, height: 20)), imageSize: PixelSize(width: 30, height: 20))
                Resampler().resize(view, crop.box, to: PixelSize(width: 12, height: 9), crop.filter, into: &output)
            }
            return output
        }
        #expect(try samples(raw) == expected)
    }
}

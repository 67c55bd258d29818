import Basics
import DataPipeline
import DataSummary
import Datasets
import Transforms
import HDF5Storage
import ImageCoding
import Testing

private struct CropAtRandom: CropPlan {
    let size = PixelSize(width: 12, height: 9)
    let description = "crop-at-random"
    var inEvaluation: any CropPlan { CenterCrop(height: 9, width: 12) }

    func crop(of image: PixelSize, random: CounterRandom) -> ImageCrop {
        inEvaluation.crop(of: image, random: random)
    }
}

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

    @Test(arguments: [1, 3], [DatasetLayout.contiguous, .chunked([700], gzip: 3)])
    func imagesStayInMemory(threads: Int, layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let file = try copy(scratch, layout: layout)
        for rule in [ValidationRule.none, .redrawn(0.3), .fold(try #require(Fold("2/3")))] {
            try requireThatSamplesStay(file.trainingData(rule, seed: 2).train.decoded(decoding), threads: threads)
        }
    }

    @Test(arguments: [1, 3], [DatasetLayout.contiguous, .chunked([3, 9, 12, 3])])
    func pixelsStayInMemory(threads: Int, layout: DatasetLayout) throws {
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            let shape: Shape = [9, 12, 3]
            try root.write(
                "train/images", shape: [10, 9, 12, 3], (0..<10).flatMap { pixels(of: $0, shape) }, layout: layout)
            try root.write("train/labels", shape: [10], (0..<10).map { Int32($0 % 2) })
        }
        for rule in [ValidationRule.none, .stratified(0.3)] {
            try requireThatSamplesStay(file.trainingData(rule, seed: 2).train, threads: threads)
        }
    }

    /// What comes from memory is what was decoded. Only what no reader has read before is read.
    private func requireThatSamplesStay(_ train: SampleSet, threads: Int) throws {
        var source = BatchSource(
            train, try InputPipeline(TransformChain([], of: train, seed: 0), .unit, further: []), batch: 6, shards: 3,
            seed: 3)
        source.readers = threads
        let elements = train.sample.count
        let expected = try drain(source.reader(shards: 0..<3, epochs: 4), elements: elements)
        let usual = source.readerBytes(shards: 0..<3)
        try source.keepSamples()
        #expect(source.readerBytes(shards: 0..<3) == usual && source.keptBytes >= train.count * elements)
        // Another rank would have read the other shards: some of their samples come to this one later.
        let mine = try drain(source.reader(shards: 1..<2, epochs: 4), elements: elements)
        #expect(mine.map { $0.shards[0] } == expected.map { $0.shards[1] })
        let kept = try drain(source.reader(shards: 0..<3, epochs: 4), elements: elements)
        #expect(kept.map(\.shards) == expected.map(\.shards))
        let reader = source.reader(shards: 0..<3, epochs: 4)
        while let buffer = try reader.next() {
            #expect(buffer.rowsRead == 0)
            reader.release(buffer)
        }
    }

    @Test func imagesThatAreCroppedAtRandomCannotStay() throws {
        let scratch = try Scratch()
        let train = try copy(scratch).split(.train).decoded(ImageDecoding(CropAtRandom(), channels: 3))
        var source = BatchSource(
            train, try InputPipeline(TransformChain([], of: train, seed: 0), .unit, further: []), batch: 4, shards: 2,
            seed: 3)
        let text = message { try source.keepSamples() }
        #expect(text.contains("cropped anew in each epoch") && text.contains("leave out --cache ram"), "\(text)")
    }

    /// `Golden/Foreign/generate.py`: the same images as lists of bytes.
    @Test(arguments: [1, 3])
    func mayBeListsOfBytes(threads: Int) throws {
        let file = try DatasetFile.open(golden("Foreign/variable-length.h5"))
        let expected = try DatasetFile.open(golden("encoded.h5")).split(.train).decoded(decoding)
        let train = try file.split(.train).decoded(decoding)
        #expect(train.isEncoded && train.source.access == .byRow && train.classes == 2)
        #expect(try samples(train, threads: threads) == samples(expected))
        let tail = try #require(try file.trainingData(.last(0.3)).validation).decoded(decoding)
        #expect(try samples(tail, threads: threads) == Array(samples(expected)[7...]))
        #expect(file.notes.contains { $0.contains("/train/images are lists of bytes") }, "\(file.notes)")
        let gap = message { try DatasetFile.open(golden("Foreign/variable-length-gap.h5")) }
        #expect(gap.contains("/train/images: the image of row 9 has no bytes; write it"), "\(gap)")
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

    /// A look at a file tells of them; a run ends before its first step.
    @Test func damagedImagesAreCounted() throws {
        let scratch = try Scratch()
        let file = try copy(scratch) { bytes, offsets in
            for row in [2, 7, 8] { for place in 0..<4 { bytes[Int(offsets[row]) + place] = 7 } }
        }
        for summary in [try DatasetSummary(of: file), try DatasetSummary(sampling: file, countsDamaged: true)] {
            let statistics = summary.splits[0].statistics
            #expect(statistics.samples == 7 && statistics.damaged.count == 3 && statistics.damaged.first == 2)
            let warning = try #require(summary.warnings(for: nil).first)
            #expect(
                warning.hasPrefix("3 of the train images cannot be decoded: number 2, and others: "), "\(warning)")
            #expect(warning.contains("/train/encoded: row 2: "), "\(warning)")
        }
        #expect(message { try DatasetSummary(sampling: file) }.contains("/train/encoded: row 2: "))
        #expect(try DatasetInspection(file).description.contains("warning: 3 of the train images cannot be decoded"))
        let json = try DatasetSummary(of: file).json(warnings: []).text()
        #expect(json.contains("\"damaged\":3") && json.contains("\"encoded\":true"), "\(json)")
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

import Basics
import DataPipeline
import DataSummary
import Datasets
import Foundation
import HDF5Storage
import Testing
import Transforms

/// Samples of several inputs, one data set each.
@Suite struct FurtherInputTests {
    private static let demands = [
        InputDemand(name: "table", path: nil, shape: [2], isMain: false),
        InputDemand(name: "photo", path: nil, shape: [3, 2, 1], isMain: true),
        InputDemand(name: "age", path: nil, shape: [1], isMain: false),
    ]
    private static let count = 23

    private func options(_ inputs: [InputDemand] = demands) -> DatasetOptions {
        var options = DatasetOptions()
        options.inputs = inputs
        return options
    }

    /// Sample n has pixels of n, and the numbers n, n + 0.5 and -n. `chunks`: rows of those of photos and tables, or none. A `bad`
    /// number stands in row 3 of the tables.
    private func write(
        _ root: Group, _ split: String = "train", count: Int = count, first: Int = 0, chunks: [Int]? = nil,
        ages: Int? = nil, bad: Float? = nil
    ) throws {
        let rows = first..<first + count
        let layout = { (number: Int, sample: [Int]) -> DatasetLayout in
            chunks.map { .chunked(Shape([$0[number]] + sample)) } ?? .contiguous
        }
        try root.write(
            "\(split)/photo", shape: [count, 3, 2, 1], rows.flatMap { [UInt8](repeating: UInt8($0), count: 6) },
            layout: layout(0, [3, 2, 1]))
        var tables = rows.flatMap { [Float($0), Float($0) + 0.5] }
        if let bad { tables[6] = bad }
        try root.write("\(split)/table", shape: [count, 2], tables, layout: layout(1, [2]))
        let ages = ages ?? count
        if ages > 0 { try root.write("\(split)/age", shape: [ages], rows.prefix(ages).map { -Int32($0) }) }
        try root.write("\(split)/labels", shape: [count], rows.map { Int32($0 % 3) })
    }

    /// What the trainer gets in two epochs: of each sample its row, pixels, and numbers.
    private func read(_ set: SampleSet, threads: Int = 1, seed: UInt64? = 1, keeps: Bool = false) throws -> [[Float]] {
        var source = BatchSource(
            set, try InputPipeline(TransformChain(of: set), .unit, further: set.further), batch: 8, shards: 3,
            seed: seed)
        source.readers = threads
        if keeps { try source.keepSamples() }
        let reader = source.reader(shards: 0..<3, epochs: 2)
        defer { reader.stop() }
        var rows: [[Float]] = []
        while let buffer = try reader.next() {
            for shard in 0..<3 {
                let batch = buffer[shard]
                guard case .bytes(let pixels) = batch.values, case .floats(let table) = batch.further[0],
                    case .floats(let ages) = batch.further[1]
                else { throw StoredKind() }
                for sample in 0..<batch.count {
                    rows.append([
                        Float(batch.row(sample)), Float(pixels[6 * sample + 5]), table[2 * sample],
                        table[2 * sample + 1], ages[sample],
                    ])
                }
            }
            reader.release(buffer)
        }
        return rows
    }

    private struct StoredKind: Error {}

    @Test func areFoundByName() throws {
        let scratch = try Scratch()
        let file = try scratch.dataset(options: options()) { root in
            try write(root)
            try write(root, "test", count: 2, first: 9)
        }
        let train = try file.split(.train)
        #expect(train.source.dataset.path == "/train/photo" && train.sample == [3, 2, 1])
        #expect(train.further.map(\.name) == ["table", "age"])
        #expect(train.further.map { $0.source.sample } == [[2], [1]])
        #expect(file.unused.isEmpty)
        #expect(try read(file.split(.test), seed: nil).first == [0, 9, 9, 9.5, -9])
    }

    /// The reader would need partners of every input.
    @Test func areNotMixed() throws {
        let scratch = try Scratch()
        let set = try scratch.dataset(options: options()) { try write($0) }.split(.train)
        let chain = try TransformChain(
            AugmentationList(parsing: "flip, mixup", option: "augment").transforms, of: set, seed: 0)
        #expect(
            message { try InputPipeline(chain, .unit, further: set.further) }
                .contains("those of several inputs are not mixed"))
        _ = try InputPipeline(chain, .unit, further: [])
    }

    /// The same samples, whatever the storage, the threads, and what memory keeps; each row once an epoch.
    @Test(arguments: [nil, [4, 4], [4, 7], [1, 23]] as [[Int]?])
    func areOfTheSameRow(_ chunks: [Int]?) throws {
        let scratch = try Scratch()
        let set = try scratch.dataset(options: options()) { try write($0, chunks: chunks) }.split(.train)
        let expected = try read(set)
        for row in expected { #expect(row[1...] == [row[0], row[0], row[0] + 0.5, -row[0]]) }
        for epoch in 0..<2 {
            let part = expected[epoch * Self.count..<(epoch + 1) * Self.count]
            #expect(part.map { Int($0[0]) }.sorted() == Array(0..<Self.count))
        }
        for threads in [1, 3] {
            for keeps in [false, true] {
                #expect(try read(set, threads: threads, keeps: keeps) == expected)
            }
        }
        // A part of the rows.
        let part = set[5..<12]
        #expect(Set(try read(part).map { $0[0] }) == Set((5..<12).map { Float($0) }))
        for row in try read(part) { #expect(row[1...] == [row[0], row[0], row[0] + 0.5, -row[0]]) }
    }

    @Test func mayLieInParts() throws {
        let (scratch, other) = (try Scratch(), try Scratch())
        let whole = try other.dataset(options: options()) { try write($0) }
        for (name, rows) in [("a.h5", 0..<10), ("b.h5", 10..<23)] {
            _ = try scratch.dataset(name, options: options()) { root in
                try write(root, count: rows.count, first: rows.lowerBound)
            }
        }
        let parts = try DatasetFile.open(scratch.path, options: options())
        #expect(try read(parts.split(.train)) == read(whole.split(.train)))
        #expect(try parts.fingerprint() == whole.fingerprint())
    }

    @Test func areNamed() throws {
        let inputs = [
            InputDemand(name: "left", path: "train/photo", shape: [3, 2, 1], isMain: true),
            InputDemand(name: "right", path: "train/photo", shape: [3, 2, 1], isMain: false),
        ]
        let file = try Scratch().dataset(options: options(inputs)) { root in
            try write(root)
            try write(root, "validation", count: 1)
        }
        for split in [Split.train, .validation] {
            #expect(try file.split(split).further[0].source.dataset.path == "/\(split.rawValue)/photo")
        }
    }

    /// The fingerprint is also of further inputs.
    @Test func countInTheFingerprint() throws {
        let files = try [Float(1), 2].map { value in
            try Scratch().dataset(options: options()) { try write($0, bad: value) }.fingerprint()
        }
        #expect(files[0] != files[1])
    }

    /// Images of the main input's shape follow its rule; others are bytes by 255, or unchanged.
    @Test func haveRules() throws {
        let inputs = [
            InputDemand(name: "photo", path: nil, shape: [3, 2, 1], isMain: true),
            InputDemand(name: "other", path: "train/photo", shape: [3, 2, 1], isMain: false),
            InputDemand(name: "scaled", path: "train/photo", shape: [3, 2, 1], isMain: false, isPrepared: true),
            InputDemand(name: "age", path: nil, shape: [1], isMain: false),
            InputDemand(name: "level", path: nil, shape: [1], isMain: false),
        ]
        let set = try Scratch().dataset(options: options(inputs)) { root in
            try write(root)
            try root.write("train/level", shape: [Self.count], [UInt8](repeating: 3, count: Self.count))
        }.split(.train)
        let (bytes, rule) = (set.specification, Normalization.preprocessed(.tf))
        #expect(
            set.further.map { $0.normalization(like: rule, of: bytes) } == [rule, .unchanged, .unchanged, .unit])
        // Not those of other channels, or other numbers, or where the rule has one number for each of other pixels.
        let photo = set.further[0]
        let colours = SampleSpecification(shape: [3, 2, 3], form: .bytes)
        let floats = SampleSpecification(shape: [3, 2, 1], form: .floats)
        let pixels = Normalization.standardized(mean: [1, 2], deviation: [1, 1])
        for (rule, main) in [(rule, colours), (rule, floats), (pixels, bytes)] {
            #expect(photo.normalization(like: rule, of: main) == .unit)
        }
    }

    @Test func whatIsMissingIsNamed() throws {
        #expect(
            message {
                try Scratch().dataset(options: options()) { root in
                    try write(root, ages: 0)
                }
            }.contains("no train samples for the input age"))
        #expect(
            message {
                try Scratch().dataset(options: options()) { root in
                    try write(root, ages: 2)
                }
            }.contains("/train/age: it has 2 rows, but the main input has 23"))
        let scratch = try Scratch()
        let damaged = try scratch.dataset(options: options()) { try write($0, bad: .nan) }
        #expect(
            message { try read(damaged.split(.train)) }.contains("/train/table: row 3 has a value that is nan"))
        let twins = [
            InputDemand(name: "left", path: "train/a/x", shape: [2], isMain: true),
            InputDemand(name: "right", path: "train/b/x", shape: [2], isMain: false),
        ]
        #expect(
            message {
                try Scratch().dataset(options: options(twins)) { root in
                    for path in ["train/a/x", "train/b/x", "test/x"] {
                        try root.write(path, shape: [1, 2], [Float(1), 2])
                    }
                }
            }.contains("left and right would both take"))
    }

    /// A small input in one chunk leaves the bands of a large one as they are.
    @Test func aSmallInputInOneChunkMakesNoLargeBands() throws {
        let (count, pixels) = (70, 1 << 20)
        let inputs = [
            InputDemand(name: "photo", path: nil, shape: [1024, 1024, 1], isMain: true),
            InputDemand(name: "age", path: nil, shape: [1], isMain: false),
        ]
        let scratch = try Scratch()
        let set = try scratch.dataset(options: options(inputs)) { root in
            let photos = [UInt8](unsafeUninitializedCapacity: count * pixels) { buffer, filled in
                for row in 0..<count { buffer[row * pixels..<(row + 1) * pixels].update(repeating: UInt8(row)) }
                filled = count * pixels
            }
            try root.write(
                "train/photo", shape: [count, 1024, 1024, 1], photos, layout: .chunked([4, 1024, 1024, 1]))
            try root.write("train/age", shape: [count], (0..<count).map { Float($0) }, layout: .chunked([count]))
            try root.write("train/labels", shape: [count], [Int32](repeating: 0, count: count))
        }.split(.train)
        let source = BatchSource(
            set, try InputPipeline(TransformChain(of: set), .unit, further: set.further), batch: 8, shards: 2, seed: 3)
        #expect(source.sampler.bands?.rows == 4)
        let reader = source.reader(shards: 0..<2, epochs: 1)
        defer { reader.stop() }
        var rows = Set<Int>()
        while let buffer = try reader.next() {
            for shard in 0..<2 {
                guard case .bytes(let photos) = buffer[shard].values, case .floats(let ages) = buffer[shard].further[0]
                else { throw StoredKind() }
                for sample in 0..<buffer[shard].count {
                    #expect(Float(photos[sample * pixels]) == ages[sample])
                    rows.insert(Int(ages[sample]))
                }
            }
            reader.release(buffer)
        }
        #expect(rows == Set(0..<count))
    }

    /// Wider integers follow no rule of bytes or floats.
    @Test func otherNumbersDoNotFollowTheMainInput() throws {
        let inputs = [
            InputDemand(name: "photo", path: nil, shape: [3, 2, 1], isMain: true),
            InputDemand(name: "depth", path: nil, shape: [3, 2, 1], isMain: false),
            InputDemand(name: "twin", path: nil, shape: [3, 2, 1], isMain: false),
        ]
        let set = try Scratch().dataset(options: options(inputs)) { root in
            for name in ["photo", "twin"] {
                try root.write("train/\(name)", shape: [4, 3, 2, 1], [Float](repeating: 0.5, count: 24))
            }
            try root.write("train/depth", shape: [4, 3, 2, 1], [Int32](repeating: 900, count: 24))
            try root.write("train/labels", shape: [4], [Int32](repeating: 0, count: 4))
        }.split(.train)
        let rule = Normalization.standardized(mean: [0.5], deviation: [2])
        #expect(set.further.map { $0.normalization(like: rule, of: set.specification) } == [.unchanged, rule])
    }

    /// What is measured of the main input reads no other: a number that is none stands in row 3 of the tables.
    @Test func areNotReadForTheMainInputsMoments() throws {
        let scratch = try Scratch()
        let set = try scratch.dataset(options: options()) { try write($0, bad: .nan) }.split(.train)
        #expect(
            try SampleMoments(of: set).standardization(by: .all, over: 1)
                == .standardized(mean: [11], deviation: [1]))
    }

    @Test func twoInputsAreNotFoundAsOne() throws {
        let inputs = [
            InputDemand(name: "photo", path: nil, shape: [3, 2, 1], isMain: true),
            InputDemand(name: "Photo", path: nil, shape: [3, 2, 1], isMain: false),
        ]
        #expect(
            message { try Scratch().dataset(options: options(inputs)) { try write($0) } }.contains(
                "/train/photo: the inputs photo and Photo would both take their train samples from it"))
    }

    /// Where no model says which input is the main one, it is the first that is an image.
    @Test func theMainInputIsAnImage() throws {
        let inputs = ["table", "photo", "age"].enumerated().map {
            InputDemand(name: $1, path: "train/\($1)", isMain: $0 == 0)
        }
        var options = options(inputs)
        options.order = .nhwc
        let set = try Scratch().dataset(options: options) { try write($0) }.split(.train)
        #expect(set.sample == [3, 2, 1] && set.further.map(\.name) == ["table", "age"])
    }

    @Test func imagesOfTwoInputsHaveOffsetsOfTheirOwn() throws {
        let encoded = try HDF5File.open(golden("encoded.h5")).root
        let bytes = try encoded.dataset("train/encoded").read(as: UInt8.self)
        let offsets = try encoded.dataset("train/offsets").read(as: Int64.self)
        let inputs = ["left", "right"].enumerated().map {
            InputDemand(name: $1, path: nil, shape: [8, 8, 3], isMain: $0 == 0)
        }
        func open(_ names: [String]) throws -> DatasetFile {
            try Scratch().dataset(options: options(inputs)) { root in
                for name in ["left", "right"] { try root.write("train/\(name)", shape: [bytes.count], bytes) }
                for name in names { try root.write("train/\(name)", shape: [offsets.count], offsets) }
                try root.write("train/labels", shape: [offsets.count - 1], offsets.dropLast().map { _ in Int32(0) })
            }
        }
        #expect(message { try open(["offsets"]) }.contains("store the places of its images in /train/right_offsets"))
        for names in [["left_offsets", "right_offsets"], ["offsets", "right_offsets"]] {
            let file = try open(names)
            #expect(file.unused.isEmpty)
            #expect(try file.split(.train).sources.map(\.parts.rows) == [offsets.count - 1, offsets.count - 1])
        }
    }

    /// Readers that begin later would take the bytes of another file from where they lay in the first.
    @Test func areWatched() throws {
        let scratch = try Scratch()
        func write(_ name: String, before: Int) throws -> DatasetFile {
            try scratch.dataset(name, options: options()) { root in
                try root.write("train/photo", shape: [4, 3, 2, 1], [UInt8](0..<24))
                if before > 0 { try root.write("notes", shape: [before], [UInt8](repeating: 1, count: before)) }
                try root.write("train/table", shape: [4, 2], (0..<8).map { Float($0) })
                try root.write("train/age", shape: [4], (0..<4).map { Int32($0) })
            }
        }
        let file = try write("x.h5", before: 0)
        let watch = DatasetWatch(file, try file.fingerprint())
        let moved = try write("moved.h5", before: 100)
        #expect(try moved.fingerprint() == file.fingerprint())
        try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/moved.h5"))
            .write(to: URL(fileURLWithPath: scratch.path + "/x.h5"), options: .atomic)
        #expect(message { try watch.check() }.contains("x.h5: it was changed while the run read it"))
    }
}

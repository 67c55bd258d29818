import Basics
import DataPipeline
import Datasets
import HDF5Storage
import Testing

/// What is kept back for validation, and that readers find it.
@Suite struct ValidationTests {
    /// Feature and label of row i are i and its class: class 0 has half of the rows, class 1 a third, class 2 a sixth but
    /// for the last row, which is the only one of class 3.
    private func file(
        _ scratch: Scratch, rows: Int = 60, layout: DatasetLayout = .contiguous, validation: Bool = false
    ) throws -> DatasetFile {
        try scratch.dataset { root in
            try root.write("train/features", shape: [rows, 1], (0..<rows).map { Float($0) }, layout: layout)
            try root.write("train/labels", shape: [rows], (0..<rows).map { self.label($0, of: rows) })
            guard validation else { return }
            try root.write("validation/features", shape: [2, 1], [Float(0), 1])
            try root.write("validation/labels", shape: [2], [Int32(0), 1])
        }
    }

    private func label(_ row: Int, of rows: Int) -> Int32 { row == rows - 1 ? 3 : [0, 1, 0, 1, 0, 2][row % 6] }

    private func rows(_ samples: SampleSet) -> [Int] { (0..<samples.count).map { samples.rows[$0] } }

    @Test func lastIsTheOldSplit() throws {
        let data = try file(Scratch()).trainingData(.last(0.1))
        #expect(data.train.rows == .run(0..<54))
        #expect(data.validation?.rows == .run(54..<60))
        #expect(data.validation?.split == .validation)
    }

    @Test func aStratifiedPartHasItsShareOfEveryClass() throws {
        let file = try file(Scratch(), rows: 600)
        let data = try file.trainingData(.stratified(0.1), seed: 4)
        let validation = try #require(data.validation)
        #expect(validation.count == 60)
        let counts = try #require(validation.classCounts)
        #expect((29...31).contains(counts[0]) && (19...21).contains(counts[1]) && (9...11).contains(counts[2]))
        #expect(counts[3] == 0, "the only sample of a class is trained on")
        #expect((rows(data.train) + rows(validation)).sorted() == Array(0..<600))
        #expect(rows(validation) == rows(validation).sorted())
        #expect(data.explanation == "60 of 600 training samples, the same part of each class")
        let (again, other) = try (
            file.trainingData(.stratified(0.1), seed: 4), file.trainingData(.stratified(0.1), seed: 5)
        )
        #expect(again.validation?.rows == validation.rows)
        #expect(other.validation?.rows != validation.rows)
    }

    /// To less than one sample of every class; the total is exact. Single samples are trained on, and the others make up for
    /// them.
    @Test(
        arguments: [
            [2, 2, 2], [7, 11, 13, 400], [3, 17, 25, 101, 9, 5, 44], [500, 250, 125, 62, 31, 15, 7, 3], [90, 1, 1, 8],
            [Int](repeating: 6, count: 100),
        ], [0.1, 0.25, 0.5])
    func noClassIsAWholeSampleFromItsShare(sizes: [Int], part: Double) throws {
        let labels = sizes.enumerated().flatMap { [Int32](repeating: Int32($0.offset), count: $0.element) }
        let scratch = try Scratch()
        let file = try scratch.dataset { root in
            try root.write("train/features", shape: [labels.count, 1], labels.map(Float.init))
            try root.write("train/labels", shape: [labels.count], labels)
        }
        let validation = try #require(try file.trainingData(.stratified(part), seed: 1).validation)
        #expect(validation.count == Int((part * Double(labels.count)).rounded(.up)))
        let counts = try #require(validation.classCounts)
        let several = sizes.filter { $0 > 1 }.reduce(0, +)
        for (number, size) in sizes.enumerated() {
            let share = size == 1 ? 0 : Double(size * validation.count) / Double(several)
            #expect(abs(Double(counts[number]) - share) < 1, "class \(number): \(counts[number]) of \(size)")
        }
    }

    @Test(arguments: [2, 5, 7, 60])
    func foldsTileTheTrainingSamples(folds: Int) throws {
        let file = try file(Scratch())
        var seen: [Int] = []
        for number in 1...folds {
            let data = try file.trainingData(.fold(#require(Fold("\(number)/\(folds)"))), seed: 1)
            let validation = try #require(data.validation)
            #expect((rows(data.train) + rows(validation)).sorted() == Array(0..<60))
            #expect((60 / folds...60 / folds + 1).contains(validation.count))
            let counts = try #require(validation.classCounts)
            #expect((30 / folds...30 / folds + 1).contains(counts[0]))
            seen += rows(validation)
        }
        #expect(seen.sorted() == Array(0..<60))
        #expect(
            message { try file.trainingData(.fold(#require(Fold("1/61")))) }.contains("61 folds are more than its 60"))
        for text in ["0/5", "6/5", "1/1", "5", "1/5/2", "-1/5", "a/b", "/"] { #expect(Fold(text) == nil) }
    }

    @Test func aRedrawnPartIsAnotherOneInEachEpoch() throws {
        let data = try file(Scratch()).trainingData(.redrawn(0.25), seed: 2)
        let validation = try #require(data.validation)
        #expect(data.train.count == 45 && validation.count == 15)
        let parts = (0..<3).map { (rows(data.train.inEpoch($0)), rows(validation.inEpoch($0))) }
        for (train, held) in parts { #expect((train + held).sorted() == Array(0..<60)) }
        #expect(parts[0].1 != parts[1].1 && parts[1].1 != parts[2].1)
        #expect(rows(data.train) == parts[0].0 && rows(validation) == parts[0].1)
    }

    /// The file's own samples come before parts of the training samples, not before what names something else.
    @Test func rulesAndTheFilesOwnValidationSplit() throws {
        let both = try file(Scratch(), validation: true)
        for rule in [ValidationRule.stratified(0.5), .redrawn(0.5), .last(0.5)] {
            let data = try both.trainingData(rule)
            #expect(data.validation?.count == 2 && data.train.count == 60)
            #expect(data.explanation.hasSuffix("`\(rule)` is not needed and not used"))
        }
        #expect(try both.trainingData(.none).validation == nil)
        #expect(try both.trainingData(.fold(#require(Fold("1/2")))).validation?.count == 30)
        #expect(message { try both.trainingData(.test) }.contains("it has no test samples"))
        let targets = try Scratch().dataset { root in
            try root.write("train/features", shape: [8, 1], [Float](repeating: 1, count: 8))
            try root.write("train/targets", shape: [8, 1], (0..<8).map { Float($0) + 0.5 })
        }
        let random = try targets.trainingData(.stratified(0.5))
        #expect(random.explanation == "4 of 8 training samples, chosen at random")
        #expect(rows(random.validation ?? random.train) != Array(4..<8))
        #expect(try targets.trainingData(.fold(#require(Fold("1/2")))).validation?.count == 4)
    }

    @Test func rulesAreTheirText() {
        for rule in [ValidationRule.usual, .last(0.1), .stratified(0.25), .redrawn(1e-3), .test, .none] {
            #expect(ValidationRule(rule.description) == rule)
        }
        for text in [
            "", "last", "last:", "last:0", "last:1", "last:nan", "test:0.1", "none:1", "random:0.1", "last:.1:2",
        ] {
            #expect(ValidationRule(text) == nil, "\(text)")
        }
    }

    /// Readers bring the rows that were chosen, in every layout, epoch and order.
    @Test(
        arguments: [DatasetLayout.contiguous, .chunked([4, 1]), .chunked([7, 1], gzip: 1), .chunked([60, 1])],
        [nil, 3] as [UInt64?])
    func readersBringTheRowsThatWereChosen(layout: DatasetLayout, seed: UInt64?) throws {
        let scratch = try Scratch()
        let file = try file(scratch, layout: layout)
        let rules: [ValidationRule] = [.stratified(0.3), .redrawn(0.3), .fold(try #require(Fold("2/3")))]
        for data in try rules.map({ try file.trainingData($0, seed: 9) }) {
            for samples in [data.train, try #require(data.validation)] {
                let sampler = Sampler(samples, batch: 8, shards: 3, seed: seed)
                let steps = try drain(BatchReader(samples, sampler: sampler, shards: 0..<3, epochs: 2), elements: 1)
                for epoch in 0..<2 {
                    let shards = steps.filter { $0.epoch == epoch }.flatMap(\.shards)
                    let values = shards.flatMap(\.values)
                    #expect(values.map { Int($0) }.sorted() == rows(samples.inEpoch(epoch)))
                    #expect(shards.flatMap(\.labels) == values.map { self.label(Int($0), of: 60) })
                    if seed == nil, epoch == 0 { #expect(values.count == samples.count) }
                }
                // A reader that starts in the middle goes on as one that came there.
                let late = try drain(
                    BatchReader(samples, sampler: sampler, shards: 0..<3, epoch: 1, step: 1, epochs: 2), elements: 1)
                #expect(late.map(\.shards) == steps.filter { $0.epoch == 1 && $0.step >= 1 }.map(\.shards))
            }
        }
    }

    @Test(arguments: [nil, 7] as [UInt64?])
    func chunksOfASelectionAreReadOnceAnEpochAndShard(seed: UInt64?) throws {
        let scratch = try Scratch()
        let file = try file(scratch, rows: 600, layout: .chunked([8, 1], gzip: 1))
        let samples = try file.trainingData(.fold(#require(Fold("1/3")))).train
        let sampler = Sampler(samples, batch: 32, shards: 4, seed: seed)
        let reader = BatchReader(samples, sampler: sampler, shards: 0..<4)
        var read = 0
        while let buffer = try reader.next() {
            read += buffer.rowsRead
            reader.release(buffer)
        }
        #expect(read >= 600 && read <= 600 + 3 * 8)
    }

    /// For all band sizes and shares of shards: every sample once, and windows are never entered again.
    @Test(arguments: [[3, 1, 4, 1, 5, 9, 2, 6], [1], [1, 1, 1, 1], [50, 1, 50]], [nil, 3] as [UInt64?])
    func bandsOfDifferentSizes(sizes: [Int], seed: UInt64?) {
        let starts = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let count = sizes.reduce(0, +)
        for (shards, window) in [(1, 1), (3, 2), (8, 3)] {
            let sampler = Sampler(
                count: count, batch: 16, shards: shards, seed: seed,
                bands: Sampler.Bands(rows: 64, window: window, starts: starts))
            let order = sampler.order(epoch: 1)
            var seen: [Int] = []
            for shard in 0..<shards {
                let draws = sampler.part(of: shard).map { order.draw($0, shard: shard) }
                #expect(draws.map(\.window) == draws.map(\.window).sorted())
                seen += draws.map(\.sample)
            }
            #expect(seen.sorted() == Array(0..<count))
        }
    }
}

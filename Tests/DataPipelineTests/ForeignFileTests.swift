import Datasets
import Transforms
import HDF5Storage
import Basics
import Testing

/// Files of `Golden/Foreign/generate.py`: 12 images 6x5x3, labels 3i mod 4.
private func open(_ name: String, _ options: DatasetOptions = DatasetOptions()) throws -> DatasetFile {
    try DatasetFile.open(golden("Foreign/" + name), options: options)
}

private func options(_ change: (inout DatasetOptions) -> Void) -> DatasetOptions {
    var options = DatasetOptions()
    change(&options)
    return options
}

/// The samples and labels that the generator put into these rows.
private func check(
    _ dataset: SampleSet, rows: Range<Int> = 0..<12, scale: Float = 1, labels: (Int32) -> Int32 = { $0 },
    location: SourceLocation = #_sourceLocation
) throws {
    let received = try samples(of: dataset)
    let expected = rows.flatMap { pixels(of: $0, [6, 5, 3]) }
    #expect(dataset.sample == [6, 5, 3], sourceLocation: location)
    #expect(received[0].values == expected.map { Float($0) * scale }, sourceLocation: location)
    #expect(received[0].labels == rows.map { labels(Int32($0 * 3 % 4)) }, sourceLocation: location)
}

@Suite struct FuelTests {
    private let labels = options { $0.demand = .labels }

    @Test func rowsBelongToTheSplitsOfTheAttribute() throws {
        let file = try open("fuel.h5", labels)
        #expect(file.classes == 4)
        try check(file.split(.train), rows: 0..<7)
        try check(file.split(.validation), rows: 7..<9)
        #expect(try file.split(.test).rows == .run(9..<12) && file.split(.test).targets == Targets.none)
        #expect(
            file.notes == [
                "rows of /features, as the attribute split says: train 0 to 6, validation 7 to 8, test 9 to 11"
            ])
        #expect(try file.trainingData().validation?.split == .validation)
    }

    @Test func targetsOfAnotherNetworkStayNumbers() throws {
        let values = try open("fuel.h5").split(.train).targets
        #expect(values == .targets((0..<7).map { Float($0 * 3 % 4) }, width: 1))
    }

    /// They are read in ascending order.
    @Test func rowsMayBeListed() throws {
        let file = try open("fuel-list.h5", labels)
        let train = try file.split(.train)
        let received = try samples(of: train)[0]
        #expect(train.rows == .list([1, 3, 5, 11]) && train.sample == [6, 5, 3])
        #expect(received.values == [1, 3, 5, 11].flatMap { pixels(of: $0, [6, 5, 3]).map { Float($0) } })
        #expect(received.labels == [1, 3, 5, 11].map { Int32($0 * 3 % 4) })
        #expect(try file.split(.test).targets == .labels([0, 1, 2]))
        #expect(
            file.notes == [
                "rows of /features, as the attribute split says: train 4 rows, 1 to 11, test 3 rows, 0 to 10",
                "train and test share 1 row of /features",
            ])
        #expect(file.unused.isEmpty)
        // Held-out rows are some of them, and each choice is another file's fingerprint.
        #expect(try file.trainingData(.last(0.5)).validation?.rows == .list([5, 11]))
        #expect(try file.fingerprint() != open("fuel.h5", labels).fingerprint())
    }

    @Test func rowsThatCannotBeTakenAreRefused() {
        #expect(message { try open("fuel-list-beyond.h5", labels) }.contains("split are 3 to 12, but it has 12"))
        #expect(message { try open("fuel-list-twice.h5", labels) }.contains("train split have row 5 twice"))
        #expect(message { try open("fuel-beyond.h5", labels) }.contains("are 0 to 13, but it has 12"))
    }
}

@Suite struct PairTests {
    @Test func caffe() throws { try check(open("caffe.h5").split(.train)) }

    @Test func labelsInAFileOfTheirOwn() throws {
        let file = try open("pcam-x.h5", options { $0.labels = golden("Foreign/pcam-y.h5") + ":/y" })
        try check(file.split(.train), labels: { $0 % 2 })
        #expect(file.classes == 2)
        let gone = message { try open("pcam-x.h5", options { $0.labels = "gone.h5:/y" }) }
        #expect(gone.contains("gone.h5: cannot open the file: No such file"))
        let nothing = message { try open("pcam-x.h5", options { $0.labels = golden("Foreign/pcam-y.h5") + ":/z" }) }
        #expect(nothing.contains("pcam-y.h5: /z: cannot open the data set"))
    }
}

@Suite struct MATLABTests {
    @Test func axesAreTurnedRoundAndTold() throws {
        let file = try open("matlab.mat")
        try check(file.split(.train))
        #expect(file.notes.contains { $0.contains("/images is an array 6x5x3x12 of MATLAB") })
        #expect(file.notes.contains { $0.contains("/labels is 1x12: its last axis counts the samples") })
        // Who says how axes lie is believed.
        #expect(try open("matlab.mat", options { $0.order = .nchw }).split(.train).sample == [5, 6, 3])
    }

    @Test func oneChannel() throws {
        let file = try open("matlab-grey.mat", options { $0.labelOffset = 1 })
        let train = try file.split(.train)
        #expect(train.sample == [6, 5, 1] && file.classes == 4)
        let received = try samples(of: train)[0]
        #expect(received.values == (0..<12).flatMap { pixels(of: $0, [6, 5, 1]).map { Float($0) } })
        #expect(received.labels == (0..<12).map { Int32($0 * 3 % 4) })
    }

    @Test func oneHotRowsAreColumns() throws {
        let file = try open("matlab-one-hot.mat")
        try check(file.split(.train))
        #expect(file.classes == 4)
    }

    @Test func columnsOfATableAreSamples() throws {
        let file = try open("matlab-table.mat")
        #expect(try samples(of: file.split(.train))[0].values == (0..<60).map { Float($0) })
        #expect(
            file.notes.first == "/x_train is an array 5x12 of MATLAB, whose columns are taken as the samples",
            "\(file.notes)")
        let rows = message { try open("matlab-table-rows.mat") }
        #expect(rows.contains("but there are 5 samples; if rows of MATLAB's array are the samples, save its transpose"))
    }

    @Test func whatIsNoArrayOfSamplesIsRefused() {
        let rows = message { try open("matlab-rows.mat") }
        #expect(rows.contains("counts the samples, MATLAB's first one") && rows.contains("permute(x, [2 3 4 1])"))
        #expect(message { try open("matlab-cell.mat") }.contains("/labels: it is a cell array of MATLAB"))
    }
}

@Suite struct NamedLabelTests {
    @Test func wordsAreClassesInSortedOrder() throws {
        let file = try open("words.h5")
        #expect(file.classNames == ["ape", "bee", "cat", "dog"])
        try check(file.split(.train), labels: { [2, 0, 3, 1][Int($0)] })
        #expect(try file.split(.test).targets == .labels([3, 2, 0]))
        #expect(file.notes.contains { $0.contains("/train/labels are classes in this order: ape, bee, cat, dog") })
    }

    @Test func theNamesOfAModelComeFirst() throws {
        let known = options { $0.classNames = ["dog", "cat", "bee", "ape"] }
        let file = try open("words.h5", known)
        #expect(file.classNames == known.classNames)
        #expect(try file.split(.test).targets == .labels([0, 1, 3]))
    }

    @Test func anEmptyWordIsNoClass() throws {
        let text = message {
            try Scratch().dataset { root in
                try root.write("images", shape: [2, 2, 2], [UInt8](repeating: 1, count: 8))
                try root.write("labels", strings: ["cat", ""])
            }
        }
        #expect(text.contains("/labels: the label of sample 1 is an empty string; name its class"), "\(text)")
    }

    @Test func aWordThatTrainingLacksIsNamed() {
        let text = message { try open("words-new.h5") }
        #expect(text.contains("/test/labels: the label of sample 1 is \"yak\", which is none of the 4 classes"))
        #expect(message { try open("words.h5", options { $0.labelOffset = 1 }) }.contains("cannot shift"))
    }

    @Test func enumerationsNameTheirClasses() throws {
        let file = try open("enumeration.h5")
        #expect(file.classNames == ["cat", "ape", "dog", "bee"])
        try check(file.split(.train))
        #expect(file.notes.contains { $0.contains("in this order: 10 cat, 20 ape, 30 dog, 40 bee") })
        let truth = try open("truth.h5")
        #expect(truth.classes == 2 && truth.classNames == nil)
        try check(truth.split(.train), labels: { $0 > 1 ? 1 : 0 })
    }
}

@Suite struct IntegerImageTests {
    private func rule(_ name: String) throws -> (rule: Normalization, note: String?) {
        let train = try open(name).split(.train)
        #expect(train.source.form == .floats)
        return try train.standardNormalization()
    }

    @Test func theRangeThatIsFoundDecides() throws {
        try check(open("uint16.h5").split(.train), scale: 257)
        let wide = try rule("uint16.h5")
        #expect(wide.rule.description == "range 0:65535")
        #expect(wide.note?.contains("uint16 values of /images are from 0 to ") == true)
        #expect(try rule("int64.h5").rule == .unit)
        #expect(try rule("int8.h5").rule == .unchanged)
        #expect(try Normalization("range 0:4095").map { try #require(Normalizer($0, sample: [1])) } != nil)
    }

    @Test func anUnclearRangeIsRefused() throws {
        let text = message { try rule("int16.h5") }
        #expect(text.contains("/images: its int16 values are from -100 to ") && text.contains("--value-range LOW:HIGH"))
    }

    @Test func valuesOfARangeBecomeZeroToOne() throws {
        let range = try #require(ValueRange("-100:150"))
        let normalizer = try #require(Normalizer(.range(range), sample: [3]))
        var output = [Float](repeating: 9, count: 3)
        [Float(-100), 25, 150].withUnsafeBufferPointer {
            if let start = $0.baseAddress { normalizer.normalize(.floats(start), count: 1, into: &output) }
        }
        #expect(output == [0, 0.5, 1])
        [UInt8(0), 25, 150].withUnsafeBufferPointer {
            if let start = $0.baseAddress { normalizer.normalize(.bytes(start), count: 1, into: &output) }
        }
        #expect(output == [0.4, 0.5, 1])
        #expect(Normalization(Normalization.range(range).description) == .range(range))
        for text in ["", "1", "2:1", "1:1", "nan:1", "0:inf", "-3e38:3e38", "0:1:2", "a:b"] {
            #expect(ValueRange(text) == nil, "\(text)")
        }
    }

    /// A table's columns are no grey values.
    @Test func featuresStayAsTheyAre() throws {
        let file = try Scratch().dataset { try $0.write("features", shape: [2, 3], [Int32](7..<13)) }
        #expect(try file.split(.train).standardNormalization().rule == .unchanged)
        #expect(try samples(of: file.split(.train))[0].values == [7, 8, 9, 10, 11, 12])
    }
}

@Suite struct TargetDemandTests {
    private func targets<Element: StorageElement>(
        _ values: [Element], _ name: String = "y", columns: Int = 1, _ change: (inout DatasetOptions) -> Void = { _ in }
    ) throws -> (targets: Targets, notes: [String]) {
        let rows = values.count / columns
        let file = try Scratch().dataset(options: options(change)) { root in
            try root.write("train/images", shape: [rows, 2, 2, 1], [UInt8](repeating: 1, count: rows * 4))
            try root.write("train/\(name)", shape: columns == 1 ? [rows] : [rows, columns], values)
        }
        return (try file.split(.train).targets, file.notes)
    }

    @Test func integersUnderAnyNameAreLabelsForAClassifier() throws {
        for demand in [TargetDemand.labels, .labelsOrShares] {
            #expect(try targets([Int32(2), 0, 1], "targets") { $0.demand = demand }.targets == .labels([2, 0, 1]))
        }
        #expect(try targets([Int32(2), 0, 1], "targets").targets == .targets([2, 0, 1], width: 1))
        #expect(try targets([Float(2), 0, 1], "targets") { $0.targets = .labels }.targets == .labels([2, 0, 1]))
        let half = message { try targets([Float(2), 0.5, 1], "targets") { $0.demand = .labels } }
        #expect(
            half.contains("the label of sample 1 is 0.5, not a class number; numbers to be predicted go with a model"))
    }

    @Test func wholeAgesAreValuesForRegression() throws {
        let ages: [Float] = [18, 90, 35]
        #expect(try targets(ages) { $0.demand = .values }.targets == .targets(ages, width: 1))
        #expect(try targets(ages) { $0.targets = .targets }.targets == .targets(ages, width: 1))
        #expect(try targets([Int64(18), 90, 35]) { $0.demand = .values }.targets == .targets(ages, width: 1))
        #expect(try targets([Float(0), 1, 1]) { $0.demand = .values }.targets == .labels([0, 1, 1]))
        let unasked = try targets(ages)
        #expect(unasked.targets == .labels([18, 90, 35]))
        #expect(
            unasked.notes == [
                "the whole float32 numbers of /train/y, up to 90, are taken as class numbers; --targets values takes them as "
                    + "numbers to be predicted"
            ])
    }

    @Test func aRowThatIsNotOneHotIsNamed() throws {
        let rows: [Float] = [0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0]
        let refused = message { try targets(rows, columns: 3) { $0.demand = .labels } }
        #expect(refused.contains("rows of 3 numbers are no one-hot labels: row 2 is 0.0 1.0 1.0"))
        let soft = try targets(rows, columns: 3)
        #expect(soft.targets == .targets(rows, width: 3))
        #expect(soft.notes.first?.contains("since 1 of its 4 rows is not one-hot: row 2 is 0.0 1.0 1.0") == true)
        // A share for each class is no mistake.
        #expect(try targets([Float(0.5), 0.5, 0.1, 0.9], columns: 2).notes.isEmpty)
    }

    @Test func labelsMayCountFromAnyNumber() throws {
        let file = try targets([Int32(1), 3, 2]) { $0.labelOffset = 1 }
        #expect(file.targets == .labels([0, 2, 1]) && file.notes == ["labels of /train/y count from 1"])
        #expect(
            message { try targets([Int32(1), -1]) }.contains(
                "outside 0...1 (2 classes); leave its row out if it has no"))
        #expect(try targets([Int32(-1), 1]) { $0.labelOffset = -1 }.targets == .labels([0, 2]))
        #expect(
            message { try targets([Int32(1), 0]) { $0.labelOffset = 1 } }
                .contains("the label of sample 1 is 0, below the first class number 1"))
        #expect(message { try targets([Int64.min, 0]) { $0.labelOffset = 1 } }.contains("beyond 16777216 classes"))
    }

    @Test func aRowOfLabelsIsTaken() throws {
        let file = try Scratch().dataset { root in
            try root.write("images", shape: [3, 2, 2, 1], [UInt8](repeating: 1, count: 12))
            try root.write("labels", shape: [1, 3], [Int32(2), 0, 1])
        }
        #expect(try file.split(.train).targets == .labels([2, 0, 1]))
    }
}

import Basics
import HDF5Storage
import Testing

import Datasets

/// Targets of several outputs, one data set each.
@Suite struct HeadTargetsTests {
    private static let demands = [
        HeadDemand(name: "digit", path: nil, demand: .labels), HeadDemand(name: "angle", path: nil, demand: .values),
    ]

    private func options(_ heads: [HeadDemand] = demands) -> DatasetOptions {
        var options = DatasetOptions()
        options.heads = heads
        return options
    }

    private func writeImages(_ root: Group, _ split: String, count: Int) throws {
        try root.write("\(split)/images", shape: [count, 2, 2, 1], [UInt8](repeating: 7, count: 4 * count))
    }

    /// By the outputs' names, in rows in the order of the outputs.
    @Test func areFoundByName() throws {
        let file = try Scratch().dataset(options: options()) { root in
            try writeImages(root, "train", count: 3)
            try root.write("train/digit", shape: [3], [Int32(2), 0, 1])
            try root.write("train/angle", shape: [3, 2], [Float(0.5), 1, 1.5, 2, 2.5, 3])
            try writeImages(root, "validation", count: 1)
            try root.write("validation/digit", shape: [1], [Int64(1)])
            try root.write("validation/angle", shape: [1, 2], [9.0, 8.0])
        }
        let train = try file.split(.train)
        #expect(train.targets == .targets([2, 0.5, 1, 0, 1.5, 2, 1, 2.5, 3], width: 3))
        #expect(
            train.heads == [
                HeadTargets(name: "digit", path: "/train/digit", kind: .label(classes: 3), classNames: nil),
                HeadTargets(
                    name: "angle", path: "/train/angle", kind: .values(width: 2, isMultiHot: false), classNames: nil,
                    areShares: false),
            ])
        #expect(try file.split(.validation).targets == .targets([1, 9, 8], width: 3))
        #expect(train[1..<2].targets == .targets([0, 1.5, 2], width: 3) && train[1..<2].heads == train.heads)
    }

    /// Named paths are those of training; other splits have data sets of the same last name.
    @Test func areNamed() throws {
        let heads = [
            HeadDemand(name: "digit", path: "train/y1", demand: .labels),
            HeadDemand(name: "angle", path: "train/y1", demand: .values),
        ]
        let file = try Scratch().dataset(options: options(heads)) { root in
            for split in ["train", "test"] {
                try writeImages(root, split, count: 2)
                try root.write("\(split)/y1", shape: [2], [UInt8(3), 1])
            }
        }
        #expect(try file.split(.train).targets == .targets([3, 3, 1, 1], width: 2))
        #expect(try file.split(.test).targets == .targets([3, 3, 1, 1], width: 2))
    }

    /// One class a sample by chance, in a small split, is not another kind of targets; another width is.
    @Test(arguments: [[1, 0, 0], [1, 1, 0], [1, 0]] as [[Float]])
    func haveOneKindInAllSplits(_ row: [Float]) throws {
        let heads = [HeadDemand(name: "tags", path: nil, demand: .labelsOrShares)]
        let open = {
            try Scratch().dataset(options: options(heads)) { root in
                try writeImages(root, "train", count: 2)
                try root.write("train/tags", shape: [2, 3], [Float(1), 1, 0, 0, 0, 1])
                try writeImages(root, "validation", count: 1)
                try root.write("validation/tags", shape: [1, row.count], row)
            }
        }
        guard row.count == 3 else {
            #expect(throws: DatasetError.self) { try open().split(.validation) }
            return
        }
        let file = try open()
        #expect(try file.split(.train).targets == .targets([1, 1, 0, 0, 0, 1], width: 3))
        #expect(try file.split(.validation).targets == .targets(row, width: 3))
    }

    @Test func pathsWithOneLastNameAreRefusedInOtherSplits() throws {
        let heads = [
            HeadDemand(name: "digit", path: "train/a/y", demand: .labels),
            HeadDemand(name: "angle", path: "train/b/y", demand: .values),
        ]
        let error = #expect(throws: DatasetError.self) {
            let file = try Scratch().dataset(options: options(heads)) { root in
                try writeImages(root, "train", count: 1)
                try root.write("train/a/y", shape: [1], [UInt8(1)])
                try root.write("train/b/y", shape: [1], [Float(2)])
                try writeImages(root, "test", count: 1)
                try root.write("test/y", shape: [1], [UInt8(1)])
            }
            _ = try file.split(.test)
        }
        #expect(error?.description.contains("digit and angle would both take") == true, "\(error?.description ?? "")")
    }

    /// Words get numbers in training, which those of other splits have too.
    @Test func mayBeWords() throws {
        let file = try Scratch().dataset(options: options()) { root in
            try writeImages(root, "train", count: 3)
            try root.write("train/digit", strings: ["cat", "ape", "dog"])
            try root.write("train/angle", shape: [3], [Float(0.5), 1, 2])
            try writeImages(root, "test", count: 1)
            try root.write("test/digit", strings: ["dog"])
            try root.write("test/angle", shape: [1], [Float(0.25)])
        }
        #expect(try file.split(.train).heads[0].classNames == ["ape", "cat", "dog"])
        #expect(try file.split(.test).targets == .targets([2, 0.25], width: 2))
    }

    /// Of part files, the classes of all count.
    @Test func mayLieInParts() throws {
        let scratch = try Scratch()
        for (name, label) in [("a.h5", Int32(1)), ("b.h5", 4)] {
            _ = try scratch.dataset(name, options: options()) { root in
                try writeImages(root, "train", count: 1)
                try root.write("train/digit", shape: [1], [label])
                try root.write("train/angle", shape: [1], [Float(label) / 2])
            }
        }
        let train = try DatasetFile.open(scratch.path, options: options()).split(.train)
        #expect(train.targets == .targets([1, 0.5, 4, 2], width: 2) && train.heads[0].kind == .label(classes: 5))
        _ = try scratch.dataset("c.h5", options: options()) { root in
            try writeImages(root, "train", count: 1)
            try root.write("train/digit", shape: [1], [Int32(0)])
            try root.write("train/angle", shape: [1, 2], [Float(0), 1])
        }
        #expect(message { try DatasetFile.open(scratch.path, options: options()) }.contains("another kind"))
    }

    /// Rows without a class are refused where they are used, in the first epoch or later.
    @Test func mayLackClassesWhereTheyAreNotUsed() throws {
        let scratch = try Scratch()
        let file = try scratch.dataset(options: options()) { root in
            for (split, labels) in [("train", [Int32(2), 0]), ("test", [1, -1])] {
                try writeImages(root, split, count: 2)
                try root.write("\(split)/digit", shape: [2], labels)
                try root.write("\(split)/angle", shape: [2], [Float(-1), 3])
            }
        }
        try file.split(.train).requireLabelsOfHeads()
        let test = try file.split(.test)
        #expect(message { try test.requireLabelsOfHeads() }.contains("/test/digit: the label of sample 1 is -1"))
        try test[0..<1].requireLabelsOfHeads()
        var redrawn = test[0..<1]
        redrawn.redraw = .heldOut(of: test, count: 1, seed: 0)
        #expect(message { try redrawn.requireLabelsOfHeads() }.contains("sample 1"))
    }

    @Test func whatIsMissingIsNamed() throws {
        #expect(
            message {
                try Scratch().dataset(options: options()) { root in
                    try writeImages(root, "train", count: 1)
                    try root.write("train/digit", shape: [1], [Int32(0)])
                }
            }.contains("output angle"))
        // None of a split that is not needed.
        let file = try Scratch().dataset(options: options()) { root in
            try writeImages(root, "train", count: 1)
            try root.write("train/digit", shape: [1], [Int32(0)])
            try root.write("train/angle", shape: [1], [Float(0)])
            try writeImages(root, "test", count: 1)
        }
        #expect(try file.split(.test).targets == .none)
        #expect(
            message {
                try Scratch().dataset(options: options()) { root in
                    try writeImages(root, "train", count: 2)
                    try root.write("train/digit", shape: [2], [Int32(0), 1])
                    try root.write("train/angle", shape: [3], [Float(0), 1, 2])
                }
            }.contains("/train/angle: it has 3 rows, but there are 2 samples"))
        #expect(
            message {
                try Scratch().dataset(options: options()) { root in
                    try writeImages(root, "train", count: 1)
                    try root.write("train/digit", shape: [1], [Int32(0)])
                    try root.write("train/angle", shape: [1], [Float.nan])
                }
            }.contains("nan"))
    }
}

import Basics
import DataPipeline
import Datasets
import DataSummary
import HDF5Storage
import Testing

/// Files of `Golden/Hostile/generate.py`: each is refused before a sample is read, or gives the samples it seems to hold.
@Suite struct HostileFileTests {
    private static let sample: Shape = [5, 6, 1]

    private func open(_ name: String, options: DatasetOptions = DatasetOptions()) throws -> DatasetFile {
        try DatasetFile.open(golden("Hostile/\(name).h5"), options: options)
    }

    @Test(arguments: [
        ("virtual-missing-file", ["/train/images", "gone.h5: pixels", "no such file"]),
        ("virtual-missing-labels", ["/train/labels", "gone.h5: digits", "no such file"]),
        ("virtual-missing-set", ["/train/images", "part-1.h5: nothing", "no such object"]),
        ("virtual-unwritten", ["unwritten.h5: /pixels", "none of its 8 rows was ever written"]),
        ("virtual-uncovered", ["/train/images", "covers 240 of its 480 elements", "row 8"]),
        ("virtual-short", ["/train/images", "part-0.h5: pixels", "8x5x6x1"]),
        ("virtual-itself", ["/train/images", "reads itself"]),
        ("virtual-open-ended", ["/train/images", "part-%b.h5", "h5repack"]),
        ("contiguous-unwritten", ["/train/images", "none of its 16 rows was ever written"]),
        ("labels-unwritten", ["/train/labels", "none of its 16 rows was ever written"]),
        ("chunks-missing", ["/train/images", "5 of its 16 chunks were never written: rows 4 to 5, 10 to 13"]),
        ("external", ["/train/images", "pixels.raw", "--allow-external"]),
        ("linked-nowhere", ["/train/images", "a link to gone.h5: /pixels"]),
        ("linked-nowhere-labels", ["/train/labels", "a link to /raw/digits"]),
        ("rows-2-40", ["/train/images", "chunks were never written", "rows 0 to"]),
        ("features-2-62", ["/train/features", "no memory could ever hold", "1x4611686018427387904"]),
        ("sides-2-31", ["/train/images", "no memory could ever hold"]),
        ("columns-2-31", ["/train/labels", "chunks were never written"]),
        ("label-10-9", ["/train/labels", "sample 7 is 1000000000"]),
        ("label-largest", ["/train/labels", "sample 7 is 2147483647"]),
        ("label-3-5", ["/train/labels", "sample 7 is 3.5"]),
    ])
    func isRefused(name: String, words: [String]) {
        let text = message { try open(name) }
        #expect(text.contains("\(name).h5") || text.contains("unwritten.h5"))
        for word in words { #expect(text.contains(word), "\(text)") }
    }

    @Test func missingRawBytesAreNamed() {
        let text = message { try open("external", options: DatasetOptions(allowsExternal: true)) }
        #expect(text.contains("pixels.raw, which cannot be read: No such file"))
    }

    /// The data of `linked` lie in another file, behind a user block; those of `linked-...` have several names.
    @Test(arguments: ["virtual", "virtual-same-file", "chunks-whole", "linked", "linked-soft", "linked-hard"])
    func isReadInFull(name: String) throws {
        let train = try open(name).split(.train)
        let sampler = Sampler(train, batch: 16, shards: 1, seed: nil)
        let received = try drain(BatchReader(train, sampler: sampler, shards: 0..<1), elements: Self.sample.count)
        #expect(
            received.flatMap(\.shards).flatMap(\.values)
                == (0..<16).flatMap { pixels(of: $0, Self.sample).map { Float($0) } })
        #expect(received.flatMap(\.shards).flatMap(\.labels) == (0..<16).map { Int32($0 * 3 % 4) })
    }

    @Test func anExplicitPathThatLeadsNowhereIsNamed() {
        let options = DatasetOptions(images: "/train/images")
        #expect(message { try open("linked-nowhere", options: options) }.contains("/train/images is a link to gone.h5"))
    }

    /// libhdf5's own walk through the groups ends with the stack.
    @Test func groupsMayBeNestedDeeply() throws {
        let file = try Scratch().dataset { root in
            try root.createGroup([String](repeating: "g", count: 2000).joined(separator: "/"))
            try root.write("train/images", shape: [2, 2, 2, 1], [UInt8](0..<8))
        }
        #expect(try file.split(.train).count == 2)
    }
}

@Suite struct ClassCountTests {
    private func warning(_ labels: [Int32], options: DatasetOptions = DatasetOptions()) throws -> String? {
        let scratch = try Scratch()
        let file = try scratch.dataset(options: options) { root in
            try root.write(
                "train/images", shape: [labels.count, 2, 2, 1], [UInt8](repeating: 1, count: labels.count * 4))
            try root.write("train/labels", shape: [labels.count], labels)
        }
        let inspection = try withExtendedLifetime(scratch) { try DatasetInspection(file).description }
        let warning = try file.split(.train).classCounts?.warning
        #expect(inspection.contains("  warning: ") == (warning != nil))
        return warning
    }

    @Test func classesWithoutSamplesAreTold() throws {
        #expect(try warning([2, 0, 1, 1]) == nil)
        #expect(try warning([0, 3, 2]) == "class 1 has no sample")
        #expect(
            try warning([1, 3, 2, 2]) == "class 0 has no sample; if labels count from 1, say --label-offset 1")
        #expect(try warning([0, 0, 0]) == "all 3 samples are of class 0")
        #expect(
            try warning([1, 1], options: DatasetOptions(classes: 2)) == "all 2 samples are of class 1")
        #expect(try warning([0, 1, 2, 255]) == "classes 3 to 254 have no sample")
        #expect(try warning([0, 2, 4]) == "classes 1, 3 have no sample")
        #expect(try warning([0, 1], options: DatasetOptions(classes: 5)) == "classes 2 to 4 have no sample")
        #expect(
            try warning([0, 2, 4, 6, 8, 10, 12])
                == "classes 1, 3, 5, 7, 9 and others, 6 of 13, have no sample")
    }

    /// A count for each of these would be 128 MiB.
    @Test func oneLargeLabelCostsNothing() throws {
        #expect(try warning([0, 1, 16_777_215]) == "classes 2 to 16777214 have no sample")
        #expect(message { try warning([0, 1, 16_777_216]) }.contains("sample 2 is 16777216, beyond 16777216 classes"))
    }
}

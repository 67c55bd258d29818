import Basics
import ImportSources

/// A data set as an importer understands it, before its samples are read.
package struct ImportedDataset {
    /// The names of the classes, in label order; a format without names has numbers.
    package let classes: [String]
    /// Samples of one size, the training samples first. Empty if there are `images`.
    package let splits: [ImportedSplit]
    /// Samples as image files, the training samples first. Empty if there are `splits`.
    package let images: [ImageSplit]
    /// What a person should know of the source, a sentence each.
    package let warnings: [String]

    package init(classes: [String], splits: [ImportedSplit]) {
        (self.classes, self.splits, images, warnings) = (classes, splits, [], [])
    }

    package init(classes: [String], images: [ImageSplit], warnings: [String]) {
        (self.classes, splits, self.images, self.warnings) = (classes, [], images, warnings)
    }

    package static func numberedClasses(_ count: Int) -> [String] { (0..<count).map(String.init) }
}

/// The samples of one split, not yet read.
package struct ImportedSplit {
    /// What the values of a sample are, and become in the file: uint8, float32 or int32.
    package enum Values { case bytes, floats, integers }

    /// As in the data set file: "train", "test".
    package let name: String
    /// How many samples the stream gives.
    package let count: Int
    package let values: Values
    /// Numbers to be predicted for a sample; 0 if it has a class.
    package let targets: Int
    /// Begins to read them.
    package let samples: () throws(ImportError) -> any SampleStream

    package init(
        name: String, count: Int, values: Values = .bytes, targets: Int = 0,
        samples: @escaping () throws(ImportError) -> any SampleStream
    ) {
        (self.name, self.count, self.values, self.targets, self.samples) = (name, count, values, targets, samples)
    }
}

/// The samples of a split, one after the other in the order of the source's files. Its memory does not grow with their
/// number.
package protocol SampleStream: AnyObject {
    /// Makes `sample` the next one. False after the last one, once the source's own check sums are checked.
    func next(_ sample: inout ImportedSample) throws(ImportError) -> Bool
}

/// A sample on its way from a source to a data set file. Streams use its memory again for the next one.
package struct ImportedSample {
    /// The most bytes a sample may have.
    static let mostBytes = StoredArray.mostRowBytes

    /// [height, width, channels], or [features]; samples of one split may differ.
    package var shape: Shape = []
    /// The values, [H, W, C] or [F], of the split's type, little-endian.
    package var bytes: [UInt8] = []
    /// The number of its class, from 0.
    package var label: Int32 = 0
    /// The numbers that are to be predicted, if the split has such.
    package var targets: [Float] = []

    package init() {}
}

/// The samples of one split as image files, not yet read.
package struct ImageSplit {
    /// As in the data set file: "train", "validation", "test".
    package let name: String
    package let files: any ImageFiles

    package init(name: String, files: any ImageFiles) { (self.name, self.files) = (name, files) }
}

/// Image files with labels, of any sizes. They may be damaged, or no images at all.
package protocol ImageFiles: AnyObject {
    var count: Int { get }
    /// Where a file lies below the input.
    func name(_ index: Int) -> String
    /// The number of its class, from 0.
    func label(_ index: Int) -> Int32
    /// In bytes.
    func size(_ index: Int) -> Int
    /// Replaces `bytes` by those of a file, or returns why it cannot be read. Ascending order is fastest.
    func read(_ index: Int, into bytes: inout [UInt8]) throws(ImportError) -> String?
}

import Basics

/// Labelled images of one split, whatever they come from. They are asked for once each, in order.
public protocol ImageSource {
    /// The number of images.
    var count: Int { get }
    /// Of an image: [height, width, channels].
    var shape: Shape { get }

    /// Writes images `range`, [range.count, H, W, C], and as many labels. Ranges follow each other without a gap.
    func read(
        _ range: Range<Int>, images: UnsafeMutablePointer<UInt8>, labels: UnsafeMutablePointer<Int32>
    ) throws
}

/// What a data set file is made from.
public struct ImageCollection {
    /// The names of the classes, in label order.
    public var classes: [String]
    /// Named as in the file: "train", "test". All have images of one shape.
    public var splits: [(name: String, source: any ImageSource)]

    public init(classes: [String], splits: [(name: String, source: any ImageSource)]) {
        self.classes = classes
        self.splits = splits
    }
}

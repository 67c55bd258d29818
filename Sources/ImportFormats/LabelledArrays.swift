import Basics
import ImportSources

/// A split whose images, uint8 [N, H, W], are one file, and whose labels, uint8 [N], another.
struct LabelledArrays {
    let images: StoredArray
    let labels: StoredArray
    /// One more than the largest label.
    let labelCount: Int
    private static let block = 1 << 16

    /// Reads through the labels once.
    init(images: StoredArray, labels: StoredArray) throws(ImportError) {
        guard images.count == labels.count else {
            throw .labelCount(
                images: images.place, count: images.count, labels: labels.place, labelCount: labels.count)
        }
        let rows = try labels.rows()
        var largest: UInt8 = 0
        var block: [UInt8] = []
        for start in stride(from: 0, to: labels.count, by: Self.block) {
            try rows.read(min(Self.block, labels.count - start), into: &block)
            largest = max(largest, block.max() ?? 0)
        }
        try rows.requireEnd()
        self.images = images
        self.labels = labels
        labelCount = Int(largest) + 1
    }

    func split(named name: String) -> ImportedSplit {
        ImportedSplit(name: name, count: images.count) { () throws(ImportError) in try LabelledArrayStream(self) }
    }
}

private final class LabelledArrayStream: SampleStream {
    private let arrays: LabelledArrays
    private let images: ByteStream
    private let labels: ByteStream
    private let shape: Shape
    private var left: Int

    init(_ arrays: LabelledArrays) throws(ImportError) {
        self.arrays = arrays
        images = try arrays.images.rows()
        labels = try arrays.labels.rows()
        shape = Shape(Array(arrays.images.extents.dropFirst()) + [1])
        left = arrays.images.count
    }

    func next(_ sample: inout ImportedSample) throws(ImportError) -> Bool {
        guard left > 0 else {
            try images.requireEnd()
            return false
        }
        left -= 1
        sample.shape = shape
        try images.read(arrays.images.rowBytes, into: &sample.bytes)
        sample.label = Int32(try labels.bytes(1)[0])
        return true
    }
}

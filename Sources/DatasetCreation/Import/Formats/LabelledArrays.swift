import Basics
import ImportSources

/// A split whose images, uint8 [N, H, W] or [N, H, W, C], are one file, and whose labels, [N] or [N, 1], another.
struct LabelledArrays {
    let images: StoredArray
    let labels: StoredArray
    /// One more than the largest label.
    let labelCount: Int
    /// Each number up to the largest label is a class.
    private static let largestLabel = (1 << 16) - 1

    /// Reads through the labels once.
    init(images: StoredArray, labels: StoredArray) throws(ImportError) {
        guard images.count == labels.count else {
            throw .labelCount(
                images: images.place, count: images.count, labels: labels.place, labelCount: labels.count)
        }
        let rows = try labels.rows()
        var largest = 0
        for record in 0..<labels.count {
            let label = try labels.integer(rows)
            guard (0...Self.largestLabel).contains(label) else {
                throw .noClassNumber(labels.place, record: record, label: label, largest: Self.largestLabel)
            }
            largest = max(largest, label)
        }
        try rows.requireEnd()
        self.images = images
        self.labels = labels
        labelCount = largest + 1
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
        let extents = Array(arrays.images.extents.dropFirst())
        shape = Shape(extents.count == 2 ? extents + [1] : extents)
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
        sample.label = Int32(truncatingIfNeeded: try arrays.labels.integer(labels))
        return true
    }
}

import Basics

/// An idx file of unsigned bytes, plain or gzipped: zero, zero, type, number of axes, the extents as big-endian
/// 32-bit numbers, the values with the last axis fastest (LeCun, Cortes and Burges, "The MNIST database").
final class IdxFile {
    let extents: [Int]
    /// Bytes along all axes but the first.
    let rowBytes: Int
    private let stream: ByteStream
    /// What the whole file should hold.
    private let size: Int
    private static let unsignedByte: UInt8 = 0x08

    /// Opens a file that should have `axes` axes and reads its header.
    init(_ path: String, axes: Int) throws(ImportError) {
        stream = try ByteStream(path)
        let headerBytes = 4 + 4 * axes
        let magic = try stream.bytes(4, of: headerBytes)
        guard magic == [0, 0, Self.unsignedByte, UInt8(axes)] else {
            throw .wrongMagic(
                path, found: magic, expected: "00 00 08 0\(axes) (idx of unsigned bytes with \(axes) axes)")
        }
        let words = try stream.bytes(4 * axes, of: headerBytes)
        let extents = (0..<axes).map { axis in words[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
        var size = 1
        for extent in extents {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow, extent > 0, product < 1 << 48 else {
                throw .damaged(path, reason: "its header gives the shape \(Shape(extents))")
            }
            size = product
        }
        self.extents = extents
        self.size = size + headerBytes
        rowBytes = size / extents[0]
    }

    /// Copies the next `count` rows.
    func read(_ count: Int, into output: UnsafeMutablePointer<UInt8>) throws(ImportError) {
        try stream.fill(output, count: count * rowBytes, of: size)
    }

    /// All values, of a file that is small.
    func contents() throws(ImportError) -> [UInt8] {
        let bytes = try stream.bytes(extents[0] * rowBytes, of: size)
        try requireEnd()
        return bytes
    }

    /// Makes sure that the file ends after its last row.
    func requireEnd() throws(ImportError) { try stream.requireEnd() }
}

/// An idx file of grey images, [N, H, W], with the one of their labels, [N].
final class IdxImages: ImageSource {
    let shape: Shape
    /// One more than the largest label.
    let labelCount: Int
    private let images: IdxFile
    private let labels: [UInt8]

    var count: Int { labels.count }

    init(images imagePath: String, labels labelPath: String) throws(ImportError) {
        let labelFile = try IdxFile(labelPath, axes: 1)
        images = try IdxFile(imagePath, axes: 3)
        guard images.extents[0] == labelFile.extents[0] else {
            throw .labelCount(
                images: imagePath, count: images.extents[0], labels: labelPath, labelCount: labelFile.extents[0])
        }
        labels = try labelFile.contents()
        labelCount = Int(labels.max() ?? 0) + 1
        shape = [images.extents[1], images.extents[2], 1]
    }

    func read(
        _ range: Range<Int>, images output: UnsafeMutablePointer<UInt8>, labels labelOutput: UnsafeMutablePointer<Int32>
    ) throws {
        try images.read(range.count, into: output)
        for (slot, index) in range.enumerated() { labelOutput[slot] = Int32(labels[index]) }
        if range.upperBound == count { try images.requireEnd() }
    }
}

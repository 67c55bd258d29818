import Basics

/// An array in a file that holds a header and then rows, one after the other: what idx and npy files have in common. Rows
/// are what the first axis counts. Its size was compared with the file's.
package struct StoredArray {
    /// What a header says of the size of a row is not believed above it.
    package static let mostRowBytes = 1 << 28

    package let extents: [Int]
    package let rowBytes: Int
    private let input: ImportInput
    private let file: String
    private let headerBytes: Int

    /// `stream` has just read the header of `file`.
    package init(
        _ extents: [Int], elementBytes: Int, in file: String, _ input: ImportInput, after stream: ByteStream
    ) throws(ImportError) {
        let rowBytes = extents.dropFirst().reduce(elementBytes, Self.product)
        let size = Self.product(rowBytes, extents.first ?? 1)
        let (fileSize, overflow) = size.addingReportingOverflow(stream.position)
        guard size > 0, !overflow else {
            throw .damaged(stream.place, reason: "its header gives the shape \(Shape(extents))")
        }
        try stream.require(size: fileSize)
        guard rowBytes <= Self.mostRowBytes else {
            throw .unreadable(
                stream.place,
                reason: "each of its rows has \(rowBytes) bytes; a sample may have \(Self.mostRowBytes)")
        }
        self.extents = extents
        self.rowBytes = rowBytes
        self.input = input
        self.file = file
        headerBytes = stream.position
    }

    package var count: Int { extents[0] }
    package var place: String { input.place(file) }

    /// A stream of the rows.
    package func rows() throws(ImportError) -> ByteStream {
        let stream = try input.open(file)
        try stream.skip(headerBytes)
        return stream
    }

    /// 0 where the product is no `Int`.
    private static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow || b < 0 ? 0 : product
    }
}

import Basics
import ImportSources

/// An array in a file that holds a header and then rows, one after the other: what idx and npy files have in common. Rows
/// are what the first axis counts. Its size was compared with the file's.
struct StoredArray {
    let extents: [Int]
    let rowBytes: Int
    private let input: ImportInput
    private let file: String
    private let headerBytes: Int

    /// `stream` has just read the header of `file`.
    init(
        _ extents: [Int], elementBytes: Int, in file: String, _ input: ImportInput, after stream: ByteStream
    ) throws(ImportError) {
        let rowBytes = extents.dropFirst().reduce(elementBytes, Self.product)
        let size = Self.product(rowBytes, extents.first ?? 1)
        let (fileSize, overflow) = size.addingReportingOverflow(stream.position)
        guard size > 0, !overflow else {
            throw .damaged(stream.place, reason: "its header gives the shape \(Shape(extents))")
        }
        try stream.require(size: fileSize)
        guard rowBytes <= ImportedSample.mostBytes else {
            throw .unreadable(
                stream.place,
                reason: "each of its rows has \(rowBytes) bytes; a sample may have \(ImportedSample.mostBytes)")
        }
        self.extents = extents
        self.rowBytes = rowBytes
        self.input = input
        self.file = file
        headerBytes = stream.position
    }

    var count: Int { extents[0] }
    var place: String { input.place(file) }

    /// A stream of the rows.
    func rows() throws(ImportError) -> ByteStream {
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

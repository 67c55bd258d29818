import Basics
import ImportSources

/// An array in a file that holds a header and then rows, one after the other: what idx and npy files have in common. Rows
/// are what the first axis counts. Its size was compared with the file's.
struct StoredArray {
    /// How an element lies in the file; the lowest byte comes first.
    struct Element {
        let bytes: Int
        let isSigned: Bool

        static let byte = Element(bytes: 1, isSigned: false)
    }

    let extents: [Int]
    let element: Element
    let rowBytes: Int
    private let input: ImportInput
    private let file: String
    private let headerBytes: Int

    /// `stream` has just read the header of `file`.
    init(
        _ extents: [Int], of element: Element, in file: String, _ input: ImportInput, after stream: ByteStream
    ) throws(ImportError) {
        let rowBytes = extents.dropFirst().reduce(element.bytes, Self.product)
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
        self.element = element
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

    /// Reads the next row as one integer; what is no `Int` becomes the largest one.
    func integer(_ rows: ByteStream) throws(ImportError) -> Int {
        var bytes: UInt64 = 0
        var failure: ImportError?
        withUnsafeMutableBytes(of: &bytes) { buffer in
            do throws(ImportError) {
                try rows.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<element.bytes]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard element.isSigned else { return Int(clamping: UInt64(littleEndian: bytes)) }
        let unused = 64 - 8 * element.bytes
        return Int(truncatingIfNeeded: UInt64(littleEndian: bytes) << unused) >> unused
    }

    /// 0 where the product is no `Int`.
    private static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow || b < 0 ? 0 : product
    }
}

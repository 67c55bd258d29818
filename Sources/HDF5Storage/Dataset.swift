import CHDF5
import Basics

/// An array in a file. Rows are what its first axis counts.
public struct Dataset: StoredObject {
    /// How the elements lie in the file.
    public enum Storage: Hashable, Sendable {
        /// In one run, which begins at `fileOffset` (bytes from the file's start); nil while nothing was written.
        case contiguous(fileOffset: UInt64?)
        /// In chunks of one shape, each on its own; `filters` as HDF5 names them ("deflate", "shuffle", ...).
        case chunked(Shape, filters: [String])
        /// In the object's header, or in files elsewhere: read through HDF5 only.
        case other
    }

    public let location: Location
    /// The file that its bytes lie in: another one than `location.file` where a link leads there.
    public let file: String
    /// The extents; [] for a scalar.
    public let shape: Shape
    /// Bytes of all elements as the file has them, before any compression.
    let byteCount: Int
    public let elementType: ElementType
    /// Whether the file's bytes are those this machine would have in memory (little-endian, IEEE).
    public let hasNativeBytes: Bool
    /// Whether its bytes lie in files that are no HDF5 files.
    let isExternal: Bool

    init(_ location: Location) throws(HDF5Error) {
        self.location = location
        let operation = "describe the data set"
        let space = try location.open(operation, close: H5Sclose) { H5Dget_space(location.id) }
        let rank = try location.check(operation) { H5Sget_simple_extent_ndims(space.id) }
        var extents = [hsize_t](repeating: 0, count: Int(rank))
        try location.check(operation) { H5Sget_simple_extent_dims(space.id, &extents, nil) }
        let type = try location.open(operation, close: H5Tclose) { H5Dget_type(location.id) }
        elementType = ElementType(of: type.id)
        hasNativeBytes = Self.isNative(type.id, elementType)
        file = location.fileOfObject
        let elementSize = H5Tget_size(type.id)
        shape = try location.shape(of: extents, elementSize: elementSize, operation)
        byteCount = shape.count * elementSize
        let list = try location.open(operation, close: H5Pclose) { H5Dget_create_plist(location.id) }
        isExternal = H5Pget_layout(list.id) == H5D_CONTIGUOUS && H5Pget_external_count(list.id) > 0
    }

    /// The number of rows; 1 for a scalar.
    public var rows: Int { shape.extents.first ?? 1 }
    /// Elements a row.
    public var rowCount: Int { Shape(Array(shape.extents.dropFirst())).count }

    public func storage() throws(HDF5Error) -> Storage {
        let operation = "describe the data set's storage"
        let list = try location.open(operation, close: H5Pclose) { H5Dget_create_plist(location.id) }
        switch H5Pget_layout(list.id) {
        case H5D_CONTIGUOUS where !isExternal:
            let offset = location.quietly { H5Dget_offset(location.id) }
            return .contiguous(fileOffset: offset == chdf5_undefined_address() ? nil : UInt64(offset))
        case H5D_CHUNKED:
            var extents = [hsize_t](repeating: 0, count: shape.rank)
            try location.check(operation) { H5Pget_chunk(list.id, Int32(shape.rank), &extents) }
            return .chunked(
                try location.shape(of: extents, operation), filters: filters(list.id).map(\.name))
        default:
            return .other
        }
    }

    /// Reads everything, converted to `Element`, in row-major order.
    public func read<Element: StorageElement>(as type: Element.Type = Element.self) throws(HDF5Error) -> [Element] {
        try requireNumeric()
        try requireMemory(for: shape.count, of: Element.self)
        var values = [Element](repeating: Element(), count: shape.count)
        guard !values.isEmpty else { return values }
        try checkRead("read the data set", bytes: byteCount) {
            H5Dread(
                location.id, Element.typeID, chdf5_whole_extent(), chdf5_whole_extent(), hid_t(H5P_DEFAULT), &values)
        }
        return values
    }

    /// Reads a data set as `read` does; none of its elements may be NaN or infinite.
    package func readFinite<Element: StorageElement>(
        _ expected: Shape, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> [Element] {
        let values = try read(expected, as: Element.self)
        guard Element.areFinite(values) else {
            throw location.error("read the data set", "it holds values that are not finite")
        }
        return values
    }

    /// Reads everything of a data set that must have this shape and hold elements of this type, all of them in the file,
    /// so that what is read is no larger than the file.
    package func read<Element: StorageElement>(
        _ expected: Shape, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> [Element] {
        guard shape == expected else {
            throw location.error("read the data set", "its shape is \(shape), but should be \(expected)")
        }
        guard elementType == Element.elementType else {
            throw location.error(
                "read the data set", "its elements are \(elementType), but should be \(Element.elementType)")
        }
        let stored = location.quietly { H5Dget_storage_size(location.id) }
        guard stored == shape.count * MemoryLayout<Element>.stride else {
            throw location.error("read the data set", "it is compressed or not written to its end")
        }
        return try read()
    }

    /// Reads a range of rows, converted to `Element`, into memory for `range.count * rowCount` elements.
    public func read<Element: StorageElement>(
        rows range: Range<Int>, into output: UnsafeMutablePointer<Element>
    ) throws(HDF5Error) {
        try requireNumeric()
        let operation = "read rows \(range)"
        try select(range, operation) { memory, file throws(HDF5Error) in
            try checkRead(operation, bytes: bytes(of: range)) {
                H5Dread(location.id, Element.typeID, memory, file, hid_t(H5P_DEFAULT), output)
            }
        }
    }

    /// Reads a range of rows, converted to `Element`.
    public func read<Element: StorageElement>(
        rows range: Range<Int>, as type: Element.Type = Element.self
    ) throws(HDF5Error) -> [Element] {
        let buffer = AlignedBuffer<Element>(count: range.count * rowCount)
        try read(rows: range, into: buffer.baseAddress)
        return Array(buffer.elements)
    }

    /// Writes everything, in row-major order.
    public func write<Element: StorageElement>(_ values: [Element]) throws(HDF5Error) {
        precondition(values.count == shape.count, "as many values as the data set has elements")
        guard !values.isEmpty else { return }
        try location.check("write the data set", bytes: byteCount) {
            H5Dwrite(
                location.id, Element.typeID, chdf5_whole_extent(), chdf5_whole_extent(), hid_t(H5P_DEFAULT), values)
        }
    }

    /// Writes a range of rows from `range.count * rowCount` elements.
    public func write<Element: StorageElement>(
        rows range: Range<Int>, from input: UnsafePointer<Element>
    ) throws(HDF5Error) {
        let operation = "write rows \(range)"
        try select(range, operation) { memory, file throws(HDF5Error) in
            try location.check(operation, bytes: bytes(of: range)) {
                H5Dwrite(location.id, Element.typeID, memory, file, hid_t(H5P_DEFAULT), input)
            }
        }
    }

    private func bytes(of range: Range<Int>) -> Int { rows > 0 ? byteCount / rows * range.count : 0 }

    func select(
        _ range: Range<Int>, _ operation: String,
        _ transfer: (_ memory: hid_t, _ file: hid_t) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        guard range.lowerBound >= 0, range.upperBound <= rows, shape.rank > 0 else {
            throw location.error(operation, "the data set has rows 0..<\(shape.rank > 0 ? rows : 0)")
        }
        guard range.count * rowCount > 0 else { return }
        let extents = [range.count] + shape.extents.dropFirst()
        let start = [hsize_t(range.lowerBound)] + [hsize_t](repeating: 0, count: shape.rank - 1)
        let counts = extents.map { hsize_t($0) }
        let file = try location.open(operation, close: H5Sclose) { H5Dget_space(location.id) }
        try location.check(operation) { H5Sselect_hyperslab(file.id, H5S_SELECT_SET, start, nil, counts, nil) }
        let memory = try location.open(operation, close: H5Sclose) {
            H5Screate_simple(Int32(shape.rank), counts, nil)
        }
        try transfer(memory.id, file.id)
    }

    /// HDF5 says of a filter that it lacks only in which folder it is not. Of files that are no HDF5 files it does not say that
    /// they have become shorter: it reads zeros.
    /// `bytes` is what is read.
    func checkRead(_ operation: String, bytes: Int = 0, _ read: () -> herr_t) throws(HDF5Error) {
        do {
            try location.check(operation, bytes: bytes, read)
            if isExternal { try requireExternalFiles() }
        } catch {
            guard let filter = missingFilter() else { throw error }
            throw location.error(
                operation, "it is compressed with \(filter), which this machine's HDF5 cannot undo",
                remedy: "write it anew with gzip or without compression")
        }
    }

    private func missingFilter() -> String? {
        guard let list = try? location.open("", close: H5Pclose, { H5Dget_create_plist(location.id) })
        else { return nil }
        return filters(list.id).first { H5Zfilter_avail($0.code) <= 0 }?.name
    }

    private func requireNumeric() throws(HDF5Error) {
        guard elementType.isNumeric else {
            throw location.error("read the data set", "its elements are of type \(elementType), not numbers")
        }
    }

    /// A file may state any shape, whatever its own size: compressed zeros take next to nothing.
    func requireMemory<Element>(for count: Int, of type: Element.Type) throws(HDF5Error) {
        let bytes = count * MemoryLayout<Element>.stride
        guard bytes > 1 << 20, let available = HostMemory.availableBytes, bytes > available else { return }
        throw location.error(
            "read the data set", "its \(shape) elements take \(bytes) bytes of memory, but \(available) are available")
    }

    private func filters(_ list: hid_t) -> [(code: H5Z_filter_t, name: String)] {
        (0..<UInt32(max(0, H5Pget_nfilters(list)))).map { index in
            var flags: UInt32 = 0
            var values = 0
            var name = [CChar](repeating: 0, count: 64)
            let code = H5Pget_filter2(list, index, &flags, &values, nil, name.count, &name, nil)
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return (code, text.isEmpty ? "filter \(code)" : text)
        }
    }

    private static func isNative(_ type: hid_t, _ elementType: ElementType) -> Bool {
        switch elementType {
        case .float: [Float.typeID, Double.typeID].contains { native in quietly { H5Tequal(type, native) } > 0 }
        case .integer(let bytes, _):
            H5Tget_precision(type) == bytes * 8 && (bytes == 1 || H5Tget_order(type) == H5T_ORDER_LE)
        case .string, .other: false
        }
    }
}

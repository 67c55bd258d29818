import CHDF5
import Basics

#if canImport(Glibc)
import Glibc
#endif

/// Rows that are lists, each of its own length (HDF5's variable-length type), such as the bytes of image files.
extension Dataset {
    /// Whether its rows are lists of bytes, signed or not.
    public var holdsByteLists: Bool {
        guard shape.rank == 1, elementType == .other(ElementType.list), let element = try? listElement() else {
            return false
        }
        return H5Tget_class(element.id) == H5T_INTEGER && H5Tget_size(element.id) == 1
    }

    /// Bytes of each list. HDF5 says them only with the bytes: everything is read once, a list at a time.
    public func listLengths() throws(HDF5Error) -> [Int] {
        try requireMemory(for: rows, of: Int.self)
        var lengths: [Int] = []
        lengths.reserveCapacity(rows)
        for row in 0..<rows { try readList(row) { lengths.append($0.count) } }
        return lengths
    }

    /// Reads lists of bytes one after the other. `lengths` are those that `listLengths` has said of these rows: the room in
    /// `output`.
    public func readLists(
        rows range: Range<Int>, lengths: [Int], into output: UnsafeMutablePointer<UInt8>
    ) throws(HDF5Error) {
        precondition(lengths.count == range.count, "a length a row")
        var place = UnsafeMutableRawPointer(output)
        for (row, length) in zip(range, lengths) {
            var found = 0
            try readList(row) { bytes in
                found = bytes.count
                if found == length, let base = bytes.baseAddress { place.copyMemory(from: base, byteCount: found) }
            }
            guard found == length else {
                throw location.error(
                    "read rows \(range)", "row \(row) had \(length) bytes and now has \(found)",
                    remedy: "it was written to while in use; restore it and resume")
            }
            place += length
        }
    }

    private func listElement() throws(HDF5Error) -> Handle {
        let operation = "describe the data set's type"
        let type = try location.open(operation, close: H5Tclose) { H5Dget_type(location.id) }
        return try location.open(operation, close: H5Tclose) { H5Tget_super(type.id) }
    }

    /// One list, which lives as long as the call.
    private func readList(_ row: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(HDF5Error) {
        let element = try listElement()
        let operation = "read row \(row)"
        let type = try location.open(operation, close: H5Tclose) { H5Tvlen_create(element.id) }
        var list = hvl_t()
        try select(row..<row + 1, operation) { memory, file throws(HDF5Error) in
            try checkRead(operation) { H5Dread(location.id, type.id, memory, file, hid_t(H5P_DEFAULT), &list) }
        }
        defer { H5free_memory(list.p) }
        body(UnsafeRawBufferPointer(start: list.p, count: list.p == nil ? 0 : list.len))
    }
}

import CHDF5

/// Elements that are words, or numbers with names.
extension Dataset {
    /// Reads everything of a data set of strings, of fixed or variable length, in row-major order.
    public func readStrings() throws(HDF5Error) -> [String] {
        let operation = "read the data set"
        let type = try location.open(operation, close: H5Tclose) { H5Dget_type(location.id) }
        guard H5Tget_class(type.id) == H5T_STRING else {
            throw location.error(operation, "its elements are of type \(elementType), not strings")
        }
        guard shape.count > 0 else { return [] }
        if H5Tis_variable_str(type.id) > 0 {
            try requireMemory(for: shape.count, of: UnsafeMutablePointer<CChar>?.self)
            var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: shape.count)
            try read(type, into: &pointers)
            return takeStrings(pointers)
        }
        try requireMemory(for: byteCount, of: UInt8.self)
        var bytes = [UInt8](repeating: 0, count: byteCount)
        try read(type, into: &bytes)
        return fixedLengthStrings(bytes, of: type.id)
    }

    private func read(_ type: Handle, into values: UnsafeMutableRawPointer) throws(HDF5Error) {
        let operation = "read the data set"
        try checkRead(operation, bytes: byteCount) {
            H5Dread(location.id, type.id, chdf5_whole_extent(), chdf5_whole_extent(), hid_t(H5P_DEFAULT), values)
        }
    }

    /// The names of an enumeration, in ascending order of their numbers; nil for other types.
    public func enumeration() throws(HDF5Error) -> [(value: Int64, name: String)]? {
        let operation = "describe the data set's type"
        let type = try location.open(operation, close: H5Tclose) { H5Dget_type(location.id) }
        guard H5Tget_class(type.id) == H5T_ENUM, H5Tget_size(type.id) <= MemoryLayout<Int64>.size else { return nil }
        let base = try location.open(operation, close: H5Tclose) { H5Tget_super(type.id) }
        var members: [(value: Int64, name: String)] = []
        for index in 0..<UInt32(max(0, H5Tget_nmembers(type.id))) {
            // A number of any width is converted where it lies.
            var value: Int64 = 0
            try location.check(operation) { H5Tget_member_value(type.id, index, &value) }
            try location.check(operation) {
                H5Tconvert(base.id, Int64.typeID, 1, &value, nil, hid_t(H5P_DEFAULT))
            }
            guard let text = H5Tget_member_name(type.id, index) else {
                throw location.error(operation, errorStackText())
            }
            members.append((value, String(cString: text)))
            H5free_memory(text)
        }
        return members.sorted { $0.value < $1.value }
    }
}

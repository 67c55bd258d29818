import CHDF5

/// An attribute of records (a compound type): a row a record, a column a member.
public struct AttributeTable: Sendable {
    public let columns: [String]
    public let rows: Int
    private let attributes: Attributes
    private let name: String
    private let attribute: Handle
    private let type: Handle

    fileprivate init(_ attributes: Attributes, _ name: String) throws(HDF5Error) {
        (attribute, type, rows) = try attributes.open(name)
        (self.attributes, self.name) = (attributes, name)
        var columns: [String] = []
        if H5Tget_class(type.id) == H5T_COMPOUND {
            for index in 0..<UInt32(max(0, H5Tget_nmembers(type.id))) {
                guard let text = H5Tget_member_name(type.id, index) else { continue }
                columns.append(String(cString: text))
                H5free_memory(text)
            }
        }
        self.columns = columns
    }

    /// A column of strings.
    public func strings(_ column: String) throws(HDF5Error) -> [String] {
        let member = try member(column)
        guard H5Tget_class(member.id) == H5T_STRING else { throw wrongType(column, member) }
        if H5Tis_variable_str(member.id) > 0 {
            var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows)
            try read(column, as: member.id, into: &pointers)
            return takeStrings(pointers)
        }
        var bytes = [UInt8](repeating: 0, count: rows * H5Tget_size(member.id))
        try read(column, as: member.id, into: &bytes)
        return fixedLengthStrings(bytes, of: member.id)
    }

    /// A column of whole numbers.
    public func integers(_ column: String) throws(HDF5Error) -> [Int64] {
        let member = try member(column)
        guard ElementType(of: member.id).isInteger else { throw wrongType(column, member) }
        var values = [Int64](repeating: 0, count: rows)
        try read(column, as: Int64.typeID, into: &values)
        return values
    }

    /// A column of references to objects: the data set that each refers to; nil where it refers to nothing.
    public func datasets(_ column: String) throws(HDF5Error) -> [Dataset?] {
        let member = try member(column)
        guard H5Tget_class(member.id) == H5T_REFERENCE, H5Tget_size(member.id) == MemoryLayout<hobj_ref_t>.size else {
            throw wrongType(column, member)
        }
        var references = [hobj_ref_t](repeating: 0, count: rows)
        try read(column, as: member.id, into: &references)
        return try references.map { reference throws(HDF5Error) in try reference == 0 ? nil : dataset(reference) }
    }

    private func dataset(_ reference: hobj_ref_t) throws(HDF5Error) -> Dataset {
        let location = attributes.location
        var reference = reference
        let handle = try location.open(operation, at: attributes.place(name), close: H5Oclose) {
            chdf5_dereference(location.id, &reference)
        }
        guard H5Iget_type(handle.id) == H5I_DATASET else {
            throw location.error(operation, "it refers to what is no data set", at: attributes.place(name))
        }
        let path = storedText { H5Iget_name(handle.id, $0, $1) } ?? ""
        return try Dataset(
            Location(file: location.file, path: path, handle: handle, fileHandle: location.fileHandle))
    }

    private var operation: String { "read the attribute" }

    private func member(_ column: String) throws(HDF5Error) -> Handle {
        let location = attributes.location
        guard columns.contains(column) else {
            throw location.error(operation, "it has no column \(column)", at: attributes.place(name))
        }
        return try location.open(operation, at: attributes.place(name), close: H5Tclose) {
            H5Tget_member_type(type.id, UInt32(max(0, H5Tget_member_index(type.id, column))))
        }
    }

    /// A type with the one column makes HDF5 leave out the others.
    private func read(
        _ column: String, as memory: hid_t, into values: UnsafeMutableRawPointer
    ) throws(HDF5Error) {
        let location = attributes.location
        let record = try location.open(operation, at: attributes.place(name), close: H5Tclose) {
            H5Tcreate(H5T_COMPOUND, H5Tget_size(memory))
        }
        try location.check(operation, at: attributes.place(name)) { H5Tinsert(record.id, column, 0, memory) }
        try location.check(operation, at: attributes.place(name)) { H5Aread(attribute.id, record.id, values) }
    }

    private func wrongType(_ column: String, _ member: Handle) -> HDF5Error {
        attributes.location.error(
            operation, "its column \(column) is of type \(ElementType(of: member.id))", at: attributes.place(name))
    }
}

extension Attributes {
    /// The records of an attribute; nil if it does not exist or is no table.
    public func table(_ name: String) throws(HDF5Error) -> AttributeTable? {
        guard try exists(name) else { return nil }
        let table = try AttributeTable(self, name)
        return table.columns.isEmpty ? nil : table
    }
}

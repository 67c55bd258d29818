import CHDF5
import Basics

/// Strings as Keras and h5py store them: a single one of variable length, lists as arrays of fixed-length byte strings
/// (`keras/src/legacy/saving/legacy_h5_format.py`). Both forms, UTF-8 and ASCII, are read.
extension Attributes {
    /// The most bytes of values that one attribute holds; object headers of the compatible format end at 64 KiB.
    public static var largestArray: Int { 64_512 }

    /// The value of a string attribute that has exactly one.
    public func string(_ name: String) throws(HDF5Error) -> String {
        let values = try storedStrings(name)
        guard values.count == 1 else {
            throw location.error("read the attribute", "it has \(values.count) strings, not one", at: place(name))
        }
        return values[0]
    }

    /// The values of a string attribute, or of the attributes `name0`, `name1`, ... that a long list was split into.
    public func strings(_ name: String) throws(HDF5Error) -> [String] {
        if try exists(name) { return try storedStrings(name) }
        guard try exists(name + "0") else { return try storedStrings(name) }
        var values: [String] = []
        var part = 0
        while try exists("\(name)\(part)") {
            values += try storedStrings("\(name)\(part)")
            part += 1
        }
        return values
    }

    /// Whether `strings` finds a list of that name, split or not.
    public func hasStrings(_ name: String) throws(HDF5Error) -> Bool {
        if try exists(name) { return true }
        return try exists(name + "0")
    }

    /// Writes one UTF-8 string of variable length, which may be long: it lies outside the object's header.
    public func set(_ name: String, _ value: String) throws(HDF5Error) {
        let type = try stringType(name, size: chdf5_variable_length(), utf8: true)
        let space = try scalarSpace(name)
        try write(name, type: type.id, space: space) { body in
            value.withCString { text in withUnsafePointer(to: text) { body($0) } }
        }
    }

    /// Writes a list of fixed-length strings, split by Keras's rule if it is too long for one attribute. An empty list
    /// becomes an empty array of numbers, as NumPy makes it.
    public func set(_ name: String, _ values: [String]) throws(HDF5Error) {
        try removeStrings(name)
        guard !values.isEmpty else { return try set(name, [Double]()) }
        let width = max(1, values.map(\.utf8.count).max() ?? 1)
        guard width <= Self.largestArray else {
            throw location.error(
                "write the attribute", "a string of \(width) bytes is too long for a list", at: place(name))
        }
        var parts = 1
        while ShardPartition.part(0, of: parts, total: values.count).count * width > Self.largestArray { parts += 1 }
        for part in 0..<parts {
            let range = ShardPartition.part(part, of: parts, total: values.count)
            try writeFixed(parts == 1 ? name : "\(name)\(part)", values[range], width: width)
        }
    }

    private func writeFixed(_ name: String, _ values: ArraySlice<String>, width: Int) throws(HDF5Error) {
        var bytes = [UInt8]()
        bytes.reserveCapacity(values.count * width)
        for value in values {
            bytes += value.utf8
            bytes += repeatElement(0, count: width - value.utf8.count)
        }
        let isASCII = values.allSatisfy { $0.utf8.allSatisfy { $0 < 128 } }
        let type = try stringType(name, size: width, utf8: !isASCII)
        let space = try arraySpace(name, count: values.count)
        try write(name, type: type.id, space: space) { body in
            bytes.withUnsafeBytes { body($0.baseAddress) }
        }
    }

    /// What an earlier list of this name left, so that a shorter one does not keep its parts.
    private func removeStrings(_ name: String) throws(HDF5Error) {
        var part = 0
        while try exists("\(name)\(part)") {
            try remove("\(name)\(part)")
            part += 1
        }
        if try exists(name) { try remove(name) }
    }

    private func storedStrings(_ name: String) throws(HDF5Error) -> [String] {
        let (attribute, type, count) = try open(name)
        guard count > 0 else { return [] }
        guard H5Tget_class(type.id) == H5T_STRING else {
            throw location.error(
                "read the attribute", "it is of type \(ElementType(of: type.id)), not a string", at: place(name))
        }
        return H5Tis_variable_str(type.id) > 0
            ? try variableStrings(name, attribute, type, count) : try fixedStrings(name, attribute, type, count)
    }

    private func variableStrings(
        _ name: String, _ attribute: Handle, _ type: Handle, _ count: Int
    ) throws(HDF5Error) -> [String] {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        try location.check("read the attribute", at: place(name)) { H5Aread(attribute.id, type.id, &pointers) }
        return takeStrings(pointers)
    }

    private func fixedStrings(
        _ name: String, _ attribute: Handle, _ type: Handle, _ count: Int
    ) throws(HDF5Error) -> [String] {
        var bytes = [UInt8](repeating: 0, count: count * H5Tget_size(type.id))
        try location.check("read the attribute", at: place(name)) { H5Aread(attribute.id, type.id, &bytes) }
        return fixedLengthStrings(bytes, of: type.id)
    }

    private func stringType(_ name: String, size: Int, utf8: Bool) throws(HDF5Error) -> Handle {
        let type = try location.open("write the attribute", at: place(name), close: H5Tclose) {
            H5Tcopy(chdf5_string())
        }
        H5Tset_size(type.id, size)
        H5Tset_strpad(type.id, size == chdf5_variable_length() ? H5T_STR_NULLTERM : H5T_STR_NULLPAD)
        H5Tset_cset(type.id, utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII)
        return type
    }
}

/// Strings of variable length that HDF5 has allocated, and the memory given back.
func takeStrings(_ pointers: [UnsafeMutablePointer<CChar>?]) -> [String] {
    defer { pointers.forEach { _ = H5free_memory($0) } }
    return pointers.map { $0.map { String(cString: $0) } ?? "" }
}

/// The strings of an array of a fixed-length string type, without what pads them.
func fixedLengthStrings(_ bytes: [UInt8], of type: hid_t) -> [String] {
    let width = H5Tget_size(type)
    let padding: UInt8 = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? 0x20 : 0
    return (0..<bytes.count / max(1, width)).map { index in
        var text = bytes[index * width..<(index + 1) * width]
        if padding == 0 { text = text.prefix { $0 != 0 } }
        while text.last == padding { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
